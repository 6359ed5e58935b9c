"""What can be done with calls: each an action, for the dock's buttons, its menus and the palette."""

from __future__ import annotations

from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from desktop.core.calls import CallRow
from desktop.core.errors import BadInput
from desktop.core.wire.page_request import request_for_page
from desktop.ui import actions, dialogs
from desktop.ui.rail import PLACES
from desktop.ui.wire import words

if TYPE_CHECKING:
    from desktop.core.wire.request import WireRequest
    from desktop.services.bundle import Services
    from desktop.services.wire import Form
    from desktop.ui.wire.dock import WireDock

FORMS = (  # the name of the form in the services, the object's name, what the palette says
    ("CURL", "wire.copy-curl", "Copy the call as curl"),
    ("PYTHON_OPENAI", "wire.copy-python", "Copy the call as Python (openai)"),
    ("PYTHON_HTTPX", "wire.copy-httpx", "Copy the call as Python (httpx)"),
    ("JAVASCRIPT", "wire.copy-javascript", "Copy the call as JavaScript (openai)"),
)
PASTE = ("wire.paste", "Paste a request (curl or JSON)", "plus")
COLLECTIONS = ("wire.collections", "Run requests of a Postman collection", "folder")
WITHOUT_CALLS = (PASTE, COLLECTIONS)
"""What can be done without any call, also while the dock was never opened: name, text and icon of the action."""
TITLES = {place.name: place.title for place in PLACES}


