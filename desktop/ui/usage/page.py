"""The usage page: what was spent on what, within which budgets, and how sure the figures are."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QScrollArea, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from desktop.core.errors import BadInput, KeyProblem
from desktop.core.profile import Kind
from desktop.ui import actions, icons, theme
from desktop.ui.page import Page
from desktop.ui.tasks import Report
from desktop.ui.usage import series as chart_of
from desktop.ui.usage import words
from desktop.ui.usage.choices import OWN, PERIODS, Choices
from desktop.ui.usage.empty import Empty
from desktop.ui.usage.side import NO_ADMIN_KEY, NOT_OPENAI, Side
from desktop.ui.usage.view import BY, UsageView
from desktop.ui.widgets.labels import ElidedLabel
from desktop.ui.widgets.tooltip import tip

if TYPE_CHECKING:
    from desktop.core.periods import Period
    from desktop.core.profile import Profile
    from desktop.services.bundle import Services
    from desktop.services.meter import Reading
    from desktop.services.usage import Series, Usage
    from desktop.ui.settings.prices_panel import PricesPanel

COLUMNS, CHOICE = "usage.columns", "usage.choice"
CALM_MS = 600  # several calls that end together are read once
PIECE = 200
ENDED = ("complete", "failed", "cut", "stopped", "unknown")
TITLES = dict(BY)
NO_BUDGET = {
    Kind.LOCAL: "Nothing is charged on this computer, so there is nothing to limit.",
    Kind.ENVIRONMENT: "This profile is made of variables and keeps no budget. Make a profile of your own to set one.",
}
ONLY_READ = "The archive can only be read: nothing is sent, so there is nothing to limit."


@dataclass(frozen=True, slots=True)
class Only:
    """Which calls the list is narrowed to, in words and as the service takes it."""

    words: str
    period: Period | None = None
    filters: dict[str, str | None] = field(default_factory=dict)


class UsagePage(Page):
    """Periods and profiles at the left, sums, chart and tables in the middle, budgets and prices at the right."""

    name = "usage"
    title = "Usage"

    undo_offered = Signal(str, object)

    def __init__(self, report: Report, parent: QWidget | None = None) -> None:
        super().__init__(report, parent)
        self._series: Series | None = None
        self._total: Reading | None = None
        self._only: Only | None = None
        self._is_asking = False

    @cached_property
    def prices(self) -> PricesPanel:
        """The user's own prices, made when they are first asked for."""
        from desktop.ui.settings.prices_panel import PricesPanel

        made = PricesPanel(self.stack)
        self.stack.addWidget(made)
        made.left.connect(self._leave_prices)
        made.put_wanted.connect(lambda model, says: self._start(self._put_price(model, says), "put-price"))
        made.remove_wanted.connect(lambda model: self._start(self._remove_price(model), "remove-price"))
        icons.refresh(theme.current(), made)
        return made

    @property
    def _is_at_prices(self) -> bool:
        return "prices" in self.__dict__ and self.stack.currentWidget() is self.prices

    # The frame's calls

    def attach(self, services: Services) -> None:
        super().attach(services)
        services.profiles.listen(self._profiles_changed)
        services.calls.listen(self._called)
        self._profiles_changed()
        self._start(self._restore(), "restore")

    def activated(self) -> None:
        self.choices.periods.setFocus()
        self.refresh()

    def refresh(self, *, keeps_calls: bool = False) -> None:
        """Read all of it again, when somebody looks; with `keeps_calls` the list of calls stays where it is read."""
        if self.services is not None and self.isVisible():
            self._start(self._read(keeps_calls), "read")

    # How it is built

    def pieces(self) -> Iterator[None]:
        column = self.work.layout()
        assert isinstance(column, QVBoxLayout)
        column.addLayout(self._head())
        self.stack = QStackedWidget(self.work)
        column.addWidget(self.stack, 1)
        yield
        self.choices = Choices(self.history)
        self.history.layout().addWidget(self.choices)
        yield
        self.view = UsageView(self.stack)
        self.stack.addWidget(self.view)
        yield
        self.empty = Empty(self.stack)
        self.stack.addWidget(self.empty)
        self.side = Side(self.parameters)
        self.parameters.layout().addWidget(self.side)
        yield
        self._calm = QTimer(self, singleShot=True, interval=CALM_MS)
        self._calm.timeout.connect(lambda: self.refresh(keeps_calls=True))
        theme.current().changed.connect(self._measure)
        theme.current().changed.connect(self._calm.start)  # rows made in the old sizes and colours are made anew
        self._measure()
        self._connect()

    def _head(self) -> QHBoxLayout:
        row = self._head_row = QHBoxLayout()
        self.heading = ElidedLabel("Usage", self.work)
        theme.style_as(self.heading, "strong")
        self.refresh_action = self._action("usage.refresh", "Read the ledger again", "F5", "retry", self.refresh)
        self.csv_action = self._action("usage.csv", "Export as CSV…", "Ctrl+E", "download", self._ask_where)
        row.addWidget(self._button(self.fold_history))
        row.addWidget(self.heading, 1)
        for action in (self.refresh_action, self.csv_action, self.fold_parameters):
            row.addWidget(self._button(action))
        self._action("usage.own-prices", "Own prices", "", "edit", self.open_prices)
        self.budget_action = self._action(
            "usage.budget", "Set a budget", "", "", lambda: self._open_profile("profiles.day")
        )
        self.fetch_action = self._action(
            "usage.fetch-action",
            "Fetch the provider's own figures",
            "",
            "cloud",
            lambda: self._start(self._fetch(), "fetch"),
        )
        self.fetch_action.setEnabled(False)
        for key, text in PERIODS:
            if key != OWN:
                self._action(f"usage.period-{key}", f"Usage: {text}", "", "", partial(self._take_period, key))
        for at, (key, text) in enumerate(BY):
            self._action(f"usage.by-{key}", f"Usage by {text.lower()}", "", "", partial(self._take_by, at))
        return row

    def _action(self, name: str, text: str, keys: str, icon: str, work: Callable[[], object]) -> QAction:
        action = actions.make(self, name, text, work, keys=(keys,) if keys else (), icon=icon)
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        return action

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton(self.work)
        button.setDefaultAction(action)
        button.setObjectName(f"{action.objectName()}-button")
        button.setAccessibleName(action.text())
        return button

    def _measure(self) -> None:
        look = theme.current()
        self._head_row.setContentsMargins(look.gap(16), look.gap(8), look.gap(12), 0)
        self._head_row.setSpacing(look.gap(4))

    def _connect(self) -> None:
        view = self.view
        self.choices.changed.connect(self._chosen)
        view.by_changed.connect(self._chosen)
        view.work_stop.clicked.connect(lambda: self.tasks.cancel("csv"))
        view.measure_changed.connect(self._draw)
        view.calls_wanted.connect(self._begin_calls)
        view.bar_chosen.connect(self._open_bar)
        view.shares.taken.connect(self._open_share)
        view.all_calls_wanted.connect(self._all_calls)
        view.calls.calls.more_wanted.connect(lambda: self._start(self._more_calls(), "calls"))
        self.empty.chat_wanted.connect(self._go_to_chat)
        side = self.side
        side.profile_wanted.connect(self._open_profile)
        side.price_now_wanted.connect(lambda models: self._start(self._price_now(models), "price-now"))
        side.fetch_wanted.connect(lambda: self._start(self._fetch(), "fetch"))
        side.price_wanted.connect(self.open_prices)
        side.own_prices_wanted.connect(self.open_prices)
        side.stop_wanted.connect(lambda: self.tasks.cancel("fetch"))
        view.shares.columns_changed.connect(lambda keys: self._start(self._keep(COLUMNS, keys), "columns"))

    # What is wanted

    @property
    def _usage(self) -> Usage:
        assert self.services is not None
        return self.services.usage

    def _start(self, work: Coroutine[Any, Any, object], name: str) -> None:
        if self.services is None:
            work.close()
        else:
            self.tasks.start(work, name=name)

    def _take_period(self, key: str) -> None:
        self.choices.take_period(key)

    def _take_by(self, at: int) -> None:
        self.view.by_box.setCurrentIndex(at)
        self._chosen()

    def _chosen(self) -> None:
        self._only = None
        self._start(self._keep_choice(), "choice")
        self.refresh()

    def _called(self, record: Any) -> None:
        if record.fate.value in ENDED:
            self._calm.start()

    def _profiles_changed(self, *_: object) -> None:
        assert self.services is not None
        self.view.profiles = frozenset(profile.name for profile in self.services.profiles.all)
        self.choices.show_profiles([(profile.id, profile.name) for profile in self.services.profiles.all])
        self.refresh()

    # What is read

    async def _read(self, keeps_calls: bool) -> None:
        """The sum first, then the chart, then the table: each is shown as soon as it is read."""
        assert self.services is not None
        period, profile, by = self.choices.period, self.choices.profile, self.view.by
        step = chart_of.step_of(period)
        self._total = await self._usage.total(period, profile)
        self.stack.setCurrentWidget(await self._what_to_show())
        self.view.show_total(self._total, period, self._profile_name(profile))
        self.view.show_prices(self.services.prices.note, self.services.prices.is_stale)
        if not self._is_at_prices:
            self.heading.setText(self._heading(period))
        series = await self._usage.series(period, self._parts_by(by), profile, step=step)
        self._series, self.view.shown_by = series, by
        self._draw()
        rows_by = self._rows_by(by, step)
        shares = await self._usage.table(rows_by, period, profile)
        self.view.show_shares(TITLES[by] if by != "day" else rows_by.capitalize(), shares)
        if self.view.tables.currentWidget() is self.view.calls and not keeps_calls:
            self._begin_calls()
        self._start(self._read_side(), "side")

    async def _what_to_show(self) -> QWidget:
        """The own prices stay while somebody is at them; before the first call of all, what this page is for."""
        assert self._total is not None
        if self._is_at_prices:
            return self.prices
        has_calls = self._total.calls > 0 or bool((await self._usage.rows("all", limit=1)).rows)
        self.csv_action.setEnabled(has_calls)
        return self.view if has_calls else self.empty

    @staticmethod
    def _parts_by(by: str) -> Any:
        return "all" if by == "day" else by

    def _rows_by(self, by: str, step: str) -> Any:
        if by != "day":
            return by
        assert self._series is not None
        if step == "hour":
            return "hour"
        return "month" if len(self._series.starts) > chart_of.MOST_DAYS else "day"

    def _draw(self) -> None:
        if self._series is not None and self._total is not None:
            self.view.show_chart(self._series, self._total)

    def _heading(self, period: Period) -> str:
        return dict(PERIODS).get(period, "Usage") if isinstance(period, str) else words.sentence(words.span(period))

    def _profile_name(self, profile: str | None) -> str:
        assert self.services is not None
        return next((one.name for one in self.services.profiles.all if one.id == profile), "")

    # The single calls

    def _begin_calls(self) -> None:
        self.view.show_calls_of(self._only.words if self._only is not None else "")
        self.view.calls.calls.begin()
        self._start(self._more_calls(), "calls")

    async def _more_calls(self) -> None:
        model, only = self.view.calls.calls, self._only or Only("")
        filters = {"profile": self.choices.profile, **only.filters}
        found = await self._usage.rows(only.period or self.choices.period, model.following, PIECE, **filters)
        model.add(found.rows, found.next)

    def _open_bar(self, at: int) -> None:
        """The calls of one bar."""
        if self._series is not None:
            days = chart_of.days_of(self._series, at)
            self._open_calls(Only(words.sentence(words.span(days)), days))

    def _open_share(self, row: int) -> None:
        """The calls of one row of the table."""
        share = self.view.shares.share(row)
        name, by = self.view.named()(share.name), self.view.shown_by
        if by == "tag" and not share.id:
            return  # calls without a tag are no tag's: there is no such filter
        if by == "day":
            days = chart_of.days_named(share.id)
            self._open_calls(Only(words.sentence(words.span(days)), days))
        else:
            self._open_calls(Only(f"{TITLES[by]}: {name}", filters={by: share.id}))

    def _open_calls(self, only: Only) -> None:
        self._only = only
        if self.view.tables.currentWidget() is self.view.calls:
            self._begin_calls()
        else:
            self.view.open_calls()

    def _all_calls(self) -> None:
        self._only = None
        self._begin_calls()

    # The right side

    @property
    def _owner(self) -> Profile:
        """Whose budget and bill are shown: the profile chosen at the left, or the one in use."""
        assert self.services is not None
        profiles = self.services.profiles
        return next((one for one in profiles.all if one.id == self.choices.profile), profiles.chosen)

    async def _read_side(self) -> None:
        services, side = self.services, self.side
        assert services is not None
        period, profile, owner = self.choices.period, self.choices.profile, self._owner
        has_budget = owner.kind not in (Kind.LOCAL, Kind.ENVIRONMENT)
        state = await services.budgets.state(owner) if has_budget else None
        side.show_budgets(owner.name, state, NO_BUDGET.get(owner.kind, "No budget is set: nothing warns or stops."))
        why_not = ONLY_READ if services.database.read_only else NO_BUDGET.get(owner.kind, "")
        self.budget_action.setEnabled(not why_not)
        self.budget_action.setToolTip(tip(why_not or self.budget_action.text()))
        side.allow_budget(why_not)
        unpriced = await self._usage.unpriced(period, profile)
        has_calls = self._total is not None and self._total.calls > 0
        side.show_prices(services.prices.note, services.prices.is_stale, unpriced, has_calls=has_calls)
        side.show_estimates(await self._usage.estimates(period, profile))
        await self._show_reported()

    async def _show_reported(self) -> None:
        services, owner = self.services, self._owner
        assert services is not None
        self.fetch_action.setEnabled(False)
        if owner.kind not in (Kind.OPENAI, Kind.ENVIRONMENT):
            self.side.show_reported(None, NOT_OPENAI, False)
            return
        try:
            has_key = await services.reported.has_key(owner)
        except KeyProblem as problem:
            self.side.show_reported(None, f"{problem.summary} {problem.advice}", False)
            return
        found = await services.reported.reported(owner, self.choices.period)
        self.fetch_action.setEnabled(has_key and not self._is_asking)
        self.side.show_reported(found, "" if has_key else NO_ADMIN_KEY, has_key, is_asking=self._is_asking)

    async def _fetch(self) -> None:
        assert self.services is not None
        self._is_asking = True
        await self._show_reported()
        try:
            await self.services.reported.fetch(self._owner, self.choices.period)
        finally:
            self._is_asking = False
            self._start(self._show_reported(), "reported")

    async def _price_now(self, models: list[str]) -> None:
        count = await self._usage.price_again(models)
        self.notice.emit("good", f"{words.many(count, 'call has', 'calls have')} a price now.")
        self.refresh()

    # Own prices

    def open_prices(self, model: str = "") -> None:
        """The user's own prices; with a model, the form for its price."""
        self.stack.setCurrentWidget(self.prices)
        self.heading.setText("Own prices")
        self.prices.show_list()
        self._start(self._read_prices(model), "prices")

    def _leave_prices(self) -> None:
        self.stack.setCurrentWidget(self.view)
        self.refresh()

    async def _read_prices(self, model: str = "") -> None:
        assert self.services is not None
        self.prices.show_prices(await self.services.prices.own())
        if model:
            self.prices.open_model(model)

    async def _put_price(self, model: str, says: dict[str, Any]) -> None:
        assert self.services is not None
        try:
            told = await self.services.prices.put(model, says)
        except BadInput as error:
            self.prices.show_problem(error)
            return
        for sentence in told:
            self.notice.emit("warn", sentence)
        self.prices.show_list()
        await self._read_prices()
        self.refresh()

    async def _remove_price(self, model: str) -> None:
        assert self.services is not None
        before = await self.services.prices.remove(model)
        await self._read_prices()
        self.refresh()
        if before is not None:
            undo = lambda: self._start(self._put_price(model, before.says), "put-price")  # noqa: E731
            self.undo_offered.emit(f"The own price of {model} was removed.", undo)

    def _go_to_chat(self) -> None:
        """By the window's own action, so that this page knows of no other."""
        if action := self.window().findChild(QAction, "window.go-chat"):
            action.trigger()

    def _open_profile(self, field_name: str) -> None:
        """The profile's form, at one of its fields."""
        window = self.window()
        if (opener := getattr(window, "open_profile", None)) is None:
            return
        opener(self._owner.id)
        if (wanted := window.findChild(QWidget, field_name)) is not None:
            QTimer.singleShot(0, wanted, partial(_bring_into_view, wanted))  # once the form is laid out

    # Out

    def _ask_where(self) -> None:
        dialog = QFileDialog(self, "Export as CSV", str(Path.home() / "usage.csv"), "CSV (*.csv)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.write_csv)
        dialog.open()

    def write_csv(self, path: str) -> None:
        """Every call of the period as a row of a file."""
        self._start(self._write_csv(Path(path)), "csv")

    async def _write_csv(self, path: Path) -> None:
        begun = monotonic()

        def told(done: int, of: int) -> None:
            self.view.show_work(f"Writing {path.name}: {progress(done, of, monotonic() - begun)}")

        told(0, 0)
        try:
            profile = self.choices.profile
            count = await self._usage.write_csv(path, self.choices.period, profile=profile, progress=told)
        finally:
            self.view.show_work("")
        self.notice.emit("good", f"{words.many(count, 'call')} written to {path.name}.")

    # What is remembered

    async def _restore(self) -> None:
        assert self.services is not None
        columns = await self.services.remembered(COLUMNS, [])
        if columns:
            self.view.shares.set_columns(columns)
        kept = await self.services.remembered(CHOICE, {})
        if kept.get("period") in dict(PERIODS) and kept["period"] != OWN:
            self.choices.periods.choose(kept["period"])
        if kept.get("by") in TITLES:
            self.view.by_box.setCurrentIndex([key for key, _ in BY].index(kept["by"]))
        self.refresh()

    async def _keep_choice(self) -> None:
        period = self.choices.periods.chosen
        await self._keep(CHOICE, {"period": period, "by": self.view.by})

    async def _keep(self, name: str, value: object) -> None:
        assert self.services is not None
        await self.services.remember(name, value)


def progress(done: int, of: int, seconds: float) -> str:
    """How far, how fast, and how long it will still take."""
    if not done or seconds <= 0:
        return "beginning…"
    rate = done / seconds
    left = max(0, round((of - done) / rate))
    time = f"{left} s" if left < 120 else f"{left // 60} min"
    return f"{words.thin(done)} of {words.many(of, 'call')}, {words.thin(round(rate))} a second, {time} left"


def _bring_into_view(control: QWidget) -> None:
    control.setFocus(Qt.FocusReason.OtherFocusReason)
    around = control.parentWidget()
    while around is not None and not isinstance(around, QScrollArea):
        around = around.parentWidget()
    if around is not None:
        around.ensureWidgetVisible(control, 0, around.height() // 3)
