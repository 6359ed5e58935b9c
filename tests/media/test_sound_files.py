"""Sound files: what is written is read again, and long ones are cut in pauses."""

from __future__ import annotations

import numpy as np
import pytest

from desktop.core.errors import BadFile
from desktop.media.decoding import HEARD_RATE, blocks, pause, windows
from desktop.media.encoding import RATE, Encoder, wav


def tone(seconds: float) -> np.ndarray:
    return (0.5 * np.sin(np.arange(int(seconds * RATE)) * 2 * np.pi * 440 / RATE)).astype(np.float32)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(int(seconds * RATE), dtype=np.float32)


def written(form: str, samples: np.ndarray) -> bytes:
    encoder = Encoder(form, RATE)
    out = b"".join(encoder.take(block) for block in np.array_split(samples, 7)) + encoder.rest()
    return wav(out) if form == "wav" else out


@pytest.mark.parametrize("form", ["mp3", "opus", "aac", "flac", "wav"])
def test_what_is_written_is_read_again_whole(tmp_path, form):
    path = tmp_path / f"tone.{'ogg' if form == 'opus' else form}"
    path.write_bytes(written(form, tone(1.5)))
    heard = np.concatenate(list(blocks(path)))
    assert heard.size / HEARD_RATE == pytest.approx(1.5, abs=0.12)
    middle = np.abs(np.fft.rfft(heard[4000:20000]))
    assert np.argmax(middle) * HEARD_RATE / 16000 == pytest.approx(440, abs=3)


def test_long_sound_is_cut_in_pauses_and_nothing_is_lost(tmp_path):
    path = tmp_path / "speech.wav"
    path.write_bytes(written("wav", np.concatenate([tone(1.5), silence(0.3), tone(1.5), silence(0.3), tone(0.4)])))
    pieces = list(windows(path, window_s=2.0))
    total = np.concatenate(list(blocks(path))).size
    assert sum(samples.size for _, samples in pieces) == total
    starts = [round(start, 2) for start, _ in pieces]
    assert starts[0] == 0 and 1.5 < starts[1] < 1.8 and 3.3 < starts[2] < 3.6


def test_without_a_pause_the_cut_is_at_the_end():
    samples = (0.5 * np.sin(np.arange(HEARD_RATE * 2) * 0.1)).astype(np.float32)
    assert pause(samples) == samples.size


@pytest.mark.parametrize("content", [b"", b"no sound at all", b"RIFF\0\0\0\0WAVE"])
def test_what_is_no_sound_is_a_bad_file(tmp_path, content):
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(BadFile):
        list(blocks(tmp_path / "a.wav"))
