"""What a call spent its time on: the stretches of each try, for the timeline."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.core.calls import Fate
from desktop.core.wire.exchange import Attempt, Exchange

CONNECT, TLS, SEND, WAIT, STREAM, PAUSE = "Connect", "TLS", "Send", "Wait", "Reply", "Pause"
NAMES = (CONNECT, TLS, SEND, WAIT, STREAM, PAUSE)


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of one try, in milliseconds from the call's start. One that has not ended has no true `end`."""

    name: str
    start: float
    end: float

    @property
    def ms(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Try:
    """One try: its phases in their order, and the pause that follows it."""

    number: int
    attempt: Attempt
    phases: tuple[Phase, ...]

    @property
    def pause_ms(self) -> float:
        return next((phase.ms for phase in self.phases if phase.name == PAUSE), 0.0)


def tries(exchange: Exchange, now_ms: float | None = None) -> tuple[Try, ...]:
    """All tries; `now_ms` is where a call that runs has got to."""
    attempts = exchange.attempts or (Attempt(),)
    end = exchange.total_ms if exchange.total_ms is not None else (now_ms or 0.0)
    found = []
    for at, attempt in enumerate(attempts):
        following = attempts[at + 1].began_ms if at + 1 < len(attempts) else None
        found.append(Try(at + 1, attempt, _phases(attempt, following, max(end, attempt.began_ms), exchange)))
    return tuple(found)


def _phases(attempt: Attempt, following: float | None, end: float, exchange: Exchange) -> tuple[Phase, ...]:
    """A try that another one followed is over when its pause begins."""
    pause = (attempt.wait_s or 0.0) * 1000
    stop = end
    if following is not None:
        stop = max(attempt.first_byte_ms or attempt.sent_ms or attempt.began_ms, following - pause)
    elif attempt.wait_s is not None and exchange.fate is Fate.OPEN:
        stop = attempt.first_byte_ms or attempt.sent_ms or attempt.began_ms
    marks = (
        (CONNECT, attempt.connect_start_ms, attempt.connect_end_ms),
        (TLS, attempt.tls_start_ms, attempt.tls_end_ms),
        (SEND, attempt.sending_ms, attempt.sent_ms),
        (WAIT, attempt.sent_ms, attempt.first_byte_ms),
        (STREAM, attempt.first_byte_ms, stop),
    )
    found = []
    for name, start, until in marks:
        if start is not None and (until is not None or stop > start):
            found.append(Phase(name, start, max(start, until if until is not None else stop)))
            if until is None:
                break
    if following is not None and following > stop:
        found.append(Phase(PAUSE, stop, following))
    elif attempt.wait_s is not None and following is None and end > stop:
        found.append(Phase(PAUSE, stop, end))
    return tuple(found)
