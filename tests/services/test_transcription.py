"""Recordings become transcripts: real services, a real archive, real sockets; the server fails as it is told to."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hearing import NUMBERS, REQUEST_ID, cut, recording, refused, shut, silent
from hearing_desk import ALL, MODEL, OPTIONS, Desk
from hearing_desk import quick as quick
from hearing_desk import server as server
from hearing_desk import short as short
from hearing_desk import wav as wav
from msgspec.structs import replace
from quickness import quickest
from waiting import until

from desktop.core.calls import Fate
from desktop.core.conversation import Role, State
from desktop.core.errors import BadFile, BadInput, Offline, Unreachable
from desktop.core.profile import Budget, Limits
from desktop.core.transcript import Doubt, Segment
from desktop.services.jobs import JobState
from desktop.services.transcription import export, sending
from desktop.services.transcription import run as run_module
from desktop.store import conversations, recordings, search


async def test_a_short_recording_is_sent_as_it_is_and_kept(tmp_path, server, short):
    desk = Desk(tmp_path / "data", server)
    view = await desk.one(short)
    assert (view.state, view.words, view.progress) == (JobState.DONE, "Done", 1.0)
    assert [sent.size for sent in server.sent] == [short.stat().st_size]
    assert server.sent[0].name == "short.wav"
    opened = await desk.service.transcript(view.recording)
    assert opened.transcript.text == "alpha bravo charlie" and opened.path == str(short)
    assert [(s.doubt, len(s.words)) for s in opened.transcript.segments] == [(0, 1)] * 3
    assert len(opened.peaks.lows) == len(opened.peaks.levels) == pytest.approx(opened.recording.seconds * 100, abs=2)
    (row,) = desk.ledger()
    assert (row.page, row.model, row.fate) == ("transcription", MODEL, Fate.COMPLETE)
    assert (row.conversation, row.status, row.request_id) == (view.conversation, 200, REQUEST_ID)
    assert row.cost_pico == int(row.usage.seconds * 100_000_000) and row.estimate_pico > 0
    record = desk.calls.get(row.call_id)
    file = record.start.parts[-1]
    assert (file.file_name, file.mime, file.size_bytes) == ("short.wav", "audio/wav", short.stat().st_size)
    assert file.sha256 == opened.recording.sha256 and record.start.body == b""
    await desk.close()


async def test_the_transcript_is_a_conversation_that_is_found(tmp_path, server, short):
    desk = Desk(tmp_path / "data", server)
    view = await desk.one(short)

    def read(db):
        outline = conversations.outline(db, view.conversation)
        return conversations.get(db, view.conversation), conversations.messages(db, list(outline.parents))

    conversation, (asked, answer) = desk.database.read_now(read)
    assert (conversation.page, conversation.title) == ("transcription", "short.wav")
    assert asked.role is Role.USER and asked.parts[0].name == "short.wav"
    assert (answer.text, answer.state, answer.model) == ("alpha bravo charlie", State.COMPLETE, MODEL)
    assert answer.cost_pico == conversation.cost_pico == desk.ledger()[0].cost_pico
    found = desk.database.read_now(lambda db: conversations.listing(db, search="bravo", page="transcription"))
    assert [each.id for each in found] == [view.conversation]
    desk.database.write_now(lambda db: conversations.purge(db, [view.conversation]))
    left = desk.database.read_now(
        lambda db: [db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("recording", "transcript", "peaks")]
    )
    assert left == [0, 0, 0]
    await desk.close()


async def test_a_long_one_is_cut_in_silences_and_every_part_is_sent_once(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server)
    heard = []
    server.gate.clear()
    (id,) = await desk.add(wav)
    desk.service.listen_partial(id, heard.append)
    server.gate.set()
    await desk.service.settled()
    view = desk.service.job(id)
    assert view.state is JobState.DONE and view.parts == view.parts_done == len(server.sent) >= 4
    assert await desk.text(id) == ALL
    assert len({sent.text for sent in server.sent}) == len(server.sent)
    segments = (await desk.service.transcript(id)).transcript.segments
    assert all(a.begins <= b.begins and a.ends <= b.begins + 20 for a, b in itertools.pairwise(segments))
    at = sum(0.6 + 0.08 * n + 0.7 for n in range(20))
    assert segments[20].begins == pytest.approx(at * 1000, abs=60)
    assert not list((tmp_path / "data" / "cache" / "transcription").glob("*"))
    assert len(heard) >= view.parts and len(heard[-1].segments) == len(segments)
    assert desk.database.read_now(lambda db: recordings.parts(db, id)) == []
    progress = [words for state, words in desk.told if state == "running"]
    assert any("parts are done" in words for words in progress)
    await desk.close()


async def test_429_is_waited_for_and_said(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server, parts=1)
    server.faults = [None, *[refused(429, "rate_limit_exceeded", Retry_After="0.3")] * 4]
    began = time.monotonic()
    view = await desk.one(wav)
    assert view.state is JobState.DONE and await desk.text(view.id) == ALL
    assert len(server.sent) == view.parts + 4 and len(server.answered) == view.parts
    assert time.monotonic() - began >= 1.2
    assert any(state == "waiting" and "rate limit" in words.lower() for state, words in desk.told)
    assert all(row.fate in (Fate.COMPLETE, Fate.FAILED) for row in desk.ledger())
    await desk.close()


@pytest.mark.parametrize("fault", [refused(500), cut, silent(9.0)], ids=["500", "cut", "timeout"])
async def test_what_may_have_run_is_asked_about_and_nothing_that_arrived_is_paid_twice(tmp_path, server, wav, fault):
    desk = Desk(tmp_path / "data", server, limits=Limits(reasoning_s=6))
    server.faults = [None, fault]
    view = await desk.one(wav)
    assert view.state is JobState.FAILED and "may have been done and charged" in view.error, view
    assert view.parts_done == view.parts - 1
    partial = (await desk.text(view.id)).split()
    assert set(partial) < set(NUMBERS) and len(partial) >= len(NUMBERS) - 12
    many = len(server.sent)
    assert many == view.parts
    desk.service.retry(view.id)
    await desk.service.settled()
    assert desk.service.job(view.id).state is JobState.DONE and await desk.text(view.id) == ALL
    assert len(server.sent) == many + 1
    counts = Counter(sent.text for sent in server.sent)
    assert sorted(counts.values()) == [1] * (view.parts - 1) + [2]
    fates = sorted(row.fate.value for row in desk.ledger())
    assert fates.count("unknown") == 1 and fates.count("complete") == view.parts
    await desk.close()


async def test_no_network_and_a_server_that_is_away_are_waited_for(tmp_path, server, wav, monkeypatch):
    desk = Desk(tmp_path / "data", server, parts=1)
    real, fails = sending.audio.transcribe, [Offline("There is no network."), Unreachable("It could not be reached.")]

    async def flaky(*arguments, **more):
        if fails:
            raise fails.pop(0)
        return await real(*arguments, **more)

    monkeypatch.setattr(sending.audio, "transcribe", flaky)
    view = await desk.one(wav)
    assert view.state is JobState.DONE and await desk.text(view.id) == ALL
    said = [words for state, words in desk.told if state == "waiting"]
    assert any(words.startswith("No network. There is no network. Tries again in 1 s") for words in said), said
    assert any(words.startswith("It could not be reached. Tries again in ") for words in said), said
    await desk.close()


async def test_a_part_that_is_refused_as_too_large_is_cut_again(tmp_path, server):
    desk = Desk(tmp_path / "data", server, longest_s=90, parts=1)
    long = recording(tmp_path / "long.mkv.wav", len(NUMBERS), channels=2)
    server.faults = [refused(413), None]
    view = await desk.one(long, channel="left")
    assert view.state is JobState.DONE and view.parts == 2 and await desk.text(view.id) == ALL
    assert len(server.sent) == 3
    await desk.close()


async def test_words_that_come_just_behind_a_look_at_the_transcript_are_shown_too(tmp_path, server, short, monkeypatch):
    monkeypatch.setattr(run_module, "TELL_S", 1.0)
    desk = Desk(tmp_path / "data", server)
    cards = {"gpt-4o-transcribe": {"hearing": {"streams": True}}}
    (tmp_path / "data" / "models.json").write_text(json.dumps({"cards": cards}))
    desk.catalogs.read_again()
    speaks, ends, told = threading.Event(), threading.Event(), asyncio.Event()

    def stream(handler, sent):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        speaks.wait(120)
        handler.wfile.write(b'data: {"type": "transcript.text.delta", "delta": "Alpha."}\n\n')
        handler.wfile.flush()
        ends.wait(120)
        handler.wfile.write(b'data: {"type": "transcript.text.done", "text": "Alpha."}\n\n')
        return True

    server.faults = [stream]
    (id,) = await desk.add(short, model="gpt-4o-transcribe")
    await until(lambda: len(server.sent) == 1)
    desk.service.listen_partial(id, lambda transcript: told.set())
    speaks.set()
    await asyncio.wait_for(told.wait(), 60)
    ends.set()
    await desk.service.settled()
    assert desk.service.job(id).state is JobState.DONE
    await desk.close()


async def test_words_of_a_stream_are_heard_as_they_come(tmp_path, server, short):
    desk = Desk(tmp_path / "data", server)
    cards = {"gpt-4o-transcribe": {"hearing": {"streams": True}}}
    (tmp_path / "data" / "models.json").write_text(json.dumps({"cards": cards}))
    desk.catalogs.read_again()
    told = asyncio.Event()
    begin, let = threading.Event(), threading.Event()

    def stream(handler, sent):
        begin.wait(120)
        assert sent.fields["stream"] == ["true"]
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(b'data: {"type": "transcript.text.delta", "delta": "Alpha."}\n\n')
        handler.wfile.flush()
        let.wait(120)
        done = {"type": "transcript.text.done", "text": "Alpha. Bravo. Charlie.", "usage": None}
        handler.wfile.write(b"data: " + json.dumps(done).encode() + b"\n\n")
        return True

    server.faults = [stream]
    heard = []
    (id,) = await desk.add(short, model="gpt-4o-transcribe")

    def partial(transcript):
        heard.append(transcript.text)
        told.set()

    desk.service.listen_partial(id, partial)
    begin.set()
    await asyncio.wait_for(told.wait(), 60)
    assert heard[0] == "Alpha." and desk.service.job(id).state is JobState.RUNNING
    let.set()
    await desk.service.settled()
    assert await desk.text(id) == heard[-1] == "Alpha. Bravo. Charlie."
    await desk.close()


async def test_an_unattended_job_repeats_where_the_user_chose_it(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server)
    server.faults = [refused(500), cut, refused(500)]
    view = await desk.one(wav, on_doubt="repeat")
    assert view.state is JobState.DONE and await desk.text(view.id) == ALL
    assert len(server.sent) == view.parts + 3
    await desk.close()


async def test_a_stopped_run_goes_on_at_the_first_missing_part(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server, parts=1)
    server.faults = [None, None, shut]
    (id,) = await desk.add(wav)
    while len(server.sent) < 3:
        await asyncio.sleep(0.02)
    await desk.close()
    server.gate.set()
    arrived = [sent.text for sent in server.answered[:2]]
    again = Desk(tmp_path / "data", server, parts=1)
    await again.service.start()
    await again.service.settled()
    assert again.service.job(id).state is JobState.FAILED  # the part in flight may have been charged
    again.service.retry(id)
    await again.service.settled()
    assert again.service.job(id).state is JobState.DONE and await again.text(id) == ALL
    assert [sent.text for sent in server.sent].count(arrived[0]) == 1
    assert [sent.text for sent in server.sent].count(arrived[1]) == 1
    await again.close()


async def test_a_cancel_is_heard_within_a_fifth_of_a_second(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server)
    server.gate.clear()
    (id,) = await desk.add(wav)

    async def cancel() -> float:
        desk.service.retry(id)
        many = len(server.sent) + 2
        while len(server.sent) < many:
            await asyncio.sleep(0.02)
        began = time.monotonic()
        desk.service.cancel(id)
        assert desk.service.job(id).state is JobState.CANCELLED
        await desk.service.settled()
        return time.monotonic() - began

    assert await quickest(cancel, 0.2) < 0.2  # no part has been answered
    assert {row.fate for row in desk.ledger()} == {Fate.STOPPED}
    await desk.service.forget(id)
    assert (
        desk.service.jobs() == ()
        and desk.database.read_now(lambda db: conversations.listing(db, page="transcription")) == []
    )
    await desk.close()


async def test_a_budget_stops_before_a_part_is_sent_and_goes_on_when_it_is_raised(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server, parts=1, budget=Budget(day=Decimal("0.0015")))
    (id,) = await desk.add(wav)
    while not any("Budget reached" in words for _, words in desk.told):
        await asyncio.sleep(0.02)
    few = len(server.sent)
    assert 0 < few < desk.service.job(id).parts
    await desk.budgets.allow(desk.profile, "day")
    await desk.service.settled()
    assert desk.service.job(id).state is JobState.DONE and await desk.text(id) == ALL
    await desk.close()


async def test_a_file_that_changes_is_told(tmp_path, server, short):
    moved = tmp_path / "talk.wav"
    moved.write_bytes(short.read_bytes())
    desk = Desk(tmp_path / "data", server)
    looks = await desk.service.look([str(moved)], OPTIONS)
    recording(moved, 4)
    (id,) = await desk.service.add(looks, OPTIONS)
    await desk.service.settled()
    assert "has changed since" in desk.service.job(id).error and server.sent == []
    moved.unlink()
    desk.service.retry(id)
    await desk.service.settled()
    assert "not where it was" in desk.service.job(id).error
    elsewhere = tmp_path / "elsewhere.wav"
    elsewhere.write_bytes(short.read_bytes())
    with pytest.raises(BadInput):
        await desk.service.add(looks, replace(OPTIONS, task="translate", model="gpt-4o-transcribe"))
    await desk.close()


async def test_the_same_recording_and_a_moved_one_are_known_by_content(tmp_path, server, short):
    desk = Desk(tmp_path / "data", server)
    first = tmp_path / "first.wav"
    first.write_bytes(short.read_bytes())
    view = await desk.one(first)
    (again,) = await desk.service.look([str(short)], OPTIONS)
    assert again.same_as == view.recording
    first.unlink()
    assert (await desk.service.transcript(view.recording)).path == ""
    with pytest.raises(BadFile):
        await desk.service.find_source(view.recording, str(recording(tmp_path / "other.wav", 2)))
    await desk.service.find_source(view.recording, str(short))
    assert (await desk.service.transcript(view.recording)).path == str(short)
    await desk.close()


async def test_a_copy_in_the_archive_outlives_the_file(tmp_path, server, short):
    desk = Desk(tmp_path / "data", server)
    desk.copies = True
    mine = tmp_path / "mine.wav"
    mine.write_bytes(short.read_bytes())
    view = await desk.one(mine)
    mine.unlink()
    opened = await desk.service.transcript(view.recording)
    assert Path(opened.path).read_bytes() == short.read_bytes()
    desk.database.write_now(lambda db: conversations.purge(db, [view.conversation]))
    await asyncio.to_thread(desk.database.remove_unused_files)
    assert not Path(opened.path).exists()
    await desk.close()


async def test_an_edit_is_kept_found_and_taken_back(tmp_path, server, short):
    desk = Desk(tmp_path / "data", server)
    view = await desk.one(short)
    opened = await desk.service.transcript(view.recording)
    edited = replace(opened.transcript, segments=(Segment("a", 0, 900, "marzipan"), *opened.transcript.segments[1:]))
    await desk.service.save(view.recording, edited)
    opened = await desk.service.transcript(view.recording)
    assert opened.is_edited and opened.transcript == edited and opened.original != edited
    hits = desk.database.read_now(lambda db: search.owners(db, "marzipan"))
    assert len(list(hits)) == 1
    assert await desk.service.revert(view.recording) == opened.original
    assert not (await desk.service.transcript(view.recording)).is_edited
    await desk.close()


async def test_silence_and_what_is_no_sound_are_said_before_anything_is_sent(tmp_path, server):
    import sys

    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "media"))
    import numpy as np
    from sounds import write

    desk = Desk(tmp_path / "data", server)
    quiet = write(tmp_path / "quiet.wav", iter([np.zeros(16_000 * 2, np.float32)]))
    (tmp_path / "notes.wav").write_text("these are no samples")
    view = await desk.one(quiet)
    assert view.state is JobState.FAILED and "silent" in view.error
    looks = await desk.service.look([str(tmp_path / "notes.wav"), str(tmp_path / "gone.wav")], OPTIONS)
    assert "cannot be read as sound" in looks[0].problem and "is not there" in looks[1].problem
    assert server.sent == []
    await desk.close()


async def test_folders_are_walked_and_told_of(tmp_path, server, short):
    place = tmp_path / "talks"
    (place / "day one").mkdir(parents=True)
    (place / ".hidden").mkdir()
    for number, name in enumerate(("b.wav", "a.wav", "day one/c.wav", ".hidden/d.wav")):
        (place / name).write_bytes(short.read_bytes() + b"\0" * number)
    (place / "notes.txt").write_text("no recording")
    desk = Desk(tmp_path / "data", server)
    told = []
    looks = await desk.service.look([str(place)], OPTIONS, told.append)
    assert [(Path(look.path).name, look.folder) for look in looks] == [
        ("a.wav", "talks"),
        ("b.wav", "talks"),
        ("c.wav", "talks/day one"),
    ]
    assert (told[-1].done, told[-1].of, told[-1].hidden, told[-1].others) == (3, 3, 1, 1)
    estimate = desk.service.estimate_of(looks)
    assert estimate.files == 3 and float(estimate.dollars) == pytest.approx(0.0001 * estimate.seconds, abs=1e-6)
    await desk.close()


async def test_text_alone_gets_times_that_are_marked_approximate(tmp_path, server, short):
    desk = Desk(tmp_path / "data", server)
    view = await desk.one(short, model="gpt-4o-transcribe")
    segments = (await desk.service.transcript(view.recording)).transcript.segments
    assert [segment.text for segment in segments] == ["Alpha.", "Bravo.", "Charlie."]
    begins = [0, 1300, 2680]
    assert [segment.begins for segment in segments] == [pytest.approx(at, abs=80) for at in begins]
    assert all(segment.doubt == Doubt.APPROXIMATE for segment in segments)
    await desk.close()


async def test_a_key_that_the_server_says_back_is_not_kept(tmp_path, server, short):
    desk = Desk(tmp_path / "data", server)
    key = "sk-test-0123456789abcdef"

    def say_it(handler, sent):
        words = [{"word": key, "start": 0, "end": 1}]
        segments = [{"id": 0, "start": 0, "end": 1, "text": f"The key is {key}"}]
        handler.answer(200, {"text": f"The key is {key}", "segments": segments, "words": words})
        return True

    server.faults = [say_it]
    view = await desk.one(short)
    opened = await desk.service.transcript(view.recording)
    assert opened.transcript.text.startswith("The key is ") and key not in str(opened)
    await desk.close()


async def test_each_channel_is_a_speaker(tmp_path, server):
    desk = Desk(tmp_path / "data", server)
    path = recording(tmp_path / "stereo.wav", 3, channels=2)
    view = await desk.one(path, channel="each")
    transcript = (await desk.service.transcript(view.recording)).transcript
    assert [speaker.name for speaker in transcript.speakers] == ["Left", "Right"]
    assert len(transcript.segments) == 6 and len(server.sent) == 2
    assert {segment.speaker for segment in transcript.segments[:2]} == {"channel-1", "channel-2"}
    await desk.close()


async def test_a_stretch_is_heard_again_and_nothing_is_kept(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server)
    view = await desk.one(wav)
    segments = (await desk.service.transcript(view.recording)).transcript.segments
    redone = await desk.service.redo(view.recording, segments[3].begins - 200, segments[5].ends + 200, OPTIONS)
    again = redone.transcript
    assert again.text == "delta echo foxtrot"
    assert again.segments[0].begins == pytest.approx(segments[3].begins, abs=60)
    assert await desk.text(view.recording) == ALL
    await desk.close()


async def test_subtitles_are_opened_with_their_recording(tmp_path, server, short):
    desk = Desk(tmp_path / "data", server)
    subtitles = tmp_path / "short.srt"
    subtitles.write_text("1\n00:00:00,000 --> 00:00:00,600\nGrüße there\n", encoding="utf-16")
    id = await desk.service.open_subtitles(str(subtitles), str(short))
    opened = await desk.service.transcript(id)
    assert opened.transcript.text == "Grüße there" and opened.peaks is not None and server.sent == []
    (ours,) = export.write_all(opened.transcript, export.About("short"), ["json"], tmp_path / "out")
    again = await desk.service.transcript(await desk.service.open_subtitles(str(ours), str(short)))
    assert again.transcript.segments == opened.transcript.segments
    with pytest.raises(BadFile):
        await desk.service.open_subtitles(str(tmp_path / "away.srt"), str(short))
    await desk.close()


async def test_files_are_written_where_they_are_wanted(tmp_path, server, short):
    desk = Desk(tmp_path / "data", server)
    pattern = "{date} {name}"
    days = [date.today()]
    view = await desk.one(short, formats_out=("srt", "txt"), out_dir=str(tmp_path / "out"), name_pattern=pattern)
    days.append(date.today())  # it may have become midnight
    (today,) = {day.isoformat() for day in days if view.written[0].count(day.isoformat())}
    assert sorted(Path(path).name for path in view.written) == [f"{today} short.srt", f"{today} short.txt"]
    assert "alpha" in (tmp_path / "out" / f"{today} short.txt").read_text()
    await desk.close()


async def test_three_hundred_files_stay_cheap(tmp_path, server, short):
    desk = Desk(tmp_path / "data", server)
    desk.service.pause_all()
    looks = await desk.service.look([str(short)], OPTIONS)
    many = [replace(looks[0], path=f"{short.parent}/{n}.wav") for n in range(300)]

    def commits() -> int:
        kept = "SELECT value FROM davenport WHERE name = 'commits'"
        return int(desk.database.read_now(lambda db: db.execute(kept).fetchone()[0]))

    before = commits()
    began = time.process_time()
    ids = await desk.service.add(many, OPTIONS)
    assert commits() - before <= 4
    desk.service.move(ids[299], ids[0])
    assert [view.id for view in desk.service.jobs()][:2] == [ids[299], ids[0]]
    assert time.process_time() - began < 2
    desk.service.resume_all()
    await asyncio.wait_for(desk.service.settled(), 240)
    assert {view.state for view in desk.service.jobs()} == {JobState.FAILED}  # none of these files is there
    await desk.close()


async def test_files_that_were_dragged_out_are_gone_with_the_next_start(tmp_path, server):
    desk = Desk(tmp_path / "data", server)
    folder = desk.service.carried("editor")
    folder.mkdir(parents=True)
    (folder / "talk.srt").write_text("said")
    assert folder.is_relative_to(tmp_path / "data")
    await desk.close()
    desk = Desk(tmp_path / "data", server)
    await desk.service.start()
    assert not folder.exists()
    await desk.close()
