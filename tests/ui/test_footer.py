"""The foot of the window shows what it is told, in words and signs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from desktop.core.usage import RateLimit
from desktop.services.rate_limits import RateLimits
from desktop.ui.footer import Footer
from desktop.ui.meter_popover import CostRow, Spending
from desktop.ui.rate_popover import until


@pytest.fixture
def footer(qtbot):
    window = QWidget()
    column = QVBoxLayout(window)
    made = Footer(window)
    made.complete()
    column.addStretch(1)
    column.addWidget(made)
    window.resize(1000, 600)
    qtbot.addWidget(window)
    window.show()
    yield made  # which keeps the window


def test_nothing_is_claimed_before_anything_is_known(footer):
    assert footer.profile.text() == "Starting"
    for widget in (footer.engine, footer.engine_stop, footer.rate, footer.jobs, footer.offline, footer.plain_http):
        assert not widget.isVisible()


def test_profile_and_its_state_are_told_in_words_too(footer):
    footer.set_profile("R&D", "bad", "The last call failed")
    assert footer.profile.text() == "R&&D"
    assert footer.dot.accessibleName() == "The last call failed"
    assert footer.profile.accessibleName() == "Profile R&D: The last call failed"


def test_engine_with_a_way_to_give_its_memory_back(footer, qtbot):
    footer.set_engine("Local: tiny demo model", can_stop=True)
    with qtbot.waitSignal(footer.engine_stop_wanted):
        qtbot.mouseClick(footer.engine_stop, Qt.MouseButton.LeftButton)
    footer.set_engine("")
    assert not footer.engine.isVisible() and not footer.engine_stop.isVisible()


def test_plain_http_and_off_line_are_marked(footer):
    footer.set_plain_http("box.lan")
    footer.set_offline(True)
    assert footer.plain_http.isVisible() and "box.lan" in footer.plain_http.text()
    assert footer.offline.isVisible()


def test_jobs_and_cost_in_words(footer):
    footer.set_jobs(2, 0.64)
    footer.set_cost("$0.0132", 1560)
    assert footer.jobs.text() == "2 jobs 64 %"
    assert footer.cost.text() == "$0.0132 · 1\u202f560 tokens"
    footer.set_cost("unpriced", 12)
    assert "unpriced" in footer.cost.text()


def shown(root) -> list[str]:
    return [label.text() for label in root.findChildren(QLabel) if label.isVisible()]


ROW = CostRow("gpt-x", 3, 1204, 800, 356, 40, "$0.0041")
SPENDING = Spending(
    models=[ROW],
    pages=[CostRow("Chat", 3, 1204, 800, 356, 40, "$0.0041")],
    units=[("input tokens", "1\u202f204"), ("seconds", "12.5")],
    session="$0.0041",
    today="$0.02",
    month="$1.10",
    basis="Prices as of 2026-11-22; an estimate, not a bill.",
    budgets=[("Budget: $1.10 of $1.20 this month.", "warn")],
)


def test_the_breakdown_opens_filled_and_closes_by_escape(footer, qtbot):
    footer.breakdown_wanted.connect(lambda: footer.set_breakdown(SPENDING))
    qtbot.mouseClick(footer.cost, Qt.MouseButton.LeftButton)
    assert footer.breakdown.isVisible()
    texts = shown(footer.breakdown)
    for wanted in ("gpt-x", "1\u202f204", "800", "356", "40", "$0.0041", "Today", "$0.02", "This month", "$1.10"):
        assert wanted in texts
    assert SPENDING.basis in texts and SPENDING.budgets[0][0] in texts
    assert footer.window().rect().contains(footer.breakdown.geometry())
    qtbot.keyClick(footer.breakdown, Qt.Key.Key_Escape)
    assert not footer.breakdown.isVisible()
    assert footer.cost.hasFocus()


def test_the_breakdown_is_by_model_by_page_and_by_unit(footer, qtbot):
    footer.set_breakdown(SPENDING)
    qtbot.mouseClick(footer.cost, Qt.MouseButton.LeftButton)
    tabs = footer.breakdown.tabs
    tabs.setFocus()
    assert footer.breakdown.isVisible()  # the focus is still inside
    qtbot.keyClick(tabs, Qt.Key.Key_Right)
    assert "Chat" in shown(footer.breakdown) and "gpt-x" not in shown(footer.breakdown)
    qtbot.keyClick(tabs, Qt.Key.Key_Right)
    assert {"input tokens", "seconds", "12.5"} <= set(shown(footer.breakdown))


def test_the_breakdown_goes_with_a_click_elsewhere_and_a_second_click_on_its_control(footer, qtbot):
    footer.set_breakdown(SPENDING)
    qtbot.mouseClick(footer.cost, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(footer.cost, Qt.MouseButton.LeftButton)
    assert not footer.breakdown.isVisible()
    qtbot.mouseClick(footer.cost, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(footer.window(), Qt.MouseButton.LeftButton, pos=footer.window().rect().topLeft())
    assert not footer.breakdown.isVisible()


def test_reset_and_the_page_are_offered_in_the_breakdown(footer, qtbot):
    footer.set_breakdown(SPENDING)
    qtbot.mouseClick(footer.cost, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(footer.reset_wanted):
        qtbot.mouseClick(footer.breakdown.reset, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(footer.usage_wanted):
        qtbot.mouseClick(footer.breakdown.usage, Qt.MouseButton.LeftButton)
    assert not footer.breakdown.isVisible()
    footer.set_breakdown(Spending())
    assert not footer.breakdown.reset.isEnabled()  # nothing to reset


def test_a_breakdown_that_comes_late_is_whole_and_in_its_place(footer, qtbot):
    qtbot.mouseClick(footer.cost, Qt.MouseButton.LeftButton)
    rows = [CostRow(f"model-{number}", 1, 10, 0, 10, 0, "free") for number in range(6)]
    footer.set_breakdown(Spending(models=rows, today="free", month="free"))
    assert {row.name for row in rows} <= set(shown(footer.breakdown))
    assert footer.breakdown.height() >= footer.breakdown.sizeHint().height() > 150
    assert footer.window().rect().contains(footer.breakdown.geometry())


def test_many_models_keep_the_breakdown_within_a_low_window(footer, qtbot):
    footer.window().resize(800, 600)
    rows = [CostRow(f"model-{number}", 1, 10, 0, 10, 0, "free") for number in range(40)]
    footer.set_breakdown(Spending(models=rows, session="free", today="free", month="free", basis="x"))
    qtbot.mouseClick(footer.cost, Qt.MouseButton.LeftButton)
    assert footer.breakdown.geometry().bottom() <= footer.geometry().top()
    assert footer.breakdown.geometry().top() >= 0
    listed = sum(text.startswith("model-") for text in shown(footer.breakdown))
    assert f"and {40 - listed} more on the Usage page" in shown(footer.breakdown)


def test_a_budget_that_is_near_is_said_in_words(footer):
    assert not footer.budget.isVisible()
    footer.set_budget("84 % of today's budget", "warn")
    assert footer.budget.isVisible() and footer.budget.property("kind") == "foot-warn"
    footer.set_budget("today's budget is used up", "reached")
    assert footer.budget.property("kind") == "foot-bad"
    footer.set_budget("", "")
    assert not footer.budget.isVisible()


NOW = 1_700_000_000


def gauges(at=NOW, remaining=5):
    limits = RateLimits(now=lambda: at)
    limits.take("p", "gpt-x", RateLimit(100, 90, timedelta(seconds=5), 1000, 100, timedelta(seconds=90)))
    limits.take("p", "gpt-<b>y</b>", RateLimit(10, remaining))
    return limits.models("p")


def test_the_gauge_opens_each_models_limits(footer, qtbot, monkeypatch):
    clock = [NOW]
    footer.rates._now = lambda: clock[0]
    footer.rates_wanted.connect(lambda: footer.rates.show_gauges(gauges()))
    footer.set_rate(0.1, gauges()[0].words)
    assert footer.rate.accessibleName() == "Rate limit: 100 of 1\u202f000 tokens left for gpt-x"
    qtbot.mouseClick(footer.rate, Qt.MouseButton.LeftButton)
    texts = shown(footer.rates)
    for wanted in ("gpt-x", "90 of 100", "in 5 s", "100 of 1\u202f000", "in 1 min 30 s", "gpt-<b>y</b>", "5 of 10"):
        assert wanted in texts
    assert footer.window().rect().contains(footer.rates.geometry())


def test_time_to_a_reset_counts_down_only_while_it_is_open(footer, qtbot):
    clock = [NOW]
    footer.rates._now = lambda: clock[0]
    footer.rates_wanted.connect(lambda: footer.rates.show_gauges(gauges()))
    footer.set_rate(0.1, "x")
    assert not footer.rates._tick.isActive()
    qtbot.mouseClick(footer.rate, Qt.MouseButton.LeftButton)
    rows = list(footer.rates.rows)
    assert footer.rates._tick.isActive()
    clock[0] += 3
    footer.rates._tick.timeout.emit()
    assert rows[0].requests_reset.text() == "in 2 s"
    assert footer.rates.rows == rows  # the same labels: nothing is built anew each second
    clock[0] += 3
    footer.rates._tick.timeout.emit()
    assert rows[0].requests_reset.text() == "whole again"
    qtbot.keyClick(footer.rates, Qt.Key.Key_Escape)
    assert not footer.rates._tick.isActive()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "in 1 s"), (61, "in 1 min 01 s"), (3600, "in 1 h 00 min"), (0, "whole again"), (-4, "whole again")],
)
def test_times_to_a_reset_in_words(seconds, words):
    assert until(round((NOW + seconds) * 1_000_000), NOW) == words
    assert until(None, NOW) == ""
