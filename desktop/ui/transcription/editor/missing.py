"""The line that says that the recording cannot be heard, and offers to find it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.widgets.labels import plain_label


class Missing(QWidget):
    """Not there until there is something to `say`."""

    find_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        around = self._around = QVBoxLayout(self)
        banner = QFrame(self)
        banner.setObjectName("editor.missing")
        theme.style_as(banner, "banner-warn")
        row = self._row = QHBoxLayout(banner)
        self.words = plain_label("", "", self, wrap=True)
        self.words.setObjectName("editor.missing-words")
        self.button = QPushButton("Find the file…", self)
        self.button.setObjectName("editor.find-file")
        self.button.setAccessibleName("Find the file")
        self.button.clicked.connect(self.find_wanted)
        row.addWidget(self.words, 1)
        row.addWidget(self.button)
        around.addWidget(banner)
        theme.current().changed.connect(self._measure)
        self._measure()
        self.hide()

    def _measure(self) -> None:
        look = theme.current()
        self._around.setContentsMargins(look.gap(12), 0, look.gap(12), look.gap(8))
        self._row.setContentsMargins(look.gap(12), look.gap(4), look.gap(8), look.gap(4))

    def say(self, sentence: str, *, can_find: bool = False) -> None:
        """An empty sentence takes the line away."""
        self.words.setText(sentence)
        self.button.setVisible(can_find)
        self.setVisible(bool(sentence))
