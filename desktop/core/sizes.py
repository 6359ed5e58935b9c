"""Sizes of files as people read them, the same everywhere: decimal, as file managers show them."""

from __future__ import annotations

_UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
_GAP = "\N{NO-BREAK SPACE}"


def size_words(size_bytes: float) -> str:
    """812 bytes, 12.3 kB, 4.1 MB; a number and its unit are never on two lines."""
    for unit, name in _UNITS:
        if size_bytes >= unit * 0.99995:  # what would be "1000.0" of the smaller one
            return f"{size_bytes / unit:,.1f}{_GAP}{name}"
    count = round(size_bytes)
    return f"{count}{_GAP}byte{'' if count == 1 else 's'}"
