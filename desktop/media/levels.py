"""How loud a recording is, hundredth of a second by hundredth; the silences in it; and its waveform."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.media.decoding import HEARD_RATE, blocks

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Levels = npt.NDArray[np.float32]
    Samples = npt.NDArray[np.float32]

FRAME_MS = 10
FRAME = HEARD_RATE * FRAME_MS // 1000
QUIETEST_DB = -96.0
SILENCE_MS = 200  # shorter pauses stand between words, and some within
SILENT_DB = -60.0  # a recording that never gets louder has nobody in it


class Heard:
    """What one pass over a recording found: `levels` in dB below full scale, and the waveform's peaks, each for
    every FRAME_MS; `lows` and `highs` are signed bytes."""

    def __init__(self, levels: Levels, lows: npt.NDArray[np.int8], highs: npt.NDArray[np.int8], samples: int) -> None:
        self.levels, self.lows, self.highs, self.samples = levels, lows, highs, samples

    @property
    def milliseconds(self) -> int:
        return round(self.samples * 1000 / HEARD_RATE)

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing to be heard in all of it."""
        return not self.levels.size or float(self.levels.max()) < SILENT_DB


def listen(path: Path, *, channel: int | None = None, tell: Callable[[float], None] | None = None) -> Heard:
    """One pass over a recording; memory grows by 600 bytes a second. `channel` takes one side of a stereo recording.

    `tell` hears of the seconds done so far and may raise to end it. Blocking; raises BadFile.
    """
    import numpy as np  # slow to import

    levels, lows, highs, total = [], [], [], 0
    for block in framed(blocks(path, channel=channel)):
        total += block.size
        whole = np.resize(block, -(-block.size // FRAME) * FRAME) if block.size % FRAME else block
        frames = whole.reshape(-1, FRAME)
        power = np.einsum("ij,ij->i", frames, frames) / FRAME
        levels.append((10 * np.log10(power + 10 ** (QUIETEST_DB / 10))).astype(np.float32))
        lows.append(np.clip(frames.min(axis=1) * 127, -127, 127).astype(np.int8))
        highs.append(np.clip(frames.max(axis=1) * 127, -127, 127).astype(np.int8))
        if tell is not None:
            tell(total / HEARD_RATE)
    if not levels:
        return Heard(np.empty(0, np.float32), np.empty(0, np.int8), np.empty(0, np.int8), 0)
    return Heard(np.concatenate(levels), np.concatenate(lows), np.concatenate(highs), total)


def framed(pieces: Iterator[Samples], seconds: float = 10.0) -> Iterator[Samples]:
    """The same samples in blocks of whole frames; only the last one may end within a frame."""
    import numpy as np

    size = int(seconds * HEARD_RATE) // FRAME * FRAME
    held: list[Samples] = []
    count = 0
    for piece in pieces:
        held.append(piece)
        count += piece.size
        while count >= size:
            whole = np.concatenate(held)
            yield whole[:size]
            held, count = [whole[size:]], count - size
    if count:
        yield np.concatenate(held)


def quiet_below(levels: Levels) -> float:
    """dB below which this recording counts as silent: between its noise and its speech, nearer to the noise."""
    import numpy as np

    audible = levels[levels > QUIETEST_DB + 1]
    if not audible.size:
        return SILENT_DB
    noise, speech = (float(value) for value in np.percentile(audible, (10, 95)))
    return min(max(noise + 0.35 * (speech - noise), speech - 40.0), speech - 15.0)


def silences(levels: Levels, shortest_ms: int = SILENCE_MS) -> list[tuple[int, int]]:
    """Begin and end in milliseconds of the stretches in which nobody speaks, in their order."""
    import numpy as np

    if not levels.size:
        return []
    is_quiet = np.concatenate(([False], levels < quiet_below(levels), [False]))
    changes = np.flatnonzero(is_quiet[1:] != is_quiet[:-1])
    begins, ends = changes[::2] * FRAME_MS, changes[1::2] * FRAME_MS
    return [(int(a), int(b)) for a, b in zip(begins, ends, strict=True) if b - a >= shortest_ms]
