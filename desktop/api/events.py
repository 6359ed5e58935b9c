"""The body of a reply as it comes: read under the watchdog, unpacked, taken apart into events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing

import httpx

from desktop.api import ratelimit, sse
from desktop.api.inflate import Inflater
from desktop.api.recording import Recording
from desktop.api.watchdog import Watchdog
from desktop.core.calls import Fate
from desktop.core.errors import Cut, Detail, TooMuch
from desktop.core.usage import RateLimit

# A flood gives the loop back this often, so that the window can draw.
BURST_S = 0.004
# A read that took longer has waited, so the loop has had its turn.
WAITED_S = 0.001


class Body:
    """The unpacked bytes of a body, each read under the watchdog. Raises Cut, Silent, TooMuch or BadReply."""

    def __init__(self, response: httpx.Response, watchdog: Watchdog, detail: Detail) -> None:
        self._stream, self._dog, self._detail = response.stream, watchdog, detail
        self._encoding = response.headers.get("content-encoding", "identity").strip().lower()
        self.waited_at = watchdog.clock()  # when the loop last had its turn

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """No timer and no task of its own: this is the path of every token."""
        dog, clock = self._dog, self._dog.clock
        inflate = None if self._encoding in ("", "identity") else Inflater(self._encoding).feed
        read = aiter(self._stream).__anext__  # type: ignore[arg-type]
        while True:
            asked = clock()
            dog.begin()
            try:
                chunk = await read()
            except StopAsyncIteration:
                dog.waiting = None
                return
            except asyncio.CancelledError:
                if verdict := dog.verdict():
                    raise verdict from None
                raise
            except httpx.TransportError:
                dog.waiting = None
                break
            dog.waiting = None
            dog.last_byte = now = clock()
            if now - asked > WAITED_S:
                self.waited_at = now
            if inflate is None:
                yield chunk
            else:
                for piece in inflate(chunk):
                    yield piece
        raise Cut("The connection ended in the middle of the reply.", detail=self._detail)


class EventStream:
    """The events of one reply, in order. Ends when the server ends it, which says nothing about completeness:
    the endpoint's module decides that and calls `complete`. Raises what `Body` does, and TooMuch for a giant event.

    `bad_events` counts events that could not be read. `on_alive` is called with the seconds since the last text,
    from the profile's notice limit on; a reader of text calls `text_came`.
    """

    def __init__(
        self,
        response: httpx.Response,
        watchdog: Watchdog,
        recording: Recording,
        detail: Detail,
        event_bytes: int = sse.EVENT_BYTES,
    ) -> None:
        self._dog, self._recording, self._detail = watchdog, recording, detail
        self._body = Body(response, watchdog, detail)
        self._parser = sse.Parser(event_bytes)
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.request_id: str | None = detail.request_id
        self.rate_limit: RateLimit | None = ratelimit.parse(response.headers)
        self.bad_events = 0
        self.fate: Fate | None = None

    @property
    def on_alive(self) -> Callable[[float], None] | None:
        return self._dog.on_alive

    @on_alive.setter
    def on_alive(self, notice: Callable[[float], None] | None) -> None:
        self._dog.on_alive = notice

    @property
    def seconds_without_byte(self) -> float:
        return self._dog.clock() - self._dog.last_byte

    def text_came(self) -> None:
        """The event that was given last held something a person reads."""
        self._dog.last_text = self._dog.last_byte

    def complete(self) -> None:
        """The wire has said that the reply is whole."""
        self.fate = Fate.COMPLETE

    def cut(self, summary: str) -> Cut:
        """The error for a reply that ended too early, with what is known of it."""
        return Cut(summary, detail=self._detail)

    def __aiter__(self) -> AsyncGenerator[sse.Event, None]:
        return self._events()

    async def whole(self, bound: int) -> bytes:
        """The body as it is, of a server that did not answer with events."""
        body = bytearray()
        async with aclosing(self._body.chunks()) as chunks:
            async for chunk in chunks:
                body += chunk
                self._recording.received(chunk)
                if len(body) > bound:
                    raise TooMuch(
                        f"The reply is larger than {bound // 1024:,} KiB and was stopped.", detail=self._detail
                    )
        return bytes(body)

    async def _events(self) -> AsyncGenerator[sse.Event, None]:
        body, feed, clock = self._body, self._parser.feed, self._dog.clock
        received = self._recording.received if self._recording.is_on else None
        async with aclosing(body.chunks()) as chunks:
            async for chunk in chunks:
                if received is not None:
                    received(chunk)
                for event in feed(chunk):
                    yield event
                    if clock() - body.waited_at > BURST_S:
                        await asyncio.sleep(0)
                        body.waited_at = clock()
        for event in self._parser.finish():
            yield event
