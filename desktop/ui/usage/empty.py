"""The usage page before the first call: what it is for, and how to have something to count."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.widgets.labels import plain_label

WORDS = "Every call is counted here: what it used, what it cost, for which page and model."
EXAMPLE = "Ask the model on this computer something: it is free, and the first line of this page."


class Empty(QWidget):
    chat_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self.words = plain_label(WORDS, "", self, wrap=True)
        self.example = plain_label(EXAMPLE, "muted", self, wrap=True)
        self.open_chat = QPushButton("Open the chat", self)
        self.open_chat.setObjectName("usage.open-chat")
        theme.style_as(self.open_chat, "primary")
        self.open_chat.clicked.connect(lambda: self.chat_wanted.emit())
        self._column.addStretch(1)
        for label in (self.words, self.example):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            self._column.addWidget(label)
        self._column.addWidget(self.open_chat, 0, Qt.AlignmentFlag.AlignHCenter)
        self._column.addStretch(2)
        theme.current().changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        look = theme.current()
        self._column.setContentsMargins(look.gap(32), look.gap(16), look.gap(32), look.gap(16))
        self._column.setSpacing(look.gap(12))
