"""The one thread that writes: transactions in the order they were asked for, and streams when they are due."""

from __future__ import annotations

import heapq
import itertools
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from desktop.store.connections import T, transaction
from desktop.store.failures import in_words

Work = Callable[[sqlite3.Connection], Any]
Due = Callable[[sqlite3.Connection], None]


def commit(conn: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    """One transaction, counted: so every log says whose it is and how old (see opening.py)."""

    def counted(db: sqlite3.Connection) -> T:
        result = work(db)
        db.execute("UPDATE davenport SET value = CAST(value AS INTEGER) + 1 WHERE name = 'commits'")
        return result

    return transaction(conn, counted)


class Writer:
    """Owns the writing connection. What is due by the clock goes before what waits, so no stream is starved."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._jobs: queue.SimpleQueue[tuple[Work, Future[Any], bool] | None] = queue.SimpleQueue()
        self._due: list[tuple[float, int, Due]] = []
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="archive-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[sqlite3.Connection], T], *, in_transaction: bool = True) -> Future[T]:
        """One transaction; the future is done after its COMMIT. Cancelled before its turn, it is not begun."""
        future: Future[T] = Future()
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the archive is closed")
            self._jobs.put((work, future, in_transaction))
        return future

    def call_at(self, when: float, due: Due) -> None:
        """Run `due` on the writer's thread at a time of time.monotonic(); it must not raise."""
        with self._lock:
            if self._is_closed:
                return
            heapq.heappush(self._due, (when, next(self._numbers), due))
        self._jobs.put((lambda conn: None, Future(), False))  # wakes the thread

    def close(self) -> None:
        """Do what was asked for, then close the connection."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            wait = self._run_due(time.monotonic())
            try:
                job = self._jobs.get(timeout=wait)
            except queue.Empty:
                continue
            if job is None:
                break
            self._do(*job)
        self._run_due(float("inf"))
        self._conn.close()

    def _run_due(self, now: float) -> float | None:
        """Run all that is due; returns the seconds until the next."""
        while True:
            with self._lock:
                if not self._due:
                    return None
                if self._due[0][0] > now:
                    return self._due[0][0] - now
                due = heapq.heappop(self._due)[2]
            due(self._conn)

    def _do(self, work: Work, future: Future[Any], in_transaction: bool) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            with in_words():
                result = commit(self._conn, work) if in_transaction else work(self._conn)
        except BaseException as error:  # noqa: BLE001  (it belongs to whoever asked; the thread must go on)
            future.set_exception(error)
        else:
            future.set_result(result)
