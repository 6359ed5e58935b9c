"""The one timer that watches over a reply: silence, life without text, and a computer that slept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from desktop.core.errors import Silent, WireError

TICK_S = 5.0
JUMP_S = 30.0

T = TypeVar("T")


class Timer(Protocol):
    def cancel(self) -> None: ...


class Timers(Protocol):
    """What is used of an event loop's clock, so that a test can bring its own."""

    def time(self) -> float: ...

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer: ...


class Watchdog:
    """Ends the read that is going on when nothing came for too long.

    The reader sets `waiting` to its task while it waits, and `last_byte` and `last_text` as things come; no timer is
    touched on that path. Time that the reader's own owner takes between two reads does not count as silence.
    """

    def __init__(
        self,
        timers: Timers | None = None,
        *,
        no_byte_s: float,
        no_text_s: float,
        notice_s: float,
        on_alive: Callable[[float], None] | None = None,
        on_jump: Callable[[], None] | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._timers, self._wall = timers or asyncio.get_running_loop(), wall
        self._no_byte_s, self._no_text_s, self._notice_s = no_byte_s, no_text_s, notice_s
        self.on_alive, self.on_jump = on_alive, on_jump
        self.clock = timers.time if timers else time.monotonic  # which is what a loop's own time() calls
        self.last_byte = self.last_text = self.clock()
        self.waiting: asyncio.Task[object] | None = None
        self._verdict: WireError | None = None
        task = asyncio.current_task()
        self._cancelling = task.cancelling() if task else 0
        self._offset = wall() - self.last_byte
        self._timer: Timer | None = None
        self._arm()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def moved(self) -> None:
        """Something went out: what is still being sent is not answered yet."""
        self.last_byte = self.last_text = self.clock()

    async def guard(self, work: Awaitable[T]) -> T:
        """Await something under the watch; raises Silent when it took too long."""
        self.waiting = asyncio.current_task()
        try:
            return await work
        except asyncio.CancelledError:
            if verdict := self.verdict():
                raise verdict from None
            raise
        finally:
            self.waiting = None

    def verdict(self) -> WireError | None:
        """The reason, if the cancellation that has just arrived was the watchdog's own."""
        task, found = self.waiting, self._verdict
        self.waiting = self._verdict = None
        if found is None or task is None:
            return None
        return found if task.uncancel() <= self._cancelling else None

    def _arm(self) -> None:
        now = self.clock()
        due = min(
            self.last_byte + self._no_byte_s,
            self.last_text + self._no_text_s,
            now + TICK_S if now - self.last_text >= self._notice_s else self.last_text + self._notice_s,
            now + TICK_S,
        )
        self._timer = self._timers.call_later(max(due - now, 0.001), self._tick)

    def _tick(self) -> None:
        now = self.clock()
        self._watch_the_clock(now)
        if self.waiting is None:
            self.last_text += now - self.last_byte if now > self.last_byte else 0.0
            self.last_byte = now
        elif verdict := self._judge(now):
            self._verdict = verdict
            self._timer = None
            self.waiting.cancel()
            return
        elif self.on_alive is not None and now - self.last_text >= self._notice_s:
            self.on_alive(now - self.last_text)
        self._arm()

    def _judge(self, now: float) -> WireError | None:
        if now - self.last_byte >= self._no_byte_s:
            return Silent(f"The server sent nothing for {self._no_byte_s:,.0f} seconds, so the call was ended.")
        if now - self.last_text >= self._no_text_s:
            return Silent(
                f"The server is alive but sent no text for {self._no_text_s:,.0f} seconds, so the call was ended."
            )
        return None

    def _watch_the_clock(self, now: float) -> None:
        offset = self._wall() - now
        if abs(offset - self._offset) > JUMP_S and self.on_jump is not None:
            self.on_jump()
        self._offset = offset
