"""`davenport transcribe` stopped, refused and handed over: what it leaves behind, and what it says with its status."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_cli import run

from desktop import paths

sys.path.insert(0, str(Path(__file__).resolve().parent / "services"))
from hearing import NUMBERS, HearingServer, recording, shut
from processes import of_archive, paid_folder, parts_kept, started, wait_until


@pytest.fixture
def server() -> Iterator[HearingServer]:
    with HearingServer() as running_server:
        yield running_server


@pytest.fixture
def folder(tmp_path: Path, server: HearingServer) -> Path:
    return paid_folder(tmp_path / "data", server)


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    return recording(tmp_path / "bursts.wav")


def states(folder: Path) -> list[object]:
    return [state for (state,) in of_archive(folder, "SELECT state FROM job")]


def test_interrupted_it_keeps_what_came_and_the_same_command_goes_on(folder, server, wav, tmp_path):
    words = ("transcribe", str(wav), "--model", "whisper-1", "--format", "txt", "--out", str(tmp_path / "out"))
    server.faults = [None, None, None, shut]
    process = started("-m", "desktop", *words, "--data-dir", str(folder))
    wait_until(process, lambda: len(server.answered) >= 3 and len(server.sent) >= 5)
    wait_until(process, lambda: parts_kept(folder) == 3)
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=120)
    assert process.returncode == 130 and "Traceback" not in complaints
    assert states(folder) == ["paused"]
    arrived = [sent.text for sent in server.answered[:3]]
    server.gate.set()
    result = run(folder, *words)
    assert result.returncode == 0, result.stderr
    written = Path(result.stdout.strip())
    assert written.name == "bursts.txt" and written.read_text().split()[-1] == NUMBERS[-1]
    counts = [sent.text for sent in server.sent]
    assert all(counts.count(one) == 1 for one in arrived) and states(folder) == ["done"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--format", "srt", "--out", "in-the-way/x"), "Nothing can be written into"),
        (("--offline",), "This run is off line"),
    ],
)
def test_what_would_fail_in_the_end_is_said_before_anything_is_sent(folder, server, wav, tmp_path, words, sentence):
    (tmp_path / "in-the-way").write_text("a file")
    words = tuple(str(tmp_path / word) if word.startswith("in-") else word for word in words)
    result = run(folder, "transcribe", str(wav), "--model", "whisper-1", *words)
    assert result.returncode == 1 and sentence in result.stderr and result.stdout == ""
    assert server.sent == [] and states(folder) == []


def test_nothing_to_transcribe_is_said(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    result = run(folder, "transcribe", str(tmp_path / "empty"), "--model", "whisper-1")
    assert result.returncode == 1 and "There are no recordings in what was named." in result.stderr


def test_a_model_that_did_nothing_is_not_the_usual_one(folder, server, wav, tmp_path):
    assert run(folder, "transcribe", str(wav), "--model", "whisper-1").returncode == 0

    def unknown(handler, sent):
        handler.answer(404, {"error": {"message": "no such model"}})
        return True

    server.faults = [unknown] * 20
    assert run(folder, "transcribe", str(wav), "--model", "nonsense").returncode == 1
    server.faults = []
    other = recording(tmp_path / "other.wav", 3)
    assert run(folder, "transcribe", str(other)).returncode == 0
    assert server.sent[-1].fields["model"] == ["whisper-1"]


def test_beside_a_window_it_is_handed_over_and_stopped_from_the_terminal(folder, server, wav, tmp_path):
    window = started("-m", "desktop", "--data-dir", str(folder))
    try:
        wait_until(window, lambda: Path(paths.window_socket(folder)).exists() and (folder / "archive.db").exists())
        words = ("transcribe", str(wav), "--model", "whisper-1", "--format", "srt", "--out", str(tmp_path / "out"))
        result = run(folder, *words)
        assert result.returncode == 0, result.stderr
        assert Path(result.stdout.strip()).name == "bursts.srt"
        server.faults = [None, shut]
        other = recording(tmp_path / "other.wav", 20)
        process = started("-m", "desktop", "transcribe", str(other), "--model", "whisper-1", "--data-dir", str(folder))
        many = len(server.sent)
        wait_until(process, lambda: len(server.sent) >= many + 3)
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=120)
        assert process.returncode == 130 and complaints == "\n"
        wait_until(window, lambda: sorted(map(str, states(folder))) == ["done", "paused"])
    finally:
        server.gate.set()
        window.terminate()
        window.communicate(timeout=120)
