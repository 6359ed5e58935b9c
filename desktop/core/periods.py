"""Stretches of time as people name them: days of the user's own clock, and where they begin in UTC microseconds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal, cast

from msgspec import Struct

from desktop.core.errors import BadInput

MICROS = 1_000_000
HOUR = 3600 * MICROS
DAY = 24 * HOUR
EPOCH = date(1970, 1, 1)
LOOK = 4 * DAY  # between two looks at the clock; none is changed twice in so short a time

Named = Literal["session", "today", "7d", "30d", "90d", "month", "year", "all"]
DAYS = {"7d": 7, "30d": 30, "90d": 90}


class Span(Struct, frozen=True):
    """From a day to a day, both of them in it."""

    first: date
    last: date


Period = Named | Span


class Stretch(Struct, frozen=True):
    """A period on the clock: UTC microseconds, `until` not in it; `first` and `last` are the local days it touches."""

    since: int
    until: int
    first: date
    last: date


class Clock:
    """The user's local time; without a zone, the computer's own. Days are 23, 24 or 25 hours long."""

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone

    def local(self, micros: int) -> datetime:
        """An instant as the user's clock shows it, with its offset."""
        instant = datetime.fromtimestamp(micros // MICROS, UTC) + timedelta(microseconds=micros % MICROS)
        return instant.astimezone(self._zone)

    def day(self, micros: int) -> date:
        return self.local(micros).date()

    def begin(self, day: date) -> int:
        """The first instant of a local day, also of one whose midnight the clock leaves out or shows twice."""
        return round(datetime(day.year, day.month, day.day, tzinfo=self._zone).timestamp()) * MICROS

    def stretch(self, period: Period, now: int, *, session: int = 0, earliest: int = 0) -> Stretch:
        """Where a period begins and ends. `session` is when that began, `earliest` when anything did.

        Named periods end with the day of `now`.
        """
        today = self.day(now)
        if isinstance(period, Span):
            first, last = min(period.first, period.last), max(period.first, period.last)
            return Stretch(self.begin(first), self.begin(last + timedelta(1)), first, last)
        end = self.begin(today + timedelta(1))
        if period in ("session", "all"):
            since = min(session if period == "session" else earliest, now)
            return Stretch(since, end, self.day(since), today)
        first = {
            "month": today.replace(day=1),
            "year": today.replace(month=1, day=1),
        }.get(period, today - timedelta(DAYS.get(period, 1) - 1))
        return Stretch(self.begin(first), end, first, today)

    def offsets(self, since: int, until: int) -> tuple[tuple[int, int], ...]:
        """What the local clock is ahead of UTC, in microseconds, each with the instant from which it holds; oldest
        first. The first one holds also before."""
        found = [(since, self._offset(since))]
        at = since
        while at < until:
            later = min(at + LOOK, until)
            if self._offset(later) != found[-1][1]:
                at = self._change(at, later)
                found.append((at, self._offset(at)))
            else:
                at = later
        return tuple(found)

    def _offset(self, micros: int) -> int:
        ahead = self.local(micros).utcoffset() or timedelta()
        return ahead // timedelta(microseconds=1)

    def _change(self, before: int, after: int) -> int:
        """The second at which the offset stops being what it was."""
        low, high, was = before // MICROS, -(-after // MICROS), self._offset(before)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._offset(middle * MICROS) == was else (low, middle)
        return high * MICROS


def days(first: date, last: date) -> Iterator[date]:
    """Each day from the first to the last."""
    for ahead in range((last - first).days + 1):
        yield first + timedelta(ahead)


_LAST_DAYS = re.compile(r"([1-9][0-9]{0,3})d")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_YEAR = re.compile(r"[1-9][0-9]{3}")


def parsed(text: str, today: date) -> Period:
    """A period as it is typed: today, month, year, all, 30d, 2026, 2026-10, 2026-10-05, 2026-10-05..2026-11-02.

    Raises BadInput.
    """
    text = text.strip().lower()
    try:
        if text in ("today", "month", "year", "all"):
            return cast(Named, text)
        if last := _LAST_DAYS.fullmatch(text):
            return Span(today - timedelta(int(last[1]) - 1), today)
        if month := _MONTH.fullmatch(text):
            first = date(int(month[1]), int(month[2]), 1)
            return Span(first, (first + timedelta(31)).replace(day=1) - timedelta(1))
        if _YEAR.fullmatch(text):
            return Span(date(int(text), 1, 1), date(int(text), 12, 31))
        first_text, _, last_text = text.partition("..")
        return Span(date.fromisoformat(first_text), date.fromisoformat(last_text or first_text))
    except (ValueError, OverflowError) as error:
        raise BadInput(
            f"“{text[:40]}” is no period.", "Examples: today, 30d, month, year, all, 2026-10, 2026-10-05..2026-11-02."
        ) from error
