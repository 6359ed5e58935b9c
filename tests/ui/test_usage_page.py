"""The usage page for real: real widgets and services over a real archive with thousands of calls."""

from __future__ import annotations

import asyncio
import csv
import json
import random
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import httpx
import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QMenu, QPushButton, QWidget

from desktop.api.client import Client
from desktop.core.calls import Fate
from desktop.core.ids import new_id
from desktop.core.periods import Span
from desktop.core.pricing import from_pico
from desktop.core.profile import LOCAL_ID, Budget, Kind, admin_key_id
from desktop.core.secret import Secret
from desktop.core.usage import Usage as Units
from desktop.services.bundle import Options
from desktop.services.reported import ReportedCosts
from desktop.store import ledger
from desktop.store.ledger import LedgerRow
from desktop.ui.footer import Footer
from desktop.ui.notices import Notices
from desktop.ui.status import Status
from desktop.ui.tasks import Tasks
from desktop.ui.usage import series as chart_of
from desktop.ui.usage.page import UsagePage, progress
from desktop.ui.usage.shares_model import KEYS
from desktop.wiring import open_services
from tests.ui.frame import nameless

NOON = datetime.now().astimezone().replace(hour=12, minute=0, second=0, microsecond=0)
UNITS, NONE = Units(input=1000, output=100), Budget()
KNOWN, FOREIGN = "gpt-4.1-mini", "house-model"
MODELS = ("gpt-4.1", KNOWN, "o3", "gpt-4o", "gpt-5", "gpt-5-mini", "gpt-5.4", "gpt-5.4-mini", "gpt-5.2", "gpt-5.5")


def call(when, *, cost=None, model=MODELS[0], units=UNITS, fate=Fate.COMPLETE, **more):
    started = round(when.timestamp() * 1_000_000)
    return LedgerRow(
        call_id=new_id(),
        started=started,
        ended=None if fate is Fate.OPEN else started + 1,
        model=model,
        fate=fate,
        cost_pico=cost,
        usage=None if fate is Fate.OPEN else units,
        **more,
    )


def many(count, profiles, days=29, seed=7):
    """Calls of the last days: odd picodollars, free ones, and some whose price is not known."""
    chance = random.Random(seed)
    for _ in range(count):
        when = NOON - timedelta(days=chance.randrange(days), hours=chance.randrange(12))
        cost = chance.randrange(1, 10**11)
        model, profile, is_free = chance.choice(MODELS), chance.choice(profiles), False
        if chance.random() < 0.05:
            cost, model = None, FOREIGN
        elif chance.random() < 0.05:
            cost, model, profile, is_free = None, "local-tiny", LOCAL_ID, True
        page = chance.choice(("chat", "speech", "transcription"))
        units = Units(input=chance.randrange(9999), output=chance.randrange(999), reasoning=chance.randrange(9))
        estimate = None if cost is None else cost * chance.choice((90, 100, 105, 130)) // 100
        yield call(
            when,
            cost=cost,
            model=model,
            profile=profile,
            page=page,
            units=units,
            is_free=is_free,
            estimate_pico=estimate,
        )


