"""What SQLite and the disk say, as failures the user can understand."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from desktop.core.errors import ArchiveDamaged, ArchiveFull, ArchiveLocked, Detail, KnownError

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}

# Not the file's fault: the disk, another program, ourselves.
_PASSING = _BUSY | _FULL | {sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error while reading an archive says that its bytes are wrong."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF not in _PASSING


def known(error: Exception) -> KnownError | None:
    """The failure in words, or None where it is a mistake of ours."""
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return ArchiveFull("The archive cannot be written.", detail=Detail(code=errno.errorcode.get(error.errno)))
    if not isinstance(error, sqlite3.Error):
        return None
    detail = Detail(code=getattr(error, "sqlite_errorname", None))
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _FULL:
        return ArchiveFull("The archive cannot be written.", detail=detail)
    if code in _DAMAGED or str(error).startswith("Could not decode to UTF-8"):
        return ArchiveDamaged("A part of the archive is damaged.", "Restart Davenport; it checks the archive.", detail)
    if code in _BUSY:
        return ArchiveLocked("Another program holds the archive.", "Close it and try again.", detail)
    return None


@contextmanager
def in_words() -> Iterator[None]:
    """Raise what the disk and SQLite say as KnownErrors; all else passes."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        if (failure := known(error)) is not None:
            raise failure from error
        raise
