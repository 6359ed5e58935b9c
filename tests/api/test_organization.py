"""The provider's own figures: requests and our false replies are judged, pages and odd shapes are read."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from desktop.api import organization
from desktop.api.client import Client
from desktop.core.calls import Fate
from desktop.core.errors import BadReply, Forbidden, NoKey
from desktop.core.periods import Clock, Span
from desktop.core.pricing import pico
from desktop.core.profile import Kind, Profile, admin_key_id, origin
from desktop.core.secret import Redactor, Secret
from desktop.core.usage import Usage
from desktop.services.reported import ReportedCosts
from desktop.store import ledger
from desktop.store.database import Database
from desktop.store.ledger import LedgerRow
from desktop.store.secrets import NoKeyring, Secrets

FIRST, END = date(2026, 11, 1), date(2026, 11, 4)
DAY_S = 86400
START_S = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())
URL = "https://api.example.com/v1"
PROFILE = Profile(id="01P", name="Ours", kind=Kind.OPENAI, base_url=URL, confirmed_origin=origin(URL))


def bucket(number, *results):
    start = START_S + number * DAY_S
    return {"object": "bucket", "start_time": start, "end_time": start + DAY_S, "results": list(results)}


def cost(value, line_item=None, currency="usd"):
    return {
        "object": "organization.costs.result",
        "amount": {"value": value, "currency": currency},
        "line_item": line_item,
        "project_id": None,
    }


def tokens(model, given, made, cached=0, requests=1):
    return {
        "object": "organization.usage.completions.result",
        "input_tokens": given,
        "input_cached_tokens": cached,
        "output_tokens": made,
        "num_model_requests": requests,
        "model": model,
    }


def page(*buckets, following=None):
    return {"object": "page", "data": list(buckets), "has_more": following is not None, "next_page": following}


def replies(spec, path, *pages):
    for one in pages:
        assert spec.check_response("GET", f"/v1{path}", 200, json.dumps(one).encode()) == []
    return [httpx.Response(200, json=one) for one in pages]


async def test_the_bill_is_read_page_by_page(judged, spec):
    first = page(bucket(0, cost(0.06, "gpt-6-sol, input"), cost(1.5, "web search")), bucket(1), following="p2")
    second = page(bucket(2, cost(0.1)))
    client = judged(*replies(spec, "/organization/costs", first, second))
    found = await organization.costs(client, FIRST, END)
    assert [(one.day.day, one.line_item, one.dollars) for one in found] == [
        (1, "gpt-6-sol, input", Decimal("0.06")),
        (1, "web search", Decimal("1.5")),
        (3, "", Decimal("0.1")),
    ]
    asked = [dict(request.url.params) for request in client.judge.requests]
    assert asked[0] == {
        "start_time": str(START_S),
        "end_time": str(START_S + 3 * DAY_S),
        "bucket_width": "1d",
        "group_by[]": "line_item",
        "limit": "3",
    }
    assert asked[1]["page"] == "p2"
    assert {request.method for request in client.judge.requests} == {"GET"}
    await client.aclose()


async def test_tokens_are_read_by_model_and_of_one_project(judged, spec):
    client = judged(*replies(spec, "/organization/usage/completions", page(bucket(0, tokens("m", 10, 3, 4, 2)))))
    assert await organization.completions(client, FIRST, END, "proj_1") == (
        organization.Tokens(FIRST, "m", 2, 10, 4, 3),
    )
    assert client.judge.requests[0].url.params["project_ids[]"] == "proj_1"
    await client.aclose()


async def test_money_keeps_every_digit_the_server_wrote(judged):
    body = json.dumps(page(bucket(0, cost(0)))).replace('"value": 0', '"value": 0.000000123456')
    client = judged(httpx.Response(200, content=body.encode(), headers={"content-type": "application/json"}))
    assert (await organization.costs(client, FIRST, END))[0].dollars == Decimal("0.000000123456")
    await client.aclose()


async def test_what_cannot_be_compared_is_refused(judged):
    client = judged(httpx.Response(200, json=page(bucket(0, cost(1, currency="eur")))))
    with pytest.raises(BadReply, match="dollars"):
        await organization.costs(client, FIRST, END)
    await client.aclose()
    client = judged(httpx.Response(200, json=page(bucket(0), following="again")))
    with pytest.raises(BadReply, match="does not end"):
        await organization.costs(client, FIRST, END)
    assert len(client.judge.requests) == organization.MOST_PAGES
    await client.aclose()


async def test_a_key_that_is_no_admins_is_refused_in_words(judged):
    said = {"error": {"message": "Missing scopes: api.usage.read", "type": "x", "param": None, "code": None}}
    client = judged(httpx.Response(403, json=said))
    with pytest.raises(Forbidden):
        await organization.costs(client, FIRST, END)
    await client.aclose()


# Beside our ledger


class Bills:
    """The service over a false wire, with keys held for the run."""

    def __init__(self, folder, spec, *answers) -> None:
        self.database = Database.open(folder)
        self.asked: list[httpx.Request] = []
        self.problems: list[str] = []
        self.answers, self.spec = list(answers), spec
        self.secrets = Secrets(folder, Redactor(), environment={}, find_keyring=self._no_keyring)
        now = datetime(2026, 11, 3, 12, tzinfo=UTC).timestamp
        self.service = ReportedCosts(self.database, self.secrets, self._connect, now=now, clock=Clock(UTC))

    def _no_keyring(self):
        raise NoKeyring("none")

    def _connect(self, profile, key):
        return Client(profile, key, transport=httpx.MockTransport(self._answer))

    def _answer(self, request):
        self.asked.append(request)
        self.problems += [str(problem) for problem in self.spec.check_httpx(request)]
        return httpx.Response(200, json=self.answers.pop(0))

    def call(self, name, day, dollars, **more):
        at = (START_S + (day - 1) * DAY_S) * 1_000_000
        paid = None if dollars is None else pico(Decimal(dollars))
        row = LedgerRow(name, at, profile="01P", fate=Fate.COMPLETE, cost_pico=paid, usage=Usage(input=1), **more)
        self.database.write_now(lambda db: (ledger.open_row(db, row), ledger.close_row(db, row)))


@pytest.fixture
def bills(tmp_path, spec):
    made = []

    def make(*answers):
        made.append(Bills(tmp_path, spec, *answers))
        return made[-1]

    yield make
    for one in made:
        one.database.close()
        assert one.problems == []


SPAN = Span(FIRST, END - timedelta(1))


async def test_ours_stands_beside_theirs_day_by_day(bills):
    bill = bills(page(bucket(0, cost(0.06, "input"), cost(0.04, "output")), bucket(1, cost(1))))
    await bill.service.set_key(PROFILE, Secret("sk-admin-0123456789abcdef"))
    bill.call("a", 1, "0.09")
    bill.call("b", 3, "0.5")
    bill.call("c", 3, None)
    before = await bill.service.reported(PROFILE, SPAN)
    assert [day.theirs for day in before.days] == [None, None, None]
    assert before.fetched is None
    found = await bill.service.fetch(PROFILE, SPAN)
    assert [(day.theirs, day.ours, day.unpriced) for day in found.days] == [
        (Decimal("0.1"), Decimal("0.09"), 0),
        (1, 0, 0),
        (0, Decimal("0.5"), 1),
    ]
    assert (found.drift, found.days[0].drift) == (Decimal("0.51"), Decimal("0.01"))
    assert found.parts == (("input", Decimal("0.06")), ("output", Decimal("0.04")))
    assert "UTC" in found.note and "organization" in found.note
    assert await bill.service.reported(PROFILE, SPAN) == found
    assert bill.asked[0].headers["authorization"] == "Bearer sk-admin-0123456789abcdef"


async def test_asking_again_replaces_what_was_said(bills):
    bill = bills(page(bucket(0, cost(5))), page(bucket(0, cost(2, "x"))))
    await bill.service.set_key(PROFILE, Secret("sk-admin-0123456789abcdef"))
    await bill.service.fetch(PROFILE, SPAN)
    assert (await bill.service.fetch(PROFILE, SPAN)).theirs == 2


async def test_tokens_stand_beside_ours_by_model(bills):
    bill = bills(page(bucket(0, tokens("m", 10, 3)), bucket(1, tokens("m", 5, 1), tokens("other", 1, 1))))
    await bill.service.set_key(PROFILE, Secret("sk-admin-0123456789abcdef"))
    bill.call("a", 1, "1", model="m")
    found = {one.model: one for one in await bill.service.fetch_tokens(PROFILE, SPAN)}
    assert (found["m"].their_input, found["m"].our_input, found["m"].our_calls) == (15, 1, 1)
    assert (found["other"].their_requests, found["other"].our_calls) == (1, 0)


async def test_nothing_is_asked_without_an_admin_key_or_of_a_host_that_was_not_confirmed(bills):
    bill = bills()
    with pytest.raises(NoKey, match="no admin key"):
        await bill.service.fetch(PROFILE, SPAN)
    await bill.secrets.put("01P", Secret("sk-ordinary-0123456789abcdef"))  # the profile's own key is not taken for it
    with pytest.raises(NoKey, match="no admin key"):
        await bill.service.fetch(PROFILE, SPAN)
    await bill.service.set_key(PROFILE, Secret("sk-admin-0123456789abcdef"))
    moved = Profile(
        id="01P", name="x", kind=Kind.OPENAI, base_url="https://evil.example/v1", confirmed_origin=origin(URL)
    )
    with pytest.raises(NoKey, match="evil"):
        await bill.service.fetch(moved, SPAN)
    assert bill.asked == []
    await bill.service.remove_key(PROFILE)
    assert not await bill.service.has_key(PROFILE)
    assert admin_key_id("01P") != "01P"
