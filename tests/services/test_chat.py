"""Sending and keeping: real services and a real archive; only the wire is false, and each request is judged."""

from __future__ import annotations

import asyncio
import threading
from decimal import Decimal

import httpx
import pytest
from msgspec.structs import replace
from wire import MODEL, Wire, chunk, error, reply, usage_chunk

from desktop.api.client import Client
from desktop.core import pricing
from desktop.core.calls import Fate
from desktop.core.chat import Delta, Ended, Started, Waiting
from desktop.core.conversation import Reasoning, Refusal, Role, State, Text, ToolCall, path_to
from desktop.core.errors import BadInput, Cut, KeyRefused, KnownError, MayHaveRun, NoKey, RateLimited
from desktop.core.profile import Kind, Profile, origin
from desktop.core.secret import Redactor, Secret
from desktop.services.calls import Calls
from desktop.services.catalog import Catalogs
from desktop.services.chat import Chat
from desktop.services.chat_question import Question
from desktop.services.connections import Connections
from desktop.services.conversations import Conversations
from desktop.services.tokens import Tokens
from desktop.store import conversations, ledger, raw_replies
from desktop.store.database import Database

URL = "https://api.openai.com/v1"
OPENAI = Profile(id="01OPENAI", name="OpenAI", kind=Kind.OPENAI, base_url=URL, confirmed_origin=origin(URL))


class Desk:
    """The services of one profile over a false wire."""

    def __init__(self, folder, wire: Wire) -> None:
        self.database = Database.open(folder)
        self.wire = wire
        self.key: Secret | None = Secret("sk-test-0123456789abcdef")
        self.calls = Calls()
        self.catalogs = Catalogs(folder)
        self.connections = Connections(self._connect, self._read_key, None, Redactor())
        tokens = Tokens(folder / "cache", lambda model: self.catalogs.current.card(model))
        self.chat = Chat(self.database, self.connections, self.catalogs, tokens, self.calls)
        self.kept = Conversations(self.database)
        self.heard: list = []

    def _connect(self, profile, key):
        return Client(profile, key, transport=self.wire.transport, recorder=self.calls, sleep=self._no_sleep)

    async def _no_sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)

    async def _read_key(self, profile_id):
        return self.key

    def question(self, text: str = "", **fields) -> Question:
        parts = (Text(text),) if text else ()
        return Question(parts=parts, model=MODEL, profile=OPENAI, **fields)

    async def ask(self, text: str, **fields):
        return await self.chat.send(self.question(text, **fields), self.heard.append)

    def message(self, message_id: str):
        return self.database.read_now(lambda db: conversations.messages(db, [message_id]))[0]

    def row(self, call_id: str) -> ledger.LedgerRow:
        return self.database.read_now(lambda db: ledger.get(db, call_id))

    def path(self, conversation: str) -> list:
        def load(db):
            outline = conversations.outline(db, conversation)
            return conversations.messages(db, path_to(outline.head, outline.parents))

        return self.database.read_now(load)

    async def close(self) -> None:
        await self.connections.aclose()
        await self.database.aclose()


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


async def test_question_and_answer_are_kept_with_usage_cost_and_ledger(desk, wire):
    wire.answers = [reply("Hel", "lo", usage=usage_chunk(1000, 100, cached=400))]
    answer = await desk.ask("Say hello")
    asked, kept = desk.path(answer.conversation)
    assert (asked.role, asked.text) == (Role.USER, "Say hello")
    assert (kept.text, kept.state, kept.finish_reason) == ("Hello", State.COMPLETE, "stop")
    rates = desk.catalogs.current.card(MODEL).prices.tokens["standard"]
    expected = (600 * rates.input + 400 * rates.cached_input + 100 * rates.output) / Decimal(1_000_000)
    assert pricing.from_pico(kept.cost_pico) == expected
    row = desk.row(kept.call_id)
    assert (row.fate, row.cost_pico, row.usage.cached, row.status) == (Fate.COMPLETE, kept.cost_pico, 400, 200)
    assert row.price_version == desk.catalogs.current.as_of.isoformat()
    await desk.connections.aclose()


async def test_question_is_committed_before_the_first_byte_leaves(desk, wire):
    seen = []

    def look(request):
        with_reply = desk.database.read_now(lambda db: conversations.listing(db))
        seen.extend(desk.path(with_reply[0].id))
        seen.append(desk.row(seen[-1].call_id).fate)
        return error(400, "invalid_value")

    wire.answers = [look]
    await desk.ask("Kept at once?")
    assert seen[0].text == "Kept at once?"
    assert (seen[1].state, seen[2]) == (State.STREAMING, Fate.OPEN)
    await desk.connections.aclose()


