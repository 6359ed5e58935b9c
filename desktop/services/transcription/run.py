"""One recording from its file to its transcript: heard, cut, sent in parts, each kept as it arrives, joined."""

from __future__ import annotations

import asyncio
import base64
import shutil
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from desktop.api import audio
from desktop.api.audio import TranscriptionReply
from desktop.api.multipart import kind_of
from desktop.core.conversation import State
from desktop.core.errors import (
    ArchiveFull,
    BadFile,
    BadInput,
    BudgetReached,
    Cut,
    KnownError,
    MayHaveRun,
    Offline,
    Overloaded,
    ProxyFailed,
    RateLimited,
    Silent,
    TooLarge,
    TooMuch,
    Unreachable,
    Untrusted,
)
from desktop.core.transcript import Segment, Transcript
from desktop.core.usage import Usage
from desktop.media import cutting, levels
from desktop.services.jobs import Handle
from desktop.services.transcription import intake, plan, results, times
from desktop.services.transcription.join import join
from desktop.services.transcription.plan import Piece
from desktop.services.transcription.sending import Sender, Tools
from desktop.services.transcription.values import Work
from desktop.store import blobs, ledger, recordings
from desktop.store.recordings import PAGE, PartRow, Peaks
from desktop.store.streaming import keep

TRIES = 4  # of one part whose failure may pass
UNREACHED = 12  # times that a server which cannot be reached is tried again, before the job gives up
FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 60.0
BUDGET_WAIT_S = 30.0
ROOM_LEFT = 64 << 20
PROMPT_CHARACTERS = 200  # of what came before; a model reads little more
USUAL_RATE = 10.0  # seconds of sound that a model hears in one, until it has shown its own rate
TELL_S = 0.5
SENT = 0.15  # of a part's work is its upload, as it is shown


