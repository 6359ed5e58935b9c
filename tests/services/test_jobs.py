"""The queue: order, how much runs at once, pausing, cancelling, and what a restart finds."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from waiting import until

from desktop.core.errors import BadFile, Missing
from desktop.services.jobs import TURN, Handle, Jobs, JobState
from desktop.store.database import Database


class Works:
    """Work that waits to be let go, job by job."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.now = 0
        self.most = 0

    async def __call__(self, handle: Handle) -> None:
        title = handle._jobs.get(handle.id).title
        self.begun.append(title)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            handle.works("Works", 0.25)
            await self.gates.setdefault(title, asyncio.Event()).wait()
            if title == "bad":
                raise BadFile("This file is bad.", "Choose another.")
            if title == "broken":
                raise ZeroDivisionError
            await handle.keep({"done": title})
        finally:
            self.now -= 1

    def let(self, *titles: str) -> None:
        for title in titles:
            self.gates.setdefault(title, asyncio.Event()).set()


@pytest.fixture
def database(tmp_path):
    made = Database.open(tmp_path)
    yield made
    made.close()


def queue(database, work, parallel: int = 2) -> Jobs:
    jobs = Jobs(database, parallel=parallel)
    jobs.register("k", work)
    return jobs


async def add(jobs: Jobs, *titles: str) -> dict[str, str]:
    ids = await jobs.add("k", [("", title, {"title": title}) for title in titles])
    await asyncio.sleep(0)
    return dict(zip(titles, ids, strict=True))


async def being_added(jobs: Jobs, database: Database) -> tuple[asyncio.Task[tuple[str, ...]], threading.Event]:
    """More jobs than are written at once, which wait for the archive's writer until the event is set."""
    is_busy = threading.Event()
    await jobs.load()
    database.writer.submit(lambda db: is_busy.wait(120))
    adding = asyncio.create_task(jobs.add("k", [("", f"{n}", {}) for n in range(150)]))
    await asyncio.sleep(0)
    return adding, is_busy


def states(jobs: Jobs) -> dict[str, str]:
    return {job.title: job.state.value for job in jobs.all()}


async def test_so_many_run_at_once_in_their_order(database):
    work = Works()
    jobs = queue(database, work)
    await add(jobs, "a", "b", "c", "d")
    assert work.begun == ["a", "b"] and jobs.get(jobs.all()[2].id).words == TURN
    assert (jobs.summary().running, jobs.summary().queued) == (2, 2)
    assert jobs.summary().progress == pytest.approx(0.125)
    work.let("a")
    await jobs.settled([jobs.all()[0].id])
    await asyncio.sleep(0)  # the next one begins
    assert jobs.summary().progress == pytest.approx((1 + 0.25 + 0.25 + 0) / 4), "what is done counts while others go on"
    work.let("a", "b", "c", "d")
    await jobs.settled()
    assert work.begun == ["a", "b", "c", "d"] and work.most == 2
    assert set(states(jobs).values()) == {"done"}
    await jobs.aclose()


async def test_a_job_is_moved_before_another_and_to_the_end(database):
    work = Works()
    jobs = queue(database, work, 1)
    ids = await add(jobs, "a", "b", "c", "d")
    jobs.move(ids["d"], ids["b"])
    jobs.move(ids["b"], None)
    assert [job.title for job in jobs.all()] == ["a", "d", "c", "b"]
    for turn in range(120):  # into one gap, until ranks have no room left
        jobs.move(ids["c" if turn % 2 else "b"], ids["d"])
    assert [job.title for job in jobs.all()] == ["a", "b", "c", "d"]
    work.let(*"abcd")
    await jobs.settled()
    assert work.begun == ["a", "b", "c", "d"]
    await jobs.aclose()


async def test_pause_resume_cancel_retry(database):
    work = Works()
    jobs = queue(database, work)
    ids = await add(jobs, "a", "b", "c")
    jobs.pause(ids["a"])
    jobs.cancel(ids["b"])
    assert states(jobs) == {"a": "paused", "b": "cancelled", "c": "queued"}
    await until(lambda: states(jobs) == {"a": "paused", "b": "cancelled", "c": "running"})
    jobs.resume(ids["a"])
    jobs.retry(ids["b"])
    work.let("a", "b", "c")
    await jobs.settled()
    assert set(states(jobs).values()) == {"done"}
    assert jobs.get(ids["a"]).payload == {"done": "a"}
    await jobs.aclose()


async def test_a_job_that_is_resumed_while_it_stops_begins_again(database):
    work = Works()
    jobs = queue(database, work)
    ids = await add(jobs, "a")
    jobs.pause(ids["a"])
    jobs.resume(ids["a"])
    work.let("a")
    await jobs.settled()
    assert states(jobs) == {"a": "done"} and work.begun == ["a", "a"]
    await jobs.aclose()


