"""The chart: sums that stay exact, an axis in round steps, bars read by mouse, keys and words."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from desktop.core.settings import Appearance
from desktop.ui import theme
from desktop.ui.widgets.chart import BarChart
from desktop.ui.widgets.chart_legend import Legend
from desktop.ui.widgets.chart_scale import COUNT, DOLLARS, OTHER, Bars, Part, at_most, axis, every, money

values = st.decimals(min_value=0, max_value=10**6, places=12)
piles = st.lists(st.lists(values, min_size=3, max_size=3), max_size=20)


@given(piles)
def test_cutting_to_eight_parts_loses_nothing(columns):
    parts = [Part(f"part {at}", tuple(column)) for at, column in enumerate(columns)]
    kept = at_most(parts)
    assert len(kept) <= 9
    assert sum((part.sum for part in kept), Decimal(0)) == sum((part.sum for part in parts), Decimal(0))
    assert [part.sum for part in kept if part.name != OTHER] == sorted(
        (part.sum for part in kept if part.name != OTHER), reverse=True
    )


@given(st.decimals(min_value="0.000000000001", max_value=10**9, places=12), st.integers(2, 6))
def test_the_axis_has_round_steps_and_room_for_the_highest_bar(top, wanted):
    marks = axis(top, wanted=wanted)
    step = marks[1]
    assert marks[0] == 0 and marks[-1] >= top > marks[-2] - step
    assert len(marks) <= wanted + 2
    assert step.scaleb(-step.adjusted()) in {Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5)}
    assert len({DOLLARS.mark(mark, step) for mark in marks}) == len(marks)  # no two read the same


def test_the_axis_of_counts_has_whole_steps():
    assert axis(Decimal(3), is_whole=True) == (0, 1, 2, 3)
    assert axis(Decimal(0)) == (0,)


def test_figures_are_grouped_thinly():
    assert money(Decimal("12345.678")) == "$12\u202f345.68"
    assert DOLLARS.mark(Decimal(2500), Decimal(500)) == "$2\u202f500"
    assert DOLLARS.mark(Decimal("0.0005"), Decimal("0.0005")) == "$0.0005"
    assert COUNT.words(Decimal(1204)) == "1\u202f204"
    assert every([40, 50], slot=10, gap=10) == 6


BARS = Bars(
    names=("1 November 2026", "2 November 2026", "3 November 2026"),
    marks=("1 Nov", "2 Nov", "3 Nov"),
    parts=(
        Part("gpt-x", (Decimal("1.00"), Decimal(0), Decimal("0.5"))),
        Part("<b>bold</b>", (Decimal("0.20"), Decimal(0), Decimal("0.000000000001"))),
    ),
    notes=("2 unpriced", "", ""),
)


@pytest.fixture
def held(qtbot):
    """A chart and its legend in a window."""
    window = QWidget()
    row = QHBoxLayout(window)
    chart, legend = BarChart("usage.chart", "Cost by day"), Legend("usage.legend")
    legend.hidden_changed.connect(chart.set_hidden)
    row.addWidget(chart, 3)
    row.addWidget(legend, 1)
    window.resize(800, 320)
    qtbot.addWidget(window)
    window.show()
    chart.set_bars(BARS)
    legend.set_bars(BARS, DOLLARS)
    yield window, chart, legend
    theme.current().configure(Appearance.LIGHT, 100, False)


def test_arrow_keys_walk_the_bars_and_say_each(held):
    _, chart, _ = held
    chart.setFocus(Qt.FocusReason.TabFocusReason)
    assert chart.current == 2  # the last with something in it
    QTest.keyClick(chart, Qt.Key.Key_Home)
    said = chart.accessibleDescription()
    assert said == "1 November 2026: $1.20. gpt-x $1.00, <b>bold</b> $0.20. 2 unpriced"
    QTest.keyClick(chart, Qt.Key.Key_Right)
    assert chart.accessibleDescription() == "2 November 2026: $0.00"
    QTest.keyClick(chart, Qt.Key.Key_End)
    QTest.keyClick(chart, Qt.Key.Key_Right)
    assert chart.current == 2
    QTest.keyClick(chart, Qt.Key.Key_Escape)
    assert chart.current == -1 and not chart.readout.isVisible()


def test_enter_asks_for_the_bar_that_is_read(held, qtbot):
    _, chart, _ = held
    chart.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(chart, Qt.Key.Key_Home)
    with qtbot.waitSignal(chart.chosen) as asked:
        QTest.keyClick(chart, Qt.Key.Key_Return)
    assert asked.args == [0]


def test_the_mouse_reads_the_bar_under_it_as_plain_text(held):
    window, chart, _ = held
    plot = chart._plot()
    QTest.mouseMove(chart, QPoint(int(plot.left() + plot.width() / 6), chart.height() // 2))
    assert chart.current == 0 and chart.readout.isVisible()
    texts = [label.text() for label in chart.readout.findChildren(QLabel) if label.isVisible()]
    assert texts == ["1 November 2026", "gpt-x", "$1.00", "<b>bold</b>", "$0.20", "Sum", "$1.20", "2 unpriced"]
    assert {label.textFormat() for label in chart.readout.findChildren(QLabel)} == {Qt.TextFormat.PlainText}
    assert window.rect().contains(chart.readout.geometry())


def test_the_legend_takes_a_part_out_of_bars_sums_and_axis(held):
    _, chart, legend = held
    assert [row.accessibleName() for row in legend.rows] == ["gpt-x, $1.50", "<b>bold</b>, $0.20"]
    QTest.keyClick(legend.rows[0], Qt.Key.Key_Space)
    assert chart._heights == (Decimal("0.20"), 0, Decimal("0.000000000001"))
    assert chart._marks[-1] == Decimal("0.20")
    legend.set_bars(BARS, DOLLARS)  # the same figures again: what was hidden stays so
    assert legend.hidden == {"gpt-x"}


def test_a_bar_is_drawn_where_there_is_anything_and_nowhere_else(held):
    _, chart, _ = held
    picture = chart.grab().toImage()
    plot, base = chart._plot(), int(chart._y(Decimal(0), chart._plot()))
    ground = theme.current().color("chart_1"), theme.current().color("chart_2")

    def colours(at):
        ratio, (left, right) = picture.devicePixelRatio(), chart._bar(at, plot)
        x = int((left + right) / 2 * ratio)
        return {QColor(picture.pixel(x, int(y * ratio))).name() for y in range(int(plot.top()), base)}

    assert {each.name() for each in ground} <= colours(0)
    assert not {each.name() for each in ground} & colours(1)
    assert ground[0].name() in colours(2)


def test_in_high_contrast_parts_have_patterns(held):
    _, chart, _ = held
    theme.current().configure(Appearance.CONTRAST, 100, False)
    picture = chart.grab().toImage()
    plot = chart._plot()
    left, right = chart._bar(0, plot)
    top, bottom = chart._y(Decimal("0.2"), plot), chart._y(Decimal(0), plot)
    box = [
        QColor(picture.pixel(x, y)).name()
        for x in range(int(left) + 3, int(right) - 3)
        for y in range(int(top) + 3, int(bottom) - 3)
    ]
    assert len(set(box)) >= 2  # hatched, not filled


def test_nothing_to_draw_is_said(held):
    _, chart, _ = held
    chart.set_bars(Bars())
    chart.set_empty("No call in this time.")
    chart.setFocus(Qt.FocusReason.TabFocusReason)
    assert chart.accessibleDescription() == "No call in this time."
    QTest.keyClick(chart, Qt.Key.Key_Right)
    assert chart.current == -1
