"""What can be read out of an archive that was set aside as damaged, put into an archive of our form beside it.

The damaged file is only read. Rows are known by their columns' types alone, so that neither the schema, nor indexes,
nor the inner pages of the trees have to be whole. Then what points to something lost is made to point to what is there.
"""

# ruff: noqa: S608  (names in statements are our own; values are always bound)

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from desktop.core.conversation import Role, State
from desktop.core.errors import ArchiveFull, Missing
from desktop.core.ids import new_id
from desktop.store import backups, blobs, check, connections
from desktop.store.migrations import migrate
from desktop.store.pages import Pages, Row, Value
from desktop.store.salvage_repair import repair
from desktop.store.schema import FILE_NAME

AT_ONCE = 200
"""Pages between two looks at whether it was stopped, and of one transaction."""

ROOM_LEFT = 64 << 20

_TABLES = (
    "passage", "message", "conversation", "piece", "blob", "ledger", "repricing", "folder", "tag", "recording",
    "transcript", "saved_search",
)  # fmt: skip
_PROSE = {"text", "system", "error", "advice", "name"}
"""Columns of words for people: letters that were damaged are marked, the rest is kept."""

_HASH = re.compile(r"[0-9a-f]{64}")
_STAMP = re.compile(r"archive\.damaged-(\d{8}T\d{6})Z?(?:-\d+)?\.db")
_SIDE_TABLES = ("conversation_tag",)  # two numbers to a row: nothing in a page says whose they are

Tell = Callable[[int, int], None]
"""Pages read and pages in all; may raise, which ends the reading."""


class Aside(Struct, frozen=True):
    """A damaged file in the archive's folder; `since` is when it was set aside, UTC microseconds, 0 if unknown."""

    path: Path
    size_bytes: int
    since: int = 0


class _Column(Struct, frozen=True):
    name: str
    kind: str
    can_be_absent: bool
    is_number: bool  # of the row itself, which stands outside of the record
    instead: str | None  # of a text that cannot be read


