"""Small things the window remembers: sizes, what was open, what was chosen last."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec


def get(conn: sqlite3.Connection, name: str, default: Any = None) -> Any:
    """What was put under a name: JSON values."""
    row = conn.execute("SELECT value FROM window_state WHERE name = ?", (name,)).fetchone()
    return default if row is None else msgspec.json.decode(row[0])


def put(conn: sqlite3.Connection, name: str, value: Any) -> None:
    conn.execute("INSERT OR REPLACE INTO window_state VALUES (?, ?)", (name, msgspec.json.encode(value).decode()))


def delete(conn: sqlite3.Connection, name: str) -> None:
    conn.execute("DELETE FROM window_state WHERE name = ?", (name,))
