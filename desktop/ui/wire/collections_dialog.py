"""Collections of requests from files of other programs: read, filled in, run, removed."""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QListView, QPushButton, QSplitter, QVBoxLayout, QWidget

from desktop.core.errors import KnownError
from desktop.ui import dialogs, theme
from desktop.ui.tasks import Tasks
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.tooltip import no_mnemonic
from desktop.ui.wire import words
from desktop.ui.wire.request_form import RequestForm
from desktop.ui.wire.requests_model import RequestsModel

if TYPE_CHECKING:
    from desktop.core.wire.postman import Collection
    from desktop.services.bundle import Services

EMPTY = "A Postman collection (v2.1) holds requests to be run here. Keys and scripts of it are left out."
LEFT_OUT = 8


class CollectionsDialog(QDialog):
    """Stays open beside the window. `run_wanted` carries a name and a WireRequest."""

    run_wanted = Signal(str, object)
    undo_offered = Signal(str, object)

    def __init__(self, parent: QWidget, services: Services, tasks: Tasks) -> None:
        super().__init__(parent)
        self._services, self._tasks = services, tasks
        self._collection: Collection | None = None
        self.setObjectName("wire.collections-dialog")
        self.setWindowTitle("Collections of requests")
        self.requests = RequestsModel(self)
        self._build()
        self.resize(theme.current().px(760), theme.current().px(520))
        self._show()

    def open_now(self) -> None:
        self.show()
        self.raise_()
        self.activateWindow()
        self._start(self._list(), "collections")

    # -- building

    def _build(self) -> None:
        look = theme.current()
        column = QVBoxLayout(self)
        column.setContentsMargins(look.gap(16), look.gap(16), look.gap(16), look.gap(16))
        column.setSpacing(look.gap(8))
        head = QHBoxLayout()
        self.chooser = QComboBox(self)
        self.chooser.setObjectName("wire.collection")
        self.chooser.setAccessibleName("Collection")
        self.chooser.activated.connect(self._chosen)
        head.addWidget(self.chooser, 1)
        head.addStretch(0)
        self.import_button = self._button(head, "Import", "wire.collection-import", self._choose_file)
        self.remove_button = self._button(head, "Remove", "wire.collection-remove", self._remove)
        column.addLayout(head)
        self.note = plain_label("", "muted", self, wrap=True)
        self.note.setObjectName("wire.collection-note")
        column.addWidget(self.note)
        self.problem = plain_label("", "bad", self, wrap=True)
        self.problem.setObjectName("wire.collection-problem")
        self.problem.hide()
        column.addWidget(self.problem)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setChildrenCollapsible(False)
        self.list = QListView(self)
        self.list.setObjectName("wire.collection-requests")
        self.list.setAccessibleName("Requests")
        self.list.setModel(self.requests)
        self.list.setUniformItemSizes(True)
        self.list.selectionModel().currentChanged.connect(lambda now, _: self._show_request(now.row()))
        self.form = RequestForm(self)
        self.form.file_wanted.connect(lambda part: self._start(self._choose_part(part), "collection-file"))
        self.splitter.addWidget(self.list)
        self.splitter.addWidget(self.form)
        self.splitter.setSizes([theme.current().px(280), theme.current().px(440)])
        column.addWidget(self.splitter, 1)
        column.addStretch(0)
        self._head, self._column = head, column
        foot = QHBoxLayout()
        self.goes_to = plain_label("", "muted", self)
        self.goes_to.setObjectName("wire.collection-goes-to")
        foot.addWidget(self.goes_to, 1)
        self._button(foot, "Close", "wire.collection-close", self.close)
        self.run = self._button(foot, "Run", "wire.collection-run", self._run)
        theme.style_as(self.run, "primary")
        column.addLayout(foot)

    def _button(self, row: QHBoxLayout, text: str, name: str, work: Any) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAccessibleName(text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: work())
        row.addWidget(button)
        return button

    # -- what is there

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.start(self._told(work), name=name)

    async def _told(self, work: Coroutine[Any, Any, None]) -> None:
        """What goes wrong is said here, where it was asked for."""
        self._say_problem("")
        try:
            await work
        except KnownError as error:
            self._say_problem(f"{error.summary} {error.advice or ''}".strip())

    def _say_problem(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))

    async def _list(self, wanted: str = "") -> None:
        found = await self._services.wire.collections()
        wanted = wanted or (self._collection.id if self._collection else "")
        self.chooser.clear()
        for collection_id, name in found:
            self.chooser.addItem(no_mnemonic(name), collection_id)
        at = max(0, self.chooser.findData(wanted))
        self.chooser.setCurrentIndex(at if found else -1)
        self._collection = await self._services.wire.collection(found[at][0]) if found else None
        self._show()

    def _chosen(self, at: int) -> None:
        self._start(self._list(self.chooser.itemData(at)), "collections")

    def _show(self) -> None:
        found = self._collection
        self.requests.show_requests(found.requests if found else ())
        self.note.setText(_note(found) if found else EMPTY)
        self.splitter.setVisible(found is not None)
        self.chooser.setVisible(found is not None)
        self.remove_button.setVisible(found is not None)
        self._head.setStretch(1, found is None)
        self._column.setStretch(4, found is None)
        profile = self._services.profiles.chosen
        self.goes_to.setText(f"Runs with the profile “{profile.name}”." if found else "")
        self._show_request(-1)
        if found is not None and found.requests:
            self.list.setCurrentIndex(self.requests.index(0))

    def _show_request(self, at: int) -> None:
        saved = self.requests.request(at) if at >= 0 else None
        self.form.show_request(saved, self._collection)
        self.run.setEnabled(saved is not None)

    # -- what is done

    def _choose_file(self) -> None:
        self._start(self._imported(), "collection-import")

    async def _imported(self) -> None:
        paths = await dialogs.choose_files(self, "Import a Postman collection", "Postman collections (*.json)")
        if paths:
            await self.take(Path(paths[0]))

    async def take(self, path: Path) -> None:
        """Read a file and show what came of it."""
        found = await self._services.wire.import_collection(path)
        await self._list(found.id)

    async def _choose_part(self, part: str) -> None:
        paths = await dialogs.choose_files(self, "Choose a file")
        if paths:
            self.form.choose(part, Path(paths[0]))

    def _remove(self) -> None:
        if self._collection is not None:
            self._start(self._removed(self._collection.id), "collection-remove")

    async def _removed(self, collection_id: str) -> None:
        gone = await self._services.wire.remove_collection(collection_id)
        self._collection = None
        await self._list()
        self.undo_offered.emit(f"The collection “{gone.name}” was removed.", lambda: self._undo(gone))

    def _undo(self, gone: Collection) -> None:
        self._start(self._restored(gone), "collection-restore")

    async def _restored(self, gone: Collection) -> None:
        await self._services.wire.restore_collection(gone)
        await self._list(gone.id)

    def _run(self) -> None:
        saved, collection = self.form.saved, self._collection
        if saved is None or collection is None:
            return
        profile, variables, files = self._services.profiles.chosen, self.form.variables(), self.form.files()
        self._start(self._checked(saved.name, saved, collection, profile, variables, files), "collection-run")

    async def _checked(
        self, name: str, saved: Any, collection: Any, profile: Any, variables: dict[str, str], files: dict[str, Path]
    ) -> None:
        """What is missing is told here; only what can be sent leaves the dialog."""
        request = await self._services.wire.request_of(saved, collection, profile, variables=variables, files=files)
        self.run_wanted.emit(name, request)


def _note(found: Collection) -> str:
    lines = [words.many(len(found.requests), "request")]
    lines += list(found.left_out[:LEFT_OUT])
    if (more := len(found.left_out) - LEFT_OUT) > 0:
        lines.append(f"{more} more things were left out.")
    return "\n".join(lines)
