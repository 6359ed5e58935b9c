"""A waveform at every zoom: its lows and highs in steps of four, made once, read by the column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[np.int8]
    Columns = npt.NDArray[np.float32]

STEP_MS = 10
FACTOR = 4
RATE = 16_000
MOST_GAIN = 6.0  # a quiet recording is drawn up to six times as high, so that it can be seen


class Pyramid:
    """`lows` and `highs` are signed bytes for every STEP_MS. Each further step holds a quarter of the one below."""

    def __init__(self, lows: bytes = b"", highs: bytes = b"") -> None:
        low, high = np.frombuffer(lows, np.int8), np.frombuffer(highs, np.int8)
        self._steps: list[tuple[Bytes, Bytes]] = [(low, high)]
        while low.size > 512:
            low, high = _quartered(low, np.minimum), _quartered(high, np.maximum)
            self._steps.append((low, high))
        loudest = max(int(high.max()), -int(low.min())) if low.size else 127
        self.gain = min(MOST_GAIN, 127 / max(1, loudest))

    @property
    def milliseconds(self) -> int:
        return int(self._steps[0][0].size) * STEP_MS

    def columns(self, begins: float, scale: float, count: int) -> tuple[Columns, Columns]:
        """Lowest and highest value, -1 to 1, of `count` columns of `scale` milliseconds from `begins` on."""
        level = 0
        while level + 1 < len(self._steps) and STEP_MS * FACTOR ** (level + 1) <= scale:
            level += 1
        low, high = self._steps[level]
        return _reduced(low, high, begins, scale, count, STEP_MS * FACTOR**level, 127.0)


class Piece:
    """Decoded samples of a stretch, for zooms at which hundredths of a second are too coarse."""

    def __init__(self, begins: float, samples: npt.NDArray[np.float32]) -> None:
        self.begins, self.samples = begins, samples

    @property
    def ends(self) -> float:
        return self.begins + self.samples.size * 1000 / RATE

    def holds(self, begins: float, ends: float) -> bool:
        return self.begins <= begins and ends <= self.ends

    def columns(self, begins: float, scale: float, count: int) -> tuple[Columns, Columns]:
        return _reduced(self.samples, self.samples, begins - self.begins, scale, count, 1000 / RATE, 1.0)

    def points(self, begins: float, ends: float) -> list[tuple[float, float]]:
        """Each sample of a stretch as (milliseconds, value)."""
        step = 1000 / RATE
        first = max(0, int((begins - self.begins) / step))
        last = min(self.samples.size, int((ends - self.begins) / step) + 2)
        return [(self.begins + at * step, float(self.samples[at])) for at in range(first, last)]


def _quartered(values: Bytes, by: Any) -> Bytes:
    """Pairs of pairs: much faster than a reduction over rows of four."""
    short = -values.size % FACTOR
    whole = np.concatenate([values, np.repeat(values[-1:], short)]) if short else values
    pairs = by(whole[0::2], whole[1::2])
    return by(pairs[0::2], pairs[1::2])


def _reduced(
    low: npt.NDArray[Any], high: npt.NDArray[Any], begins: float, scale: float, count: int, step: float, full: float
) -> tuple[Columns, Columns]:
    """Outside of the recording the columns are 0."""
    edges = ((begins + np.arange(count + 1) * scale) / step).astype(np.int64)
    inside = (edges[:-1] >= 0) & (edges[:-1] < low.size)
    lows, highs = np.zeros(count, np.float32), np.zeros(count, np.float32)
    if not inside.any():
        return lows, highs
    first = int(np.argmax(inside))
    last = count - int(np.argmax(inside[::-1]))
    starts = edges[first:last]
    end = min(low.size, max(int(edges[last]), int(starts[-1]) + 1))
    lows[first:last] = np.minimum.reduceat(low[:end], starts) / full
    highs[first:last] = np.maximum.reduceat(high[:end], starts) / full
    return lows, highs
