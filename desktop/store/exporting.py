"""What an export reads of the archive: conversations in an order in which each stands after what it shares."""

# ruff: noqa: S608  (names in statements are our own; values are always bound)

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from desktop.core.calls import Fate
from desktop.core.conversation import Conversation
from desktop.core.errors import Missing
from desktop.core.usage import Usage
from desktop.store import blobs, conversations
from desktop.store.ledger import LedgerRow

_CALL_NAMES = [field.name for field in structs.fields(LedgerRow) if field.name != "usage"]
_UNIT_NAMES = [field.name for field in structs.fields(Usage)]


class Folder(Struct, frozen=True, omit_defaults=True):
    """A folder; `parent` is the id of the one around it, "" at the top."""

    id: str
    name: str
    parent: str = ""


class SavedSearch(Struct, frozen=True, omit_defaults=True):
    """A line of the search field that was kept under a name."""

    id: str
    name: str
    query: str
    created: int = 0


class Repricing(Struct, frozen=True, omit_defaults=True):
    """A later price of a call; `made` in UTC microseconds."""

    made: int
    price_version: str
    cost_pico: int | None = None


class Call(Struct, frozen=True, omit_defaults=True):
    """A row of the ledger with the price it was closed with, and its later prices, the oldest first."""

    row: LedgerRow
    repricings: tuple[Repricing, ...] = ()


def ids(conn: sqlite3.Connection, wanted: Collection[str] | None = None, *, trashed: bool = False) -> list[str]:
    """Ids in the order conversations were made in the archive: a fork stands after what it shares.

    Without `wanted`: all that are kept, with `trashed` those in the trash too; never those of an import under way.
    """
    state = "trashed >= 0" if trashed or wanted is not None else "trashed = 0"
    rows = conn.execute(f"SELECT id FROM conversation WHERE {state} ORDER BY no")
    return [id for (id,) in rows if wanted is None or id in wanted]


def counts(conn: sqlite3.Connection) -> dict[str, int]:
    """How many messages each conversation has."""
    return dict(conn.execute("SELECT id, message_count FROM conversation"))


def conversation(conn: sqlite3.Connection, conversation_id: str) -> Conversation:
    """With its page, folder and tags (by name), and without what is counted or made for a list. Raises Missing."""
    found = conversations.get(conn, conversation_id)
    page, folder, archived = conn.execute(
        "SELECT c.page, f.id, c.archived FROM conversation c LEFT JOIN folder f ON f.no = c.folder WHERE c.id = ?",
        (conversation_id,),
    ).fetchone()
    tags = conn.execute(
        "SELECT t.name FROM conversation c JOIN conversation_tag ct ON ct.conversation = c.no"
        " JOIN tag t ON t.no = ct.tag WHERE c.id = ?",
        (conversation_id,),
    )
    return structs.replace(
        found,
        page=page,
        folder=folder or "",
        archived=archived,
        tags=tuple(sorted(name for (name,) in tags)),
        message_count=0,
        cost_pico=0,
        snippet="",
    )


def own(conn: sqlite3.Connection, conversation_id: str) -> list[str]:
    """Ids of a conversation's own messages, parents before children; not those it shares with another."""
    rows = conn.execute(
        "SELECT m.id FROM message m JOIN conversation c ON c.no = m.conversation WHERE c.id = ? ORDER BY m.no",
        (conversation_id,),
    )
    return [id for (id,) in rows]


def past(conn: sqlite3.Connection, conversation_id: str) -> list[tuple[str, str]]:
    """What a fork shares, from the first message on: each with the id of the conversation whose own it is."""
    rows = conn.execute(
        "WITH RECURSIVE up(no) AS (SELECT fork_of FROM conversation WHERE id = ? AND fork_of IS NOT NULL"
        " UNION ALL SELECT m.parent FROM up JOIN message m ON m.no = up.no WHERE m.parent IS NOT NULL)"
        " SELECT m.id, c.id FROM up JOIN message m ON m.no = up.no JOIN conversation c ON c.no = m.conversation"
        " ORDER BY m.no",
        (conversation_id,),
    )
    return rows.fetchall()


def calls(conn: sqlite3.Connection, conversation_id: str) -> list[Call]:
    """The ledger's rows of a conversation in the order they were written; one still open has an unknown fate."""
    columns = ", ".join(["has_usage", *_CALL_NAMES, *_UNIT_NAMES])
    rows = conn.execute(f"SELECT {columns} FROM ledger WHERE conversation = ? ORDER BY no", (conversation_id,))
    return [Call(row := _row(values), _repricings(conn, row.call_id)) for values in rows.fetchall()]


def calls_of(conn: sqlite3.Connection, call_ids: Sequence[str]) -> list[Call]:
    """The same for calls by their ids, also of those that belong to no conversation."""
    columns = ", ".join(["has_usage", *_CALL_NAMES, *_UNIT_NAMES])
    marks = ",".join("?" * len(call_ids))
    rows = conn.execute(f"SELECT {columns} FROM ledger WHERE call_id IN ({marks}) ORDER BY no", tuple(call_ids))
    return [Call(row := _row(values), _repricings(conn, row.call_id)) for values in rows.fetchall()]


def _row(values: Sequence[Any]) -> LedgerRow:
    split = 1 + len(_CALL_NAMES)
    fields = dict(zip(_CALL_NAMES, values[1:split], strict=True))
    fate = Fate(fields["fate"])
    usage = dict(zip(_UNIT_NAMES, values[split:], strict=True))
    usage["is_estimate"] = bool(usage["is_estimate"])
    fields.update(
        fate=Fate.UNKNOWN if fate is Fate.OPEN else fate,
        is_free=bool(fields["is_free"]),
        usage=Usage(**usage) if values[0] else None,
    )
    return LedgerRow(**fields)


def _repricings(conn: sqlite3.Connection, call_id: str) -> tuple[Repricing, ...]:
    rows = conn.execute(
        "SELECT made, price_version, cost_pico FROM repricing WHERE call_id = ? ORDER BY no", (call_id,)
    )
    return tuple(Repricing(*row) for row in rows)


def folders(conn: sqlite3.Connection) -> list[Folder]:
    """Every folder, those around others first; neighbours in the order they were made in."""
    rows = conn.execute(
        "WITH RECURSIVE down(no, depth) AS (SELECT no, 0 FROM folder WHERE parent IS NULL"
        " UNION ALL SELECT f.no, depth + 1 FROM down JOIN folder f ON f.parent = down.no)"
        " SELECT f.id, f.name, coalesce(p.id, '') FROM down JOIN folder f ON f.no = down.no"
        " LEFT JOIN folder p ON p.no = f.parent ORDER BY depth, f.no"
    )
    return [Folder(*row) for row in rows]


def tags(conn: sqlite3.Connection) -> list[str]:
    return sorted(name for (name,) in conn.execute("SELECT name FROM tag"))


def searches(conn: sqlite3.Connection) -> list[SavedSearch]:
    return [SavedSearch(*row) for row in conn.execute("SELECT id, name, query, created FROM saved_search ORDER BY no")]


def size_of(conn: sqlite3.Connection, sha256: str) -> int:
    """How many bytes a blob has; raises Missing."""
    row = conn.execute("SELECT size_bytes FROM blob WHERE sha256 = ?", (sha256,)).fetchone()
    if row is None:
        raise Missing("This attachment is not in the archive.")
    return int(row[0])


def content(conn: sqlite3.Connection, sha256: str) -> bytes | Path:
    """A blob's bytes, compared with their name, or the file of a large one, not compared. Raises Missing."""
    return blobs.path(conn, sha256) or blobs.get(conn, sha256)
