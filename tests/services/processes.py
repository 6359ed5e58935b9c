"""Davenport in processes of its own, on a data folder whose profile is paid for: for tests that kill and interrupt."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from hearing import HearingServer

from desktop.core.profile import Kind, Profile
from desktop.store import connections, profiles

ROOT = Path(__file__).resolve().parents[2]


def paid_folder(folder: Path, server: HearingServer) -> Path:
    """A new data folder: its profile is the server that hears, whose model takes nine seconds at once."""
    folder.mkdir()
    (folder / "models.json").write_text('{"cards": {"whisper-1": {"hearing": {"max_seconds": 9}}}}')
    paid = Profile("01PAID", "Paid", Kind.COMPATIBLE, server.url, needs_key=False)
    profiles.save(folder, (paid,), paid.id)
    return folder


def started(*words: str) -> subprocess.Popen[str]:
    """Python with these words, without a screen and without the keys of who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env=kept | {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "QT_QPA_PLATFORM": "offscreen"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(process: subprocess.Popen[str], is_so: Callable[[], bool]) -> None:
    """Look again and again while the process lives: nothing tells of what another one has done."""
    until, pause = time.monotonic() + 120, threading.Event()
    while not is_so():
        assert time.monotonic() < until and process.poll() is None, process.communicate()
        pause.wait(0.02)


def of_archive(folder: Path, statement: str) -> list[tuple[object, ...]]:
    """What a reader beside the process sees."""
    with closing(connections.reading(folder / "archive.db")) as conn:
        return conn.execute(statement).fetchall()


def parts_kept(folder: Path) -> int:
    """How many answers are in the archive."""
    return len(of_archive(folder, "SELECT 1 FROM transcript_part WHERE reply IS NOT NULL"))
