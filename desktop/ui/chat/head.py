"""The line over the conversation: its title between the fold of the history and what can be done with all of it."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from desktop.ui import theme
from desktop.ui.widgets.labels import ElidedLabel


class Head(QWidget):
    """`before` stands at the left of the title, `after` at the right."""

    def __init__(self, before: list[QAction], after: list[QAction], parent: QWidget) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self.title = ElidedLabel("", self)
        self.title.setObjectName("chat.title")
        theme.style_as(self.title, "strong")
        for action in before:
            self._row.addWidget(self._button(action))
        self._row.addWidget(self.title, 1)
        for action in after:
            self._row.addWidget(self._button(action))

    def measure(self) -> None:
        """Sizes that follow the text's scale."""
        look = theme.current()
        self._row.setContentsMargins(look.gap(16), look.gap(8), look.gap(12), look.gap(8))
        self._row.setSpacing(look.gap(4))
        self.title.setMinimumWidth(look.px(40))

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton(self)
        button.setDefaultAction(action)
        button.setObjectName(f"{action.objectName()}-button")
        button.setAccessibleName(action.text())
        return button
