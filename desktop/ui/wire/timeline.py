"""The timeline of a call: a bar for each try, drawn to one scale, and what each stretch took."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from desktop.core.text import visible
from desktop.ui import theme
from desktop.ui.widgets.tooltip import tip
from desktop.ui.wire import words
from desktop.ui.wire.phases import CONNECT, NAMES, PAUSE, SEND, STREAM, TLS, WAIT, Phase, Try

COLOURS = {
    CONNECT: "chart_3",
    TLS: "chart_4",
    SEND: "chart_7",
    WAIT: "chart_2",
    STREAM: "chart_1",
    PAUSE: "edge",
}
ROW, BAR, LINE = 24, 14, 18  # pixels of the papers
LABEL = "Try 10 · 000"
SHOWN_TRIES = 50


class Timeline(QWidget):
    """Tells the same in words to a screen reader: its accessible description."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("wire.timeline")
        self.setAccessibleName("Timeline")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self._tries: tuple[Try, ...] = ()
        self._end = 1.0
        theme.current().changed.connect(self.updateGeometry)

    def show_tries(self, tries: tuple[Try, ...], end_ms: float) -> None:
        self._tries, self._end = tries[:SHOWN_TRIES], max(end_ms, 0.001)
        self.setAccessibleDescription("\n".join(described(each) for each in self._tries))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        look = theme.current()
        return QSize(look.px(240), look.px(ROW) * max(1, len(self._tries)) + look.px(LINE) + look.gap(4))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    # -- where things are

    def _frame(self) -> QRectF:
        """The rectangle of all bars, without their labels."""
        look = theme.current()
        label = QFontMetrics(look.font("caption")).horizontalAdvance(LABEL) + look.gap(8)
        return QRectF(label, 0, max(1, self.width() - label - look.gap(4)), look.px(ROW) * len(self._tries))

    def _box(self, at: int, phase: Phase) -> QRectF:
        look, frame = theme.current(), self._frame()
        left = frame.left() + frame.width() * phase.start / self._end
        right = frame.left() + frame.width() * min(1.0, phase.end / self._end)
        top = at * look.px(ROW) + (look.px(ROW) - look.px(BAR)) / 2
        return QRectF(left, top, max(2.0, right - left), look.px(BAR))

    def phase_at(self, point: QPointF) -> tuple[Try, Phase] | None:
        """The stretch under a point; of those that are too narrow to be hit, the nearest."""
        at = int(point.y() // theme.current().px(ROW))
        if not 0 <= at < len(self._tries):
            return None
        near = [
            (abs(self._box(at, phase).center().x() - point.x()) - self._box(at, phase).width() / 2, phase)
            for phase in self._tries[at].phases
        ]
        distance, phase = min(near, key=lambda each: each[0], default=(99.0, None))
        return (self._tries[at], phase) if phase is not None and distance < 4 else None

    # -- Qt's events

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(look.font("caption"))
        self._draw_scale(painter)
        for at, each in enumerate(self._tries):
            self._draw_try(painter, at, each)
        if self.hasFocus():
            painter.setPen(look.color("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        painter.end()

    def _draw_scale(self, painter: QPainter) -> None:
        look, frame = theme.current(), self._frame()
        metrics = QFontMetrics(look.font("caption"))
        parts = max(1, min(4, int(frame.width() // look.px(110))))
        for number in range(parts + 1):
            x = frame.left() + frame.width() * number / parts
            painter.setPen(look.color("line"))
            painter.drawLine(QPointF(x, 0), QPointF(x, frame.bottom()))
            text = words.duration(self._end * number / parts) if number else "0"
            wide = metrics.horizontalAdvance(text)
            left = min(x - wide / 2, frame.right() - wide) if number else x
            painter.setPen(look.color("muted"))
            box = QRectF(left, frame.bottom() + look.gap(2), wide + 2, look.px(LINE))
            painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text)

    def _draw_try(self, painter: QPainter, at: int, each: Try) -> None:
        look = theme.current()
        status = each.attempt.status
        label = f"Try {each.number}" + (f" · {status}" if status is not None else "")
        painter.setPen(look.color("bad" if (status or 0) >= 400 else "text"))
        place = QRectF(0, at * look.px(ROW), self._frame().left(), look.px(ROW))
        painter.drawText(place, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), label)
        painter.setPen(Qt.PenStyle.NoPen)
        for phase in each.phases:
            colour = look.color(COLOURS[phase.name])
            brush = QBrush(colour, Qt.BrushStyle.BDiagPattern if phase.name == PAUSE else Qt.BrushStyle.SolidPattern)
            painter.setBrush(brush)
            painter.drawRect(self._box(at, phase))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            found = self.phase_at(QPointF(event.pos()))
            if found is not None:
                each, phase = found
                said = f"{phase.name}: {words.duration(phase.ms)}, from {words.duration(phase.start)}"
                if phase.name == PAUSE:
                    said += f"\n{each.attempt.reason}"
                QToolTip.showText(event.globalPos(), tip(said), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)


class Legend(QWidget):
    """What each stretch took in the last try that got so far: a swatch, its name, its time; as many as fit a line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("wire.legend")
        self.setAccessibleName("Times")
        self._parts: list[tuple[str, str]] = []
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme.current().changed.connect(self.updateGeometry)

    def show_tries(self, tries: tuple[Try, ...]) -> None:
        self._parts = legend(tries)
        self.setAccessibleDescription(", ".join(f"{name} {time}" for name, time in self._parts))
        self.updateGeometry()
        self.update()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        look = theme.current()
        return (self._places(width)[1] + 1) * look.px(LINE + 4)

    def sizeHint(self) -> QSize:
        return QSize(200, self.heightForWidth(self.width() or 400))

    def _places(self, width: int) -> tuple[list[tuple[float, int]], int]:
        """Left edge and line of each part, and the last line."""
        look = theme.current()
        metrics = QFontMetrics(look.font("caption"))
        places, x, line = [], 0.0, 0
        for name, time in self._parts:
            wide = look.px(14) + metrics.horizontalAdvance(f"{name} {time}") + look.gap(16)
            if x and x + wide > width:
                x, line = 0.0, line + 1
            places.append((x, line))
            x += wide
        return places, line

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(look.font("caption"))
        metrics = QFontMetrics(look.font("caption"))
        side, tall = look.px(8), look.px(LINE + 4)
        for (x, line), (name, time) in zip(self._places(self.width())[0], self._parts, strict=True):
            y = line * tall
            colour = look.color(COLOURS[name])
            painter.setPen(Qt.PenStyle.NoPen)
            style = Qt.BrushStyle.BDiagPattern if name == PAUSE else Qt.BrushStyle.SolidPattern
            painter.setBrush(QBrush(colour, style))
            painter.drawRect(QRectF(x, y + (tall - side) / 2, side, side))
            left = x + look.px(14)
            painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
            across = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            painter.drawText(QRectF(left, y, 400, tall), across, name)
            painter.setPen(look.color("muted"))
            painter.drawText(QRectF(left + metrics.horizontalAdvance(name + " "), y, 400, tall), across, time)
        painter.end()


def legend(tries: tuple[Try, ...]) -> list[tuple[str, str]]:
    """Each kind of stretch with what it took: pauses in all, the rest of the last try."""
    if not tries:
        return []
    last = {phase.name: phase for phase in tries[-1].phases}
    pause = sum(each.pause_ms for each in tries)
    found = []
    for name in NAMES:
        if name == PAUSE and pause:
            found.append((name, words.duration(pause)))
        elif name in last and name != PAUSE:
            found.append((name, words.duration(last[name].ms)))
    return found


def described(each: Try) -> str:
    """A try in words."""
    status = f", status {each.attempt.status}" if each.attempt.status is not None else ""
    spent = ", ".join(f"{phase.name.lower()} {words.duration(phase.ms)}" for phase in each.phases)
    reused = ", on a connection that was there already" if each.attempt.is_reused else ""
    return visible(f"Try {each.number}{status}{reused}: {spent or 'nothing yet'}.")
