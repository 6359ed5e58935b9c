"""The line under the queue: what is about to be sent, what it would cost, and the one filled button."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.transcription.words import many
from desktop.ui.widgets.labels import ElidedLabel

STEPS = 1000


class ReadyBar(QFrame):
    """While files are looked at: how far, and a way to stop. Then: how many, how long, how much, and the button."""

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
        row = self._row = QHBoxLayout()
        self.words = ElidedLabel("", self)
        self.words.setObjectName("transcription.estimate")
        row.addWidget(self.words, 1)
        self.stop = self._button("looking-stop", "Stop looking", "")
        self.stop.clicked.connect(lambda: self.stop_wanted.emit())
        self.clear = self._button("clear", "Remove them", "quiet")
        self.clear.clicked.connect(lambda: self.clear_wanted.emit())
        self.start = self._button("start", "Transcribe", "primary")
        self.start.clicked.connect(lambda: self.start_wanted.emit())
        for button in (self.stop, self.clear, self.start):
            row.addWidget(button)
        column.addLayout(row)
        self.hide()
        theme.current().changed.connect(self._measure)
        self._measure()

    def _button(self, name: str, text: str, kind: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(f"transcription.{name}")
        button.setAccessibleName(text)
        if kind:
            theme.style_as(button, kind)
        return button

    def _measure(self) -> None:
        look = theme.current()
        self._column.setContentsMargins(look.gap(16), look.gap(8), look.gap(16), look.gap(12))
        self._column.setSpacing(look.gap(8))
        self._row.setSpacing(look.gap(8))

    def show_looking(self, done: int, of: int, name: str) -> None:
        """`of` is 0 while the folders are still being walked."""
        self.setVisible(True)
        self.bar.setVisible(True)
        self.bar.setRange(0, STEPS if of else 0)
        self.bar.setValue(round(STEPS * done / of) if of else 0)
        about = f"{done} of {of}" + (f" · {name}" if name else "") if of else "Looking for recordings"
        self.words.setText(f"Looking at what was dropped: {about}" if of else about)
        self.stop.setVisible(True)
        self.clear.setVisible(False)
        self.start.setVisible(False)

    def show_ready(self, count: int, about: str, besides: int, *, may_start: bool, why_not: str = "") -> None:
        """`besides` are rows that do not go along: known already, or not to be done."""
        self.setVisible(bool(count or besides))
        self.bar.setVisible(False)
        self.stop.setVisible(False)
        self.clear.setVisible(True)
        self.start.setVisible(True)
        self.start.setEnabled(count > 0 and may_start)
        self.start.setText(f"Transcribe {many(count, 'file')}" if count else "Nothing to transcribe")
        self.start.setAccessibleName(self.start.text())
        left_out = f"{many(besides, 'file')} left out" if besides else ""
        self.words.setText(why_not or " · ".join(each for each in (about if count else "", left_out) if each))
        theme.style_as(self.words, "bad" if why_not else "")
