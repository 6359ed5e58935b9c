"""Moments as the forms of subtitles write them; all in milliseconds."""

from __future__ import annotations

import re

_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,9}))?")


def clock(milliseconds: int, separator: str = ".", *, digits: int = 3, hours: int = 2) -> str:
    """ "01:02:03.456"; fewer digits are cut off, not rounded, so that two moments never change their order."""
    seconds, rest = divmod(max(0, milliseconds), 1000)
    minutes, seconds = divmod(seconds, 60)
    hour, minutes = divmod(minutes, 60)
    return f"{hour:0{hours}}:{minutes:02}:{seconds:02}{separator}{f'{rest:03}'[:digits]}"


def short(milliseconds: int) -> str:
    """As people read it: "2:05", "1:02:05"."""
    seconds = max(0, milliseconds) // 1000
    minutes, seconds = divmod(seconds, 60)
    hour, minutes = divmod(minutes, 60)
    return f"{hour}:{minutes:02}:{seconds:02}" if hour else f"{minutes}:{seconds:02}"


def read(text: str) -> int | None:
    """Milliseconds of "01:02:03,456", "02:03.4" or "02:03"; None for what is no moment."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    hour, minute, second, rest = found.groups()
    if (int(minute) > 59 and hour is not None) or int(second) > 59:
        return None
    return ((int(hour or 0) * 60 + int(minute)) * 60 + int(second)) * 1000 + int((rest or "").ljust(3, "0")[:3])
