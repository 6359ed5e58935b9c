"""What servers said of their limits in the last hour, by profile and model: for the gauge and its history."""

from __future__ import annotations

import re
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import timedelta

import msgspec
from msgspec import Struct

from desktop.api import ratelimit
from desktop.core.calls import CallStart, Fate, Mark, Recorder, TimedRecorder
from desktop.core.usage import RateLimit

KEPT = timedelta(hours=1) // timedelta(microseconds=1)
KEPT_POINTS = 720  # one each five seconds of the hour
KEPT_MODELS = 60
READABLE_BYTES = 256 * 1024

_IN_A_FORM = re.compile(rb'name="model"\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]{1,200})\r\n')
_IN_JSON = re.compile(rb'"model"\s*:\s*"([^"\\]{1,200})"')


class Gauge(Struct, frozen=True):
    """One model's limits as they are now: what was left at `told`, or all of it once the reset has passed.

    Times are UTC microseconds; None where the server did not say. `history` has (time, share left of the tighter
    limit), oldest first, of the last hour.
    """

    model: str
    told: int
    remaining_requests: int | None
    limit_requests: int | None
    requests_reset_at: int | None
    remaining_tokens: int | None
    limit_tokens: int | None
    tokens_reset_at: int | None
    history: tuple[tuple[int, float], ...] = ()

    @property
    def share(self) -> float | None:
        """What is left of the limit that is nearer its end."""
        return min((share for share, _, _ in self._limits()), default=None)

    @property
    def reset_at(self) -> int | None:
        """When that limit is whole again."""
        return min(self._limits(), key=lambda one: one[0], default=(0.0, None, ""))[1]

    @property
    def words(self) -> str:
        """That limit as a sentence."""
        return min(self._limits(), key=lambda one: one[0], default=(0.0, None, "The server names no limit."))[2]

    def _limits(self) -> list[tuple[float, int | None, str]]:
        found = []
        for left, of, reset, unit in (
            (self.remaining_requests, self.limit_requests, self.requests_reset_at, "requests"),
            (self.remaining_tokens, self.limit_tokens, self.tokens_reset_at, "tokens"),
        ):
            if left is not None and of:
                words = f"{left:,} of {of:,} {unit} left for {self.model}".replace(",", "\u202f")
                found.append((left / of, reset, words))
        return found


class _Told(Struct):
    limit: RateLimit
    at: int
    history: deque[tuple[int, float]]


class RateLimits:
    """Bounded in memory, never written. `recorder` is put before the one that keeps calls."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._told: OrderedDict[tuple[str, str], _Told] = OrderedDict()
        self._listeners: list[Callable[[str, str], None]] = []

    def listen(self, heard: Callable[[str, str], None]) -> None:
        """`heard` is told the profile's id and the model whose limits are new."""
        self._listeners.append(heard)

    def recorder(self, profile: str, next_recorder: Recorder) -> Recorder:
        """A recorder for one profile's client that passes all on."""
        return _Watch(self, profile, next_recorder)

    def take(self, profile: str, model: str, limit: RateLimit) -> None:
        """What a reply said, now."""
        key, at = (profile, model), round(self._now() * 1_000_000)
        told = self._told.pop(key, None) or _Told(limit, at, deque(maxlen=KEPT_POINTS))
        told.limit, told.at = _joined(limit, told.limit), at
        if (share := _gauge(model, told, at).share) is not None:
            told.history.append((at, share))
        self._told[key] = told
        while len(self._told) > KEPT_MODELS:
            self._told.popitem(last=False)
        for heard in self._listeners:
            heard(profile, model)

    def models(self, profile: str) -> tuple[Gauge, ...]:
        """The models of a profile that were called in the last hour, the tightest first."""
        now = round(self._now() * 1_000_000)
        for told in self._told.values():
            while told.history and told.history[0][0] < now - KEPT:
                told.history.popleft()
        found = [
            _gauge(model, told, now)
            for (owner, model), told in self._told.items()
            if owner == profile and told.at >= now - KEPT
        ]
        return tuple(sorted(found, key=lambda gauge: (gauge.share is None, gauge.share or 0.0, gauge.model)))


class _Watch:
    """Reads the model out of a request and the limits out of its answer; everything goes on to the next recorder."""

    def __init__(self, limits: RateLimits, profile: str, next_recorder: Recorder) -> None:
        self._limits, self._profile, self._next = limits, profile, next_recorder
        self._models: dict[str, str] = {}

    def sending(self, call: CallStart, attempt: int) -> None:
        if call.call_id not in self._models and call.body:
            self._models[call.call_id] = model_in(call.body)
        self._next.sending(call, attempt)

    def marked(self, call_id: str, mark: Mark, at_ms: float) -> None:
        if isinstance(self._next, TimedRecorder):
            self._next.marked(call_id, mark, at_ms)

    def answered(self, call_id: str, status: int, headers: tuple[tuple[str, str], ...], at_ms: float) -> None:
        self._next.answered(call_id, status, headers, at_ms)
        model = self._models.get(call_id, "")
        if model and (limit := ratelimit.parse({name.lower(): value for name, value in headers})) is not None:
            self._limits.take(self._profile, model, limit)

    def received(self, call_id: str, chunk: bytes, at_ms: float) -> None:
        self._next.received(call_id, chunk, at_ms)

    def waiting(self, call_id: str, seconds: float, reason: str, at_ms: float) -> None:
        self._next.waiting(call_id, seconds, reason, at_ms)

    def ended(self, call_id: str, fate: Fate, at_ms: float) -> None:
        self._models.pop(call_id, None)
        self._next.ended(call_id, fate, at_ms)


class _Named(Struct):
    model: str = ""


def model_in(body: bytes) -> str:
    """The model that a request names, in JSON or in a form; "" where it cannot be found quickly."""
    if body.startswith(b"{") and len(body) <= READABLE_BYTES:
        try:
            return msgspec.json.decode(body, type=_Named).model
        except msgspec.DecodeError:
            return ""
    found = (_IN_JSON if body.startswith(b"{") else _IN_A_FORM).search(body[:READABLE_BYTES])
    return found[1].decode("utf-8", "replace") if found else ""


def _joined(newer: RateLimit, older: RateLimit) -> RateLimit:
    """What a reply left out is as it was said before."""
    said = {name: value for name in RateLimit.__struct_fields__ if (value := getattr(newer, name)) is not None}
    return msgspec.structs.replace(older, **said)


def _gauge(model: str, told: _Told, now: int) -> Gauge:
    limit = told.limit
    requests_at, tokens_at = _when(told.at, limit.reset_requests), _when(told.at, limit.reset_tokens)
    return Gauge(
        model=model,
        told=told.at,
        remaining_requests=_left(limit.remaining_requests, limit.limit_requests, requests_at, now),
        limit_requests=limit.limit_requests,
        requests_reset_at=requests_at,
        remaining_tokens=_left(limit.remaining_tokens, limit.limit_tokens, tokens_at, now),
        limit_tokens=limit.limit_tokens,
        tokens_reset_at=tokens_at,
        history=tuple(told.history),
    )


def _when(told: int, reset: timedelta | None) -> int | None:
    return None if reset is None else told + reset // timedelta(microseconds=1)


def _left(remaining: int | None, limit: int | None, reset_at: int | None, now: int) -> int | None:
    is_whole = reset_at is not None and reset_at <= now and limit is not None
    return limit if is_whole else remaining
