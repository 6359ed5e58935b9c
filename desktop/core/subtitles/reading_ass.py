"""Advanced SubStation Alpha, and the older SSA, read: the words and names, without styles, comments and drawings."""

from __future__ import annotations

import re

from desktop.core.subtitles import times
from desktop.core.subtitles.cues import Cues, unreadable_times

_SECTION = re.compile(r"\s*\[(?:Script Info|V4\+? Styles|Events)\]", re.IGNORECASE)
_USUAL = ("layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text")
_OVERRIDE = re.compile(r"\{[^{}]*+\}")
_DRAWING = re.compile(r"\\p[1-9]")


def looks_like(text: str) -> bool:
    return _SECTION.match(text) is not None


def read(text: str, cues: Cues) -> None:
    """Raises BadInput, with the line, for times that cannot be read."""
    fields: tuple[str, ...] = _USUAL
    is_events = False
    for number, line in enumerate(text.split("\n"), 1):
        kind, _, rest = line.partition(":")
        kind = kind.strip().lower()
        if kind.startswith("["):
            is_events = kind == "[events]"
        elif is_events and kind == "format":
            fields = tuple(field.strip().lower() for field in rest.split(",")[:50])
        elif is_events and kind == "dialogue":
            _event(fields, rest.strip(), number, cues)


def _event(fields: tuple[str, ...], row: str, number: int, cues: Cues) -> None:
    cells = dict(zip(fields, row.split(",", len(fields) - 1), strict=False))
    begins, ends = times.read(cells.get("start", "")), times.read(cells.get("end", ""))
    if begins is None or ends is None:
        raise unreadable_times(number)
    text = cells.get("text", "")
    if not _DRAWING.search(text):
        cues.add(begins, ends, _plain(text), cells.get("name", cells.get("actor", "")))


def _plain(text: str) -> str:
    words = _OVERRIDE.sub("", text).replace("\\N", "\n").replace("\\n", "\n").replace("\\h", "\u00a0")
    return "\n".join(line.strip() for line in words.split("\n"))
