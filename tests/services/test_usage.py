"""Readings of a real ledger for charts, tables and single calls: local days, exact money, parts that add up."""

from __future__ import annotations

import csv
import io
import random
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from desktop.core import pricing
from desktop.core.calls import Fate
from desktop.core.conversation import Conversation
from desktop.core.errors import BadInput
from desktop.core.ids import new_id
from desktop.core.periods import Clock, Span
from desktop.core.pricing import pico
from desktop.core.profile import Kind, Profile
from desktop.core.usage import Usage as Units
from desktop.services.catalog import Catalogs
from desktop.services.meter import Meter
from desktop.services.usage import EstimateQuality, Rows, Series, Usage
from desktop.store import conversations, ledger
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


async def test_hours_of_a_session_and_of_a_day(database, usage):
    call(database, berlin(2026, 11, 22, 9, 59), cost="1")
    call(database, berlin(2026, 11, 22, 10, 0), cost="2")
    day = await usage.series("today", "all", step="hour")
    assert [start.hour for start in day.starts] == list(range(13))  # up to now
    assert [
        (start.hour, dollars) for start, dollars in zip(day.starts, day.parts[0].dollars, strict=True) if dollars
    ] == [
        (9, 1),
        (10, 2),
    ]


async def test_the_clock_going_forward_leaves_an_hour_out(database, usage):
    call(database, berlin(2026, 3, 29, 1, 30), cost="1")
    call(database, berlin(2026, 3, 29, 3, 30), cost="2")
    day = await usage.series(Span(date(2026, 3, 29), date(2026, 3, 29)), "all", step="hour")
    hours = {start.hour: dollars for start, dollars in zip(day.starts, day.parts[0].dollars, strict=True)}
    assert len(hours) == 23 and 2 not in hours
    assert (hours[1], hours[3]) == (1, 2)


async def test_nothing_is_a_chart_without_parts(usage):
    assert await usage.series("all") == Series((berlin(2026, 11, 22),), ())
    assert (await usage.table("model", "all"), (await usage.total("all")).calls) == ((), 0)
    assert await usage.rows("all") == Rows((), None)


def a_ledger(database, seed, count=400):
    """Calls of all sorts over two years; also conversations with tags and folders."""
    chance = random.Random(seed)
    kept = [Conversation(id=new_id(), title=f"c{at}", created=1, updated=1) for at in range(12)]

    def build(db):
        for at in range(3):
            db.execute("INSERT INTO folder (id, name) VALUES (?, ?)", (f"F{at}", f"Folder {at}"))
            db.execute("INSERT INTO tag (name) VALUES (?)", (f"tag{at}",))
        for conversation in kept:
            conversations.create(db, conversation)
            db.execute(
                "UPDATE conversation SET folder = ? WHERE id = ?", (chance.choice((None, 1, 2, 3)), conversation.id)
            )
            for tag in chance.sample((1, 2, 3), chance.randrange(3)):
                db.execute(
                    "INSERT INTO conversation_tag SELECT no, ? FROM conversation WHERE id = ?", (tag, conversation.id)
                )
        for _ in range(count):
            started = round((NOW.timestamp() - chance.random() * 2 * 365 * 86400) * 1_000_000)
            fate = chance.choice([fate for fate in Fate if fate is not Fate.OPEN])
            units = chance.choice((None, Units(input=chance.randrange(99), output=chance.randrange(99), seconds=0.5)))
            row = LedgerRow(
                new_id(),
                started,
                fate=fate,
                page=chance.choice(("chat", "speech")),
                profile=chance.choice(("p", "gone")),
                model=chance.choice(("a", "b", "=c")),
                tier=chance.choice(("", "flex")),
                conversation=chance.choice(("", chance.choice(kept).id)),
                cost_pico=chance.choice((None, chance.randrange(10**13))) if units else None,
                estimate_pico=chance.choice((None, chance.randrange(1, 10**13))),
                is_free=chance.random() < 0.1,
                usage=units,
            )
            ledger.open_row(db, row)
            ledger.close_row(db, row)
            if chance.random() < 0.1 and units:
                for made in range(chance.randrange(1, 3)):
                    ledger.reprice(db, row.call_id, made, "v", chance.choice((None, chance.randrange(10**13))))

    database.write_now(build)


PERIODS = ["today", "7d", "30d", "90d", "month", "year", "all", Span(date(2025, 3, 1), date(2026, 4, 1))]


@pytest.mark.parametrize("seed", range(3))
async def test_parts_add_up_to_the_whole(database, usage, seed):
    a_ledger(database, seed)
    for period in PERIODS:
        total = await usage.total(period)
        for by in ("model", "page", "profile", "conversation", "fate", "tier", "folder", "hour", "day", "month"):
            table = [share.reading for share in await usage.table(by, period)]
            for name in ("calls", "dollars", "unpriced", "free", "unknown"):
                assert sum(getattr(one, name) for one in table) == getattr(total, name), (period, by, name)
            assert sum(one.usage.input for one in table) == total.usage.input
        for by in ("model", "profile", "folder", "all"):
            chart = await usage.series(period, by)
            assert sum(part.sum for part in chart.parts) == total.dollars, (period, by)
            assert sum(sum(part.calls) for part in chart.parts) == total.calls
            assert sum(sum(part.unpriced) for part in chart.parts) == total.unpriced
            assert {len(part.dollars) for part in chart.parts} <= {len(chart.starts)}
        by_profile = [await usage.total(period, profile) for profile in ("p", "gone")]
        assert sum(one.dollars for one in by_profile) == total.dollars


