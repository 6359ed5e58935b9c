"""Calls in words: times, sizes, how they ended, what a repeat may cost."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from desktop.core import pricing
from desktop.core.calls import CallRow, Fate
from desktop.core.sizes import size_words

if TYPE_CHECKING:
    from desktop.core.wire.exchange import Exchange

THIN = "\u202f"
size = size_words
FATES = {
    Fate.OPEN: "running",
    Fate.COMPLETE: "complete",
    Fate.FAILED: "failed",
    Fate.CUT: "cut",
    Fate.STOPPED: "stopped",
    Fate.UNKNOWN: "unknown",
}
SENTENCES = {
    Fate.OPEN: "It is still running.",
    Fate.FAILED: "It failed.",
    Fate.CUT: "The reply was cut: it ended without its end.",
    Fate.STOPPED: "It was stopped.",
    Fate.UNKNOWN: "Nobody knows how it ended: the server may have carried it out.",
}


def thinly(words: str) -> str:
    return words.replace(",", THIN)


def many(count: int, one: str) -> str:
    return f"{thinly(f'{count:,}')} {one}{'' if count == 1 else 's'}"


def duration(ms: float | None) -> str:
    """412 ms, 1.24 s, 2 min 05 s; nothing for what is not known."""
    if ms is None:
        return ""
    if ms < 10:
        return f"{ms:.1f} ms"
    if ms < 1000:
        return f"{ms:.0f} ms"
    seconds = ms / 1000
    if seconds < 100:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"


def clock(started: int, now: datetime | None = None) -> str:
    """The time of a call today, with its day before that."""
    when, now = datetime.fromtimestamp(started / 1_000_000), now or datetime.now()
    if when.date() == now.date():
        return f"{when:%H:%M:%S}"
    day = f"{when.day} {when:%b}"
    return f"{day} {when:%H:%M}" if when.year == now.year else f"{day} {when.year}"


def exact(started: int) -> str:
    return f"{datetime.fromtimestamp(started / 1_000_000):%Y-%m-%d %H:%M:%S.%f}"[:-3]


def status(row: CallRow) -> str:
    """The server's status, and how it ended where that does not say it."""
    if row.status is None:
        return "…" if row.fate is Fate.OPEN else FATES[row.fate]
    is_said = row.fate in (Fate.COMPLETE, Fate.FAILED)
    return str(row.status) if is_said else f"{row.status} {'…' if row.fate is Fate.OPEN else FATES[row.fate]}"


def is_bad(row: CallRow) -> bool:
    return (row.status or 0) >= 400 or row.fate in (Fate.FAILED, Fate.CUT)


def title(row: CallRow) -> str:
    return f"{row.method} {row.path}"


def ended(exchange: Exchange) -> str:
    """How a call ended in a sentence; empty for one that ended well."""
    if exchange.fate is Fate.FAILED and exchange.status is None:
        return "No reply came."
    if exchange.fate is Fate.FAILED:
        return f"The server refused it with status {exchange.status}."
    return SENTENCES.get(exchange.fate, "")


def costs(price: pricing.Cost | pricing.Unpriced | None) -> str:
    """What to ask before a call is sent that costs money; empty for one that costs nothing."""
    if isinstance(price, pricing.Unpriced):
        return f"Send it? It is unpriced, so nobody can say what it costs: {price.reason}"
    if price is None or price.is_free or not price.dollars:
        return ""
    return f"Send it? It costs about {thinly(pricing.shown(price.dollars))} by an estimate; a longer answer costs more."


def estimate(price: pricing.Cost | pricing.Unpriced | None) -> str:
    """The same beside a button."""
    if isinstance(price, pricing.Unpriced):
        return "unpriced"
    if price is None or price.is_free or not price.dollars:
        return "free"
    return f"about {thinly(pricing.shown(price.dollars))}"
