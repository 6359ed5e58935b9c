"""Keeps what is edited: within half a second of each change, and once more at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.core.errors import KnownError
from desktop.core.transcript import Transcript
from desktop.ui.tasks import Tasks

PAUSE_MS = 400
AGAIN_MS = 5_000
"""How long after a failure the same is tried again by itself: room may have been made on the disk."""

Save = Callable[[str, Transcript], Awaitable[None]]


class Saving(QObject):
    """`told` carries what the head says: "Saving…", "All changes are saved", or why it failed.

    A failure is raised once; while it lasts, it stands in the head and nothing of the edits is lost.
    """

    told = Signal(str, bool)

    def __init__(self, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self.save: Save | None = None
        self.problem = ""  # why the newest state is not kept
        self._waiting: tuple[str, Transcript] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._soon = QTimer(self, singleShot=True)
        self._soon.timeout.connect(self._begin)

    def later(self, recording: str, transcript: Transcript) -> None:
        """The newest state; a timer that runs already is not put off, so that typing on and on is kept too."""
        if self.save is None or not recording:
            return
        self._waiting = (recording, transcript)
        if not self.problem:
            self.told.emit("Saving…", True)
        if not self._soon.isActive() or self._soon.interval() != PAUSE_MS:
            self._soon.start(PAUSE_MS)

    async def flush(self) -> None:
        """Returns when everything is kept, also what is being written just now. Raises KnownError."""
        self._soon.stop()
        await self._write()

    def _begin(self) -> None:
        if not self._tasks.is_running("save"):
            self._tasks.start(self._write_quietly(), name="save")

    async def _write_quietly(self) -> None:
        """A failure that was told already is not told again at each try."""
        known = self.problem
        try:
            await self._write()
        except KnownError as error:
            if error.summary != known:
                raise

    async def _write(self) -> None:
        async with self._one_at_a_time:
            while (waiting := self._waiting) is not None and self.save is not None:
                self._waiting = None
                try:
                    await self.save(*waiting)
                except BaseException as error:
                    self._waiting = self._waiting or waiting
                    if isinstance(error, KnownError):
                        self._failed(error)
                    raise
                self.problem = ""
                if self._waiting is None:
                    self.told.emit("All changes are saved", True)

    def _failed(self, error: KnownError) -> None:
        self.problem = error.summary
        self.told.emit(f"Not saved: {error.summary}", False)
        self._soon.start(AGAIN_MS)
