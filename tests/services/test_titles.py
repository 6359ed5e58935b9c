"""Titles: the rule, what a model may retitle, what it costs, and that no title a user typed is ever replaced."""

from __future__ import annotations

from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from wire import MODEL, Wire, error

from desktop.api.client import Client
from desktop.core import titles
from desktop.core.calls import Fate
from desktop.core.conversation import Conversation, Message, Role, Text
from desktop.core.errors import BadInput, BudgetReached
from desktop.core.profile import LOCAL_ID, Budget, Kind, Profile, origin
from desktop.core.secret import Redactor, Secret
from desktop.services.asking import Asking
from desktop.services.booking import Booking
from desktop.services.budgets import Budgets
from desktop.services.calls import Calls
from desktop.services.catalog import Catalogs
from desktop.services.connections import Connections
from desktop.services.conversations import Conversations
from desktop.services.library import Library
from desktop.services.titles import PAGE, Titles
from desktop.services.tokens import Tokens
from desktop.store import conversations, ledger
from desktop.store.database import Database

KEY = "sk-test-0123456789abcdef"
URL = "https://api.openai.com/v1"
HERE = "http://127.0.0.1:1/v1"
OPENAI = Profile(id="01OPENAI", name="OpenAI", kind=Kind.OPENAI, base_url=URL, confirmed_origin=origin(URL))
LOCAL = Profile(id=LOCAL_ID, name="Local", kind=Kind.LOCAL, base_url=HERE, confirmed_origin=origin(HERE))


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Hi! can you explain rain? It is wet.", "Can you explain rain?"),
        ("Hello\n\nWhy does this fail", "Why does this fail"),
        ("```py\nx = 1\n```\nWhy does this fail?", "Why does this fail?"),
        ("Explain Dr. Smith's theory to me", "Explain Dr. Smith's theory to me"),
        ("Explain the rain. Then the snow.", "Explain the rain"),
        ("hello world in python", "hello world in python"),
        ("Hi-fi systems", "Hi-fi systems"),
        ("你好，数据库怎么用？谢谢", "数据库怎么用？"),
        ("hi", "hi"),
        ("```\nonly code\n```", "only code"),
        ("", ""),
    ],
)
def test_the_rule(text, title):
    assert titles.title_from(text) == title
    assert titles.is_made(title, text)


@given(st.text(max_size=300))
def test_any_question_and_any_reply_makes_one_short_line(text):
    for title in (titles.title_from(text), titles.from_model(text)):
        assert len(title) <= 81 and len(title.splitlines()) <= 1


@pytest.mark.parametrize(
    ("reply", "title"),
    [
        ('"Rain and snow."\n', "Rain and snow"),
        ("Title: **Tides**", "Tides"),
        ("\n\n", ""),
        ("w " * 90, "w " * 39 + "w…"),
    ],
)
def test_a_models_reply_as_a_title(reply, title):
    assert titles.from_model(reply) == title


class Desk:
    def __init__(self, folder, wire: Wire) -> None:
        self.database, self.wire, self.model = Database.open(folder), wire, MODEL
        self.calls, self.catalogs = Calls(), Catalogs(folder)
        self.connections = Connections(self._connect, self._read_key, None, Redactor())
        self.tokens = Tokens(folder / "cache", lambda model: self.catalogs.current.card(model))
        self.library = Library(self.database, Conversations(self.database))
        self.profiles = {OPENAI.id: OPENAI, LOCAL.id: LOCAL}
        self.budgets = Budgets(self.database)
        booking = Booking(self.database, self.catalogs, self.calls, self.budgets)
        self.asking = Asking(self.connections, self.catalogs, self.tokens, booking)
        self.titles = Titles(
            self.database,
            self.asking,
            lambda id: self.profiles.get(id, self.profiles[OPENAI.id]),
            self.library,
            model=lambda: self.model,
        )

    def _connect(self, profile, key):
        return Client(profile, key, transport=self.wire.transport, recorder=self.calls)

    async def _read_key(self, profile_id):
        return Secret(KEY)

    def talk(self, id: str, title: str | None = None, text: str = "What is rain? Tell me.", profile=OPENAI) -> None:
        made = Conversation(
            id=id, title=titles.title_from(text) if title is None else title, profile=profile.id, model="small"
        )

        def work(db):
            conversations.create(db, made)
            if text:
                conversations.add_message(db, Message(f"{id}1", Role.USER, (Text(text),), conversation=id))
                answer = Message(f"{id}2", Role.ASSISTANT, (Text("Water."),), parent=f"{id}1", conversation=id)
                conversations.add_message(db, answer)

        self.database.write_now(work)

    def title(self, id: str) -> str:
        return self.database.read_now(lambda db: conversations.get(db, id)).title

    def rows(self) -> list[ledger.LedgerRow]:
        return self.database.read_now(ledger.rows)


def answer(text: str) -> httpx.Response:
    message = {"role": "assistant", "content": text, "refusal": None}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": {"prompt_tokens": 60, "completion_tokens": 5, "total_tokens": 65},
    }
    return httpx.Response(200, json=body)


