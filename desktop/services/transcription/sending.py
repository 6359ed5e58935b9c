"""One call for a part of a recording: its row of the ledger, its price, and what is kept when it ends."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from desktop.api import audio
from desktop.api.audio import TranscriptionReply
from desktop.api.client import Client, Wait
from desktop.core import pricing
from desktop.core.calls import Fate
from desktop.core.errors import (
    Cut,
    KnownError,
    MayHaveRun,
    Silent,
    TooMuch,
)
from desktop.core.ids import new_id
from desktop.core.profile import Profile
from desktop.core.secret import Redactor
from desktop.services.budgets import Budgets
from desktop.services.calls import Calls
from desktop.services.catalog import Catalogs
from desktop.services.connections import Connections
from desktop.services.prices import price_version
from desktop.services.rate_limits import RateLimits
from desktop.services.transcription import plan
from desktop.services.transcription.values import Options
from desktop.services.whole import whole
from desktop.store import ledger, raw_replies
from desktop.store.database import Database
from desktop.store.recordings import PAGE
from desktop.store.streaming import Trouble, keep


@dataclass(slots=True)
class Tools:
    """What a run works with; one for all runs. `rates` is what each model showed: seconds of sound in a second;
    `paused` until when, by `clock`, a model of a profile is not asked."""

    database: Database
    connections: Connections
    catalogs: Catalogs
    budgets: Budgets
    calls: Calls
    rate_limits: RateLimits
    profile_of: Callable[[str], Profile]
    cache: Path
    keeps_raw: Callable[[], bool]
    keeps_copy: Callable[[], bool]
    parallel: Callable[[], int]
    is_offline: bool = False
    now: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
    rates: dict[tuple[str, str], float] = field(default_factory=dict)
    paused: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict)

    def micros(self) -> int:
        return round(self.now() * 1_000_000)


class Sender:
    """Sends one part of a recording and keeps what it cost: a row of the ledger opened before and closed after."""

    def __init__(self, tools: Tools, options: Options, conversation: str) -> None:
        self.tools, self.options, self.conversation = tools, options, conversation
        self.profile = tools.profile_of(options.profile)
        self.card = tools.catalogs.of(self.profile).card(options.model)
        self.on_trouble: Trouble | None = None  # that what arrived cannot be written down yet

    @property
    def is_free(self) -> bool:
        return self.card.is_free or self.profile.is_local

    @property
    def key(self) -> tuple[str, str]:
        return self.profile.id, self.card.id

    async def send(
        self,
        path: Path,
        seconds: float,
        *,
        before: str = "",
        voices: tuple[tuple[str, str], ...] = (),
        file_name: str = "",
        sha256: str = "",
        told: Callable[[int, int], None] | None = None,
        heard: Callable[[audio.Piece], None] | None = None,
        on_wait: Callable[[Wait], None] | None = None,
        opened: Callable[[sqlite3.Connection, str], None] = lambda db, call: None,
        closed: Callable[[sqlite3.Connection, TranscriptionReply | None, KnownError | None], None] = (
            lambda db, reply, error: None
        ),
    ) -> TranscriptionReply:
        """One call. `opened` and `closed` are done in the transactions that open and close its row. `file_name` is
        what the server is told, "" for the file's own.

        Raises WireError's tree and BudgetReached.
        """
        tools, request = self.tools, plan.request(self.options, self.card, seconds, before=before, voices=voices)
        client = await tools.connections.client(self.profile)
        row = await whole(self._open(seconds, opened))
        tools.calls.belongs(row.call_id, PAGE)
        patience = self.profile.limits.reasoning_s
        began = tools.clock()
        arguments: dict[str, Any] = {"sha256": sha256, "file_name": file_name, "told": told, "on_wait": on_wait}
        arguments["call_id"] = row.call_id
        try:
            await asyncio.sleep(0)  # a stop that came while the row was written is heard before a byte leaves
            if request.stream:
                reply = await self._streamed(client, path, request, heard, silence_s=patience, **arguments)
            else:
                reply = await audio.transcribe(client, path, request, read_limit_s=patience, **arguments)
        except asyncio.CancelledError:
            await whole(self._close(replace(row, fate=Fate.STOPPED), None, None, closed))
            raise
        except KnownError as error:
            stopped = replace(row, fate=_fate_of(error), error=error.summary, status=error.detail.status)
            await whole(self._close(stopped, None, error, closed))
            raise
        finally:
            if (limit := client.rate_limits.get(self.card.id)) is not None:
                tools.rate_limits.take(self.profile.id, self.card.id, limit)
        reply = without_keys(reply, client.redactor)
        self._learn_rate(seconds, tools.clock() - began)
        await whole(self._close(self._priced(row, reply, seconds), reply, None, closed))
        return reply

    async def _streamed(
        self,
        client: Client,
        path: Path,
        request: audio.Request,
        heard: Callable[[audio.Piece], None] | None,
        **arguments: Any,
    ) -> TranscriptionReply:
        reply = TranscriptionReply()
        pieces = audio.stream(client, path, request, **arguments)
        async with aclosing(pieces):
            async for piece in pieces:
                reply = piece.whole or reply
                if heard is not None:
                    heard(piece)
        return reply

    async def _open(self, seconds: float, opened: Callable[[sqlite3.Connection, str], None]) -> ledger.LedgerRow:
        price = plan.estimate(seconds, self.card)
        dollars = price.dollars if isinstance(price, pricing.Cost) else None
        gate = (lambda db: None) if self.is_free else await self.tools.budgets.gate(self.profile, dollars)
        row = ledger.LedgerRow(
            new_id(),
            self.tools.micros(),
            page=PAGE,
            profile=self.profile.id,
            model=self.card.id,
            conversation=self.conversation,
            estimate_pico=None if dollars is None else pricing.pico(dollars),
        )

        def begin(db: sqlite3.Connection) -> None:
            gate(db)
            ledger.open_row(db, row)
            opened(db, row.call_id)

        await self.tools.database.write(begin)
        return row

    def _priced(self, row: ledger.LedgerRow, reply: TranscriptionReply, seconds: float) -> ledger.LedgerRow:
        usage = audio.usage_of(reply, seconds)
        price = pricing.cost(usage, self.card)
        cost = pricing.pico(price.dollars) if isinstance(price, pricing.Cost) else None
        return replace(
            row,
            fate=Fate.COMPLETE,
            usage=usage,
            cost_pico=cost,
            is_free=self.is_free,
            price_version=price_version(self.tools.catalogs.of(self.profile), self.card.id),
        )

    async def _close(
        self,
        row: ledger.LedgerRow,
        reply: TranscriptionReply | None,
        error: KnownError | None,
        closed: Callable[[sqlite3.Connection, TranscriptionReply | None, KnownError | None], None],
    ) -> None:
        record = self.tools.calls.get(row.call_id)
        ended = self.tools.micros()
        raw = record.whole_reply if record and reply is not None and self.tools.keeps_raw() else b""
        row = replace(
            row,
            ended=ended,
            total_ms=(ended - row.started) // 1000,
            tries=record.attempts if record else 1,
            status=row.status or (record.status if record else None),
        )

        def work(db: sqlite3.Connection) -> None:
            ledger.close_row(db, row)
            closed(db, reply, error)
            if raw:
                raw_replies.keep_raw(db, row.call_id, raw)

        await keep(self.tools.database, work, self.on_trouble)
        shown = pricing.from_pico(row.cost_pico) if row.cost_pico is not None else None
        if reply is not None:
            words = "free" if self.is_free else "unpriced" if shown is None else pricing.shown(shown)
            self.tools.calls.price(row.call_id, self.card.id, words)
            await self.tools.budgets.warn(self.profile)

    def _learn_rate(self, seconds: float, took: float) -> None:
        if took > 0.05:
            self.tools.rates[self.key] = seconds / took


def without_keys(reply: TranscriptionReply, redactor: Redactor) -> TranscriptionReply:
    """What a server says back of a key is not kept; words that are part of one lose their times with it."""
    text = redactor.clean(reply.text)
    segments = tuple(replace(each, text=redactor.clean(each.text)) for each in reply.segments)
    if text == reply.text and segments == reply.segments:
        return reply
    return replace(reply, text=text, segments=segments, words=(), logprobs=())


def _fate_of(error: KnownError) -> Fate:
    if isinstance(error, MayHaveRun):
        return Fate.UNKNOWN
    return Fate.CUT if isinstance(error, Cut | Silent | TooMuch) else Fate.FAILED
