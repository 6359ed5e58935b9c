"""The line over the queue: what runs and what is to come, and what can be done with all of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.transcription.job_rows import Counts
from desktop.ui.widgets.buttons import action_button
from desktop.ui.widgets.labels import ElidedLabel
from desktop.ui.widgets.tooltip import tip

TITLE = "Transcription"
PAUSE, PAUSE_NOW = "Pause all", "Pause all without waiting for the parts under way"


class Head(QWidget):
    """Actions that have nothing to do are not there: `pause`, `resume`, `retry`, `clear`."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("transcription.head")
        row = self._row = QHBoxLayout(self)
        self.title = ElidedLabel(TITLE, self)
        self.title.setObjectName("transcription.title")
        theme.style_as(self.title, "strong")
        row.addWidget(self.title, 1)
        theme.current().changed.connect(self._measure)
        self._measure()

    def fill(self, left: QAction, of_queue: Sequence[QAction], others: Sequence[QAction], right: QAction) -> None:
        """`of_queue` are pause, resume, retry and clear, in this order."""
        self._row.insertWidget(0, action_button(self, left))
        self.pause, self.resume, self.retry, self.clear = of_queue
        self._buttons = {action: action_button(self, action) for action in (*of_queue, *others)}
        for button in self._buttons.values():
            self._row.addWidget(button)
        self._row.addWidget(action_button(self, right))
        self.show_counts(Counts())

    def _measure(self) -> None:
        look = theme.current()
        self._row.setContentsMargins(look.gap(16), look.gap(8), look.gap(12), look.gap(8))
        self._row.setSpacing(look.gap(4))

    def show_counts(self, counts: Counts) -> None:
        self.title.setText(counts.words or TITLE)
        can_pause = bool(counts.running or counts.queued)
        is_pausing = 0 < counts.pausing == counts.running and not counts.queued
        self.pause.setText(PAUSE_NOW if is_pausing else PAUSE)
        self.pause.setToolTip(tip(f"{self.pause.text()} ({self.pause.shortcut().toString()})"))
        able = {
            self.pause: can_pause,
            self.resume: counts.paused or counts.pausing,
            self.retry: counts.again,
            self.clear: counts.cleared,
        }
        for action, is_able in able.items():
            action.setEnabled(bool(is_able))
            self._buttons[action].setVisible(bool(is_able))
            self._buttons[action].setAccessibleName(action.text())
