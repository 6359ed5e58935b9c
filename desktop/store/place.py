"""Where the archive of a data folder is: in it, or in another folder that the user moved it to; and the move itself."""

from __future__ import annotations

import hashlib
import shutil
from contextlib import closing
from pathlib import Path

from desktop.core.errors import ArchiveDamaged, ArchiveFull, BadInput, Missing
from desktop.core.sizes import size_words
from desktop.store import backups, connections, first_look, opening, settings
from desktop.store.schema import FILE_NAME
from desktop.store.small_files import read_object, write_object

KEY = "archive_folder"
"""In settings.json beside the settings, which leave alone what they do not know."""

ROOM_LEFT = 64 << 20


def archive_folder(data_folder: Path) -> Path:
    """The folder of the archive. One that was named and cannot be reached is said by who opens it."""
    named = first_look.read(data_folder / settings.NAME).get(KEY)  # a bad file is set aside by who can say so
    return Path(named) if isinstance(named, str) and named else data_folder


def reachable_folder(data_folder: Path) -> Path:
    """The same, for opening: raises Missing where a moved archive is not there, so that none is begun in its stead."""
    folder = archive_folder(data_folder)
    if folder != data_folder and not (folder / FILE_NAME).is_file():
        raise Missing(
            f"The archive is kept in {folder}, which cannot be reached.",
            "Connect that disk, then start Davenport again.",
        )
    return folder


def check_target(source: Path, target: Path) -> None:
    """Whether an archive could be moved to a folder. Raises BadInput or ArchiveFull with the reason."""
    if not target.is_dir():
        raise BadInput("This folder is not there.", "Choose a folder that exists.")
    target, source = target.resolve(), source.resolve()
    if target == source:
        raise BadInput("The archive is in this folder already.", "Choose another one.")
    if any(target.is_relative_to(source / name) for name in (backups.FOLDER, "blobs")):
        raise BadInput("This folder belongs to the archive itself.", "Choose one outside of it.")
    if any((target / name).exists() for name in (FILE_NAME, "blobs", backups.FOLDER)):
        raise BadInput("There is an archive in this folder already.", "Choose an empty folder.")
    needed = size_bytes(source) + ROOM_LEFT
    if shutil.disk_usage(target).free < needed:
        raise ArchiveFull(f"There is no room there: {size_words(needed)} are needed.", "Choose another disk.")


def size_bytes(folder: Path) -> int:
    """Of the database with its log, and the attachments; not of the copies."""
    files = [folder / (FILE_NAME + end) for end in ("", "-wal")]
    files += (folder / "blobs").glob("??/*")
    return sum(path.stat().st_size for path in files if path.is_file())


def move(data_folder: Path, target: Path) -> None:
    """Copy the archive and its copies, compare, then switch; what was there before stays until `remove_former`.

    Nothing may have the archive open. Blocking. After a failure everything is as it was.
    """
    source = archive_folder(data_folder)
    check_target(source, target)
    made = [target / FILE_NAME, target / "blobs"]
    try:
        connections.private_folder(target / "blobs")
        backups.copy_database(source / FILE_NAME, target / FILE_NAME)
        backups.link_blobs(source / "blobs", target / "blobs")
        _compare_blobs(source / "blobs", target / "blobs")
        _compare_counts(source / FILE_NAME, target / FILE_NAME)
        if (source / backups.FOLDER).is_dir():
            made.append(target / backups.FOLDER)
            _copy_copies(source / backups.FOLDER, target / backups.FOLDER)
        connections.sync_folder(target)
        _switch(data_folder, target)
    except BaseException as error:
        for path in made:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise ArchiveFull(f"The archive could not be copied ({error.strerror}). It is where it was.") from error
        raise


def former(data_folder: Path) -> Path | None:
    """The data folder where an archive was left behind by a move."""
    now = archive_folder(data_folder)
    return data_folder if now != data_folder and (data_folder / FILE_NAME).is_file() else None


def remove_former(data_folder: Path) -> None:
    """Remove what a move left behind. Blocking."""
    if former(data_folder) is not None:
        opening.clear(data_folder)


def _switch(data_folder: Path, target: Path) -> None:
    content, _ = read_object(data_folder / settings.NAME)
    if target.resolve() == data_folder.resolve():
        content.pop(KEY, None)
    else:
        content[KEY] = str(target.resolve())
    write_object(data_folder / settings.NAME, content)


def _compare_counts(source: Path, target: Path) -> None:
    """The copy was checked when it was made; here, that it is of this archive and whole in number."""
    counts = []
    for path in (source, target):
        with closing(connections.reading(path)) as conn:
            tables = ("conversation", "message", "passage", "ledger", "blob")
            counts.append([conn.execute(f"SELECT count(*) FROM {name}").fetchone() for name in tables])  # noqa: S608
    if counts[0] != counts[1]:
        raise ArchiveDamaged("The copy differs from the archive.", "Nothing was changed. Choose another disk.")


def _compare_blobs(source: Path, target: Path) -> None:
    """Every attachment is there with the bytes that its name promises."""
    for path in source.glob("??/*"):
        with (target / path.parent.name / path.name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        with path.open("rb") as file:
            wanted = path.name if digest == path.name else hashlib.file_digest(file, "sha256").hexdigest()
        if digest != wanted:  # one that was damaged before is moved as it is
            raise ArchiveDamaged("An attachment differs after copying.", "Nothing was changed. Choose another disk.")


def _copy_copies(source: Path, target: Path) -> None:
    connections.private_folder(target)
    if (source / backups.ELSEWHERE).is_file():
        shutil.copyfile(source / backups.ELSEWHERE, target / backups.ELSEWHERE)
    for copy in sorted(source.iterdir()):
        if copy.name.startswith(".") or not (copy / FILE_NAME).is_file():
            continue
        connections.private_folder(target / copy.name)
        backups.link_blobs(copy / "blobs", target / copy.name / "blobs", target.parent / "blobs")
        connections.new_file(target / copy.name / FILE_NAME)
        shutil.copyfile(copy / FILE_NAME, target / copy.name / FILE_NAME)
