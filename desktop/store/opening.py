"""From a data folder to an archive that may be opened: known, whole, of our form; what is not is set aside."""

from __future__ import annotations

import logging
import os
import shutil
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from desktop.core.errors import ArchiveForeign, ArchiveFull, ArchiveNewer
from desktop.core.ids import new_id
from desktop.store import backups, blobs, check, connections
from desktop.store.check import Look
from desktop.store.migrations import MIGRATIONS, form_of, migrate
from desktop.store.schema import FILE_NAME

log = logging.getLogger(__name__)

WHOLE_BELOW_BYTES = 32 << 20
"""Up to this size everything is checked at each start; it takes a fraction of a second."""

QUICK_BELOW_BYTES = 200 << 20
"""Up to this size the quick check comes before opening; beyond, after it, in the background."""

BESIDE = ("-wal", "-shm", "-journal")

SUSPECT = "archive.suspect"
"""Left by a check in the background that found damage: the next start checks everything first."""


class Opened(Struct):
    """What `prepare` leaves to be opened.

    `is_frozen`: not even a lock may be written beside it. `aside`: what was there was damaged and set aside.
    `advice`: what to do so that it can be written again.
    """

    path: Path
    read_only: bool = False
    is_frozen: bool = False
    is_checked: bool = True
    aside: bool = False
    advice: str = ""
    notices: tuple[str, ...] = ()


def prepare(folder: Path, now: float) -> Opened:
    """Make the archive of a folder ready. No connection to it may be open in this process.

    Raises ArchiveForeign for a file of another program, which stays as it is.
    """
    path = folder / FILE_NAME
    notices: list[str] = []
    look = check.look(path)
    before = set(folder.glob(blobs.ASIDE))
    if look is Look.FOREIGN:
        raise ArchiveForeign(f"{FILE_NAME} in the data folder is not an archive of Davenport.")
    if not os.access(folder, os.W_OK) or (look is Look.OURS and not os.access(path, os.W_OK)):
        return _unwritable(path, look)
    _clear_parts(folder)
    if look is Look.OURS:
        if (newer := _newer(path)) is not None:
            return newer
        look = _settle_strays(path, now, notices)
    fault = None
    is_checked = True
    if look is Look.OURS:
        fault, is_checked = _fault(path)
        look = Look.OURS if fault is None else Look.DAMAGED
    if look is not Look.OURS:
        _replace(path, look, fault, now, notices)
    _upgrade(folder, now)
    (folder / SUSPECT).unlink(missing_ok=True)
    aside = set(folder.glob(blobs.ASIDE)) != before
    return Opened(path, is_checked=is_checked, aside=aside, notices=tuple(notices))


def set_aside(path: Path, now: float) -> Path:
    """Give the archive, its log and its locks a dated name. The file first: without it the others are strays."""
    number = 0
    while True:
        mark = f"{backups.stamp(now)}{f'-{number}' if number else ''}"
        target = path.with_name(f"archive.damaged-{mark}.db")
        if not any(target.with_name(target.name + end).exists() for end in ("", *BESIDE)):
            break
        number += 1
    for end in ("", *BESIDE):
        if (part := path.with_name(path.name + end)).exists():
            part.rename(target.with_name(target.name + end))
    connections.sync_folder(path.parent)
    log.warning("a damaged archive was set aside")
    return target


def restore(folder: Path, name: str, now: float) -> None:
    """Put a copy in the archive's place; the present archive is copied first, or set aside where it is damaged.

    Nothing may have the archive open.
    """
    copy = backups.find(folder, name)
    path = folder / FILE_NAME
    if path.exists():
        if prepare(folder, now).read_only:
            raise ArchiveNewer("This archive can only be read, so no copy can take its place.", "Nothing was changed.")
        kept = backups.make(folder, "restore", now)
        log.info("the archive was copied to %s before another took its place", kept.name)
        connections.writing(path).close()  # folds the log back into the file
    backups.bring_back(folder, copy)
    _upgrade(folder, now)


def clear(folder: Path, *, also_elsewhere: bool = False) -> None:
    """Remove the archive, its attachments, its copies and all that was set aside; files that are not ours stay.

    Copies in the folder that the user named only with `also_elsewhere`: after a move they are the moved archive's.
    Nothing may have the archive open. No copy is made; the caller offers an export first.
    """
    backups.remove_all(folder, also_elsewhere=also_elsewhere)
    ours = [FILE_NAME + end for end in ("", *BESIDE)] + [SUSPECT]
    ours += [
        path.name for pattern in (f".{FILE_NAME}{backups.PART}*", "archive.damaged-*") for path in folder.glob(pattern)
    ]
    for name in ours:
        (folder / name).unlink(missing_ok=True)
    blobs.remove_all(folder / "blobs")
    connections.sync_folder(folder)


def _unwritable(path: Path, look: Look) -> Opened:
    if look is not Look.OURS:
        raise ArchiveFull("The data folder cannot be written.", "Choose another data folder.")
    is_frozen = not check.has_content(path.with_name(path.name + "-wal"))
    notice = "The data folder cannot be written. The archive is open for reading only."
    advice = "Make its folder one that can be written, or choose another data folder."
    return Opened(path, read_only=True, is_frozen=is_frozen, advice=advice, notices=(notice,))


