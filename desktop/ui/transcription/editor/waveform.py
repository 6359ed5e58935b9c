"""The waveform of a recording: zoom, pan, seek, select, and move the edges of segments."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from desktop.ui import theme
from desktop.ui.transcription.editor.pyramid import RATE, STEP_MS, Piece, Pyramid
from desktop.ui.transcription.editor.tab_key import is_tab
from desktop.ui.transcription.editor.time_scale import TimeScale
from desktop.ui.transcription.editor.waveform_image import Bands, drawn, palette
from desktop.ui.transcription.editor.waveform_paint import EDGES_FROM, RULER, WaveformPaint

if TYPE_CHECKING:
    from desktop.core.transcript import Segment, Transcript

GRIP = 5  # pixels on each side of an edge that take hold of it
DRAG_FROM = 4  # pixels after which a press is no click any more
PLAYHEAD_HALF = 6


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
        self.time = TimeScale()
        self.playhead = 0
        self.selection: tuple[int, int] | None = None
        self.piece: Piece | None = None  # the samples that are known, of about what is in view
        self._current = self._hovered = ""
        self._pyramid = Pyramid()
        self._segments: tuple[Segment, ...] = ()
        self._speakers: dict[str, int] = {}  # the colour of each
        self._starts: list[int] = []
        self._bands = Bands([], [], [])
        self._picture: QImage | None = None
        self._drag: _Drag | None = None
        look = theme.current()
        look.changed.connect(self._look_changed)
        self._look_changed()

    # What is shown

    def set_peaks(self, lows: bytes, highs: bytes, milliseconds: int) -> None:
        """Another recording."""
        self._pyramid, self.piece = Pyramid(lows, highs), None
        self.time.length = max(milliseconds, self._pyramid.milliseconds)
        self.selection = None
        self.zoom_all()

    def set_transcript(self, transcript: Transcript) -> None:
        colors = {speaker.id: speaker.color for speaker in transcript.speakers}
        is_same = colors == self._speakers and _stand_the_same(self._segments, transcript.segments)
        self._segments, self._speakers = transcript.segments, colors
        if is_same:
            self.update()  # other words at most, as while somebody is typing
            return
        self._starts = [each.begins for each in self._segments]
        self._bands = Bands(
            self._starts,
            [each.ends for each in self._segments],
            [colors.get(each.speaker, -1) for each in self._segments],
        )
        longest = max((each.ends for each in self._segments[-5:]), default=0)
        if max(transcript.milliseconds, longest) > self.time.length:
            self.time.length = max(transcript.milliseconds, longest)
            if self.time.is_whole:
                self.zoom_all()
        self._redraw()

    def set_piece(self, piece: Piece) -> None:
        """Decoded samples that were asked for."""
        self.piece = piece
        self._redraw()

    def set_playhead(self, moment: int, *, follow: bool) -> None:
        """Where it plays; with `follow` the view turns the page when the playhead leaves it."""
        old, self.playhead = self.playhead, moment
        time = self.time
        if follow and self._drag is None and not time.begins <= moment <= time.ends:
            self.show_span(moment - 0.1 * time.span, moment + 0.9 * time.span)
            return
        for each in (old, moment):
            self.update(QRect(int(time.x_of(each)) - PLAYHEAD_HALF, 0, 2 * PLAYHEAD_HALF, self.height()))

    def set_current(self, id: str) -> None:
        if id != self._current:
            self._current = id
            self.update()

    def set_selection(self, begins: int, ends: int) -> None:
        self.selection = (begins, ends) if ends > begins else None
        self.update()

    # Zoom and pan

    def zoom(self, factor: float, x: float | None = None) -> None:
        """Closer (above 1) or farther, at a pixel or in the middle."""
        self.time.zoom(factor, self.width() / 2 if x is None else x)
        self._viewed()

    def zoom_all(self) -> None:
        self.time.show_all()
        self._viewed()

    def show_span(self, begins: float, ends: float) -> None:
        """Zoom so that a stretch fills the view."""
        self.time.show_span(begins, ends)
        self._viewed()

    def pan(self, pixels: float) -> None:
        self.pan_to(self.time.begins + pixels * self.time.scale)

    def pan_to(self, begins: float) -> None:
        self.time.begin_at(begins)
        self._viewed()

    def ensure_visible(self, begins: int, ends: int) -> None:
        """Pan as little as needed for a stretch to be seen."""
        if self.time.bring_in(begins, ends):
            self._viewed()

    def _viewed(self) -> None:
        self._redraw()
        time = self.time
        if time.scale < STEP_MS and time.length and not self._has_piece():
            wanted = time.begins - time.span, time.ends + time.span
            self.piece_wanted.emit(int(max(0, wanted[0])), int(min(time.length, wanted[1])))
        self.viewed.emit()

    def _has_piece(self) -> bool:
        """Whether the samples of all that is in view are known."""
        ends = min(self.time.ends, self.time.length) - 2 * 1000 / RATE
        return self.piece is not None and self.piece.holds(self.time.begins, ends)

    def _redraw(self) -> None:
        self._picture = None
        self.update()

    def _look_changed(self) -> None:
        self.setMinimumHeight(theme.current().px(112))
        self._colors = palette()
        self._redraw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.time.resize(self.width())
        self._viewed()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setClipRect(event.rect())
        painter.drawImage(0, theme.current().px(RULER), self._image())
        paint = WaveformPaint(painter, self.time, self.height())
        paint.samples(self.piece, self._pyramid.gain)
        seen = self._in_view()
        paint.segments(seen)
        for name, draw in ((self._hovered, paint.hovered), (self._current, paint.current)):
            if name and (found := next((each for each in seen if each.id == name), None)) is not None:
                draw(found)
        paint.ruler()
        if self.selection is not None:
            paint.selection(self.selection)
        paint.playhead(self.playhead)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.current().color("accent"), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def _image(self) -> QImage:
        if self._picture is None:
            height = max(1, self.height() - theme.current().px(RULER))
            use_piece = self.time.scale < STEP_MS and self._has_piece()
            source = self.piece if use_piece and self.piece is not None else self._pyramid
            self._picture = drawn(source, self._bands, self.time, height, self._pyramid.gain, self._colors)
        return self._picture

    def _in_view(self) -> tuple[Segment, ...]:
        first = max(0, bisect_left(self._starts, self.time.begins) - 1)
        return self._segments[first : bisect_left(self._starts, self.time.ends)]

    # Mouse

    def _edge_at(self, x: float, y: float) -> tuple[Segment, bool] | None:
        """The segment whose begin (True) or end lies under the pointer; that of the current one before others."""
        if y < theme.current().px(RULER):
            return None
        near = sorted(self._in_view(), key=lambda each: each.id != self._current)
        found = None
        for segment in near[: self.width() // EDGES_FROM + 1]:
            left, right = self.time.x_of(segment.begins), self.time.x_of(segment.ends)
            if right - left < EDGES_FROM and segment.id != self._current:
                continue
            for edge, is_begin in ((left, True), (right, False)):
                distance = abs(x - edge)
                if distance <= GRIP and (found is None or distance < found[0]):
                    found = (distance, segment, is_begin)
        return None if found is None else found[1:]

    def _segment_at(self, moment: int) -> Segment | None:
        return next((each for each in reversed(self._in_view()) if each.begins <= moment < each.ends), None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        x, y = event.position().x(), event.position().y()
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        is_left = event.button() == Qt.MouseButton.LeftButton
        if is_left and (edge := self._edge_at(x, y)) is not None:
            self._drag = _Drag(x, self.time.begins, "begin" if edge[1] else "end", edge[0])
        elif event.button() == Qt.MouseButton.MiddleButton or (is_left and y < theme.current().px(RULER)):
            self._drag = _Drag(x, self.time.begins, "pan")
        elif is_left:
            self._drag = _Drag(x, self.time.begins, "select")

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x, drag = event.position().x(), self._drag
        if drag is None:
            self._hover(x, event.position().y())
            return
        if not drag.is_moving and abs(x - drag.x) < DRAG_FROM:
            return
        drag.is_moving = True
        if drag.kind == "pan":
            self.pan_to(drag.begins - (x - drag.x) * self.time.scale)
        elif drag.kind == "select":
            self.set_selection(*sorted((self.time.moment_of(drag.x), self.time.moment_of(x))))
        else:
            self._tell_edge(drag, x, is_done=False)

    def _hover(self, x: float, y: float) -> None:
        edge = self._edge_at(x, y)
        self.setCursor(Qt.CursorShape.SplitHCursor if edge is not None else Qt.CursorShape.ArrowCursor)
        is_over = y >= theme.current().px(RULER)
        found = edge[0] if edge is not None else self._segment_at(self.time.moment_of(x)) if is_over else None
        self._set_hovered(found.id if found is not None else "")

    def _set_hovered(self, id: str) -> None:
        if id != self._hovered:
            self._hovered = id
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._set_hovered("")

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
        moment = self.time.moment_of(x)
        self._select_nothing()
        self.sought.emit(moment)
        if (found := self._segment_at(moment)) is not None:
            self.chosen.emit(found.id)

    def _select_nothing(self) -> None:
        if self.selection is not None:
            self.set_selection(0, 0)
            self.selected.emit(0, 0)

    def _tell_edge(self, drag: _Drag, x: float, *, is_done: bool) -> None:
        segment = drag.segment
        assert segment is not None
        moment = self.time.moment_of(x)
        begins = moment if drag.kind == "begin" else segment.begins
        ends = moment if drag.kind == "end" else segment.ends
        self.edge_moved.emit(segment.id, begins, ends, is_done)

    def _give_up_drag(self) -> None:
        """Esc while something is dragged: as it was."""
        drag, self._drag = self._drag, None
        if drag is not None and drag.segment is not None:
            self.edge_moved.emit(drag.segment.id, drag.segment.begins, drag.segment.ends, True)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms at the pointer; sideways, or with Shift, it pans."""
        turned, sideways = event.angleDelta().y(), event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier or abs(sideways) > abs(turned):
            self.pan(-(sideways or turned))
        elif turned:
            self.zoom(1.2 ** (turned / 120), event.position().x())
        event.accept()

    # Keys

    def event(self, event: QEvent) -> bool:
        if is_tab(event):
            self.play_wanted.emit()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        quarter = self.width() / 4
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
            Qt.Key.Key_Home: lambda: self.pan_to(0),
            Qt.Key.Key_End: lambda: self.pan_to(self.time.length),
            Qt.Key.Key_0: self.zoom_all,
            Qt.Key.Key_Space: self.play_wanted.emit,
            Qt.Key.Key_Escape: self._give_up_drag if self._drag is not None else self._select_nothing,
        }.get(Qt.Key(event.key()))
        if done is None:
            super().keyPressEvent(event)
        else:
            done()

    def _anchor(self) -> float:
        """The playhead where it is in view, else the middle."""
        x = self.time.x_of(self.playhead)
        return x if 0 <= x <= self.width() else self.width() / 2


def _stand_the_same(old: Sequence[Segment], new: Sequence[Segment]) -> bool:
    """Whether segments have the same times and speakers, whatever they say."""
    return len(old) == len(new) and all(
        one is other or (one.begins, one.ends, one.speaker) == (other.begins, other.ends, other.speaker)
        for one, other in zip(old, new, strict=True)
    )


class _Drag:
    """What is dragged since the press at `x`; `begins` was the left edge of the view then."""

    def __init__(self, x: float, begins: float, kind: str, segment: Segment | None = None) -> None:
        self.x, self.begins, self.kind, self.segment, self.is_moving = x, begins, kind, segment, False
