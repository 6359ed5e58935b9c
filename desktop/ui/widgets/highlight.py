"""Colours for code, found in pieces so that no piece holds the window for more than a few milliseconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pygments.lexer import Lexer

LONGEST_CODE = 200_000
LONGEST_LINE = 2_000
"""A lexer may need time out of all proportion for a longer line."""
PIECE_S = 0.002

Stretch = tuple[int, int, str]


@lru_cache(maxsize=64)
def lexer(language: str) -> Lexer | None:
    """The lexer for the name after a fence; None for names nobody knows, such as one still arriving."""
    if not language or not language.isprintable() or len(language) > 30:
        return None
    from pygments.lexers import get_lexer_by_name  # slow: `preload` in a worker after the first paint
    from pygments.util import ClassNotFound

    try:
        found: Lexer = get_lexer_by_name(language.lower(), stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
    return found


def preload() -> None:
    """Import what the first block of code needs. For a worker thread after the first paint."""
    for language in ("python", "javascript", "sql", "bash", "json"):
        made = lexer(language)
        if made is not None:
            list(made.get_tokens_unprocessed("a = 1\n"))


class Colouring:
    """The colours of one text, asked for a piece at a time."""

    def __init__(self, text: str, language: str, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._tokens = self._begin(text, language)

    def step(self, seconds: float = PIECE_S) -> list[Stretch] | None:
        """Further stretches (start, end, name); None when there are no more."""
        found: list[Stretch] = []
        until = self._clock() + seconds
        for stretch in self._tokens:
            found.append(stretch)
            if self._clock() > until:
                return found
        return found or None

    def _begin(self, text: str, language: str) -> Iterator[Stretch]:
        known = lexer(language) if len(text) <= LONGEST_CODE else None
        if known is None or max(map(len, text.split("\n")), default=0) > LONGEST_LINE:
            return
        for start, kind, words in known.get_tokens_unprocessed(text):  # type: ignore[no-untyped-call]
            if name := _name(kind):
                yield start, start + len(words), name


@lru_cache(maxsize=512)
def _name(kind: object) -> str:
    """The colour's name for a token of Pygments; empty for plain text."""
    words = str(kind).removeprefix("Token.")
    for prefix, name in _NAMES:
        if words == prefix or words.startswith(prefix + "."):
            return name
    return ""


_NAMES = (
    ("Keyword.Type", "type"),
    ("Keyword", "keyword"),
    ("Operator.Word", "keyword"),
    ("Comment", "comment"),
    ("Literal.String.Escape", "number"),
    ("Literal.String", "string"),
    ("Literal.Number", "number"),
    ("Name.Function", "name"),
    ("Name.Class", "type"),
    ("Name.Builtin", "type"),
    ("Name.Exception", "type"),
    ("Name.Decorator", "name"),
    ("Name.Tag", "keyword"),
    ("Name.Attribute", "name"),
    ("Generic.Inserted", "string"),
    ("Generic.Deleted", "wrong"),
    ("Generic.Heading", "name"),
    ("Generic.Subheading", "name"),
)
