"""Budgets of a profile as bars: what is spent of a day's, a month's and the whole limit, and how near that is."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.usage import words
from desktop.ui.widgets.labels import plain_label

if TYPE_CHECKING:
    from desktop.core.budget import BudgetLine, BudgetState

TITLES = {"day": "Today", "month": "This month", "total": "In all"}
TONES = {"": "accent", "warn": "warn", "reached": "bad"}
BAR_PX = 8


class BudgetBar(QWidget):
    """How much of a limit is taken: the sure part full, the expected part hatched, a mark where the warning begins."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._spent = self._taken = 0.0
        self._warn_at, self._tone = 1.0, "accent"
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_shares(self, spent: float, taken: float, warn_at: float, tone: str) -> None:
        """All from 0 to 1; more is drawn as full."""
        self._spent, self._taken = min(1.0, spent), min(1.0, taken)
        self._warn_at, self._tone = warn_at, tone
        self.update()

    def sizeHint(self) -> QSize:
        look = theme.current()
        return QSize(look.px(120), look.px(BAR_PX + 4))

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        height, gap = look.px(BAR_PX), (self.height() - look.px(BAR_PX)) / 2
        box = QRectF(0.5, gap, self.width() - 1, height)
        painter.setPen(QPen(look.color("edge"), 1))
        painter.setBrush(look.color("card"))
        painter.drawRoundedRect(box, height / 2, height / 2)
        colour = look.color(self._tone)
        painter.setPen(Qt.PenStyle.NoPen)
        for share, style in ((self._taken, Qt.BrushStyle.Dense5Pattern), (self._spent, Qt.BrushStyle.SolidPattern)):
            if share > 0:
                brush = painter.brush()
                brush.setColor(colour)
                brush.setStyle(style)
                painter.setBrush(brush)
                painter.drawRoundedRect(
                    QRectF(0, gap, max(height, box.width() * share), height), height / 2, height / 2
                )
        if 0 < self._warn_at < 1:
            painter.setPen(QPen(look.color("text"), 1))
            at = round(box.width() * self._warn_at) + 0.5
            painter.drawLine(at, 0, at, self.height())


class BudgetRow(QWidget):
    """One limit: its name, spent of limit, the bar, and what is to be said of it."""

    def __init__(self, period: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(f"usage.budget-{period}")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._head = QHBoxLayout()
        self._head.addWidget(plain_label(TITLES[period], "", self))
        self._head.addStretch(1)
        self.figures = plain_label("", "", self)
        self._head.addWidget(self.figures)
        self.bar = BudgetBar(self)
        self.said = plain_label("", "caption", self, wrap=True)
        self._column.addLayout(self._head)
        self._column.addWidget(self.bar)
        self._column.addWidget(self.said)
        theme.current().changed.connect(self._measure)
        self._measure()

    def show_line(self, line: BudgetLine, level: str, warn_share: Decimal) -> None:
        spent = "unpriced" if line.unpriced and not line.spent else words.money(line.spent)
        self.figures.setText(
            f"{spent} of {words.money(line.limit)}" if line.limit is not None else f"{spent}, no limit"
        )
        has_limit = line.limit is not None and line.share is not None
        self.bar.setVisible(has_limit)
        if has_limit:
            assert line.limit is not None and line.share is not None
            spent_share = float(line.spent / line.limit) if line.limit else 1.0
            self.bar.show_shares(spent_share, float(line.share), float(warn_share), TONES[level])
        said = self._said(line, level)
        self.said.setText(said)
        self.said.setVisible(bool(said))
        theme.style_as(self.said, {"": "caption", "warn": "warn", "reached": "bad"}[level])
        self.setAccessibleName(f"{TITLES[line.period]}: {self.figures.text()}. {said}")

    @staticmethod
    def _said(line: BudgetLine, level: str) -> str:
        said = []
        if level == "reached":
            said.append("Used up. You chose to go on." if line.is_allowed else "Used up. The next send asks first.")
        elif level == "warn" and line.share is not None:
            said.append(f"{words.percent(line.share)} is used: near the limit.")
        if line.expected:
            said.append(f"{words.money(line.expected)} of it is expected of calls that run.")
        return " ".join([*said, *([words.thinly(line.unseen)] if line.unseen else [])])

    def _measure(self) -> None:
        look = theme.current()
        self._column.setSpacing(look.gap(4))
        self.figures.setFont(look.font("figures"))


def _spent_of(line: BudgetLine) -> str:
    is_unknown = line.unpriced and not line.spent
    spent = "unpriced" if is_unknown else words.money(line.spent)
    if line.limit is None:
        return f"{spent}, no limit"
    return f"{spent}, limit {words.money(line.limit)}" if is_unknown else f"{spent} of {words.money(line.limit)}"


class BudgetBars(QWidget):
    """The three limits under each other; those that are not set say so only where another one is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.nothing = plain_label("", "muted", self, wrap=True)
        self._column.addWidget(self.nothing)
        self.rows = {period: BudgetRow(period, self) for period in TITLES}
        for row in self.rows.values():
            self._column.addWidget(row)
        theme.current().changed.connect(self._measure)
        self._measure()

    def show_state(self, state: BudgetState | None, nothing: str) -> None:
        """`nothing` is said where no limit is set."""
        is_set = state is not None and any(line.limit is not None for line in state)
        self.nothing.setText(nothing)
        self.nothing.setVisible(not is_set)
        for period, row in self.rows.items():
            row.setVisible(is_set)
            if state is not None:
                row.show_line(getattr(state, period), state.level(getattr(state, period).period), state.warn_share)

    def _measure(self) -> None:
        self._column.setSpacing(theme.current().gap(12))
