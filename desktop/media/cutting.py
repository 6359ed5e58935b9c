"""A long recording in parts that a server takes: where to cut, and the parts as files."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop.core.transcript import Stretch
from desktop.media.decoding import HEARD_RATE, blocks

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Samples = npt.NDArray[np.float32]

OVERLAP_MS = 8_000
EARLIEST = 0.5  # of the longest part: cut no earlier than there while there is a choice
BYTES_A_SECOND = {"flac": 24_000, "opus": 4_200}
"""About what a second of 16 kHz mono speech takes at most; a part that comes out larger is cut again."""

_CODECS = {
    "flac": ("flac", "flac", "s16", {}),
    "opus": ("ogg", "libopus", "flt", {"b": "32000", "application": "voip"}),
}
SUFFIX = {"flac": ".flac", "opus": ".ogg"}


def plan(milliseconds: int, silent: Sequence[tuple[int, int]], longest_ms: int) -> tuple[Stretch, ...]:
    """Stretches of at most `longest_ms` that cover a recording. Each cut is in the middle of a silence; where nobody
    pauses for that long, at the limit, and the next part begins OVERLAP_MS earlier."""
    found: list[Stretch] = []
    begins = overlap = 0
    while milliseconds - begins > longest_ms:
        limit = begins + longest_ms
        cut = _best_silence(silent, begins + overlap + int((longest_ms - overlap) * EARLIEST), limit)
        if cut is None:
            cut = _best_silence(silent, begins + overlap + 1000, limit)
        if cut is not None:
            found.append(Stretch(begins, cut, overlap))
            begins, overlap = cut, 0
        else:
            found.append(Stretch(begins, limit, overlap))
            overlap = min(OVERLAP_MS, longest_ms // 4)
            begins = limit - overlap
    found.append(Stretch(begins, milliseconds, overlap))
    return tuple(found)


def _best_silence(silent: Sequence[tuple[int, int]], first: int, last: int) -> int | None:
    """The middle of the longest silence between two moments; of two alike the later one. One that reaches over an
    end counts with its part inside."""
    best: tuple[int, int] | None = None
    at = bisect.bisect_left(silent, first, key=lambda silence: silence[1])
    for begin, end in silent[at:]:
        if begin >= last:
            break
        inside = min(end, last) - max(begin, first)
        if inside > 0 and (best is None or inside >= best[0]):
            best = inside, (max(begin, first) + min(end, last)) // 2
    return best[1] if best is not None else None


def write_parts(
    path: Path,
    stretches: Sequence[Stretch],
    form: str,
    name: Callable[[int], Path],
    *,
    channel: int | None = None,
    tell: Callable[[float], None] | None = None,
) -> Iterator[tuple[int, Path]]:
    """Write each stretch as a file of its own, mono at 16 kHz, and yield its number as soon as it is whole.

    `form` is "flac" or "opus", `name` gives a part's path. One pass over the recording; memory stays that of the few
    seconds in work. `tell` hears of the seconds done and may raise. Blocking; raises BadFile, OSError.
    """
    open_ones: dict[int, _Part] = {}
    waiting = list(enumerate(stretches))
    done = 0
    try:
        for block in blocks(path, channel=channel):
            while waiting and _samples(waiting[0][1].begins) < done + block.size:
                number, stretch = waiting.pop(0)
                open_ones[number] = _Part(name(number), stretch, form)
            for number in list(open_ones):
                if open_ones[number].take(block, done):
                    yield number, open_ones.pop(number).close()
            done += block.size
            if tell is not None:
                tell(done / HEARD_RATE)
            if not waiting and not open_ones:
                return
        for number in list(open_ones):  # the recording ends a little before it said
            yield number, open_ones.pop(number).close()
    finally:
        for part in open_ones.values():  # it was ended: some systems remove no file that is open
            part.abandon()


class _Part:
    """One stretch on its way into a file."""

    def __init__(self, path: Path, stretch: Stretch, form: str) -> None:
        self._path = path
        self._first, self._end = _samples(stretch.begins), _samples(stretch.ends)
        self._writer = Writer(path, form)

    def take(self, block: Samples, at: int) -> bool:
        """Whether the stretch has all its samples after these, which begin at the sample `at`."""
        self._writer.take(block[max(0, self._first - at) : max(0, self._end - at)])
        return at + block.size >= self._end

    def close(self) -> Path:
        self._writer.close()
        return self._path

    def abandon(self) -> None:
        """Let go of the file, whatever is in it."""
        self._writer.abandon()


class Writer:
    """Mono samples at HEARD_RATE into a file of a form."""

    def __init__(self, path: Path, form: str) -> None:
        import av  # slow to import

        self._av: Any = av
        container, codec, sample_format, options = _CODECS[form]
        self._output: Any = av.open(str(path), mode="w", format=container)
        stream: Any = self._output.add_stream(codec, rate=HEARD_RATE, options=options)
        self._stream = stream
        self._stream.layout = "mono"
        self._stream.format = sample_format
        self._stream.codec_context.open()
        self._fifo: Any = av.AudioFifo()
        self._size = self._stream.codec_context.frame_size or 4096
        self._format, self._position = sample_format, 0

    def take(self, samples: Samples) -> None:
        if not samples.size:
            return
        self._fifo.write(self._frame(samples))
        while (frame := self._fifo.read(self._size)) is not None:
            self._encode(frame)

    def close(self) -> None:
        """Write the end of the file."""
        if self._fifo.samples:
            self._encode(self._fifo.read(0, partial=True))
        for packet in self._stream.encode(None):
            self._output.mux(packet)
        self._output.close()

    def abandon(self) -> None:
        """Let go of the file without its end."""
        with suppress(self._av.FFmpegError, OSError):
            self._output.close()

    def _frame(self, samples: Samples) -> Any:
        import numpy as np

        if self._format == "s16":
            flat = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
        else:
            flat = samples.astype(np.float32)
        frame = self._av.AudioFrame.from_ndarray(flat.reshape(1, -1), format=self._format, layout="mono")
        frame.sample_rate = HEARD_RATE
        return frame

    def _encode(self, frame: Any) -> None:
        frame.pts, frame.time_base = self._position, Fraction(1, HEARD_RATE)
        self._position += frame.samples
        for packet in self._stream.encode(frame):
            self._output.mux(packet)


def _samples(milliseconds: int) -> int:
    return milliseconds * HEARD_RATE // 1000
