"""Reading streams in tests."""

from __future__ import annotations

import json
from typing import Any

import httpx


def events_of(reply: httpx.Response) -> list[dict[str, Any]]:
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith("text/event-stream")
    blocks = [block for block in reply.text.split("\n\n") if block and block != "data: [DONE]"]
    return [json.loads(block[block.index("data: ") + 6 :]) for block in blocks]


def text_of(reply: httpx.Response) -> str:
    choices = [choice for chunk in events_of(reply) for choice in chunk["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)
