"""A short piece out of the middle of a recording, without decoding what is before it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop.core.errors import BadFile
from desktop.media.decoding import HEARD_RATE, frames, tame

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Samples = npt.NDArray[np.float32]

EARLIER_MS = 500  # some codecs need a little before the place to be right at it


def piece(path: Path, begins: int, ends: int) -> tuple[float, Samples]:
    """Mono samples at HEARD_RATE of a stretch in milliseconds, and where they begin. Blocking; raises BadFile."""
    import av  # slow to import
    import numpy as np

    found: list[Samples] = []
    first: float | None = None
    resampler = av.AudioResampler("flt", "mono", HEARD_RATE)
    try:
        with av.open(str(path), mode="r", metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise BadFile("This file has no sound in it.")
            stream = container.streams.audio[0]
            base = stream.time_base or Fraction(1, 1000)
            origin = float((stream.start_time or 0) * base) * 1000
            wanted = max(0.0, begins - EARLIER_MS) + origin
            container.seek(int(wanted / 1000 / base), stream=stream)
            for frame in frames(container):
                at = (frame.time or 0.0) * 1000 - origin
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


def _flat(frame: Any) -> Samples:
    return tame(frame.to_ndarray().reshape(-1))
