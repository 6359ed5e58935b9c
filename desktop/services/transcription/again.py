"""A stretch of a recording heard once more, with whatever model, prompt or language."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

from msgspec import Struct

from desktop.api.client import Wait
from desktop.core.errors import BadInput, KnownError
from desktop.core.transcript import Transcript
from desktop.media import levels
from desktop.services.transcription import plan, times
from desktop.services.transcription.cutter import Cutter
from desktop.services.transcription.intake import Stop
from desktop.services.transcription.join import Heard, join
from desktop.services.transcription.pace import wait_words
from desktop.services.transcription.plan import Piece
from desktop.services.transcription.sending import Sender, Tools
from desktop.services.transcription.source import silences_of
from desktop.services.transcription.values import Opened, Options
from desktop.services.transcription.voices import voice_of
from desktop.services.whole import whole

SHORTEST_MS = 100

Span = tuple[int, int]


class Redone(Struct, frozen=True):
    """What was heard, up to `ends` milliseconds of the recording. `parts` calls are done of `of`; `failure` is why no
    more came."""

    transcript: Transcript
    ends: int
    parts: int
    of: int
    failure: KnownError | None = None

    @property
    def is_whole(self) -> bool:
        return self.parts == self.of


Tell = Callable[[Redone], None]
Waits = Callable[[str], None]
"""Hears in a sentence what a call waits for."""


class Again:
    """One redo; its calls are in the ledger like any others."""

    def __init__(self, tools: Tools, opened: Opened, options: Options, waits: Waits = lambda sentence: None) -> None:
        self._tools, self._opened, self._options, self._waits = tools, opened, options, waits
        self._sender = Sender(tools, options, opened.recording.conversation)
        self._side = {"left": 0, "right": 1}.get(options.channel) if opened.recording.channels > 1 else None

    async def go(self, begins: int, ends: int, tell: Tell = lambda far: None) -> Redone:
        """Times of the recording. `tell` hears what there is after each call, also when a stop comes with it: it is
        paid for. Raises what the first call raises; what a later one raises is the answer's `failure`."""
        if ends - begins < SHORTEST_MS:
            raise BadInput("This stretch is too short to be heard again.", "Select more.")
        silent = await self._silences()
        form = plan.encoding(ends - begins, self._sender.card)
        inside = [(max(a - begins, 0), min(b, ends) - begins) for a, b in silent if a < ends and b > begins]
        pieces = [
            Piece(each.number, each.begins + begins, each.ends + begins, each.overlap)
            for each in plan.pieces(ends - begins, inside, self._sender.card, form, self._side)
        ]
        spoken = {self._side: times.spoken(round(self._opened.recording.seconds * 1000), silent)}
        heard: list[Heard] = []
        far: Redone | None = None
        try:
            async with aclosing(self._heard(pieces, form)) as replies:
                async for part in replies:
                    heard.append(part)
                    far = await whole(self._joined(heard, spoken, len(pieces)))
                    tell(far)
        except KnownError as error:
            if far is None:
                raise
            return Redone(far.transcript, far.ends, far.parts, far.of, error)
        return far or Redone(Transcript(), ends, 0, 0)

    async def _joined(self, heard: Sequence[Heard], spoken: Mapping[int | None, times.Spoken], of: int) -> Redone:
        names = tuple(speaker.name for speaker in self._options.speakers)
        milliseconds = round(self._opened.recording.seconds * 1000)
        made = await asyncio.to_thread(join, heard, spoken, milliseconds, self._sender.card.id, names=names)
        return Redone(made, heard[-1][0].ends, len(heard), of)

    async def _heard(self, pieces: list[Piece], form: str) -> AsyncGenerator[Heard, None]:
        """One after another, in the order of time."""
        speakers = self._options.speakers
        voices = await asyncio.to_thread(lambda: tuple((s.name, voice_of(Path(s.clip))) for s in speakers))
        made: list[tuple[Piece, Path]] = []
        cutter = Cutter(self._tools.cache, form)
        try:
            await cutter.cut(Path(self._opened.path), pieces, lambda *each: made.append(each))
            await asyncio.sleep(0)  # the last one is told of
            for piece, path in made:
                yield piece, await self._sender.send(path, piece.seconds, voices=voices, on_wait=self._wait)
        finally:
            await cutter.close()

    def _wait(self, wait: Wait) -> None:
        self._waits(wait_words(wait))

    async def _silences(self) -> Sequence[Span]:
        peaks = self._opened.peaks
        if peaks is not None and self._side is None:
            return await asyncio.to_thread(silences_of, peaks)
        stop = Stop()
        try:
            path = Path(self._opened.path)
            found = await asyncio.to_thread(levels.listen, path, channel=self._side, tell=stop.look)
        finally:
            stop.set()  # the thread of a task that was stopped ends too
        return await asyncio.to_thread(levels.silences, found.levels)
