"""Colours of a line of laid-out JSON: each line stands for itself, so that only those seen need any."""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST_LINE = 1_900
_TOKEN = re.compile(
    r'(?P<string>"(?:[^"\\]|\\.)*")(?P<colon>\s*:)?'
    r"|(?P<number>-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)"
    r"|(?P<keyword>\b(?:true|false|null)\b)"
)
_BEGIN = re.compile(r'\s*["{}\[\]\-0-9tfn]')


def colours(line: str) -> Iterator[tuple[int, int, str]]:
    """Start, length and the colour's name; nothing for a line that is none of JSON's."""
    if len(line) > LONGEST_LINE or not _BEGIN.match(line):
        return
    for found in _TOKEN.finditer(line):
        kind = found.lastgroup
        if kind == "colon":
            yield found.start("string"), found.end("string") - found.start("string"), "name"
        elif kind is not None:
            yield found.start(), found.end() - found.start(), kind
