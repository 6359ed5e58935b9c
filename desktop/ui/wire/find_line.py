"""Find in the text that is shown: a line that is hidden until it is asked for."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QWidget

from desktop.ui import icons, theme
from desktop.ui.widgets.labels import plain_label

BUTTONS = (
    ("wire.find-previous", "Previous hit (Shift+Enter)", "up", -1),
    ("wire.find-next", "Next hit (Enter)", "down", 1),
    ("wire.find-close", "Close (Esc)", "close", 0),
)


class FindLine(QWidget):
    """`searched` as one types, `moved` by +1 or -1, `closed` with Esc."""

    searched = Signal(str)
    moved = Signal(int)
    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self.field = QLineEdit(self, placeholderText="Find in this text", clearButtonEnabled=True)
        self.field.setObjectName("wire.find")
        self.field.setAccessibleName("Find in this text")
        self.count = plain_label("", "muted", self)
        self.count.setObjectName("wire.find-count")
        self._row.addWidget(self.field, 1)
        self._row.addWidget(self.count)
        for name, words, icon, step in BUTTONS:
            button = QToolButton(self)
            button.setObjectName(name)
            button.setAccessibleName(words)
            button.setToolTip(words)
            icons.put(button, icon)
            button.clicked.connect(lambda _=False, step=step: self.moved.emit(step) if step else self.leave())
            self._row.addWidget(button)
        self._pause = QTimer(self, singleShot=True, interval=80)
        self._pause.timeout.connect(lambda: self.searched.emit(self.field.text()))
        self.field.textChanged.connect(lambda: self._pause.start())
        theme.current().changed.connect(self._measure)
        self._measure()
        self.hide()

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
        self.count.setText(f"{number} / {of}" if of else ("No hits" if self.field.text() else ""))

    def _measure(self) -> None:
        look = theme.current()
        self._row.setContentsMargins(look.gap(8), look.gap(4), look.gap(4), look.gap(4))
        self._row.setSpacing(look.gap(4))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.moved.emit(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        else:
            super().keyPressEvent(event)
