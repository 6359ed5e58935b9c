"""The copies of the archive as the settings show them: made, tested, brought back, kept where the user wants them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from desktop.store import backups, opening
from desktop.store.backups import Tested as Tested
from desktop.store.database import Database
from desktop.store.failures import in_words

KINDS = {
    "daily": "Daily copy",
    "upgrade": "Before an upgrade",
    "import": "Before an import",
    "restore": "Before a restore",
    "asked": "Made by you",
}


class Copy(Struct, frozen=True):
    """One finished copy. `made` is UTC microseconds; `size_bytes` that of its database."""

    name: str
    kind: str
    made: int
    size_bytes: int
    folder: str

    @property
    def kind_words(self) -> str:
        return KINDS.get(self.kind, self.kind)


class Copies:
    """Everything here runs in workers; a copy of a large archive takes as long as reading it."""

    def __init__(self, database: Database, *, now: Callable[[], float] = time.time) -> None:
        self._database, self._now = database, now

    @property
    def folder(self) -> Path:
        """Of the archive."""
        return self._database.folder

    async def listing(self) -> tuple[Copy, ...]:
        """The newest first."""
        return await asyncio.to_thread(lambda: tuple(_shown(copy) for copy in backups.listing(self.folder)))

    async def make(self) -> Copy:
        """A copy now. Raises ArchiveFull, ArchiveDamaged."""
        return _shown(await asyncio.to_thread(self._database.back_up, "asked", now=self._now))

    async def test(self, name: str) -> Tested:
        """Open a copy, check it whole and count what it holds. Raises Missing."""
        return await asyncio.to_thread(lambda: backups.tested(backups.named(self.folder, name)))

    async def renew(self) -> Copy:
        """One fresh copy in place of all others, so that what was deleted for good is in none."""
        return _shown(await asyncio.to_thread(backups.renew, self.folder, self._now()))

    async def home(self) -> tuple[str, bool]:
        """The folder the user named for copies, "" for beside the archive; and whether it can be reached."""
        named = await asyncio.to_thread(backups.elsewhere, self.folder)
        return (str(named), await asyncio.to_thread(named.is_dir)) if named is not None else ("", True)

    async def choose_home(self, folder: str) -> None:
        """Keep new copies there; "" for beside the archive. Raises BadInput, ArchiveFull."""
        await asyncio.to_thread(backups.choose_home, self.folder, Path(folder) if folder else None)

    def restoring(self, name: str) -> Callable[[], str]:
        """The work that brings a copy back, to be done while nothing has the archive open; returns what to tell.

        The archive of now is copied first.
        """
        folder, now = self.folder, self._now

        def work() -> str:
            with in_words():
                opening.restore(folder, name, now())
            return "The copy is open. The archive as it was before is among the copies, marked “before a restore”."

        return work


def _shown(copy: backups.Backup) -> Copy:
    made = round(copy.made.replace(microsecond=0).timestamp()) * 1_000_000
    return Copy(copy.name, copy.kind, made, copy.file.stat().st_size, str(copy.path.parent))
