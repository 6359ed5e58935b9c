"""Recordings in the archive: transcripts, waveforms, parts, copies of files, and what a purge leaves."""

from __future__ import annotations

import pytest

from desktop.core.conversation import Conversation, Message, Role, Text
from desktop.core.errors import BadFile, Missing
from desktop.core.transcript import Segment, Speaker, Transcript, Word
from desktop.store import blobs, conversations, jobs, recordings
from desktop.store.database import Database
from desktop.store.recordings import PartRow, Peaks, Recording

SAID = Transcript(
    (Segment("s1", 0, 900, "Guten Tag 你好", "sp", "Good day", (Word("Guten", 0, 400),), 5),),
    (Speaker("sp", "Ada", 2),),
    60_000,
    "de",
    model="m",
)


@pytest.fixture
def database(tmp_path):
    made = Database.open(tmp_path / "data")
    yield made
    made.close()


def add(db, id: str = "R1", sha256: str = "ab") -> Recording:
    conversations.create(db, Conversation(f"C{id}", title="talk.wav", created=1, page=recordings.PAGE))
    made = Recording(id, f"C{id}", sha256, "/talks/talk.wav", 123, 60.5, 2, "audio/wav", added=7, folder="talks")
    recordings.add(db, made)
    return made


def test_a_recording_is_read_as_it_was_written_and_found_by_its_content(database):
    made = database.write_now(add)
    assert database.read_now(lambda db: recordings.get(db, "R1")) == made
    assert database.read_now(lambda db: recordings.of_conversation(db, "CR1")) == made
    assert database.read_now(lambda db: recordings.alike(db, "ab")) == [made]
    database.write_now(lambda db: conversations.trash(db, ["CR1"], 5))
    assert database.read_now(lambda db: recordings.alike(db, "ab")) == []
    database.write_now(lambda db: recordings.move(db, "R1", "/new/place.wav"))
    assert database.read_now(lambda db: recordings.get(db, "R1")).path == "/new/place.wav"
    with pytest.raises(Missing):
        database.read_now(lambda db: recordings.get(db, "gone"))


def test_an_edit_changes_what_is_found_and_the_original_stays(database):
    def write(db):
        add(db)
        conversations.add_message(db, Message("M1", Role.ASSISTANT, (Text(SAID.text),), conversation="CR1", created=2))
        recordings.put_original(db, "R1", SAID, 3)

    database.write_now(write)
    assert database.read_now(lambda db: recordings.kept(db, "R1")) == recordings.Kept(SAID, None, 3)
    edited = Transcript((Segment("s1", 0, 900, "marzipan"),), milliseconds=60_000)
    database.write_now(lambda db: recordings.put_edited(db, "R1", edited, 4))

    def found(text):
        return database.read_now(lambda db: conversations.listing(db, search=text, page=recordings.PAGE))

    assert database.read_now(lambda db: recordings.kept(db, "R1")) == recordings.Kept(SAID, edited, 4)
    assert found("marzipan") and not found("Guten")
    database.write_now(lambda db: recordings.put_edited(db, "R1", None, 5))
    assert not found("marzipan") and found("Guten")


def test_peaks_and_parts_come_back_as_they_were(database):
    peaks = Peaks(bytes(range(256)), b"\x01" * 256, b"\xa0" * 256, 2560)
    some = [PartRow(0, 0, 1500), PartRow(1000, 1500, 3000, "done", "call", b"reply")]

    def write(db):
        add(db)
        recordings.put_peaks(db, "R1", recordings.pack_peaks(peaks))
        recordings.put_parts(db, "R1", reversed(some))

    database.write_now(write)
    assert database.read_now(lambda db: recordings.peaks(db, "R1")) == peaks
    assert database.read_now(lambda db: recordings.parts(db, "R1")) == some
    database.write_now(lambda db: recordings.put_parts(db, "R1", [PartRow(0, 0, 1500, "sent", "c2")]))
    assert database.read_now(lambda db: recordings.parts(db, "R1"))[0].state == "sent"


def test_a_purge_leaves_nothing_of_it_and_the_others_whole(database):
    def write(db):
        for id in ("R1", "R2"):
            add(db, id)
            recordings.put_original(db, id, SAID, 3)
            recordings.put_peaks(db, id, b"x")
            recordings.put_parts(db, id, [PartRow(0, 0, 1)])
            jobs.add(db, jobs.JobRow(id, "transcription", "done", 1, 1))

    database.write_now(write)
    database.write_now(lambda db: conversations.purge(db, ["CR1"]))
    for table in ("recording", "transcript", "peaks", "transcript_part", "job"):
        counted = database.read_now(lambda db, table=table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
        assert counted == 1, table
    assert database.read_now(lambda db: recordings.kept(db, "R2")).original == SAID


def test_a_copy_is_whole_or_not_there(database, tmp_path):
    import hashlib

    source = tmp_path / "a.wav"
    source.write_bytes(b"sound" * 300_000)
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    folder = database.read_now(blobs.folder_of)
    told = []
    recordings.copy_in(folder, source, sha256, told.append)
    assert blobs.file_of(folder, sha256).read_bytes() == source.read_bytes() and told[-1] == 1_500_000
    with pytest.raises(BadFile):
        recordings.copy_in(folder, source, "cd" * 32)

    def stop(_):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        recordings.copy_in(folder, source, "ef" * 32, stop)
    assert [path.name for path in folder.glob("??/*")] == [sha256] and not list(folder.glob("??/.*.part"))
