"""Conversations as examples for fine-tuning: one line a branch, in the chat format; what it cannot say is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from desktop.core.conversation import (
    Attachment,
    Audio,
    Message,
    Picture,
    Reasoning,
    Refusal,
    Role,
    State,
    Text,
    ToolCall,
    ToolResult,
)
from desktop.services.export.told import Told

NAMES = {
    "picture": "pictures",
    "recording": "recordings",
    "file": "files",
    "passage of reasoning": "passages of reasoning",
    "unfinished reply": "unfinished replies",
    "refusal": "refusals",
    "tool call without a result": "tool calls without a result",
    "question without a reply": "questions without a reply",
    "conversation without a finished reply": "conversations without a finished reply",
}
_KINDS = {Picture: "picture", Audio: "recording", Attachment: "file", Reasoning: "passage of reasoning"}
_ROLES = {Role.SYSTEM: "system", Role.DEVELOPER: "system", Role.USER: "user", Role.ASSISTANT: "assistant"}


def write(told: Told, out: Callable[[str], object], skipped: Counter[str]) -> None:
    for path in told.paths():
        example = turns(told.conversation.system, told.read(path), skipped)
        if example:
            out(msgspec.json.encode({"messages": example}).decode() + "\n")
        else:
            skipped["conversation without a finished reply"] += 1


def turns(system: str, messages: Iterable[Message], skipped: Counter[str]) -> list[dict[str, Any]]:
    """The messages of one example, the last an assistant's; none where there is no finished reply."""
    found = list(_turns(messages, skipped))
    if system.strip() and not any(turn["role"] == "system" for turn in found[:1]):
        found.insert(0, {"role": "system", "content": system})
    found = _with_results(found, skipped)
    while found and found[-1]["role"] != "assistant":
        skipped["question without a reply"] += found.pop()["role"] == "user"
    return found


def _turns(messages: Iterable[Message], skipped: Counter[str]) -> Iterator[dict[str, Any]]:
    for message in messages:
        for part in message.parts:
            if type(part) in _KINDS:
                skipped[_KINDS[type(part)]] += 1
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        yield from ({"role": "tool", "tool_call_id": part.call_id, "content": part.text} for part in results)
        if message.role is Role.ASSISTANT:
            yield from _reply(message, skipped)
        elif message.role is not Role.TOOL and message.text:
            yield {"role": _ROLES[message.role], "content": message.text}


def _reply(message: Message, skipped: Counter[str]) -> Iterator[dict[str, Any]]:
    if message.state is not State.COMPLETE:
        skipped["unfinished reply"] += 1
        return
    skipped["refusal"] += sum(isinstance(part, Refusal) for part in message.parts)
    text = "".join(part.text for part in message.parts if isinstance(part, Text))
    calls = [_call(part) for part in message.parts if isinstance(part, ToolCall)]
    if calls:
        yield {"role": "assistant", "content": text or None, "tool_calls": calls}
    elif text:
        yield {"role": "assistant", "content": text}


def _call(part: ToolCall) -> dict[str, Any]:
    return {"id": part.call_id, "type": "function", "function": {"name": part.name, "arguments": part.arguments}}


def _with_results(found: list[dict[str, Any]], skipped: Counter[str]) -> list[dict[str, Any]]:
    """Calls go with their results and results with their calls: one alone is refused."""
    asked = {call["id"] for turn in found for call in turn.get("tool_calls", ())}
    answered = {turn["tool_call_id"] for turn in found if turn["role"] == "tool"}
    kept = []
    for turn in found:
        if "tool_calls" in turn:
            calls = [call for call in turn["tool_calls"] if call["id"] in answered]
            skipped["tool call without a result"] += len(turn["tool_calls"]) - len(calls)
            if not calls and not turn["content"]:
                continue
            turn = turn | {"tool_calls": calls} if calls else {"role": "assistant", "content": turn["content"]}
        elif turn["role"] == "tool" and turn["tool_call_id"] not in asked:
            continue
        kept.append(turn)
    return kept


def in_words(skipped: Counter[str]) -> tuple[str, ...]:
    """What was left out, each in a few words, such as "2 pictures"."""
    return tuple(f"{count} {name if count == 1 else NAMES[name]}" for name, count in skipped.items() if count)
