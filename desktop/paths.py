"""Where the resources and the user's own files are."""

from __future__ import annotations

import os
from pathlib import Path

LONGEST_ADDRESS = 100  # bytes; systems take 104 to 108

_HERE = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """A file of ours: inside the installed package, or beside it in a checkout."""
    installed = _HERE / "resources"
    return (installed if installed.is_dir() else _HERE.parent / "resources").joinpath(*parts)


def data_folder() -> Path:
    """The folder that keeps everything when none is named: the operating system's place for application data."""
    import platformdirs  # slow to import for those who name a folder

    return Path(platformdirs.user_data_dir("Davenport", appauthor=False))


def window_socket(folder: Path) -> str:
    """The local address at which the window of a data folder listens: in the folder itself, which is only the user's.

    Where the folder's name is longer than an address can be, a hash of it stands in another place of the user's own:
    never in one that others can write to, who could then listen in its stead.
    """
    inside = folder.resolve() / "window.sock"
    if os.name != "nt" and len(os.fsencode(inside)) <= LONGEST_ADDRESS:
        return str(inside)
    import hashlib  # rarely needed

    name = "davenport-" + hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    if os.name == "nt":
        return rf"\\.\pipe\{name}"
    return str(Path(os.environ.get("XDG_RUNTIME_DIR") or Path.home()) / f".{name}")
