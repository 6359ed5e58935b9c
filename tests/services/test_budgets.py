"""Budgets over a real archive: exact sums, one question for each limit, and no way past them side by side."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from wire import MODEL, Wire, reply, usage_chunk

from desktop.api.client import Client
from desktop.core import pricing
from desktop.core.calls import Fate
from desktop.core.chat import Ended, Started
from desktop.core.conversation import Text
from desktop.core.errors import BudgetReached
from desktop.core.ids import new_id
from desktop.core.periods import Clock
from desktop.core.pricing import pico
from desktop.core.profile import Budget, Kind, Profile, origin
from desktop.core.secret import Redactor, Secret
from desktop.core.usage import Usage
from desktop.services.budgets import KEPT_FOR, Budgets
from desktop.services.calls import Calls
from desktop.services.catalog import Catalogs
from desktop.services.chat import Chat
from desktop.services.chat_question import Question
from desktop.services.connections import Connections
from desktop.services.tokens import Tokens
from desktop.store import ledger
from desktop.store.database import Database
from desktop.store.ledger import LedgerRow

D = Decimal
BERLIN = ZoneInfo("Europe/Berlin")
URL = "https://api.openai.com/v1"
PROFILE = Profile(id="01P", name="OpenAI", kind=Kind.OPENAI, base_url=URL, confirmed_origin=origin(URL))


class Time:
    def __init__(self, *at: int) -> None:
        self.at = datetime(*at, tzinfo=BERLIN)

    def __call__(self) -> float:
        return self.at.timestamp()


@pytest.fixture
def database(tmp_path):
    opened = Database.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def time():
    return Time(2026, 11, 22, 12)


@pytest.fixture
def budgets(database, time):
    return Budgets(database, now=time, clock=Clock(BERLIN))


def with_budget(**limits) -> Profile:
    return replace(PROFILE, budget=Budget(**{name: D(limit) for name, limit in limits.items()}))


def opened(database, at, *, estimate=None, profile="01P"):
    expected = None if estimate is None else pico(D(estimate))
    row = LedgerRow(new_id(), round(at.timestamp() * 1_000_000), profile=profile, estimate_pico=expected)
    database.write_now(lambda db: ledger.open_row(db, row))
    return row


def closed(database, row, cost, *, fate=Fate.COMPLETE, usage=Usage(input=1), **more):  # noqa: B008  (frozen)
    paid = None if cost is None else pico(D(cost))
    ended = replace(row, fate=fate, cost_pico=paid, usage=usage, ended=row.started, **more)
    database.write_now(lambda db: ledger.close_row(db, ended))


def spent(database, at, cost, **more):
    closed(database, opened(database, at), cost, **more)


async def test_days_and_months_are_local_and_other_profiles_are_not_counted(database, budgets, time):
    noon = time.at
    spent(database, noon.replace(hour=0, minute=1), "1")  # still yesterday in UTC
    spent(database, noon - timedelta(1), "2")
    spent(database, noon.replace(day=1, hour=0, minute=0), "4")
    spent(database, noon - timedelta(60), "8")
    closed(database, opened(database, noon, profile="other"), "100")
    state = await budgets.state(with_budget(day="10"))
    assert [line.spent for line in state] == [1, 7, 15]
    assert (state.day.share, state.month.share) == (D("0.1"), None)


async def test_calls_that_run_count_with_their_estimate_and_then_with_their_price(database, budgets, time):
    profile = with_budget(day="1")
    row = opened(database, time.at, estimate="0.6")
    assert (await budgets.state(profile)).day.expected == D("0.6")
    with pytest.raises(BudgetReached) as raised:
        await budgets.check(profile, D("0.5"))
    assert (raised.value.period, raised.value.spent, raised.value.limit) == ("day", 0, 1)
    assert raised.value.action == "Go on today"
    await budgets.check(profile, D("0.4"))
    closed(database, row, "0.1")
    state = await budgets.state(profile)
    assert (state.day.spent, state.day.expected) == (D("0.1"), 0)
    await budgets.check(profile, D("0.9"))


async def test_what_may_have_been_charged_counts_as_it_was_estimated(database, budgets, time):
    for fate in (Fate.UNKNOWN, Fate.STOPPED, Fate.CUT):
        closed(database, opened(database, time.at, estimate="1"), None, fate=fate, usage=None)
    closed(database, opened(database, time.at, estimate="1"), None, fate=Fate.FAILED, usage=None)
    assert (await budgets.state(PROFILE)).day.expected == 3


async def test_unpriced_calls_are_told_and_free_ones_never_count(database, budgets, time):
    for _ in range(3):
        spent(database, time.at, None)
    spent(database, time.at, "0", is_free=True)
    profile = with_budget(day="1")
    assert (await budgets.state(profile)).day.unpriced == 3
    with pytest.raises(BudgetReached) as raised:
        await budgets.check(profile, D(2))
    assert "3 calls are unpriced: the budget cannot see them." in raised.value.advice
    local = Profile(id="local", name="Local", kind=Kind.LOCAL, base_url=URL, budget=Budget(day=D(0)))
    await budgets.check(local, D(5))


async def test_going_on_is_asked_once_for_a_period_and_a_limit(database, budgets, time):
    profile = with_budget(day="1")
    spent(database, time.at, "1")
    with pytest.raises(BudgetReached):
        await budgets.check(profile)
    await budgets.allow(profile, "day")
    await budgets.check(profile, D(100))
    assert (await budgets.state(profile)).day.is_allowed
    again = Budgets(database, now=time, clock=Clock(BERLIN))  # as after a restart
    await again.check(profile, D(100))
    spent(database, time.at, "1")
    with pytest.raises(BudgetReached):  # another limit is another question
        await budgets.check(with_budget(day="2"))
    time.at += timedelta(1)
    await budgets.check(profile, D(1))
    with pytest.raises(BudgetReached):  # another day, too
        await budgets.check(profile, D("1.01"))
    time.at -= timedelta(1)
    await budgets.forbid(profile, "day")
    with pytest.raises(BudgetReached):
        await budgets.check(profile)


async def test_a_warning_comes_once_and_a_reached_limit_once_more(database, budgets, time):
    profile = with_budget(day="10", month="100")
    heard = []
    budgets.listen(heard.append)
    for cost in ("7", "1", "0.5", "2", "1"):
        spent(database, time.at, cost)
        await budgets.warn(profile)
    assert [(one.line.period, one.is_reached, one.line.spent) for one in heard] == [
        ("day", False, 8),
        ("day", True, D("10.5")),
    ]
    assert heard[0].summary.startswith("The budget of today for “OpenAI” is nearly used up: $8.00 of $10.00 today")
    time.at += timedelta(1)
    spent(database, time.at, "9")
    await budgets.warn(profile)
    assert len(heard) == 3


async def test_later_prices_count(database, budgets, time):
    row = opened(database, time.at)
    closed(database, row, None)
    assert (await budgets.state(PROFILE)).day.unpriced == 1
    database.write_now(lambda db: ledger.reprice(db, row.call_id, 1, "v2", pico(D(3))))
    budgets.forget()
    state = await budgets.state(PROFILE)
    assert (state.day.spent, state.day.unpriced, state.total.spent) == (3, 0, 3)


async def test_sums_kept_between_readings_are_those_of_the_whole_ledger(database, budgets, time):
    """Calls are opened and closed in any order, more of them than are kept apart."""
    chance, running = random.Random(7), []
    for number in range(KEPT_FOR + 300):
        if running and chance.random() < 0.5:
            cost = chance.choice([None, str(chance.randrange(1000))])
            closed(database, running.pop(chance.randrange(len(running))), cost)
        else:
            at = time.at - timedelta(days=chance.randrange(50))
            running.append(opened(database, at, estimate=str(chance.randrange(1000))))
        if number % 40 == 0:
            fresh = Budgets(database, now=time, clock=Clock(BERLIN))
            assert await budgets.state(PROFILE) == await fresh.state(PROFILE)


async def test_the_newest_budget_holds_for_whoever_began_with_an_older_one(database, time):
    budgets = Budgets(database, lambda _: with_budget(day="1"), now=time, clock=Clock(BERLIN))
    spent(database, time.at, "1")
    with pytest.raises(BudgetReached):
        await budgets.check(PROFILE)


# The gate of the chat


class Desk:
    """A chat over a false wire."""

    def __init__(self, folder, wire: Wire) -> None:
        self.database = Database.open(folder)
        self.catalogs = Catalogs(folder)
        self.budgets = Budgets(self.database)
        self.connections = Connections(self._connect, self._key, None, Redactor())
        self.wire, self.calls, self.heard = wire, Calls(), []
        tokens = Tokens(folder / "cache", lambda model: self.catalogs.current.card(model))
        self.chat = Chat(self.database, self.connections, self.catalogs, tokens, self.calls, budgets=self.budgets)

    def _connect(self, profile, key):
        return Client(profile, key, transport=self.wire.transport, recorder=self.calls)

    async def _key(self, _):
        return Secret("sk-test-0123456789abcdef")

    def ask(self, text, profile, **fields):
        question = Question(parts=(Text(text),), model=MODEL, profile=profile, **fields)
        return self.chat.send(question, self.heard.append)

    def rows(self):
        return self.database.read_now(lambda db: ledger.rows(db))

    def count(self, table):
        return self.database.read_now(lambda db: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@pytest.fixture
def wire(spec):
    made = Wire(spec)
    yield made
    assert made.problems == []


@pytest.fixture
def desk(tmp_path, wire):
    made = Desk(tmp_path, wire)
    yield made
    made.database.close()


async def test_a_send_beyond_the_budget_sends_and_keeps_nothing(desk, wire):
    with pytest.raises(BudgetReached) as raised:
        await desk.ask("hello", with_budget(month="0"))
    assert raised.value.period == "month"
    assert (wire.bodies, desk.heard, desk.rows(), desk.count("message"), desk.count("conversation")) == (
        [],
        [],
        [],
        0,
        0,
    )
    await desk.budgets.allow(with_budget(month="0"), "month")
    wire.answers = [reply("yes")]
    assert (await desk.ask("hello", with_budget(month="0"))).text == "yes"
    await desk.connections.aclose()


async def test_the_estimate_is_kept_beside_what_was_charged(desk, wire):
    wire.answers = [reply("one", usage=usage_chunk(1000, 400)), reply("two", usage=usage_chunk(1000, 400))]
    first = await desk.ask("a " * 1000, PROFILE)
    row = desk.rows()[0]
    card = desk.catalogs.current.card(MODEL)
    assert row.estimate_pico > pico(pricing.estimate(0, 500, card).dollars)
    shown = await desk.chat.estimate(Question(parts=(Text("a " * 1000),), model=MODEL, profile=PROFILE))
    await desk.ask("a " * 1000, PROFILE)
    newest = desk.rows()[0]
    assert pricing.shown(pricing.from_pico(newest.estimate_pico)) == shown.dollars  # what was shown is what is kept
    usual = pricing.estimate(shown.tokens, 400, card)  # an answer is expected to be as long as the last ones
    assert newest.estimate_pico == pico(usual.dollars)
    assert first.cost_pico == row.cost_pico
    await desk.connections.aclose()


async def test_sends_side_by_side_do_not_slip_past_the_limit(desk, wire):
    wire.gate = asyncio.Event()
    wire.answers = [[None, *reply("ok")] for _ in range(12)]
    question = Question(parts=(Text("hi"),), model=MODEL, profile=PROFILE)
    card = desk.catalogs.current.card(MODEL)
    one = pricing.estimate((await desk.chat.estimate(question)).tokens, 500, card).dollars
    profile = with_budget(day=str(one * 3 + one / 2))
    asking = [asyncio.create_task(desk.ask("hi", profile)) for _ in range(12)]
    while sum(task.done() for task in asking) + len(desk.heard) < 12:  # each was refused, or has begun and waits
        await asyncio.sleep(0)
    running = desk.rows()
    assert len(running) == 3
    assert sum(pricing.from_pico(row.estimate_pico) for row in running) <= profile.budget.day
    wire.gate.set()
    ended = await asyncio.gather(*asking, return_exceptions=True)
    assert sum(isinstance(one, BudgetReached) for one in ended) == 9
    assert sum(isinstance(update, Started) for update in desk.heard) == 3
    assert sum(isinstance(update, Ended) for update in desk.heard) == 3
    await desk.connections.aclose()