def asides(folder: Path) -> list[Aside]:
    """The newest first."""
    found = []
    for path in folder.glob(blobs.ASIDE):
        stamp = _STAMP.fullmatch(path.name)
        since = datetime.strptime(stamp[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) if stamp else None
        found.append(Aside(path, path.stat().st_size, round(since.timestamp() * 1_000_000) if since else 0))
    return sorted(found, key=lambda aside: aside.path.name, reverse=True)


def named(folder: Path, name: str) -> Aside:
    """Raises Missing."""
    found = next((aside for aside in asides(folder) if aside.path.name == name), None)
    if found is None:
        raise Missing("This file is not there any more.")
    return found


def forget(folder: Path, name: str) -> None:
    """Delete a damaged file with the log that was set aside with it. Raises Missing."""
    path = named(folder, name).path
    for end in ("-wal", "-shm", "-journal", ""):
        path.with_name(path.name + end).unlink(missing_ok=True)
    connections.sync_folder(folder)


def read(path: Path, folder: Path, tell: Tell) -> Path:
    """Make an archive of what can be read, in `folder`, under a name that the next start clears. Blocking, long.

    Raises ArchiveFull where there is no room, and what `tell` raises; then nothing is left of it.
    """
    needed = path.stat().st_size + ROOM_LEFT
    if shutil.disk_usage(folder).free < needed:
        raise ArchiveFull("There is no room to read the damaged file.", "Make room on this disk, then try again.")
    target = folder / f".{FILE_NAME}{backups.PART}{new_id()}"
    connections.new_file(target)
    try:
        with closing(connections.scratch(target)) as conn:
            migrate(conn)
            conn.execute("DELETE FROM davenport")
            _fill(conn, path, tell)
            _side_tables(conn, path)
            conn.execute("BEGIN")
            repair(conn)
            conn.execute("COMMIT")
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target


def _fill(conn: sqlite3.Connection, path: Path, tell: Tell) -> None:
    shapes = _shapes(conn)
    with Pages(path, _log_of(path)) as pages:
        conn.execute("BEGIN")
        for number in range(1, pages.count + 1):
            for row in pages.rows(number):
                if fitting := shapes.get((row.rowid is not None, len(row.kinds))):
                    _keep(conn, pages, row, fitting)
            if number % AT_ONCE == 0:
                conn.execute("COMMIT")
                tell(number, pages.count)
                conn.execute("BEGIN")
        conn.execute("COMMIT")
        tell(pages.count, pages.count)


def _shapes(conn: sqlite3.Connection) -> dict[tuple[bool, int], tuple[tuple[str, tuple[_Column, ...]], ...]]:
    """Which tables a row may be of, by whether it has a number and by how many values it has.

    In an earlier form of the archive tables had fewer columns at their end.
    """
    found: dict[tuple[bool, int], tuple[tuple[str, tuple[_Column, ...]], ...]] = {}
    for table in _TABLES:
        columns = _columns(conn, table)
        for count in range(len(columns), 0, -1):
            shape = (columns[0].is_number, count)
            found[shape] = (*found.get(shape, ()), (table, columns[:count]))
            if not columns[count - 1].can_be_absent:
                break
    return found


def _log_of(path: Path) -> Path | None:
    """The log that was set aside with a file, where it goes on from what the file has: not another archive's, nor an
    older one. Where the file does not say, the log is taken for its own."""
    log = path.with_name(path.name + "-wal")
    if not check.has_content(log) or not check.is_log(log):
        return None
    with Pages(path) as without, Pages(path, log) as both:
        before = _mark(without, range(1, without.count + 1))
        after = _mark(both, sorted(both.only_in_log()))
    if before is None or after is None:
        return log
    return log if before[0] == after[0] and before[1] <= after[1] else None


def _mark(pages: Pages, numbers: Sequence[int]) -> tuple[bytes, int] | None:
    """The archive's id and the number of its last commit, which stand in one page."""
    for number in numbers:
        found = dict(pair for row in pages.rows(number) if (pair := _pair(pages, row)) is not None)
        if (commits := found.get(b"commits", b"")).isdigit() and b"archive" in found:
            return found[b"archive"], int(commits)
    return None


def _pair(pages: Pages, row: Row) -> tuple[bytes, bytes] | None:
    """Two texts, as the table of the archive's mark has them."""
    if row.rowid is None and len(row.kinds) == 2 and (values := pages.values(row)) is not None:
        name, value = values
        if isinstance(name, memoryview) and isinstance(value, memoryview):
            return bytes(name), bytes(value)
    return None


def _columns(conn: sqlite3.Connection, table: str) -> tuple[_Column, ...]:
    rows = conn.execute(f"PRAGMA table_info({table})").fetchall()
    return tuple(
        _Column(
            name, kind, not is_needed or usual is not None, bool(key) and kind == "INTEGER", usual and usual.strip("'")
        )
        for _, name, kind, is_needed, usual, key in rows
    )


def _keep(conn: sqlite3.Connection, pages: Pages, row: Row, tables: Sequence[tuple[str, tuple[_Column, ...]]]) -> None:
    for table, columns in tables:
        if not all(map(_can_be, row.kinds, columns)):
            continue
        if (stored := pages.values(row)) is None:
            return
        values = [_value(value, column) for value, column in zip(stored, columns, strict=True)]
        if columns[0].is_number:
            values[0] = row.rowid
        if _is_sound(table, values):
            names = ", ".join(column.name for column in columns)
            marks = ", ".join("?" * len(values))
            conn.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", values)
            return


def _can_be(kind: int, column: _Column) -> bool:
    """Whether a value of a kind, as the file format numbers them, can stand in a column."""
    if kind == 0:  # no value
        return column.is_number or column.can_be_absent
    match column.kind:
        case "TEXT":
            return kind >= 13 and kind % 2 == 1
        case "INTEGER":
            return not column.is_number and (kind < 7 or kind in (8, 9))
        case "REAL":  # whole ones are stored as integers
            return kind < 10
        case _:
            return kind >= 12 and kind % 2 == 0


def _value(value: Value, column: _Column) -> str | bytes | int | float | None:
    """As Python has it. What is no UTF-8 keeps its other letters where people read it, else it is as if absent."""
    if not isinstance(value, memoryview):
        return value
    try:
        return str(value, "utf-8")
    except UnicodeDecodeError:
        return str(value, "utf-8", "replace") if column.name in _PROSE else column.instead


def _is_sound(table: str, values: Sequence[object]) -> bool:
    """What the types alone do not say."""
    match table:
        case "passage":
            return values[1] in (0, 1) and bool(values[2])
        case "message":
            return values[4] in set(Role) and values[5] in set(State)
        case "conversation":
            return values[5] in (0, 1) and isinstance(values[6], int) and values[6] >= 0
        case "blob":
            return isinstance(values[0], str) and _HASH.fullmatch(values[0]) is not None
        case _:
            return True


def _side_tables(conn: sqlite3.Connection, path: Path) -> None:
    """Tables whose rows say nothing of themselves, as far as SQLite itself still reads them."""
    for table in _SIDE_TABLES:
        with check.Damage(), closing(connections.reading(path, is_frozen=True)) as damaged:
            for row in damaged.execute(f"SELECT * FROM {table}"):
                conn.execute(f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(row))})", row)
