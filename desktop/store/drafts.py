"""What was typed and not sent, under the name of the place where it stands."""

from __future__ import annotations

import sqlite3

import msgspec

from desktop.core.conversation import Part
from desktop.core.text import scalar


class Draft(msgspec.Struct, frozen=True, omit_defaults=True):
    """Text and attachments of a composer. The attachments' bytes are blobs."""

    text: str = ""
    parts: tuple[Part, ...] = ()


def get(conn: sqlite3.Connection, name: str) -> Draft:
    """The draft of a conversation (its id) or another place; an empty one where there is none."""
    row = conn.execute("SELECT text, parts FROM draft WHERE name = ?", (name,)).fetchone()
    return Draft(row[0], msgspec.json.decode(row[1], type=tuple[Part, ...])) if row else Draft()


def put(conn: sqlite3.Connection, name: str, draft: Draft, now_us: int) -> None:
    """Keep a draft; an empty one is deleted."""
    if not draft.text and not draft.parts:
        delete(conn, name)
        return
    conn.execute(
        "INSERT OR REPLACE INTO draft (name, changed, text, parts) VALUES (?, ?, ?, ?)",
        (name, now_us, scalar(draft.text), scalar(msgspec.json.encode(draft.parts).decode())),
    )


def delete(conn: sqlite3.Connection, name: str) -> None:
    conn.execute("DELETE FROM draft WHERE name = ?", (name,))
