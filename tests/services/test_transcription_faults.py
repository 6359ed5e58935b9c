"""What a hostile server, a stubborn user and a bad moment do to a transcription: nothing is lost or paid twice."""

from __future__ import annotations

import asyncio
import json
import statistics
import threading
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from hearing import NUMBERS, HearingServer, recording, refused, shut
from hearing_desk import ALL, OPTIONS, Desk
from hearing_desk import quick as quick
from hearing_desk import server as server
from hearing_desk import short as short
from hearing_desk import wav as wav
from msgspec.structs import replace
from waiting import until

from desktop.core.calls import Fate
from desktop.core.conversation import State
from desktop.core.errors import ArchiveFull
from desktop.core.profile import Budget
from desktop.services import booking
from desktop.services.jobs import JobState
from desktop.services.transcription import cutter, delivery
from desktop.services.transcription import run as run_module
from desktop.store import conversations, recordings


def count(server: HearingServer) -> Counter[str]:
    return Counter(sent.text for sent in server.sent)


# Pausing


async def test_a_pause_lets_paid_parts_end_and_pays_for_none_twice(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server, parts=2)
    server.gate.clear()
    (id,) = await desk.add(wav)
    await until(lambda: len(server.sent) == 2)
    assert desk.service.reason_to_stay() == (
        "2 parts of recordings are on the way to a model that is paid for, and may be charged again."
    )
    desk.service.pause(id)
    view = desk.service.job(id)
    assert (view.state, view.words, view.is_pausing) == (JobState.RUNNING, "Pauses after these 2 parts", True)
    server.gate.set()
    await desk.service.settled()
    view = desk.service.job(id)
    assert (view.state, view.parts_done, view.error, view.is_pausing) == (JobState.PAUSED, 2, "", False)
    assert len(server.sent) == 2 and desk.service.reason_to_stay() == ""
    desk.service.resume(id)
    await desk.service.settled()
    assert await desk.text(id) == ALL and set(count(server).values()) == {1}
    await desk.close()


async def test_a_second_pause_stops_at_once_and_going_on_takes_the_first_back(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server, parts=1)
    server.gate.clear()
    (id,) = await desk.add(wav)
    await until(lambda: len(server.sent) == 1)
    desk.service.pause(id)
    assert desk.service.job(id).words == "Pauses after this part"
    desk.service.resume(id)
    assert not desk.service.job(id).is_pausing
    desk.service.pause_all()
    assert desk.service.job(id).is_pausing
    desk.service.pause_all()
    await desk.service.settled()
    assert desk.service.job(id).state is JobState.PAUSED and desk.service.job(id).parts_done == 0
    server.gate.set()
    desk.service.resume_all()
    await desk.service.settled()
    assert desk.service.job(id).state is JobState.DONE and await desk.text(id) == ALL
    await desk.close()


async def test_a_pause_that_is_taken_back_goes_on_with_the_next_part(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server, parts=2)
    server.gate.clear()
    (id,) = await desk.add(wav)
    await until(lambda: len(server.sent) == 2)
    desk.service.pause(id)
    desk.service.resume(id)
    server.gate.set()
    await desk.service.settled()
    assert desk.service.job(id).state is JobState.DONE and set(count(server).values()) == {1}
    await desk.close()


async def test_what_may_be_repeated_is_paused_at_once(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server, parts=1)
    server.gate.clear()
    (id,) = await desk.add(wav, on_doubt="repeat")
    await until(lambda: len(server.sent) == 1)
    desk.service.pause(id)
    assert desk.service.job(id).state is JobState.PAUSED and desk.service.reason_to_stay() == ""
    await desk.close()


async def test_a_part_that_was_only_refused_is_in_no_doubt_when_the_job_is_stopped(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server, parts=1)
    server.faults = [None, refused(429, Retry_After="60")]
    (id,) = await desk.add(wav)
    await until(lambda: desk.service.job(id).state is JobState.WAITING)
    assert "rate limit" in desk.service.job(id).words
    desk.service.pause(id)
    await desk.service.settled()
    desk.service._jobs.resume(id)  # without the word that it may be paid twice
    await desk.service.settled()
    assert desk.service.job(id).state is JobState.DONE and await desk.text(id) == ALL
    await desk.close()


