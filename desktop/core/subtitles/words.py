"""The words of a segment with their times, also where its text was edited since it was heard."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from desktop.core.subtitles.breaks import Piece, columns, is_unspaced, pieces
from desktop.core.transcript import Segment, Word

MOST_COMPARED = 40_000  # pairs of words: what is longer is not compared word by word


def words_of(segment: Segment) -> list[Word]:
    """The words with their times, one for each that `str.split` finds; see `pieces_of`."""
    made: list[Word] = []
    for piece in pieces_of(segment):
        if made and not piece.before:
            made[-1] = Word(made[-1].text + piece.text, made[-1].begins, piece.ends)
        else:
            made.append(Word(piece.text, piece.begins, piece.ends))
    return made


def pieces_of(segment: Segment) -> list[Piece]:
    """The pieces of the text with their times: the model's where they still are the text, else shared out by length.

    In a text that was edited the pieces beside a change keep theirs. None is said outside of the segment: its edges
    may have been moved since, and they are right then.
    """
    whole = pieces(segment.text)
    said, known = [piece.text for piece in whole], _in_pieces(segment.words)
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
    timed = zip(whole, _inside(found, segment), strict=True)
    return [Piece(piece.text, piece.before, word.begins, word.ends) for piece, word in timed]


def _in_pieces(words: Sequence[Word]) -> list[Word]:
    """Words that the model heard, those of writing without blanks in their pieces."""
    made: list[Word] = []
    for word in words:
        if is_unspaced(word.text):
            made += _shared_out([piece.text for piece in pieces(word.text)], word.begins, word.ends)
        else:
            made.append(word)
    return made


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
    weight = sum(map(_weight, said)) or 1
    at, found = 0, []
    for word in said:
        first = begins + (ends - begins) * at // weight
        at += _weight(word)
        found.append(Word(word, first, begins + (ends - begins) * at // weight))
    return found


def _weight(text: str) -> int:
    """A wide character is said as long as some letters."""
    return (columns(text) if is_unspaced(text) else len(text)) + 1
