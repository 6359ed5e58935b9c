"""A piece out of the middle of a recording is what the whole one has there."""

from __future__ import annotations

import numpy as np
import pytest
import sounds

from desktop.core.errors import BadFile
from desktop.media.decoding import HEARD_RATE, blocks
from desktop.media.pieces import piece


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
