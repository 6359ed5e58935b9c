"""Whether a file is an archive of ours, and whether it is whole."""

from __future__ import annotations

import sqlite3
from enum import Enum
from functools import cache
from pathlib import Path

from desktop.store import schema
from desktop.store.failures import is_damage
from desktop.store.migrations import MIGRATIONS, form_of, migrate

MAGIC = b"SQLite format 3\0"
WAL_MAGIC = (0x377F0682, 0x377F0683)
_LOOKED_AT = 1 << 20  # the text of the tables is among the first pages


class Look(Enum):
    """What a file is by its first bytes, before SQLite touches it."""

    ABSENT = "absent"
    OURS = "ours"
    FOREIGN = "foreign"
    DAMAGED = "damaged"


def look(path: Path) -> Look:
    """No connection of this process may have the file open: closing it here would drop their locks."""
    if not path.exists():
        return Look.FOREIGN if path.is_symlink() else Look.ABSENT
    if not path.is_file():
        return Look.FOREIGN
    with path.open("rb") as file:
        start = file.read(_LOOKED_AT)
    is_ours = start[68:72] == schema.APPLICATION_ID.to_bytes(4, "big")
    if start.startswith(MAGIC) and is_ours:
        return Look.OURS
    # Empty, zeros after a power cut, or a header that is damaged over pages that are ours.
    if not start.strip(b"\0") or is_ours or schema.MARK.encode() in start:
        return Look.DAMAGED
    return Look.FOREIGN


def is_cut(path: Path) -> bool:
    """Whether a file ends within a page; SQLite reads zeros there and may not notice."""
    with path.open("rb") as file:
        page_bytes = int.from_bytes(file.read(18)[16:18], "big")
    return page_bytes > 1 and path.stat().st_size % page_bytes != 0


def has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def is_log(path: Path) -> bool:
    """Whether a file is a write-ahead log that SQLite would read: any other it would take as empty and overwrite."""
    with path.open("rb") as file:
        head = file.read(32)
    if len(head) < 32 or int.from_bytes(head[:4], "big") not in WAL_MAGIC:
        return False
    order = "big" if head[3] & 1 else "little"
    first = second = 0
    for at in range(0, 24, 8):
        first = (first + int.from_bytes(head[at : at + 4], order) + second) & 0xFFFFFFFF  # type: ignore[arg-type]
        second = (second + int.from_bytes(head[at + 4 : at + 8], order) + first) & 0xFFFFFFFF  # type: ignore[arg-type]
    return head[24:32] == first.to_bytes(4, "big") + second.to_bytes(4, "big")


def quick(conn: sqlite3.Connection) -> str | None:
    """What is wrong, or None. Pages, rows and the rules of tables; not whether indexes agree with rows."""
    return _answer(conn, "PRAGMA quick_check(1)") or _strangers(conn)


def whole(conn: sqlite3.Connection) -> str | None:
    """What is wrong, or None: also the indexes, rows that point nowhere, circles, and text that is no text."""
    return (
        _answer(conn, "PRAGMA integrity_check(1)")
        or _strangers(conn)
        or _orphan(conn)
        or _circle(conn)
        or _wrong_text(conn)
    )


class Damage:
    """Round a reading: takes up what SQLite says of damage. A full disk or an interrupt is none and is raised."""

    said: str | None = None

    def __enter__(self) -> Damage:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        # Python decodes what SQLite says of a schema of noise, and cannot.
        is_noise = isinstance(error, UnicodeDecodeError)
        if not is_noise and not (isinstance(error, sqlite3.Error) and is_damage(error)):
            return False
        self.said = str(error)
        return True


def _answer(conn: sqlite3.Connection, question: str) -> str | None:
    with Damage() as damage:
        (answer,) = conn.execute(question).fetchone()
        if answer != "ok":
            return str(answer)
    return damage.said


def _strangers(conn: sqlite3.Connection) -> str | None:
    """Triggers and views, which would run with our rights, and tables of another form than ours."""
    with Damage() as damage:
        found = dict(conn.execute("SELECT type || ' ' || name, sql FROM sqlite_schema").fetchall())
        ours = _forms().get(form_of(conn))
    if damage.said:
        return damage.said
    if ours is None:
        return None  # a later form; it is only read
    for name in found:
        if name not in ours and name.split(" ")[0] in ("trigger", "view"):
            return f"an unknown {name}"
    for name, sql in ours.items():
        if found.get(name) != sql:
            return f"the {name} is not as it should be"
    return None


@cache
def _forms() -> dict[int, dict[str, str | None]]:
    """For each form its tables and indexes and how they were made."""
    conn = sqlite3.connect(":memory:", isolation_level=None)
    forms: dict[int, dict[str, str | None]] = {}
    try:
        for number in range(1, len(MIGRATIONS) + 1):
            migrate(conn, MIGRATIONS[:number])
            forms[number] = dict(conn.execute("SELECT type || ' ' || name, sql FROM sqlite_schema").fetchall())
    finally:
        conn.close()
    return forms


def _orphan(conn: sqlite3.Connection) -> str | None:
    with Damage() as damage:
        if row := conn.execute("PRAGMA foreign_key_check").fetchone():
            return f"a row of {row[0]} points to one of {row[2]} that is gone"
    return damage.said


def _circle(conn: sqlite3.Connection) -> str | None:
    """Every check finds a parent that is not older, unless the rule was switched off by who wrote it."""
    with Damage() as damage:
        if conn.execute("SELECT 1 FROM message WHERE parent >= no LIMIT 1").fetchone():
            return "a message is its own ancestor"
    return damage.said


_TEXTS = ("SELECT text FROM passage", "SELECT id || model || error || advice || coalesce(shape, '') FROM message")


def _wrong_text(conn: sqlite3.Connection) -> str | None:
    """Bytes that are no UTF-8: SQLite keeps them, nobody can read them."""
    kind = conn.text_factory
    conn.text_factory = bytes
    try:
        with Damage() as damage:
            for question in _TEXTS:
                for (text,) in conn.execute(question):
                    text.decode()
    except UnicodeDecodeError:
        return "a text is not UTF-8"
    finally:
        conn.text_factory = kind
    return damage.said
