"""Spoken words inside Markdown: what a reader of it would take for marks is shown as it was said."""

from __future__ import annotations

import re

_MARKS = re.compile(r"[\\`*\[<]|(?<![^\W_])_|_(?![^\W_])|~(?=~)|(?<=\s)#|&(?=#?\w{1,40};)")
_BEGIN = re.compile(r"\A(\d{1,9}(?=[.)])|)(?=[.)#>+=-])")


def escaped(text: str) -> str:
    """One line as Markdown that is read as this very line."""
    return _BEGIN.sub(r"\1\\", _MARKS.sub(r"\\\g<0>", text))


def cell(text: str) -> str:
    """The same in a cell of a table."""
    return escaped(text).replace("|", "\\|")
