"""The bar over the text while something is looked for: the words, "3 / 17", the hit before and the next."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QToolButton, QWidget

from desktop.ui import theme
from desktop.ui.chat.meta import grouped
from desktop.ui.widgets.labels import plain_label

PAUSE_MS = 120


class HitBar(QFrame):
    """Hidden until something is looked for. `searched` as one types, `moved` by +1 or -1, `closed` with Esc."""

    searched = Signal(str)
    moved = Signal(int)
    closed = Signal()

    def __init__(self, parent: QWidget, before: QAction, after: QAction, close: QAction) -> None:
        super().__init__(parent)
        theme.style_as(self, "panel")
        self.setObjectName("library.reading.hit-bar")
        row = QHBoxLayout(self)
        self.field = QLineEdit(self, placeholderText="Find in this conversation", clearButtonEnabled=True)
        self.field.setObjectName("library.reading.find")
        self.field.setAccessibleName("Find in this conversation")
        for button in self.field.findChildren(QToolButton):
            button.setAccessibleName("Clear")
        self.count = plain_label("", "muted", self)
        self.count.setObjectName("library.reading.hit-count")
        self.count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.field, 1)
        row.addWidget(self.count)
        for action in (before, after, close):
            button = QToolButton(self)
            button.setDefaultAction(action)
            button.setObjectName(f"{action.objectName()}-button")
            button.setAccessibleName(action.text())
            row.addWidget(button)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(lambda: self.searched.emit(self.field.text()))
        self.field.textEdited.connect(lambda: self._pause.start())
        theme.current().changed.connect(self._measure)
        self._measure()
        self.hide()

    def _measure(self) -> None:
        look = theme.current()
        self.layout().setContentsMargins(look.gap(16), look.gap(4), look.gap(12), look.gap(4))
        self.layout().setSpacing(look.gap(4))
        self.count.setFont(look.font("figures"))
        self.count.setMinimumWidth(look.px(64))

    def show_line(self, line: str) -> None:
        """A search that came from elsewhere."""
        self._pause.stop()
        self.field.setText(line)
        self.setVisible(bool(line))

    def enter(self) -> None:
        self.show()
        self.field.setFocus()
        self.field.selectAll()

    def set_place(self, number: int, of: int, *, is_counted: bool = True) -> None:
        """`number` counts from 1; while the counting goes on, the sum has a plus."""
        if of:
            self.count.setText(f"{grouped(number)} / {grouped(of)}{'' if is_counted else '+'}")
        else:
            self.count.setText("No hits" if self.field.text().strip() else "")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self._pause.isActive():
                self._pause.stop()
                self.searched.emit(self.field.text())
            else:
                self.moved.emit(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        else:
            super().keyPressEvent(event)