async def test_an_answer_that_has_come_is_kept_though_the_job_is_stopped_meanwhile(tmp_path, server, wav, monkeypatch):
    desk = Desk(tmp_path / "data", server, parts=1)
    is_busy, has_come, keep = threading.Event(), asyncio.Event(), booking.keep

    async def behind_others(database, *arguments):
        if not has_come.is_set():
            database.writer.submit(lambda db: is_busy.wait(120))
            has_come.set()
        await keep(database, *arguments)

    monkeypatch.setattr(booking, "keep", behind_others)
    (id,) = await desk.add(wav)
    await has_come.wait()
    desk.service.pause(id, at_once=True)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    is_busy.set()
    await desk.service.settled()
    assert (desk.service.job(id).state, len(server.sent)) == (JobState.PAUSED, 1)
    desk.service._jobs.resume(id)  # without the word that it may be paid twice
    await desk.service.settled()
    assert desk.service.job(id).state is JobState.DONE and await desk.text(id) == ALL
    assert set(count(server).values()) == {1} and {row.fate for row in desk.ledger()} == {Fate.COMPLETE}
    await desk.close()


@pytest.mark.parametrize("fault", [refused(500), refused(400)], ids=["in doubt", "refused"])
async def test_a_pause_does_not_wait_for_ever_behind_a_part_that_fails(tmp_path, server, wav, fault):
    desk = Desk(tmp_path / "data", server, parts=2)
    fails = threading.Event()

    def held(handler, sent):
        fails.wait(120)
        return fault(handler, sent)

    server.faults = [held, shut]
    (id,) = await desk.add(wav)
    await until(lambda: len(server.sent) == 2)
    desk.service.pause(id)
    many = desk.service.job(id).parts
    server.gate.set()
    await until(lambda: desk.jobs._handles[id]._held == 1)  # a third part waits for the one that will fail
    fails.set()
    await desk.service.settled()
    assert desk.service.job(id).state is JobState.PAUSED and len(server.sent) == 2 < many
    await desk.close()


async def test_a_part_in_doubt_is_asked_about_before_a_paused_job_sends_it_again(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server, parts=1)
    server.faults = [refused(500), shut]
    (id,) = await desk.add(wav)
    await until(lambda: len(server.sent) == 2)
    desk.service.pause(id)
    server.gate.set()
    await desk.service.settled()
    assert desk.service.job(id).state is JobState.PAUSED
    desk.service.resume_all()
    await desk.service.settled()
    assert desk.service.job(id).state is JobState.FAILED and "may be charged twice" in desk.service.job(id).advice
    assert set(count(server).values()) == {1}
    desk.service.retry(id)
    await desk.service.settled()
    assert desk.service.job(id).state is JobState.DONE and await desk.text(id) == ALL
    assert sorted(count(server).values())[-2:] == [1, 2]
    await desk.close()


# Waiting


async def test_a_job_that_waits_says_so_all_the_time_and_gives_its_place_to_another_model(tmp_path, server, wav, short):
    desk = Desk(tmp_path / "data", server, parts=1, budget=Budget(day=Decimal("0.0015")))
    desk.service.parallel = 1
    (blocked,) = await desk.add(wav)
    (same,) = await desk.add(wav)
    (other,) = await desk.add(short, model="gpt-transcribe", prompt="")
    await until(lambda: "Budget reached" in desk.service.job(blocked).words)
    said: list[str] = []
    desk.service.listen(lambda id: said.append(desk.service.job(id).words) if id == blocked else None)
    await until(lambda: desk.service.job(other).state in (JobState.WAITING, JobState.DONE))  # it has had its turn
    assert desk.service.job(same).state is JobState.QUEUED
    await until(lambda: len(said) > 5)
    assert all("Budget reached" in words or words == "Waits for its turn" for words in said), said
    await desk.budgets.allow(desk.profile, "day")
    await desk.service.settled()
    assert {view.state for view in desk.service.jobs()} == {JobState.DONE}
    await desk.close()