class Doing(QObject):
    """The actions of the dock. What is typed into an edit that is left is kept here until it is sent."""

    def __init__(self, dock: WireDock) -> None:
        super().__init__(dock)
        self._dock = dock
        self._edits: dict[str, str] = {}
        make = actions.make
        self.copies = [make(dock, name, text, partial(self._copy, form), icon="copy") for form, name, text in FORMS]
        self.copy_id = make(dock, "wire.copy-request-id", "Copy the request id", self._copy_id, icon="copy")
        self.replay = make(dock, "wire.replay", "Send the call again", self._replay, icon="retry")
        self.edit = make(dock, "wire.edit", "Edit the call and send it", self._edit, icon="edit")
        self.compare = make(dock, "wire.compare", "Compare the two selected calls", self._compare, icon="wire")
        self.to_page = make(dock, "wire.to-page", "Open the call in its page", self._to_page, icon="chat")
        self.har = make(dock, "wire.export-har", "Export calls as HAR", lambda: self._export("har"), icon="download")
        self.postman = make(
            dock,
            "wire.export-postman",
            "Export calls as a Postman collection",
            lambda: self._export("postman"),
            icon="download",
        )
        self.paste = make(dock, *PASTE[:2], self.open_paste, icon=PASTE[2])
        self.requests = make(dock, *COLLECTIONS[:2], self.open_collections, icon=COLLECTIONS[2])
        self._collections: Any = None
        self.update()

    def update(self) -> None:
        """What can be done follows from how many calls are selected."""
        dock = self._dock
        chosen = dock.selected() if dock.isVisible() else []
        for action in (*self.copies, self.replay, self.edit, self.to_page, self.copy_id):
            action.setEnabled(len(chosen) == 1)
        self.compare.setEnabled(len(chosen) == 2)
        for action in (self.har, self.postman):
            action.setEnabled(dock.isVisible() and dock.calls.rowCount() > 0)

    # -- menus

    def copy_menu(self) -> QMenu:
        menu = QMenu(self._dock)
        menu.setObjectName("wire.copy-menu")
        menu.addActions(self.copies)
        menu.addSeparator()
        menu.addAction(self.copy_id)
        return menu

    def more_menu(self) -> QMenu:
        menu = QMenu(self._dock)
        menu.setObjectName("wire.more-menu")
        menu.addAction(self.to_page)
        menu.addSeparator()
        menu.addActions([self.har, self.postman])
        menu.addSeparator()
        menu.addActions([self.paste, self.requests])
        return menu

    def context_menu(self) -> QMenu:
        menu = QMenu(self._dock)
        menu.setObjectName("wire.context-menu")
        menu.addActions([*self.copies, self.copy_id])
        menu.addSeparator()
        menu.addActions([self.replay, self.edit, self.compare, self.to_page])
        menu.addSeparator()
        menu.addActions([self.har, self.postman])
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    # -- copying

    @property
    def _services(self) -> Services:
        assert self._dock.services is not None
        return self._dock.services

    def _one(self) -> CallRow | None:
        chosen = self._dock.selected()
        return chosen[-1] if chosen and self._dock.services is not None else None

    def _start(self, work: Coroutine[Any, Any, object], name: str) -> None:
        self._dock.tasks.start(work, name=name)

    def _copy(self, form: str) -> None:
        if row := self._one():
            from desktop.services.wire import Form  # the services are there by now

            self._start(self._copied(row, Form[form]), "copy")

    async def _copied(self, row: CallRow, form: Form) -> None:
        text = await self._services.wire.copied(row.call_id, form)
        QGuiApplication.clipboard().setText(text)
        self._dock.notice.emit("good", f"Copied as {form.value}. The key is the variable OPENAI_API_KEY.")

    def _copy_id(self) -> None:
        if row := self._one():
            self._start(self._id_copied(row), "copy")

    async def _id_copied(self, row: CallRow) -> None:
        found = (await self._services.wire.get(row.call_id)).request_id
        if not found:
            raise BadInput("The server gave this call no request id.")
        self.copy_id_of(found)

    def copy_id_of(self, request_id: str) -> None:
        QGuiApplication.clipboard().setText(request_id)
        self._dock.notice.emit("good", "The request id was copied.")

    # -- sending again

    def _replay(self) -> None:
        if row := self._one():
            self._work(f"Sending {words.title(row)} again", self._replayed(row))

    async def _replayed(self, row: CallRow) -> None:
        wire = self._services.wire
        price = await wire.estimate(row.call_id)
        await self._dock.strip.send(price, lambda tell: wire.replay(row.call_id, tell))

    def _edit(self) -> None:
        if row := self._one():
            self._start(self._edited(row), "edit")

    async def _edited(self, row: CallRow) -> None:
        from desktop.ui.wire.edit_dialog import EditDialog  # few edit a call

        exchange, is_whole = await self._services.wire.whole(row.call_id)
        if exchange.parts:
            raise BadInput("The form of this call cannot be edited here.", "Start it again from its own page.")
        if not exchange.body:
            raise BadInput("This call has no body to be edited.", "Send it again as it is.")
        if not is_whole:
            raise BadInput("Not all of this request is kept, so it cannot be edited.")
        dialog = EditDialog(self._dock.window(), exchange, self._edits.get(row.call_id, ""))
        is_sent = await dialogs.finished(dialog)
        self._edits[row.call_id] = dialog.text()
        if is_sent:
            body = dialog.body()
            self._work(f"Sending {words.title(row)} with another body", self._sent_edited(row, body))

    async def _sent_edited(self, row: CallRow, body: bytes) -> None:
        wire = self._services.wire
        price = await wire.estimate(row.call_id, body)
        sent = await self._dock.strip.send(price, lambda tell: wire.replay(row.call_id, tell, body))
        if sent is not None:
            self._edits.pop(row.call_id, None)

    def _work(self, what: str, work: Coroutine[Any, Any, object]) -> None:
        if not self._dock.strip.run(what, work):
            self._dock.notice.emit("info", "Something is still under way here. Wait for its end, or stop it.")

    # -- comparing, opening in a page

    def _compare(self) -> None:
        chosen = sorted(self._dock.selected(), key=lambda row: (row.started, row.call_id))
        if len(chosen) == 2 and self._dock.services is not None:
            self._start(self._compared(*chosen), "compare")

    async def _compared(self, before: CallRow, after: CallRow) -> None:
        found = await self._services.wire.difference(before.call_id, after.call_id)
        self._dock.show_difference(before, after, found)

    def _to_page(self) -> None:
        if row := self._one():
            self._start(self._given_to_page(row), "to-page")

    async def _given_to_page(self, row: CallRow) -> None:
        exchange, _ = await self._services.wire.whole(row.call_id)
        request = request_for_page(exchange)
        if request.page != "chat":
            where = TITLES.get(request.page, "")
            said = f"The page {where} does not take calls yet." if where else "No page takes such a call."
            raise BadInput(said, "Send it again as it is, or edit it and send it.")
        self._dock.request_wanted.emit(request)

    # -- out

    def _export(self, form: str) -> None:
        chosen = [row.call_id for row in self._dock.selected()] or self._dock.listed()
        if chosen and self._dock.services is not None:
            self._start(self._exported(form, chosen), "export")

    async def _exported(self, form: str, ids: list[str]) -> None:
        title = f"Export {words.many(len(ids), 'call')}"
        name, pattern = ("calls.har", "HTTP archives (*.har)")
        if form == "postman":
            name, pattern = ("calls.postman_collection.json", "Postman collections (*.json)")
        path = await dialogs.choose_new_file(self._dock, title, name, pattern)
        if path:
            self._work(f"Exporting {words.many(len(ids), 'call')}", self._written(form, ids, Path(path)))

    async def _written(self, form: str, ids: list[str], path: Path) -> None:
        wire = self._services.wire
        content = await (wire.har(ids) if form == "har" else wire.postman(ids, path.stem.partition(".")[0]))
        await wire.save(path, content)
        self._dock.notice.emit(
            "good", f"{words.many(len(ids), 'call')} exported to {path.name}. No key is in the file."
        )

    # -- in

    def open_paste(self) -> None:
        if self._dock.services is not None:
            self._start(self._pasted(), "paste")

    async def _pasted(self) -> None:
        from desktop.ui.wire.paste_dialog import PasteDialog  # few paste a request

        dialog = PasteDialog(self._dock.window(), self._services, self._dock.tasks)
        dialog.key_offered.connect(self._dock.key_offered)
        if not await dialogs.finished(dialog):
            return
        if dialog.wants_page and dialog.request is not None:
            self._dock.request_wanted.emit(dialog.request)
        elif (request := dialog.wire_request()) is not None:
            self._dock.show()
            self._work(f"Sending {request.method} {request.endpoint}", self._sent(request))

    async def _sent(self, request: WireRequest) -> None:
        wire = self._services.wire
        price = await wire.estimate_request(request)
        await self._dock.strip.send(price, lambda tell: wire.send(request, tell))

    def open_collections(self) -> None:
        from desktop.ui.wire.collections_dialog import CollectionsDialog  # few have any

        if self._dock.services is None:
            return
        if self._collections is None:
            self._collections = CollectionsDialog(self._dock.window(), self._services, self._dock.tasks)
            self._collections.run_wanted.connect(self._run)
            self._collections.undo_offered.connect(self._dock.undo_offered)
        self._collections.open_now()

    def _run(self, name: str, request: WireRequest) -> None:
        self._dock.show()
        self._work(f"Running {name}", self._sent(request))
