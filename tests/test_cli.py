"""The terminal's commands as a person runs them: processes of their own, on the real local server."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from desktop import cli
from desktop.services import commands
from desktop.store.instance import Instance

ROOT = Path(__file__).resolve().parents[1]


def run(
    folder: Path, *words: str, typed: str = "", output: int = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[str]:
    """`output` takes what the command writes, where it is not to be read here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    return subprocess.run(
        [sys.executable, "-m", "desktop", *words, "--data-dir", str(folder)],
        input=typed,
        cwd=ROOT,
        env=kept | {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"} | environment,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A data folder in which one question was asked from the terminal."""
    folder = tmp_path_factory.mktemp("data")
    done = run(folder, "chat", "Echo a marzipan pig", "--model", "local-echo")
    assert done.returncode == 0, done.stderr
    return folder, done


def identity(done: subprocess.CompletedProcess[str]) -> str:
    return done.stderr.strip().splitlines()[-1].strip("[]")


def test_the_answer_goes_to_the_terminal_and_its_id_to_stderr(asked):
    _, done = asked
    assert "marzipan pig" in done.stdout
    assert len(identity(done)) == 26


def test_a_question_comes_over_the_standard_input(asked):
    folder, _ = asked
    done = run(folder, "chat", "-", "--model", "local-echo", typed="-- a caramel bear\nof two lines\n")
    assert done.returncode == 0, done.stderr
    assert "caramel bear" in done.stdout


def test_nothing_on_the_standard_input_is_said(asked):
    folder, _ = asked
    done = run(folder, "chat", "-", "--model", "local-echo")
    assert done.returncode == 1 and "nothing to send" in done.stderr


def test_search_finds_what_was_said_without_a_socket(asked):
    folder, done = asked
    found = run(folder, "history", "search", "marzip", "--offline")
    assert found.returncode == 0
    assert found.stdout.startswith(identity(done))
    assert "[marzipan]" in found.stdout
    nothing = run(folder, "history", "search", "nougat")
    assert (nothing.returncode, nothing.stdout) == (1, "")


def test_export_as_markdown_json_and_text(asked):
    folder, done = asked
    which = identity(done)[:20]
    markdown = run(folder, "history", "export", which).stdout
    assert markdown.startswith("---\ntitle: ") and "## Assistant (local-echo)" in markdown
    read = json.loads(run(folder, "history", "export", which, "--format", "json").stdout)
    assert [m["role"] for m in read["conversations"][0]["messages"]] == ["user", "assistant"]
    assert "Assistant:" in run(folder, "history", "export", which, "--format", "txt").stdout


def test_an_export_never_writes_over_a_file(asked, tmp_path):
    folder, done = asked
    target = tmp_path / "out.md"
    target.write_text("mine")
    refused = run(folder, "history", "export", identity(done), "--out", str(target))
    assert refused.returncode == 1 and "is there already" in refused.stderr
    assert target.read_text() == "mine"


def test_a_conversation_goes_on_from_the_terminal(asked):
    folder, done = asked
    more = run(folder, "chat", "And a second one", "--conversation", identity(done))
    assert more.returncode == 0 and identity(more) == identity(done)
    read = json.loads(run(folder, "history", "export", identity(done), "--format", "json").stdout)
    assert len(read["conversations"][0]["messages"]) == 4


def test_failures_are_sentences_with_advice_and_a_status(asked):
    folder, _ = asked
    unknown = run(folder, "chat", "Hi", "--model", "nobody")
    assert unknown.returncode == commands.FAILED
    assert "Traceback" not in unknown.stderr and "does not know this model" in unknown.stderr
    missing = run(folder, "history", "export", "01ZZZ")
    assert missing.returncode == 1 and "No conversation" in missing.stderr


def test_offline_nothing_is_sent_and_the_question_is_kept(asked):
    folder, _ = asked
    refused = run(folder, "chat", "Into the void", "--model", "local-echo", "--offline")
    assert refused.returncode == 1
    assert run(folder, "history", "search", "void").returncode == 0


@pytest.fixture
def nobody():
    """The writing end of a pipe whose reader has gone, as behind `| head`."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.mark.parametrize("words", [("history", "search", "marzipan"), ("usage",)])
def test_whoever_reads_may_stop_at_any_time(asked, nobody, words):
    folder, _ = asked
    ended = run(folder, *words, output=nobody)
    assert (ended.returncode, ended.stderr) == (commands.UNREAD, "")


def test_a_reply_that_nobody_reads_any_more_is_stopped_and_kept(asked, nobody):
    folder, _ = asked
    ended = run(folder, "chat", "Echo a nougat fox " + "and so on " * 400, "--model", "local-echo", output=nobody)
    assert (ended.returncode, ended.stderr) == (commands.UNREAD, "")
    which = run(folder, "history", "search", "nougat").stdout[:26]
    read = json.loads(run(folder, "history", "export", which, "--format", "json").stdout)
    question, answer = read["conversations"][0]["messages"]
    assert "nougat fox" in json.dumps(question) and answer["state"] == "stopped"


def test_what_a_window_answers_may_be_left_unread_too(tmp_path, nobody, monkeypatch):
    """It is no reason to say that the window has the folder."""
    with socket.socket(socket.AF_UNIX) as listening, os.fdopen(os.dup(nobody), "w") as output:
        listening.bind(cli.socket_path(tmp_path))
        listening.listen()
        monkeypatch.setattr(sys, "stdout", output)

        def answer():
            visitor, _ = listening.accept()
            with visitor:
                visitor.recv(10_000)
                visitor.sendall(b'{"out": "Hello"}\n{"exit": 0}\n')

        window = threading.Thread(target=answer)
        window.start()
        with pytest.raises(commands.NobodyReads):
            cli._hand_over(tmp_path, ["chat", "Hi"])
        window.join()
    Path(cli.socket_path(tmp_path)).unlink()


def test_a_second_writer_is_told_who_has_the_folder(asked):
    folder, _ = asked
    instance = Instance.acquire(folder)
    try:
        refused = run(folder, "chat", "Hi", "--model", "local-echo")
        reading = run(folder, "history", "search", "marzipan")
    finally:
        instance.release()
    assert refused.returncode == 1 and "Traceback" not in refused.stderr
    assert reading.returncode == 0


def test_a_key_in_the_environment_is_written_nowhere(tmp_path):
    key = "sk-proj-9fK2mQ7xV4bN8cZ1wL5t"
    failed = run(tmp_path, "chat", "Hi", "--model", "m", "--base-url", "http://127.0.0.1:9/v1", OPENAI_API_KEY=key)
    assert failed.returncode == 1
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    for part in (key, key[:12], key[-12:]):
        assert not any(part.encode() in content for content in written)
        assert part not in failed.stderr + failed.stdout
