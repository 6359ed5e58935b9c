"""Any JSON that other programs write, also what a strict reader refuses."""

from __future__ import annotations

import json
from typing import Any

import msgspec


class Unreadable(Exception):
    """Why one conversation cannot be taken, in words for the report."""


def value(raw: bytes | msgspec.Raw) -> Any:
    """Any JSON, also with what the strict reader refuses: lone surrogates, NaN. Raises Unreadable."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _leniently(bytes(raw))
    except RecursionError as error:
        raise Unreadable("It is nested too deeply.") from error


def _leniently(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except RecursionError as error:
        raise Unreadable("It is nested too deeply.") from error
    except ValueError as error:
        where = f" at byte {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise Unreadable(f"It is no valid JSON{where}.") from error