def _newer(path: Path) -> Opened | None:
    """An archive of a later version, to be read without a byte changed."""
    is_frozen = not check.has_content(path.with_name(path.name + "-wal"))
    form = 0
    with check.Damage(), closing(connections.reading(path, is_frozen=is_frozen)) as conn:
        form = form_of(conn)
    if form <= len(MIGRATIONS):
        return None
    notice = (
        f"This archive was written by a later version (form {form}, this one knows {len(MIGRATIONS)})."
        " It is open for reading only."
    )
    advice = "It was written by a later version. Update Davenport to write in it."
    return Opened(path, read_only=True, is_frozen=is_frozen, advice=advice, notices=(notice,))


def _clear_parts(folder: Path) -> None:
    """Remove what we were making when we were killed; all of it bears our own temporary name."""
    for part in folder.glob(f".{FILE_NAME}{backups.PART}*"):
        part.unlink()


def _settle_strays(path: Path, now: float, notices: list[str]) -> Look:
    """Move away a log or journal that is not the archive's before SQLite would read or overwrite it."""
    log_file, journal = path.with_name(path.name + "-wal"), path.with_name(path.name + "-journal")
    is_stray_log = check.has_content(log_file) and not (check.is_log(log_file) and _belongs(path))
    if not is_stray_log and not check.has_content(journal):
        return Look.OURS
    aside = set_aside(path, now)
    notices.append(f"A file beside the archive did not belong to it. All were set aside as {aside.name}.")
    return Look.OURS if _salvage(path, aside) else Look.ABSENT


def _belongs(path: Path) -> bool:
    """Whether a log was written by this archive and after what is in the file. Its checksums do not say that.

    Each commit counts itself in a page that so is in every log, and the archive's id is in the same page.
    """
    file, with_log = _mark(path, is_frozen=True), _mark(path, is_frozen=False)
    if file is None or with_log is None:
        return True  # damage, which the checks find, or a log that was being folded in when we were killed
    return file[0] == with_log[0] and file[1] <= with_log[1]


def _mark(path: Path, *, is_frozen: bool) -> tuple[str, int] | None:
    with check.Damage(), closing(connections.reading(path, is_frozen=is_frozen)) as conn:
        found = dict(conn.execute("SELECT name, value FROM davenport WHERE name IN ('archive', 'commits')").fetchall())
        if found.keys() == {"archive", "commits"} and found["commits"].isdecimal():
            return found["archive"], int(found["commits"])
    return None


def _salvage(path: Path, aside: Path) -> bool:
    """Take a copy of a file that was set aside, without its log, if it is whole by itself."""
    part = path.with_name(f".{FILE_NAME}{backups.PART}{new_id()}")
    connections.new_file(part)
    shutil.copyfile(aside, part)
    if check.look(part) is Look.OURS and _whole_fault(part) is None:
        part.rename(path)
        connections.sync_folder(path.parent)
        return True
    part.unlink()
    return False


def _whole_fault(path: Path) -> str | None:
    with check.Damage() as damage, closing(connections.reading(path, is_frozen=True)) as conn:
        return check.whole(conn)
    return damage.said


def _fault(path: Path) -> tuple[str | None, bool]:
    """What is wrong with the archive, read with its log; and whether it was checked at all."""
    size = path.stat().st_size
    is_suspect = (path.parent / SUSPECT).exists()
    if check.is_cut(path) and not check.has_content(path.with_name(path.name + "-wal")):
        return "it ends within a page", True
    with check.Damage() as damage, closing(connections.reading(path)) as conn:
        form = form_of(conn)
        if form == 0:
            return "it has no tables", True
        if is_suspect or size <= WHOLE_BELOW_BYTES or form < len(MIGRATIONS):
            return check.whole(conn), True
        if size <= QUICK_BELOW_BYTES:
            return check.quick(conn), True
        return None, False
    return damage.said, True


def _replace(path: Path, look: Look, fault: str | None, now: float, notices: list[str]) -> None:
    """Set aside what is damaged; open the newest good copy, or begin anew."""
    has_log = check.has_content(path.with_name(path.name + "-wal"))
    was_there = look is Look.DAMAGED
    aside: Path | None = None
    if was_there or has_log:
        aside = set_aside(path, now)
        detail = f" ({fault})" if fault else ""
        notices.append(f"The archive was damaged{detail}. It was set aside whole as {aside.name}.")
    if aside is not None and has_log and was_there and _salvage(path, aside):
        notices.append("The archive is open without the log that was beside it; the last changes may be missing.")
        return
    copy = backups.newest_good(path.parent)
    if copy is not None:
        backups.bring_back(path.parent, copy)
        notices.append(f"The copy of {copy.made.astimezone():%Y-%m-%d %H:%M} is open.")
        return
    if aside is not None or notices:
        notices.append("There is no good copy, so a new archive was begun.")
    _begin(path)


def _begin(path: Path) -> None:
    """A new archive under a temporary name, then its own: a half-made one is never found in its place."""
    part = path.with_name(f".{FILE_NAME}{backups.PART}{new_id()}")
    connections.new_file(part)
    with closing(connections.writing(part)) as conn:
        migrate(conn)
    part.rename(path)
    connections.sync_folder(path.parent)


def _upgrade(folder: Path, now: float) -> None:
    """Bring an older form to ours, after a verified copy of it. The check came before."""
    path = folder / FILE_NAME
    with closing(connections.reading(path)) as conn:
        form = form_of(conn)
    if form >= len(MIGRATIONS):
        return
    backups.make(folder, "upgrade", now)
    with closing(connections.writing(path)) as conn:
        migrate(conn)
    log.info("the archive went from form %d to %d", form, len(MIGRATIONS))
