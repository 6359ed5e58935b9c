"""Small files of the data folder: read with care, replaced in one step, for the user's eyes only."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from desktop.core.errors import ArchiveFull, StoreError

LARGEST_BYTES = 4 * 1024 * 1024

Clock = Callable[[], float]


def make_folder(folder: Path) -> None:
    """The data folder, which nobody else may enter."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "posix" and folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise ArchiveFull(f"The data folder cannot be used ({error.strerror}).") from error


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file: the old or the new content is there after a crash, never a part. Raises ArchiveFull."""
    make_folder(path.parent)
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
    except OSError as error:
        raise ArchiveFull(f"{path.name} cannot be saved ({error.strerror}).") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise ArchiveFull(f"{path.name} cannot be saved ({error.strerror}).") from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()


def sync_folder(path: Path) -> None:
    """Make a rename or a new name in a folder last through a power cut, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_object(path: Path, now: Clock = time.time) -> tuple[dict[str, object], tuple[str, ...]]:
    """A JSON object and what the user must be told. A file that holds something else is set aside whole.

    Raises StoreError where a file is there and cannot be read: it must not be written over either.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            return {}, (set_aside(path, "it is far too large", now),)
        content = path.read_bytes()
    except FileNotFoundError:
        return {}, ()
    except OSError as error:
        raise StoreError(f"{path.name} cannot be read ({error.strerror}).") from error
    import msgspec  # slow to import, and the first paint reads nothing by it

    try:
        found = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return {}, (set_aside(path, "it is damaged", now),)
    if not isinstance(found, dict):
        return {}, (set_aside(path, "it is something else", now),)
    return found, ()


def write_object(path: Path, content: dict[str, object]) -> None:
    import msgspec

    write_whole(path, msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")


def set_aside(path: Path, why: str, now: Clock = time.time) -> str:
    """Rename a file that cannot be used, never over another one, and say so in a sentence."""
    dated = f"{path.stem}.set-aside-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now()))}"
    aside, number = path.with_name(dated + path.suffix), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{dated}-{number}{path.suffix}")
    try:
        path.rename(aside)
    except OSError as error:
        return f"{path.name} cannot be used: {why}, and it could not be set aside ({error.strerror})."
    return f"{path.name} was set aside as {aside.name}: {why}. Defaults are used."
