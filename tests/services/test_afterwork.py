"""Work on a transcript by a chat model: numbered lines there and back, the ledger, the budget."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal

import httpx
import pytest
from asking_desk import OPENAI, Desk, answer
from msgspec.structs import replace
from wire import MODEL, Wire, error

from desktop.core.calls import Fate
from desktop.core.errors import BadInput, BudgetReached, KnownError
from desktop.core.pricing import Cost
from desktop.core.profile import Budget
from desktop.core.transcript import Segment, Speaker, Transcript
from desktop.services.transcription import afterwork
from desktop.services.transcription.afterwork import PAGE, AfterWork, Wish

SAID = Transcript(
    (
        Segment("a", 0, 900, "well um good morning", "x"),
        Segment("b", 1000, 1900, ""),
        Segment("c", 2000, 2900, "two\nlines", "x"),
        Segment("d", 3000, 3900, "the end"),
    ),
    (Speaker("x", "Anna"),),
    4000,
)
WISH = Wish(OPENAI.id, MODEL, "Clean this up.")


class WorkDesk(Desk):
    def __init__(self, folder, wire):
        super().__init__(folder, wire)
        self.work = AfterWork(self.asking, lambda id: self.profiles[id])


@pytest.fixture
def desk(tmp_path, spec):
    wire = Wire(spec)
    made = WorkDesk(tmp_path, wire)
    yield made
    assert wire.problems == []
    made.database.close()


async def test_lines_keep_their_segments_by_their_numbers(desk):
    desk.wire.answers = [answer("Here you are:\n1: Good morning.\n3: Two lines\nmore of it\n9: invented")]
    found = await desk.work.work(SAID, WISH, "C1")
    assert found.texts == {"a": "Good morning.", "c": "Two lines\nmore of it\n9: invented"}
    assert found.missing == ("d",)
    sent = desk.wire.bodies[0]["messages"]
    assert sent[1]["content"] == "1: well um good morning\n3: two lines\n4: the end", "what has no words is not sent"
    assert "Clean this up." in sent[0]["content"]
    row = desk.rows()[0]
    assert (row.page, row.conversation, row.fate, row.usage.input) == (PAGE, "C1", Fate.COMPLETE, 60)
    assert row.cost_pico and row.estimate_pico


async def test_long_ones_go_in_several_requests_and_are_numbered_through(desk, monkeypatch):
    monkeypatch.setattr(afterwork, "LINES_CHARACTERS", 33)
    told = []
    desk.wire.answers = [answer("1: A"), answer("3: C\n4: D")]
    found = await desk.work.work(SAID, WISH, "C1", told.append)
    assert found.texts == {"a": "A", "c": "C", "d": "D"} and found == told[-1]
    assert [(len(far.answers), far.left) for far in told] == [(0, 2), (1, 1), (2, 0)]
    assert [json.dumps(body["messages"][1]["content"]) for body in desk.wire.bodies] == [
        '"1: well um good morning"',
        '"3: two lines\\n4: the end"',
    ]


async def test_a_text_about_all_is_joined_of_its_parts(desk, monkeypatch):
    monkeypatch.setattr(afterwork, "TEXT_CHARACTERS", 20)
    desk.wire.answers = [answer("First."), answer("Second."), answer("Third."), answer("All of it.")]
    found = await desk.work.work(SAID, replace(WISH, kind="text"), "C1")
    assert found.text == "All of it." and "Part 2:\nSecond." in desk.wire.bodies[3]["messages"][1]["content"]
    assert desk.wire.bodies[0]["messages"][1]["content"].startswith("Anna: well")


async def test_what_it_costs_is_known_before_and_a_budget_stops_it(desk):
    price = await desk.work.estimate(SAID, WISH)
    assert isinstance(price, Cost) and price.dollars > 0
    with pytest.raises(BadInput):
        await desk.work.estimate(Transcript(), WISH)
    desk.profiles[OPENAI.id] = replace(OPENAI, budget=Budget(total=Decimal("0.00000001")))
    with pytest.raises(BudgetReached):
        await desk.work.work(SAID, WISH, "C1")
    assert desk.wire.bodies == [] and desk.rows() == []


async def test_a_failed_request_is_in_the_ledger(desk):
    desk.wire.answers = [error(400, "bad", "no such thing")]
    with pytest.raises(KnownError):
        await desk.work.work(SAID, WISH, "C1")
    assert desk.rows()[0].fate is Fate.FAILED


async def test_what_a_model_is_waited_for_is_said(desk):
    said = []
    busy = error(429, "rate_limit_exceeded", "slow down")
    busy.headers["retry-after"] = "0.01"
    desk.wire.answers = [busy, answer("1: A\n3: C\n4: D")]
    found = await desk.work.work(SAID, WISH, "C1", waits=said.append)
    assert found.texts["a"] == "A" and found.failure is None
    assert len(said) == 1 and said[0].endswith("Tries again in 1 s.")


async def test_lines_that_were_answered_before_a_failure_are_given(desk, monkeypatch):
    monkeypatch.setattr(afterwork, "LINES_CHARACTERS", 33)
    desk.wire.answers = [answer("1: A"), *[error(400, "no more")] * 3]
    found = await desk.work.work(SAID, WISH, "C1")
    assert found.texts == {"a": "A"} and found.missing == ("c", "d") and isinstance(found.failure, KnownError)
    assert sorted(row.fate for row in desk.rows()) == sorted([Fate.COMPLETE, Fate.FAILED])


async def test_parts_of_a_text_that_were_answered_before_a_failure_are_given(desk, monkeypatch):
    monkeypatch.setattr(afterwork, "TEXT_CHARACTERS", 20)
    wish = replace(WISH, kind="text")
    desk.wire.answers = [answer("First."), answer("Second."), error(400, "no more")]
    found = await desk.work.work(SAID, wish, "C1")
    assert found.text == "Part 1:\nFirst.\n\nPart 2:\nSecond." and isinstance(found.failure, KnownError)
    desk.wire.answers = [answer("First."), answer("Second."), answer("Third."), error(400, "no more")]
    found = await desk.work.work(SAID, wish, "C1")
    assert found.text.endswith("Part 3:\nThird.") and isinstance(found.failure, KnownError)


async def test_an_answer_that_has_come_is_told_though_a_stop_comes_with_it_and_the_rest_is_asked_later(
    desk, monkeypatch
):
    monkeypatch.setattr(afterwork, "LINES_CHARACTERS", 33)
    told = []
    task = asyncio.create_task(desk.work.work(SAID, WISH, "C1", told.append))
    booking, close = desk.asking._booking, desk.asking._booking.close

    async def stops(*arguments, **more):
        task.cancel()
        await close(*arguments, **more)

    booking.close = stops
    desk.wire.answers = [answer("1: A")]
    with pytest.raises(asyncio.CancelledError):
        await task
    booking.close = close
    assert told[-1].texts == {"a": "A"} and (len(told[-1].answers), told[-1].left) == (1, 1)
    before = told[-1].answers
    whole, rest = await desk.work.estimate(SAID, WISH), await desk.work.estimate(SAID, WISH, before)
    assert rest.dollars < whole.dollars
    desk.wire.answers = [answer("3: C\n4: D")]
    found = await desk.work.work(SAID, WISH, "C1", before=before)
    assert found.texts == {"a": "A", "c": "C", "d": "D"} and found.left == 0 and len(desk.wire.bodies) == 2


async def test_a_text_of_which_all_parts_came_is_only_joined_later(desk, monkeypatch):
    monkeypatch.setattr(afterwork, "TEXT_CHARACTERS", 20)
    wish = replace(WISH, kind="text")
    desk.wire.answers = [answer("First."), answer("Second."), answer("Third."), error(400, "no more")]
    cut = await desk.work.work(SAID, wish, "C1")
    assert cut.left == 1
    desk.wire.answers = [answer("All of it.")]
    found = await desk.work.work(SAID, wish, "C1", before=cut.answers)
    assert (found.text, found.left, found.failure) == ("All of it.", 0, None) and len(desk.wire.bodies) == 5


async def test_a_model_that_will_not_is_told_in_its_words_and_a_cut_answer_is_known(desk):
    desk.wire.answers = [changed(answer(""), message={"role": "assistant", "content": None, "refusal": "I cannot."})]
    with pytest.raises(BadInput, match="I cannot"):
        await desk.work.work(SAID, WISH, "C1")
    desk.wire.answers = [changed(answer("It was about"), finish_reason="length")]
    found = await desk.work.work(SAID, replace(WISH, kind="text"), "C1")
    assert found.text == "It was about" and found.is_cut


def changed(reply, **choice):
    body = reply.json()
    body["choices"][0] |= choice
    return httpx.Response(200, json=body)
