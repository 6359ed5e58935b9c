"""The library: one search over all that is kept, and its order: folders, tags, pins, the archive and the trash."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar

from desktop.core import search_query
from desktop.core.errors import Missing
from desktop.core.ids import new_id
from desktop.core.library import Counts as Counts
from desktop.core.library import Entry as Entry
from desktop.core.library import Folder as Folder
from desktop.core.library import HitPlace as HitPlace
from desktop.core.library import Order as Order
from desktop.core.library import Place as Place
from desktop.core.library import Results as Results
from desktop.core.library import Saved as Saved
from desktop.core.library import Statistics as Statistics
from desktop.core.library import Tag as Tag
from desktop.core.markdown_parts import CodeBlock as CodeBlock
from desktop.core.markdown_parts import Heading as Heading
from desktop.core.search_query import Completions as Completions
from desktop.core.search_query import Known
from desktop.core.search_query import Problem as Problem
from desktop.services import reading
from desktop.services.conversations import Conversations
from desktop.store import found, library
from desktop.store.database import Database

T = TypeVar("T")

Undo = Callable[[], Awaitable[None]]
"""Takes back what the act did that gave it, and nothing else."""

CHUNK = 1000  # conversations in one transaction, so that replies that arrive meanwhile are kept in time
_EVERYWHERE = Place()


class Library:
    """Reads in workers, writes through the archive's one writer; tells its listeners when what it shows may differ."""

    def __init__(
        self,
        database: Database,
        kept: Conversations,
        *,
        trash_days: Callable[[], int] = lambda: 0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._kept, self._trash_days, self._now = database, kept, trash_days, now
        self._listeners: list[Callable[[], None]] = []
        self._known: Known | None = None

    def listen(self, changed: Callable[[], None]) -> None:
        """Call `changed`, on the loop's thread, after everything that changes what the library shows."""
        self._listeners.append(changed)

    def changed(self) -> None:
        """Something was changed, here or elsewhere."""
        self._known = None
        for heard in tuple(self._listeners):
            heard()

    # -- finding

    async def search(
        self,
        line: str,
        *,
        place: Place = _EVERYWHERE,
        order: Order = "newest",
        limit: int = 100,
        after: str | None = None,
    ) -> Results:
        """Conversations by their hits; an empty line lists the place. Cancelling ends a running query.

        `after` is the `next` of the results above, with the same line, place and order.
        """
        asked = search_query.parse(line, self._today())
        results = await self._database.read(
            lambda db: found.page(db, asked, place, order=order, limit=limit, after=after)
        )
        return Results(
            results.entries, results.next, (*asked.problems, *results.problems), results.count, results.is_more
        )

    async def count(self, line: str, *, place: Place = _EVERYWHERE) -> tuple[int, bool]:
        """How many conversations a search finds, counted up to 1,000, and whether there are more.

        A page of results counts only as far as it had to look; this takes longer and may follow it.
        """
        asked = search_query.parse(line, self._today())
        return await self._database.read(lambda db: found.count(db, asked, place))

    async def hits_in(self, conversation_id: str, line: str) -> tuple[HitPlace, ...]:
        """Messages of all branches that have a hit, down each branch in turn; raises Missing."""
        asked = search_query.parse(line, self._today())
        return await self._database.read(lambda db: reading.hits_in(db, conversation_id, asked))

    async def complete(self, text: str, cursor: int) -> Completions:
        if self._known is None:
            self._known = await self._database.read(library.known)
        return search_query.complete(text, cursor, self._known)

    async def counts(self) -> Counts:
        return await self._database.read(library.counts)

    # -- reading

    async def statistics(self, conversation_id: str) -> Statistics:
        return await self._database.read(lambda db: reading.statistics(db, conversation_id))

    async def outline(self, path: Sequence[str]) -> tuple[Heading, ...]:
        return await self._database.read(lambda db: reading.outline_of(db, path))

    async def code_blocks(self, path: Sequence[str]) -> tuple[CodeBlock, ...]:
        return await self._database.read(lambda db: reading.code_of(db, path))

    # -- folders, tags, saved searches: raise BadInput for a name that cannot be, Missing for what is gone

    async def make_folder(self, name: str, parent: str = "") -> Folder:
        return await self._write(lambda db: library.make_folder(db, new_id(), name, parent))

    async def rename_folder(self, folder: str, name: str) -> Undo:
        before = await self._write(lambda db: library.rename_folder(db, folder, name))
        return self._undo(lambda db: library.rename_folder(db, folder, before))

    async def move_folder(self, folder: str, parent: str) -> Undo:
        """To the top with ""."""
        before = await self._write(lambda db: library.move_folder(db, folder, parent))
        return self._undo(lambda db: library.move_folder(db, folder, before))

    async def remove_folder(self, folder: str) -> Undo:
        """What is in it moves up."""
        gone = await self._write(lambda db: library.remove_folder(db, folder))
        return self._undo(lambda db: library.put_folder_back(db, gone))

    async def rename_tag(self, name: str, new: str) -> Undo:
        """To a name that is another tag's: both become that one."""
        was = await self._write(lambda db: library.rename_tag(db, name, new))
        return self._undo(lambda db: library.restore_tag(db, was, name))

    async def remove_tag(self, name: str) -> Undo:
        was = await self._write(lambda db: library.remove_tag(db, name))
        return self._undo(lambda db: library.restore_tag(db, was, name))

    async def save_search(self, name: str, query: str) -> Saved:
        return await self._write(lambda db: library.save_search(db, Saved(new_id(), name, query), self._micros()))

    async def rename_search(self, search: str, name: str) -> Undo:
        before = await self._write(lambda db: library.rename_search(db, search, name))
        return self._undo(lambda db: library.rename_search(db, search, before))

    async def forget_search(self, search: str) -> Undo:
        row = await self._write(lambda db: library.forget_search(db, search))
        return self._undo(lambda db: library.put_search_back(db, row))

    # -- conversations, one or many

    async def put_in(self, ids: Sequence[str], folder: str) -> Undo:
        """Into a folder, or out of all with ""."""
        return await self._set(ids, "folder", lambda db, some: library.put_in(db, some, folder))

    async def pin(self, ids: Sequence[str], is_pinned: bool) -> Undo:
        return await self._set(ids, "is_pinned", lambda db, some: library.set_all(db, "is_pinned", some, is_pinned))

    async def archive(self, ids: Sequence[str], is_archived: bool) -> Undo:
        """Put away, out of the usual list; search still finds it."""
        when = self._micros() if is_archived else 0
        return await self._set(ids, "archived", lambda db, some: library.set_all(db, "archived", some, when))

    async def trash(self, ids: Sequence[str]) -> Undo:
        when = self._micros()
        return await self._set(ids, "trashed", lambda db, some: library.set_all(db, "trashed", some, when))

    async def restore(self, ids: Sequence[str]) -> Undo:
        """Out of the trash."""
        return await self._set(ids, "trashed", lambda db, some: library.set_all(db, "trashed", some, 0))

    async def tag(self, ids: Sequence[str], add: Sequence[str] = (), remove: Sequence[str] = ()) -> Undo:
        """Raises BadInput for a name that cannot be one."""
        done: list[library.TagsChanged] = []
        for some in _chunks(ids):
            done.append(await self._database.write(lambda db, some=some: library.tag(db, some, add, remove)))  # type: ignore[misc]
        self.changed()

        async def undo() -> None:
            for changed in reversed(done):
                await self._database.write(lambda db, changed=changed: library.untag(db, changed))  # type: ignore[misc]
            self.changed()

        return undo

    async def rename(self, conversation_id: str, title: str) -> Undo:
        title = library.named(title)
        before = await self._write(lambda db: library.retitle(db, conversation_id, title))
        return self._undo(lambda db: library.retitle(db, conversation_id, before or ""))

    async def rename_from(self, conversation_id: str, before: str, title: str) -> Undo | None:
        """The same where the title is still `before`; None where someone changed it, or the conversation is gone."""
        title = library.named(title)
        try:
            was = await self._write(lambda db: library.retitle(db, conversation_id, title, before))
        except Missing:
            return None
        return None if was is None else self._undo(lambda db: library.retitle(db, conversation_id, before, title))

    # -- the trash

    async def empty_trash_now(self) -> int:
        """Delete for good all that is in the trash. Returns how many there were."""
        count = await self._kept.empty_trash_now()
        self.changed()
        return count

    def trash_emptied_on(self, trashed_us: int) -> date | None:
        """The day on which what was trashed at a time is deleted; None where the settings keep it."""
        days = self._trash_days()
        if days <= 0 or trashed_us <= 0:
            return None
        return (datetime.fromtimestamp(trashed_us / 1_000_000) + timedelta(days=days)).date()

    async def _set(
        self, ids: Sequence[str], column: str, work: Callable[[sqlite3.Connection, Sequence[str]], library.Was]
    ) -> Undo:
        was: library.Was = []
        for some in _chunks(ids):
            was += await self._database.write(lambda db, some=some: work(db, some))  # type: ignore[misc]
        self.changed()

        async def undo() -> None:
            for some in _chunks(was):
                await self._database.write(lambda db, some=some: library.set_back(db, column, list(some)))  # type: ignore[misc]
            self.changed()

        return undo

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        result = await self._database.write(work)
        self.changed()
        return result

    def _undo(self, work: Callable[[sqlite3.Connection], object]) -> Undo:
        async def undo() -> None:
            await self._write(work)

        return undo

    def _micros(self) -> int:
        return round(self._now() * 1_000_000)

    def _today(self) -> datetime:
        return datetime.fromtimestamp(self._now())


def _chunks(some: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(some), CHUNK):
        yield some[start : start + CHUNK]
