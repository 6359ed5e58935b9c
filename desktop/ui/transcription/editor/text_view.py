"""The transcript as text to read: paragraphs by pause and speaker, with or without times, to copy."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QGuiApplication,
    QMouseEvent,
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.core.subtitles.times import short
from desktop.core.text import visible
from desktop.core.transcript_edits import LINE_PAUSE, Paragraph, paragraphs
from desktop.ui import theme
from desktop.ui.transcription.editor.state import EditState
from desktop.ui.transcription.editor.waveform_image import color_of
from desktop.ui.widgets.labels import plain_label

PAUSES = (("Short pauses", 700), ("Usual pauses", LINE_PAUSE), ("Long pauses", 4000), ("Speakers only", 10**9))


class _Page(QPlainTextEdit):
    """Read-only text; `clicked` carries the number of a block."""

    clicked = Signal(int)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and not self.textCursor().hasSelection():
            self.clicked.emit(self.cursorForPosition(event.position().toPoint()).blockNumber())


class TextView(QWidget):
    """`went` carries the first segment of a paragraph that was clicked."""

    went = Signal(str)

    def __init__(self, state: EditState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("editor.reading")
        self.setAccessibleName("Text to read")
        self._state, self._is_showing = state, False
        self._shown: Sequence[Paragraph] = ()
        self._blocks: list[int] = []
        self._build()
        self._soon = QTimer(self, singleShot=True, interval=150)
        self._soon.timeout.connect(self.fill)
        state.changed.connect(lambda: self._soon.start() if self._is_showing else None)
        theme.current().changed.connect(self._measure)
        self._measure()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        bar = QFrame(self)
        row = self._row = QHBoxLayout(bar)
        self.times = QCheckBox("Times", self)
        self.times.setObjectName("editor.reading-times")
        self.times.setChecked(True)
        self.times.toggled.connect(lambda: self.fill())
        self.second = QCheckBox("Second language", self)
        self.second.setObjectName("editor.reading-second")
        self.second.toggled.connect(lambda: self.fill())
        label = self._label = plain_label("Paragraphs at", "muted", self)
        self.pauses = QComboBox(self)
        self.pauses.setObjectName("editor.reading-pauses")
        self.pauses.setAccessibleName("Where paragraphs begin")
        for title, _ in PAUSES:
            self.pauses.addItem(title)
        self.pauses.setCurrentIndex(1)
        self.pauses.currentIndexChanged.connect(lambda: self.fill())
        self.copy = QPushButton("Copy the text", self)
        self.copy.setObjectName("editor.copy-text")
        self.copy.clicked.connect(self._copy)
        for widget in (self.times, self.second, label, self.pauses):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.copy)
        self.page = _Page(self)
        self.page.setObjectName("editor.page")
        self.page.setAccessibleName("Text of the transcript")
        self.page.setReadOnly(True)
        self.page.setFrameShape(QFrame.Shape.NoFrame)
        self.page.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.page.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        theme.style_as(self.page, "bare")
        self.page.clicked.connect(self._clicked)
        self.setFocusProxy(self.page)
        column.addWidget(bar)
        middle = self._middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(self.page, 100)
        middle.addStretch(1)
        column.addLayout(middle, 1)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.current().px(360), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._label.setVisible(self.width() >= theme.current().px(560))

    def _measure(self) -> None:
        look = theme.current()
        self._row.setContentsMargins(look.gap(16), look.gap(8), look.gap(16), look.gap(8))
        self._row.setSpacing(look.gap(8))
        self.page.setMaximumWidth(look.px(680))
        self.page.setFont(look.font("reading"))
        self.page.document().setDocumentMargin(look.gap(16))
        if self._is_showing:
            self.fill()

    def set_showing(self, is_showing: bool) -> None:
        self._is_showing = is_showing
        if is_showing:
            self.second.setVisible(self._state.has_second)
            self.fill()

    @property
    def text(self) -> str:
        """What Copy takes: as it is shown."""
        return "\n\n".join(
            "\n".join(piece for piece in (self._heading(each), self._said(each)) if piece) for each in self._shown
        )

    def _said(self, each: Paragraph) -> str:
        return each.second if self.second.isChecked() and self._state.has_second else each.text

    def _heading(self, each: Paragraph) -> str:
        speaker = self._state.speaker(each.speaker)
        pieces = [speaker.name if speaker else "", short(each.begins) if self.times.isChecked() else ""]
        return " · ".join(piece for piece in pieces if piece)

    def fill(self) -> None:
        """All paragraphs anew; the place in the text stays."""
        at = self.page.verticalScrollBar().value()
        pause = PAUSES[self.pauses.currentIndex()][1]
        self._shown = [each for each in paragraphs(self._state.transcript, pause) if self._said(each)]
        self._blocks = []
        self.page.clear()
        cursor = QTextCursor(self.page.document())
        cursor.beginEditBlock()
        for number, each in enumerate(self._shown):
            self._write(cursor, number, each)
        cursor.endEditBlock()
        self.page.verticalScrollBar().setValue(at)

    def _write(self, cursor: QTextCursor, number: int, each: Paragraph) -> None:
        look = theme.current()
        plain, quiet = QTextCharFormat(), QTextCharFormat()
        plain.setForeground(look.color("text"))
        quiet.setFont(look.font("caption", semibold=True))
        speaker = self._state.speaker(each.speaker)
        quiet.setForeground(look.color("muted"))
        dot = QTextCharFormat(quiet)
        dot.setForeground(color_of(speaker.color) if speaker else look.color("muted"))
        if number:
            self._line(cursor, "", plain, number)
        if heading := self._heading(each):
            self._line(cursor, "● " if speaker else "", dot, number)
            cursor.insertText(visible(heading), quiet)
        self._line(cursor, self._said(each), plain, number)

    def _line(self, cursor: QTextCursor, text: str, form: QTextCharFormat, number: int) -> None:
        if self._blocks:
            cursor.insertBlock(QTextBlockFormat())
        self._blocks.append(number)
        cursor.insertText(visible(text), form)

    def _clicked(self, block: int) -> None:
        if 0 <= block < len(self._blocks):
            self.went.emit(self._shown[self._blocks[block]].segments[0])

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text)
        self.copy.setText("Copied")
        QTimer.singleShot(1500, self.copy, lambda: self.copy.setText("Copy the text"))
