"""Recordings in the archive: where each one is, its transcript as it came and as it was edited, its waveform."""

# ruff: noqa: S608  (names in statements are our own; values are always bound)

from __future__ import annotations

import hashlib
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from desktop.core.conversation import Message, Text
from desktop.core.errors import BadFile, Missing
from desktop.core.ids import new_id
from desktop.core.text import scalar
from desktop.core.transcript import Transcript
from desktop.store import blobs, conversations
from desktop.store.connections import private_folder, sync_folder

PAGE = "transcription"
COPIED_BYTES = 1024 * 1024

_NAMES = "sha256, path, size_bytes, seconds, channels, mime, blob, added, folder"
_SELECT = f"SELECT r.id, c.id, {', '.join('r.' + name for name in _NAMES.split(', '))}"
_FROM = "FROM recording r JOIN conversation c ON c.no = r.conversation"


class Recording(Struct, frozen=True, omit_defaults=True):
    """A sound file and the conversation it belongs to. `sha256` is of its bytes, `path` where it was last.

    `blob` names the archive's own copy, "" where there is none. `added` is UTC microseconds; `folder` is its place
    below what was dropped.
    """

    id: str
    conversation: str
    sha256: str
    path: str
    size_bytes: int
    seconds: float
    channels: int
    mime: str
    blob: str = ""
    added: int = 0
    folder: str = ""


class Peaks(Struct, frozen=True, array_like=True):
    """A recording's waveform and loudness, one signed byte for each hundredth of a second.

    `levels` are whole dB below full scale, from -96 to 0.
    """

    lows: bytes = b""
    highs: bytes = b""
    levels: bytes = b""
    milliseconds: int = 0


class PartRow(Struct, frozen=True):
    """One part of a job. Times are milliseconds of the recording; `state` is planned, sent, stopped, doubt or done."""

    number: int
    begins: int
    ends: int
    state: str = "planned"
    call_id: str = ""
    reply: bytes | None = None


class Kept(Struct, frozen=True):
    """A transcript as it came and as it is now."""

    original: Transcript
    edited: Transcript | None = None
    changed: int = 0


# Recordings


def add(conn: sqlite3.Connection, recording: Recording) -> None:
    """Its conversation is there already. Raises Missing where it is not."""
    row = conn.execute("SELECT no FROM conversation WHERE id = ?", (recording.conversation,)).fetchone()
    if row is None:
        raise Missing("This conversation is not there any more.")
    values = [getattr(recording, name) for name in _NAMES.split(", ")]
    values = [scalar(value) if isinstance(value, str) else value for value in values]
    values[_NAMES.split(", ").index("blob")] = recording.blob or None
    conn.execute(
        f"INSERT INTO recording (id, conversation, {_NAMES}) VALUES (?, ?{', ?' * len(values)})",
        (recording.id, row[0], *values),
    )


def get(conn: sqlite3.Connection, id: str) -> Recording:
    """Raises Missing."""
    row = conn.execute(f"{_SELECT} {_FROM} WHERE r.id = ?", (id,)).fetchone()
    if row is None:
        raise Missing("This recording is not there any more.")
    return _recording(row)


def find(conn: sqlite3.Connection, id: str) -> Recording | None:
    row = conn.execute(f"{_SELECT} {_FROM} WHERE r.id = ?", (id,)).fetchone()
    return None if row is None else _recording(row)


def of_conversation(conn: sqlite3.Connection, conversation: str) -> Recording | None:
    """The recording that a conversation is about."""
    row = conn.execute(f"{_SELECT} {_FROM} WHERE c.id = ?", (conversation,)).fetchone()
    return None if row is None else _recording(row)


def alike(conn: sqlite3.Connection, sha256: str) -> list[Recording]:
    """Recordings with the same bytes that are not in the trash, the newest first."""
    rows = conn.execute(f"{_SELECT} {_FROM} WHERE r.sha256 = ? AND c.trashed = 0 ORDER BY r.no DESC", (sha256,))
    return [_recording(row) for row in rows]


def move(conn: sqlite3.Connection, id: str, path: str) -> None:
    """The file is somewhere else now. Raises Missing."""
    if conn.execute("UPDATE recording SET path = ? WHERE id = ?", (scalar(path), id)).rowcount != 1:
        raise Missing("This recording is not there any more.")


def forget(conn: sqlite3.Connection, conversation_no: int) -> None:
    """Delete what belongs to a conversation's recording, before the conversation itself goes."""
    row = conn.execute("SELECT no, id FROM recording WHERE conversation = ?", (conversation_no,)).fetchone()
    if row is None:
        return
    no, id = row
    for table in ("transcript", "peaks"):
        conn.execute(f"DELETE FROM {table} WHERE recording = ?", (no,))
    conn.execute("DELETE FROM transcript_part WHERE job = ?", (id,))
    conn.execute("DELETE FROM job WHERE id = ?", (id,))
    conn.execute("DELETE FROM recording WHERE no = ?", (no,))


# Copies


def copy_in(folder: Path, source: Path, sha256: str, tell: Callable[[int], None] | None = None) -> None:
    """Copy a file into the archive's folder of blobs, a megabyte at a time; `tell` hears of the bytes and may raise.

    Raises BadFile where the file is another one by now. Blocking. The row is made by `own`.
    """
    target = blobs.file_of(folder, sha256)
    if target.exists():
        return
    private_folder(folder)
    private_folder(target.parent)
    part = target.with_name(f".{new_id()}.part")
    digest, done = hashlib.sha256(), 0
    try:
        with (
            source.open("rb") as taken,
            os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as to,
        ):
            while chunk := taken.read(COPIED_BYTES):
                to.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                if tell is not None:
                    tell(done)
            to.flush()
            os.fsync(to.fileno())
        if digest.hexdigest() != sha256:
            raise BadFile(f"“{source.name}” was changed meanwhile.", "Add it again.")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(target.parent)


