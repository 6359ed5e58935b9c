"""What can be saved out of archives that were set aside as damaged: read, compared with what is open, brought in."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, structs

from desktop.core.conversation import Attachment, Audio, Message, Picture, State
from desktop.core.errors import BadInput, Missing
from desktop.core.transcript import Transcript
from desktop.services.imports.json_values import Unreadable
from desktop.services.imports.run import Imports
from desktop.services.imports.values import Draft, Notes, NotTaken, Piece, Report
from desktop.services.imports.values import Tell as TellImport
from desktop.services.whole import whole
from desktop.store import blobs, connections, conversations, exporting, imports, recordings, salvage, salvage_compare
from desktop.store.database import Database
from desktop.store.salvage_compare import Fresh as Fresh

KIND = "A damaged archive"
TOLD_EVERY_S = 0.1
CALLS_AT_ONCE = 200
MESSAGE_WEIGHT = 1000  # about what a message's words come to, for the bar alone
GUESSED = "messages of which only the words are left: who said them is a guess"

Tell = Callable[[int, int], None]
"""Pages read and pages in all."""

_CANNOT_BE_READ = (sqlite3.Error, zlib.error, msgspec.DecodeError, ValueError, KeyError, TypeError, Missing)


class Damaged(Struct, frozen=True):
    """A file that was set aside. `since` is UTC microseconds, 0 where its name does not say."""

    name: str
    size_bytes: int
    since: int


class Stopped(Exception):
    """The user stopped the reading."""


class Salvage:
    """Reads in workers; the damaged file is never written. What was read is in a file of its own until `aclose`."""

    def __init__(self, database: Database, own_imports: Imports) -> None:
        self._database, self._imports = database, own_imports
        self._read: dict[str, tuple[Path, Fresh]] = {}

    @property
    def has_new(self) -> bool:
        """Whether this start had to set an archive aside."""
        return self._database.aside

    @property
    def can_take(self) -> bool:
        return not self._database.read_only

    async def listing(self) -> tuple[Damaged, ...]:
        """The newest first."""
        found = await asyncio.to_thread(salvage.asides, self._database.folder)
        return tuple(Damaged(each.path.name, each.size_bytes, each.since) for each in found)

    async def look(self, name: str, tell: Tell) -> Fresh:
        """Read a damaged file and say what of it is not in the open archive. Cancelled, it ends and leaves nothing.

        `name` is one of `listing`, or the whole path of any other damaged archive.

        Raises Missing, and ArchiveFull where there is no room to read it.
        """
        await self._forget(name)
        loop, stop = asyncio.get_running_loop(), threading.Event()
        told = 0.0

        def tell_there(done: int, of: int) -> None:
            nonlocal told
            if stop.is_set():
                raise Stopped
            if time.monotonic() - told > TOLD_EVERY_S or done == of:
                told = time.monotonic()
                loop.call_soon_threadsafe(tell, done, of)

        future = loop.run_in_executor(None, self._look, name, tell_there)
        try:
            target, fresh = await asyncio.shield(future)
        except asyncio.CancelledError:
            stop.set()
            await asyncio.wait([future])
            if not future.cancelled() and future.exception() is None:
                await asyncio.to_thread(future.result()[0].unlink, True)
            raise
        self._read[name] = target, fresh
        return fresh

    async def take(self, name: str, tell: TellImport) -> Report:
        """Bring in what `look` found, as an import: unseen until all of it is there, undone as a whole.

        Calls come last, into the ledger, where an undo leaves those that belong to no conversation.
        """
        if name not in self._read:
            raise BadInput("This file was not read yet.", "See what can be saved first.")
        path, fresh = self._read[name]
        with closing(await whole(asyncio.to_thread(connections.scratch, path))) as saved:
            report = await self._imports.take(_Rescue(saved, name, fresh, self._database.folder), tell)
            await whole(self._calls(saved))  # never closed under a worker that reads it
        await self._forget(name)
        return report

    async def remove(self, name: str) -> None:
        """Delete a damaged file for good. Raises Missing."""
        await self._forget(name)
        await asyncio.to_thread(salvage.forget, self._database.folder, name)

    async def aclose(self) -> None:
        for name in list(self._read):
            await self._forget(name)

    def _look(self, name: str, tell: Tell) -> tuple[Path, Fresh]:
        folder = self._database.folder
        given = Path(name)
        path = given if given.is_absolute() and given.is_file() else salvage.named(folder, name).path
        target = salvage.read(path, folder, tell)
        try:
            with closing(connections.scratch(target)) as saved:
                salvage_compare.settle_ids(saved, self._ours)
                return target, salvage_compare.fresh(saved, self._ours)
        except BaseException:
            target.unlink(missing_ok=True)
            raise

    def _ours(self, question: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        return self._database.read_now(lambda db: db.execute(question, values).fetchall())

    async def _calls(self, saved: sqlite3.Connection) -> None:
        ids = await asyncio.to_thread(lambda: [id for (id,) in saved.execute("SELECT call_id FROM ledger ORDER BY no")])
        for start in range(0, len(ids), CALLS_AT_ONCE):
            some = ids[start : start + CALLS_AT_ONCE]
            calls = await asyncio.to_thread(_sound_calls, saved, some)
            await self._database.write(partial(imports.add_calls, calls=calls))

    async def _forget(self, name: str) -> None:
        if (kept := self._read.pop(name, None)) is not None:
            await asyncio.to_thread(kept[0].unlink, True)


class _Rescue:
    """What was saved, as an import takes it: conversations with anything new, each after what it shares."""

    kind = KIND

    def __init__(self, saved: sqlite3.Connection, name: str, fresh: Fresh, folder: Path) -> None:
        self._saved, self.name, self._fresh, self._folder = saved, name, fresh, folder
        self.size = MESSAGE_WEIGHT * max(1, fresh.messages)

    def pieces(self, notes: Notes) -> Iterator[Piece | NotTaken]:
        notes.add(GUESSED, self._fresh.guessed)
        for id in self._fresh.conversations:
            try:
                found = exporting.conversation(self._saved, id)
                count = len(exporting.own(self._saved, id))
            except _CANNOT_BE_READ:
                yield NotTaken(id, "It is too damaged to be read.", self.name)
                continue
            yield Piece(found.created, found.title, self.name, MESSAGE_WEIGHT * max(1, count), partial(self._draft, id))

    def _draft(self, id: str) -> Draft:
        try:
            found = exporting.conversation(self._saved, id)
            messages = [_settled(message) for message in self._messages(exporting.own(self._saved, id))]
            calls = tuple(_sound_calls(self._saved, _call_ids(self._saved, id)))
        except _CANNOT_BE_READ as error:
            raise Unreadable("It is too damaged to be read.") from error
        blobs_used = {
            part.blob
            for m in messages
            for part in m.parts
            if isinstance(part, Picture | Audio | Attachment) and part.blob
        }
        files: dict[str, Callable[[], bytes | None]] = {sha: partial(self._bytes, sha) for sha in blobs_used}
        return Draft(found, messages, calls=calls, files=files, keeps_ids=True, beside=tuple(self._recording(id)))

    def _messages(self, ids: list[str]) -> Iterator[Message]:
        for start in range(0, len(ids), 100):
            some = ids[start : start + 100]
            try:
                yield from conversations.messages(self._saved, some)
            except _CANNOT_BE_READ:
                yield from self._one_by_one(some)

    def _one_by_one(self, ids: list[str]) -> Iterator[Message]:
        """Where one of some cannot be read: of that one the words alone."""
        for id in ids:
            try:
                yield from conversations.messages(self._saved, [id])
            except _CANNOT_BE_READ:
                self._saved.execute("UPDATE message SET shape = NULL, usage = NULL WHERE id = ?", (id,))
                with suppress(*_CANNOT_BE_READ):
                    yield from conversations.messages(self._saved, [id])

    def _bytes(self, sha256: str) -> bytes | None:
        """Of an attachment: out of the damaged file, or the file that still is among the archive's."""
        row = self._saved.execute("SELECT bytes FROM blob WHERE sha256 = ?", (sha256,)).fetchone()
        if row is not None and row[0] is not None:
            return bytes(row[0])
        try:
            return blobs.file_of(self._folder / "blobs", sha256).read_bytes()
        except OSError:
            return None

    def _recording(self, conversation: str) -> Iterator[tuple[int, Callable[[sqlite3.Connection], object]]]:
        """The recording of a conversation with its transcript, as far as they can be read."""
        with suppress(*_CANNOT_BE_READ):
            found = recordings.of_conversation(self._saved, conversation)
            if found is None:
                return
            file = blobs.file_of(self._folder / "blobs", found.blob) if found.blob else None
            if file is None or not file.is_file():
                found = structs.replace(found, blob="")
            transcript = _transcript(self._saved, found.id)
            weight = MESSAGE_WEIGHT + (len(transcript[0]) if transcript else 0)
            yield weight, partial(_put_recording, recording=found, transcript=transcript)