@pytest.fixture
def desk(tmp_path, spec):
    wire = Wire(spec)
    made = Desk(tmp_path, wire)
    yield made
    assert wire.problems == []
    made.database.close()


async def test_only_titles_that_the_rule_would_have_made_are_replaced_and_undo_brings_them_back(desk):
    desk.talk("a")
    desk.talk("b", "My own title")
    desk.talk("c", "Untitled", "")
    desk.talk("d", "What is rain? Tell me.")  # made by the rule as it was once
    found = await desk.titles.estimate(["a", "b", "c", "d", "gone"])
    assert (found.calls, found.typed, found.empty, found.is_free) == (2, 1, 2, False)
    assert found.cost_pico > 0
    desk.wire.answers = [answer('"Rain, briefly."'), answer("Water from above")]
    done = await desk.titles.by_model(["a", "b", "c", "d", "gone"])
    assert (done.done, done.failed) == (2, ())
    assert [desk.title(id) for id in "abcd"] == ["Rain, briefly", "My own title", "Untitled", "Water from above"]
    assert all("Water." in body["messages"][1]["content"] for body in desk.wire.bodies)
    again = await desk.titles.by_model(["a"])
    assert again.done == 0
    await done.undo()
    assert [desk.title(id) for id in "ad"] == ["What is rain?", "What is rain? Tell me."]
    await desk.connections.aclose()


async def test_each_call_is_counted_in_the_ledger_under_its_own_page(desk):
    desk.talk("a")
    desk.talk("b")
    desk.wire.answers = [answer("Rain"), error(400, "bad", "no")]
    done = await desk.titles.by_model(["a", "b"])
    assert done.done == 1 and len(done.failed) == 1
    rows = sorted(desk.rows(), key=lambda row: row.conversation)
    assert [(r.page, r.conversation, r.fate) for r in rows] == [(PAGE, "a", Fate.COMPLETE), (PAGE, "b", Fate.FAILED)]
    assert rows[0].cost_pico and rows[0].estimate_pico and rows[0].usage.input == 60
    assert desk.title("b") == "What is rain?"
    await desk.connections.aclose()


async def test_no_model_no_call(desk):
    desk.talk("a")
    desk.model = ""
    with pytest.raises(BadInput, match="No model"):
        await desk.titles.estimate(["a"])
    with pytest.raises(BadInput, match="No model"):
        await desk.titles.by_model(["a"])
    assert desk.rows() == [] and desk.wire.bodies == []


async def test_what_was_said_on_this_computer_is_titled_on_it_for_nothing(desk):
    desk.talk("a", profile=LOCAL)
    found = await desk.titles.estimate(["a"])
    assert (found.calls, found.cost_pico, found.is_free) == (1, 0, True)
    desk.wire.answers = [answer("Rain")]
    assert (await desk.titles.by_model(["a"])).failed == ()
    assert desk.wire.bodies[0]["model"] == "small"
    assert desk.rows()[0].is_free
    await desk.connections.aclose()


async def test_a_budget_is_asked_before_each_call(desk):
    desk.talk("a")
    desk.profiles[OPENAI.id] = replace(OPENAI, budget=Budget(day=Decimal("0.000001")))
    with pytest.raises(BudgetReached):
        await desk.titles.by_model(["a"])
    assert desk.wire.bodies == [] and desk.rows() == []
    await desk.connections.aclose()


async def test_the_rule_can_be_asked_for_again(desk):
    desk.talk("a", "Untitled", "Hello! How are tides made?")
    desk.talk("b", "Mine")
    done = await desk.titles.by_rule(["a", "b"])
    assert [desk.title(id) for id in "ab"] == ["How are tides made?", "Mine"]
    await done.undo()
    assert desk.title("a") == "Untitled"


async def test_a_title_typed_while_the_model_is_asked_stays(desk):
    for id in ("a", "b", "c"):
        desk.talk(id)

    def typed_meanwhile(request):
        desk.database.write_now(lambda db: conversations.update(db, "a", title="Mine"))
        return answer("From the model")

    def deleted_meanwhile(request):
        desk.database.write_now(lambda db: conversations.purge(db, ["b"]))
        return answer("From the model")

    desk.wire.answers = [typed_meanwhile, deleted_meanwhile, answer("Rain")]
    done = await desk.titles.by_model(["a", "b", "c"])
    assert (done.done, done.failed) == (1, ())
    assert (desk.title("a"), desk.title("c")) == ("Mine", "Rain")
    desk.database.write_now(lambda db: conversations.update(db, "c", title="Typed since"))
    await done.undo()
    assert desk.title("c") == "Typed since"


async def test_a_key_that_a_title_says_back_is_in_no_title(desk):
    desk.talk("a")
    desk.wire.answers = [answer(f"All about {KEY}")]
    await desk.titles.by_model(["a"])
    assert desk.title("a") == "All about …"
