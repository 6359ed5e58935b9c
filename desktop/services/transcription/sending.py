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
from desktop.core.calls import Fate
from desktop.core.errors import ArchiveFull, KnownError
from desktop.core.profile import Profile
from desktop.core.secret import Redactor
from desktop.core.usage import Usage
from desktop.services.booking import Booking, fate_of
from desktop.services.calls import Calls
from desktop.services.catalog import Catalogs
from desktop.services.connections import Connections
from desktop.services.rate_limits import RateLimits
from desktop.services.transcription import plan
from desktop.services.transcription.values import Options
from desktop.services.whole import whole
from desktop.store import raw_replies
from desktop.store.database import Database
from desktop.store.ledger import LedgerRow
from desktop.store.recordings import PAGE
from desktop.store.streaming import AGAIN_S, Trouble

Closed = Callable[[sqlite3.Connection, TranscriptionReply | None, Fate], None]


@dataclass(slots=True)
class Tools:
    """What a run works with; one for all runs. `rates` is what each model showed: seconds of sound in a second;
    `paused` until when, by `clock`, a model of a profile is not asked."""

    database: Database
    connections: Connections
    catalogs: Catalogs
    booking: Booking
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
        self.on_trouble: Trouble | None = None  # that nothing can be written down just now

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
        closed: Closed = lambda db, reply, fate: None,
    ) -> TranscriptionReply:
        """One call. `opened` and `closed` are done in the transactions that open and close its row. `file_name` is
        what the server is told, "" for the file's own.

        Raises WireError's tree and BudgetReached.
        """
        tools, request = self.tools, plan.request(self.options, self.card, seconds, before=before, voices=voices)
        client = await tools.connections.client(self.profile)
        row = await self._open_with_room(seconds, opened)
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
        except KnownError as error:
            await whole(self._close(row, fate_of(error), closed, error=error))
            raise
        except BaseException as ended:
            fate = Fate.STOPPED if isinstance(ended, asyncio.CancelledError) else Fate.UNKNOWN
            await whole(self._close(row, fate, closed))
            raise
        finally:
            if (limit := client.rate_limits.get(self.card.id)) is not None:
                tools.rate_limits.take(self.profile.id, self.card.id, limit)
        reply = without_keys(reply, client.redactor)
        self._learn_rate(seconds, tools.clock() - began)
        await whole(self._close(row, Fate.COMPLETE, closed, reply=reply, usage=audio.usage_of(reply, seconds)))
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

    async def _open(self, seconds: float, opened: Callable[[sqlite3.Connection, str], None]) -> LedgerRow:
        estimate = plan.estimate(seconds, self.card)
        return await self.tools.booking.open(
            self.profile, self.card.id, PAGE, conversation=self.conversation, estimate=estimate, also=opened
        )

    async def _open_with_room(self, seconds: float, opened: Callable[[sqlite3.Connection, str], None]) -> LedgerRow:
        """On a full disk nothing is sent: where somebody hears of it, it is waited for."""
        is_in_trouble = False
        while True:
            try:
                row = await whole(self._open(seconds, opened))
            except ArchiveFull as error:
                if self.on_trouble is None:
                    raise
                self.on_trouble(error)
                is_in_trouble = True
                await asyncio.sleep(AGAIN_S)
            else:
                if is_in_trouble and self.on_trouble is not None:
                    self.on_trouble(None)
                return row

    async def _close(
        self,
        row: LedgerRow,
        fate: Fate,
        closed: Closed,
        *,
        reply: TranscriptionReply | None = None,
        usage: Usage | None = None,
        error: KnownError | None = None,
    ) -> None:
        """The answer is kept in the transaction that says what it cost."""
        record = self.tools.calls.get(row.call_id)
        raw = record.whole_reply if record and reply is not None and self.tools.keeps_raw() else b""

        def also(db: sqlite3.Connection) -> None:
            closed(db, reply, fate)
            if raw:
                raw_replies.keep_raw(db, row.call_id, raw)

        await self.tools.booking.close(
            row, self.profile, fate, usage=usage, error=error, also=also, on_trouble=self.on_trouble
        )

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