async def test_small_words_of_a_server_do_not_make_a_flood_and_absurd_ones_do_not_last(
    tmp_path, server, short, monkeypatch
):
    desk = Desk(tmp_path / "data", server)
    monkeypatch.setattr(delivery, "FIRST_WAIT_S", 0.1)
    server.faults = [refused(429, Retry_After="0.0001")] * 6
    began = time.monotonic()
    view = await desk.one(short)
    assert view.state is JobState.DONE and len(server.sent) == 7 and time.monotonic() - began >= 0.6
    server.faults = [refused(429, Retry_After="1e30")]
    (id,) = await desk.add(short)
    await until(lambda: desk.service.job(id).state is JobState.WAITING)
    assert desk.service.job(id).words == "Waits for the rate limit, 60 min"
    desk.service.resume(id)  # now
    await desk.service.settled()
    assert desk.service.job(id).state is JobState.DONE
    await desk.close()


def test_waits_grow_and_stay_bounded():
    from desktop.services.transcription.pace import growing

    assert [growing(2.0, n) for n in (0, 1, 4, 5, 5000)] == [2, 4, 32, 60, 60]


# What a server makes of a file


@pytest.mark.parametrize("status", [413, 400, 415])
async def test_a_whole_file_that_is_refused_is_sent_as_what_we_make_of_it(tmp_path, server, short, status):
    desk = Desk(tmp_path / "data", server)
    server.faults = [refused(status)]
    view = await desk.one(short)
    assert view.state is JobState.DONE and await desk.text(view.id) == "alpha bravo charlie"
    assert [Path(sent.name).suffix for sent in server.sent] == [".wav", ".flac"]
    await desk.close()


async def test_a_refused_parameter_is_not_tried_again(tmp_path, server, short):
    desk = Desk(tmp_path / "data", server)

    def fault(handler, sent):
        handler.answer(400, {"error": {"message": "no", "param": "language", "code": None, "type": "x"}})
        return True

    server.faults = [fault]
    view = await desk.one(short)
    assert view.state is JobState.FAILED and "language" in view.error and len(server.sent) == 1
    await desk.close()


async def test_the_archives_own_copy_is_sent_under_the_recordings_name(tmp_path, server, short):
    desk = Desk(tmp_path / "data", server)
    desk.copies = True
    mine = tmp_path / "mine.wav"
    mine.write_bytes(short.read_bytes())
    server.faults = [refused(401)]
    view = await desk.one(mine)
    assert view.state is JobState.FAILED
    mine.unlink()
    desk.service.retry(view.id)
    await desk.service.settled()
    assert desk.service.job(view.id).state is JobState.DONE
    assert [(sent.name, sent.size) for sent in server.sent] == [("mine.wav", short.stat().st_size)] * 2
    kinds = [desk.calls.get(row.call_id).start.parts[-1].mime for row in desk.ledger()]
    assert kinds == ["audio/wav"] * 2
    await desk.close()


def reply(**body):
    def fault(handler, sent):
        handler.answer(200, body)
        return True

    return fault


def seg(start, end, text, **more):
    return {"id": 0, "start": start, "end": end, "text": text, **more}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"text": "hello", "segments": None, "words": None, "usage": None, "language": None}, "hello"),
        ({"text": "a b", "segments": [seg(2, 1, "b"), seg(1, 2, "a")]}, "b a"),
        ({"text": "a b", "segments": [seg(-5, -1, "a"), seg(500, 1e12, "b")]}, "a b"),
        ({"text": "a", "segments": [seg(None, None, "a")], "words": [{"word": "a", "start": None, "end": 1e300}]}, "a"),
        ({"text": "a", "segments": [seg(0, 1, None), seg(0, 1, "a"), seg(0, 1, "")]}, "a"),
        ({"text": "a", "segments": [seg(float("nan"), float("inf"), "a")]}, "a"),
        ({"text": "x" * 200_000, "segments": []}, "x" * 200_000),
        ({"text": "a\x00b \ud800 \u202e", "segments": []}, None),
        ({"text": "a", "segments": [seg(0, 1, "a", avg_logprob="nan", tokens="none")]}, "a"),
    ],
)
async def test_any_reply_makes_a_transcript_in_order(tmp_path, server, short, body, text):
    desk = Desk(tmp_path / "data", server)
    server.faults = [reply(**body)]
    view = await desk.one(short)
    assert view.state is JobState.DONE, view.error
    transcript = (await desk.service.transcript(view.id)).transcript
    begins = [each.begins for each in transcript.segments]
    assert begins == sorted(begins)
    assert all(0 <= each.begins < each.ends <= transcript.milliseconds + 1 for each in transcript.segments)
    assert text is None or transcript.text == text
    await desk.close()


