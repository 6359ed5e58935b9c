"""A stretch of Markdown in one line as plain words, for lists that show where something was found.

The line was cut out of a longer text and its line breaks are gone: what is taken away is only what can hardly mean
anything else. What was found is marked with two characters that stay where they are.
"""

from __future__ import annotations

import re
from functools import lru_cache

FOUND = "\ue000", "\ue001"
"""Before and after what was found."""
_IN_WORD = "0-9A-Za-z_\u00c0-\u024f"
"""Beside one of these a star is no emphasis; scripts without blanks between words have it within a run."""
_FENCE = re.compile(r"(?:```+|~~~+)[\w+#.-]*(?=\s|$)")
_RULE = re.compile(r"\|?(?:\s*:?-{3,}:?\s*\|)+(?:\s*:?-{3,}:?)?|(?<!\S)(?:-{3,}|\*{3,}|_{3,})(?!\S)")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
_CODE = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_STRONG = re.compile(rf"(?<![{_IN_WORD}*])(\*{{1,3}}|~~)(?=[^\s*~])([^*]*?[^\s*])\1(?![{_IN_WORD}*])")
_EMPHASIS = re.compile(rf"(?<![{_IN_WORD}])_(?=[^\s_])([^_]*?[^\s_])_(?![{_IN_WORD}])")
_CUT_OFF = re.compile(r"(?<![^\s…])\*\*(?=\S[^*]*…$)|(?<=\S)\*\*(?=[\s.,;:!?…)]|$)")
"""The one half of emphasis whose other half is not in the line."""
_HEADING = re.compile(r"(?<!\S)#{1,6} (?=\S)")
_FIRST = re.compile(r"^(…?\s*)(?:[-*+>]|\d{1,3}[.)])\s+(?=\S)")
_CELLS = re.compile(r"\s*\|\s*(?:\|\s*)*")


@lru_cache(maxsize=512)  # a list asks for the same lines whenever it is painted
def plain_words(line: str) -> str:
    """What a reader of the text would see; the line as it is where what was found would go with the marks."""
    words = _FENCE.sub(" ", line)
    words = _CELLS.sub(" · ", _RULE.sub(" ", words)) if words.count("|") > 1 else _RULE.sub(" ", words)
    words = _LINK.sub(r"\1", words)
    for pattern, kept in ((_CODE, r"\2"), (_STRONG, r"\2"), (_STRONG, r"\2"), (_EMPHASIS, r"\1")):
        words = pattern.sub(kept, words)
    words = _HEADING.sub("", _CUT_OFF.sub("", words))
    words = _FIRST.sub(r"\1", " ".join(words.split()).strip("· "))
    has_lost = any(words.count(mark) != line.count(mark) for mark in FOUND)
    return line if has_lost else words
