"""Reading bodies, watching for a client that has gone, and streams of events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from desktop.local.wire import WireProblem, engine_failed

T = TypeVar("T", bound=msgspec.Struct)
R = TypeVar("R")
Handler = Callable[[Request], Awaitable[Response]]
log = logging.getLogger(__name__)


async def read_json(request: Request, shape: type[T]) -> T:
    """The body as `shape`; raises WireProblem in the API's words, unknown parameters included."""
    raw = await request.body()
    try:
        value = msgspec.json.decode(raw)
    except (ValueError, RecursionError) as error:
        raise WireProblem(400, "The body is not JSON.", code="invalid_json") from error
    return convert(value, shape)


def convert(value: Any, shape: type[T]) -> T:
    if not isinstance(value, dict):
        raise WireProblem(400, "The body must be a JSON object.", code="invalid_type")
    known = set(shape.__struct_encode_fields__)
    if unknown := next((name for name in value if name not in known), None):
        shown = unknown[:100]
        raise WireProblem(400, f"Unknown parameter: '{shown}'.", code="unknown_parameter", param=shown)
    if missing := next(
        (f.encode_name for f in msgspec.structs.fields(shape) if f.required and f.encode_name not in value), None
    ):
        raise WireProblem(
            400, f"Missing required parameter: '{missing}'.", code="missing_required_parameter", param=missing
        )
    try:
        return msgspec.convert({k: v for k, v in value.items() if v is not None}, shape)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `$")
        param = place.rstrip("`").lstrip(".") or None
        raise WireProblem(400, f"Invalid value: {text}.", code="invalid_type", param=param) from error


async def while_connected(receive: Receive, work: Coroutine[Any, Any, R]) -> R | None:
    """Do some work for a client; when it has gone the work is cancelled and there is nothing."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        for each in (task, gone):
            each.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


def endpoint(handler: Handler) -> Handler:
    """A route's function whose failures become the API's errors and whose work ends when the client goes."""

    async def run(request: Request) -> Response:
        try:
            return await handler(request)
        except WireProblem as problem:
            return problem.response()
        except Exception as error:  # noqa: BLE001  (a bug of ours must reach the client as an error, not as a cut)
            log.error("%s failed: %s", handler.__name__, type(error).__name__)
            return engine_failed("The local server failed at this request.").response()

    return run


class EventStream(Response):
    """Server-sent events from an iterator of encoded events, closed as soon as the client goes.

    The first event is waited for before the head is sent, so that what fails at once has an error status; what fails
    later becomes an event made by `failed`.
    """

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes, None], failed: Callable[[WireProblem], bytes]) -> None:
        self.status_code, self.background = 200, None
        self._events, self._failed = events, failed
        self.init_headers({"cache-control": "no-store"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await while_connected(receive, self._run(scope, receive, send))

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._events) as events:
            try:
                first = await anext(events)
            except WireProblem as problem:
                await problem.response()(scope, receive, send)
                return
            head = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            await send(head)
            await _write(send, first)
            try:
                async for event in events:
                    await _write(send, event)
            except WireProblem as problem:
                await _write(send, self._failed(problem))
        await send({"type": "http.response.body", "body": b""})


class ByteStream(EventStream):
    """The bytes of a file as they are made; what fails later breaks the connection off, so that it shows."""

    def __init__(self, pieces: AsyncGenerator[bytes, None], media_type: str) -> None:
        self.media_type = media_type
        super().__init__(pieces, _break_off)


def _break_off(problem: WireProblem) -> bytes:
    raise ConnectionAbortedError(problem.message)


async def _write(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})
