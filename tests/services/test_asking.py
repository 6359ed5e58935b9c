"""One question to a model outside any conversation: the ledger, the budget, a stop at any moment, no key."""

from __future__ import annotations

import ast
import asyncio
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from asking_desk import KEY, LOCAL, OPENAI, answer
from asking_desk import desk as desk
from msgspec.structs import replace
from wire import MODEL, error

import desktop
from desktop.core import pricing
from desktop.core.calls import Fate
from desktop.core.errors import BudgetReached, Rejected
from desktop.core.profile import Budget
from desktop.services.asking import Inquiry

INQUIRY = Inquiry(OPENAI, MODEL, "Say it shorter.", "It is raining.", "page", conversation="C1", expected_tokens=10)


async def test_the_answer_comes_whole_and_the_call_is_booked(desk):
    reply = answer("Rain.")
    reply.headers["x-request-id"] = "req_1"
    desk.wire.answers = [reply]
    found = await desk.asking.ask(INQUIRY)
    assert (found.text, found.refusal, found.is_cut, found.usage.input) == ("Rain.", "", False, 60)
    assert [said["content"] for said in desk.wire.bodies[0]["messages"]] == ["Say it shorter.", "It is raining."]
    (row,) = desk.rows()
    assert (row.page, row.conversation, row.fate, row.status, row.request_id) == (
        "page", "C1", Fate.COMPLETE, 200, "req_1",
    )  # fmt: skip
    assert row.cost_pico and row.estimate_pico and row.usage.output == 5
    record = desk.calls.get(row.call_id)
    assert record.page == "page" and record.dollars == pricing.shown(pricing.from_pico(row.cost_pico))


async def test_a_whole_reply_that_says_back_the_key_loses_it(desk):
    message = {"role": "assistant", "content": f"It is {KEY}", "refusal": f"{KEY[:14]} I will not say"}
    choice = {"index": 0, "message": message, "finish_reason": "length", "logprobs": None}
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": MODEL, "choices": [choice]}
    desk.wire.answers = [httpx.Response(200, json={**body, "service_tier": KEY})]
    found = await desk.asking.ask(INQUIRY)
    assert (found.text, found.refusal, found.is_cut) == ("It is …", "… I will not say", True)
    (row,) = desk.rows()
    assert KEY not in repr(row) and row.tier == "…"


def test_nothing_else_takes_a_whole_reply_past_that():
    root = Path(desktop.__file__).parent
    callers = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "complete" and ast.unparse(node.value) == "chat_api":
                callers.add(path.relative_to(root).as_posix())
    assert callers == {"services/asking.py"}


async def test_a_budget_stops_it_before_anything_is_sent(desk):
    poor = replace(OPENAI, budget=Budget(day=Decimal("0.0000001")))
    with pytest.raises(BudgetReached):
        await desk.asking.ask(replace(INQUIRY, profile=poor))
    assert desk.wire.bodies == [] and desk.rows() == []


async def test_a_failed_call_is_in_the_ledger_with_what_was_said(desk):
    desk.wire.answers = [error(400, "bad", "no such thing")]
    with pytest.raises(Rejected):
        await desk.asking.ask(INQUIRY)
    (row,) = desk.rows()
    assert (row.fate, row.status) == (Fate.FAILED, 400) and row.error


async def test_on_this_computer_it_is_free_also_when_it_fails(desk):
    assert (await desk.asking.estimate(replace(INQUIRY, profile=LOCAL))).is_free
    desk.wire.answers = [answer("Rain."), error(400, "bad", "no")]
    await desk.asking.ask(replace(INQUIRY, profile=LOCAL))
    with pytest.raises(Rejected):
        await desk.asking.ask(replace(INQUIRY, profile=LOCAL))
    assert all(row.is_free and row.page == "page" for row in desk.rows())


async def test_a_stop_before_the_first_byte_sends_nothing_and_closes_the_row(desk):
    """The row is being written when the stop comes: it is not left open, as a call that may have been made."""
    asking = asyncio.ensure_future(desk.asking.ask(INQUIRY))
    while not desk.rows():
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert desk.wire.bodies == [] and [row.fate for row in desk.rows()] == [Fate.STOPPED]


async def test_a_stop_while_it_runs_is_booked_as_one(desk):
    arrived = asyncio.Event()

    class Hanging(httpx.AsyncByteStream):
        async def __aiter__(self):
            arrived.set()
            await asyncio.Event().wait()
            yield b""

    desk.wire.answers = [httpx.Response(200, stream=Hanging())]
    asking = asyncio.ensure_future(desk.asking.ask(INQUIRY))
    await arrived.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert [row.fate for row in desk.rows()] == [Fate.STOPPED]
