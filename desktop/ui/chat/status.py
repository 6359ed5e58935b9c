"""What the page waits for: a line above the composer that counts down, with a button that ends the wait."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from desktop.core.chat import Waiting
from desktop.ui import theme
from desktop.ui.chat import words
from desktop.ui.widgets.labels import plain_label

TICK_MS = 1000


class StatusLine(QWidget):
    """Hidden while there is nothing to say."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("chat.status-line")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.current().gap(8))
        self.label = plain_label("", "muted", self)
        self.label.setObjectName("chat.status")
        self.now = QPushButton("Try now", self)
        self.now.setObjectName("chat.try-now")
        self.now.setAccessibleName("Try now instead of waiting")
        theme.style_as(self.now, "link")
        row.addStretch(1)
        row.addWidget(self.label, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.now)
        row.addStretch(1)
        self._text, self._reason, self._left = "", "", 0.0
        self._skip: Callable[[], None] | None = None
        self._tick = QTimer(self, interval=TICK_MS)
        self._tick.timeout.connect(self.second_passed)
        self.now.clicked.connect(self._go)
        self.now.hide()
        self.hide()

    def say(self, text: str) -> None:
        """A plain sentence, or nothing; called with each piece of a reply, so it is cheap when nothing is new."""
        if text == self._text and not self._reason:
            return
        self._end_wait()
        self._show(text)

    def wait(self, update: Waiting) -> None:
        """A wait: counted down to the next try, or a sign of life."""
        self._end_wait()
        if not update.is_alive:
            self._reason, self._left, self._skip = update.reason, update.seconds, update.skip
            self.now.setVisible(update.skip is not None)
            self._tick.start()
        self._show(words.waiting(update.reason, update.seconds, update.is_alive))

    def second_passed(self) -> None:
        self._left = max(0.0, self._left - TICK_MS / 1000)
        self._show(words.waiting(self._reason, self._left))

    def _go(self) -> None:
        skip = self._skip
        self.say("")
        if skip is not None:
            skip()

    def _end_wait(self) -> None:
        self._tick.stop()
        self._reason, self._skip = "", None
        self.now.hide()

    def _show(self, text: str) -> None:
        self._text = text
        self.label.setText(text)
        self.setVisible(bool(text))
