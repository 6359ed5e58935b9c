"""A button from which the transcript is dragged to other programs, as a file of one form."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtWidgets import QApplication, QMenu, QToolButton, QWidget

from desktop.core.transcript import Transcript
from desktop.services.transcription import export
from desktop.services.transcription.export import FORMS
from desktop.ui import icons
from desktop.ui.tasks import Tasks
from desktop.ui.widgets.tooltip import tip

USUAL = "srt"


class DragOut(QToolButton):
    """A press writes the file in a worker, a drag carries it; a click chooses the form. `carried` is the last file."""

    def __init__(self, tasks: Tasks, what: Callable[[], tuple[Transcript, str]], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("editor.drag-out")
        self.setAccessibleName("Drag the result out")
        icons.put(self, "upload")
        self._tasks, self._what = tasks, what
        self.folder: Path | None = None  # where the file is written
        self._pressed: QPoint | None = None
        self.carried: Path | None = None
        self._last: Path | None = None
        self.choose(USUAL)

    def choose(self, form: str) -> None:
        self.form = form
        told = next(f"{each.words}, {each.ending}" for each in FORMS if each.name == form)
        self.setToolTip(tip(f"Drag out as a file ({told}); click to choose the form"))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self.carried = event.position().toPoint(), None
            self._tasks.start(self._write(), name="drag-out")

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        far = QApplication.startDragDistance()
        at = event.position().toPoint()
        if self._pressed is not None and (at - self._pressed).manhattanLength() >= far and self.carried is not None:
            self._pressed = None
            self.setDown(False)
            self.drag()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        was_click, self._pressed = self._pressed is not None, None
        super().mouseReleaseEvent(event)
        if was_click and event.button() == Qt.MouseButton.LeftButton:
            self.menu_of_forms().popup(self.mapToGlobal(self.rect().bottomLeft()))

    def menu_of_forms(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for form in FORMS:
            action = menu.addAction(f"{form.words} ({form.ending})")
            action.setCheckable(True)
            action.setChecked(form.name == self.form)
            action.triggered.connect(lambda _=False, name=form.name: self.choose(name))
        return menu

    def mime(self) -> QMimeData:
        """What a drop gets: the file."""
        made = QMimeData()
        if self.carried is not None:
            made.setUrls([QUrl.fromLocalFile(str(self.carried))])
        return made

    def drag(self) -> None:
        drag = QDrag(self)
        drag.setMimeData(self.mime())
        drag.exec(Qt.DropAction.CopyAction)

    async def _write(self) -> None:
        assert self.folder is not None, "the services are attached first"
        transcript, title = self._what()
        about, form, last, folder = export.About(title), self.form, self._last, self.folder

        def write() -> Path:
            if last is not None:
                last.unlink(missing_ok=True)  # else the next one would be “name (2)”
            return export.write_all(transcript, about, [form], folder)[0]

        self.carried = self._last = await asyncio.to_thread(write)