async def test_pieces_are_told_in_order_and_the_end_last(desk, wire):
    wire.answers = [reply("a", "b", "c")]
    await desk.ask("Letters")
    assert isinstance(desk.heard[0], Started)
    assert [u.text for u in desk.heard if isinstance(u, Delta)] == ["a", "b", "c"]
    assert isinstance(desk.heard[-1], Ended)
    await desk.connections.aclose()


async def test_only_what_the_user_set_is_sent(desk, wire):
    wire.answers = [reply("ok"), reply("ok")]
    await desk.ask("Plain")
    assert set(wire.bodies[0]) == {"model", "messages", "stream", "stream_options"}
    await desk.ask("Set", parameters={"temperature": 0.5, "max_completion_tokens": 9}, system="Be brief")
    assert wire.bodies[1]["temperature"] == 0.5
    assert wire.bodies[1]["messages"][0] == {"role": "system", "content": "Be brief"}
    await desk.connections.aclose()


async def test_a_server_without_usage_in_streams_is_asked_again_without(desk, wire):
    wire.answers = [error(400, "unknown_parameter", param="stream_options"), reply("ok", usage=chunk({}))]
    answer = await desk.ask("Usage?")
    assert "stream_options" not in wire.bodies[1]
    assert answer.state is State.COMPLETE
    assert answer.usage.is_estimate and answer.usage.output > 0
    await desk.connections.aclose()


async def test_a_stream_without_its_end_is_cut_kept_and_can_go_on(desk, wire):
    wire.answers = [reply("The first half", finish=None, done=False), reply(", the second half.")]
    cut = await desk.ask("Tell me")
    assert (cut.state, cut.text) == (State.CUT, "The first half")
    assert isinstance(desk.heard[-1].error, Cut)
    assert desk.row(cut.call_id).fate is Fate.CUT
    whole = await desk.chat.go_on(desk.question(conversation=cut.conversation), cut.id, desk.heard.append)
    assert (whole.id, whole.state, whole.text) == (cut.id, State.COMPLETE, "The first half, the second half.")
    assert wire.bodies[1]["messages"][-2] == {"role": "assistant", "content": "The first half"}
    assert len(desk.path(cut.conversation)) == 2
    assert desk.message(cut.id).text == whole.text
    assert desk.row(cut.call_id).fate is Fate.CUT and desk.row(whole.call_id).fate is Fate.COMPLETE
    await desk.connections.aclose()


async def test_stop_keeps_what_came_and_closes_the_row(desk, wire):
    wire.gate = asyncio.Event()
    wire.answers = [[*reply("Half of", finish=None, done=False), None]]
    came = asyncio.Event()

    def tell(update):
        desk.heard.append(update)
        if isinstance(update, Delta):
            came.set()

    task = asyncio.get_running_loop().create_task(desk.chat.send(desk.question("Go"), tell))
    await came.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    ended = desk.heard[-1]
    assert isinstance(ended, Ended) and ended.message.state is State.STOPPED
    kept = desk.message(ended.message.id)
    assert (kept.text, kept.state) == ("Half of", State.STOPPED)
    assert desk.row(kept.call_id).fate is Fate.STOPPED
    await desk.connections.aclose()


async def test_a_stop_in_the_very_moment_of_sending_leaves_nothing_half_begun(desk, wire, monkeypatch):
    create, is_committing, may_commit = conversations.create, threading.Event(), threading.Event()

    def slowly(db, made):
        is_committing.set()
        may_commit.wait(60)
        create(db, made)

    monkeypatch.setattr(conversations, "create", slowly)
    sending = asyncio.get_running_loop().create_task(desk.ask("In the very moment"))
    await asyncio.to_thread(is_committing.wait, 60)
    sending.cancel()
    may_commit.set()
    with pytest.raises(asyncio.CancelledError):
        await sending
    started, ended = desk.heard
    assert isinstance(started, Started) and ended.message.state is State.STOPPED
    assert wire.bodies == []
    assert [m.state for m in desk.path(started.conversation.id)] == [State.COMPLETE, State.STOPPED]
    assert desk.row(ended.message.call_id).fate is Fate.STOPPED


async def test_a_question_that_cannot_be_kept_leaves_no_empty_conversation(desk, monkeypatch):
    def refuse(*_):
        raise KnownError("There is no room on the disk.")

    monkeypatch.setattr(ledger, "open_row", refuse)
    with pytest.raises(KnownError):
        await desk.ask("Too much for the disk")
    assert await desk.kept.listing() == []