@pytest.mark.parametrize("said", [b"", b"<html>", b"[]", b'{"text": 5', b"null", b'{"segments": 3}', b'{"text": {}}'])
async def test_a_reply_that_cannot_be_read_is_told_and_retried_by_hand(tmp_path, server, short, said):
    desk = Desk(tmp_path / "data", server)

    def fault(handler, sent):
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(said)))
        handler.end_headers()
        handler.wfile.write(said)
        return True

    server.faults = [fault]
    view = await desk.one(short)
    assert view.state is JobState.FAILED and "cannot be read" in view.error and len(server.sent) == 1
    desk.service.retry(view.id)
    await desk.service.settled()
    assert await desk.text(view.id) == "alpha bravo charlie"
    await desk.close()


async def test_a_part_of_which_nothing_is_said_is_named(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server, parts=1)
    server.faults = [None, reply(text="", segments=[], words=[])]
    view = await desk.one(wav)
    assert view.state is JobState.DONE and len(view.nothing_in) == 1
    begins, ends = view.nothing_in[0]
    assert 0 < begins < ends and len((await desk.text(view.id)).split()) < len(NUMBERS)
    await desk.close()


# Streams


def streamed(*events: object, ends_well: bool = True):
    def fault(handler, sent):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        for event in events:
            data = event if isinstance(event, bytes) else json.dumps(event).encode()
            handler.wfile.write(b"data: " + data + b"\n\n")
        handler.wfile.flush()
        return True

    return fault


DELTA = {"type": "transcript.text.delta", "delta": "Alpha. "}
CUT_OFF = "may have been done and charged"


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ((DELTA, {"type": "transcript.text.done", "text": ""}), "Alpha."),
        ((DELTA, DELTA, b"[DONE]"), "Alpha. Alpha."),
        ((DELTA, b"{broken", {"type": "new"}, {"type": "transcript.text.done", "text": "All of it."}), "All of it."),
        ((DELTA,), None),
        ((b"[DONE]",), None),
        ((DELTA, {"type": "error", "error": {"message": "no", "code": "server_error"}}), None),
    ],
)
async def test_a_stream_is_whole_when_the_server_says_so(tmp_path, server, short, events, text):
    desk = Desk(tmp_path / "data", server)
    cards = {"gpt-4o-transcribe": {"hearing": {"streams": True}}}
    (tmp_path / "data" / "models.json").write_text(json.dumps({"cards": cards}))
    desk.catalogs.read_again()
    server.faults = [streamed(*events)]
    view = await desk.one(short, model="gpt-4o-transcribe")
    if text is None:
        assert view.state is JobState.FAILED and len(server.sent) == 1
        desk.service.retry(view.id)
        await desk.service.settled()
        text = "Alpha. Bravo. Charlie."
    assert desk.service.job(view.id).state is JobState.DONE and await desk.text(view.id) == text
    await desk.close()


# The disk, and what happens to files


async def test_a_full_disk_ends_the_cutting_with_its_reason(tmp_path, server, wav, monkeypatch):
    desk = Desk(tmp_path / "data", server)
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no device that is full")
    monkeypatch.setattr(cutter.cutting, "SUFFIX", {"flac": ".flac", "opus": ".ogg"})
    real = cutter.cutting.Writer.__init__

    def init(self, path, form):
        path.symlink_to(full)
        real(self, path, form)

    monkeypatch.setattr(cutter.cutting.Writer, "__init__", init)
    view = await desk.one(wav)
    assert view.state is JobState.FAILED and "could not be cut" in view.error, view
    assert server.sent == []
    await desk.close()


async def test_a_file_that_changes_while_it_is_heard_is_told(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server)
    mine = tmp_path / "mine.wav"
    mine.write_bytes(wav.read_bytes())
    (id,) = await desk.add(mine)
    await until(lambda: "Listens" in desk.service.job(id).words or desk.service.job(id).parts)
    with mine.open("ab") as file:
        file.write(b"\0" * 4)
    await desk.service.settled()
    view = desk.service.job(id)
    assert view.state is JobState.FAILED and "changed" in view.error, view
    await desk.close()


