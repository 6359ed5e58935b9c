"""Sound samples as files of the usual formats, written while they are made."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Samples = npt.NDArray[np.float32]

RATE = 24_000  # of everything that is written; what the API's raw form has
_CONTAINERS = {
    "mp3": ("mp3", "libmp3lame"),
    "opus": ("ogg", "libopus"),
    "aac": ("adts", "aac"),
    "flac": ("flac", "flac"),
}
MIMES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}


class Encoder:
    """Mono samples between -1 and 1 at `rate` in, bytes of a file out: `take` each block, then `rest` once."""

    def __init__(self, form: str, rate: int) -> None:
        import av  # an optional part of the installation

        self._av, self._form, self._rate = av, form, rate
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        self._position = 0
        self._raw = form in ("wav", "pcm")
        if not self._raw:
            self._open(*_CONTAINERS[form])

    def _open(self, container: str, codec: str) -> None:
        self._sink = _Sink()
        options = {"write_xing": "0"} if container == "mp3" else {}
        self._output: Any = self._av.open(self._sink, mode="w", format=container, container_options=options)
        stream: Any = self._output.add_stream(codec, rate=RATE)
        self._stream = stream
        self._stream.layout = "mono"
        self._stream.codec_context.open()
        self._frames: Any = self._av.AudioResampler(
            format=self._stream.codec_context.format.name, layout="mono", rate=RATE
        )
        self._fifo: Any = self._av.AudioFifo()

    def take(self, samples: Samples) -> bytes:
        """What of the file is certain after these samples; may be empty."""
        return b"".join(self._written(self._frame(samples)))

    def rest(self) -> bytes:
        """The end of the file."""
        out = b"".join(self._written(None))
        if self._raw:
            return out
        if self._fifo.samples:
            self._encode(self._fifo.read(0, partial=True))
        for packet in self._stream.encode(None):
            self._output.mux(packet)
        self._output.close()
        return out + self._sink.taken()

    def _frame(self, samples: Samples) -> Any:
        frame = self._av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate, frame.pts = self._rate, self._position
        self._position += samples.size
        return frame

    def _written(self, frame: Any) -> Iterator[bytes]:
        """The resampler keeps some samples until it is given None."""
        for even in self._resampler.resample(frame):
            if self._raw:
                yield even.to_ndarray().tobytes()
                continue
            even.pts = None
            for shaped in self._frames.resample(even):
                shaped.pts = None
                self._fifo.write(shaped)
            size = self._stream.codec_context.frame_size or 4096
            while self._fifo.samples >= size:
                self._encode(self._fifo.read(size))
        if not self._raw:
            yield self._sink.taken()

    _sent = 0

    def _encode(self, frame: Any) -> None:
        frame.pts = self._sent
        self._sent += frame.samples
        for packet in self._stream.encode(frame):
            self._output.mux(packet)


def wav(pcm: bytes) -> bytes:
    """A WAV file around 16-bit mono samples at RATE."""
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(pcm),
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        RATE,
        RATE * 2,
        2,
        16,
        b"data",
        len(pcm),
    )
    return head + pcm


class _Sink(io.RawIOBase):
    """A file that cannot go back: what a connection is."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: Any) -> int:
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held
