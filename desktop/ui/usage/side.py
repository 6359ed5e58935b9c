"""The right of the usage page: budgets, how good the estimates were, prices, and the provider's own figures."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from desktop.core.text import visible
from desktop.ui import theme
from desktop.ui.usage import words
from desktop.ui.usage.budget_bars import BudgetBars
from desktop.ui.widgets.labels import ElidedLabel, plain_label
from desktop.ui.widgets.parameter_form import Group
from desktop.ui.widgets.tooltip import set_tip

if TYPE_CHECKING:
    from desktop.core.budget import BudgetState
    from desktop.services.usage import EstimateQuality, Reported, UnpricedModel

MOST_ROWS = 12
MOST_DAYS = 31
NO_ESTIMATES = "No call of this time had an estimate and a known price."
ALL_PRICED = "No call of this time is unpriced."
NO_ADMIN_KEY = "OpenAI tells its own figures to an admin key. It goes into the profile, under “Admin key”."
NOT_OPENAI = "Only OpenAI tells its own figures; this profile's server is another one."


def link(name: str, text: str, parent: QWidget, tells: str = "") -> QPushButton:
    made = QPushButton(text, parent)
    made.setObjectName(name)
    made.setAccessibleName(tells or text)
    theme.style_as(made, "link")
    return made


def signed(dollars: Decimal) -> str:
    """Money with its sign; "±$0" for none."""
    return f"+{words.money(dollars)}" if dollars > 0 else words.money(dollars) if dollars else "±$0"


def drift(reported: Reported) -> str:
    """How far theirs is from ours, in money and as a share."""
    if not reported.drift:
        return "no drift"
    share = f" ({words.percent(reported.drift / reported.ours)})" if reported.ours else ""
    return f"a drift of {signed(reported.drift)}{share}"


class Part(Group):
    """One foldable group of the side, with a place whose rows are made anew."""

    def __init__(self, name: str, title: str, parent: QWidget) -> None:
        super().__init__(title, True, parent)
        self.head.setObjectName(name)
        self._rows: QWidget | None = None
        self._key: tuple[object, ...] = ()

    def is_new(self, *shown: object) -> bool:
        """Whether what is to be shown is another than what is; the same keeps its rows, and the focus in them."""
        look = theme.current()
        key = (*shown, look.scheme, look.text_scale)
        is_new, self._key = key != self._key, key
        return is_new

    def fresh(self) -> QVBoxLayout:
        """An empty column in the place of the rows there were."""
        if self._rows is not None:
            self.fields.removeWidget(self._rows)
            self._rows.hide()
            self._rows.deleteLater()
        self._rows = QWidget(self.body)
        column = QVBoxLayout(self._rows)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.current().gap(8))
        self.fields.insertWidget(0, self._rows)
        self._rows.show()
        return column


class Side(QScrollArea):
    """Values in, signals out: `profile_wanted` opens the profile's form at a field, `price_wanted` a model's price."""

    profile_wanted = Signal(str)
    price_now_wanted = Signal(list)
    price_wanted = Signal(str)
    own_prices_wanted = Signal()
    fetch_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("usage.side")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        body = QWidget(self.viewport())
        self._column = QVBoxLayout(body)
        self.budgets = Part("usage.budgets-group", "Budgets", body)
        self.prices = Part("usage.prices-group", "Prices", body)
        self.estimates = Part("usage.estimates-group", "Estimates", body)
        self.reported = Part("usage.reported-group", "The provider's own figures", body)
        self._build_budgets()
        for part in (self.budgets, self.prices, self.estimates, self.reported):
            self._column.addWidget(part)
        self._column.addStretch(1)
        self.setWidget(body)
        theme.current().changed.connect(self._measure)
        self._measure()

    # Budgets

    def _build_budgets(self) -> None:
        self.budget_of = plain_label("", "caption", self.budgets, wrap=True)
        self.bars = BudgetBars(self.budgets)
        self.set_budget = link("usage.set-budget", "Set a budget…", self.budgets)
        self.set_budget.clicked.connect(lambda: self.profile_wanted.emit("profiles.day"))
        for widget in (self.budget_of, self.bars):
            self.budgets.fields.addWidget(widget)
        self.budgets.fields.addWidget(self.set_budget, 0, Qt.AlignmentFlag.AlignLeft)

    def show_budgets(self, profile: str, state: BudgetState | None, nothing: str) -> None:
        """`profile` is the name; `nothing` says why there is no limit; without `state` none can be set."""
        self.budget_of.setText(f"Of the profile “{profile}”")
        self.bars.show_state(state, nothing)
        is_set = state is not None and any(line.limit is not None for line in state)
        self.set_budget.setText("Change the budget…" if is_set else "Set a budget…")
        self.set_budget.setVisible(state is not None)

    def allow_budget(self, why_not: str) -> None:
        """Whether a budget can be set; `why_not` is the reason against it, or nothing."""
        self.set_budget.setEnabled(not why_not)
        set_tip(self.set_budget, why_not)

    # Prices

    def show_prices(
        self, note: str, is_stale: bool, unpriced: Sequence[UnpricedModel], *, has_calls: bool = True
    ) -> None:
        if not self.prices.is_new(note, is_stale, tuple(unpriced), has_calls):
            return
        column = self.prices.fresh()
        column.addWidget(plain_label(note, "warn" if is_stale else "muted", wrap=True))
        if unpriced:
            calls = sum(one.calls for one in unpriced)
            column.addWidget(plain_label(f"{words.many(calls, 'call')} without a price:", wrap=True))
        elif has_calls:
            column.addWidget(plain_label(ALL_PRICED, "muted", wrap=True))
        ready = [one.model for one in unpriced if one.can_be_priced_now]
        for at, one in enumerate(unpriced[:MOST_ROWS]):
            column.addLayout(self._unpriced(at, one))
        if len(unpriced) > MOST_ROWS:
            column.addWidget(plain_label(f"and {words.many(len(unpriced) - MOST_ROWS, 'model')} more", "muted"))
        if len(ready) > 1:
            every = link("usage.price-all", f"Price {words.many(len(ready), 'model')} now", self)
            every.clicked.connect(lambda: self.price_now_wanted.emit(ready))
            column.addWidget(every, 0, Qt.AlignmentFlag.AlignLeft)
        own = link("usage.own-prices-link", "Own prices…", self)
        own.clicked.connect(lambda: self.own_prices_wanted.emit())
        column.addWidget(own, 0, Qt.AlignmentFlag.AlignLeft)

    def _unpriced(self, at: int, one: UnpricedModel) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.current().gap(8))
        name = ElidedLabel(one.model or "unknown model")
        row.addWidget(name, 1)
        count = plain_label(words.thin(one.calls), "muted")
        count.setFont(theme.current().font("figures"))
        row.addWidget(count)
        shown = visible(one.model)
        if one.can_be_priced_now:
            button = link(f"usage.price-now-{at}", "Price them now", self, f"Price the calls of {shown} now")
            button.clicked.connect(lambda: self.price_now_wanted.emit([one.model]))
        else:
            button = link(f"usage.set-price-{at}", "Set a price…", self, f"Set a price for {shown}")
            button.clicked.connect(lambda: self.price_wanted.emit(one.model))
            set_tip(button, one.reason)
        button.setVisible(bool(one.model))
        row.addWidget(button)
        return row

    # Estimates

    def show_estimates(self, found: Sequence[EstimateQuality]) -> None:
        if not self.estimates.is_new(tuple(found)):
            return
        column = self.estimates.fresh()
        count = sum(one.count for one in found)
        if not count:
            column.addWidget(plain_label(NO_ESTIMATES, "muted", wrap=True))
            return
        near = sum(one.within_10 for one in found)
        fair = near + sum(one.within_25 for one in found)
        near_words, fair_words = words.percent(Decimal(near) / count), words.percent(Decimal(fair) / count)
        said = (
            f"{near_words} of {words.many(count, 'estimate')} came within 10 % of the cost, {fair_words} within 25 %."
        )
        column.addWidget(plain_label(said, wrap=True))
        grid = self._grid(("Model", "Calls", "Cost / estimate"))
        for line, one in enumerate((one for one in found[:MOST_ROWS] if one.count), 1):
            ratio = f"{one.median:.2f} ×" if one.median is not None else "–"
            self._line(grid, line, one.model or "unknown model", (words.thin(one.count), ratio))
        column.addLayout(grid)
        column.addWidget(plain_label("The middle one of each model's calls; 1.00 is exact.", "caption", wrap=True))

    # The provider's own figures

    def show_reported(
        self, reported: Reported | None, why_not: str, can_fetch: bool, *, is_asking: bool = False
    ) -> None:
        """Ours beside theirs, day by day; `why_not` is said where nothing can be asked."""
        if not self.reported.is_new(reported, why_not, can_fetch, is_asking):
            return
        column = self.reported.fresh()
        if why_not:
            column.addWidget(plain_label(why_not, "muted", wrap=True))
        if reported is not None and reported.fetched is not None:
            self._figures(column, reported)
        if is_asking:
            column.addLayout(self._asking())
        elif can_fetch:
            fetch = QPushButton("Fetch from the provider", self)
            fetch.setObjectName("usage.fetch")
            fetch.clicked.connect(lambda: self.fetch_wanted.emit())
            column.addWidget(fetch, 0, Qt.AlignmentFlag.AlignLeft)
        elif why_not == NO_ADMIN_KEY:
            enter = link("usage.admin-key", "Enter an admin key…", self)
            enter.clicked.connect(lambda: self.profile_wanted.emit("profiles.admin-key"))
            column.addWidget(enter, 0, Qt.AlignmentFlag.AlignLeft)

    def _asking(self) -> QGridLayout:
        grid = QGridLayout()
        grid.addWidget(plain_label("Asking the provider…", "muted"), 0, 0)
        grid.setColumnStretch(0, 1)
        stop = link("usage.fetch-stop", "Stop", self, "Stop asking the provider")
        stop.clicked.connect(lambda: self.stop_wanted.emit())
        grid.addWidget(stop, 0, 1)
        return grid

    def _figures(self, column: QVBoxLayout, reported: Reported) -> None:
        said = f"Theirs {words.money(reported.theirs)}, ours {words.money(reported.ours)}: {drift(reported)}."
        column.addWidget(plain_label(said, wrap=True))
        days = [day for day in reported.days if day.theirs is not None and (day.theirs or day.ours)]
        grid = self._grid(("Day", "Ours", "Theirs", "Drift"))
        for line, day in enumerate(reversed(days[-MOST_DAYS:]), 1):
            assert day.theirs is not None and day.drift is not None
            figures = (words.money(day.ours), words.money(day.theirs), signed(day.drift))
            self._line(grid, line, words.day(day.day, with_year=False), figures)
        if days:
            column.addLayout(grid)
        if len(days) > MOST_DAYS:
            column.addWidget(
                plain_label(f"The last {MOST_DAYS} days of {words.thin(len(days))}.", "caption", wrap=True)
            )
        fetched = f"Fetched {words.day(reported.fetched.date())}." if reported.fetched else ""
        column.addWidget(plain_label(f"{fetched} {reported.note}".strip(), "caption", wrap=True))

    def _grid(self, heads: Sequence[str]) -> QGridLayout:
        look = theme.current()
        grid = QGridLayout()
        grid.setHorizontalSpacing(look.gap(12))
        grid.setVerticalSpacing(look.gap(4))
        grid.setColumnStretch(0, 1)
        for at, head in enumerate(heads):
            side = Qt.AlignmentFlag.AlignRight if at else Qt.AlignmentFlag.AlignLeft
            grid.addWidget(plain_label(head, "caption"), 0, at, side)
        return grid

    @staticmethod
    def _line(grid: QGridLayout, line: int, name: str, figures: Sequence[str]) -> None:
        grid.addWidget(ElidedLabel(name), line, 0)
        for at, text in enumerate(figures, 1):
            label = plain_label(text)
            label.setFont(theme.current().font("figures"))
            grid.addWidget(label, line, at, Qt.AlignmentFlag.AlignRight)

    def _measure(self) -> None:
        look = theme.current()
        self._column.setContentsMargins(look.gap(16), look.gap(12), look.gap(16), look.gap(16))
        self._column.setSpacing(look.gap(8))