async def test_a_failure_has_its_sentence_and_leaves_the_others(database, caplog):
    work = Works()
    jobs = queue(database, work, 3)
    ids = await add(jobs, "bad", "broken", "good")
    work.let("bad", "broken", "good")
    await jobs.settled()
    assert states(jobs) == {"bad": "failed", "broken": "failed", "good": "done"}
    assert (jobs.get(ids["bad"]).error, jobs.get(ids["bad"]).advice) == ("This file is bad.", "Choose another.")
    assert "inside Davenport" in jobs.get(ids["broken"]).error and "ZeroDivisionError" in caplog.text
    caplog.clear()
    await jobs.aclose()


async def test_a_restart_finds_all_of_it_and_takes_up_what_ran(database):
    work = Works()
    first = queue(database, work, 1)
    ids = await add(first, "a", "b", "c", "d")
    work.let("a")
    await until(lambda: states(first)["b"] == "running")
    first.pause(ids["c"])
    first.move(ids["d"], ids["b"])
    await first.aclose()
    again = Works()
    second = queue(database, again, 1)
    await second.load()
    await asyncio.sleep(0)
    assert states(second) == {"a": "done", "d": "running", "b": "queued", "c": "paused"}
    assert [job.title for job in second.all()] == ["a", "d", "b", "c"]
    again.let("b", "d")
    await second.settled()
    assert again.begun == ["d", "b"]
    await second.forget(ids["a"])
    with pytest.raises(Missing):
        second.get(ids["a"])
    await second.aclose()


async def test_the_terminal_leaves_what_was_queued_before(database):
    work = Works()
    first = queue(database, work, 1)
    await add(first, "old")
    await first.aclose()
    again = Works()
    second = queue(database, again, 1)
    second.only_new()
    await add(second, "new")
    again.let("old", "new")
    await second.settled([second.all()[-1].id])
    assert again.begun == ["new"] and states(second) == {"old": "queued", "new": "done"}
    await second.aclose()


async def test_all_are_held_and_let_go(database):
    work = Works()
    jobs = queue(database, work)
    ids = await add(jobs, "a", "b", "c")
    jobs.pause_all()
    assert set(states(jobs).values()) == {"paused"} and jobs.is_held
    await jobs.settled()
    jobs.resume_all()
    await asyncio.sleep(0)
    work.let("a", "b", "c")
    await jobs.settled(ids.values())
    assert set(states(jobs).values()) == {"done"}
    await jobs.aclose()


async def test_progress_is_written_down_once_a_second_at_most(database):
    async def ticks(handle: Handle) -> None:
        for step in range(2000):
            handle.works("Works", step / 2000)
            if not step % 100:
                await asyncio.sleep(0)

    kept = "SELECT value FROM davenport WHERE name = 'commits'"

    def commits() -> int:
        return int(database.read_now(lambda db: db.execute(kept).fetchone()[0]))

    jobs = queue(database, ticks)
    before, began = commits(), time.monotonic()
    await add(jobs, "a")
    await jobs.settled()
    await jobs.aclose()
    assert commits() - before <= 5 + (time.monotonic() - began)
    assert database.read_now(lambda db: db.execute("SELECT state FROM job").fetchone()[0]) == JobState.DONE


class Waits(Works):
    """Work that waits for something outside first, until it is let go, and then goes on as the others do."""

    async def __call__(self, handle: Handle) -> None:
        title = handle._jobs.get(handle.id).title
        if title.startswith("w"):
            handle.waits("Waits for money", gives_way=True)
            await self.gates.setdefault(f"money {title}", asyncio.Event()).wait()
            await handle.turn()
        await super().__call__(handle)


async def test_a_job_that_waits_gives_its_place_to_one_that_needs_something_else(database):
    work = Waits()
    jobs = Jobs(database, parallel=1)
    jobs.register("k", work, lambda payload: payload["title"][0])
    ids = await add(jobs, "w1", "w2", "a", "b")
    await asyncio.sleep(0)
    assert states(jobs) == {"w1": "waiting", "w2": "queued", "a": "running", "b": "queued"}
    work.let("money w1")
    await until(lambda: jobs.get(ids["w1"]).words == TURN)
    assert states(jobs)["w1"] == "waiting"  # the place is taken
    work.let("a", "w1")
    await jobs.settled([ids["w1"]])
    assert work.begun == ["a", "w1"] and work.most == 1  # its turn comes before that of those behind it
    work.let("w2", "money w2", "b")
    await jobs.settled()
    assert set(states(jobs).values()) == {"done"} and work.most == 1
    await jobs.aclose()


async def test_a_pause_waits_for_what_should_not_be_broken_off(database):
    gate, steps = asyncio.Event(), []

    async def work(handle: Handle) -> None:
        under_way = [True]
        handle.ends_first = lambda: "Pauses after this step" if under_way else ""
        for step in (1, 2):
            await handle.gate()
            under_way[:] = [True]
            handle.works("Works")
            await gate.wait()
            steps.append(step)
            under_way.clear()
            handle.step_ended()

    jobs = queue(database, work)
    ids = await add(jobs, "a")
    await asyncio.sleep(0)
    jobs.pause(ids["a"])
    assert (jobs.get(ids["a"]).words, jobs.is_pausing(ids["a"])) == ("Pauses after this step", True)
    gate.set()
    await jobs.settled()
    assert steps == [1] and states(jobs) == {"a": "paused"}
    gate.clear()
    jobs.resume(ids["a"])
    await asyncio.sleep(0)
    jobs.pause(ids["a"])
    told = []
    jobs.listen(lambda id: told.append((jobs.get(id).state.value, jobs.is_pausing(id))))
    jobs.pause(ids["a"], at_once=True)
    await jobs.settled()
    assert steps == [1] and told == [("paused", False)]
    await jobs.aclose()


