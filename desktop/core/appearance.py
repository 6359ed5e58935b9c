"""How the window looks, as the user chose it; apart from the other settings, since the first picture needs no more."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

SMALLEST_SCALE, LARGEST_SCALE = 80, 200


class Appearance(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"
    CONTRAST = "high contrast"


class Look(NamedTuple):
    """`text_scale` in percent."""

    appearance: Appearance = Appearance.SYSTEM
    text_scale: int = 100
    reduced_motion: bool = False
