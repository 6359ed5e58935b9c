"""Sends the parts of a job, some at once, each after as many waits and tries as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from desktop.api.audio import Piece as Event
from desktop.api.client import Wait
from desktop.core.errors import (
    BadFile,
    BudgetReached,
    Cut,
    MayHaveRun,
    Offline,
    Overloaded,
    ProxyFailed,
    RateLimited,
    Silent,
    TooLarge,
    Unreachable,
    Untrusted,
)
from desktop.services.jobs import Handle
from desktop.services.transcription import plan
from desktop.services.transcription.cutter import Cutter
from desktop.services.transcription.intake import Stopped
from desktop.services.transcription.pace import Pace, growing
from desktop.services.transcription.parts import Parts
from desktop.services.transcription.plan import Piece
from desktop.services.transcription.progress import Progress
from desktop.services.transcription.sending import Sender
from desktop.services.transcription.source import Listened, Source
from desktop.services.transcription.voices import Voices

TRIES = 4  # of one part that may be repeated though it may have been done
UNREACHED = 12  # times that a server which cannot be reached is tried again, before the job gives up
FIRST_WAIT_S = 2.0
BUDGET_WAIT_S = 30.0

Made = tuple[Piece, Path]


@dataclass(slots=True)
class Order:
    """What is to be sent. `form` is what parts are encoded in, "" for the file as it is; `sha256` that of the file."""

    handle: Handle
    source: Source
    listened: Listened
    parts: Parts
    form: str
    sha256: str
    may_repeat: bool


class Delivery:
    """One round over the parts that are missing. `arrived` is awaited behind each that is there and kept; `heard` is
    told of each word of a stream."""

    def __init__(
        self,
        order: Order,
        sender: Sender,
        progress: Progress,
        voices: Voices,
        cutter: Cutter,
        *,
        arrived: Callable[[], Awaitable[None]],
        heard: Callable[[], None],
    ) -> None:
        self._order, self._parts, self._handle = order, order.parts, order.handle
        self._sender, self._progress, self._voices, self._cutter = sender, progress, voices, cutter
        self._arrived, self._heard = arrived, heard
        self._pace = Pace(sender.tools, order.handle, sender.key, lambda: bool(progress.flying))
        self._ready: asyncio.Queue[Made | None] = asyncio.Queue()
        self._failure: Exception | None = None
        self._is_first, self._first_ended = True, asyncio.Event()
        self._is_in_order, self._settling = False, 0

    async def go(self) -> None:
        """Raises the first failure of a part, once those that are under way have ended; and MayHaveRun where some are
        in doubt."""
        if missing := self._parts.missing:
            count = self._many(len(missing))
            self._is_in_order = count == 1
            if self._parts.done or not self._needs_voices:
                self._first_ended.set()
            await self._send_all(missing, count)
        if self._failure is not None:
            raise self._failure
        if self._parts.doubts:
            raise self._in_doubt()

    @property
    def flying(self) -> int:
        """Parts that are on their way and would be charged again, were they broken off."""
        return 0 if self._order.may_repeat else len(self._progress.flying)

    def ends_first(self) -> str:
        """What a pause waits for, in words: also that what has come is counted."""
        count = self.flying + self._settling
        return {0: "", 1: "Pauses after this part"}.get(count, f"Pauses after these {count} parts")

    def _many(self, missing: int) -> int:
        """The server on this computer hears one part at a time; the next one then knows how the last one ended."""
        wanted = self._sender.options.parts_at_once or self._sender.tools.parallel()
        return 1 if self._sender.profile.is_local else max(1, min(wanted, missing))

    @property
    def _needs_voices(self) -> bool:
        """Whether the first part is heard by itself, for the others to know who speaks."""
        many = len(self._parts.pieces) > 1 and None in self._order.listened.spoken
        return many and len(self._voices.all) < self._voices.most

    def _in_doubt(self) -> MayHaveRun:
        count, of = len(self._parts.doubts), len(self._parts.pieces)
        some = "This recording" if of == 1 else f"{count} of {of} parts"
        return MayHaveRun(
            f"{some} may have been done and charged, but no answer came.",
            f"Retry sends {'it' if count == 1 else 'them'} again and may be charged twice.",
        )

    # -- several at once

    async def _send_all(self, missing: list[Piece], count: int) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._make(missing, count))
            ticking = group.create_task(self._progress.tick())
            senders = [group.create_task(self._take()) for _ in range(count)]
            await asyncio.wait(senders)
            ticking.cancel()

    async def _make(self, missing: list[Piece], count: int) -> None:
        """Put each part's file where the senders take it, as soon as it is whole."""
        source = self._order.source
        try:
            if not self._order.form:
                for piece in missing:
                    self._ready.put_nowait((piece, source.path))
            else:
                self._handle.works("Cuts the recording into parts")
                await self._cutter.cut(source.path, missing, lambda *made: self._ready.put_nowait(made))
                await asyncio.to_thread(source.check_again)
        except Exception as error:  # noqa: BLE001  (raised by `go`: what is under way is paid for, and may end)
            self._fail(error)
        finally:
            for _ in range(count):
                self._ready.put_nowait(None)

    async def _take(self) -> None:
        while (taken := await self._ready.get()) is not None:
            piece, path = taken
            is_first, self._is_first = self._is_first, False
            try:
                if not is_first:
                    await self._first_ended.wait()
                if self._failure is None:  # else what is under way may end; nothing new begins
                    await self._send(piece, path)
            except Exception as error:  # noqa: BLE001  (the same)
                self._fail(error)
            finally:
                if is_first:
                    self._first_ended.set()
                await self._drop(path)
                self._handle.held_go_on()

    def _fail(self, error: Exception) -> None:
        """The first one is told; that the cutting stopped is none of its own."""
        if not isinstance(error, Stopped):
            self._failure = self._failure or error
        self._cutter.stop()

    async def _drop(self, path: Path) -> None:
        if self._order.form:
            with suppress(OSError):
                await asyncio.to_thread(path.unlink, True)

    # -- one part

    async def _send(self, piece: Piece, path: Path) -> None:
        """One part, after as many waits as it takes."""
        if self._order.form and await self._size(path) > plan.hearing_of(self._sender.card).max_bytes:
            await self._cut_again(piece)
            return
        refused = unreached = doubtful = 0
        while True:
            await self._pace.ready()
            await self._handle.gate()
            if self._failure is not None:
                return  # of another part, meanwhile
            try:
                await self._call(piece, path)
                return
            except (RateLimited, Overloaded) as error:
                refused += 1
                reason = "the rate limit" if isinstance(error, RateLimited) else "the server, it is overloaded"
                self._pace.hold(max(error.detail.retry_after_s or 0.0, growing(FIRST_WAIT_S, refused)), reason)
            except Offline as error:
                await self._pace.wait(growing(FIRST_WAIT_S, unreached), error, "No network.")
                unreached += 1
            except (Untrusted, ProxyFailed):
                raise
            except Unreachable as error:
                unreached += 1
                if unreached > UNREACHED:
                    raise
                await self._pace.wait(growing(FIRST_WAIT_S, unreached), error)
            except BudgetReached as error:
                await self._pace.wait(BUDGET_WAIT_S, error, "Budget reached.")
            except TooLarge:
                if not self._order.form:
                    raise
                await self._cut_again(piece)
                return
            except (MayHaveRun, Cut, Silent) as error:
                doubtful += 1
                if not self._order.may_repeat:
                    self._parts.doubts.add(piece.number)
                    return
                if doubtful >= TRIES:
                    raise
                await self._pace.wait(growing(FIRST_WAIT_S, doubtful), error)

    async def _call(self, piece: Piece, path: Path) -> None:
        number, progress = piece.number, self._progress
        writing = self._parts.writing(piece, lambda: progress.is_out(number))
        try:
            reply = await self._sender.send(
                path,
                piece.seconds,
                before=self._parts.before(piece) if self._is_in_order else "",
                voices=self._voices.all,
                file_name="" if self._order.form else self._order.source.name,
                sha256="" if self._order.form else self._order.sha256,
                told=lambda done, of: progress.sent(number, done, of),
                heard=lambda event: self._hears(number, event),
                on_wait=lambda wait: self._waits(number, wait),
                opened=writing.opened,
                closed=writing.closed,
            )
        finally:
            progress.ended(number)
        self._parts.done[number] = reply
        self._settling += 1
        try:
            await self._voices.learn(piece, reply)
            await self._arrived()
        finally:
            self._settling -= 1
        if self._parts.missing:
            self._handle.step_ended()

    def _hears(self, number: int, event: Event) -> None:
        self._progress.heard(number, event)
        self._heard()

    def _waits(self, number: int, wait: Wait) -> None:
        """The call was refused and waits by itself: nothing of it is under way."""
        self._progress.waits(number, wait)
        self._progress.show()
        self._handle.step_ended()

    async def _cut_again(self, piece: Piece) -> None:
        """A part that is too large after all, as two that take its place."""
        two = await self._parts.split(piece, self._order.listened.silent[piece.channel])
        if two is None:
            raise TooLarge("A part of the recording is too large for the server, however short.")
        made: list[Made] = []
        await self._cutter.cut(self._order.source.path, two, lambda *each: made.append(each))
        await asyncio.sleep(0)  # the second one is told of
        for each, path in made:
            try:
                await self._send(each, path)
            finally:
                await self._drop(path)

    async def _size(self, path: Path) -> int:
        try:
            return (await asyncio.to_thread(path.stat)).st_size
        except OSError as error:
            raise BadFile("A part that was cut from the recording is gone.", "Retry cuts it again.") from error
