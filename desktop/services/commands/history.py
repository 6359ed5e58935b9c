"""`davenport history`: find what is kept, export it, take in what was kept elsewhere."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from desktop.core.errors import BadInput
from desktop.core.secret import Redactor
from desktop.services import export
from desktop.services.bundle import Services
from desktop.services.commands.outcome import CUT, DONE, FAILED, Adder, Write, data_folder
from desktop.services.conversations import Conversations
from desktop.services.export import Export, Exported, Selection
from desktop.services.export.keys import learn_all
from desktop.services.imports.values import NotTaken, Report
from desktop.services.library import Library
from desktop.services.profiles import Profiles
from desktop.store.database import Database
from desktop.store.secrets import Secrets

HIT_MARKS = str.maketrans({"\ue000": "[", "\ue001": "]"})
NAMED = 20  # of what was not taken; the others are counted
SHOWN_EVERY_S = 0.2


def add(commands: Adder) -> None:
    history = commands.add_parser("history", help="what is kept")
    deeds = history.add_subparsers(dest="deed", required=True, metavar="DEED")
    _add_search(deeds)
    _add_export(deeds)
    taking = deeds.add_parser("import", help="take in conversations kept elsewhere")
    taking.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="exports of this or another program")
    taking.set_defaults(with_services=take)
    saving = deeds.add_parser("salvage", help="bring in what can still be read in a damaged archive")
    saving.add_argument("file", metavar="FILE", help="one that was set aside, by its name, or any other by its path")
    saving.set_defaults(with_services=save)


def _add_search(deeds: Adder) -> None:
    search = deeds.add_parser("search", help="find conversations by words and filters such as model: and before:")
    search.add_argument("text")
    search.add_argument("--limit", type=int, default=20)
    search.set_defaults(with_archive=find)


def _add_export(deeds: Adder) -> None:
    exporting = deeds.add_parser("export", help="write conversations into files")
    exporting.add_argument("ids", nargs="*", metavar="ID", help="a conversation, by its id or the beginning of it")
    exporting.add_argument("--all", action="store_true", help="everything that is kept")
    exporting.add_argument("--query", default="", metavar="LINE", help="what this search finds")
    exporting.add_argument("--format", choices=export.FORMATS, default="md")
    exporting.add_argument("--out", type=Path, default=None, metavar="PATH", help="a file or a folder to be made")
    exporting.add_argument("--branches", choices=("path", "all"), default="path", help="the branch shown, or all")
    exporting.add_argument("--no-attachments", action="store_true", help="leave pictures, sounds and files out")
    exporting.set_defaults(with_archive=write)


async def find(database: Database, arguments: argparse.Namespace, out: Write, err: Write) -> int:
    """The ids and titles found, the newest first. FAILED where nothing was."""
    results = await Library(database, Conversations(database)).search(arguments.text, limit=max(1, arguments.limit))
    for problem in results.problems:
        err(f"{problem.sentence}\n")
    for entry in results.entries:
        snippet = " ".join(entry.snippet.translate(HIT_MARKS).split())
        title = " ".join(entry.conversation.title.split())
        out(f"{entry.conversation.id}  {title}\n" + (f"    {snippet}\n" if snippet else ""))
    return DONE if results.entries else FAILED


async def write(database: Database, arguments: argparse.Namespace, out: Write, err: Write) -> int:
    """CUT where something that belongs to it could not be had; FAILED where nothing was written."""
    selection = await _selection(Conversations(database), arguments)
    redactor = Redactor()
    folder = data_folder(arguments)
    secrets = Secrets(folder, redactor, environment=os.environ)
    await learn_all(Profiles(folder, secrets), secrets)
    exporting = Export(database, redactor)
    choices = {"branches": arguments.branches, "attachments": not arguments.no_attachments}
    if arguments.out is None:
        done = await exporting.write(selection, arguments.format, out, **choices)
    else:
        if arguments.out.exists():
            raise BadInput(f"{arguments.out.name} is there already.", "Choose another name with --out.")
        with _Line(err) as line:
            done = await exporting.run(selection, arguments.format, arguments.out, tell=line.through, **choices)
        err(f"{_many(done.conversations, 'conversation')} in {done.path}\n")
    return _outcome(done, err)


async def _selection(kept: Conversations, arguments: argparse.Namespace) -> Selection:
    given = [bool(arguments.ids), arguments.all, bool(arguments.query.strip())]
    if sum(given) != 1:
        raise BadInput("What shall be exported?", "Give ids, or --all, or --query with what to search for.")
    if arguments.ids:
        return Selection(tuple([await kept.resolve(start) for start in arguments.ids]))
    return Selection(line=arguments.query)


def _outcome(done: Exported, err: Write) -> int:
    if done.skipped:
        err(f"This form has no place for {', '.join(done.skipped)}.\n")
    for sentence in done.left_out[:NAMED]:
        err(f"Left out: {sentence}\n")
    if more := len(done.left_out) - NAMED:
        err(f"Left out: {more} more\n" if more > 0 else "")
    return CUT if done.left_out else DONE


async def take(services: Services, arguments: argparse.Namespace, out: Write, err: Write) -> int:
    """CUT where a part was not taken, FAILED where nothing was."""
    missing = [path for path in arguments.paths if not path.exists()]
    if missing:
        raise BadInput(f"{missing[0]} is not there.", "Check the path.")
    with _Line(err) as line:
        report = await services.imports.run(
            arguments.paths, lambda progress: line.show(progress.stage, progress.done, progress.of)
        )
    services.library.changed()
    for sentence in _taken(report):
        out(f"{sentence}\n")
    for problem in report.not_taken[:NAMED]:
        err(f"Not taken: {_named(problem)}\n")
    if (more := report.not_taken_count - NAMED) > 0:
        err(f"Not taken: {more} more\n")
    if not report.not_taken_count:
        return DONE
    return CUT if report.taken or report.already or report.merged else FAILED


async def save(services: Services, arguments: argparse.Namespace, out: Write, err: Write) -> int:
    """FAILED where nothing can be read, CUT where a part was not taken."""
    name: str = arguments.file  # a whole path by now, where it is one
    with _Line(err) as line:
        found = await services.salvage.look(name, lambda done, of: line.show("Reading", done, of))
        out(f"{_many(found.found_conversations, 'conversation')}, {_many(found.found_messages, 'message')} found.\n")
        if not found.is_any:
            out("Nothing of it is missing in the archive.\n" if found.found_messages else "Nothing can be read.\n")
            return DONE if found.found_messages else FAILED
        report = await services.salvage.take(name, lambda now: line.show(now.stage, now.done, now.of))
    services.library.changed()
    for sentence in _taken(report):
        out(f"{sentence}\n")
    return CUT if report.not_taken_count else DONE


def _taken(report: Report) -> list[str]:
    said = [f"{_many(report.taken, 'conversation')} with {_many(report.messages, 'message')} taken in."]
    if report.merged:
        said.append(f"{_many(report.added, 'message')} added to {_many(report.merged, 'conversation')} of before.")
    if report.already:
        said.append(f"{_many(report.already, 'conversation')} already there.")
    return said + [f"{count} {what}." for what, count in report.notes.items()]


def _named(problem: NotTaken) -> str:
    place = f" ({problem.file})" if problem.file and problem.file != problem.name else ""
    return f"{problem.name}{place}: {problem.reason}"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


class _Line:
    """One line of progress that is written over; nothing where errors do not go to a terminal."""

    def __init__(self, err: Write, clock: Callable[[], float] = time.monotonic) -> None:
        self._err, self._clock = err, clock
        self._is_shown = sys.stderr.isatty()
        self._began = clock()
        self._last, self._width = 0.0, 0

    def __enter__(self) -> _Line:
        return self

    def __exit__(self, *_: object) -> None:
        if self._width:
            self._err("\r" + " " * self._width + "\r")

    def through(self, progress: export.Progress) -> None:
        self.show("Exporting", progress.done, progress.of)

    def show(self, stage: str, done: int, of: int) -> None:
        now = self._clock()
        if not self._is_shown or now - self._last < SHOWN_EVERY_S:
            return
        self._last = now
        left = (now - self._began) * (of - done) / done if done else 0
        line = f"{stage} {done / of:.0%}{f', {left:.0f} s left' if left >= 1 else ''}" if of else stage
        self._err("\r" + line.ljust(self._width))
        self._width = len(line)
