"""A stretch of a recording heard once more, with whatever model, prompt or language."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from desktop.core.errors import BadInput
from desktop.core.transcript import Transcript
from desktop.media import levels
from desktop.services.transcription import plan, times
from desktop.services.transcription.cutter import Cutter
from desktop.services.transcription.join import Heard, join
from desktop.services.transcription.plan import Piece
from desktop.services.transcription.sending import Sender, Tools
from desktop.services.transcription.source import silences_of
from desktop.services.transcription.values import Opened, Options
from desktop.services.transcription.voices import voice_of

SHORTEST_MS = 100

Span = tuple[int, int]


class Again:
    """One redo; its calls are in the ledger like any others."""

    def __init__(self, tools: Tools, opened: Opened, options: Options) -> None:
        self._tools, self._opened, self._options = tools, opened, options
        self._sender = Sender(tools, options, opened.recording.conversation)
        self._side = {"left": 0, "right": 1}.get(options.channel) if opened.recording.channels > 1 else None

    async def go(self, begins: int, ends: int) -> Transcript:
        """Times of the recording. Raises what a call raises."""
        if ends - begins < SHORTEST_MS:
            raise BadInput("This stretch is too short to be heard again.", "Select more.")
        silent = await self._silences()
        form = plan.encoding(ends - begins, self._sender.card)
        inside = [(max(a - begins, 0), min(b, ends) - begins) for a, b in silent if a < ends and b > begins]
        pieces = [
            Piece(each.number, each.begins + begins, each.ends + begins, each.overlap)
            for each in plan.pieces(ends - begins, inside, self._sender.card, form, self._side)
        ]
        heard = await self._send(pieces, form)
        whole = round(self._opened.recording.seconds * 1000)
        spoken = {self._side: times.spoken(whole, silent)}
        names = tuple(speaker.name for speaker in self._options.speakers)
        return await asyncio.to_thread(join, heard, spoken, whole, self._sender.card.id, names=names)

    async def _send(self, pieces: list[Piece], form: str) -> list[Heard]:
        speakers = self._options.speakers
        voices = await asyncio.to_thread(lambda: tuple((s.name, voice_of(Path(s.clip))) for s in speakers))
        made: list[tuple[Piece, Path]] = []
        heard: list[Heard] = []
        cutter = Cutter(self._tools.cache, form)
        try:
            await cutter.cut(Path(self._opened.path), pieces, lambda *each: made.append(each))
            await asyncio.sleep(0)  # the last one is told of
            for piece, path in made:
                heard.append((piece, await self._sender.send(path, piece.seconds, voices=voices)))
        finally:
            await cutter.close()
        return heard

    async def _silences(self) -> Sequence[Span]:
        peaks = self._opened.peaks
        if peaks is not None and self._side is None:
            return await asyncio.to_thread(silences_of, peaks)
        found = await asyncio.to_thread(levels.listen, Path(self._opened.path), channel=self._side)
        return await asyncio.to_thread(levels.silences, found.levels)