async def test_a_run_that_ended_before_its_files_were_written_is_not_paid_again(tmp_path, server, short):
    desk = Desk(tmp_path / "data", server)
    out = tmp_path / "out"
    out.write_text("a file is in the way")
    view = await desk.one(short, formats_out=("txt",), out_dir=str(out))
    assert view.state is JobState.FAILED and "The transcript is kept" in view.error
    assert await desk.text(view.id) == "alpha bravo charlie"
    out.unlink()
    desk.service.retry(view.id)
    await desk.service.settled()
    assert desk.service.job(view.id).state is JobState.DONE and len(server.sent) == 1
    assert (out / "short.txt").read_text().split()[-3:] == ["alpha", "bravo", "charlie"]
    desk.service.retry(view.id)  # what is done is done
    assert desk.service.job(view.id).state is JobState.DONE and len(server.sent) == 1
    await desk.close()


async def test_the_end_of_a_job_is_one_commit(tmp_path, server, short):
    """Killed behind it, the next run finds that all of it was heard."""
    desk = Desk(tmp_path / "data", server)
    view = await desk.one(short)
    kept = desk.database.read_now(lambda db: db.execute("SELECT payload FROM job").fetchone()[0])
    assert json.loads(kept)["work"]["is_heard"] is True
    desk.database.write_now(lambda db: db.execute("UPDATE job SET state = 'running'"))
    await desk.connections.aclose()
    await desk.database.aclose()
    again = Desk(tmp_path / "data", server)
    await again.service.start()
    await again.service.settled()
    assert again.service.job(view.id).state is JobState.DONE and len(server.sent) == 1
    await again.close()


async def test_what_was_edited_of_a_part_stays_when_the_rest_comes(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server, parts=1)
    server.faults = [None, refused(500)]
    view = await desk.one(wav)
    assert view.state is JobState.FAILED
    opened = await desk.service.transcript(view.id)
    first, *rest = opened.transcript.segments
    edited = replace(opened.transcript, segments=(replace(first, text="ALPHA!"), *rest[1:]))
    await desk.service.save(view.id, edited)
    desk.service.retry(view.id)
    await desk.service.settled()
    opened = await desk.service.transcript(view.id)
    assert opened.original.text == ALL and opened.is_edited
    assert opened.transcript.text == ALL.replace("alpha bravo", "ALPHA!")
    message = desk.database.read_now(lambda db: recordings.message_of(db, view.id))
    assert message.text == opened.transcript.text and message.state is State.COMPLETE
    await desk.close()


async def test_a_job_of_another_version_says_so(tmp_path, server, short):
    desk = Desk(tmp_path / "data", server)
    (id,) = await desk.jobs.add("transcription", [("", "odd", {"what": "is this"})])
    await desk.service.settled()
    assert desk.jobs.get(id).error.startswith("This job was made by another version")
    await desk.close()


# Many


async def test_more_parts_than_a_thousand_stay_on_their_channel():
    from desktop.core.catalog import Card
    from desktop.core.hearing import Hearing
    from desktop.services.transcription import plan

    card = Card("m", hearing=Hearing(max_seconds=5))
    pieces = plan.pieces(10_000_000, [], card, "flac", None)
    assert len(pieces) > 2000 and {piece.channel for piece in pieces} == {None}


async def test_parts_at_once_are_the_jobs_own_and_one_knows_the_one_before(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server, parts=3)
    view = await desk.one(wav, parts_at_once=1, prompt="Names:")
    assert view.state is JobState.DONE
    prompts = [sent.fields["prompt"][0] for sent in server.sent]
    assert prompts[0] == "Names:"
    assert all(after.endswith(before.text) for before, after in zip(server.sent, prompts[1:], strict=False))
    server.sent.clear()
    view = await desk.one(recording(tmp_path / "again.wav", 20), prompt="Names:")
    assert {sent.fields["prompt"][0] for sent in server.sent} == {"Names:"}
    await desk.close()


