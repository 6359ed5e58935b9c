"""`davenport usage`: what calls came to, by model, day and so on; money with every digit, "unpriced" said."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import get_args

from desktop.core import periods
from desktop.core.errors import BadInput
from desktop.core.profile import Profile
from desktop.services import usage_csv
from desktop.services.catalog import Catalogs
from desktop.services.commands.outcome import DONE, Adder, Write, data_folder
from desktop.services.meter import Meter, Reading, Share
from desktop.services.usage import Usage
from desktop.store import profiles
from desktop.store.database import Database
from desktop.store.ledger import By

HEADS = ("Calls", "Input", "Output", "Dollars")
CALLS = "call"


def add(commands: Adder) -> None:
    usage = commands.add_parser("usage", help="what calls came to")
    choices = [by for by in get_args(By) if by != "all"]
    usage.add_argument("--by", choices=[*choices, CALLS], default="model", help="call: every call as a line of CSV")
    usage.add_argument(
        "--period",
        default="month",
        metavar="PERIOD",
        help="today, 30d, month, year, all, 2026-10, 2026-10-05..2026-11-02",
    )
    usage.add_argument("--csv", action="store_true", help="for a spreadsheet")
    usage.add_argument("--out", type=Path, default=None, metavar="FILE", help="a file; else the terminal")
    usage.set_defaults(with_archive=show)


async def show(database: Database, arguments: argparse.Namespace, out: Write, err: Write) -> int:
    folder = data_folder(arguments)
    known = (await asyncio.to_thread(profiles.load, folder)).profiles
    usage = Usage(database, Meter(database), Catalogs(folder), lambda: known)
    period = periods.parsed(arguments.period, periods.Clock().day(round(time.time() * 1_000_000)))
    profile = _profile_id(known, arguments.profile)
    if arguments.by == CALLS:
        if arguments.out is None:
            raise BadInput("Every call as a line needs a file.", "Name one with --out.")
        _refuse_old(arguments.out)
        count = await usage.write_csv(arguments.out, period, profile=profile)
        err(f"{_calls(count)}.\n")
        return DONE
    if arguments.csv:
        text = await usage.table_csv(arguments.by, period, profile)
    else:
        shares = await usage.table(arguments.by, period, profile)
        text = table(arguments.by, shares, await usage.total(period, profile), usage.prices_as_of().isoformat())
    if arguments.out is None:
        out(text)
        return DONE
    _refuse_old(arguments.out)
    await usage_csv.write(arguments.out, _once(text))
    return DONE


def table(by: str, shares: Sequence[Share], total: Reading, as_of: str) -> str:
    """The totals in columns, the sum below them."""
    rows = [(by.capitalize(), *HEADS), *((_named(share.name), *_figures(share.reading)) for share in shares)]
    rows.append(("In all", *_figures(total)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
    notes = [f"Prices as of {as_of}; an estimate, not a bill."]
    if total.unpriced:
        notes.append(f"{_calls(total.unpriced, 'is', 'are')} unpriced: what that cost is not in the sums.")
    if total.unknown:
        notes.append(f"{_calls(total.unknown)} ended nobody knows how, and may have cost something all the same.")
    if by == "tag":
        notes.append("A call whose conversation has several tags is counted at each.")
    return "\n".join([*lines, "", *notes]) + "\n"


def _calls(count: int, one: str = "", many: str = "") -> str:
    return f"1 call {one}".strip() if count == 1 else f"{count:,} calls {many}".strip()


def _figures(reading: Reading) -> tuple[str, ...]:
    return (str(reading.calls), str(reading.usage.input), str(reading.usage.output), _money(reading))


def _money(reading: Reading) -> str:
    """Every digit; what is free or has no price says so."""
    if reading.calls and reading.free == reading.calls:
        return "free"
    if reading.unpriced and not reading.dollars:
        return "unpriced"
    if reading.unknown and not reading.dollars:
        return "unknown"
    return f"${usage_csv.money(reading.dollars)}" + (f" + {reading.unpriced} unpriced" if reading.unpriced else "")


def _named(name: str) -> str:
    """A name on one line, without what would steer the terminal."""
    return "".join(c if c.isprintable() else "?" for c in name)[:60] or "(none)"


def _profile_id(known: Sequence[Profile], wanted: str) -> str | None:
    """The id of a profile by name or id; one that was removed is still asked for by its id."""
    if not wanted:
        return None
    return next((one.id for one in known if wanted in (one.id, one.name)), wanted)


def _refuse_old(path: Path) -> None:
    if path.exists():
        raise BadInput(f"{path.name} is there already.", "Choose another name with --out.")


async def _once(text: str) -> AsyncIterator[str]:
    yield text
