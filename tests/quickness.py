"""How quick something is on a machine that does other things too: they make a try longer, never shorter."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

TRIES = 5


async def quickest(attempt: Callable[[], Awaitable[float]], goal_s: float, tries: int = TRIES) -> float:
    """The seconds of the shortest of some tries; one that reaches the goal is the last."""
    best = await attempt()
    for _ in range(tries - 1):
        if best < goal_s:
            break
        best = min(best, await attempt())
    return best


def quickest_now(attempt: Callable[[], float], goal_s: float, tries: int = TRIES) -> float:
    """The same of what needs no loop."""
    best = attempt()
    for _ in range(tries - 1):
        if best < goal_s:
            break
        best = min(best, attempt())
    return best
