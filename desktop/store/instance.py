"""One window a data folder: a lock of the operating system, which ends with the process that holds it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple, Self

from desktop.core.errors import ArchiveFull, ArchiveLocked
from desktop.store.small_files import Clock, make_folder

LOCK, NOTE = "instance.lock", "instance.json"

# fmt: off
NETWORK_SYSTEMS = frozenset((
    "9p", "acfs", "afpfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fuse.ceph", "fuse.davfs2",
    "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs",
    "nfs4", "smb2", "smb3", "smbfs", "webdav",
))
# fmt: on


class Holder(NamedTuple):
    """Who has a data folder; `since` is UTC seconds. A note for people, never a lock."""

    process: int
    computer: str
    since: int


class Instance:
    """The hold of this process on a data folder."""

    def __init__(self, folder: Path, descriptor: int) -> None:
        self.folder, self._descriptor = folder, descriptor

    @classmethod
    def acquire(cls, folder: Path, now: Clock = time.time) -> Self:
        """Take a data folder, making it where it is missing. Raises ArchiveLocked where another process has it."""
        make_folder(folder)
        try:
            descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ArchiveFull(f"The data folder cannot be used ({error.strerror}).") from error
        if not _lock(descriptor):
            os.close(descriptor)
            raise ArchiveLocked(f"Another window of Davenport has this data folder{_words(holder(folder))}.")
        instance = cls(folder, descriptor)
        with contextlib.suppress(OSError):  # a note that cannot be written is missed by nobody but its reader
            _write_note(folder, Holder(os.getpid(), _computer(), int(now())))
        return instance

    def release(self) -> None:
        """Give the folder free; twice does no harm."""
        if self._descriptor < 0:
            return
        with contextlib.suppress(OSError):
            (self.folder / NOTE).unlink(missing_ok=True)
        os.close(self._descriptor)  # closing ends the lock
        self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def holder(folder: Path) -> Holder | None:
    """Who wrote the note, which may be someone who crashed."""
    try:
        noted = json.loads((folder / NOTE).read_bytes()[:4096])
        return Holder(int(noted["process"]), str(noted["computer"]), int(noted["since"]))
    except (OSError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        return None


def network_warning(folder: Path) -> str | None:
    """A sentence where the data folder is on another computer, as far as can be told."""
    if not _is_on_network(folder):
        return None
    return (
        "The data folder is on a network drive. A lost connection can damage the archive, and other computers' "
        "windows are not noticed. A folder on this computer is safer."
    )


def _write_note(folder: Path, note: Holder) -> None:
    descriptor = os.open(folder / NOTE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(json.dumps(note._asdict()).encode())


def _computer() -> str:
    """The name of this computer."""
    if hasattr(os, "uname"):
        return os.uname().nodename
    import socket  # slow to import

    return socket.gethostname()


def _words(found: Holder | None) -> str:
    if found is None:
        return ""
    elsewhere = "" if found.computer == _computer() else f" on {found.computer[:100]}"
    return f" (process {found.process}{elsewhere})"


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _is_on_network(folder: Path) -> bool:
        import ctypes  # only Windows needs it

        remote = 4
        where = str(folder.resolve())
        return where.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(folder.resolve().anchor) == remote

else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True  # a file system without locks: the folder can be used, and network_warning has said its word
        return True

    def _is_on_network(folder: Path) -> bool:
        return _kind_of_mount(folder.resolve(), _mounts()) in NETWORK_SYSTEMS


def _mounts() -> str:
    """Mount point and kind of each file system, one a line, as Linux writes them; "" elsewhere."""
    try:
        return Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _kind_of_mount(folder: Path, mounts: str) -> str:
    """The file system of the innermost mount that holds a folder."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        point = Path(fields[1].replace("\\040", " ")) if len(fields) > 2 else None
        if point is not None and folder.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), fields[2]
    return kind
