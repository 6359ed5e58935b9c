"""A false wire for tests of services: replies in the documented shapes, judged like the requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import httpx

MODEL = "gpt-4o"


def chunk(delta: dict, *, index: int = 0, finish: str | None = None, usage: dict | None = None, **more) -> dict:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
    body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL, "choices": [choice]}
    return body | ({"usage": usage} if usage else {}) | more


def usage_chunk(given: int = 12, made: int = 5, cached: int = 0, reasoning: int = 0) -> dict:
    usage = {
        "prompt_tokens": given,
        "completion_tokens": made,
        "total_tokens": given + made,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }
    return chunk({}, usage=usage) | {"choices": []}


def reply(*texts: str, finish: str | None = "stop", usage: dict | None = None, done: bool = True) -> list:
    """A whole streamed answer in pieces."""
    events: list = [chunk({"role": "assistant", "content": ""}), *(chunk({"content": text}) for text in texts)]
    if finish:
        events.append(chunk({}, finish=finish))
    events += [usage or usage_chunk()] if finish else []
    return [*events, *(["[DONE]"] if done else [])]


def error(status: int, code: str, message: str = "no", param: str | None = None, **headers: str) -> httpx.Response:
    body = {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}
    return httpx.Response(status, json=body, headers=headers)


class Wire:
    """A transport with a queue of answers: lists of events, responses, or functions of the request."""

    def __init__(self, spec) -> None:
        self._spec = spec
        self.answers: list = []
        self.bodies: list[dict] = []
        self.problems: list[str] = []
        self.gate: asyncio.Event | None = None

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._handle)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(json.loads(request.content))
        self.problems += [str(problem) for problem in self._spec.check_httpx(request)]
        answer = self.answers.pop(0)
        if isinstance(answer, Callable):
            answer = answer(request)
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=_Events(self, answer))


class _Events(httpx.AsyncByteStream):
    """Events as the wire brings them; where the gate is set, everything after `None` waits for it."""

    def __init__(self, wire: Wire, events: list) -> None:
        self._wire, self._events = wire, events

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for event in self._events:
            if event is None:
                await self._wire.gate.wait()
                continue
            if isinstance(event, Exception):
                raise event
            data = event if isinstance(event, str) else json.dumps(event)
            yield f"data: {data}\n\n".encode()
