"""Importing: choose or drop, see what was recognised, take it in, read what was not taken, undo an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QGuiApplication, QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.ui import actions, dialogs, icons, theme
from desktop.ui.library import import_words as words
from desktop.ui.library.import_rows import Lines
from desktop.ui.library.words import many
from desktop.ui.page import Page
from desktop.ui.tasks import Report, Tasks
from desktop.ui.widgets.labels import plain_label

if TYPE_CHECKING:
    from desktop.services.bundle import Services
    from desktop.services.imports.values import Found, Progress
    from desktop.services.imports.values import Report as ImportReport

UNDERSTOOD = (
    "ChatGPT’s and Claude’s exports as ZIP, folder or JSON · Davenport’s own JSON · logs.db of the llm command · "
    "chat lines for tuning (JSONL) · a folder of Markdown"
)
PROMISE = (
    "Nothing is sent anywhere, and no key, setting or tool is changed. What is already here is not taken twice, and "
    "the whole import can be undone."
)
STEPS = 1000  # of the bar


class ImportPanel(QWidget):
    """`closed` asks to go back; `imported` says that the archive has changed."""

    closed = Signal()
    imported = Signal()

    def __init__(self, report: Report, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("library.import")
        self.setAccessibleName("Import conversations")
        self.setAcceptDrops(True)
        self._report = report
        page = _page_of(self)
        self.tasks = page.tasks if page is not None else Tasks(report, self)
        self.services: Services | None = None
        self.found: tuple[Found, ...] = ()
        self.last: ImportReport | None = None
        self._waiting: list[Path] = []
        self._undoable: set[str] = set()  # of earlier imports: those that brought something
        self._now = "choose"
        self._make_actions()
        self._build()
        theme.current().changed.connect(self._measure)
        self._measure()
        self._show("choose")

    # What the page calls

    def attach(self, services: Services) -> None:
        self.services = services
        self._start(self._read_runs(), "import:runs")
        if self._waiting:
            self.take(self._waiting)

    def take(self, paths: Sequence[str | Path]) -> None:
        """Look at what was chosen or dropped, and offer to import what is recognised."""
        self._waiting = [Path(path) for path in paths]
        if self.services is None or not self._waiting or self.is_importing:
            return
        chosen, self._waiting = self._waiting, []
        self._start(self._look(chosen), "import:look")

    @property
    def is_importing(self) -> bool:
        return self.tasks.is_running("import:run")

    # Building

    def _make_actions(self) -> None:
        def action(name: str, text: str, work: object, keys: tuple[str, ...] = (), icon: str = "") -> QAction:
            return actions.make(self, f"library.import-{name}", text, work, keys=keys, icon=icon)  # type: ignore[arg-type]

        self.choose_action = action("choose", "Choose files to import…", self._choose_files, icon="files")
        self.folder_action = action("folder", "Choose a folder to import…", self._choose_folder, icon="folder")
        self.start_action = action("start", "Import", self.start)
        self.stop_action = action("stop", "Stop the import", self.stop)
        self.copy_action = action("copy", "Copy the import’s report", self.copy, icon="copy")
        self.undo_action = action("undo", "Undo this import", self.undo)
        self.close_action = action("close", "Back to the library", self._close)

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self._area = area = QScrollArea(self)
        area.setObjectName("library.import-scroll")
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer.addWidget(area)
        middle = QWidget(area)
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        self.body = QWidget(middle)
        row.addStretch(1)
        row.addWidget(self.body, 100)
        row.addStretch(1)
        area.setWidget(middle)
        self._column = QVBoxLayout(self.body)
        self._column.addLayout(self._head())
        self._parts = {
            "choose": self._choose_part(),
            "found": self._found_part(),
            "running": self._running_part(),
            "report": self._report_part(),
        }
        for part in self._parts.values():
            self._column.addWidget(part)
        self._column.addWidget(self._runs_part())
        self._column.addStretch(1)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.back_button = QToolButton(self)
        self.back_button.setObjectName("library.import-back")
        self.back_button.setAccessibleName("Back to the library")
        self.back_button.setDefaultAction(self.close_action)
        self.back_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        icons.put(self.close_action, "left")
        row.addWidget(self.back_button)
        row.addWidget(plain_label("Import conversations", "title", self), 1)
        return row

    def _choose_part(self) -> QWidget:
        card, column = self._card()
        column.addWidget(plain_label("Drop an export here, or choose it", "section", card, wrap=True))
        column.addWidget(plain_label(UNDERSTOOD, "muted", card, wrap=True))
        row = QHBoxLayout()
        self.choose_button = self._button("Choose files…", "choose-button", self._choose_files, "primary")
        self.folder_button = self._button("Choose a folder…", "folder-button", self._choose_folder)
        row.addWidget(self.choose_button)
        row.addWidget(self.folder_button)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(plain_label(PROMISE, "caption", card, wrap=True))
        return card

    def _found_part(self) -> QWidget:
        card, column = self._card()
        self.found_title = plain_label("", "section", card, wrap=True)
        self.found_list = Lines("library.import-found", "What was recognised", 8, card)
        self.found_note = plain_label(PROMISE, "caption", card, wrap=True)
        column.addWidget(self.found_title)
        column.addWidget(self.found_list)
        column.addWidget(self.found_note)
        row = QHBoxLayout()
        self.start_button = self._button("Import", "start-button", self.start, "primary")
        self.other_button = self._button("Choose something else", "other", lambda: self._show("choose"), "quiet")
        row.addWidget(self.start_button)
        row.addWidget(self.other_button)
        row.addStretch(1)
        column.addLayout(row)
        return card

    def _running_part(self) -> QWidget:
        card, column = self._card()
        self.stage = plain_label("", "section", card, wrap=True)
        self.bar = QProgressBar(card)
        self.bar.setObjectName("library.import-bar")
        self.bar.setAccessibleName("How far the import is")
        self.bar.setRange(0, STEPS)
        self.bar.setTextVisible(False)
        self.figures = plain_label("", "muted", card, wrap=True)
        self.figures.setObjectName("library.import-figures")
        column.addWidget(self.stage)
        column.addWidget(self.bar)
        column.addWidget(self.figures)
        row = QHBoxLayout()
        self.stop_button = self._button("Stop", "stop-button", self.stop)
        row.addWidget(self.stop_button)
        row.addWidget(plain_label("Stopped, it leaves nothing behind.", "caption", card), 1)
        column.addLayout(row)
        return card

    def _report_part(self) -> QWidget:
        card, column = self._card()
        self.report_title = plain_label("", "section", card, wrap=True)
        self.report_rest = plain_label("", "muted", card, wrap=True)
        self.report_list = Lines("library.import-report", "What was not taken, and notes", 9, card)
        column.addWidget(self.report_title)
        column.addWidget(self.report_rest)
        column.addWidget(self.report_list)
        row = QHBoxLayout()
        self.done_button = self._button("Done", "done", self._close, "primary")
        self.copy_button = self._button("Copy the report", "copy-button", self.copy)
        self.more_button = self._button("Import more", "more", lambda: self._show("choose"), "quiet")
        for button in (self.done_button, self.copy_button, self.more_button):
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        return card

    def _runs_part(self) -> QWidget:
        self.runs_box = QWidget(self.body)
        column = QVBoxLayout(self.runs_box)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(plain_label("Earlier imports", "section", self.runs_box))
        card, inner = self._card()
        self.runs = Lines("library.import-runs", "Earlier imports", 6, card)
        self.runs.selectionModel().currentChanged.connect(lambda: self._enable())
        inner.addWidget(self.runs)
        row = QHBoxLayout()
        self.undo_button = self._button("Undo this import", "undo-button", self.undo, "danger")
        self.undo_note = plain_label("", "muted", card, wrap=True)
        row.addWidget(self.undo_button)
        row.addWidget(self.undo_note, 1)
        inner.addLayout(row)
        column.addWidget(card)
        self._runs_column = column
        self.runs_box.hide()
        return self.runs_box

    def _card(self) -> tuple[QFrame, QVBoxLayout]:
        card = QFrame(self)
        theme.style_as(card, "card")
        return card, QVBoxLayout(card)

    def _button(self, text: str, name: str, work: object, kind: str = "") -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(f"library.import-{name}")
        button.setAccessibleName(text)
        if kind:
            theme.style_as(button, kind)
        button.clicked.connect(lambda: work())  # type: ignore[operator]
        return button

    def _measure(self) -> None:
        look = theme.current()
        self.body.setMaximumWidth(look.size("column") + 2 * look.gap(16))
        self._column.setContentsMargins(look.gap(16), look.gap(16), look.gap(16), look.gap(24))
        self._column.setSpacing(look.gap(16))
        self._runs_column.setSpacing(look.gap(8))
        self.back_button.setIconSize(QSize(look.size("icon"), look.size("icon")))
        for card in self.findChildren(QFrame):
            if card.property("kind") == "card" and (column := card.layout()) is not None:
                column.setContentsMargins(look.gap(16), look.gap(16), look.gap(16), look.gap(16))
                column.setSpacing(look.gap(12))

    # What is shown

    def _show(self, name: str) -> None:
        for each, part in self._parts.items():
            part.setVisible(each == name)
        self._now = name
        self.runs_box.setVisible(name in ("choose", "report") and self.runs.lines.rowCount() > 0)
        self._enable()
        self._fit()

    def _enable(self) -> None:
        """Actions can be done where they would be seen; what cannot be written to takes no import."""
        shown = self.isVisible()
        may_write = self.services is not None and not self.services.database.read_only
        is_free = shown and may_write and self._now != "running"
        for action in (self.choose_action, self.folder_action):
            action.setEnabled(is_free)
        self.start_action.setEnabled(is_free and self._now == "found" and any(one.can_be_taken for one in self.found))
        self.start_button.setEnabled(may_write and any(one.can_be_taken for one in self.found))
        self.stop_action.setEnabled(shown and self.is_importing)
        self.copy_action.setEnabled(shown and self._now == "report")
        is_done = self._can_undo_chosen() and may_write
        self.undo_action.setEnabled(is_free and is_done)
        self.undo_button.setEnabled(is_done and self._now != "running")
        self.undo_button.setVisible(is_done)
        self.close_action.setEnabled(shown)

    def _fit(self) -> None:
        """Room for wrapped lines: a scroll area asks its content for the least height only, which knows no width."""
        width = min(self._area.viewport().width(), self.body.maximumWidth())
        self._column.invalidate()
        self.body.setMinimumHeight(self._column.totalHeightForWidth(width))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._enable()
        self._fit()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._enable()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls() and not self.is_importing:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.take(paths)

    # What the user does

    def start(self) -> None:
        """Take in all that was recognised."""
        paths = [one.path for one in self.found if one.can_be_taken]
        if paths and not self.is_importing:
            self._start(self._import(paths), "import:run")

    def stop(self) -> None:
        self.tasks.cancel("import:run")
        self.stage.setText("Stopping and removing what was written")
        self.stop_button.setEnabled(False)

    def copy(self) -> None:
        if self.last is not None:
            QGuiApplication.clipboard().setText(words.copied(self.last))

    def undo(self) -> None:
        """Take away the import chosen in the list, as a whole."""
        row = self.runs.currentIndex().row()
        if row >= 0 and self._can_undo_chosen():
            self._start(self._undo(self.runs.lines.at(row).key), "import:undo")

    def _choose_files(self) -> None:
        self._start(self._ask(is_folder=False), "import:ask")

    def _choose_folder(self) -> None:
        self._start(self._ask(is_folder=True), "import:ask")

    def _close(self) -> None:
        if self._now == "report":
            self._show("choose")
        self.closed.emit()

    # Work

    def _start(self, work: object, name: str) -> None:
        self.tasks.start(work, name=name)  # type: ignore[arg-type]

    async def _ask(self, *, is_folder: bool) -> None:
        if is_folder:
            folder = await dialogs.choose_folder(self, "Import a folder")
            self.take([folder] if folder else [])
        else:
            pattern = "Exports (*.zip *.json *.jsonl *.db *.md *.markdown);;All files (*)"
            self.take(await dialogs.choose_files(self, "Import files", pattern))

    async def _look(self, paths: Sequence[Path]) -> None:
        assert self.services is not None
        self._working("Looking at what was chosen")
        try:
            self.found = await self.services.imports.look(paths)
        except BaseException:
            self._show("choose")
            raise
        lines = [words.found(one) for one in self.found]
        self.found_list.show_lines(lines)
        count = sum(one.conversations or 0 for one in self.found)
        can = any(one.can_be_taken for one in self.found)
        self.found_title.setText("This was recognised" if can else "Nothing here can be imported")
        self.start_button.setText(f"Import about {many(count, 'conversation')}" if can else "Import")
        self.start_button.setAccessibleName(self.start_button.text())
        self.found_note.setVisible(can)
        self._show("found")
        (self.start_button if can else self.other_button).setFocus()

    async def _import(self, paths: Sequence[Path]) -> None:
        assert self.services is not None
        self._working("Starting")
        self.stop_button.setEnabled(True)
        self._enable()
        self.stop_button.setFocus()
        try:
            self.last = await self.services.imports.run(paths, self._tell)
        except BaseException:
            self._show("found")
            raise
        self.report_title.setText(words.taken(self.last))
        self.report_rest.setText(words.rest(self.last))
        self.report_rest.setVisible(bool(self.report_rest.text()))
        self.report_list.show_lines(words.lines(self.last))
        self.report_list.setVisible(self.report_list.lines.rowCount() > 0)
        await self._read_runs()
        self._show("report")
        self.done_button.setFocus()
        self.imported.emit()

    async def _undo(self, run: str) -> None:
        assert self.services is not None
        self.runs.setFocus()  # or the keyboard would be thrown out of the page as the button goes
        self.undo_button.setEnabled(False)
        self.undo_note.setText("Taking it away…")
        try:
            result = await self.services.imports.undo(run)
        except BaseException:
            self.undo_note.setText("")
            self._enable()
            raise
        self.undo_note.setText(words.undone(result))
        self._fit()
        await self._read_runs()
        self._enable()
        self.imported.emit()

    async def _read_runs(self) -> None:
        assert self.services is not None
        runs = await self.services.imports.runs()
        self._undoable = {one.id for one in runs if one.state == "done" and words.brought(one)}
        self.runs.show_lines([words.run(one, datetime.now()) for one in runs])
        if runs:
            first = next((row for row, one in enumerate(runs) if one.id in self._undoable), 0)
            self.runs.setCurrentIndex(self.runs.lines.index(first))
        self._show(self._now)

    def _working(self, stage: str) -> None:
        self.stage.setText(stage)
        self.figures.setText("")
        self.bar.setRange(0, 0)
        self.stop_button.setEnabled(False)
        self._show("running")

    def _tell(self, now: Progress) -> None:
        if not self.stop_button.isEnabled():
            return  # it is being stopped
        self.stage.setText(now.stage)
        self.figures.setText(words.progress(now))
        self.bar.setRange(0, STEPS if now.of and now.done else 0)
        if now.of and now.done:
            self.bar.setValue(min(STEPS, round(STEPS * now.done / now.of)))

    def _can_undo_chosen(self) -> bool:
        row = self.runs.currentIndex().row()
        return row >= 0 and self.runs.lines.at(row).key in self._undoable


def _page_of(widget: QWidget) -> Page | None:
    """The page around it, whose tasks are ended with the window."""
    at: QWidget | None = widget
    while at is not None and not isinstance(at, Page):
        at = at.parentWidget()
    return at
