"""Invisible characters: which of them belong to the writing around them, and which hide or reorder text.

A joiner makes one picture of several emoji (a family) or shapes the letters beside it (Persian, Hindi); a selector
chooses how the character before it is drawn. In such a place they are part of what is read. Anywhere else they only
make two texts look alike that are not.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator

ZWNJ, ZWJ = "\u200c", "\u200d"
TEXT_STYLE, EMOJI_STYLE, KEYCAP = "\ufe0e", "\ufe0f", "\u20e3"

INVISIBLE = re.compile(
    "["
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, fillers of letters, Mongolian selectors
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\uffa0\ufeff\ufff0-\ufffb"  # blanks of no width, directions
    "\ufe00-\ufe0f\U000e0100-\U000e01ef"  # selectors of a variant
    "\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"  # music's brackets, tags
    "]"
)
"""Whatever cannot be seen by itself."""

_EMOJI = re.compile("[\u2190-\u21ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")
_STYLED = re.compile("[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]")
_KEY = re.compile("[#*0-9]")
_IDEOGRAPH = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_FLAGS = re.compile("\U0001f3f4(?:" + "|".join(  # black flag, then letters as tags, then their end
    "".join(chr(0xE0000 + ord(letter)) for letter in name) + "\U000e007f" for name in ("gbeng", "gbsct", "gbwls")
) + ")")  # fmt: skip
"""England, Scotland and Wales: the flags that are spelled in tags, and the only ones."""
_LONGEST_FLAG = 7
_SHAPED = (
    (0x0600, 0x06FF, "Arabic"), (0x0700, 0x074F, "Syriac"), (0x0750, 0x077F, "Arabic"), (0x07C0, 0x07FF, "Nko"),
    (0x0840, 0x085F, "Mandaic"), (0x0860, 0x086F, "Syriac"), (0x0870, 0x08FF, "Arabic"), (0x0900, 0x097F, "Devanagari"),
    (0x0980, 0x09FF, "Bengali"), (0x0A00, 0x0A7F, "Gurmukhi"), (0x0A80, 0x0AFF, "Gujarati"), (0x0B00, 0x0B7F, "Oriya"),
    (0x0B80, 0x0BFF, "Tamil"), (0x0C00, 0x0C7F, "Telugu"), (0x0C80, 0x0CFF, "Kannada"), (0x0D00, 0x0D7F, "Malayalam"),
    (0x0D80, 0x0DFF, "Sinhala"), (0x1000, 0x109F, "Myanmar"), (0x1780, 0x17FF, "Khmer"), (0x1800, 0x18AF, "Mongolian"),
    (0x1B00, 0x1B7F, "Balinese"), (0xA8E0, 0xA8FF, "Devanagari"), (0xA980, 0xA9DF, "Javanese"),
    (0xFB50, 0xFDFF, "Arabic"), (0xFE70, 0xFEFC, "Arabic"),
)  # fmt: skip
"""Blocks of the scripts whose letters change their shape beside each other, in order."""
_STARTS = [first for first, _, _ in _SHAPED]
_VIRAMA = 9
"""The combining class of the sign that takes the vowel from an Indic letter; a joiner after it shapes the letter."""


def hidden(text: str) -> Iterator[int]:
    """Places of the characters that hide or reorder text."""
    return (match.start() for match in INVISIBLE.finditer(text) if not is_part(text, match.start()))


def is_part(text: str, at: int) -> bool:
    """Whether an invisible character belongs to the writing around it."""
    character, before, after = text[at], text[at - 1] if at else "", text[at + 1 : at + 2]
    if character in (ZWJ, ZWNJ):
        return _joins_emoji(character, text, at) or _shapes(character, before, after)
    if character in (TEXT_STYLE, EMOJI_STYLE):
        return _KEY.match(before) is not None if after == KEYCAP else _STYLED.match(before) is not None
    if "\ufe00" <= character <= "\ufe0d" or "\U000e0100" <= character <= "\U000e01ef":
        return _IDEOGRAPH.match(before) is not None
    if "\u180b" <= character <= "\u180f" and character != "\u180e":
        return _script(before) == "Mongolian"
    return "\U000e0062" <= character <= "\U000e007f" and _is_in_flag(text, at)


def _joins_emoji(joiner: str, text: str, at: int) -> bool:
    """Between two emoji, of which the first may have its style chosen."""
    before = at - 2 if text[at - 1 : at] == EMOJI_STYLE else at - 1
    return joiner == ZWJ and before >= 0 and bool(_EMOJI.match(text, before) and _EMOJI.match(text, at + 1))


def _shapes(joiner: str, before: str, after: str) -> bool:
    """Between two letters of one script; the joiner also where a word ends in a letter that would go on."""
    script = _script(before)
    if not script:
        return False
    ends_word = joiner == ZWJ and (script == "Arabic" or unicodedata.combining(before) == _VIRAMA)
    return _script(after) == script or (ends_word and not INVISIBLE.match(after))


def _script(character: str) -> str:
    """The script of a letter or of its mark, where letters of it are shaped; else empty."""
    if not character or INVISIBLE.match(character) or unicodedata.category(character)[0] not in "LM":
        return ""
    place = bisect_right(_STARTS, ord(character)) - 1
    return _SHAPED[place][2] if place >= 0 and ord(character) <= _SHAPED[place][1] else ""


def _is_in_flag(text: str, at: int) -> bool:
    start = text.rfind("\U0001f3f4", max(0, at - _LONGEST_FLAG), at)
    found = _FLAGS.match(text, start) if start >= 0 else None
    return found is not None and at < found.end()
