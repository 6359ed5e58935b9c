"""The transcript as text to read: paragraphs by pause and speaker, with or without times, to copy."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QGuiApplication,
    QMouseEvent,
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QCheckBox, QComboBox, QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.core.subtitles.times import short
from desktop.core.text import visible
from desktop.core.transcript_edits import LINE_PAUSE, Paragraph, paragraphs
from desktop.ui import theme
from desktop.ui.transcription.editor.state import EditState
from desktop.ui.transcription.editor.waveform_image import color_of
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.safe_text import SafeText

PAUSES = (("Short pauses", 700), ("Usual pauses", LINE_PAUSE), ("Long pauses", 4000), ("Speakers only", 10**9))
AT_ONCE = 40  # paragraphs that are written between two looks at what the user does
COPIED_MS = 1500


class _Page(SafeText):
    """Read-only text in the middle, `measure` pixels wide at most; `clicked` carries the number of a block."""

    clicked = Signal(int)
    measure = 600

    def set_measure(self, measure: int) -> None:
        self.measure = measure
        self._place_middle()

    def event(self, event: QEvent) -> bool:
        """The room beside the text is known before it is laid out."""
        if event.type() is QEvent.Type.Resize:
            self._place_middle()
        return super().event(event)

    def _place_middle(self) -> None:
        """The scroll bar stands at the edge all the same."""
        side = max(0, (self.width() - self.measure) // 2)
        if self.viewportMargins().left() != side:
            self.setViewportMargins(side, 0, side, 0)

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
        self._state = state
        self.is_showing = False
        self._shown: Sequence[Paragraph] = ()
        self._written = 0
        self._blocks: list[int] = []
        self._place = 0  # where the reader was before the text was written anew
        self._build()
        self._soon = QTimer(self, singleShot=True, interval=150)
        self._soon.timeout.connect(self.fill)
        self._more = QTimer(self, singleShot=True, interval=0)
        self._more.timeout.connect(self._write_more)
        state.changed.connect(lambda: self._soon.start() if self.is_showing else None)
        theme.current().changed.connect(self._measure)
        self._measure()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.page = _Page(parent=self)
        self.page.setObjectName("editor.page")
        self.page.setAccessibleName("Text of the transcript")
        self.page.setFrameShape(QFrame.Shape.NoFrame)
        self.page.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        theme.style_as(self.page, "bare")
        self.page.clicked.connect(self._clicked)
        self.setFocusProxy(self.page)
        column.addWidget(self._bar())
        column.addWidget(self.page, 1)

    def _bar(self) -> QFrame:
        bar = QFrame(self)
        row = self._row = QHBoxLayout(bar)
        self.times = self._box("Times", "editor.reading-times", is_on=True)
        self.second = self._box("Second language", "editor.reading-second", is_on=False)
        self._label = plain_label("Paragraphs at", "muted", self)
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
        for widget in (self.times, self.second, self._label, self.pauses):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.copy)
        return bar

    def _box(self, text: str, name: str, *, is_on: bool) -> QCheckBox:
        box = QCheckBox(text, self)
        box.setObjectName(name)
        box.setChecked(is_on)
        box.toggled.connect(lambda: self.fill())
        return box

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.current().px(360), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._label.setVisible(self.width() >= theme.current().px(560))

    def _measure(self) -> None:
        look, font = theme.current(), theme.current().font("reading")
        self._row.setContentsMargins(look.gap(16), look.gap(8), look.gap(16), look.gap(8))
        self._row.setSpacing(look.gap(8))
        characters = theme.tokens()["measure_characters"]
        self.page.set_measure(QFontMetrics(font).averageCharWidth() * characters + 2 * look.gap(16))
        self.page.setFont(font)
        self.page.document().setDefaultFont(font)
        self.page.document().setDocumentMargin(look.gap(16))
        if self.is_showing:
            self.fill()

    def set_showing(self, is_showing: bool) -> None:
        self.is_showing = is_showing
        if is_showing:
            self.fill()

    # What it says

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
        """All paragraphs anew, a few at a time; the place in the text stays."""
        self.second.setVisible(self._state.has_second)
        if not self._more.isActive():
            self._place = self.page.verticalScrollBar().value()
        pause = PAUSES[self.pauses.currentIndex()][1]
        self._shown = [each for each in paragraphs(self._state.transcript, pause) if self._said(each)]
        self._blocks, self._written = [], 0
        self.page.clear()
        self._write_more()

    def _write_more(self) -> None:
        cursor = QTextCursor(self.page.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        last = min(self._written + AT_ONCE, len(self._shown))
        for number in range(self._written, last):
            self._write(cursor, number, self._shown[number])
        cursor.endEditBlock()
        self._written = last
        if last < len(self._shown):
            self._more.start()
        else:
            self.page.moveCursor(QTextCursor.MoveOperation.Start)  # it was carried along by what was written
            self.page.verticalScrollBar().setValue(self._place)

    def _write(self, cursor: QTextCursor, number: int, each: Paragraph) -> None:
        look, speaker = theme.current(), self._state.speaker(each.speaker)
        plain, quiet = QTextCharFormat(), QTextCharFormat()
        plain.setForeground(look.color("text"))
        quiet.setFont(look.font("caption", semibold=True))
        quiet.setForeground(look.color("muted"))
        dot = QTextCharFormat(quiet)
        dot.setForeground(color_of(speaker.color) if speaker else look.color("muted"))
        heading = self._heading(each)
        if heading:
            self._begin_line(cursor, number, above=look.gap(16) if number else 0)
            cursor.insertText("● " if speaker else "", dot)
            cursor.insertText(visible(heading), quiet)
        self._begin_line(cursor, number, above=look.gap(4 if heading else 12 if number else 0))
        cursor.insertText(visible(self._said(each)), plain)

    def _begin_line(self, cursor: QTextCursor, number: int, *, above: int) -> None:
        form = QTextBlockFormat()
        percent = theme.tokens()["reading_line_height"] * 100
        form.setLineHeight(percent, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        form.setTopMargin(above)
        if self._blocks:
            cursor.insertBlock(form)
        else:
            cursor.setBlockFormat(form)
        self._blocks.append(number)

    def _clicked(self, block: int) -> None:
        if 0 <= block < len(self._blocks):
            self.went.emit(self._shown[self._blocks[block]].segments[0])

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text)
        self.copy.setText("Copied")
        QTimer.singleShot(COPIED_MS, self.copy, lambda: self.copy.setText("Copy the text"))
