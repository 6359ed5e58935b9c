"""Catalogs of profiles: shipped, listed by a server, laid over by the user's file."""

from __future__ import annotations

import json
import stat
from datetime import date
from decimal import Decimal

import httpx
import pytest

from desktop.api.client import Client
from desktop.core.catalog import Listed
from desktop.core.errors import KeyRefused
from desktop.core.profile import Kind, Profile
from desktop.services.catalog import Catalogs

SERVER = Profile(id="01SERVER", name="S", kind=Kind.COMPATIBLE, base_url="http://127.0.0.1:9/v1", needs_key=False)
LOCAL = Profile(id="local", name="Local", kind=Kind.LOCAL, base_url="http://127.0.0.1:8/v1", needs_key=False)
ENVIRONMENT = Profile(id="environment", name="Environment", kind=Kind.ENVIRONMENT, base_url="http://127.0.0.1:7/v1")


@pytest.fixture
def catalogs(tmp_path):
    return Catalogs(tmp_path)


def write(folder, cards):
    (folder / "models.json").write_text(json.dumps({"cards": cards}), encoding="utf-8")


def client_for(profile, status, reply):
    return Client(profile, None, transport=httpx.MockTransport(lambda request: httpx.Response(status, json=reply)))


def test_the_shipped_file_is_there_without_any_profile(catalogs):
    assert len(catalogs.current.cards) > 100
    assert catalogs.current.listed is None
    assert catalogs.notices == ()


def test_a_list_is_kept_and_there_off_line(catalogs, tmp_path):
    catalogs.choose(SERVER)
    catalogs.keep_list(SERVER, [Listed("b"), Listed("a", context=2048)])
    assert catalogs.current.listed == ("b", "a")
    later = Catalogs(tmp_path)
    assert later.of(SERVER).listed == ("b", "a")
    assert later.of(SERVER).card("a").max_input == 2048
    assert later.current.listed is None


def test_a_list_belongs_to_the_address_it_came_from(catalogs, tmp_path):
    catalogs.keep_list(SERVER, [Listed("theirs")])
    moved = Profile(id=SERVER.id, name="S", kind=Kind.COMPATIBLE, base_url="http://127.0.0.1:10/v1", needs_key=False)
    assert catalogs.of(moved).listed is None
    assert Catalogs(tmp_path).of(moved).listed is None
    assert catalogs.of(SERVER).listed == ("theirs",)


def test_the_environment_profile_leaves_nothing_on_the_disk(catalogs, tmp_path):
    catalogs.keep_list(ENVIRONMENT, [Listed("secret-model")])
    assert catalogs.of(ENVIRONMENT).listed == ("secret-model",)
    assert list(tmp_path.rglob("*.json")) == []


def test_a_profile_id_is_never_a_path(catalogs, tmp_path):
    outside = Profile(id="../outside", name="S", kind=Kind.COMPATIBLE, base_url="http://127.0.0.1:9/v1")
    catalogs.keep_list(outside, [Listed("a")])
    assert list(tmp_path.parent.glob("outside*")) == []


def test_lists_are_for_the_user_alone(catalogs, tmp_path):
    catalogs.keep_list(SERVER, [Listed("a")])
    [kept] = (tmp_path / "model-lists").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("content", ["", "{", "[]", '{"address": 5}', '{"models": "x", "address": "y"}'])
def test_a_damaged_list_is_as_good_as_none(catalogs, tmp_path, content):
    folder = tmp_path / "model-lists"
    folder.mkdir()
    (folder / f"{SERVER.id}.json").write_text(content)
    assert catalogs.of(SERVER).listed is None


def test_what_the_local_server_does_is_free(catalogs):
    assert catalogs.of(LOCAL).card("anything").is_free
    assert not catalogs.of(SERVER).card("anything").is_free


def test_the_users_file_is_laid_over_entry_by_entry(catalogs, tmp_path):
    known = next(card for card in catalogs.shipped.cards.values() if "standard" in card.prices.tokens)
    write(tmp_path, {known.id: {"prices": {"tokens": {"standard": {"input": "0.5"}}}}, "mine": {"max_input": 7}})
    card = catalogs.current.card(known.id)
    assert card.prices.tokens["standard"].input == Decimal("0.5")
    assert card.prices.tokens["standard"].output == known.prices.tokens["standard"].output
    assert card.max_input == known.max_input
    assert catalogs.current.card("mine").max_input == 7
    assert catalogs.current.card("mine").is_known


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"cards": {\n  "a": {},\n  "b" {}\n}}', "models.json, line 3: this is no JSON"),
        ("[1]", 'there is no "cards"'),
        ('{"cards": []}', 'there is no "cards"'),
        ('{"cards": {"a": 5}}', "models.json, a: an entry is an object"),
        ('{"cards": {"a": {"max_input": "many"}}}', "models.json, a → max_input: Expected `int | null`"),
        ('{"cards": {"a": {"prices": {"tokens": {"standard": {"input": "x"}}}}}}', "a → prices → tokens[...] → input"),
        ('{"cards": {"a": {"colour": 1}}}', "unknown field `colour`"),
    ],
)
def test_what_is_wrong_in_the_users_file_is_named_by_its_place_and_never_fatal(catalogs, tmp_path, content, says):
    (tmp_path / "models.json").write_text(content, encoding="utf-8")
    assert catalogs.current.cards.keys() == catalogs.shipped.cards.keys()
    [notice] = catalogs.notices
    assert says in notice
    assert (tmp_path / "models.json").read_text(encoding="utf-8") == content


def test_a_wrong_entry_leaves_the_others_in_force(catalogs, tmp_path):
    write(tmp_path, {"bad": {"max_input": "many"}, "good": {"max_input": 7}})
    assert catalogs.current.card("good").max_input == 7
    assert not catalogs.current.card("bad").is_known
    assert len(catalogs.notices) == 1


def test_the_users_file_is_read_again_when_asked(catalogs, tmp_path):
    assert not catalogs.choose(SERVER).card("mine").is_known
    write(tmp_path, {"mine": {}})
    assert catalogs.read_again() == ()
    assert catalogs.current.card("mine").is_known
    assert catalogs.of(SERVER).card("mine").is_known


async def test_a_server_is_asked_for_its_models(catalogs):
    reply = {
        "object": "list",
        "data": [
            {"id": "one", "object": "model", "created": 5, "owned_by": "me", "shutdown_date": "2027-01-02"},
            {"id": "two", "object": "model", "shutdown_date": 1798761600},
            {"id": "three", "shutdown_date": "soon"},
        ],
    }
    client = client_for(SERVER, 200, reply)
    made = await catalogs.refresh(SERVER, client)
    await client.aclose()
    assert made.listed == ("one", "two", "three")
    shutdowns = [made.card(model).shutdown for model in made.listed]
    assert shutdowns == [date(2027, 1, 2), date(2027, 1, 1), None]
    assert catalogs.of(SERVER) is made


async def test_a_refused_list_leaves_the_last_one(catalogs):
    catalogs.keep_list(SERVER, [Listed("old")])
    client = client_for(SERVER, 401, {"error": {"message": "no", "code": "invalid_api_key"}})
    with pytest.raises(KeyRefused):
        await catalogs.refresh(SERVER, client)
    await client.aclose()
    assert catalogs.of(SERVER).listed == ("old",)
