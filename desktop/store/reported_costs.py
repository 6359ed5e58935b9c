"""What a provider says its days cost, as it was last asked; a whole day has the part ""."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import date

from msgspec import Struct


class ReportedCost(Struct, frozen=True):
    """Picodollars of one UTC day, or of one line of its bill; `fetched` in UTC microseconds."""

    day: date
    part: str
    cost_pico: int
    fetched: int


def keep(
    conn: sqlite3.Connection,
    profile: str,
    first: date,
    end: date,
    parts: Iterable[tuple[date, str, int]],
    fetched: int,
) -> None:
    """Put the bill of some days (`end` is not one of them) in place of what was said before; days it does not name
    cost nothing."""
    conn.execute(
        "DELETE FROM reported_cost WHERE profile = ? AND day >= ? AND day < ?",
        (profile, first.isoformat(), end.isoformat()),
    )
    sums: dict[tuple[str, str], int] = {}
    for number in range(first.toordinal(), end.toordinal()):
        sums[date.fromordinal(number).isoformat(), ""] = 0
    for day, part, cost_pico in parts:
        key = day.isoformat()
        if (key, "") in sums:
            sums[key, ""] += cost_pico
            if part:
                sums[key, part] = sums.get((key, part), 0) + cost_pico
    conn.executemany(
        "INSERT INTO reported_cost (profile, day, part, cost_pico, fetched) VALUES (?, ?, ?, ?, ?)",
        [(profile, day, part, cost, fetched) for (day, part), cost in sums.items()],
    )


def between(conn: sqlite3.Connection, profile: str, first: date, last: date) -> list[ReportedCost]:
    """What is kept from a day to a day, both of them in it; by day."""
    rows = conn.execute(
        "SELECT day, part, cost_pico, fetched FROM reported_cost WHERE profile = ? AND day BETWEEN ? AND ?"
        " ORDER BY day, part",
        (profile, first.isoformat(), last.isoformat()),
    )
    return [ReportedCost(date.fromisoformat(day), part, cost, fetched) for day, part, cost, fetched in rows]
