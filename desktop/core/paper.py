"""The size of paper that is usual in a country."""

from __future__ import annotations

import re
from typing import Literal

Paper = Literal["A4", "Letter"]

LETTER_COUNTRIES = frozenset(["BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"])
"""Source: paper sizes by territory in Unicode's CLDR, supplemental data; all others use A4."""
_SPELLED = frozenset(
    {"united states", "canada", "mexico", "philippines", "chile", "colombia", "venezuela", "puerto rico"}
)
"""As Windows names them."""
_LOCALE = re.compile(r"[A-Za-z]+(?:[_-][A-Z][a-z]{3})?[_-]([A-Za-z][A-Za-z ]*)(?:[.@].*)?")


def of_locale(name: str) -> Paper:
    """By a locale's name: "en_US.UTF-8", "es-MX", "zh_Hans_CN", "English_United States.1252"; A4 for any other."""
    found = _LOCALE.fullmatch(name.strip())
    country = found[1] if found else ""
    return "Letter" if country.upper() in LETTER_COUNTRIES or country.lower() in _SPELLED else "A4"
