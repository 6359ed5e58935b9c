"""What is known of jobs and what is on the disk are the same: on a full disk, and whenever a stop comes."""

from __future__ import annotations

import asyncio

import pytest
from test_jobs import Works, add, being_added, queue, states
from test_jobs import database as database
from waiting import until

from desktop.core.errors import ArchiveFull, BadFile
from desktop.services import jobs_kept
from desktop.services.jobs import Handle, Jobs, JobState
from desktop.store import jobs as store


def on_disk(database) -> dict[str, str]:
    return {row.payload["title"]: row.state for row in database.read_now(store.listing)}


class Disk:
    """A disk that is full for a while."""

    def __init__(self, monkeypatch) -> None:
        self.is_full, self.refused, self._put = False, 0, store.put
        monkeypatch.setattr(store, "put", self)
        monkeypatch.setattr(jobs_kept, "KEPT_EVERY_S", 0.02)

    def __call__(self, db, row) -> None:
        if self.is_full:
            self.refused += 1
            raise ArchiveFull("The archive cannot be written.")
        self._put(db, row)


async def test_what_a_full_disk_refused_is_written_as_soon_as_there_is_room(database, monkeypatch):
    work, disk, said = Works(), Disk(monkeypatch), []
    jobs = Jobs(database, notice=said.append)
    jobs.register("k", work)
    ids = await add(jobs, "a", "b")
    await until(lambda: set(on_disk(database).values()) == {"running"})
    disk.is_full = True
    jobs.cancel(ids["a"])  # and nothing changes any more
    await until(lambda: disk.refused >= 3)
    assert on_disk(database)["a"] == "running"
    assert jobs.is_unkept and len(said) == 1 and "The archive cannot be written. Make room" in said[0]
    disk.is_full = False
    await until(lambda: on_disk(database)["a"] == "cancelled")
    await until(lambda: len(said) == 2)
    assert not jobs.is_unkept
    work.let("b")
    await jobs.settled()
    await jobs.aclose()
    assert len(said) == 2 and on_disk(database) == {"a": "cancelled", "b": "done"}


async def test_what_is_being_added_when_a_stop_comes_is_there_as_on_the_disk(database):
    work = Works()
    jobs = queue(database, work)
    adding, is_busy = await being_added(jobs, database)
    adding.cancel()
    await asyncio.sleep(0)
    is_busy.set()
    with pytest.raises(asyncio.CancelledError):
        await adding
    assert set(states(jobs)) == set(on_disk(database)) and len(states(jobs)) == jobs_kept.WRITTEN_AT_ONCE
    work.let(*states(jobs))
    await jobs.settled()
    assert set(states(jobs).values()) == {"done"}
    await jobs.aclose()


@pytest.mark.parametrize("failure", [BadFile("It went away."), ZeroDivisionError()], ids=["known", "a bug"])
async def test_a_job_that_fails_while_it_stops_is_paused_without_an_error(database, failure, caplog):
    async def work(handle: Handle) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise failure

    jobs = queue(database, work)
    ids = await add(jobs, "a")
    jobs.pause(ids["a"])
    await jobs.settled()
    job = jobs.get(ids["a"])
    assert (job.state, job.words, job.error, job.advice) == (JobState.PAUSED, "Paused", "", "")
    caplog.clear()
    await jobs.aclose()


async def test_what_is_done_when_a_stop_comes_with_its_end_is_done(database):
    async def work(handle: Handle) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return  # its last step was a commit that is not broken off

    jobs = queue(database, work)
    ids = await add(jobs, "a")
    jobs.pause(ids["a"])
    await jobs.settled()
    assert (jobs.get(ids["a"]).state, jobs.get(ids["a"]).progress) == (JobState.DONE, 1.0)
    await jobs.aclose()
    assert on_disk(database) == {"a": "done"}


async def test_the_end_of_the_application_does_not_take_a_pause_back(database):
    async def work(handle: Handle) -> None:
        handle.ends_first = lambda: "Pauses after this part"
        await asyncio.Event().wait()

    jobs = queue(database, work)
    ids = await add(jobs, "a", "b")
    jobs.pause(ids["a"])
    assert jobs.is_pausing(ids["a"])
    await jobs.aclose()
    again = queue(database, Works())
    await again.load()
    assert states(again) == {"a": "paused", "b": "running"}
    await again.aclose()


async def test_a_run_that_is_killed_before_a_pause_took_effect_is_found_paused(database):
    goes_on = asyncio.Event()

    async def work(handle: Handle) -> None:
        handle.ends_first = lambda: "Pauses after this part"
        await goes_on.wait()
        await handle.keep({"part": 1})
        goes_on.clear()
        await goes_on.wait()

    jobs = queue(database, work)
    ids = await add(jobs, "a")
    await until(lambda: on_disk(database) == {"a": "running"})
    jobs.pause(ids["a"])
    await until(lambda: on_disk(database) == {"a": "paused"})
    goes_on.set()
    await until(lambda: jobs.get(ids["a"]).payload == {"part": 1})
    assert on_disk(database) == {"a": "paused"} and states(jobs) == {"a": "running"}
    jobs.resume(ids["a"])
    await until(lambda: on_disk(database) == {"a": "running"})
    await jobs.aclose()
