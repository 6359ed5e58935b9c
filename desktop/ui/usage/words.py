"""Figures of the ledger in words: counts, money, dates, and what a sum does not hold."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from desktop.core.periods import Span
from desktop.ui.rail import PLACES
from desktop.ui.widgets.chart_scale import money, thin

if TYPE_CHECKING:
    from desktop.core.periods import Period
    from desktop.services.meter import Reading

SPANS = {
    "today": "today",
    "7d": "in 7 days",
    "30d": "in 30 days",
    "month": "this month",
    "year": "this year",
    "all": "in all",
    "session": "in this session",
}
PAGES = {place.name: place.title for place in PLACES}
FATES = {
    "open": "running",
    "complete": "complete",
    "failed": "failed",
    "cut": "cut",
    "stopped": "stopped",
    "unknown": "unknown",
}


def page(name: str) -> str:
    """A page as the rail calls it; what calls without a page of its own, by its own name."""
    return PAGES.get(name) or sentence(name.replace("_", " ").replace("-", " ")) or "No page"


def day(when: date, *, with_year: bool = True) -> str:
    return f"{when.day} {when:%B} {when.year}" if with_year else f"{when.day} {when:%b}"


def span(period: Period) -> str:
    if isinstance(period, Span):
        first, last = sorted((period.first, period.last))
        return f"on {day(first)}" if first == last else f"from {day(first)} to {day(last)}"
    return SPANS[period]


def sentence(text: str) -> str:
    """With a capital at its begin; names inside stay as they are."""
    return text[:1].upper() + text[1:]


def many(count: int, one: str, more: str = "") -> str:
    """A count with its noun: "1 call", "812 calls"."""
    return f"{thin(count)} {one if count == 1 else more or one + 's'}"


def cost(reading: Reading) -> str:
    """Money of a reading, in groups of three; never 0 for what is not known."""
    return thinly(reading.words)


def thinly(words: str) -> str:
    return words.replace(",", "\u202f")


def exact(dollars: Decimal) -> str:
    """To the last picodollar, for hovering."""
    return f"${dollars:f}" if dollars else "$0"


def besides(reading: Reading) -> list[str]:
    """What else is to be said of a sum: calls, and those whose price is unknown, free, running or lost."""
    found = [many(reading.calls, "call")]
    for count, words in (
        (reading.unpriced, "unpriced"),
        (reading.free, "free"),
        (reading.open, "running"),
        (reading.unknown, "of unknown fate"),
    ):
        if count:
            found.append(f"{thin(count)} {words}")
    return found


def percent(share: Decimal | float) -> str:
    value = Decimal(str(share)) * 100
    digits = 0 if abs(value) >= 10 or value == value.to_integral_value() else 1
    return f"{value:.{digits}f} %"


__all__ = [
    "FATES",
    "PAGES",
    "besides",
    "cost",
    "day",
    "exact",
    "many",
    "money",
    "percent",
    "sentence",
    "span",
    "thin",
    "thinly",
]
