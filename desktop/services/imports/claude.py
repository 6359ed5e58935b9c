"""Claude's export: conversations with a list of messages whose content is a list of blocks."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
from msgspec import Struct

from desktop.core.conversation import Conversation, Message, Part, Reasoning, Role, State, Text, ToolCall, ToolResult
from desktop.core.text import scalar
from desktop.services.imports import trees
from desktop.services.imports.chatgpt import title_of
from desktop.services.imports.chatgpt_content import words_in
from desktop.services.imports.ids import id_of, micros
from desktop.services.imports.json_values import Unreadable, value
from desktop.services.imports.values import Asset, Draft, Notes

KIND = "claude"
NAME = "Claude export"
_ROOT = "00000000-0000-4000-8000-000000000000"
_ROLES = {"human": Role.USER, "user": Role.USER, "assistant": Role.ASSISTANT, "system": Role.SYSTEM}
_STOPS = {"user_canceled": State.STOPPED, "max_tokens": State.LENGTH}


class Head(Struct, frozen=True):
    """What a list of conversations needs to know of one."""

    chat_messages: msgspec.Raw = msgspec.Raw(b"[]")
    uuid: Any = None
    name: Any = None
    created_at: Any = None
    updated_at: Any = None


def head_of(raw: bytes) -> Head:
    """Raises Unreadable."""
    try:
        return msgspec.json.decode(raw, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = value(raw)
    if not isinstance(found, dict):
        raise Unreadable("It is no conversation.")
    return Head(**{name: found[name] for name in ("uuid", "name", "created_at", "updated_at") if name in found})


def draft(raw: bytes, notes: Notes, began: int) -> Draft:
    """A whole conversation; raises Unreadable."""
    found = value(raw)
    listed = found.get("chat_messages") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        raise Unreadable("Its messages are not where they should be.")
    source = _text(found.get("uuid")) or next((_text(_dict(m).get("uuid")) for m in listed), "")
    reader = _Reader(source, notes, began)
    messages = trees.ordered(reader.messages(listed), notes)
    if not messages:
        raise Unreadable("It has no messages.")
    created = micros(found.get("created_at")) or began
    conversation = Conversation(
        id=id_of(began, KIND, source),
        title=scalar(_text(found.get("name"))).strip() or title_of(messages),
        created=created,
        updated=max(micros(found.get("updated_at")), created, *(message.created for message in messages)),
        head=reader.ids.get(_text(found.get("current_leaf_message_uuid")), messages[-1].id),
        model=scalar(_text(found.get("model"))),
        is_pinned=found.get("is_starred") is True,
    )
    return Draft(conversation, messages, reader.assets)


class _Reader:
    def __init__(self, source: str, notes: Notes, began: int) -> None:
        self._source, self._notes, self._began = source, notes, began
        self.ids: dict[str, str] = {}
        self.assets: dict[str, dict[int, Asset]] = {}

    def messages(self, listed: list[Any]) -> list[Message]:
        """Without parents of their own they follow each other, as in the official export."""
        has_parents = any(isinstance(m, dict) and m.get("parent_message_uuid") for m in listed)
        made: list[Message] = []
        for number, source in enumerate(listed):
            if not isinstance(source, dict):
                self._notes.add("messages that could not be read")
                continue
            if has_parents:
                above = _text(source.get("parent_message_uuid"))
                parent = None if above in ("", _ROOT) else self.ids.get(above, above)
            else:
                parent = made[-1].id if made else None
            if (message := self._message(source, number, parent)) is not None:
                made.append(message)
        return made

    def _message(self, source: dict[str, Any], number: int, parent: str | None) -> Message | None:
        parts, assets = self._parts(source)
        uuid = _text(source.get("uuid")) or f"{number}"
        if not parts:
            self._notes.add("messages without content")
            if parent is not None:
                self.ids[uuid] = parent
            return None
        created = micros(source.get("created_at"))
        id = self.ids[uuid] = id_of(created or self._began, KIND, self._source, uuid)
        if assets:
            self.assets[id] = assets
        role = _ROLES.get(_text(source.get("sender")), Role.ASSISTANT)
        state = _STOPS.get(_text(source.get("stop_reason")), State.COMPLETE)
        return Message(id=id, role=role, parts=tuple(parts), parent=parent, created=created, state=state)

    def _parts(self, source: dict[str, Any]) -> tuple[list[Part], dict[int, Asset]]:
        blocks = source.get("content")
        parts: list[Part] = []
        for block in blocks if isinstance(blocks, list) else ():
            parts += self._block(block)
        if not any(isinstance(part, Text) and part.text.strip() for part in parts):
            text = scalar(_text(source.get("text")))
            parts += [Text(text)] if text.strip() and not parts else []
        assets: dict[int, Asset] = {}
        for asset in self._attached(source):
            assets[len(parts)] = asset
            parts.append(Text(""))
        return parts, assets

    def _block(self, block: Any) -> list[Part]:
        if not isinstance(block, dict):
            return [Text(scalar(block))] if isinstance(block, str) and block else []
        match block.get("type"):
            case "text":
                text = scalar(_text(block.get("text")))
                return [Text(text)] if text.strip() else []
            case "thinking":
                thought = scalar(_text(block.get("thinking")))
                return [Reasoning(thought, _seconds(block))] if thought.strip() else []
            case "tool_use":
                arguments = block.get("input")
                written = arguments if isinstance(arguments, str) else _json(arguments)
                return [ToolCall(_text(block.get("id")), scalar(_text(block.get("name"))), scalar(written))]
            case "tool_result":
                id = _text(block.get("tool_use_id")) or _text(block.get("id"))
                return [ToolResult(id, _result(block.get("content")), block.get("is_error") is True)]
            case "token_budget" | "flag":
                self._notes.add("marks of Claude's own, left out")
                return []
            case kind:
                name = scalar(kind)[:40] if isinstance(kind, str) else "without a kind"
                self._notes.add(f"content of an unknown kind “{name}”, kept as text")
                return [Text(f"[{name}]\n{words_in(block)}")]

    def _attached(self, source: dict[str, Any]) -> list[Asset]:
        """Attachments with their text; of files and pictures the export has only the names."""
        found = []
        for each in _dicts(source.get("attachments")):
            text = each.get("extracted_content")
            content = scalar(text).encode() if isinstance(text, str) else None
            name = scalar(_text(each.get("file_name"))) or "pasted text.txt"
            found.append(Asset("file", name[:200], partial(_given, content)))
        for each in _dicts(source.get("files")):
            name = scalar(_text(each.get("file_name"))) or _text(each.get("file_uuid")) or "file"
            found.append(Asset("file", name[:200], partial(_given, None)))
        return found


def _given(content: bytes | None) -> bytes | None:
    return content


def _result(content: Any) -> str:
    if isinstance(content, list):
        return "\n\n".join(words for each in content if (words := words_in(each)))
    return words_in(content) if content is not None else ""


def _seconds(block: dict[str, Any]) -> float:
    start, stop = micros(block.get("start_timestamp")), micros(block.get("stop_timestamp"))
    return (stop - start) / 1_000_000 if start and stop > start else 0.0


def _json(found: Any) -> str:
    try:
        return msgspec.json.encode(found).decode()
    except (UnicodeEncodeError, RecursionError):
        return str(found)


def _dicts(found: Any) -> list[dict[str, Any]]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _text(found: Any) -> str:
    return found if isinstance(found, str) else ""


def _dict(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}
