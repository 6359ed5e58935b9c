"""The list of conversations beside the chat: what it shows, and what is done with those in it."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from PySide6.QtCore import QObject

from desktop.core.errors import Missing
from desktop.ui import dialogs
from desktop.ui.chat import words

if TYPE_CHECKING:
    from desktop.ui.chat.page import ChatPage

ROWS_AT_ONCE = 200  # conversations; more as the user scrolls down


class Listing(QObject):
    def __init__(self, page: ChatPage) -> None:
        super().__init__(page)
        self._page = page
        self._rows_wanted = ROWS_AT_ONCE
        shown = page.list
        shown.search_changed.connect(self.refresh)
        shown.trash_shown.connect(lambda: self.refresh())
        shown.more_wanted.connect(self.read_more)
        shown.rename_wanted.connect(lambda i: page.start(self._rename(i), "rename"))
        shown.pin_wanted.connect(lambda i, on: page.start(self._then_list(page.said.pin(i, on)), f"pin:{i}"))
        shown.trash_wanted.connect(lambda ids: page.start(self._trash(ids), "trash"))
        shown.restore_wanted.connect(lambda ids: page.start(self._restore(ids), "restore"))
        shown.purge_wanted.connect(lambda ids: page.start(self._purge(ids), "purge"))

    def refresh(self) -> None:
        self._page.start(self.read(), "list")

    async def read(self) -> None:
        page = self._page
        search, trashed = page.list.search.text().strip(), page.list.shows_trash()
        rows = await page.said.listing(search, trashed=trashed, limit=self._rows_wanted)
        page.conversations.replace(rows)
        nothing = "The trash is empty." if trashed else "Conversations appear here."
        page.list.say_empty(f"Nothing found for “{search}”." if search else nothing)
        if not page.list.selected():  # what the user selected meanwhile stays
            page.list.select(page.open.identity)

    def changed_elsewhere(self) -> None:
        """Something was written that lists show: here, in the library, by an import."""
        self._page.start(self._follow_others(), "follow-others")

    async def _follow_others(self) -> None:
        page = self._page
        await self.read()
        if page.open.conversation is None or page.open.is_trashed:
            return
        try:
            found = await page.said.get(page.open.conversation.id)
        except Missing:  # deleted for good while it was on the screen
            page.new_conversation()
            return
        if found.id != page.open.identity:
            return
        if found.trashed:
            page.new_conversation()
        elif found.title != page.open.conversation.title:
            page.open.conversation = replace(page.open.conversation, title=found.title)
            page.heading.setText(found.title)

    def read_more(self) -> None:
        """The end of the list came into view: read further back."""
        if self._page.conversations.rowCount() >= self._rows_wanted:
            self._rows_wanted += ROWS_AT_ONCE
            self.refresh()

    async def _then_list(self, work: Coroutine[Any, Any, Any]) -> None:
        await work
        await self.read()

    async def _rename(self, identity: str) -> None:
        page = self._page
        row = page.conversations.at(page.conversations.row_of(identity))
        title = await dialogs.ask_text(page, "Rename conversation", "Title", row.title)
        if title and title.strip():
            await page.said.rename(identity, title)
            if identity == page.open.identity:
                page.heading.setText(" ".join(title.split()))
            await self.read()

    async def _trash(self, ids: list[str]) -> None:
        """A reply that arrives in one of them is stopped: nobody will read it."""
        page = self._page
        page.sends.stop_in(ids)
        await page.said.trash(ids)
        was_open = page.open.identity if page.open.identity in ids else None
        if was_open:
            page.new_conversation()
        await self.read()
        what = f"{words.many(len(ids), 'conversation')} were" if len(ids) > 1 else "The conversation was"
        page.undo_offered.emit(f"{what} moved to the trash.", lambda: self._undo_trash(ids, was_open))

    def _undo_trash(self, ids: list[str], was_open: str | None) -> None:
        self._page.start(self._restore(ids, was_open), "restore")

    async def _restore(self, ids: list[str], opens: str | None = None) -> None:
        """Out of the trash; what is shown of it can be gone on with."""
        page = self._page
        await page.said.restore(ids)
        wanted = opens if opens and not page.open.path else page.open.identity
        if wanted and wanted in (opens, *ids):
            await page.open_now(wanted)
        await self.read()

    async def _purge(self, ids: list[str]) -> None:
        page = self._page
        what = words.many(len(ids), "conversation") if len(ids) > 1 else "this conversation"
        text = f"Delete {what} for good? Older backups still hold the text until they are replaced."
        if await dialogs.confirm(page, text, "Delete for good"):
            if page.open.identity in ids:
                page.new_conversation()
            await self._then_list(page.said.purge(ids))
