"""The ledger: one row for each call, written before it is sent and closed when it ends; money is a reading of it."""

# ruff: noqa: S608  (names in statements are our own; values are always bound)

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct, structs

from desktop.core.calls import Fate
from desktop.core.errors import Missing
from desktop.core.text import scalar
from desktop.core.usage import Usage

UNITS = structs.fields(Usage)
_UNIT_NAMES = tuple(field.name for field in UNITS)
_ROW_NAMES = (
    "call_id, started, ended, fate, page, profile, model, tier, conversation, message, request_id, status, tries,"
    " first_token_ms, total_ms, price_version, cost_pico, estimate_pico, is_free, error"
)
# The newest later price of a call, or else the one it was closed with.
_COST = (
    "CASE WHEN r.no IS NULL THEN l.cost_pico ELSE r.cost_pico END",
    "CASE WHEN r.no IS NULL THEN l.price_version ELSE r.price_version END",
)
_FROM = "FROM ledger l LEFT JOIN repricing r ON r.no = (SELECT max(no) FROM repricing WHERE call_id = l.call_id)"
_KEYS = {
    "model": "l.model",
    "page": "l.page",
    "profile": "l.profile",
    "conversation": "l.conversation",
    "fate": "l.fate",
    "tier": "l.tier",
    "day": "date(l.started / 1000000, 'unixepoch')",
    "month": "strftime('%Y-%m', l.started / 1000000, 'unixepoch')",
}


class LedgerRow(Struct, frozen=True, omit_defaults=True):
    """One call. Times are UTC microseconds, money picodollars; `cost_pico` None is "unpriced", never 0.

    `page` is the page that called ("chat"), `tries` how often it was sent, `estimate_pico` what was expected.
    """

    call_id: str
    started: int
    page: str = "chat"
    profile: str = ""
    model: str = ""
    tier: str = ""
    conversation: str = ""
    message: str = ""
    ended: int | None = None
    fate: Fate = Fate.OPEN
    request_id: str = ""
    status: int | None = None
    tries: int = 1
    first_token_ms: int | None = None
    total_ms: int | None = None
    price_version: str = ""
    cost_pico: int | None = None
    estimate_pico: int | None = None
    is_free: bool = False
    error: str = ""
    usage: Usage | None = None


class Totals(Struct, frozen=True):
    """Calls added up. `unpriced` are closed calls that cost something unknown, `open` those still running."""

    calls: int = 0
    cost_pico: int = 0
    unpriced: int = 0
    free: int = 0
    open: int = 0
    unknown: int = 0
    usage: Usage = Usage()


def open_row(conn: sqlite3.Connection, row: LedgerRow) -> None:
    """Write a row as open: in the transaction that is committed before the request is sent."""
    _write(conn, structs.replace(row, fate=Fate.OPEN))


def close_row(conn: sqlite3.Connection, row: LedgerRow) -> None:
    """Write how a call ended; a row is closed once. Raises Missing for one that is not open."""
    if row.fate is Fate.OPEN:
        raise ValueError("a row is closed with how it ended")
    done = conn.execute("DELETE FROM ledger WHERE call_id = ? AND fate = 'open' RETURNING no", (row.call_id,))
    found = done.fetchone()
    if found is None:
        raise Missing("This call is not open in the ledger.")
    _write(conn, row, found[0])


def get(conn: sqlite3.Connection, call_id: str) -> LedgerRow | None:
    """A row with its newest price."""
    return next(_read(conn, "WHERE l.call_id = ?", (call_id,)), None)


def rows(
    conn: sqlite3.Connection, *, since: int = 0, until: int | None = None, limit: int = 1000, before: str | None = None
) -> list[LedgerRow]:
    """The newest first; `before` is the call id of the last one of the page above."""
    where, values = _between(since, until, None)
    if before is not None:
        where += " AND l.no < (SELECT no FROM ledger WHERE call_id = ?)"
        values = (*values, before)
    return list(_read(conn, f"{where} ORDER BY l.no DESC LIMIT ?", (*values, limit)))


