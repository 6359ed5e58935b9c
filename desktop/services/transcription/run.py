"""One recording from its file to its transcript: heard, cut, sent in parts, each kept as it arrives, joined."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
from msgspec.structs import replace

from desktop.core.conversation import State
from desktop.core.errors import ArchiveFull, BadInput, BadRequest, KnownError, MayHaveRun, TooLarge
from desktop.core.transcript import Transcript
from desktop.core.usage import Usage
from desktop.services.jobs import Handle
from desktop.services.transcription import plan, results
from desktop.services.transcription.cutter import Cutter
from desktop.services.transcription.delivery import Delivery, Order
from desktop.services.transcription.intake import Stop
from desktop.services.transcription.parts import Parts
from desktop.services.transcription.plan import Piece
from desktop.services.transcription.progress import LISTENED, Progress
from desktop.services.transcription.sending import Sender, Tools
from desktop.services.transcription.source import Listened, Source
from desktop.services.transcription.values import Work
from desktop.services.transcription.voices import Voices
from desktop.store import ledger, recordings
from desktop.store.recordings import PAGE

TELL_S = 0.1
ROOM_S = 1.0  # between looks whether a full disk has room again
LOSSLESS, SMALL = "flac", "opus"


class Watch:
    """Who wants to see a job's transcript as it comes, and its rate: seconds of sound for one of work."""

    def __init__(
        self,
        told: Callable[[Transcript], None] = lambda transcript: None,
        rate: Callable[[float], None] = lambda rate: None,
    ) -> None:
        self.told, self.rate = told, rate


