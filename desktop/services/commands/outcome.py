"""How a command of the terminal speaks and ends."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from desktop import paths

if TYPE_CHECKING:
    Adder = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Adder = object

Write = Callable[[str], None]

DONE, FAILED, CUT, UNREAD = 0, 1, 3, 141
"""Exit statuses: well; a sentence on stderr; a reply that was cut; as a program that wrote to nobody (SIGPIPE)."""


class NobodyReads(Exception):
    """Whoever read what a command writes has closed it, as `| head` does. No mistake, and nothing to be said."""


def data_folder(arguments: argparse.Namespace) -> Path:
    """Where settings, profiles, keys and prices are; the archive may have been moved elsewhere."""
    named: Path | None = arguments.data_dir
    return named or paths.data_folder()
