"""Sound files of any format as plain samples, in pieces that a model can hear one after another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop.core.errors import BadFile

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Samples = npt.NDArray[np.float32]

HEARD_RATE = 16_000
WINDOW_S = 300.0
_FRAME_S, _BELOW_DB, _LOUD = 0.02, 35.0, 95.0
_SEARCHED = 0.4  # of a window's end is searched for a pause


def blocks(path: Path, *, channel: int | None = None) -> Iterator[Samples]:
    """Mono samples at HEARD_RATE, between -1 and 1, as they are decoded. Raises BadFile.

    `channel` 0 or 1 takes the left or the right side of a recording; else all are mixed.
    """
    import av  # slow to import

    if channel is not None:
        yield from (_side(pair, channel) for pair in _decoded(path, av.AudioResampler("flt", "stereo", HEARD_RATE)))
        return
    yield from _decoded(path, av.AudioResampler("flt", "mono", HEARD_RATE))


def _decoded(path: Path, resampler: Any) -> Iterator[Samples]:
    import av

    try:
        with av.open(str(path), mode="r", metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise BadFile("This file has no sound in it.")
            for frame in container.decode(audio=0):
                frame.pts = None
                yield from (_samples(even) for even in resampler.resample(frame))
        yield from (_samples(even) for even in resampler.resample(None))
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise BadFile("This file cannot be read as sound.") from error


def _side(pair: Samples, channel: int) -> Samples:
    return pair.reshape(-1, 2)[:, channel]


def _samples(frame: Any) -> Samples:
    made: Samples = frame.to_ndarray().reshape(-1)
    return made


def windows(path: Path, window_s: float = WINDOW_S) -> Iterator[tuple[float, Samples]]:
    """Start in seconds and samples of pieces of at most `window_s`, cut in pauses; memory stays that of one piece."""
    import numpy as np  # comes with the engines

    held: list[Samples] = []
    count, start, most = 0, 0, int(window_s * HEARD_RATE)
    for block in blocks(path):
        held.append(block)
        count += block.size
        while count >= most:
            whole = np.concatenate(held)
            at = pause(whole[:most])
            yield start / HEARD_RATE, whole[:at]
            held, count, start = [whole[at:]], whole.size - at, start + at
    if count:
        yield start / HEARD_RATE, np.concatenate(held)


def pause(samples: Samples) -> int:
    """Where to cut: the middle of the longest pause near the end, the very end where nobody pauses.

    A pause is quieter than loud speech (the 95th percentile) by 35 dB.
    """
    import numpy as np  # comes with the engines

    size = int(_FRAME_S * HEARD_RATE)
    frames = samples[: samples.size // size * size].reshape(-1, size)
    level = 20 * np.log10(np.sqrt((frames**2).mean(axis=1)) + 1e-9)
    is_quiet = level < np.percentile(level, _LOUD) - _BELOW_DB
    best, run_start, cut = 0, 0, samples.size
    first = int(len(is_quiet) * (1 - _SEARCHED))
    for at, quiet in enumerate([*is_quiet[first:].tolist(), False]):
        if not quiet:
            if at - run_start > best:
                best, cut = at - run_start, (first + (run_start + at) // 2) * size
            run_start = at + 1
    return int(cut)
