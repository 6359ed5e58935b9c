"""Sending, streaming and branching: what the chat page and `davenport chat` do with a conversation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from dataclasses import replace as with_fields
from typing import Any, TypeVar

from msgspec.structs import replace

from desktop.api import chat as chat_api
from desktop.core import pricing
from desktop.core.calls import Fate
from desktop.core.catalog import has
from desktop.core.chat import Delta, Ended, Estimate, Started, Unsaved, Update, Waiting
from desktop.core.conversation import (
    Conversation,
    Message,
    Role,
    State,
    Text,
    path_to,
    title_from,
)
from desktop.core.errors import BadInput, BadRequest, Cut, KnownError, MayHaveRun, Missing, Silent, TooMuch
from desktop.core.ids import new_id
from desktop.core.profile import Profile
from desktop.core.replies import FINISHED, Growing
from desktop.core.text import scalar
from desktop.core.tokens import PER_MESSAGE
from desktop.core.usage import Usage
from desktop.services.booking import pico_of, price_words
from desktop.services.budgets import Budgets, Gate
from desktop.services.calls import Calls
from desktop.services.catalog import Catalogs
from desktop.services.chat_estimates import PAGE, Estimates
from desktop.services.chat_question import Question
from desktop.services.connections import Connections
from desktop.services.prices import price_version
from desktop.services.tokens import Tokens
from desktop.services.whole import whole
from desktop.services.wire_messages import wire_messages
from desktop.store import blobs, conversations, ledger, raw_replies
from desktop.store.database import Database
from desktop.store.streaming import StreamWriter, keep

Tell = Callable[[Update], None]
T = TypeVar("T")

CONTINUE = "Continue exactly where your last message broke off. Do not repeat anything of it."


@dataclass(slots=True)
class _Run:
    """One call while it lasts."""

    call_id: str
    profile: Profile
    model: str
    replies: list[Growing]
    request: chat_api.ChatRequest
    history: tuple[str, ...]
    row: ledger.LedgerRow
    past: int | None = None  # tokens of what came before `question`, where the estimate has counted them
    question: str = ""
    started: float = 0.0
    request_id: str = ""
    status: int | None = None
    usage: Usage | None = None
    tier: str = ""
    joins: dict[int, chat_api.ToolCallJoin] = field(default_factory=dict)


class Chat:
    """Talks to a model and keeps what is said.

    Updates go to a `tell` function and not through an iterator, because waits and signs of life come between pieces.
    Each method returns when the reply has ended and is in the archive; a cancelled one has kept what it got by then.
    """

    def __init__(
        self,
        database: Database,
        connections: Connections,
        catalogs: Catalogs,
        tokens: Tokens,
        calls: Calls,
        *,
        budgets: Budgets | None = None,
        keeps_raw: Callable[[], bool] = lambda: True,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database, self._connections, self._catalogs = database, connections, catalogs
        self._tokens, self._calls, self._now, self._clock = tokens, calls, now, clock
        self._keeps_raw, self._budgets = keeps_raw, budgets or Budgets(database, now=now)
        self._estimates = Estimates(database, catalogs, tokens, self._path)

    # -- what a user can do

    async def send(self, question: Question, tell: Tell) -> Message:
        """Ask, and keep question and answer. Returns the (first) answer."""
        if not any(not isinstance(part, Text) or part.text.strip() for part in question.parts):
            raise BadInput("There is nothing to send yet.", "Write a message or attach a file.")
        if not question.model:
            raise BadInput("No model is chosen.", "Choose one at the left of the composer.")
        conversation = await self._conversation(question)
        asked = Message(
            id=new_id(),
            role=Role.USER,
            parts=tuple(Text(scalar(p.text)) if isinstance(p, Text) else p for p in question.parts),
            parent=question.parent,
            conversation=conversation.id,
            created=self._micros(),
        )
        return await self._answer(conversation, asked, asked.id, question, tell)

    async def answer_again(self, question: Question, tell: Tell) -> Message:
        """A further answer to the message `question.parent`, as a branch beside those it has. `parts` are not used."""
        conversation = await self._conversation(question)
        if question.parent is None:
            raise BadInput("There is no question to answer again.")
        return await self._answer(conversation, None, question.parent, question, tell)

    async def go_on(self, question: Question, message_id: str, tell: Tell) -> Message:
        """Continue a reply that was cut, stopped or too long; what arrives is joined to what it had."""
        conversation = await self._conversation(question)
        path = await self._path(conversation.id, message_id)
        cut = path[-1]
        if not cut.state.can_continue and cut.state is not State.FAILED:
            raise BadInput("This reply is complete.", "Ask for more with a new message.")
        again = replace(cut, state=State.STREAMING, model=question.model, error="", advice="", call_id=new_id())
        asking = await self._wire(question.system, path)
        if cut.text:
            asking.append({"role": "user", "content": CONTINUE})
        growing = [Growing(again, kept=cut.parts)]
        price = await self._estimates.expected(with_fields(question, parts=(Text(CONTINUE),), parent=message_id))
        run = self._run(again.call_id, question, growing, asking, path, price)
        gate = await self._gate(question, price)

        def begin(db: Any) -> None:
            gate(db)
            conversations.reopen(db, again.id)
            ledger.open_row(db, run.row)

        self._estimates.forget()
        return await self._carry_out(run, begin, Started(conversation, None, (again,)), tell)

    async def may_have_run(self, message: Message) -> bool:
        """Whether nobody knows if the call of a message was carried out: a repetition may be paid twice."""
        if message.state is not State.FAILED:
            return False
        row = await self._database.read(lambda db: ledger.get(db, message.call_id))
        return row is not None and row.fate is Fate.UNKNOWN

    async def estimate(self, question: Question) -> Estimate:
        """What the next request would hold and cost, before it is sent. The past is counted once for each branch."""
        return await self._estimates.shown(question)

    async def _gate(self, question: Question, price: pricing.Cost | pricing.Unpriced) -> Gate:
        """What is called in the transaction that keeps the question: raises BudgetReached, and nothing is kept."""
        if isinstance(price, pricing.Cost) and price.is_free:
            return lambda db: None
        return await self._budgets.gate(question.profile, price.dollars if isinstance(price, pricing.Cost) else None)

    # -- the archive's side

    async def _conversation(self, question: Question) -> Conversation:
        now = self._micros()
        if question.conversation is None:
            first = "".join(part.text for part in question.parts if isinstance(part, Text))
            return Conversation(  # written together with its first message
                id=new_id(),
                title=title_from(scalar(first)) or "Untitled",
                created=now,
                updated=now,
                model=question.model,
                profile=question.profile.id,
                system=scalar(question.system),
                parameters=question.parameters,
            )
        identity = question.conversation

        def refresh(db: Any) -> Conversation:
            conversations.update(
                db,
                identity,
                model=question.model,
                profile=question.profile.id,
                system=scalar(question.system),
                parameters=question.parameters,
            )
            return conversations.get(db, identity)

        return await self._database.write(refresh)

    async def _path(self, conversation: str | None, head: str | None) -> list[Message]:
        if conversation is None or head is None:
            return []
        identity = conversation

        def load(db: Any) -> list[Message]:
            outline = conversations.outline(db, identity)
            return conversations.messages(db, path_to(head, outline.parents))

        path = await self._database.read(load)
        if not path or path[-1].id != head:
            raise Missing("The message that this one answers is not in the archive any more.")
        return path

    async def _wire(self, system: str, path: Sequence[Message]) -> list[dict[str, Any]]:
        return await self._database.read(lambda db: wire_messages(system, path, lambda sha: blobs.get(db, sha)))

    async def _answer(
        self, conversation: Conversation, asked: Message | None, parent: str, question: Question, tell: Tell
    ) -> Message:
        path = await self._path(conversation.id, question.parent)
        if asked is not None:
            path = [*path, asked]
        asking = await self._wire(question.system, path)
        call_id, now = new_id(), self._micros()
        count = question.parameters.get("n") or 1
        replies = [
            Growing(
                Message(
                    id=new_id(),
                    role=Role.ASSISTANT,
                    parts=(),
                    parent=parent,
                    conversation=conversation.id,
                    state=State.STREAMING,
                    model=question.model,
                    created=now,
                    call_id=call_id,
                )
            )
            for _ in range(int(count))
        ]
        price = await self._estimates.expected(question if asked else with_fields(question, parts=()))
        run = self._run(call_id, question, replies, asking, path, price)
        gate = await self._gate(question, price)
        if (past := self._estimates.known_past(question)) is not None:
            run.past, run.question = past, asked.text if asked else ""
        is_new = question.conversation is None

        def begin(db: Any) -> None:
            gate(db)
            if is_new:
                conversations.create(db, conversation)
            for message in (*([asked] if asked else ()), *(reply.message for reply in replies)):
                conversations.add_message(db, message)
            conversations.update(db, conversation.id, head=replies[0].message.id)
            ledger.open_row(db, run.row)

        started = Started(conversation, asked, tuple(reply.message for reply in replies))
        return await self._carry_out(run, begin, started, tell)

    def _run(
        self,
        call_id: str,
        question: Question,
        replies: list[Growing],
        asking: list[dict[str, Any]],
        path: Sequence[Message],
        price: pricing.Cost | pricing.Unpriced,
    ) -> _Run:
        request = _request(question.model, asking, question.parameters)
        first = replies[0].message
        row = ledger.LedgerRow(
            call_id,
            self._micros(),
            page=PAGE,
            profile=question.profile.id,
            model=question.model,
            conversation=first.conversation,
            message=first.id,
            estimate_pico=pico_of(price),
        )
        return _Run(call_id, question.profile, question.model, replies, request, tuple(m.text for m in path), row)

    # -- the wire's side

    async def _carry_out(self, run: _Run, begin: Callable[[Any], None], started: Started, tell: Tell) -> Message:
        """Commit question, empty replies and the open ledger row before a byte leaves; then ask, and close all."""
        await whole(self._database.write(begin))
        run.started = self._clock()
        tell(started)
        writer = StreamWriter(self._database, on_trouble=lambda error: tell(Unsaved(error)))
        try:
            await asyncio.sleep(0)  # a stop that came during the commit is heard here, before a byte leaves
            async with writer:
                await self._receive(run, writer, tell)
        except asyncio.CancelledError:
            await whole(self._close(run, State.STOPPED, None, tell))
            raise
        except KnownError as error:
            return await whole(self._close(run, _state_of(error, run), error, tell))
        except Exception:
            await whole(self._close(run, State.CUT, None, tell))
            raise
        return await whole(self._close(run, None, None, tell))

    async def _receive(self, run: _Run, writer: StreamWriter, tell: Tell) -> None:
        client = await self._connections.client(run.profile)
        try:
            await self._read(run, client, writer, tell)
        except BadRequest as error:
            refused = (error.detail.param or "").startswith("stream_options")
            if not refused or any(not reply.is_empty for reply in run.replies):
                raise
            run.request = replace(run.request, stream_options=None)  # a server that names no usage in streams
            await self._read(run, client, writer, tell)

    async def _read(self, run: _Run, client: Any, writer: StreamWriter, tell: Tell) -> None:
        first = run.replies[0].message.id

        def wait(pause: Any) -> None:
            tell(Waiting(first, pause.reason, pause.seconds, skip=pause.cut_short))

        def alive(silent_s: float) -> None:
            tell(Waiting(first, "the server is alive, no text yet", silent_s, is_alive=True))

        thinks = has(self._catalogs.of(run.profile).card(run.model), "reasoning")
        patience = run.profile.limits.reasoning_s if thinks else None
        chunks = chat_api.stream(
            client, run.request, call_id=run.call_id, on_wait=wait, on_alive=alive, silence_s=patience
        )
        try:
            async with aclosing(chunks):
                async for chunk in chunks:
                    self._take(run, chunk, writer, tell)
        finally:
            run.request_id = chunks.request_id or ""
            run.status = chunks.events.status if chunks.events else None
            for index, join in run.joins.items():
                run.replies[index].call(join.calls)

    def _take(self, run: _Run, chunk: chat_api.ChatChunk, writer: StreamWriter, tell: Tell) -> None:
        if chunk.usage is not None:
            run.usage = chat_api.usage_of(chunk.usage)
        if chunk.service_tier:
            run.tier = chunk.service_tier
        for choice in chunk.choices:
            if not 0 <= choice.index < len(run.replies):
                continue
            reply = run.replies[choice.index]
            for kind, text in _pieces(choice.delta):
                reply.add(kind, text, self._clock())
                writer.add(reply.message.id, text, kind)
                tell(Delta(reply.message.id, text, kind))
            if calls := choice.delta.tool_calls:
                join = run.joins.setdefault(choice.index, chat_api.ToolCallJoin())
                join.add(calls)
            if choice.finish_reason:
                reply.finish_reason = choice.finish_reason

    async def _close(self, run: _Run, state: State | None, error: KnownError | None, tell: Tell) -> Message:
        """Fold, price and commit everything in one transaction; then say so."""
        usage = run.usage or await self._count(run)
        price = self._price(run, usage)
        at = self._clock()
        ended: list[Message] = []
        for number, reply in enumerate(run.replies):
            if number == 0:
                reply.usage = usage
            final = state or FINISHED.get(reply.finish_reason, State.COMPLETE)
            message = reply.ended(final, run.started, at, error)
            if number == 0:
                message = replace(message, cost_pico=pico_of(price), is_free=_is_free(price) or run.profile.is_local)
            ended.append(message)
        await self._commit(run, ended, usage, price, error, tell)
        self._calls.price(run.call_id, run.model, price_words(price))
        for message in ended:
            tell(Ended(message, error))
        await self._budgets.warn(run.profile)
        return ended[0]

    async def _count(self, run: _Run) -> Usage | None:
        """Our own count where the server named none; nothing where nothing came back."""
        if all(reply.is_empty for reply in run.replies):
            return None
        given = run.past
        if given is None:
            given, _ = await self._tokens.of_chat(run.history, run.model)
        elif run.question:
            given += PER_MESSAGE + await self._tokens.of_text(run.question, run.model)
        made = sum([await self._tokens.of_text(reply.everything, run.model) for reply in run.replies])
        return Usage(input=given, output=made, is_estimate=True)

    def _price(self, run: _Run, usage: Usage | None) -> pricing.Cost | pricing.Unpriced | None:
        if usage is None:
            return None
        return pricing.cost(usage, self._catalogs.of(run.profile).card(run.model), run.tier)

    async def _commit(
        self,
        run: _Run,
        ended: list[Message],
        usage: Usage | None,
        price: pricing.Cost | pricing.Unpriced | None,
        error: KnownError | None,
        tell: Tell,
    ) -> None:
        record = self._calls.get(run.call_id)
        raw = record.whole_reply if record and self._keeps_raw() else b""
        row = replace(
            run.row,
            ended=self._micros(),
            fate=_fate_of(ended[0].state, error),
            usage=usage,
            cost_pico=pico_of(price),
            is_free=_is_free(price) or run.profile.is_local,
            price_version=price_version(self._catalogs.of(run.profile), run.model),
            status=(error.detail.status if error else None) or run.status,
            request_id=(error.detail.request_id if error else None) or run.request_id,
            tries=record.attempts if record else 1,
            first_token_ms=ended[0].timing.first_token_ms,
            total_ms=ended[0].timing.total_ms,
            tier=run.tier,
            error=error.summary if error else "",
        )

        def work(db: Any) -> None:
            for message in ended:
                conversations.finish(db, message)
            ledger.close_row(db, row)
            if raw:
                raw_replies.keep_raw(db, run.call_id, raw)

        await keep(self._database, work, lambda trouble: tell(Unsaved(trouble)))

    def _micros(self) -> int:
        return round(self._now() * 1_000_000)


def _request(model: str, messages: list[dict[str, Any]], parameters: dict[str, Any]) -> chat_api.ChatRequest:
    """What the user set, and nothing else but the wish to be told the usage; names we do not know go as they are."""
    known = {name: value for name, value in parameters.items() if name in chat_api.ChatRequest.__struct_fields__}
    others = {name: value for name, value in parameters.items() if name not in known}
    usage = {"include_usage": True, **(known.pop("stream_options", None) or {})}
    return chat_api.ChatRequest(model=model, messages=messages, stream_options=usage, extra=others, **known)


def _pieces(delta: chat_api.Delta) -> Iterator[tuple[str, str]]:
    if thought := delta.reasoning_content or delta.reasoning:
        yield "reasoning", thought
    if delta.content:
        yield "text", delta.content
    if delta.refusal:
        yield "refusal", delta.refusal


def _state_of(error: KnownError, run: _Run) -> State:
    if isinstance(error, Cut | Silent | TooMuch):
        return State.CUT
    return State.FAILED if all(reply.is_empty for reply in run.replies) else State.CUT


def _fate_of(state: State, error: KnownError | None) -> Fate:
    if isinstance(error, MayHaveRun):
        return Fate.UNKNOWN
    return {State.STOPPED: Fate.STOPPED, State.CUT: Fate.CUT, State.FAILED: Fate.FAILED}.get(state, Fate.COMPLETE)


def _is_free(price: pricing.Cost | pricing.Unpriced | None) -> bool:
    return isinstance(price, pricing.Cost) and price.is_free
