"""The window."""

from __future__ import annotations

import contextlib

import shiboken6  # noqa: F401 - makes the module below importable


def _spare_reading_sources() -> None:
    """PySide6 reads the source of every module imported after it and keeps it, to see whether the module asks for
    names in snake_case. None does here; without that the window opens a fifth earlier and 8 MB smaller.

    The name is PySide6's own affair: where it is missing, nothing changes.
    """
    with contextlib.suppress(ImportError):
        from shibokensupport import feature  # type: ignore[import-not-found]

        if hasattr(feature, "_mod_uses_pyside"):
            feature._mod_uses_pyside = lambda module: False


_spare_reading_sources()
