"""Keeps what is edited: within half a second of each change, and once more at the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.core.errors import KnownError
from desktop.core.transcript import Transcript
from desktop.ui.tasks import Tasks

PAUSE_MS = 400

Save = Callable[[str, Transcript], Awaitable[None]]


class Saving(QObject):
    """`told` carries what the head says: "Saving…", "All changes are saved", or why it failed."""

    told = Signal(str, bool)

    def __init__(self, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self.save: Save | None = None
        self.problem = ""  # why the newest state is not kept
        self._waiting: tuple[str, Transcript] | None = None
        self._soon = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._soon.timeout.connect(self._begin)

    def later(self, recording: str, transcript: Transcript) -> None:
        """The newest state; a timer that runs already is not put off, so that typing on and on is kept too."""
        if self.save is None or not recording:
            return
        self._waiting = (recording, transcript)
        self.told.emit("Saving…", True)
        if not self._soon.isActive():
            self._soon.start()

    async def flush(self) -> None:
        """Returns when everything is kept. Raises KnownError."""
        self._soon.stop()
        await self._write()

    def _begin(self) -> None:
        if not self._tasks.is_running("save"):
            self._tasks.start(self._write(), name="save")

    async def _write(self) -> None:
        while (waiting := self._waiting) is not None and self.save is not None:
            self._waiting = None
            try:
                await self.save(*waiting)
            except KnownError as error:
                self._waiting = self._waiting or waiting
                self.problem = error.summary
                self.told.emit(f"Not saved: {error.summary}", False)
                raise
            self.problem = ""
            if self._waiting is None:
                self.told.emit("All changes are saved", True)
