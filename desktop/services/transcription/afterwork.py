"""Work on a transcript by a chat model: line by line, so that each segment keeps its place, or the text as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from desktop.core.errors import BadInput, KnownError
from desktop.core.pricing import Cost, Unpriced
from desktop.core.profile import Profile
from desktop.core.text import said
from desktop.core.transcript import Segment, Transcript
from desktop.core.transcript_edits import paragraphs
from desktop.services.asking import Answer, Asking, Inquiry
from desktop.services.transcription.pace import wait_words

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
T = TypeVar("T")


class Wish(Struct, frozen=True):
    """What is asked of which model. `kind`: each line by itself, or one text about all."""

    profile: str
    model: str
    prompt: str
    kind: Kind = "lines"


class Worked(Struct, frozen=True):
    """What came: new texts by segment, or one `text`, which `is_cut` where the model ran out of tokens. `missing`
    segments the model said nothing of.

    `answers` are what it is made of; `left` requests are not answered, and `failure` says why where one failed.
    """

    texts: dict[str, str] = {}
    text: str = ""
    missing: tuple[str, ...] = ()
    is_cut: bool = False
    answers: tuple[Answer, ...] = ()
    left: int = 0
    failure: KnownError | None = None


Tell = Callable[[Worked], None]
Waits = Callable[[str], None]
"""Hears in a sentence what a call waits for."""


class AfterWork:
    """`profile_of` gives the profile of an id."""

    def __init__(self, asking: Asking, profile_of: Callable[[str], Profile]) -> None:
        self._asking, self._profile_of = asking, profile_of

    async def estimate(self, transcript: Transcript, wish: Wish, before: Sequence[Answer] = ()) -> Cost | Unpriced:
        """Dollars before anything is sent. Raises BadInput where nothing can be asked."""
        prices = [
            await self._asking.estimate(await self._inquiry(each, wish)) for each in _left(transcript, wish, before)
        ]
        if not prices:
            raise BadInput("There are no words to work on.")
        for each in prices:
            if isinstance(each, Unpriced):
                return each
        known = [each for each in prices if isinstance(each, Cost)]
        return replace(known[0], dollars=sum((each.dollars for each in known), Decimal(0)), lines=())

    async def work(
        self,
        transcript: Transcript,
        wish: Wish,
        conversation: str,
        tell: Tell = lambda far: None,
        before: Sequence[Answer] = (),
        waits: Waits = lambda sentence: None,
    ) -> Worked:
        """All requests one after another; `before` are the answers to the first of them, which are not asked again.

        `tell` hears what there is at first and after each answer, also of one that a stop comes with: it is paid
        for. `waits` hears what a call waits for. Raises what the first call raises; a failure of a later one stands in
        what is given.
        """
        if not wish.model or not wish.prompt.strip():
            raise BadInput("Nothing is asked for yet.", "Choose a model and write what is to be done.")
        answers = list(before)
        far = _far(transcript, wish, answers)
        tell(far)
        while asked := _left(transcript, wish, answers):
            try:
                answers.append(await self._ask(asked[0], wish, conversation, waits))
            except KnownError as error:
                if not answers:
                    raise
                return replace(far, failure=error)
            far = _far(transcript, wish, answers)
            tell(far)
        return far

    async def _ask(self, asked: Request, wish: Wish, conversation: str, waits: Waits) -> Answer:
        inquiry = await self._inquiry(asked, wish, conversation)
        answer = await self._asking.ask(inquiry, lambda wait: waits(wait_words(wait)))
        if answer.refusal and not answer.text.strip():
            raise BadInput(f"The model would not do this: {said(answer.refusal)}", "Word it otherwise.")
        return answer

    async def _inquiry(self, asked: Request, wish: Wish, conversation: str = "") -> Inquiry:
        """Lines are answered with about as much as was asked."""
        task = f"{asked.task}\n\nThe user asks for this: {wish.prompt}"
        made = Inquiry(self._profile_of(wish.profile), wish.model, task, asked.text, PAGE, conversation, SHORT_TOKENS)
        return made if wish.kind == "text" else replace(made, expected_tokens=await self._asking.input_tokens(made))


class Request(Struct, frozen=True):
    task: str
    text: str


def requests(transcript: Transcript, wish: Wish) -> Iterator[Request]:
    """What is sent, in order."""
    if wish.kind == "lines":
        for some in _chunks(_spoken(transcript), LINES_CHARACTERS, _line_length):
            yield Request(BY_LINE, "\n".join(f"{number}: {' '.join(each.text.split())}" for number, each in some))
        return
    names = {speaker.id: speaker.name for speaker in transcript.speakers}
    turns = [
        f"{names[each.speaker]}: {each.text}" if each.speaker in names else each.text for each in paragraphs(transcript)
    ]
    for texts in _chunks(turns, TEXT_CHARACTERS, len):
        yield Request(ABOUT_ALL, "\n\n".join(texts))


def _left(transcript: Transcript, wish: Wish, answers: Sequence[Answer]) -> list[Request]:
    """What is still to be asked. A text in several parts is asked for once more, as one text of them all."""
    asked = list(requests(transcript, wish))
    if wish.kind == "text" and len(asked) > 1 and len(answers) == len(asked):
        return [Request(ABOUT_ALL, _parts(answers))]
    return asked[len(answers) :]


def _far(transcript: Transcript, wish: Wish, answers: Sequence[Answer]) -> Worked:
    """What there is of some answers."""
    many = sum(1 for _ in requests(transcript, wish))
    made = _one_text(answers, many) if wish.kind == "text" else _sorted_out(transcript, [each.text for each in answers])
    whole = many + 1 if wish.kind == "text" and many > 1 else many
    is_cut = any(answer.is_cut for answer in answers)
    return replace(made, is_cut=is_cut, answers=tuple(answers), left=whole - len(answers))


def _one_text(answers: Sequence[Answer], many: int) -> Worked:
    """The one that joins all parts, once it is there."""
    if many > 1 and len(answers) <= many:
        return Worked(text=_parts(answers))
    return Worked(text=answers[-1].text.strip() if answers else "")


def _parts(answers: Sequence[Answer]) -> str:
    return "\n\n".join(f"Part {number}:\n{answer.text.strip()}" for number, answer in enumerate(answers, 1))


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
