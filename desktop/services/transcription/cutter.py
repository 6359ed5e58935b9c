"""Parts of a recording as files of their own, written in a worker and gone when the run ends."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from desktop.core.errors import ArchiveFull
from desktop.core.ids import new_id
from desktop.core.sizes import size_words
from desktop.media import cutting
from desktop.services.transcription.intake import Stop
from desktop.services.transcription.plan import Piece

ROOM_LEFT = 64 << 20

Made = Callable[[Piece, Path], None]


class Cutter:
    """Cuts one recording. Its folder is its own: what another run of the same job still writes is elsewhere."""

    def __init__(self, cache: Path, form: str) -> None:
        self._folder, self._form = cache / new_id(), form
        self._stop, self._is_closed = Stop(), False

    async def cut(self, path: Path, pieces: Sequence[Piece], made: Made) -> None:
        """`made` is told, on the loop, of each part's file as soon as it is whole.

        Raises ArchiveFull, BadFile, and Stopped behind `close`.
        """
        loop = asyncio.get_running_loop()

        def told(piece: Piece, part: Path) -> None:
            loop.call_soon_threadsafe(made, piece, part)

        try:
            await asyncio.to_thread(self._cut, path, pieces, told)
        except OSError as error:
            raise ArchiveFull(f"The recording could not be cut ({error.strerror or error}).") from error

    def stop(self) -> None:
        """Nothing more is cut; what is whole stays."""
        self._stop.set()

    async def close(self) -> None:
        """Whatever is being cut ends, and all files go."""
        self._is_closed = True
        self._stop.set()
        await asyncio.to_thread(shutil.rmtree, self._folder, True)

    def _cut(self, path: Path, pieces: Sequence[Piece], made: Made) -> None:
        try:
            self._make_room(pieces)
            for side in dict.fromkeys(piece.channel for piece in pieces):
                self._cut_side(path, [piece for piece in pieces if piece.channel == side], made)
        finally:
            if self._is_closed:  # the folder may have been removed while the last part was being written
                shutil.rmtree(self._folder, True)

    def _cut_side(self, path: Path, pieces: Sequence[Piece], made: Made) -> None:
        written = cutting.write_parts(
            path,
            [piece.stretch for piece in pieces],
            self._form,
            lambda n: self._folder / f"{pieces[n].number}{cutting.SUFFIX[self._form]}",
            channel=pieces[0].channel,
            tell=self._stop.look,
        )
        for number, part in written:
            made(pieces[number], part)

    def _make_room(self, pieces: Sequence[Piece]) -> None:
        needed = int(sum(piece.seconds for piece in pieces) * cutting.BYTES_A_SECOND[self._form] * 1.1) + ROOM_LEFT
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if shutil.disk_usage(self._folder).free < needed:
            raise ArchiveFull(
                f"There is no room to cut the recording: {size_words(needed)} are needed.", "Make some room."
            )
