"""`davenport transcribe` as it is used day by day: once more, with copies, into pipes and on a terminal."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from test_cli import run
from test_cli_transcribe_stops import folder, server, wav  # noqa: F401  (fixtures)

from desktop import cli
from desktop.core.options import Options
from desktop.services import commands
from desktop.services.commands import NobodyReads
from desktop.wiring import open_services

sys.path.insert(0, str(Path(__file__).resolve().parent / "services"))
from hearing import cut, recording, refused, shut

if sys.platform != "win32":
    import fcntl
    import pty
    import struct
    import termios


ROOT = Path(__file__).resolve().parents[1]
MODEL = ("--model", "whisper-1")


class Said(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def do(folder: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Said]]:  # noqa: F811
    """The command in this process: what it says and its status."""
    umask = os.umask(0o077)

    def done(*words: str) -> Said:
        status = cli.main(["transcribe", *words, "--data-dir", str(folder)])
        return Said(status, *capsys.readouterr())

    yield done
    os.umask(umask)


@pytest.fixture
def short(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return recording(tmp_path / "in" / "short.wav", 2)


def names(said: Said) -> list[str]:
    return [Path(line).name for line in said.out.splitlines()]


# What was here before


def test_the_same_command_once_more_sends_nothing_and_writes_nothing_again(do, server, short, tmp_path):  # noqa: F811
    words = (str(short.parent), *MODEL, "--format", "srt,txt", "--out", str(tmp_path / "o"))
    first, again = do(*words), do(*words, "--offline")
    assert (first.status, again.status) == (0, 0), again.err
    assert again.out == first.out and "transcribed before, nothing is sent" in again.err
    assert len(list((tmp_path / "o" / "in").iterdir())) == 2
    other = do(str(short), "--format", "vtt", "--names", "{model} {name}")
    assert Path(other.out.strip()) == short.parent / "whisper-1 short.vtt"
    assert do(str(short), "--format", "vtt", "--names", "{model} {name}").out == other.out
    assert do(str(short)).out == "alpha bravo\n" and len(server.sent) == 1
    assert do(str(short), "--again").status == 0 and len(server.sent) == 2


def test_what_is_asked_for_otherwise_or_lies_in_the_trash_is_sent(do, server, short, folder):  # noqa: F811
    for words in ((), ("--language", "en"), ("--prompt", "names"), ("--translate",)):
        assert do(str(short), *MODEL, *words).status == 0
    assert len(server.sent) == 4
    with closing(sqlite3.connect(folder / "archive.db")) as db, db:
        db.execute("UPDATE conversation SET trashed = 1")
    assert do(str(short), *MODEL).status == 0 and len(server.sent) == 5


def test_of_a_folder_only_what_is_new_is_sent(do, server, short, tmp_path):  # noqa: F811
    words = (str(short.parent), *MODEL, "--format", "txt", "--out", str(tmp_path / "o"))
    assert do(*words).status == 0
    recording(short.parent / "later.wav", 4)
    assert names(do(*words)) == ["later.txt", "short.txt"] and len(server.sent) == 2


def test_copies_of_a_recording_are_sent_once_and_each_has_its_files(do, server, short):  # noqa: F811
    (short.parent / "a copy.wav").write_bytes(short.read_bytes())
    said = do(str(short.parent), *MODEL, "--format", "txt")
    assert said.status == 0 and len(server.sent) == 1
    assert "short.wav: the same recording as a copy.wav, taken once." in said.err
    assert names(said) == ["a copy.txt", "short.txt"]


# What it says


def test_several_texts_have_their_names_above_them(do, short):
    recording(short.parent / "talk\n\x1b[31m.wav", 3)
    said = do(str(short.parent), *MODEL)
    assert said.status == 0, said.err
    assert said.out == "==> short.wav <==\nalpha bravo\n\n==> talk [31m.wav <==\nalpha bravo charlie\n\n"
    assert "\x1b" not in said.err and "short.wav [" in said.err


def test_recordings_of_one_name_are_told_apart_by_their_places(do, short, tmp_path):
    other = recording(tmp_path / "short.wav", 3)
    said = do(str(short), str(other), *MODEL)
    assert f"==> {short} <==\nalpha bravo\n" in said.out and f"==> {other} <==\nalpha bravo charlie\n" in said.out


def test_many_that_were_here_before_are_told_in_one_line(do, short):
    for count in (3, 4, 5):
        recording(short.parent / f"{count}.wav", count)
    assert do(str(short.parent), *MODEL).status == 0
    assert "4 recordings were transcribed before, nothing is sent." in do(str(short.parent), *MODEL).err


def test_two_recordings_of_one_name_and_forms_in_any_letters_have_their_files(do, short, tmp_path):
    other = recording(tmp_path / "short.wav", 3)
    said = do(str(short), str(other), *MODEL, "--format", "SRT", "--format", ".txt,srt", "--out", str(tmp_path / "o"))
    assert said.status == 0 and len(set(names(said))) == 4
    assert {Path(name).suffix for name in names(said)} == {".srt", ".txt"}
    longer = {Path(name).stem for name in names(said) if "charlie" in (tmp_path / "o" / name).read_text()}
    assert len(longer) == 1  # the files of one recording share their number


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--format", "txt", "--names", "{nobody}"), "Names cannot have “{nobody}”"),
        (("--format", "txt", "--names", "{name"), "a brace that is not closed"),
        (("--format", "txt", "--out", os.fsdecode(b"o\xff")), "The name of this folder is no text"),
    ],
)
def test_where_files_would_go_is_checked_before_anything_is_sent(do, server, short, words, sentence):  # noqa: F811
    said = do(str(short), *MODEL, *words)
    assert said.status == 1 and sentence in said.err and server.sent == []


def test_what_costs_more_than_the_sum_to_ask_above_is_sent_after_a_word(do, server, short, folder):  # noqa: F811
    (folder / "settings.json").write_text('{"transcription_ask_above": 0}')
    said = do(str(short), *MODEL)
    assert said.status == 1 and "above $0 you want to be asked. Add --yes" in said.err and server.sent == []
    assert do(str(short), *MODEL, "--yes").status == 0


def test_a_wait_is_said_where_no_progress_is_seen(do, server, short):  # noqa: F811
    server.faults = [refused(429, retry_after="1"), refused(429, retry_after="1")]
    said = do(str(short), *MODEL)
    assert said.status == 0 and said.err.count("rate limit") == 1, said.err


def test_a_failure_says_how_the_terminal_goes_on(do, server, short):  # noqa: F811
    server.faults = [cut]
    said = do(str(short), *MODEL)
    assert said.status == 1 and "may have been done and charged" in said.err
    assert "To retry, give the same command again." in said.err
    assert do(str(short), *MODEL).out == "alpha bravo\n" and len(server.sent) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk that is always there")
def test_text_that_cannot_be_written_is_told_and_the_transcript_is_kept(do, server, short, folder):  # noqa: F811
    with Path("/dev/full").open("w") as full:
        result = run(folder, "transcribe", str(short), *MODEL, output=full.fileno())
    assert result.returncode == 1 and "cannot be written" in result.stderr and "Traceback" not in result.stderr
    assert do(str(short)).out == "alpha bravo\n" and len(server.sent) == 1


def test_signs_that_a_terminal_does_not_have_are_not_the_end_of_it(folder, server, tmp_path):  # noqa: F811
    words = (str(recording(tmp_path / "日本.wav", 1)), str(tmp_path / "nöt.wav"), *MODEL)
    result = run(folder, "transcribe", *words, PYTHONIOENCODING="ascii")
    assert result.returncode == 1 and "n\\xf6t.wav: This file is not there" in result.stderr
    assert result.stdout == "alpha\n"


@pytest.mark.parametrize("most", [0, 2], ids=["from the first look on", "while it is sent"])
def test_progress_that_nobody_reads_any_more_ends_it_and_keeps_what_came(do, server, short, folder, most):  # noqa: F811
    written = []

    def err(text):
        written.append(text)
        if len(written) > most:
            raise NobodyReads

    words = ["transcribe", str(short), *MODEL, "--progress", "--data-dir", str(folder)]
    arguments = commands.parser().parse_args(words)

    async def go():
        services = await open_services(Options(folder))
        try:
            with pytest.raises(NobodyReads):
                await commands.run(services, arguments, lambda text: None, err)
        finally:
            await services.aclose()

    asyncio.run(go())
    assert len(written) == most + 1
    assert do(str(short), *MODEL).out == "alpha bravo\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--", "-a.wav", "--out"], ["--", "HERE/-a.wav", "HERE/--out"]),
        (["--diar", "a.wav"], ["--diar", "HERE/a.wav"]),
        (["--ou", "o", "a.wav"], ["--ou", "HERE/o", "HERE/a.wav"]),
        (["--names", "{name}", "--yes", "a.wav"], ["--names", "{name}", "--yes", "HERE/a.wav"]),
    ],
)
def test_paths_are_whole_however_options_are_written(tmp_path, monkeypatch, words, expected):
    monkeypatch.chdir(tmp_path)
    found = cli._with_whole_paths(["transcribe", *words])
    assert found == ["transcribe", *(word.replace("HERE", str(tmp_path)) for word in expected)]


# On a terminal


class Terminal:
    """A command on a terminal of its own, so many columns wide, whose output is collected while it runs."""

    def __init__(self, *words: str, columns: int = 50) -> None:
        self._far, near = pty.openpty()
        fcntl.ioctl(near, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        others = ("COLUMNS", "LINES")  # of the terminal that the tests run in, or that pytest makes up
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", *others))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "desktop", *words],
            cwd=ROOT,
            env=kept | {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"},
            stdout=near,
            stderr=near,
            text=True,
        )
        os.close(near)
        self._all = bytearray()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        with suppress(OSError):  # what it says when the other side has closed it
            while some := os.read(self._far, 4096):
                self._all += some

    @property
    def said(self) -> str:
        return self._all.decode("utf-8", "replace")

    def wait(self) -> int:
        status = self.process.wait(240)
        self._reading.join(60)
        os.close(self._far)
        return status


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
def test_progress_keeps_to_one_line_of_the_terminal(folder, server, wav, tmp_path):  # noqa: F811
    words = (*MODEL, "--format", "txt", "--out", str(tmp_path / "o"), "--data-dir", str(folder))
    long = tmp_path / f"{'語' * 40}.wav"
    wav.rename(long)
    terminal = Terminal("transcribe", str(long), *words)
    assert terminal.wait() == 0
    *shown, last = terminal.said.replace("\r\n", "\n").split("\r")
    assert len(shown) > 3 and not any("\n" in line for line in shown)
    widths = [sum(2 if each == "語" else 1 for each in line) for line in shown]
    assert max(widths) <= 49 and any("語" in line for line in shown)
    assert last.splitlines()[0] == str(tmp_path / "o" / f"{'語' * 40}.txt")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_stopped_twice_it_still_ends_without_a_trace(folder, server, wav, tmp_path):  # noqa: F811
    server.faults = [shut]
    terminal = Terminal("transcribe", str(wav), *MODEL, "--data-dir", str(folder))
    assert server.arrived.wait(120)
    terminal.process.send_signal(signal.SIGINT)
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.wait() in (130, -signal.SIGINT) and "Traceback" not in terminal.said


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_stopped_before_it_has_begun_it_ends_without_a_trace(folder):  # noqa: F811
    command = [sys.executable, "-X", "importtime", "-m", "desktop", "transcribe", "x.wav", "--data-dir", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if "desktop.core" in line:
            break
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=240)
    assert process.returncode in (130, -signal.SIGINT) and "Traceback" not in rest
