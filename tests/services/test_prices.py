"""The user's own prices: over ours entry by entry, wrong ones named at their line, old calls priced on request."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace

from desktop import paths
from desktop.core import pricing
from desktop.core.calls import Fate
from desktop.core.conversation import Conversation, Message, Role
from desktop.core.errors import BadInput
from desktop.core.ids import new_id
from desktop.core.profile import Kind, Profile
from desktop.core.usage import Usage as Units
from desktop.services.catalog import Catalogs
from desktop.services.meter import Meter
from desktop.services.prices import Prices, price_version
from desktop.services.usage import Usage
from desktop.store import conversations, ledger
from desktop.store.database import Database
from desktop.store.ledger import LedgerRow

D = Decimal
NOW = datetime(2026, 11, 22, 12)
PROFILE = Profile(id="p", name="OpenAI", kind=Kind.OPENAI, base_url="https://api.openai.com/v1")
KNOWN = "gpt-6-sol"


@pytest.fixture
def catalogs(tmp_path):
    made = Catalogs(tmp_path)
    made.choose(PROFILE)
    return made


@pytest.fixture
def prices(tmp_path, catalogs):
    return Prices(tmp_path, catalogs, now=NOW.timestamp)


def cost(catalogs, model, tier="standard", **units):
    return pricing.cost(Units(**units), catalogs.of(PROFILE).card(model), tier)


async def test_an_entry_lies_over_ours_and_names_only_what_differs(catalogs, prices):
    before = catalogs.of(PROFILE).card(KNOWN).prices
    assert await prices.put(KNOWN, {"tokens": {"standard": {"output": "7.5"}}}) == ()
    now = catalogs.of(PROFILE).card(KNOWN).prices
    assert now.tokens["standard"].output == D("7.5")
    assert now.tokens["standard"].input == before.tokens["standard"].input
    assert now.tokens["batch"] == before.tokens["batch"]
    assert catalogs.current is catalogs.of(PROFILE)  # whoever asks for the current one hears of it
    assert cost(catalogs, KNOWN, output=1_000_000).dollars == D("7.5")


async def test_a_model_that_nobody_knows_gets_a_price_and_is_not_offered_for_it(catalogs, prices):
    assert isinstance(cost(catalogs, "my-server-model", input=5), pricing.Unpriced)
    offered = [card.id for card in catalogs.of(PROFILE).choices("chat", date(2026, 11, 22))]
    await prices.put("my-server-model", {"tokens": {"standard": {"input": 3, "output": 4.5}}})
    assert cost(catalogs, "my-server-model", input=1_000_000, output=2_000_000).dollars == 12
    assert [card.id for card in catalogs.of(PROFILE).choices("chat", date(2026, 11, 22))] == offered
    removed = await prices.remove("my-server-model")
    assert isinstance(cost(catalogs, "my-server-model", input=5), pricing.Unpriced)
    await prices.put(removed.model, removed.says)
    assert cost(catalogs, "my-server-model", input=1_000_000).dollars == 3


async def test_what_is_local_stays_free(tmp_path, catalogs, prices):
    await prices.put("piper-joe", {"per_million_characters": 5})
    local = Profile(id="local", name="Local", kind=Kind.LOCAL, base_url="http://127.0.0.1/v1")
    assert pricing.cost(Units(characters=9), catalogs.of(local).card("piper-joe")) == pricing.FREE


@pytest.mark.parametrize(
    ("says", "place"),
    [
        ({"tokens": {"standard": {"inputs": 1}}}, "standard"),
        ({"tokens": {"standard": {"input": "a lot"}}}, "standard → input"),
        ({"tokens": {"standard": {"input": -1}}}, "tokens → standard → input"),
        ({"per_minute": "NaN"}, "per_minute"),
        ({"long_from": "far"}, "long_from"),
        ({"nonsense": 1}, "nonsense"),
        (7, "m"),
    ],
)
async def test_a_wrong_price_is_refused_with_its_place_and_changes_nothing(prices, says, place):
    with pytest.raises(BadInput, match=place):
        await prices.put("m", says)
    assert not prices.path.exists()


async def test_a_wrong_entry_of_the_file_is_named_by_its_line_and_leaves_the_others(catalogs, prices):
    prices.path.write_text(
        "\n".join(
            [
                '{"cards": {',
                '  "good": {"prices": {"tokens": {"standard": {"input": "1"}}}},',
                '  "bad": {"prices": {',
                '    "tokens": {',
                '      "standard": {"input": "1"},',
                '      "batch": {"input": "cheap"}',
                "    }}},",
                '  "empty": 5,',
                '  "negative": {"prices": {"per_minute": -2}}',
                "}}",
            ]
        ),
        encoding="utf-8",
    )
    wrong = await prices.read_again()
    assert [sentence.partition(":")[0] for sentence in wrong] == [
        "prices.json, line 6, bad → tokens → batch → input",
        "prices.json, line 8, empty",
        "prices.json, line 9, negative → per_minute",
    ]
    assert cost(catalogs, "good", input=1_000_000).dollars == 1
    assert isinstance(cost(catalogs, "bad", input=1), pricing.Unpriced)
    assert catalogs.notices == wrong


@pytest.mark.parametrize(("content", "said"), [('{\n"cards": {,}}', "line 2"), ("[]", '"cards"'), ("{}", '"cards"')])
async def test_a_file_that_is_none_is_said_and_nothing_of_it_used(catalogs, prices, content, said):
    prices.path.write_text(content, encoding="utf-8")
    (sentence,) = await prices.read_again()
    assert said in sentence and "Nothing of it is used" in sentence
    assert prices.path.read_text(encoding="utf-8") == content


async def test_what_is_kept_in_the_file_beside_prices_stays(prices):
    prices.path.write_text(json.dumps({"mine": 1, "cards": {"x": {"note": "hi", "prices": {}}}}), encoding="utf-8")
    await prices.put("x", {"per_minute": "0.01"})
    found = json.loads(prices.path.read_text(encoding="utf-8"))
    assert found == {"mine": 1, "cards": {"x": {"note": "hi", "prices": {"per_minute": "0.01"}}}}


async def test_prices_say_of_which_day_they_are_and_when_they_are_old(tmp_path, catalogs, prices):
    shipped = json.loads(paths.resource("models.json").read_text(encoding="utf-8"))["as_of"]
    assert prices.as_of.isoformat() == shipped
    assert not prices.is_stale and shipped in prices.note
    later = Prices(tmp_path, catalogs, now=datetime(2027, 6, 1).timestamp)
    assert later.is_stale and "older than 90 days" in later.note


async def test_the_version_of_a_price_tells_ours_from_the_users(catalogs, prices):
    shipped = price_version(catalogs.of(PROFILE), KNOWN)
    assert shipped == prices.as_of.isoformat()
    await prices.put(KNOWN, {"tokens": {"standard": {"output": "7.5"}}})
    own = price_version(catalogs.of(PROFILE), KNOWN)
    assert own.startswith(f"{shipped}+own-")
    await prices.put(KNOWN, {"tokens": {"standard": {"output": "7.6"}}})
    assert price_version(catalogs.of(PROFILE), KNOWN) not in (own, shipped)
    assert price_version(catalogs.of(PROFILE), f"{KNOWN}-2026-01-01").startswith(f"{shipped}+own-")  # shares them
    await prices.remove(KNOWN)
    assert price_version(catalogs.of(PROFILE), KNOWN) == shipped


# Old calls


@pytest.fixture
def database(tmp_path):
    opened = Database.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def usage(database, catalogs):
    heard = []
    made = Usage(
        database, Meter(database), catalogs, lambda: (PROFILE,), repriced=lambda: heard.append(1), now=NOW.timestamp
    )
    made.heard = heard
    return made


def call(database, model, *, pico=None, message="", **fields):
    row = LedgerRow(new_id(), round(NOW.timestamp() * 1_000_000), model=model, profile="p", message=message)
    ended = LedgerRow(**{**fields, "usage": Units(input=1_000_000), "fate": Fate.COMPLETE, "cost_pico": pico}
                      | {"call_id": row.call_id, "started": row.started, "model": model, "profile": "p",
                         "message": message, "price_version": "old"})  # fmt: skip
    database.write_now(lambda db: (ledger.open_row(db, row), ledger.close_row(db, ended)))
    return row.call_id


async def test_old_calls_are_priced_on_request_and_their_rows_stay(database, usage, prices):
    first, second = call(database, "new-one"), call(database, "new-one")
    priced, other = call(database, "new-one", pico=5), call(database, "unheard-of")
    one, _ = await usage.unpriced()
    assert (one.model, one.calls, one.can_be_priced_now) == ("new-one", 2, False)
    assert one.reason == "The catalog does not know this model."
    assert await usage.price_again(["new-one"]) == 0 and usage.heard == []
    await prices.put("new-one", {"tokens": {"standard": {"input": "3"}}})
    assert (await usage.unpriced())[0].can_be_priced_now
    stored = database.read_now(lambda db: db.execute("SELECT * FROM ledger ORDER BY no").fetchall())
    assert await usage.price_again(["new-one"]) == 2 and usage.heard == [1]
    assert database.read_now(lambda db: db.execute("SELECT * FROM ledger ORDER BY no").fetchall()) == stored
    rows = {row.call_id: row for row in (await usage.rows("all")).rows}
    assert [rows[name].dollars for name in (first, second, priced, other)] == [3, 3, D("5E-12"), None]
    assert rows[first].price_version.partition("+")[1] == "+" and rows[priced].price_version == "old"
    assert [(one.model, one.calls) for one in await usage.unpriced()] == [("unheard-of", 1)]
    assert await usage.price_again(["new-one"]) == 0
    total = await usage.total("all")
    assert (total.dollars, total.unpriced) == (6 + D("5E-12"), 1)
    assert sum(share.reading.dollars for share in await usage.table("model", "all")) == total.dollars
    assert (await usage.series("today")).parts[0].sum == total.dollars


async def test_a_message_and_its_conversation_show_the_later_price(database, usage, prices):
    conversation = Conversation(id=new_id(), title="t", created=1, updated=1)
    database.write_now(lambda db: conversations.create(db, conversation))
    message = Message(new_id(), Role.ASSISTANT, (), conversation=conversation.id, created=1)
    name = call(database, "new-one", message=message.id)
    database.write_now(lambda db: conversations.add_message(db, replace(message, call_id=name)))
    await prices.put("new-one", {"tokens": {"standard": {"input": "3"}}})
    await usage.price_again(["new-one"])
    (read,) = database.read_now(lambda db: conversations.messages(db, [message.id]))
    assert read.cost_pico == pricing.pico(D(3))
    assert database.read_now(lambda db: conversations.get(db, conversation.id)).cost_pico == pricing.pico(D(3))
