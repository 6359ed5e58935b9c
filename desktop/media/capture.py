"""A recording that is kept while it is made: a WAV file that grows, and is mended after a crash."""

from __future__ import annotations

import os
import queue
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from desktop.core.errors import KnownError

HEAD_BYTES = 44
SAMPLE_BYTES = 2
KEPT_EVERY_S = 1.0
UNFINISHED = ".recording"
"""The ending of a file that is still being recorded; what has it at a start was cut by a crash."""


class CaptureFailed(KnownError):
    advice_by_default = "What was recorded up to then is kept. Make room on the disk, then record on."


def head(rate: int, channels: int, size_bytes: int) -> bytes:
    """The beginning of a WAV file of 16-bit samples."""
    block = channels * SAMPLE_BYTES
    size = min(size_bytes, 0xFFFFFFFF - HEAD_BYTES)
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", size + HEAD_BYTES - 8, b"WAVE", b"fmt ", 16, 1),
        *(channels, rate, rate * block, block, SAMPLE_BYTES * 8, b"data", size),
    )


def mend(path: Path) -> Path | None:
    """Make a whole file of one that was cut: its length into its head, its usual ending. None where nobody had said
    anything yet, or where the head is not ours. Blocking; raises OSError."""
    with path.open("r+b") as file:
        found = file.read(HEAD_BYTES)
        size = path.stat().st_size - HEAD_BYTES
        if len(found) < HEAD_BYTES or found[:4] != b"RIFF" or size < SAMPLE_BYTES:
            return None
        channels, rate = struct.unpack("<HI", found[22:28])
        if not channels or not rate:
            return None
        size -= size % (channels * SAMPLE_BYTES)
        file.truncate(HEAD_BYTES + size)
        file.seek(0)
        file.write(head(rate, channels, size))
        file.flush()
        os.fsync(file.fileno())
    return _rename(path)


def recover(folder: Path) -> list[Path]:
    """Mend all that a crash left in a folder; what cannot be mended and holds anything stays. Blocking."""
    made = []
    for path in sorted(folder.glob(f"*{UNFINISHED}")):
        with suppress(OSError):
            if (whole := mend(path)) is not None:
                made.append(whole)
            elif path.stat().st_size <= HEAD_BYTES:
                path.unlink()
    return made


def _rename(path: Path) -> Path:
    """Off with the ending; never over another file."""
    stem, number = path.name.removesuffix(UNFINISHED).removesuffix(".wav"), 1
    target = path.with_name(f"{stem}.wav")
    while target.exists():
        number += 1
        target = path.with_name(f"{stem} ({number}).wav")
    path.rename(target)
    return target


class Capture:
    """Takes samples on any thread and writes them on one of its own; on disk within KEPT_EVERY_S.

    `failed` is told, on that thread, that the disk takes no more; what came before is kept.
    """

    def __init__(
        self, path: Path, rate: int, channels: int, failed: Callable[[CaptureFailed], None] = lambda error: None
    ) -> None:
        self.path, self.rate, self.channels = path.with_name(path.name + UNFINISHED), rate, channels
        self.size_bytes = 0
        self._failed = failed
        self._pieces: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="recording", daemon=True)
        self._thread.start()

    @property
    def seconds(self) -> float:
        """How much was taken."""
        return self.size_bytes / (self.rate * self.channels * SAMPLE_BYTES)

    def take(self, samples: bytes) -> None:
        """Some 16-bit samples, whole ones."""
        if self._thread.is_alive():  # else the disk took no more
            self.size_bytes += len(samples)
            self._pieces.put(samples)

    def finish(self) -> Path | None:
        """The whole file; None where nothing was recorded. Blocking."""
        self._pieces.put(None)
        self._thread.join()
        return mend(self.path) if self.path.exists() else None

    def discard(self) -> None:
        """Blocking."""
        self._pieces.put(None)
        self._thread.join()
        self.path.unlink(missing_ok=True)

    def _write(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("xb") as file:
                file.write(head(self.rate, self.channels, 0))
                kept = time.monotonic()
                while (piece := self._pieces.get()) is not None:
                    file.write(piece)
                    if time.monotonic() - kept >= KEPT_EVERY_S:
                        file.flush()
                        os.fsync(file.fileno())
                        kept = time.monotonic()
        except OSError as error:
            self._failed(CaptureFailed(f"The recording cannot be written ({error.strerror})."))
