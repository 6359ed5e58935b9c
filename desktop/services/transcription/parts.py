"""The parts of one job: what is planned, what has arrived, what is in doubt; each written down as it changes."""

from __future__ import annotations

import asyncio
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Sequence

import msgspec
from msgspec.structs import replace

from desktop.api.audio import TranscriptionReply
from desktop.core.calls import Fate
from desktop.core.transcript import Transcript
from desktop.services.transcription import plan, times
from desktop.services.transcription.join import join
from desktop.services.transcription.plan import Piece
from desktop.services.transcription.source import Listened
from desktop.store import recordings
from desktop.store.database import Database
from desktop.store.recordings import PartRow

MUCH = 0.2  # of a part is spoken: a model that says nothing of it is not believed
DOUBTFUL = frozenset({Fate.UNKNOWN, Fate.CUT})  # a part whose call ended so may have been done all the same
PROMPT_CHARACTERS = 200  # of what came before; a model reads little more


class Parts:
    """`names` are speakers that the user named: they hold for the whole recording."""

    def __init__(self, database: Database, job: str, model: str, names: Iterable[str] = ()) -> None:
        self._database, self._job, self._model = database, job, model
        self._names = frozenset(names)
        self.pieces: dict[int, Piece] = {}
        self.done: dict[int, TranscriptionReply] = {}
        self.doubts: set[int] = set()

    async def load(self, *, may_repeat: bool, goes_on: bool = False) -> bool:
        """Those of an earlier run, False where there are none. What that one had sent without an answer is in doubt,
        unless it may be repeated; what the user broke off, unless the user `goes_on`."""
        rows = await self._database.read(lambda db: recordings.parts(db, self._job))
        self.pieces = {piece.number: piece for piece in _pieces_of(rows)}
        for row in rows:
            if row.reply is not None:
                self.done[row.number] = unpacked(row.reply)
            elif row.state != "planned" and not may_repeat and not (goes_on and row.state == "stopped"):
                self.doubts.add(row.number)
        return bool(rows)

    async def plan(self, pieces: Sequence[Piece]) -> None:
        """These, instead of any others."""
        rows = [PartRow(piece.number, piece.begins, piece.ends) for piece in pieces]

        def put(db: sqlite3.Connection) -> None:
            recordings.drop_parts(db, self._job)
            recordings.put_parts(db, self._job, rows)

        await self._database.write(put)
        self.pieces = {piece.number: piece for piece in pieces}
        self.done, self.doubts = {}, set()

    async def split(self, piece: Piece, silent: Sequence[tuple[int, int]]) -> tuple[Piece, Piece] | None:
        """A part as two that take its place, None where it is too short for that."""
        later = [n for n in self.pieces if n > piece.number and plan.side_of(n) == piece.channel]
        two = plan.halves(piece, silent, min(later, default=piece.number + plan.APART))
        if two is not None:
            rows = [PartRow(each.number, each.begins, each.ends) for each in two]
            await self._database.write(lambda db: recordings.put_parts(db, self._job, rows))
            self.pieces.update({each.number: each for each in two})
        return two

    @property
    def missing(self) -> list[Piece]:
        """What is still to be sent, in its order."""
        return [p for n, p in sorted(self.pieces.items()) if n not in self.done and n not in self.doubts]

    def seconds_done(self) -> float:
        return sum(self.pieces[number].seconds for number in self.done)

    def before(self, piece: Piece) -> str:
        """How the part above ended, for the prompt."""
        above = [n for n in self.done if n < piece.number and plan.side_of(n) == piece.channel]
        if not above or piece.overlap:
            return ""
        text = self.done[max(above)].text.strip()
        if times.packing(text[-PROMPT_CHARACTERS:]) >= times.PACKED_TIMES:
            return ""  # what it invented would only be carried on
        return text[-PROMPT_CHARACTERS:].partition(" ")[2] if len(text) > PROMPT_CHARACTERS else text

    async def transcript(self, listened: Listened) -> Transcript:
        """Of all that has arrived."""
        parts = [(self.pieces[number], reply) for number, reply in self.done.items()]
        return await asyncio.to_thread(
            join, parts, listened.spoken, listened.milliseconds, self._model, names=self._names, of=sorted(self.pieces)
        )

    def nothing_in(self, listened: Listened) -> tuple[tuple[int, int], ...]:
        """Parts for which no text came though much of them is loud enough for speech, in milliseconds."""
        return tuple(
            (piece.begins, piece.ends)
            for number, piece in sorted(self.pieces.items())
            if number in self.done
            and not self.done[number].text.strip()
            and not any(each.text.strip() for each in self.done[number].segments)
            and listened.spoken[piece.channel].share(piece.begins, piece.ends) > MUCH
        )

    def writing(self, piece: Piece, may_have_run: Callable[[], bool]) -> Writing:
        return Writing(self._job, piece, may_have_run)


class Writing:
    """What is written of one part, in the transactions that open and close its call's row of the ledger.

    `may_have_run` says of a call that was stopped whether all of it had gone out.
    """

    def __init__(self, job: str, piece: Piece, may_have_run: Callable[[], bool]) -> None:
        self._job, self._may_have_run = job, may_have_run
        self._row = PartRow(piece.number, piece.begins, piece.ends)

    def opened(self, db: sqlite3.Connection, call: str) -> None:
        self._row = replace(self._row, state="sent", call_id=call)
        recordings.put_parts(db, self._job, [self._row])

    def closed(self, db: sqlite3.Connection, reply: TranscriptionReply | None, fate: Fate) -> None:
        if reply is not None:
            self._row = replace(self._row, state="done", reply=packed(reply))
        elif fate is Fate.STOPPED:
            self._row = replace(self._row, state="stopped" if self._may_have_run() else "planned")
        else:
            self._row = replace(self._row, state="doubt" if fate in DOUBTFUL else "planned")
        recordings.put_parts(db, self._job, [self._row])


def packed(reply: TranscriptionReply) -> bytes:
    return zlib.compress(msgspec.msgpack.encode(reply), 6)


def unpacked(kept: bytes) -> TranscriptionReply:
    return msgspec.msgpack.decode(zlib.decompress(kept), type=TranscriptionReply)


def _pieces_of(rows: Sequence[PartRow]) -> list[Piece]:
    """With the overlaps, which follow from the times of neighbours."""
    made: list[Piece] = []
    ordered = sorted(rows, key=lambda row: (row.number // plan.CHANNEL, row.begins))
    for number, row in enumerate(ordered):
        before = ordered[number - 1] if number else None
        is_neighbour = before is not None and before.number // plan.CHANNEL == row.number // plan.CHANNEL
        overlap = max(0, before.ends - row.begins) if before is not None and is_neighbour else 0
        made.append(Piece(row.number, row.begins, row.ends, overlap))
    return made
