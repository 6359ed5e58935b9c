"""Titles from the first exchange: by a rule of our own, or by a model where the user chose one and sees the price."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from desktop.core import pricing, titles
from desktop.core.conversation import Conversation, Message, Role, path_to
from desktop.core.errors import BadInput, BudgetReached, KnownError, Missing
from desktop.core.profile import Profile
from desktop.services.asking import Asking, Inquiry
from desktop.services.booking import pico_of
from desktop.services.library import Library, Undo
from desktop.store import conversations
from desktop.store.database import Database

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
        asking: Asking,
        profile_of: Callable[[str], Profile],
        library: Library,
        *,
        model: Callable[[], str] = lambda: "",
    ) -> None:
        self._database, self._asking, self._profile_of, self._library = database, asking, profile_of, library
        self._model = model

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
                title = titles.from_model((await self._asking.ask(self._inquiry(exchange))).text)
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

    async def _with(self, found: TitleEstimate, exchange: _Exchange) -> TitleEstimate:
        inquiry = self._inquiry(exchange)
        tokens, price = await self._asking.input_tokens(inquiry), await self._asking.estimate(inquiry)
        cost = pico_of(price)
        return replace(
            found,
            calls=found.calls + 1,
            tokens=found.tokens + tokens,
            cost_pico=None if cost is None or found.cost_pico is None else found.cost_pico + cost,
            is_free=found.is_free and isinstance(price, pricing.Cost) and price.is_free,
        )

    def _inquiry(self, exchange: _Exchange) -> Inquiry:
        """To the profile it was held with, so that nothing goes where it has not been. What stayed here stays here."""
        profile = self._profile_of(exchange.conversation.profile)
        model = exchange.conversation.model if profile.is_local else self._model()
        if not model:
            raise BadInput("No model is chosen for titles.", "Name one in the settings, under Chat.")
        return Inquiry(
            profile,
            model,
            ASKED,
            _shown(exchange),
            PAGE,
            conversation=exchange.conversation.id,
            expected_tokens=ANSWER_TOKENS,
        )

    async def _rename(self, exchange: _Exchange, title: str) -> list[Undo]:
        """Through the library, so that its listeners hear of it; not where someone typed a title meanwhile."""
        undo = await self._library.rename_from(exchange.conversation.id, exchange.conversation.title, title)
        return [] if undo is None else [undo]


def _first(messages: Sequence[Message], role: Role) -> str:
    return next((message.text for message in messages if message.role is role and message.text.strip()), "")


def _shown(exchange: _Exchange) -> str:
    question, answer = exchange.question[:SHOWN], exchange.answer[:SHOWN]
    return f"Question:\n{question}\n\nAnswer:\n{answer}" if answer else question


def _all(undos: Sequence[Callable[[], Awaitable[None]]]) -> Undo:
    async def undo() -> None:
        for each in reversed(undos):
            await each()

    return undo
