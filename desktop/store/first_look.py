"""What the first picture needs of the data folder's small files, read without msgspec, whose import takes longer than
all of this. Nothing is mended and nothing is said here: the services read the same files with care right afterwards.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from desktop.core.appearance import LARGEST_SCALE, SMALLEST_SCALE, Appearance, Look

LARGEST_BYTES = 4 * 1024 * 1024
SETTINGS = "settings.json"


def read(path: Path) -> dict[str, Any]:
    """The object in a file of JSON; an empty one where there is none that can be used."""
    try:
        found = json.loads(path.read_bytes()) if path.stat().st_size <= LARGEST_BYTES else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def look(folder: Path) -> Look:
    """The look that was chosen; what cannot be used is as if it had not been chosen."""
    found, usual = read(folder / SETTINGS), Look()
    appearance, scale = found.get("appearance"), found.get("text_scale")
    return Look(
        Appearance(appearance) if appearance in tuple(Appearance) else usual.appearance,
        scale if type(scale) is int and SMALLEST_SCALE <= scale <= LARGEST_SCALE else usual.text_scale,
        found.get("reduced_motion") is True,
    )
