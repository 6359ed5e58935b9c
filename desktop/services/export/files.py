"""Attachments that go with an export: copied once each under clean names, never one that is lost or holds a key."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Callable, Iterator
from pathlib import Path

from desktop.core.errors import Missing
from desktop.core.file_names import clean, unlike
from desktop.services.export.json_form import File
from desktop.services.export.target import Target
from desktop.services.export.told import Bytes, name_of
from desktop.store import exporting
from desktop.store.database import Database

COPY_BYTES = 1024 * 1024
LONGEST_KEY = 1024
LARGEST_INSIDE = 48 * 1024 * 1024
_AS_GOOD = {".jpeg": ".jpg", ".htm": ".html", ".tiff": ".tif", ".mpga": ".mp3"}

Clean = Callable[[bytes], bytes]


class _HoldsKey(Exception):
    pass


class Files:
    """The attachments of one export. `left_out` says which were not taken and why; `count` how many were."""

    def __init__(self, database: Database, target: Target | None, clean: Clean) -> None:
        self._database, self._target, self._clean = database, target, clean
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()
        self.left_out: dict[str, str] = {}
        self.count = 0

    def link(self, part: Bytes) -> str:
        """The name of the copy in the folder of attachments; "" where there is none."""
        if not part.blob or self._target is None:
            return ""
        if part.blob not in self._names:
            ending = mimetypes.guess_extension(part.mime) or ""
            name = unlike(clean(part.name, ending=_ending(part.name, ending)), self._taken)
            self._names[part.blob] = name if self._copy(part.blob, name, name_of(part)) else ""
            self._taken.add(name.casefold())
        return self._names[part.blob]

    def content(self, part: Bytes) -> bytes | None:
        """The bytes themselves, where they are not too many."""
        try:
            if self._database.read_now(lambda db: exporting.size_of(db, part.blob)) > LARGEST_INSIDE:
                return None
            found = b"".join(self._pieces(part.blob))
        except (Missing, _HoldsKey) as error:
            self._leave(part.blob, name_of(part), error)
            return None
        return found or None

    # For our own form (reading.Keep)

    def beside(self, file: File, ending: str) -> File:
        name = file.sha256 + ending
        if self._target is None or not self._copy(file.sha256, name, name):
            return file
        return File(file.sha256, file.size_bytes, name=name)

    def inside(self, part: Bytes) -> bytes | None:
        content = self.content(part)
        self.count += content is not None
        return content

    def _copy(self, sha256: str, name: str, shown: str) -> bool:
        assert self._target is not None
        try:
            with self._target.open_file(name) as copy:
                for piece in self._pieces(sha256):
                    copy.write(piece)
        except (Missing, _HoldsKey) as error:
            self._target.drop_file(name)
            self._leave(sha256, shown, error)
            return False
        self.count += 1
        return True

    def _leave(self, sha256: str, name: str, error: Exception) -> None:
        why = "it holds a key" if isinstance(error, _HoldsKey) else "the archive has lost it"
        self.left_out[sha256] = f"{name}: {why}"

    def _pieces(self, sha256: str) -> Iterator[bytes]:
        """A blob's bytes; raises at the end where they are not what they were, and at once where a key is in them."""
        found = self._database.read_now(lambda db: exporting.content(db, sha256))
        tail = b""
        whole = hashlib.sha256()
        for piece in _read(found) if isinstance(found, Path) else [found]:
            looked_at = tail + piece
            if self._clean(looked_at) != looked_at:
                raise _HoldsKey
            tail = looked_at[-LONGEST_KEY:]
            whole.update(piece)
            yield piece
        if whole.hexdigest() != sha256:
            raise Missing("The file of this attachment is damaged.")


def _read(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := file.read(COPY_BYTES):
                yield piece
    except FileNotFoundError as error:
        raise Missing("The file of this attachment is gone.") from error


def _ending(name: str, ending: str) -> str:
    """The ending a copy must get so that its name says what it is; "" where the name's own says so."""
    own = Path(name).suffix.lower()
    known = mimetypes.guess_extension(mimetypes.guess_type(name)[0] or "")
    return "" if not ending or _AS_GOOD.get(own, own) == _AS_GOOD.get(ending, ending) or known == ending else ending