def _put_recording(
    db: sqlite3.Connection, *, recording: recordings.Recording, transcript: tuple[bytes, bytes | None, int] | None
) -> None:
    if recordings.find(db, recording.id) is not None:
        return
    if recording.blob:
        recordings.own(db, recording.blob, recording.size_bytes, recording.added)
    recordings.add(db, recording)
    if transcript is not None:
        db.execute("INSERT INTO transcript SELECT no, ?, ?, ? FROM recording WHERE id = ?", (*transcript, recording.id))


def _transcript(saved: sqlite3.Connection, recording: str) -> tuple[bytes, bytes | None, int] | None:
    """Packed as it was; None where it cannot be unpacked any more."""
    row = saved.execute(
        "SELECT t.original, t.edited, t.changed FROM transcript t JOIN recording r ON r.no = t.recording"
        " WHERE r.id = ?",
        (recording,),
    ).fetchone()
    if row is None:
        return None
    original, edited, changed = row
    edited = edited if edited is not None and _is_whole(edited) else None
    if not _is_whole(original):
        return None if edited is None else (edited, None, changed)
    return original, edited, changed


def _is_whole(packed: bytes) -> bool:
    try:
        msgspec.msgpack.decode(zlib.decompress(packed), type=Transcript)
    except (zlib.error, msgspec.DecodeError):
        return False
    return True


def _call_ids(saved: sqlite3.Connection, conversation: str) -> list[str]:
    rows = saved.execute("SELECT call_id FROM ledger WHERE conversation = ? ORDER BY no", (conversation,))
    return [id for (id,) in rows]


def _sound_calls(saved: sqlite3.Connection, ids: list[str]) -> list[exporting.Call]:
    """Rows of the ledger; one that says what cannot be is left out."""
    found = []
    for id in ids:
        with suppress(*_CANNOT_BE_READ):
            found += exporting.calls_of(saved, [id])
    return found


def _settled(message: Message) -> Message:
    return structs.replace(message, state=State.CUT) if message.state is State.STREAMING else message
