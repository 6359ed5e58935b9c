"""One line that a click opens: above reasoning or a tool's call, or in place of a whole turn."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPainterPath, QPen

from desktop.ui.widgets.markdown import Kind, Piece
from desktop.ui.widgets.transcript_block import Block, Marks
from desktop.ui.widgets.transcript_ink import Ink


class Fold(Block):
    """`lead` says whose turn it stands for."""

    def __init__(self, words: str, ink: Ink, *, lead: str = "", is_open: bool = False) -> None:
        super().__init__(Piece(Kind.PROSE, words), ink)
        self.is_open = is_open
        self._lead = lead
        self._width = 0.0

    def guess(self, width: float) -> float:
        return float(self.ink.px(24))

    def prepare(self, width: float) -> None:
        self.height, self.is_exact = self.guess(width), True
        self._width = width

    def paint(self, painter: QPainter, clip: QRectF, marks: Marks) -> None:
        ink = self.ink
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(ink.color["muted"], 1.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        middle, side = self.height / 2, ink.px(4)
        chevron = QPainterPath()
        if self.is_open:
            chevron.moveTo(0, middle - side / 2)
            chevron.lineTo(side, middle + side / 2)
            chevron.lineTo(2 * side, middle - side / 2)
        else:
            chevron.moveTo(side / 2, middle - side)
            chevron.lineTo(side * 1.5, middle)
            chevron.lineTo(side / 2, middle + side)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(chevron)
        self._paint_words(painter)

    def _paint_words(self, painter: QPainter) -> None:
        ink, x = self.ink, float(self.ink.px(16))
        left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        if self._lead:
            painter.setFont(ink.strong)
            painter.setPen(ink.color["muted"])
            painter.drawText(QRectF(x, 0, self._width, self.height), left, self._lead)
            x += max(ink.px(72), QFontMetricsF(ink.strong).horizontalAdvance(self._lead) + ink.px(12))
        painter.setFont(ink.body)
        painter.setPen(ink.color["text" if self._lead and not self.is_open else "muted"])
        room = max(0.0, self._width - x)
        words = QFontMetricsF(ink.body).elidedText(self.piece.source, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(x, 0, room, self.height), left, words)