class Held:
    """A page with services of its own and calls in its ledger."""

    def __init__(self, qtbot, folder):
        self.qtbot, self.folder, self.failures, self.notices = qtbot, folder, [], []
        self.undone = []

    async def open(self, rows=(), budget=NONE):
        self.services = await open_services(Options(self.folder), now=self.now)
        self.profile = await self.services.profiles.add(Kind.OPENAI)
        self.other = await self.services.profiles.add(Kind.OPENROUTER)
        await self.services.profiles.change(replace(self.profile, budget=budget))
        await self.services.profiles.choose(self.profile.id)
        self.rows = list(rows(self) if callable(rows) else rows)
        if self.rows:
            await self.add(*self.rows)
        self.page = UsagePage(self.failures.append)
        self.page.complete()
        self.qtbot.addWidget(self.page)
        self.page.notice.connect(lambda kind, text: self.notices.append(text))
        self.page.undo_offered.connect(lambda text, undo: self.undone.append(undo))
        self.page.resize(1280, 800)
        self.page.show()
        self.page.attach(self.services)
        await self.page.tasks.settled()
        return self.page

    @staticmethod
    def now() -> float:
        return NOON.timestamp() + 60

    async def add(self, *rows):
        def put(db):
            for row in rows:
                ledger.open_row(db, row)
                if row.fate is not Fate.OPEN:
                    ledger.close_row(db, row)

        await self.services.database.write(put)

    async def close(self):
        await self.page.close_down()
        await self.page.tasks.aclose()
        await self.services.aclose()
        assert self.failures == []

    # What is on the screen

    def text(self, name):
        return self.page.findChild(QLabel, name).text()

    def shares(self):
        """Names and exact dollars as the table has them, from top to bottom."""
        table = self.page.view.shares
        model = table.model()
        return [
            (model.index(row, 0).data(), model.index(row, 0).data(Qt.ItemDataRole.UserRole + 2))
            for row in range(model.rowCount())
        ]

    def cell(self, name, key):
        table = self.page.view.shares
        model = table.model()
        row = next(row for row in range(model.rowCount()) if model.index(row, 0).data() == name)
        return model.index(row, KEYS.index(key)).data()

    def said(self, place):
        return "\n".join(label.text() for label in place.findChildren(QLabel) if label.isVisibleTo(self.page))

    @staticmethod
    def said_in(place):
        return [label.text() for label in place.findChildren(QLabel) if label.isVisible()]

    async def press(self, name):
        button = self.page.findChild(QAbstractButton, name)
        assert button is not None and button.isVisibleTo(self.page), name
        button.click()
        await self.page.tasks.settled()

    async def period(self, key):
        periods = self.page.choices.periods
        periods.setCurrentRow([periods._key(periods.item(at)) for at in range(periods.count())].index(key))
        await self.page.tasks.settled()

    async def by(self, at):
        self.page.view.by_box.setCurrentIndex(at)
        self.page.view.by_box.activated.emit(at)
        await self.page.tasks.settled()


