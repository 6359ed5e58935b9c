"""`davenport transcribe`: recordings and folders become transcripts in the archive, and files where they are wanted."""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from msgspec import Struct

from desktop.core import pricing
from desktop.core.errors import BadInput, KnownError, Offline
from desktop.core.subtitles.times import short
from desktop.core.transcript import Transcript
from desktop.services.bundle import Services
from desktop.services.commands.outcome import DONE, FAILED, Adder, NobodyReads, Write
from desktop.services.commands.transcribe_shown import USUAL_COLUMNS, Shown, name_of
from desktop.services.jobs import JobState
from desktop.services.transcription import KIND, JobView, Look, Options, done_before, export
from desktop.store import recordings

LAST_MODEL = "transcription.last-model:"


def add(commands: Adder) -> None:
    command = commands.add_parser("transcribe", help="make transcripts of recordings")
    command.add_argument("files", nargs="+", metavar="FILE|FOLDER", help="recordings, videos, folders with them")
    command.add_argument("--model", default="", help="the model's name; else the one used last")
    command.add_argument("--language", default="", metavar="CODE", help="what is spoken, such as en or de")
    command.add_argument("--translate", action="store_true", help="into English")
    command.add_argument("--prompt", default="", help="words and names that come up")
    command.add_argument("--diarize", action="store_true", help="tell speakers apart, where the model can")
    command.add_argument(
        "--format",
        action="append",
        default=[],
        metavar="FORM,…",
        help=f"files to write: {', '.join(export.NAMES)}; else text is shown",
    )
    command.add_argument("--out", type=Path, default=None, metavar="DIR", help="for the files; else beside each one")
    command.add_argument(
        "--names",
        default="",
        metavar="PATTERN",
        help=f"names of the files: words and {', '.join(f'{{{each}}}' for each in export.FIELDS)}",
    )
    command.add_argument(
        "--again", action="store_true", help="send also what was transcribed in the same way before, and pay again"
    )
    command.add_argument(
        "--yes", action="store_true", help="send also what costs more than the sum above which you want to be asked"
    )
    command.add_argument(
        "--repeat", action="store_true", help="send again what may have been charged already, without asking"
    )
    command.add_argument("--progress", action="store_true", help="show how far it is; a terminal sees it anyway")
    command.add_argument("--columns", type=int, default=USUAL_COLUMNS, help=argparse.SUPPRESS)
    command.set_defaults(with_services=transcribe)


class Wanted(Struct, frozen=True):
    """A file that was named, and the job that has its transcript. `is_old`: it had it before, nothing is sent."""

    look: Look
    job: str
    is_old: bool = False


async def transcribe(services: Services, arguments: argparse.Namespace, out: Write, err: Write) -> int:
    """0 where all was transcribed, 1 where some of it was not."""
    options = await _options(services, arguments)
    shown = Shown(err, arguments.columns if arguments.progress else 0)
    looks = await services.transcription.look([_whole(path) for path in arguments.files], options, shown.looks)
    shown.clear()
    if shown.is_unread:
        raise NobodyReads
    if not looks:
        raise BadInput("There are no recordings in what was named.", "Name files, or folders that hold some.")
    usable = [look for look in looks if not look.problem]
    same = _same(looks)
    refused = [look for look in looks if look.problem and look.path not in same]
    for look in refused:
        err(f"{name_of(look.path)}: {look.problem} {look.advice}\n")
    if not usable:
        return FAILED
    await asyncio.to_thread(_check_places, usable, options)
    wanted = await _wanted(services, usable, options, arguments)
    for each in wanted:
        if each.is_old:
            err(f"{name_of(each.look.path)}: transcribed before, nothing is sent. --again sends it once more.\n")
    jobs = {each.look.path: each.job for each in wanted}
    for look in (look for look in looks if look.path in same):
        err(f"{name_of(look.path)}: the same recording as {name_of(same[look.path])}, taken once.\n")
        wanted.append(Wanted(look, jobs[same[look.path]], is_old=True))
    is_well = await _Round(services, options, wanted, shown, out, err).go()
    return DONE if is_well and not refused else FAILED


def _same(looks: Sequence[Look]) -> dict[str, str]:
    """Files, by path, that are copies of another one, and that one."""
    first = {look.sha256: look.path for look in looks if not look.problem}
    return {look.path: first[look.sha256] for look in looks if look.problem and look.sha256 in first}


