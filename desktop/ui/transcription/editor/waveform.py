"""The waveform of a recording: zoom, pan, seek, select, and move the edges of segments."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QScrollBar, QVBoxLayout, QWidget

from desktop.core.text import visible
from desktop.ui import theme
from desktop.ui.transcription.editor import words
from desktop.ui.transcription.editor.pyramid import RATE, STEP_MS, Piece, Pyramid
from desktop.ui.transcription.editor.waveform_image import Bands, drawn, palette

if TYPE_CHECKING:
    from desktop.core.transcript import Segment, Transcript

RULER = 22
GRIP = 5  # pixels on each side of an edge that take hold of it
CLOSEST = 1000 / RATE / 24  # milliseconds a pixel: a sample every 24 pixels
DOTS_FROM = 1000 / RATE / 4
STEPS_MS = (
    0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000,
    300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000,
)  # fmt: skip
MARK_PX = 84
EDGES_FROM = 6  # pixels a segment must be wide to have edges
TEXT_FROM = 56


class Waveform(QWidget):
    """Times in milliseconds. `sought` by a click, `chosen` a segment's id by a click on it, `selected` a stretch,
    `edge_moved` a segment's id with its new begin and end while (False) and after (True) it is dragged,
    `piece_wanted` a stretch whose samples are needed, `viewed` after zooming and panning."""

    sought = Signal(int)
    chosen = Signal(str)
    selected = Signal(int, int)
    edge_moved = Signal(str, int, int, bool)
    piece_wanted = Signal(int, int)
    viewed = Signal()
    play_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("editor.waveform")
        self.setAccessibleName("Waveform")
        self.setAccessibleDescription("Left and right pan, up and down zoom, Space plays.")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.begins, self.scale = 0.0, 10.0
        self.length = 0
        self.playhead = 0
        self.selection: tuple[int, int] | None = None
        self.current = ""
        self._is_whole = True  # all of it is shown, and stays so when the width changes
        self._pyramid = Pyramid()
        self._piece: Piece | None = None
        self._segments: tuple[Segment, ...] = ()
        self._starts: list[int] = []
        self._bands = Bands([], [], [])
        self._picture: QImage | None = None
        self._drag: _Drag | None = None
        look = theme.current()
        look.changed.connect(self._look_changed)
        self._look_changed()

    # What is shown

    def set_peaks(self, lows: bytes, highs: bytes, milliseconds: int) -> None:
        self._pyramid, self._piece = Pyramid(lows, highs), None
        self.length = max(milliseconds, self._pyramid.milliseconds)
        self.zoom_all()

    def set_transcript(self, transcript: Transcript) -> None:
        colors = {speaker.id: speaker.color for speaker in transcript.speakers}
        self._segments = transcript.segments
        self._starts = [each.begins for each in self._segments]
        self._bands = Bands(
            self._starts,
            [each.ends for each in self._segments],
            [colors.get(each.speaker, -1) for each in self._segments],
        )
        longest = max((each.ends for each in self._segments[-5:]), default=0)
        if max(transcript.milliseconds, longest) > self.length:
            self.length = max(transcript.milliseconds, longest)
            if self._is_whole:
                self.zoom_all()
        self._redraw()

    def set_piece(self, piece: Piece) -> None:
        """Decoded samples that were asked for."""
        self._piece = piece
        self._redraw()

    def set_playhead(self, moment: int, *, follow: bool) -> None:
        """Where it plays; with `follow` the view turns the page when the playhead leaves it."""
        old, self.playhead = self.playhead, moment
        if follow and self._drag is None and not self.begins <= moment <= self.ends:
            self.show_span(moment - 0.1 * self.span, moment + 0.9 * self.span)
            return
        for each in (old, moment):
            self.update(QRect(int(self.x_of(each)) - 6, 0, 12, self.height()))

    def set_current(self, id: str) -> None:
        if id != self.current:
            self.current = id
            self.update()

    def set_selection(self, begins: int, ends: int) -> None:
        self.selection = (begins, ends) if ends > begins else None
        self.update()

    # Places

    @property
    def span(self) -> float:
        """Milliseconds that are in view."""
        return self.scale * max(1, self.width())

    @property
    def ends(self) -> float:
        return self.begins + self.span

    def x_of(self, moment: float) -> float:
        return (moment - self.begins) / self.scale

    def moment_of(self, x: float) -> int:
        return round(min(max(0.0, self.begins + x * self.scale), float(self.length)))

    def zoom(self, factor: float, x: float | None = None) -> None:
        """Closer (above 1) or farther; the moment at `x` stays where it is."""
        at = self.width() / 2 if x is None else x
        moment = self.begins + at * self.scale
        farthest = max(self.length / max(1, self.width()), CLOSEST)
        self.scale = min(max(self.scale / factor, CLOSEST), farthest)
        self._is_whole = self.scale >= farthest
        self._move(moment - at * self.scale)

    def zoom_all(self) -> None:
        self.scale = max(self.length / max(1, self.width()), CLOSEST)
        self._is_whole = True
        self._move(0)

    def show_span(self, begins: float, ends: float) -> None:
        """Zoom so that a stretch fills the view."""
        self.scale = min(
            max((ends - begins) / max(1, self.width()), CLOSEST), max(self.length / max(1, self.width()), CLOSEST)
        )
        self._is_whole = False
        self._move(begins)

    def pan(self, pixels: float) -> None:
        self._move(self.begins + pixels * self.scale)

    def pan_to(self, begins: float) -> None:
        self._move(begins)

    def ensure_visible(self, begins: int, ends: int) -> None:
        """Pan as little as needed for a stretch to be seen."""
        if begins < self.begins or ends > self.ends:
            room = max(0.0, self.span - (ends - begins)) / 2
            self._move(begins - min(room, self.span * 0.2))

    def _move(self, begins: float) -> None:
        self.begins = min(max(0.0, begins), max(0.0, self.length - self.span))
        self._redraw()
        if self.scale < STEP_MS and self.length and not (self._piece and self._piece.holds(*self._shown())):
            self.piece_wanted.emit(int(max(0, self.begins - self.span)), int(min(self.length, self.ends + self.span)))
        self.viewed.emit()

    def _shown(self) -> tuple[float, float]:
        return self.begins, min(self.ends, self.length) - 2 * 1000 / RATE

    def _redraw(self) -> None:
        self._picture = None
        self.update()

    def _look_changed(self) -> None:
        look = theme.current()
        self.setMinimumHeight(look.px(96))
        self._colors = palette()
        self._tones = {name: look.color(name) for name in ("edge", "muted", "text", "accent", "panel", "line")}
        self._redraw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._is_whole:
            self.zoom_all()
        else:
            self._move(self.begins)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme.current()
        ruler = look.px(RULER)
        painter = QPainter(self)
        painter.setClipRect(event.rect())
        painter.drawImage(0, ruler, self._image())
        self._paint_samples(painter, ruler)
        self._paint_selection(painter, ruler)
        self._paint_segments(painter, ruler)
        self._paint_ruler(painter, ruler)
        self._paint_playhead(painter, ruler)
        if self.hasFocus():
            painter.setPen(QPen(self._tones["accent"], 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def _image(self) -> QImage:
        if self._picture is None:
            height = max(1, self.height() - theme.current().px(RULER))
            use_piece = self.scale < STEP_MS and self._piece is not None and self._piece.holds(*self._shown())
            source = self._piece if use_piece and self._piece is not None else self._pyramid
            self._picture = drawn(
                source, self._bands, self.begins, self.scale, self.width(), height, self._pyramid.gain, self._colors
            )
        return self._picture

    def _paint_samples(self, painter: QPainter, top: int) -> None:
        """Samples far enough apart to be told: a line through them, and a dot for each."""
        if self.scale > DOTS_FROM or self._piece is None:
            return
        middle, half = top + (self.height() - top + 3) / 2, ((self.height() - top - 3) / 2 - 2) * self._pyramid.gain
        points = [
            QPointF(self.x_of(at), middle - value * half) for at, value in self._piece.points(self.begins, self.ends)
        ]
        painter.setPen(QPen(self._tones["text"], 1))
        painter.drawPolyline(QPolygonF(points))
        if self.scale <= DOTS_FROM / 2:
            painter.setPen(QPen(self._tones["text"], 4))
            painter.drawPoints(QPolygonF(points))

    def _paint_selection(self, painter: QPainter, top: int) -> None:
        if self.selection is None:
            return
        color = QColor(self._tones["accent"])
        color.setAlphaF(0.28)
        left, right = (self.x_of(each) for each in self.selection)
        painter.fillRect(QRectF(left, top, right - left, self.height() - top), color)

    def _paint_segments(self, painter: QPainter, top: int) -> None:
        """Edges, and the words where they have room, of the segments in view if they are not too many."""
        look = theme.current()
        first = max(0, bisect_left(self._starts, self.begins) - 1)
        last = bisect_left(self._starts, self.ends)
        if last - first > self.width() // EDGES_FROM:
            self._paint_current(painter, top)
            return
        painter.setFont(look.font("caption"))
        metrics, high = painter.fontMetrics(), look.px(18)
        edge = self._tones["edge"]
        for segment in self._segments[first:last]:
            left, right = self.x_of(segment.begins), self.x_of(segment.ends)
            if right - left >= EDGES_FROM:
                painter.setPen(QPen(edge, 1))
                painter.drawLine(QPointF(left, top), QPointF(left, self.height()))
                painter.drawLine(QPointF(right, top), QPointF(right, self.height()))
            room = min(right, self.width()) - max(left, 0) - look.px(8)
            if room >= TEXT_FROM:
                shown = metrics.elidedText(
                    visible(" ".join(segment.text.split())), Qt.TextElideMode.ElideRight, int(room)
                )
                painter.setPen(self._tones["text"])
                painter.drawText(QRectF(max(left, 0) + look.px(4), top + 4, room, high), 0, shown)
        self._paint_current(painter, top)

    def _paint_current(self, painter: QPainter, top: int) -> None:
        found = next((each for each in self._in_view() if each.id == self.current), None)
        if found is not None:
            left, right = self.x_of(found.begins), self.x_of(found.ends)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._tones["accent"], 2))
            painter.drawRect(QRectF(left, top + 1, max(2.0, right - left), self.height() - top - 2))

    def _in_view(self) -> tuple[Segment, ...]:
        first = max(0, bisect_left(self._starts, self.begins) - 1)
        return self._segments[first : bisect_left(self._starts, self.ends)]

    def _paint_ruler(self, painter: QPainter, high: int) -> None:
        look = theme.current()
        painter.fillRect(0, 0, self.width(), high, self._tones["panel"])
        step = next((each for each in STEPS_MS if each / self.scale >= look.px(MARK_PX)), STEPS_MS[-1])
        digits = 0 if step >= 1000 else 1 if step >= 100 else 2 if step >= 10 else 3
        painter.setFont(look.font("caption"))
        at, pad, room = int(self.begins // step), look.px(4), look.px(MARK_PX)
        while at * step < self.ends:
            x = self.x_of(at * step)
            painter.setPen(self._tones["edge"])
            painter.drawLine(QPointF(x, high - 5), QPointF(x, high))
            painter.setPen(self._tones["muted"])
            text = words.clock(at * step, digits) if step >= 1 else f"{at * step / 1000:.4f}"
            painter.drawText(QRectF(x + pad, 0, room, high - 3), Qt.AlignmentFlag.AlignVCenter, text)
            at += 1
        painter.setPen(self._tones["line"])
        painter.drawLine(0, high - 1, self.width(), high - 1)

    def _paint_playhead(self, painter: QPainter, ruler: int) -> None:
        x = self.x_of(self.playhead)
        if -6 <= x <= self.width() + 6:
            color = self._tones["text"]
            painter.fillRect(QRectF(x - 1, ruler, 2, self.height() - ruler), color)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            tip = [QPointF(x - 5, ruler - 7), QPointF(x + 5, ruler - 7), QPointF(x, ruler)]
            painter.drawPolygon(QPolygonF(tip))

    # Mouse

    def _edge_at(self, x: float, y: float) -> tuple[Segment, bool] | None:
        """The segment whose begin (True) or end lies under the pointer; that of the current one before others."""
        if y < theme.current().px(RULER):
            return None
        near = sorted(self._in_view(), key=lambda each: each.id != self.current)
        found = None
        for segment in near[: self.width() // EDGES_FROM + 1]:
            left, right = self.x_of(segment.begins), self.x_of(segment.ends)
            if right - left < EDGES_FROM and segment.id != self.current:
                continue
            for edge, is_begin in ((left, True), (right, False)):
                distance = abs(x - edge)
                if distance <= GRIP and (found is None or distance < found[0]):
                    found = (distance, segment, is_begin)
        return None if found is None else found[1:]

    def mousePressEvent(self, event: QMouseEvent) -> None:
        x, y = event.position().x(), event.position().y()
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        is_middle = event.button() == Qt.MouseButton.MiddleButton
        if event.button() == Qt.MouseButton.LeftButton and (edge := self._edge_at(x, y)) is not None:
            self._drag = _Drag(x, self.begins, "begin" if edge[1] else "end", edge[0])
        elif is_middle or (event.button() == Qt.MouseButton.LeftButton and y < theme.current().px(RULER)):
            self._drag = _Drag(x, self.begins, "pan")
        elif event.button() == Qt.MouseButton.LeftButton:
            self._drag = _Drag(x, self.begins, "select")

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        drag = self._drag
        if drag is None:
            shape = (
                Qt.CursorShape.SplitHCursor if self._edge_at(x, event.position().y()) else Qt.CursorShape.ArrowCursor
            )
            self.setCursor(shape)
            return
        if not drag.is_moving and abs(x - drag.x) < 4:
            return
        drag.is_moving = True
        if drag.kind == "pan":
            self._move(drag.begins - (x - drag.x) * self.scale)
        elif drag.kind == "select":
            one, other = self.begins + drag.x * self.scale, self.moment_of(x)
            self.set_selection(*sorted((round(max(0.0, one)), other)))
        else:
            self._tell_edge(drag, x, is_done=False)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        drag, self._drag = self._drag, None
        if drag is None:
            return
        x = event.position().x()
        if drag.segment is not None and drag.is_moving:
            self._tell_edge(drag, x, is_done=True)
        elif drag.kind == "select" and drag.is_moving:
            self.selected.emit(*(self.selection or (0, 0)))
        elif not drag.is_moving and event.button() == Qt.MouseButton.LeftButton:
            self._clicked(x)

    def _clicked(self, x: float) -> None:
        moment = self.moment_of(x)
        had = self.selection
        self.set_selection(0, 0)
        if had:
            self.selected.emit(0, 0)
        found = next((each for each in reversed(self._in_view()) if each.begins <= moment < each.ends), None)
        self.sought.emit(moment)
        if found is not None:
            self.chosen.emit(found.id)

    def _tell_edge(self, drag: _Drag, x: float, *, is_done: bool) -> None:
        segment = drag.segment
        assert segment is not None
        moment = self.moment_of(x)
        begins = moment if drag.kind == "begin" else segment.begins
        ends = moment if drag.kind == "end" else segment.ends
        self.edge_moved.emit(segment.id, begins, ends, is_done)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms at the pointer; sideways, or with Shift, it pans."""
        turned, sideways = event.angleDelta().y(), event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier or abs(sideways) > abs(turned):
            self.pan(-(sideways or turned))
        elif turned:
            self.zoom(1.2 ** (turned / 120), event.position().x())
        event.accept()

    def event(self, event: QEvent) -> bool:
        """Tab plays and pauses, before Qt takes it for a change of focus; Shift+Tab and F6 leave."""
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Tab:
            self.play_wanted.emit()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, quarter = event.key(), self.width() / 4
        if event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier):
            super().keyPressEvent(event)
            return
        done = {
            Qt.Key.Key_Left: lambda: self.pan(-quarter),
            Qt.Key.Key_Right: lambda: self.pan(quarter),
            Qt.Key.Key_Plus: lambda: self.zoom(1.5, self._anchor()),
            Qt.Key.Key_Minus: lambda: self.zoom(1 / 1.5, self._anchor()),
            Qt.Key.Key_Up: lambda: self.zoom(1.5, self._anchor()),
            Qt.Key.Key_Down: lambda: self.zoom(1 / 1.5, self._anchor()),
            Qt.Key.Key_Home: lambda: self._move(0),
            Qt.Key.Key_End: lambda: self._move(self.length),
            Qt.Key.Key_0: self.zoom_all,
            Qt.Key.Key_Space: self.play_wanted.emit,
        }.get(Qt.Key(key))
        if done is None:
            super().keyPressEvent(event)
        else:
            done()

    def _anchor(self) -> float:
        """The playhead where it is in view, else the middle."""
        x = self.x_of(self.playhead)
        return x if 0 <= x <= self.width() else self.width() / 2


class _Drag:
    """What is dragged since the press at `x`; `begins` was the left edge of the view then."""

    def __init__(self, x: float, begins: float, kind: str, segment: Segment | None = None) -> None:
        self.x, self.begins, self.kind, self.segment, self.is_moving = x, begins, kind, segment, False


class WaveformPane(QWidget):
    """The waveform over its scrollbar."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.waveform = Waveform(self)
        self.bar = QScrollBar(Qt.Orientation.Horizontal, self)
        self.bar.setObjectName("editor.waveform-scroll")
        self.bar.setAccessibleName("Place in the recording")
        self._is_showing = False
        self.bar.valueChanged.connect(self._scrolled)
        self.waveform.viewed.connect(self._show_place)
        column.addWidget(self.waveform, 1)
        column.addWidget(self.bar)

    def _show_place(self) -> None:
        view = self.waveform
        self._is_showing = True
        self.bar.setRange(0, max(0, round(view.length - view.span)))
        self.bar.setPageStep(max(1, round(view.span)))
        self.bar.setSingleStep(max(1, round(view.span / 20)))
        self.bar.setValue(round(view.begins))
        self._is_showing = False

    def _scrolled(self, value: int) -> None:
        if not self._is_showing:
            self.waveform.pan_to(value)
