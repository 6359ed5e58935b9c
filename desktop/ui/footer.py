"""The foot of the window: profile and connection, engine, rate limit, jobs, the meter. Plain values in, signals out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from desktop.ui import icons, theme
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.tooltip import no_mnemonic, set_tip

DOTS = {"good": "good", "waiting": "warn", "bad": "bad", "off": "edge"}
BLOCKS = 4


@dataclass(frozen=True, slots=True)
class CostRow:
    """What one model came to. `dollars` in words: "$0.0041", "free" or "unpriced"."""

    name: str
    calls: int
    input: int
    cached: int
    output: int
    reasoning: int
    dollars: str


class Footer(QFrame):
    profile_wanted = Signal()  # the button was pressed: the window shows its menu
    engine_stop_wanted = Signal()
    breakdown_wanted = Signal()  # fill the popover by `set_breakdown`
    jobs_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("footer")
        self.setAccessibleName("State of the window")
        theme.style_as(self, "footer-bar")
        self._row = QHBoxLayout(self)
        self.profile = self._button("footer.profile", "Profile", self.profile_wanted.emit)
        self.dot = StateDot(self)
        self._row.addWidget(self.dot)
        self._row.addWidget(self.profile)
        self.engine = plain_label("", "foot", self)
        self.engine.setObjectName("footer.engine")
        self._row.addWidget(self.engine)
        self.engine_stop = self._button("footer.engine-stop", "Free its memory", self.engine_stop_wanted.emit)
        theme.style_as(self.engine_stop, "footer-action")
        self._row.addWidget(self.engine_stop)
        self.plain_http = self._mark("footer.plain-http", "warning", "warn")
        self.offline = self._mark("footer.offline", "offline", "muted")
        self._row.addStretch(1)
        self.rate_label = plain_label("rate", "foot", self)
        self._row.addWidget(self.rate_label)
        self.rate = RateGauge(self)
        self._row.addWidget(self.rate)
        self.jobs = self._button("footer.jobs", "Running jobs", self.jobs_wanted.emit)
        self._row.addWidget(self.jobs)
        self.cost = self._button("footer.cost", "Cost of this session", self._open_breakdown)
        icons.put(self.cost, "down")
        self.cost.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the arrow after the figure
        self.cost.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._row.addWidget(self.cost)
        theme.current().changed.connect(self._measure)
        self._measure()
        self.set_profile("", "off", "Starting")
        self.set_engine("")
        self.set_plain_http("")
        self.set_offline(False)
        self.set_rate(None, "")
        self.set_jobs(0, None)
        self.set_cost("", 0)

    @cached_property
    def breakdown(self) -> Breakdown:
        """The meter's popover, made when it is first opened."""
        return Breakdown(self.window())

    def set_profile(self, name: str, state: str, words: str) -> None:
        """`state`: "good", "waiting", "bad" or "off"; `words` say it for those who do not see the dot."""
        self.dot.set_state(state, words)
        self.profile.setText(no_mnemonic(name) if name else words)
        self.profile.setAccessibleName(f"Profile {name}: {words}" if name else words)
        set_tip(self.profile, f"{words}. Click to change the profile.")

    def set_engine(self, words: str, can_stop: bool = False) -> None:
        """What the local server or one of its engines is doing, and whether its memory can be given back."""
        self.engine.setText(words)
        self.engine.setVisible(bool(words))
        self.engine_stop.setText("Free its memory")
        self.engine_stop.setVisible(can_stop)

    def set_plain_http(self, host: str) -> None:
        """A host that is reached without encryption; "" for none."""
        self.plain_http.setText(f"not encrypted: {host}" if host else "")
        self.plain_http.setAccessibleName(f"The connection to {host} is not encrypted")
        self.plain_http.parentWidget().setVisible(bool(host))

    def set_offline(self, is_offline: bool) -> None:
        self.offline.setText("off line")
        self.offline.setAccessibleName("Off line: nothing is sent")
        self.offline.parentWidget().setVisible(is_offline)

    def set_rate(self, share_left: float | None, words: str) -> None:
        """What is left of the server's limit, from 0 to 1; None hides the gauge."""
        self.rate.set_share(share_left, words)
        self.rate.setVisible(share_left is not None)
        self.rate_label.setVisible(share_left is not None)

    def set_jobs(self, count: int, share_done: float | None) -> None:
        done = "" if share_done is None else f" {share_done:.0%}".replace("%", " %")
        self.jobs.setText(f"{count} job{'s' if count != 1 else ''}{done}")
        self.jobs.setVisible(count > 0)

    def set_cost(self, words: str, tokens: int) -> None:
        """Dollars of the session in words, and its tokens."""
        shown = words or "$0"
        self.cost.setText(f"{shown} · {tokens:,} tokens".replace(",", "\u202f") if tokens else shown)
        self.cost.setAccessibleName(f"Cost of this session: {shown}, {tokens} tokens. Opens the breakdown.")
        set_tip(self.cost, "What this session came to, by model")

    def set_breakdown(self, rows: Sequence[CostRow], today: str, month: str) -> None:
        """`today` and `month` are dollars in words."""
        self.breakdown.fill(rows, today, month)
        self.breakdown.place_above(self.cost)

    def _open_breakdown(self) -> None:
        if self.breakdown.isVisible():
            self.breakdown.hide()
            return
        self.breakdown_wanted.emit()
        self.breakdown.place_above(self.cost)
        self.breakdown.show()
        self.breakdown.raise_()
        self.breakdown.setFocus()

    def _button(self, name: str, text: str, work: Callable[[], object]) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setAccessibleName(text)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setProperty("icon_px", 12)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        theme.style_as(button, "footer")
        button.clicked.connect(lambda: work())
        return button

    def _mark(self, name: str, icon: str, tone: str) -> QLabel:
        box = QWidget(self)
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        sign = Sign(icon, tone, box)
        label = plain_label("", "foot-warn" if tone == "warn" else "foot", box)
        label.setObjectName(name)
        row.addWidget(sign)
        row.addWidget(label)
        self._row.addWidget(box)
        return label

    def _measure(self) -> None:
        look = theme.current()
        self.setFixedHeight(look.size("footer"))
        self._row.setContentsMargins(look.gap(12), look.hair, look.gap(8), 0)
        self._row.setSpacing(look.gap(4))
        font = look.font("figures")
        font.setPixelSize(look.px(12))
        self.cost.setFont(font)


class StateDot(QWidget):
    """A dot in the colour of the connection's state; its shape says it too: full, half, crossed or a ring."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("footer.state")
        self._state = "off"
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_state(self, state: str, words: str) -> None:
        self._state = state
        self.setAccessibleName(words)
        set_tip(self, words)
        self.update()

    def sizeHint(self) -> QSize:
        side = theme.current().px(10)
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = theme.current().color(DOTS[self._state])
        box = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        pen = painter.pen()
        pen.setColor(colour)
        pen.setWidthF(1.5)
        painter.setPen(pen)
        if self._state == "good":
            painter.setBrush(colour)
        painter.drawEllipse(box)
        if self._state == "waiting":
            painter.setBrush(colour)
            painter.drawPie(box, 90 * 16, 180 * 16)
        elif self._state == "bad":
            painter.drawLine(box.topLeft() + QPoint(1, 1), box.bottomRight() - QPoint(1, 1))


class RateGauge(QWidget):
    """What is left of the rate limit, in four blocks."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("footer.rate")
        self._share = 1.0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_share(self, share: float | None, words: str) -> None:
        self._share = 1.0 if share is None else max(0.0, min(1.0, share))
        self.setAccessibleName(f"Rate limit: {words}" if words else "Rate limit")
        set_tip(self, words)
        self.update()

    def sizeHint(self) -> QSize:
        px = theme.current().px
        return QSize(px(6) * BLOCKS + px(2) * (BLOCKS - 1), px(12))

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme.current()
        painter = QPainter(self)
        tone = look.color("bad" if self._share < 0.1 else "warn" if self._share < 0.25 else "good")
        width, gap = look.px(6), look.px(2)
        for at in range(BLOCKS):
            full = max(0.0, min(1.0, self._share * BLOCKS - at))
            box = QRectF(at * (width + gap), 0, width, self.height())
            painter.fillRect(box, look.color("line"))
            painter.fillRect(QRectF(box.left(), box.bottom() - box.height() * full, width, box.height() * full), tone)


