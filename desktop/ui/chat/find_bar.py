"""Find in the conversation that is open: a field, the place among the hits, and the way to the next one."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QToolButton, QWidget

from desktop.ui import icons, theme
from desktop.ui.widgets.labels import plain_label


class FindBar(QFrame):
    """Hidden until Ctrl+F. `searched` as one types, `moved` by +1 or -1, `closed` with Esc."""

    searched = Signal(str)
    moved = Signal(int)
    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        theme.style_as(self, "panel")
        self.setObjectName("chat.find-bar")
        row = QHBoxLayout(self)
        self.field = QLineEdit(self, placeholderText="Find in this conversation", clearButtonEnabled=True)
        self.field.setObjectName("chat.find")
        self.field.setAccessibleName("Find in this conversation")
        self.count = plain_label("", "muted", self)
        self.count.setObjectName("chat.find-count")
        row.addWidget(self.field, 1)
        row.addWidget(self.count)
        for name, text, icon, step in (
            ("find-previous", "Previous hit (Shift+Enter)", "up", -1),
            ("find-next", "Next hit (Enter)", "down", 1),
        ):
            button = self._button(name, text, icon)
            button.clicked.connect(lambda checked=False, step=step: self.moved.emit(step))
            row.addWidget(button)
        close = self._button("find-close", "Close (Esc)", "close")
        close.clicked.connect(self.leave)
        row.addWidget(close)
        self._pause = QTimer(self, singleShot=True, interval=80)
        self._pause.timeout.connect(lambda: self.searched.emit(self.field.text()))
        self.field.textChanged.connect(lambda: self._pause.start())
        theme.current().changed.connect(self._measure)
        self._measure()
        self.hide()

    def _measure(self) -> None:
        look = theme.current()
        self.layout().setContentsMargins(look.gap(16), look.gap(8), look.gap(16), look.gap(8))
        self.layout().setSpacing(look.gap(8))

    def _button(self, name: str, text: str, icon: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"chat.{name}")
        button.setAccessibleName(text.partition(" (")[0])
        button.setToolTip(text)
        icons.put(button, icon)
        return button

    def enter(self) -> None:
        self.show()
        self.field.setFocus()
        self.field.selectAll()
        if self.field.text():
            self.searched.emit(self.field.text())

    def leave(self) -> None:
        self.hide()
        self.closed.emit()

    def set_place(self, number: int, of: int) -> None:
        """`number` counts from 1; 0 of 0 with text in the field is "no hits"."""
        self.count.setText(f"{number} / {of}" if of else ("No hits" if self.field.text() else ""))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.moved.emit(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        else:
            super().keyPressEvent(event)
