"""`davenport transcribe`: recordings and folders become transcripts in the archive, and files where they are wanted."""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path

from desktop.core import pricing
from desktop.core.errors import BadInput, Offline
from desktop.core.transcript import Transcript
from desktop.services.bundle import Services
from desktop.services.commands.outcome import DONE, FAILED, Adder, NobodyReads, Write
from desktop.services.commands.transcribe_round import LAST_MODEL, Round, Wanted
from desktop.services.commands.transcribe_shown import USUAL_COLUMNS, Shown, name_of
from desktop.services.transcription import KIND, Look, Options, done_before, export
from desktop.store import recordings

NAMED = 3  # recordings that were here before are told by their names; more of them by their number


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
    usable, same, names = [look for look in looks if not look.problem], _same(looks), _names(looks)
    refused = [look for look in looks if look.problem and look.path not in same]
    for look in refused:
        err(f"{names[look.path]}: {look.problem} {look.advice}\n")
    if not usable:
        return FAILED
    await asyncio.to_thread(_check_places, usable, options)
    jobs, old = await _jobs(services, usable, options, arguments)
    wanted = [Wanted(look, names[look.path], jobs[look.path], look.path in old) for look in usable]
    _tell_old([each.name for each in wanted if each.is_old], err)
    for look in (look for look in looks if look.path in same):
        err(f"{names[look.path]}: the same recording as {names[same[look.path]]}, taken once.\n")
        wanted.append(Wanted(look, names[look.path], jobs[same[look.path]], is_old=True))
    is_well = await Round(services, options, wanted, shown, out, err).go()
    return DONE if is_well and not refused else FAILED


def _names(looks: Sequence[Look]) -> dict[str, str]:
    """What files are called, by path: those of the same name by their whole path."""
    counts = Counter(name_of(look.path) for look in looks)
    return {
        look.path: name if counts[name := name_of(look.path)] == 1 else name_of(look.path, is_whole=True)
        for look in looks
    }


def _tell_old(names: Sequence[str], err: Write) -> None:
    """Each by its name, or how many there are."""
    said = "transcribed before, nothing is sent. --again sends"
    if len(names) > NAMED:
        err(f"{len(names)} recordings were {said} them once more.\n")
    else:
        for name in names:
            err(f"{name}: {said} it once more.\n")


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


async def _jobs(
    services: Services, looks: Sequence[Look], options: Options, arguments: argparse.Namespace
) -> tuple[dict[str, str], Collection[str]]:
    """By path the jobs of what is here already, of what was begun before, and new ones for the rest; and the paths of
    the first. Raises Offline, and BadInput where that would cost more than may be spent unasked."""
    service = services.transcription
    services.jobs.only_new()
    await services.jobs.load()
    old = {} if arguments.again else await _old(services, looks, options)
    sent = [look for look in looks if look.path not in old]
    if sent and services.options.offline:
        raise Offline("This run is off line: nothing is sent.", "Leave out --offline.")
    if not arguments.yes:
        _check_cost(services, sent)
    begun = {look.path: id for look in sent if (id := await service.take_up(look, options))}
    fresh = [look for look in sent if look.path not in begun]
    new = dict(zip([look.path for look in fresh], await service.add(fresh, options), strict=True))
    return old | begun | new, old


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
