"""`--show-requests`: the exact requests of a run as lines of JSON, without any key."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path

import msgspec

from desktop.core.calls import Fate
from desktop.core.secret import Redactor
from desktop.services.calls import KEPT_CALLS, CallRecord


class RequestLog:
    """Appends one line for each call that has ended. The headers come without their secrets from the client."""

    def __init__(self, path: Path, redactor: Redactor) -> None:
        self._path, self._redactor = path, redactor
        self._written: deque[str] = deque(maxlen=KEPT_CALLS)

    def heard(self, record: CallRecord) -> None:
        if record.fate is Fate.OPEN or record.call_id in self._written:  # it is heard of again when it is priced
            return
        self._written.append(record.call_id)
        start = record.start
        line = {
            "call": start.call_id,
            "method": start.method,
            "url": start.url,
            "headers": dict(start.headers),
            "body": start.body.decode("utf-8", "replace"),
            "status": record.status,
            "end": record.fate.value,
        }
        text = self._redactor.clean(msgspec.json.encode(line).decode())
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            file.write(text + "\n")
