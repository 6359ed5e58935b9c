"""What a budget allows: spent, expected and limit of a day, of a month and in all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from desktop.core.pricing import shown
from desktop.core.profile import Budget

BudgetPeriod = Literal["day", "month", "total"]
PERIODS: tuple[BudgetPeriod, ...] = ("day", "month", "total")
IN_WORDS: Mapping[BudgetPeriod, str] = {"day": "today", "month": "this month", "total": "in all"}
WHOLE = Decimal(1)


class BudgetLine(Struct, frozen=True):
    """One limit and where it stands. `expected` is what calls that still run, or whose end nobody knows, may cost;
    `unpriced` calls cost something that the budget cannot see."""

    period: BudgetPeriod
    limit: Decimal | None = None
    spent: Decimal = Decimal(0)
    expected: Decimal = Decimal(0)
    unpriced: int = 0
    is_allowed: bool = False

    @property
    def taken(self) -> Decimal:
        """What counts against the limit."""
        return self.spent + self.expected

    @property
    def share(self) -> Decimal | None:
        """What counts, as a share of the limit; beyond 1 where the user went on. None without a limit."""
        if self.limit is None:
            return None
        return self.taken / self.limit if self.limit else WHOLE

    def stops(self, estimate: Decimal) -> bool:
        """Whether a call of this estimate would go beyond the limit, or nothing is left of it."""
        if self.limit is None or self.is_allowed:
            return False
        return self.taken >= self.limit or self.taken + estimate > self.limit

    @property
    def unseen(self) -> str:
        """What the budget cannot see, as a sentence; "" where it sees all."""
        if not self.unpriced:
            return ""
        calls = "1 call is" if self.unpriced == 1 else f"{self.unpriced:,} calls are"
        return f"{calls} unpriced: the budget cannot see {'it' if self.unpriced == 1 else 'them'}."

    @property
    def words(self) -> str:
        """Spent of the limit, as a sentence."""
        when = IN_WORDS[self.period]
        if self.limit is None:
            return f"{shown(self.spent)} {when}, no limit."
        running = f", {shown(self.expected)} expected of calls that run" if self.expected else ""
        return f"{shown(self.spent)} of {shown(self.limit)} {when}{running}."


class BudgetState(Struct, frozen=True):
    """All three limits of a profile. `warn_share` is the share of a limit from which there is a warning."""

    day: BudgetLine
    month: BudgetLine
    total: BudgetLine
    warn_share: Decimal

    def __iter__(self) -> Iterator[BudgetLine]:
        return iter((self.day, self.month, self.total))

    def level(self, period: BudgetPeriod) -> Literal["", "warn", "reached"]:
        """How near a limit is."""
        share = getattr(self, period).share
        if share is None or share < self.warn_share:
            return ""
        return "reached" if share >= WHOLE else "warn"


class BudgetWarning(Struct, frozen=True):
    """A limit is near or was reached: said once for each period and limit."""

    profile: str
    line: BudgetLine
    is_reached: bool
    summary: str
    advice: str


def is_set(budget: Budget) -> bool:
    return any(getattr(budget, period) is not None for period in PERIODS)


def warn_share(budget: Budget) -> Decimal:
    """The share that warns, within sense."""
    return min(max(budget.warn_share, Decimal("0.01")), WHOLE)


def stamp(period: BudgetPeriod, today: date, limit: Decimal | None) -> str:
    """What a permission or a warning belongs to: it ends with its day or month, and with its limit."""
    when = {"day": today.isoformat(), "month": today.isoformat()[:7], "total": "all"}[period]
    return f"{when} {limit}"


def in_the_way(state: BudgetState, estimate: Decimal) -> BudgetLine | None:
    """The first limit that stops a call of this estimate."""
    return next((line for line in state if line.stops(estimate)), None)


def warning(profile: str, name: str, line: BudgetLine, *, is_reached: bool) -> BudgetWarning:
    what = "is used up" if is_reached else "is nearly used up"
    of = {"day": "The budget of today", "month": "The budget of this month", "total": "The whole budget"}[line.period]
    summary = f"{of} for “{name}” {what}: {line.words}"
    return BudgetWarning(profile, line, is_reached, summary, line.unseen)
