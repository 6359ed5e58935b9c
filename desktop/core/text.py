"""Text from outside: what may be kept, what is drawn as a mark, what is too hostile to parse."""

from __future__ import annotations

import re
import unicodedata

_SURROGATES = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
HIDDEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")

SAID_CHARACTERS, SAID_LINES = 2000, 20


def scalar(text: str) -> str:
    """Text as Unicode scalar values: lone surrogates become U+FFFD, all else stays as it is."""
    return _SURROGATES.sub("\ufffd", text)


def said(text: str) -> str:
    """What a server wrote in an error, as plain data: no escapes, hidden marks shown, 2,000 characters, 20 lines."""
    kept = _CONTROL.sub("", scalar(text[: SAID_CHARACTERS * 4]))
    lines = visible(kept).strip().splitlines()
    short = "\n".join(lines[:SAID_LINES])[:SAID_CHARACTERS]
    return short + (" …" if len(lines) > SAID_LINES or len(text) > SAID_CHARACTERS else "")


def visible(text: str) -> str:
    """Text with characters that hide or reorder others drawn as marks such as ‹U+202E›."""
    return HIDDEN.sub(lambda match: f"‹U+{ord(match[0]):04X}›", text)


def hidden_count(text: str) -> int:
    """How many characters of a text cannot be seen."""
    return len(HIDDEN.findall(text))


def folded(text: str) -> str:
    """Text for comparing names as people read them: lower case, without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
