"""Files as people have them: every container and codec that FFmpeg writes here, and one that it only reads."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
import sounds

from desktop.core.transcript import Stretch
from desktop.media import cutting, levels, probing

PLAN = [("silence", 0.5), ("speech", 2.0), ("silence", 1.0), ("speech", 2.0), ("silence", 0.5)]

SOUND_ONLY = [
    ("a.mp3", "libmp3lame", 44_100),
    ("a.mp2", "mp2", 44_100),
    ("a.m4a", "aac", 44_100),
    ("a.m4b", "alac", 44_100),
    ("a.aac", "aac", 44_100),
    ("a.wav", "pcm_s24le", 96_000),
    ("a.flac", "flac", 48_000),
    ("a.oga", "flac", 44_100),
    ("a.opus", "libopus", 48_000),
    ("a.webm", "libopus", 48_000),
    ("a.mka", "ac3", 48_000),
    ("a.wma", "wmav2", 44_100),
    ("a.aiff", "pcm_s16be", 22_050),
    ("a.au", "pcm_mulaw", 8_000),
    ("a.caf", "pcm_alaw", 8_000),
    ("a.wv", "wavpack", 44_100),
    ("a.tta", "tta", 44_100),
    ("a.mov", "pcm_s16le", 44_100),
    ("a.ts", "mp2", 48_000),
    ("a.avi", "libmp3lame", 44_100),
]


@pytest.mark.parametrize(("name", "codec", "rate"), SOUND_ONLY, ids=[f"{n}-{c}" for n, c, _ in SOUND_ONLY])
def test_a_recording_is_heard_whatever_holds_it(tmp_path, name, codec, rate):
    path = sounds.write(tmp_path / name, sounds.talk(PLAN), codec=codec, rate=rate)
    sound = probing.probe(path)
    assert sound.seconds == pytest.approx(6, abs=0.25) and not sound.has_video
    heard = levels.listen(path)
    assert heard.milliseconds == pytest.approx(6000, abs=250)
    middles = [(begin + end) / 2 for begin, end in levels.silences(heard.levels)]
    assert any(2700 < middle < 3400 for middle in middles), middles


@pytest.mark.parametrize(
    ("name", "sound_codec", "picture_codec"),
    [
        ("a.mp4", "aac", "mpeg4"),
        ("a.mkv", "libopus", "mpeg4"),
        ("a.mov", "aac", "mpeg4"),
        ("a.webm", "libopus", "libvpx"),
    ],
)
def test_a_video_is_taken_for_its_sound(tmp_path, name, sound_codec, picture_codec):
    path = tmp_path / name
    film(path, sound_codec, picture_codec)
    before = path.read_bytes()
    sound = probing.probe(path)
    assert sound.has_video and sound.seconds == pytest.approx(3, abs=0.25)
    heard = levels.listen(path)
    assert heard.milliseconds == pytest.approx(3000, abs=150)
    ((_, part),) = cutting.write_parts(path, [Stretch(500, 2500)], "flac", lambda n: tmp_path / f"{n}.flac")
    with av.open(str(part)) as cut:
        assert not cut.streams.video and len(cut.streams.audio) == 1
    assert probing.probe(part).seconds == pytest.approx(2, abs=0.02)
    assert path.read_bytes() == before


def film(path: Path, sound_codec: str, picture_codec: str) -> None:
    """Three seconds of noise under a grey picture."""
    with av.open(str(path), mode="w") as output:
        picture = output.add_stream(picture_codec, rate=10)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        sound = output.add_stream(sound_codec, rate=48_000)
        sound.layout = "stereo"
        for number in range(30):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number * 8, np.uint8), format="rgb24")
            frame.pts = number
            output.mux(picture.encode(frame))
        output.mux(picture.encode(None))
        even = av.AudioResampler(format=sound.codec_context.format.name, layout="stereo", rate=48_000, frame_size=960)
        flat = (sounds.speech(3.0, 1) * 32767).astype(np.int16).reshape(1, -1)
        whole = av.AudioFrame.from_ndarray(flat, format="s16", layout="mono")
        whole.sample_rate = sounds.RATE
        for frame in [*even.resample(whole), *even.resample(None)]:
            output.mux(sound.encode(frame))
        output.mux(sound.encode(None))


def test_an_old_telephones_recording_is_heard(tmp_path):
    """AMR, which FFmpeg reads but does not write: its head, then frames of 20 ms in the best of its modes."""
    path = tmp_path / "memo.amr"
    noise = np.random.default_rng(5).integers(0, 256, (150, 31), np.uint8)
    path.write_bytes(b"#!AMR\n" + b"".join(b"\x3c" + frame.tobytes() for frame in noise))
    sound = probing.probe(path)
    assert sound.codec.startswith("amr") and sound.seconds == pytest.approx(3, abs=0.1)
    heard = levels.listen(path)
    assert heard.milliseconds == pytest.approx(3000, abs=100) and float(max(heard.levels)) > levels.SILENT_DB
