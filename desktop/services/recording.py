"""Recordings made here: begun as a file that is kept while it grows, and found again after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from desktop.media.capture import Capture as Capture
from desktop.media.capture import CaptureFailed as CaptureFailed
from desktop.media.capture import recover

FOLDER = "recordings"


def begin(folder: Path, rate: int, channels: int, failed: Callable[[CaptureFailed], None], now: datetime) -> Capture:
    """A recording in the data folder, named by its time; `failed` is called on the thread that writes."""
    return Capture(folder / FOLDER / f"Recording {now:%Y-%m-%d %H.%M.%S}.wav", rate, channels, failed)


async def unfinished(folder: Path) -> list[str]:
    """Files that a crash cut, whole again."""
    return [str(path) for path in await asyncio.to_thread(recover, folder / FOLDER)]
