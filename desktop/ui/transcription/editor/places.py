"""Places in a text: we count characters, Qt counts UTF-16 units; an emoji is one of the former, two of the latter."""

from __future__ import annotations

from unicodedata import bidirectional


def to_qt(text: str, place: int) -> int:
    """Where Qt finds the character number `place`."""
    return place if text.isascii() else len(text[:place].encode("utf-16-le", "surrogatepass")) // 2


def from_qt(text: str, place: int) -> int:
    """The number of the character at Qt's `place`; inside of one, its own number."""
    if text.isascii():
        return min(place, len(text))
    return len(text.encode("utf-16-le", "surrogatepass")[: place * 2].decode("utf-16-le", "ignore"))


def is_from_right(text: str) -> bool:
    """Whether a text is written from the right, by its first letter."""
    if text.isascii():
        return False
    found = (kind for character in text if (kind := bidirectional(character)) in ("L", "R", "AL"))
    return next(found, "L") != "L"
