"""The archive's forms in order. The list only ever grows; a form that was released is not edited."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from desktop.core.ids import new_id
from desktop.store import schema

Migration = Callable[[sqlite3.Connection], None]


def conversations(conn: sqlite3.Connection) -> None:
    """Conversations as trees of messages, attachments, and the archive's own mark."""
    conn.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    for statement in schema.CONVERSATIONS:
        conn.execute(statement)
    conn.execute("INSERT INTO davenport VALUES ('archive', ?), ('commits', '0')", (new_id(),))


def search(conn: sqlite3.Connection) -> None:
    """Full text over messages and titles."""
    for statement in schema.SEARCH:
        conn.execute(statement)


def ledger(conn: sqlite3.Connection) -> None:
    """One row for each call, later prices, and the replies as they came."""
    for statement in schema.LEDGER:
        conn.execute(statement)


def desk(conn: sqlite3.Connection) -> None:
    """What lies about: drafts, the state of the window, jobs."""
    for statement in schema.DESK:
        conn.execute(statement)


def library(conn: sqlite3.Connection) -> None:
    """Folders, tags, saved searches; which page made what, what it came to, and which messages hold code."""
    for statement in schema.LIBRARY:
        conn.execute(statement)


def imports(conn: sqlite3.Connection) -> None:
    """What came from elsewhere, so that it can be undone as a whole."""
    for statement in schema.IMPORTS:
        conn.execute(statement)


def wire(conn: sqlite3.Connection) -> None:
    """Calls as they went over the wire, collections of requests, and what providers say that days cost."""
    for statement in schema.WIRE:
        conn.execute(statement)


def recordings(conn: sqlite3.Connection) -> None:
    """Recordings with their transcripts and waveforms, and what has arrived of those still being made."""
    for statement in schema.RECORDINGS:
        conn.execute(statement)


MIGRATIONS: tuple[Migration, ...] = (conversations, search, ledger, desk, library, imports, wire, recordings)


def form_of(conn: sqlite3.Connection) -> int:
    """The number of the archive's form; 0 is an empty file."""
    return int(conn.execute("PRAGMA user_version").fetchone()[0])


def migrate(conn: sqlite3.Connection, steps: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring an archive to the newest form: each step and its number in one transaction."""
    for number in range(form_of(conn) + 1, len(steps) + 1):
        conn.execute("BEGIN IMMEDIATE")
        try:
            steps[number - 1](conn)
            conn.execute(f"PRAGMA user_version = {number}")
            conn.execute("COMMIT")
        except BaseException:
            if conn.in_transaction:
                conn.execute("ROLLBACK")
            raise
