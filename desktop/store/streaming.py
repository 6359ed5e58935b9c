"""Keeping replies while they arrive: a commit after half a second or 4 KiB, whatever the window's loop is doing."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Protocol

from desktop.core.errors import ArchiveFull, ArchiveLocked, KnownError
from desktop.store import conversations
from desktop.store.failures import known
from desktop.store.writer import Writer, commit

log = logging.getLogger(__name__)

EVERY_S = 0.45  # with the commit itself this stays below half a second
EVERY_BYTES = 4096
AGAIN_S = 1.0  # between tries while the disk is full

Trouble = Callable[[KnownError | None], None]


class HasWriter(Protocol):
    @property
    def writer(self) -> Writer: ...


class StreamWriter:
    """Takes the pieces of streaming messages and commits them on the writer's thread, by size and by the clock.

    `async with` it round the stream. `on_trouble` hears, on the loop, of a full disk and (None) that all is kept
    again; meanwhile the text stays here and is tried again each second. What is pending at the end is committed on
    leaving; `conversations.finish` then replaces the pieces. A message that is finished or gone takes no more.
    """

    def __init__(
        self,
        database: HasWriter,
        *,
        on_trouble: Trouble | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._writer = database.writer
        self._on_trouble = on_trouble
        self._clock = clock
        self._lock = threading.Lock()
        self._pending: list[tuple[str, str, str]] = []
        self._pending_bytes = 0
        self._is_due = False
        self._is_in_trouble = False
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def pending(self) -> str:
        """What is not yet kept."""
        with self._lock:
            return "".join(text for _, text, _ in self._pending)

    def add(self, message_id: str, text: str, kind: str = "text") -> None:
        """Take a piece; cheap, never waits."""
        if not text:
            return
        with self._lock:
            self._pending.append((message_id, text, kind))
            self._pending_bytes += len(text) if text.isascii() else 3 * len(text)
            is_large = self._pending_bytes >= EVERY_BYTES and not self._is_in_trouble
            if self._is_due and not is_large:
                return
            self._is_due = True
        self._writer.call_at(self._clock() if is_large else self._clock() + EVERY_S, self._flush)

    async def settle(self) -> None:
        """Commit what is pending now; on a full disk it stays pending."""
        await asyncio.wrap_future(self._writer.submit(self._flush, in_transaction=False))

    async def __aenter__(self) -> StreamWriter:
        self._loop = asyncio.get_running_loop()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.shield(self.settle())

    def _flush(self, conn: sqlite3.Connection) -> None:
        """Runs on the writer's thread; does not raise."""
        with self._lock:
            taken, self._pending = self._pending, []
            self._pending_bytes = 0
            self._is_due = False
        if not taken:
            return
        try:
            commit(conn, lambda db: _append(db, taken))
        except (sqlite3.Error, OSError) as error:
            failure = known(error) or KnownError("The reply cannot be kept at the moment.")
            log.warning("a streaming reply is not kept: %s", type(error).__name__)
            self._put_back(taken, failure)
        else:
            self._tell(None)

    def _put_back(self, taken: list[tuple[str, str, str]], failure: KnownError) -> None:
        with self._lock:
            self._pending[:0] = taken
            self._is_due = True
        self._tell(failure)
        self._writer.call_at(self._clock() + AGAIN_S, self._flush)

    def _tell(self, failure: KnownError | None) -> None:
        """Only changes are told."""
        if self._is_in_trouble == (failure is not None):
            return
        self._is_in_trouble = failure is not None
        if self._on_trouble is not None and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._on_trouble, failure)


def _append(conn: sqlite3.Connection, pieces: list[tuple[str, str, str]]) -> None:
    """One row for each run of pieces of one message and kind."""
    at = 0
    while at < len(pieces):
        message, _, kind = pieces[at]
        end = at + 1
        while end < len(pieces) and (pieces[end][0], pieces[end][2]) == (message, kind):
            end += 1
        conversations.append_if_streaming(conn, message, "".join(text for _, text, _ in pieces[at:end]), kind)
        at = end


async def keep(
    database: HasWriter,
    work: Callable[[sqlite3.Connection], None],
    on_trouble: Trouble | None = None,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Commit what must not be lost: on a full disk, or while another program holds the archive, it is tried again each
    second."""
    is_in_trouble = False
    while True:
        try:
            await asyncio.wrap_future(database.writer.submit(work))
        except (ArchiveFull, ArchiveLocked) as failure:
            if on_trouble is not None and not is_in_trouble:
                on_trouble(failure)
            is_in_trouble = True
            await sleep(AGAIN_S)
        else:
            if on_trouble is not None and is_in_trouble:
                on_trouble(None)
            return
