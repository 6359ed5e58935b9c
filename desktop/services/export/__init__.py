"""Conversations as files: Markdown to read, JSON to keep and to read in again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from desktop.core.conversation import (
    Attachment,
    Audio,
    Conversation,
    Message,
    Part,
    Picture,
    Reasoning,
    Refusal,
    State,
    Text,
    ToolCall,
    ToolResult,
)

SCHEMA = "davenport.conversation/1"
FORMATS = ("md", "json", "txt")


def exported(conversation: Conversation, messages: Iterable[Message], format: str) -> str:
    """One conversation in one of FORMATS. `messages` are a branch for md and txt, the whole tree for json."""
    if format == "json":
        return as_json(conversation, messages)
    return as_markdown(conversation, messages) if format == "md" else as_text(conversation, messages)


def as_json(conversation: Conversation, messages: Iterable[Message]) -> str:
    """Our own schema; everything the archive has of the conversation but the bytes of attachments."""
    shown = msgspec.structs.replace(conversation, snippet="", message_count=0)
    content = {"schema": SCHEMA, "conversation": shown, "messages": list(messages)}
    return msgspec.json.format(msgspec.json.encode(content), indent=1).decode() + "\n"


class _File(msgspec.Struct, frozen=True):
    schema: str
    conversation: Conversation
    messages: tuple[Message, ...]


def from_json(text: str | bytes) -> tuple[Conversation, tuple[Message, ...]]:
    """Read back what `as_json` wrote; raises msgspec.ValidationError that names the place."""
    read = msgspec.json.decode(text, type=_File)
    if read.schema != SCHEMA:
        raise msgspec.ValidationError(f"This is {read.schema}, not {SCHEMA} - at `$.schema`")
    return read.conversation, read.messages


def as_markdown(conversation: Conversation, messages: Iterable[Message]) -> str:
    """Front matter and a heading for each turn; the models' own Markdown as it is."""
    lines = ["---", f"title: {_quoted(conversation.title)}", f"id: {conversation.id}"]
    lines += [f"created: {_iso(conversation.created)}", f"model: {_quoted(conversation.model)}", "---", ""]
    if conversation.system.strip():
        lines += ["## System", "", conversation.system.strip(), ""]
    for message in messages:
        about = f" ({message.model})" if message.model else ""
        lines += [f"## {message.role.value.capitalize()}{about}", "", _body(message), ""]
    return "\n".join(lines)


def as_text(conversation: Conversation, messages: Iterable[Message]) -> str:
    """Plain text, each turn under its role."""
    lines = [conversation.title, ""]
    for message in messages:
        lines += [f"{message.role.value.capitalize()}:", _body(message), ""]
    return "\n".join(lines)


def _body(message: Message) -> str:
    written = [text for part in message.parts if (text := _part(part))]
    if message.state not in (State.COMPLETE, State.STREAMING):
        written.append(f"*[{message.state.value}{': ' + message.error if message.error else ''}]*")
    return "\n\n".join(written)


def _part(part: Part) -> str:
    match part:
        case Text() | Refusal():
            return part.text
        case Reasoning():
            return "\n".join(f"> {line}" for line in part.text.splitlines())
        case Picture() | Audio() | Attachment():
            return f"[{part.name or part.mime}]"
        case ToolCall():
            return f"`{part.name}({part.arguments})`"
        case ToolResult():
            return part.text


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _iso(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1_000_000, UTC).isoformat(timespec="seconds")
