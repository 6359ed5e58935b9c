"""Copies of the archive: made in one step, checked, and only then given their name; the newest good one is found.

A copy is a folder: `backups/20261122T024011Z-daily/archive.db` and, beside it, `blobs/`, linked where the disk can.
The user can name another folder for new copies, such as one that is synchronised; copies in both are found. Another
computer's archive may have its copies in that folder too: they can be brought back, and nothing else is done to them.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from desktop.core.errors import ArchiveDamaged, ArchiveFull, BadInput, Missing
from desktop.core.ids import new_id
from desktop.store import check, connections
from desktop.store.migrations import MIGRATIONS, form_of
from desktop.store.schema import FILE_NAME
from desktop.store.small_files import write_whole

FOLDER = "backups"
ELSEWHERE = "elsewhere.json"
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


class Tested(Struct, frozen=True):
    """What a copy was found to hold. `fault` is a sentence's end, "" for a good copy; `missing` attachments are
    named in the copy and not beside it."""

    fault: str = ""
    conversations: int = 0
    messages: int = 0
    attachments: int = 0
    missing: int = 0

    @property
    def is_good(self) -> bool:
        return not self.fault and not self.missing


class _Elsewhere(Struct, frozen=True):
    folder: str
    archive: str = ""  # its mark, for when the archive itself cannot be read


def elsewhere(folder: Path) -> Path | None:
    """The folder that the user named for the copies of this archive, whether or not it can be reached now."""
    named = _elsewhere(folder).folder
    return Path(named) if named else None


def _elsewhere(folder: Path) -> _Elsewhere:
    try:
        return msgspec.json.decode((folder / FOLDER / ELSEWHERE).read_bytes(), type=_Elsewhere)
    except (OSError, msgspec.DecodeError):
        return _Elsewhere("")


def choose_home(folder: Path, named: Path | None) -> None:
    """Keep new copies in a folder of the user's, or again beside the archive. Copies that are there stay where
    they are. Raises BadInput, ArchiveFull."""
    home = connections.private_folder(folder / FOLDER)
    if named is None or named.resolve() in (home.resolve(), folder.resolve()):
        (home / ELSEWHERE).unlink(missing_ok=True)
        return
    if not named.is_dir():
        raise BadInput("This folder is not there.", "Choose a folder that exists.")
    trial = named / f".{new_id()}"
    try:
        connections.new_file(trial)
        trial.unlink()
    except OSError as error:
        raise ArchiveFull(f"Nothing can be written into this folder ({error.strerror}).") from error
    chosen = _Elsewhere(str(named.resolve()), _mark_of(folder / FILE_NAME))
    write_whole(home / ELSEWHERE, msgspec.json.encode(chosen))


def home_of(folder: Path) -> Path:
    """Where the next copy goes: the named folder while it can be reached, else beside the archive."""
    named = elsewhere(folder)
    if named is not None and named.is_dir() and os.access(named, os.W_OK):
        return named
    return connections.private_folder(folder / FOLDER)


def stamp(now: float) -> str:
    """A moment in UTC as it stands in file names."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")


def listing(folder: Path) -> list[Backup]:
    """Finished copies of a data folder's archive, the newest first."""
    homes = [home for home in (folder / FOLDER, elsewhere(folder)) if home is not None and home.is_dir()]
    return sorted((copy for home in homes for copy in _copies_in(home)), reverse=True)


def own(folder: Path) -> list[Backup]:
    """The same without the copies of other archives that are kept in the folder the user named."""
    copies, home = listing(folder), elsewhere(folder)
    if home is None:
        return copies
    mark = _mark_of(folder / FILE_NAME) or _elsewhere(folder).archive
    return [copy for copy in copies if copy.path.parent != home or _mark_of(copy.file) == mark]


def _mark_of(file: Path) -> str:
    """What an archive and all its copies are known by; "" where it cannot be read. The archive may be in use."""
    is_frozen = not check.has_content(file.with_name(file.name + "-wal"))
    try:
        with closing(connections.reading(file, is_frozen=is_frozen)) as conn:
            return str(conn.execute("SELECT value FROM davenport WHERE name = 'archive'").fetchone()[0])
    except (sqlite3.Error, UnicodeDecodeError, TypeError):
        return ""


def _copies_in(home: Path) -> Iterator[Backup]:
    for path in home.iterdir():
        match = _NAME.fullmatch(path.name)
        if match and (path / FILE_NAME).is_file():
            # Several of one second follow each other by their number.
            made = datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(microsecond=int(match[2] or 0), tzinfo=UTC)
            yield Backup(made, path.name, match[3], path)