class Sign(QWidget):
    """A small icon that is no button."""

    def __init__(self, icon: str, tone: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._icon, self._tone = icon, tone
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        side = theme.current().px(14)
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme.current()
        QPainter(self).drawPixmap(0, 0, icons.pixmap(self._icon, look.color(self._tone), self.width()))


class Breakdown(QFrame):
    """The popover of the meter: by model, then today and this month. Escape and a look elsewhere close it."""

    HEADS = ("Model", "Calls", "In", "Cached", "Out", "Reasoning", "Cost")

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("footer.breakdown")
        self.setAccessibleName("What this session came to")
        theme.style_as(self, "popover")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._anchor: QWidget | None = None
        self.hide()
        self._column = QVBoxLayout(self)
        self._content: QWidget | None = None
        self.fill((), "", "")

    def fill(self, rows: Sequence[CostRow], today: str, month: str) -> None:
        look = theme.current()
        if self._content is not None:
            self._column.removeWidget(self._content)
            self._content.hide()
            self._content.deleteLater()
        self._content = QWidget(self)
        grid = QGridLayout(self._content)
        grid.setContentsMargins(look.gap(12), look.gap(8), look.gap(12), look.gap(8))
        grid.setHorizontalSpacing(look.gap(16))
        grid.setVerticalSpacing(look.gap(8))
        self._head(grid)
        for at, row in enumerate(rows, 2):
            self._fill_row(grid, at, row)
        if not rows:
            grid.addWidget(plain_label("Nothing was sent in this session.", "muted"), 2, 0, 1, len(self.HEADS))
        rule = QFrame()
        theme.style_as(rule, "line")
        rule.setFixedHeight(look.hair)
        below = len(rows) + 3
        grid.addWidget(rule, below, 0, 1, len(self.HEADS))
        for at, (name, words) in enumerate((("Today", today), ("This month", month)), below + 1):
            grid.addWidget(plain_label(name), at, 0)
            self._figure(grid, at, len(self.HEADS) - 1, words or "–")
        self._column.addWidget(self._content)
        self._content.show()  # it may come while the popover is open
        self._column.setContentsMargins(look.hair, look.hair, look.hair, look.hair)
        self.adjustSize()

    def place_above(self, anchor: QWidget) -> None:
        """At the right above the footer, in front of the page."""
        self._anchor = anchor
        self.adjustSize()
        window, gap = self.parentWidget(), theme.current().gap(8)
        assert window is not None  # it is made with one
        top = anchor.mapTo(window, QPoint(0, 0)).y()
        self.move(window.width() - self.width() - gap, top - self.height() - gap)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.hide()
            if self._anchor is not None:
                self._anchor.setFocus()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if self._anchor is None or not self._anchor.underMouse():  # a click there closes by itself
            self.hide()

    def _head(self, grid: QGridLayout) -> None:
        grid.addWidget(plain_label("This session", "strong"), 0, 0, 1, len(self.HEADS))
        for at, text in enumerate(self.HEADS):
            label = plain_label(text, "caption")
            side = Qt.AlignmentFlag.AlignLeft if at == 0 else Qt.AlignmentFlag.AlignRight
            grid.addWidget(label, 1, at, side)

    def _fill_row(self, grid: QGridLayout, at: int, row: CostRow) -> None:
        name = plain_label(row.name or "unknown model")
        name.setMaximumWidth(theme.current().px(280))
        grid.addWidget(name, at, 0)
        for column, count in enumerate((row.calls, row.input, row.cached, row.output, row.reasoning), 1):
            self._figure(grid, at, column, f"{count:,}".replace(",", "\u202f"), "muted" if not count else "")
        self._figure(grid, at, len(self.HEADS) - 1, row.dollars)

    def _figure(self, grid: QGridLayout, row: int, column: int, text: str, kind: str = "") -> None:
        label = plain_label(text, kind)
        label.setFont(theme.current().font("figures"))
        grid.addWidget(label, row, column, Qt.AlignmentFlag.AlignRight)
