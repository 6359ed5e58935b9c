"""Find in what is shown: a field, the place among the hits, and the way to the next one."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QToolButton, QWidget

from desktop.ui import icons, theme
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.tooltip import tip

SEARCH_MS = 80  # after the last key
BUTTONS = (
    ("find-previous", "Previous hit (Shift+Enter)", "up", -1),
    ("find-next", "Next hit (Enter)", "down", 1),
    ("find-close", "Close (Esc)", "close", 0),
)


class FindLine(QFrame):
    """Hidden until `enter`. `searched` as one types, `moved` by +1 or -1, `closed` with Esc.

    `page` begins the object names; `margins` are the gaps at the sides and above and below.
    """

    searched = Signal(str)
    moved = Signal(int)
    closed = Signal()

    def __init__(self, page: str, text: str, margins: tuple[int, int], parent: QWidget) -> None:
        super().__init__(parent)
        self._page, self._margins = page, margins
        self._row = QHBoxLayout(self)
        self.field = QLineEdit(self, placeholderText=text, clearButtonEnabled=True)
        self.field.setObjectName(f"{page}.find")
        self.field.setAccessibleName(text)
        self.count = plain_label("", "muted", self)
        self.count.setObjectName(f"{page}.find-count")
        self._row.addWidget(self.field, 1)
        self._row.addWidget(self.count)
        for button in BUTTONS:
            self._row.addWidget(self._button(*button))
        self._pause = QTimer(self, singleShot=True, interval=SEARCH_MS)
        self._pause.timeout.connect(lambda: self.searched.emit(self.field.text()))
        self.field.textChanged.connect(lambda: self._pause.start())
        theme.current().changed.connect(self._measure)
        self._measure()
        self.hide()

    def _button(self, name: str, text: str, icon: str, step: int) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"{self._page}.{name}")
        button.setAccessibleName(text.partition(" (")[0])
        button.setToolTip(tip(text))
        icons.put(button, icon)
        button.clicked.connect(lambda _=False: self.moved.emit(step) if step else self.leave())
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

    def _measure(self) -> None:
        look = theme.current()
        side, above = (look.gap(gap) for gap in self._margins)
        self._row.setContentsMargins(side, above, side, above)
        self._row.setSpacing(look.gap(8))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.moved.emit(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        else:
            super().keyPressEvent(event)
