"""Voices by which a model knows speakers again from part to part: clips that were given, and clips of those found."""

from __future__ import annotations

import asyncio
import base64
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from desktop.api.audio import SegmentReply, TranscriptionReply
from desktop.api.multipart import kind_of
from desktop.core.errors import BadFile, KnownError
from desktop.core.sizes import size_words
from desktop.media import cutting, pieces
from desktop.media.decoding import HEARD_RATE
from desktop.services.transcription.intake import Stop, in_worker
from desktop.services.transcription.join import voice_name
from desktop.services.transcription.plan import Piece
from desktop.services.transcription.values import KnownSpeaker

SHORTEST_S, LONGEST_S = 2.0, 10.0
MOST_BYTES = 8_000_000  # of a clip that the user chose: LONGEST_S in any form, and no film by mistake
MARGIN_S = 0.1  # at both ends of a clip: times of speakers are not exact
PAUSE_S = 1.0  # of somebody who goes on

Voice = tuple[str, str]
"""A name, and the data URL of a clip."""


class Voices:
    """Those that go along with the parts of one recording, as many as the model takes: first the user's own."""

    def __init__(self, path: Path, cache: Path, form: str, most: int) -> None:
        self._path, self._cache, self._form, self.most = path, cache, form, most
        self._found: list[Voice] = []

    @property
    def all(self) -> tuple[Voice, ...]:
        return tuple(self._found[: self.most])

    async def take(self, speakers: Sequence[KnownSpeaker]) -> None:
        """The user's clips. Raises BadFile."""
        for speaker in speakers:
            self._found.append((speaker.name, await asyncio.to_thread(voice_of, Path(speaker.clip))))

    async def learn(self, piece: Piece, reply: TranscriptionReply) -> None:
        """Whoever was found in a part, and is heard alone for long enough, is named with the parts that follow."""
        known = {name for name, _ in self._found}
        for label in dict.fromkeys(each.speaker for each in reply.segments if each.speaker):
            if len(self._found) >= self.most or piece.channel is not None:
                return
            alone = clearest(reply.segments, label) if label not in known else None
            if alone is not None:
                begins, ends = (piece.begins + round(each * 1000) for each in alone)
                voice = await in_worker(partial(self._clip, begins, ends))
                if voice:
                    self._found.append((voice_name(piece.number, label), voice))

    def _clip(self, begins: int, ends: int, stop: Stop) -> str:
        """A stretch of the recording as a data URL, "" where there is too little or none can be made: then a label
        holds for its part alone. Blocking; raises Stopped."""
        import av  # slow to import

        try:
            _, samples = pieces.piece(self._path, begins, ends, tell=stop.look)
            return self._written(samples) if samples.size >= SHORTEST_S * HEARD_RATE else ""
        except (KnownError, av.FFmpegError, OSError):
            return ""

    def _written(self, samples: pieces.Samples) -> str:
        self._cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._cache) as folder:
            path = Path(folder) / f"voice{cutting.SUFFIX[self._form]}"
            writer = cutting.Writer(path, self._form)
            writer.take(samples)
            writer.close()
            return voice_of(path)


def clearest(segments: Sequence[SegmentReply], label: str) -> tuple[float, float] | None:
    """Begin and end, in seconds of the part, of the longest stretch in which this speaker alone is heard, at most
    LONGEST_S; None where none is SHORTEST_S long."""
    best = max(_alone(segments, label), key=lambda each: each[1] - each[0], default=(0.0, 0.0))
    begins, ends = best[0] + MARGIN_S, best[1] - MARGIN_S
    return (begins, min(ends, begins + LONGEST_S)) if ends - begins >= SHORTEST_S else None


def _alone(segments: Sequence[SegmentReply], label: str) -> Iterator[tuple[float, float]]:
    others = [(each.start, each.end) for each in segments if each.speaker != label]
    run: tuple[float, float] | None = None
    for each in segments:
        if each.speaker == label and each.end > each.start >= 0:
            if run is not None and each.start - run[1] <= PAUSE_S and not _touches(others, run[0], each.end):
                run = run[0], each.end
            else:
                run = (each.start, each.end) if not _touches(others, each.start, each.end) else None
            if run is not None:
                yield run


def _touches(others: Sequence[tuple[float, float]], begins: float, ends: float) -> bool:
    return any(a < ends and b > begins for a, b in others)


def voice_of(path: Path) -> str:
    """A clip as a data URL. Blocking; raises BadFile."""
    try:
        if (size := path.stat().st_size) > MOST_BYTES:
            raise BadFile(
                f"The voice in “{path.name}” is too large ({size_words(size)}).", "Choose a clip of some seconds."
            )
        content = path.read_bytes()
    except OSError as error:
        raise BadFile(f"The voice in “{path.name}” cannot be read.", "Choose another clip.") from error
    return f"data:{kind_of(path.name)};base64,{base64.b64encode(content).decode()}"
