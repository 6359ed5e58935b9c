"""The foot of the window: profile and connection, engine, rate limit, jobs, the meter. Plain values in, signals out."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from desktop.ui import icons, theme

if TYPE_CHECKING:
    from desktop.ui.meter_popover import Breakdown, Spending
    from desktop.ui.rate_popover import RatePopover

DOTS = {"good": "good", "waiting": "warn", "bad": "bad", "off": "edge"}
BLOCKS = 4


class Footer(QFrame):
    profile_wanted = Signal()  # the button was pressed: the window shows its menu
    engine_stop_wanted = Signal()
    breakdown_wanted = Signal()  # fill the popover by `set_breakdown`
    reset_wanted = Signal()  # count the session from now on
    usage_wanted = Signal()
    rates_wanted = Signal()  # answer by `rates.show_gauges`, each second while the popover is open
    jobs_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("footer")
        self.setAccessibleName("State of the window")
        theme.style_as(self, "footer-bar")
        self._row = QHBoxLayout(self)
        self._is_complete = False
        self.dot = StateDot(self)
        self._row.addWidget(self.dot)
        self.profile = self._button("footer.profile", "Profile", self.profile_wanted.emit)
        self.profile.setText("Starting")
        self._row.addWidget(self.profile)
        self._row.addStretch(1)
        self.cost = self._button("footer.cost", "Cost of this session", self._open_breakdown)
        self.set_cost("", 0)
        icons.put(self.cost, "down")
        self.cost.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the arrow after the figure
        self.cost.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.cost.setToolTip("What this session came to, by model")
        self._row.addWidget(self.cost)
        theme.current().changed.connect(self._measure)
        self._measure()

    def complete(self) -> None:
        """Make what is hidden as long as nothing is known; the first picture of a window comes without it."""
        if self._is_complete:
            return
        from desktop.ui.widgets.labels import plain_label

        self._is_complete = True
        self.engine = plain_label("", "foot", self)
        self.engine.setObjectName("footer.engine")
        self.engine_stop = self._button("footer.engine-stop", "Free its memory", self.engine_stop_wanted.emit)
        theme.style_as(self.engine_stop, "footer-action")
        self.plain_http = self._mark("footer.plain-http", "warning", "warn")
        self.offline = self._mark("footer.offline", "offline", "muted")
        self.rate_label = plain_label("rate", "foot", self)
        self.rate = RateGauge(self)
        self.rate.clicked.connect(self.open_rates)
        self.jobs = self._button("footer.jobs", "Running jobs", self.jobs_wanted.emit)
        self.budget = self._mark("footer.budget", "warning", "warn")
        self._insert(2, self.engine, self.engine_stop, self.plain_http.parentWidget(), self.offline.parentWidget())
        self._insert(self._row.count() - 1, self.rate_label, self.rate, self.jobs, self.budget.parentWidget())
        for before, after in pairwise((self.profile, self.engine_stop, self.rate, self.jobs, self.cost)):
            QWidget.setTabOrder(before, after)
        if not self.profile.toolTip():
            self.set_profile("", "off", "Starting")

    def _insert(self, at: int, *widgets: QWidget | None) -> None:
        """Side by side into the row, not shown yet."""
        for place, widget in enumerate(filter(None, widgets), at):
            widget.hide()
            self._row.insertWidget(place, widget)

    @cached_property
    def breakdown(self) -> Breakdown:
        """The meter's popover, made when it is first opened."""
        from desktop.ui.meter_popover import Breakdown

        made = Breakdown(self.window())
        made.reset_wanted.connect(self.reset_wanted)
        made.usage_wanted.connect(self._leave_for_usage)
        return made

    @cached_property
    def rates(self) -> RatePopover:
        """The gauge's popover, made when it is first opened."""
        from desktop.ui.rate_popover import RatePopover

        made = RatePopover(self.window())
        made.asked.connect(self.rates_wanted)
        return made

    def set_profile(self, name: str, state: str, words: str) -> None:
        """`state`: "good", "waiting", "bad" or "off"; `words` say it for those who do not see the dot."""
        self.dot.set_state(state, words)
        from desktop.ui.widgets.tooltip import no_mnemonic, set_tip

        self.profile.setText(no_mnemonic(name) if name else words)
        self.profile.setAccessibleName(f"Profile {name}: {words}" if name else words)
        set_tip(self.profile, f"{words}. Click to change the profile.")

    def set_engine(self, words: str, can_stop: bool = False) -> None:
        """What the local server or one of its engines is doing, and whether its memory can be given back."""
        self.complete()
        self.engine.setText(words)
        self.engine.setVisible(bool(words))
        self.engine_stop.setText("Free its memory")
        self.engine_stop.setVisible(can_stop)

    def set_plain_http(self, host: str) -> None:
        """A host that is reached without encryption; "" for none."""
        self.complete()
        self.plain_http.setText(f"not encrypted: {host}" if host else "")
        self.plain_http.setAccessibleName(f"The connection to {host} is not encrypted")
        self.plain_http.parentWidget().setVisible(bool(host))

    def set_offline(self, is_offline: bool) -> None:
        self.complete()
        self.offline.setText("off line")
        self.offline.setAccessibleName("Off line: nothing is sent")
        self.offline.parentWidget().setVisible(is_offline)

    def set_rate(self, share_left: float | None, words: str) -> None:
        """What is left of the server's limit, from 0 to 1; None hides the gauge."""
        self.complete()
        self.rate.set_share(share_left, words)
        self.rate.setVisible(share_left is not None)
        self.rate_label.setVisible(share_left is not None)

    def set_jobs(self, count: int, share_done: float | None) -> None:
        self.complete()
        done = "" if share_done is None else f" {share_done:.0%}".replace("%", " %")
        self.jobs.setText(f"{count} job{'s' if count != 1 else ''}{done}")
        self.jobs.setVisible(count > 0)

    def set_cost(self, words: str, tokens: int) -> None:
        """Dollars of the session in words, and its tokens."""
        shown = words or "$0"
        self.cost.setText(f"{shown} · {tokens:,} tokens".replace(",", "\u202f") if tokens else shown)
        self.cost.setAccessibleName(f"Cost of this session: {shown}, {tokens} tokens. Opens the breakdown.")

    def set_budget(self, words: str, level: str) -> None:
        """How near a budget is, in words; `level` "warn" or "reached", "" hides it."""
        self.complete()
        self.budget.setText(words)
        self.budget.setAccessibleName(f"Budget: {words}")
        theme.style_as(self.budget, "foot-bad" if level == "reached" else "foot-warn")
        self.budget.parentWidget().setVisible(bool(level))

    def set_breakdown(self, spending: Spending) -> None:
        self.breakdown.fill(spending)
        self.breakdown.place_above(self.cost)

    def _open_breakdown(self) -> None:
        if not self.breakdown.isVisible():
            self.breakdown_wanted.emit()
        self.breakdown.open_above(self.cost)

    def open_rates(self) -> None:
        if not self.rates.isVisible():
            self.rates_wanted.emit()
        self.rates.open_above(self.rate if self.rate.isVisible() else self.cost)

    def _leave_for_usage(self) -> None:
        self.breakdown.hide()
        self.usage_wanted.emit()

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
        from desktop.ui.widgets.labels import plain_label

        box = QWidget(self)
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        sign = Sign(icon, tone, box)
        label = plain_label("", "foot-warn" if tone == "warn" else "foot", box)
        label.setObjectName(name)
        row.addWidget(sign)
        row.addWidget(label)
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
        from desktop.ui.widgets.tooltip import set_tip

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


