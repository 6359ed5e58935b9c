"""What a user can do with conversations from elsewhere: look at them, take them in, stop, and undo it as a whole."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from desktop.core.errors import ArchiveFull, BadFile, BadInput, KnownError
from desktop.core.ids import new_id
from desktop.core.sizes import size_words
from desktop.services.export.json_form import Head
from desktop.services.imports import own
from desktop.services.imports.boxes import READ_FAILURES, Box, open_box
from desktop.services.imports.json_values import Unreadable
from desktop.services.imports.sources import Source
from desktop.services.imports.staging import Staging
from desktop.services.imports.values import Found, Given, Notes, NotTaken, Piece, Progress, Report, Run, Tell, Undone
from desktop.store import imports
from desktop.store.database import Database

TOLD_EVERY_S = 0.1
READ_WEIGHT, WRITE_WEIGHT = 1, 3
"""Going through a file for the first time is about three times as fast as taking in what was found."""


class Stopped(Exception):
    """The user stopped the import."""


class Imports:
    """One import at a time. Reading and making rows is one worker's; the archive's writer gets short transactions."""

    def __init__(self, database: Database, *, now: Callable[[], float] = time.time) -> None:
        self._database, self._now = database, now
        self._running: set[str] = set()

    async def look(self, paths: Sequence[Path]) -> tuple[Found, ...]:
        """What there is at each path, before anything is written."""
        return tuple([await asyncio.to_thread(self._look, path) for path in paths])

    async def run(self, paths: Sequence[Path], tell: Tell) -> Report:
        """Take in all that is recognised. Cancelled, it removes what it wrote and then ends; a stop that comes when all
        of it can be seen already is too late, and the report is given.

        Raises BadFile where nothing was recognised, ArchiveFull where there is no room, ArchiveNewer where nothing
        may be written.
        """
        return await self._take(paths, None, tell)

    async def take(self, given: Given, tell: Tell) -> Report:
        """The same for conversations that are at hand already."""
        return await self._take((), given, tell)

    async def _take(self, paths: Sequence[Path], given: Given | None, tell: Tell) -> Report:
        if self._running:
            raise BadInput("An import is under way.", "Wait for its end, or stop it.")
        self._database.writer  # noqa: B018  (raises where nothing may be written, before anything is read)
        loop = asyncio.get_running_loop()

        def tell_there(progress: Progress) -> None:
            loop.call_soon_threadsafe(tell, progress)

        work = _Work(self._database, paths, given, self._now, tell_there)
        self._running.add(work.id)
        try:
            await self.recover()  # what a killed run left is not "already there"
            future = loop.run_in_executor(None, work.run)
            try:
                return await asyncio.shield(future)
            except asyncio.CancelledError:
                work.stop.set()
                await asyncio.wait([future])
                if future.exception() is not None:
                    raise
                if (current := asyncio.current_task()) is not None:
                    current.uncancel()
                return future.result()
        finally:
            self._running.discard(work.id)

    async def runs(self) -> tuple[Run, ...]:
        """Earlier imports, the newest first."""
        rows = await self._database.read(imports.runs)
        return tuple(
            Run(row.id, row.started, row.ended, row.kind, row.name, row.state, _report(row.report)) for row in rows
        )

    async def undo(self, run_id: str) -> Undone:
        """Take away a whole import; conversations that were gone on with stay and are named.

        Raises BadInput for one that is under way.
        """
        if run_id in self._running:
            raise BadInput("This import is under way.", "Stop it instead.")
        conversations = messages = 0
        more = True
        while more:
            gone, removed, more = await self._database.write(lambda db: imports.undo(db, run_id))
            conversations, messages = conversations + gone, messages + removed
        kept, left = await self._database.read(lambda db: imports.kept(db, run_id))
        await self._database.write(lambda db: imports.forget_names(db, run_id))
        await self._database.write(lambda db: imports.end(db, run_id, self._micros(), "undone"))
        return Undone(conversations, messages, tuple(kept), left)

    async def recover(self) -> None:
        """After a start: take away what an import left that was killed, in short transactions."""
        if self._database.read_only or not await self._database.read(imports.unfinished):
            return
        running = self._running
        while await self._database.write(lambda db: imports.recover(db, self._micros(), running)):
            pass

    def _look(self, path: Path) -> Found:
        try:
            box = open_box(path, self._database.folder)
        except BadFile as error:
            return Found(path, name=path.name, problem=f"{error.summary} {error.advice}".strip())
        try:
            return Source(box, Notes()).found()
        except READ_FAILURES:
            return Found(path, name=path.name, problem="It cannot be read.")
        finally:
            box.close()

    def _micros(self) -> int:
        return round(self._now() * 1_000_000)


class _Work:
    """One run, on a worker's thread."""

    def __init__(
        self,
        database: Database,
        paths: Sequence[Path],
        given: Given | None,
        now: Callable[[], float],
        tell: Tell,
    ) -> None:
        self.id = new_id()
        self.stop = threading.Event()
        self._database, self._paths, self._given, self._now, self._tell = database, paths, given, now, tell
        self._notes = Notes()
        self._boxes: list[Box] = []
        self._problems: list[NotTaken] = []
        self._staging: Staging | None = None
        self._begun = time.monotonic()
        self._told, self._done, self._of = 0.0, 0, 0

    def run(self) -> Report:
        try:
            sources = self._open()
            self._say("Copying the archive first")
            self._make_room(sources)
            self._database.back_up("import", now=self._now)
            self._check()
            return self._take(sources)
        finally:
            for box in self._boxes:
                box.close()

    # What there is

    def _open(self) -> list[Source]:
        """Raises BadFile where nothing at all is recognised."""
        sources = []
        for path in self._paths:
            self._say(f"Looking at {path.name}")
            try:
                box = open_box(path, self._database.folder)
            except BadFile as error:
                self._problems.append(NotTaken(path.name, f"{error.summary} {error.advice}".strip(), path.name))
                continue
            self._boxes.append(box)
            source = Source(box, self._notes)
            if source.kinds:
                sources.append(source)
            else:
                self._problems.append(NotTaken(path.name, source.found().problem, path.name))
        if self._given is not None:
            self._of = WRITE_WEIGHT * self._given.size
            return sources
        if not sources:
            said = self._problems[0].reason if self._problems else "Nothing was chosen."
            raise BadFile(said, "" if self._problems else "Choose a file or a folder.")
        self._of = (READ_WEIGHT + WRITE_WEIGHT) * sum(source.size for source in sources)
        return sources

    def _make_room(self, sources: Sequence[Source]) -> None:
        archive = self._database.path.stat().st_size
        files = sum(entry.size for source in sources for entry in source.box.entries.values())
        needed = archive + files + sum(source.size for source in sources) + (self._given.size if self._given else 0)
        free = shutil.disk_usage(self._database.folder).free
        if free < needed:
            raise ArchiveFull(
                f"This import needs up to {size_words(needed)} beside the archive; {size_words(free)} are free.",
                "Make room, or import a part of it. Nothing was changed.",
            )

    # Taking it in

    def _take(self, sources: Sequence[Source]) -> Report:
        kind, name = self._named(sources)
        self._database.write_now(lambda db: imports.begin(db, self.id, self._micros(), kind, name))
        try:
            staging = self._staging = Staging(self._database, self.id, self._notes)
            for problem in self._problems:
                staging.refuse(problem)
            for source in sources:
                self._add_names(source, staging)
            for piece in self._pieces(sources, staging):
                self._check()
                self._one(piece, staging)
                self._read(piece.size * WRITE_WEIGHT)
            self._say("Finishing")
            staging.finish()
            report = self._report(staging)
            packed = msgspec.json.encode(report)
            self._check()
            self._database.write_now(lambda db: imports.show(db, self.id, self._micros(), staging.trashed, packed))
            return report
        except BaseException:
            self._take_back()
            raise

    def _named(self, sources: Sequence[Source]) -> tuple[str, str]:
        if self._given is not None:
            return self._given.kind, self._given.name
        kind = " and ".join(dict.fromkeys(source.kind for source in sources))
        return kind, ", ".join(source.box.path.name for source in sources)[:300]

    def _pieces(self, sources: Sequence[Source], staging: Staging) -> list[Piece]:
        """Everything in the order it was once said, so that newer texts stay newer in the archive."""
        dated: list[Piece] = []
        as_they_are: list[Piece] = []
        for piece in self._given.pieces(self._notes) if self._given is not None else ():
            if isinstance(piece, NotTaken):
                staging.refuse(piece)
            else:
                as_they_are.append(piece)
        for source in sources:
            for piece in source.pieces(lambda size: self._read(size * READ_WEIGHT)):
                self._check()
                if isinstance(piece, NotTaken):
                    staging.refuse(piece)
                else:
                    (as_they_are if source.is_ordered else dated).append(piece)
        return as_they_are + sorted(dated, key=lambda piece: piece.when)

    def _one(self, piece: Piece, staging: Staging) -> None:
        try:
            draft = piece.read()
        except Unreadable as error:
            staging.refuse(NotTaken(piece.name, str(error), piece.file))
        except READ_FAILURES:
            staging.refuse(NotTaken(piece.name, "It could not be read from the file.", piece.file))
        else:
            staging.take(draft, piece.file)

    def _add_names(self, source: Source, staging: Staging) -> None:
        """Folders, tags and saved searches of our own exports."""
        for name in source.kinds.get(own.KIND, ()):
            try:
                head = own.open_own(source.box, name, self._notes).head
            except BadFile:
                continue  # said again, by name, when its conversations are read
            if head.folders or head.tags or head.searches:
                staging.folders |= self._database.write_now(partial(self._names, head=head))

    def _names(self, db: sqlite3.Connection, head: Head) -> dict[str, str]:
        imports.add_names(db, self.id, head.tags, head.searches)
        return imports.add_folders(db, self.id, head.folders)

    def _take_back(self) -> None:
        """What was staged goes; on a full disk that is left to the next start."""
        try:
            while self._database.write_now(lambda db: imports.discard(db, self.id)):
                pass
            self._database.write_now(lambda db: imports.forget_names(db, self.id))
            self._database.write_now(lambda db: imports.end(db, self.id, self._micros(), "failed"))
        except KnownError:
            return

    def _report(self, staging: Staging) -> Report:
        return Report(
            run=self.id,
            taken=staging.taken,
            messages=staging.messages,
            already=staging.already,
            merged=staging.merged,
            added=staging.added,
            not_taken=tuple(staging.not_taken),
            not_taken_count=staging.refused,
            notes=dict(self._notes.counts),
            seconds=time.monotonic() - self._begun,
        )

    # Telling

    def _check(self) -> None:
        if self.stop.is_set():
            raise Stopped

    def _read(self, weight: int) -> None:
        self._check()
        self._done += weight
        self._say("Reading" if self._staging is None or not self._staging.taken else "Taking them in")

    def _say(self, stage: str) -> None:
        now = time.monotonic()
        if now - self._told < TOLD_EVERY_S and self._told and stage in ("Reading", "Taking them in"):
            return
        self._told = now
        passed = now - self._begun
        whole = READ_WEIGHT + WRITE_WEIGHT
        rate = self._done / passed if passed > 0.5 else 0.0
        left = max(0.0, self._of - self._done) / rate if rate else None
        staging = self._staging
        self._tell(
            Progress(
                stage,
                self._done // whole,
                self._of // whole,
                staging.taken + staging.already + staging.merged if staging else 0,
                staging.messages + staging.added if staging else 0,
                rate / whole,
                left,
            )
        )

    def _micros(self) -> int:
        return round(self._now() * 1_000_000)


def _report(written: str) -> Report:
    try:
        return msgspec.json.decode(written.encode(), type=Report)
    except msgspec.DecodeError:
        return Report()
