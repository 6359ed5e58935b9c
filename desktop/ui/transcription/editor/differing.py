"""What differs between two texts, by words, as marks to draw."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from desktop.ui.transcription.editor.segment_paint import Mark

_PIECES = re.compile(r"\w+|\s+|[^\w\s]")
LONGEST_COMPARED = 4000


def differing(before: str, after: str) -> tuple[list[Mark], list[Mark]]:
    """Marks of what is only in the one and only in the other, by words."""
    if len(before) + len(after) > LONGEST_COMPARED:
        return [], []
    one, other = _PIECES.findall(before), _PIECES.findall(after)
    left: list[Mark] = []
    right: list[Mark] = []
    for kind, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if kind != "equal":
            _add(left, one, a, b)
            _add(right, other, c, d)
    return left, right


def _add(marks: list[Mark], pieces: list[str], first: int, last: int) -> None:
    begins = sum(map(len, pieces[:first]))
    ends = begins + sum(map(len, pieces[first:last]))
    if ends > begins:
        marks.append((begins, ends, "find"))
