"""One window a data folder, held by the operating system."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys

import pytest

from desktop.core.errors import ArchiveFull, ArchiveLocked
from desktop.store import instance
from desktop.store.instance import Instance

HOLD = "import sys; from pathlib import Path; from desktop.store.instance import Instance\n"
HOLD += "kept = Instance.acquire(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"


@pytest.fixture
def other_process():
    started = []

    def start(folder):
        child = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=os.getcwd(),  # noqa: PTH109
            env={**os.environ, "PYTHONPATH": os.getcwd()},  # noqa: PTH109
        )  # fmt: skip
        started.append(child)
        assert child.stdout.readline() == b"held\n"
        return child

    yield start
    for child in started:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()


def test_a_second_window_on_one_data_folder_is_refused_and_told_who_has_it(tmp_path, other_process):
    child = other_process(tmp_path)
    with pytest.raises(ArchiveLocked, match=f"process {child.pid}"):
        Instance.acquire(tmp_path)


def test_a_lock_left_by_a_crash_does_not_hold(tmp_path, other_process):
    child = other_process(tmp_path)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert (tmp_path / instance.NOTE).exists(), "the note of the dead one is there, and means nothing"
    Instance.acquire(tmp_path).release()


def test_two_folders_at_once(tmp_path):
    with Instance.acquire(tmp_path / "a"), Instance.acquire(tmp_path / "b"):
        pass


def test_a_released_folder_can_be_taken_again(tmp_path):
    held = Instance.acquire(tmp_path)
    held.release()
    held.release()
    Instance.acquire(tmp_path).release()
    assert instance.holder(tmp_path) is None


def test_a_second_hold_in_one_process_is_refused_too(tmp_path):
    with Instance.acquire(tmp_path), pytest.raises(ArchiveLocked):
        Instance.acquire(tmp_path)


def test_a_note_of_nonsense_is_no_obstacle(tmp_path):
    (tmp_path / instance.NOTE).write_bytes(b"\xff not json")
    with Instance.acquire(tmp_path):
        assert instance.holder(tmp_path).process == os.getpid()


def test_the_folder_is_0700_and_its_files_0600(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    with Instance.acquire(folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_file_in_the_place_of_the_folder_is_said_in_words(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(ArchiveFull):
        Instance.acquire(tmp_path / "data")


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/local ext4 rw 0 0
//nas/share /mnt/my\\040share cifs rw 0 0
user@host: /mnt/ssh fuse.sshfs rw 0 0
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the form of Linux")
@pytest.mark.parametrize(
    ("folder", "is_remote"),
    [
        ("/var/data", False),
        ("/home/ada/data", True),
        ("/home/local/data", False),
        ("/homely", False),
        ("/mnt/my share/data", True),
        ("/mnt/ssh", True),
    ],
)
def test_a_network_folder_is_warned_about(monkeypatch, folder, is_remote):
    monkeypatch.setattr(instance, "_mounts", lambda: MOUNTS)
    from pathlib import Path

    warning = instance.network_warning(Path(folder))
    assert ("network drive" in (warning or "")) is is_remote
