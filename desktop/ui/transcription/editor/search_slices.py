"""Find and replace over a long transcript slice by slice in a worker, so that it can be stopped between, and a pattern
that takes long in each of thousands of segments is given up as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TypeVar

from msgspec.structs import replace

from desktop.core import transcript_edits as edits
from desktop.core.errors import BadInput
from desktop.core.transcript import Segment, Transcript
from desktop.core.transcript_edits import Match, Search

LONGEST_S = 4.0
FIRST, QUICK_S = 16, 0.05  # segments of the first slice; after a slice that was quick the next one is twice as long

T = TypeVar("T")


async def find(transcript: Transcript, search: Search) -> tuple[Match, ...]:
    """All hits in their order. Raises BadInput."""
    found: list[Match] = []
    async with aclosing(_slices(transcript, lambda some: edits.find(some, search))) as slices:
        async for hits in slices:
            found += hits
    return tuple(found)


async def replace_all(transcript: Transcript, search: Search, by: str) -> tuple[Transcript, int]:
    """Every hit replaced; returns how many. Raises BadInput."""
    segments: list[Segment] = []
    count = 0
    async with aclosing(_slices(transcript, lambda some: edits.replace_all(some, search, by))) as slices:
        async for changed, times in slices:
            segments += changed.segments
            count += times
    return replace(transcript, segments=tuple(segments)), count


async def _slices(transcript: Transcript, work: Callable[[Transcript], T]) -> AsyncGenerator[T, None]:
    clock = asyncio.get_running_loop().time
    began, at, count = clock(), 0, FIRST
    while at < len(transcript.segments):
        before = clock()
        if before - began > LONGEST_S:
            raise BadInput("This pattern takes too long.", "Make it simpler.")
        yield await asyncio.to_thread(work, replace(transcript, segments=transcript.segments[at : at + count]))
        at += count
        count = count * 2 if clock() - before < QUICK_S else FIRST
