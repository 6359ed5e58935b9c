"""A subtitle's text in lines: as few as there can be, about as long as each other, broken where it reads well."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from desktop.core.subtitles.breaks import Piece, columns, cut, harm, is_unspaced, pieces, together

MOST_WEIGHED = 4000  # pieces: what is longer is no subtitle, and broken where each line is full
HARM = 1.0
"""How much the worst place to end a line counts, against a line that is empty."""


def wrap(text: str, line: int) -> list[str]:
    """The lines of a subtitle, `line` columns long at most. A text that has line breaks and fits keeps them. A word
    that is too long stays."""
    own = [kept for raw in text.splitlines() if (kept := " ".join(raw.split()))]
    if len(own) > 1 and all(columns(each) <= line for each in own):
        return own
    said = fitting(pieces(text), line)
    if not said:
        return []
    if is_unspaced(text) and len(said) <= MOST_WEIGHED and any(each.before != " " for each in said[1:]):
        return _weighed(said, line)
    wanted = len(filled(said, line))
    width = -(-columns(together(said)) // wanted)
    while len(made := filled(said, width)) > wanted and width < line:
        width += 1
    return made if len(made) == wanted else filled(said, line)


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


class Filling:
    """Counts the lines of pieces that are put in one after the other, each line as full as can be."""

    def __init__(self, width: int) -> None:
        self.lines = 0
        self._width, self._taken = width, 0

    def add(self, piece: Piece) -> bool:
        """Whether the piece begins a line."""
        length = columns(piece.text)
        blank = 1 if piece.before == " " else 0
        if self.lines and self._taken + blank + length <= self._width:
            self._taken += blank + length
            return False
        self.lines += 1
        self._taken = length
        return True


def filled(said: Sequence[Piece], width: int) -> list[str]:
    filling, made = Filling(width), []
    for piece in said:
        made += [[piece]] if filling.add(piece) else []
        made[-1] += [] if made[-1][-1] is piece else [piece]
    return [together(each) for each in made]


def _weighed(said: Sequence[Piece], line: int) -> list[str]:
    """Of all ways to break into the fewest lines the one whose lines are alike in length and end well."""
    lengths = [columns(piece.text) for piece in said]
    blanks = [1 if piece.before == " " else 0 for piece in said]
    fewest = len(filled(said, line))
    ideal = (sum(lengths) + sum(blanks[1:])) / fewest
    best: list[tuple[int, float, int]] = [(0, 0.0, 0)]  # to here: lines, cost, where the last line begins
    ended = [0.0, *(HARM * harm(said[at - 1].text, said[at]) for at in range(1, len(said))), 0.0]
    for end in range(1, len(said) + 1):
        found: tuple[int, float, int] | None = None
        taken = 0
        for first in range(end - 1, -1, -1):
            taken += lengths[first] + (blanks[first + 1] if first + 1 < end else 0)
            if taken > line and first < end - 1:
                break
            lines, cost, _ = best[first]
            way = (lines + 1, cost + ((taken - ideal) / line) ** 2 + ended[end], first)
            found = way if found is None or way < found else found
        best.append(found or (0, 0.0, 0))
    made, end = [], len(said)
    while end:
        first = best[end][2]
        made.append(together(said[first:end]))
        end = first
    return made[::-1]


def later(piece: Piece, before: str) -> Piece:
    """The same piece behind something else."""
    return piece if piece.before == before else replace(piece, before=before)
