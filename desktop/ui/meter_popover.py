"""The popover of the meter: what the session was spent on by model, page and unit; today, this month, the budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QPushButton, QTabBar, QVBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.widgets.labels import ElidedLabel, plain_label
from desktop.ui.widgets.popover import Popover

HEADS = ("Calls", "In", "Cached", "Out", "Reasoning", "Cost")
TABS = (("models", "Model"), ("pages", "Page"), ("units", "Unit"))
NOTHING = "Nothing was sent in this session."
LEAST_ROWS, MOST_ROWS = 3, 14
ROW_PX, BESIDES_PX = 26, 330


@dataclass(frozen=True, slots=True)
class CostRow:
    """What one model or page came to. `dollars` in words: "$0.0041", "free" or "unpriced"."""

    name: str
    calls: int
    input: int
    cached: int
    output: int
    reasoning: int
    dollars: str


@dataclass(frozen=True, slots=True)
class Spending:
    """All that the popover says, in words. `units` are a unit and its count; `budgets` a sentence and its level each:
    "", "warn" or "reached"."""

    models: Sequence[CostRow] = ()
    pages: Sequence[CostRow] = ()
    units: Sequence[tuple[str, str]] = ()
    session: str = ""
    today: str = ""
    month: str = ""
    basis: str = ""
    budgets: Sequence[tuple[str, str]] = ()


class Breakdown(Popover):
    """`reset_wanted`: count the session from now on; `usage_wanted`: the whole of it, on its page."""

    reset_wanted = Signal()
    usage_wanted = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__("footer.breakdown", "What this session came to", window)
        self._spending = Spending()
        self._content: QWidget | None = None
        self.tabs = QTabBar(self)
        self.tabs.setObjectName("footer.breakdown-by")
        self.tabs.setAccessibleName("This session by model, page or unit")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        for _, text in TABS:
            self.tabs.addTab(text)
        self.reset = self._link("footer.reset", "Reset the session", self.reset_wanted)
        self.usage = self._link("footer.usage", "Open the Usage page", self.usage_wanted)
        self._head = QHBoxLayout()
        self._head.addWidget(plain_label("This session", "strong", self))
        self._head.addStretch(1)
        self._head.addWidget(self.tabs)
        self._foot = QHBoxLayout()
        self._foot.addWidget(self.reset)
        self._foot.addStretch(1)
        self._foot.addWidget(self.usage)
        self.column.addLayout(self._head)
        self.column.addLayout(self._foot)
        self.tabs.currentChanged.connect(lambda: self._draw())
        self.fill(self._spending)

    def fill(self, spending: Spending) -> None:
        self._spending = spending
        self.reset.setEnabled(bool(spending.models))
        self._draw()

    def _draw(self) -> None:
        look = theme.current()
        self._head.setContentsMargins(look.gap(16), look.gap(8), look.gap(8), 0)
        self._foot.setContentsMargins(look.gap(12), 0, look.gap(12), look.gap(8))
        if self._content is not None:
            self.column.removeWidget(self._content)
            self._content.hide()
            self._content.deleteLater()
        self._content = QWidget(self)
        inside = QVBoxLayout(self._content)
        inside.setContentsMargins(look.gap(16), look.gap(4), look.gap(16), look.gap(4))
        inside.setSpacing(look.gap(8))
        inside.addLayout(self._rows())
        inside.addWidget(self._rule())
        inside.addLayout(self._sums())
        self._below(inside)
        self.column.insertWidget(1, self._content)
        self._content.show()  # it may come while the popover is open
        if self._anchor is not None:
            self.place_above(self._anchor)
        else:
            self.adjustSize()

    def _rows(self) -> QGridLayout:
        key, title = TABS[self.tabs.currentIndex()]
        grid = self._grid()
        if key == "units":
            self._units(grid)
            return grid
        rows: Sequence[CostRow] = getattr(self._spending, key)
        most = self._room()
        self._heads(grid, title)
        for at, row in enumerate(rows[:most], 1):
            self._fill_row(grid, at, row)
        if not rows:
            grid.addWidget(plain_label(NOTHING, "muted"), 1, 0, 1, len(HEADS) + 1)
        elif len(rows) > most:
            grid.addWidget(plain_label(f"and {len(rows) - most} more on the Usage page", "muted"), most + 1, 0)
        return grid

    def _room(self) -> int:
        """How many rows a low window has room for."""
        window, look = self.parentWidget(), theme.current()
        assert window is not None
        return max(LEAST_ROWS, min(MOST_ROWS, (window.height() - look.px(BESIDES_PX)) // look.px(ROW_PX)))

    def _grid(self) -> QGridLayout:
        look = theme.current()
        grid = QGridLayout()
        grid.setHorizontalSpacing(look.gap(16))
        grid.setVerticalSpacing(look.gap(8))
        grid.setColumnStretch(0, 1)
        return grid

    def _heads(self, grid: QGridLayout, title: str) -> None:
        for at, text in enumerate((title, *HEADS)):
            side = Qt.AlignmentFlag.AlignRight if at else Qt.AlignmentFlag.AlignLeft
            grid.addWidget(plain_label(text, "caption"), 0, at, side)

    def _fill_row(self, grid: QGridLayout, at: int, row: CostRow) -> None:
        name, most = ElidedLabel(row.name), theme.current().px(240)
        name.setMinimumWidth(min(most, name.sizeHint().width()))
        name.setMaximumWidth(most)
        grid.addWidget(name, at, 0)
        for column, count in enumerate((row.calls, row.input, row.cached, row.output, row.reasoning), 1):
            self._figure(grid, at, column, f"{count:,}".replace(",", "\u202f"), "muted" if not count else "")
        self._figure(grid, at, len(HEADS), row.dollars)

    def _units(self, grid: QGridLayout) -> None:
        for at, (unit, count) in enumerate(self._spending.units):
            grid.addWidget(plain_label(unit), at, 0)
            self._figure(grid, at, 1, count)
        if not self._spending.units:
            grid.addWidget(plain_label(NOTHING, "muted"), 0, 0)

    def _sums(self) -> QGridLayout:
        grid, said = self._grid(), self._spending
        for at, (name, words) in enumerate(
            (("This session", said.session), ("Today", said.today), ("This month", said.month))
        ):
            grid.addWidget(plain_label(name), at, 0)
            self._figure(grid, at, 1, words or "–", "strong" if at == 0 else "")
        return grid

    def _below(self, inside: QVBoxLayout) -> None:
        said = self._spending
        for words, level in said.budgets:
            inside.addWidget(plain_label(words, {"warn": "warn", "reached": "bad"}.get(level, "muted")))
        if said.basis:
            inside.addWidget(plain_label(said.basis, "caption"))

    def _rule(self) -> QFrame:
        rule = QFrame()
        theme.style_as(rule, "line")
        rule.setFixedHeight(theme.current().hair)
        return rule

    def _link(self, name: str, text: str, wanted: object) -> QPushButton:
        made = QPushButton(text, self)
        made.setObjectName(name)
        made.setAccessibleName(text)
        theme.style_as(made, "link")
        made.clicked.connect(lambda: wanted.emit())  # type: ignore[attr-defined]
        return made

    def _figure(self, grid: QGridLayout, row: int, column: int, text: str, kind: str = "") -> None:
        label = plain_label(text, kind)
        font = theme.current().font("figures", semibold=kind == "strong")
        label.setFont(font)
        grid.addWidget(label, row, column, Qt.AlignmentFlag.AlignRight)
