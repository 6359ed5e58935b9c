"""One export: what is chosen is read out of the archive in a worker, written under a hidden name, and then named."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct

from desktop.core import search_query
from desktop.core.conversation import Conversation, Message
from desktop.core.errors import BadInput, Missing
from desktop.core.file_names import clean as clean_name
from desktop.core.file_names import unlike
from desktop.core.secret import Redactor
from desktop.services.export import (
    csv_form,
    formats,
    html_form,
    json_form,
    jsonl_form,
    markdown_form,
    reading,
    text_form,
)
from desktop.services.export.files import Files
from desktop.services.export.html_site import Site
from desktop.services.export.target import Target, in_words
from desktop.services.export.told import Branches, Bytes, Told, cleaned, day
from desktop.store import conversations, exporting, found
from desktop.store.database import Database

TELL_S = 0.05
FOUND_AT_ONCE = 500
Out = Callable[[str], object]
Pages = Callable[[Told, Path], None]
"""Writes a conversation as a PDF; it is called in the exporting thread."""


class Selection(Struct, frozen=True):
    """What to export: these ids, or what a search line finds, or else all that is kept."""

    ids: tuple[str, ...] | None = None
    line: str = ""

    @property
    def is_all(self) -> bool:
        return self.ids is None and not self.line.strip()


class Progress(Struct, frozen=True):
    """How many messages are through, of how many."""

    done: int
    of: int


class Exported(Struct, frozen=True):
    """Where it is and what is in it. `left_out`: attachments that were not taken, each with the reason; `skipped`:
    what the form cannot say, in words such as "2 pictures"."""

    path: Path
    conversations: int
    files: int = 0
    size_bytes: int = 0
    left_out: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


class Stopped(Exception):
    """The user has stopped it."""


class Work:
    """One export, in its thread."""

    def __init__(
        self,
        database: Database,
        redactor: Redactor,
        selection: Selection,
        format: str,
        branches: Branches,
        attachments: bool,
        pages: Pages | None,
    ) -> None:
        self._database, self._clean = database, redactor.clean_bytes
        self._selection, self._format, self._branches = selection, format, branches
        self._has_files, self._pages = attachments, pages
        self._files = Files(database, None, self._clean)
        self._skipped: Counter[str] = Counter()
        self._done = self._of = self._conversations = 0
        self._told_at = 0.0
        self.stopped = threading.Event()
        self.tell: Callable[[Progress], object] = lambda progress: None

    def to_file(self, out: Path, replaces: bool) -> Exported:
        ids = self._ids()
        is_folder = formats.is_folder(self._format, len(ids))
        with in_words(out):
            has_files = self._has_files and self._format != "jsonl"
            target = Target(out, is_folder=is_folder, replaces=replaces, has_files=has_files)
            self._files = Files(self._database, target, self._clean)
            try:
                if is_folder:
                    self._folder(ids, target)
                elif self._format == "pdf":
                    self._pdf(ids[0], target.hidden_path(), f"{target.files_name}/")
                else:
                    with target.open() as file:
                        self._file(ids, file, f"{target.files_name}/")
                size = target.finish()
            except BaseException:
                target.discard()
                raise
        return self._exported(target.path, size)

    def to_text(self, out: Out) -> Exported:
        ids = self._ids()
        if formats.is_folder(self._format, len(ids)):
            raise BadInput(f"{len(ids)} conversations become a folder in this form.", "Name it with --out.")
        self._file(ids, _Text(out), "", has_mark=False)
        return self._exported(Path(), 0)

    def _exported(self, path: Path, size: int) -> Exported:
        return Exported(
            path,
            self._conversations,
            self._files.count,
            size,
            tuple(self._files.left_out.values()),
            jsonl_form.in_words(self._skipped),
        )

    # What goes where

    def _file(self, ids: Sequence[str], file: json_form.Writes, prefix: str, *, has_mark: bool = True) -> None:
        """All of it in one file; `prefix` is the way to the attachments."""

        def text(piece: str) -> None:
            file.write(piece.encode())

        if self._format == "json":
            self._json(ids, file)
            return
        if self._format == "csv":
            text(("\ufeff" if has_mark else "") + csv_form.header())  # without it spreadsheets guess another encoding
        for told in self._all_told(ids, prefix):
            self._form(told, text)

    def _form(self, told: Told, text: Callable[[str], None]) -> None:
        match self._format:
            case "md":
                markdown_form.write(told, text)
            case "txt":
                text_form.write(told, text)
            case "csv":
                csv_form.write(told, text)
            case "jsonl":
                jsonl_form.write(told, text, self._skipped)
            case "html":
                html_form.write(told, text, embedding=html_form.Embedding() if self._has_files else None)
            case _:
                raise ValueError(self._format)

    def _json(self, ids: Sequence[str], file: json_form.Writes) -> None:
        head = reading.head(self._database, ids, is_all=self._selection.is_all, has_files=self._has_files)
        json_form.write(file, head, self._entries(ids), self._clean)

    def _entries(self, ids: Sequence[str]) -> Iterator[json_form.Entry]:
        written = reading.Written()
        for id in self._counted(ids):
            for entry in reading.entries(self._database, id, written, self._files if self._has_files else None):
                yield entry
                self._pass(len(entry.messages))

    def _folder(self, ids: Sequence[str], target: Target) -> None:
        if self._format == "html":
            site = Site(target.open)
            for told in self._all_told(ids, "../files/"):
                site.add(told)
            site.finish()
            return
        taken: set[str] = set()
        for told in self._all_told(ids, "files/"):
            about = told.conversation
            name = unlike(clean_name(f"{day(about.created)} {told.title}"[:120], ending=f".{self._format}"), taken)
            taken.add(name.casefold())
            if self._format == "pdf":
                self._draw(told, target.hidden_path(name))
                continue
            with target.open(name) as file:
                self._form(told, lambda piece, file=file: file.write(piece.encode()))  # type: ignore[misc]

    def _pdf(self, id: str, path: Path, prefix: str) -> None:
        for told in self._all_told([id], prefix):
            self._draw(told, path)

    def _draw(self, told: Told, path: Path) -> None:
        assert self._pages is not None, "only a window can draw pages"
        self._pages(told, path)

    # Reading

    def _ids(self) -> list[str]:
        ids = chosen(self._database, self._selection, with_trash=self._format == "json")
        if not ids and self._selection.ids:
            raise Missing("These conversations are not there any more.")
        if not ids and not self._selection.is_all:
            raise BadInput("Nothing is found that could be exported.", "Search for something else, or export all.")
        if not ids and self._format != "json":
            raise BadInput("There is nothing to export yet.", "")
        counts = self._database.read_now(exporting.counts)
        self._of = sum(counts.get(id, 0) for id in ids)
        return ids

    def _counted(self, ids: Sequence[str]) -> Iterator[str]:
        """Each id; what a form does not tell of a conversation counts as done behind it."""
        counts = self._database.read_now(exporting.counts)
        through = 0
        for id in ids:
            yield id
            self._conversations += 1
            through += counts.get(id, 0)
            self._done = through
            self._pass(0)

    def _all_told(self, ids: Sequence[str], prefix: str) -> Iterator[Told]:
        for id in self._counted(ids):
            try:
                about = self._database.read_now(partial(_about, id=id))
            except Missing:
                continue  # deleted since the export began
            yield self._told(cleaned(about[0], self._clean), about[1], prefix)

    def _told(self, about: Conversation, outline: conversations.Outline, prefix: str) -> Told:
        if not self._has_files:
            return Told(about, outline.parents, self._branches, self._read)
        files = self._files

        def link(part: Bytes) -> str:
            name = files.link(part)
            return f"{prefix}{name}" if name else ""

        return Told(about, outline.parents, self._branches, self._read, link, files.content)

    def _read(self, ids: Sequence[str]) -> Iterator[Message]:
        for start in range(0, len(ids), reading.AT_ONCE):
            some = ids[start : start + reading.AT_ONCE]
            messages = self._database.read_now(partial(reading.messages, ids=some))
            for message in messages:
                yield cleaned(reading.settled(message), self._clean)
            self._pass(len(messages))

    def _pass(self, count: int) -> None:
        """Count what is through, tell of it now and then, and end where the user has stopped it."""
        if self.stopped.is_set():
            raise Stopped
        self._done = min(self._of, self._done + count)
        now = time.monotonic()
        if now - self._told_at >= TELL_S or self._done == self._of:
            self._told_at = now
            self.tell(Progress(self._done, self._of))


class _Text:
    """Takes bytes and gives them on as text."""

    def __init__(self, out: Out) -> None:
        self._out = out

    def write(self, piece: bytes) -> int:
        self._out(piece.decode())
        return len(piece)


def _about(conn: sqlite3.Connection, id: str) -> tuple[Conversation, conversations.Outline]:
    return exporting.conversation(conn, id), conversations.outline(conn, id)


def chosen(database: Database, selection: Selection, *, with_trash: bool) -> list[str]:
    """Ids in the order in which they were made. Raises BadInput for a search line that is not understood."""
    wanted = selection.ids
    if wanted is None and selection.line.strip():
        wanted = tuple(_found(database, selection.line))
    return database.read_now(lambda db: exporting.ids(db, None if wanted is None else set(wanted), trashed=with_trash))


def _found(database: Database, line: str) -> Iterator[str]:
    """All that a search line finds, a page at a time."""
    asked = search_query.parse(line)
    after: str | None = None
    while True:
        results = database.read_now(partial(found.page, line=asked, limit=FOUND_AT_ONCE, after=after))
        if problems := (*asked.problems, *results.problems):
            raise BadInput(problems[0].sentence, "Change the line and export again.")
        yield from (entry.conversation.id for entry in results.entries)
        after = results.next
        if after is None:
            return
