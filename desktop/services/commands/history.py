"""`davenport history`: find and export what is kept."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path

from desktop.core.errors import BadInput
from desktop.services import export
from desktop.services.commands.outcome import DONE, FAILED, Adder, Write
from desktop.services.conversations import Conversations
from desktop.store.database import Database

HIT_MARKS = str.maketrans({"\ue000": "[", "\ue001": "]"})


def add(commands: Adder) -> None:
    history = commands.add_parser("history", help="what is kept")
    deeds = history.add_subparsers(dest="deed", required=True, metavar="DEED")
    search = deeds.add_parser("search", help="find conversations by words")
    search.add_argument("text")
    search.add_argument("--limit", type=int, default=20)
    search.set_defaults(with_archive=find)
    exported = deeds.add_parser("export", help="write one conversation")
    exported.add_argument("id")
    exported.add_argument("--format", choices=export.FORMATS, default="md")
    exported.add_argument("--out", type=Path, default=None, help="a file; else the terminal")
    exported.set_defaults(with_archive=write)


async def find(database: Database, arguments: argparse.Namespace, out: Write, err: Write) -> int:
    found = await Conversations(database).listing(arguments.text, limit=arguments.limit)
    for row in found:
        snippet = " ".join(row.snippet.translate(HIT_MARKS).split())
        out(f"{row.id}  {row.title}\n" + (f"    {snippet}\n" if snippet else ""))
    return DONE if found else FAILED


async def write(database: Database, arguments: argparse.Namespace, out: Write, err: Write) -> int:
    kept = Conversations(database)
    opened = await kept.open(await kept.resolve(arguments.id))
    wanted: Sequence[str] = sorted(opened.parents) if arguments.format == "json" else opened.path
    text = export.exported(opened.conversation, await kept.messages(wanted), arguments.format)
    if arguments.out is None:
        out(text)
        return DONE
    try:
        await asyncio.to_thread(_write_new, arguments.out, text)
    except FileExistsError as error:
        raise BadInput(f"{arguments.out.name} is there already.", "Choose another name with --out.") from error
    except OSError as error:
        raise BadInput(f"{arguments.out} cannot be written.", "Choose another place with --out.") from error
    return DONE


def _write_new(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
