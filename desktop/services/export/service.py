"""Exporting as the pages and the terminal ask for it: away from the loop, told of as it goes, stopped at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from desktop.core.secret import Redactor
from desktop.services.export.told import Branches
from desktop.services.export.work import Exported, Out, Pages, Progress, Selection, Stopped, Work, chosen
from desktop.store.database import Database


class Export:
    """Writes conversations into files. They hold no key that `redactor` knows; `learn_keys` lets it know all."""

    def __init__(
        self,
        database: Database,
        redactor: Redactor | None = None,
        learn_keys: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._database, self._redactor, self._learn_keys = database, redactor or Redactor(), learn_keys

    async def count(self, selection: Selection) -> int:
        """How many conversations a selection has; all include those in the trash only in our own form."""
        return len(await asyncio.to_thread(partial(chosen, self._database, selection, with_trash=False)))

    async def run(
        self,
        selection: Selection,
        format: str,
        out: Path,
        *,
        branches: Branches = "path",
        attachments: bool = True,
        tell: Callable[[Progress], None] | None = None,
        replaces: bool = False,
        pages: Pages | None = None,
    ) -> Exported:
        """Write a file, or a folder where formats.is_folder says so; where the name is taken, under "name (2)".

        `tell` is called on the loop. Cancelled, it leaves nothing. `replaces` writes over the file `out`, as the user
        was asked; "pdf" needs `pages`. Raises BadInput where it cannot be written or nothing is chosen.
        """
        loop = asyncio.get_running_loop()
        work = Work(self._database, self._redactor, selection, format, branches, attachments, pages)
        if tell is not None:
            work.tell = lambda progress: loop.call_soon_threadsafe(tell, progress)
        return await self._in_worker(work, partial(work.to_file, out, replaces))

    async def write(
        self, selection: Selection, format: str, out: Out, *, branches: Branches = "path", attachments: bool = True
    ) -> Exported:
        """The same as text to `out`, which is called in a worker: attachments over 16 KiB are left out."""
        work = Work(self._database, self._redactor, selection, format, branches, attachments, None)
        return await self._in_worker(work, partial(work.to_text, out))

    async def _in_worker(self, work: Work, run: Callable[[], Exported]) -> Exported:
        if self._learn_keys is not None:
            await self._learn_keys()
        done = asyncio.get_running_loop().run_in_executor(None, run)
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            work.stopped.set()
            with suppress(Stopped):
                await done
            raise
