"""Making archives for the tests: filled ones, and damaged ones."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

from desktop.core.conversation import Conversation, Message, Role, State, Text
from desktop.store import conversations
from desktop.store.database import Database

DAY = 24 * 3600.0
NOON = 1_790_000_000.0  # a day in September 2026


def message(id: str, parent: str | None = None, text: str = "hello", chat: str = "c", **fields) -> Message:
    fields.setdefault("role", Role.ASSISTANT if parent else Role.USER)
    return Message(id=id, parent=parent, parts=fields.pop("parts", (Text(text),)), conversation=chat, **fields)


def streaming(id: str, parent: str | None = None, chat: str = "c") -> Message:
    return message(id, parent, parts=(), chat=chat, state=State.STREAMING)


def add(database: Database, *some: Message) -> None:
    def work(db: sqlite3.Connection) -> None:
        for one in some:
            conversations.add_message(db, one)

    database.write_now(work)


def talk(database: Database, chat: str = "c", title: str = "A talk") -> None:
    database.write_now(lambda db: conversations.create(db, Conversation(id=chat, title=title, created=1)))


def fill(database: Database, count: int = 60) -> None:
    """One conversation of `count` messages."""
    talk(database)
    add(database, *(message(f"m{n:04}", f"m{n - 1:04}" if n else None, f"line {n} " + "w" * 200) for n in range(count)))


def whole_folder(folder: Path, now: float = NOON) -> None:
    """A data folder with a filled archive and a copy of it, closed."""
    database = Database.open(folder, now=lambda: now)
    fill(database)
    database.back_up("daily", now=lambda: now)
    database.close()


def raw(path: Path) -> sqlite3.Connection:
    """A connection without any of our rules, for doing harm."""
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("PRAGMA ignore_check_constraints = ON")
    conn.execute("PRAGMA foreign_keys = OFF")
    return conn


def fold(path: Path) -> None:
    """One file without a log beside it, still in WAL mode."""
    conn = sqlite3.connect(path)
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    conn.close()


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def bytes_of(folder: Path) -> set[str]:
    """The SHA-256 of every file below a folder."""
    return {sha(path) for path in folder.rglob("*") if path.is_file()}
