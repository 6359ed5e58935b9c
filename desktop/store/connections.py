"""How a connection to the archive is made: the one that writes, and those that read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from desktop.store.small_files import sync_folder as sync_folder

T = TypeVar("T")

BUSY_MS = 5000


def _connect(path: Path, options: str) -> sqlite3.Connection:
    conn = sqlite3.connect(
        f"{path.absolute().as_uri()}?{options}", uri=True, isolation_level=None, check_same_thread=False
    )
    conn.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    # What stands in a file's schema is not trusted to call functions, nor pages to have sane cells.
    conn.execute("PRAGMA trusted_schema = OFF")
    conn.execute("PRAGMA cell_size_check = ON")
    return conn


def writing(path: Path) -> sqlite3.Connection:
    """The only kind of connection that changes an archive; the database's writer thread has the only one."""
    conn = _connect(path, "mode=rw")
    try:
        conn.execute("PRAGMA journal_mode = WAL")
        conn.execute("PRAGMA synchronous = FULL")
        conn.execute("PRAGMA foreign_keys = ON")
        conn.execute("PRAGMA secure_delete = ON")
        conn.execute("PRAGMA fullfsync = ON")  # only macOS knows the difference
        conn.execute("PRAGMA checkpoint_fullfsync = ON")
    except BaseException:
        conn.close()
        raise
    return conn


def reading(path: Path, *, is_frozen: bool = False) -> sqlite3.Connection:
    """A connection that can change nothing. `is_frozen`: no file is made beside the archive, not even for locks."""
    conn = _connect(path, "mode=ro&immutable=1" if is_frozen else "mode=ro")
    try:
        conn.execute("PRAGMA query_only = ON")
        conn.execute("PRAGMA cache_size = -16000")
    except BaseException:
        conn.close()
        raise
    return conn


def scratch(path: Path) -> sqlite3.Connection:
    """A file that is thrown away when it was read: rows may point anywhere in it, and no power cut matters to it."""
    conn = _connect(path, "mode=rw")
    for name, value in (("journal_mode", "OFF"), ("synchronous", "OFF"), ("ignore_check_constraints", "ON")):
        conn.execute(f"PRAGMA {name} = {value}")
    return conn


def new_file(path: Path) -> None:
    """An empty file that only the user can read; SQLite gives the files beside it the same rights."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def private_folder(path: Path) -> Path:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_mode & 0o077:
        path.chmod(0o700)
    return path


def remove_if_empty(path: Path) -> None:
    """A folder of ours, unless something that is not ours is in it."""
    with suppress(OSError):
        path.rmdir()


def transaction(conn: sqlite3.Connection, work: Callable[[sqlite3.Connection], T], begin: str = "BEGIN IMMEDIATE") -> T:
    """Run `work` whole or not at all."""
    conn.execute(begin)
    try:
        result = work(conn)
        conn.execute("COMMIT")
    except BaseException:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise
    return result
