"""A short piece out of the middle of a recording, without decoding what is before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop.core.errors import BadFile
from desktop.media.decoding import HEARD_RATE, frames, tame

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Samples = npt.NDArray[np.float32]

EARLIER_MS = 500  # some codecs need a little before the place to be right at it

Placed = Iterator[tuple[float, Any]]
"""Frames, each with the millisecond at which it begins."""


def piece(path: Path, begins: int, ends: int, *, tell: Callable[[float], None] | None = None) -> tuple[float, Samples]:
    """Mono samples at HEARD_RATE of a stretch in milliseconds, and where they begin.

    Memory is that of the stretch, wherever the file lets a reader begin. `tell` hears of the seconds that were reached
    and may raise to end it. Blocking; raises BadFile.
    """
    import av  # slow to import
    import numpy as np

    found: list[Samples] = []
    first: float | None = None
    resampler = av.AudioResampler("flt", "mono", HEARD_RATE)
    try:
        with av.open(str(path), mode="r", metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise BadFile("This file has no sound in it.")
            for at, frame in _from(container, max(0.0, begins - EARLIER_MS)):
                if tell is not None:
                    tell(at / 1000)
                if at >= ends:
                    break
                first = at if first is None else first
                frame.pts = None
                found += [_flat(even) for even in resampler.resample(frame)]
            found += [_flat(even) for even in resampler.resample(None)]
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise BadFile("This file cannot be read as sound.") from error
    samples = np.concatenate(found) if found else np.empty(0, np.float32)
    start = first or 0.0
    skipped = max(0, int((begins - start) * HEARD_RATE / 1000))
    kept = samples[skipped : skipped + int((ends - begins) * HEARD_RATE / 1000) + 1]
    return start + skipped * 1000 / HEARD_RATE, np.ascontiguousarray(kept, np.float32)


def _from(container: Any, wanted: float) -> Placed:
    """Frames from the one on in which a millisecond is. A container that cannot go there is read from its start, as is
    one whose frames do not say where they are."""
    import av

    stream = container.streams.audio[0]
    base = stream.time_base or Fraction(1, 1000)
    origin = float((stream.start_time or 0) * base) * 1000
    with suppress(av.FFmpegError):
        container.seek(int((wanted + origin) / 1000 / base), stream=stream)
    found = frames(container)
    first = next(found, None)
    if first is None:
        return
    if first.time is None:
        container.seek(0)
        first, found = None, frames(container)
    for at, frame in placed(chain(() if first is None else (first,), found), origin):
        if at + _lasts(frame) > wanted:
            yield at, frame


def placed(found: Iterator[Any], origin: float) -> Placed:
    """One that carries no time begins where the one before it ends; `origin` is the time of the recording's start."""
    at = 0.0
    for frame in found:
        at = at if frame.time is None else frame.time * 1000 - origin
        yield at, frame
        at += _lasts(frame)


def _lasts(frame: Any) -> float:
    return frame.samples * 1000 / frame.sample_rate if frame.sample_rate else 0.0


def _flat(frame: Any) -> Samples:
    return tame(frame.to_ndarray().reshape(-1))
