"""The list and what is read of it: side by side with a hairline between, or one over the other."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSplitter, QSplitterHandle, QStackedWidget, QWidget

from desktop.ui import theme

LIST_WIDTH, LEAST_LIST = 380, 280


class _Line(QSplitterHandle):
    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme.current().color("line"))


class ListPane(QStackedWidget):
    """Asks for its usual width as soon as something stands beside it."""

    def sizeHint(self) -> QSize:
        return QSize(theme.current().px(LIST_WIDTH), super().sizeHint().height())


class Beside(QSplitter):
    """The list at the left from the beginning; what is read is added when there is something."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setObjectName("library.split")
        self.setChildrenCollapsible(False)
        self.setHandleWidth(1)
        self.list_pane = ListPane(self)
        self.list_pane.setObjectName("library.list-pane")
        self.addWidget(self.list_pane)
        self.setStretchFactor(0, 0)
        self._reading: QWidget | None = None
        theme.current().changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        self.list_pane.setMinimumWidth(theme.current().px(LEAST_LIST))

    def add_reading(self, view: QWidget) -> None:
        self._reading = view
        self.addWidget(view)
        self.setStretchFactor(1, 1)

    def show_reading(self, *, is_open: bool, is_over: bool) -> None:
        if self._reading is not None:
            self._reading.setVisible(is_open)
        self.list_pane.setVisible(not is_over)

    def createHandle(self) -> QSplitterHandle:
        return _Line(self.orientation(), self)
