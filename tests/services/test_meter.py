"""Readings of a real ledger."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from msgspec import structs

from desktop.core.calls import Fate
from desktop.core.pricing import pico
from desktop.core.usage import Usage
from desktop.services import meter
from desktop.services.meter import Meter, Reading
from desktop.store import ledger
from desktop.store.database import Database
from desktop.store.ledger import LedgerRow

NOON = datetime(2026, 11, 22, 12).timestamp()
HOUR = 3600
DAY = 24 * HOUR


@pytest.fixture
def database(tmp_path):
    opened = Database.open(tmp_path)
    yield opened
    opened.close()


def call(database, name, at, *, cost=None, usage=None, fate=Fate.COMPLETE, **more):
    row = LedgerRow(call_id=name, started=round(at * 1_000_000), **more)
    database.write_now(lambda db: ledger.open_row(db, row))
    if fate is not Fate.OPEN:
        price = None if cost is None else pico(Decimal(cost))
        closed = LedgerRow(
            call_id=name, started=row.started, fate=fate, cost_pico=price, usage=usage, ended=row.started, **more
        )
        database.write_now(lambda db: ledger.close_row(db, closed))


async def test_the_session_counts_from_when_the_meter_was_made(database):
    call(database, "before", NOON - 1, cost="5", usage=Usage(input=1))
    reader = Meter(database, now=lambda: NOON)
    call(database, "one", NOON + 1, cost="0.004", usage=Usage(input=1000, cached=600, output=20))
    call(database, "two", NOON + 2, cost="0.0001", usage=Usage(input=5, output=2))
    reading = await reader.read()
    assert (reading.calls, reading.dollars, reading.tokens) == (2, Decimal("0.0041"), 1027)
    assert reading.words == "$0.0041"
    assert reading.usage.cached == 600


async def test_an_unknown_price_is_said_and_never_nothing(database):
    reader = Meter(database, now=lambda: NOON)
    call(database, "one", NOON + 1, usage=Usage(input=5))
    assert (await reader.read()).words == "unpriced"
    call(database, "two", NOON + 1, cost="1", usage=Usage(input=5))
    reading = await reader.read()
    assert reading.words == "$1.00 + 1 unpriced"
    assert reading.unpriced == 1


async def test_what_ran_here_is_free(database):
    reader = Meter(database, now=lambda: NOON)
    assert (await reader.read()).words == "$0.00"
    call(database, "one", NOON + 1, cost="0", usage=Usage(input=5), is_free=True)
    assert (await reader.read()).words == "free"
    call(database, "two", NOON + 1, cost="0.5", usage=Usage(input=5))
    assert (await reader.read()).words == "$0.50"


async def test_calls_still_running_and_of_unknown_fate_are_counted_apart(database):
    reader = Meter(database, now=lambda: NOON)
    call(database, "running", NOON + 1, fate=Fate.OPEN)
    call(database, "lost", NOON + 1, fate=Fate.UNKNOWN)
    reading = await reader.read()
    assert (reading.open, reading.unknown, reading.unpriced) == (1, 1, 0)


async def test_days_and_months_are_the_users_own(database):
    call(database, "month", NOON - 2 * DAY, cost="4", usage=Usage(input=1))
    call(database, "year", NOON - 40 * DAY, cost="8", usage=Usage(input=1))
    call(database, "today", NOON - 11 * HOUR, cost="1", usage=Usage(input=1))
    call(database, "yesterday", NOON - 13 * HOUR, cost="2", usage=Usage(input=1))
    reader = Meter(database, now=lambda: NOON)
    periods = ("session", "today", "month", "all")
    assert [(await reader.read(period)).dollars for period in periods] == [0, 1, 7, 15]


async def test_the_breakdown_names_the_dearest_first(database):
    reader = Meter(database, now=lambda: NOON)
    call(database, "a", NOON + 1, cost="1", usage=Usage(output=5), model="small", page="chat", profile="p")
    call(database, "b", NOON + 2, cost="3", usage=Usage(output=7), model="large", page="chat", profile="q")
    call(database, "c", NOON + 3, cost="1", usage=Usage(output=1), model="small", page="speech", profile="q")
    by_model = await reader.breakdown("model")
    assert [(share.name, share.reading.dollars) for share in by_model] == [("large", 3), ("small", 2)]
    assert [share.name for share in await reader.breakdown("page")] == ["chat", "speech"]
    assert (await reader.read(profile="q")).dollars == 4


def test_units_are_named_in_words_and_none_is_left_out():
    usage = Usage(input=9, cached=4, output=3, seconds=1.5)
    assert meter.units(usage) == (("input tokens", 9), ("of them cached", 4), ("output tokens", 3), ("seconds", 1.5))
    assert meter.units(Usage()) == ()
    counted = {
        field for field in Usage.__struct_fields__ if field not in ("is_estimate", "cached_audio", "cached_image")
    }
    assert len(meter.units(Usage(**dict.fromkeys(counted, 1)))) == len(counted)


def test_calls_that_still_run_are_no_zero_dollars():
    still = Reading(1, Decimal(0), 0, 0, 1, 0, Usage())
    assert still.words == ""
    assert structs.replace(still, calls=2, free=1).words == "free"
