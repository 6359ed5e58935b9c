"""The archive as an open database: one writer, and readers that can change nothing."""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Generic

from desktop.core.errors import ArchiveFull, ArchiveNewer, KnownError, Missing
from desktop.store import backups, blobs, check, connections, opening
from desktop.store.connections import T, transaction
from desktop.store.failures import in_words, known
from desktop.store.migrations import MIGRATIONS
from desktop.store.schema import FILE_NAME
from desktop.store.writer import Writer

log = logging.getLogger(__name__)

READERS = 3
STEPS = 5000  # of SQLite between two looks at whether a reading was cancelled: well below a millisecond
WEEK_S = 7 * 24 * 3600

Now = Callable[[], float]


class Database:
    """The archive: one writer thread with the only writing connection; readers with their own that only read."""

    def __init__(
        self,
        path: Path,
        writer: Writer | None,
        *,
        is_frozen: bool = False,
        aside: bool = False,
        advice: str = "",
        notices: tuple[str, ...] = (),
    ) -> None:
        self.path = path
        self.aside = aside  # whether what was there was damaged and set aside
        self.advice = advice  # what to do where it can only be read
        self.notices = notices
        self._writer = writer
        self._is_frozen = is_frozen
        self._idle: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="archive-reader")
        self._check_reading: _Reading[str | None] | None = None
        self.checking: Future[None] | None = None

    @classmethod
    def open(cls, folder: Path, *, now: Now = time.time) -> Database:
        """Open the archive of a data folder, or make one. Blocking: call it in a worker.

        Raises ArchiveForeign. What happened to it is in `notices`; `read_only` where it may not be written.
        """
        with in_words():
            connections.private_folder(folder)
            try:
                found = opening.prepare(folder, now())
                writer = None if found.read_only else Writer(connections.writing(found.path))
            except sqlite3.OperationalError as error:
                found, writer = _without_room(folder, error), None
        log.info("SQLite %s, archive of form %d", sqlite3.sqlite_version, len(MIGRATIONS))
        database = cls(
            found.path, writer, is_frozen=found.is_frozen, aside=found.aside, advice=found.advice, notices=found.notices
        )
        if writer is not None:
            database.check_if_due(now(), is_checked=found.is_checked)
        return database

    @classmethod
    def reader(cls, folder: Path) -> Database:
        """The archive for reading only, beside a window that has it open; raises Missing where there is none."""
        path = folder / FILE_NAME
        if not path.is_file():
            raise Missing("There is no archive in this data folder.", "Choose another data folder.")
        return cls(path, None)

    @property
    def read_only(self) -> bool:
        return self._writer is None

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def writer(self) -> Writer:
        """Raises ArchiveNewer where the archive is open for reading only."""
        if self._writer is None:
            raise ArchiveNewer("This archive is open for reading only.", self.advice)
        return self._writer

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one transaction on the writer's thread; returns after its COMMIT.

        Cancelled while it waits its turn, it is not done; once begun, it is.
        """
        return await asyncio.wrap_future(self.writer.submit(work))

    def write_now(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The same, waiting: for the command line and tests, never on the window's thread."""
        return self.writer.submit(work).result()

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

    def back_up(self, kind: str = "daily", *, now: Now = time.time) -> backups.Backup:
        """Make a checked copy beside the archive, while it is used. Blocking: call it in a worker."""
        with in_words():
            return backups.make(self.folder, kind, now())

    def scrub(self) -> None:
        """After `conversations.purge`: leave no trace of deleted text in the file or its log. Blocking, may be long.

        Older copies still hold it.
        """
        self.writer.submit(_scrub, in_transaction=False).result()

    def remove_unused_files(self) -> None:
        """Delete the files of attachments that nothing uses any more. Blocking."""
        self.writer.submit(blobs.remove_files, in_transaction=False).result()

    def check_if_due(self, now: float, *, is_checked: bool) -> None:
        """Start a check in the background: the whole one each week, the quick one where the start had no time."""
        last = self.read_now(lambda db: db.execute("SELECT value FROM davenport WHERE name = 'checked'").fetchone())
        is_weekly = (
            self.path.stat().st_size > opening.WHOLE_BELOW_BYTES and now - float(last[0] if last else 0) > WEEK_S
        )
        if is_weekly or not is_checked:
            self._check_reading = _Reading(self, check.whole if is_weekly else check.quick)
            self.checking = self._readers.submit(self._check, self._check_reading, now if is_weekly else None)

    def _check(self, reading: _Reading[str | None], now: float | None) -> None:
        """Never repairs: damage is left for the next start, which sets the file aside whole."""
        try:
            fault = reading.run()
        except (sqlite3.OperationalError, KnownError):
            return  # interrupted by the end of the application, or the disk is full; it is due again
        if fault is not None:
            (self.folder / opening.SUSPECT).touch(mode=0o600)
            self.notices += (f"The archive is damaged ({fault}). Restart Davenport; it opens the newest good copy.",)
            log.error("the check in the background found damage")
        elif now is not None:
            self.writer.submit(blobs.remove_files, in_transaction=False)
            self.writer.submit(
                lambda db: db.execute("INSERT OR REPLACE INTO davenport VALUES ('checked', ?)", (str(now),))
            )

    async def aclose(self) -> None:
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """End the readers, then the writer, which folds the log back into the file."""
        if self._check_reading is not None:
            self._check_reading.interrupt()
        self._readers.shutdown(wait=True, cancel_futures=True)
        while not self._idle.empty():
            self._idle.get().close()
        if self._writer is not None:
            self._writer.close()

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
        self._is_ended = False

    def run(self) -> T:
        with in_words():
            conn = self._database.take_reader()
            with self._lock:
                self._conn = conn
            # An interrupt ends only what is running; this also ends what begins just after it.
            conn.set_progress_handler(lambda: self._is_ended, STEPS)
            try:
                return transaction(conn, self._work, "BEGIN")
            finally:
                with self._lock:
                    self._conn = None
                conn.set_progress_handler(None, 0)
                self._database.give_back(conn)

    def interrupt(self) -> None:
        with self._lock:
            self._is_ended = True
            if self._conn is not None:
                self._conn.interrupt()


def _without_room(folder: Path, error: sqlite3.OperationalError) -> opening.Opened:
    """On a full disk not even locks can be written: read what is there, as it is."""
    path = folder / FILE_NAME
    is_full = isinstance(known(error), ArchiveFull)
    if not is_full or not path.is_file() or check.has_content(path.with_name(path.name + "-wal")):
        raise error
    notice = "There is no room on the disk. The archive is open for reading only; make room and start again."
    advice = "Make room on the disk, then start again."
    return opening.Opened(path, read_only=True, is_frozen=True, advice=advice, notices=(notice,))


def _scrub(conn: sqlite3.Connection) -> None:
    for index in ("passage_index", "pair_index"):
        conn.execute(f"INSERT INTO {index} ({index}) VALUES ('optimize')")  # noqa: S608
    conn.execute("VACUUM")
    blobs.remove_files(conn)
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
