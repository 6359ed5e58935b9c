"""Files that go with a message: looked at, bounded, and kept once in the archive before they are sent."""

from __future__ import annotations

import asyncio
import mimetypes
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from desktop.core.conversation import Attachment, Audio, Part, Picture
from desktop.core.errors import BadFile, Missing
from desktop.core.sizes import size_words
from desktop.core.text import scalar
from desktop.store import blobs, conversations
from desktop.store.database import Database

LARGEST_BYTES = 32 * 1024 * 1024  # base64 makes a third more of it, and a body is held in memory
CHUNK = 500  # messages in memory at a time
Kept = Picture | Audio | Attachment
PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
SOUNDS = {b"ID3": "audio/mpeg", b"\xff\xfb": "audio/mpeg", b"\xff\xf3": "audio/mpeg", b"\xff\xf2": "audio/mpeg"}


class Attachments:
    """Makes parts of files. What a file is, its first bytes say, not its name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_file(self, path: Path) -> Part:
        """Raises BadFile for what is no readable file, empty or too large."""
        content = await asyncio.to_thread(_read, path)
        return await self.of_bytes(content, path.name)

    async def read(self, blob: str) -> bytes:
        """What is kept under a name, compared with it; raises Missing."""
        return await self._database.read(lambda db: blobs.get(db, blob))

    async def heads(self, names: Iterable[str], most: int) -> dict[str, bytes]:
        """The first bytes of several blobs, for what their formats say at the beginning; missing ones are left out."""
        wanted = tuple(names)
        return await self._database.read(lambda db: {name: head for name in wanted if (head := _head(db, name, most))})

    async def of_path(self, path: Sequence[str]) -> tuple[tuple[str, Kept], ...]:
        """What goes with the messages of a branch: (id of the message, the part), in their order."""
        return await self._database.read(lambda db: tuple(_kept(db, path)))

    async def of_bytes(self, content: bytes, name: str) -> Part:
        """The same for bytes at hand, such as a picture from the clipboard."""
        sha = await self._database.write(lambda db: blobs.put(db, content))
        return part_of(sha, content, scalar(name))


def part_of(sha: str, content: bytes, name: str) -> Part:
    """A picture, a recording, or any other file."""
    for begins, mime in PICTURES.items():
        if content.startswith(begins):
            return Picture(sha, mime, name)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return Picture(sha, "image/webp", name)
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return Audio(sha, "audio/wav", name)
    for begins, mime in SOUNDS.items():
        if content.startswith(begins):
            return Audio(sha, mime, name)
    kind = "application/pdf" if content.startswith(b"%PDF-") else mimetypes.guess_type(name)[0]
    return Attachment(name, kind or "application/octet-stream", sha)


def _kept(db: sqlite3.Connection, path: Sequence[str]) -> Iterator[tuple[str, Kept]]:
    for start in range(0, len(path), CHUNK):
        for message in conversations.messages(db, path[start : start + CHUNK]):
            for part in message.parts:
                if isinstance(part, Kept):
                    yield message.id, part


def _head(db: sqlite3.Connection, blob: str, most: int) -> bytes:
    try:
        path = blobs.path(db, blob)
        if path is None:
            return blobs.get(db, blob)[:most]
        with path.open("rb") as file:
            return file.read(most)
    except (Missing, OSError):
        return b""


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise BadFile(f"“{path.name}” is no file.", "Choose a picture, a recording or a document.")
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise BadFile(
                f"“{path.name}” is too large to send with a message.",
                f"At most {size_words(LARGEST_BYTES)} go with one. The file itself was not changed.",
            )
        content = path.read_bytes()
    except OSError as error:
        raise BadFile(f"“{path.name}” cannot be read.", "Check that it is there and may be read.") from error
    if not content:
        raise BadFile(f"“{path.name}” is empty.")
    return content
