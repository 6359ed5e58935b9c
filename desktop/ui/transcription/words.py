"""Lengths, costs and states of recordings in the page's words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from desktop.core import pricing
from desktop.core.pricing import Cost, Unpriced
from desktop.core.transcript import Sound
from desktop.ui.chat.words import many as many

SOON_S = 2.0
CHANNELS = {1: "mono", 2: "stereo"}


def length(seconds: float) -> str:
    """`38 s`, `12 min`, `3 h 12 min`: as exact as one plans by."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 300:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def clock(seconds: float) -> str:
    """`0:07`, `12:30`, `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def sound(found: Sound) -> str:
    """`12 min · stereo`, and that a video is taken for its sound."""
    pieces = [length(found.seconds), CHANNELS.get(found.channels, f"{found.channels} channels")]
    if found.has_video:
        pieces.append("video, its sound")
    return " · ".join(pieces)


def price(estimate: object) -> str:
    """`about $0.42`, `free`, `unpriced`; nothing where nobody asked."""
    if isinstance(estimate, Unpriced):
        return "unpriced"
    if isinstance(estimate, Cost):
        return "free" if estimate.is_free else f"about {pricing.shown(estimate.dollars)}"
    return ""


def spent(cost: object, estimate: object) -> str:
    """What a job came to so far, and of what: `$0.12 of about $0.42`."""
    if isinstance(cost, Unpriced) or (cost is None and isinstance(estimate, Unpriced)):
        return "unpriced"
    if isinstance(cost, Cost) and not cost.is_free:
        if cost.dollars == 0:
            return price(estimate)
        of = f" of {price(estimate)}" if isinstance(estimate, Cost) and not estimate.is_free else ""
        return pricing.shown(cost.dollars) + of
    return price(estimate if estimate is not None else cost)


def all_prices(estimates: Iterable[object]) -> tuple[Decimal, bool]:
    """Dollars of all together, and whether the price of any is not known."""
    found = tuple(estimates)
    dollars = sum((one.dollars for one in found if isinstance(one, Cost)), Decimal(0))
    return dollars, any(not isinstance(one, Cost) for one in found)


def together(seconds: float, estimates: Iterable[object]) -> str:
    """`3 h 12 min · about $0.42`: of all that would be sent."""
    found = tuple(estimates)
    dollars, is_unsure = all_prices(found)
    pieces = [length(seconds)]
    if found and all(isinstance(one, Cost) and one.is_free for one in found):
        pieces.append("free, on this computer")
    elif dollars:
        pieces.append(f"about {pricing.shown(dollars)}{' and what is unpriced' if is_unsure else ''}")
    elif is_unsure:
        pieces.append("unpriced")
    return " · ".join(pieces)


def left(seconds: float | None) -> str:
    """Nothing where it is as good as done: a last second that lasts is worse than none."""
    return "" if seconds is None or seconds < SOON_S else f"{length(seconds)} left"


def about_left(seconds: float | None) -> str:
    """Of the whole queue: as coarse as such a guess is, so that it does not change with each look."""
    if seconds is None or seconds < SOON_S:
        return ""
    coarse = max(10, round(seconds, -1)) if seconds < 90 else 60 * round(seconds / 60)
    return f"about {length(coarse)} left"


def pace(rate: float | None) -> str:
    """How many seconds of a recording one second of work takes in."""
    if not rate:
        return ""
    return f"{rate:.0f}× real time" if rate >= 10 else f"{rate:.1f}× real time"


def day(micros: int, now: datetime) -> str:
    """`today`, `3 Nov`, `3 Nov 2024`."""
    then = datetime.fromtimestamp(micros / 1_000_000, now.tzinfo)
    if then.date() == now.date():
        return "today"
    return f"{then.day} {then:%b}" if then.year == now.year else f"{then.day} {then:%b} {then.year}"
