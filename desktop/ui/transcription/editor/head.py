"""The line over the editor: back, the recording's name, whether all is saved, and what can be done with the whole."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from desktop.ui import icons, theme
from desktop.ui.widgets.labels import ElidedLabel, plain_label


class Head(QFrame):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("editor.head")
        self._row = QHBoxLayout(self)
        self.title = ElidedLabel("", self)
        theme.style_as(self.title, "strong")
        self.title.setObjectName("editor.title")
        self.state = ElidedLabel("", self)
        theme.style_as(self.state, "caption")
        self.state.setObjectName("editor.saved")
        self.more = QToolButton(self)
        self.more.setObjectName("editor.more")
        self.more.setAccessibleName("More")
        self.more.setToolTip("More")
        icons.put(self.more, "more")
        self.export = QPushButton("Export…", self)
        self.export.setObjectName("editor.export-button")
        self.export.setAccessibleName("Export")
        theme.style_as(self.export, "primary")
        theme.current().changed.connect(self._measure)

    def fill(self, back: QAction, actions: list[QAction], beside: QWidget) -> None:
        self._add(back)
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self.title)
        names.addWidget(self.state)
        self._row.addLayout(names, 1)
        for action in actions:
            self._add(action)
        self._row.addWidget(beside)
        self._row.addWidget(self.more)
        self._row.addWidget(self.export)
        self._measure()

    def _add(self, action: QAction) -> None:
        button = QToolButton(self)
        button.setDefaultAction(action)
        button.setObjectName(f"{action.objectName()}-button")
        button.setAccessibleName(action.text())
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self._row.addWidget(button)

    def _measure(self) -> None:
        look = theme.current()
        self._row.setContentsMargins(look.gap(12), look.gap(8), look.gap(16), look.gap(8))
        self._row.setSpacing(look.gap(4))


class Missing(QFrame):
    """Says that the recording cannot be heard, and offers to find it."""

    find_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("editor.missing")
        theme.style_as(self, "banner-warn")
        row = QHBoxLayout(self)
        look = theme.current()
        row.setContentsMargins(look.gap(12), look.gap(4), look.gap(8), look.gap(4))
        self.words = plain_label("", "", self, wrap=True)
        self.words.setObjectName("editor.missing-words")
        self.button = QPushButton("Find the file…", self)
        self.button.setObjectName("editor.find-file")
        self.button.setAccessibleName("Find the file")
        self.button.clicked.connect(self.find_wanted)
        row.addWidget(self.words, 1)
        row.addWidget(self.button)
        self.hide()

    def say(self, sentence: str, *, can_find: bool) -> None:
        self.words.setText(sentence)
        self.button.setVisible(can_find)
        self.setVisible(bool(sentence))
