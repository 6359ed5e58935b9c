"""The watched folder: asked now and then, in a worker, for recordings that have stopped growing."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.ui.drops import RECORDINGS
from desktop.ui.tasks import Tasks

EVERY_MS = 10_000
MOST = 5_000  # files that are asked for their size in one round

State = dict[str, tuple[int, int]]
"""Path to size in bytes and time of change in nanoseconds."""


class Watcher(QObject):
    """`appeared` carries paths that stayed as they were for a whole round, each once."""

    appeared = Signal(list)

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._folder = ""
        self._before: State = {}
        self._told: State = {}
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self.look)

    def watch(self, folder: str) -> None:
        """Begin with this folder; "" ends it."""
        if folder.strip() == self._folder:
            return
        self._folder, self._before, self._told = folder.strip(), {}, {}
        if self._folder:
            self._timer.start()
            self.look()
        else:
            self._timer.stop()

    def look(self) -> None:
        if self._folder and not self._tasks.is_running("watch"):
            self._tasks.start(self._look(), name="watch")

    async def _look(self) -> None:
        now = await asyncio.to_thread(found, Path(self._folder))
        settled = [path for path, state in now.items() if self._before.get(path) == state != self._told.get(path)]
        self._before = now
        self._told.update((path, now[path]) for path in settled)
        if settled:
            self.appeared.emit(settled)


def found(folder: Path) -> State:
    """Recordings of a folder and those below it, hidden ones left out. Blocking."""
    made: State = {}
    try:
        for path in folder.rglob("*"):
            below = path.relative_to(folder).parts
            if path.suffix.lower().lstrip(".") in RECORDINGS and not any(part.startswith(".") for part in below):
                state = path.stat()
                made[str(path)] = (state.st_size, state.st_mtime_ns)
                if len(made) >= MOST:
                    break
    except OSError:
        return made  # the folder is gone, or may not be read: the next round asks again
    return made
