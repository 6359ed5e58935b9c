"""The wire view's service: the calls of now and before, as values, as code, repeated, compared, exported."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from desktop.core.calls import CallRow
from desktop.core.errors import Missing
from desktop.core.secret import Redactor
from desktop.core.wire import endpoints
from desktop.core.wire.exchange import Exchange
from desktop.core.wire.references import references, restored
from desktop.services.calls import CallRecord, Calls, exchange_of, row_of
from desktop.services.wire_keeper import Keeper
from desktop.store import blobs, exchanges
from desktop.store.database import Database

Heard = Callable[[CallRow], None]


class Wire:
    """What the wire view and the terminal do with calls. All that takes time runs in workers."""

    def __init__(self, database: Database, calls: Calls, keeper: Keeper, redactor: Redactor) -> None:
        self._database, self._calls, self._keeper, self._redactor = database, calls, keeper, redactor
        self._heard: list[Heard] = []
        calls.listen(self._called)

    def listen(self, heard: Heard) -> None:
        """Hear of each call that begins, is answered, waits, ends or is priced; on the window's thread."""
        self._heard.append(heard)

    def unlisten(self, heard: Heard) -> None:
        self._heard.remove(heard)

    async def calls(
        self, page: str | None = None, limit: int = 200, after: CallRow | None = None
    ) -> tuple[CallRow, ...]:
        """Calls in memory and in the archive, the newest first; `after` is the last one of the portion above."""
        pages = () if page is None else (page, endpoints.WIRE_PAGE, "")
        place = (after.started, after.call_id) if after else None
        fresh = {record.call_id: row_of(record) for record in self._calls.records()}

        def read(db: sqlite3.Connection) -> tuple[CallRow, ...]:
            owned = exchanges.owners(db, list(fresh))
            rows = [_owned(row, owned) for row in fresh.values()]
            rows += [kept.row for kept in _kept_rows(db, pages, page, limit, place) if kept.call_id not in fresh]
            return tuple(rows)

        rows = [row for row in await self._database.read(read) if page is None or endpoints.belongs(row, page)]
        rows = [row for row in rows if place is None or (row.started, row.call_id) < place]
        return tuple(sorted(rows, key=lambda row: (row.started, row.call_id), reverse=True)[:limit])

    async def get(self, call_id: str) -> Exchange:
        """One call with all that is still known of it. Raises Missing."""
        record = self._calls.get(call_id)
        kept = await self._database.read(lambda db: exchanges.get(db, call_id))
        if record is None:
            if kept is None:
                raise Missing("This call is not kept any more.", "Only newer calls are there; see the settings.")
            return kept
        owned = await self._database.read(lambda db: exchanges.owners(db, [call_id]))
        fresh = await asyncio.to_thread(exchange_of, record, self._redactor)
        if call_id in owned:
            fresh = replace(fresh, page=owned[call_id][0], dollars=owned[call_id][1] or fresh.dollars)
        if kept is not None and fresh.is_body_cut:
            fresh = replace(fresh, body=kept.body, is_body_cut=kept.is_body_cut)
        if kept is not None and fresh.is_reply_cut and not fresh.reply:
            fresh = replace(fresh, reply=kept.reply, is_reply_cut=kept.is_reply_cut, stamps=kept.stamps)
        return fresh

    async def whole(self, call_id: str) -> tuple[Exchange, bool]:
        """One call with what it holds by reference filled in from the archive, and whether nothing is missing."""
        exchange = await self.get(call_id)
        if not references(exchange.body):
            return exchange, not exchange.is_body_cut

        def fill(db: sqlite3.Connection) -> tuple[bytes, bool]:
            return restored(exchange.body, lambda sha256: _blob(db, sha256))

        body, is_whole = await self._database.read(fill)
        return replace(exchange, body=body), is_whole and not exchange.is_body_cut

    async def settled(self) -> None:
        """Returns when every call that has ended is kept."""
        await self._keeper.settled()

    async def prune(self) -> int:
        """Forget calls that are too old or too many, as the settings say; how many."""
        return await self._keeper.prune()

    async def aclose(self) -> None:
        await self._keeper.aclose()

    def _called(self, record: CallRecord) -> None:
        row = row_of(record)
        for heard in list(self._heard):
            heard(row)


def _owned(row: CallRow, owned: dict[str, tuple[str, str]]) -> CallRow:
    page, dollars = owned.get(row.call_id, (row.page, row.dollars))
    return replace(row, page=page, dollars=dollars or row.dollars)


def _kept_rows(
    db: sqlite3.Connection, pages: Sequence[str], page: str | None, limit: int, place: tuple[int, str] | None
) -> list[Exchange]:
    """Kept calls of a page until there are enough: those of no page are looked at one by one."""
    found: list[Exchange] = []
    while len(found) < limit:
        some = exchanges.listing(db, pages=pages, limit=limit, before=place)
        found += [kept for kept in some if page is None or endpoints.belongs(kept.row, page)]
        if len(some) < limit:
            break
        place = some[-1].started, some[-1].call_id
    return found


def _blob(db: sqlite3.Connection, sha256: str) -> bytes | None:
    try:
        return blobs.get(db, sha256)
    except Missing:
        return None
