"""A question to the library as the page holds it, its rows, and what to say where it has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, structs

from desktop.core.library import Counts, Order, Place, Results
from desktop.ui.library import words
from desktop.ui.library.empty import Offer

if TYPE_CHECKING:
    from desktop.services.library import Library

ROWS_AT_ONCE = 100
ROWS_OF_ALL = 1_000  # a read, while everything is being selected or read anew
ELSEWHERE = {"all": "all places", "archived": "the archived ones", "trash": "the trash"}


class Question(Struct, frozen=True):
    """What is looked for, where, and in which order."""

    line: str = ""
    place: Place = Place()
    order: Order = "newest"


class Sentence(Struct, frozen=True):
    """What stands in the place of rows: a title, a line, and what can be done."""

    title: str
    line: str = ""
    offers: tuple[Offer, ...] = ()


async def ask(library: Library, question: Question, limit: int, after: str | None = None) -> Results:
    return await library.search(question.line, place=question.place, order=question.order, limit=limit, after=after)


async def read(library: Library, question: Question, wanted: int) -> Results:
    """The first `wanted` rows, in pieces that leave room for what others read."""
    found = await ask(library, question, min(ROWS_OF_ALL, wanted))
    entries = list(found.entries)
    while found.next is not None and found.entries and len(entries) < wanted:
        found = await ask(library, question, min(ROWS_OF_ALL, wanted - len(entries)), found.next)
        entries += found.entries
    return structs.replace(found, entries=tuple(entries))


async def nothing(library: Library, question: Question, title: str, counts: Counts | None) -> Sentence:
    """Why there are no rows; `title` is the place's. Where the line finds something elsewhere, the way there."""
    text, kind = question.line.strip(), question.place.kind
    if text:
        offers = await _elsewhere(library, question)
        where = "" if kind == "all" else f" in {title}"
        line = "" if len(offers) > 1 else "Fewer words, or fewer filters, find more."
        return Sentence(f"Nothing found for “{text}”{where}", line, offers)
    if counts and kind == "all" and not (counts.all or counts.archived or counts.trash):
        line = "Everything said here is kept on this computer, found and read again, also without a network."
        first = Offer("start", "Start a conversation", is_primary=True)
        return Sentence("Nothing is kept yet", line, (first, Offer("import", "Import…")))
    return Sentence("", words.EMPTY_PLACES.get(kind, ""))


async def _elsewhere(library: Library, question: Question) -> tuple[Offer, ...]:
    offers = [Offer("clear", "Clear the search")]
    for kind, where in ELSEWHERE.items():
        if kind == question.place.kind or (kind == "archived" and question.place.kind == "all"):
            continue  # a search everywhere finds archived ones too
        found = await library.search(question.line, place=Place(kind), limit=1)  # type: ignore[arg-type]
        if found.count:
            offers.append(Offer(kind, f"Show {found.count}{'+' * found.is_more} in {where}"))
    return tuple(offers)
