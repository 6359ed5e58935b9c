"""Lines of chat messages, as they are made for tuning models: each line is a conversation."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from desktop.core.conversation import Conversation, Message, Part, Refusal, Role, Text, ToolCall, ToolResult, title_from
from desktop.core.text import scalar
from desktop.services.imports.chatgpt_content import words_in
from desktop.services.imports.ids import id_of
from desktop.services.imports.json_values import Unreadable, value
from desktop.services.imports.values import Draft, Notes

KIND = "chat-lines"
NAME = "Chat lines (JSONL)"
_ROLES = {role.value: role for role in Role} | {"function": Role.TOOL}


def is_one(found: Any) -> bool:
    """Whether a value is a conversation of this kind."""
    if not isinstance(found, dict):
        return False
    inner = found.get("input")
    return (
        isinstance(found.get("messages"), list)
        or (isinstance(found.get("prompt"), str) and isinstance(found.get("completion"), str))
        or (isinstance(inner, dict) and isinstance(inner.get("messages"), list))
    )


def draft(raw: bytes, notes: Notes, began: int) -> Draft:
    """A line as a conversation; the same line is the same conversation, wherever it stands. Raises Unreadable."""
    found = value(raw)
    if not is_one(found):
        raise Unreadable("It has no messages.")
    source = hashlib.sha256(msgspec.json.encode(found) if _is_clean(found) else raw).hexdigest()
    chain, others = _turns(found)
    messages: list[Message] = []
    for turn in chain:
        _add(messages, turn, messages[-1].id if messages else None, source, notes, began)
    last = messages[-1].id if messages else None
    for turn in others:
        _add(messages, turn, last, source, notes, began)
    if not messages:
        raise Unreadable("It has no messages.")
    system = "\n\n".join(m.text for m in messages if m.role in (Role.SYSTEM, Role.DEVELOPER))
    kept = [m for m in messages if m.role not in (Role.SYSTEM, Role.DEVELOPER)]
    gone = {m.id for m in messages} - {m.id for m in kept}
    kept = [msgspec.structs.replace(m, parent=None) if m.parent in gone else m for m in kept]
    if not kept:
        raise Unreadable("It has no messages but a system message.")
    first = next((m.text for m in kept if m.role is Role.USER), kept[0].text)
    conversation = Conversation(
        id=id_of(began, KIND, source),
        title=title_from(first),
        created=began,
        updated=began,
        head=kept[min(len(kept), len(chain)) - 1].id if not others else _preferred(kept, last),
        model=scalar(found["model"]) if isinstance(found.get("model"), str) else "",
        system=system,
    )
    return Draft(conversation, kept, can_grow=False)


def _is_clean(found: Any) -> bool:
    try:
        msgspec.json.encode(found)
    except (UnicodeEncodeError, RecursionError):
        return False
    return True


def _preferred(kept: list[Message], last: str | None) -> str:
    """Of two answers to choose from, the first: the one that was preferred."""
    return next((m.id for m in kept if m.parent == last), kept[-1].id)


def _turns(found: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """The turns that follow each other, and those that stand beside each other behind them."""
    if isinstance(inner := found.get("input"), dict) and isinstance(inner.get("messages"), list):
        others = [found.get("preferred_output"), found.get("non_preferred_output")]
        return inner["messages"], [turn for each in others if isinstance(each, list) for turn in each[:1]]
    if isinstance(found.get("messages"), list):
        return found["messages"], []
    return [{"role": "user", "content": found["prompt"]}, {"role": "assistant", "content": found["completion"]}], []


def _add(messages: list[Message], turn: Any, parent: str | None, source: str, notes: Notes, began: int) -> None:
    if not isinstance(turn, dict):
        notes.add("messages that could not be read")
        return
    role = _ROLES.get(str(turn.get("role")))
    if role is None:
        notes.add(f"messages of an unknown role “{str(turn.get('role'))[:40]}”, kept as the assistant's")
        role = Role.ASSISTANT
    parts = _parts(turn, role, notes)
    if not parts:
        notes.add("messages without content")
        return
    id = id_of(began + 1000 * len(messages), KIND, source, str(len(messages)))
    messages.append(Message(id=id, role=role, parts=tuple(parts), parent=parent, created=began + 1000 * len(messages)))


def _parts(turn: dict[str, Any], role: Role, notes: Notes) -> list[Part]:
    parts: list[Part] = []
    content = turn.get("content")
    for block in content if isinstance(content, list) else [content]:
        parts += _block(block, notes)
    if role is Role.TOOL:
        text = "".join(part.text for part in parts if isinstance(part, Text))
        return [ToolResult(scalar(str(turn.get("tool_call_id") or turn.get("name") or "")), text)]
    if isinstance(refusal := turn.get("refusal"), str) and refusal:
        parts.append(Refusal(scalar(refusal)))
    calls = turn.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        named = call.get("function") if isinstance(call, dict) else None
        if isinstance(named, dict):
            said = [scalar(str(each or "")) for each in (call.get("id"), named.get("name"), named.get("arguments"))]
            parts.append(ToolCall(*said))
    return parts


def _block(block: Any, notes: Notes) -> list[Part]:
    if isinstance(block, str):
        return [Text(scalar(block))] if block else []
    if not isinstance(block, dict):
        return []
    kind = str(block.get("type"))
    if kind in ("text", "input_text", "output_text"):
        return [Text(words_in(block))]
    notes.add(f"content of an unknown kind “{kind[:40]}”, kept as text")
    url = block.get("image_url")
    address = url.get("url") if isinstance(url, dict) else url
    return [Text(f"[{kind[:40]}] {scalar(address)[:500] if isinstance(address, str) else ''}".rstrip())]
