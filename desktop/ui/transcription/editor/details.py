"""The panels at the right of the editor, one at a time."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QTabBar, QVBoxLayout, QWidget

from desktop.ui import theme


class Details(QWidget):
    """`turned` says whether the subtitle check is the panel in front."""

    turned = Signal(bool)

    def __init__(self, panels: Sequence[tuple[str, QWidget]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("editor.details")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.tabs = QTabBar(self)
        self.tabs.setObjectName("editor.tabs")
        self.tabs.setAccessibleName("Panels")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.stack = QStackedWidget(self)
        for title, panel in panels:
            self.tabs.addTab(title)
            self.stack.addWidget(panel)
        self.tabs.currentChanged.connect(self._turn)
        column.addWidget(self.tabs)
        column.addWidget(self.stack, 1)
        theme.current().changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        look = theme.current()
        self.layout().setContentsMargins(look.gap(4), look.gap(8), 0, 0)

    def _turn(self, at: int) -> None:
        self.stack.setCurrentIndex(at)
        self.turned.emit(self.stack.currentWidget().objectName() == "editor.check")
