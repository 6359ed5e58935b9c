"""`davenport transcribe`: recordings and folders become transcripts in the archive, and files where they are wanted."""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from desktop.core.errors import BadInput, Offline
from desktop.core.subtitles.times import short
from desktop.services.bundle import Services
from desktop.services.commands.outcome import DONE, FAILED, Adder, Write
from desktop.services.jobs import JobState
from desktop.services.transcription import JobView, Look, Looking, Options, export

SHOWN_EVERY_S = 0.25
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
        "--format", default="", metavar="FORM,…", help=f"files to write: {', '.join(export.NAMES)}; else text is shown"
    )
    command.add_argument("--out", type=Path, default=None, metavar="DIR", help="for the files; else beside each one")
    command.add_argument(
        "--repeat", action="store_true", help="send again what may have been charged already, without asking"
    )
    command.add_argument("--progress", action="store_true", help="show how far it is; a terminal sees it anyway")
    command.set_defaults(with_services=transcribe)


async def transcribe(services: Services, arguments: argparse.Namespace, out: Write, err: Write) -> int:
    """0 where all was transcribed, 1 where some of it was not."""
    service, formats = services.transcription, _formats(arguments.format)
    options = Options(
        profile=services.profiles.chosen.id,
        model=arguments.model or await _usual_model(services),
        task="translate" if arguments.translate else "transcribe",
        language=arguments.language,
        prompt=arguments.prompt,
        diarize=arguments.diarize,
        on_doubt="repeat" if arguments.repeat else "ask",
        formats_out=formats,
        out_dir=_whole(arguments.out) if arguments.out and formats else "",
    )
    if arguments.out and not formats:
        raise BadInput("There is a folder for files, but no form to write.", "Name one with --format.")
    shown = _Shown(err, arguments.progress)
    paths = [_whole(path) for path in arguments.files]
    looks = await service.look(paths, options, shown.looks)
    shown.clear()
    if not looks:
        raise BadInput("There are no recordings in what was named.", "Name files, or folders that hold some.")
    refused = [look for look in looks if look.problem]
    for look in refused:
        err(f"{Path(look.path).name}: {look.problem} {look.advice}\n")
    if len(refused) == len(looks):
        return FAILED
    if services.options.offline:
        raise Offline("This run is off line: nothing is sent.", "Leave out --offline.")
    await asyncio.to_thread(_check_places, [look for look in looks if not look.problem], options)
    services.jobs.only_new()
    ids = await _queued(services, looks, options)
    wanted = set(ids)

    def changed(id: str) -> None:
        if id in wanted and shown.is_due:
            shown.jobs([view for each in ids if (view := service.job(each)) is not None])

    service.listen(changed)
    try:
        await service.settled(ids)
    except asyncio.CancelledError:  # what is here stays; the same command goes on with it, or the window does
        for id in ids:
            service.pause(id, at_once=True)
        raise
    finally:
        shown.clear()
    ended = [view for each in ids if (view := service.job(each)) is not None]
    if any(view.state is JobState.DONE for view in ended):
        await services.remember(f"{LAST_MODEL}{options.profile}", options.model)
    for view in ended:
        await _tell(services, view, out, err, has_files=bool(formats))
    is_well = not refused and len(ended) == len(ids) and all(view.state is JobState.DONE for view in ended)
    return DONE if is_well else FAILED


async def _queued(services: Services, looks: Sequence[Look], options: Options) -> list[str]:
    """Ids of the jobs: those that were begun before, and new ones."""
    service, fresh, ids = services.transcription, [], []
    for look in (look for look in looks if not look.problem):
        if begun := await service.take_up(look, options):
            ids.append(begun)
        else:
            fresh.append(look)
    return [*ids, *await service.add(fresh, options)]


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


async def _tell(services: Services, view: JobView, out: Write, err: Write, *, has_files: bool) -> None:
    for begins, ends in view.nothing_in:
        err(f"{view.title}: nothing was heard from {short(begins)} to {short(ends)}.\n")
    if view.state is not JobState.DONE:
        err(f"{view.title}: {view.error or view.words} {view.advice}".rstrip() + "\n")
    elif has_files:
        for path in view.written:
            out(f"{path}\n")
    else:
        opened = await services.transcription.transcript(view.recording)
        out(opened.transcript.text + "\n")
    err(f"[{view.conversation}{f', {view.cost}' if view.cost else ''}]\n")


def _whole(path: str | Path) -> str:
    return os.path.abspath(path)  # noqa: PTH100  (it may be no file at all)


def _formats(wanted: str) -> tuple[str, ...]:
    formats = tuple(dict.fromkeys(filter(None, (each.strip() for each in wanted.split(",")))))
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


class _Shown:
    """One line of progress on a terminal that is written over; nothing where the output goes elsewhere."""

    def __init__(self, err: Write, is_terminal: bool) -> None:
        self._err, self._is_terminal = err, is_terminal
        self._at, self._width = 0.0, 0

    def looks(self, looking: Looking) -> None:
        self._line(f"Looks at {looking.done} of {looking.of} files")

    def jobs(self, views: Sequence[JobView]) -> None:
        over = sum(view.state.is_over for view in views)
        running = next((view for view in views if view.state.is_active), None)
        share = sum(1.0 if view.state.is_over else view.progress for view in views) / len(views) if views else 0.0
        left = f", {running.seconds_left:.0f} s left" if running and running.seconds_left else ""
        now = f": {running.title}: {running.words}{left}" if running else ""
        self._line(f"{share:4.0%} {over} of {len(views)}{now}")

    def clear(self) -> None:
        if self._width:
            self._err("\r" + " " * self._width + "\r")
            self._width = 0

    @property
    def is_due(self) -> bool:
        return self._is_terminal and time.monotonic() - self._at >= SHOWN_EVERY_S

    def _line(self, text: str) -> None:
        if not self.is_due:
            return
        self._at = time.monotonic()
        text = text[:110]
        self._err("\r" + text.ljust(self._width))
        self._width = len(text)
