"""A piece out of the middle of a recording is what the whole one has there."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import sounds

from desktop.core.errors import BadFile
from desktop.media.decoding import HEARD_RATE, blocks
from desktop.media.pieces import piece, placed


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".m4a", ".mp3", ".ogg"])
def test_a_piece_stands_where_the_whole_recording_has_it(tmp_path, suffix):
    path = sounds.write(tmp_path / f"talk{suffix}", sounds.talk([("speech", 3.0), ("silence", 0.5), ("speech", 3.0)]),
                        rate=48_000 if suffix == ".ogg" else HEARD_RATE)  # fmt: skip
    whole = np.concatenate(list(blocks(path)))
    begins, samples = piece(path, 4000, 4200)
    assert begins == pytest.approx(4000, abs=0.1) and samples.size == pytest.approx(3200, abs=2)
    at = round(begins * HEARD_RATE / 1000)
    lags = range(-800, 801)
    likeness = [float(np.dot(samples[:2400], whole[at + lag : at + lag + 2400])) for lag in lags]
    assert abs(lags[int(np.argmax(likeness))]) <= 1


def test_beyond_the_end_there_is_nothing_and_no_sound_is_said(tmp_path):
    path = sounds.write(tmp_path / "talk.wav", sounds.talk([("speech", 1.0)]))
    assert piece(path, 5000, 5100)[1].size == 0
    text = tmp_path / "no.wav"
    text.write_text("nothing")
    with pytest.raises(BadFile):
        piece(text, 0, 10)


def with_one_way_in(path: Path, seconds: int) -> Path:
    """Sound of which a reader can only begin at the start: no frame behind it is said to stand by itself."""
    rate, block = 16_000, (sounds.speech(1.024, 1) * 32767).astype(np.float32) / 32767
    with av.open(str(path), mode="w", format="mp4", options={"movflags": "frag_custom+empty_moov"}) as output:
        stream = output.add_stream("aac", rate=rate)
        stream.layout = "mono"
        stream.codec_context.open()
        size = stream.codec_context.frame_size
        for at in range(0, seconds * rate, size):
            some = np.take(block, range(at, at + size), mode="wrap").reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(some, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
            for packet in stream.encode(frame):
                packet.is_keyframe = packet.pts <= 0
                output.mux(packet)
    return path


def test_memory_is_that_of_the_piece_where_a_file_can_only_be_read_from_its_start(tmp_path):
    path = with_one_way_in(tmp_path / "long.m4a", 240)
    piece(path, 0, 10)  # what is imported late is no part of it
    reached: list[float] = []
    tracemalloc.start()
    try:
        begins, samples = piece(path, 230_000, 231_000, tell=reached.append)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert begins == pytest.approx(230_000, abs=1) and samples.size == pytest.approx(16_000, abs=2)
    assert most < 2_000_000  # all that is before it would be thirty times as much


def test_who_waits_for_a_piece_can_end_the_reading(tmp_path):
    path = sounds.write(tmp_path / "talk.wav", sounds.talk([("speech", 3.0)]))

    def enough(seconds: float) -> None:
        if seconds > 0.5:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        piece(path, 0, 3000, tell=enough)


@dataclass
class Frame:
    """What is known of a decoded frame."""

    time: float | None
    samples: int = 1600
    sample_rate: int = 16_000


def test_frames_without_times_follow_one_another():
    found = [Frame(2.0), Frame(None), Frame(None, 800), Frame(None), Frame(2.5), Frame(None)]
    assert [at for at, _ in placed(iter(found), 1000.0)] == [1000, 1100, 1200, 1250, 1500, 1600]
    assert [at for at, _ in placed(iter([Frame(None, 16_000, 8000), Frame(None)]), 0.0)] == [0, 2000]
