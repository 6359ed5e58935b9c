"""Where the resources and the user's own files are."""

from __future__ import annotations

import os
from pathlib import Path

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
    """The local address at which the window of a data folder listens: short, one for each folder and user.

    The folder's own name may be longer than an address can be, so it stands there as a hash.
    """
    import hashlib  # both slow to import, and the window is painted before it listens
    import tempfile

    name = "davenport-" + hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    if os.name == "nt":
        return rf"\\.\pipe\{name}"
    run_time = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return str(Path(run_time) / f"{name}-{os.getuid()}")
