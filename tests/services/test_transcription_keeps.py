"""What has arrived is kept and never paid again: on a full disk in each phase, beside failures and faults of ours."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import Counter

from hearing import HearingServer, refused
from hearing_desk import ALL, OPTIONS, Desk
from hearing_desk import quick as quick
from hearing_desk import server as server
from hearing_desk import short as short
from hearing_desk import wav as wav
from waiting import until

from desktop.core.calls import Fate
from desktop.core.errors import ArchiveFull, ArchiveLocked
from desktop.services import jobs_kept
from desktop.services.jobs import Handle, JobState
from desktop.services.transcription import plan, sending
from desktop.services.transcription import run as run_module
from desktop.services.transcription.parts import Parts
from desktop.store import jobs as jobs_store
from desktop.store import ledger, recordings, streaming


def counts(server: HearingServer) -> Counter[str]:
    return Counter(sent.text for sent in server.sent)


class Fails:
    """A function of the archive that fails so many times, once it is told to."""

    def __init__(self, monkeypatch, module, name: str, error: type[Exception] = ArchiveFull) -> None:
        self.times, self._real, self._error = 0, getattr(module, name), error
        monkeypatch.setattr(module, name, self)

    def __call__(self, *arguments, **more):
        if self.times:
            self.times -= 1
            raise self._error("The archive cannot be written.")
        return self._real(*arguments, **more)


def quickly_again(monkeypatch) -> None:
    for module, name in ((sending, "AGAIN_S"), (streaming, "AGAIN_S"), (run_module, "ROOM_S")):
        monkeypatch.setattr(module, name, 0.01)


# The disk


async def test_on_a_full_disk_nothing_is_sent_and_the_job_says_what_it_waits_for(tmp_path, server, wav, monkeypatch):
    quickly_again(monkeypatch)
    desk = Desk(tmp_path / "data", server, parts=1)
    opening = Fails(monkeypatch, ledger, "open_row")
    server.faults = [lambda handler, sent: setattr(opening, "times", 5)]
    view = await desk.one(wav)
    assert view.state is JobState.DONE and await desk.text(view.id) == ALL and not opening.times
    assert set(counts(server).values()) == {1}
    assert any(state == "waiting" and words.startswith("The archive cannot be written.") for state, words in desk.told)
    await desk.close()


async def test_a_disk_that_is_full_when_a_part_is_counted_fails_nothing(tmp_path, server, wav, monkeypatch):
    quickly_again(monkeypatch)
    desk = Desk(tmp_path / "data", server, parts=1)
    counting = Fails(monkeypatch, jobs_store, "put")
    server.faults = [None, lambda handler, sent: setattr(counting, "times", 5)]
    view = await desk.one(wav)
    assert view.state is JobState.DONE and await desk.text(view.id) == ALL and not counting.times
    assert set(counts(server).values()) == {1}
    await desk.close()


async def test_the_window_asks_before_it_closes_on_what_a_full_disk_does_not_know(tmp_path, server, wav, monkeypatch):
    monkeypatch.setattr(jobs_kept, "KEPT_EVERY_S", 0.01)
    desk = Desk(tmp_path / "data", server)
    writing = Fails(monkeypatch, jobs_store, "put")
    (id,) = await desk.service.add(await desk.service.look([str(wav)], OPTIONS), OPTIONS, held=True)
    writing.times = 10**9
    desk.service.cancel(id)
    await until(lambda: desk.service.reason_to_stay() != "")
    assert "until there is room" in desk.service.reason_to_stay()
    writing.times = 0
    await until(lambda: desk.service.reason_to_stay() == "")
    await desk.close()


async def test_an_answer_waits_for_an_archive_that_another_program_holds(tmp_path, server, wav, monkeypatch):
    quickly_again(monkeypatch)
    desk = Desk(tmp_path / "data", server, parts=2)
    closing = Fails(monkeypatch, ledger, "close_row", ArchiveLocked)
    server.faults = [lambda handler, sent: setattr(closing, "times", 3)]
    view = await desk.one(wav)
    assert view.state is JobState.DONE and await desk.text(view.id) == ALL and not closing.times
    assert set(counts(server).values()) == {1}
    await desk.close()


async def test_a_budget_that_cannot_be_read_is_no_reason_to_lose_an_answer(tmp_path, server, wav, monkeypatch):
    desk = Desk(tmp_path / "data", server, parts=1)

    async def warn(profile):
        raise ArchiveLocked("Another program holds the archive.")

    monkeypatch.setattr(desk.budgets, "warn", warn)
    view = await desk.one(wav)
    assert view.state is JobState.DONE and await desk.text(view.id) == ALL
    await desk.close()


# Failures beside what is under way


async def test_a_fault_of_ours_lets_the_others_end_and_is_asked_about(tmp_path, server, wav, monkeypatch, caplog):
    desk = Desk(tmp_path / "data", server, parts=2)
    server.gate.clear()
    real, number = sending.audio.transcribe, itertools.count()

    async def faulty(*arguments, **more):
        is_second = next(number) == 1
        if not is_second:
            return await real(*arguments, **more)
        await until(lambda: len(server.sent) == 1)
        server.gate.set()
        await real(*arguments, **more)
        raise ZeroDivisionError

    monkeypatch.setattr(sending.audio, "transcribe", faulty)
    view = await desk.one(wav)
    assert view.state is JobState.FAILED and "inside Davenport" in view.error and "ZeroDivisionError" in caplog.text
    caplog.clear()
    assert view.parts_done == 1  # the other one, which was under way
    assert sorted(row.fate for row in desk.ledger()) == [Fate.COMPLETE, Fate.UNKNOWN]
    desk.service.retry(view.id)
    await desk.service.settled()
    view = desk.service.job(view.id)
    assert view.state is JobState.FAILED and "may have been done and charged" in view.error
    assert set(counts(server).values()) == {1}
    desk.service.retry(view.id)
    await desk.service.settled()
    assert desk.service.job(view.id).state is JobState.DONE and await desk.text(view.id) == ALL
    assert sorted(counts(server).values())[-2:] == [1, 2]
    await desk.close()


async def test_a_part_that_is_too_large_behind_a_failure_breaks_nothing_off(tmp_path, server, wav, monkeypatch):
    monkeypatch.setattr(plan, "SHORTEST_MS", 2000)
    desk = Desk(tmp_path / "data", server, parts=3)
    has_failed, was_too_large = threading.Event(), threading.Event()

    def held(handler, sent):
        was_too_large.wait(60)
        return False

    def too_large(handler, sent):
        has_failed.wait(60)
        return refused(413)(handler, sent)

    server.faults = [held, too_large, refused(401)]
    (id,) = await desk.add(wav)
    await until(lambda: id in desk.service._runs and desk.service._runs[id]._delivery is not None)
    await until(lambda: desk.service._runs[id]._delivery._failure is not None)
    has_failed.set()
    await until(lambda: 413 in {row.status for row in desk.ledger()})
    was_too_large.set()  # it is under way while the other one is looked at
    await desk.service.settled()
    view = desk.service.job(id)
    assert view.state is JobState.FAILED and "key" in view.error and view.parts_done == 1, view
    desk.service.retry(id)
    await desk.service.settled()
    assert desk.service.job(id).state is JobState.DONE and await desk.text(id) == ALL
    await desk.close()


async def test_waits_for_a_limit_are_no_tries_of_a_part_that_may_be_repeated(tmp_path, server, short):
    desk = Desk(tmp_path / "data", server)
    server.faults = [*[refused(429, Retry_After="0.001")] * 12, refused(500)]
    view = await desk.one(short, on_doubt="repeat")
    assert view.state is JobState.DONE and len(server.sent) == 14
    await desk.close()


# Waits


async def test_a_wait_that_the_server_asked_for_is_cut_short(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server, parts=1)
    server.faults = [None, refused(429, Retry_After="100")]
    (id,) = await desk.add(wav)
    await until(lambda: desk.service.job(id).state is JobState.WAITING)
    began = time.monotonic()
    desk.service.resume(id)
    await desk.service.settled()
    assert time.monotonic() - began < 60
    assert desk.service.job(id).state is JobState.DONE and await desk.text(id) == ALL
    await desk.close()


async def test_a_pause_waits_until_what_has_come_is_counted(tmp_path, server, wav, monkeypatch):
    """The second answer comes while the first is being counted, and is counted when that one is done with."""
    desk = Desk(tmp_path / "data", server, parts=2)
    may_answer, has_arrived, has_stepped = [threading.Event(), threading.Event()], asyncio.Event(), asyncio.Event()
    server.faults = [lambda handler, sent, each=each: not each.wait(60) for each in may_answer]
    keep, step, arrivals = run_module.Run._keep_work, Handle.step_ended, itertools.count(1)

    async def one_after_the_other(run, **changed):
        if changed or not run._parts.done:
            await keep(run, **changed)
        elif next(arrivals) == 1:
            await keep(run)
            may_answer[1].set()
            await has_arrived.wait()
        else:
            has_arrived.set()
            await has_stepped.wait()
            await keep(run)

    def stepped(handle):
        step(handle)
        has_stepped.set()

    monkeypatch.setattr(run_module.Run, "_keep_work", one_after_the_other)
    monkeypatch.setattr(Handle, "step_ended", stepped)
    (id,) = await desk.add(wav)
    await until(lambda: len(server.sent) == 2)
    desk.service.pause(id)
    may_answer[0].set()
    await desk.service.settled()
    assert (desk.service.job(id).state, desk.service.job(id).parts_done) == (JobState.PAUSED, 2)
    await desk.close()


# The writer


async def test_a_transcript_is_packed_beside_the_archives_writer(tmp_path, server, short, monkeypatch):
    desk = Desk(tmp_path / "data", server)
    workers, pack = [], recordings.pack

    def packed(transcript):
        workers.append(threading.current_thread())
        return pack(transcript)

    monkeypatch.setattr(recordings, "pack", packed)
    view = await desk.one(short)
    await desk.service.save(view.id, (await desk.service.transcript(view.id)).transcript)
    writer = desk.database.write_now(lambda db: threading.current_thread())
    assert len(workers) == 2 and writer not in workers and threading.main_thread() not in workers
    assert await desk.text(view.id) == "alpha bravo charlie"
    await desk.close()


async def test_what_is_joined_already_is_not_joined_again_at_the_end(tmp_path, server, wav, monkeypatch):
    desk = Desk(tmp_path / "data", server, parts=1)
    joined, transcript = [], Parts.transcript

    async def of_all(parts, listened):
        joined.append(len(parts.done))
        return await transcript(parts, listened)

    monkeypatch.setattr(Parts, "transcript", of_all)
    view = await desk.one(wav)
    assert joined == list(range(1, view.parts + 1)) and await desk.text(view.id) == ALL
    await desk.close()
