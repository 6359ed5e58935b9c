"""How a command of the terminal speaks and ends."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Adder = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Adder = object

Write = Callable[[str], None]

DONE, FAILED, CUT = 0, 1, 3
"""Exit statuses: well; a sentence on stderr; a reply that was cut."""
