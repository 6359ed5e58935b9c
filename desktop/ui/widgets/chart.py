"""Stacked bars painted by us: exact sums, an axis in round steps, read by mouse, by keys and by a screen reader."""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetrics,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.core.text import visible
from desktop.ui import theme
from desktop.ui.widgets.chart_legend import Readout, is_patterned, paint_part
from desktop.ui.widgets.chart_scale import DOLLARS, Bars, Unit, axis, every

WIDEST_BAR, FILLED = 48, 0.72
STEP_ROOM = 44
JUMP = 7  # bars a page key passes: a week of days


class BarChart(QWidget):
    """`current_changed` carries the place of the bar that is read out, or -1; `chosen` one that was asked for."""

    current_changed = Signal(int)
    chosen = Signal(int)

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.bars, self.unit, self.current = Bars(), DOLLARS, -1
        self._hidden: frozenset[str] = frozenset()
        self._heights: tuple[Decimal, ...] = ()
        self._marks: tuple[Decimal, ...] = (Decimal(0),)
        self._empty = ""
        self._readout: Readout | None = None
        theme.current().changed.connect(self._themed)
        self._themed()

    @property
    def readout(self) -> Readout:
        """The card of one bar: a child of the window, because it may be higher than the chart."""
        if self._readout is None or self._readout.parentWidget() is not self.window():
            self._readout = Readout(self.window())
        return self._readout

    # What it is told

    def set_bars(self, bars: Bars, unit: Unit = DOLLARS) -> None:
        """New figures; what was read out is let go of when the bars are others."""
        is_same = bars.names == self.bars.names
        self.bars, self.unit = bars, unit
        self._weigh()
        self._go(self.current if is_same else -1)

    def set_hidden(self, names: frozenset[str]) -> None:
        """Parts that are not drawn and not counted."""
        self._hidden = names
        self._weigh()
        self._go(self.current)

    def set_empty(self, sentence: str) -> None:
        """What stands here when there is nothing to draw."""
        self._empty = sentence
        self._go(self.current)

    def reading(self, at: int) -> str:
        """A bar in one sentence: "15 November: $1.20. gpt-x $1.00, gpt-y $0.20"."""
        if not 0 <= at < len(self.bars.names):
            return ""
        parts = [f"{visible(name)} {words}" for _, name, words in self._rows(at)]
        more = [self._sum_words(at), ", ".join(parts) if len(parts) > 1 or self._hidden else "", self._note(at)]
        return f"{self.bars.names[at]}: " + ". ".join(filter(None, more))

    def bar_at(self, position: QPointF) -> int:
        """The place of the bar under a point, or -1."""
        plot = self._plot()
        if not self.bars.names or not plot.left() <= position.x() < plot.right():
            return -1
        return min(len(self.bars.names) - 1, int((position.x() - plot.left()) / self._slot()))

    # Where things stand

    def sizeHint(self) -> QSize:
        look = theme.current()
        return QSize(look.px(480), look.px(220))

    def minimumSizeHint(self) -> QSize:
        look = theme.current()
        return QSize(look.px(160), look.px(112))

    def _weigh(self) -> None:
        self._heights = self.bars.heights(self._hidden)
        room = max(2, min(5, self.height() // max(1, theme.current().px(STEP_ROOM))))
        self._marks = axis(max(self._heights, default=Decimal(0)), wanted=room, is_whole=self.unit.is_whole)
        self.update()

    def _axis_words(self) -> list[str]:
        step = self._marks[1] if len(self._marks) > 1 else Decimal(1)
        return [self.unit.mark(mark, step) for mark in self._marks]

    def _plot(self) -> QRectF:
        look = theme.current()
        metrics = QFontMetrics(look.font("caption"))
        left = max(map(metrics.horizontalAdvance, self._axis_words())) + look.gap(8)
        below, above = metrics.height() + look.gap(8), metrics.height() // 2 + look.gap(4)
        return QRectF(left, above, max(1, self.width() - left - look.gap(4)), max(1, self.height() - above - below))

    def _slot(self) -> float:
        return self._plot().width() / max(1, len(self.bars.names))

    def _y(self, value: Decimal, plot: QRectF) -> float:
        """Snapped to the screen's own pixels, so that edges are sharp at any scale."""
        top = self._marks[-1]
        share = float(value / top) if top else 0.0
        return self._snap(plot.bottom() - share * plot.height())

    def _snap(self, at: float) -> float:
        ratio = self.devicePixelRatioF()
        return round(at * ratio) / ratio

    def _bar(self, at: int, plot: QRectF) -> tuple[float, float]:
        """Left and right edge of a bar."""
        slot = plot.width() / len(self.bars.names)
        width = max(1.0, min(theme.current().px(WIDEST_BAR), slot * FILLED))
        middle = plot.left() + slot * (at + 0.5)
        left = self._snap(middle - width / 2)
        return left, max(left + 1, self._snap(middle + width / 2))

    # How it is drawn

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        plot = self._plot()
        if not any(self._heights):
            self._draw_empty(painter)
            return
        self._draw_current(painter, plot)
        self._draw_axis(painter, plot)
        for at in range(len(self.bars.names)):
            self._draw_bar(painter, plot, at)
        self._draw_marks(painter, plot)

    def _draw_empty(self, painter: QPainter) -> None:
        look = theme.current()
        painter.setPen(look.color("muted"))
        painter.setFont(look.font("body"))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(self.rect(), flags, visible(self._empty))
        if self.hasFocus():
            painter.setPen(QPen(look.color("accent"), 2))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), look.radius("control"), look.radius("control"))

    def _draw_current(self, painter: QPainter, plot: QRectF) -> None:
        if not 0 <= self.current < len(self.bars.names):
            return
        look, slot = theme.current(), self._slot()
        left = self._snap(plot.left() + slot * self.current)
        box = QRectF(left, plot.top(), self._snap(left + slot) - left, plot.height())
        painter.fillRect(box, look.color("hover"))
        if self.hasFocus():
            painter.setPen(QPen(look.color("accent"), 2))
            painter.drawRect(box.adjusted(1, 1, -1, 0))

    def _draw_axis(self, painter: QPainter, plot: QRectF) -> None:
        look = theme.current()
        painter.setFont(look.font("caption"))
        height = painter.fontMetrics().height()
        for mark, words in zip(self._marks, self._axis_words(), strict=True):
            y = self._y(mark, plot)
            is_base = mark == 0
            if is_base or not is_patterned():
                line = QRectF(plot.left(), y, plot.width(), look.hair)
                painter.fillRect(line, look.color("edge" if is_base else "line"))
            else:  # quieter than the patterns it runs behind
                painter.setPen(QPen(look.color("line"), 1, Qt.PenStyle.DotLine))
                painter.drawLine(QPointF(plot.left(), y + 0.5), QPointF(plot.right(), y + 0.5))
            painter.setPen(look.color("muted"))
            box = QRectF(0, y - height / 2, plot.left() - look.gap(8), height)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)

    def _draw_bar(self, painter: QPainter, plot: QRectF, at: int) -> None:
        """From the bottom up; the edges are those of the running sum, so the pile is as high as the sum says."""
        if not self._heights[at]:
            return
        left, right = self._bar(at, plot)
        pixel = 1 / self.devicePixelRatioF()
        below, bottom = Decimal(0), self._y(Decimal(0), plot)
        for place, part in reversed(list(enumerate(self.bars.parts))):
            if part.name in self._hidden or not part.values[at]:
                continue
            below += part.values[at]
            top = min(self._y(below, plot), self._y(Decimal(0), plot) - pixel)  # never nothing where something is
            if bottom - top >= pixel / 2:
                gap = pixel if bottom - top > 3 and bottom < self._y(Decimal(0), plot) else 0
                paint_part(painter, QRectF(left, top, right - left, bottom - top - gap), place, part.name)
            bottom = min(bottom, top)

    def _draw_marks(self, painter: QPainter, plot: QRectF) -> None:
        """Names under the bars, as many as have room; the last bar always has its own."""
        look = theme.current()
        painter.setFont(look.font("caption"))
        metrics, slot = painter.fontMetrics(), self._slot()
        widths = [metrics.horizontalAdvance(mark) for mark in self.bars.marks]
        step, last = every(widths, slot, look.gap(12)), len(self.bars.marks) - 1
        top = plot.bottom() + look.gap(4)
        for at, (mark, width) in enumerate(zip(self.bars.marks, widths, strict=True)):
            if (last - at) % step and at != self.current:
                continue
            if at != self.current and self._meets_current(at, widths, slot):
                continue
            left = plot.left() + slot * (at + 0.5) - width / 2
            left = max(0.0, min(left, self.width() - width))
            painter.setPen(look.color("text" if at == self.current else "muted"))
            painter.drawText(QPointF(left, top + metrics.ascent()), mark)

    def _meets_current(self, at: int, widths: list[int], slot: float) -> bool:
        if not 0 <= self.current < len(widths):
            return False
        return abs(at - self.current) * slot < (widths[at] + widths[self.current]) / 2 + theme.current().gap(4)

    # What is read out

    def _rows(self, at: int) -> list[tuple[int, str, str]]:
        found = [(place, part.name, part.values[at]) for place, part in enumerate(self.bars.parts)]
        return [
            (place, name, self.unit.words(value)) for place, name, value in found if value and name not in self._hidden
        ]

    def _sum_words(self, at: int) -> str:
        """Nothing for 0 where the note says what there was: what has no price did not cost 0."""
        return self.unit.words(self._heights[at]) if self._heights[at] or not self._note(at) else ""

    def _note(self, at: int) -> str:
        return self.bars.notes[at] if at < len(self.bars.notes) else ""

    def _go(self, at: int) -> None:
        at = max(-1, min(at, len(self.bars.names) - 1))
        changed, self.current = at != self.current, at
        self.setAccessibleDescription(self.reading(at) or self._empty)
        self._show_readout()
        self.update()
        if changed:
            self.current_changed.emit(at)

    def _show_readout(self) -> None:
        if self.current < 0 or not any(self._heights):
            if self._readout is not None:
                self._readout.hide()
            return
        at = self.current
        self.readout.fill(self.bars.names[at], self._rows(at), self._sum_words(at), self._note(at))
        self._place_readout()
        self.readout.show()
        self.readout.raise_()

    def _place_readout(self) -> None:
        """Beside the bar, over the wider half of the chart."""
        plot, look = self._plot(), theme.current()
        left, right = self._bar(self.current, plot)
        width, gap, card = self.readout.width(), look.gap(8), self.readout
        window = self.window()
        origin = self.mapTo(window, QPoint(0, 0))
        is_left_half = left + right < plot.left() + plot.right()
        x = origin.x() + (right + gap if is_left_half else left - gap - width)
        card.move(
            max(0, min(int(x), window.width() - width)),
            max(0, min(origin.y() + int(plot.top()), window.height() - card.height())),
        )

    # Qt's events

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._go(self.bar_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        if not self.hasFocus():
            self._go(-1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        at = self.bar_at(event.position())
        if at >= 0 and event.button() is Qt.MouseButton.LeftButton:
            self._go(at)
            self.chosen.emit(at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = len(self.bars.names) - 1
        steps = {
            Qt.Key.Key_Left: max(0, self.current - 1),
            Qt.Key.Key_Right: min(last, self.current + 1),
            Qt.Key.Key_PageUp: max(0, self.current - JUMP),
            Qt.Key.Key_PageDown: min(last, self.current + JUMP),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
            Qt.Key.Key_Escape: -1,
        }
        key = Qt.Key(event.key())
        if key in steps and (key is not Qt.Key.Key_Escape or self.current >= 0):
            self._go(steps[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.current >= 0:
            self.chosen.emit(self.current)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if self.current < 0 and event.reason() is not Qt.FocusReason.MouseFocusReason:
            filled = [at for at, height in enumerate(self._heights) if height]
            self._go(filled[-1] if filled else len(self.bars.names) - 1)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._go(-1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._weigh()
        if self.current >= 0:
            self._show_readout()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._go(-1)

    def _themed(self) -> None:
        self.setMinimumSize(self.minimumSizeHint())
        self._weigh()
        self._show_readout()
