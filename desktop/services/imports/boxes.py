"""What conversations come in: a file, a folder, a ZIP. Bounded before anything is unpacked; no name becomes a path."""

from __future__ import annotations

import os
import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO

from msgspec import Struct

from desktop.core.errors import BadFile
from desktop.services.imports.values import NotTaken
from desktop.services.json_items import Element

PIECE = 256 * 1024
MOST_FILES = 200_000
MOST_BYTES = 64 * 1024**3
RATIO, RATIO_FROM = 200, 8 * 1024 * 1024
"""Unpacked to packed, once a file is larger than that: text is packed to a tenth, a bomb to a thousandth."""

_LEADS_OUT = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)|\0")
READ_FAILURES = (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


class Entry(Struct, frozen=True):
    """A file in a box; `when` in UTC microseconds."""

    name: str
    size: int
    when: int = 0


class Box:
    """Files by their names. `left_out` says which were not looked at and why."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: dict[str, Entry] = {}
        self.left_out: list[NotTaken] = []
        self.closing: list[Callable[[], None]] = []  # what was opened inside it

    def open(self, name: str) -> IO[bytes]:
        raise NotImplementedError

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of a file in pieces. Raises BadFile where it cannot be read to its end."""
        try:
            with self.open(name) as file:
                while piece := file.read(PIECE):
                    yield piece
        except READ_FAILURES as error:
            raise BadFile(f"“{name}” cannot be read to its end.", _reason(error)) from error

    def first(self, name: str, size: int) -> bytes:
        """How a file begins; nothing where it cannot be read."""
        try:
            with self.open(name) as file:
                return file.read(size)
        except READ_FAILURES:
            return b""

    def whole(self, name: str, most: int) -> bytes | None:
        """All of a file; None where there is more of it than that, or it cannot be read."""
        if name not in self.entries or self.entries[name].size > most:
            return None
        content = self.first(name, most + 1)
        return content if len(content) == self.entries[name].size else None

    def later(self, name: str, element: Element) -> Callable[[], bytes]:
        """How to read an element again: it is not kept in memory."""
        return partial(self._slice, name, element.start, element.size)

    def close(self) -> None:
        """Let go of what is open."""
        for close in self.closing:
            close()
        self.closing.clear()

    def _slice(self, name: str, start: int, size: int) -> bytes:
        with self.open(name) as file:
            file.seek(start)
            return file.read(size)

    def _add(self, entry: Entry) -> None:
        if len(self.entries) >= MOST_FILES:
            raise BadFile(f"“{self.path.name}” holds more than {MOST_FILES:,} files.", "Choose a smaller part of it.")
        self.entries[entry.name] = entry


class Folder(Box):
    """A folder with all below it; links are not followed."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        for place, folders, files in os.walk(path):
            folders.sort()
            for name in sorted(files):
                self._look_at(Path(place) / name)

    def open(self, name: str) -> IO[bytes]:
        return (self.path / name).open("rb")

    def _look_at(self, path: Path) -> None:
        name = path.relative_to(self.path).as_posix()
        try:
            about = path.lstat()
        except OSError:
            return
        if stat.S_ISREG(about.st_mode):
            self._add(Entry(name, about.st_size, int(about.st_mtime * 1_000_000)))
        else:
            self.left_out.append(NotTaken(name, "It is a link or no ordinary file; those are not followed.", name))


class File(Folder):
    """One file, with the folder of its name beside it that our own exports have."""

    def __init__(self, path: Path) -> None:
        Box.__init__(self, path)
        self._place = path.parent
        about = path.stat()
        self._add(Entry(path.name, about.st_size, int(about.st_mtime * 1_000_000)))
        beside = path.with_name(f"{path.stem} files")
        if beside.is_dir() and not beside.is_symlink():
            for each in sorted(beside.iterdir()):
                if each.is_file() and not each.is_symlink():
                    self._add(Entry(f"{beside.name}/{each.name}", each.stat().st_size))

    def open(self, name: str) -> IO[bytes]:
        return (self._place / name).open("rb")


class Zip(Box):
    """A ZIP: looked through as a whole before a byte is unpacked; what is read twice goes through a file of ours."""

    def __init__(self, path: Path, folder: Path) -> None:
        super().__init__(path)
        self._folder = folder
        self._spool: IO[bytes] | None = None
        self._spooled_bytes = 0
        try:
            self._zip = zipfile.ZipFile(path)
        except READ_FAILURES as error:
            raise BadFile(f"“{path.name}” is a damaged ZIP.", "Download the export again.") from error
        try:
            self._look_through()
        except BaseException:
            self.close()
            raise

    def open(self, name: str) -> IO[bytes]:
        return self._zip.open(name)

    def later(self, name: str, element: Element) -> Callable[[], bytes]:
        """Elements of a ZIP cannot be found again: they wait in a file that has no name."""
        assert element.content is not None
        if self._spool is None:
            self._spool = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115  (closed with the box)
            self._spooled_bytes = 0
        start = self._spooled_bytes
        self._spool.seek(start)
        self._spool.write(element.content)
        self._spooled_bytes += element.size
        return partial(self._spooled, start, element.size)

    def close(self) -> None:
        super().close()
        self._zip.close()
        if self._spool is not None:
            self._spool.close()
            self._spool = None

    def _spooled(self, start: int, size: int) -> bytes:
        assert self._spool is not None
        self._spool.seek(start)
        return self._spool.read(size)

    def _look_through(self) -> None:
        total = 0
        for found in self._zip.infolist():
            if found.is_dir():
                continue
            total += found.file_size
            if problem := _problem(found, total):
                raise BadFile(f"“{self.path.name}” was not opened: {problem}", "Nothing of it was taken.")
            self._add(Entry(found.filename, found.file_size, _when(found)))


def open_box(path: Path, folder: Path) -> Box:
    """What is at a path; `folder` is for what has to wait on disk. Raises BadFile."""
    try:
        if path.is_symlink() and not path.exists():
            raise BadFile(f"“{path.name}” is a link that leads nowhere.")
        if path.is_dir():
            return Folder(path)
        if not path.is_file():
            raise BadFile(f"“{path.name}” is not there, or no ordinary file.")
        with path.open("rb") as file:
            is_zip = file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
        return Zip(path, folder) if is_zip else File(path)
    except OSError as error:
        raise BadFile(f"“{path.name}” cannot be read.", "Check that it is there and may be read.") from error


def _problem(found: zipfile.ZipInfo, total: int) -> str:
    """Why a ZIP with such a file is not opened at all."""
    name = found.filename[:120]
    if found.flag_bits & 1:
        return f"“{name}” is encrypted."
    if _LEADS_OUT.search(found.filename) or _LEADS_OUT.search(found.orig_filename):
        return f"“{name}” is a name that leads out of it."
    if stat.S_ISLNK(found.external_attr >> 16):
        return f"“{name}” is a link."
    if found.file_size > RATIO_FROM and found.file_size > RATIO * max(found.compress_size, 1):
        return f"“{name}” would unpack to more than {RATIO} times its size."
    if total > MOST_BYTES:
        return f"it would unpack to more than {MOST_BYTES // 1024**3} GB."
    return ""


def _when(found: zipfile.ZipInfo) -> int:
    from datetime import UTC, datetime

    try:
        return int(datetime(*found.date_time, tzinfo=UTC).timestamp() * 1_000_000)
    except ValueError:
        return 0


def _reason(error: BaseException) -> str:
    if isinstance(error, NotImplementedError | RuntimeError):
        return "It is packed in a way that cannot be read here. Unpack it first, then choose the folder."
    return "It is damaged or cut. Download the export again."