def others() -> int:
    """How many threads there are but for those of pools, which come when they are needed, and the server's."""
    names = [thread.name for thread in threading.enumerate()]
    return len(
        [
            name
            for name in names
            if not name.startswith(("asyncio_", "archive-reader")) and "process_request" not in name
        ]
    )


async def test_a_random_stop_at_any_moment_leaves_nothing_behind_and_loses_nothing(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server, parts=2)
    (id,) = await desk.add(wav, on_doubt="repeat")
    threads, took = others(), []
    for step in range(12):
        await asyncio.sleep(0.012 * step)
        began = time.monotonic()
        desk.service.cancel(id)
        await desk.service.settled()
        took.append(time.monotonic() - began)
        desk.service.retry(id)
    assert statistics.median(took) < 0.5  # each but for what else the machine does
    await desk.service.settled()
    assert desk.service.job(id).state is JobState.DONE and await desk.text(id) == ALL
    done = [sent.text for sent in server.answered]
    assert set(done) == set(count(server))
    await until(lambda: not list((tmp_path / "data" / "cache" / "transcription").glob("*")))
    assert others() <= threads
    assert not any(row.fate.value == "open" for row in desk.ledger())
    await desk.close()


# What is said


async def test_a_server_that_takes_long_and_a_disk_that_is_full_are_said(tmp_path, server, short):
    desk = Desk(tmp_path / "data", server)
    shift = 0.0
    desk.tools.clock = lambda: time.monotonic() + shift
    server.gate.clear()
    (id,) = await desk.add(short)
    run = await until_there(lambda: desk.service._runs.get(id))
    await until(lambda: run._progress.is_out(0))
    assert desk.service.job(id).words in ("Sends", "Is being heard")
    shift = 200.0
    run._progress.show()
    assert desk.service.job(id).words == "Is being heard, takes longer than usual: 3 min so far"
    run._has_trouble(ArchiveFull("The disk is full."))
    view = desk.service.job(id)
    assert view.state is JobState.WAITING and view.words.startswith("The disk is full. Make room")
    run._has_trouble(None)
    assert desk.service.job(id).state is JobState.RUNNING
    server.gate.set()
    await desk.service.settled()
    assert desk.service.job(id).state is JobState.DONE
    await desk.close()


async def until_there(find):
    await until(lambda: find() is not None)
    return find()


async def test_a_full_disk_at_the_end_is_waited_for_and_nothing_is_paid_again(tmp_path, server, short, monkeypatch):
    desk = Desk(tmp_path / "data", server)
    monkeypatch.setattr(run_module, "ROOM_S", 0.01)
    real, full = recordings.drop_parts, []

    def drop_parts(db, job):
        if full:
            raise full.pop()
        real(db, job)

    monkeypatch.setattr(recordings, "drop_parts", drop_parts)
    server.gate.clear()
    (id,) = await desk.add(short)
    await until(lambda: len(server.sent) == 1)
    server.gate.set()
    full += [ArchiveFull("The disk is full.")] * 3
    await desk.service.settled()
    assert desk.service.job(id).state is JobState.DONE and len(server.sent) == 1 and not full
    assert any(state == "waiting" and words.startswith("The disk is full.") for state, words in desk.told)
    await desk.close()


async def test_the_same_wishes_go_on_with_what_was_begun_unless_it_is_in_the_trash(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server, parts=1)
    server.faults = [None, refused(401)]
    view = await desk.one(wav)
    assert view.state is JobState.FAILED and view.parts_done == 1
    (look,) = await desk.service.look([str(wav)], OPTIONS)
    assert await desk.service.take_up(look, replace(OPTIONS, prompt="other words")) == ""
    desk.database.write_now(lambda db: conversations.trash(db, [view.conversation], 5))
    assert await desk.service.take_up(look, OPTIONS) == ""
    desk.database.write_now(lambda db: conversations.restore(db, [view.conversation]))
    assert await desk.service.take_up(look, replace(OPTIONS, formats_out=("txt",), out_dir=str(tmp_path))) == view.id
    await desk.service.settled()
    view = desk.service.job(view.id)
    assert view.state is JobState.DONE and view.written and count(server)[server.sent[0].text] == 1
    await desk.close()
