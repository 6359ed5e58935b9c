"""Markdown as conversations: front matter and headings of ours, the usual marks of turns, or else one message."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import msgspec

from desktop.core.conversation import Conversation, Message, Role, Text, title_from
from desktop.core.text import scalar
from desktop.services.imports.ids import id_of, micros
from desktop.services.imports.json_values import Unreadable
from desktop.services.imports.values import Draft

KIND = "markdown"
NAME = "Markdown"
LARGEST = 32 * 1024 * 1024
_WHO = {
    Role.USER: r"user|you|me|human|prompt|question",
    Role.ASSISTANT: r"assistant|chatgpt|gpt[\w.-]*|claude|gemini|copilot|ai|bot|model|response|answer",
    Role.SYSTEM: r"system|developer",
    Role.TOOL: r"tool|function",
}
_MARK = re.compile(
    r"^(?:(?P<level>\#{1,6})\s+|(?P<bold>\*\*|__))(?P<who>"
    + "|".join(_WHO.values())
    + r")(?:\s*\((?P<model>[^)]*)\))?\s*:?\s*(?(bold)(?:\*\*|__):?)[ \t]*(?P<rest>.*)$",
    re.IGNORECASE,
)
_FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
_FIELD = re.compile(r"^([A-Za-z_]+):\s*(.*)$")


def is_text(first: bytes) -> bool:
    """Whether a file that begins so can be text: UTF-8 without the signs that only programs write."""
    try:
        first[:-4].decode() if len(first) > 4 else first.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in first


def draft(raw: bytes, file: str, changed: int) -> Draft:
    """A file as a conversation; raises Unreadable."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable("It is no text in UTF-8.") from error
    about, body = _front(text)
    turns = _turns(body)
    system = "\n\n".join(words for role, _, words in turns if role is Role.SYSTEM)
    spoken = [turn for turn in turns if turn[0] is not Role.SYSTEM and turn[2]]
    if not spoken:
        raise Unreadable("It is empty.")
    began = micros(about.get("created") or about.get("date")) or changed
    stem = PurePosixPath(file).stem
    source = about.get("id") or f"{stem}\0{spoken[0][2][:1000]}"
    messages: list[Message] = []
    for number, (role, model, words) in enumerate(spoken):
        when = began + 1000 * number
        id = id_of(when, KIND, source, str(number))
        parent = messages[-1].id if messages else None
        messages.append(Message(id=id, role=role, parts=(Text(words),), parent=parent, created=when, model=model))
    conversation = Conversation(
        id=about["id"] if _is_ours(about) else id_of(began, KIND, source),
        title=about.get("title") or _title(body) or stem or title_from(spoken[0][2]),
        created=began,
        updated=max(began, micros(about.get("updated"))),
        head=messages[-1].id,
        model=about.get("model", ""),
        system=system,
    )
    return Draft(conversation, messages, keeps_ids=_is_ours(about), can_grow=False)


def _is_ours(about: dict[str, str]) -> bool:
    return re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", about.get("id", "")) is not None


def _front(text: str) -> tuple[dict[str, str], str]:
    """Simple fields between two lines of dashes, and what follows. Lists and nested fields are passed over."""
    if not text.startswith("---\n") and not text.startswith("---\r\n"):
        return {}, text
    lines = text.splitlines(keepends=True)
    end = next((n for n, line in enumerate(lines[1:200], 1) if line.strip() in ("---", "...")), 0)
    if not end:
        return {}, text
    about = {}
    for line in lines[1:end]:
        if (field := _FIELD.match(line.strip())) and field[2]:
            about[field[1].lower()] = _unquoted(field[2])
    return about, "".join(lines[end + 1 :])


def _unquoted(written: str) -> str:
    if written.startswith('"'):
        try:
            return scalar(msgspec.json.decode(written.encode(), type=str))
        except (msgspec.DecodeError, UnicodeEncodeError):
            return written.strip('"')
    return written.strip("'")


def _turns(body: str) -> list[tuple[Role, str, str]]:
    """Role, model and words of each turn; all of it is the user's where nothing marks a turn."""
    turns: list[tuple[Role, str, list[str]]] = []
    before: list[str] = []
    fence = ""
    for line in body.splitlines():
        if fence:
            fence = "" if line.strip().startswith(fence) else fence
        elif opening := _FENCE.match(line):
            fence = opening[1]
        elif mark := _MARK.match(line):
            turns.append((_role(mark["who"]), mark["model"] or "", [mark["rest"]] if mark["rest"] else []))
            continue
        (turns[-1][2] if turns else before).append(line)
    if len(turns) < 1 or not any(role is Role.USER or role is Role.ASSISTANT for role, _, _ in turns):
        return [(Role.USER, "", body.strip())]
    return [(role, model, "\n".join(lines).strip()) for role, model, lines in turns]


def _role(who: str) -> Role:
    return next(role for role, names in _WHO.items() if re.fullmatch(names, who, re.IGNORECASE))


def _title(body: str) -> str:
    first = next((line for line in body.splitlines() if line.strip()), "")
    return title_from(first) if first.startswith("# ") and not _MARK.match(first) else ""
