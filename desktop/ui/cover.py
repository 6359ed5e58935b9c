"""A quiet sheet over the whole window while the archive is closed and something is done to it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QFrame, QProgressBar, QVBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.widgets.labels import plain_label


class Cover(QFrame):
    """Takes all clicks and keys of its parent for as long as it is there."""

    def __init__(self, words: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("window.cover")
        self.setAccessibleName(words)
        theme.style_as(self, "window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        look = theme.current()
        column = QVBoxLayout(self)
        column.setSpacing(look.gap(16))
        column.addStretch(1)
        said = plain_label(words, "section")
        column.addWidget(said, alignment=Qt.AlignmentFlag.AlignHCenter)
        bar = QProgressBar()
        bar.setRange(0, 0)
        bar.setFixedWidth(look.px(240))
        bar.setAccessibleName(words)
        column.addWidget(bar, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        parent.installEventFilter(self)
        self.setGeometry(parent.rect())
        self.show()
        self.raise_()
        self.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize and isinstance(watched, QWidget):
            self.setGeometry(watched.rect())
        return False
