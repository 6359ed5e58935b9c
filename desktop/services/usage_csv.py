"""Usage as CSV: every call with exact money, or a table of totals; cells that a spreadsheet would run are guarded."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import os
import tempfile
from collections.abc import AsyncIterator, Iterable
from decimal import Decimal
from pathlib import Path

from desktop.core.errors import BadInput
from desktop.core.usage import Usage as Units
from desktop.services.meter import Share
from desktop.services.usage_rows import Row

UNITS = tuple(name for name in Units.__struct_fields__ if name != "is_estimate")
CALL_COLUMNS = (
    *("begun", "page", "profile", "model", "tier", "how it ended", "dollars", "priced", "estimate", "price version"),
    *(name.replace("_", " ") for name in UNITS),
    *("counted by", "status", "milliseconds", "request id", "call", "conversation", "error"),
)
_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cell(text: str) -> str:
    """Text that a spreadsheet shows and does not run: an apostrophe before what it would take for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_RUN_BY_SPREADSHEETS) else text


def money(dollars: Decimal | None) -> str:
    """Every digit; nothing where nothing is known."""
    return "" if dollars is None else f"{dollars.normalize():f}" if dollars else "0"


def lines(table: Iterable[Iterable[object]]) -> str:
    """Lines of CSV; numbers as they are, text guarded."""
    made = io.StringIO()
    writer = csv.writer(made)
    for row in table:
        writer.writerow([cell(value) if isinstance(value, str) else value for value in row])
    return made.getvalue()


def call_line(row: Row) -> list[object]:
    """One call in the order of CALL_COLUMNS."""
    units = row.units or Units()
    return [
        row.started.isoformat(timespec="seconds"),
        *(row.page, row.profile, row.model, row.tier, row.fate),
        money(row.dollars),
        "free" if row.is_free else "yes" if row.dollars is not None else "unpriced" if row.units else "",
        money(row.estimate),
        row.price_version,
        *(getattr(units, name) for name in UNITS),
        "" if row.units is None else "us" if units.is_estimate else "the server",
        *(row.status, row.milliseconds, row.request_id, row.call_id, row.conversation, row.error),
    ]


def call_lines(rows: Iterable[Row]) -> str:
    """Calls as lines."""
    return lines(map(call_line, rows))


def share_table(by: str, shares: Iterable[Share]) -> str:
    """Totals by a property, with a line of columns."""
    head = [by, "calls", "dollars", "unpriced calls", "free calls", *(name.replace("_", " ") for name in UNITS)]
    rows = [
        [
            share.name,
            share.reading.calls,
            money(share.reading.dollars),
            share.reading.unpriced,
            share.reading.free,
            *(getattr(share.reading.usage, name) for name in UNITS),
        ]
        for share in shares
    ]
    return lines([head, *rows])


async def write(path: Path, pieces: AsyncIterator[str]) -> None:
    """Write a file that is there whole or not at all. Raises BadInput where it cannot be written."""
    temporary: Path | None = None
    try:
        descriptor, name = await asyncio.to_thread(tempfile.mkstemp, dir=path.parent, prefix=f".{path.name[:40]}.")
        temporary = Path(name)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            async for piece in pieces:
                await asyncio.to_thread(file.write, piece)
            await asyncio.to_thread(_settle, file)
        await asyncio.to_thread(temporary.replace, path)
    except OSError as error:
        raise BadInput(f"{path.name} cannot be written ({error.strerror}).", "Choose another place.") from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def _settle(file: io.TextIOBase) -> None:
    file.flush()
    os.fsync(file.fileno())
