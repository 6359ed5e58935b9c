"""The line over the editor: back, the recording's name, whether all is saved, and what can be done with the whole."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from desktop.ui import icons, theme
from desktop.ui.widgets.buttons import action_button
from desktop.ui.widgets.labels import ElidedLabel

LEAST, ALL_FROM = 400, 660
SPARED = ("editor.redo", "editor.original", "editor.undo", "editor.drag-out", "editor.find", "editor.read")


class Head(QFrame):
    """Where it is narrow, what the menu or a key does too is left out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("editor.head")
        self._row = QHBoxLayout(self)
        self._spared: dict[str, QWidget] = {}
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
        """Put the editor's actions in their places."""
        self._row.addWidget(action_button(self, back))
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self.title)
        names.addWidget(self.state)
        self._row.addLayout(names, 1)
        for action in actions:
            self._spared[action.objectName()] = button = action_button(self, action)
            self._row.addWidget(button)
        self._spared[beside.objectName()] = beside
        for widget in (beside, self.more, self.export):
            self._row.addWidget(widget)
        self._measure()

    def add_folds(self, left: QAction, right: QAction) -> None:
        """The page's actions that fold its sides, at both ends: its own head need not be shown then."""
        self._row.insertWidget(0, action_button(self, left, "editor.fold-history"))
        self._row.addWidget(action_button(self, right, "editor.fold-parameters"))

    def show_title(self, title: str, state: str) -> None:
        self.title.setText(title)
        self.show_state(state, is_well=True)

    def show_state(self, sentence: str, *, is_well: bool) -> None:
        theme.style_as(self.state, "caption" if is_well else "warn")
        self.state.setText(sentence)

    def place_of_menu(self) -> QPoint:
        return self.more.mapToGlobal(self.more.rect().bottomLeft())

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.current().px(LEAST), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        look = theme.current()
        for at, name in enumerate(SPARED):
            if name in self._spared:
                self._spared[name].setVisible(self.width() >= look.px(ALL_FROM - 36 * at))

    def _measure(self) -> None:
        look = theme.current()
        self._row.setContentsMargins(look.gap(12), look.gap(8), look.gap(12), look.gap(8))
        self._row.setSpacing(look.gap(4))
