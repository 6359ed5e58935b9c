"""Looking at what was dropped: which files are recordings, what is in them, and whether they are known already."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from desktop.core.catalog import Card
from desktop.core.errors import BadFile, KnownError
from desktop.core.text import scalar
from desktop.media.probing import probe
from desktop.services.transcription import plan
from desktop.services.transcription.values import Look, Looking, Options

AT_ONCE = 2
READ_BYTES = 1024 * 1024
_SUFFIXES = (
    "3g2 3ga 3gp aac ac3 aif aiff alac amr ape asf au avi caf dts dv eac3 f4a f4v flac flv gsm m2ts m4a m4b m4r m4v"
    " mka mkv mov mp2 mp3 mp4 mpc mpeg mpg mpga mts mxf oga ogg ogv opus qt ra ram rm rmvb spx ts tta voc vob w64 wav"
    " webm wma wmv wv"
)
SUFFIXES = frozenset(_SUFFIXES.split())
"""Endings of files that are taken from a folder. One that is dropped by itself is tried whatever it is called."""

T = TypeVar("T")


class Stopped(Exception):
    """The work in the thread is not wanted any more."""


class Stop(threading.Event):
    """Set to end the work of a thread, which looks at it now and then."""

    def look(self, *_: object) -> None:
        """Raises Stopped once it is set."""
        if self.is_set():
            raise Stopped


async def in_worker(work: Callable[[Stop], T]) -> T:
    """Blocking work in a thread of its own, which looks at the stop now and then: whoever waits for it is stopped at
    once, and it ends soon after."""
    stop = Stop()
    try:
        return await asyncio.to_thread(work, stop)
    finally:
        stop.set()


class Found(Struct, frozen=True):
    """A file, and its place below the folder that was dropped."""

    path: Path
    folder: str = ""


class Walked(Struct, frozen=True):
    """What is to be looked at. `hidden` and `others` were passed over."""

    files: tuple[Found, ...]
    hidden: int = 0
    others: int = 0


def is_recording(path: Path) -> bool:
    """By its name."""
    return path.suffix.lower().lstrip(".") in SUFFIXES


def walk(paths: Sequence[str], stop: Stop | None = None) -> Walked:
    """Files as they were dropped, and the recordings in folders by name; links to folders are passed over. Blocking."""
    files: dict[Path, Found] = {}
    hidden = others = 0
    for each in paths:
        path = Path(each)
        if not _is(path, Path.is_dir):
            files.setdefault(path, Found(path))
            continue
        for found in _below(path, stop):
            if any(part.startswith(".") for part in found.relative_to(path).parts):
                hidden += 1
            elif is_recording(found):
                below = found.parent.relative_to(path.parent)
                files.setdefault(found, Found(found, below.as_posix()))
            else:
                others += 1
    return Walked(tuple(files.values()), hidden, others)


def _below(folder: Path, stop: Stop | None) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name.casefold())
    except OSError:
        return  # a folder that may not be read holds nothing for us
    for entry in entries:
        if stop is not None:
            stop.look()
        if _is(entry, Path.is_dir):
            if not entry.is_symlink():
                yield from _below(entry, stop)
        elif _is(entry, Path.is_file):
            yield entry


def _is(path: Path, kind: Callable[[Path], bool]) -> bool:
    try:
        return kind(path)
    except OSError:
        return False  # it is in a folder that may not be entered


def digest(path: Path, stop: Stop | None = None) -> str:
    """The SHA-256 of a file's bytes, in hex. Blocking; raises Stopped, OSError."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(READ_BYTES):
            if stop is not None:
                stop.look()
            found.update(chunk)
    return found.hexdigest()


def look_at(found: Found, options: Options, card: Card, stop: Stop) -> Look:
    """All that can be known of one file without a server or the archive. Blocking; raises Stopped."""
    path = found.path
    made = Look(scalar(str(path)), folder=found.folder)
    try:
        state = path.stat()
        if not path.is_file():
            raise BadFile("This is no file.", "Choose a recording or a video.")
        if not state.st_size:
            raise BadFile("This file is empty.", "Choose a recording or a video.")
        sound = probe(path, stop.look)
        sha256 = digest(path, stop)
    except KnownError as error:
        return Look(made.path, problem=error.summary, advice=error.advice, folder=found.folder)
    except OSError as error:
        reason = "is not there" if isinstance(error, FileNotFoundError) else "cannot be read"
        return Look(made.path, problem=f"This file {reason}.", advice="Check its place.", folder=found.folder)
    problem, advice = plan.problem(options, card)
    if sound.is_protected:
        problem, advice = "This file is protected against copying.", "Only its owner's player can open it."
    return Look(
        made.path,
        sound,
        problem,
        advice,
        plan.warning(options, card, sound),
        sha256,
        size_bytes=state.st_size,
        changed_ns=state.st_mtime_ns,
        folder=found.folder,
        estimate=plan.estimate(sound.seconds * len(plan.channels(options, sound)), card),
        parts=plan.many(path.name, state.st_size, sound, card, options),
    )


async def look(
    paths: Sequence[str], options: Options, card: Card, tell: Callable[[Looking], None] | None = None
) -> list[Look]:
    """Look at files and what is in folders, some at once, in their order. Cancelled, the threads end soon after."""
    stop = Stop()
    try:
        walked = await asyncio.to_thread(walk, paths, stop)
        files, done = walked.files, 0

        def told(name: str) -> None:
            if tell is not None:
                tell(Looking(done, len(files), name, walked.hidden, walked.others))

        told("")
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(found: Found) -> Look:
            nonlocal done
            async with slots:
                made = await asyncio.to_thread(look_at, found, options, card, stop)
                done += 1
                told(found.path.name)
                return made

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(found)) for found in files]
        return [task.result() for task in tasks]
    finally:
        stop.set()
