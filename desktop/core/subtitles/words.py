"""The words of a segment with their times, also where its text was edited since it was heard."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from desktop.core.transcript import Segment, Word

MOST_COMPARED = 40_000  # pairs of words: what is longer is not compared word by word


def words_of(segment: Segment) -> list[Word]:
    """The words with their times: the model's where they still are the text, else shared out by length.

    In a text that was edited the words beside a change keep theirs. None is said outside of the segment: its edges
    may have been moved since, and they are right then.
    """
    said, known = segment.text.split(), segment.words
    heard = [word.text.strip() for word in known]
    found: list[Word] = []
    for first, last, begin, end in _stretches(heard, said):
        some, words = known[first:last], said[begin:end]
        if len(some) == len(words):
            found += [Word(text, word.begins, word.ends) for text, word in zip(words, some, strict=True)]
        elif words:
            begins = found[-1].ends if found else segment.begins
            ends = known[last].begins if last < len(known) else segment.ends
            found += _shared_out(words, begins, max(begins, ends))
    return _inside(found, segment)


def _inside(words: list[Word], segment: Segment) -> list[Word]:
    """What reaches over an edge is cut there; where the segment is elsewhere by now, its words are shared out anew."""
    first, last = segment.begins, segment.ends
    if not words or (first <= words[0].begins and words[-1].ends <= last):
        return words
    if words[-1].ends <= first or last <= words[0].begins:
        return _shared_out([word.text for word in words], first, last)
    return [Word(w.text, min(max(w.begins, first), last), min(max(w.ends, first), last)) for w in words]


def _stretches(heard: Sequence[str], said: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """Where words heard (first, last) are words of a text (begin, end), alike or one in place of the other."""
    before = _alike(heard, said)
    after = _alike(heard[before:][::-1], said[before:][::-1])
    middle, changed = heard[before : len(heard) - after], said[before : len(said) - after]
    found = [(0, before, 0, before)]
    if middle and changed and len(middle) * len(changed) <= MOST_COMPARED:
        compared = SequenceMatcher(None, middle, changed, autojunk=False).get_opcodes()
        found += [
            (before + first, before + last, before + begin, before + end) for _, first, last, begin, end in compared
        ]
    else:
        found.append((before, len(heard) - after, before, len(said) - after))
    return [*found, (len(heard) - after, len(heard), len(said) - after, len(said))]


def _alike(some: Sequence[str], others: Sequence[str]) -> int:
    """How many words both begin with."""
    pairs = enumerate(zip(some, others, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(some), len(others)))


def _shared_out(said: Sequence[str], begins: int, ends: int) -> list[Word]:
    weight = sum(len(word) + 1 for word in said) or 1
    at, found = 0, []
    for word in said:
        first = begins + (ends - begins) * at // weight
        at += len(word) + 1
        found.append(Word(word, first, begins + (ends - begins) * at // weight))
    return found
