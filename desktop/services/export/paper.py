"""The paper that is usual where this computer is, for those who have no window to ask."""

from __future__ import annotations

import locale
import os
from collections.abc import Mapping

from desktop.core.paper import Paper, of_locale

VARIABLES = ("LC_ALL", "LC_PAPER", "LANG")
"""In their order; the first that is set says it."""


def usual(environment: Mapping[str, str] = os.environ) -> Paper:
    """By the environment, else by the system's locale."""
    named = next((said for name in VARIABLES if (said := environment.get(name))), "")
    return of_locale(named or locale.getlocale()[0] or "")
