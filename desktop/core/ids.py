"""Identifiers: ours (ULID) and those that came over the wire."""

from __future__ import annotations

import re
import threading

from desktop.core.errors import BadReply

_WIRE_ID = re.compile(r"[A-Za-z0-9._:-]{1,200}")


_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A new public id: 26 characters that sort in the order they were made, also within a millisecond."""
    global _last
    with _lock:
        _last = max(int(ULID()), _last + 1)
        return str(ULID.from_int(_last))


def wire_id(value: str) -> str:
    """An id from a server, safe as one part of a path; raises BadReply for anything else.

    A colon is let through because ids of tuned models have it; it is quoted where a path is built.
    """
    if not _WIRE_ID.fullmatch(value) or set(value) <= {"."}:
        raise BadReply("The server gave an id that cannot be used.")
    return value