async def test_a_profile_whose_server_takes_long_to_start_holds_up_no_other(desk, wire):
    read_key, may_answer = desk.connections._read_key, asyncio.Event()

    async def slowly(profile_id):
        if profile_id == "slow":
            await may_answer.wait()
        return await read_key(profile_id)

    desk.connections._read_key = slowly
    slow = asyncio.get_running_loop().create_task(desk.connections.client(replace(OPENAI, id="slow")))
    await asyncio.sleep(0)
    wire.answers = [reply("At once")]
    async with asyncio.timeout(60):
        assert (await desk.ask("Hello")).text == "At once"
    may_answer.set()
    await slow
    await desk.connections.aclose()


async def test_an_estimate_made_while_the_reply_arrives_is_not_kept(desk, wire):
    await desk.chat._tokens.load(MODEL)
    wire.gate = asyncio.Event()
    wire.answers = [[*reply("One", finish=None, done=False), None, *reply(" two" * 50)]]
    came = asyncio.Event()

    def tell(update):
        desk.heard.append(update)
        if isinstance(update, Delta):
            came.set()

    task = asyncio.get_running_loop().create_task(desk.chat.send(desk.question("Count"), tell))
    await came.wait()
    answer = desk.heard[0].replies[0]
    follow = desk.question("More", conversation=answer.conversation, parent=answer.id)
    meanwhile = await desk.chat.estimate(follow)
    wire.gate.set()
    await task
    assert (await desk.chat.estimate(follow)).tokens >= meanwhile.tokens + 50
    await desk.connections.aclose()


async def test_a_refused_key_fails_in_words_and_can_be_tried_again_in_place(desk, wire):
    wire.answers = [error(401, "invalid_api_key"), reply("Now")]
    failed = await desk.ask("Hello?")
    assert failed.state is State.FAILED and failed.error and failed.advice
    assert isinstance(desk.heard[-1].error, KeyRefused)
    assert desk.row(failed.call_id).status == 401
    again = await desk.chat.go_on(desk.question(conversation=failed.conversation), failed.id, desk.heard.append)
    assert (again.id, again.text, again.state) == (failed.id, "Now", State.COMPLETE)
    assert wire.bodies[1]["messages"] == wire.bodies[0]["messages"]
    await desk.connections.aclose()


async def test_a_missing_key_is_said_and_the_question_is_kept(desk):
    desk.key = None
    failed = await desk.ask("Without a key")
    assert isinstance(desk.heard[-1].error, NoKey)
    assert desk.path(failed.conversation)[0].text == "Without a key"
    assert desk.row(failed.call_id).fate is Fate.FAILED


async def test_the_wait_of_a_rate_limit_is_told_and_the_second_try_counts(desk, wire):
    wire.answers = [error(429, "rate_limit_exceeded", **{"retry-after": "2"}), reply("ok")]
    answer = await desk.ask("Slowly")
    waits = [u for u in desk.heard if isinstance(u, Waiting)]
    assert [w.seconds for w in waits] == [2.0]
    assert desk.row(answer.call_id).tries == 2
    await desk.connections.aclose()


async def test_spent_quota_is_not_tried_again(desk, wire):
    wire.answers = [error(429, "insufficient_quota")]
    failed = await desk.ask("Once")
    assert failed.state is State.FAILED and len(wire.bodies) == 1
    assert not isinstance(desk.heard[-1].error, RateLimited)
    await desk.connections.aclose()


async def test_a_paid_request_of_unknown_fate_is_not_repeated(desk, wire):
    def broken(request):
        raise httpx.ReadError("gone", request=request)

    wire.answers = [broken]
    failed = await desk.ask("Once only")
    assert isinstance(desk.heard[-1].error, MayHaveRun)
    assert len(wire.bodies) == 1
    assert desk.row(failed.call_id).fate is Fate.UNKNOWN
    await desk.connections.aclose()


async def test_another_answer_and_an_edited_question_are_branches(desk, wire):
    wire.answers = [reply("one"), reply("two"), reply("three")]
    first = await desk.ask("Number?")
    second = await desk.chat.answer_again(
        desk.question(conversation=first.conversation, parent=first.parent), desk.heard.append
    )
    assert second.parent == first.parent and second.id != first.id
    edited = await desk.ask("Another number?", conversation=first.conversation, parent=None)
    outline = desk.database.read_now(lambda db: conversations.outline(db, first.conversation))
    assert len(outline.parents) == 5
    assert [m.text for m in desk.path(first.conversation)] == ["Another number?", "three"]
    assert edited.parent != first.parent
    await desk.connections.aclose()


