"""Budgets of profiles: what is left of them, the gate before each send, and warnings that come once."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct

from desktop.core import budget as rules
from desktop.core.budget import BudgetLine, BudgetPeriod, BudgetState, BudgetWarning
from desktop.core.errors import BudgetReached, KnownError, Missing
from desktop.core.periods import Clock
from desktop.core.pricing import from_pico, shown
from desktop.core.profile import Profile
from desktop.store import ledger, window_state
from desktop.store.database import Database

ALLOWED, WARNED = "budget.allowed", "budget.warned"
KEPT_FOR = 500  # calls after which they are added to what was added up, so that the rest stays quick to read

Gate = Callable[[sqlite3.Connection], None]


class _Base(Struct, frozen=True):
    """What a profile had spent when the ledger ended with `newest`; `were_open` ran then."""

    today: date
    begins: tuple[int, ...]
    spent: tuple[ledger.Spent, ...]
    newest: int
    were_open: tuple[int, ...]


class Budgets:
    """`newest` gives a profile by id as it is now: a long job may still hold the one it began with."""

    def __init__(
        self,
        database: Database,
        newest: Callable[[str], Profile] | None = None,
        *,
        now: Callable[[], float] = time.time,
        clock: Clock | None = None,
    ) -> None:
        self._database, self._newest, self._now, self._clock = database, newest, now, clock or Clock()
        self._bases: dict[tuple[str, bool], _Base] = {}
        self._listeners: list[Callable[[BudgetWarning], None]] = []

    def listen(self, heard: Callable[[BudgetWarning], None]) -> None:
        """`heard` is told once for each period and limit when it is near, and once when it is reached."""
        self._listeners.append(heard)

    async def state(self, profile: Profile) -> BudgetState:
        """What is spent of each limit now; also for limits that are not set."""
        profile = self._as_it_is(profile)
        base = await self._base(profile, needs_total=True)
        return await self._database.read(lambda db: self._state(db, profile, base))

    async def check(self, profile: Profile, estimate: Decimal | None = None) -> None:
        """For loops and batches, before each round: raises BudgetReached where a limit is in the way.

        `estimate` in dollars, None where the price is not known. Whoever opens a row of the ledger passes `gate`
        through the same transaction instead, so that calls side by side cannot slip through.
        """
        gate = await self.gate(profile, estimate)
        await self._database.read(gate)

    async def gate(self, profile: Profile, estimate: Decimal | None) -> Gate:
        """A function to be called in the transaction that opens the call's row; it raises BudgetReached."""
        profile = self._as_it_is(profile)
        if profile.is_local or not rules.is_set(profile.budget):
            return lambda db: None
        base = await self._base(profile)

        def pass_through(db: sqlite3.Connection) -> None:
            line = rules.in_the_way(self._state(db, profile, base), estimate or Decimal(0))
            if line is not None:
                raise _reached(profile, line, estimate)

        return pass_through

    async def allow(self, profile: Profile, period: BudgetPeriod) -> None:
        """The user goes on beyond a limit: today, this month, or for good; a changed limit is asked for anew."""
        profile = self._as_it_is(profile)
        stamp = rules.stamp(period, self._today(), getattr(profile.budget, period))
        await self._database.write(lambda db: window_state.put(db, f"{ALLOWED}:{profile.id}:{period}", stamp))

    async def forbid(self, profile: Profile, period: BudgetPeriod) -> None:
        """Take such a permission back."""
        await self._database.write(lambda db: window_state.delete(db, f"{ALLOWED}:{profile.id}:{period}"))

    async def warn(self, profile: Profile) -> None:
        """After a call has ended: tell the listeners of limits that are near or reached, each once."""
        profile = self._as_it_is(profile)
        if profile.is_local or not rules.is_set(profile.budget):
            return
        base = await self._base(profile)
        state, said = await self._database.read(lambda db: (self._state(db, profile, base), _said(db, profile)))
        for line in state:
            level = state.level(line.period)
            stamp = f"{rules.stamp(line.period, base.today, line.limit)} {level}"
            if level and said[line.period] not in (stamp, stamp.replace("warn", "reached")):
                with contextlib.suppress(KnownError):  # a full disk: the reply is well all the same, it is said again
                    await self._remember(f"{WARNED}:{profile.id}:{line.period}", stamp)
                told = rules.warning(profile.id, profile.name, line, is_reached=level == "reached")
                for heard in self._listeners:
                    heard(told)

    def forget(self) -> None:
        """Add up anew: after calls got a later price, or the archive is another one."""
        self._bases.clear()

    async def _remember(self, name: str, stamp: str) -> None:
        await self._database.write(lambda db: window_state.put(db, name, stamp))

    def _as_it_is(self, profile: Profile) -> Profile:
        if self._newest is None:
            return profile
        try:
            return self._newest(profile.id)
        except Missing:  # removed while its last calls run
            return profile

    def _today(self) -> date:
        return self._clock.day(round(self._now() * 1_000_000))

    async def _base(self, profile: Profile, *, needs_total: bool = False) -> _Base:
        """What has ended, added up once; the whole ledger is only read where a total counts."""
        today, has_total = self._today(), needs_total or profile.budget.total is not None
        known = self._bases.get((profile.id, has_total))
        if known is None or known.today != today:
            month = self._clock.begin(today.replace(day=1))
            begins = (self._clock.begin(today), month, 0 if has_total else month)
            base = await self._database.read(lambda db: _added_up(db, profile.id, today, begins))
        else:
            base = await self._database.read(lambda db: _carried_on(db, profile.id, known))
        self._bases[profile.id, has_total] = base
        return base

    def _state(self, db: sqlite3.Connection, profile: Profile, base: _Base) -> BudgetState:
        if ledger.open_numbers(db)[0] < base.newest:  # another archive under the same name
            base = _added_up(db, profile.id, base.today, base.begins)
        later = ledger.spent_since(db, profile.id, base.begins, base.newest, base.were_open)
        day, month, total = [
            BudgetLine(
                period,
                limit=(limit := getattr(profile.budget, period)),
                spent=from_pico(one.cost_pico),
                expected=from_pico(one.expected_pico),
                unpriced=one.unpriced,
                is_allowed=_is_allowed(db, profile.id, period, rules.stamp(period, base.today, limit)),
            )
            for period, one in zip(rules.PERIODS, _sums(base.spent, later), strict=True)
        ]
        return BudgetState(day, month, total, rules.warn_share(profile.budget))


