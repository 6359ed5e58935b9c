"""Where recordings are dropped: the whole of the empty page, and a frame over anything else while files hover."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui import icons, theme
from desktop.ui.widgets.buttons import push_button
from desktop.ui.widgets.labels import plain_label

WORDS = "Drop recordings, videos or folders here, and get finished text and subtitles."
LIT = "Let go to take these recordings in"
ICON_PX = 40


class DropZone(QWidget):
    """One line that says what this page is for, one action, one example that works right now."""

    choose_wanted = Signal()
    example_wanted = Signal()
    record_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.is_lit = False
        self._focus: QWidget | None = None  # what had it before files hovered
        self.setObjectName("transcription.drop")
        self.setAccessibleName("Drop recordings here")
        self._column = QVBoxLayout(self)
        self.words = plain_label(WORDS, "reading", self, wrap=True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.choose = push_button(
            self, "transcription.drop-choose", "Choose files…", self.choose_wanted.emit, "primary"
        )
        self.record = push_button(self, "transcription.drop-record", "Record", self.record_wanted.emit)
        self.example = push_button(
            self, "transcription.drop-example", "Try the example", self.example_wanted.emit, "link"
        )
        self.note = plain_label("Half a minute of speech, on this computer, at no cost", "caption", self)
        self.note.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        for part in (self.choose, self.record, self.example, self.note):
            kept = part.sizePolicy()
            kept.setRetainSizeWhenHidden(True)  # nothing moves while it is lit
            part.setSizePolicy(kept)
        row = self._row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.choose)
        row.addWidget(self.record)
        row.addStretch(1)
        self._column.addStretch(4)
        self._column.addSpacing(0)
        self._column.addWidget(self.words)
        self._column.addLayout(row)
        self._column.addWidget(self.example, 0, Qt.AlignmentFlag.AlignHCenter)
        self._column.addWidget(self.note)
        self._column.addStretch(5)
        theme.current().changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        look = theme.current()
        self._column.setContentsMargins(look.gap(32), look.gap(24), look.gap(32), look.gap(24))
        self._column.setSpacing(look.gap(12))
        self._row.setSpacing(look.gap(8))
        self._column.itemAt(1).spacerItem().changeSize(0, look.px(ICON_PX + 12))
        self.update()

    def set_lit(self, is_lit: bool) -> None:
        """Files hover over the window."""
        parts = (self.choose, self.record, self.example, self.note)
        focus = next((part for part in parts if part.hasFocus()), None)
        if focus is not None and is_lit:
            self._focus = focus
            self.setFocus()  # else it would go on to something that has nothing to do with the drop
        self.is_lit = is_lit
        self.words.setText(LIT if is_lit else WORDS)
        for part in parts:
            part.setVisible(not is_lit)
        if not is_lit and self._focus is not None:
            if self.hasFocus():
                self._focus.setFocus()
            self._focus = None
        self.update()

    def set_calm(self, is_calm: bool) -> None:
        """Something else on the page has the filled button for now."""
        theme.style_as(self.choose, "" if is_calm else "primary")
        self.record.setEnabled(not is_calm)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        frame(painter, self, self.is_lit)
        look, side = theme.current(), theme.current().px(ICON_PX)
        top = self.words.y() - side - look.gap(16)
        tone = look.color("accent" if self.is_lit else "muted")
        painter.drawPixmap((self.width() - side) // 2, top, icons.pixmap("transcription", tone, side))


class Lit(QWidget):
    """Over the queue while files hover: it takes no clicks and is gone with them."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("transcription.drop-lit")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        look, painter = theme.current(), QPainter(self)
        veil = look.color("window")
        veil.setAlphaF(0.88)
        painter.fillRect(self.rect(), veil)
        frame(painter, self, True)
        side = look.px(ICON_PX)
        middle = self.rect().center()
        pixmap = icons.pixmap("transcription", look.color("accent"), side)
        painter.drawPixmap(middle.x() - side // 2, middle.y() - side, pixmap)
        painter.setFont(look.font("reading"))
        painter.setPen(look.color("text"))
        painter.drawText(self.rect().adjusted(0, side + look.gap(16), 0, 0), Qt.AlignmentFlag.AlignCenter, LIT)


def frame(painter: QPainter, widget: QWidget, is_lit: bool) -> None:
    """A dashed line round the place; accent over a tint while it is lit."""
    look = theme.current()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    inset = look.gap(16)
    box = QRectF(widget.rect().adjusted(inset, inset, -inset, -inset))
    pen = QPen(look.color("accent" if is_lit else "edge"), 2 if is_lit else look.hair)
    pen.setDashPattern([5, 4])
    painter.setPen(pen)
    painter.setBrush(look.color("selection") if is_lit else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(box, look.radius("card"), look.radius("card"))
