"""Recordings made for tests: stretches that sound about as loud as speech, and silences of known places."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RATE = 16_000
NOISE = 10 ** (-70 / 20)


def speech(seconds: float, seed: int, loud: float = 0.2) -> np.ndarray:
    """Noise that swells and falls four times a second, as syllables do, never as low as a pause."""
    chance = np.random.default_rng(seed)
    count = int(seconds * RATE)
    swell = 0.6 + 0.4 * np.sin(np.arange(count) * 2 * np.pi * 4 / RATE)
    return (chance.standard_normal(count) * swell * loud * 0.4).astype(np.float32)


def silence(seconds: float, seed: int) -> np.ndarray:
    """A room in which nobody speaks."""
    return (np.random.default_rng(seed).standard_normal(int(seconds * RATE)) * NOISE).astype(np.float32)


def talk(plan: list[tuple[str, float]]) -> Iterator[np.ndarray]:
    """Samples of ("speech" or "silence", seconds), one after another."""
    for seed, (kind, seconds) in enumerate(plan):
        yield speech(seconds, seed) if kind == "speech" else silence(seconds, seed)


def write(path: Path, pieces: Iterator[np.ndarray], *, codec: str = "", channels: int = 1, rate: int = RATE) -> Path:
    """A file of any container that FFmpeg writes; several channels have the same samples."""
    codecs = {".mp3": "libmp3lame", ".m4a": "aac", ".flac": "flac", ".ogg": "libopus", ".wav": "pcm_s16le"}
    layout = "mono" if channels == 1 else "stereo"
    with av.open(str(path), mode="w") as output:
        stream = output.add_stream(codec or codecs[path.suffix], rate=rate)
        stream.layout = layout
        stream.bit_rate = stream.bit_rate or 64_000  # some codecs have no rate of their own
        even = av.AudioResampler(format=stream.codec_context.format.name, layout=layout, rate=stream.rate)
        fifo = av.AudioFifo()
        at = 0
        stream.codec_context.open()
        size = stream.codec_context.frame_size or 4096

        def encode(frame):
            nonlocal at
            frame.pts, frame.time_base = at, Fraction(1, stream.rate)
            at += frame.samples
            output.mux(stream.encode(frame))

        for piece in pieces:
            flat = (np.clip(piece, -1, 1) * 32767).astype(np.int16).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(flat, format="s16", layout="mono")
            frame.sample_rate = RATE
            for each in even.resample(frame):
                fifo.write(each)
            while (whole := fifo.read(size)) is not None:
                encode(whole)
        for each in even.resample(None):
            fifo.write(each)
        if fifo.samples:
            encode(fifo.read(0, partial=True))
        output.mux(stream.encode(None))
    return path
