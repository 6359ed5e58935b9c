"""What the next message of a conversation would hold and cost, before it is sent; the past of a branch counts once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace as with_fields

from desktop.core import pricing
from desktop.core.chat import Estimate
from desktop.core.conversation import Message, Picture, State, Text
from desktop.core.tokens import PER_MESSAGE
from desktop.services.booking import price_words
from desktop.services.catalog import Catalogs
from desktop.services.chat_question import Question
from desktop.services.tokens import Tokens
from desktop.store import ledger
from desktop.store.database import Database

PAGE = "chat"
TOKENS_PER_PICTURE = 800  # a middling picture; what counts is the reply's usage
USUAL_OUTPUT = 500  # tokens of an answer, of a model that has not answered yet

ReadPath = Callable[[str | None, str | None], Awaitable[list[Message]]]
"""The messages of a conversation up to one of them."""


class Estimates:
    def __init__(self, database: Database, catalogs: Catalogs, tokens: Tokens, path: ReadPath) -> None:
        self._database, self._catalogs, self._tokens, self._path = database, catalogs, tokens, path
        self._counted: dict[tuple[str | None, str | None, str, str], tuple[int, bool]] = {}

    def forget(self) -> None:
        """The text of a message that was counted changes."""
        self._counted = {}

    def known_past(self, question: Question) -> int | None:
        """Tokens of what came before a question, where they were counted already."""
        counted = self._counted.get(_past_of(question))
        return None if counted is None else counted[0]

    async def shown(self, question: Question) -> Estimate:
        """What the next request would hold and cost, before it is sent. The past is counted once for each branch."""
        card = self._catalogs.of(question.profile).card(question.model)
        tokens, is_rough = await self._tokens_of(question)
        return Estimate(tokens, card.max_input, price_words(await self._price_of(question, tokens)), is_rough)

    async def expected(self, question: Question) -> pricing.Cost | pricing.Unpriced:
        """What a question would cost, as the estimate before it says it."""
        tokens, _ = await self._tokens_of(question)
        return await self._price_of(question, tokens)

    async def _tokens_of(self, question: Question) -> tuple[int, bool]:
        """Input tokens of a question and its past, and whether they are rough."""
        past, is_rough = await self._past(question)
        said = "".join(part.text for part in question.parts if isinstance(part, Text))
        new = [said] if said else []
        tokens = past + sum([PER_MESSAGE + await self._tokens.of_text(text, question.model) for text in new])
        pictures = sum(isinstance(part, Picture) for part in question.parts)
        return tokens + pictures * TOKENS_PER_PICTURE, is_rough or bool(pictures)

    async def _price_of(self, question: Question, tokens: int) -> pricing.Cost | pricing.Unpriced:
        """Dollars of so many input tokens and an answer as long as this model's usual ones, within what is allowed."""
        card = self._catalogs.of(question.profile).card(question.model)
        usual = await self._database.read(lambda db: ledger.usual_output(db, question.model, PAGE))
        output = USUAL_OUTPUT if usual is None else usual
        for name in ("max_completion_tokens", "max_tokens"):
            most = question.parameters.get(name)
            output = min(output, most) if isinstance(most, int) and most > 0 else output
        many = question.parameters.get("n")
        output *= many if isinstance(many, int) and many > 1 else 1
        tier = question.parameters.get("service_tier")
        return pricing.estimate(tokens, output, card, tier if isinstance(tier, str) else pricing.STANDARD)

    async def _past(self, question: Question) -> tuple[int, bool]:
        key = _past_of(question)
        if key not in self._counted:
            path = await self._path(question.conversation, question.parent)
            if path and path[-1].state is State.STREAMING:  # it grows: what is before it is what can be remembered
                before, is_rough = await self._past(with_fields(question, parent=path[-1].parent))
                return before + PER_MESSAGE + await self._tokens.of_text(path[-1].text, question.model), is_rough
            texts = [question.system] if question.system.strip() else []
            tokens, is_rough = await self._tokens.of_chat(texts + [m.text for m in path], question.model)
            pictures = sum(isinstance(part, Picture) for m in path for part in m.parts)
            counted = (tokens + pictures * TOKENS_PER_PICTURE, is_rough or bool(pictures))
            if is_rough:  # the tokenizer is still loading: ask again next time
                return counted
            self._counted = {key: counted}
        return self._counted[key]


def _past_of(question: Question) -> tuple[str | None, str | None, str, str]:
    """What the count of a branch depends on."""
    return question.conversation, question.parent, question.model, question.system
