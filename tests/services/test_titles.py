"""Titles: the rule, what a model may retitle, what it costs, and that no title a user typed is ever replaced."""

from __future__ import annotations

from decimal import Decimal

import pytest
from asking_desk import KEY, LOCAL, OPENAI, answer
from asking_desk import desk as desk
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from wire import error

from desktop.core import titles
from desktop.core.calls import Fate
from desktop.core.errors import BadInput, BudgetReached
from desktop.core.profile import Budget
from desktop.services.titles import PAGE
from desktop.store import conversations


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
