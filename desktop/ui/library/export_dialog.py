"""The dialog that exports: what, in which form, where to; how far it is; what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from desktop.core.errors import KnownError
from desktop.core.file_names import clean
from desktop.ui import dialogs, theme
from desktop.ui.library.export_words import figures, left_out, summary
from desktop.ui.library.words import many
from desktop.ui.tasks import Report, Tasks
from desktop.ui.widgets.labels import ElidedLabel, plain_label
from desktop.ui.widgets.show_in_folder import show_in_folder
from desktop.ui.widgets.tooltip import no_mnemonic

if TYPE_CHECKING:
    from desktop.services.bundle import Services
    from desktop.services.export import Exported, Progress, Selection
    from desktop.services.export.formats import Format
    from desktop.services.export.told import Told

FORMAT, FOLDER, PAPER = "export.format", "export.folder", "export.paper"
STEPS = 1000
LETTER_COUNTRIES = {"US", "CA", "MX", "PH", "CL", "CO", "VE"}


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
        self._wants_branches = False
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
        self.paper.setCurrentText(await self.services.remembered(PAPER, _usual_paper()))
        if self._ids and len(self._ids) == 1:
            self._title = (await self.services.conversations.get(self._ids[0])).title
        for button, selection in zip(self.scopes.buttons(), self._selections(), strict=True):
            try:
                count = await self.services.export.count(Selection(selection.ids, selection.line))
            except KnownError:
                count = 0
            self._counts.append(count)
            button.setText(no_mnemonic(self._scope_text(selection, count)))
            button.setEnabled(count > 0)
        enabled = [button for button in self.scopes.buttons() if button.isEnabled()]
        (enabled or self.scopes.buttons())[0].setChecked(True)
        for number, each in enumerate(self.formats):
            self.kinds.button(number).setChecked(each.kind == kind)
        self._chose()
        if not enabled:
            self._tell_problem("There is nothing to export yet.", "muted")

    # Building

    def _build(self) -> None:
        self.column = QVBoxLayout(self)
        self._faces = {"form": self._form(), "running": self._running(), "result": self._result()}
        for face in self._faces.values():
            self.column.addWidget(face)
        theme.current().changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        """Larger text needs a wider dialog: lines that wrap would stand in rows made for one."""
        look = theme.current()
        self.column.setContentsMargins(look.gap(24), look.gap(24), look.gap(24), look.gap(16))
        self.setMinimumWidth(look.px(600))

    def _face(self) -> tuple[QWidget, QVBoxLayout]:
        face = QWidget(self)
        column = QVBoxLayout(face)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.current().gap(16))
        return face, column

    def _form(self) -> QWidget:
        face, column = self._face()
        column.addLayout(self._part("Which conversations", self._scope_rows(face)))
        column.addLayout(self._part("Form", self._format_rows(face)))
        column.addLayout(self._part("With it", self._option_rows(face)))
        column.addLayout(self._part("Where to", self._place_row(face)))
        self.problem = plain_label("", "bad", face, wrap=True)
        self.problem.setObjectName("export.problem")
        column.addWidget(self.problem)
        column.addStretch(1)  # a form without its paper leaves its room here
        row = QHBoxLayout()
        row.addStretch(1)
        self.cancel_button = self._button(row, "Cancel", "cancel", self.reject)
        self.export_button = self._button(row, "Export", "export", self.start, "primary")
        self.export_button.setDefault(True)
        column.addLayout(row)
        return face

    def _part(self, title: str, rows: QHBoxLayout | QVBoxLayout | QGridLayout) -> QVBoxLayout:
        part = QVBoxLayout()
        part.setSpacing(theme.current().gap(4))
        part.addWidget(plain_label(title, "section", self))
        part.addLayout(rows)
        return part

    def _scope_rows(self, face: QWidget) -> QVBoxLayout:
        rows = QVBoxLayout()
        rows.setSpacing(0)
        self.scopes = QButtonGroup(face)
        for number, selection in enumerate(self._selections()):
            button = QRadioButton(no_mnemonic(self._scope_text(selection, None)), face)
            button.setObjectName(f"export.scope-{number}")
            self.scopes.addButton(button, number)
            rows.addWidget(button)
        self.scopes.idToggled.connect(lambda number, is_on: self._chose() if is_on else None)
        return rows

    def _format_rows(self, face: QWidget) -> QGridLayout:
        look = theme.current()
        rows = QGridLayout()
        rows.setHorizontalSpacing(look.gap(16))
        rows.setVerticalSpacing(0)
        rows.setColumnStretch(1, 1)
        self.kinds = QButtonGroup(face)
        for number, each in enumerate(self.formats):
            button = QRadioButton(each.title, face)
            button.setObjectName(f"export.form-{each.kind}")
            button.setAccessibleDescription(each.purpose)
            self.kinds.addButton(button, number)
            rows.addWidget(button, number, 0)
            rows.addWidget(plain_label(each.purpose, "muted", face), number, 1)  # wrapped, it would be cut
        self.kinds.idToggled.connect(lambda number, is_on: self._chose() if is_on else None)
        return rows

    def _option_rows(self, face: QWidget) -> QVBoxLayout:
        rows = QVBoxLayout()
        rows.setSpacing(0)
        self.branches = QCheckBox("All branches, not only the one that is shown", face)
        self.branches.setObjectName("export.branches")
        self.branches.clicked.connect(self._want_branches)
        self.attachments = QCheckBox("Pictures, recordings and files", face)
        self.attachments.setObjectName("export.attachments")
        self.attachments.setChecked(True)
        paper = QHBoxLayout()
        paper.setContentsMargins(0, theme.current().gap(8), 0, 0)
        paper.setSpacing(theme.current().gap(8))
        self.paper_label = plain_label("Paper", "", face)
        self.paper = QComboBox(face)
        self.paper.setObjectName("export.paper")
        self.paper.setAccessibleName("Paper")
        self.paper.addItems(["A4", "Letter"])
        paper.addWidget(self.paper_label)
        paper.addWidget(self.paper)
        paper.addStretch(1)
        rows.addWidget(self.branches)
        rows.addWidget(self.attachments)
        rows.addLayout(paper)
        return rows

    def _place_row(self, face: QWidget) -> QHBoxLayout:
        row = QHBoxLayout()
        self.place = ElidedLabel("", face)
        self.place.setObjectName("export.place")
        row.addWidget(self.place, 1)
        self.place_button = self._button(row, "Choose…", "choose", self.choose_place)
        return row

    def _running(self) -> QWidget:
        face, column = self._face()
        self.stage = plain_label("Exporting", "section", face)
        self.bar = QProgressBar(face)
        self.bar.setObjectName("export.bar")
        self.bar.setAccessibleName("How far the export is")
        self.bar.setRange(0, STEPS)
        self.bar.setTextVisible(False)
        self.figures = plain_label("", "muted", face, wrap=True)
        self.figures.setObjectName("export.figures")
        for widget in (self.stage, self.bar, self.figures):
            column.addWidget(widget)
        row = QHBoxLayout()
        row.addWidget(plain_label("Stopped, it leaves nothing behind.", "caption", face), 1)
        self.stop_button = self._button(row, "Stop", "stop", self.stop)
        column.addLayout(row)
        return face

    def _result(self) -> QWidget:
        face, column = self._face()
        column.setSpacing(theme.current().gap(8))
        self.result_title = plain_label("", "section", face, wrap=True)
        self.result_title.setObjectName("export.result")
        self.result_place = plain_label("", "muted", face, wrap=True)
        self.result_place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.result_rest = plain_label("", "", face, wrap=True)
        self.result_rest.setObjectName("export.left-out")
        for label in (self.result_title, self.result_place, self.result_rest):
            column.addWidget(label)
        row = QHBoxLayout()
        row.addStretch(1)
        self.folder_button = self._button(row, "Show in folder", "show", self.show_result)
        self.done_button = self._button(row, "Done", "done", self.accept, "primary")
        column.addLayout(row)
        return face

    def _button(
        self, row: QHBoxLayout, text: str, name: str, work: Callable[[], object], kind: str = ""
    ) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(f"export.{name}")
        button.setAccessibleName(text)
        button.setAutoDefault(False)
        if kind:
            theme.style_as(button, kind)
        button.clicked.connect(lambda: work())
        row.addWidget(button)
        return button

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
        return self._selections()[max(0, self.scopes.checkedId())]

    @property
    def format(self) -> Format:
        return self.formats[max(0, self.kinds.checkedId())]

    @property
    def is_folder(self) -> bool:
        from desktop.services.export import formats

        at = max(0, self.scopes.checkedId())
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
        """Something was chosen: what goes with it, and the name that fits it."""
        if self._chosen is not None:
            self.folder, self._chosen = self._chosen.parent, None
        kind = self.format.kind
        self.branches.setEnabled(kind != "json")  # which always has them all
        self.branches.setChecked(kind == "json" or self._wants_branches)
        self.attachments.setEnabled(kind != "jsonl")
        for widget in (self.paper_label, self.paper):
            widget.setVisible(kind == "pdf")
        self._show_place()

    def _want_branches(self, wants: bool) -> None:
        self._wants_branches = wants

    def _show_place(self) -> None:
        path = self.path
        self.place.setText(f"{path}{'/' if self.is_folder else ''}")
        self.export_button.setEnabled(any(button.isEnabled() for button in self.scopes.buttons()))

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
        self.stage.setText("Stopping")
        self.stop_button.setEnabled(False)
        self.tasks.cancel("export")

    def reject(self) -> None:
        """Escape and the window's cross stop what runs; only a dialog at rest is closed."""
        if self.tasks.is_running("export"):
            self.stop()
        else:
            super().reject()

    def show_result(self) -> None:
        if self.exported is not None and not self.show_file(self.exported.path):
            self.result_rest.setText("This system has no file manager that can be asked to show a file.")
            self.result_rest.show()

    async def _export(self) -> None:
        import asyncio

        self._begin()
        try:
            await self._remember()
            self.exported = await self.services.export.run(
                self.selection,
                self.format.kind,
                self.path,
                branches="all" if self.branches.isChecked() else "path",
                attachments=self.attachments.isChecked(),
                tell=self._tell,
                replaces=self._chosen is not None and self._may_replace,
                pages=self._pages(),
            )
        except asyncio.CancelledError:
            self._show("form")
            raise
        except KnownError as error:
            self._show("form")
            self._tell_problem(f"{error.summary} {error.advice}".strip())
        except BaseException:
            self._show("form")
            raise
        else:
            self._finish(self.exported)

    def _pages(self) -> Callable[[Told, Path], None] | None:
        if self.format.kind != "pdf":
            return None
        from desktop.ui import pdf  # a window without exports needs none of it

        return pdf.pages(pdf.Paper.of_window(self.paper.currentText()))

    async def _remember(self) -> None:
        await self.services.remember(FOLDER, str(self.path.parent))
        await self.services.remember(FORMAT, self.format.kind)
        await self.services.remember(PAPER, self.paper.currentText())

    def _begin(self) -> None:
        self._began = time.monotonic()
        self._tell_problem("")
        self.stage.setText(no_mnemonic(f"Exporting to {self.path.name}"[:120]))
        self.bar.setValue(0)
        self.figures.setText("")
        self.stop_button.setEnabled(True)
        self._show("running")

    def _tell(self, progress: Progress) -> None:
        self.bar.setValue(STEPS * progress.done // progress.of if progress.of else STEPS)
        self.figures.setText(figures(progress, time.monotonic() - self._began))

    def _finish(self, exported: Exported) -> None:
        self.result_title.setText(summary(exported))
        self.result_place.setText(str(exported.path))
        rest = left_out(exported)
        self.result_rest.setText(rest)
        self.result_rest.setVisible(bool(rest))
        self._show("result")
        self.done_button.setFocus()

    def _tell_problem(self, sentence: str, kind: str = "bad") -> None:
        theme.style_as(self.problem, kind)
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))

    def _show(self, name: str) -> None:
        for each, face in self._faces.items():
            face.setVisible(each == name)
        self.problem.setVisible(bool(self.problem.text()))
        self.adjustSize()


def _usual_paper() -> str:
    from PySide6.QtCore import QLocale

    return "Letter" if QLocale.system().name().rpartition("_")[2] in LETTER_COUNTRIES else "A4"
