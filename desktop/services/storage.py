"""What fills the disk, what can be let go of, where the archive is, and the end of everything."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from desktop.core.profile import key_ids
from desktop.services.conversations import Conversations
from desktop.services.profiles import Profiles
from desktop.store import filling, opening, place
from desktop.store.backups import FOLDER as COPIES
from desktop.store.database import Database
from desktop.store.failures import in_words
from desktop.store.filling import Filling as Filling
from desktop.store.filling import Large as Large
from desktop.store.filling import Share as Share
from desktop.store.instance import LOCK, NOTE
from desktop.store.secrets import Secrets

DAY_US = 86_400_000_000
ALL_TRASH = -1

Work = Callable[[], str]
"""Done while nothing is open; returns what to tell the user."""


class Disk(Struct, frozen=True):
    """Bytes on the disk. `copies` counts files that are shared with the archive as if they were not."""

    archive: int
    copies: int
    besides: int  # logs, caches, settings
    free: int


class Wish(Struct, frozen=True):
    """What to let go of. Days of age; None leaves that alone."""

    trash: bool = False
    replies_days: int | None = None
    exchanges_days: int | None = None
    compact: bool = False


class Storage:
    """Reads in workers. What needs the archive closed is handed out as work for whoever closes it."""

    def __init__(
        self,
        data_folder: Path,
        database: Database,
        kept: Conversations,
        profiles: Profiles,
        secrets: Secrets,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.data_folder = data_folder
        self._database, self._kept, self._profiles, self._secrets = database, kept, profiles, secrets
        self._now = now

    @property
    def folder(self) -> Path:
        """Of the archive."""
        return self._database.folder

    async def filling(self) -> Filling:
        """What fills the archive. It reads all of it: up to a second for a million messages."""
        return await self._database.read(filling.read)

    async def disk(self) -> Disk:
        return await asyncio.to_thread(self._disk)

    async def clean_up(self, wish: Wish, tell: Callable[[str], None]) -> int:
        """Let go of what is wished, in small steps; returns the bytes that the disk got back. Can be cancelled
        between steps: what is gone by then is gone, the rest is whole."""
        before = await asyncio.to_thread(place.size_bytes, self.folder)
        if wish.trash:
            tell("Emptying the trash")
            await self._kept.empty_trash_now()
        for words, days, forget in (
            ("Removing exact replies", wish.replies_days, filling.forget_replies),
            ("Removing recorded calls", wish.exchanges_days, filling.forget_exchanges),
        ):
            if days is not None:
                await self._forget(words, days, forget, tell)
        if wish.compact:
            tell("Making the file smaller")
            await asyncio.to_thread(self._database.scrub)
        else:
            await asyncio.to_thread(self._database.remove_unused_files)
        after = await asyncio.to_thread(place.size_bytes, self.folder)
        return max(0, before - after)

    async def _forget(self, words: str, days: int, forget: Callable[..., int], tell: Callable[[str], None]) -> None:
        older, done = round(self._now() * 1_000_000) - days * DAY_US, 0
        while some := await self._database.write(lambda db: forget(db, older)):
            done += some
            tell(f"{words}: {done:,}")

    # The place of the archive

    async def check_move(self, target: str) -> None:
        """Raises BadInput or ArchiveFull with what stands against moving the archive there."""
        await asyncio.to_thread(place.check_target, self.folder, Path(target))

    def moving(self, target: str) -> Work:
        """The work that moves the archive: copied, compared, switched to."""
        data_folder = self.data_folder

        def work() -> str:
            with in_words():
                place.move(data_folder, Path(target))
            return f"The archive is in {target} now. What was there before is still in its old place."

        return work

    async def former(self) -> str:
        """The folder in which an earlier move left the old files, "" where there are none."""
        found = await asyncio.to_thread(place.former, self.data_folder)
        return str(found) if found else ""

    async def remove_former(self) -> None:
        await asyncio.to_thread(place.remove_former, self.data_folder)

    # The end of everything

    async def clearing(self) -> Work:
        """Take the keys out of the key store at once; the work removes all files of ours. No copy is made."""
        await self._secrets.clear([name for profile in self._profiles.all for name in key_ids(profile.id)])
        data_folder, folder = self.data_folder, self.folder

        def work() -> str:
            opening.clear(folder, also_elsewhere=True)
            if folder != data_folder:  # of an archive that was moved: nobody holds it any more
                for name in (LOCK, NOTE):
                    (folder / name).unlink(missing_ok=True)
            clear_data_folder(data_folder)
            return "Everything was removed."

        return work

    def _disk(self) -> Disk:
        copies = _bytes_below(self.folder / COPIES)
        archive = place.size_bytes(self.folder)
        besides = _bytes_below(self.data_folder) - (archive + copies if self.folder == self.data_folder else 0)
        return Disk(archive, copies, max(0, besides), shutil.disk_usage(self.folder).free)


OURS = ("settings.json", "profiles.json", "window.json", "keys.sealed", "prices.json", "models.json")
OUR_PATTERNS = ("requests.jsonl*", ".*.json.*", "*.set-aside-*")
OUR_FOLDERS = ("cache", "logs", "model-lists", "recordings")


def clear_data_folder(folder: Path) -> None:
    """Remove every file of ours but the lock this run holds; files that are not ours stay. Blocking."""
    opening.clear(folder)
    for name in OUR_FOLDERS:
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
    paths = [folder / name for name in OURS]
    paths += [path for pattern in OUR_PATTERNS for path in folder.glob(pattern)]
    for path in paths:
        if path.name not in (LOCK, NOTE) and path.is_file():
            path.unlink(missing_ok=True)


def _bytes_below(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
