"""How often a connection is read: a stream of text once for each picture of it, not once for each token."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import httpcore

MUCH_BYTES = 16 * 1024
"""A read that brings so much is followed by the next one at once: a flood is never slowed down."""


class Pace:
    """Keeps two reads `every_s` apart; 0 keeps none. What comes meanwhile waits in the system's own buffer.

    Waking up for a read costs far more than reading, most of all on the window's loop.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self.every_s = 0.0
        self._last = 0.0

    async def wait(self) -> None:
        if self.every_s and (left := self._last + self.every_s - self._clock()) > 0:
            await self._sleep(left)

    def took(self, read_bytes: int) -> None:
        self._last = self._clock() if read_bytes < MUCH_BYTES else 0.0


class PacedStream(httpcore.AsyncNetworkStream):
    """A connection that is read at a pace; `get_extra_info("pace")` hands it out."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, pace: Pace) -> None:
        self._inner, self._pace = inner, pace

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        await self._pace.wait()
        read = await self._inner.read(max_bytes, timeout)
        self._pace.took(len(read))
        return read

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return PacedStream(await self._inner.start_tls(ssl_context, server_hostname, timeout), self._pace)

    def get_extra_info(self, info: str) -> Any:
        return self._pace if info == "pace" else self._inner.get_extra_info(info)


class PacedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections as httpcore does by itself, each with a pace of its own."""

    def __init__(self) -> None:
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        made = await self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        return PacedStream(made, Pace())

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)
