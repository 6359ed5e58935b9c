"""The queue of work that outlives a click: its order, how much of it runs at once, and what each job waits for."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from desktop.core.errors import KnownError, Missing
from desktop.core.ids import new_id
from desktop.core.job import TURN as TURN
from desktop.core.job import Job as Job
from desktop.core.job import JobState as JobState
from desktop.core.job import Summary as Summary
from desktop.services.jobs_kept import WRITTEN_AT_ONCE, Keeping
from desktop.store.database import Database

log = logging.getLogger(__name__)

PARALLEL = 2
RATE_OVER_S = 3.0  # a job has no time left to name before it has worked so long


class Handle:
    """What the work of one job tells the queue while it runs.

    `ends_first` is set by work that has steps which should not be broken off: what a pause waits for, in words, or
    "" while there is nothing. Such work goes through `gate` before each step and calls `step_ended` behind it.
    `hurries` is called, beside `poked`, when the user says that what waits is to go on now.
    """

    def __init__(self, jobs: Jobs, id: str) -> None:
        self._jobs, self.id = jobs, id
        self.poked = asyncio.Event()  # the user said: now
        self.ends_first: Callable[[], str] = str
        self.hurries: Callable[[], None] = lambda: None
        self.is_pausing = False
        self.has_turn, self.wants_turn = True, False
        self._resumed, self._given = asyncio.Event(), asyncio.Event()
        self._held = 0  # steps that stand at the gate
        self._began = self._from = 0.0

    @property
    def payload(self) -> dict[str, Any]:
        return self._jobs.get(self.id).payload

    @property
    def words(self) -> str:
        """What was said last."""
        return self._jobs.get(self.id).words

    def works(self, words: str, progress: float | None = None, *, is_steady: bool = True) -> None:
        """What it does now, and how far it is; where what follows does not go at the same rate, it is not `is_steady`
        and nobody knows how long it takes."""
        self.has_turn = True
        job = self._jobs.get(self.id)
        progress = job.progress if progress is None else min(max(progress, 0.0), 1.0)
        if self.is_pausing:
            words = self.ends_first() or words
        self._jobs._change(
            self.id,
            state=JobState.RUNNING,
            words=words,
            problem="",
            progress=progress,
            seconds_left=self._left(progress, is_steady),
        )

    def waits(self, words: str, *, problem: str = "", gives_way: bool = False) -> None:
        """What it waits for; `problem` is the kind of error that stands in its way. A job that `gives_way` does nothing
        else meanwhile: another one has its place until `turn` gives it one again."""
        self._jobs._change(self.id, state=JobState.WAITING, words=words, problem=problem, seconds_left=None)
        if gives_way and self.has_turn:
            self.has_turn = False
            self._jobs._pump()

    async def turn(self) -> None:
        """Behind a wait: until there is a place for it again."""
        if self.has_turn:
            return
        self.wants_turn = True
        self._given.clear()
        self._jobs._change(self.id, words=TURN)
        self._jobs._pump()
        try:
            await self._given.wait()
        finally:
            self.wants_turn = False

    async def gate(self) -> None:
        """Before a step that should not be broken off: none begins in a job that is to pause."""
        while self.is_pausing:
            self.step_ended()
            self._resumed.clear()
            self._held += 1
            try:
                await self._resumed.wait()
            finally:
                self._held -= 1

    def step_ended(self) -> None:
        """Such a step is over, and there are more: a job that is to pause stops behind the last one under way."""
        if self.is_pausing and not self.ends_first():
            self._jobs._stop(self.id, JobState.PAUSED)

    def held_go_on(self) -> None:
        """A step is over, and nobody knows how: what is held at the gate does not wait for it any more."""
        if self._held:
            self.step_ended()

    async def keep(self, payload: Mapping[str, Any], also: Callable[[sqlite3.Connection], None] | None = None) -> None:
        """Write down what is needed to go on after a restart; `also` is done in the same transaction."""
        await self._jobs._keep(self.id, payload, also)

    def _go_on(self) -> None:
        self.is_pausing = False
        self._resumed.set()
        self.poked.set()
        self.hurries()

    def _take_turn(self) -> None:
        self.has_turn = True
        self._given.set()

    def _left(self, progress: float, is_steady: bool) -> float | None:
        """Seconds at the rate since it began."""
        now = self._jobs.clock()
        if not self._began or progress < self._from or not is_steady:
            self._began, self._from = now, progress
        done, took = progress - self._from, now - self._began
        return None if done <= 0 or took < RATE_OVER_S else (1 - progress) * took / done


def _paused(job: Job) -> Job:
    return replace(job, state=JobState.PAUSED, words="Paused")


Worker = Callable[[Handle], Awaitable[None]]
Lane = Callable[[Mapping[str, Any]], Hashable]


class Jobs:
    """All jobs of the archive, in the order of their turn. `workers` are registered by kind before `load`.

    Jobs run as tasks of this queue: they end when they are done, cancelled, paused, or with `aclose`. `notice` is told,
    in a sentence for the user, that they cannot be written down, and that they can again.
    """

    def __init__(
        self,
        database: Database,
        *,
        parallel: int = PARALLEL,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        notice: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self._database, self._now, self.clock = database, now, clock
        self._parallel = parallel
        self._workers: dict[str, Worker] = {}
        self._lanes: dict[str, Lane] = {}
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._handles: dict[str, Handle] = {}
        self._listeners: list[Callable[[str], None]] = []
        self._wanted: dict[str, JobState] = {}  # why a task is being cancelled
        self._kept = Keeping(database, self._as_kept, now, notice)
        self._changed: asyncio.Event = asyncio.Event()
        self._is_loaded = self._is_closed = self._is_held = self._leaves_old = False
        self._old: set[str] = set()
        self._done: set[str] = set()
        self._loading = asyncio.Lock()

    # -- set up

    def register(self, kind: str, work: Worker, lane: Lane | None = None) -> None:
        """How jobs of a kind are done; those that were kept wait for `load`. `lane` says of a payload what the job
        needs from outside: while one waits for it, none that needs the same is begun in its place."""
        self._workers[kind] = work
        if lane is not None:
            self._lanes[kind] = lane

    async def load(self) -> None:
        """Take up what an earlier run left, and begin. What was running is queued again."""
        async with self._loading:
            if self._is_loaded:
                return
            for job in await self._kept.load():
                if job.state.is_active:
                    job = replace(job, state=JobState.QUEUED, words=TURN, seconds_left=None)
                self._jobs.setdefault(job.id, job)
            self._sort()
            self._old = set(self._jobs) if self._leaves_old else set()
            self._is_loaded = True
        for id in list(self._jobs):
            self._tell(id)
        self._pump()

    @property
    def is_loaded(self) -> bool:
        """Whether the queue of the archive has been read."""
        return self._is_loaded

    def only_new(self) -> None:
        """For the terminal: what an earlier run left waits for the window. A queue that is at work is left alone."""
        self._leaves_old = not self._is_loaded

    def listen(self, changed: Callable[[str], None]) -> None:
        """`changed` is told the id of a job that is new, changed or gone."""
        self._listeners.append(changed)

    # -- reading

    def all(self, kind: str = "") -> tuple[Job, ...]:
        """In the order of their turn."""
        return tuple(job for job in self._jobs.values() if not kind or job.kind == kind)

    def get(self, id: str) -> Job:
        """Raises Missing."""
        try:
            return self._jobs[id]
        except KeyError:
            raise Missing("This job is not there any more.") from None

    def change_payload(self, id: str, payload: Mapping[str, Any]) -> None:
        """What a job that does not run needs to go on is another thing now."""
        self._change(id, payload=dict(payload))

    def find(self, id: str) -> Job | None:
        return self._jobs.get(id)

    def summary(self) -> Summary:
        """Those that were done since the queue was at rest count for how far it is."""
        active = [job for job in self._jobs.values() if job.state.is_going]
        running = sum(job.state.is_active for job in active)
        many = len(active) + len(self._done)
        progress = (sum(job.progress for job in active) + len(self._done)) / many if active else 0.0
        return Summary(running, len(active) - running, progress)

    @property
    def parallel(self) -> int:
        return self._parallel

    @parallel.setter
    def parallel(self, count: int) -> None:
        self._parallel = max(1, count)
        self._pump()

    @property
    def is_held(self) -> bool:
        """Whether all of the queue is paused."""
        return self._is_held

    @property
    def is_unkept(self) -> bool:
        """Whether the disk is full, so that the next run would not know what became of the jobs."""
        return self._kept.is_in_trouble

    # -- what a user can do

    async def add(
        self, kind: str, wanted: Iterable[tuple[str, str, Mapping[str, Any]]], *, held: bool = False
    ) -> tuple[str, ...]:
        """Queue jobs of (id or "", title, payload) behind the others; they are written down before any begins.

        `held`, or while all of the queue is: they are paused until they are resumed.
        """
        await self.load()
        last = max((job.rank for job in self._jobs.values()), default=0.0)
        added = round(self._now() * 1_000_000)
        made = [
            Job(id or new_id(), kind, title, added=added, rank=last + at + 1, payload=dict(payload))
            for at, (id, title, payload) in enumerate(wanted)
        ]
        for start in range(0, len(made), WRITTEN_AT_ONCE):
            some = [_paused(job) if held or self._is_held else job for job in made[start : start + WRITTEN_AT_ONCE]]
            await self._kept.add(some, partial(self._added, some))
        return tuple(job.id for job in made)

    def pause(self, id: str, *, at_once: bool = False) -> None:
        """Stop a job for now; what it has is kept. What should not be broken off ends first: a second pause, or one
        that is meant `at_once`, does not wait for it."""
        handle = None if at_once else self._handles.get(id)
        if handle is not None and not handle.is_pausing and (words := handle.ends_first()):
            handle.is_pausing = True
            self._change(id, words=words)
            self._kept.changed(id, at_once=True)
        else:
            self._stop(id, JobState.PAUSED)

    def is_pausing(self, id: str) -> bool:
        """Whether a job stops as soon as it may."""
        handle = self._handles.get(id)
        return handle is not None and handle.is_pausing and self.get(id).state.is_active

    def resume(self, id: str) -> None:
        """Go on with a paused job; one that waits tries again now."""
        job, handle = self.get(id), self._handles.get(id)
        if job.state is JobState.PAUSED:
            self._old.discard(id)
            if handle is not None:  # its run is still ending
                handle.is_pausing = False
            self._queue(id)
            self._is_held = self._is_held and any(job.state is JobState.PAUSED for job in self._jobs.values())
        elif handle is not None:
            handle._go_on()
            self._kept.changed(id, at_once=True)

    def retry(self, id: str) -> None:
        """Begin a failed or cancelled job again, where it ended."""
        if self.get(id).state in (JobState.FAILED, JobState.CANCELLED):
            self._old.discard(id)
            self._queue(id)

    def take_up(self, id: str) -> None:
        """Go on with a job of an earlier run, whatever became of it: `only_new` leaves it no more."""
        self._old.discard(id)
        self.resume(id)
        self.retry(id)
        self._pump()

    def cancel(self, id: str) -> None:
        """Stop a job for good; `retry` begins it again all the same."""
        self._stop(id, JobState.CANCELLED)

    def pause_all(self) -> None:
        """Pause all there are, and those that are added until the queue goes on; a second time without waiting."""
        is_again, self._is_held = self._is_held, True
        for job in self.all():
            if not job.state.is_over and (is_again or not self.is_pausing(job.id)):
                self.pause(job.id)

    def resume_all(self) -> None:
        self._is_held = False
        for job in self.all():
            if job.state is JobState.PAUSED or self.is_pausing(job.id):
                self.resume(job.id)

    def move(self, id: str, before: str | None) -> None:
        """Put a job before another one in the queue, or at its end."""
        order = [job for job in self._jobs.values() if job.id != id]
        at = next((n for n, job in enumerate(order) if job.id == before), len(order))
        above = order[at - 1].rank if at else (order[0].rank - 2 if order else 0.0)
        below = order[at].rank if at < len(order) else above + 2
        rank = (above + below) / 2
        if not above < rank < below:  # after some fifty moves into one gap: number them anew
            for number, job in enumerate(order):
                self._change(job.id, rank=float(number + (number >= at) + 1))
            rank = float(at + 1)
        self._change(id, rank=rank)
        self._sort()

    async def forget(self, id: str) -> None:
        """Take a job out of the list; one that runs is cancelled first."""
        self._stop(id, JobState.CANCELLED)
        if task := self._tasks.get(id):
            await asyncio.wait([task])
        await self._kept.delete(id)
        if self._jobs.pop(id, None) is not None:
            self._tell(id)

    # -- the end, and waiting for it

    async def settled(self, ids: Iterable[str] | None = None) -> None:
        """Until these jobs, or all, are over or paused."""
        wanted = None if ids is None else set(ids)
        while any(
            (wanted is None or job.id in wanted)
            and (job.id in self._tasks or not (job.state.is_over or job.state is JobState.PAUSED))
            for job in self._jobs.values()
        ):
            self._changed.clear()
            await self._changed.wait()

    async def aclose(self) -> None:
        """End all work where it is; the next run goes on with it."""
        self._is_closed = True
        tasks = [*self._tasks.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._kept.aclose()

    # -- inside

    def _added(self, jobs: Iterable[Job]) -> None:
        """They are written down: from here on they are there, also where who adds them is stopped meanwhile."""
        for job in jobs:
            self._jobs[job.id] = job
            if self._is_held:  # since they were written
                self.pause(job.id)
            self._tell(job.id)
        self._pump()

    def _pump(self) -> None:
        """Give the free places to those that have waited and can go on, then begin others."""
        if self._is_closed or not self._is_loaded or self._database.read_only:
            return
        free = self._parallel - sum(handle.has_turn for handle in self._handles.values())
        ready = [handle for id in self._jobs if (handle := self._handles.get(id)) is not None and handle.wants_turn]
        for handle in ready[: max(free, 0)]:
            if not handle.has_turn:
                handle._take_turn()
                free -= 1
        waited_for = self._waited_for()
        for job in list(self._jobs.values()) if free > 0 else ():
            if self._is_due(job) and self._lane(job) not in waited_for:
                self._begin(job)
                free -= 1
                if free <= 0:
                    break

    def _is_due(self, job: Job) -> bool:
        is_free = job.id not in self._old and job.id not in self._tasks
        return job.state is JobState.QUEUED and is_free and job.kind in self._workers

    def _lane(self, job: Job) -> Hashable:
        """What a job needs from outside; its own id where nobody said."""
        lane = self._lanes.get(job.kind)
        return job.id if lane is None else lane(job.payload)

    def _waited_for(self) -> set[Hashable]:
        return {self._lane(self._jobs[id]) for id, handle in self._handles.items() if not handle.has_turn}

    def _queue(self, id: str) -> None:
        self._wanted.pop(id, None)
        self._change(id, state=JobState.QUEUED, words=TURN, error="", advice="", problem="", seconds_left=None)
        self._pump()

    def _begin(self, job: Job) -> None:
        handle = self._handles[job.id] = Handle(self, job.id)
        self._wanted.pop(job.id, None)
        self._change(job.id, state=JobState.RUNNING, words="Begins")
        task = asyncio.get_running_loop().create_task(self._run(handle), name=f"job:{job.id}")
        self._tasks[job.id] = task
        task.add_done_callback(lambda done: self._ended(job.id))

    async def _run(self, handle: Handle) -> None:
        """One job to its end: the only place where its failure goes."""
        id = handle.id
        try:
            await self._workers[self.get(id).kind](handle)
        except asyncio.CancelledError:
            otherwise = JobState.PAUSED if handle.is_pausing else JobState.QUEUED  # the application ends
            state = self._wanted.get(id, otherwise)
            words = {JobState.PAUSED: "Paused", JobState.CANCELLED: "Cancelled"}.get(state, TURN)
            self._change(id, state=state, words=words, seconds_left=None)
            raise
        except KnownError as error:
            self._fail(id, error.summary, error.advice, type(error).__name__)
        except Exception:
            log.exception("a job failed by a fault of ours")
            self._fail(id, "Something went wrong inside Davenport.", "Try it again; the log has the details.")
        else:
            self._wanted.pop(id, None)  # what is done is done, though a stop came with its end
            self._change(id, state=JobState.DONE, words="Done", progress=1.0, seconds_left=None)

    def _fail(self, id: str, error: str, advice: str, problem: str = "") -> None:
        failed = {"words": error, "error": error, "advice": advice, "problem": problem}
        self._change(id, state=JobState.FAILED, seconds_left=None, **failed)

    def _ended(self, id: str) -> None:
        self._tasks.pop(id, None)
        self._handles.pop(id, None)
        self._changed.set()
        self._pump()

    def _stop(self, id: str, state: JobState) -> None:
        job, task = self.get(id), self._tasks.get(id)
        if task is not None and not task.done():
            self._wanted[id] = state
            task.cancel()
        elif job.state.is_over and state is not job.state:
            return
        words = "Paused" if state is JobState.PAUSED else "Cancelled"
        self._change(id, state=state, words=words, seconds_left=None)

    def _change(self, id: str, **changed: Any) -> None:
        job = self._jobs.get(id)
        if job is None:
            return
        if id in self._wanted and id in self._tasks and "state" in changed:
            changed["state"] = self._wanted[id]  # it is on its way out: nothing it says brings it back
            changed["words"] = "Paused" if self._wanted[id] is JobState.PAUSED else "Cancelled"
            changed["error"] = changed["advice"] = changed["problem"] = ""
        made = replace(job, **changed)
        if made == job:
            return
        self._jobs[id] = made
        if made.state is not job.state:
            self._count_done(made)
        self._kept.changed(id, at_once=made.state is not job.state)
        self._tell(id)

    def _count_done(self, job: Job) -> None:
        """Those that are done while others go on; none once the queue is at rest."""
        if job.state is JobState.DONE:
            self._done.add(job.id)
        else:
            self._done.discard(job.id)
        if not job.state.is_going and not any(each.state.is_going for each in self._jobs.values()):
            self._done.clear()

    def _as_kept(self, id: str) -> Job | None:
        """As the next run is to find it, were this one killed now: what is to pause does not go on there."""
        job = self._jobs.get(id)
        return _paused(job) if job is not None and self.is_pausing(id) else job

    def _tell(self, id: str) -> None:
        self._changed.set()
        for changed in self._listeners:
            changed(id)

    def _sort(self) -> None:
        self._jobs = {job.id: job for job in sorted(self._jobs.values(), key=lambda job: (job.rank, job.id))}

    async def _keep(
        self, id: str, payload: Mapping[str, Any], also: Callable[[sqlite3.Connection], None] | None
    ) -> None:
        def kept(_: Job) -> None:
            if (job := self._jobs.get(id)) is not None:
                self._jobs[id] = replace(job, payload=dict(payload))
                self._tell(id)

        await self._kept.keep(lambda: replace(self._as_kept(id) or self.get(id), payload=dict(payload)), also, kept)
