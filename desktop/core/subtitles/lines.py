"""A subtitle's text in lines: as few as there can be, about as long as each other, broken where it reads well."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from desktop.core.subtitles.breaks import Piece, columns, cut, flat, harm, is_unspaced, pieces, together

MOST_WEIGHED = 4000  # pieces: what is longer is no subtitle, and broken where each line is full
_Way = tuple[int, float, int]
"""To a place in a text: how many lines, their cost, and where the last one begins."""
HARM = 1.0
"""How much the worst place to end a line counts, against a line that is empty."""


def wrap(text: str, line: int) -> list[str]:
    """The lines of a subtitle, `line` columns long at most. A text that has line breaks and fits keeps them. A word
    that is too long stays."""
    if own := _own(text, line):
        return own
    said = fitting(pieces(flat(text)), line)
    if not said:
        return []
    if is_unspaced(text) and len(said) <= MOST_WEIGHED and any(each.before != " " for each in said[1:]):
        return _weighed(said, line)
    lengths = [columns(piece.text) for piece in said]
    full = _starts(said, lengths, line)
    width = -(-(sum(lengths) + sum(piece.before == " " for piece in said[1:])) // len(full))
    while len(made := _starts(said, lengths, width)) > len(full) and width < line:
        width += 1
    return _at(said, made if len(made) == len(full) else full)


def counted(text: str, line: int) -> tuple[int, int]:
    """How many lines a text takes, and the columns of the longest one; told sooner than by breaking it."""
    lines = _own(text, line) or filled(fitting(pieces(flat(text)), line), line)
    return len(lines), max(map(columns, lines), default=0)


def _own(text: str, line: int) -> list[str]:
    """The lines as they were written, where there are some and all fit."""
    own = [kept for raw in text.splitlines() if (kept := " ".join(raw.split()))]
    return own if len(own) > 1 and all(columns(each) <= line for each in own) else []


def fitting(said: Sequence[Piece], line: int) -> list[Piece]:
    """Pieces none of which is longer than a line, but for words; the parts of one share out its time."""
    made: list[Piece] = []
    for piece in said:
        parts = cut(piece.text, line)
        if len(parts) == 1:
            made.append(piece)
            continue
        at, lasts = piece.begins, piece.ends - piece.begins
        for number, part in enumerate(parts, 1):
            ends = piece.begins + lasts * number // len(parts)
            made.append(Piece(part, piece.before if number == 1 else "", at, ends))
            at = ends
    return made


def filled(said: Sequence[Piece], width: int) -> list[str]:
    """Each line as full as can be."""
    return _at(said, _starts(said, [columns(piece.text) for piece in said], width))


def _starts(said: Sequence[Piece], lengths: Sequence[int], width: int) -> list[int]:
    """The numbers of the pieces that begin lines, each line as full as can be."""
    starts: list[int] = []
    taken = 0
    for at, (piece, length) in enumerate(zip(said, lengths, strict=True)):
        taken += length + (piece.before == " ")
        if taken > width or not starts:
            starts.append(at)
            taken = length
    return starts


def _at(said: Sequence[Piece], starts: Sequence[int]) -> list[str]:
    ends = [*starts[1:], len(said)] if starts else []
    return [together(said[first:end]) for first, end in zip(starts, ends, strict=True)]


class Filling:
    """Counts the lines of pieces that are put in one after the other, each line as full as can be."""

    def __init__(self, width: int) -> None:
        self.lines = 0
        self._width, self._taken = width, 0

    def add(self, piece: Piece) -> None:
        length = columns(piece.text)
        self._taken += length + (piece.before == " ")
        if self._taken > self._width or not self.lines:
            self.lines += 1
            self._taken = length


def _weighed(said: Sequence[Piece], line: int) -> list[str]:
    """Of all ways to break into the fewest lines the one whose lines are alike in length and end well."""
    lengths = [columns(piece.text) for piece in said]
    fewest = len(_starts(said, lengths, line))
    if fewest == 1:
        return [together(said)]
    blanks = [1 if piece.before == " " else 0 for piece in said]
    ideal = (sum(lengths) + sum(blanks[1:])) / fewest
    best: list[_Way] = [(0, 0.0, 0)]
    for end in range(1, len(said) + 1):
        ways: list[_Way] = []
        taken = 0
        for first in range(end - 1, -1, -1):
            taken += lengths[first]
            if taken > line and first < end - 1:
                break
            lines, cost, _ = best[first]
            ways.append((lines + 1, cost + ((taken - ideal) / line) ** 2, first))
            taken += blanks[first]
        lines, cost, first = min(ways)
        ended = HARM * harm(said[end - 1].text, said[end]) if end < len(said) else 0
        best.append((lines, cost + ended, first))
    starts, end = [], len(said)
    while end:
        end = best[end][2]
        starts.append(end)
    return _at(said, starts[::-1])


def later(piece: Piece, before: str) -> Piece:
    """The same piece behind something else."""
    return piece if piece.before == before else replace(piece, before=before)
