"""A series of the ledger as the bars of a chart: hours, days or months, by money or by calls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from desktop.core.periods import Span
from desktop.ui.usage import words
from desktop.ui.widgets.chart_scale import Bars, Part, at_most

if TYPE_CHECKING:
    from desktop.core.periods import Period
    from desktop.services import usage as service

Measure = Literal["cost", "calls"]

MOST_DAYS = 92
HOURS_UP_TO_DAYS = 2


def step_of(period: Period) -> Literal["hour", "day"]:
    """Hours for a day or two, days for the rest; `bars` makes months of many days."""
    if period == "today":
        return "hour"
    if isinstance(period, Span) and abs((period.last - period.first).days) < HOURS_UP_TO_DAYS:
        return "hour"
    return "day"


def bars(series: service.Series, measure: Measure, named: Callable[[str], str]) -> Bars:
    """The dearest parts and the rest. With money, parts that have none are not drawn: see `left_out`."""
    groups = _groups(series)
    firsts = [series.starts[group[0]] for group in groups]
    is_hourly, is_monthly = series.step == "hour", len(groups) < len(series.starts)
    parts = [Part(named(part.name), _values(part, measure, groups)) for part in series.parts]
    return Bars(
        names=tuple(_name(first, is_hourly, is_monthly) for first in firsts),
        marks=tuple(_mark(first, is_hourly, is_monthly) for first in firsts),
        parts=at_most([part for part in _merged(parts) if part.sum]),
        notes=tuple(_note(series, group, measure) for group in groups),
    )


def left_out(series: service.Series, named: Callable[[str], str]) -> str:
    """The parts a chart of money cannot draw, with the reason."""
    unpriced = [named(part.name) for part in series.parts if not part.sum and any(part.unpriced)]
    free = [named(part.name) for part in series.parts if not part.sum and not any(part.unpriced) and any(part.calls)]
    said = [f"{', '.join(names)}: {why}" for names, why in ((unpriced, "unpriced"), (free, "no charge")) if names]
    return "\n".join(said)


def days_of(series: service.Series, bar: int) -> Span:
    """The days that a bar stands for."""
    group = _groups(series)[bar]
    return Span(series.starts[group[0]].date(), series.starts[group[-1]].date())


def days_named(name: str) -> Span:
    """The days of a row of the table: "2026-11-22 14:00", "2026-11-22" or "2026-11"."""
    first = date.fromisoformat(name[:10] if len(name) >= 10 else f"{name}-01")
    if len(name) >= 10:
        return Span(first, first)
    following = (first + timedelta(days=31)).replace(day=1)
    return Span(first, following - timedelta(days=1))


def _groups(series: service.Series) -> list[list[int]]:
    """Which steps make one bar: each its own, or those of a month when there are many."""
    if series.step == "hour" or len(series.starts) <= MOST_DAYS:
        return [[at] for at in range(len(series.starts))]
    months: dict[tuple[int, int], list[int]] = {}
    for at, start in enumerate(series.starts):
        months.setdefault((start.year, start.month), []).append(at)
    return list(months.values())


def _values(part: service.Part, measure: Measure, groups: list[list[int]]) -> tuple[Decimal, ...]:
    if measure == "calls":
        return tuple(Decimal(sum(part.calls[at] for at in group)) for group in groups)
    return tuple(sum((part.dollars[at] for at in group), Decimal(0)) for group in groups)


def _merged(parts: list[Part]) -> list[Part]:
    """Parts whose names read the same are one."""
    found: dict[str, Part] = {}
    for part in parts:
        if known := found.get(part.name):
            part = Part(part.name, tuple(one + other for one, other in zip(known.values, part.values, strict=True)))
        found[part.name] = part
    return list(found.values())


def _note(series: service.Series, group: list[int], measure: Measure) -> str:
    calls = sum(part.calls[at] for part in series.parts for at in group)
    unpriced = sum(part.unpriced[at] for part in series.parts for at in group)
    said = [words.many(calls, "call")] if measure == "cost" and calls else []
    return " · ".join([*said, *([f"{words.thin(unpriced)} unpriced"] if unpriced else [])])


def _name(start: datetime, is_hourly: bool, is_monthly: bool) -> str:
    if is_monthly:
        return f"{start:%B} {start.year}"
    return f"{words.day(start.date())}, {start:%H:%M}" if is_hourly else words.day(start.date())


def _mark(start: datetime, is_hourly: bool, is_monthly: bool) -> str:
    if is_monthly:
        return f"{start:%b} {start.year}" if start.month == 1 else f"{start:%b}"
    return f"{start:%H:%M}" if is_hourly else words.day(start.date(), with_year=False)
