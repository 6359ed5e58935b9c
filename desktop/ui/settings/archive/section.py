"""The archive section as a whole: it asks where something cannot be undone, and does what its cards want."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.core.errors import KnownError
from desktop.ui import dialogs, theme
from desktop.ui.settings.archive.card import Card, button, line, tell
from desktop.ui.settings.archive.copies_card import CopiesCard
from desktop.ui.settings.archive.damaged_card import DamagedCard
from desktop.ui.settings.archive.place_card import PlaceCard
from desktop.ui.settings.archive.storage_card import StorageCard
from desktop.ui.tasks import Tasks
from desktop.ui.widgets.moments import exact

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from desktop.services.bundle import Services

RENEW = "Replace all copies by a fresh one? What was deleted for good is then in none of them."


class ArchiveSection(QWidget):
    """Made by `pieces`. `reopen_wanted` carries words and the work to be done while nothing is open."""

    reopen_wanted = Signal(str, object)
    conversation_wanted = Signal(str, str)
    export_wanted = Signal()

    def __init__(self, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._services: Services | None = None
        look = theme.current()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(look.gap(12))

    def pieces(self) -> Iterator[None]:
        """Make the cards, one at a time."""
        self.place, self.damaged = PlaceCard(self), DamagedCard(self)
        yield
        self.copies = CopiesCard(self)
        yield
        self.storage = StorageCard(self)
        yield
        self.end = Card("settings.end", "Remove everything", self)
        for card in (self.place, self.damaged, self.copies, self.storage, self.end):
            self._column.addWidget(card)
        self._build_end()
        self._connect()

    def attach(self, services: Services) -> None:
        self._services = services
        if services.database.read_only:
            self._fix()
        self.refresh()

    def _fix(self) -> None:
        """The archive can only be read: what would change it or stand in its place is not offered."""
        parts = (
            self.place.move_away,
            self.copies.make,
            self.copies.elsewhere,
            self.copies.usual,
            self.renew,
            self.clear,
        )
        for part in parts:
            part.setEnabled(False)
        self.place.fix(self._given().database.advice)
        self.copies.fix()
        self.storage.fix()

    def refresh(self) -> None:
        """Read everything anew, in workers."""
        self._do(self.read(), "archive")

    def _build_end(self) -> None:
        words = self.end.fact("settings.end-words")
        tell(
            words,
            "Conversations, attachments, copies, drafts, settings, profiles, logs and the keys in the key store. "
            "No copy is made, and there is no way back.",
        )
        self.export = button("settings.end-export", "Export everything first…")
        self.clear = button("settings.clear-all", "Remove everything…", "danger")
        self.renew = button("settings.copies-renew", "Replace all copies by a fresh one…", "link")
        self.end.column.addLayout(line(self.export, self.clear))
        self.copies.buttons.add(self.renew)

    def _connect(self) -> None:
        self.place.move_wanted.connect(lambda: self._do(self._move(), "move"))
        self.place.former_unwanted.connect(lambda: self._do(self._remove_former(), "remove-former"))
        self.copies.make_wanted.connect(lambda: self._do(self._make(), "copy"))
        self.copies.test_wanted.connect(lambda name: self._do(self._test(name), f"test:{name}"))
        self.copies.restore_wanted.connect(lambda name: self._do(self._restore(name), "restore"))
        self.copies.home_wanted.connect(lambda: self._do(self._choose_home(), "home"))
        self.copies.usual_home_wanted.connect(lambda: self._do(self._keep_copies_in(""), "home"))
        damaged = self.damaged
        damaged.look_wanted.connect(lambda name: self._do(self._look(name), f"damaged:{name}"))
        damaged.take_wanted.connect(lambda name: self._do(self._take(name), f"damaged:{name}"))
        damaged.stop_wanted.connect(lambda name: self._tasks.cancel(f"damaged:{name}"))
        damaged.undo_wanted.connect(lambda name, run: self._do(self._undo(name, run), f"damaged:{name}"))
        damaged.remove_wanted.connect(lambda name: self._do(self._remove_damaged(name), f"damaged:{name}"))
        self.renew.clicked.connect(lambda: self._do(self._renew(), "copy"))
        self.storage.clean_wanted.connect(lambda wish: self._do(self._clean(wish), "clean"))
        self.storage.stop_wanted.connect(lambda: self._tasks.cancel("clean"))
        self.storage.opened.connect(lambda id: self.conversation_wanted.emit(id, ""))
        self.export.clicked.connect(self.export_wanted)
        self.clear.clicked.connect(lambda: self._do(self._clear(), "clear"))

    def _do(self, work: Coroutine[Any, Any, object], name: str) -> None:
        if self._services is None:
            work.close()
        else:
            self._tasks.start(work, name=name)

    # Reading

    async def read(self) -> None:
        services = self._given()
        facts, disk = await services.archive.read(), await services.storage.disk()
        self.place.show_facts(facts, disk, await services.storage.former())
        self.damaged.show_files(await services.salvage.listing(), can_take=services.salvage.can_take)
        self.copies.show_home(*await services.copies.home())
        self.copies.show_copies(await services.copies.listing())
        self.storage.show_filling(await services.storage.filling())

    # Copies

    async def _make(self) -> None:
        self.copies.show_making(True)
        self.copies.show_problem("")
        try:
            await self._given().copies.make()
        except KnownError as error:
            self.copies.show_problem(f"{error.summary} {error.advice}")
        finally:
            self.copies.show_making(False)
        self.copies.show_copies(await self._given().copies.listing())

    async def _test(self, name: str) -> None:
        row = self.copies.rows.get(name)
        if row is not None:
            row.show_testing()
        found = await self._given().copies.test(name)
        if (row := self.copies.rows.get(name)) is not None:
            row.show_verdict(found)

    async def _restore(self, name: str) -> None:
        copy = next(copy for copy in await self._given().copies.listing() if copy.name == name)
        text = (
            f"Bring back the archive as it was on {exact(copy.made)[:16]}? What came since then is not in it. "
            "The archive of now is copied first, and the window opens anew."
        )
        if await dialogs.confirm(self, text, "Restore this copy"):
            self.reopen_wanted.emit("The copy is being restored", self._given().copies.restoring(name))

    async def _renew(self) -> None:
        if await dialogs.confirm(self, RENEW, "Replace all copies"):
            self.copies.show_making(True)
            try:
                await self._given().copies.renew()
            finally:
                self.copies.show_making(False)
            self.refresh()

    async def _choose_home(self) -> None:
        if folder := await dialogs.choose_folder(self, "Keep copies in"):
            await self._keep_copies_in(folder)

    async def _keep_copies_in(self, folder: str) -> None:
        self.copies.show_problem("")
        try:
            await self._given().copies.choose_home(folder)
        except KnownError as error:
            self.copies.show_problem(f"{error.summary} {error.advice}")
        self.refresh()

    # Damaged archives

    async def _look(self, name: str) -> None:
        row = self.damaged.rows[name]
        row.show_reading(0, 1)
        try:
            row.show_found(await self._given().salvage.look(name, row.show_reading))
        except KnownError as error:
            row.show_as_before(f"{error.summary} {error.advice}")
        except BaseException:
            row.show_as_before()
            raise

    async def _take(self, name: str) -> None:
        row = self.damaged.rows[name]
        row.show_taking("Beginning", 0, 1)
        try:
            report = await self._given().salvage.take(name, lambda now: row.show_taking(now.stage, now.done, now.of))
        except KnownError as error:
            row.show_as_before(f"{error.summary} {error.advice}")
        except BaseException:
            row.show_as_before()
            raise
        else:
            row.show_taken(report)
            self._given().library.changed()

    async def _undo(self, name: str, run: str) -> None:
        await self._given().imports.undo(run)
        self._given().library.changed()
        self.damaged.rows[name].show_as_before()

    async def _remove_damaged(self, name: str) -> None:
        text = (
            "Delete this damaged archive for good? What was not brought in cannot be read afterwards, and attachments "
            "that only it knew go when the archive is cleaned up."
        )
        if await dialogs.confirm(self, text, "Delete this file"):
            await self._given().salvage.remove(name)
            self.refresh()

    # Place and storage

    async def _move(self) -> None:
        target = await dialogs.choose_folder(self, "Move the archive to")
        if not target:
            return
        storage = self._given().storage
        await storage.check_move(target)
        text = f"Move the archive to {target}? It is copied and compared first; the window opens anew."
        if await dialogs.confirm(self, text, "Move the archive", is_danger=False):
            self.reopen_wanted.emit("The archive is being moved", storage.moving(target))

    async def _remove_former(self) -> None:
        storage = self._given().storage
        text = f"Remove the archive's old files from {await storage.former()}? The archive in use is not touched."
        if await dialogs.confirm(self, text, "Remove the old files"):
            await storage.remove_former()
            self.refresh()

    async def _clean(self, wish: dict[str, Any]) -> None:
        from desktop.services.storage import Wish  # late: the services come after the first paint

        self.storage.show_cleaning("Beginning")
        try:
            freed = await self._given().storage.clean_up(Wish(**wish), self.storage.show_cleaning)
        except BaseException:
            self.storage.show_cleaning("")
            raise
        self.storage.show_done(freed)
        self.refresh()

    async def _clear(self) -> None:
        text = (
            "Remove all conversations, attachments, copies, settings, profiles, logs and keys from this computer? "
            "Nothing of it can be brought back."
        )
        if await dialogs.confirm(self, text, "Remove everything"):
            work = await self._given().storage.clearing()
            self.reopen_wanted.emit("Everything is being removed", work)

    def _given(self) -> Services:
        assert self._services is not None
        return self._services
