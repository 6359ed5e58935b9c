"""Collections of requests that were imported."""

from __future__ import annotations

import sqlite3

import msgspec

from desktop.core.errors import Missing
from desktop.core.text import scalar
from desktop.core.wire.postman import Collection


def put(conn: sqlite3.Connection, collection: Collection, created: int) -> None:
    """Keep a collection; one of the same id takes its place."""
    content = scalar(msgspec.json.encode(collection).decode())
    conn.execute(
        "INSERT INTO collection (id, name, created, content) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET name = excluded.name, content = excluded.content",
        (collection.id, scalar(collection.name), created, content),
    )


def get(conn: sqlite3.Connection, id: str) -> Collection:
    """Raises Missing."""
    row = conn.execute("SELECT content FROM collection WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise Missing("This collection is not there any more.")
    return msgspec.json.decode(row[0], type=Collection)


def listing(conn: sqlite3.Connection) -> tuple[tuple[str, str], ...]:
    """Ids and names, the newest first."""
    return tuple(conn.execute("SELECT id, name FROM collection ORDER BY no DESC").fetchall())


def remove(conn: sqlite3.Connection, id: str) -> Collection:
    """Take a collection away and return it, so that it can be put back. Raises Missing."""
    collection = get(conn, id)
    conn.execute("DELETE FROM collection WHERE id = ?", (id,))
    return collection