@pytest.fixture
def held(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return Held(qtbot, tmp_path)


def thousands(held):
    return many(3000, (held.profile.id, held.other.id))


async def test_every_sum_on_the_page_is_the_ledgers_to_the_last_picodollar(held):
    page = await held.open(thousands)
    whole = from_pico(sum(row.cost_pico or 0 for row in held.rows))
    unpriced = sum(row.cost_pico is None and not row.is_free for row in held.rows)
    free = sum(row.is_free for row in held.rows)
    assert page._total.dollars == whole
    assert f"in 30 days · 3\u202f000 calls · {unpriced} unpriced · {free} free" == held.text("usage.besides")
    assert f"${whole:f}" in page.view.total.toolTip()  # the exact sum on hover
    for at in range(5):  # by model, page, tag, profile, day
        await held.by(at)
        assert sum(dollars for _, dollars in held.shares()) == whole
        chart = page.view.chart
        assert sum(chart._heights, Decimal(0)) == whole
        assert sum((part.sum for part in chart.bars.parts), Decimal(0)) == whole
        assert len(chart.bars.parts) <= 9
        assert len(chart.bars.names) == 30
    await held.close()


async def test_a_model_comes_to_what_its_calls_came_to(held):
    await held.open(thousands)
    wanted = {}
    for row in held.rows:
        wanted[row.model] = wanted.get(row.model, 0) + (row.cost_pico or 0)
    shown = dict(held.shares())
    assert shown == {model: from_pico(pico) for model, pico in wanted.items()}
    figures = [dollars for _, dollars in held.shares()]
    assert figures == sorted(figures, reverse=True)
    await held.close()


async def test_a_period_and_a_profile_are_all_that_is_counted(held):
    page = await held.open(thousands)
    await held.period("7d")
    since = NOON.replace(hour=0) - timedelta(days=6)
    inside = [row for row in held.rows if row.started >= since.timestamp() * 1_000_000]
    assert page._total.calls == len(inside) < len(held.rows)
    assert page._total.dollars == from_pico(sum(row.cost_pico or 0 for row in inside))
    page.choices.profiles.setCurrentRow(3)  # all, Local, the two of this test
    await page.tasks.settled()
    assert page.choices.profile == held.other.id
    mine = [row for row in inside if row.profile == held.other.id]
    assert page._total.dollars == from_pico(sum(row.cost_pico or 0 for row in mine))
    assert "at OpenRouter" in held.text("usage.besides")
    await held.close()


async def test_a_new_name_of_a_profile_leaves_the_choice_as_it_is(held):
    page = await held.open(lambda held: [call(NOON, cost=1, profile=held.other.id)])
    page.choices.profiles.setCurrentRow(3)
    await page.tasks.settled()
    await held.services.profiles.change(replace(held.other, name="Renamed"))
    await page.tasks.settled()
    assert page.choices.profile == held.other.id and "at Renamed" in held.text("usage.besides")
    await held.close()


async def test_calls_that_end_meanwhile_leave_the_list_where_it_is_read(held):
    page = await held.open(thousands)
    page.view.tabs.setCurrentIndex(1)
    await page.tasks.settled()
    bar = page.view.calls.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    before, focus = bar.value(), page.side.findChild(QPushButton, "usage.own-prices-link")
    focus.setFocus()
    await held.add(call(NOON, cost=10**12, profile=held.profile.id))
    page._calm.timeout.emit()
    await page.tasks.settled()
    assert page._total.calls == 3001
    assert bar.value() == before and page.view.calls.calls.rowCount() == 200
    assert page.side.findChild(QPushButton, "usage.own-prices-link") is focus and focus.hasFocus()
    await held.close()


async def test_own_days_are_counted_from_the_first_to_the_last(held):
    page = await held.open([call(NOON - timedelta(days=at), cost=10**at) for at in range(6)])
    await held.period("own")
    assert page.choices.own.isVisible()
    first, last = NOON.date() - timedelta(4), NOON.date() - timedelta(2)
    page.choices.first.setDate(first)
    page.choices.last.setDate(last)
    await page.tasks.settled()
    assert page.choices.period == Span(first, last)
    assert page._total.dollars == from_pico(10**2 + 10**3 + 10**4)
    assert len(page.view.chart.bars.names) == 3
    await held.close()


async def test_hours_of_a_day_and_months_of_a_year(held):
    page = await held.open([call(NOON - timedelta(hours=1), cost=5), call(NOON.replace(month=1, day=2), cost=7)])
    await held.period("today")
    assert all(name.endswith(":00") for name in page.view.chart.bars.names)
    bars = page.view.chart.bars
    (eleven,) = (at for at, name in enumerate(bars.names) if name.endswith("11:00"))
    assert bars.heights()[eleven] == from_pico(5)
    await held.period("year")
    if NOON.month > 4:
        assert page.view.chart.bars.names[0] == f"{NOON.replace(month=1, day=1):%B} {NOON.year}"
        assert len(page.view.chart.bars.names) == NOON.month
        assert page.view.chart.bars.heights()[0] == from_pico(7)
    await held.close()


async def test_what_has_no_price_is_never_shown_as_nothing(held):
    page = await held.open(
        [call(NOON, model=FOREIGN), call(NOON, model=FOREIGN), call(NOON, is_free=True, model="local-tiny")]
    )
    assert held.text("usage.total") == "Unpriced"
    assert held.cell(FOREIGN, "dollars") == "unpriced" and held.cell(FOREIGN, "unpriced") == "2"
    assert held.cell("local-tiny", "dollars") == "free"
    assert "$0" not in held.said(page.view)
    assert page.view.measure == "calls"  # bars of money would be empty
    assert page.view.chart.bars.heights()[-1] == 3
    page.view.measure_box.setCurrentIndex(0)
    page.view.measure_box.activated.emit(0)
    assert page.view.chart.accessibleDescription() == "No price is known for the calls of this time."
    await held.period("today")
    assert page.view.measure == "cost"  # somebody chose: it stays
    (noon,) = (at for at, name in enumerate(page.view.chart.bars.names) if name.endswith("12:00"))
    page.view.chart._go(noon)
    assert page.view.chart.accessibleDescription().endswith("12:00: 3 calls · 2 unpriced")
    await held.close()


async def test_only_free_calls_say_so(held):
    page = await held.open([call(NOON, is_free=True, model="local-tiny", profile=LOCAL_ID)])
    assert held.text("usage.total") == "Free"
    assert page.view.measure_note.text() == "Nothing was charged in this time."
    await held.close()


async def test_before_the_first_call_the_page_says_what_it_is_for(held):
    page = await held.open()
    assert page.stack.currentWidget() is page.empty
    assert "Every call is counted" in held.said(page.empty)
    assert not page.csv_action.isEnabled()
    await held.add(call(NOON, cost=10**12))
    page.refresh()
    await page.tasks.settled()
    assert page.stack.currentWidget() is page.view and held.text("usage.total") == "$1.00"
    await held.close()


async def test_calls_are_priced_afterwards_where_a_price_is_known(held):
    page = await held.open(
        lambda held: [
            call(NOON, model=KNOWN, profile=held.profile.id, units=Units(input=1_000_000, output=0)),
            call(NOON, model=FOREIGN, profile=held.profile.id),
        ]
    )
    side = held.said(page.side)
    assert "2 calls without a price" in side
    offered = {button.objectName(): button for button in page.side.findChildren(QPushButton)}
    assert "usage.price-now-0" in offered or "usage.price-now-1" in offered
    assert "usage.set-price-0" in offered or "usage.set-price-1" in offered
    name = next(name for name in offered if name.startswith("usage.price-now-"))
    await held.press(name)
    assert held.notices == ["1 call has a price now."]
    rate = held.services.catalogs.current.card(KNOWN).prices.tokens["standard"].input
    assert page._total.dollars == rate
    assert held.text("usage.besides").endswith("2 calls · 1 unpriced")
    await held.close()


async def test_a_price_of_ones_own_prices_what_had_none(held):
    page = await held.open(
        lambda held: [call(NOON, model=FOREIGN, profile=held.profile.id, units=Units(input=2_000_000, output=500_000))]
    )
    await held.press("usage.set-price-0")
    form = page.prices.form
    assert page.prices.currentWidget() is page.prices.area and form.model.line.text() == FOREIGN
    form.rows["input"].line.setText("five")
    form.rows["output"].line.setText("$10")
    form.save.click()
    await page.tasks.settled()
    assert form.rows["input"].problem.isVisible() and form.rows["input"].line.text() == "five"
    assert await held.services.prices.own() == ()
    form.rows["input"].line.setText("2.50")
    form.save.click()
    await page.tasks.settled()
    model = page.prices.table.prices
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    assert [model.index(0, at).data() for at in range(6)] == [FOREIGN, "$2.50", "–", "$10.00", "", "you"]
    await held.press("prices.back")
    await held.press("usage.price-now-0")
    assert page._total.dollars == Decimal("10.00")  # 2 x 2.50 + 0.5 x 10
    await held.close()


async def test_an_own_price_is_changed_and_removed_and_comes_back(held):
    page = await held.open([call(NOON, cost=1)])
    says = {"tokens": {"standard": {"input": "1"}, "batch": {"input": "0.5"}}, "per_minute": "0.006"}
    await held.services.prices.put(FOREIGN, says)
    page.open_prices()
    await page.tasks.settled()
    page.prices.change.click()
    form = page.prices.form
    assert form.model.line.isReadOnly() and form.rows["per_minute"].amount == Decimal("0.006")
    form.rows["input"].line.setText("3")
    form.save.click()
    await page.tasks.settled()
    kept = (await held.services.prices.get(FOREIGN)).says
    assert Decimal(str(kept["tokens"]["standard"]["input"])) == 3
    assert Decimal(str(kept["tokens"]["batch"]["input"])) == Decimal("0.5")  # what the form does not show stays
    page.prices.remove.click()
    await page.tasks.settled()
    assert await held.services.prices.own() == () and page.prices.empty.isVisible()
    assert page.prices.add.y() < page.prices.height() // 3  # what is said stands together at the top
    held.undone[-1]()
    await page.tasks.settled()
    assert (await held.services.prices.get(FOREIGN)).says == kept
    await held.close()


async def test_the_file_has_the_calls_that_are_shown(held, tmp_path):
    page = await held.open(thousands)
    await held.period("7d")
    path = tmp_path / "out.csv"
    page.write_csv(str(path))
    await page.tasks.settled()
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == page._total.calls
    assert sum(Decimal(line["dollars"] or 0) for line in lines) == page._total.dollars
    assert sum(line["priced"] == "unpriced" for line in lines) == page._total.unpriced
    assert held.notices == [f"{page._total.calls} calls written to out.csv."]
    assert not page.view.work_note.isVisible()
    await held.close()


async def test_single_calls_are_read_as_they_come_into_view(held, qtmodeltester):
    page = await held.open(lambda held: many(700, (held.profile.id, held.other.id)))  # of more, the tester tires
    model = page.view.calls.calls
    page.view.tabs.setCurrentIndex(1)
    await page.tasks.settled()
    assert model.rowCount() == 200 and model.canFetchMore(model.index(-1, -1))
    qtmodeltester.check(model)
    await page.tasks.settled()
    while model.canFetchMore(model.index(-1, -1)):
        model.fetchMore(model.index(-1, -1))
        await page.tasks.settled()
    assert model.rowCount() == len(held.rows)
    shown = [model.row(at) for at in range(model.rowCount())]
    assert {row.call_id for row in shown} == {row.call_id for row in held.rows}
    assert [row.started for row in shown] == sorted((row.started for row in shown), reverse=True)
    assert sum((row.dollars or Decimal(0) for row in shown), Decimal(0)) == page._total.dollars
    await held.close()


async def test_enter_on_a_bar_shows_its_calls_and_back(held):
    page = await held.open([call(NOON - timedelta(days=at // 2), cost=1) for at in range(8)])
    chart = page.view.chart
    chart.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(chart, Qt.Key.Key_Left)
    yesterday = NOON.date() - timedelta(1)
    assert chart.bars.names[chart.current] == f"{yesterday.day} {yesterday:%B} {yesterday.year}"
    QTest.keyClick(chart, Qt.Key.Key_Return)
    await page.tasks.settled()
    model = page.view.calls.calls
    assert page.view.tables.currentWidget() is page.view.calls
    assert [model.row(at).started.date() for at in range(model.rowCount())] == [yesterday] * 2
    await held.press("usage.all-calls")
    assert model.rowCount() == 8
    await held.close()


async def test_enter_on_a_row_shows_its_calls(held):
    page = await held.open(
        lambda held: [call(NOON, cost=at, model=model, profile=held.profile.id) for at in range(3) for model in "ab"]
    )
    table = page.view.shares
    table.sortByColumn(KEYS.index("name"), Qt.SortOrder.DescendingOrder)
    table.selectRow(0)
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_Return)
    await page.tasks.settled()
    model = page.view.calls.calls
    assert [model.row(at).model for at in range(model.rowCount())] == ["b"] * 3
    assert page.view.calls_of.text() == "Model: b"
    await held.by(4)  # another question: the list is whole again
    page.view.tabs.setCurrentIndex(0)
    page.view.shares.taken.emit(0)
    await page.tasks.settled()
    assert model.rowCount() == 6 and str(NOON.year) in page.view.calls_of.text()
    await held.close()


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026-11-22 14:00", date(2026, 11, 22), date(2026, 11, 22)),
    ],
)
def test_the_days_of_a_row(name, first, last):
    assert chart_of.days_named(name) == Span(first, last)


async def test_a_column_sorts_by_its_figures_not_by_their_text(held):
    rows = [call(NOON, cost=cost, model=model) for cost, model in ((9 * 10**12, "a"), (10 * 10**12, "b"), (None, "c"))]
    page = await held.open(rows)
    table = page.view.shares
    assert [name for name, _ in held.shares()] == ["b", "a", "c"]
    assert table.model().headerData(KEYS.index("dollars"), Qt.Orientation.Horizontal) == "Cost ↓"
    table.sortByColumn(KEYS.index("name"), Qt.SortOrder.AscendingOrder)
    assert [name for name, _ in held.shares()] == ["a", "b", "c"]
    QAbstractItemModelTester(table.shares, QAbstractItemModelTester.FailureReportingMode.Fatal)
    QAbstractItemModelTester(table.model(), QAbstractItemModelTester.FailureReportingMode.Fatal)
    await held.by(4)
    await held.close()


async def test_columns_are_chosen_kept_and_never_hide_what_a_sum_leaves_out(held):
    page = await held.open([call(NOON, cost=5), call(NOON, model=FOREIGN)])
    table = page.view.shares
    assert "reasoning" not in table.shown and "unpriced" in table.shown
    table.choose_columns(page.mapToGlobal(page.rect().center()))
    menu = table.findChild(QMenu, "usage.columns-menu")
    actions = {action.text(): action for action in menu.actions()}
    assert "Unpriced" not in actions and "Cost" not in actions
    actions["Reasoning"].trigger()
    actions["Cached"].trigger()
    menu.close()
    await page.tasks.settled()
    assert "reasoning" in table.shown and "cached" not in table.shown
    assert sorted(await held.services.remembered("usage.columns", [])) == sorted(table.shown)
    await held.close()


async def test_budgets_are_bars_with_words(held):
    budget = Budget(day=Decimal(10), month=Decimal(5))
    page = await held.open(
        lambda held: [
            call(NOON, cost=4 * 10**12, profile=held.profile.id),
            call(NOON, model=FOREIGN, profile=held.profile.id),
        ],
        budget=budget,
    )
    rows = page.side.bars.rows
    assert rows["day"].figures.text() == "$4.00 of $10.00"
    assert rows["month"].figures.text() == "$4.00 of $5.00"
    assert "80 % is used: near the limit." in rows["month"].said.text()
    assert "1 call is unpriced" in rows["day"].said.text()
    assert rows["total"].figures.text() == "$4.00, no limit"
    assert rows["month"].bar._taken == pytest.approx(0.8) and rows["month"].bar._tone == "warn"
    await held.add(call(NOON, cost=2 * 10**12, profile=held.profile.id))
    page.refresh()
    await page.tasks.settled()
    assert rows["month"].said.text().startswith("Used up. The next send asks first.")
    await held.close()


async def test_a_budget_is_offered_only_where_it_limits_something(held):
    page = await held.open(budget=Budget(day=Decimal(10)))
    assert page.budget_action.isEnabled() and page.side.set_budget.isEnabled()
    await held.services.profiles.choose(LOCAL_ID)
    page.refresh()
    await page.tasks.settled()
    assert not page.budget_action.isEnabled()
    assert "Nothing is charged on this computer" in page.budget_action.toolTip()
    await held.close()
    with closing(sqlite3.connect(held.folder / "archive.db")) as newer:
        newer.execute("PRAGMA user_version = 99")
    page = await held.open(budget=Budget(day=Decimal(10)))
    for part in (page.budget_action, page.side.set_budget):
        assert not part.isEnabled()
        assert "can only be read" in part.toolTip()
    await held.close()


async def test_how_good_the_estimates_were(held):
    rows = [call(NOON, cost=cost, estimate_pico=100, model="a") for cost in (100, 105, 120, 300, 310)]
    page = await held.open(rows)
    said = held.said(page.side.estimates)
    assert "40 % of 5 estimates came within 10 % of the cost, 60 % within 25 %." in said
    assert "1.20 ×" in said  # the one in the middle
    await held.close()


async def test_the_providers_own_figures_stand_beside_ours(held):
    today = datetime.fromtimestamp(NOON.timestamp(), UTC).date()  # the providers' days are those of UTC
    page = await held.open(lambda held: [call(NOON, cost=2 * 10**12, profile=held.profile.id)])
    assert page.findChild(QPushButton, "usage.fetch") is None
    assert "admin key" in held.said(page.side.reported)
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        start = int(datetime.fromisoformat(f"{today}T00:00:00+00:00").timestamp())
        result = {"object": "organization.costs.result", "amount": {"value": 2.5, "currency": "usd"}, "line_item": "x"}
        bucket = {"object": "bucket", "start_time": start, "end_time": start + 86400, "results": [result]}
        body = {"object": "page", "data": [bucket], "has_more": False, "next_page": None}
        return httpx.Response(200, content=json.dumps(body), headers={"content-type": "application/json"})

    def connect(profile, key):
        return Client(profile, key, transport=httpx.MockTransport(answer))

    services = held.services
    services.reported = ReportedCosts(services.database, services.secrets, connect, now=held.now)
    await services.profiles.set_key(held.profile.id, Secret("sk-0123456789abcdef0123"))  # names the host
    await services.secrets.put(admin_key_id(held.profile.id), Secret("sk-admin-0123456789abcdef0123"))
    page.refresh()
    await page.tasks.settled()
    assert asked == []  # nothing is asked before it is clicked
    await held.press("usage.fetch")
    assert len(asked) == 1 and asked[0].url.path.endswith("/organization/costs")
    said = held.said(page.side.reported)
    assert "Theirs $2.50, ours $2.00: a drift of +$0.50 (25 %)." in said
    for figure in ("$2.00", "$2.50", "+$0.50"):
        assert figure in said.split("\n")
    await held.close()


async def test_money_is_always_said_to_be_an_estimate_of_a_day(held):
    page = await held.open([call(NOON, cost=1)])
    as_of = held.services.prices.as_of.isoformat()
    assert as_of in held.text("usage.basis") and "estimate" in held.text("usage.basis")
    assert as_of in held.said(page.side.prices)
    await held.close()


async def test_old_prices_are_said_to_be_old(held):
    page = await held.open([call(NOON, cost=1)])
    assert page.view.basis.property("kind") == "caption"
    held.services.prices._now = lambda: NOON.timestamp() + 400 * 86400
    page.refresh()
    await page.tasks.settled()
    assert "may have changed" in held.text("usage.basis") and page.view.basis.property("kind") == "warn"
    await held.close()


async def test_hostile_names_are_shown_as_they_are(held):
    name = "<b>gpt</b>&x\u202eevil"
    page = await held.open([call(NOON, cost=5, model=name), call(NOON, model=name)])
    told = page.view.shares.shares.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "<b>" not in told and "&lt;b&gt;gpt" in told
    row = page.view.legend.rows[0]
    assert "\u202e" not in row.accessibleName() and "<b>gpt</b>&x" in row.accessibleName()
    page.view.chart._go(29)
    assert "\u202e" not in page.view.chart.accessibleDescription()
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in page.findChildren(QLabel))
    await held.close()


async def test_every_control_has_a_name_in_every_state(held):
    page = await held.open(thousands)
    assert nameless(page) == []
    page.view.tabs.setCurrentIndex(1)
    await held.period("own")
    assert nameless(page) == []
    page.open_prices(FOREIGN)
    await page.tasks.settled()
    page.prices.form.more.head.setChecked(True)
    assert nameless(page) == []
    await held.close()


async def test_what_was_chosen_is_chosen_at_the_next_start(held, qtbot):
    page = await held.open([call(NOON, cost=1)])
    await held.period("year")
    await held.by(1)
    again = UsagePage(held.failures.append)
    again.complete()
    qtbot.addWidget(again)
    again.show()
    again.attach(held.services)
    await again.tasks.settled()
    assert again.choices.period == "year" and again.view.by == "page"
    await again.tasks.aclose()
    assert page.choices.period == "year"
    await held.close()


def test_writing_says_how_far_how_fast_and_how_long():
    assert progress(0, 0, 0) == "beginning…"
    assert progress(2000, 12000, 2.0) == "2\u202f000 of 12\u202f000 calls, 1\u202f000 a second, 10 s left"


def test_a_year_of_days_is_twelve_bars():
    from desktop.services.usage import Part, Series

    starts = tuple(datetime(2025, 1, 1).astimezone() + timedelta(days=at) for at in range(365))
    ones = (Decimal(1),) * 365
    bars = chart_of.bars(Series(starts, (Part("a", ones, (1,) * 365, (0,) * 365),)), "cost", str)
    assert len(bars.names) == 12 and bars.names[1] == f"{starts[31]:%B} 2025"
    assert bars.heights()[1] == 28 and sum(bars.heights()) == 365


async def test_the_way_to_the_budget_ends_at_its_field(held, qtbot):
    from desktop.ui.main_window import MainWindow

    await held.open([call(NOON, cost=1)])
    window = MainWindow()
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.show()
    window.attach(held.services)
    window.show_page("usage")
    page = window.pages["usage"]
    await page.tasks.settled()
    page.side.set_budget.click()
    await window.page("settings").tasks.settled()
    field = window.findChild(QWidget, "profiles.day")
    async with asyncio.timeout(60):
        while not (field.hasFocus() and not field.visibleRegion().isEmpty()):  # the form is laid out meanwhile
            await asyncio.sleep(0)
    assert window.current == "settings"
    window.show_page("usage")
    await page.tasks.settled()
    window.end()
    await window.close_down()
    await held.close()


# --- the footer over the same services


class Foot:
    """A footer with its status, in a window of its own."""

    def __init__(self, qtbot, services, failures):
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.window.resize(1000, 600)
        self.footer, self.notices = Footer(self.window), Notices(self.window)
        self.footer.setGeometry(0, 560, 1000, 28)
        self.tasks = Tasks(failures.append, self.window)
        self.status = Status(self.footer, self.notices, self.tasks, lambda profile: None)
        self.window.show()
        self.status.attach(services)


async def test_the_meter_counts_this_session_resets_and_takes_it_back(held, qtbot):
    await held.open([call(NOON - timedelta(days=2), cost=10**12)])
    foot = Foot(qtbot, held.services, held.failures)
    await foot.tasks.settled()
    assert foot.footer.cost.text() == "$0"  # what was before is no part of the session
    later = NOON + timedelta(minutes=1)
    units = Units(input=1000, cached=200, output=50)
    spent = [
        call(later, cost=3 * 10**11, units=units, profile=held.profile.id),
        call(later, model=FOREIGN, units=units),
    ]
    await held.add(*spent)
    foot.status.spent()
    await foot.tasks.settled()
    assert foot.footer.cost.text().startswith("$0.30 + 1 unpriced")
    foot.footer.cost.click()
    await foot.tasks.settled()
    said = held.said_in(foot.footer.breakdown)
    assert {"$0.30", "unpriced", FOREIGN, "1\u202f000", "200", "50"} <= set(said)
    assert held.services.prices.note in said
    foot.footer.breakdown.tabs.setCurrentIndex(2)
    assert {"input tokens", "2\u202f000", "of them cached", "400"} <= set(held.said_in(foot.footer.breakdown))
    held.services.meter._now = lambda: later.timestamp() + 5  # the calls were before the reset
    foot.footer.breakdown.reset.click()
    await foot.tasks.settled()
    assert foot.footer.cost.text() == "$0"
    assert foot.notices.texts() == ["The session counts from now on."]
    QTest.mouseClick(foot.notices.findChild(QPushButton, "notices.action"), Qt.MouseButton.LeftButton)
    await foot.tasks.settled()
    assert foot.footer.cost.text().startswith("$0.30 + 1 unpriced")
    rows = await held.services.database.read(lambda db: ledger.rows(db))
    assert len(rows) == 3  # the ledger knows nothing of sessions
    await foot.tasks.aclose()
    await held.close()


async def test_a_budget_that_is_near_is_marked_in_the_footer(held, qtbot):
    await held.open(budget=Budget(month=Decimal(1)))
    foot = Foot(qtbot, held.services, held.failures)
    await foot.tasks.settled()
    assert not foot.footer.budget.isVisible()
    await held.add(call(NOON, cost=9 * 10**11, profile=held.profile.id))
    foot.status.spent()
    await foot.tasks.settled()
    assert foot.footer.budget.isVisible() and foot.footer.budget.text() == "90 % of this month's budget"
    await held.services.budgets.warn(held.services.profiles.chosen)
    assert len(foot.notices.texts()) == 1 and "nearly used up" in foot.notices.texts()[0]
    await foot.tasks.settled()
    await held.services.profiles.choose(LOCAL_ID)
    await foot.tasks.settled()
    assert not foot.footer.budget.isVisible()
    await foot.tasks.aclose()
    await held.close()
