"""The Usage page's readings of the ledger: charts, tables, single calls, and how good the estimates have been."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from desktop.core import pricing
from desktop.core.periods import HOUR, Clock, Period, Stretch, days
from desktop.core.periods import Span as Span
from desktop.core.usage import Usage as Units
from desktop.services.catalog import Catalogs
from desktop.services.meter import Meter, Reading, Share, reading
from desktop.store import ledger
from desktop.store.database import Database
from desktop.store.ledger import By, LedgerRow, Where

Step = Literal["day", "hour"]


class Part(Struct, frozen=True):
    """One line of a chart; each figure belongs to the step at the same place of `Series.starts`."""

    name: str
    dollars: tuple[Decimal, ...]
    calls: tuple[int, ...]
    unpriced: tuple[int, ...]
    id: str = ""

    @property
    def sum(self) -> Decimal:
        return sum(self.dollars, Decimal(0))


class Series(Struct, frozen=True):
    """A chart: local begins of its days or hours, without gaps; parts, the dearest first."""

    starts: tuple[datetime, ...]
    parts: tuple[Part, ...]
    step: Step = "day"

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(start.date() for start in self.starts)


class Row(Struct, frozen=True):
    """One call of the table. `dollars` None is unpriced or not ended, `estimate` None was not made."""

    call_id: str
    started: datetime
    page: str
    profile: str
    model: str
    tier: str
    fate: str
    dollars: Decimal | None
    estimate: Decimal | None
    is_free: bool
    price_version: str
    units: Units | None
    status: int | None
    request_id: str
    milliseconds: int | None
    conversation: str
    error: str = ""

    @property
    def words(self) -> str:
        """Money as the table shows it."""
        if self.is_free:
            return "free"
        if self.dollars is not None:
            return pricing.shown(self.dollars)
        return "unpriced" if self.units is not None else ""


class Rows(Struct, frozen=True):
    """A piece of the table; `next` is what to ask for after it, None at the end."""

    rows: tuple[Row, ...]
    next: str | None


class EstimateQuality(Struct, frozen=True):
    """How near a model's estimates came to what was charged. `median` is charged / estimated; the counts are of calls
    within 10 %, beyond that within 25 %, and outside. `left_out` had an estimate but no known price."""

    model: str
    count: int
    median: Decimal | None
    within_10: int
    within_25: int
    outside: int
    left_out: int = 0


class Usage:
    """Reads in workers. `profile_names` gives the profiles' names by id."""

    def __init__(
        self,
        database: Database,
        meter: Meter,
        catalogs: Catalogs,
        profile_names: Callable[[], Mapping[str, str]] = dict,
        *,
        now: Callable[[], float] = time.time,
        clock: Clock | None = None,
    ) -> None:
        self._database, self._meter, self._catalogs = database, meter, catalogs
        self._profile_names, self._now, self._clock = profile_names, now, clock or Clock()

    # -- readings

    async def total(self, period: Period, profile: str | None = None) -> Reading:
        """All calls of a period added up."""
        where = await self._where(period, profile)
        return await self._database.read(lambda db: reading(ledger.totals(db, where=where)))

    async def series(
        self, period: Period, by: By = "model", profile: str | None = None, *, step: Step = "day"
    ) -> Series:
        """Dollars and calls by day (or hour) and a property; `by` "all" is one part. A step without calls has 0."""
        stretch = await self._stretch(period)
        where = Where(stretch.since, stretch.until, profile)
        offsets = self._clock.offsets(stretch.since, stretch.until)
        width = HOUR if step == "hour" else ledger.DAY
        found = await self._database.read(lambda db: ledger.series(db, by, where, step=width, offsets=offsets))
        return self._chart(found, self._numbers(stretch, step), step, await self._names(by))

    async def table(self, by: By, period: Period, profile: str | None = None) -> tuple[Share, ...]:
        """Totals by a property, the dearest first; hours, days and months in their order."""
        stretch = await self._stretch(period)
        where = Where(stretch.since, stretch.until, profile)
        offsets = self._clock.offsets(stretch.since, stretch.until)
        found = await self._database.read(lambda db: ledger.breakdown(db, by, where=where, offsets=offsets))
        names = await self._names(by)
        return tuple(Share(names.get(key, key), reading(totals), key) for key, totals in found)

    async def rows(
        self,
        period: Period,
        after: str | None = None,
        limit: int = 200,
        **filters: str | None,
    ) -> Rows:
        """Single calls, the newest first. Filters: profile, model, page, tier, fate, conversation, tag, folder."""
        where = await self._where(period, **filters)
        found = await self._database.read(lambda db: ledger.rows(db, where=where, before=after, limit=limit + 1))
        shown = tuple(self._row(row) for row in found[:limit])
        return Rows(shown, shown[-1].call_id if len(found) > limit else None)

    async def estimates(self, period: Period, profile: str | None = None) -> tuple[EstimateQuality, ...]:
        """By model, the one with the most estimates first. What is free is not counted."""
        where = await self._where(period, profile)
        found = await self._database.read(lambda db: ledger.estimates(db, where))
        return tuple(EstimateQuality(*row) for row in found)

    def prices_as_of(self) -> date:
        return self._catalogs.current.as_of

    # -- inside

    async def _stretch(self, period: Period) -> Stretch:
        earliest = 0
        if period == "all":
            first = await self._database.read(ledger.earliest)
            earliest = self._micros() if first is None else first
        return self._clock.stretch(period, self._micros(), session=self._meter.session_begun, earliest=earliest)

    async def _where(self, period: Period, profile: str | None = None, **filters: str | None) -> Where:
        stretch = await self._stretch(period)
        return Where(stretch.since, stretch.until, profile, **filters)

    def _numbers(self, stretch: Stretch, step: Step) -> dict[int, datetime]:
        """The steps of a chart by the ledger's numbers of them, with their local begins."""
        if step == "day":
            found = {(day - ledger.EPOCH).days: self._clock.local(self._clock.begin(day)) for day in _days(stretch)}
        else:
            begin = stretch.since - stretch.since % (HOUR // 4)
            found = {}
            for micros in range(begin, min(stretch.until, self._micros() + HOUR), HOUR // 4):
                local = self._clock.local(micros)
                found.setdefault(_hour_number(local), local.replace(minute=0, second=0, microsecond=0))
        return found

    def _chart(
        self,
        found: list[tuple[int, str, ledger.Totals]],
        steps: dict[int, datetime],
        step: Step,
        names: Mapping[str, str],
    ) -> Series:
        at = {number: place for place, number in enumerate(steps)}
        kept: dict[str, dict[int, ledger.Totals]] = {}
        for number, key, totals in found:
            if number in at:
                kept.setdefault(key, {})[at[number]] = totals
        parts = [_part(names.get(key, key), key, totals, len(at)) for key, totals in kept.items()]
        parts.sort(key=lambda part: (-part.sum, -sum(part.calls), part.name))
        return Series(tuple(steps.values()), tuple(parts), step)

    async def _names(self, by: By) -> Mapping[str, str]:
        """What people call the ids of a property."""
        if by == "profile":
            return self._profile_names()
        if by in ("folder", "conversation"):
            return await self._database.read(lambda db: ledger.names(db, by))
        return {}

    def _row(self, row: LedgerRow) -> Row:
        return Row(
            call_id=row.call_id,
            started=self._clock.local(row.started),
            page=row.page,
            profile=self._profile_names().get(row.profile, row.profile),
            model=row.model,
            tier=row.tier,
            fate=row.fate.value,
            dollars=None if row.cost_pico is None else pricing.from_pico(row.cost_pico),
            estimate=None if row.estimate_pico is None else pricing.from_pico(row.estimate_pico),
            is_free=row.is_free,
            price_version=row.price_version,
            units=row.usage,
            status=row.status,
            request_id=row.request_id,
            milliseconds=row.total_ms,
            conversation=row.conversation,
            error=row.error,
        )

    def _micros(self) -> int:
        return round(self._now() * 1_000_000)


def _days(stretch: Stretch) -> list[date]:
    return list(days(stretch.first, stretch.last))


def _hour_number(local: datetime) -> int:
    return (local.date() - ledger.EPOCH).days * 24 + local.hour


def _part(name: str, key: str, totals: dict[int, ledger.Totals], length: int) -> Part:
    def figures(of: Callable[[ledger.Totals], int]) -> tuple[int, ...]:
        return tuple(of(totals[at]) if at in totals else 0 for at in range(length))

    dollars = tuple(pricing.from_pico(pico) for pico in figures(lambda one: one.cost_pico))
    return Part(name, dollars, figures(lambda one: one.calls), figures(lambda one: one.unpriced), key)
