"""Sends what the wire view is asked to: through the profile's client, recorded, with a row in the ledger."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from desktop.api.client import Client, Wait
from desktop.core import pricing
from desktop.core.calls import Fate
from desktop.core.catalog import has
from desktop.core.errors import KnownError, Rejected
from desktop.core.secret import Redactor
from desktop.core.usage import Usage
from desktop.core.wire.endpoints import WIRE_PAGE
from desktop.core.wire.request import Began, Pause, Tell, WireRequest
from desktop.core.wire.usage import usage_of
from desktop.services.booking import Booking, Price, fate_of
from desktop.services.calls import Calls, exchange_of
from desktop.services.catalog import Catalogs
from desktop.services.connections import Connections
from desktop.services.tokens import Tokens
from desktop.services.whole import whole
from desktop.store.ledger import LedgerRow

ESTIMATED_BYTES = 4 * 1024 * 1024


class Sending:
    """One request at a time or several; each is a call of the page "wire"."""

    def __init__(
        self,
        connections: Connections,
        catalogs: Catalogs,
        tokens: Tokens,
        calls: Calls,
        booking: Booking,
        redactor: Redactor,
    ) -> None:
        self._connections, self._catalogs, self._tokens = connections, catalogs, tokens
        self._calls, self._booking, self._redactor = calls, booking, redactor

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
        client = await self.client(request)
        row = await whole(
            self._booking.open(
                request.profile, request.model, WIRE_PAGE, conversation=request.conversation, estimate=estimate
            )
        )
        fate = Fate.COMPLETE
        problem: KnownError | None = None
        try:
            tell(Began(row.call_id))
            await asyncio.sleep(0)  # a stop that came while the row was written is heard here, before a byte leaves
            await self._ask(client, request, row.call_id, tell)
        except Rejected as error:
            fate, problem = Fate.FAILED, error
        except KnownError as error:
            fate, problem = fate_of(error), error
            raise
        except BaseException:
            fate = Fate.STOPPED
            raise
        finally:
            await whole(self._close(row, request, fate, problem))
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

    async def _close(self, row: LedgerRow, request: WireRequest, fate: Fate, problem: KnownError | None) -> None:
        """Close the ledger's row with what the reply said it used."""
        record = self._calls.get(row.call_id)
        exchange = await asyncio.to_thread(exchange_of, record, self._redactor) if record else None
        usage, tier = await asyncio.to_thread(usage_of, exchange) if exchange else (None, "")
        await self._booking.close(row, request.profile, fate, usage=usage, tier=tier, error=problem)
