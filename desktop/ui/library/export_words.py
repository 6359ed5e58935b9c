"""An export in words: how far it is, how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.core.sizes import size_words as size
from desktop.core.text import visible
from desktop.ui.library.import_words import left
from desktop.ui.library.words import many

if TYPE_CHECKING:
    from desktop.services.export import Exported, Progress

LEAST_S = 0.5
"""Before, a rate would only be noise."""
NAMED = 6


def figures(progress: Progress, seconds: float) -> str:
    pieces = [f"{progress.done:,} of {many(progress.of, 'message')}".replace(",", "\u202f")]
    if seconds >= LEAST_S and progress.done:
        rate = progress.done / seconds
        pieces += [f"{rate:,.0f}/s".replace(",", "\u202f"), left((progress.of - progress.done) / rate)]
    return " · ".join(pieces)


def summary(exported: Exported) -> str:
    with_files = f" with {many(exported.files, 'file')}" if exported.files else ""
    return f"{many(exported.conversations, 'conversation')}{with_files} exported, {size(exported.size_bytes)}"


def left_out(exported: Exported) -> str:
    """What is not in it and why, a line each."""
    lines = []
    if exported.skipped:
        lines.append(f"This form has no place for {', '.join(exported.skipped)}.")
    lines += [f"Left out: {visible(sentence)}" for sentence in exported.left_out[:NAMED]]
    if (more := len(exported.left_out) - NAMED) > 0:
        lines.append(f"Left out: {more} more")
    return "\n".join(lines)