async def test_what_is_added_to_a_held_queue_is_held_and_nothing_stays_for_ever(database):
    work = Works()
    jobs = queue(database, work)
    ids = await add(jobs, "a")
    jobs.pause_all()
    ids |= await add(jobs, "b")
    assert states(jobs) == {"a": "paused", "b": "paused"}
    work.let("a", "b", "c")
    for title in "ab":  # one by one, and no more is held
        jobs.resume(ids[title])
    await jobs.settled()
    assert not jobs.is_held
    await add(jobs, "c")
    await jobs.settled()
    assert set(states(jobs).values()) == {"done"}
    await jobs.aclose()


async def test_what_is_done_stays_done(database):
    work = Works()
    jobs = queue(database, work)
    ids = await add(jobs, "a")
    work.let("a")
    await jobs.settled()
    jobs.retry(ids["a"])
    jobs.pause(ids["a"])
    assert states(jobs) == {"a": "done"}
    await jobs.aclose()


async def test_an_archive_for_reading_only_shows_jobs_and_begins_none(database, tmp_path):
    work = Works()
    first = queue(database, work, 1)
    await add(first, "a")
    await first.aclose()
    again = Works()
    reader = Database.reader(tmp_path)
    second = queue(reader, again)
    await second.load()
    await asyncio.sleep(0.01)
    assert again.begun == [] and states(second) == {"a": "queued"}
    await second.aclose()
    reader.close()


async def test_the_state_of_a_version_to_come_is_no_reason_to_read_nothing(database):
    work = Works()
    first = queue(database, work, 1)
    ids = await add(first, "a")
    await first.aclose()
    database.write_now(lambda db: db.execute("UPDATE job SET state = 'dreaming'"))
    second = queue(database, work)
    await second.load()
    assert second.get(ids["a"]).state is JobState.PAUSED
    await second.aclose()


async def test_what_a_job_keeps_is_never_overwritten_by_what_was_known_before(database):
    kept = "SELECT json_extract(payload, '$.work.n') FROM job"
    seen = []

    async def work(handle: Handle) -> None:
        for n in range(40):
            handle.waits("Waits")  # a change of state is written at once, beside what follows
            await asyncio.sleep(0)
            await handle.keep({"n": n})
            for _ in range(3):
                await asyncio.sleep(0.001)
            seen.append(await database.read(lambda db: db.execute(kept).fetchone()[0]))
            handle.works("Works")

    jobs = queue(database, work)
    await add(jobs, "a")
    await jobs.settled()
    assert seen == list(range(40))
    await jobs.aclose()


async def test_what_is_being_kept_when_a_job_is_stopped_counts(database):
    let, done, disk = asyncio.Event(), [], threading.Event()

    async def work(handle: Handle) -> None:
        if handle.payload.get("n"):
            done.append(handle.payload["n"])
            return
        let.set()
        await handle.keep({"n": 1}, lambda db: disk.wait(120))
        raise AssertionError("it was stopped before")

    jobs = queue(database, work)
    ids = await add(jobs, "a")
    await let.wait()
    await asyncio.sleep(0)
    jobs.pause(ids["a"])
    await asyncio.sleep(0)
    disk.set()
    await jobs.settled()
    assert jobs.get(ids["a"]).payload == {"n": 1}
    jobs.resume(ids["a"])
    await jobs.settled()
    assert done == [1]
    await jobs.aclose()


async def test_a_pause_that_is_taken_back_while_the_run_still_ends_goes_on(database):
    gate, begun = asyncio.Event(), []

    async def work(handle: Handle) -> None:
        begun.append(handle.id)
        handle.ends_first = lambda: "Pauses after this step"
        handle.works("Works")
        await gate.wait()

    jobs = queue(database, work)
    ids = await add(jobs, "a")
    jobs.pause(ids["a"])
    jobs.pause(ids["a"])  # does not wait for the step
    jobs.resume(ids["a"])
    gate.set()
    await jobs.settled()
    assert len(begun) == 2 and states(jobs) == {"a": "done"}
    await jobs.aclose()


async def test_what_is_still_being_added_when_the_queue_is_held_is_held_too(database):
    work = Works()
    jobs = queue(database, work)
    adding, is_busy = await being_added(jobs, database)
    jobs.pause_all()
    is_busy.set()
    ids = await adding
    assert {jobs.get(id).state for id in ids} == {JobState.PAUSED} and work.begun == []
    await jobs.aclose()
    again = queue(database, work)
    await again.load()
    assert {job.state for job in again.all()} == {JobState.PAUSED}
    await again.aclose()
