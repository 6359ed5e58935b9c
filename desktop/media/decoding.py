"""Sound files of any format as plain samples, in pieces that a model can hear one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop.core.errors import BadFile

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Samples = npt.NDArray[np.float32]

HEARD_RATE = 16_000
WINDOW_S = 300.0
GAP_S, GAPS_S = 0.25, 600  # between the times of two frames, before it is filled; and of all gaps that are
_FRAME_S, _BELOW_DB, _LOUD = 0.02, 35.0, 95.0
_SEARCHED = 0.4  # of a window's end is searched for a pause


def blocks(path: Path, *, channel: int | None = None) -> Iterator[Samples]:
    """Mono samples at HEARD_RATE, between -1 and 1, as they are decoded. Raises BadFile where nothing can be.

    What is damaged or missing in the middle is silence, so that all behind it stands where it is in the recording.
    `channel` 0 or 1 takes the left or the right side of a recording; else all are mixed.
    """
    if channel is not None:
        yield from (pair.reshape(-1, 2)[:, channel] for pair in _decoded(path, "stereo"))
    else:
        yield from _decoded(path, "mono")


def _decoded(path: Path, layout: str) -> Iterator[Samples]:
    import av  # slow to import

    try:
        with av.open(str(path), mode="r", metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise BadFile("This file has no sound in it.")
            even = _Even(layout)
            for frame in frames(container):
                yield from even.take(frame)
            yield from even.rest()
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise BadFile("This file cannot be read as sound.") from error


def frames(container: Any) -> Iterator[Any]:
    """Decoded frames of the first sound stream from where the container stands; damaged packets are passed over.

    Raises av.FFmpegError where none of them is whole.
    """
    import av

    failure: Exception | None = None
    has_come = False
    packets = container.demux(container.streams.audio[0])
    while True:
        try:
            if (packet := next(packets, None)) is None:
                break
            decoded = packet.decode()
        except av.FFmpegError as error:
            failure = error
            continue
        for frame in decoded:
            has_come = True
            yield frame
    if failure is not None and not has_come:
        raise failure


class _Even:
    """Frames of any rate and form as samples at HEARD_RATE, with silence where their times leave a gap."""

    def __init__(self, layout: str) -> None:
        self._layout = layout
        self._channels = 2 if layout == "stereo" else 1
        self._form: tuple[Any, ...] | None = None
        self._resampler: Any = None
        self._origin: float | None = None
        self._count = self._filled = 0

    def take(self, frame: Any) -> Iterator[Samples]:
        import av

        form = frame.sample_rate, frame.layout.name, frame.format.name
        if form != self._form:  # some recordings change it on their way
            yield from self.rest()
            self._form, self._resampler = form, av.AudioResampler("flt", self._layout, HEARD_RATE)
        if frame.time is not None:
            self._origin = frame.time if self._origin is None else self._origin
            yield from self._gap(frame.time - self._origin)
        frame.pts = None
        yield from self._counted(self._resampler.resample(frame))

    def rest(self) -> Iterator[Samples]:
        if self._resampler is not None:
            yield from self._counted(self._resampler.resample(None))

    def _counted(self, even: Sequence[Any]) -> Iterator[Samples]:
        for frame in even:
            made = tame(frame.to_ndarray().reshape(-1))
            self._count += made.size // self._channels
            yield made

    def _gap(self, at: float) -> Iterator[Samples]:
        """Silence up to the time of a frame; never more than what was heard, and a little, all together."""
        import numpy as np

        missing = round(at * HEARD_RATE) - self._count
        most = self._count + GAPS_S * HEARD_RATE - 2 * self._filled
        if missing < GAP_S * HEARD_RATE:
            return
        missing = int(min(missing, most))
        while missing > 0:
            size = min(missing, HEARD_RATE)
            missing -= size
            self._count += size
            self._filled += size
            yield np.zeros(size * self._channels, np.float32)


def tame(samples: Samples) -> Samples:
    """The same between -1 and 1; what is no number is silence."""
    import numpy as np

    if samples.size and not float(np.abs(samples).max()) <= 1.0:  # so that NaN is found too
        samples = np.clip(np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)
    return samples


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
