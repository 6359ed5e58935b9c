"""Every coroutine the window starts has an owner here: replaced, cancelled, waited for, and its failure heard."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    import asyncio

Report = Callable[[BaseException], None]
"""Where a failure goes: `Notices.report` in the window, a list's `append` in a test."""


class Tasks(QObject):
    """The coroutines of one page or window. `busy` tells when the first begins and when the last has ended."""

    busy = Signal(bool)

    def __init__(self, report: Report, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._report = report
        self._running: set[asyncio.Task[Any]] = set()
        self._is_closed = False

    def start(self, work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any] | None:
        """Run `work`; an unfinished one of the same name is cancelled first, so the newest wins.

        After `aclose`, and when no loop runs (a timer that fires after its end), nothing starts: None is returned.
        """
        import asyncio  # slow to import, and nothing starts before the first paint

        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        if self._is_closed or loop is None:
            work.close()
            return None
        self.cancel(name)
        was_idle = not self._running
        task = loop.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._finished)
        if was_idle:
            self.busy.emit(True)
        return task

    def cancel(self, name: str | None = None) -> None:
        """Cancel what runs under `name`; without one, everything."""
        for task in tuple(self._running):
            if name is None or task.get_name() == name:
                task.cancel()

    def is_running(self, name: str | None = None) -> bool:
        """Whether anything, or anything of that name, has not ended yet."""
        return any(name is None or task.get_name() == name for task in self._running)

    async def settled(self) -> None:
        """Wait until nothing runs here any more, what was started meanwhile included."""
        import asyncio

        while waiting := self._running - {asyncio.current_task()}:
            await asyncio.wait(waiting)
            await asyncio.sleep(0)  # lets the finished tasks' callbacks, which may start others, run

    async def aclose(self) -> None:
        """Cancel everything, wait for its end, and start nothing afterwards."""
        self._is_closed = True
        self.cancel()
        await self.settled()

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._report(error)
        if not self._running:
            self.busy.emit(False)