class Run:
    """One job while it runs. `told` is called with the transcript so far whenever there is more of it."""

    def __init__(
        self,
        tools: Tools,
        handle: Handle,
        work: Work,
        *,
        told: Callable[[Transcript], None] | None = None,
        shown: Callable[[Work, float], None] | None = None,
    ) -> None:
        self.tools, self.handle, self.work_ = tools, handle, work
        self._told, self._shown = told, shown
        self._sender = Sender(tools, work.options, work.conversation)
        self._path = Path(work.path)
        self._pieces: dict[int, Piece] = {}
        self._done: dict[int, TranscriptionReply] = {}
        self._doubts: set[int] = set()
        self._silent: dict[int | None, list[tuple[int, int]]] = {}
        self._spoken: dict[int | None, times.Spoken] = {}
        self._milliseconds = round(work.sound.seconds * 1000)
        self._running: dict[int, float] = {}  # parts on their way, and how far each is
        self._texts: dict[int, str] = {}
        self._stop = threading.Event()
        self._failure: KnownError | None = None
        self._began = tools.clock()
        self._heard_before = 0.0
        self._sent_at: dict[int, float] = {}  # when a part's last byte went out
        self._waiting = (0.0, "")
        self._told_at = 0.0

    @property
    def _folder(self) -> Path:
        return self.tools.cache / self.handle.id

    async def go(self) -> Transcript:
        """Raises KnownError; what had arrived is kept, and a part that may have run is not sent again unasked."""
        problem, advice = plan.problem(self.work_.options, self._sender.card)
        if problem:
            raise BadInput(problem, advice)
        try:
            await self._check_file()
            await self._begin()
            await self._listen()
            await self._plan()
            await self._voices()
            await self._send_all()
            return await self._end()
        except BaseException as error:
            await self._keep_some(error)
            raise
        finally:
            self._stop.set()
            await asyncio.to_thread(shutil.rmtree, self._folder, True)

    # -- before anything is sent

    async def _check_file(self) -> None:
        self.handle.works("Looks at the file")
        work = self.work_

        def look() -> str:
            found = self._path.stat()
            if (found.st_size, found.st_mtime_ns) == (work.size_bytes, work.changed_ns):
                return work.sha256
            return intake.digest(self._path, self._stop)

        try:
            sha256 = await asyncio.to_thread(look)
        except OSError as error:
            if (own := await self._own_copy()) is not None:
                self._path = own
                return
            raise BadFile(
                f"“{self._path.name}” is not where it was.", "Find the file again, or put it back, then retry."
            ) from error
        if sha256 != work.sha256:
            raise BadFile(f"“{self._path.name}” has changed since it was added.", "Add it again.")

    async def _own_copy(self) -> Path | None:
        """The archive's own file, where the recording was copied into it."""

        def read(db: sqlite3.Connection) -> Path | None:
            found = recordings.find(db, self.handle.id)
            path = blobs.path(db, found.blob) if found is not None and found.blob else None
            return path if path is not None and path.is_file() else None

        return await self.tools.database.read(read)

    async def _begin(self) -> None:
        """The recording in the archive, with a copy of its file where the user wants one."""
        has_copy = self.tools.keeps_copy()
        work, now = self.work_, self.tools.micros()
        database = self.tools.database
        if has_copy and await database.read(lambda db: recordings.find(db, self.handle.id)) is None:
            self.handle.works("Copies the file into the archive")
            folder = await database.read(blobs.folder_of)

            def tell(_: int) -> None:
                if self._stop.is_set():
                    raise intake.Stopped

            try:
                await asyncio.to_thread(recordings.copy_in, folder, self._path, work.sha256, tell)
            except OSError as error:
                raise ArchiveFull(f"The recording could not be copied ({error.strerror}).") from error
        await database.write(lambda db: results.begin(db, self.handle.id, work, now, has_copy=has_copy))

    async def _listen(self) -> None:
        """The waveform and the silences, from the archive where they were computed already."""
        sides = plan.channels(self.work_.options, self.work_.sound)
        peaks = await self.tools.database.read(lambda db: recordings.peaks(db, self.handle.id))
        if peaks is None:
            heard = await self._hear(None)
            peaks = await asyncio.to_thread(results.peaks_of, heard)
            packed = await asyncio.to_thread(recordings.pack_peaks, peaks)
            await self.tools.database.write(lambda db: recordings.put_peaks(db, self.handle.id, packed))
        self._milliseconds = peaks.milliseconds
        if max(levels_of(peaks), default=-96) < levels.SILENT_DB:
            raise BadFile("This recording is silent throughout.", "Nothing was sent. Choose another one.")
        for side in sides:
            found = levels_of(peaks) if side is None else (await self._hear(side)).levels
            self._silent[side] = await asyncio.to_thread(levels.silences, array_of(found))
            self._spoken[side] = times.spoken(self._milliseconds, self._silent[side])

    async def _hear(self, side: int | None) -> levels.Heard:
        loop, whole, last = asyncio.get_running_loop(), self.work_.sound.seconds, 0.0

        def tell(seconds: float) -> None:
            nonlocal last
            if self._stop.is_set():
                raise intake.Stopped
            if (now := time.monotonic()) - last > TELL_S / 2:
                last = now
                loop.call_soon_threadsafe(self._works, f"Listens for pauses, {seconds / whole:.0%}")

        return await asyncio.to_thread(levels.listen, self._path, channel=side, tell=tell)

    async def _plan(self) -> None:
        """The parts, of an earlier run where there was one."""
        rows = await self.tools.database.read(lambda db: recordings.parts(db, self.handle.id))
        if not rows or self.work_.encoded is None:
            await self._plan_anew()
        else:
            self._pieces = {piece.number: piece for piece in _pieces_of(rows)}
        may_repeat = self.work_.may_repeat or self.work_.options.on_doubt == "repeat" or self._sender.is_free
        for row in rows:
            if row.reply is not None:
                self._done[row.number] = unpacked(row.reply)
            elif row.state in ("sent", "doubt") and not may_repeat:
                self._doubts.add(row.number)
        self._heard_before = sum(self._pieces[number].seconds for number in self._done)
        await self._keep_work(parts=len(self._pieces), parts_done=len(self._done), may_repeat=False)
        if self._done:
            self._tell_transcript()

    async def _plan_anew(self) -> None:
        work, card = self.work_, self._sender.card
        sides = plan.channels(work.options, work.sound)
        encoded = ""
        if plan.is_accepted(self._path, work.size_bytes, work.sound, card, work.options):
            found = [Piece(0, 0, self._milliseconds)]
        else:
            encoded = plan.encoding(self._milliseconds, card)
            found = [
                piece
                for side in sides
                for piece in plan.pieces(self._milliseconds, self._silent[side], card, encoded, side)
            ]
        self._pieces = {piece.number: piece for piece in found}
        rows = [PartRow(piece.number, piece.begins, piece.ends) for piece in found]
        await self.tools.database.write(lambda db: recordings.put_parts(db, self.handle.id, rows))
        await self._keep_work(encoded=encoded)

    async def _voices(self) -> None:
        def read() -> tuple[tuple[str, str], ...]:
            return tuple((each.name, voice_of(Path(each.clip))) for each in self.work_.options.speakers)

        if self.work_.options.speakers:
            self._sender.voices = await asyncio.to_thread(read)

    # -- sending

    async def _send_all(self) -> None:
        missing = [p for n, p in sorted(self._pieces.items()) if n not in self._done and n not in self._doubts]
        if missing:
            ready: asyncio.Queue[tuple[Piece, Path] | None] = asyncio.Queue()
            count = self._parallel(len(missing))
            async with asyncio.TaskGroup() as group:
                group.create_task(self._make(missing, ready, count))
                ticking = group.create_task(self._tick())
                senders = [group.create_task(self._take(ready, count == 1)) for _ in range(count)]
                await asyncio.wait(senders)
                ticking.cancel()
        if self._failure is not None:
            raise self._failure
        if self._doubts:
            one = len(self._doubts) == 1
            raise MayHaveRun(
                f"{'A part' if one else f'{len(self._doubts)} parts'} of {len(self._pieces)} may have been done and"
                " charged, but no answer came.",
                f"Retry sends {'it' if one else 'them'} again and may be charged twice.",
            )

    def _parallel(self, missing: int) -> int:
        """The server on this computer hears one part at a time; the next one then knows how the last one ended."""
        return 1 if self._sender.profile.is_local else max(1, min(self.tools.parallel(), missing))

    async def _make(
        self, missing: Sequence[Piece], ready: asyncio.Queue[tuple[Piece, Path] | None], count: int
    ) -> None:
        """Put each part's file where the senders take it, as soon as it is whole."""
        try:
            if not self.work_.encoded:
                for piece in missing:
                    ready.put_nowait((piece, self._path))
            else:
                await self._encode(missing, lambda piece, path: ready.put_nowait((piece, path)))
        except KnownError as error:
            self._failure = self._failure or error
        finally:
            for _ in range(count):
                ready.put_nowait(None)

    async def _encode(self, wanted: Sequence[Piece], made: Callable[[Piece, Path], None]) -> None:
        form, folder, loop = self.work_.encoded or "flac", self._folder, asyncio.get_running_loop()
        needed = int(sum(piece.seconds for piece in wanted) * cutting.BYTES_A_SECOND[form] * 1.1) + ROOM_LEFT

        def encode() -> None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if shutil.disk_usage(folder).free < needed:
                raise ArchiveFull(
                    f"There is no room to cut the recording: {needed / 2**20:,.0f} MiB are needed.", "Make some room."
                )
            for side in dict.fromkeys(piece.channel for piece in wanted):
                some = [piece for piece in wanted if piece.channel == side]
                written = cutting.write_parts(
                    self._path,
                    [piece.stretch for piece in some],
                    form,
                    lambda n, some=some: folder / f"{some[n].number}{cutting.SUFFIX[form]}",  # type: ignore[misc]
                    channel=side,
                    tell=lambda _: self._look_at_stop(),
                )
                for number, path in written:
                    loop.call_soon_threadsafe(made, some[number], path)

        try:
            await asyncio.to_thread(encode)
        except OSError as error:
            raise ArchiveFull(f"The recording could not be cut ({error.strerror}).") from error

    def _look_at_stop(self) -> None:
        if self._stop.is_set():
            raise intake.Stopped

    async def _take(self, ready: asyncio.Queue[tuple[Piece, Path] | None], in_order: bool) -> None:
        while (taken := await ready.get()) is not None:
            if self._failure is not None:
                continue  # what is under way elsewhere may end; nothing new begins
            piece, path = taken
            try:
                await self._send(piece, path, in_order)
            except KnownError as error:
                self._failure = self._failure or error
            finally:
                self._running.pop(piece.number, None)
                if self.work_.encoded:
                    await asyncio.to_thread(path.unlink, True)

    async def _send(self, piece: Piece, path: Path, in_order: bool) -> None:
        """One part, after as many waits as it takes."""
        if self.work_.encoded and (await asyncio.to_thread(path.stat)).st_size > self._hearing.max_bytes:
            await self._cut_again(piece, in_order)
            return
        tries = unreached = 0
        while True:
            await self._wait_for_pace()
            try:
                self._running[piece.number] = 0.0
                await self._call(piece, path, in_order)
                return
            except (RateLimited, Overloaded) as error:
                tries += 1
                wait = error.detail.retry_after_s or min(FIRST_WAIT_S * 2**tries, LONGEST_WAIT_S)
                self._hold(wait, "the rate limit" if isinstance(error, RateLimited) else "the server, it is overloaded")
            except Offline as error:
                if self.tools.is_offline:
                    raise
                await self._pause(min(FIRST_WAIT_S * 2**unreached, LONGEST_WAIT_S), "No network", error)
                unreached = min(unreached + 1, 8)
            except (Untrusted, ProxyFailed):
                raise
            except Unreachable as error:
                unreached += 1
                if unreached > UNREACHED:
                    raise
                await self._pause(min(FIRST_WAIT_S * 2**unreached, LONGEST_WAIT_S), error.summary, error)
            except BudgetReached as error:
                await self._pause(BUDGET_WAIT_S, f"Budget reached. {error.summary}", error)
            except TooLarge:
                if not self.work_.encoded:
                    raise
                await self._cut_again(piece, in_order)
                return
            except (MayHaveRun, Cut, Silent) as error:
                tries += 1
                if not self._may_repeat():
                    self._doubts.add(piece.number)
                    return
                if tries >= TRIES:
                    raise
                await self._pause(min(FIRST_WAIT_S * 2**tries, LONGEST_WAIT_S), error.summary, error)
            self._running.pop(piece.number, None)

    def _may_repeat(self) -> bool:
        return self._sender.is_free or self.work_.options.on_doubt == "repeat"

    async def _call(self, piece: Piece, path: Path, in_order: bool) -> None:
        number, job = piece.number, self.handle.id
        row = PartRow(number, piece.begins, piece.ends)
        called = ""

        def opened(db: sqlite3.Connection, call: str) -> None:
            nonlocal called
            called = call
            recordings.put_parts(db, job, [replace(row, state="sent", call_id=call)])

        def closed(db: sqlite3.Connection, reply: TranscriptionReply | None, error: KnownError | None) -> None:
            state = "done" if reply is not None else "doubt" if _is_doubtful(error) else "planned"
            kept = None if reply is None else packed(reply)
            recordings.put_parts(db, job, [replace(row, state=state, call_id=called, reply=kept)])

        def sent(done: int, of: int) -> None:
            self._running[number] = SENT * done / of
            if done == of:
                self._sent_at[number] = self.tools.clock()

        self._sent_at.pop(number, None)
        try:
            reply = await self._sender.send(
                path,
                piece.seconds,
                before=self._before(piece) if in_order else "",
                sha256="" if self.work_.encoded else self.work_.sha256,
                told=sent,
                heard=lambda event: self._heard(piece, event),
                on_wait=lambda wait: self._hold(wait.seconds, wait.reason, shows_only=True),
                opened=opened,
                closed=closed,
            )
        finally:
            self._texts.pop(number, None)
            self._sent_at.pop(number, None)
        self._done[number] = reply
        self._tell_transcript()
        sender = self._sender
        await self._keep_work(
            parts=len(self._pieces),
            parts_done=len(self._done),
            cost_pico=(self.work_.cost_pico or 0) + sender.cost_pico,
            unpriced=self.work_.unpriced + sender.unpriced,
        )
        sender.cost_pico = sender.unpriced = 0

    async def _cut_again(self, piece: Piece, in_order: bool) -> None:
        """A part that is too large after all, as two that take its place."""
        later = [n for n in self._pieces if n > piece.number and n // plan.CHANNEL == piece.number // plan.CHANNEL]
        two = plan.halves(piece, self._silent[piece.channel], min(later, default=piece.number + plan.APART))
        if two is None:
            raise TooLarge("A part of the recording is too large for the server, however short.")
        rows = [PartRow(each.number, each.begins, each.ends) for each in two]
        await self.tools.database.write(lambda db: recordings.put_parts(db, self.handle.id, rows))
        self._pieces.update({each.number: each for each in two})
        made: list[tuple[Piece, Path]] = []
        await self._encode(two, lambda each, path: made.append((each, path)))
        await asyncio.sleep(0)
        for each, path in made:
            try:
                await self._send(each, path, in_order)
            finally:
                self._running.pop(each.number, None)
                await asyncio.to_thread(path.unlink, True)

    def _before(self, piece: Piece) -> str:
        """How the part above ended."""
        above = [n for n in self._done if n < piece.number and n // plan.CHANNEL == piece.number // plan.CHANNEL]
        if not above or piece.overlap:
            return ""
        text = self._done[max(above)].text.strip()
        if times.packing(text[-PROMPT_CHARACTERS:]) >= times.PACKED_TIMES:
            return ""  # what it invented would only be carried on
        return text[-PROMPT_CHARACTERS:].partition(" ")[2] if len(text) > PROMPT_CHARACTERS else text

    # -- waiting

    def _hold(self, seconds: float, reason: str, *, shows_only: bool = False) -> None:
        until = self.tools.clock() + seconds
        if shows_only:
            self._waiting = (until, reason)
        else:
            self.tools.paused[self._sender.key] = (until, reason)

    async def _wait_for_pace(self) -> None:
        """Until the server takes requests for this model again, for all that is known."""
        while True:
            until, reason = self.tools.paused.get(self._sender.key, (0.0, ""))
            left = until - self.tools.clock()
            if left <= 0:
                left, reason = self._limit_left(), "the rate limit"
            if left <= 0:
                self.tools.paused.pop(self._sender.key, None)
                return
            if await self._pause(left, reason):
                self.tools.paused.pop(self._sender.key, None)
                return

    def _limit_left(self) -> float:
        """Seconds until the server's own limit of requests is whole again, where none are left."""
        for gauge in self.tools.rate_limits.models(self._sender.profile.id):
            if gauge.model == self._sender.card.id and gauge.remaining_requests == 0 and gauge.requests_reset_at:
                return min(gauge.requests_reset_at / 1e6 - self.tools.now(), LONGEST_WAIT_S)
        return 0.0

    async def _pause(self, seconds: float, reason: str, error: KnownError | None = None) -> bool:
        """Wait, and say each second for what; whether the user cut it short."""
        until = self.tools.clock() + seconds
        self.handle.poked.clear()
        while (left := until - self.tools.clock()) > 0:
            if not self._running or error is not None:
                words = reason if error is not None else f"Waits for {reason}"
                self.handle.waits(f"{words.rstrip('.')}, {_span(left)}")
            if await self._poked(min(left, 1.0)):
                return True
        return False

    async def _poked(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self.handle.poked.wait()
        except TimeoutError:
            return False
        return True

    # -- telling

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TELL_S)
            self._show()

    def _show(self) -> None:
        """How far all parts are: those that are sent are guessed by the rate the model has shown."""
        self._guess()
        if not self._running:
            return
        now, (until, reason) = self.tools.clock(), self._waiting
        if until > now:
            self.handle.waits(f"{reason.rstrip('.')} Tries again in {_span(until - now)}")
            return
        done, of = len(self._done), len(self._pieces)
        words = "Sends" if all(share < SENT for share in self._running.values()) else "Is being heard"
        self._works(words if of == 1 else f"{words}, {done} of {of} parts are done", self._progress())

    def _guess(self) -> None:
        rate = self.tools.rates.get(self._sender.key, USUAL_RATE)
        now = self.tools.clock()
        for number, at in self._sent_at.items():
            expected = max(self._pieces[number].seconds / rate, 0.5)
            took = (now - at) / expected
            self._running[number] = SENT + (0.97 - SENT) * (took * 0.9 if took < 1 else 1 - 0.1 / took)

    def _progress(self) -> float:
        whole = sum(piece.seconds for piece in self._pieces.values()) or 1.0
        done = sum(self._pieces[number].seconds for number in self._done)
        under_way = sum(self._pieces[number].seconds * share for number, share in self._running.items())
        return min((done + under_way) / whole, 0.99)

    def _works(self, words: str, progress: float | None = None) -> None:
        self.handle.works(words, progress)
        if self._shown is not None:
            done = sum(self._pieces[number].seconds for number in self._done if number in self._pieces)
            took = self.tools.clock() - self._began
            self._shown(self.work_, (done - self._heard_before) / took if took > 1 else 0.0)

    def _heard(self, piece: Piece, event: audio.Piece) -> None:
        """Words of a stream: shown at once, under the part they belong to."""
        if event.delta:
            self._texts[piece.number] = self._texts.get(piece.number, "") + event.delta
        elif event.segment is not None and piece.number not in self._texts:
            self._texts[piece.number] = ""
        now = self.tools.clock()
        if now - self._told_at > 0.1:
            self._tell_transcript()

    def _tell_transcript(self) -> None:
        self._told_at = self.tools.clock()
        if self._told is None:
            return
        transcript = self._joined()
        growing = [
            Segment(f"growing-{number}", self._pieces[number].begins, self._pieces[number].ends, text.strip())
            for number, text in sorted(self._texts.items())
            if text.strip()
        ]
        both = sorted((*transcript.segments, *growing), key=lambda segment: segment.begins)
        self._told(replace(transcript, segments=tuple(both)))

    # -- the end

    def _joined(self) -> Transcript:
        parts = [(self._pieces[number], reply) for number, reply in self._done.items()]
        return join(parts, self._spoken, self._milliseconds, self._sender.card.id)

    async def _end(self) -> Transcript:
        self.handle.works("Puts the parts together")
        transcript = await asyncio.to_thread(self._joined)
        job, work, now = self.handle.id, self.work_, self.tools.micros()

        def keep_all(db: sqlite3.Connection) -> None:
            usage, cost = _spent(db, work.conversation)
            results.put(db, job, transcript, now, cost_pico=cost, is_free=self._sender.is_free, usage=usage)
            recordings.drop_parts(db, job)

        await keep(self.tools.database, keep_all)
        return transcript

    async def _keep_some(self, error: BaseException) -> None:
        """What had arrived when a job ended early can be read all the same; the parts stay, for the next run."""
        if not self._done:
            return
        transcript = self._joined()
        state = State.STOPPED if isinstance(error, asyncio.CancelledError) else State.CUT
        known = error if isinstance(error, KnownError) else None
        job, now = self.handle.id, self.tools.micros()

        def keep_them(db: sqlite3.Connection) -> None:
            usage, cost = _spent(db, self.work_.conversation)
            results.put(
                db,
                job,
                transcript,
                now,
                state=state,
                cost_pico=cost,
                is_free=self._sender.is_free,
                usage=usage,
                error=known.summary if known else "",
                advice=known.advice if known else "",
            )

        with suppress(KnownError):
            await self.tools.database.write(keep_them)

    async def _keep_work(self, **changed: Any) -> None:
        self.work_ = replace(self.work_, **changed)
        await self.handle.keep(msgspec.to_builtins(self.work_))
        self._works(self.handle.words)

    @property
    def _hearing(self) -> Any:
        return plan.hearing_of(self._sender.card)


def packed(reply: TranscriptionReply) -> bytes:
    return zlib.compress(msgspec.msgpack.encode(reply), 6)


def unpacked(kept: bytes) -> TranscriptionReply:
    return msgspec.msgpack.decode(zlib.decompress(kept), type=TranscriptionReply)


def levels_of(peaks: Peaks) -> Sequence[float]:
    """Of each hundredth of a second, in dB."""
    import numpy as np  # slow to import

    found: Sequence[float] = np.frombuffer(peaks.levels, np.int8).astype(np.float32)  # type: ignore[assignment]
    return found


def voice_of(path: Path) -> str:
    """A clip as a data URL. Raises BadFile."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadFile(f"The voice in “{path.name}” cannot be read.", "Choose another clip.") from error
    return f"data:{kind_of(path.name)};base64,{base64.b64encode(content).decode()}"


def array_of(found: Any) -> Any:
    import numpy as np  # slow to import

    return np.asarray(found, np.float32)


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


def _spent(db: sqlite3.Connection, conversation: str) -> tuple[Usage, int | None]:
    """What all calls of a recording used and cost; None where that is not known of each."""
    found = ledger.totals(db, where=ledger.Where(conversation=conversation, page=PAGE))
    return found.usage, None if found.unpriced else found.cost_pico


def _is_doubtful(error: KnownError | None) -> bool:
    """Whether a part that was sent may have been done; one that the user stopped too."""
    return error is None or isinstance(error, MayHaveRun | Cut | Silent | TooMuch)


def _span(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < 120 else f"{round(seconds / 60)} min"