def _sums(some: Sequence[ledger.Spent], others: Sequence[ledger.Spent]) -> list[ledger.Spent]:
    return [one + other for one, other in zip(some, others, strict=True)]


def _added_up(db: sqlite3.Connection, profile: str, today: date, begins: tuple[int, ...]) -> _Base:
    newest, still_open = ledger.open_numbers(db)
    return _Base(today, begins, tuple(ledger.spent(db, profile, begins)), newest, still_open)


def _carried_on(db: sqlite3.Connection, profile: str, base: _Base) -> _Base:
    """The base with the calls that have ended since, once those are many."""
    newest, still_open = ledger.open_numbers(db)
    if newest < base.newest:  # another archive under the same name
        return _added_up(db, profile, base.today, base.begins)
    if newest <= base.newest + KEPT_FOR:
        return base
    since = ledger.spent_since(db, profile, base.begins, base.newest, base.were_open, has_ended=True)
    return _Base(base.today, base.begins, tuple(_sums(base.spent, since)), newest, still_open)


def _is_allowed(db: sqlite3.Connection, profile: str, period: BudgetPeriod, stamp: str) -> bool:
    return bool(window_state.get(db, f"{ALLOWED}:{profile}:{period}") == stamp)


def _said(db: sqlite3.Connection, profile: Profile) -> dict[BudgetPeriod, str]:
    return {period: window_state.get(db, f"{WARNED}:{profile.id}:{period}", "") for period in rules.PERIODS}


def _reached(profile: Profile, line: BudgetLine, estimate: Decimal | None) -> BudgetReached:
    of = {"day": "today's budget", "month": "this month's budget", "total": "the whole budget"}[line.period]
    this = f", and this call is estimated at {shown(estimate)}" if estimate else ""
    running = f" and {shown(line.expected)} is expected of calls that run" if line.expected else ""
    assert line.limit is not None  # only a limit stops
    summary = (
        f"This would go beyond {of} for “{profile.name}”: {shown(line.spent)} of {shown(line.limit)} is spent"
        f"{running}{this}."
    )
    advice = f"Nothing was sent. Go on all the same, or raise the budget in the profile. {line.unseen}".strip()
    return BudgetReached(summary, advice, profile=profile.id, period=line.period, spent=line.spent, limit=line.limit)
