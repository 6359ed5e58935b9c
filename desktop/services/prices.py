"""The user's own prices: prices.json in the data folder, of the same form as ours and read over it entry by entry.

{"cards": {"MODEL": {"prices": {"tokens": {"standard": {"input": "2", "output": "10"}}}}}}: dollars for a million
tokens, and so on as in resources/models.json; an entry names only what is to be different.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from desktop.core import pricing
from desktop.core.catalog import Catalog
from desktop.core.catalog import Prices as TablePrices
from desktop.services.catalog import Catalogs
from desktop.store import own_prices


def price_version(catalog: Catalog, model: str) -> str:
    """Which prices a call was charged by: the day of the table; with a mark of their content where they are the
    user's own. A row's lines can be told again as long as this is what the model's prices are called."""
    as_of = catalog.as_of.isoformat()
    card = catalog.card(model)
    if not {model, card.shares} & set(catalog.own_prices):
        return as_of
    content = msgspec.json.encode(card.prices, order="deterministic")
    return f"{as_of}+own-{hashlib.sha256(content).hexdigest()[:8]}"


class OwnPrice(Struct, frozen=True):
    """What the user says of a model's prices: `says` as it is in the file, `prices` what is charged with it."""

    model: str
    says: dict[str, Any]
    prices: TablePrices


class Prices:
    """The prices in force, and the user's own among them."""

    def __init__(self, folder: Path, catalogs: Catalogs, *, now: Callable[[], float] = time.time) -> None:
        self._folder, self._catalogs, self._now = folder, catalogs, now

    @property
    def as_of(self) -> date:
        """The day of the table we ship."""
        return self._catalogs.shipped.as_of

    @property
    def is_stale(self) -> bool:
        """Whether the table is too old to be shown without a warning."""
        return pricing.stale(self.as_of, datetime.fromtimestamp(self._now()).date())

    @property
    def note(self) -> str:
        """What stands beside money: of which day its prices are, and that they are old."""
        old = f" They are older than {pricing.STALE_AFTER_DAYS} days and may have changed." if self.is_stale else ""
        return f"Prices as of {self.as_of.isoformat()}; an estimate, not a bill.{old}"

    @property
    def path(self) -> Path:
        return self._folder / own_prices.NAME

    async def own(self) -> tuple[OwnPrice, ...]:
        """The user's own prices that can be used, by model."""
        entries, _ = await asyncio.to_thread(own_prices.read, self._folder)
        card = self._catalogs.current.card
        return tuple(OwnPrice(model, dict(says), card(model).prices) for model, says in sorted(entries.items()))

    async def get(self, model: str) -> OwnPrice | None:
        return next((one for one in await self.own() if one.model == model), None)

    async def put(self, model: str, says: Mapping[str, Any]) -> tuple[str, ...]:
        """Keep what the user says of a model's prices, as in `core.catalog.Prices`: only what is to be different.

        It holds for calls from now on. Raises BadInput, naming the place, or StoreError. Returns what is wrong in the
        rest of the file.
        """
        notices = await asyncio.to_thread(own_prices.put, self._folder, model.strip(), says)
        return (*notices, *await self.read_again())

    async def remove(self, model: str) -> OwnPrice | None:
        """Forget them; what comes back can be `put` again."""
        before = await self.get(model)
        await asyncio.to_thread(own_prices.remove, self._folder, model)
        await self.read_again()
        return before

    async def read_again(self) -> tuple[str, ...]:
        """Read the file anew, as after it was edited by hand; returns what is wrong in it."""
        await asyncio.to_thread(self._catalogs.read_again)
        _, wrong = await asyncio.to_thread(own_prices.read, self._folder)
        return wrong
