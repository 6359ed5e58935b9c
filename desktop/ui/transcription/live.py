"""A transcript that is still coming, to be watched: the text so far, and the newest of it in sight."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeyEvent, Qt
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QToolButton, QVBoxLayout, QWidget

from desktop.core.text import visible
from desktop.core.transcript import Transcript
from desktop.ui import icons, theme
from desktop.ui.widgets.labels import ElidedLabel

NOTHING_YET = "Nothing has come yet. The text appears here part by part."


class LiveView(QWidget):
    """`closed` when the reader goes back to the queue."""

    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        row = self._row = QHBoxLayout()
        self.back = QToolButton(self)
        self.back.setObjectName("transcription.live-back")
        self.back.setAccessibleName("Back to the queue")
        icons.put(self.back, "left")
        self.back.clicked.connect(lambda: self.closed.emit())
        self.words = ElidedLabel("", self)
        theme.style_as(self.words, "muted")
        row.addWidget(self.back)
        row.addWidget(self.words, 1)
        column.addLayout(row)
        self.text = QPlainTextEdit(self, readOnly=True)
        self.text.setObjectName("transcription.live")
        self.text.setAccessibleName("What was heard so far")
        theme.style_as(self.text, "bare")
        self.text.setPlaceholderText(NOTHING_YET)
        column.addWidget(self.text, 1)
        theme.current().changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        look = theme.current()
        self._row.setContentsMargins(look.gap(12), look.gap(4), look.gap(16), look.gap(4))
        self._row.setSpacing(look.gap(8))
        self.text.setFont(look.font("reading"))
        self.text.setViewportMargins(look.gap(24), look.gap(8), look.gap(24), look.gap(16))

    def begin(self, words: str) -> None:
        self.words.setText(words)
        self.text.clear()

    def say(self, words: str) -> None:
        """What the job does or waits for."""
        self.words.setText(words)

    def show_transcript(self, transcript: Transcript) -> None:
        """All there is; a reader who has scrolled up stays where he is."""
        text = visible("\n".join(segment.text.strip() for segment in transcript.segments))
        was = self.text.toPlainText()
        if text == was:
            return
        bar = self.text.verticalScrollBar()
        place, is_at_end = bar.value(), bar.value() >= bar.maximum() - 4
        self.text.setPlainText(text)
        bar.setValue(bar.maximum() if is_at_end else place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