def own(conn: sqlite3.Connection, sha256: str, size_bytes: int, now_us: int) -> None:
    """The row of a blob that `copy_in` brought."""
    conn.execute(
        "INSERT INTO blob VALUES (?, ?, ?, NULL) ON CONFLICT DO UPDATE SET added = max(added, excluded.added)",
        (sha256, size_bytes, now_us),
    )


# Transcripts


def put_original(
    conn: sqlite3.Connection,
    id: str,
    transcript: Transcript,
    now_us: int,
    edited: Transcript | None = None,
    *,
    packed: bytes | None = None,
) -> None:
    """What came of a recording, and what the user made of it; an edited text from before goes. `packed` is what `pack`
    made of the transcript, where that was done before."""
    conn.execute(
        "INSERT INTO transcript VALUES (?1, ?2, ?3, ?4)"
        " ON CONFLICT DO UPDATE SET original = ?2, edited = ?3, changed = ?4",
        (_no(conn, id), packed or pack(transcript), None if edited is None else pack(edited), now_us),
    )


def put_edited(
    conn: sqlite3.Connection, id: str, transcript: Transcript | None, now_us: int, *, packed: bytes | None = None
) -> None:
    """The transcript as the user has it now, None for as it came; its message says the same. `packed` as in
    `put_original`. Raises Missing."""
    no = _no(conn, id)
    if packed is None and transcript is not None:
        packed = pack(transcript)
    done = conn.execute("UPDATE transcript SET edited = ?, changed = ? WHERE recording = ?", (packed, now_us, no))
    if done.rowcount != 1:
        raise Missing("This recording has no transcript yet.")
    found = transcript if transcript is not None else kept(conn, id).original
    message = message_of(conn, id)
    if message is not None and message.text != found.text:
        conversations.finish(conn, replace(message, parts=(Text(found.text),)))


def kept(conn: sqlite3.Connection, id: str) -> Kept:
    """Raises Missing where nothing came yet."""
    row = conn.execute(
        "SELECT original, edited, changed FROM transcript WHERE recording = ?", (_no(conn, id),)
    ).fetchone()
    if row is None:
        raise Missing("This recording has no transcript yet.")
    original, edited, changed = row
    return Kept(_unpacked(original), None if edited is None else _unpacked(edited), changed)


def message_of(conn: sqlite3.Connection, id: str) -> Message | None:
    """The message that has the transcript's text."""
    row = conn.execute(
        "SELECT m.id FROM message m JOIN recording r ON r.conversation = m.conversation"
        " WHERE r.id = ? AND m.role = 'assistant' ORDER BY m.no LIMIT 1",
        (id,),
    ).fetchone()
    return None if row is None else conversations.messages(conn, [row[0]])[0]


# Waveforms


def put_peaks(conn: sqlite3.Connection, id: str, packed: bytes) -> None:
    """What `pack_peaks` made: packing is long and belongs in a worker."""
    conn.execute("INSERT OR REPLACE INTO peaks VALUES (?, ?)", (_no(conn, id), packed))


def peaks(conn: sqlite3.Connection, id: str) -> Peaks | None:
    row = conn.execute("SELECT packed FROM peaks WHERE recording = (SELECT no FROM recording WHERE id = ?)", (id,))
    found = row.fetchone()
    return None if found is None else unpack_peaks(found[0])


def pack_peaks(found: Peaks) -> bytes:
    return zlib.compress(msgspec.msgpack.encode(found), 3)


def unpack_peaks(packed: bytes) -> Peaks:
    return msgspec.msgpack.decode(zlib.decompress(packed), type=Peaks)


# Parts of jobs


def put_parts(conn: sqlite3.Connection, job: str, parts: Iterable[PartRow]) -> None:
    """Make or replace some parts."""
    conn.executemany(
        "INSERT OR REPLACE INTO transcript_part VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (job, part.number, part.begins * 1000, part.ends * 1000, part.state, part.call_id, part.reply)
            for part in parts
        ],
    )


def parts(conn: sqlite3.Connection, job: str) -> list[PartRow]:
    """In the order of their numbers."""
    rows = conn.execute(
        "SELECT number, begins, ends, state, call_id, reply FROM transcript_part WHERE job = ? ORDER BY number", (job,)
    )
    return [PartRow(no, begins // 1000, ends // 1000, *rest) for no, begins, ends, *rest in rows]


def drop_part(conn: sqlite3.Connection, job: str, number: int) -> None:
    conn.execute("DELETE FROM transcript_part WHERE job = ? AND number = ?", (job, number))


def drop_parts(conn: sqlite3.Connection, job: str) -> None:
    conn.execute("DELETE FROM transcript_part WHERE job = ?", (job,))


def _recording(row: tuple[Any, ...]) -> Recording:
    id, conversation, sha256, path, size, seconds, channels, mime, blob, added, folder = row
    return Recording(id, conversation, sha256, path, size, seconds, channels, mime, blob or "", added, folder)


def _no(conn: sqlite3.Connection, id: str) -> int:
    row = conn.execute("SELECT no FROM recording WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise Missing("This recording is not there any more.")
    return int(row[0])


def pack(transcript: Transcript) -> bytes:
    """What is kept of a transcript. Of a long one that takes a while, which belongs in a worker: others wait for the
    archive's writer."""
    return zlib.compress(msgspec.msgpack.encode(transcript), 6)


def _unpacked(packed: bytes) -> Transcript:
    return msgspec.msgpack.decode(zlib.decompress(packed), type=Transcript)