async def _options(services: Services, arguments: argparse.Namespace) -> Options:
    """Raises BadInput for what can be seen to be wrong before any file is looked at."""
    formats = _formats(arguments.format)
    if arguments.out and not formats:
        raise BadInput("There is a folder for files, but no form to write.", "Name one with --format.")
    folder = _whole(arguments.out) if arguments.out else ""
    if not folder.isprintable() and any("\ud800" <= each <= "\udfff" for each in folder):
        raise BadInput("The name of this folder is no text.", "Name another folder with --out.")
    if arguments.names:
        export.file_name(arguments.names, Transcript(), export.About("name"))
    return Options(
        profile=services.profiles.chosen.id,
        model=arguments.model or await _usual_model(services),
        task="translate" if arguments.translate else "transcribe",
        language=arguments.language,
        prompt=arguments.prompt,
        diarize=arguments.diarize,
        on_doubt="repeat" if arguments.repeat else "ask",
        formats_out=formats,
        out_dir=folder,
        name_pattern=arguments.names,
    )


async def _wanted(
    services: Services, looks: Sequence[Look], options: Options, arguments: argparse.Namespace
) -> list[Wanted]:
    """What is here already, what was begun before, and new jobs for the rest. Raises Offline, and BadInput where that
    would cost more than may be spent unasked."""
    service, jobs = services.transcription, services.jobs
    jobs.only_new()
    await jobs.load()
    old = {} if arguments.again else await _old(services, looks, options)
    sent = [look for look in looks if look.path not in old]
    if sent and services.options.offline:
        raise Offline("This run is off line: nothing is sent.", "Leave out --offline.")
    if not arguments.yes:
        _check_cost(services, sent)
    begun = {look.path: id for look in sent if (id := await service.take_up(look, options))}
    fresh = [look for look in sent if look.path not in begun]
    new = dict(zip([look.path for look in fresh], await service.add(fresh, options), strict=True))
    ids = old | begun | new
    return [Wanted(look, ids[look.path], look.path in old) for look in looks]


async def _old(services: Services, looks: Sequence[Look], options: Options) -> dict[str, str]:
    """Jobs, by path, that were done before and whose transcript is there, and not in the trash."""
    here = await services.database.read(
        lambda db: {each.id for look in looks for each in recordings.alike(db, look.sha256)}
    )
    done = done_before.finished(job for job in services.jobs.all(KIND) if job.id in here)
    return {look.path: id for look in looks if (id := done_before.find(done, look, options))}


def _check_cost(services: Services, looks: Sequence[Look]) -> None:
    estimate, most = services.transcription.estimate_of(looks), services.settings.value.transcription_ask_above
    if estimate.dollars > most:
        raise BadInput(
            f"This would cost about {pricing.shown(estimate.dollars)}, and above ${most} you want to be asked.",
            "Add --yes to go on.",
        )


def _check_places(looks: Sequence[Look], options: Options) -> None:
    """Before anything is paid for: raises BadInput where the files could not be written."""
    if not options.formats_out:
        return
    for folder in dict.fromkeys(Path(options.out_dir or Path(look.path).parent) for look in looks):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise BadInput(
                f"Nothing can be written into {folder} ({error.strerror}).", "Name another folder with --out."
            ) from error


