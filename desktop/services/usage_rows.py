"""What the readings of the ledger give to the Usage page: frozen values, money as Decimal."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from desktop.core import pricing
from desktop.core.usage import Usage as Units

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


class UnpricedModel(Struct, frozen=True):
    """Calls of a model whose price was not known. `reason` says what is missing where they cannot be priced now."""

    model: str
    calls: int
    can_be_priced_now: bool
    reason: str = ""


class UnitShare(Struct, frozen=True):
    """So many units of one kind, and what they came to; `dollars` None where that cannot be told."""

    unit: str
    count: Decimal
    dollars: Decimal | None = None


class UnitTable(Struct, frozen=True):
    """Dollars by kind of unit, of `told` calls whose prices are still those they were charged by.

    `untold` calls came to `untold_dollars`; with them the parts add up to the reading.
    """

    units: tuple[UnitShare, ...]
    told: int
    untold: int
    untold_dollars: Decimal


class ReportedDay(Struct, frozen=True):
    """One UTC day: what the provider's bill says, what our ledger says; `theirs` None where it was not asked."""

    day: date
    theirs: Decimal | None
    ours: Decimal
    unpriced: int

    @property
    def drift(self) -> Decimal | None:
        """Theirs less ours."""
        return None if self.theirs is None else self.theirs - self.ours


class Reported(Struct, frozen=True):
    """Ours beside theirs, day by day, in UTC. `fetched` is when they were last asked, None if never."""

    days: tuple[ReportedDay, ...]
    parts: tuple[tuple[str, Decimal], ...]
    fetched: datetime | None
    note: str

    @property
    def theirs(self) -> Decimal:
        return sum((day.theirs for day in self.days if day.theirs is not None), Decimal(0))

    @property
    def ours(self) -> Decimal:
        """Of the days that both have."""
        return sum((day.ours for day in self.days if day.theirs is not None), Decimal(0))

    @property
    def drift(self) -> Decimal:
        return self.theirs - self.ours
