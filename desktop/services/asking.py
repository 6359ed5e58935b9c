"""Asks a model once and takes its whole answer: priced before, past the budget, in the ledger, and without any key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec import Struct

from desktop.api import chat as chat_api
from desktop.api.client import Client, OnWait
from desktop.core import pricing
from desktop.core.calls import Fate
from desktop.core.catalog import has
from desktop.core.errors import KnownError
from desktop.core.profile import Profile
from desktop.core.secret import Redactor
from desktop.core.text import scalar
from desktop.core.tokens import PER_MESSAGE
from desktop.core.usage import Usage
from desktop.services.booking import Booking, fate_of
from desktop.services.catalog import Catalogs
from desktop.services.connections import Connections
from desktop.services.tokens import Tokens
from desktop.services.whole import whole


class Inquiry(Struct, frozen=True):
    """What is asked of which model, on behalf of which page.

    `task` says what to do and `text` is what to do it with. `expected_tokens` is how long an answer is thought to be,
    for the estimate; None: unknown.
    """

    profile: Profile
    model: str
    task: str
    text: str
    page: str
    conversation: str = ""
    expected_tokens: int | None = None


class Answer(Struct, frozen=True):
    """What a model said. `refusal` are its words where it would not answer; `is_cut`: it ran out of tokens."""

    text: str
    refusal: str = ""
    is_cut: bool = False
    usage: Usage | None = None


class Asking:
    """For everything a page wants of a model that is not a conversation: a title, a summary, corrected lines."""

    def __init__(self, connections: Connections, catalogs: Catalogs, tokens: Tokens, booking: Booking) -> None:
        self._connections, self._catalogs, self._tokens, self._booking = connections, catalogs, tokens, booking

    async def input_tokens(self, inquiry: Inquiry) -> int:
        counts = [await self._tokens.of_text(said["content"], inquiry.model) for said in _messages(inquiry)]
        return sum(counts) + len(counts) * PER_MESSAGE

    async def estimate(self, inquiry: Inquiry) -> pricing.Cost | pricing.Unpriced:
        """Dollars, before anything is sent."""
        if inquiry.profile.is_local:
            return pricing.FREE
        card = self._catalogs.of(inquiry.profile).card(inquiry.model)
        return pricing.estimate(await self.input_tokens(inquiry), inquiry.expected_tokens, card)

    async def ask(self, inquiry: Inquiry, on_wait: OnWait | None = None) -> Answer:
        """One call; `on_wait` hears of each pause before it is tried again. Raises BudgetReached before anything is
        sent, then what `chat_api.complete` raises."""
        profile = inquiry.profile
        client = await self._connections.client(profile)
        estimate = await self.estimate(inquiry)
        row = await whole(
            self._booking.open(
                profile, inquiry.model, inquiry.page, conversation=inquiry.conversation, estimate=estimate
            )
        )
        try:
            reply = await self._carried_out(inquiry, client, row.call_id, on_wait)
        except KnownError as error:
            await whole(self._booking.close(row, profile, fate_of(error), error=error))
            raise
        except BaseException as ended:
            fate = Fate.STOPPED if isinstance(ended, asyncio.CancelledError) else Fate.UNKNOWN
            await whole(self._booking.close(row, profile, fate))
            raise
        usage, clean = chat_api.usage_of(reply.usage), _without_key(client.redactor)
        tier = clean(reply.service_tier or "")
        await whole(self._booking.close(row, profile, Fate.COMPLETE, usage=usage, tier=tier))
        said = reply.choices[0]
        is_cut = said.finish_reason == "length"
        return Answer(clean(said.message.text), clean(said.message.refusal or ""), is_cut=is_cut, usage=usage)

    async def _carried_out(
        self, inquiry: Inquiry, client: Client, call_id: str, on_wait: OnWait | None
    ) -> chat_api.ChatReply:
        await asyncio.sleep(0)  # a stop that came while the row was written is heard here, before a byte leaves
        profile = inquiry.profile
        thinks = has(self._catalogs.of(profile).card(inquiry.model), "reasoning")
        return await chat_api.complete(
            client,
            chat_api.ChatRequest(model=inquiry.model, messages=_messages(inquiry)),
            call_id=call_id,
            on_wait=on_wait,
            read_limit_s=profile.limits.reasoning_s if thinks else None,
        )


def _messages(inquiry: Inquiry) -> list[dict[str, str]]:
    said = (("system", inquiry.task), ("user", inquiry.text))
    return [{"role": role, "content": scalar(text)} for role, text in said if text]


def _without_key(redactor: Redactor) -> Callable[[str], str]:
    """What a server says, without a key that it may say back."""
    return lambda said: redactor.running().feed(scalar(said))
