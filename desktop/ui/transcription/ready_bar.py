"""The line under the queue: what is about to be sent, what it would cost, and the one filled button."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.transcription.words import many
from desktop.ui.widgets.buttons import push_button
from desktop.ui.widgets.labels import ElidedLabel

STEPS = 1000


class ReadyBar(QFrame):
    """While files are looked at: how far, and a way to stop. Then: how many, how long, how much, and the button.

    Without anything that can be sent there is no such button: the words say what is left, and it can be removed.
    """

    start_wanted = Signal()
    clear_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.style_as(self, "dock")
        self.setObjectName("transcription.ready")
        column = self._column = QVBoxLayout(self)
        self.bar = QProgressBar(self)
        self.bar.setObjectName("transcription.looking-bar")
        self.bar.setAccessibleName("Files looked at")
        self.bar.setTextVisible(False)
        column.addWidget(self.bar)
        self.words = ElidedLabel("", self)
        self.words.setObjectName("transcription.estimate")
        self.stop = push_button(self, "transcription.looking-stop", "Stop looking", self.stop_wanted.emit)
        self.clear = push_button(self, "transcription.clear", "Remove", self.clear_wanted.emit, "quiet")
        self.start = push_button(self, "transcription.start", "Transcribe", self.start_wanted.emit, "primary")
        buttons = self._buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.stop, self.clear, self.start):
            buttons.addWidget(button)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.addWidget(self.words, 1)
        self._row.addLayout(buttons)
        column.addLayout(self._row)
        self.hide()
        theme.current().changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        look = theme.current()
        self._column.setContentsMargins(look.gap(16), look.gap(8), look.gap(16), look.gap(12))
        for box in (self._column, self._row, self._buttons):
            box.setSpacing(look.gap(8))
        self._fit()

    def _fit(self) -> None:
        """The words stand beside the buttons, or above them where both have no room in one line."""
        self._buttons.invalidate()  # which of them are shown may have changed in this turn
        margins = self._column.contentsMargins()
        room = self.width() - margins.left() - margins.right() - self._row.spacing()
        needed = self.words.sizeHint().width() + self._buttons.sizeHint().width()
        is_one_line = needed <= room or self.stop.isVisibleTo(self)  # a look names another file at each moment
        way = QBoxLayout.Direction.LeftToRight if is_one_line else QBoxLayout.Direction.TopToBottom
        if way is not self._row.direction():
            self._row.setDirection(way)

    def show_looking(self, done: int, of: int, name: str) -> None:
        """`of` is 0 while the folders are still being walked."""
        self._turn(is_looking=True)
        self.bar.setRange(0, STEPS if of else 0)
        self.bar.setValue(round(STEPS * done / of) if of else 0)
        about = f"{done} of {of}" + (f" · {name}" if name else "")
        self._say(f"Looking at what was dropped: {about}" if of else "Looking for recordings")

    def show_ready(
        self, count: int, about: str, besides: Mapping[str, int], *, may_start: bool, why_not: str = ""
    ) -> None:
        """`besides` says how many rows do not go along, for each reason; those are removed first."""
        self._turn(is_looking=False)
        left_out = sum(besides.values())
        self.setVisible(bool(count or left_out))
        self.start.setVisible(count > 0)
        self.start.setEnabled(may_start)
        self.start.setText(f"Transcribe {many(count, 'file')}")
        self.start.setAccessibleName(self.start.text())
        self.clear.setText(f"Remove {_which(left_out)} left out" if count and left_out else _remove(count or left_out))
        self.clear.setAccessibleName(self.clear.text())
        reasons = (f"{number} {reason}" for reason, number in besides.items() if number)
        self._say(why_not or " · ".join(each for each in (about if count else "", *reasons) if each), bool(why_not))

    def _turn(self, *, is_looking: bool) -> None:
        self.setVisible(True)
        for part in (self.bar, self.stop):
            part.setVisible(is_looking)
        for part in (self.clear, self.start):
            part.setVisible(not is_looking)

    def _say(self, words: str, is_problem: bool = False) -> None:
        self.words.setText(words)
        theme.style_as(self.words, "bad" if is_problem else "")
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()


def _which(count: int) -> str:
    return "the one" if count == 1 else f"the {count}"


def _remove(count: int) -> str:
    return "Remove it" if count == 1 else f"Remove {count} files"
