"""Times as people read them: relative up to a day, then dates; the exact one for hovering."""

from __future__ import annotations

from datetime import datetime, timedelta


def _local(micros: int, now: datetime) -> datetime:
    return datetime.fromtimestamp(micros / 1_000_000, now.tzinfo)


def relative(micros: int, now: datetime) -> str:
    """`micros` are UTC microseconds, `now` the local time; nothing for 0."""
    if not micros:
        return ""
    then = _local(micros, now)
    past = now - then
    if past < timedelta(minutes=1):
        return "now"
    if past < timedelta(hours=1):
        return f"{int(past.total_seconds() // 60)} min ago"
    if past < timedelta(days=1):
        return f"{int(past.total_seconds() // 3600)} h ago"
    shown = f"{then.day} {then:%b}"
    return shown if then.year == now.year else f"{shown} {then.year}"


def exact(micros: int) -> str:
    return f"{datetime.fromtimestamp(micros / 1_000_000):%Y-%m-%d %H:%M:%S}" if micros else ""
