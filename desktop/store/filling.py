"""What fills the archive: by page, by year, by conversation, by kind of row; and what can be taken out of it."""

from __future__ import annotations

import sqlite3

from msgspec import Struct

from desktop.store import blobs

LARGEST = 20
AT_ONCE = 200  # rows a transaction: streams wait for the same writer


class Share(Struct, frozen=True):
    """Bytes under one name; `count` conversations."""

    name: str
    count: int
    size_bytes: int


class Large(Struct, frozen=True):
    """A conversation and about how many bytes its texts and attachments take."""

    id: str
    title: str
    page: str
    messages: int
    size_bytes: int


class Filling(Struct, frozen=True):
    """Sizes are bytes: of the database's file, of attachments in files, of what calls left. Texts are counted in
    characters, so their shares are near the truth and not exact."""

    database: int
    free: int  # of the database: pages that hold nothing
    attachments: int
    raw_replies: int
    exchanges: int
    trash: int  # conversations in it
    pages: tuple[Share, ...]
    years: tuple[Share, ...]
    largest: tuple[Large, ...]


_SIZES = (
    "WITH texts AS (SELECT owner, sum(length(text)) AS size FROM passage GROUP BY owner),"
    " files AS (SELECT m.conversation AS owner, sum(b.size_bytes) AS size FROM blob_use u"
    " JOIN blob b USING (sha256) JOIN message m ON m.no = u.message GROUP BY m.conversation)"
    " SELECT c.id, t.text, c.page, c.message_count, c.updated,"
    " coalesce(x.size, 0) + coalesce(f.size, 0) AS size"
    " FROM conversation c JOIN passage t ON t.no = c.title"
    " LEFT JOIN texts x ON x.owner = c.no LEFT JOIN files f ON f.owner = c.no WHERE c.trashed >= 0"
    " ORDER BY size DESC"
)


def read(conn: sqlite3.Connection) -> Filling:
    """Reads every text's length: about a second for a million messages."""
    pages: dict[str, list[int]] = {}
    years: dict[str, list[int]] = {}
    largest: list[Large] = []
    for id, title, page, messages, updated, size in conn.execute(_SIZES):
        if len(largest) < LARGEST:
            largest.append(Large(id, title, page, messages, size))
        year = conn.execute("SELECT strftime('%Y', ? / 1000000, 'unixepoch')", (updated,)).fetchone()[0]
        for shares, name in ((pages, page), (years, year)):
            share = shares.setdefault(name, [0, 0])
            share[0] += 1
            share[1] += size
    return Filling(
        database=_pragma(conn, "page_count") * _pragma(conn, "page_size"),
        free=_pragma(conn, "freelist_count") * _pragma(conn, "page_size"),
        attachments=_sum(conn, "SELECT sum(size_bytes) FROM blob WHERE bytes IS NULL"),
        raw_replies=_sum(conn, "SELECT sum(length(packed)) FROM raw_reply")
        + _sum(conn, "SELECT sum(b.size_bytes) FROM raw_reply r JOIN blob b USING (sha256)"),
        exchanges=_sum(conn, "SELECT sum(size_bytes) FROM exchange"),
        trash=_sum(conn, "SELECT count(*) FROM conversation WHERE trashed > 0"),
        pages=_shares(pages, by_size=True),
        years=_shares(years, by_size=False),
        largest=tuple(largest),
    )


def forget_replies(conn: sqlite3.Connection, before_us: int) -> int:
    """Let go of some raw replies of calls before a moment; returns how many, 0 when none are left."""
    rows = conn.execute(
        "SELECT r.call_id FROM raw_reply r JOIN ledger l USING (call_id) WHERE l.started < ? LIMIT ?",
        (before_us, AT_ONCE),
    ).fetchall()
    conn.executemany("DELETE FROM raw_reply WHERE call_id = ?", rows)
    blobs.sweep(conn)
    return len(rows)


def forget_exchanges(conn: sqlite3.Connection, before_us: int) -> int:
    """Let go of some calls of the wire view before a moment; returns how many, 0 when none are left."""
    rows = conn.execute("SELECT call_id FROM exchange WHERE started < ? LIMIT ?", (before_us, AT_ONCE)).fetchall()
    conn.executemany("DELETE FROM exchange WHERE call_id = ?", rows)
    return len(rows)


def _shares(found: dict[str, list[int]], *, by_size: bool) -> tuple[Share, ...]:
    shares = [Share(name, count, size) for name, (count, size) in found.items()]
    return tuple(sorted(shares, key=(lambda s: -s.size_bytes) if by_size else (lambda s: s.name)))


def _pragma(conn: sqlite3.Connection, name: str) -> int:
    return int(conn.execute(f"PRAGMA {name}").fetchone()[0])


def _sum(conn: sqlite3.Connection, question: str) -> int:
    return int(conn.execute(question).fetchone()[0] or 0)
