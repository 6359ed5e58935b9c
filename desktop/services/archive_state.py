"""What the settings say of the archive: where it is, how large, how it is, and which copies there are."""

from __future__ import annotations

import asyncio
from pathlib import Path

from msgspec import Struct

from desktop.store.instance import network_warning


class ArchiveFacts(Struct, frozen=True):
    """`newest_copy` is UTC microseconds, 0 where there is no copy; `warnings` are whole sentences."""

    folder: str
    size_bytes: int
    copies: int
    newest_copy: int
    warnings: tuple[str, ...] = ()


class ArchiveState:
    """`notices` are what opening the archive had to say."""

    def __init__(self, folder: Path, notices: tuple[str, ...] = ()) -> None:
        self._folder, self._notices = folder, notices

    async def read(self) -> ArchiveFacts:
        return await asyncio.to_thread(self._read)

    def _read(self) -> ArchiveFacts:
        files = [path for path in self._folder.rglob("*") if path.is_file()]
        backups = self._folder / "backups"
        copies = [path.stat() for path in files if path.suffix == ".db" and path.is_relative_to(backups)]
        own = [path for path in files if not path.is_relative_to(backups)]
        warning = network_warning(self._folder)
        return ArchiveFacts(
            folder=str(self._folder.resolve()),
            size_bytes=sum(path.stat().st_size for path in own),
            copies=len(copies),
            newest_copy=max((int(found.st_mtime * 1_000_000) for found in copies), default=0),
            warnings=self._notices + ((warning,) if warning else ()),
        )
