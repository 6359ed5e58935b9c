"""The window."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from typing import Any


class _LatePattern:
    """Stands for a regular expression until one of its methods is called."""

    def __init__(self, *words: Any, **named: Any) -> None:
        self._words, self._named = words, named

    def __getattr__(self, name: str) -> Any:
        return lambda *given, **more: getattr(re.compile(*self._words, **self._named), name)(*given, **more)


@contextlib.contextmanager
def _patterns_compiled_when_used() -> Iterator[None]:
    """PySide6 compiles three large regular expressions with every start, for its generator of stub files and for words
    about wrong arguments; without that the window opens a tenth earlier.
    """
    compiled = re.compile

    def later(*words: Any, **named: Any) -> Any:
        asks = sys._getframe(1).f_globals.get("__name__", "")
        return (_LatePattern if asks.startswith("shibokensupport.") else compiled)(*words, **named)

    re.compile = later  # type: ignore[assignment]
    try:
        yield
    finally:
        re.compile = compiled


def _spare_reading_sources() -> None:
    """PySide6 reads the source of every module imported after it and keeps it, to see whether the module asks for
    names in snake_case. None does here; without that the window opens a fifth earlier and 8 MB smaller.

    The name is PySide6's own affair: where it is missing, nothing changes.
    """
    with contextlib.suppress(ImportError):
        from shibokensupport import feature  # type: ignore[import-not-found]

        if hasattr(feature, "_mod_uses_pyside"):
            feature._mod_uses_pyside = lambda module: False


with _patterns_compiled_when_used():
    import shiboken6  # noqa: F401 - makes the module below importable
_spare_reading_sources()
