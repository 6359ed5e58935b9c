"""Sends what the wire view is asked to: through the profile's client, recorded, with a row in the ledger."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable

from msgspec.structs import replace

from desktop.api.client import Client, Wait
from desktop.core import pricing
from desktop.core.calls import Fate
from desktop.core.catalog import has
from desktop.core.errors import Cut, KnownError, MayHaveRun, Rejected, Silent, TooMuch
from desktop.core.ids import new_id
from desktop.core.secret import Redactor
from desktop.core.usage import Usage
from desktop.core.wire.endpoints import WIRE_PAGE
from desktop.core.wire.request import Began, Pause, Tell, WireRequest
from desktop.core.wire.usage import usage_of
from desktop.services.budgets import Budgets
from desktop.services.calls import Calls, exchange_of
from desktop.services.catalog import Catalogs
from desktop.services.chat import price_words
from desktop.services.connections import Connections
from desktop.services.prices import price_version
from desktop.services.tokens import Tokens
from desktop.store import ledger
from desktop.store.database import Database
from desktop.store.streaming import keep

Price = pricing.Cost | pricing.Unpriced | None
ESTIMATED_BYTES = 4 * 1024 * 1024


class Sending:
    """One request at a time or several; each is a call of the page "wire"."""

    def __init__(
        self,
        database: Database,
        connections: Connections,
        catalogs: Catalogs,
        tokens: Tokens,
        calls: Calls,
        budgets: Budgets,
        redactor: Redactor,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._connections, self._catalogs, self._tokens = database, connections, catalogs, tokens
        self._calls, self._budgets, self._redactor, self._now = calls, budgets, redactor, now

    async def client(self, request: WireRequest) -> Client:
        return await self._connections.client(request.profile)

    async def estimate(self, request: WireRequest, usage: Usage | None = None) -> Price:
        """What a send may cost: as much as `usage` where it was made before, else its input. None: nothing."""
        if request.method in ("GET", "HEAD", "DELETE"):
            return None
        if request.profile.is_local:
            return pricing.FREE
        card = self._catalogs.of(request.profile).card(request.model)
        if usage is not None:
            return pricing.cost(replace(usage, is_estimate=True), card)
        text = (request.body or b"")[:ESTIMATED_BYTES].decode("utf-8", "replace")
        return pricing.estimate(await self._tokens.of_text(text, request.model), None, card)

    async def send(self, request: WireRequest, tell: Tell, estimate: Price = None) -> str:
        """Send and return the id of the call, also where the server answered with an error. Raises what a budget, a
        profile or the network has against it; the call is in the list all the same."""
        row = ledger.LedgerRow(
            new_id(),
            round(self._now() * 1_000_000),
            page=WIRE_PAGE,
            profile=request.profile.id,
            model=request.model,
            conversation=request.conversation,
            estimate_pico=pricing.pico(estimate.dollars) if isinstance(estimate, pricing.Cost) else None,
        )
        client = await self.client(request)
        await self._open(row, request, estimate)
        self._calls.belongs(row.call_id, WIRE_PAGE)
        tell(Began(row.call_id))
        fate = Fate.COMPLETE
        problem: KnownError | None = None
        try:
            await self._ask(client, request, row.call_id, tell)
        except Rejected as error:
            fate, problem = Fate.FAILED, error
        except KnownError as error:
            fate, problem = _fate_of(error), error
            raise
        except BaseException:
            fate = Fate.STOPPED
            raise
        finally:
            await self._close(row, request, fate, problem)
        return row.call_id

    async def _ask(self, client: Client, request: WireRequest, call_id: str, tell: Tell) -> None:
        def wait(pause: Wait) -> None:
            tell(Pause(call_id, pause.reason, pause.seconds, pause.cut_short))

        thinks = has(self._catalogs.of(request.profile).card(request.model), "reasoning")
        limits = request.profile.limits
        await client.ask(
            request.method,
            request.endpoint,
            content=request.body,
            content_type=request.content_type,
            query=request.query,
            model=request.model,
            read_limit_s=limits.reasoning_s if thinks else limits.silence_s,
            call_id=call_id,
            on_wait=wait,
        )

    async def _open(self, row: ledger.LedgerRow, request: WireRequest, estimate: Price) -> None:
        dollars = estimate.dollars if isinstance(estimate, pricing.Cost) else None
        gate = await self._budgets.gate(request.profile, dollars)

        def work(db: sqlite3.Connection) -> None:
            gate(db)
            ledger.open_row(db, row)

        await self._database.write(work)

    async def _close(self, row: ledger.LedgerRow, request: WireRequest, fate: Fate, problem: KnownError | None) -> None:
        """Close the ledger's row with what the reply said it used."""
        record = self._calls.get(row.call_id)
        exchange = await asyncio.to_thread(exchange_of, record, self._redactor) if record else None
        usage, tier = await asyncio.to_thread(usage_of, exchange) if exchange else (None, "")
        catalog = self._catalogs.of(request.profile)
        price = pricing.cost(usage, catalog.card(request.model), tier) if usage else None
        detail = problem.detail if problem else None
        done = replace(
            row,
            ended=round(self._now() * 1_000_000),
            fate=fate,
            tier=tier,
            usage=usage,
            cost_pico=pricing.pico(price.dollars) if isinstance(price, pricing.Cost) else None,
            is_free=request.profile.is_local or (isinstance(price, pricing.Cost) and price.is_free),
            price_version=price_version(catalog, row.model),
            status=exchange.status if exchange else (detail.status if detail else None),
            request_id=exchange.request_id if exchange else "",
            tries=record.attempts if record else 1,
            total_ms=round(exchange.total_ms) if exchange and exchange.total_ms is not None else None,
            error=problem.summary if problem else "",
        )
        await keep(self._database, lambda db: ledger.close_row(db, done))
        self._calls.price(row.call_id, request.model, price_words(price))
        await self._budgets.warn(request.profile)


def _fate_of(error: KnownError) -> Fate:
    if isinstance(error, MayHaveRun):
        return Fate.UNKNOWN
    return Fate.CUT if isinstance(error, Cut | Silent | TooMuch) else Fate.FAILED
