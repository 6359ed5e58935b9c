"""The segments of the search index are merged in small portions while much is written, so that none holds the writer.

By itself the index merges in the transaction that happens to be due, and a large one then takes many times as long as
its neighbours. Merged by portions, all of it takes as long together.
"""

# ruff: noqa: S608  (names in statements are our own; values are always bound)

from __future__ import annotations

import sqlite3

INDEXES = ("passage_index", "pair_index")
PAGES = 50  # of a portion; with some 4 KiB each it takes 20 to 40 ms
USUAL = {"automerge": 4, "crisismerge": 16}  # what the index does when it is told nothing
HELD = {"automerge": 0, "crisismerge": 1000}
_UNCHANGED = 2  # changes below which a portion found nothing to do (the command itself counts as one)


def hold(conn: sqlite3.Connection) -> None:
    """From now on nothing is merged but by `merge_some`. It is kept in the archive until `let_go`."""
    _set(conn, HELD)


def let_go(conn: sqlite3.Connection) -> None:
    """The index merges by itself again."""
    _set(conn, USUAL)


def merge_some(conn: sqlite3.Connection, pages: int = PAGES) -> bool:
    """One portion of each index; whether there was anything to merge."""
    is_done = True
    for index in INDEXES:
        before = conn.total_changes
        conn.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('merge', ?)", (pages,))
        is_done &= conn.total_changes - before < _UNCHANGED
    return not is_done


def _set(conn: sqlite3.Connection, values: dict[str, int]) -> None:
    for index in INDEXES:
        for name, value in values.items():
            conn.execute(f"INSERT INTO {index} ({index}, rank) VALUES (?, ?)", (name, value))
