"""The history at the left: read as it changes, searched, renamed, moved to the trash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from desktop.core.library import Place
from desktop.ui import dialogs
from desktop.ui.tasks import Tasks
from desktop.ui.transcription import words
from desktop.ui.transcription.history import History
from desktop.ui.transcription.job_rows import JobRows
from desktop.ui.transcription.part import Part

if TYPE_CHECKING:
    from desktop.services.bundle import Services

PAGE, PIECE = "transcription", 100
CALM_MS = 250  # recordings that end one after another are shown together


class Past(Part):
    """Fills `history`; what it has is read only while the page can be seen."""

    def __init__(self, history: History, jobs: JobRows, tasks: Tasks, place: QWidget) -> None:
        super().__init__(tasks, place)
        self._history = history
        history.model.state_of = jobs.state_of
        self._calm = QTimer(self, singleShot=True, interval=CALM_MS)
        self._calm.timeout.connect(self._read)
        history.search_changed.connect(self._read)
        history.more_wanted.connect(lambda: self.start(self.read(more=True), "history"))
        history.rename_wanted.connect(lambda id: self.start(self._rename(id), "rename"))
        history.trash_wanted.connect(lambda ids: self.start(self._trash(ids), "trash"))

    def attach(self, services: Services) -> None:
        super().attach(services)
        services.library.listen(self.refresh)

    @property
    def is_settled(self) -> bool:
        """Whether all that was told is on the screen."""
        return not self._calm.isActive()

    def refresh(self) -> None:
        """Read it anew, in a moment."""
        if not self._calm.isActive():
            self._calm.start()

    def _read(self) -> None:
        if self.place.isVisible():
            self.start(self.read(), "history")

    async def read(self, *, more: bool = False) -> None:
        """As many as are shown, with `more` some hundred on top."""
        count = max(PIECE, self._history.model.rowCount()) + (PIECE if more else 0)
        line = self._history.search.text().strip()
        found = await self.known.library.search(line, place=Place("page", PAGE), limit=count)
        self._history.show_rows([entry.conversation for entry in found.entries])

    async def _rename(self, conversation: str) -> None:
        row = self._history.model.at(self._history.model.row_of(conversation))
        title = await dialogs.ask_text(self.place, "Rename", "Name of the recording", row.title)
        if title is not None and title.strip():
            self.offer("Renamed.", await self.known.library.rename(conversation, title))

    async def _trash(self, ids: list[str]) -> None:
        undo = await self.known.library.trash(ids)
        self.offer(f"{words.many(len(ids), 'recording').capitalize()} moved to the trash.", undo)
