"""The head of the reading view: what is read, in quiet words, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from desktop.core.conversation import Conversation
from desktop.ui import theme
from desktop.ui.library.reading import words
from desktop.ui.widgets.labels import ElidedLabel

ROOMY = 620  # from here on the first action is written out


class Head(QFrame):
    """Title and actions over one muted line."""

    def __init__(self, parent: QWidget, first: QAction, others: Sequence[QAction], menu: QMenu) -> None:
        """`first` is written out where there is room; `menu` is that of the last of the others."""
        super().__init__(parent)
        self.setObjectName("library.reading.head")
        self._column = QVBoxLayout(self)
        self.row = QHBoxLayout()
        self.title = ElidedLabel("", self)
        theme.style_as(self.title, "section")
        self.title.setObjectName("library.reading.title")
        self.facts = ElidedLabel("", self)
        theme.style_as(self.facts, "muted")
        self.facts.setObjectName("library.reading.facts")
        self.row.addWidget(self.title, 1)
        self.first = self._button(first)
        self.row.addWidget(self.first)
        for action in others:
            self.row.addWidget(self._button(action))
        self.options = self.row.itemAt(self.row.count() - 1).widget()
        assert isinstance(self.options, QToolButton)
        self.options.setMenu(menu)
        self.options.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._column.addLayout(self.row)
        self._column.addWidget(self.facts)
        theme.current().changed.connect(self._measure)
        self._measure()

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton(self)
        button.setDefaultAction(action)
        button.setObjectName(f"{action.objectName()}-button")
        button.setAccessibleName(action.text())
        return button

    def _measure(self) -> None:
        look = theme.current()
        self._column.setContentsMargins(look.gap(16), look.gap(4), look.gap(12), look.gap(8))
        self._column.setSpacing(0)
        self.row.setSpacing(look.gap(4))
        self.title.setMinimumWidth(look.px(80))
        self._fit()

    def _fit(self) -> None:
        is_roomy = self.width() >= theme.current().px(ROOMY)
        style = Qt.ToolButtonStyle
        self.first.setToolButtonStyle(style.ToolButtonTextBesideIcon if is_roomy else style.ToolButtonIconOnly)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def show_conversation(self, conversation: Conversation | None, folder: str = "") -> None:
        self.title.setText(words.title_of(conversation) if conversation else "")
        self.facts.setText(words.facts(conversation, folder) if conversation else "")
