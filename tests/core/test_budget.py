"""What budgets allow, as laws; and periods as people type them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core import budget as rules
from desktop.core.budget import BudgetLine, BudgetState
from desktop.core.errors import BadInput
from desktop.core.periods import DAY, HOUR, Clock, Span, days, parsed
from desktop.core.profile import Budget

D = Decimal
TODAY = date(2026, 11, 22)
MONEY = st.decimals(min_value=0, max_value=1000, places=12, allow_nan=False)


def state(**lines: BudgetLine) -> BudgetState:
    made = {period: lines.get(period, BudgetLine(period)) for period in rules.PERIODS}
    return BudgetState(**made, warn_share=D("0.8"))


@given(MONEY, MONEY, MONEY, MONEY)
def test_what_is_let_through_never_goes_beyond_the_limit(limit, spent, expected, estimate):
    line = BudgetLine("day", limit, spent, expected)
    if not line.stops(estimate):
        assert spent + expected + estimate <= limit
        assert spent + expected < limit
    else:
        assert spent + expected + estimate > limit or spent + expected >= limit


@given(MONEY, MONEY)
def test_no_limit_and_a_permission_stop_nothing(spent, estimate):
    assert not BudgetLine("day", None, spent).stops(estimate)
    assert not BudgetLine("day", D(0), spent, is_allowed=True).stops(estimate)
    assert BudgetLine("day", D(0), D(0)).stops(D(0))


def test_the_first_limit_in_the_way_is_named():
    full = state(day=BudgetLine("day", D(5), D(1)), month=BudgetLine("month", D(2), D(2)))
    assert rules.in_the_way(full, D(0)).period == "month"
    assert rules.in_the_way(full, D(9)).period == "day"
    assert rules.in_the_way(state(), D(9)) is None


def test_levels_follow_the_share_that_warns():
    def level(spent):
        return state(day=BudgetLine("day", D(10), D(spent))).level("day")

    assert [level("7.99"), level(8), level("9.99"), level(10), level(11)] == ["", "warn", "warn", "reached", "reached"]
    assert state().level("day") == ""
    assert state(day=BudgetLine("day", D(0))).level("day") == "reached"


def test_a_share_that_warns_stays_within_sense():
    assert rules.warn_share(Budget()) == D("0.8")
    assert rules.warn_share(Budget(warn_share=D(7))) == 1
    assert rules.warn_share(Budget(warn_share=D(-1))) == D("0.01")


def test_what_the_budget_cannot_see_is_said():
    assert BudgetLine("day", D(1), unpriced=3).unseen == "3 calls are unpriced: the budget cannot see them."
    assert BudgetLine("day", D(1), unpriced=1).unseen == "1 call is unpriced: the budget cannot see it."
    assert BudgetLine("day", D(1)).unseen == ""
    assert BudgetLine("day", D(5), D("4.98"), D("0.5")).words.startswith("$4.98 of $5.00 today")


def test_a_permission_ends_with_its_day_its_month_and_its_limit():
    later = TODAY + timedelta(1)
    assert rules.stamp("day", TODAY, D(1)) != rules.stamp("day", later, D(1))
    assert rules.stamp("month", TODAY, D(1)) == rules.stamp("month", later, D(1))
    assert rules.stamp("month", TODAY, D(1)) != rules.stamp("month", date(2026, 12, 1), D(1))
    assert rules.stamp("total", TODAY, D(1)) == rules.stamp("total", date(2030, 1, 1), D(1))
    assert rules.stamp("total", TODAY, D(1)) != rules.stamp("total", TODAY, D(2))


# Periods

ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Beirut", "Pacific/Apia"]
)
DATES = st.dates(date(2005, 1, 1), date(2035, 1, 1))


@given(ZONES, DATES)
def test_days_meet_without_gap_or_overlap(zone, day):
    clock = Clock(ZoneInfo(zone))
    begin, end = clock.begin(day), clock.begin(day + timedelta(1))
    assert end - begin in (0, 23 * HOUR, DAY - HOUR // 2, DAY, DAY + HOUR // 2, 25 * HOUR)  # Apia left a day out
    if end > begin:
        assert clock.day(begin) == clock.day(end - 1) == day
        assert clock.day(begin - 1) < day


@given(ZONES, DATES, st.integers(1, 800), st.data())
def test_offsets_give_the_local_day_of_every_instant(zone, first, length, data):
    clock = Clock(ZoneInfo(zone))
    since, until = clock.begin(first), clock.begin(first + timedelta(length))
    offsets = clock.offsets(since, until)
    changes = [at for at, _ in offsets]
    near = st.sampled_from(changes).flatmap(lambda at: st.integers(at - HOUR, at + HOUR))
    at = min(max(data.draw(near | st.integers(since, until - 1)), since), until)
    ahead = [offset for begin, offset in offsets if begin <= at][-1]
    assert date(1970, 1, 1) + timedelta((at + ahead) // DAY) == clock.day(at)


def test_named_periods_end_with_today():
    clock, now = Clock(UTC), round(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp() * 1_000_000)
    firsts = {name: clock.stretch(name, now).first for name in ("today", "7d", "30d", "90d", "month", "year")}
    assert firsts == {
        "today": TODAY,
        "7d": date(2026, 11, 16),
        "30d": date(2026, 10, 24),
        "90d": date(2026, 8, 25),
        "month": date(2026, 11, 1),
        "year": date(2026, 1, 1),
    }
    whole = clock.stretch("all", now, earliest=now - 3 * DAY)
    assert (whole.first, whole.last) == (date(2026, 11, 19), TODAY)
    assert clock.stretch("session", now, session=now - HOUR).since == now - HOUR


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-10", date(2026, 10, 1), date(2026, 10, 31)),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("14d", date(2026, 11, 9), TODAY),
        ("2026-10-05", date(2026, 10, 5), date(2026, 10, 5)),
        ("2026-10-05..", date(2026, 10, 5), date(2026, 10, 5)),
        ("2026-10-05..2026-11-02", date(2026, 10, 5), date(2026, 11, 2)),
    ],
)
def test_periods_are_read_as_typed(text, first, last):
    assert parsed(text, TODAY) == Span(first, last)
    assert list(days(first, last))[-1] == last


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13", "0d", "..", "9999-12"])
def test_what_is_no_period_is_said(text):
    with pytest.raises(BadInput):
        parsed(text, TODAY)
