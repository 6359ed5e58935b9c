"""A stretch of a recording heard once more, with whatever model, prompt or language."""

from __future__ import annotations

import asyncio
import shutil
import threading
from pathlib import Path

from desktop.api.audio import TranscriptionReply
from desktop.core.errors import BadInput
from desktop.core.ids import new_id
from desktop.core.transcript import Transcript
from desktop.media import cutting, levels
from desktop.services.transcription import intake, plan, times
from desktop.services.transcription.join import join
from desktop.services.transcription.plan import Piece
from desktop.services.transcription.run import array_of, levels_of, voice_of
from desktop.services.transcription.sending import Sender, Tools
from desktop.services.transcription.values import Opened, Options


class Again:
    """One redo; its calls are in the ledger like any others."""

    def __init__(self, tools: Tools, opened: Opened, options: Options) -> None:
        self._tools, self._opened = tools, opened
        self._sender = Sender(tools, options, opened.recording.conversation)
        self._folder = tools.cache / f"again-{new_id()}"
        self._stop = threading.Event()
        side = {"left": 0, "right": 1}.get(options.channel) if opened.recording.channels > 1 else None
        self._side, self._options = side, options

    async def go(self, begins: int, ends: int) -> Transcript:
        """Times of the recording. Raises what a call raises."""
        if ends - begins < 100:
            raise BadInput("This stretch is too short to be heard again.", "Select more.")
        silent = await self._silences()
        form = plan.encoding(ends - begins, self._sender.card)
        inside = [(max(a - begins, 0), min(b, ends) - begins) for a, b in silent if a < ends and b > begins]
        pieces = [
            Piece(each.number, each.begins + begins, each.ends + begins, each.overlap)
            for each in plan.pieces(ends - begins, inside, self._sender.card, form, self._side)
        ]
        speakers = self._options.speakers
        self._sender.voices = await asyncio.to_thread(lambda: tuple((s.name, voice_of(Path(s.clip))) for s in speakers))
        heard: list[tuple[Piece, TranscriptionReply]] = []
        try:
            for piece, path in await asyncio.to_thread(self._cut, pieces, form):
                heard.append((piece, await self._sender.send(path, piece.seconds)))
        finally:
            self._stop.set()
            await asyncio.to_thread(shutil.rmtree, self._folder, True)
        whole = round(self._opened.recording.seconds * 1000)
        spoken = {self._side: times.spoken(whole, silent)}
        return await asyncio.to_thread(join, heard, spoken, whole, self._sender.card.id)

    async def _silences(self) -> list[tuple[int, int]]:
        if self._opened.peaks is None or self._side is not None:
            found = await asyncio.to_thread(levels.listen, Path(self._opened.path), channel=self._side)
            return await asyncio.to_thread(levels.silences, found.levels)
        return await asyncio.to_thread(lambda: levels.silences(array_of(levels_of(self._opened.peaks))))  # type: ignore[arg-type]

    def _cut(self, pieces: list[Piece], form: str) -> list[tuple[Piece, Path]]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

        def tell(_: float) -> None:
            if self._stop.is_set():
                raise intake.Stopped

        def name(number: int) -> Path:
            return self._folder / f"{number}{cutting.SUFFIX[form]}"

        written = cutting.write_parts(
            Path(self._opened.path), [piece.stretch for piece in pieces], form, name, channel=self._side, tell=tell
        )
        return sorted(((pieces[number], path) for number, path in written), key=lambda made: made[0].number)
