"""Work that outlives a click: its kind, its state, what it needs to go on."""

# ruff: noqa: S608  (names in statements are our own; values are always bound)

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from desktop.core.errors import Missing
from desktop.core.text import scalar


class JobRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One job. `payload` is whatever its kind needs to resume; `progress` from 0 to 1; times UTC microseconds."""

    id: str
    kind: str
    state: str
    created: int
    updated: int
    progress: float = 0.0
    error: str = ""
    payload: dict[str, Any] = {}


_NAMES = "id, kind, state, created, updated, progress, error, payload"


def add(conn: sqlite3.Connection, job: JobRow) -> None:
    conn.execute(f"INSERT INTO job ({_NAMES}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _values(job))


def get(conn: sqlite3.Connection, id: str) -> JobRow:
    """Raises Missing."""
    row = conn.execute(f"SELECT {_NAMES} FROM job WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise Missing("This job is not there any more.")
    return _job(row)


def put(conn: sqlite3.Connection, job: JobRow) -> None:
    """Replace what is kept of a job. Raises Missing."""
    done = conn.execute(
        "UPDATE job SET kind = ?, state = ?, created = ?, updated = ?, progress = ?, error = ?, payload = ?"
        " WHERE id = ?",
        (*_values(job)[1:], job.id),
    )
    if done.rowcount != 1:
        raise Missing("This job is not there any more.")


def listing(conn: sqlite3.Connection, *, kind: str = "", states: tuple[str, ...] = ()) -> list[JobRow]:
    """The newest first; all kinds and states where none is named."""
    rows = conn.execute(
        f"SELECT {_NAMES} FROM job WHERE (? = '' OR kind = ?) AND (? OR state IN"
        f" ({','.join('?' * len(states)) or 'NULL'})) ORDER BY no DESC",
        (kind, kind, not states, *states),
    )
    return [_job(row) for row in rows]


def delete(conn: sqlite3.Connection, id: str) -> None:
    conn.execute("DELETE FROM job WHERE id = ?", (id,))


def _values(job: JobRow) -> tuple[object, ...]:
    payload = msgspec.json.encode(job.payload).decode()
    return (job.id, job.kind, job.state, job.created, job.updated, job.progress, scalar(job.error), payload)


def _job(row: tuple[Any, ...]) -> JobRow:
    id, kind, state, created, updated, progress, error, payload = row
    return JobRow(id, kind, state, created, updated, progress, error, msgspec.json.decode(payload))