def totals(conn: sqlite3.Connection, *, since: int = 0, until: int | None = None, profile: str | None = None) -> Totals:
    """All calls begun from `since` up to, not including, `until`."""
    where, values = _between(since, until, profile)
    return _totals(conn.execute(f"SELECT {_sums()} {_FROM} {where}", values).fetchone())


def breakdown(
    conn: sqlite3.Connection,
    by: Literal["model", "page", "profile", "conversation", "fate", "tier", "day", "month"] = "model",
    *,
    since: int = 0,
    until: int | None = None,
    profile: str | None = None,
) -> list[tuple[str, Totals]]:
    """Totals by one property, the dearest first; days and months in UTC and in their order."""
    where, values = _between(since, until, profile)
    order = "1" if by in ("day", "month") else "3 DESC, 2 DESC, 1"
    found = conn.execute(
        f"SELECT {_KEYS[by]}, {_sums()} {_FROM} {where} GROUP BY 1 ORDER BY {order}",
        values,
    )
    return [(row[0], _totals(row[1:])) for row in found]


def reprice(conn: sqlite3.Connection, call_id: str, made: int, price_version: str, cost_pico: int | None) -> None:
    """Give a call a later price; the row itself never changes, readings take the newest."""
    conn.execute(
        "INSERT INTO repricing (call_id, made, price_version, cost_pico) VALUES (?, ?, ?, ?)",
        (call_id, made, price_version, cost_pico),
    )


def _write(conn: sqlite3.Connection, row: LedgerRow, no: int | None = None) -> None:
    usage = row.usage or Usage()
    names = [name.strip() for name in _ROW_NAMES.split(",")]
    values = [getattr(row, name) for name in names] + [getattr(usage, name) for name in _UNIT_NAMES]
    columns = ["no", "has_usage", *names, *_UNIT_NAMES]
    marks = ", ".join("?" * len(columns))
    conn.execute(
        f"INSERT INTO ledger ({', '.join(columns)}) VALUES ({marks})",
        (no, row.usage is not None, *(scalar(v) if isinstance(v, str) else v for v in values)),
    )


def _read(conn: sqlite3.Connection, rest: str, values: tuple[object, ...]) -> Iterator[LedgerRow]:
    names = [name.strip() for name in _ROW_NAMES.split(",")]
    swapped = {"cost_pico": _COST[0], "price_version": _COST[1]}
    columns = [swapped.get(name, f"l.{name}") for name in names] + [f"l.{name}" for name in _UNIT_NAMES]
    for row in conn.execute(f"SELECT l.has_usage, {', '.join(columns)} {_FROM} {rest}", values):
        fields: dict[str, Any] = dict(zip(names, row[1:], strict=False))
        usage = _usage(row[1 + len(names) :]) if row[0] else None
        fields.update(fate=Fate(fields["fate"]), is_free=bool(fields["is_free"]), usage=usage)
        yield LedgerRow(**fields)


def _between(since: int, until: int | None, profile: str | None) -> tuple[str, tuple[object, ...]]:
    where, values = "WHERE l.started >= ?", [since]
    conditions: list[object] = [*values]
    if until is not None:
        where += " AND l.started < ?"
        conditions.append(until)
    if profile is not None:
        where += " AND l.profile = ?"
        conditions.append(profile)
    return where, tuple(conditions)


def _sums() -> str:
    cost = _COST[0]
    counts = (
        f"count(*), coalesce(sum({cost}), 0),"
        f" coalesce(sum({cost} IS NULL AND NOT l.is_free AND l.fate <> 'open' AND l.has_usage), 0),"
        " coalesce(sum(l.is_free), 0), coalesce(sum(l.fate = 'open'), 0), coalesce(sum(l.fate = 'unknown'), 0)"
    )
    return ", ".join([counts, *(f"coalesce(sum(l.{name}), 0)" for name in _UNIT_NAMES)])


def _totals(row: tuple[Any, ...]) -> Totals:
    calls, cost, unpriced, free, still_open, unknown, *units = row
    return Totals(calls, cost, unpriced, free, still_open, unknown, _usage(units))


def _usage(units: list[Any] | tuple[Any, ...]) -> Usage:
    return Usage(**{name: bool(v) if name == "is_estimate" else v for name, v in zip(_UNIT_NAMES, units, strict=True)})
