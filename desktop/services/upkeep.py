"""What keeps the archive well: a checked copy a day, the rotation of copies, the trash, blobs that nothing uses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from desktop.core.errors import KnownError
from desktop.services.conversations import Conversations
from desktop.services.imports.run import Imports
from desktop.services.settings import CurrentSettings
from desktop.store import backups, blobs, exchanges
from desktop.store.database import Database

EVERY_S = 6 * 3600.0

Pause = Callable[[float], Awaitable[object]]


class Upkeep:
    """Runs in workers, in no hurry. Nothing here is needed for the window to be used."""

    def __init__(
        self,
        database: Database,
        settings: CurrentSettings,
        kept: Conversations,
        imports: Imports,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._settings, self._kept, self._now = database, settings, kept, now
        self._imports = imports

    async def keep(self, report: Callable[[KnownError], None], *, pause: Pause = asyncio.sleep) -> None:
        """Do what is due, now and for as long as the window stays open, which may be weeks."""
        while True:
            try:
                await self.run()
            except KnownError as error:
                report(error)
            await pause(EVERY_S)

    async def run(self) -> None:
        """What is due today. Raises what a copy raises: a full disk, a damaged archive."""
        if self._database.read_only:
            return
        value = self._settings.value
        await self._imports.recover()
        if await asyncio.to_thread(backups.is_due, self._database.folder, self._now()):
            await asyncio.to_thread(self._database.back_up, "daily", now=self._now)
            await asyncio.to_thread(backups.rotate, self._database.folder, value.daily_backups, value.weekly_backups)
        await self._kept.empty_old_trash(value.trash_days)
        await self._forget_calls(value.keep_calls_days, value.keep_calls_mb * 1_000_000)
        await self._database.write(lambda db: blobs.sweep(db, round(self._now() * 1_000_000)))

    async def _forget_calls(self, days: int, most_bytes: int) -> None:
        """Calls that are too old or too much, some at a time."""
        since = round((self._now() - days * 24 * 3600) * 1_000_000)
        while await self._database.write(lambda db: exchanges.prune(db, since, most_bytes)):
            pass
