"""Keeps calls that have ended, within the bounds the user set; packs them beside the window's thread."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from msgspec.structs import replace

from desktop.core.calls import Fate
from desktop.core.errors import KnownError
from desktop.core.secret import Redactor
from desktop.core.wire.exchange import Exchange
from desktop.core.wire.references import moved, shortened
from desktop.services.calls import CallRecord, Calls, exchange_of
from desktop.services.settings import CurrentSettings
from desktop.store import exchanges
from desktop.store.database import Database

log = logging.getLogger(__name__)

KEPT_BYTES = 4 * 1024 * 1024  # of a body and a reply without their pictures and sound: a million tokens of text
PRUNE_EVERY = 100  # calls
DAY_US = 24 * 3600 * 1_000_000
MB = 1_000_000


class Keeper:
    """Hears of calls that ended and keeps them. Nothing of it runs on the window's thread but a queue's `put`."""

    def __init__(
        self,
        database: Database,
        calls: Calls,
        settings: CurrentSettings,
        redactor: Redactor,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._settings, self._redactor, self._now = database, settings, redactor, now
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="wire-keeper")
        self._last: Future[None] | None = None
        self._count = 0
        calls.listen(self._heard)

    @property
    def keeps(self) -> bool:
        return self._settings.value.keep_calls_days > 0 and not self._database.read_only

    async def settled(self) -> None:
        """Returns when every call that has ended is kept."""
        if self._last is not None:
            await asyncio.wait([asyncio.wrap_future(self._last)])

    async def prune(self) -> int:
        """Forget what is too old or too much, in small transactions; how many calls."""
        if self._database.read_only:
            return 0
        return await asyncio.to_thread(self._prune)

    async def aclose(self) -> None:
        await asyncio.to_thread(self._worker.shutdown)

    def _heard(self, record: CallRecord) -> None:
        if record.fate is Fate.OPEN or not self.keeps or record.is_queued:
            return
        record.is_queued = True  # it is heard of again when it is priced
        self._last = self._worker.submit(self._keep, record)

    def _keep(self, record: CallRecord) -> None:
        try:
            made = exchanges.packed(for_keeping(exchange_of(record, self._redactor)))
            keeps_reply = self._settings.value.keep_raw
            self._database.write_now(lambda db: exchanges.put(db, made, keeps_reply=keeps_reply))
            self._count += 1
            if self._count % PRUNE_EVERY == 0:
                self._prune()
        except (KnownError, RuntimeError, ValueError) as error:  # a full disk, or the end of the application
            log.warning("a call was not kept: %s", type(error).__name__)

    def _prune(self) -> int:
        value = self._settings.value
        older_than = round(self._now() * 1_000_000) - value.keep_calls_days * DAY_US
        gone = 0
        while some := self._database.write_now(lambda db: exchanges.prune(db, older_than, value.keep_calls_mb * MB)):
            gone += some
        return gone


def for_keeping(exchange: Exchange) -> Exchange:
    """The call with sound, pictures and files by reference, and without what is too long to be kept."""
    body, _ = shortened(exchange.body)
    reply, edits = shortened(exchange.reply)
    if not is_text(exchange.reply_type) and reply:
        reply = b""
    return replace(
        exchange,
        body=body[:KEPT_BYTES],
        is_body_cut=exchange.is_body_cut or len(body) > KEPT_BYTES,
        reply=reply[:KEPT_BYTES],
        is_reply_cut=exchange.is_reply_cut or len(reply) > KEPT_BYTES or (not reply and bool(exchange.reply)),
        stamps=moved(exchange.stamps, edits),
    )


def is_text(content_type: str) -> bool:
    """Whether a reply of this kind is kept word by word; sound, pictures and files are in their own pages."""
    kind = content_type.partition(";")[0].strip().lower()
    return not kind.startswith(("audio/", "image/", "video/", "application/octet-stream", "application/zip"))
