"""Ids made of where something came from, so that a second import knows it again."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Any

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]
LATEST_US = 4_102_444_800_000_000  # the year 2100: later times are mistakes
_SOON_S, _SOON_MS = 10_000_000_000, 10_000_000_000_000
_SHIFTS = range(120, -1, -10)
HASHED = 16
"""The last characters of an id that come from the source alone; those before them are its time, which may get lost."""


def id_of(when_us: int, *origin: str) -> str:
    """A ULID of a time and of 80 bits over a source's kind and its own ids."""
    digest = hashlib.sha256("\0".join(origin).encode("utf-8", "replace")).digest()
    number = max(0, min(when_us, LATEST_US)) // 1000 << 80 | int.from_bytes(digest[:10], "big")
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


def same(id: str) -> str:
    """What two ids of one thing have in common, also where one export knew its time and another did not."""
    return id[-HASHED:]


def micros(value: Any) -> int:
    """A time as exports write it (seconds, milliseconds, ISO 8601) in UTC microseconds; 0 where it is none."""
    try:
        if isinstance(value, str):
            return _clamped(_of_text(value))
        if isinstance(value, bool) or not isinstance(value, int | float):
            return 0
        factor = 1_000_000 if abs(value) < _SOON_S else 1000 if abs(value) < _SOON_MS else 1
        return _clamped(round(value * factor))
    except (ValueError, OverflowError):
        return 0


def _of_text(text: str) -> int:
    text = text.strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return micros(float(text))
    read = datetime.fromisoformat(text)
    return round((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp() * 1_000_000)


def _clamped(when_us: int) -> int:
    return when_us if 0 < when_us < LATEST_US else 0
