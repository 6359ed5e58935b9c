"""The rate-limit headers of a reply."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import timedelta

from desktop.core.usage import RateLimit

_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|h|m|s))+")
_PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_LONGEST_S = 366 * 86400.0


def duration(text: str | None) -> timedelta | None:
    """A span such as `1h2m3.5s` or `12ms`; None for anything else, and for more than a year."""
    text = (text or "").strip()
    if len(text) > 64 or not _DURATION.fullmatch(text):
        return None
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PIECE.findall(text))
    return timedelta(seconds=seconds) if math.isfinite(seconds) and seconds <= _LONGEST_S else None


def count(text: str | None) -> int | None:
    """A number of requests or tokens; None for anything that is not one."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None


def parse(headers: Mapping[str, str]) -> RateLimit | None:
    """The limits a reply names, None where it names none."""

    def of(kind: str) -> str | None:
        return headers.get(f"x-ratelimit-{kind}")

    limit = RateLimit(
        limit_requests=count(of("limit-requests")),
        remaining_requests=count(of("remaining-requests")),
        reset_requests=duration(of("reset-requests")),
        limit_tokens=count(of("limit-tokens")),
        remaining_tokens=count(of("remaining-tokens")),
        reset_tokens=duration(of("reset-tokens")),
    )
    return None if limit == RateLimit() else limit