class Run:
    """One job while it runs."""

    def __init__(self, tools: Tools, handle: Handle, work: Work, watch: Watch | None = None) -> None:
        self._tools, self._handle, self.work = tools, handle, work
        self._watch = watch or Watch()
        self._stop = Stop()
        self._sender = Sender(tools, work.options, work.conversation)
        self._source = Source(tools, handle.id, work, self._stop)
        names = (speaker.name for speaker in work.options.speakers)
        self._parts = Parts(tools.database, handle.id, self._sender.card.id, names)
        self._progress = Progress(tools, handle, self._sender.key, self._parts)
        self._sender.on_trouble = self._has_trouble
        self._delivery: Delivery | None = None
        self._listened = Listened(0, {}, {})
        self._so_far = Transcript()
        self._telling: asyncio.TimerHandle | None = None
        self._joined: frozenset[int] = frozenset()  # numbers of the parts it is made of
        self._began, self._heard_before, self._told_at = tools.clock(), 0.0, 0.0

    @property
    def flying(self) -> int:
        """Parts on their way whose answer is paid for, and would be once more."""
        return self._delivery.flying if self._delivery is not None else 0

    async def go(self) -> Transcript:
        """Raises KnownError; what had arrived is kept, and a part that may have run is not sent again unasked."""
        if self.work.is_heard:
            kept = await self._tools.database.read(lambda db: recordings.kept(db, self._handle.id))
            return kept.edited or kept.original
        problem, advice = plan.problem(self.work.options, self._sender.card)
        if problem:
            raise BadInput(problem, advice)
        try:
            await self._prepare()
            await self._send_all()
            return await self._end()
        except BaseException as error:
            self._stop.set()
            await self._keep_some(error)
            if isinstance(error, MayHaveRun):
                with suppress(KnownError):
                    await self._keep_work(is_asked=True)
            raise

    # -- before anything is sent

    async def _prepare(self) -> None:
        self._handle.works("Looks at the file")
        await self._source.check()
        await self._source.keep(self._handle.works)
        self._listened = await self._source.listen(self._listens)
        work = self.work
        may_repeat = work.may_repeat or self._may_repeat
        if not await self._parts.load(may_repeat=may_repeat, goes_on=work.goes_on) or work.encoded is None:
            await self._plan()
        self._heard_before, self._began = self._parts.seconds_done(), self._tools.clock()
        await self._keep_work(goes_on=False, is_asked=False, may_repeat=False)
        if self._parts.done:
            await self._join()

    @property
    def _may_repeat(self) -> bool:
        return self._sender.is_free or self.work.options.on_doubt == "repeat"

    def _listens(self, words: str, share: float) -> None:
        self._handle.works(words, LISTENED * share, is_steady=False)

    async def _plan(self, *, is_cut: bool = False) -> None:
        """The file as it is where the server takes that, unless it is to be cut; else its parts."""
        work, card, length = self.work, self._sender.card, self._listened.milliseconds
        if not is_cut and plan.is_accepted(self._source.name, work.size_bytes, work.sound, card, work.options):
            form, found = "", [Piece(0, 0, length)]
        else:
            form = plan.encoding(length, card)
            silent = self._listened.silent
            found = [piece for side in silent for piece in plan.pieces(length, silent[side], card, form, side)]
        await self._parts.plan(found)
        await self._keep_work(encoded=form)

    # -- sending

    async def _send_all(self) -> None:
        if self._tools.is_offline:
            self._handle.waits("Davenport was started off line: goes on at the next start", gives_way=True)
            await asyncio.Event().wait()
        if self._parts.missing:
            self._handle.works("Starts the local server" if self._sender.profile.is_local else "Connects")
            await self._tools.connections.client(self._sender.profile)
        try:
            await self._deliver()
        except (TooLarge, BadRequest) as error:
            if self.work.encoded or (error.detail.param or "file") != "file":
                raise
            await self._plan(is_cut=True)  # it does not take this file: what we make of it, it may
            await self._deliver()

    async def _deliver(self) -> None:
        work, tools, sender, form = self.work, self._tools, self._sender, self.work.encoded or ""
        order = Order(self._handle, self._source, self._listened, self._parts, form, work.sha256, self._may_repeat)
        clip_form = SMALL if "ogg" in plan.hearing_of(sender.card).containers else LOSSLESS
        voices = Voices(self._source.path, tools.cache, clip_form, plan.many_voices(work.options, sender.card))
        await voices.take(work.options.speakers)
        for number, reply in self._parts.done.items():
            await voices.learn(self._parts.pieces[number], reply)
        cutter = Cutter(tools.cache, form or LOSSLESS)
        self._delivery = Delivery(
            order, sender, self._progress, voices, cutter, arrived=self._arrived, heard=self._heard
        )
        self._handle.ends_first, self._handle.hurries = self._delivery.ends_first, self._progress.hurry
        try:
            await self._delivery.go()
        finally:
            self._handle.ends_first, self._handle.hurries = str, lambda: None
            self._tell_no_more()
            await cutter.close()

    async def _arrived(self) -> None:
        await self._keep_work()
        took = self._tools.clock() - self._began
        self._watch.rate((self._parts.seconds_done() - self._heard_before) / took if took > 1 else 0.0)
        self._progress.show()
        await self._join()

    async def _join(self) -> None:
        await self._transcript()
        self.tell()

    async def _transcript(self) -> Transcript:
        """Of all that has arrived; joined anew where more has than before."""
        done = frozenset(self._parts.done)
        if done != self._joined:
            transcript = await self._parts.transcript(self._listened)
            if self._joined <= done:  # else more has arrived and is joined meanwhile
                self._so_far, self._joined = transcript, done
        return self._so_far

    def _heard(self) -> None:
        """Words of a stream are shown at once, or with those that follow in a moment."""
        if self._tools.clock() - self._told_at > TELL_S:
            self.tell()
        elif self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(TELL_S, self.tell)

    def tell(self) -> None:
        """What there is of the transcript now, with the words of streams under the parts they belong to."""
        self._told_at = self._tools.clock()
        self._tell_no_more()
        both = sorted((*self._so_far.segments, *self._progress.growing), key=lambda segment: segment.begins)
        if both:
            self._watch.told(replace(self._so_far, segments=tuple(both)))

    def _tell_no_more(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None

    def _has_trouble(self, error: KnownError | None) -> None:
        """The disk is full: what arrived is in memory until there is room, and nothing more is sent."""
        self._progress.trouble = f"{error.summary} {error.advice}" if error is not None else ""
        self._progress.show()

    # -- the end

    async def _end(self) -> Transcript:
        self._handle.works("Puts the parts together")
        transcript = await self._transcript()
        done = replace(self.work, is_heard=True, nothing_in=self._parts.nothing_in(self._listened))
        packed = await asyncio.to_thread(recordings.pack, transcript)
        job, now = self._handle.id, self._tools.micros()

        def keep_all(db: sqlite3.Connection) -> None:
            self._put(db, transcript, packed, now, State.COMPLETE)
            recordings.drop_parts(db, job)

        await self._keep(done, keep_all)
        self._watch.told(transcript)
        return transcript

    async def _keep_some(self, error: BaseException) -> None:
        """What had arrived when a job ended early can be read all the same; the parts stay, for the next run."""
        if not self._parts.done or not self._listened.spoken:
            return
        transcript = await self._transcript()
        packed = await asyncio.to_thread(recordings.pack, transcript)
        state = State.STOPPED if isinstance(error, asyncio.CancelledError) else State.CUT
        known, now = error if isinstance(error, KnownError) else None, self._tools.micros()
        with suppress(KnownError):
            await self._tools.database.write(lambda db: self._put(db, transcript, packed, now, state, known))

    def _put(
        self,
        db: sqlite3.Connection,
        transcript: Transcript,
        packed: bytes,
        now: int,
        state: State,
        error: KnownError | None = None,
    ) -> None:
        spent = self._spent(db)
        results.put(
            db,
            self._handle.id,
            transcript,
            now,
            state=state,
            cost_pico=None if spent.unpriced else spent.cost_pico,
            is_free=self._sender.is_free,
            usage=spent.usage if spent.calls else Usage(),
            error=error.summary if error else "",
            advice=error.advice if error else "",
            packed=packed,
        )

    def _spent(self, db: sqlite3.Connection) -> ledger.Totals:
        """What all calls of this recording used and cost."""
        return ledger.totals(db, where=ledger.Where(conversation=self.work.conversation, page=PAGE))

    async def _keep_work(self, **changed: Any) -> None:
        """How far it is and what it has cost, for the queue and for the next run."""
        spent = await self._tools.database.read(self._spent)
        parts = self._parts
        work = replace(
            self.work,
            parts=len(parts.pieces),
            parts_done=len(parts.done),
            cost_pico=spent.cost_pico if spent.calls else None,
            unpriced=spent.unpriced,
            **changed,
        )
        await self._keep(work)

    async def _keep(self, work: Work, also: Callable[[sqlite3.Connection], None] | None = None) -> None:
        """In one transaction with `also`; on a full disk as soon as there is room, and that is said meanwhile."""
        while True:
            try:
                await self._handle.keep(msgspec.to_builtins(work), also)
            except ArchiveFull as error:
                self._has_trouble(error)
                await asyncio.sleep(ROOM_S)
            else:
                break
        self.work = work
        if self._progress.trouble:
            self._has_trouble(None)
