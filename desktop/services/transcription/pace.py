"""When a server may be asked again, and the waits in between: each is said, counts down, and can be cut short."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from desktop.api.client import Wait
from desktop.core.errors import KnownError
from desktop.services.jobs import Handle
from desktop.services.transcription.sending import Tools

LONGEST_WAIT_S = 60.0  # of our own choice
LONGEST_ASKED_S = 3600.0  # a server that asks for more is asked again after that


class Pace:
    """Of one job. What a server says of a model counts for all jobs that use it; `is_busy` says whether other parts of
    this job are under way: then it runs, whatever one part waits for."""

    def __init__(self, tools: Tools, handle: Handle, key: tuple[str, str], is_busy: Callable[[], bool]) -> None:
        self._tools, self._handle, self._key, self._is_busy = tools, handle, key, is_busy
        self._reset_seen: int | None = None

    def hold(self, seconds: float, reason: str) -> None:
        """No job asks this model before."""
        until = self._tools.clock() + min(seconds, LONGEST_ASKED_S)
        self._tools.paused[self._key] = max((until, reason), self._tools.paused.get(self._key, (0.0, "")))

    async def ready(self) -> None:
        """Until the server takes requests for this model again, for all that is known, and the job has its turn."""
        while True:
            until, reason = self._tools.paused.get(self._key, (0.0, ""))
            left = until - self._tools.clock()
            if left <= 0:
                left, reason = self._limit_left(), "the rate limit"
            if left <= 0 or await self._wait(left, partial("Waits for {}, {}".format, reason)):
                self._tools.paused.pop(self._key, None)
                return

    async def wait(self, seconds: float, why: KnownError, begins: str = "") -> bool:
        """Before the next try; whether the user cut it short. What is said `begins` so."""
        told = f"{begins} {why.summary}".strip().rstrip(".")
        return await self._wait(seconds, partial("{}. Tries again in {}".format, told), type(why).__name__)

    async def _wait(self, seconds: float, words: Callable[[str], str], problem: str = "") -> bool:
        """Say each second for what."""
        until = self._tools.clock() + seconds
        self._handle.poked.clear()
        is_cut = False
        while not is_cut and (left := until - self._tools.clock()) > 0:
            if not self._is_busy():
                self._handle.waits(words(span(left)), problem=problem, gives_way=True)
            is_cut = await self._poked(min(left, 1.0))
        await self._handle.turn()
        return is_cut

    def _limit_left(self) -> float:
        """Seconds until the server's own limit of requests is whole again, where none are left. Each such word is
        waited for once: a clock that is set back does not make it longer."""
        for gauge in self._tools.rate_limits.models(self._key[0]):
            resets = gauge.requests_reset_at
            if gauge.model == self._key[1] and gauge.remaining_requests == 0 and resets and resets != self._reset_seen:
                self._reset_seen = resets
                return min(resets / 1e6 - self._tools.now(), LONGEST_WAIT_S)
        return 0.0

    async def _poked(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._handle.poked.wait()
        except TimeoutError:
            return False
        return True


def growing(first_s: float, times: int) -> float:
    """Seconds before the next try, behind so many in vain."""
    return min(first_s * 2.0 ** min(times, 10), LONGEST_WAIT_S)


def wait_words(wait: Wait) -> str:
    """A sentence for whoever watches one call."""
    return f"{wait.reason.rstrip('.')}. Tries again in {span(wait.seconds)}."


def span(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < 120 else f"{round(seconds / 60)} min"
