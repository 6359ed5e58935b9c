"""The middle of the usage page: the sum in large, the chart with its legend, the tables. Values in, signals out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.ui import icons, theme
from desktop.ui.usage import series as chart_of
from desktop.ui.usage import words
from desktop.ui.usage.shares_model import KEYS
from desktop.ui.usage.tables import CallsTable, SharesTable
from desktop.ui.widgets.chart import BarChart
from desktop.ui.widgets.chart_legend import Legend
from desktop.ui.widgets.chart_scale import COUNT, DOLLARS
from desktop.ui.widgets.labels import ElidedLabel, plain_label
from desktop.ui.widgets.tooltip import set_tip

if TYPE_CHECKING:
    from desktop.core.periods import Period
    from desktop.services import usage as service
    from desktop.services.meter import Reading, Share

BY = (("model", "Model"), ("page", "Page"), ("tag", "Tag"), ("profile", "Profile"), ("day", "Day"))
MEASURES = (("cost", "Cost"), ("calls", "Calls"))
NAMELESS = {"model": "unknown model", "tag": "no tag", "profile": "removed profile"}
SUMS, CALLS = 0, 1
EMPTY = "Nothing was called in this time."
FREE = "Nothing was charged in this time."
UNPRICED = "No price is known for the calls of this time."
TAGS = "A call with several tags counts at each of them, so these sums may be more than the whole."


def _headline(reading: Reading) -> str:
    """The sum in large; what is not known or not charged is said in words."""
    if not reading.calls or reading.dollars:
        return words.money(reading.dollars) if reading.dollars else "$0"
    return words.sentence(words.cost(reading))


class UsageView(QWidget):
    """`by_changed` and `measure_changed`: another chart is wanted; `calls_wanted`: the calls came into view;
    `bar_chosen`: the calls of one bar; `all_calls_wanted`: those of the whole period again."""

    by_changed = Signal()
    measure_changed = Signal()
    calls_wanted = Signal()
    bar_chosen = Signal(int)
    all_calls_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_measured = self._is_by_time = self._has_bar = False
        self.shown_by = BY[0][0]
        self.profiles: frozenset[str] = frozenset()  # names of those there are
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._sum())
        self._column.addLayout(self._controls())
        self._column.addLayout(self._picture(), 5)
        self._column.addLayout(self._tabs_row())
        self.tables = QStackedWidget(self)
        self.shares, self.calls = SharesTable(self.tables), CallsTable(self.tables)
        self.tables.addWidget(self.shares)
        self.tables.addWidget(self.calls)
        self._column.addWidget(self.tables, 4)
        self._connect()
        theme.current().changed.connect(self._measure)
        self._measure()

    # What it shows

    @property
    def by(self) -> str:
        return BY[self.by_box.currentIndex()][0]

    @property
    def measure(self) -> chart_of.Measure:
        return "calls" if self.measure_box.currentIndex() else "cost"

    def named(self) -> Callable[[str], str]:
        """Words for the names the ledger has of what is shown, which may still be what was wanted before."""
        by = self.shown_by
        if by == "page":
            return words.page
        if by == "profile":
            return lambda name: name if name in self.profiles else NAMELESS["profile"]
        if by == "day":
            return lambda name: name or "all calls"
        return lambda name: name or NAMELESS[by]

    def show_total(self, reading: Reading, period: Period, profile: str) -> None:
        """`profile` is the name of the only one that counts, or ""."""
        has_calls = reading.calls > 0
        self.total.setText(_headline(reading))
        set_tip(self.total, f"Exactly {words.exact(reading.dollars)}" if reading.dollars else "")
        at = f" at {profile}" if profile else ""
        said = words.besides(reading) if has_calls else ["no calls"]
        if not self._is_measured:  # until somebody chose: money, or calls where there is none to show
            self.measure_box.setCurrentIndex(0 if reading.dollars or not has_calls else 1)
        self.besides.setText(f"{words.span(period)}{at} · {' · '.join(said)}")

    def show_prices(self, sentence: str, is_stale: bool) -> None:
        """What the money is: an estimate, from prices of a day."""
        self.basis.setText(sentence)
        theme.style_as(self.basis, "warn" if is_stale else "caption")

    def show_chart(self, series: service.Series, reading: Reading) -> None:
        named, measure = self.named(), self.measure
        bars = chart_of.bars(series, measure, named)
        unit = COUNT if measure == "calls" else DOLLARS
        what, step = ("Cost" if measure == "cost" else "Calls"), ("hour" if series.step == "hour" else "day")
        self.chart.setAccessibleName(f"{what} by {step}")
        why = EMPTY if not reading.calls else "" if reading.dollars else UNPRICED if reading.unpriced else FREE
        self.chart.set_empty(why)
        self.measure_note.setText(why if measure == "calls" and reading.calls else "")
        self.chart.set_bars(bars, unit)
        self.legend.set_bars(bars, unit)
        self.legend_place.setVisible(bool(bars.parts) and self.shown_by != "day")
        left = chart_of.left_out(series, named) if measure == "cost" and self.shown_by != "day" else ""
        self.left_out.setText(left)
        self.left_out.setVisible(bool(left))
        self.tags_note.setVisible(self.shown_by == "tag" and bool(bars.parts))

    def show_shares(self, title: str, shares: Sequence[Share]) -> None:
        """Time runs down the table, the newest on top; of the rest the dearest is first."""
        self.shares.shares.show(title, shares, self.named())
        if (self.shown_by == "day") is not self._is_by_time:
            self._is_by_time = self.shown_by == "day"
            column = KEYS.index("name" if self._is_by_time else "dollars")
            self.shares.sortByColumn(column, Qt.SortOrder.DescendingOrder)

    def show_work(self, sentence: str) -> None:
        """What is being written, with a way to stop it; "" when nothing is."""
        self.work_note.setText(sentence)
        self.work_note.setVisible(bool(sentence))
        self.work_stop.setVisible(bool(sentence))

    def show_calls_of(self, sentence: str) -> None:
        """Which calls the list has, when they are not all of the period."""
        self.calls_of.setText(sentence)
        self.calls_of.setVisible(bool(sentence) and self.tabs.currentIndex() == CALLS)
        self.all_calls.setVisible(bool(sentence) and self.tabs.currentIndex() == CALLS)
        self._has_bar = bool(sentence)

    def open_calls(self) -> None:
        self.tabs.setCurrentIndex(CALLS)

    # How it is built

    def _sum(self) -> QVBoxLayout:
        column, row = QVBoxLayout(), QHBoxLayout()
        self._sum_row = row
        self.total = plain_label("–", "title", self)
        self.total.setObjectName("usage.total")
        self.total.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.besides = ElidedLabel("", self)
        theme.style_as(self.besides, "muted")
        self.besides.setObjectName("usage.besides")
        row.addWidget(self.total, 0, Qt.AlignmentFlag.AlignBottom)
        row.addWidget(self.besides, 1, Qt.AlignmentFlag.AlignBottom)
        self.basis = plain_label("", "caption", self, wrap=True)
        self.basis.setObjectName("usage.basis")
        column.addLayout(row)
        column.addWidget(self.basis)
        column.setSpacing(0)
        return column

    def _controls(self) -> QHBoxLayout:
        row = self._controls_row = QHBoxLayout()
        self.by_box = self._box("usage.by", "By", BY)
        self.measure_box = self._box("usage.measure", "What the bars show", MEASURES)
        self.by_label = plain_label("By", "muted", self)
        self.by_label.setBuddy(self.by_box)
        for part in (self.measure_box, self.by_label, self.by_box):
            row.addWidget(part)
        self.measure_note = ElidedLabel("", self)
        theme.style_as(self.measure_note, "muted")
        row.addWidget(self.measure_note, 1)
        self.work_note = plain_label("", "muted", self)
        self.work_note.setObjectName("usage.work")
        self.work_stop = QPushButton("Stop", self)
        self.work_stop.setObjectName("usage.work-stop")
        self.work_stop.setAccessibleName("Stop writing the file")
        theme.style_as(self.work_stop, "link")
        for working in (self.work_note, self.work_stop):
            working.hide()
            row.addWidget(working)
        return row

    def _box(self, name: str, title: str, choices: Sequence[tuple[str, str]]) -> QComboBox:
        box = QComboBox(self)
        box.setObjectName(name)
        box.setAccessibleName(title)
        for _, text in choices:
            box.addItem(text)
        return box

    def _picture(self) -> QHBoxLayout:
        row = self._picture_row = QHBoxLayout()
        self.chart = BarChart("usage.chart", "Cost by day", self)
        row.addWidget(self.chart, 1)
        self.legend_place = QScrollArea(self)
        self.legend_place.setObjectName("usage.legend-place")
        self.legend_place.setWidgetResizable(True)
        self.legend_place.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.legend_place.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inner = QWidget(self.legend_place)
        column = self._legend_column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        self.legend = Legend("usage.legend", inner)
        self.legend.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.left_out = plain_label("", "caption", inner, wrap=True)
        self.left_out.setObjectName("usage.left-out")
        self.tags_note = plain_label(TAGS, "caption", inner, wrap=True)
        for part in (self.legend, self.left_out, self.tags_note):
            column.addWidget(part)
        column.addStretch(1)
        self.legend_place.setWidget(inner)
        row.addWidget(self.legend_place)
        return row

    def _tabs_row(self) -> QHBoxLayout:
        row = self._tabs = QHBoxLayout()
        self.tabs = QTabBar(self)
        self.tabs.setObjectName("usage.tabs")
        self.tabs.setAccessibleName("Sums or single calls")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.addTab("Sums")
        self.tabs.addTab("Single calls")
        self.calls_of = ElidedLabel("", self)
        theme.style_as(self.calls_of, "muted")
        self.all_calls = QPushButton("Show all", self)
        self.all_calls.setObjectName("usage.all-calls")
        self.all_calls.setAccessibleName("Show all calls of the period")
        theme.style_as(self.all_calls, "link")
        self.columns = QToolButton(self)
        self.columns.setObjectName("usage.columns")
        self.columns.setAccessibleName("Choose columns")
        set_tip(self.columns, "Choose columns")
        icons.put(self.columns, "sliders")
        row.addWidget(self.tabs)
        row.addWidget(self.calls_of, 1)
        row.addWidget(self.all_calls)
        row.addStretch(1)
        row.addWidget(self.columns)
        return row

    def _connect(self) -> None:
        self.by_box.activated.connect(lambda: self.by_changed.emit())
        self.measure_box.activated.connect(self._measured)
        self.legend.hidden_changed.connect(self.chart.set_hidden)
        self.chart.chosen.connect(self.bar_chosen)
        self.all_calls.clicked.connect(lambda: self.all_calls_wanted.emit())
        self.tabs.currentChanged.connect(self._turn)
        self.columns.clicked.connect(
            lambda: self.shares.choose_columns(self.columns.mapToGlobal(self.columns.rect().bottomLeft()))
        )
        self._turn(SUMS)

    def _measured(self) -> None:
        self._is_measured = True
        self.measure_changed.emit()

    def _turn(self, tab: int) -> None:
        self.tables.setCurrentIndex(tab)
        self.columns.setVisible(tab == SUMS)
        for part in (self.calls_of, self.all_calls):
            part.setVisible(tab == CALLS and self._has_bar)
        if tab == CALLS:
            self.calls_wanted.emit()

    def _fit_legend(self) -> None:
        """Beside a chart that has little room, the legend takes less."""
        look = theme.current()
        self.legend_place.setFixedWidth(look.px(208 if self.width() >= look.px(560) else 152))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_legend()

    def _measure(self) -> None:
        look = theme.current()
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(look.gap(8))
        self._sum_row.setContentsMargins(look.gap(16), 0, look.gap(16), 0)
        self._sum_row.setSpacing(look.gap(12))
        self.besides.setContentsMargins(0, 0, 0, look.gap(4))
        self.basis.setContentsMargins(look.gap(16), 0, look.gap(16), 0)
        self._controls_row.setContentsMargins(look.gap(16), look.gap(4), look.gap(16), 0)
        self._controls_row.setSpacing(look.gap(8))
        self._picture_row.setContentsMargins(look.gap(16), 0, look.gap(16), 0)
        self._picture_row.setSpacing(look.gap(16))
        self._legend_column.setSpacing(look.gap(8))
        self._fit_legend()
        self.tables.setContentsMargins(look.gap(4), 0, 0, 0)
        self._tabs.setContentsMargins(look.gap(8), 0, look.gap(12), 0)
        self._tabs.setSpacing(look.gap(8))
        for box, width in ((self.by_box, 120), (self.measure_box, 100)):
            box.setFixedWidth(look.px(width))
