"""What the chat page shows before the first message: what it is for, and one example that works right now."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.widgets.labels import plain_label

EXAMPLE = "Name three things that fit in the drawers of a writing desk."


class EmptyChat(QWidget):
    """Signals the example's text when it is taken."""

    example_taken = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("chat.empty")
        column = QVBoxLayout(self)
        column.addStretch(2)
        title = plain_label("Start a conversation", "title", self)
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.line = plain_label(
            "Write below. Every word, asked and answered, is kept on this computer.", "reading", self
        )
        self.line.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.line.setWordWrap(True)
        self.example = QPushButton(f"“{EXAMPLE}”", self)
        self.example.setObjectName("chat.example")
        self.example.setAccessibleName("Ask the example")
        self.example.setToolTip("Ask this now")
        self.example.clicked.connect(lambda: self.example_taken.emit(EXAMPLE))
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.example)
        row.addStretch(1)
        column.addWidget(title)
        column.addWidget(self.line)
        column.addSpacing(0)
        column.addLayout(row)
        column.addStretch(3)
        theme.current().changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        self.layout().setSpacing(theme.current().gap(12))
