"""Jobs as rows of the archive: a change of their state is written at once, progress once a second; what cannot be
written is tried again until there is room."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from desktop.core.errors import KnownError, Missing
from desktop.core.job import STATES, TURN, Job, JobState
from desktop.store import jobs as store
from desktop.store.database import Database

log = logging.getLogger(__name__)

KEPT_EVERY_S = 1.0
WRITTEN_AT_ONCE = 100


class Keeping:
    """Writes jobs down as `find` has them when their turn comes."""

    def __init__(
        self,
        database: Database,
        find: Callable[[str], Job | None],
        now: Callable[[], float] = time.time,
        notice: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self._database, self._find, self._now, self._notice = database, find, now, notice
        self._dirty: set[str] = set()
        self._timer: asyncio.Handle | None = None
        self._due = 0.0  # the timer's moment by the loop's clock: on Qt's loop its handle does not tell
        self._writing: asyncio.Task[None] | None = None
        self._one_after_another = asyncio.Lock()  # a row that was read before is never written behind a newer one
        self._is_closed = self._is_in_trouble = False

    @property
    def is_in_trouble(self) -> bool:
        """Whether what was to be written down was refused, and waits."""
        return self._is_in_trouble

    async def load(self) -> list[Job]:
        """All that are there, the oldest first."""
        return [_job(row) for row in reversed(await self._database.read(store.listing))]

    async def add(self, jobs: Sequence[Job], kept: Callable[[], None]) -> None:
        """New rows, all or none; `kept` is told when they are there, as in `keep`."""
        rows = [self._row(job) for job in jobs]

        def add(db: sqlite3.Connection) -> None:
            for row in rows:
                store.add(db, row)

        await self._written(add, kept)

    async def delete(self, id: str) -> None:
        await self._database.write(lambda db: store.delete(db, id))
        self._dirty.discard(id)

    def changed(self, id: str, *, at_once: bool) -> None:
        """To be written down soon."""
        self._dirty.add(id)
        self._write_soon(at_once=at_once)

    async def keep(
        self, made: Callable[[], Job], also: Callable[[sqlite3.Connection], None] | None, kept: Callable[[Job], None]
    ) -> None:
        """Write one job down now, in one transaction with `also`; `kept` is told when it is there, even where who
        waits for it is cancelled meanwhile: what is known of a job is what is on the disk."""
        async with self._one_after_another:
            job = made()
            row = self._row(job)

            def work(db: sqlite3.Connection) -> None:
                if also is not None:
                    also(db)
                store.put(db, row)

            await self._written(work, lambda: kept(job))

    async def aclose(self) -> None:
        """Write down what is left."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._writing is not None:
            await asyncio.wait([self._writing])
        with suppress(KnownError):
            await self._write()

    async def _written(self, work: Callable[[sqlite3.Connection], None], kept: Callable[[], None]) -> None:
        """Done and told of whole, or not at all, whenever a stop comes."""
        writing = asyncio.get_running_loop().create_task(self._database.write(work), name="jobs: kept")
        writing.add_done_callback(lambda done: None if done.cancelled() or done.exception() is not None else kept())
        try:
            await asyncio.shield(writing)
        finally:
            if not writing.done():
                await asyncio.wait([writing])

    def _write_soon(self, *, at_once: bool) -> None:
        if self._is_closed or self._database.read_only:
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + (0.0 if at_once else KEPT_EVERY_S)
        if self._timer is not None:
            if self._due <= due:
                return
            self._timer.cancel()
        self._due, self._timer = due, loop.call_at(due, self._start_writing)

    def _start_writing(self) -> None:
        self._timer = None
        if self._writing is not None and not self._writing.done():
            self._write_soon(at_once=False)
            return
        self._writing = asyncio.get_running_loop().create_task(self._write_all(), name="jobs: written down")

    async def _write_all(self) -> None:
        try:
            await self._write()
        except KnownError as error:  # a full disk: until there is room
            if not self._is_in_trouble:
                log.warning("jobs could not be written down: %s", error.summary)
                self._notice(f"What becomes of the jobs cannot be kept. {error.summary} {error.advice}".strip())
            self._is_in_trouble = True
            self._write_soon(at_once=False)
        else:
            if self._is_in_trouble:
                self._notice("What became of the jobs is kept again.")
            self._is_in_trouble = False

    async def _write(self) -> None:
        async with self._one_after_another:
            ids, self._dirty = list(self._dirty), set()
            rows = [self._row(job) for id in ids if (job := self._find(id)) is not None]
            if not rows:
                return

            def work(db: sqlite3.Connection) -> None:
                for row in rows:
                    with suppress(Missing):  # deleted with its conversation
                        store.put(db, row)

            try:
                await self._database.write(work)
            except BaseException:
                self._dirty.update(ids)
                raise

    def _row(self, job: Job) -> store.JobRow:
        payload = {
            "title": job.title,
            "rank": job.rank,
            "words": job.words,
            "advice": job.advice,
            "problem": job.problem,
            "work": job.payload,
        }
        updated = round(self._now() * 1_000_000)
        return store.JobRow(job.id, job.kind, job.state.value, job.added, updated, job.progress, job.error, payload)


def _job(row: store.JobRow) -> Job:
    kept = row.payload
    return Job(
        row.id,
        row.kind,
        str(kept.get("title", "")),
        STATES.get(row.state, JobState.PAUSED),
        str(kept.get("words", "")) or TURN,
        row.progress,
        error=row.error,
        advice=str(kept.get("advice", "")),
        problem=str(kept.get("problem", "")),
        added=row.created,
        rank=float(kept.get("rank", 0.0)),
        payload=dict(kept.get("work", {})),
    )
