"""The terminal's side: the same services as the window's, without Qt."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from desktop import paths
from desktop.core.errors import ArchiveLocked, BadInput, KnownError
from desktop.core.text import scalar
from desktop.services import commands
from desktop.services.bundle import Options
from desktop.store.database import Database
from desktop.store.instance import Instance
from desktop.store.place import reachable_folder
from desktop.wiring import open_services

INTERRUPTED = 130
HANDED_OVER_S = 5.0  # to answer at all; a reply may take as long as it takes


def main(argv: Sequence[str]) -> int:
    """Run one command; the exit status says how it went: 0 well, 1 a sentence on stderr, 3 a reply that was cut, 141
    where nobody read what it wrote."""
    os.umask(0o077)
    _take_any_text()
    argv = _with_whole_paths(_with_stdin(argv))
    arguments = commands.parser().parse_args(argv)
    folder = arguments.data_dir or paths.data_folder()
    try:
        return _carry_out(arguments, folder, argv)
    except KnownError as error:
        return _say(error)
    except commands.NobodyReads:
        return commands.UNREAD
    except (KeyboardInterrupt, asyncio.CancelledError):
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # who is not patient ends the rest of it
        with contextlib.suppress(commands.NobodyReads, KnownError):
            _err("\n")
        return INTERRUPTED


def _take_any_text() -> None:
    """Files and pipes get UTF-8, with the names of files as they are; what a terminal has no sign for is shown as an
    escape. Whoever sets PYTHONIOENCODING has chosen."""
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue
        if stream.isatty() or "PYTHONIOENCODING" in os.environ:
            stream.reconfigure(errors="backslashreplace")
        else:
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")


def _carry_out(arguments: argparse.Namespace, folder: Path, argv: Sequence[str]) -> int:
    """Here, or in the window that has the folder. Raises ArchiveLocked where that one does not answer."""
    if commands.reads_only(arguments):
        return asyncio.run(_read(arguments, folder))
    try:
        return _run_here(arguments, folder)
    except ArchiveLocked:
        handed = _hand_over(folder, [str(word) for word in argv])
        if handed is None:
            raise
        return handed


def _with_stdin(argv: Sequence[str]) -> list[str]:
    """`chat -` asks what comes over the standard input; it is read here, also for a window that carries it out."""
    words = list(argv)
    if words[:1] != ["chat"] or "-" not in words:
        return words
    words.remove("-")
    return [*words, "--", sys.stdin.read()]


FLAGS = ("--", "--again", "--diarize", "--repeat", "--translate", "--offline", "--progress", "--yes")
"""Options of commands with files behind them that take no value."""


def _with_whole_paths(argv: Sequence[str]) -> list[str]:
    """Files are named from here, whoever carries it out: a window has another folder of its own."""
    words = list(argv)
    first = 1 if words[:1] == ["transcribe"] else 2
    if first == 2 and words[:2] not in (["history", "import"], ["history", "salvage"]):
        return words
    only_files = words.index("--") if "--" in words else len(words)
    for at, word in enumerate(words[first:], first):
        before = words[at - 1] if at > first else ""
        is_value = at < only_files and before.startswith("--") and not _may_be(before, FLAGS)
        is_option = at <= only_files and word.startswith("-")
        if (is_value and _may_be(before, ("--out", "--data-dir"))) or (not is_value and not is_option):
            words[at] = _whole(word, is_name=words[1] == "salvage")
        elif word.startswith("--out="):
            words[at] = f"--out={_whole(word.removeprefix('--out='), is_name=False)}"
    if words[0] == "transcribe" and sys.stderr.isatty():  # of this terminal, whoever carries it out
        words[1:1] = ["--progress", "--columns", str(shutil.get_terminal_size().columns)]
    return words


def _may_be(word: str, options: Sequence[str]) -> bool:
    """Options may be shortened."""
    return word.startswith("--") and any(option.startswith(word) for option in options)


def _whole(word: str, *, is_name: bool) -> str:
    """`is_name`: a word that is no file here may be the name of one that the archive has set aside."""
    if is_name and not Path(word).exists():
        return word
    return os.path.abspath(word)  # noqa: PTH100  (a name alone: it may be no file at all)


def _say(error: KnownError) -> int:
    with contextlib.suppress(commands.NobodyReads, KnownError):
        _err(f"{error.summary} {error.advice}\n")
    return commands.FAILED


def _run_here(arguments: argparse.Namespace, folder: Path) -> int:
    instance = Instance.acquire(folder)
    try:
        return asyncio.run(_run(arguments, folder))
    finally:
        instance.release()


async def _read(arguments: argparse.Namespace, folder: Path) -> int:
    """Reading needs no lock: it goes on beside an open window."""
    database = await asyncio.to_thread(lambda: Database.reader(reachable_folder(folder)))
    try:
        return await commands.read(database, arguments, _out, _err)
    finally:
        await database.aclose()


async def _run(arguments: argparse.Namespace, folder: Path) -> int:
    options = Options(folder, arguments.profile, arguments.base_url, arguments.offline)
    services = await open_services(options, system_proxy=system_proxy)
    if os.name == "posix":
        _stop_in_order()
    try:
        return await commands.run(services, arguments, _out, _err)
    finally:
        await services.aclose()


def _stop_in_order() -> None:
    """The first Ctrl+C, or SIGTERM, ends the running task in order; a second Ctrl+C ends the process at once. Python's
    own way would raise in the midst of whatever runs."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def stop() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        task.cancel()

    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGINT, stop)


