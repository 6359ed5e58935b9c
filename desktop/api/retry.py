"""Whether a failed try is made again, and after which pause: a pure decision."""

from __future__ import annotations

import email.utils
import math
import random
from collections.abc import Callable, Mapping
from datetime import UTC
from enum import Enum, auto

from msgspec import Struct

TRIES = 3
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 8.0
LONGEST_WAIT_S = 120.0

_NEVER_RAN = {429, 503}
_MAY_PASS = {408, 409, 429}
_ONLY_THE_USER_CAN_HELP = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}


class Stage(Enum):
    """How far a try came before it failed."""

    REFUSED = auto()  # final by its nature: a certificate, an unknown host, a bound
    NOT_SENT = auto()  # no connection, or not one byte of the request went out
    NO_ANSWER = auto()  # sent in part or whole, and not one byte came back
    ANSWERED = auto()  # an error status
    BEGUN = auto()  # the reply had begun


class Failure(Struct, frozen=True):
    """What the decision needs to know of a failed try."""

    stage: Stage
    status: int = 0
    code: str | None = None
    headers: Mapping[str, str] = {}


def is_final(code: str | None) -> bool:
    """Whether an error code says that waiting does not help."""
    return code in _ONLY_THE_USER_CAN_HELP


def may_have_run(failure: Failure) -> bool:
    """Whether a server may have carried a failed request out."""
    if failure.stage is Stage.ANSWERED:
        return failure.status == 408 or (failure.status >= 500 and failure.status != 503)
    return failure.stage in (Stage.NO_ANSWER, Stage.BEGUN)


def is_passing(failure: Failure, repeatable: bool) -> bool:
    """Whether the same request may be sent again at all. `repeatable`: doing it twice costs and changes nothing."""
    if failure.stage is Stage.NOT_SENT:
        return True
    if failure.stage is Stage.NO_ANSWER:
        return repeatable
    if failure.stage is not Stage.ANSWERED or is_final(failure.code):
        return False
    if failure.headers.get("x-should-retry", "").strip().lower() == "false":
        return False
    status = failure.status
    return status in _NEVER_RAN or (repeatable and (status in _MAY_PASS or status >= 500))


def server_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds the server asks to wait; None where it names none or nonsense. `now` in seconds since 1970."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after", "").strip()
    seconds = _number(text)
    if seconds is not None:
        return seconds
    if text[:1].isalpha() and len(text) <= 64:
        return _until(text, now)
    return None


def _until(date: str, now: float) -> float | None:
    try:
        until = email.utils.parsedate_to_datetime(date)
        wait = until.replace(tzinfo=until.tzinfo or UTC).timestamp() - now  # the oldest form names no zone: it is UTC
    except (ValueError, TypeError, OverflowError):
        return None
    return wait if wait > 0 else None


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text and len(text) <= 32 else 0.0
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def pause_s(
    failure: Failure, attempt: int, repeatable: bool, now: float, rand: Callable[[], float] = random.random
) -> float | None:
    """Seconds until the next try, None for no further one. `attempt` counts from 1: the try that failed."""
    if attempt >= TRIES or not is_passing(failure, repeatable):
        return None
    asked = server_wait(failure.headers, now) if failure.stage is Stage.ANSWERED else None
    if asked is not None:
        return asked if asked <= LONGEST_WAIT_S else None
    pause = min(FIRST_PAUSE_S * 2.0 ** (attempt - 1), LONGEST_PAUSE_S)
    return pause * (0.75 + 0.25 * rand())
