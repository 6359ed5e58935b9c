"""Names from outside, made into names of files: one part of a path, what one sees of it is what it is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

LONGEST_BYTES = 200
LONGEST_ENDING = 20  # characters; what is longer behind a dot is no ending

_BLANK_LOOKING = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
_FORBIDDEN = re.compile(r'[/\\:<>"|?*]')
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|clock\$|conin\$|conout\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3]|desktop\.ini)"
    r" *(?=\.|$)",
    re.IGNORECASE,
)


def clean(name: str, *, ending: str = "", instead: str = "file") -> str:
    """One part of a path that any system takes, at most 200 bytes; `instead` where nothing of the name is left.

    Separators, signs of drives and streams become "_"; controls, marks that reorder or cannot be seen, dots and
    dashes in front, dots and blanks at the end go. The ending stays the one that is seen, or becomes `ending`.
    """
    for _ in range(4):  # what goes may bring together what was apart: once more until nothing changes
        before, name = name, _once(name)
        if name == before:
            break
    name = name or instead
    if ending and not name.lower().endswith(ending.lower()):
        name = _once(name + ending)
    return name


def _once(name: str) -> str:
    shown = "".join(map(_seen, unicodedata.normalize("NFC", name)))
    shown = unicodedata.normalize("NFC", " ".join(shown.split()))
    shown = _FORBIDDEN.sub("_", shown).lstrip(" .-~").rstrip(" .")
    if _RESERVED.match(shown):
        shown = f"_{shown}"
    return _cut(shown)


def _seen(character: str) -> str:
    if character in "\t\n\r\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029":
        return " "
    if unicodedata.category(character) in _UNSEEN or character in _BLANK_LOOKING:
        return ""
    return "" if 0xFE00 <= ord(character) <= 0xFE0F or 0xE0100 <= ord(character) <= 0xE01EF else character


def _cut(name: str) -> str:
    if len(name.encode()) <= LONGEST_BYTES:
        return name
    stem, ending = parted(name)
    if not ending:
        stem = stem.replace(".", "_")  # or the cut could leave an ending that was not the name's
    room = LONGEST_BYTES - len(ending.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(" .") + ending


def parted(name: str) -> tuple[str, str]:
    """What stands before the ending, and the ending with its dot; no ending where it is not like one."""
    stem, dot, ending = name.rpartition(".")
    if not stem or not ending or len(ending) > LONGEST_ENDING or " " in ending:
        return name, ""
    return stem, dot + ending


def unlike(name: str, taken: Collection[str]) -> str:
    """The name, or "name (2)", "name (3)" ... that is not among `taken`, which are casefolded."""
    stem, ending = parted(name)
    number = 1
    while name.casefold() in taken:
        number += 1
        mark = f" ({number}){ending}"
        room = LONGEST_BYTES - len(mark.encode())
        name = stem.encode()[:room].decode(errors="ignore").rstrip(" .") + mark
    return name
