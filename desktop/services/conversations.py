"""What is kept of conversations, as the pages and the terminal ask for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from desktop.core.conversation import (
    Conversation,
    Message,
    Part,
    children_of,
    edit_draft,
    newest_leaf,
)
from desktop.core.errors import Missing
from desktop.core.ids import new_id
from desktop.store import conversations, drafts, tree
from desktop.store.database import Database

DAY_US = 86_400_000_000
PURGED_AT_ONCE = 5
FIRST_SCREEN = 40  # messages read with the opening of a conversation; the others follow as they come into view
BEGINNING = 24  # the same where it is read from its first message on


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation with the branch that is shown: ids from first to last, and the messages read with it.

    `is_chain` where it has no other branch. `folders` are the names of its folder and those above, outermost first;
    only the reading view's has them.
    """

    conversation: Conversation
    path: tuple[str, ...]
    parents: dict[str, str | None]
    last: tuple[Message, ...]
    is_chain: bool = False
    folders: tuple[str, ...] = ()


class Conversations:
    """Reads in workers, writes through the archive's one writer."""

    def __init__(self, database: Database, *, now: Callable[[], float] = time.time) -> None:
        self._database, self._now = database, now
        self._listeners: list[Callable[[], None]] = []

    def listen(self, changed: Callable[[], None]) -> None:
        """Hear, on the caller's loop, that a list of conversations would look different now."""
        self._listeners.append(changed)

    def changed(self) -> None:
        """Something was written that lists show: here, or by whoever calls this."""
        for heard in tuple(self._listeners):
            heard()

    async def listing(self, search: str = "", *, trashed: bool = False, limit: int = 200) -> list[Conversation]:
        """The chat page's: pinned ones first, then the newest; with `search`, those whose title or text has it, with
        a snippet. Other pages' and those that were put away are in the library."""
        return await self._database.read(
            lambda db: conversations.listing(db, search=search, trashed=trashed, limit=limit)
        )

    async def get(self, identity: str) -> Conversation:
        return await self._database.read(lambda db: conversations.get(db, identity))

    async def open(self, identity: str, head: str | None = None) -> Opened:
        """The branch that ends in `head`, or in the conversation's own; raises Missing."""

        def load(db: Any) -> Opened:
            found = conversations.get(db, identity)
            outline = tree.outline(db, identity)
            path = tuple(outline.path(head))
            last = tuple(conversations.messages(db, path[-FIRST_SCREEN:]))
            return Opened(found, path, outline.parents, last, outline.is_chain)

        return await self._database.read(load)

    async def beginning(self, identity: str) -> Opened:
        """What is read of it first: the first messages, as far as all branches share them, however long it is.

        Nothing where only the whole tree could tell, as in a fork. Raises Missing.
        """

        def load(db: Any) -> Opened:
            found = conversations.get(db, identity)
            path = tuple(tree.trunk(db, identity, BEGINNING))
            parents = dict(zip(path, (None, *path), strict=False))
            first = tuple(conversations.messages(db, path))
            return Opened(found, path, parents, first, is_chain=True, folders=_folders(db, found))

        return await self._database.read(load)

    async def around(self, identity: str, message: str) -> Opened:
        """What is read of it first where a message is looked for: those round it, as far as all branches share them.

        Nothing where only the whole tree could tell. Raises Missing.
        """

        def load(db: Any) -> Opened:
            found = conversations.get(db, identity)
            path = tuple(tree.stretch(db, identity, message, BEGINNING // 2, BEGINNING))
            parents = dict(zip(path, (None, *path), strict=False))
            near = tuple(conversations.messages(db, path))
            return Opened(found, path, parents, near, is_chain=True, folders=_folders(db, found))

        return await self._database.read(load)

    async def whole(self, identity: str, message: str | None = None) -> Opened:
        """To be read: the branch a message lies on, with those round it, or else the one that is shown.

        A message that is not there any more is as good as none; without one no messages are read. Raises Missing.
        """

        def load(db: Any) -> Opened:
            found = conversations.get(db, identity)
            outline = tree.outline(db, identity)
            path, near = outline.path(), []
            if message in outline.parents:
                if message not in path:
                    path = outline.path(newest_leaf(message, children_of(outline.parents)))
                at = path.index(message)
                near = conversations.messages(db, path[max(0, at - BEGINNING // 2) : at + BEGINNING])
            return Opened(
                found, tuple(path), outline.parents, tuple(near), outline.is_chain, folders=_folders(db, found)
            )

        return await self._database.read(load)

    async def branch_through(self, identity: str, message: str) -> str:
        """The end of the shown branch if a message lies on it, else of the newest one through it."""

        def leaf(db: Any) -> str:
            outline = tree.outline(db, identity)
            if outline.head is not None and message in outline.path():
                return outline.head
            return newest_leaf(message, children_of(outline.parents))

        return await self._database.read(leaf)

    async def messages(self, identities: Sequence[str]) -> list[Message]:
        return await self._database.read(lambda db: conversations.messages(db, identities))

    async def find(self, identity: str, path: Sequence[str], text: str) -> list[str]:
        """Ids of the path's messages that have the text, in the order of the path."""
        return await self._database.read(lambda db: conversations.find(db, identity, path, text))

    async def show_branch(self, identity: str, head: str) -> None:
        """Remember which branch is shown."""
        await self._database.write(lambda db: conversations.update(db, identity, head=head))

    async def rename(self, identity: str, title: str) -> None:
        await self._database.write(lambda db: conversations.update(db, identity, title=" ".join(title.split())))
        self.changed()

    async def pin(self, identity: str, is_pinned: bool) -> None:
        await self._database.write(lambda db: conversations.update(db, identity, is_pinned=is_pinned))
        self.changed()

    async def trash(self, identities: Sequence[str]) -> None:
        await self._database.write(lambda db: conversations.trash(db, identities, self._micros()))
        self.changed()

    async def restore(self, identities: Sequence[str]) -> None:
        await self._database.write(lambda db: conversations.restore(db, identities))
        self.changed()

    async def purge(self, identities: Sequence[str]) -> None:
        """Delete for good, without a trace in the file; messages that a fork still shares stay for it."""
        await self._purge_in_steps(identities)
        await asyncio.to_thread(self._database.scrub)
        self.changed()

    async def empty_old_trash(self, days: int) -> int:
        """Delete for good what has been in the trash for so many days; 0 keeps everything. Returns how many."""
        return await self._empty_trash(self._micros() - days * DAY_US) if days > 0 else 0

    async def empty_trash_now(self) -> int:
        """Delete for good all that is in the trash, of every page. Returns how many."""
        return await self._empty_trash(self._micros() + DAY_US)

    async def _empty_trash(self, older_than_us: int) -> int:
        """The file keeps its traces until it is next made smaller."""
        wanted = await self._database.read(lambda db: conversations.trashed_before(db, older_than_us))
        return await self._purge_in_steps(wanted, older_than_us)

    async def _purge_in_steps(self, identities: Sequence[str], trashed_before_us: int | None = None) -> int:
        """A few at a time: replies that are arriving wait for the same writer. What was taken out of the trash
        meanwhile stays, where only what was trashed before a moment is to go."""
        done = 0
        for start in range(0, len(identities), PURGED_AT_ONCE):
            some = identities[start : start + PURGED_AT_ONCE]
            done += await self._database.write(lambda db, some=some: _purge(db, some, trashed_before_us))  # type: ignore[misc]
        return done

    async def fork(self, identity: str, message: str) -> Conversation:
        """A conversation of its own that shares the past up to and with `message`."""
        made = await self._database.write(
            lambda db: conversations.fork(db, identity, message, new_id(), self._micros())
        )
        self.changed()
        return made

    async def save_options(self, identity: str, **fields: Any) -> None:
        """Model, profile, system text or parameters that were changed without a send."""
        await self._database.write(lambda db: conversations.update(db, identity, **fields))

    async def draft(self, name: str) -> drafts.Draft:
        """What was typed and attached, and not sent, in the place of that name."""
        return await self._database.read(lambda db: drafts.get(db, name))

    async def save_draft(self, name: str, text: str, parts: tuple[Part, ...] = ()) -> None:
        """Keep what was typed; an empty draft is forgotten."""
        await self._database.write(lambda db: drafts.put(db, name, drafts.Draft(text, parts), self._micros()))

    async def resolve(self, start: str) -> str:
        """The id of the one conversation whose id begins with `start`; raises Missing."""
        wanted = start.strip().upper()
        found = await self._database.read(lambda db: conversations.beginning(db, wanted)) if wanted else []
        if len(found) != 1:
            problem = "Several conversations have" if found else "No conversation has"
            raise Missing(f"{problem} an id that begins with “{start}”.", "`davenport history search` lists the ids.")
        return found[0]

    def _micros(self) -> int:
        return round(self._now() * 1_000_000)


def _folders(db: Any, found: Conversation) -> tuple[str, ...]:
    return conversations.folder_path(db, found.folder) if found.folder else ()


def _purge(db: Any, identities: Sequence[str], trashed_before_us: int | None) -> int:
    """Conversations with what was typed in them and not sent. Returns how many."""
    there = conversations.those_of(db, identities, trashed_before_us)
    for identity in there:
        edits = (edit_draft(identity, message) for message in tree.outline(db, identity).parents)
        for name in (identity, *edits):
            drafts.delete(db, name)
    conversations.purge(db, there)
    return len(there)
