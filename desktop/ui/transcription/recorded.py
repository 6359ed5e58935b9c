"""What was recorded here and is not in the queue yet is in the list again after a restart: nobody else knows of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from desktop.ui.tasks import Tasks
from desktop.ui.transcription.looking import Waiting
from desktop.ui.transcription.part import Part

if TYPE_CHECKING:
    from desktop.services.bundle import Services

KEY = "transcription.recorded"


class Recorded(Part):
    """Writes down the files of the list that stand in the folder of recordings."""

    def __init__(self, waiting: Waiting, tasks: Tasks, place: QWidget) -> None:
        super().__init__(tasks, place)
        self._waiting = waiting
        self._folder: Path | None = None
        self._kept: list[str] = []
        self._is_open = False  # between `begin` and `close`
        waiting.changed.connect(self._look)

    def attach(self, services: Services) -> None:
        super().attach(services)
        from desktop.services.recording import FOLDER  # with the services

        self._folder = services.settings.folder / FOLDER

    async def begin(self) -> list[str]:
        """Those of an earlier run that are still there."""
        self._kept = await self.known.remembered(KEY, [])
        self._is_open = not self.known.database.read_only
        return await asyncio.to_thread(lambda: [path for path in self._kept if Path(path).is_file()])

    async def close(self, last: str) -> None:
        """What leaves the list from now on does so because the window ends. `last` was being recorded until now."""
        was_open, self._is_open = self._is_open, False
        if was_open and last:
            await self.known.remember(KEY, [*self._kept, last])

    def is_ours(self, path: str) -> bool:
        """Whether it was recorded here."""
        return self._folder is not None and self._folder in Path(path).parents

    def _look(self) -> None:
        if not self._is_open:
            return
        now = [one.path for one in self._waiting.seen if self.is_ours(one.path)]
        if now != self._kept:
            self._kept = now
            self.start(self.known.remember(KEY, now), "recorded")
