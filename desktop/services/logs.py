"""The application's log: what happened, never what was written or answered, and no key."""

from __future__ import annotations

import logging
import os
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from desktop.core.secret import Redactor
from desktop.core.traces import trace

FOLDER = "logs"
NAME = "davenport.log"
FILE_BYTES = 5 * 1024 * 1024
FILES = 3
TALKATIVE = ("httpx", "httpcore", "asyncio", "qasync", "markdown_it", "keyring", "urllib3")


class Redaction(logging.Filter):
    """Every record passes here, tracebacks included, before any handler writes it."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = self._redactor.clean(record.getMessage())
        record.args = None
        if record.exc_info and (error := record.exc_info[1]) is not None:
            record.exc_text = self._redactor.clean(trace(error))
            record.exc_info = None
        if record.stack_info:
            record.stack_info = self._redactor.clean(record.stack_info)
        return True


class _PrivateFile(RotatingFileHandler):
    """A log file that only the user may read, whatever the umask is."""

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return os.fdopen(descriptor, "a", encoding=self.encoding)


def start(folder: Path, redactor: Redactor, *, debug: bool = False) -> logging.Handler:
    """Begin to write the log of a data folder; returns the handler, to be given to `stop`."""
    place = folder / FOLDER
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = _PrivateFile(place / NAME, maxBytes=FILE_BYTES, backupCount=FILES - 1, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handler.addFilter(Redaction(redactor))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    for name in TALKATIVE:  # their lines hold whole addresses and, at their most talkative, headers
        logging.getLogger(name).setLevel(logging.WARNING)
    return handler


def stop(handler: logging.Handler) -> None:
    logging.getLogger().removeHandler(handler)
    handler.close()
