"""Where the resources and the user's own files are."""

from __future__ import annotations

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
