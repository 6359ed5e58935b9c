"""The wire's messages as plain text for a model that reads nothing else."""

from __future__ import annotations

import json
from typing import Any

from desktop.local.generation import Json
from desktop.local.wire import wrong

ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "user",
    "function": "user",
}
_TEXTS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}


def plain_messages(messages: list[Any], *, extra_system: str = "", where: str = "messages") -> tuple[Json, ...]:
    """Role and text of each message; neighbours of one role are one, `extra_system` joins the system text.

    Tool calls and their results become text in the form the model itself is asked to write. Raises WireProblem.
    """
    plain: list[Json] = []
    for number, message in enumerate(messages):
        place = f"{where}[{number}]"
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise wrong(f"{place}.role", f"Invalid value: '{place}' has no role that is known.")
        plain.append({"role": ROLES[message["role"]], "content": _text_of(message, place)})
    if extra_system:
        plain.insert(0, {"role": "system", "content": extra_system})
    return _joined(plain)


def _joined(messages: list[Json]) -> tuple[Json, ...]:
    """System text first and in one piece, then turns that change sides: what small models' templates expect."""
    system = "\n\n".join(m["content"] for m in messages if m["role"] == "system" and m["content"])
    joined: list[Json] = [{"role": "system", "content": system}] if system else []
    for message in messages:
        if message["role"] == "system":
            continue
        if joined and joined[-1]["role"] == message["role"]:
            joined[-1] = {**message, "content": joined[-1]["content"] + "\n\n" + message["content"]}
        else:
            joined.append(message)
    return tuple(joined)


def _text_of(message: Json, place: str) -> str:
    text = plain_text(message.get("content"), f"{place}.content")
    if message["role"] in ("tool", "function"):
        return f"Result of the function: {text}"
    calls = [_call_text(call) for call in message.get("tool_calls") or ()]
    return "\n".join([text, *calls] if text else calls)


def _call_text(call: Any) -> str:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        return ""
    return call_text(str(function.get("name", "")), str(function.get("arguments", "")))


def call_text(name: str, arguments: str) -> str:
    """A call as the model is asked to write it."""
    try:
        value = json.loads(arguments)
    except ValueError:
        value = {}
    return json.dumps({"name": name, "arguments": value}, ensure_ascii=False)


def plain_text(content: Any, place: str) -> str:
    """Text of a message's content; raises WireProblem for parts that this server's models cannot take."""
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        raise wrong(place, "Invalid value: content is a text or a list of parts.", "invalid_type")
    return "".join(_part_text(part, f"{place}[{number}]") for number, part in enumerate(content))


def _part_text(part: Any, place: str) -> str:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind in _TEXTS and isinstance(part.get(_TEXTS[kind]), str):
        return str(part[_TEXTS[kind]])
    shown = str(kind)[:40]
    raise wrong(f"{place}.type", f"The local models read only text, not '{shown}'.", "unsupported_content")
