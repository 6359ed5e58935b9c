"""Damaged recordings are heard as far as they can be, and what is behind the damage stands where it was."""

from __future__ import annotations

import itertools
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from sounds import silence, speech, write

from desktop.core.errors import BadFile
from desktop.media import cutting, decoding, levels, pieces
from desktop.media.probing import probe

WHOLE_MS = 28_000


def talk(path: Path, **more) -> bytearray:
    said = [each for n in range(8) for each in (speech(3, n), silence(0.5, n))]
    return bytearray(write(path, iter(said), **more).read_bytes())


@pytest.fixture(params=["mp3", "ogg", "flac", "m4a"])
def recording(request, tmp_path) -> tuple[Path, bytearray]:
    path = tmp_path / f"talk.{request.param}"
    return path, talk(path)


@pytest.mark.parametrize("damage", [bytes(4000), b"\xa5" * 4000])
def test_a_hole_in_the_middle_costs_what_was_in_it(recording, damage):
    path, content = recording
    middle = len(content) // 2
    content[middle : middle + len(damage)] = damage
    path.write_bytes(content)
    heard = levels.listen(path)
    assert WHOLE_MS - 1500 <= heard.milliseconds <= WHOLE_MS + 100
    if path.suffix != ".mp3":  # whose frames have no times of their own
        assert heard.milliseconds == pytest.approx(WHOLE_MS, abs=150)
        last = levels.silences(heard.levels)[-1]
        assert last[1] == pytest.approx(WHOLE_MS, abs=150) and last[0] == pytest.approx(WHOLE_MS - 500, abs=150)
    at, samples = pieces.piece(path, 25_000, 26_000)
    assert at == pytest.approx(25_000, abs=60) and samples.size == pytest.approx(16_000, abs=1000)


def test_one_that_was_cut_off_is_heard_up_to_there(tmp_path):
    path = tmp_path / "talk.flac"
    content = talk(path)
    path.write_bytes(content[: len(content) // 2])
    assert levels.listen(path).milliseconds == pytest.approx(WHOLE_MS / 2, abs=600)


def test_one_that_changes_its_form_on_the_way_is_heard_whole(tmp_path):
    first, second = talk(tmp_path / "a.mp3"), talk(tmp_path / "b.mp3", channels=2, rate=44_100)
    both = tmp_path / "both.mp3"
    both.write_bytes(first + second)
    assert levels.listen(both).milliseconds == pytest.approx(2 * WHOLE_MS, abs=300)


def test_samples_that_are_no_numbers_are_silence(tmp_path):
    samples = np.concatenate([speech(2, 1), silence(1, 2)]).astype("<f4")
    samples[5000:5100], samples[9000], samples[9500] = np.nan, np.inf, -3e38
    body = samples.tobytes()
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + len(body), b"WAVE", b"fmt ", 16, 3, 1, 16_000, 64_000, 4, 32, b"data", len(body)),
    )
    path = tmp_path / "odd.wav"
    path.write_bytes(head + body)
    heard = levels.listen(path)
    assert heard.milliseconds == 3000 and np.isfinite(heard.levels).all() and heard.levels.max() <= 0.01
    stretches = cutting.plan(3000, [], 2000)
    assert len(list(cutting.write_parts(path, stretches, "opus", lambda n: tmp_path / f"{n}.ogg"))) == 2


def test_times_that_jump_are_not_believed_for_ever():
    even = decoding._Even("mono")
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.float32), format="flt", layout="mono")
    frame.sample_rate = 16_000
    found = 0
    for at in itertools.accumulate([0.0, 1e9, 1e9, 1e9]):
        frame.pts, frame.time_base = round(at), Fraction(1)
        found += sum(block.size for block in even.take(frame))
    assert found <= (4 * 2 + decoding.GAPS_S + 1) * 16_000


def test_what_holds_nothing_whole_is_refused(tmp_path):
    path = tmp_path / "noise.mp3"
    path.write_bytes(bytes(range(256)) * 400)
    with pytest.raises(BadFile):
        probe(path)
    with pytest.raises(BadFile):
        levels.listen(path)