class RateGauge(QAbstractButton):
    """What is left of the rate limit, in four blocks; pressed, it opens all of it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("footer.rate")
        self._share = 1.0
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_share(self, share: float | None, words: str) -> None:
        from desktop.ui.widgets.tooltip import set_tip

        self._share = 1.0 if share is None else max(0.0, min(1.0, share))
        self.setAccessibleName(f"Rate limit: {words}" if words else "Rate limit")
        set_tip(self, f"{words}. Click for each model." if words else "")
        self.update()

    def sizeHint(self) -> QSize:
        px = theme.current().px
        return QSize(px(6) * BLOCKS + px(2) * (BLOCKS - 1) + 2 * px(4), px(20))

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme.current()
        painter = QPainter(self)
        if self.underMouse():
            painter.fillRect(self.rect(), look.color("hover"))
        if self.hasFocus():
            painter.setPen(QPen(look.color("accent"), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        tone = look.color("bad" if self._share < 0.1 else "warn" if self._share < 0.25 else "good")
        width, gap, inset = look.px(6), look.px(2), look.px(4)
        for at in range(BLOCKS):
            full = max(0.0, min(1.0, self._share * BLOCKS - at))
            box = QRectF(inset + at * (width + gap), inset, width, self.height() - 2 * inset)
            painter.fillRect(box, look.color("line"))
            painter.fillRect(QRectF(box.left(), box.bottom() - box.height() * full, width, box.height() * full), tone)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)


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
