"""Work on a transcript by a chat model: line by line, so that each segment keeps its place, or the text as a whole."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from desktop.api import chat as chat_api
from desktop.core import pricing
from desktop.core.calls import Fate
from desktop.core.catalog import has
from desktop.core.errors import BadInput, Cut, KnownError, MayHaveRun, Silent, TooMuch
from desktop.core.ids import new_id
from desktop.core.pricing import Cost, Unpriced
from desktop.core.profile import Profile
from desktop.core.text import scalar
from desktop.core.tokens import PER_MESSAGE
from desktop.core.transcript import Segment, Transcript
from desktop.core.transcript_edits import paragraphs
from desktop.services.budgets import Budgets
from desktop.services.calls import Calls
from desktop.services.catalog import Catalogs
from desktop.services.connections import Connections
from desktop.services.prices import price_version
from desktop.services.tokens import Tokens
from desktop.store import ledger
from desktop.store.database import Database
from desktop.store.streaming import keep

PAGE = "transcription"
LINES_CHARACTERS = 6_000  # of one request whose answer is as long as itself
TEXT_CHARACTERS = 40_000  # of one request whose answer is short
SHORT_TOKENS = 600  # of an answer about the whole
BY_LINE = (
    "You are given numbered lines of a transcript. Do with each line what the user asks for. Answer with the same"
    " numbers in the same order, one line for each, as “number: text”, and with nothing else. Never join, split, add or"
    " leave out lines; a line that needs no change is repeated as it is."
)
ABOUT_ALL = "You are given a transcript. Do what the user asks for, from what is in the transcript alone."
_LINE = re.compile(r"\s*(\d+)\s*[:.)|\t]\s*(.*\S)?\s*$")

Kind = Literal["lines", "text"]
Tell = Callable[[int, int], None]
T = TypeVar("T")


class Wish(Struct, frozen=True):
    """What is asked of which model. `kind`: each line by itself, or one text about all."""

    profile: str
    model: str
    prompt: str
    kind: Kind = "lines"


class Worked(Struct, frozen=True):
    """What came: new texts by segment, or one `text`. `missing` segments the model said nothing of."""

    texts: dict[str, str] = {}
    text: str = ""
    missing: tuple[str, ...] = ()


class AfterWork:
    """Each request has its row in the ledger and passes the budget. `profile_of` gives the profile of an id."""

    def __init__(
        self,
        database: Database,
        connections: Connections,
        catalogs: Catalogs,
        tokens: Tokens,
        calls: Calls,
        budgets: Budgets,
        profile_of: Callable[[str], Profile],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._connections, self._catalogs = database, connections, catalogs
        self._tokens, self._calls, self._budgets = tokens, calls, budgets
        self._profile_of, self._now = profile_of, now

    async def estimate(self, transcript: Transcript, wish: Wish) -> Cost | Unpriced:
        """Dollars before anything is sent. Raises BadInput where nothing can be asked."""
        prices = [await self._price(asked, wish) for asked in requests(transcript, wish)]
        if not prices:
            raise BadInput("There are no words to work on.")
        for each in prices:
            if isinstance(each, Unpriced):
                return each
        known = [each for each in prices if isinstance(each, Cost)]
        return replace(known[0], dollars=sum((each.dollars for each in known), Decimal(0)), lines=())

    async def work(
        self, transcript: Transcript, wish: Wish, conversation: str, tell: Tell = lambda done, of: None
    ) -> Worked:
        """All requests one after another; `tell` hears how many are done. Cancelling stops it. Raises what a call
        raises."""
        if not wish.model or not wish.prompt.strip():
            raise BadInput("Nothing is asked for yet.", "Choose a model and write what is to be done.")
        asked = list(requests(transcript, wish))
        answers = []
        for number, each in enumerate(asked):
            tell(number, len(asked))
            answers.append(await self._ask(each, wish, conversation))
        tell(len(asked), len(asked))
        if wish.kind == "text":
            return Worked(text=await self._joined(answers, wish, conversation))
        return _sorted_out(transcript, answers)

    async def _joined(self, answers: Sequence[str], wish: Wish, conversation: str) -> str:
        """One answer of those about parts."""
        if len(answers) <= 1:
            return "".join(answers)
        parts = "\n\n".join(f"Part {number}:\n{said}" for number, said in enumerate(answers, 1))
        return await self._ask(_request(ABOUT_ALL, wish.prompt, parts), wish, conversation)

    # -- one request

    async def _price(self, asked: list[dict[str, str]], wish: Wish) -> Cost | Unpriced:
        profile = self._profile_of(wish.profile)
        if profile.is_local:
            return pricing.FREE
        given = await self._tokens.of_text("".join(each["content"] for each in asked), wish.model) + 2 * PER_MESSAGE
        made = given if wish.kind == "lines" else SHORT_TOKENS
        return pricing.estimate(given, made, self._catalogs.of(profile).card(wish.model))

    async def _ask(self, asked: list[dict[str, str]], wish: Wish, conversation: str) -> str:
        profile = self._profile_of(wish.profile)
        price = await self._price(asked, wish)
        dollars = price.dollars if isinstance(price, Cost) else None
        client = await self._connections.client(profile)
        row = ledger.LedgerRow(
            new_id(),
            self._micros(),
            page=PAGE,
            profile=profile.id,
            model=wish.model,
            conversation=conversation,
            estimate_pico=None if dollars is None else pricing.pico(dollars),
        )
        gate = await self._budgets.gate(profile, dollars)

        def begin(db: sqlite3.Connection) -> None:
            gate(db)
            ledger.open_row(db, row)

        await self._database.write(begin)
        thinks = has(self._catalogs.of(profile).card(wish.model), "reasoning")
        ended = replace(row, fate=Fate.STOPPED)
        try:
            reply = await chat_api.complete(
                client,
                chat_api.ChatRequest(model=wish.model, messages=list(asked)),
                call_id=row.call_id,
                read_limit_s=profile.limits.reasoning_s if thinks else None,
            )
            ended = self._priced(row, profile, reply)
        except KnownError as error:
            ended = replace(row, fate=_fate_of(error), error=error.summary, status=error.detail.status)
            raise
        finally:
            await self._close(ended, profile)
        said = client.redactor.running().feed(scalar(reply.choices[0].message.text))  # a key that it says back
        return said.strip()

    def _priced(self, row: ledger.LedgerRow, profile: Profile, reply: chat_api.ChatReply) -> ledger.LedgerRow:
        usage, catalog = chat_api.usage_of(reply.usage), self._catalogs.of(profile)
        tier = reply.service_tier or ""
        price = pricing.cost(usage, catalog.card(row.model), tier) if usage else None
        return replace(
            row,
            fate=Fate.COMPLETE,
            tier=tier,
            usage=usage,
            cost_pico=pricing.pico(price.dollars) if isinstance(price, Cost) else None,
            is_free=profile.is_local or (isinstance(price, Cost) and price.is_free),
            price_version=price_version(catalog, row.model),
        )

    async def _close(self, row: ledger.LedgerRow, profile: Profile) -> None:
        record = self._calls.get(row.call_id)
        ended = self._micros()
        done = replace(row, ended=ended, total_ms=(ended - row.started) // 1000, tries=record.attempts if record else 1)
        await keep(self._database, lambda db: ledger.close_row(db, done))
        await self._budgets.warn(profile)

    def _micros(self) -> int:
        return round(self._now() * 1_000_000)


def requests(transcript: Transcript, wish: Wish) -> Iterator[list[dict[str, str]]]:
    """The messages of each request, in order."""
    if wish.kind == "lines":
        for some in _chunks(_spoken(transcript), LINES_CHARACTERS, _line_length):
            lines = "\n".join(f"{number}: {' '.join(each.text.split())}" for number, each in some)
            yield _request(BY_LINE, wish.prompt, lines)
        return
    names = {speaker.id: speaker.name for speaker in transcript.speakers}
    turns = [
        f"{names[each.speaker]}: {each.text}" if each.speaker in names else each.text for each in paragraphs(transcript)
    ]
    for texts in _chunks(turns, TEXT_CHARACTERS, len):
        yield _request(ABOUT_ALL, wish.prompt, "\n\n".join(texts))


def _request(task: str, prompt: str, text: str) -> list[dict[str, str]]:
    return [
        {"role": "system", "content": f"{task}\n\nThe user asks for this: {prompt}"},
        {"role": "user", "content": text},
    ]


def _spoken(transcript: Transcript) -> list[tuple[int, Segment]]:
    """Segments with words, numbered from 1 through the whole transcript."""
    return [(number, each) for number, each in enumerate(transcript.segments, 1) if each.text.strip()]


def _line_length(line: tuple[int, Segment]) -> int:
    return len(line[1].text) + 8


def _chunks(items: Sequence[T], most: int, length: Callable[[T], int]) -> Iterator[list[T]]:
    held: list[T] = []
    size = 0
    for item in items:
        if held and size + length(item) > most:
            yield held
            held, size = [], 0
        held.append(item)
        size += length(item)
    if held:
        yield held


def _sorted_out(transcript: Transcript, answers: Sequence[str]) -> Worked:
    """Answers back to their segments by their numbers; what names none belongs to the line before it."""
    known = {number: each.id for number, each in _spoken(transcript)}
    found: dict[int, list[str]] = {}
    for answer in answers:
        at = 0
        for line in answer.splitlines():
            match = _LINE.match(line)
            if match and int(match[1]) in known and int(match[1]) not in found:
                at = int(match[1])
                found[at] = [match[2] or ""]
            elif at and line.strip():
                found[at].append(line.strip())
    texts = {known[number]: "\n".join(lines).strip() for number, lines in found.items()}
    return Worked(texts, "", tuple(id for number, id in known.items() if number not in found))


def _fate_of(error: KnownError) -> Fate:
    if isinstance(error, MayHaveRun):
        return Fate.UNKNOWN
    return Fate.CUT if isinstance(error, Cut | Silent | TooMuch) else Fate.FAILED
