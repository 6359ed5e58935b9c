"""Titles from the first exchange: by a rule of our own, or by a model where the user chose one and sees the price."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from desktop.api import chat as chat_api
from desktop.core import pricing, titles
from desktop.core.calls import Fate
from desktop.core.catalog import has
from desktop.core.conversation import Conversation, Message, Role, path_to
from desktop.core.errors import BadInput, BudgetReached, Cut, KnownError, MayHaveRun, Missing, Silent, TooMuch
from desktop.core.ids import new_id
from desktop.core.profile import Profile
from desktop.core.text import scalar
from desktop.core.tokens import PER_MESSAGE
from desktop.services.budgets import Budgets
from desktop.services.calls import Calls
from desktop.services.catalog import Catalogs
from desktop.services.connections import Connections
from desktop.services.library import Library, Undo
from desktop.services.prices import price_version
from desktop.services.tokens import Tokens
from desktop.store import conversations, ledger
from desktop.store.database import Database
from desktop.store.streaming import keep

PAGE = "titles"
SHOWN = 2000  # characters of the question and of the answer that a model is shown
ANSWER_TOKENS = 20  # of a title, for the estimate
ASKED = (
    "Give the conversation below a title of three to seven words, in the language it is written in."
    " Answer with the title alone, without quotation marks."
)

Progress = Callable[[int, int], None]


class TitleEstimate(Struct, frozen=True):
    """What titling would take: so many calls, and dollars, None where a price is not known.

    `typed` conversations are left alone because someone gave them their title, `empty` ones hold no question.
    """

    calls: int = 0
    tokens: int = 0
    cost_pico: int | None = 0
    is_free: bool = False
    typed: int = 0
    empty: int = 0


class Titled(Struct, frozen=True):
    """What titling did. `failed` are sentences, one for each conversation that kept its title."""

    done: int
    failed: tuple[str, ...]
    undo: Undo


class _Exchange(Struct, frozen=True):
    conversation: Conversation
    question: str
    answer: str

    @property
    def is_ours(self) -> bool:
        return titles.is_made(self.conversation.title, self.question)


class Titles:
    """Never changes a title that someone typed: one that the rule would not have made.

    `profile_of` gives the profile of an id, or the chosen one where that is gone; `model` is the setting's.
    """

    def __init__(
        self,
        database: Database,
        connections: Connections,
        catalogs: Catalogs,
        tokens: Tokens,
        calls: Calls,
        budgets: Budgets,
        profile_of: Callable[[str], Profile],
        library: Library,
        *,
        model: Callable[[], str] = lambda: "",
        now: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._connections, self._catalogs, self._tokens = database, connections, catalogs, tokens
        self._calls, self._budgets, self._profile_of, self._library = calls, budgets, profile_of, library
        self._model, self._now = model, now

    @property
    def model(self) -> str:
        """The model that the settings name, "" where titles are made by the rule alone."""
        return self._model()

    async def by_rule(self, ids: Sequence[str]) -> Titled:
        """Make titles of the first questions, where nobody typed one."""
        undos: list[Undo] = []
        for id in ids:
            exchange = await self._exchange(id)
            title = titles.title_from(exchange.question) if exchange else ""
            if exchange and exchange.is_ours and title:
                undos += await self._rename(exchange, title)
        return Titled(len(undos), (), _all(undos))

    async def estimate(self, ids: Sequence[str]) -> TitleEstimate:
        """What `by_model` would cost, before it is asked to. Raises BadInput where no model is chosen."""
        found = TitleEstimate(is_free=True)
        for id in ids:
            exchange = await self._exchange(id)
            if exchange is None or not exchange.question.strip():
                found = replace(found, empty=found.empty + 1)
            elif not exchange.is_ours:
                found = replace(found, typed=found.typed + 1)
            else:
                found = await self._with(found, exchange)
        return replace(found, is_free=found.is_free and found.calls > 0)

    async def by_model(self, ids: Sequence[str], progress: Progress = lambda done, of: None) -> Titled:
        """Ask a model for each title; a call that fails leaves its conversation as it is and is told.

        Raises BudgetReached and BadInput (no model chosen); what was titled by then stays. Cancelling stops it.
        """
        failed: list[str] = []
        undos: list[Undo] = []
        for number, id in enumerate(ids):
            progress(number, len(ids))
            exchange = await self._exchange(id)
            if exchange is None or not exchange.question.strip() or not exchange.is_ours:
                continue
            try:
                title = await self._ask(exchange)
            except (BadInput, BudgetReached):
                raise
            except KnownError as error:
                failed.append(f"{exchange.conversation.title}: {error.summary}")
                continue
            if title:
                undos += await self._rename(exchange, title)
            else:
                failed.append(f"{exchange.conversation.title}: the model gave no title.")
        progress(len(ids), len(ids))
        return Titled(len(undos), tuple(failed), _all(undos))

    # -- one conversation

    async def _exchange(self, id: str) -> _Exchange | None:
        """The first question and its answer; None for what is gone."""

        def load(db: sqlite3.Connection) -> _Exchange:
            found = conversations.get(db, id)
            outline = conversations.outline(db, id)
            first = conversations.messages(db, path_to(outline.head, outline.parents)[:8])
            return _Exchange(found, _first(first, Role.USER), _first(first, Role.ASSISTANT))

        try:
            return await self._database.read(load)
        except Missing:
            return None

    def _profile_and_model(self, exchange: _Exchange) -> tuple[Profile, str]:
        """The profile it was held with, so that nothing goes where it has not been. What stayed here stays here."""
        profile = self._profile_of(exchange.conversation.profile)
        model = exchange.conversation.model if profile.is_local else self._model()
        if not model:
            raise BadInput("No model is chosen for titles.", "Name one in the settings, under Chat.")
        return profile, model

    async def _with(self, found: TitleEstimate, exchange: _Exchange) -> TitleEstimate:
        profile, model = self._profile_and_model(exchange)
        tokens, price = await self._price(exchange, profile, model)
        known = isinstance(price, pricing.Cost) and found.cost_pico is not None
        return replace(
            found,
            calls=found.calls + 1,
            tokens=found.tokens + tokens,
            cost_pico=(found.cost_pico or 0) + pricing.pico(price.dollars)
            if known and isinstance(price, pricing.Cost)
            else None,
            is_free=found.is_free and isinstance(price, pricing.Cost) and price.is_free,
        )

    async def _price(
        self, exchange: _Exchange, profile: Profile, model: str
    ) -> tuple[int, pricing.Cost | pricing.Unpriced]:
        tokens = 2 * PER_MESSAGE + await self._tokens.of_text(ASKED + _shown(exchange), model)
        if profile.is_local:
            return tokens, pricing.FREE
        return tokens, pricing.estimate(tokens, ANSWER_TOKENS, self._catalogs.of(profile).card(model))

    async def _ask(self, exchange: _Exchange) -> str:
        profile, model = self._profile_and_model(exchange)
        _, price = await self._price(exchange, profile, model)
        client = await self._connections.client(profile)
        row = ledger.LedgerRow(
            new_id(),
            self._micros(),
            page=PAGE,
            profile=profile.id,
            model=model,
            conversation=exchange.conversation.id,
            estimate_pico=pricing.pico(price.dollars) if isinstance(price, pricing.Cost) else None,
        )
        gate = await self._budgets.gate(profile, price.dollars if isinstance(price, pricing.Cost) else None)

        def begin(db: sqlite3.Connection) -> None:
            gate(db)
            ledger.open_row(db, row)

        await self._database.write(begin)
        said = [{"role": "system", "content": ASKED}, {"role": "user", "content": _shown(exchange)}]
        thinks = has(self._catalogs.of(profile).card(model), "reasoning")
        ended = replace(row, fate=Fate.STOPPED)
        try:
            reply = await chat_api.complete(
                client,
                chat_api.ChatRequest(model=model, messages=said),
                call_id=row.call_id,
                read_limit_s=profile.limits.reasoning_s if thinks else None,
            )
            ended = self._priced(row, profile, reply)
        except KnownError as error:
            ended = replace(row, fate=_fate_of(error), error=error.summary, status=error.detail.status)
            raise
        finally:
            await self._close(ended, profile)
        without_key = client.redactor.running().feed(scalar(reply.choices[0].message.text))
        return titles.from_model(without_key)

    def _priced(self, row: ledger.LedgerRow, profile: Profile, reply: chat_api.ChatReply) -> ledger.LedgerRow:
        usage = chat_api.usage_of(reply.usage)
        catalog = self._catalogs.of(profile)
        tier = reply.service_tier or ""
        price = pricing.cost(usage, catalog.card(row.model), tier) if usage else None
        return replace(
            row,
            fate=Fate.COMPLETE,
            tier=tier,
            usage=usage,
            cost_pico=pricing.pico(price.dollars) if isinstance(price, pricing.Cost) else None,
            is_free=profile.is_local or (isinstance(price, pricing.Cost) and price.is_free),
            price_version=price_version(catalog, row.model),
        )

    async def _close(self, row: ledger.LedgerRow, profile: Profile) -> None:
        record = self._calls.get(row.call_id)
        ended = self._micros()
        done = replace(row, ended=ended, total_ms=(ended - row.started) // 1000, tries=record.attempts if record else 1)
        await keep(self._database, lambda db: ledger.close_row(db, done))
        await self._budgets.warn(profile)

    async def _rename(self, exchange: _Exchange, title: str) -> list[Undo]:
        """Through the library, so that its listeners hear of it; not where someone typed a title meanwhile."""
        undo = await self._library.rename_from(exchange.conversation.id, exchange.conversation.title, title)
        return [] if undo is None else [undo]

    def _micros(self) -> int:
        return round(self._now() * 1_000_000)


def _first(messages: Sequence[Message], role: Role) -> str:
    return next((message.text for message in messages if message.role is role and message.text.strip()), "")


def _shown(exchange: _Exchange) -> str:
    question, answer = exchange.question[:SHOWN], exchange.answer[:SHOWN]
    return f"Question:\n{question}\n\nAnswer:\n{answer}" if answer else question


def _fate_of(error: KnownError) -> Fate:
    if isinstance(error, MayHaveRun):
        return Fate.UNKNOWN
    return Fate.CUT if isinstance(error, Cut | Silent | TooMuch) else Fate.FAILED


def _all(undos: Sequence[Callable[[], Awaitable[None]]]) -> Undo:
    async def undo() -> None:
        for each in reversed(undos):
            await each()

    return undo
