"""What is being sent or written from the dock: since when, why it waits, and the way to stop it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from desktop.core.errors import BudgetReached
from desktop.core.wire.request import Began, Pause, Tell
from desktop.ui import dialogs, theme
from desktop.ui.tasks import Tasks
from desktop.ui.widgets.labels import plain_label
from desktop.ui.wire import words

if TYPE_CHECKING:
    from desktop.core import pricing
    from desktop.services.bundle import Services

    Price = pricing.Cost | pricing.Unpriced | None

WORK = "wire:work"


class Strip(QFrame):
    """One piece of work at a time; a second one waits for no one: it is refused. `began` carries a call's id."""

    began = Signal(str)
    spent = Signal()

    def __init__(self, tasks: Tasks, parent: QWidget) -> None:
        super().__init__(parent)
        theme.style_as(self, "panel")
        self._tasks = tasks
        self._services: Services | None = None
        self._what, self._since, self.is_paid = "", 0.0, False
        self._pause: Pause | None = None
        self._until = 0.0
        row = self._row = QHBoxLayout(self)
        self.label = plain_label("", "", self, wrap=True)
        self.label.setObjectName("wire.working")
        self.try_now = QPushButton("Try now", self)
        self.stop = QPushButton("Stop", self)
        row.addWidget(self.label, 1)
        for button, name in ((self.try_now, "wire.try-now"), (self.stop, "wire.stop")):
            button.setObjectName(name)
            button.setAccessibleName(button.text())
            theme.style_as(button, "link")
            row.addWidget(button)
        self.try_now.clicked.connect(self._skip)
        self.stop.clicked.connect(lambda: self._tasks.cancel(WORK))
        self._tick = QTimer(self, interval=500)
        self._tick.timeout.connect(self._say)
        theme.current().changed.connect(self._measure)
        self._measure()
        self.hide()

    def attach(self, services: Services) -> None:
        self._services = services

    @property
    def is_busy(self) -> bool:
        return self._tasks.is_running(WORK)

    def run(self, what: str, work: Coroutine[Any, Any, object]) -> bool:
        """Do something that takes time; False, and nothing done, while something else is under way."""
        if self.is_busy:
            work.close()
            self.show()
            return False
        self._what, self._since, self._pause = what, time.monotonic(), None
        task = self._tasks.start(work, name=WORK)
        if task is None:
            return False
        task.add_done_callback(lambda _: self._ended())
        QTimer.singleShot(300, self, self._show_if_busy)  # what is done at once needs no word
        self._tick.start()
        return True

    async def send(self, price: Price, work: Callable[[Tell], Awaitable[str]]) -> str | None:
        """Ask where it costs money, then send; None where the user thought better of it."""
        asked = words.costs(price)
        if asked and not await dialogs.confirm(self, asked, "Send", is_danger=False):
            return None
        self.is_paid = bool(asked)
        try:
            return await work(self._told)
        except BudgetReached as reached:
            assert self._services is not None
            if not await dialogs.confirm(self, reached.summary, reached.action, is_danger=False):
                return None
            profile = self._services.profiles.get(reached.profile)
            await self._services.budgets.allow(profile, reached.period)  # type: ignore[arg-type]
            return await work(self._told)
        finally:
            self.is_paid = False
            self.spent.emit()

    # -- inside

    def _told(self, update: Began | Pause) -> None:
        if isinstance(update, Began):
            self._pause = None
            self._since = time.monotonic()
            self.began.emit(update.call_id)
        else:
            self._pause, self._until = update, time.monotonic() + update.seconds
        self._say()

    def _skip(self) -> None:
        if self._pause is not None:
            self._pause.skip()
            self._pause = None
            self._say()

    def _show_if_busy(self) -> None:
        if self.is_busy:
            self._say()
            self.show()

    def _say(self) -> None:
        now = time.monotonic()
        if self._pause is not None and now < self._until:
            self.label.setText(f"{self._pause.reason} Next try in {self._until - now:.0f} s.")
        else:
            self.label.setText(f"{self._what} · {now - self._since:.0f} s")
        self.try_now.setVisible(self._pause is not None and now < self._until)

    def _ended(self) -> None:
        self._tick.stop()
        self._pause = None
        self.hide()

    def _measure(self) -> None:
        look = theme.current()
        self._row.setContentsMargins(look.gap(12), look.gap(2), look.gap(8), look.gap(2))
        self._row.setSpacing(look.gap(8))
