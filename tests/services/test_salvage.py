"""Bringing in what was saved out of a damaged archive: compared, staged, undone as a whole, nothing overwritten."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sqlite3
import threading
from contextlib import closing

import pytest

from desktop.core.calls import Fate
from desktop.core.conversation import Attachment, Conversation, Message, Role, State, Text
from desktop.core.errors import ArchiveNewer, BadInput
from desktop.core.transcript import Segment, Transcript
from desktop.services import salvage as salvage_service
from desktop.services.imports.run import Imports
from desktop.services.salvage import Salvage
from desktop.store import blobs, conversations, exporting, ledger, recordings, salvage
from desktop.store.database import Database
from desktop.store.recordings import Recording

ASIDE = "archive.damaged-20261122T101112Z.db"
SAID = Transcript((Segment("s1", 0, 900, "the wombat digs"),), milliseconds=60_000)
LARGE = b"a large attachment" * 2000


def say(db, id: str, parent: str | None, text: str, chat: str, **more) -> None:
    role = Role.ASSISTANT if parent else Role.USER
    conversations.add_message(db, Message(id, role, (Text(text),), parent=parent, conversation=chat, created=9, **more))


def first_talk(db: sqlite3.Connection) -> None:
    conversations.create(db, Conversation("OLD", title="The old talk", created=1))
    say(db, "o1", None, "an old question", "OLD")
    say(db, "o2", "o1", "an old ans", "OLD", state=State.CUT)


def later(db: sqlite3.Connection) -> None:
    """What came after the copy was made: two talks, a recording, a call, an answer that was still arriving then."""
    conversations.finish(db, Message("o2", Role.ASSISTANT, (Text("an old answer"),), "o1", "OLD", created=9))
    say(db, "o3", "o2", "thank you", "OLD")
    conversations.create(db, Conversation("NEW", title="The new talk", created=2, tags=("zoo",), trashed=0))
    file = blobs.put(db, LARGE)
    parts = (
        Text("a new question"),
        Attachment("map.txt", "text/plain", file),
        Attachment("x", "y", blobs.put(db, b"s")),
    )
    conversations.add_message(db, Message("n1", Role.USER, parts, conversation="NEW", created=9))
    say(db, "n2", "n1", "a new answer", "NEW", call_id="call-1")
    ledger.open_row(db, ledger.LedgerRow("call-1", 5, conversation="NEW", message="n2"))
    ledger.close_row(
        db, ledger.LedgerRow("call-1", 5, conversation="NEW", message="n2", fate=Fate.COMPLETE, cost_pico=7)
    )
    ledger.open_row(db, ledger.LedgerRow("call-2", 6))
    conversations.create(db, Conversation("FORK", title="The fork", created=3, fork_of="o3", head="o3"))
    say(db, "f1", "o3", "and now this way", "FORK")
    conversations.create(db, Conversation("TALK", title="talk.wav", created=4, page=recordings.PAGE))
    recordings.add(db, Recording("R1", "TALK", "ab", "/talks/talk.wav", 123, 60.5, 2, "audio/wav", added=7))
    say(db, "t1", None, SAID.text, "TALK")
    recordings.put_original(db, "R1", SAID, 3)


@pytest.fixture
def folder(tmp_path):
    """An archive that is open again from an early copy, and the damaged one, which knows more, beside it."""
    database = Database.open(tmp_path)
    database.write_now(first_talk)
    early = database.back_up()
    database.write_now(later)
    database.close()
    (tmp_path / "archive.db").rename(tmp_path / ASIDE)
    shutil.copy(early.file, tmp_path / "archive.db")
    with (tmp_path / ASIDE).open("rb+") as file:
        file.write(bytes(16))  # no SQLite opens this
    return tmp_path


@pytest.fixture
def database(folder):
    opened = Database.open(folder)
    yield opened
    opened.close()


@pytest.fixture
def service(database):
    return Salvage(database, Imports(database))


def hush(*_) -> None:
    pass


def path_of(database, id):
    return [m.text for m in database.read_now(lambda db: conversations.messages(db, list(outline(database, id))))]


def outline(database, id):
    return database.read_now(lambda db: conversations.outline(db, id)).parents


async def test_what_is_not_there_is_counted_and_brought_in_with_all_that_belongs_to_it(service, database, folder):
    before = hashlib.sha256((folder / ASIDE).read_bytes()).hexdigest()
    (file,) = await service.listing()
    assert (file.name, file.since > 0) == (ASIDE, True)
    found = await service.look(ASIDE, hush)
    assert (found.new, len(found.conversations), found.recordings, found.calls) == (3, 4, 1, 2)
    assert (found.found_conversations, found.found_messages, found.guessed) == (4, 7, 0)
    report = await service.take(ASIDE, hush)
    assert (report.taken, report.merged, report.not_taken) == (3, 1, ())
    assert path_of(database, "NEW") == ["a new question", "a new answer"]
    assert path_of(database, "FORK")[-2:] == ["thank you", "and now this way"]
    (n1,) = database.read_now(lambda db: conversations.messages(db, ["n1"]))
    assert [database.read_now(lambda db, p=p: blobs.get(db, p.blob)) for p in n1.parts[1:]] == [LARGE, b"s"]
    assert database.read_now(lambda db: recordings.kept(db, "R1")).original == SAID
    assert database.read_now(lambda db: recordings.get(db, "R1")).path == "/talks/talk.wav"
    calls = database.read_now(lambda db: exporting.calls_of(db, ["call-1", "call-2"]))
    assert [(call.row.call_id, call.row.cost_pico, call.row.fate) for call in calls] == [
        ("call-1", 7, Fate.COMPLETE),
        ("call-2", None, Fate.UNKNOWN),
    ]
    assert [hit.id for hit in database.read_now(lambda db: conversations.listing(db, search="new question"))] == ["NEW"]
    assert hashlib.sha256((folder / ASIDE).read_bytes()).hexdigest() == before
    again = await service.look(ASIDE, hush)
    assert not again.is_any, "a second time there is nothing left to bring in"
    await service.aclose()
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith(".")) == []


async def test_a_reply_that_was_cut_in_the_copy_stands_beside_its_whole_form(service, database):
    await service.look(ASIDE, hush)
    await service.take(ASIDE, hush)
    parents = outline(database, "OLD")
    texts = {m.text: m.id for m in database.read_now(lambda db: conversations.messages(db, list(parents)))}
    assert set(texts) == {"an old question", "an old ans", "an old answer", "thank you"}
    assert parents["o3"] == texts["an old answer"] and parents[texts["an old answer"]] == "o1"


async def test_it_is_undone_as_a_whole(service, database):
    before = path_of(database, "OLD")
    await service.look(ASIDE, hush)
    report = await service.take(ASIDE, hush)
    undone = await Imports(database).undo(report.run)
    assert undone.conversations == 3 and undone.kept == ()
    assert path_of(database, "OLD") == before
    assert database.read_now(lambda db: recordings.find(db, "R1")) is None
    assert {c.id for c in database.read_now(lambda db: conversations.listing(db))} == {"OLD"}


async def test_words_that_lost_their_message_are_known_again_where_the_copy_has_them(service, database, folder):
    whole = bytearray((folder / ASIDE).read_bytes())
    whole[:16] = b"SQLite format 3\0"
    (folder / ASIDE).write_bytes(whole)
    with closing(sqlite3.connect(folder / ASIDE, isolation_level=None)) as conn:
        conn.execute("DELETE FROM message WHERE id IN ('o1', 'n2')")
        conn.execute("DELETE FROM conversation WHERE id = 'OLD'")
    found = await service.look(ASIDE, hush)
    assert found.guessed == 1, "o1 is in the open archive, with its words; n2 is nowhere else"
    report = await service.take(ASIDE, hush)
    assert (report.taken, report.merged) == (3, 1)
    assert len(outline(database, "OLD")) == 4 and path_of(database, "NEW") == ["a new question", "a new answer"]
    assert any("a guess" in note for note in report.notes)


async def test_a_transcript_that_was_edited_later_comes_beside_the_one_that_is_there(service, database):
    def older(db):
        conversations.create(db, Conversation("TALK", title="talk.wav", created=4, page=recordings.PAGE))
        recordings.add(db, Recording("R1", "TALK", "ab", "/talks/talk.wav", 123, 60.5, 2, "audio/wav", added=7))
        recordings.put_original(db, "R1", Transcript((Segment("s1", 0, 900, "older"),), milliseconds=60_000), 2)

    database.write_now(older)
    await service.look(ASIDE, hush)
    await service.take(ASIDE, hush)
    both = database.read_now(lambda db: recordings.alike(db, "ab"))
    kept = [database.read_now(lambda db, id=each.id: recordings.kept(db, id)).original for each in both]
    assert [each.segments[0].text for each in kept] == ["the wombat digs", "older"]


async def test_stopped_it_ends_and_leaves_nothing(service, folder, monkeypatch):
    monkeypatch.setattr(salvage, "AT_ONCE", 1)
    began, go_on = threading.Event(), threading.Event()
    read = salvage.read

    def slow(path, target, tell):
        def told(done, of):
            began.set()
            go_on.wait(60)
            tell(done, of)

        return read(path, target, told)

    monkeypatch.setattr(salvage, "read", slow)
    task = asyncio.create_task(service.look(ASIDE, hush))
    await asyncio.to_thread(began.wait, 60)
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


async def test_nothing_is_brought_in_that_was_not_looked_at_and_nothing_into_what_is_only_read(service, folder):
    with pytest.raises(BadInput):
        await service.take(ASIDE, hush)
    reader = Database.reader(folder)
    only = Salvage(reader, Imports(reader))
    assert not only.can_take
    await only.look(ASIDE, hush)
    with pytest.raises(ArchiveNewer):
        await only.take(ASIDE, hush)
    await only.aclose()
    reader.close()


async def test_attachments_that_only_a_damaged_file_knows_are_not_swept_away(service, database, folder):
    name = hashlib.sha256(LARGE).hexdigest()
    database.remove_unused_files()
    assert blobs.file_of(folder / "blobs", name).exists()
    await service.remove(ASIDE)
    database.remove_unused_files()
    assert not blobs.file_of(folder / "blobs", name).exists()
    assert not (folder / ASIDE).exists() and os.listdir(folder)  # noqa: PTH208


async def test_stopped_while_calls_are_brought_in_it_closes_nothing_that_is_being_read(service, monkeypatch):
    is_reading, may_read, read, found = asyncio.Event(), threading.Event(), [], salvage_service._sound_calls
    loop = asyncio.get_running_loop()

    def slow(saved, ids):
        loop.call_soon_threadsafe(is_reading.set)
        may_read.wait(60)
        read.extend(calls := found(saved, ids))
        return calls

    await service.look(ASIDE, hush)
    await service.take(ASIDE, hush)
    await service.look(ASIDE, hush)  # conversations are there by now: only the ledger is gone through again
    monkeypatch.setattr(salvage_service, "_sound_calls", slow)
    taking = asyncio.create_task(service.take(ASIDE, hush))
    await is_reading.wait()
    taking.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    may_read.set()
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert len(read) == 2