async def test_several_choices_become_siblings_and_are_charged_once(desk, wire):
    events = [
        chunk({"role": "assistant", "content": "a"}),
        chunk({"content": "b"}, index=1),
        chunk({}, finish="stop"),
        chunk({}, index=1, finish="stop"),
        usage_chunk(10, 2),
        "[DONE]",
    ]
    wire.answers = [events]
    first = await desk.ask("Two", parameters={"n": 2})
    outline = desk.database.read_now(lambda db: conversations.outline(db, first.conversation))
    replies = desk.database.read_now(
        lambda db: conversations.messages(db, [m for m, p in outline.parents.items() if p == first.parent])
    )
    assert sorted(m.text for m in replies) == ["a", "b"]
    assert [m.usage is not None for m in replies].count(True) == 1
    assert outline.head == first.id
    await desk.connections.aclose()


async def test_reasoning_refusals_and_tool_calls_are_parts(desk, wire):
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look", "arguments": ""}}
    more = {"index": 0, "function": {"arguments": '{"at": 1}'}}
    wire.answers = [
        [
            chunk({"role": "assistant", "reasoning_content": "Hm. "}),
            chunk({"refusal": "I would rather not."}),
            chunk({"tool_calls": [call]}),
            chunk({"tool_calls": [more]}),
            chunk({}, finish="tool_calls"),
            usage_chunk(),
            "[DONE]",
        ]
    ]
    answer = await desk.ask("Everything")
    kinds = [type(part) for part in desk.message(answer.id).parts]
    assert kinds == [Reasoning, Refusal, ToolCall]
    assert desk.message(answer.id).parts[2] == ToolCall("call_1", "look", '{"at": 1}')
    await desk.connections.aclose()


async def test_a_choice_nobody_asked_for_is_passed_over(desk, wire):
    stray = [chunk({"content": "stray"}, index=index) for index in (-1, 7)]
    wire.answers = [[chunk({"content": "mine"}), *stray, chunk({}, finish="stop"), "[DONE]"]]
    assert (await desk.ask("One")).text == "mine"
    await desk.connections.aclose()


async def test_ends_of_length_and_filter_are_named(desk, wire):
    wire.answers = [reply("long", finish="length"), reply("no", finish="content_filter")]
    assert (await desk.ask("Long")).state is State.LENGTH
    assert (await desk.ask("Bad")).state is State.FILTERED
    await desk.connections.aclose()


async def test_an_unknown_model_is_unpriced_never_zero(desk, wire):
    wire.answers = [reply("ok")]
    question = Question(parts=(Text("Hi"),), model="nobody-knows-it", profile=OPENAI)
    answer = await desk.chat.send(question, desk.heard.append)
    assert answer.cost_pico is None and not answer.is_free and answer.usage.input == 12
    assert desk.row(answer.call_id).cost_pico is None
    await desk.connections.aclose()


async def test_the_raw_reply_is_kept_whole(desk, wire):
    wire.answers = [reply("raw")]
    answer = await desk.ask("Raw")
    raw = desk.database.read_now(lambda db: raw_replies.raw(db, answer.call_id))
    assert raw.count(b"data: ") == 5 and b"[DONE]" in raw
    await desk.connections.aclose()


async def test_nothing_to_send_and_no_model_are_said_where_they_enter(desk):
    with pytest.raises(BadInput):
        await desk.ask("   ")
    with pytest.raises(BadInput):
        await desk.chat.send(Question(parts=(Text("x"),), model="", profile=OPENAI), desk.heard.append)
    assert desk.database.read_now(lambda db: conversations.listing(db)) == []


async def test_the_estimate_counts_the_past_and_knows_when_it_does_not_fit(desk, wire):
    wire.answers = [reply("word " * 50)]
    answer = await desk.ask("Tell")
    short = await desk.chat.estimate(desk.question("x", conversation=answer.conversation, parent=answer.id))
    longer = await desk.chat.estimate(desk.question("x " * 300, conversation=answer.conversation, parent=answer.id))
    assert short.tokens > 30 and longer.tokens > short.tokens
    assert short.fits and short.dollars.startswith("$")
    huge = await desk.chat.estimate(desk.question("word " * 200_000))
    assert not huge.fits
    await desk.connections.aclose()


async def test_lone_surrogates_become_marks_and_do_not_stop_a_send(desk, wire):
    wire.answers = [reply("fine")]
    answer = await desk.ask("half \ud83d here")
    assert desk.path(answer.conversation)[0].text == "half \ufffd here"
    await desk.connections.aclose()
