"""The body of a reply as it comes: read under the watchdog, unpacked, taken apart into events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress

import httpx

from desktop.api import ratelimit, sse
from desktop.api.inflate import Inflater
from desktop.api.recording import Recording
from desktop.api.watchdog import Watchdog
from desktop.core.calls import Fate
from desktop.core.errors import Cut, Detail, TooMuch
from desktop.core.sizes import size_words
from desktop.core.usage import RateLimit

# A flood gives the loop back this often, so that the window can draw.
BURST_S = 0.004
# A read that took longer has waited, so the loop has had its turn.
WAITED_S = 0.001
# Text is read thirty times a second, as often as it is drawn.
PICTURE_S = 0.033
# How long the end of a whole reply is waited for: it is in the same packet, or it is not worth it.
SETTLE_S = 0.05


class Body:
    """The unpacked bytes of a body, each read under the watchdog. Raises Cut, Silent, TooMuch or BadReply."""

    def __init__(self, response: httpx.Response, detail: Detail) -> None:
        self.response, self.detail = response, detail
        self._source = aiter(response.stream)  # type: ignore[arg-type]
        self._is_open = False  # begun and not ended
        self.waited_at = 0.0  # when the loop last had its turn

    async def chunks(self, dog: Watchdog) -> AsyncGenerator[bytes, None]:
        """No timer and no task of its own: this is the path of every token."""
        clock, read, current_task = dog.clock, self._source.__anext__, asyncio.current_task
        encoding = self.response.headers.get("content-encoding", "identity").strip().lower()
        self._is_open = True
        inflate = None if encoding in ("", "identity") else Inflater(encoding).feed
        asked = clock()
        while True:
            dog.waiting = current_task()
            try:
                chunk = await read()
            except StopAsyncIteration:
                self._is_open = False
                return
            except asyncio.CancelledError:
                self._is_open = False
                if verdict := dog.verdict():
                    raise verdict from None
                raise
            except httpx.TransportError:
                self._is_open = False
                break
            finally:
                dog.waiting = None
            dog.last_byte = now = clock()
            if now - asked > WAITED_S:
                self.waited_at = now
            if inflate is None:
                yield chunk
            else:
                for piece in inflate(chunk):
                    yield piece
            asked = clock()
        raise Cut("The connection ended in the middle of the reply.", detail=self.detail)

    def pace(self, every_s: float) -> None:
        """Read the connection so often from now on; 0 reads whatever comes at once."""
        network = self.response.extensions.get("network_stream")
        pace = network.get_extra_info("pace") if network is not None else None
        if pace is not None:
            pace.every_s = every_s

    async def settle(self) -> None:
        """Read the end of a reply that is known to be whole, so that its connection can be used again."""
        if not self._is_open:
            return
        try:
            async with asyncio.timeout(SETTLE_S):
                await anext(self._source)
        except (StopAsyncIteration, httpx.TransportError, TimeoutError):
            self._is_open = False

    async def aclose(self) -> None:
        """Close the connection if anything is left, then let the layers below see it: a reader that was left
        half-way would be ended by the garbage collector, long after its loop."""
        with suppress(httpx.TransportError):
            await self.response.stream.aclose()  # type: ignore[union-attr]
        if not self._is_open:
            return
        if "network_stream" not in self.response.extensions:
            if (close := getattr(self._source, "aclose", None)) is not None:
                await close()
            return
        with suppress(StopAsyncIteration, httpx.TransportError):
            while True:
                await anext(self._source)


class EventStream:
    """The events of one reply, in order. Ends when the server ends it, which says nothing about completeness:
    the endpoint's module decides that and calls `complete`. Raises what `Body` does, and TooMuch for a giant event.

    `bad_events` counts events that could not be read. `on_alive` is called with the seconds since the last text,
    from the profile's notice limit on; a reader of text calls `text_came`.
    """

    def __init__(
        self, body: Body, watchdog: Watchdog, recording: Recording, event_bytes: int = sse.EVENT_BYTES
    ) -> None:
        self._body, self._dog, self._recording = body, watchdog, recording
        self._parser = sse.Parser(event_bytes)
        self.status = body.response.status_code
        self.headers: Mapping[str, str] = body.response.headers
        self.request_id: str | None = body.detail.request_id
        self.rate_limit: RateLimit | None = ratelimit.parse(body.response.headers)
        self.bad_events = 0
        self.fate: Fate | None = None
        self._is_paced = False

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
        if not self._is_paced:
            self._is_paced = True  # the first words are not held back
            self._body.pace(PICTURE_S)
        self._dog.last_text = self._dog.last_byte

    def complete(self) -> None:
        """The wire has said that the reply is whole."""
        self.fate = Fate.COMPLETE

    def cut(self, summary: str) -> Cut:
        """The error for a reply that ended too early, with what is known of it."""
        return Cut(summary, detail=self._body.detail)

    def __aiter__(self) -> AsyncGenerator[sse.Event, None]:
        return self._events()

    async def whole(self, bound: int) -> bytes:
        """The body as it is, of a server that did not answer with events."""
        read = bytearray()
        async with aclosing(self._body.chunks(self._dog)) as chunks:
            async for chunk in chunks:
                read += chunk
                self._recording.received(chunk)
                if len(read) > bound:
                    summary = f"The reply is larger than {size_words(bound)} and was stopped."
                    raise TooMuch(summary, detail=self._body.detail)
        return bytes(read)

    async def _events(self) -> AsyncGenerator[sse.Event, None]:
        body, feed, clock = self._body, self._parser.feed, self._dog.clock
        received = self._recording.received if self._recording.is_on else None
        try:
            async with aclosing(body.chunks(self._dog)) as chunks:
                async for chunk in chunks:
                    if received is not None:
                        received(chunk)
                    for event in feed(chunk):
                        yield event
                        if clock() - body.waited_at > BURST_S:
                            await asyncio.sleep(0)
                            body.waited_at = clock()
        finally:
            body.pace(0.0)  # its end and the connection's next reply come as they come
        for event in self._parser.finish():
            yield event
