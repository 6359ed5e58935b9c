"""Waiting in tests for what nothing tells of, such as what a server or another thread has done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(is_so: Callable[[], bool]) -> None:
    """Look again and again. The limit is only against hanging."""
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0.01)
