"""`davenport transcribe` as a person runs it: a process of its own, real speech, the local recogniser.

The speech is the example that the application brings along: what the local engine speaks is never twice the same, and
neither is what is heard in it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from test_cli import run

from desktop import cli, paths
from desktop.media import decoding
from desktop.store import conversations
from desktop.store.database import Database

sys.path.insert(0, str(Path(__file__).resolve().parent / "benchmarks"))
import speech

EXAMPLE = paths.resource("example-speech.ogg")
SAID = (
    "This is a short recording for trying things out. It was spoken by the voice that comes with this program."
    " Somebody opens a small writing desk, takes out a sheet of paper, and begins a letter to an old friend."
    " The garden is quiet this morning. Two birds sit on the fence, and the kettle has just begun to sing."
    " When you read these words on the screen, the recording has become a text, with the time of every sentence"
    " beside it. Now it can be corrected, searched, and saved as subtitles. Your own recordings work in the same way."
)


@pytest.fixture(scope="module")
def talk(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("talk") / "day one" / "talk.ogg"
    path.parent.mkdir()
    path.write_bytes(EXAMPLE.read_bytes())
    return path


@pytest.fixture(scope="module")
def done(tmp_path_factory, talk):
    folder = tmp_path_factory.mktemp("data")
    (talk.parent / "notes.txt").write_text("no recording")
    out = folder / "out"
    words = ("transcribe", str(talk.parent), "--format", "srt,json,txt", "--out", str(out), "--language", "en")
    return folder, out, run(folder, *words, "--profile", "Local")


def test_a_folder_becomes_files_and_the_status_is_well(done, talk):
    _, out, result = done
    assert result.returncode == 0, result.stderr
    made = out / "day one"
    assert sorted(path.name for path in made.iterdir()) == ["talk.json", "talk.srt", "talk.txt"]
    assert result.stdout.splitlines() == [str(made / f"talk.{end}") for end in ("srt", "json", "txt")]
    assert speech.error_rate(SAID, (made / "talk.txt").read_text()) < 0.2
    assert json.loads((made / "talk.json").read_text())
    assert "\r" not in result.stderr and ", free]" in result.stderr  # no progress where nobody sees it


def test_it_is_in_the_archive(done):
    folder, _, _ = done
    database = Database.reader(folder)
    (found,) = database.read_now(lambda db: conversations.listing(db, search="kettle", page="transcription"))
    assert found.title == "talk.ogg"
    database.close()


def test_without_a_form_the_text_is_shown_and_a_bad_file_is_a_status(done, talk, tmp_path):
    folder, _, _ = done
    (tmp_path / "bad.wav").write_text("nothing to hear")
    result = run(folder, "transcribe", str(talk), str(tmp_path / "bad.wav"), "--profile", "Local")
    assert result.returncode == 1
    assert speech.error_rate(SAID, result.stdout) < 0.2
    assert "bad.wav: This file cannot be read as sound." in result.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--format", "docm"), "no form of a transcript"),
        (("--out", "there"), "no form to write"),
        (("--model", "whisper-tiny.en", "--language", "de"), "does not know the language"),
        (("--model", "whisper-tiny.en", "--diarize"), "does not tell speakers apart"),
    ],
)
def test_what_cannot_be_done_is_said_first(tmp_path, talk, words, sentence):
    result = run(tmp_path / "data", "transcribe", str(talk), *words, "--profile", "Local")
    assert result.returncode == 1 and sentence in result.stderr and result.stdout == ""


def test_paths_are_those_of_the_terminal(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = cli._with_whole_paths(
        ["transcribe", "a.wav", "--language", "en", "--out", "o", "--diarize", "b", "--prompt", "c"]
    )
    here = str(tmp_path)
    assert words == [
        *(
            "transcribe",
            f"{here}/a.wav",
            "--language",
            "en",
            "--out",
            f"{here}/o",
            "--diarize",
            f"{here}/b",
            "--prompt",
            "c",
        )
    ]
    assert cli._with_whole_paths(["chat", "a.wav"]) == ["chat", "a.wav"]


def test_real_speech_that_is_cut_is_understood_as_well(tmp_path):
    """More than a minute cut into parts of at most thirty seconds, against the same in one piece."""
    import transcription as measured

    from desktop.core.options import Options as Start
    from desktop.wiring import open_services

    async def both() -> None:
        said = np.concatenate(list(decoding.blocks(EXAMPLE)))
        wav = tmp_path / "talk.wav"
        numbers = speech.recording(wav, [said], 75)
        text = " ".join([SAID] * len(numbers))
        found = []
        for name, longest in (("whole", 3600), ("cut", 30)):
            folder = tmp_path / name
            folder.mkdir()
            cards = {"cards": {measured.MODEL: {"hearing": {"max_seconds": longest}}}}
            (folder / "models.json").write_text(json.dumps(cards))
            services = await open_services(Start(folder, profile="Local"))
            try:
                found.append(await measured.transcribed(services, wav))
            finally:
                await services.aclose()
        (whole, once, _, _), (cut, calls, _, parts) = found
        assert once == 1 and calls == len(parts) >= 3
        assert measured.is_monotone(cut) and measured.is_monotone(whole)
        rates = [speech.error_rate(text, each.text) for each in (whole, cut)]
        assert rates[1] <= max(rates[0], 0.06) + 0.03, rates  # so few words that one is half a point

    asyncio.run(both())
