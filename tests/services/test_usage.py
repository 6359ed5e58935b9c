"""Readings of a real ledger for charts, tables and single calls: local days, exact money, parts that add up."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from desktop.core.calls import Fate
from desktop.core.ids import new_id
from desktop.core.periods import Clock, Span
from desktop.core.pricing import pico
from desktop.core.profile import Kind, Profile
from desktop.core.usage import Usage as Units
from desktop.services.catalog import Catalogs
from desktop.services.meter import Meter
from desktop.services.usage import Usage
from desktop.store import ledger
from desktop.store.database import Database
from desktop.store.ledger import LedgerRow

BERLIN = ZoneInfo("Europe/Berlin")
OPENAI = Profile(id="p", name="OpenAI", kind=Kind.OPENAI, base_url="https://api.openai.com/v1")
ONE = Units(input=1)
NOW = datetime(2026, 11, 22, 12, tzinfo=BERLIN)


@pytest.fixture
def database(tmp_path):
    opened = Database.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def usage(database, tmp_path):
    clock = Clock(BERLIN)
    meter = Meter(database, now=NOW.timestamp, clock=clock)
    return Usage(database, meter, Catalogs(tmp_path), lambda: (OPENAI,), now=NOW.timestamp, clock=clock)


def call(database, at, *, cost=None, units=ONE, fate=Fate.COMPLETE, **more):
    started = round(at.timestamp() * 1_000_000)
    row = LedgerRow(call_id=new_id(), started=started, **more)
    database.write_now(lambda db: ledger.open_row(db, row))
    if fate is not Fate.OPEN:
        paid = None if cost is None else pico(Decimal(cost))
        closed = LedgerRow(row.call_id, started, fate=fate, cost_pico=paid, usage=units, ended=started, **more)
        database.write_now(lambda db: ledger.close_row(db, closed))
    return row.call_id


def berlin(*at):
    return datetime(*at, tzinfo=BERLIN)


async def test_days_are_those_of_the_users_clock_and_have_no_gaps(database, usage):
    call(database, berlin(2026, 11, 19, 23, 59), cost="1", model="a")
    call(database, berlin(2026, 11, 20, 0, 1), cost="2", model="a")  # still the 19th in UTC
    call(database, berlin(2026, 11, 22, 11), cost="4", model="b")
    found = await usage.series("7d")
    assert found.days == tuple(date(2026, 11, day) for day in range(16, 23))
    assert [(part.name, part.dollars) for part in found.parts] == [
        ("b", (0, 0, 0, 0, 0, 0, 4)),
        ("a", (0, 0, 0, 1, 2, 0, 0)),
    ]


async def test_the_day_the_clock_goes_back_has_twenty_five_hours(database, usage):
    call(database, berlin(2026, 10, 25, 0, 0), cost="1")
    call(database, berlin(2026, 10, 25, 23, 59), cost="2")
    call(database, berlin(2026, 10, 26, 0, 0), cost="4")
    call(database, berlin(2026, 10, 24, 23, 59), cost="8")
    found = await usage.series(Span(date(2026, 10, 24), date(2026, 10, 26)), "all")
    assert found.parts[0].dollars == (8, 3, 4)
    day = await usage.series(Span(date(2026, 10, 25), date(2026, 10, 25)), "all", step="hour")
    assert len(day.starts) == 24  # the hour that comes twice is shown once
    assert sum(day.parts[0].dollars) == 3
