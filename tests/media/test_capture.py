"""A recording that is made here is on disk while it grows, and is never thrown away for a damaged head."""

from __future__ import annotations

import shutil
import threading
import wave

from desktop.media import capture
from desktop.media.capture import HEAD_BYTES, UNFINISHED, Capture

SECOND = b"\1\0" * 8000


def test_what_was_recorded_is_a_whole_file(tmp_path):
    made = Capture(tmp_path / "new" / "talk.wav", 8000, 1)
    made.take(SECOND)
    made.take(SECOND)
    assert made.seconds == 2.0
    path = made.finish()
    with wave.open(str(path)) as found:
        assert (found.getframerate(), found.getnchannels(), found.getnframes()) == (8000, 1, 16_000)
    assert [each.name for each in path.parent.iterdir()] == ["talk.wav"]


def test_a_crash_leaves_it_to_be_mended_and_never_over_another(tmp_path):
    made = Capture(tmp_path / "talk.wav", 8000, 1)
    made.take(SECOND)
    made._pieces.put(None)
    made._thread.join()
    whole = made.path.read_bytes()
    (tmp_path / f"talk (again).wav{UNFINISHED}").write_bytes(whole[:-1])  # within a sample
    (tmp_path / "talk.wav").write_text("another one")
    assert {path.name for path in capture.recover(tmp_path)} == {"talk (2).wav", "talk (again).wav"}
    assert (tmp_path / "talk.wav").read_text() == "another one"
    with wave.open(str(tmp_path / "talk (again).wav")) as found:
        assert found.getnframes() == 7999


def test_what_cannot_be_mended_stays_and_what_is_empty_goes(tmp_path):
    no_form = bytearray(capture.head(8000, 1, 0) + SECOND)
    no_form[22:28] = bytes(6)
    kept = {"no-head": bytes(HEAD_BYTES) + SECOND, "no-form": bytes(no_form)}
    for name, content in (kept | {"empty": b"", "head": capture.head(8000, 1, 0)}).items():
        (tmp_path / f"{name}.wav{UNFINISHED}").write_bytes(content)
    assert capture.recover(tmp_path) == []
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        f"{name}.wav{UNFINISHED}": content for name, content in kept.items()
    }


def test_a_disk_that_takes_no_more_is_told_once_and_fills_no_memory(tmp_path):
    (tmp_path / "file").write_text("in the way")
    told, heard = [], threading.Event()

    def failed(error):
        told.append(error)
        heard.set()

    made = Capture(tmp_path / "file" / "talk.wav", 8000, 1, failed)
    assert heard.wait(60)
    made._thread.join()
    for _ in range(100):
        made.take(SECOND)
    assert made._pieces.empty() and len(told) == 1 and "cannot be written" in told[0].summary
    assert made.finish() is None


def test_a_recording_that_is_dropped_leaves_nothing(tmp_path):
    made = Capture(tmp_path / "new" / "talk.wav", 8000, 1)
    made.take(SECOND)
    made.discard()
    assert list((tmp_path / "new").iterdir()) == []
    shutil.rmtree(tmp_path / "new")
