"""Text from outside: what may be kept, what is drawn as a mark, what is too hostile to parse."""

from __future__ import annotations

import re
import unicodedata
from itertools import takewhile

from desktop.core.invisible import INVISIBLE, hidden, is_part

_SURROGATES = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f]")

SAID_CHARACTERS, SAID_LINES = 2000, 20


def scalar(text: str) -> str:
    """Text as Unicode scalar values: lone surrogates become U+FFFD, all else stays as it is."""
    return _SURROGATES.sub("\ufffd", text)


def said(text: str) -> str:
    """What a server wrote in an error, as plain data: no escapes, hidden marks shown, 2,000 characters, 20 lines."""
    kept = _CONTROL.sub("", scalar(text[: SAID_CHARACTERS * 4]))
    lines = visible(kept).strip().splitlines()
    short = "\n".join(lines[:SAID_LINES])[:SAID_CHARACTERS]
    if len(lines) <= SAID_LINES and len(text) <= SAID_CHARACTERS:
        return short
    return short[: len(short) - sum(1 for _ in takewhile(INVISIBLE.match, reversed(short)))] + " …"


def visible(text: str) -> str:
    """Text with characters that hide or reorder others drawn as marks such as ‹U+202E›."""
    if text.isascii():
        return text
    return INVISIBLE.sub(lambda found: found[0] if is_part(text, found.start()) else mark(found[0]), text)


def mark(character: str) -> str:
    """What is drawn in the place of a character that cannot be seen."""
    return f"‹U+{ord(character):04X}›"


def hidden_count(text: str) -> int:
    """How many characters of a text hide or reorder others."""
    return 0 if text.isascii() else sum(1 for _ in hidden(text))


def folded(text: str) -> str:
    """Text for comparing names as people read them: lower case, without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
