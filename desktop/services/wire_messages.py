"""Messages of the archive as the chat endpoint wants them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from typing import Any

from desktop.core.conversation import (
    Attachment,
    Audio,
    Message,
    Part,
    Picture,
    Refusal,
    Role,
    Text,
    ToolCall,
    ToolResult,
)

ReadBlob = Callable[[str], bytes]


def wire_messages(system: str, messages: Iterable[Message], read: ReadBlob) -> list[dict[str, Any]]:
    """The `messages` of a request: system text first, then the branch. Reasoning and empty replies are left out."""
    found: list[dict[str, Any]] = [{"role": "system", "content": system}] if system.strip() else []
    for message in messages:
        found += _of(message, read)
    return found


def _of(message: Message, read: ReadBlob) -> list[dict[str, Any]]:
    if message.role is Role.ASSISTANT:
        return _assistant(message)
    if message.role is Role.TOOL:
        return [
            {"role": "tool", "tool_call_id": part.call_id, "content": part.text}
            for part in message.parts
            if isinstance(part, ToolResult)
        ]
    if all(isinstance(part, Text) for part in message.parts):
        return [{"role": message.role.value, "content": message.text}]
    return [{"role": message.role.value, "content": [_part(part, read) for part in message.parts]}]


def _assistant(message: Message) -> list[dict[str, Any]]:
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    refusal = "".join(part.text for part in message.parts if isinstance(part, Refusal))
    text = "".join(part.text for part in message.parts if isinstance(part, Text))
    if not (calls or refusal or text):
        return []
    turn: dict[str, Any] = {"role": "assistant"}
    if text or not calls:
        turn["content"] = text or None
    if refusal:
        turn["refusal"] = refusal
    if calls:
        turn["tool_calls"] = [
            {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in calls
        ]
    return [turn]


def _part(part: Part, read: ReadBlob) -> dict[str, Any]:
    match part:
        case Picture():
            picture: dict[str, Any] = {"url": _data_url(part.mime, read(part.blob))}
            return {"type": "image_url", "image_url": picture | ({"detail": part.detail} if part.detail else {})}
        case Audio():
            kind = "wav" if "wav" in part.mime else "mp3"
            return {"type": "input_audio", "input_audio": {"data": _coded(read(part.blob)), "format": kind}}
        case Attachment(file_id=file_id) if file_id:
            return {"type": "file", "file": {"file_id": file_id}}
        case Attachment():
            return {"type": "file", "file": {"filename": part.name, "file_data": _data_url(part.mime, read(part.blob))}}
        case Text() | Refusal():
            return {"type": "text", "text": part.text}
    raise TypeError(f"no user part: {type(part).__name__}")


def _coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _data_url(mime: str, data: bytes) -> str:
    return f"data:{mime};base64,{_coded(data)}"
