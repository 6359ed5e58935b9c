"""Titles for conversations that nobody gave one: by rule, or by a model once its price was read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QWidget

from desktop.core import pricing
from desktop.ui import dialogs, theme
from desktop.ui.library import words
from desktop.ui.library.import_words import left
from desktop.ui.widgets.labels import ElidedLabel

if TYPE_CHECKING:
    from desktop.services.bundle import Services
    from desktop.services.titles import Titled, TitleEstimate


class Underway(QFrame):
    """A strip at the foot of the list while something long is done: what, how far, how fast, how to stop."""

    stopped = Signal()

    def __init__(self, parent: QWidget | None, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self.setObjectName("library.underway")
        theme.style_as(self, "dock")
        self._now, self._began = now, 0.0
        row = QHBoxLayout(self)
        self.told = ElidedLabel("", self)
        self.bar = QProgressBar(self)
        self.bar.setAccessibleName("Progress")
        self.bar.setTextVisible(False)
        self.stop = QPushButton("Stop", self)
        self.stop.setObjectName("library.underway-stop")
        self.stop.clicked.connect(self.stopped)
        row.addWidget(self.told, 2)
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop)
        theme.current().changed.connect(self._measure)
        self._measure()
        self.hide()

    def _measure(self) -> None:
        look = theme.current()
        self.layout().setContentsMargins(look.gap(16), look.gap(8), look.gap(16), look.gap(8))
        self.layout().setSpacing(look.gap(12))

    def show_step(self, done: int, of: int) -> None:
        """How far: `done` of `of` are through."""
        if self.isHidden():
            self._began = self._now()
            self.show()
        self.bar.setRange(0, of)
        self.bar.setValue(done)
        pieces = [f"Titles: {done} of {of}"]
        spent = self._now() - self._began
        if done and spent > 0:
            pieces += [f"{done / spent:.1f} a second", left((of - done) * spent / done)]
        self.told.setText(" · ".join(pieces))


class Titling(QObject):
    """`done` carries a sentence and the undo, `told` a notice, `spent` comes after calls that may have cost."""

    done = Signal(str, object)
    told = Signal(str, str)
    spent = Signal()

    def __init__(self, page: QWidget, underway: Underway) -> None:
        super().__init__(page)
        self._page, self.underway = page, underway
        self._services: Services | None = None

    def attach(self, services: Services) -> None:
        self._services = services

    async def make(self, ids: Sequence[str]) -> None:
        """Nothing that someone has typed is replaced."""
        assert self._services is not None
        titles = self._services.titles
        if not titles.model:
            self._tell(await titles.by_rule(ids), len(ids))
            return
        estimate = await titles.estimate(ids)
        if not estimate.calls:
            self.told.emit("info", f"No title is to be made: {_left_alone(estimate)}.")
        elif await dialogs.confirm(self._page, _question(estimate, titles.model), "Title by a model", is_danger=False):
            await self._by_model(ids)

    async def _by_model(self, ids: Sequence[str]) -> None:
        assert self._services is not None
        try:
            self.underway.show_step(0, len(ids))
            self._tell(await self._services.titles.by_model(ids, self.underway.show_step), len(ids))
        except asyncio.CancelledError:
            self.told.emit("info", "Stopped. The titles that were made by then stay.")
            raise
        finally:
            self.underway.hide()
            self.spent.emit()

    def _tell(self, titled: Titled, asked: int) -> None:
        if titled.done:
            were = "was" if titled.done == 1 else "were"
            self.done.emit(f"{words.many(titled.done, 'title')} {were} made.", titled.undo)
        elif not titled.failed:
            self.told.emit("info", "No title is to be made: they were typed, or there is no question to make one of.")
        if titled.failed:
            self.told.emit("warn", f"{len(titled.failed)} of {asked} kept their title. {titled.failed[0]}")


def _question(estimate: TitleEstimate, model: str) -> str:
    """What it comes to, and what stays as it is."""
    price = "unpriced" if estimate.cost_pico is None else pricing.shown(pricing.from_pico(estimate.cost_pico))
    cost = "It costs nothing." if estimate.is_free else f"It costs about {price}."
    alone = f" Left alone: {_left_alone(estimate)}." if estimate.typed or estimate.empty else ""
    asked = f"Ask {model} for {words.many(estimate.calls, 'title')}?"
    return f"{asked} {cost} Conversations that were held on this computer are titled on it.{alone}"


def _left_alone(estimate: TitleEstimate) -> str:
    pieces = [f"{estimate.typed} with a title that was typed"] * bool(estimate.typed)
    return " and ".join(pieces + [f"{estimate.empty} without a question"] * bool(estimate.empty))
