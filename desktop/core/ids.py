"""Identifiers: ours (ULID) and those that came over the wire."""

from __future__ import annotations

import re
import threading
import time
from os import urandom

from desktop.core.errors import BadReply

_WIRE_ID = re.compile(r"[A-Za-z0-9._:-]{1,200}")
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A new public id (a ULID): 26 characters that sort in the order they were made, also within a millisecond.

    Our own few lines: the library for it takes longer to import than the window to paint.
    """
    global _last
    with _lock:
        made = time.time_ns() // 1_000_000 << 80 | int.from_bytes(urandom(10))
        _last = max(made, _last + 1)
        number = _last
    return "".join(_DIGITS[number >> shift & 31] for shift in range(125, -1, -5))


def wire_id(value: str) -> str:
    """An id from a server, safe as one part of a path; raises BadReply for anything else.

    A colon is let through because ids of tuned models have it; it is quoted where a path is built.
    """
    if not _WIRE_ID.fullmatch(value) or set(value) <= {"."}:
        raise BadReply("The server gave an id that cannot be used.")
    return value
