"""The ledger's row of a call: opened past the budget before the call is sent, closed with what became of it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress

from msgspec.structs import replace

from desktop.core import pricing
from desktop.core.calls import Fate
from desktop.core.errors import Cut, Detail, KnownError, MayHaveRun, Silent, TooMuch
from desktop.core.ids import new_id
from desktop.core.profile import Profile
from desktop.core.usage import Usage
from desktop.core.wire.exchange import header
from desktop.services.budgets import Budgets, Gate
from desktop.services.calls import Calls
from desktop.services.catalog import Catalogs
from desktop.services.prices import price_version
from desktop.store import ledger
from desktop.store.database import Database
from desktop.store.ledger import LedgerRow
from desktop.store.streaming import Trouble, keep

Price = pricing.Cost | pricing.Unpriced | None


class Booking:
    """Every call of a page goes through here once before and once after it."""

    def __init__(
        self,
        database: Database,
        catalogs: Catalogs,
        calls: Calls,
        budgets: Budgets,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._catalogs, self._calls, self._budgets = database, catalogs, calls, budgets
        self._now = now

    async def open(
        self,
        profile: Profile,
        model: str,
        page: str,
        *,
        conversation: str = "",
        estimate: Price = None,
        also: Callable[[sqlite3.Connection, str], None] = lambda db, call: None,
    ) -> LedgerRow:
        """Write the row of a call that is about to be made; its id is the call's. `also` is done in the same
        transaction. Raises BudgetReached, but for what is free: then there is no row."""
        row = LedgerRow(
            new_id(),
            self._micros(),
            page=page,
            profile=profile.id,
            model=model,
            conversation=conversation,
            estimate_pico=pico_of(estimate),
        )
        gate = await self._gate(profile, estimate)

        def begin(db: sqlite3.Connection) -> None:
            gate(db)
            ledger.open_row(db, row)
            also(db, row.call_id)

        await self._database.write(begin)
        self._calls.belongs(row.call_id, page)
        return row

    async def close(
        self,
        row: LedgerRow,
        profile: Profile,
        fate: Fate,
        *,
        usage: Usage | None = None,
        tier: str = "",
        error: KnownError | None = None,
        also: Callable[[sqlite3.Connection], None] = lambda db: None,
        on_trouble: Trouble | None = None,
    ) -> LedgerRow:
        """Price what was used, write how the call ended, and warn where a budget is near. `also` is done in the same
        transaction; `on_trouble` hears of a full disk, which is waited for."""
        price = self._price(profile, row.model, usage, tier)
        done = self._ended(row, profile, fate, usage, tier, price, error)

        def end(db: sqlite3.Connection) -> None:
            ledger.close_row(db, done)
            also(db)

        await keep(self._database, end, on_trouble)
        self._calls.price(row.call_id, row.model, price_words(price))
        with suppress(KnownError):  # an archive that cannot be read now: what came is kept, and the next call warns
            await self._budgets.warn(profile)
        return done

    async def _gate(self, profile: Profile, estimate: Price) -> Gate:
        if isinstance(estimate, pricing.Cost) and estimate.is_free:
            return lambda db: None
        return await self._budgets.gate(profile, estimate.dollars if isinstance(estimate, pricing.Cost) else None)

    def _price(self, profile: Profile, model: str, usage: Usage | None, tier: str) -> Price:
        if usage is None:
            return None
        return pricing.FREE if profile.is_local else pricing.cost(usage, self._catalogs.of(profile).card(model), tier)

    def _ended(
        self,
        row: LedgerRow,
        profile: Profile,
        fate: Fate,
        usage: Usage | None,
        tier: str,
        price: Price,
        error: KnownError | None,
    ) -> LedgerRow:
        ended, record, detail = self._micros(), self._calls.get(row.call_id), error.detail if error else Detail()
        took_ms = record.total_ms if record else None
        return replace(
            row,
            ended=ended,
            fate=fate,
            tier=tier,
            usage=usage,
            cost_pico=pico_of(price),
            is_free=profile.is_local or (isinstance(price, pricing.Cost) and price.is_free),
            price_version=price_version(self._catalogs.of(profile), row.model),
            status=detail.status or (record.status if record else None),
            request_id=detail.request_id or (header(record.reply_headers, "x-request-id") if record else ""),
            tries=record.attempts if record else 1,
            total_ms=(ended - row.started) // 1000 if took_ms is None else round(took_ms),
            error=error.summary if error else "",
        )

    def _micros(self) -> int:
        return round(self._now() * 1_000_000)


def fate_of(error: KnownError) -> Fate:
    """How a call ended that raised this."""
    if isinstance(error, MayHaveRun):
        return Fate.UNKNOWN
    return Fate.CUT if isinstance(error, Cut | Silent | TooMuch) else Fate.FAILED


def pico_of(price: Price) -> int | None:
    return pricing.pico(price.dollars) if isinstance(price, pricing.Cost) else None


def price_words(price: Price) -> str:
    """Dollars, "free" or "unpriced"; nothing where nothing was used."""
    if price is None:
        return ""
    if isinstance(price, pricing.Unpriced):
        return "unpriced"
    return "free" if price.is_free else pricing.shown(price.dollars)
