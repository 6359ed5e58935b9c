"""What is drawn over the picture of the waveform: ruler, segments, edges, what is selected, the playhead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from desktop.core.subtitles.breaks import flat
from desktop.core.text import visible
from desktop.ui.transcription.editor import words
from desktop.ui.transcription.editor.ink import ink
from desktop.ui.transcription.editor.pyramid import Piece
from desktop.ui.transcription.editor.time_scale import DOTS_FROM, TimeScale
from desktop.ui.transcription.editor.waveform_image import LABELS

if TYPE_CHECKING:
    from desktop.core.transcript import Segment

RULER = 22
STEPS_MS = (
    0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000,
    300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000,
)  # fmt: skip
MARK_PX = 84  # at least between two marks of the ruler
EDGES_FROM = 6  # pixels a segment must be wide to have edges
TEXT_FROM = 32


def mark(moment: float, step: float) -> str:
    """A moment on the ruler, as finely as marks `step` milliseconds apart need it."""
    if step < 1:
        whole, tenth = divmod(round(moment * 10), 10)
        return f"{words.clock(whole, 3)}{tenth}"
    return words.clock(moment, 0 if step >= 1000 else 1 if step >= 100 else 2 if step >= 10 else 3)


class WaveformPaint:
    """Draws on `painter` what `time` has in view, `height` pixels high."""

    def __init__(self, painter: QPainter, time: TimeScale, height: int) -> None:
        self._painter, self._time, self._height = painter, time, height
        self._look = ink()
        self._top = self._look.px(RULER)
        self._wave_top = self._top + self._look.px(LABELS)

    def ruler(self) -> None:
        look, time, high = self._look, self._time, self._top
        self._painter.fillRect(0, 0, time.width, high, look.color("panel"))
        step = next((each for each in STEPS_MS if each / time.scale >= look.px(MARK_PX)), STEPS_MS[-1])
        self._painter.setFont(look.font("caption"))
        at, pad, room = int(time.begins // step), look.px(4), look.px(MARK_PX)
        while at * step < time.ends:
            x = time.x_of(at * step)
            self._painter.setPen(look.color("edge"))
            self._painter.drawLine(QPointF(x, high - 5), QPointF(x, high))
            self._painter.setPen(look.color("muted"))
            told = mark(at * step, step)
            self._painter.drawText(QRectF(x + pad, 0, room, high - 3), Qt.AlignmentFlag.AlignVCenter, told)
            at += 1
        self._painter.setPen(look.color("line"))
        self._painter.drawLine(0, high - 1, time.width, high - 1)

    def samples(self, piece: Piece | None, gain: float) -> None:
        """Samples far enough apart to be told: a line through them, and a dot for each."""
        if self._time.scale > DOTS_FROM or piece is None:
            return
        half = (self._height - self._wave_top) / 2
        middle, reach = self._wave_top + half, (half - 2) * gain
        line = QPolygonF(
            [
                QPointF(self._time.x_of(at), middle - value * reach)
                for at, value in piece.points(self._time.begins, self._time.ends)
            ]
        )
        self._painter.setPen(QPen(self._look.color("text"), 1))
        self._painter.drawPolyline(line)
        if self._time.scale <= DOTS_FROM / 2:
            self._painter.setPen(QPen(self._look.color("text"), 4))
            self._painter.drawPoints(line)

    def segments(self, some: Sequence[Segment]) -> None:
        """A gap at each edge, and the words where they have room; nothing of it where they are too many."""
        if len(some) > self._time.width // EDGES_FROM:
            return
        look = self._look
        self._painter.setFont(look.font("caption"))
        for segment in some:
            left, right = self._edges(segment)
            if right - left >= EDGES_FROM:
                self._painter.setPen(QPen(look.color("card"), 1))
                for x in (left, right):
                    self._painter.drawLine(QPointF(x, self._top), QPointF(x, self._height))
            self._label(segment, max(left, 0), min(right, self._time.width))

    def _label(self, segment: Segment, left: float, right: float) -> None:
        look = self._look
        room = right - left - look.px(10)
        if room < look.px(TEXT_FROM):
            return
        text = visible(flat(segment.text))
        elided = self._painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(room))
        self._painter.setPen(look.color("text"))
        place = QRectF(left + look.px(6), self._top + look.px(2), room, look.px(LABELS) - look.px(2))
        self._painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)

    def hovered(self, segment: Segment) -> None:
        """The edges that can be dragged."""
        veil = QColor(self._look.color("text"))
        veil.setAlphaF(0.06)
        left, right = self._edges(segment)
        self._painter.fillRect(QRectF(left, self._top, right - left, self._height - self._top), veil)
        self._grips(left, right, self._look.color("muted"))

    def current(self, segment: Segment) -> None:
        left, right = self._edges(segment)
        accent, round_ = self._look.color("accent"), self._look.px(4)
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        self._painter.setPen(QPen(accent, 2))
        frame = QRectF(left, self._top + 1, max(2.0, right - left), self._height - self._top - 2)
        self._painter.drawRoundedRect(frame, round_, round_)
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._grips(left, right, accent)

    def _grips(self, left: float, right: float, color: QColor) -> None:
        """A handle on each edge, where there is room for two."""
        wide, high = self._look.px(4), self._look.px(20)
        if right - left < 4 * wide:
            return
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._painter.setPen(Qt.PenStyle.NoPen)
        self._painter.setBrush(color)
        top = self._wave_top + (self._height - self._wave_top - high) / 2
        for x in (left, right):
            self._painter.fillRect(QRectF(x - 1, self._top, 2, self._height - self._top), color)
            self._painter.drawRoundedRect(QRectF(x - wide / 2, top, wide, high), wide / 2, wide / 2)
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def selection(self, span: tuple[int, int]) -> None:
        """A veil between two lines, and how long it is, in the ruler."""
        look, accent = self._look, self._look.color("accent")
        left, right = (self._time.x_of(each) for each in span)
        veil = QColor(accent)
        veil.setAlphaF(0.22)
        self._painter.fillRect(QRectF(left, self._top, right - left, self._height - self._top), veil)
        for x in (left, right):
            self._painter.fillRect(QRectF(x - 1, self._top, 2, self._height - self._top), accent)
        told = f"{(span[1] - span[0]) / 1000:.2f} s"
        self._painter.setFont(look.font("caption", semibold=True))
        wide = self._painter.fontMetrics().horizontalAdvance(told) + look.px(12)
        if wide > right - left:
            return
        pill = QRectF((left + right - wide) / 2, look.px(3), wide, self._top - look.px(6))
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._painter.setPen(Qt.PenStyle.NoPen)
        self._painter.setBrush(accent)
        self._painter.drawRoundedRect(pill, pill.height() / 2, pill.height() / 2)
        self._painter.setPen(look.color("accent_text"))
        self._painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, told)
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def playhead(self, moment: int) -> None:
        x, color, top = self._time.x_of(moment), self._look.color("text"), self._top
        if -6 <= x <= self._time.width + 6:
            self._painter.fillRect(QRectF(x - 1, top, 2, self._height - top), color)
            self._painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._painter.setPen(Qt.PenStyle.NoPen)
            self._painter.setBrush(color)
            tip = [QPointF(x - 5, top - 8), QPointF(x + 5, top - 8), QPointF(x + 5, top - 4), QPointF(x, top + 2)]
            self._painter.drawPolygon(QPolygonF([*tip, QPointF(x - 5, top - 4)]))

    def _edges(self, segment: Segment) -> tuple[float, float]:
        return self._time.x_of(segment.begins), self._time.x_of(segment.ends)
