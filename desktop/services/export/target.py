"""The place an export goes to: under a hidden name until it is whole, then under its own; never over another's."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from desktop.core.errors import BadInput
from desktop.core.file_names import parted
from desktop.core.ids import new_id

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Target:
    """A file with perhaps a folder of files beside it, or one folder with all of it.

    `path` is where it will be: `out`, or "out (2)" where that or its files' folder is there already; with `replaces`
    the file `out` is put in the place of the one that is there, since the user was asked, but never a folder. Without
    `has_files` nothing will stand beside it.
    """

    def __init__(self, out: Path, *, is_folder: bool, replaces: bool = False, has_files: bool = True) -> None:
        self.is_folder = is_folder
        is_alone = is_folder or not has_files
        self._replaces = replaces and not is_folder and (is_alone or not files_folder(out).exists())
        self.path = out if self._replaces else _unused(out, is_folder, is_alone=is_alone)
        hidden = f".{new_id()}.part"
        self._hidden = self.path.with_name(hidden)
        self._hidden_files = self._hidden / "files" if is_folder else self.path.with_name(f"{hidden} files")
        if is_folder:
            self._hidden.mkdir(mode=0o700)

    @property
    def files_name(self) -> str:
        """What links call the folder of attachments."""
        return "files" if self.is_folder else self.files.name

    @property
    def files(self) -> Path:
        return self.path / "files" if self.is_folder else files_folder(self.path)

    def open(self, name: str = "") -> BinaryIO:
        """The file itself, or one of the folder by its path inside."""
        path = self.hidden_path(name)
        if name:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path.open("xb")

    def hidden_path(self, name: str = "") -> Path:
        """The same, for those who open it by themselves."""
        return self._hidden / name if name else self._hidden

    def open_file(self, name: str) -> BinaryIO:
        """A new attachment."""
        self._hidden_files.mkdir(mode=0o700, parents=True, exist_ok=True)
        return (self._hidden_files / name).open("xb")

    def drop_file(self, name: str) -> None:
        (self._hidden_files / name).unlink(missing_ok=True)

    def finish(self) -> int:
        """Make it last, then give it its name. Returns how many bytes there are."""
        made = [self._hidden, self._hidden_files]
        size = sum(_synced(path) for part in made if part.exists() for path in _all(part))
        has_files = not self.is_folder and self._hidden_files.is_dir()
        if has_files:
            _rename(self._hidden_files, self.files, replaces=False)
        try:
            _rename(self._hidden, self.path, replaces=self._replaces)
        except BaseException:
            if has_files:
                self.files.rename(self._hidden_files)  # `discard` finds it there
            raise
        if os.name == "posix":
            _sync_folder(self.path.parent)
        return size

    def discard(self) -> None:
        """Leave nothing of it."""
        shutil.rmtree(self._hidden_files, ignore_errors=True)
        if self.is_folder:
            shutil.rmtree(self._hidden, ignore_errors=True)
        else:
            self._hidden.unlink(missing_ok=True)


def files_folder(path: Path) -> Path:
    """Where the files beside an export are: a folder of its name, which goes along when it is moved."""
    return path.with_name(f"{path.stem} files")


@contextmanager
def in_words(out: Path, *, tells_taken: bool = True) -> Iterator[None]:
    """Raise what the disk says as a failure the user can do something about; that a name is taken by now only where
    the caller has no other one."""
    try:
        yield
    except FileExistsError as error:
        if not tells_taken:
            raise
        raise BadInput(f"“{out.name}” is there already.", "Choose another name. Nothing was written over.") from error
    except OSError as error:
        if error.errno in _NO_ROOM:
            advice = "Make room or choose another place. Nothing half is left."
            raise BadInput(f"There is no room for “{out.name}”.", advice) from error
        advice = "Choose another place. Nothing half is left."
        raise BadInput(f"“{out.name}” cannot be written there.", advice) from error


def _unused(out: Path, is_folder: bool, *, is_alone: bool) -> Path:
    stem, ending = (out.name, "") if is_folder else parted(out.name)
    path, number = out, 1
    while path.exists() or path.is_symlink() or (not is_alone and files_folder(path).exists()):
        number += 1
        path = out.with_name(f"{stem} ({number}){ending}")
    return path


def _all(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (file for file in path.rglob("*") if file.is_file())
    else:
        yield path


def _synced(path: Path) -> int:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
        return os.fstat(file.fileno()).st_size


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _rename(hidden: Path, path: Path, *, replaces: bool) -> None:
    """Raises FileExistsError where somebody took the name meanwhile."""
    if replaces:
        hidden.replace(path)
    elif hidden.is_dir() or os.name == "nt":
        if path.exists():
            raise FileExistsError(path)
        hidden.rename(path)
    else:
        try:
            os.link(hidden, path)  # fails where the name is taken, which a rename does not
        except FileExistsError:
            raise
        except OSError:  # a disk without links
            if path.exists():
                raise FileExistsError(path) from None
            hidden.rename(path)
        else:
            hidden.unlink()
