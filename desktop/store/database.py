"""The archive as an open database: one writer, and readers that can change nothing."""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Generic

from desktop.core.errors import ArchiveNewer
from desktop.store import connections
from desktop.store.connections import T, transaction
from desktop.store.failures import in_words
from desktop.store.migrations import MIGRATIONS, migrate
from desktop.store.schema import FILE_NAME
from desktop.store.writer import Writer

log = logging.getLogger(__name__)

READERS = 3

Now = Callable[[], float]


class Database:
    """The archive: one writer thread with the only writing connection; readers with their own that only read."""

    def __init__(
        self, path: Path, writer: Writer | None, *, is_frozen: bool = False, notices: tuple[str, ...] = ()
    ) -> None:
        self.path = path
        self.notices = notices
        self._writer = writer
        self._is_frozen = is_frozen
        self._idle: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="archive-reader")

    @classmethod
    def open(cls, folder: Path, *, now: Now = time.time) -> Database:
        """Open the archive of a data folder, or make one. Blocking: call it in a worker."""
        with in_words():
            path = connections.private_folder(folder) / FILE_NAME
            if not path.exists():
                connections.new_file(path)
            conn = connections.writing(path)
            migrate(conn)
        log.info("SQLite %s, archive of form %d", sqlite3.sqlite_version, len(MIGRATIONS))
        return cls(path, Writer(conn))

    @property
    def read_only(self) -> bool:
        return self._writer is None

    @property
    def folder(self) -> Path:
        return self.path.parent

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one transaction on the writer's thread; returns after its COMMIT.

        Cancelled while it waits its turn, it is not done; once begun, it is.
        """
        return await asyncio.wrap_future(self._writing.submit(work))

    def write_now(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The same, waiting: for the command line and tests, never on the window's thread."""
        return self._writing.submit(work).result()

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on one state of the archive, in a worker. Cancelling ends a running query."""
        reading = _Reading(self, work)
        future = self._readers.submit(reading.run)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            reading.interrupt()
            raise

    def read_now(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The same, waiting, on the caller's thread."""
        return _Reading(self, work).run()

    async def aclose(self) -> None:
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """End the readers, then the writer, which folds the log back into the file."""
        self._readers.shutdown(wait=True, cancel_futures=True)
        while not self._idle.empty():
            self._idle.get().close()
        if self._writer is not None:
            self._writer.close()

    @property
    def _writing(self) -> Writer:
        if self._writer is None:
            raise ArchiveNewer("This archive is open for reading only.")
        return self._writer

    def take_reader(self) -> sqlite3.Connection:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return connections.reading(self.path, is_frozen=self._is_frozen)

    def give_back(self, conn: sqlite3.Connection) -> None:
        self._idle.put(conn)


class _Reading(Generic[T]):
    """One reading, and the means to end it from another thread."""

    def __init__(self, database: Database, work: Callable[[sqlite3.Connection], T]) -> None:
        self._database, self._work = database, work
        self._lock = threading.Lock()
        self._conn: sqlite3.Connection | None = None

    def run(self) -> T:
        with in_words():
            conn = self._database.take_reader()
            with self._lock:
                self._conn = conn
            try:
                return transaction(conn, self._work, "BEGIN")
            finally:
                with self._lock:
                    self._conn = None
                self._database.give_back(conn)

    def interrupt(self) -> None:
        with self._lock:
            if self._conn is not None:
                self._conn.interrupt()
