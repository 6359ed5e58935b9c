"""What stands under the waveform: the list of segments, the text to read, or what is said where there is neither."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QToolButton, QVBoxLayout, QWidget

from desktop.ui import icons, theme
from desktop.ui.transcription.editor.segment_list import SegmentList
from desktop.ui.transcription.editor.state import EditState
from desktop.ui.transcription.editor.text_view import TextView
from desktop.ui.widgets.buttons import push_button
from desktop.ui.widgets.labels import plain_label


class Faces(QStackedWidget):
    """One at a time. Over the list a pill leads back to what plays, when the reader has scrolled away from it."""

    def __init__(self, list_: SegmentList, reading: TextView, state: EditState, parent: QWidget) -> None:
        super().__init__(parent)
        self._list, self._reading, self._state = list_, reading, state
        self._empty = _Empty(self)
        for face in (list_, reading, self._empty):
            self.addWidget(face)
        self.pill = QToolButton(list_)
        self.pill.setObjectName("editor.follow")
        self.pill.setText("Follow what plays")
        icons.put(self.pill, "down", "text")
        self.pill.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        theme.style_as(self.pill, "pill")
        self.pill.hide()
        self.pill.clicked.connect(list_.follow)
        list_.away.connect(self._show_pill)
        self._read: QAction | None = None
        self._original: QAction | None = None
        state.changed.connect(lambda: self._turn())

    def set_actions(self, read: QAction, original: QAction, insert: QAction) -> None:
        self._read, self._original = read, original
        self._empty.offer(insert)

    @property
    def is_reading(self) -> bool:
        return self._read is not None and self._read.isChecked()

    def toggle_reading(self) -> None:
        self._set_reading(not self._reading.is_showing)

    def show_list(self) -> None:
        self._set_reading(False)

    def toggle_original(self) -> None:
        """The text as it came beside the list, or away again."""
        assert self._original is not None
        self._original.setChecked(self._list.columns != "was")
        self.show_columns()

    def show_columns(self) -> None:
        """What stands beside the words: the original, the second language, or nothing."""
        is_original = self._original is not None and self._original.isChecked()
        self._list.set_columns("was" if is_original else "second" if self._state.has_second else "none")

    def _set_reading(self, is_reading: bool) -> None:
        assert self._read is not None
        self._list.finish_edit()
        self._read.setChecked(is_reading)
        self._reading.set_showing(is_reading)
        self._turn()
        self.currentWidget().setFocus()

    def _turn(self) -> None:
        face: QWidget = self._reading if self._reading.is_showing else self._list
        self.setCurrentWidget(face if self._state.lines.segments else self._empty)

    def _show_pill(self, is_away: bool) -> None:
        self.pill.setVisible(is_away)
        self._place_pill()

    def _place_pill(self) -> None:
        self.pill.adjustSize()
        at = self._list.rect()
        x = at.center().x() - self.pill.width() // 2
        self.pill.move(x, at.bottom() - self.pill.height() - theme.current().gap(12))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_pill()


class _Empty(QWidget):
    """A transcript without segments: why that may be, and how one begins."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("editor.empty")
        column = QVBoxLayout(self)
        told = plain_label("There are no words in this transcript.", "strong", self)
        told.setObjectName("editor.empty-words")
        more = plain_label("Nobody may have spoken, or every segment was deleted.", "muted", self)
        self.button = push_button(self, "editor.empty-insert", "", self._insert)
        self._action: QAction | None = None
        column.addStretch(2)
        for widget in (told, more, self.button):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        column.setSpacing(theme.current().gap(8))

    def offer(self, insert: QAction) -> None:
        self._action = insert
        self.button.setText(insert.text())
        self.button.setAccessibleName(insert.text())

    def _insert(self) -> None:
        if self._action is not None:
            self._action.trigger()
