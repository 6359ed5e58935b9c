"""The terminal's commands, carried out in their own process or in the window that has the folder.

A command's module has `add(commands)`, which declares it and sets, as a default of its parser, the function that
carries it out: `with_archive(database, arguments, out, err)` where reading the archive is enough, so that it runs
beside an open window, or `with_services(services, arguments, out, err)`. Both return the exit status.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from desktop.core.errors import KnownError
from desktop.services.bundle import Services
from desktop.services.commands import chat, history, transcribe, usage
from desktop.services.commands.outcome import CUT as CUT
from desktop.services.commands.outcome import DONE as DONE
from desktop.services.commands.outcome import FAILED as FAILED
from desktop.services.commands.outcome import UNREAD as UNREAD
from desktop.services.commands.outcome import NobodyReads as NobodyReads
from desktop.services.commands.outcome import Write as Write
from desktop.store.database import Database

MODULES = (chat, history, transcribe, usage)


def parser() -> argparse.ArgumentParser:
    """The commands that need no window."""
    top = argparse.ArgumentParser(prog="davenport", add_help=True)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in MODULES:
        module.add(commands)
    _share(top)
    return top


def _share(command: argparse.ArgumentParser) -> None:
    """Give every command that does something the options of the whole program."""
    inner = [action for action in command._actions if isinstance(action, argparse._SubParsersAction)]
    for action in inner:
        for each in action.choices.values():
            _share(each)
    if not inner:
        command.add_argument(
            "--data-dir", type=Path, default=None, metavar="DIR", help="keep everything in this folder"
        )
        command.add_argument("--profile", default="", metavar="NAME", help="the profile for this run")
        command.add_argument("--base-url", default="", metavar="URL", help="the address of the API for this run")
        command.add_argument("--offline", action="store_true", help="open no connection at all")


def reads_only(arguments: argparse.Namespace) -> bool:
    """Whether a parsed command needs no more than the archive, for reading."""
    return "with_archive" in arguments


async def read(database: Database, arguments: argparse.Namespace, out: Write, err: Write) -> int:
    """Carry out a command that only reads. Raises KnownError."""
    status: int = await arguments.with_archive(database, arguments, out, err)
    return status


async def run(services: Services, arguments: argparse.Namespace, out: Write, err: Write) -> int:
    """Carry out one parsed command; returns the exit status. A known error is a sentence on `err`."""
    try:
        if reads_only(arguments):
            return await read(services.database, arguments, out, err)
        status: int = await arguments.with_services(services, arguments, out, err)
        return status
    except KnownError as error:
        err(f"{error.summary} {error.advice}\n")
        return FAILED
