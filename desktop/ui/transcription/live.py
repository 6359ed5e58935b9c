"""A transcript that is still coming, to be watched: the text so far, and the newest of it in sight."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QKeyEvent, QResizeEvent, Qt, QTextBlockFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.core.subtitles.breaks import flat
from desktop.core.text import visible
from desktop.core.transcript import Transcript
from desktop.ui import theme
from desktop.ui.widgets.buttons import action_button, icon_button
from desktop.ui.widgets.labels import ElidedLabel
from desktop.ui.widgets.safe_text import SafeText

NOTHING_YET = "Nothing has come yet. The text appears here part by part."
NEAR_END_PX = 4


class LiveView(QWidget):
    """`closed` when the reader goes back to the queue."""

    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: list[str] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        row = self._row = QHBoxLayout()
        self.back = icon_button(self, "transcription.live-back", "Back to the queue", "left", self.closed.emit)
        self.title, self.words = ElidedLabel("", self), ElidedLabel("", self)
        theme.style_as(self.title, "strong")
        theme.style_as(self.words, "caption")
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self.title)
        names.addWidget(self.words)
        row.addWidget(self.back)
        row.addLayout(names, 1)
        column.addLayout(row)
        self.text = SafeText(parent=self)
        self.text.setObjectName("transcription.live")
        self.text.setAccessibleName("What was heard so far")
        self.text.setFrameShape(QFrame.Shape.NoFrame)
        theme.style_as(self.text, "bare")
        self.text.setPlaceholderText(NOTHING_YET)
        column.addWidget(self.text, 1)
        theme.current().changed.connect(self._measure)
        self._measure()

    def add_folds(self, left: QAction, right: QAction) -> None:
        """The page's actions that fold its sides, at both ends."""
        self._row.insertWidget(0, action_button(self, left, "transcription.live-fold-history"))
        self._row.addWidget(action_button(self, right, "transcription.live-fold-parameters"))

    def _measure(self) -> None:
        look = theme.current()
        self._row.setContentsMargins(look.gap(16), look.gap(8), look.gap(12), look.gap(8))
        self._row.setSpacing(look.gap(4))
        self.text.setFont(look.font("reading"))
        self._show_again()
        self._fit()

    def _fit(self) -> None:
        """The text stands in the middle, no wider than one reads."""
        look = theme.current()
        room = self.width() - look.size("column")
        side = max(look.gap(24), room // 2)
        self.text.setViewportMargins(side, look.gap(8), side, look.gap(16))

    def begin(self, title: str, words: str) -> None:
        self._shown = []
        self.text.clear()
        self.title.setText(title)
        self.words.setText(words)

    def say(self, words: str) -> None:
        """What the job does or waits for."""
        self.words.setText(words)

    def show_transcript(self, transcript: Transcript) -> None:
        """All there is; only what is new is laid out, and a reader who has scrolled up stays where he is."""
        wanted = [visible(flat(segment.text)) for segment in transcript.segments]
        if wanted == self._shown:
            return
        bar = self.text.verticalScrollBar()
        place, is_at_end = bar.value(), bar.value() >= bar.maximum() - NEAR_END_PX
        same = next((n for n, (a, b) in enumerate(zip(wanted, self._shown, strict=False)) if a != b), None)
        self._put(wanted, min(len(wanted), len(self._shown)) if same is None else same)
        bar.setValue(bar.maximum() if is_at_end else place)

    def _put(self, wanted: list[str], first: int) -> None:
        """A paragraph for each from `first` on, in the place of what stands there."""
        document = self.text.document()
        cursor = QTextCursor(document)
        cursor.beginEditBlock()
        if first:
            before = document.findBlockByNumber(first - 1)
            cursor.setPosition(before.position() + before.length() - 1)
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        spacing = self._spacing()
        for number, paragraph in enumerate(wanted[first:], first):
            if number:
                cursor.insertBlock(spacing)
            else:
                cursor.setBlockFormat(spacing)
            cursor.insertText(paragraph)
        cursor.endEditBlock()
        self._shown = wanted

    def _spacing(self) -> QTextBlockFormat:
        made = QTextBlockFormat()
        percent = theme.tokens()["reading_line_height"] * 100
        made.setLineHeight(percent, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        made.setBottomMargin(theme.current().gap(8))
        return made

    def _show_again(self) -> None:
        """With the sizes of now."""
        shown, self._shown = self._shown, []
        self.text.clear()
        if shown:
            self._put(shown, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
