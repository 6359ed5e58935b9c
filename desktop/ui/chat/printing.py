"""Prints a conversation without holding up the window: some milliseconds of pages, then what else there is to do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import closing

from PySide6.QtGui import QPagedPaintDevice

from desktop.core.conversation import Message
from desktop.ui.chat import words
from desktop.ui.widgets.transcript_print import Printing

SLICE_S = 0.008


async def print_on(printer: QPagedPaintDevice, messages: Sequence[Message], say: Callable[[str], None]) -> int:
    """The number of pages. `say` is told how far it is; cancelling stops it where it is."""
    printing = Printing(printer)
    try:
        with closing(printing.steps(messages)) as steps:
            until = time.perf_counter() + SLICE_S
            for done in steps:
                if time.perf_counter() >= until:
                    say(f"Printing: {done} of {words.many(len(messages), 'message')}. Esc stops it.")
                    await asyncio.sleep(0)
                    until = time.perf_counter() + SLICE_S
    except asyncio.CancelledError:
        if (abort := getattr(printer, "abort", None)) is not None:  # a printer can forget what it was given
            abort()
        raise
    finally:
        say("")
    return printing.pages
