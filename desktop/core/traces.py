"""The way of a mistake through our code, for logs and reports: no values of variables, no words that may hold text."""

from __future__ import annotations

import traceback

OF_CODE = (AttributeError, TypeError, NameError, ImportError, RuntimeError)
"""Failures whose words name parts of programs. All others may repeat what was typed, answered or kept."""

LONGEST = 12_000


def trace(error: BaseException) -> str:
    """Kinds and places of an exception and of those it came from, the first cause first."""
    parts: list[str] = []
    _add(error, parts, set())
    return "".join(parts)[-LONGEST:]


def _add(error: BaseException, parts: list[str], seen: set[int]) -> None:
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        _add(before, parts, seen)
        parts.append("\nwhich led to\n\n")
    parts.extend(traceback.format_tb(error.__traceback__, limit=-30))
    parts.append(_name(error) + "\n")
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            if id(inner) not in seen:
                parts.append("\none of them\n\n")
                _add(inner, parts, seen)


def _name(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(error, OF_CODE):
        return f"{name}: {error}"
    number = f" {error.errno}" if isinstance(error, OSError) and error.errno is not None else ""
    return f"{name}{number}"
