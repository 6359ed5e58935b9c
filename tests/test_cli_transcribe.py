"""`davenport transcribe` as a person runs it: a process of its own, real speech, the local recogniser."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest
from fixtures_local import local_server as local_server
from test_cli import run

from desktop import cli
from desktop.store import conversations
from desktop.store.database import Database

sys.path.insert(0, str(Path(__file__).resolve().parent / "benchmarks"))
import speech


@pytest.fixture(scope="module")
def talk(tmp_path_factory, local_server) -> Path:
    path = tmp_path_factory.mktemp("talk") / "day one" / "talk.wav"
    path.parent.mkdir()
    said = local_server.do(speech.spoken(local_server.server, speech.PARAGRAPHS[:1]))
    speech.recording(path, said, 5)
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
    assert speech.error_rate(speech.PARAGRAPHS[0], (made / "talk.txt").read_text()) < 0.2
    assert json.loads((made / "talk.json").read_text())
    assert "\r" not in result.stderr and ", free]" in result.stderr  # no progress where nobody sees it


def test_it_is_in_the_archive(done):
    folder, out, _ = done
    heard = max((out / "day one" / "talk.txt").read_text().split(), key=len)  # speech is never twice the same
    database = Database.reader(folder)
    (found,) = database.read_now(lambda db: conversations.listing(db, search=heard, page="transcription"))
    assert found.title == "talk.wav"
    database.close()


def test_without_a_form_the_text_is_shown_and_a_bad_file_is_a_status(done, talk, tmp_path):
    folder, _, _ = done
    (tmp_path / "bad.wav").write_text("nothing to hear")
    result = run(folder, "transcribe", str(talk), str(tmp_path / "bad.wav"), "--profile", "Local")
    assert result.returncode == 1
    assert speech.error_rate(speech.PARAGRAPHS[0], result.stdout) < 0.2
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


def test_real_speech_that_is_cut_is_understood_as_well(tmp_path, local_server):
    """More than a minute cut into parts of at most thirty seconds, against the same in one piece."""
    import transcription as measured

    from desktop.core.options import Options as Start
    from desktop.wiring import open_services

    async def both() -> None:
        said = await asyncio.to_thread(local_server.do, speech.spoken(local_server.server, speech.PARAGRAPHS[:4]))
        wav = tmp_path / "talk.wav"
        numbers = speech.recording(wav, said, 75)
        text = " ".join(speech.PARAGRAPHS[number] for number in numbers)
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