@pytest.mark.parametrize("seed", range(2))
async def test_rows_csv_and_readings_say_the_same(database, usage, seed, tmp_path):
    a_ledger(database, seed)
    for period, filters in (
        ("all", {}),
        ("90d", {}),
        ("all", {"model": "=c", "profile": "p"}),
        ("year", {"tag": "tag1"}),
    ):
        rows, after = [], None
        while True:
            found = await usage.rows(period, after, 37, **filters)
            rows += found.rows
            if (after := found.next) is None:
                break
        assert len({row.call_id for row in rows}) == len(rows)
        assert [row.started for row in rows] == sorted((row.started for row in rows), reverse=True)
        path = tmp_path / "calls.csv"
        assert await usage.write_csv(path, period, **filters) == len(rows)
        written = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
        assert [line["call"] for line in written] == [row.call_id for row in rows]
        paid = sum(Decimal(line["dollars"]) for line in written if line["dollars"])
        assert paid == sum(row.dollars for row in rows if row.dollars is not None)
        assert not any(line["model"].startswith("=") for line in written)
        if not filters:
            total = await usage.total(period)
            assert (len(rows), paid) == (total.calls, total.dollars)
            assert sum(line["priced"] == "unpriced" for line in written) == total.unpriced
    assert list(tmp_path.glob(".calls*")) == []


async def test_a_tag_counts_each_call_of_its_conversations(database, usage):
    a_ledger(database, 5)
    shares = {share.name: share.reading for share in await usage.table("tag", "all")}
    assert set(shares) <= {"", "tag0", "tag1", "tag2"} and len(shares) > 2
    for name, found in shares.items():
        rows = (await usage.rows("all", None, 10_000, tag=name)).rows if name else None
        if rows is not None:
            assert (len(rows), sum(row.dollars or 0 for row in rows)) == (found.calls, found.dollars)
    tagged = (await usage.rows("all", None, 10_000, folder="F1")).rows
    folders = {share.id: share for share in await usage.table("folder", "all")}
    assert (len(tagged), folders["F1"].name) == (folders["F1"].reading.calls, "Folder 1")
    untold = (await usage.rows("all", None, 10_000, folder="")).rows
    assert len(untold) == folders[""].reading.calls


async def test_calls_begun_while_the_table_is_read_do_not_shift_it(database, usage):
    for hour in range(5):
        call(database, berlin(2026, 11, 22, hour))
    first = await usage.rows("today", None, 2)
    call(database, berlin(2026, 11, 22, 11))
    second = await usage.rows("today", first.next, 10)
    assert [row.started.hour for row in (*first.rows, *second.rows)] == [4, 3, 2, 1, 0]


async def test_estimates_are_judged_by_model(database, usage):
    for paid, expected in (("100", "100"), ("109", "100"), ("120", "100"), ("300", "100"), (None, "100"), ("1", None)):
        call(database, NOW, cost=paid, model="m", estimate_pico=None if expected is None else pico(Decimal(expected)))
    call(database, NOW, cost="5", model="n", estimate_pico=pico(Decimal(10)))
    call(database, NOW, cost="0", model="free", estimate_pico=5, is_free=True)
    late = call(database, NOW, cost=None, model="n", estimate_pico=pico(Decimal(10)))
    database.write_now(lambda db: ledger.reprice(db, late, 1, "v", pico(Decimal(10))))
    assert await usage.estimates("today") == (
        EstimateQuality("m", 4, Decimal("1.09"), 2, 1, 1, left_out=1),
        EstimateQuality("n", 2, Decimal("0.5"), 1, 0, 1),
    )


async def test_units_come_to_what_was_charged_or_are_not_told(database, usage):
    catalogs = usage._catalogs
    version = catalogs.current.as_of.isoformat()
    card = catalogs.current.card("gpt-4o")
    paid = Decimal(0)
    for units in (Units(input=1000, cached=400, output=50), Units(input=10, output=7)):
        cost = pricing.cost(units, card).dollars
        paid += cost
        call(database, NOW, cost=str(cost), units=units, model="gpt-4o", price_version=version, profile="p")
    call(database, NOW, cost="3", units=Units(input=5), model="gpt-4o", price_version="2020-01-01")
    call(database, NOW, cost="4", units=Units(input=5), model="gpt-4o", price_version=version)  # another sum than now
    found = await usage.units("today")
    assert {share.unit: share.count for share in found.units} == {"input": 610, "cached_input": 400, "output": 57}
    assert sum(share.dollars for share in found.units) == paid
    assert (found.told, found.untold, found.untold_dollars) == (2, 2, 7)
    assert paid + found.untold_dollars == (await usage.total("today")).dollars


async def test_a_file_that_cannot_be_written_is_said_and_none_is_left(database, usage, tmp_path):
    call(database, NOW, cost="1")
    with pytest.raises(BadInput, match="cannot be written"):
        await usage.write_csv(tmp_path / "missing" / "calls.csv", "all")
    kept = tmp_path / "calls.csv"
    kept.write_text("before")

    def stop(done, of):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await usage.write_csv(kept, "all", progress=stop)
    assert kept.read_text() == "before"
    assert list(tmp_path.glob(".calls*")) == []


async def test_the_session_can_be_reset_and_that_undone(database, tmp_path):
    at = [NOW.timestamp()]
    meter = Meter(database, now=lambda: at[0], clock=Clock(BERLIN))
    usage = Usage(database, meter, Catalogs(tmp_path), now=lambda: at[0], clock=Clock(BERLIN))
    call(database, NOW, cost="1")
    at[0] += 60
    meter.reset_session()
    assert ((await meter.read()).calls, (await usage.total("session")).calls) == (0, 0)
    meter.undo_reset()
    assert ((await meter.read()).calls, (await usage.total("session")).calls) == (1, 1)
