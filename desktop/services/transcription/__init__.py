"""Transcription: what is dropped becomes jobs, and each job a recording with its transcript in the archive."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from desktop.core import pricing
from desktop.core.catalog import TRANSCRIPTIONS, Card, serves
from desktop.core.errors import BadFile, BadInput, KnownError
from desktop.core.ids import new_id
from desktop.core.pricing import Cost
from desktop.core.text import scalar
from desktop.core.transcript import Transcript
from desktop.media import levels
from desktop.services.jobs import Handle, Job, Jobs, JobState
from desktop.services.transcription import export, intake, plan, results, subtitle_file
from desktop.services.transcription.again import Again, Redone
from desktop.services.transcription.run import Run, Watch
from desktop.services.transcription.sending import Tools
from desktop.services.transcription.values import (
    Channel,
    Estimate,
    JobView,
    KnownSpeaker,
    Look,
    Looking,
    Opened,
    Options,
    Task,
    Work,
)
from desktop.store import conversations, recordings
from desktop.store.recordings import PAGE, Peaks, Recording

KIND = "transcription"
CACHE = "transcription"

__all__ = [
    "PAGE",
    "Channel",
    "Estimate",
    "JobState",
    "JobView",
    "KnownSpeaker",
    "Look",
    "Looking",
    "Opened",
    "Options",
    "Peaks",
    "Recording",
    "Task",
    "Transcription",
]


class Transcription:
    """What the page and `davenport transcribe` do. Jobs live in `jobs`; `start` takes up those of an earlier run."""

    def __init__(self, tools: Tools, jobs: Jobs) -> None:
        self._tools, self._jobs = tools, jobs
        self._database = tools.database
        self._rates: dict[str, float] = {}
        self._listeners: list[Callable[[str], None]] = []
        self._partial: defaultdict[str, list[Callable[[Transcript], None]]] = defaultdict(list)
        self._runs: dict[str, Run] = {}
        jobs.register(KIND, self._run, _lane)
        jobs.listen(self._changed)

    async def start(self) -> None:
        """Remove what a killed run left in the cache, and go on with its jobs. Once, after the window is there."""
        if not self._jobs.is_loaded:
            await asyncio.to_thread(shutil.rmtree, self._tools.cache, True)
        await self._jobs.load()

    def carried(self, key: str) -> Path:
        """A folder for files that a drag carries out of the window: there until the next start."""
        return self._tools.cache / "carried" / key

    # -- before anything is sent

    def card(self, options: Options) -> Card:
        """The model that is meant, as the profile's catalog has it."""
        return self._tools.catalogs.of(self._tools.profile_of(options.profile)).card(options.model)

    def choices(self, profile: str = "") -> tuple[Card, ...]:
        """Models of a profile that transcribe, those of its server's list or all that are known."""
        catalog = self._tools.catalogs.of(self._tools.profile_of(profile))
        ids = catalog.listed if catalog.listed is not None else tuple(catalog.cards)
        place = "local" if self._tools.profile_of(profile).is_local else ""
        cards = (catalog.card(id) for id in dict.fromkeys((*ids, *catalog.users)))
        return tuple(
            card
            for card in cards
            if card.endpoints and serves(card, TRANSCRIPTIONS) and (catalog.listed is not None or card.server == place)
        )

    def problem(self, options: Options) -> tuple[str, str]:
        """Why the model cannot do what is asked, and what to do; two empty texts where it can."""
        return plan.problem(options, self.card(options))

    async def look(
        self, paths: Sequence[str], options: Options, tell: Callable[[Looking], None] | None = None
    ) -> tuple[Look, ...]:
        """What is in files and folders, in their order. Nothing is sent; cancelling stops it."""
        found = await intake.look(paths, options, self.card(options), tell)
        known = await self._database.read(
            lambda db: {look.sha256: recordings.alike(db, look.sha256) for look in found if look.sha256}
        )
        queued = {work.sha256: job.id for job in self._jobs.all(KIND) if (work := _work(job)) is not None}
        seen: set[str] = set()
        made = []
        for look in found:
            others = known.get(look.sha256) or []
            same = others[0].id if others else queued.get(look.sha256, "")
            if look.sha256 and look.sha256 in seen and not look.problem:
                look = replace(look, problem="This recording is there twice.", advice="It is taken once.")
            seen.add(look.sha256)
            made.append(replace(look, same_as=same))
        return tuple(made)

    def estimate_of(self, looks: Iterable[Look]) -> Estimate:
        """What all of them that can be done would cost together."""
        some = [look for look in looks if not look.problem and look.sound is not None]
        known = [look.estimate for look in some if isinstance(look.estimate, Cost)]
        return Estimate(
            sum((cost.dollars for cost in known), Decimal(0)),
            sum(look.sound.seconds for look in some if look.sound is not None),
            len(some),
            len(some) - len(known),
            bool(some) and len(known) == len(some) and all(cost.is_free for cost in known),
        )

    # -- the queue

    async def add(self, looks: Sequence[Look], options: Options, *, held: bool = False) -> tuple[str, ...]:
        """Queue what can be done of what was looked at, in its order; ids of the jobs, which are the recordings' too.

        `held`: they wait until they are resumed. Raises BadInput where the model cannot do what is asked.
        """
        problem, advice = self.problem(options)
        if problem:
            raise BadInput(problem, advice)
        profile = self._tools.profile_of(options.profile)
        options = replace(options, profile=profile.id)
        wanted = []
        for look in looks:
            if look.problem or look.sound is None:
                continue
            cost = look.estimate
            work = Work(
                look.path,
                look.sha256,
                look.size_bytes,
                look.changed_ns,
                look.sound,
                new_id(),
                options,
                look.folder,
                estimate_pico=pricing.pico(cost.dollars) if isinstance(cost, Cost) else None,
                is_free=isinstance(cost, Cost) and cost.is_free,
                parts=look.parts,
            )
            wanted.append(("", Path(look.path).name, msgspec.to_builtins(work)))
        return await self._jobs.add(KIND, wanted, held=held)

    async def take_up(self, look: Look, options: Options) -> str:
        """Go on with a job that was begun with the same bytes and the same wishes, and stopped or failed; its id, ""
        where there is none. Its files are written where the options say now."""
        await self._jobs.load()
        here = await self._database.read(lambda db: {each.id for each in recordings.alike(db, look.sha256)})
        for job in self._jobs.all(KIND):
            work = _work(job)
            is_idle = job.state is not JobState.DONE and not job.state.is_active
            if work is None or not is_idle or (work.encoded is not None and job.id not in here):
                continue  # it is in the trash, or of no use
            if work.sha256 != look.sha256 or not work.options.asks_as(options):
                continue
            work = replace(work, path=look.path, folder=look.folder, options=options)
            work = replace(work, size_bytes=look.size_bytes, changed_ns=look.changed_ns)
            self._jobs.change_payload(job.id, msgspec.to_builtins(_allowed(work)))
            self._jobs.take_up(job.id)
            return job.id
        return ""

    def jobs(self) -> tuple[JobView, ...]:
        """In the order of their turn."""
        return tuple(view for job in self._jobs.all(KIND) if (view := self._view(job)) is not None)

    def job(self, id: str) -> JobView | None:
        """One of them, None where it is gone."""
        found = self._jobs.find(id)
        return None if found is None or found.kind != KIND else self._view(found)

    def listen(self, changed: Callable[[str], None]) -> None:
        """`changed` is told the id of a job that is new, changed or gone."""
        self._listeners.append(changed)

    def listen_partial(self, recording: str, heard: Callable[[Transcript], None]) -> Callable[[], None]:
        """`heard` is told what there is of a transcript, now and while it comes; returns how to stop listening."""
        self._partial[recording].append(heard)
        if (run := self._runs.get(recording)) is not None:
            run.tell()

        def stop() -> None:
            with suppress(ValueError):
                self._partial[recording].remove(heard)

        return stop

    def pause(self, id: str, *, at_once: bool = False) -> None:
        """Parts that are on their way to a model that costs end first; a second pause does not wait for them."""
        self._jobs.pause(id, at_once=at_once)

    def resume(self, id: str) -> None:
        """Go on with a paused job, or try again now where one waits."""
        self._allow(id)
        self._jobs.resume(id)

    def cancel(self, id: str) -> None:
        self._jobs.cancel(id)

    def reason_to_stay(self) -> str:
        """What would be lost, were the application ended now; "" for nothing."""
        count = sum(run.flying for run in self._runs.values())
        if not count:
            return "What became of the recordings cannot be kept until there is room." if self._jobs.is_unkept else ""
        many = "A part of a recording is" if count == 1 else f"{count} parts of recordings are"
        return f"{many} on the way to a model that is paid for, and may be charged again."

    def retry(self, id: str) -> None:
        """Begin again where a job ended; parts in doubt are sent again once the user was told of them."""
        self._allow(id)
        self._jobs.retry(id)

    def move(self, id: str, before: str | None) -> None:
        """Before another job, or to the end."""
        self._jobs.move(id, before)

    def pause_all(self) -> None:
        self._jobs.pause_all()

    def resume_all(self) -> None:
        for job in self._jobs.all(KIND):
            if job.state is JobState.PAUSED:
                self._allow(job.id)
        self._jobs.resume_all()

    async def forget(self, id: str) -> None:
        """Take a job out of the list; a recording of which nothing came goes with it."""
        await self._jobs.forget(id)

        def tidy(db: sqlite3.Connection) -> None:
            recordings.drop_parts(db, id)
            found = recordings.find(db, id)
            if found is not None and recordings.message_of(db, id) is None:
                conversations.purge(db, [found.conversation])

        await self._database.write(tidy)

    @property
    def parallel(self) -> int:
        """How many recordings are worked on at once."""
        return self._jobs.parallel

    @parallel.setter
    def parallel(self, count: int) -> None:
        self._jobs.parallel = count

    async def settled(self, ids: Iterable[str] | None = None) -> None:
        """Until these jobs, or all, are over or paused."""
        await self._jobs.settled(ids)

    # -- results

    async def transcript(self, recording: str) -> Opened:
        """Raises Missing where it is gone or nothing came of it yet."""
        return await self._database.read(lambda db: results.opened(db, recording))

    async def of_conversation(self, conversation: str) -> Recording | None:
        """The recording a conversation of the library is about."""
        return await self._database.read(lambda db: recordings.of_conversation(db, conversation))

    async def save(self, recording: str, transcript: Transcript) -> None:
        """Keep a transcript as the user has it now, and its text for the search."""
        now, packed = self._tools.micros(), await asyncio.to_thread(recordings.pack, transcript)
        await self._database.write(lambda db: recordings.put_edited(db, recording, transcript, now, packed=packed))

    async def revert(self, recording: str) -> Transcript:
        """Back to the transcript as it came, which is returned."""
        now = self._tools.micros()

        def back(db: sqlite3.Connection) -> Transcript:
            recordings.put_edited(db, recording, None, now)
            return recordings.kept(db, recording).original

        return await self._database.write(back)

    async def find_source(self, recording: str, path: str) -> None:
        """Name the file where a recording is now. Raises BadFile for one with other content."""
        found = await self._database.read(lambda db: recordings.get(db, recording))
        try:
            sha256 = await intake.in_worker(partial(intake.digest, Path(path)))
        except OSError as error:
            raise BadFile(f"“{Path(path).name}” cannot be read.", "Choose another file.") from error
        if sha256 != found.sha256:
            raise BadFile(f"“{Path(path).name}” is another recording.", "Choose the file that was transcribed.")
        await self._database.write(lambda db: recordings.move(db, recording, scalar(path)))
        if (job := self._jobs.find(recording)) is not None and (work := _work(job)) is not None:
            self._jobs.change_payload(recording, msgspec.to_builtins(replace(work, path=scalar(path))))

    async def redo(
        self,
        recording: str,
        begin_ms: int,
        end_ms: int,
        options: Options,
        tell: Callable[[Redone], None] = lambda far: None,
        waits: Callable[[str], None] = lambda sentence: None,
    ) -> Redone:
        """A stretch heard again, with another model, prompt or language. Nothing is kept: the editor compares and
        takes what it wants. `tell` and what is raised are those of `Again.go`, `waits` hears what is waited for;
        BadFile where the recording's file is missing."""
        opened = await self._database.read(lambda db: results.opened(db, recording))
        if not opened.path:
            raise BadFile("The recording's file is missing.", "Find it first.")
        problem, advice = self.problem(options)
        if problem:
            raise BadInput(problem, advice)
        again = Again(self._tools, opened, options, waits)
        return await again.go(max(0, begin_ms), min(end_ms, round(opened.recording.seconds * 1000)), tell)

    async def open_subtitles(self, path: str, recording_path: str) -> str:
        """Keep a recording with subtitles or a transcript that is there already, as if it had been heard; its id.

        Raises BadInput or BadFile. Nothing is sent.
        """
        (look,) = await self.look([recording_path], Options())
        if look.sound is None:
            raise BadFile(look.problem, look.advice)
        read = await asyncio.to_thread(subtitle_file.transcript_of, Path(path))
        transcript = replace(read, milliseconds=max(read.milliseconds, round(look.sound.seconds * 1000)))
        id, now = new_id(), self._tools.micros()
        work = Work(look.path, look.sha256, look.size_bytes, look.changed_ns, look.sound, new_id(), Options())
        heard = await intake.in_worker(lambda stop: levels.listen(Path(recording_path), tell=stop.look))
        packed = await asyncio.to_thread(lambda: recordings.pack_peaks(results.peaks_of(heard)))

        def keep_all(db: sqlite3.Connection) -> None:
            results.begin(db, id, work, now, has_copy=False)
            recordings.put_peaks(db, id, packed)
            results.put(db, id, transcript, now)

        await self._database.write(keep_all)
        return id

    # -- inside

    async def _run(self, handle: Handle) -> None:
        id = handle.id
        if (work := _work(self._jobs.get(id))) is None:
            raise BadInput("This job was made by another version of Davenport.", "Add the recording again.")

        def told(transcript: Transcript) -> None:
            for heard in tuple(self._partial.get(id, ())):
                heard(transcript)

        watch = Watch(told, partial(self._rates.__setitem__, id))
        run = self._runs[id] = Run(self._tools, handle, work, watch)
        try:
            transcript = await run.go()
        finally:
            del self._runs[id]
        await self._write_out(handle, run.work, transcript)

    async def _write_out(self, handle: Handle, work: Work, transcript: Transcript) -> None:
        """The files that were asked for; where they cannot be written, the transcript is there all the same."""
        if not work.options.formats_out:
            return
        source = Path(work.path)
        folder = Path(work.options.out_dir) / work.folder if work.options.out_dir else source.parent
        today = datetime.fromtimestamp(self._tools.now()).astimezone().date()
        about = export.About(source.name, today.isoformat(), source, folder)
        pattern = work.options.name_pattern or export.PATTERN
        try:
            written = await asyncio.to_thread(
                lambda: export.write_all(transcript, about, work.options.formats_out, folder, pattern=pattern)
            )
        except KnownError as error:
            raise BadInput(
                f"The transcript is kept, but its files could not be written: {error.summary}", error.advice
            ) from error
        await handle.keep(msgspec.to_builtins(replace(work, written=tuple(str(path) for path in written))))

    def _allow(self, id: str) -> None:
        """The user goes on with the job."""
        job = self._jobs.get(id)
        if not job.state.is_active and (work := _work(job)) is not None:
            self._jobs.change_payload(id, msgspec.to_builtins(_allowed(work)))

    def _changed(self, id: str) -> None:
        job = self._jobs.find(id)
        if job is not None and job.kind != KIND:
            return
        if job is None or job.state.is_over:
            self._rates.pop(id, None)
        for changed in self._listeners:
            changed(id)

    def _view(self, job: Job) -> JobView | None:
        work = _work(job)
        if work is None:
            return None
        return JobView(
            job.id,
            job.id,
            work.conversation,
            job.title,
            work.path,
            job.state,
            job.words,
            job.progress,
            job.seconds_left,
            self._rates.get(job.id, 0.0),
            work.parts_done,
            work.parts,
            _words(work.cost_pico, work.is_free, work.unpriced),
            _words(work.estimate_pico, work.is_free, work.estimate_pico is None),
            job.error,
            job.advice,
            job.added,
            work.sound.seconds,
            work.options.model,
            work.written,
            self._jobs.is_pausing(job.id),
            work.nothing_in,
            job.problem,
        )


def _allowed(work: Work) -> Work:
    """What may have been charged already may be sent again, as far as the user knows of it."""
    return replace(work, goes_on=True, may_repeat=work.is_asked)


def _lane(payload: Mapping[str, Any]) -> tuple[str, str]:
    """Jobs that need the same from outside: a model of a profile."""
    options = payload.get("options", {})
    return str(options.get("profile", "")), str(options.get("model", ""))


def _work(job: Job) -> Work | None:
    """None for a payload of a version that nobody knows any more."""
    try:
        return msgspec.convert(job.payload, Work)
    except msgspec.ValidationError:
        return None


def _words(pico: int | None, is_free: bool, unpriced: bool | int) -> str:
    """Money as it is shown; nothing where nothing is known."""
    if is_free:
        return "free"
    if pico is None or (unpriced and not pico):
        return "unpriced" if unpriced else ""
    return pricing.shown(pricing.from_pico(pico))
