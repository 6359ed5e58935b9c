"""Items of the Responses API as they are kept, and as the messages that a model reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from desktop.local.generation import Json
from desktop.local.messages import plain_text
from desktop.local.wire import new_id, wrong


def input_items(given: str | list[Any]) -> tuple[Json, ...]:
    """The input as items with ids, parts always written out. Raises WireProblem for what cannot be understood."""
    if isinstance(given, str):
        return (_message("user", given),) if given else ()
    return tuple(_item(item, f"input[{number}]") for number, item in enumerate(given))


def _item(item: Any, place: str) -> Json:
    if not isinstance(item, dict):
        raise wrong(place, "An item of the input is an object.", "invalid_type")
    kind = item.get("type", "message")
    if kind == "message":
        text = plain_text(item.get("content"), f"{place}.content")
        return {**_message(str(item.get("role")), text), **({"id": item["id"]} if item.get("id") else {})}
    if kind == "function_call":
        return {"status": "completed", "id": new_id("fc_"), **item}
    if kind == "function_call_output":
        return {"status": "completed", "id": new_id("fco_"), **item}
    if kind == "reasoning":
        return {"id": new_id("rs_"), "summary": [], **item}
    raise wrong(f"{place}.type", f"The local server takes no item '{str(kind)[:40]}'.", "unsupported_value")


def _message(role: str, text: str) -> Json:
    if role == "assistant":
        content: Json = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    else:
        content = {"type": "input_text", "text": text}
    return {"id": new_id("msg_"), "type": "message", "role": role, "status": "completed", "content": [content]}


def as_messages(items: Iterable[Json]) -> list[Json]:
    """Items in the form of chat messages."""
    return [message for item in items if (message := _as_message(item)) is not None]


def _as_message(item: Json) -> Json | None:
    kind = item["type"]
    if kind == "message":
        return {"role": item["role"], "content": item["content"]}
    if kind == "function_call":
        function = {"name": item.get("name", ""), "arguments": item.get("arguments", "")}
        return {"role": "assistant", "content": "", "tool_calls": [{"function": function}]}
    if kind == "function_call_output":
        return {"role": "tool", "content": item.get("output")}
    return None
