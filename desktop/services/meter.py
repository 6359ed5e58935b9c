"""Readings of the ledger: what this session, this day and this month came to, and what it was spent on."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from desktop.core import pricing
from desktop.core.periods import Clock
from desktop.core.usage import Usage
from desktop.store import ledger
from desktop.store.database import Database
from desktop.store.ledger import Totals

By = ledger.By
Period = Literal["session", "today", "month", "all"]

_UNITS = {
    "input": "input tokens",
    "cached": "of them cached",
    "cache_write": "of them written to the cache",
    "audio_input": "of them sound",
    "image_input": "of them pictures",
    "output": "output tokens",
    "reasoning": "of them reasoning",
    "audio_output": "of them sound",
    "image_output": "of them pictures",
    "characters": "characters",
    "seconds": "seconds",
    "images": "pictures",
    "web_searches": "web searches",
}


class Reading(Struct, frozen=True):
    """Calls added up. `dollars` are those that are known; `unpriced` calls cost something that is not.

    `free` were answered on this computer, `open` still run, `unknown` ended nobody knows how.
    """

    calls: int
    dollars: Decimal
    unpriced: int
    free: int
    open: int
    unknown: int
    usage: Usage

    @property
    def tokens(self) -> int:
        return self.usage.total

    @property
    def words(self) -> str:
        """Money as the footer shows it: never 0 for what is not known."""
        if self.unpriced and not self.dollars:
            return "unpriced"
        if self.calls and self.free + self.open == self.calls:  # what still runs has cost nothing that is known
            return "free" if self.free else ""
        if self.unknown and not self.dollars:  # cut off before anyone said what it cost
            return "unknown"
        return pricing.shown(self.dollars) + (f" + {self.unpriced} unpriced" if self.unpriced else "")


class Share(Struct, frozen=True):
    """What one model, page or other property came to. `id` is what the ledger has of it, `name` what people call it."""

    name: str
    reading: Reading
    id: str = ""


class Meter:
    """Reads the ledger. The session begins when the meter is made; days and months are the user's own, not UTC's."""

    def __init__(self, database: Database, *, now: Callable[[], float] = time.time, clock: Clock | None = None) -> None:
        self._database, self._now, self._clock = database, now, clock or Clock()
        self._begun = self._begun_before = self._micros()

    @property
    def session_begun(self) -> int:
        """UTC microseconds."""
        return self._begun

    def reset_session(self) -> None:
        """Count the session from now on; the ledger is as it was."""
        self._begun, self._begun_before = self._micros(), self._begun

    def undo_reset(self) -> None:
        """Count the session as before the last reset."""
        self._begun = self._begun_before

    async def read(self, period: Period = "session", profile: str | None = None) -> Reading:
        """The totals of a period; `profile` is the id of the only one that counts."""
        since = self._since(period)
        return await self._database.read(lambda db: reading(ledger.totals(db, since=since, profile=profile)))

    async def breakdown(self, by: By = "model", period: Period = "session") -> tuple[Share, ...]:
        """The same by one property, the dearest first."""
        since, now = self._since(period), self._micros()

        def read_shares(db: sqlite3.Connection) -> tuple[Share, ...]:
            begin = max(since, ledger.earliest(db) or 0)
            found = ledger.breakdown(db, by, since=since, offsets=self._clock.offsets(begin, now))
            return tuple(Share(name, reading(totals), name) for name, totals in found)

        return await self._database.read(read_shares)

    def _since(self, period: Period) -> int:
        """UTC microseconds of a period's begin."""
        if period == "all":
            return 0
        return self._clock.stretch(period, self._micros(), session=self._begun).since

    def _micros(self) -> int:
        return round(self._now() * 1_000_000)


def units(usage: Usage) -> tuple[tuple[str, float], ...]:
    """What was used, in the words of a table and its order; units of which there are none are left out."""
    return tuple((words, count) for name, words in _UNITS.items() if (count := getattr(usage, name)))


def reading(totals: Totals) -> Reading:
    """The ledger's sums as they are shown."""
    return Reading(
        calls=totals.calls,
        dollars=pricing.from_pico(totals.cost_pico),
        unpriced=totals.unpriced,
        free=totals.free,
        open=totals.open,
        unknown=totals.unknown,
        usage=totals.usage,
    )