class _Round:
    """All that is wanted, told in its order, each as soon as it is there."""

    def __init__(
        self, services: Services, options: Options, wanted: Sequence[Wanted], shown: Shown, out: Write, err: Write
    ) -> None:
        self._services, self._service, self._options = services, services.transcription, options
        self._wanted, self._shown, self._out, self._err = wanted, shown, out, err
        self._new = [each.job for each in wanted if not each.is_old]
        self._is_remembered = False

    async def go(self) -> bool:
        """Whether all is done. What is not is paused where this ends otherwise: the same command goes on with it."""
        task, new = asyncio.current_task(), set(self._new)

        def changed(id: str) -> None:
            view = self._service.job(id) if id in new else None
            if view is not None and not self._shown.changed(view, self._views) and task is not None:
                new.clear()
                task.cancel()

        self._service.listen(changed)
        try:
            return await self._told()
        except BaseException as error:
            for id in self._new:
                self._service.pause(id, at_once=True)
            if self._shown.is_unread and isinstance(error, asyncio.CancelledError):
                raise NobodyReads from None
            raise
        finally:
            new.clear()
            self._shown.clear()

    def _views(self) -> list[JobView]:
        return [view for id in self._new if (view := self._service.job(id)) is not None]

    async def _told(self) -> bool:
        is_well = True
        for each in self._wanted:
            if not each.is_old:
                await self._service.settled([each.job])
            self._shown.clear()
            view = self._service.job(each.job)
            if view is None:
                self._err(f"{name_of(each.look.path)}: it was taken out of the list.\n")
            is_well = view is not None and await self._tell(each, view) and is_well
        return is_well

    async def _tell(self, wanted: Wanted, view: JobView) -> bool:
        name = name_of(wanted.look.path)
        for begins, ends in view.nothing_in:
            self._err(f"{name}: nothing was heard from {short(begins)} to {short(ends)}.\n")
        is_done = view.state is JobState.DONE
        if not is_done:
            again = "To retry, give the same command again." if "etry" in view.advice else ""
            self._err(f"{name}: {' '.join(filter(None, (view.error or view.words, view.advice, again)))}\n")
        elif not self._is_remembered:
            await self._services.remember(f"{LAST_MODEL}{self._options.profile}", self._options.model)
            self._is_remembered = True
        if is_done:
            is_done = await self._tell_result(wanted, view)
        cost = f", {view.cost}" if view.cost and not wanted.is_old else ""
        self._err(f"{f'{name} ' if len(self._wanted) > 1 else ''}[{view.conversation}{cost}]\n")
        return is_done

    async def _tell_result(self, wanted: Wanted, view: JobView) -> bool:
        """Whether its files are there, where some were wanted; else its text is shown, under its name where there are
        several."""
        if not self._options.formats_out:
            opened = await self._service.transcript(view.recording)
            text = export.rendered(opened.transcript, "txt", export.About(""), export.Shape(times=False)).decode()
            self._out(f"==> {name_of(wanted.look.path)} <==\n{text}\n" if len(self._wanted) > 1 else text)
            return True
        try:
            written = await self._written_now(wanted.look, view) if wanted.is_old else view.written
        except KnownError as error:
            self._err(f"{name_of(wanted.look.path)}: {error.summary} {error.advice}\n")
            return False
        for path in written:
            self._out(f"{path}\n")
        return True

    async def _written_now(self, look: Look, view: JobView) -> Sequence[Path]:
        """The files of a transcript that was here before: those of then, where they are as they would be now."""
        options, source = self._options, Path(look.path)
        opened = await self._service.transcript(view.recording)
        folder = Path(options.out_dir) / look.folder if options.out_dir else source.parent
        about = export.About(source.name, date.today().isoformat(), source, folder)
        pattern, forms = options.name_pattern or export.PATTERN, options.formats_out
        name = export.file_name(pattern, opened.transcript, about)
        there = () if opened.is_edited else done_before.files(view.written, forms, folder, name)
        if there:
            return there
        write = export.write_all
        made = await asyncio.to_thread(write, opened.transcript, about, forms, folder, pattern=pattern)
        payload = self._services.jobs.get(view.id).payload
        self._services.jobs.change_payload(view.id, payload | {"written": [*view.written, *map(str, made)]})
        return made


def _whole(path: str | Path) -> str:
    return os.path.abspath(path)  # noqa: PTH100  (it may be no file at all)


def _formats(wanted: Sequence[str]) -> tuple[str, ...]:
    """Forms as they were named: in any letters, with the dot of an ending or without."""
    named = (each.strip().lower().lstrip(".") for some in wanted for each in some.split(","))
    formats = tuple(dict.fromkeys(filter(None, named)))
    for each in formats:
        if each not in export.NAMES:
            raise BadInput(f"“{each}” is no form of a transcript.", f"There are {', '.join(export.NAMES)}.")
    return formats


async def _usual_model(services: Services) -> str:
    """The one used last with this profile, or the first of its models that transcribes."""
    profile = services.profiles.chosen
    last: str = await services.remembered(f"{LAST_MODEL}{profile.id}", "")
    if last:
        return last
    if profile.is_local and services.catalogs.of(profile).listed is None:
        await services.catalogs.refresh(profile, await services.connections.client(profile))
    today = date.today()
    choices = [
        card for card in services.transcription.choices(profile.id) if not card.shutdown or card.shutdown > today
    ]
    if not choices:
        raise BadInput("No model is chosen.", "Name one with --model.")
    return choices[0].id
