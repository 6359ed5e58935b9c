"""How long the whole queue still takes, by what was heard of it since it began."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

RATE_OVER_S = 8.0  # before it has worked so long there is nothing to go by
LEAST_HEARD_S = 1.0


class Together:
    """Asked whenever jobs have changed. What is paused is not counted: nobody knows when it goes on."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began: float | None = None
        self._before = 0.0  # seconds of sound that were heard when it began

    def left(self, jobs: Iterable[tuple[str, float, float]], *, is_at_work: bool) -> float | None:
        """Seconds, None while nobody knows. Of each job its state, the length of its recording and its progress."""
        heard = to_come = 0.0
        for state, seconds, progress in jobs:
            if state == "done":
                heard += seconds
            elif state not in ("failed", "cancelled"):
                heard += seconds * progress
                to_come += 0.0 if state == "paused" else seconds * (1 - progress)
        now = self._clock()
        if not is_at_work:
            self._began = None
            return None
        if self._began is None or heard < self._before:  # some were taken from the list
            self._began, self._before = now, heard
        took, did = now - self._began, heard - self._before
        return to_come * took / did if took >= RATE_OVER_S and did >= LEAST_HEARD_S else None
