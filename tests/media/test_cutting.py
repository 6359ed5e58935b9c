"""Long recordings are cut in silences, whole, and the parts are files that anyone can read."""

from __future__ import annotations

import itertools

import av
import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sounds import RATE, silence, speech, talk, write

from desktop.core.errors import BadFile
from desktop.core.transcript import Stretch
from desktop.media import cutting, levels
from desktop.media.probing import probe

TALK = [("silence", 0.5), ("speech", 6.0), ("silence", 0.8), ("speech", 9.0), ("silence", 0.3), ("speech", 4.0),
        ("silence", 1.2), ("speech", 5.0), ("silence", 0.4)]  # fmt: skip


def places(plan):
    """Begin and end in milliseconds of each silence of a plan."""
    at, found = 0.0, []
    for kind, seconds in plan:
        if kind == "silence":
            found.append((round(at * 1000), round((at + seconds) * 1000)))
        at += seconds
    return found


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return write(tmp_path_factory.mktemp("sounds") / "talk.wav", talk(TALK))


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".m4a", ".flac", ".ogg"])
def test_silences_are_found_where_they_are_in_every_container(tmp_path, suffix):
    path = write(tmp_path / f"talk{suffix}", talk(TALK))
    found = levels.silences(levels.listen(path).levels)
    wanted = places(TALK)
    assert len(found) == len(wanted)
    for (begin, end), (first, last) in zip(found, wanted, strict=True):
        assert abs(begin - first) <= 80 and abs(end - last) <= 80, (found, wanted)  # an encoder's delay and its echo


def test_a_noisy_room_is_still_silent_between_sentences(tmp_path):
    room = 10 ** (-45 / 20)
    pieces = [
        piece + np.random.default_rng(7).standard_normal(piece.size).astype(np.float32) * room for piece in talk(TALK)
    ]
    found = levels.silences(levels.listen(write(tmp_path / "noisy.flac", iter(pieces))).levels)
    assert len(found) == len(places(TALK))


def test_every_cut_is_in_a_silence_and_the_parts_cover_everything(recording):
    heard = levels.listen(recording)
    parts = cutting.plan(heard.milliseconds, levels.silences(heard.levels), 11_000)
    assert parts[0].begins == 0 and parts[-1].ends == heard.milliseconds
    for before, after in itertools.pairwise(parts):
        assert before.ends == after.begins and after.overlap == 0
        assert any(first <= before.ends <= last for first, last in places(TALK)), before
    assert all(part.ends - part.begins <= 11_000 for part in parts)


def test_where_nobody_pauses_the_parts_overlap(tmp_path):
    path = write(tmp_path / "breathless.wav", iter([speech(50, 1)]))
    heard = levels.listen(path)
    parts = cutting.plan(heard.milliseconds, levels.silences(heard.levels), 20_000)
    assert len(parts) >= 3
    for before, after in itertools.pairwise(parts):
        assert before.ends - after.begins == after.overlap == 5_000


@given(
    milliseconds=st.integers(1, 400_000),
    longest=st.integers(5_000, 90_000),
    marks=st.lists(st.integers(0, 400_000), max_size=40, unique=True),
)
def test_any_plan_covers_the_recording_in_parts_that_are_short_enough(milliseconds, longest, marks):
    ordered = sorted(marks)
    silent = list(zip(ordered[::2], ordered[1::2], strict=False))
    parts = cutting.plan(milliseconds, silent, longest)
    assert parts[0].begins == 0 and parts[-1].ends == milliseconds
    assert all(0 < part.ends - part.begins <= longest for part in parts)
    for before, after in itertools.pairwise(parts):
        assert after.begins + after.overlap == before.ends
        if not after.overlap:
            assert any(first <= before.ends <= last for first, last in silent)


@pytest.mark.parametrize("form", ["flac", "opus"])
def test_parts_are_files_with_exactly_their_stretch_of_the_recording(recording, tmp_path, form):
    stretches = (Stretch(0, 7_000), Stretch(7_000, 16_500), Stretch(15_000, 27_200, overlap=1_500))
    suffix = cutting.SUFFIX[form]
    whole = np.concatenate(list(levels.framed(cutting.blocks(recording))))
    done = dict(cutting.write_parts(recording, stretches, form, lambda n: tmp_path / f"part{n}{suffix}"))
    assert sorted(done) == [0, 1, 2]
    for number, stretch in enumerate(stretches):
        samples = np.concatenate(list(cutting.blocks(done[number])))
        wanted = whole[stretch.begins * 16 : stretch.ends * 16]
        assert abs(samples.size - wanted.size) <= (0 if form == "flac" else 320)  # opus thinks in 20 ms
        if form == "flac":
            assert float(np.abs(samples - wanted).max()) < 2 / 32768
        with av.open(str(done[number])) as part:
            assert (part.streams.audio[0].rate if form == "flac" else 16_000) == 16_000
            assert part.streams.audio[0].channels == 1


def test_one_side_of_a_stereo_recording_can_be_heard_alone(tmp_path):
    """Two people, one on each side."""
    left, right = speech(4, 1), silence(4, 2)
    path = tmp_path / "two.wav"
    with av.open(str(path), mode="w") as output:
        stream = output.add_stream("pcm_s16le", rate=RATE)
        stream.layout = "stereo"
        pair = (np.stack([left, right], axis=1).reshape(1, -1) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pair, format="s16", layout="stereo")
        frame.sample_rate = RATE
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    assert probe(path).channels == 2
    loud, quiet = (float(np.median(levels.listen(path, channel=side).levels)) for side in (0, 1))
    assert loud - quiet > 30


def test_a_recording_in_which_nothing_is_heard_is_known_as_silent(tmp_path):
    assert levels.listen(write(tmp_path / "nothing.wav", iter([np.zeros(RATE * 3, np.float32)]))).is_silent
    assert not levels.listen(write(tmp_path / "some.wav", talk(TALK))).is_silent


def test_what_cannot_be_heard_says_so_before_anything_else(tmp_path):
    text = tmp_path / "letter.mp3"
    text.write_text("Dear all")
    video = tmp_path / "still.mp4"
    with av.open(str(video), mode="w") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for _ in range(5):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        output.mux(stream.encode(None))
    for path, words in ((text, "cannot be read"), (video, "no sound"), (tmp_path / "none.mp3", "cannot be read")):
        with pytest.raises(BadFile) as raised:
            probe(path)
        assert words in raised.value.summary


def test_a_sound_is_known_before_it_is_decoded(recording, tmp_path):
    found = probe(recording)
    assert (round(found.seconds, 1), found.channels, found.rate, found.has_video) == (27.2, 1, 16000, False)
    assert round(probe(write(tmp_path / "t.mp3", talk(TALK), channels=2)).seconds, 0) == 27


def test_listening_can_be_ended(recording):
    class Enough(Exception):
        pass

    def tell(_):
        raise Enough

    with pytest.raises(Enough):
        levels.listen(recording, tell=tell)


def test_cutting_that_is_ended_holds_no_file_open(tmp_path, recording):
    class Enough(Exception):
        pass

    def enough(seconds: float) -> None:
        if seconds > 5:
            raise Enough

    parts = cutting.write_parts(recording, [Stretch(0, 20_000)], "flac", lambda n: tmp_path / f"{n}.flac", tell=enough)
    with pytest.raises(Enough) as ended:  # what was raised holds all that it went through
        list(parts)
    assert ended.traceback and (tmp_path / "0.flac").exists()
    assert str(tmp_path / "0.flac") not in {file.path for file in psutil.Process().open_files()}