def system_proxy(url: str) -> str | None:
    """The proxy that the environment or the system names for a URL; the window asks Qt instead."""
    import urllib.request

    from desktop.core.profile import is_loopback

    host = url.partition("://")[2].partition("/")[0]
    if is_loopback(url) or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(url.partition(":")[0])


def _out(text: str) -> None:
    _write(sys.stdout, text)


def _err(text: str) -> None:
    _write(sys.stderr, text)


def _write(stream: TextIO, text: str) -> None:
    """Raises NobodyReads where whoever read it has seen enough, BadInput where it cannot be written."""
    try:
        stream.write(text)
        stream.flush()
    except UnicodeEncodeError:
        _write(stream, scalar(text))
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # else Python's own end would complain once more
        if isinstance(error, BrokenPipeError):
            raise commands.NobodyReads from None
        reason = error.strerror or "it failed"
        raise BadInput(f"What was asked for cannot be written: {reason}.", "Write it somewhere else.") from error


def _hand_over(folder: Path, argv: list[str]) -> int | None:
    """Let the window that has the folder do it and print what it answers; None where no window answers."""
    try:
        for line in _answers(socket_path(folder), {"command": "run", "arguments": argv}):
            if "out" in line:
                _out(str(line["out"]))
            elif "err" in line:
                _err(str(line["err"]))
            elif "exit" in line:
                return int(str(line["exit"]))
    except (OSError, ValueError):
        return None
    return None


def socket_path(folder: Path) -> str:
    """Where the window of a data folder listens; the window's side computes the same."""
    return paths.window_socket(folder)


def _answers(path: str, request: dict[str, object]) -> Iterator[dict[str, object]]:
    """Lines of JSON from the window, until it closes."""
    sent = json.dumps(request).encode() + b"\n"
    if os.name == "nt":
        with Path(path).open("r+b", buffering=0) as pipe:
            pipe.write(sent)
            for line in pipe:
                yield json.loads(line)
        return
    with socket.socket(socket.AF_UNIX) as line_socket:
        line_socket.settimeout(HANDED_OVER_S)
        line_socket.connect(path)
        line_socket.sendall(sent)
        line_socket.settimeout(None)
        with line_socket.makefile("rb") as lines:
            for line in lines:
                yield json.loads(line)
