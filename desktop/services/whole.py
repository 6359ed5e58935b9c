"""Awaits work that must not be left half done when its task is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

GRACE_S = 3.0  # for a commit that has begun when a stop comes

T = TypeVar("T")


async def whole(work: Coroutine[Any, Any, T]) -> T:
    """Await work that must not be left half done: a stop meanwhile is put off to the next await.

    Only what cannot end, such as a commit to a full disk, is given up some seconds after the stop.
    """
    task, current = asyncio.ensure_future(work), asyncio.current_task()
    is_stopped = False
    while not task.done():
        try:
            await asyncio.wait([task], timeout=GRACE_S if is_stopped else None)
        except asyncio.CancelledError:
            is_stopped = True
            if current is not None:
                current.uncancel()
            continue
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
    if is_stopped and current is not None:
        current.cancel()
    return task.result()
