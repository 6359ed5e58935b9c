"""What the command line says, in a value that costs nothing to import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """`profile` is a name or an id, `base_url` an address for this run only."""

    data_dir: Path
    profile: str = ""
    base_url: str = ""
    offline: bool = False
    show_requests: bool = False
