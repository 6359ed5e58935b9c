"""The file of a job: where it is, that it is the one that was added, and what is to be heard in it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from desktop.core.errors import ArchiveFull, BadFile, FileChanged, FileGone, FileSilent, Missing
from desktop.core.transcript import Sound
from desktop.media import levels
from desktop.media.probing import probe
from desktop.services.transcription import intake, plan, results, times
from desktop.services.transcription.intake import Stop
from desktop.services.transcription.sending import Tools
from desktop.services.transcription.values import Work
from desktop.store import blobs, recordings
from desktop.store.recordings import Peaks

TELL_S = 0.25

Says = Callable[[str], None]
Listens = Callable[[str, float], None]


class Listened(Struct, frozen=True):
    """Its length, and for each channel that is heard by itself, None for all mixed, where nothing and where something
    is said. In milliseconds."""

    milliseconds: int
    silent: dict[int | None, list[tuple[int, int]]]
    spoken: dict[int | None, times.Spoken]


class Source:
    """One recording's file. `path` is where it is read, `name` what it is called: the archive's copy has no ending."""

    def __init__(self, tools: Tools, job: str, work: Work, stop: Stop) -> None:
        self._tools, self._job, self._work, self._stop = tools, job, work, stop
        self.path = Path(work.path)
        self.name = self.path.name
        self._found = (work.size_bytes, work.changed_ns)

    async def check(self) -> None:
        """Raises BadFile where it is gone or another one by now, and the archive has no copy of what was added."""
        problem = await asyncio.to_thread(self._problem)
        if problem is not None and not await self._take_own_copy():
            raise problem

    def check_again(self) -> None:
        """Raises BadFile where it was changed or taken away since. Blocking."""
        try:
            is_same = _state(self.path) == self._found
        except OSError as error:
            raise FileGone(f"“{self.name}” went away while it was being heard.", "Put it back, then retry.") from error
        if not is_same:
            told = f"“{self.name}” was changed while it was being heard."
            raise FileChanged(told, "Add it again when it is finished.")

    async def keep(self, says: Says) -> None:
        """The recording in the archive, with a copy of its file where the user wants one; that is what is read from
        then on, whatever becomes of the file."""
        database, now, has_copy = self._tools.database, self._tools.micros(), self._tools.keeps_copy()
        if has_copy and await database.read(lambda db: recordings.find(db, self._job)) is None:
            says("Copies the file into the archive")
            folder = await database.read(blobs.folder_of)
            try:
                await asyncio.to_thread(recordings.copy_in, folder, self.path, self._work.sha256, self._stop.look)
            except OSError as error:
                raise ArchiveFull(f"The recording could not be copied ({error.strerror}).") from error
        await database.write(lambda db: results.begin(db, self._job, self._work, now, has_copy=has_copy))
        await self._take_own_copy()

    async def listen(self, says: Listens) -> Listened:
        """The waveform and the silences, from the archive where they were computed already; `says` hears what is done
        and how much of it is. Raises BadFile."""
        peaks = await self._tools.database.read(lambda db: recordings.peaks(db, self._job))
        if peaks is None:
            heard = await self._hear(None, says)
            peaks = await asyncio.to_thread(results.peaks_of, heard)
            packed = await asyncio.to_thread(recordings.pack_peaks, peaks)
            await self._tools.database.write(lambda db: recordings.put_peaks(db, self._job, packed))
        if max(levels_of(peaks), default=-96) < levels.SILENT_DB:
            raise FileSilent("This recording is silent throughout.")
        silent = {}
        for side in plan.channels(self._work.options, self._work.sound):
            found = levels_of(peaks) if side is None else (await self._hear(side, says)).levels
            silent[side] = await asyncio.to_thread(levels.silences, found)
        spoken = {side: times.spoken(peaks.milliseconds, found) for side, found in silent.items()}
        return Listened(peaks.milliseconds, silent, spoken)

    def _problem(self) -> BadFile | None:
        """Why the file is not the one that was added. Blocking."""
        try:
            if (found := _state(self.path)) == self._found:
                return None
            sha256, self._found = intake.digest(self.path, self._stop), found
        except OSError:
            return FileGone(f"“{self.name}” is not where it was.")
        if sha256 == self._work.sha256:
            return None
        return FileChanged(f"“{self.name}” has changed since it was added.")

    async def _take_own_copy(self) -> bool:
        """Read the archive's file from now on, where there is one that can be read without the ending of its name."""
        own = await self._own_copy()
        if own is None or not await intake.in_worker(lambda stop: _sounds_as(own, self._work.sound, stop)):
            return False
        self.path, self._found = own, await asyncio.to_thread(_state, own)
        return True

    async def _own_copy(self) -> Path | None:
        """The archive's own file, where the recording was copied into it."""

        def read(db: sqlite3.Connection) -> Path | None:
            found = recordings.find(db, self._job)
            try:
                path = blobs.path(db, found.blob) if found is not None and found.blob else None
            except Missing:
                return None
            return path if path is not None and path.is_file() else None

        return await self._tools.database.read(read)

    async def _hear(self, side: int | None, says: Listens) -> levels.Heard:
        loop, whole, last = asyncio.get_running_loop(), self._work.sound.seconds, 0.0

        def tell(seconds: float) -> None:
            nonlocal last
            self._stop.look()
            if (now := time.monotonic()) - last > TELL_S:
                last = now
                share = min(seconds / whole, 1.0)
                loop.call_soon_threadsafe(says, f"Listens for pauses, {share:.0%}", share)

        heard = await asyncio.to_thread(levels.listen, self.path, channel=side, tell=tell)
        await asyncio.to_thread(self.check_again)
        return heard


def levels_of(peaks: Peaks) -> Any:
    """Of each hundredth of a second, in dB; an array of 32-bit floats."""
    import numpy as np  # slow to import

    return np.frombuffer(peaks.levels, np.int8).astype(np.float32)


def silences_of(peaks: Peaks) -> Sequence[tuple[int, int]]:
    """Begin and end of each, in milliseconds. Blocking."""
    return levels.silences(levels_of(peaks))


def _sounds_as(path: Path, sound: Sound, stop: Stop) -> bool:
    """Whether a file is taken for what it is. Blocking."""
    try:
        return probe(path, stop.look) == sound
    except BadFile:
        return False


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns
