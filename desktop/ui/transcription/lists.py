"""Lists of names and terms that are kept: one is taken, what is in the field is kept as one, one is removed."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from desktop.ui import theme

NO_LIST = "Kept lists"


class WordLists(QWidget):
    """`taken` carries the words of a list, None for no list; `keep_wanted` asks for a name; `forget_wanted` has one."""

    taken = Signal(object)
    keep_wanted = Signal()
    forget_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lists: dict[str, list[str]] = {}
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.box = QComboBox(self)
        self.box.setObjectName("transcription.lists")
        self.box.setAccessibleName("Kept lists of names and terms")
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.activated.connect(self._take)
        self.keep = self._small("keep-list", "Keep as a list", "Keep the names and terms as a list")
        self.keep.clicked.connect(lambda: self.keep_wanted.emit())
        self.forget = self._small("forget-list", "Remove", "Remove this list")
        self.forget.clicked.connect(lambda: self.forget_wanted.emit(self.box.currentText()))
        row = QHBoxLayout()
        row.addWidget(self.keep)
        row.addWidget(self.forget)
        row.addStretch(1)
        column.addWidget(self.box)
        column.addLayout(row)
        theme.current().changed.connect(self._measure)
        self._measure()
        self.show_lists({})

    def _small(self, name: str, text: str, words: str) -> QToolButton:
        button = QToolButton(self, text=text)
        button.setObjectName(f"transcription.{name}")
        button.setAccessibleName(words)
        return button

    def _measure(self) -> None:
        self._column.setSpacing(theme.current().gap(4))

    def show_lists(self, lists: dict[str, list[str]], current: str = "") -> None:
        self.lists = lists
        with QSignalBlocker(self.box):
            self.box.clear()
            self.box.addItems([NO_LIST, *sorted(lists, key=str.casefold)])
            self.box.setCurrentIndex(max(0, self.box.findText(current)))

    def show_for(self, words: object, *, is_offered: bool) -> None:
        """`words` are those in the field now: what is a kept list already need not be kept again."""
        name = self.box.currentText()
        is_kept = bool(words) and words == self.lists.get(name)
        self.box.setVisible(bool(self.lists))
        self.forget.setVisible(self.box.currentIndex() > 0)
        self.keep.setVisible(bool(words) and not is_kept)
        self.setVisible(is_offered and (bool(self.lists) or bool(words)))

    def _take(self, at: int) -> None:
        words = self.lists.get(self.box.itemText(at))
        self.taken.emit(list(words) if words else None)
