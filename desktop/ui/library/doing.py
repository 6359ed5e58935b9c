"""What is done with conversations and places of the library: asks where it must, tells, offers to undo."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from desktop.core.conversation import Conversation
from desktop.core.errors import BadInput
from desktop.ui import dialogs
from desktop.ui.library import choosing, words
from desktop.ui.library.places_model import NAMED, Spot

if TYPE_CHECKING:
    from desktop.core.library import Counts
    from desktop.services.bundle import Services

Undo = Callable[[], Awaitable[object]]
Starter = Callable[[Coroutine[Any, Any, Any], str], object]

MOST_NAMED = 3  # titles in a question, before it says how many more


class Doing(QObject):
    """`start` runs a coroutine for the page. `changed` when something was done; `done` offers its undo."""

    done = Signal(str, object)
    told = Signal(str, str)  # kind of the notice, text
    changed = Signal()

    def __init__(self, page: QWidget, start: Starter) -> None:
        super().__init__(page)
        self._page, self._start = page, start
        self._services: Services | None = None

    def attach(self, services: Services) -> None:
        self._services = services

    @property
    def _library(self) -> Any:
        assert self._services is not None, "nothing is done before the services are there"
        return self._services.library

    # -- with conversations

    async def put_in(self, ids: list[str], folder: str, name: str) -> None:
        """`name` is the folder's, for the sentence; folder "" takes them out of theirs."""
        what = f"put in “{name}”" if folder else "taken out of the folder"
        self._did(await self._library.put_in(ids, folder), words.done(ids, what))

    async def choose_folder(self, rows: Sequence[Conversation], folders: Sequence[tuple[str, str]]) -> None:
        choice = await choosing.ask_folder(self._page, f"Where to put {_named(rows)}", folders)
        if choice is None:
            return
        folder, name = choice.key, choice.text
        if choice.is_new:
            name, folder = choice.key, (await self._library.make_folder(choice.key)).id
        await self.put_in([row.id for row in rows], folder, name)

    async def tag(self, ids: list[str], add: tuple[str, ...], remove: tuple[str, ...] = ()) -> None:
        pieces = [f"tagged {_list(add)}"] * bool(add) + [f"freed of {_list(remove)}"] * bool(remove)
        self._did(await self._library.tag(ids, add=add, remove=remove), words.done(ids, " and ".join(pieces)))

    async def choose_tags(self, rows: Sequence[Conversation], known: Sequence[str]) -> None:
        """A tag that only some of them have stays as it is until it is touched."""
        states = [(name, _state(sum(name in row.tags for row in rows), len(rows))) for name in known]
        answer = await choosing.ask_tags(self._page, f"Tags of {_named(rows)}", states)
        if answer is not None:
            await self.tag([row.id for row in rows], *answer)

    async def pin(self, ids: list[str], is_pinned: bool) -> None:
        self._did(await self._library.pin(ids, is_pinned), words.done(ids, "pinned" if is_pinned else "unpinned"))

    async def archive(self, ids: list[str], is_archived: bool) -> None:
        what = "archived" if is_archived else "taken out of the archived ones"
        self._did(await self._library.archive(ids, is_archived), words.done(ids, what))

    async def trash(self, ids: list[str]) -> None:
        self._did(await self._library.trash(ids), words.done(ids, "moved to the trash"))

    async def restore(self, ids: list[str]) -> None:
        self._did(await self._library.restore(ids), words.done(ids, "restored"))

    async def rename(self, row: Conversation) -> None:
        title = await dialogs.ask_text(self._page, "Rename conversation", "Title", row.title)
        if title and title.strip() and title.strip() != row.title:
            self._did(await self._library.rename(row.id, title), "The conversation was renamed.")

    async def purge(self, rows: Sequence[Conversation]) -> bool:
        """Delete for good, after a question that names what goes; False where it was not wanted."""
        assert self._services is not None
        messages = words.many(sum(row.message_count for row in rows), "message")
        text = (
            f"Delete {_named(rows)} with {messages} for good? This cannot be undone. "
            "Older copies still hold the text until they are replaced."
        )
        if not await dialogs.confirm(self._page, text, "Delete for good"):
            return False
        await self._services.conversations.purge([row.id for row in rows])
        self.told.emit("info", words.done([row.id for row in rows], "deleted for good"))
        self.changed.emit()
        return True

    async def empty_trash(self, counts: Counts) -> None:
        what = words.many(counts.trash, "conversation")
        text = (
            f"Delete the {what} in the trash for good? This cannot be undone. "
            "Older copies still hold the text until they are replaced."
        )
        if counts.trash and await dialogs.confirm(self._page, text, "Empty the trash"):
            gone = await self._library.empty_trash_now()
            self.told.emit("info", f"The trash is empty: {words.many(gone, 'conversation')} deleted for good.")
            self.changed.emit()

    # -- with places

    async def make_folder(self, into: str) -> str:
        """The new folder's id; "" where none was made."""
        name = await dialogs.ask_text(self._page, "New folder", "Name of the folder", "", "Make folder")
        if not name or not name.strip():
            return ""
        made: str = (await self._library.make_folder(name, into)).id
        self.changed.emit()
        return made

    async def move_folder(self, folder: str, into: str) -> None:
        self._did(await self._library.move_folder(folder, into), "The folder was moved.")

    async def rename_place(self, spot: Spot) -> None:
        what = NAMED[spot.kind]
        name = await dialogs.ask_text(self._page, f"Rename the {what}", f"Name of the {what}", spot.title)
        if not name or not name.strip() or name.strip() == spot.title:
            return
        renamed = {
            "folder": self._library.rename_folder,
            "tag": self._library.rename_tag,
            "saved": self._library.rename_search,
        }[spot.kind]
        self._did(await renamed(spot.value, name), f"The {what} was renamed.")

    async def remove_place(self, spot: Spot) -> None:
        """A folder or tag goes, never what is in it."""
        removed = {
            "folder": self._library.remove_folder,
            "tag": self._library.remove_tag,
            "saved": self._library.forget_search,
        }[spot.kind]
        rest = {"folder": " What was in it moved up.", "tag": " What had it is kept.", "saved": ""}[spot.kind]
        self._did(await removed(spot.value), f"The {NAMED[spot.kind]} “{spot.title}” was removed.{rest}")

    async def save_search(self, line: str) -> str:
        """The id it is kept under; "" where it is not."""
        if not line.strip():
            raise BadInput(
                "There is nothing to save: the search line is empty.", "Type what to look for, then save it."
            )
        name = await dialogs.ask_text(self._page, "Save this search", "Name of the search", line.strip())
        if not name or not name.strip():
            return ""
        kept: str = (await self._library.save_search(name, line)).id
        self.changed.emit()
        return kept

    # -- undo

    def offer_undo(self, text: str, undo: object) -> None:
        """Something was done, here or elsewhere, that can be taken back."""
        self._did(undo, text)

    def _did(self, undo: object, text: str) -> None:
        self.changed.emit()
        if callable(undo):
            self.done.emit(text, lambda: self._start(self._undo(undo), "undo"))
        else:
            self.told.emit("good", text)

    async def _undo(self, undo: Undo) -> None:
        await undo()
        self.changed.emit()


def _state(count: int, of: int) -> Qt.CheckState:
    if count == 0:
        return Qt.CheckState.Unchecked
    return Qt.CheckState.Checked if count == of else Qt.CheckState.PartiallyChecked


def _list(names: Sequence[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)


def _named(rows: Sequence[Conversation]) -> str:
    """Conversations by their titles, the first few of many."""
    titles = [f"“{row.title or 'Untitled'}”" for row in rows[:MOST_NAMED]]
    rest = len(rows) - len(titles)
    if rest:
        return f"{', '.join(titles)} and {words.many(rest, 'other conversation')}"
    return titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} and {titles[-1]}"
