"""A form with one file, streamed from the disk: its length is known, its bytes are never in memory as a whole."""

from __future__ import annotations

import asyncio
import mimetypes
import os
import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import httpx

from desktop.core.calls import Part
from desktop.core.errors import BadFile

READ_BYTES = 512 * 1024
SMALLEST_BYTES = 16 * 1024
QUICK_S, SLOW_S = 0.01, 0.05  # a piece that went out so fast may be doubled; one that took so long is halved
TELL_S = 0.04
SHOWN = 2000  # characters of a field that are recorded; a longer one is a file in disguise

_KINDS = {
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".mpeg": "video/mpeg",
    ".mpga": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".webm": "video/webm",
}

Told = Callable[[int, int], None]


def kind_of(name: str) -> str:
    """The kind of a file by its name."""
    suffix = Path(name).suffix.lower()
    return _KINDS.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"


class Form:
    """Fields and a file. `told` hears of the bytes sent and all of them, 10 to 30 times a second.

    Made by `of`, which notes the file's length and time of change; a file that is another one when it has been read
    ends the upload before its last byte.
    """

    def __init__(
        self,
        fields: Sequence[tuple[str, str]],
        name: str,
        path: Path,
        file_name: str,
        found: os.stat_result,
        *,
        sha256: str = "",
        told: Told | None = None,
    ) -> None:
        self.path, self.found, self.told = path, found, told
        kind = kind_of(file_name)
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self.head = b"".join(_field(boundary, *field) for field in fields) + _file(boundary, name, file_name, kind)
        self.tail = f"\r\n--{boundary}--\r\n".encode()
        self.length = len(self.head) + found.st_size + len(self.tail)
        shown = tuple(Part(each, value if len(value) <= SHOWN else value[:60] + "…") for each, value in fields)
        self.parts = (*shown, Part(name, "", file_name, kind, found.st_size, sha256))

    @classmethod
    async def of(
        cls,
        fields: Sequence[tuple[str, str]],
        name: str,
        path: Path,
        *,
        file_name: str = "",
        sha256: str = "",
        told: Told | None = None,
    ) -> Form:
        """Raises BadFile where the file cannot be read."""
        try:
            found = await asyncio.to_thread(path.stat)
        except OSError as error:
            raise _gone(path) from error
        return cls(fields, name, path, file_name or path.name, found, sha256=sha256, told=told)

    def sending(self, moved: Callable[[], None]) -> Upload:
        """The body once more, from its beginning; `moved` is called for each piece that went out."""
        return Upload(self, moved)


class Upload(httpx.AsyncByteStream):
    """The body of one try. The next piece is read in a thread of its own while one goes out."""

    def __init__(self, form: Form, moved: Callable[[], None]) -> None:
        self._form, self._moved = form, moved
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="upload")
        self._file: BinaryIO | None = None
        self._ahead: asyncio.Future[bytes] | None = None
        self._held, self._at = form.head, 0
        self._size, self._read, self._sent = 4 * SMALLEST_BYTES, 0, 0
        self._asked = self._told = 0.0
        self._is_at_end = False
        self.is_whole = False  # all of it was handed to the connection

    def __aiter__(self) -> Upload:
        return self

    async def __anext__(self) -> bytes:
        self._went_out()
        if self._at >= len(self._held):
            await self._fill()
        piece = self._held[self._at : self._at + self._size]
        if not piece:
            raise StopAsyncIteration
        self._at += len(piece)
        self._sent += len(piece)
        self.is_whole = self._sent >= self._form.length
        self._asked = time.monotonic()
        return piece

    def close(self) -> None:
        """End the reading; the thread closes the file when it is done with what it does."""
        self._reader.submit(self._close)
        self._reader.shutdown(wait=False)

    def _went_out(self) -> None:
        """The piece before was taken: pieces are made so large that the progress can be told often enough."""
        now = time.monotonic()
        if self._sent:
            took = now - self._asked
            if took > SLOW_S:
                self._size = max(self._size // 2, SMALLEST_BYTES)
            elif took < QUICK_S:
                self._size = min(self._size * 2, READ_BYTES)
        self._moved()
        if self._form.told is not None and (now - self._told >= TELL_S or self.is_whole):
            self._told = now
            self._form.told(self._sent, self._form.length)

    async def _fill(self) -> None:
        if self._is_at_end:
            self._held, self._at = b"", 0
            return
        loop = asyncio.get_running_loop()
        self._held = await (self._ahead or loop.run_in_executor(self._reader, self._next))
        self._at = 0
        self._ahead = None
        if not self._held:
            self._held, self._is_at_end = self._form.tail, True
        else:
            self._ahead = loop.run_in_executor(self._reader, self._next)

    def _next(self) -> bytes:
        """In the reader's thread. Raises BadFile once the file is not the one that was announced."""
        try:
            if self._file is None:
                self._file = self._form.path.open("rb")
            found = self._file.read(READ_BYTES)
            self._read += len(found)
            if found and self._read <= self._form.found.st_size:
                return found
            now = os.fstat(self._file.fileno())
        except OSError as error:
            raise _gone(self._form.path) from error
        before = self._form.found
        if self._read != before.st_size or (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise BadFile(
                f"“{self._form.path.name}” was changed while it was being sent.",
                "Nothing was done with it. Try again when it is finished.",
            )
        return b""

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()


def _field(boundary: str, name: str, value: str) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n'
    return head.encode() + value.encode("utf-8", "replace") + b"\r\n"


def _file(boundary: str, name: str, file_name: str, kind: str) -> bytes:
    disposition = f'form-data; name="{_quoted(name)}"; filename="{_quoted(file_name)}"'
    return f"--{boundary}\r\nContent-Disposition: {disposition}\r\nContent-Type: {kind}\r\n\r\n".encode(
        "utf-8", "replace"
    )


def _quoted(name: str) -> str:
    """As browsers write names in forms."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _gone(path: Path) -> BadFile:
    return BadFile(f"“{path.name}” cannot be read.", "Check that it is there and may be read.")
