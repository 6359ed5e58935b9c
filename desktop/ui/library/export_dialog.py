"""The dialog that exports: what, in which form, where to; how far it is; what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from desktop.core.errors import KnownError
from desktop.core.file_names import clean
from desktop.core.paper import of_locale
from desktop.ui import dialogs, theme
from desktop.ui.library.export_faces import Result, Running
from desktop.ui.library.export_form import ExportForm
from desktop.ui.library.words import many
from desktop.ui.tasks import Report, Tasks
from desktop.ui.widgets.show_in_folder import show_in_folder

if TYPE_CHECKING:
    from desktop.services.bundle import Services
    from desktop.services.export import Exported, Progress, Selection
    from desktop.services.export.formats import Format
    from desktop.services.export.told import Told

FORMAT, FOLDER, PAPER = "export.format", "export.folder", "export.paper"


async def ask(
    parent: QWidget | None, services: Services, ids: list[str] | None, report: Report, *, line: str = ""
) -> None:
    """Export these conversations, or what a line finds, or all; ends when the dialog is closed."""
    dialog = ExportDialog(parent.window() if parent is not None else None, services, report, ids, line)
    try:
        await dialog.prepare()
        await dialogs.finished(dialog)
    finally:
        await dialog.tasks.aclose()


class ExportDialog(QDialog):
    """Three faces: the form, the running export, its result. `show_file` shows what was made in its folder."""

    ask = staticmethod(ask)

    def __init__(
        self,
        parent: QWidget | None,
        services: Services,
        report: Report,
        ids: list[str] | None = None,
        line: str = "",
    ) -> None:
        super().__init__(parent)
        from desktop.services.export import formats  # no dialog opens before the first paint

        self.setObjectName("export")
        self.setWindowTitle("Export")
        self.services, self._ids, self._line = services, ids, line.strip()
        self.formats = formats.ALL
        self.tasks = Tasks(report, self)
        self.show_file: Callable[[Path], bool] = show_in_folder
        self.folder = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation))
        self.exported: Exported | None = None
        self._title = ""
        self._counts: list[int] = []
        self._chosen: Path | None = None  # what the file dialog answered
        self._may_replace = False  # it has asked before
        self._began = 0.0
        self._build()
        self._show("form")

    async def prepare(self) -> None:
        """Read what is remembered, counted and called how, before the dialog is seen."""
        import asyncio

        from desktop.services.export import Selection

        remembered = Path(await self.services.remembered(FOLDER, "") or self.folder)
        if await asyncio.to_thread(remembered.is_dir):
            self.folder = remembered
        kind = await self.services.remembered(FORMAT, "md")
        self.form.paper.setCurrentText(await self.services.remembered(PAPER, _usual_paper()))
        if self._ids and len(self._ids) == 1:
            self._title = (await self.services.conversations.get(self._ids[0])).title
        for number, selection in enumerate(self._selections()):
            try:
                count = await self.services.export.count(Selection(selection.ids, selection.line))
            except KnownError:
                count = 0
            self._counts.append(count)
            self.form.set_scope(number, self._scope_text(selection, count), is_enabled=count > 0)
        self.form.choose_first(kind)
        self._chose()
        if not self.form.can_export:
            self.form.tell("There is nothing to export yet.", "muted")

    # Building

    def _build(self) -> None:
        self.column = QVBoxLayout(self)
        self.form = ExportForm(self, self.formats, [self._scope_text(each, None) for each in self._selections()])
        self.running, self.result_face = Running(self), Result(self)
        self._faces: dict[str, QWidget] = {"form": self.form, "running": self.running, "result": self.result_face}
        for face in self._faces.values():
            self.column.addWidget(face)
        self.form.chosen.connect(self._chose)
        self.form.place_wanted.connect(self.choose_place)
        self.form.wanted.connect(self.start)
        self.form.cancelled.connect(self.reject)
        self.running.stopped.connect(self.stop)
        self.result_face.shown_wanted.connect(self.show_result)
        self.result_face.done.connect(self.accept)
        theme.current().changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        """Larger text needs a wider dialog: lines that wrap would stand in rows made for one."""
        look = theme.current()
        self.column.setContentsMargins(look.gap(24), look.gap(24), look.gap(24), look.gap(16))
        self.setMinimumWidth(look.px(600))

    # What is chosen

    def _selections(self) -> list[Selection]:
        from desktop.services.export import Selection

        found = [Selection(line=self._line)] if self._line else []
        given = [Selection(tuple(self._ids))] if self._ids else []
        return [*given, *found, Selection()]

    def _scope_text(self, selection: Selection, count: int | None) -> str:
        if selection.ids is not None:
            if len(selection.ids) == 1:
                return f"This conversation: {self._title[:60]}" if self._title else "This conversation"
            return f"The {many(len(selection.ids), 'conversation')} selected"
        if selection.line:
            return f"All found by “{selection.line[:60]}”" + ("" if count is None else f" ({count:,})")
        return "Everything" + ("" if count is None else f" ({many(count, 'conversation')})")

    @property
    def selection(self) -> Selection:
        return self._selections()[self.form.scope]

    @property
    def format(self) -> Format:
        return self.form.format

    @property
    def is_folder(self) -> bool:
        from desktop.services.export import formats

        at = self.form.scope
        return formats.is_folder(self.format.kind, self._counts[at] if at < len(self._counts) else 1)

    @property
    def path(self) -> Path:
        """Where it goes as far as is known: the service gives it another name where this is taken."""
        if self._chosen is not None:
            return self._chosen
        ids = self.selection.ids
        name = self._title[:80] if ids is not None and len(ids) == 1 else f"Davenport {date.today():%Y-%m-%d}"
        return self.folder / clean(name, ending="" if self.is_folder else self.format.ending, instead="Conversation")

    def _chose(self) -> None:
        """Something was chosen: the name that fits it."""
        if self._chosen is not None:
            self.folder, self._chosen = self._chosen.parent, None
        self._show_place()

    def _show_place(self) -> None:
        self.form.show_place(f"{self.path}{'/' if self.is_folder else ''}")

    def choose_place(self) -> None:
        self.tasks.start(self._choose_place(), name="place")

    async def _choose_place(self) -> None:
        if self.is_folder:
            if folder := await dialogs.choose_folder(self, "Export into"):
                self.folder, self._chosen = Path(folder), None
        elif chosen := await dialogs.choose_new_file(self, "Export as", str(self.path)):
            path = Path(chosen)
            ending = self.format.ending
            self._chosen = path if path.suffix.lower() == ending else path.with_name(path.name + ending)
            # The dialog has asked only about the name it was given.
            self._may_replace = self._chosen == path
        self._show_place()

    # What the user does

    def start(self) -> None:
        if not self.tasks.is_running("export"):
            self.tasks.start(self._export(), name="export")

    def stop(self) -> None:
        self.running.stop()
        self.tasks.cancel("export")

    def reject(self) -> None:
        """Escape and the window's cross stop what runs; only a dialog at rest is closed."""
        if self.tasks.is_running("export"):
            self.stop()
        else:
            super().reject()

    def show_result(self) -> None:
        if self.exported is not None and not self.show_file(self.exported.path):
            self.result_face.add("This system has no file manager that can be asked to show a file.")

    async def _export(self) -> None:
        import asyncio

        self._begin()
        try:
            await self._remember()
            self.exported = await self.services.export.run(
                self.selection,
                self.format.kind,
                self.path,
                branches="all" if self.form.branches.isChecked() else "path",
                attachments=self.form.attachments.isChecked(),
                tell=self._tell,
                replaces=self._chosen is not None and self._may_replace,
                pages=self._pages(),
            )
        except asyncio.CancelledError:
            self._show("form")
            raise
        except KnownError as error:
            self._show("form")
            self.form.tell(f"{error.summary} {error.advice}".strip())
        except BaseException:
            self._show("form")
            raise
        else:
            self._finish(self.exported)

    def _pages(self) -> Callable[[Told, Path], None] | None:
        if self.format.kind != "pdf":
            return None
        from desktop.ui import pdf  # a window without exports needs none of it

        return pdf.pages(pdf.Paper.of_window(self.form.paper.currentText()))

    async def _remember(self) -> None:
        await self.services.remember(FOLDER, str(self.path.parent))
        await self.services.remember(FORMAT, self.format.kind)
        await self.services.remember(PAPER, self.form.paper.currentText())

    def _begin(self) -> None:
        self._began = time.monotonic()
        self.form.tell("")
        self.running.begin(self.path.name)
        self._show("running")

    def _tell(self, progress: Progress) -> None:
        self.running.tell(progress, time.monotonic() - self._began)

    def _finish(self, exported: Exported) -> None:
        self.result_face.tell(exported)
        self._show("result")
        self.result_face.done_button.setFocus()

    def _show(self, name: str) -> None:
        for each, face in self._faces.items():
            face.setVisible(each == name)
        self.adjustSize()


def _usual_paper() -> str:
    from PySide6.QtCore import QLocale

    return of_locale(QLocale.system().name())
