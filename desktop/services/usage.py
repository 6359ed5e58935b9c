"""The Usage page's readings of the ledger: charts, tables, single calls, and how good the estimates have been."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.core import pricing
from desktop.core.catalog import Catalog
from desktop.core.periods import HOUR, Clock, Period, Stretch, days
from desktop.core.periods import Span as Span
from desktop.core.pricing import Cost, Unpriced
from desktop.core.profile import Profile
from desktop.core.usage import Usage as Units
from desktop.services import usage_csv
from desktop.services.catalog import Catalogs
from desktop.services.meter import Meter, Reading, Share, reading
from desktop.services.prices import price_version
from desktop.services.usage_rows import EstimateQuality as EstimateQuality
from desktop.services.usage_rows import Part as Part
from desktop.services.usage_rows import Reported as Reported
from desktop.services.usage_rows import Row as Row
from desktop.services.usage_rows import Rows as Rows
from desktop.services.usage_rows import Series as Series
from desktop.services.usage_rows import Step as Step
from desktop.services.usage_rows import UnitShare as UnitShare
from desktop.services.usage_rows import UnitTable as UnitTable
from desktop.services.usage_rows import UnpricedModel as UnpricedModel
from desktop.store import ledger
from desktop.store.database import Database
from desktop.store.ledger import By, LedgerRow, Where

TOLD_AT_MOST = 20_000  # calls whose lines are told again
PRICED_AT_ONCE = 200  # in one transaction
WRITTEN_AT_ONCE = 2000

if TYPE_CHECKING:
    from desktop.services.reported import ReportedCosts


class Usage:
    """Reads in workers. `profiles` gives those there are, `repriced` is told when calls got a later price."""

    def __init__(
        self,
        database: Database,
        meter: Meter,
        catalogs: Catalogs,
        profiles: Callable[[], Sequence[Profile]] = tuple,
        *,
        repriced: Callable[[], None] = lambda: None,
        reported: ReportedCosts | None = None,
        now: Callable[[], float] = time.time,
        clock: Clock | None = None,
    ) -> None:
        self._database, self._meter, self._catalogs = database, meter, catalogs
        self._profiles, self._repriced, self._reported = profiles, repriced, reported
        self._now, self._clock = now, clock or Clock()

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
        names = await self._names(by, {key for _, key, _ in found})
        steps = await asyncio.to_thread(self._numbers, stretch, step)
        return self._chart(found, steps, step, names)

    async def table(self, by: By, period: Period, profile: str | None = None) -> tuple[Share, ...]:
        """Totals by a property, the dearest first; hours, days and months in their order."""
        stretch = await self._stretch(period)
        where = Where(stretch.since, stretch.until, profile)
        offsets = self._clock.offsets(stretch.since, stretch.until)
        found = await self._database.read(lambda db: ledger.breakdown(db, by, where=where, offsets=offsets))
        names = await self._names(by, [key for key, _ in found])
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

    async def units(self, period: Period | None = None, profile: str | None = None) -> UnitTable:
        """What was used by kind of unit, and dollars of each as far as they can be told again."""
        where = await self._where(period or "session", profile)
        return await self._database.read(lambda db: self._unit_table(ledger.rows(db, where=where, limit=TOLD_AT_MOST)))

    # -- prices

    async def unpriced(self, period: Period = "all", profile: str | None = None) -> tuple[UnpricedModel, ...]:
        """Models with calls whose price is not known, the most calls first; whether there are prices by now."""
        where = await self._where(period, profile)
        rows = await self._database.read(lambda db: ledger.unpriced(db, where))
        found: dict[str, list[Cost | Unpriced]] = {}
        for row in rows:
            found.setdefault(row.model, []).append(self._cost(row))
        return tuple(
            UnpricedModel(
                model,
                len(costs),
                any(isinstance(cost, Cost) for cost in costs),
                next((cost.reason for cost in costs if isinstance(cost, Unpriced)), ""),
            )
            for model, costs in sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))
        )

    async def price_again(self, models: Collection[str]) -> int:
        """Price the unpriced calls of these models with the prices of now, as entries of their own; the rows stay.

        Returns how many calls have a price now that had none. In pieces, so that a reply meanwhile is not held up.
        """
        rows = await self._database.read(lambda db: ledger.unpriced(db, Where(), models=tuple(models)))
        priced = [(row, cost) for row in rows if isinstance(cost := self._cost(row), Cost)]
        for at in range(0, len(priced), PRICED_AT_ONCE):
            piece = priced[at : at + PRICED_AT_ONCE]
            await self._database.write(lambda db, piece=piece: self._write_prices(db, piece))  # type: ignore[misc]
        if priced:
            self._repriced()
        return len(priced)

    # -- CSV

    async def write_csv(
        self,
        path: Path,
        period: Period,
        *,
        progress: Callable[[int, int], None] = lambda done, of: None,
        **filters: str | None,
    ) -> int:
        """Every call of a period as a line, the newest first; the file is there whole or not at all. Returns the lines.

        Money has every digit. Filters as of `rows`. Raises BadInput where the file cannot be written.
        """
        where = await self._where(period, **filters)
        total = (await self._database.read(lambda db: ledger.totals(db, where=where))).calls
        written = 0

        async def pieces() -> AsyncIterator[str]:
            nonlocal written
            yield usage_csv.lines([usage_csv.CALL_COLUMNS])
            async for rows in self._pieces(where):
                yield await asyncio.to_thread(usage_csv.call_lines, rows)
                written += len(rows)
                progress(written, total)

        await usage_csv.write(path, pieces())
        return written

    async def table_csv(self, by: By, period: Period, profile: str | None = None) -> str:
        """The table of totals as CSV."""
        return usage_csv.share_table(by, await self.table(by, period, profile))

    async def reported(self, profile: Profile, period: Period) -> Reported | None:
        """Ours beside the provider's own figures as last fetched (`ReportedCosts.fetch`); nothing is asked."""
        return await self._reported.reported(profile, period) if self._reported is not None else None

    def prices_as_of(self) -> date:
        return self._catalogs.current.as_of

    # -- inside

    async def _pieces(self, where: Where) -> AsyncIterator[list[Row]]:
        """All calls, the newest first, so many at a time; calls begun meanwhile are not among them."""
        after: str | None = None
        while True:
            found = await self._database.read(
                lambda db, after=after: ledger.rows(db, where=where, before=after, limit=WRITTEN_AT_ONCE)  # type: ignore[misc]
            )
            if found:
                yield [self._row(row) for row in found]
            if len(found) < WRITTEN_AT_ONCE:
                return
            after = found[-1].call_id

    def _catalog(self, profile: str) -> Catalog:
        owner = next((one for one in self._profiles() if one.id == profile), None)
        return self._catalogs.current if owner is None else self._catalogs.of(owner)

    def _cost(self, row: LedgerRow) -> Cost | Unpriced:
        """What a call would cost by the prices of now."""
        return pricing.cost(row.usage or Units(), self._catalog(row.profile).card(row.model), row.tier)

    def _write_prices(self, db: sqlite3.Connection, priced: Sequence[tuple[LedgerRow, Cost]]) -> None:
        for row, cost in priced:
            version = price_version(self._catalog(row.profile), row.model)
            ledger.reprice(db, row.call_id, self._micros(), version, pricing.pico(cost.dollars))
            ledger.price_message(db, row.message, row.call_id, pricing.pico(cost.dollars))

    def _unit_table(self, rows: Sequence[LedgerRow]) -> UnitTable:
        """Lines are told again only where the price is called as it was and comes to the same."""
        counts: dict[str, Decimal] = {}
        dollars: dict[str, Decimal] = {}
        told, untold, rest = 0, 0, Decimal(0)
        for row in rows:
            cost = self._told_again(row)
            if cost is None:
                rest += pricing.from_pico(row.cost_pico or 0)
                untold += row.cost_pico is not None and not row.is_free
            else:
                told += 1
            for line in cost.lines if cost else ():
                counts[line.unit] = counts.get(line.unit, Decimal(0)) + line.count
                dollars[line.unit] = dollars.get(line.unit, Decimal(0)) + line.dollars
        units = (UnitShare(unit, counts[unit], dollars[unit]) for unit in sorted(dollars, key=lambda u: -dollars[u]))
        return UnitTable(tuple(units), told, untold, rest)

    def _told_again(self, row: LedgerRow) -> Cost | None:
        if row.cost_pico is None or row.is_free or row.price_version != self._version(row):
            return None
        cost = self._cost(row)
        is_same = isinstance(cost, Cost) and pricing.pico(cost.dollars) == row.cost_pico
        return cost if is_same and isinstance(cost, Cost) else None

    def _version(self, row: LedgerRow) -> str:
        return price_version(self._catalog(row.profile), row.model)

    def _profile_names(self) -> dict[str, str]:
        return {one.id: one.name for one in self._profiles()}

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

    async def _names(self, by: By, ids: Collection[str]) -> Mapping[str, str]:
        """What people call the ids of a property."""
        if by == "profile":
            return self._profile_names()
        if by in ("folder", "conversation"):
            return await self._database.read(lambda db: ledger.names(db, by, tuple(ids)))
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
