"""What differs between two texts, by words, as marks to draw."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from desktop.ui.transcription.editor.segment_paint import Mark

_PIECES = re.compile(r"\w+|\s+|[^\w\s]")
LONGEST_COMPARED = 4000
ALIKE = 0.5  # below it two texts are other words, and not the same ones changed here and there


def differing(before: str, after: str) -> tuple[list[Mark], list[Mark]]:
    """Marks of what is only in the one and only in the other, by words; all of both where they are too unlike."""
    if len(before) + len(after) > LONGEST_COMPARED:
        return [], []
    one, other = _PIECES.findall(before), _PIECES.findall(after)
    left: list[Mark] = []
    right: list[Mark] = []
    compared = SequenceMatcher(None, one, other, autojunk=False)
    if compared.ratio() < ALIKE:
        return [(0, len(before), "find")], [(0, len(after), "find")]
    for kind, a, b, c, d in compared.get_opcodes():
        if kind != "equal":
            _add(left, one, a, b)
            _add(right, other, c, d)
    return left, right


def _add(marks: list[Mark], pieces: list[str], first: int, last: int) -> None:
    begins = sum(map(len, pieces[:first]))
    ends = begins + sum(map(len, pieces[first:last]))
    if ends > begins:
        marks.append((begins, ends, "find"))
