"""The popover of the rate gauge: what each model's server has left, when it is whole again, and the last hour."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QPen, QPolygonF, QShowEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from desktop.core.text import visible
from desktop.ui import theme
from desktop.ui.widgets.chart_scale import thin
from desktop.ui.widgets.labels import ElidedLabel, plain_label
from desktop.ui.widgets.popover import Popover

if TYPE_CHECKING:
    from desktop.services.rate_limits import Gauge

HOUR = 3_600_000_000
SECOND_MS = 1000
MOST_MODELS = 8
NOTHING = "No server has named a limit in the last hour."


def until(micros: int | None, now: float) -> str:
    """Time to a reset, counting down: "in 12 s", "in 3 min 05 s"; nothing where none was named."""
    if micros is None:
        return ""
    seconds = -(-(micros - round(now * 1_000_000)) // 1_000_000)  # up, so that it ends with the last second
    if seconds <= 0:
        return "whole again"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"in {hours} h {minutes:02} min"
    return f"in {minutes} min {rest:02} s" if minutes else f"in {rest} s"


def left(remaining: int | None, of: int | None) -> str:
    if remaining is None:
        return "–"
    return f"{thin(remaining)} of {thin(of)}" if of else thin(remaining)


class Sparkline(QWidget):
    """The share that was left over the last hour: the newest at the right edge, full at the top."""

    def __init__(self, now: Callable[[], float], parent: QWidget) -> None:
        super().__init__(parent)
        self._now = now
        self._points: tuple[tuple[int, float], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_points(self, points: tuple[tuple[int, float], ...]) -> None:
        """Microseconds and the share left, oldest first."""
        self._points = points
        lowest = min((share for _, share in points), default=1.0)
        self.setAccessibleName(f"Last hour: at least {lowest:.0%} was left".replace("%", " %"))
        self.update()

    def sizeHint(self) -> QSize:
        look = theme.current()
        return QSize(look.px(120), look.px(24))

    def paintEvent(self, event: QPaintEvent) -> None:
        look, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(1, 2, self.width() - 4, self.height() - 4)
        painter.fillRect(QRectF(0, box.bottom(), self.width(), look.hair), look.color("line"))
        if not self._points:
            return
        now = round(self._now() * 1_000_000)
        places = [self._place(box, at, share, now) for at, share in self._points]
        painter.setPen(QPen(look.color("accent"), 1.5))
        painter.drawPolyline(QPolygonF(places))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.color("accent"))
        painter.drawEllipse(places[-1], 2.0, 2.0)

    @staticmethod
    def _place(box: QRectF, at: int, share: float, now: int) -> QPointF:
        past = min(1.0, max(0.0, (now - at) / HOUR))
        return QPointF(box.right() - past * box.width(), box.bottom() - max(0.0, min(1.0, share)) * box.height())


class RateRow:
    """One model's labels in the grid; their texts change, they stay."""

    def __init__(self, grid: QGridLayout, line: int, now: Callable[[], float], parent: QWidget) -> None:
        look = theme.current()
        self._now = now
        self.name = ElidedLabel("", parent)
        self.name.setMinimumWidth(look.px(140))
        self.history = Sparkline(now, parent)
        self.requests, self.requests_reset = plain_label("", "", parent), plain_label("", "caption", parent)
        self.tokens, self.tokens_reset = plain_label("", "", parent), plain_label("", "caption", parent)
        grid.addWidget(self.name, line, 0)
        grid.addWidget(self.history, line, 3, 2, 1)
        for column, (figure, reset) in enumerate(
            ((self.requests, self.requests_reset), (self.tokens, self.tokens_reset)), 1
        ):
            figure.setFont(look.font("figures"))
            grid.addWidget(figure, line, column, Qt.AlignmentFlag.AlignRight)
            grid.addWidget(reset, line + 1, column, Qt.AlignmentFlag.AlignRight)
        grid.setRowMinimumHeight(line + 2, look.gap(8))

    def show_gauge(self, gauge: Gauge) -> None:
        now = self._now()
        self.name.setText(visible(gauge.model))
        self.requests.setText(left(gauge.remaining_requests, gauge.limit_requests))
        self.requests_reset.setText(until(gauge.requests_reset_at, now))
        self.tokens.setText(left(gauge.remaining_tokens, gauge.limit_tokens))
        self.tokens_reset.setText(until(gauge.tokens_reset_at, now))
        self.history.show_points(gauge.history)


class RatePopover(Popover):
    """`asked` comes when it opens and each second while it is open: answer by `show_gauges`."""

    asked = Signal()

    def __init__(self, window: QWidget, now: Callable[[], float] = time.time) -> None:
        super().__init__("footer.rates", "Rate limits", window)
        self._now = now
        self.rows: list[RateRow] = []
        self._content: QWidget | None = None
        self._models: tuple[str, ...] | None = None
        self._tick = QTimer(self, interval=SECOND_MS)
        self._tick.timeout.connect(self.asked)
        theme.current().changed.connect(self._anew)
        self.show_gauges(())

    def show_gauges(self, gauges: Sequence[Gauge]) -> None:
        """The tightest first. The same models keep their rows, so that nothing flickers while it counts down."""
        shown = gauges[:MOST_MODELS]
        models = tuple(gauge.model for gauge in shown)
        if models != self._models:
            self._models = models
            self._build(len(shown))
        for row, gauge in zip(self.rows, shown, strict=True):
            row.show_gauge(gauge)
        if self._anchor is not None:
            self.place_above(self._anchor)

    def _build(self, count: int) -> None:
        look = theme.current()
        if self._content is not None:
            self.column.removeWidget(self._content)
            self._content.hide()
            self._content.deleteLater()
        self._content = QWidget(self)
        grid = QGridLayout(self._content)
        grid.setContentsMargins(look.gap(16), look.gap(12), look.gap(16), look.gap(8))
        grid.setHorizontalSpacing(look.gap(16))
        grid.setVerticalSpacing(0)
        heads = ("What the servers have left", "Requests", "Tokens", "Last hour")
        for at, head in enumerate(heads if count else heads[:1]):
            side = Qt.AlignmentFlag.AlignRight if at in (1, 2) else Qt.AlignmentFlag.AlignLeft
            grid.addWidget(plain_label(head, "caption" if at else "strong"), 0, at, side)
        grid.setRowMinimumHeight(1, look.gap(8))
        self.rows = [RateRow(grid, 2 + 3 * at, self._now, self._content) for at in range(count)]
        if not count:
            grid.addWidget(plain_label(NOTHING, "muted"), 2, 0)
        self.column.addWidget(self._content)
        self._content.show()

    def _anew(self) -> None:
        self._models = None
        if self.isVisible():
            self.asked.emit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tick.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._tick.stop()
