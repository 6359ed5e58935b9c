"""Bytes that are kept once, known by their SHA-256: small ones in the database, larger ones as files beside it."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import time
from collections.abc import Collection
from pathlib import Path

from desktop.core.errors import Missing
from desktop.core.ids import new_id
from desktop.store.connections import private_folder, remove_if_empty, sync_folder

INLINE_BYTES = 16 * 1024
KEPT_UNUSED_US = 24 * 3600 * 1_000_000
"""A blob that no message uses (yet) is kept for a day: it may be waiting in a composer."""

ASIDE = "archive.damaged-*.db"
"""Damaged archives that were set aside."""

_NAME = re.compile(r"[0-9a-f]{64}|\.[0-9A-Z]{26}\.part")

ARRIVES_WITHIN_S = 3600.0
"""A half file that was not written to for so long was left by a kill."""


def folder_of(conn: sqlite3.Connection) -> Path:
    """Where the blobs of the archive of this connection are."""
    for _, name, file in conn.execute("PRAGMA database_list"):
        if name == "main":
            return Path(file).parent / "blobs"
    raise AssertionError("every connection has a main database")


def file_of(folder: Path, sha256: str) -> Path:
    return folder / sha256[:2] / sha256


def put(conn: sqlite3.Connection, content: bytes, now_us: int | None = None) -> str:
    """Keep bytes and return their SHA-256 in hex; a file is on the disk before the transaction ends."""
    sha256 = hashlib.sha256(content).hexdigest()
    added = time.time_ns() // 1000 if now_us is None else now_us
    is_inline = len(content) <= INLINE_BYTES
    if not is_inline:
        _write(file_of(folder_of(conn), sha256), content)
    conn.execute(
        "INSERT INTO blob VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET added = max(added, excluded.added)",
        (sha256, len(content), added, content if is_inline else None),
    )
    return sha256


def get(conn: sqlite3.Connection, sha256: str) -> bytes:
    """The bytes, compared with their name; raises Missing."""
    row = conn.execute("SELECT bytes FROM blob WHERE sha256 = ?", (sha256,)).fetchone()
    if row is None:
        raise Missing("This attachment is not in the archive.")
    content = row[0]
    if content is None:
        try:
            content = file_of(folder_of(conn), sha256).read_bytes()
        except FileNotFoundError as error:
            raise Missing("The file of this attachment is gone.", "Restore a copy to get it back.") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Missing("The file of this attachment is damaged.", "Restore a copy to get it back.")
    return bytes(content)


def path(conn: sqlite3.Connection, sha256: str) -> Path | None:
    """The file of a large blob, to be read only; None for one that is in the database."""
    row = conn.execute("SELECT bytes IS NULL FROM blob WHERE sha256 = ?", (sha256,)).fetchone()
    if row is None:
        raise Missing("This attachment is not in the archive.")
    return file_of(folder_of(conn), sha256) if row[0] else None


def sweep(conn: sqlite3.Connection, now_us: int | None = None, also: Collection[str] = ()) -> int:
    """Forget blobs that nothing uses, but for young ones that are not in `also`, and those in drafts; how many.

    Files stay until `remove_files`: a transaction that is rolled back must find them again.
    """
    now = time.time_ns() // 1000 if now_us is None else now_us
    rows = conn.execute(
        "SELECT sha256, added FROM blob b"
        " WHERE NOT EXISTS (SELECT 1 FROM blob_use u WHERE u.sha256 = b.sha256)"
        " AND NOT EXISTS (SELECT 1 FROM raw_reply r WHERE r.sha256 = b.sha256)"
        " AND NOT EXISTS (SELECT 1 FROM recording r WHERE r.blob = b.sha256)"
        " AND NOT EXISTS (SELECT 1 FROM draft d WHERE instr(d.parts, b.sha256))"
    ).fetchall()
    gone = [(sha256,) for sha256, added in rows if added < now - KEPT_UNUSED_US or sha256 in also]
    conn.executemany("DELETE FROM blob WHERE sha256 = ?", gone)
    return len(gone)


def remove_files(conn: sqlite3.Connection) -> int:
    """Delete the files of forgotten blobs; only on the writer's thread, outside a transaction. Returns how many.

    None while an archive that was set aside is still there: it may be the only one that knows them.
    """
    if any(folder_of(conn).parent.glob(ASIDE)):
        return 0
    known = {sha256 for (sha256,) in conn.execute("SELECT sha256 FROM blob WHERE bytes IS NULL")}
    gone = [path for path in folder_of(conn).glob("??/*") if path.name not in known and not _is_arriving(path)]
    for path in gone:
        path.unlink()
    return len(gone)


def remove_all(folder: Path) -> None:
    """Every blob below a folder of blobs, also half ones; files that are not ours stay. Blocking."""
    for shelf in folder.glob("??"):
        for path in shelf.iterdir():
            if _NAME.fullmatch(path.name):
                path.unlink()
        remove_if_empty(shelf)
    remove_if_empty(folder)


def _is_arriving(path: Path) -> bool:
    """Whether a file is being copied in right now, which large recordings are beside the writer's thread."""
    try:
        return path.name.startswith(".") and time.time() - path.stat().st_mtime < ARRIVES_WITHIN_S
    except FileNotFoundError:
        return True


def _write(target: Path, content: bytes) -> None:
    """Under a temporary name first; a file that is already there has the same content, unless it was damaged."""
    if target.exists() and target.stat().st_size == len(content):
        return
    private_folder(target.parent.parent)
    private_folder(target.parent)
    part = target.with_name(f".{new_id()}.part")
    handle = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)