def is_due(folder: Path, now: float) -> bool:
    """Whether there is no daily copy of today (UTC) yet."""
    today = datetime.fromtimestamp(now, UTC).date()
    return all(copy.made.date() != today for copy in own(folder) if copy.kind == "daily")


def make(folder: Path, kind: str, now: float) -> Backup:
    """Copy the archive of a data folder, check the copy, name it. Blocking; raises ArchiveDamaged, ArchiveFull."""
    home = home_of(folder)
    before = max(_copies_in(home), default=None)
    for left in home.glob(f"{PART}*"):  # of a copy that was killed
        shutil.rmtree(left, ignore_errors=True)
    part = connections.private_folder(home / f"{PART}{new_id()}")
    try:
        copy_database(folder / FILE_NAME, part / FILE_NAME)
        link_blobs(folder / "blobs", part / "blobs", before.path / "blobs" if before else None)
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
    copies = own(folder)
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


def tested(copy: Backup) -> Tested:
    """Open a copy, check it whole, count it, and look for its attachments. Blocking; takes as long as reading it."""
    if (fault := fault_of(copy)) is not None:
        return Tested(fault)
    with closing(connections.reading(copy.file, is_frozen=True)) as conn:
        (conversations,) = conn.execute("SELECT count(*) FROM conversation").fetchone()
        (messages,) = conn.execute("SELECT count(*) FROM message").fetchone()
        blobs = conn.execute("SELECT sha256, size_bytes, bytes IS NULL FROM blob").fetchall()
    files = {path.name: path.stat().st_size for path in (copy.path / "blobs").glob("??/*")}
    missing = sum(is_file and files.get(sha256) != size for sha256, size, is_file in blobs)
    return Tested("", conversations, messages, len(blobs), missing)


def renew(folder: Path, now: float) -> Backup:
    """One fresh copy in place of all others: what was deleted for good is then in none. Blocking."""
    fresh = make(folder, "asked", now)
    for copy in own(folder):
        if copy.path != fresh.path:
            shutil.rmtree(copy.path)
    return fresh


def newest_good(folder: Path) -> Backup | None:
    return next((copy for copy in own(folder) if fault_of(copy) is None), None)


def remove_all(folder: Path, *, also_elsewhere: bool) -> None:
    """Every copy of this archive, and what was being made of one; files that are not ours stay. Blocking."""
    beside = folder / FOLDER
    for copy in own(folder):
        if also_elsewhere or copy.path.parent == beside:
            shutil.rmtree(copy.path)
    for left in beside.glob(f"{PART}*"):
        shutil.rmtree(left)
    (beside / ELSEWHERE).unlink(missing_ok=True)
    connections.remove_if_empty(beside)


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


def named(folder: Path, name: str) -> Backup:
    """A copy by its name; raises Missing."""
    copy = next((copy for copy in listing(folder) if copy.name == name), None)
    if copy is None:
        raise Missing("This copy is not there any more.", "Choose another one.")
    return copy


def find(folder: Path, name: str) -> Backup:
    """A good copy by its name; raises Missing, and ArchiveDamaged for one that is not good."""
    copy = named(folder, name)
    if (fault := fault_of(copy)) is not None:
        raise ArchiveDamaged(f"This copy cannot be used: {fault}.", "Choose another one. Nothing was changed.")
    return copy


def link_blobs(source: Path, target: Path, before: Path | None = None) -> None:
    """Every blob of one folder in another, as a link to the same bytes or else a copy.

    `before` holds blobs of an earlier copy, on the target's disk perhaps where the source is not.
    """
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
            _link_or_copy(blob, target / shelf.name / blob.name, before)


def _link_or_copy(blob: Path, target: Path, before: Path | None) -> None:
    earlier = before / target.parent.name / target.name if before is not None else None
    for there in (blob, earlier):
        if there is None or not there.is_file() or there.stat().st_size != blob.stat().st_size:
            continue
        try:
            target.hardlink_to(there)
        except OSError:  # another disk, or one that knows no links
            continue
        return
    _copy_blob(blob, target)


def _copy_blob(source: Path, target: Path) -> None:
    part = target.with_name(f".{new_id()}.part")
    connections.new_file(part)
    shutil.copyfile(source, part)
    _sync_file(part)
    part.rename(target)


def copy_database(source: Path, target: Path) -> None:
    """The whole database as it is at this moment into a new file, checked and on the disk."""
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
