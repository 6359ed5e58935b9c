"""Sending, streaming and branching: what the chat page and `davenport chat` do with a conversation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec.structs import replace

from desktop.api import chat as chat_api
from desktop.core import pricing
from desktop.core.calls import Fate
from desktop.core.chat import Delta, Ended, Estimate, Started, Unsaved, Update, Waiting
from desktop.core.conversation import (
    Conversation,
    Message,
    Part,
    Picture,
    Role,
    State,
    Text,
    ToolCall,
    path_to,
    title_from,
)
from desktop.core.errors import BadInput, BadRequest, Cut, KnownError, MayHaveRun, Missing, Silent, TooMuch
from desktop.core.ids import new_id
from desktop.core.profile import Profile
from desktop.core.text import scalar
from desktop.core.usage import Usage
from desktop.services.calls import Calls
from desktop.services.catalog import Catalogs
from desktop.services.connections import Connections
from desktop.services.replies import FINISHED, Growing
from desktop.services.tokens import Tokens
from desktop.services.wire_messages import wire_messages
from desktop.store import blobs, conversations, ledger
from desktop.store.database import Database
from desktop.store.streaming import StreamWriter

Tell = Callable[[Update], None]

CONTINUE = "Continue exactly where your last message broke off. Do not repeat anything of it."
PAGE = "chat"
TOKENS_PER_PICTURE = 800  # a middling picture; what counts is the reply's usage


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be sent. `parent` is the message it follows, None for the first; without `conversation` one begins."""

    parts: tuple[Part, ...]
    model: str
    profile: Profile
    conversation: str | None = None
    parent: str | None = None
    system: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Run:
    """One call while it lasts."""

    call_id: str
    profile: Profile
    model: str
    replies: list[Growing]
    request: chat_api.ChatRequest
    history: tuple[str, ...]
    started: float = 0.0
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
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database, self._connections, self._catalogs = database, connections, catalogs
        self._tokens, self._calls, self._now, self._clock = tokens, calls, now, clock

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
        run = self._run(again.call_id, question, growing, asking, path)
        await self._open(run, None, again=again)
        tell(Started(conversation, None, (again,)))
        return await self._carry_out(run, conversation, tell)

    async def estimate(self, question: Question, path: Sequence[Message] | None = None) -> Estimate:
        """What the next request would hold and cost, before it is sent. `path`: the branch, where it is at hand."""
        if path is None:
            path = await self._path(question.conversation, question.parent) if question.conversation else []
        card = self._catalogs.of(question.profile).card(question.model)
        texts = [question.system] if question.system.strip() else []
        texts += [m.text for m in path] + ["".join(p.text for p in question.parts if isinstance(p, Text))]
        tokens, is_rough = await self._tokens.of_chat(texts, question.model)
        pictures = sum(isinstance(p, Picture) for m in path for p in m.parts)
        pictures += sum(isinstance(p, Picture) for p in question.parts)
        tokens += pictures * TOKENS_PER_PICTURE
        dollars = price_words(pricing.estimate(tokens, 0, card))
        return Estimate(tokens, card.max_input, dollars, is_rough or bool(pictures))

    # -- the archive's side

    async def _conversation(self, question: Question) -> Conversation:
        now = self._micros()
        if question.conversation is None:
            first = "".join(part.text for part in question.parts if isinstance(part, Text))
            made = Conversation(
                id=new_id(),
                title=title_from(scalar(first)) or "Untitled",
                created=now,
                updated=now,
                model=question.model,
                profile=question.profile.id,
                system=scalar(question.system),
                parameters=question.parameters,
            )
            return await self._database.write(lambda db: conversations.create(db, made) or made)
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
        folder = self._database.folder
        return await self._database.read(lambda db: wire_messages(system, path, lambda sha: blobs.get(db, folder, sha)))

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
        run = self._run(call_id, question, replies, asking, path)
        await self._open(run, asked)
        tell(Started(conversation, asked, tuple(reply.message for reply in replies)))
        return await self._carry_out(run, conversation, tell)

    def _run(
        self,
        call_id: str,
        question: Question,
        replies: list[Growing],
        asking: list[dict[str, Any]],
        path: Sequence[Message],
    ) -> _Run:
        request = chat_api.request_from(question.model, asking, question.parameters)
        return _Run(call_id, question.profile, question.model, replies, request, tuple(m.text for m in path))

    async def _open(self, run: _Run, asked: Message | None, again: Message | None = None) -> None:
        """Commit question, empty replies and the open ledger row, before a byte leaves."""
        now = self._micros()

        def work(db: Any) -> None:
            if asked is not None:
                conversations.add_message(db, asked)
            for reply in run.replies:
                if again is None:
                    conversations.add_message(db, reply.message)
                else:
                    conversations.reopen(db, again)
            if len(run.replies) > 1:
                conversations.update(db, run.replies[0].message.conversation, head=run.replies[0].message.id)
            ledger.open_row(
                db,
                ledger.LedgerRow(
                    id=run.call_id,
                    started=now,
                    page=PAGE,
                    profile=run.profile.id,
                    model=run.model,
                    endpoint="/chat/completions",
                    conversation=run.replies[0].message.conversation,
                    message=run.replies[0].message.id,
                ),
            )

        await self._database.write(work)

    # -- the wire's side

    async def _carry_out(self, run: _Run, conversation: Conversation, tell: Tell) -> Message:
        run.started = self._clock()
        writer = StreamWriter(self._database, on_trouble=lambda error: tell(Unsaved(error)))
        try:
            async with writer:
                await self._receive(run, writer, tell)
        except asyncio.CancelledError:
            await asyncio.shield(self._close(run, State.STOPPED, None, tell))
            raise
        except KnownError as error:
            return await self._close(run, _state_of(error, run), error, tell)
        except Exception:
            await self._close(run, State.CUT, None, tell)
            raise
        return await self._close(run, None, None, tell)

    async def _receive(self, run: _Run, writer: StreamWriter, tell: Tell) -> None:
        client = await self._connections.client(run.profile)
        try:
            await self._read(run, client, writer, tell)
        except BadRequest as error:
            refused = (error.detail.param or "").startswith("stream_options")
            if not refused or any(not reply.is_empty for reply in run.replies):
                raise
            run.request = replace(run.request, stream_options=msgspec.UNSET)  # a server that knows no usage in streams
            await self._read(run, client, writer, tell)

    async def _read(self, run: _Run, client: Any, writer: StreamWriter, tell: Tell) -> None:
        first = run.replies[0].message.id

        def wait(pause: Any) -> None:
            tell(Waiting(first, pause.reason, pause.seconds))

        def alive(silent_s: float) -> None:
            tell(Waiting(first, "the server is alive, no text yet", silent_s, is_alive=True))

        card = self._catalogs.of(run.profile).card(run.model)
        chunks = chat_api.stream(
            client,
            run.request,
            call_id=run.call_id,
            on_wait=wait,
            on_alive=alive,
            is_reasoning="reasoning" in card.features,
        )
        async with aclosing(chunks):
            async for chunk in chunks:
                self._take(run, chunk, writer, tell)

    def _take(self, run: _Run, chunk: chat_api.ChatChunk, writer: StreamWriter, tell: Tell) -> None:
        if chunk.usage is not None:
            run.usage = chat_api.usage_of(chunk.usage)
        if chunk.service_tier:
            run.tier = chunk.service_tier
        for choice in chunk.choices:
            if choice.index >= len(run.replies):
                continue
            reply = run.replies[choice.index]
            for kind, text in choice.pieces():
                reply.add(kind, text, self._clock())
                writer.add(reply.message.id, text, kind)
                tell(Delta(reply.message.id, text, kind))
            if calls := choice.delta.tool_calls:
                join = run.joins.setdefault(choice.index, chat_api.ToolCallJoin())
                join.add(calls)
                reply.call(tuple(ToolCall(c.id, c.name, c.arguments) for c in join.calls()))
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
                message = replace(message, cost_pico=_pico(price), is_free=_is_free(price))
            ended.append(message)
        await self._commit(run, ended, usage, price, error, tell)
        self._calls.price(run.call_id, run.model, price_words(price))
        for message in ended:
            tell(Ended(message, error))
        return ended[0]

    async def _count(self, run: _Run) -> Usage | None:
        """Our own count where the server named none; nothing where nothing came back."""
        if all(reply.is_empty for reply in run.replies):
            return None
        given, _ = await self._tokens.of_chat(run.history, run.model)
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
        fate = _fate_of(ended[0].state, error)
        record = self._calls.get(run.call_id)
        raw = bytes(record.reply) if record else b""

        def work(db: Any) -> None:
            for message in ended:
                conversations.finish(db, message)
            ledger.close_row(
                db,
                run.call_id,
                fate=fate,
                usage=usage,
                cost_pico=_pico(price),
                is_free=_is_free(price),
                price_version=self._catalogs.of(run.profile).as_of.isoformat(),
                status=error.detail.status if error else (record.status if record else None),
                request_id=(error.detail.request_id or "") if error else "",
                total_ms=ended[0].timing.total_ms,
                attempts=record.attempts if record else 1,
                tier=run.tier,
            )
            if raw:
                conversations.keep_raw(db, run.call_id, raw)

        try:
            await self._database.write(work)
        except KnownError as trouble:
            tell(Unsaved(trouble))

    def _micros(self) -> int:
        return round(self._now() * 1_000_000)


def _state_of(error: KnownError, run: _Run) -> State:
    if isinstance(error, Cut | Silent | TooMuch):
        return State.CUT
    return State.FAILED if all(reply.is_empty for reply in run.replies) else State.CUT


def _fate_of(state: State, error: KnownError | None) -> Fate:
    if isinstance(error, MayHaveRun):
        return Fate.UNKNOWN
    return {State.STOPPED: Fate.STOPPED, State.CUT: Fate.CUT, State.FAILED: Fate.FAILED}.get(state, Fate.COMPLETE)


def _pico(price: pricing.Cost | pricing.Unpriced | None) -> int | None:
    return pricing.to_pico(price.dollars) if isinstance(price, pricing.Cost) else None


def _is_free(price: pricing.Cost | pricing.Unpriced | None) -> bool:
    return isinstance(price, pricing.Cost) and price.is_free


def price_words(price: pricing.Cost | pricing.Unpriced | None) -> str:
    """Dollars, "free" or "unpriced"; nothing where nothing was used."""
    if price is None:
        return ""
    if isinstance(price, pricing.Unpriced):
        return "unpriced"
    return "free" if price.is_free else pricing.shown(price.dollars)
