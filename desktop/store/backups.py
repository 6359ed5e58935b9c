"""Copies of the archive: made in one step, checked, and only then given their name; the newest good one is found.

A copy is a folder: `backups/20261122T024011Z-daily/archive.db` and, beside it, `blobs/`, linked where the disk can.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

from msgspec import Struct

from desktop.core.errors import ArchiveDamaged, Missing
from desktop.core.ids import new_id
from desktop.store import check, connections
from desktop.store.migrations import MIGRATIONS, form_of
from desktop.store.schema import FILE_NAME

FOLDER = "backups"
PART = ".part-"
KINDS = ("daily", "upgrade", "import", "restore", "asked")
MOST_OTHERS = 3  # of each kind that is not daily

_NAME = re.compile(r"(\d{8}T\d{6})Z(?:-(\d{1,5}))?-([a-z]+)")


class Backup(Struct, frozen=True, order=True):
    """A finished copy; they sort by their time."""

    made: datetime
    name: str
    kind: str
    path: Path

    @property
    def file(self) -> Path:
        return self.path / FILE_NAME


def stamp(now: float) -> str:
    """A moment in UTC as it stands in file names."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")


def listing(folder: Path) -> list[Backup]:
    """Finished copies of a data folder's archive, the newest first."""
    found = []
    home = folder / FOLDER
    for path in home.iterdir() if home.is_dir() else ():
        match = _NAME.fullmatch(path.name)
        if match and (path / FILE_NAME).is_file():
            # Several of one second follow each other by their number.
            made = datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(microsecond=int(match[2] or 0), tzinfo=UTC)
            found.append(Backup(made, path.name, match[3], path))
    return sorted(found, reverse=True)


def is_due(folder: Path, now: float) -> bool:
    """Whether there is no daily copy of today (UTC) yet."""
    today = datetime.fromtimestamp(now, UTC).date()
    return all(copy.made.date() != today for copy in listing(folder) if copy.kind == "daily")


def make(folder: Path, kind: str, now: float) -> Backup:
    """Copy the archive of a data folder, check the copy, name it. Blocking; raises ArchiveDamaged, ArchiveFull."""
    home = connections.private_folder(folder / FOLDER)
    for left in home.glob(f"{PART}*"):  # of a copy that was killed
        shutil.rmtree(left, ignore_errors=True)
    part = connections.private_folder(home / f"{PART}{new_id()}")
    try:
        _copy_database(folder / FILE_NAME, part / FILE_NAME)
        link_blobs(folder / "blobs", part / "blobs")
        connections.sync_folder(part)
        path = _free_name(home, now, kind)
        part.rename(path)
        connections.sync_folder(home)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return Backup(datetime.fromtimestamp(now, UTC).replace(microsecond=0), path.name, kind, path)


def rotate(folder: Path, daily: int = 7, weekly: int = 4) -> list[Backup]:
    """Remove the copies that are not to be kept; returns them. The newest one always stays."""
    copies = listing(folder)
    kept = to_keep(copies, daily, weekly)
    gone = [copy for copy in copies if copy.name not in kept]
    for copy in gone:
        shutil.rmtree(copy.path)
    return gone


def to_keep(copies: Iterable[Backup], daily: int, weekly: int) -> set[str]:
    """Names: the newest of each of the last days and weeks that have one, and the last of every other kind."""
    days: dict[date, str] = {}
    weeks: dict[tuple[int, int], str] = {}
    others: dict[str, list[str]] = {}
    ordered = sorted(copies, reverse=True)
    for copy in ordered:
        if copy.kind == "daily":
            days.setdefault(copy.made.date(), copy.name)
            weeks.setdefault(copy.made.isocalendar()[:2], copy.name)
        else:
            others.setdefault(copy.kind, []).append(copy.name)
    kept = set(list(days.values())[:daily]) | set(list(weeks.values())[:weekly])
    for names in others.values():
        kept.update(names[:MOST_OTHERS])
    return kept | {copy.name for copy in ordered[:1]}


def fault_of(copy: Backup) -> str | None:
    """What is wrong with a copy, or None: it is opened and checked whole."""
    if check.look(copy.file) is not check.Look.OURS:
        return "it is not an archive"
    with check.Damage() as damage, closing(connections.reading(copy.file, is_frozen=True)) as conn:
        if form_of(conn) > len(MIGRATIONS):
            return "it was made by a later version"
        return check.whole(conn)
    return damage.said


def newest_good(folder: Path) -> Backup | None:
    return next((copy for copy in listing(folder) if fault_of(copy) is None), None)


def bring_back(folder: Path, copy: Backup) -> None:
    """Put a good copy where the archive was: a copy of the copy, whole or not at all.

    Nothing may have an archive open there, and no log may be beside it.
    """
    part = folder / f".{FILE_NAME}{PART}{new_id()}"
    try:
        connections.new_file(part)
        shutil.copyfile(copy.file, part)
        _sync_file(part)
        link_blobs(copy.path / "blobs", folder / "blobs")
        part.replace(folder / FILE_NAME)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    connections.sync_folder(folder)


def find(folder: Path, name: str) -> Backup:
    """A copy by its name; raises Missing, and ArchiveDamaged for one that is not good."""
    copy = next((copy for copy in listing(folder) if copy.name == name), None)
    if copy is None:
        raise Missing("This copy is not there any more.", "Choose another one.")
    if (fault := fault_of(copy)) is not None:
        raise ArchiveDamaged(f"This copy cannot be used: {fault}.", "Choose another one. Nothing was changed.")
    return copy


def link_blobs(source: Path, target: Path) -> None:
    """Every blob of one folder in another, as a link to the same bytes or else a copy."""
    if not source.is_dir():
        return
    connections.private_folder(target)
    for shelf in sorted(source.iterdir()):
        if not shelf.is_dir():
            continue
        connections.private_folder(target / shelf.name)
        for blob in shelf.iterdir():
            if blob.name.startswith(".") or (target / shelf.name / blob.name).exists():
                continue
            try:
                (target / shelf.name / blob.name).hardlink_to(blob)
            except OSError:  # another disk, or one that knows no links
                _copy_blob(blob, target / shelf.name / blob.name)


def _copy_blob(source: Path, target: Path) -> None:
    part = target.with_name(f".{new_id()}.part")
    connections.new_file(part)
    shutil.copyfile(source, part)
    _sync_file(part)
    part.rename(target)


def _copy_database(source: Path, target: Path) -> None:
    connections.new_file(target)
    reader = connections.reading(source)
    copy = sqlite3.connect(target, isolation_level=None)
    try:
        reader.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        if (fault := check.whole(copy)) is not None:
            raise ArchiveDamaged(
                f"No copy was made, the archive is damaged: {fault}.", "Restart Davenport; it checks the archive."
            )
    finally:
        copy.close()
        reader.close()
    _sync_file(target)


def _sync_file(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _free_name(home: Path, now: float, kind: str) -> Path:
    number = 0
    while True:
        path = home / f"{stamp(now)}{f'-{number}' if number else ''}-{kind}"
        if not path.exists():
            return path
        number += 1
