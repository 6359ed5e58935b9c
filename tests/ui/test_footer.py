"""The foot of the window shows what it is told, in words and signs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from desktop.core.calls import CallRow, Fate
from desktop.core.usage import RateLimit
from desktop.ui.footer import CostRow, Footer
from desktop.ui.status import tightest
from desktop.ui.wire_dock import COLUMNS, WireDock


@pytest.fixture
def footer(qtbot):
    window = QWidget()
    column = QVBoxLayout(window)
    made = Footer(window)
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


def test_the_breakdown_opens_filled_and_closes_by_escape(footer, qtbot):
    row = CostRow("gpt-x", 3, 1204, 800, 356, 40, "$0.0041")
    footer.breakdown_wanted.connect(lambda: footer.set_breakdown([row], "$0.02", "$1.10"))
    qtbot.mouseClick(footer.cost, Qt.MouseButton.LeftButton)
    assert footer.breakdown.isVisible()
    texts = [label.text() for label in footer.breakdown.findChildren(QLabel) if label.isVisible()]
    for wanted in ("gpt-x", "1\u202f204", "800", "356", "40", "$0.0041", "Today", "$0.02", "This month", "$1.10"):
        assert wanted in texts
    assert footer.window().rect().contains(footer.breakdown.geometry())
    qtbot.keyClick(footer.breakdown, Qt.Key.Key_Escape)
    assert not footer.breakdown.isVisible()


def test_a_breakdown_that_comes_late_is_whole_and_in_its_place(footer, qtbot):
    qtbot.mouseClick(footer.cost, Qt.MouseButton.LeftButton)
    rows = [CostRow(f"model-{number}", 1, 10, 0, 10, 0, "free") for number in range(6)]
    footer.set_breakdown(rows, "free", "free")
    labels = [label for label in footer.breakdown.findChildren(QLabel) if label.isVisible()]
    assert {row.name for row in rows} <= {label.text() for label in labels}
    assert footer.breakdown.height() >= footer.breakdown.sizeHint().height() > 150
    assert footer.window().rect().contains(footer.breakdown.geometry())


def test_the_gauge_shows_the_limit_that_is_nearest_its_end():
    limits = {
        "one": RateLimit(limit_requests=100, remaining_requests=90, limit_tokens=1000, remaining_tokens=100),
        "two": RateLimit(limit_requests=10, remaining_requests=5, reset_requests=timedelta(seconds=1)),
    }
    share, words = tightest(limits)
    assert share == pytest.approx(0.1)
    assert words == "100 of 1\u202f000 tokens left for one"
    assert tightest({"none": RateLimit()}) == (None, "")


def test_a_call_is_one_row_from_its_start_to_its_end(qtbot, qtmodeltester):
    dock = WireDock(None)
    qtbot.addWidget(dock)
    dock.show()
    assert dock.empty.isVisible() and not dock.table.isVisible()
    started = CallRow("a", 1_700_000_000_000_000, "POST", "/v1/chat/completions", model="m")
    dock.put(started)
    dock.put(CallRow("b", 1_700_000_001_000_000, "GET", "/v1/models"))
    done = CallRow("a", started.started, "POST", started.path, "m", 200, 1234.5, 5678, "free", 1, Fate.COMPLETE)
    dock.put(done)
    qtmodeltester.check(dock.calls)
    assert dock.calls.rowCount() == 2
    assert dock.calls.call(0).call_id == "b"
    row = [dock.calls.index(1, at).data() for at in range(len(COLUMNS))]
    assert row[1:] == ["POST", "/v1/chat/completions", "m", "200", "1,234", "5,678", "free", "1", "complete"]
    assert dock.table.isVisible() and not dock.empty.isVisible()


def test_the_list_of_calls_keeps_the_newest(qtbot):
    dock = WireDock(None)
    qtbot.addWidget(dock)
    for number in range(520):
        dock.put(CallRow(str(number), number, "GET", "/"))
    assert dock.calls.rowCount() == 500
    assert dock.calls.call(0).call_id == "519"
