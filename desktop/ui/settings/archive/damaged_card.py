"""Damaged archives that were set aside: what can be saved out of each, and the way to be rid of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from desktop.core.sizes import size_words
from desktop.ui.settings.archive.card import Card, button, line, many, tell
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.moments import exact

if TYPE_CHECKING:
    from desktop.services.imports.values import Report
    from desktop.services.salvage import Damaged, Fresh

STEPS = 1000
WORDS = (
    "An archive that was damaged is set aside whole and never changed. What can still be read in it is compared with "
    "the archive that is open; nothing there is overwritten."
)


class DamagedRow(QWidget):
    """One file: looked through on request, then brought in. Signals carry its name."""

    look_wanted = Signal(str)
    take_wanted = Signal(str)
    undo_wanted = Signal(str, str)  # and the id of the import
    remove_wanted = Signal(str)
    stop_wanted = Signal(str)

    def __init__(self, file: Damaged, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.file, self._run = file, ""
        self._can_take = True
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        since = f"Set aside on {exact(file.since)[:16]}" if file.since else file.name
        column.addWidget(plain_label(f"{since}  ·  {size_words(file.size_bytes)}", wrap=True))
        self.facts = plain_label(file.name, "muted", wrap=True)
        self.facts.setObjectName("settings.damaged-facts")
        column.addWidget(self.facts)
        self.bar = QProgressBar()
        self.bar.setObjectName("settings.damaged-bar")
        self.bar.setAccessibleName("How far the damaged archive is read")
        self.bar.setRange(0, STEPS)
        self.bar.setTextVisible(False)
        column.addWidget(self.bar)
        self.look = button("settings.damaged-look", "See what can be saved…")
        self.take = button("settings.damaged-take", "Bring them in", "primary")
        self.stop = button("settings.damaged-stop", "Stop", "", "Stop reading the damaged archive")
        self.undo = button("settings.damaged-undo", "Undo", "link", "Undo: take away again what was brought in")
        self.remove = button("settings.damaged-remove", "Delete…", "link", f"Delete the damaged archive {file.name}")
        column.addLayout(line(self.look, self.take, self.stop, self.undo, self.remove))
        self.look.clicked.connect(lambda: self.look_wanted.emit(file.name))
        self.take.clicked.connect(lambda: self.take_wanted.emit(file.name))
        self.stop.clicked.connect(lambda: self.stop_wanted.emit(file.name))
        self.undo.clicked.connect(lambda: self.undo_wanted.emit(file.name, self._run))
        self.remove.clicked.connect(lambda: self.remove_wanted.emit(file.name))
        self._show(self.look, self.remove)

    def fix(self) -> None:
        """The open archive is only read: a file can be looked through, no more."""
        self._can_take = False
        self.remove.setEnabled(False)

    def show_reading(self, done: int, of: int) -> None:
        self.bar.setValue(round(STEPS * done / of) if of else 0)
        tell(self.facts, "Being read page by page …", "muted")
        self._show(self.bar, self.stop)

    def show_found(self, found: Fresh) -> None:
        tell(self.facts, found_words(found), "muted")
        if found.is_any and self._can_take:
            self._show(self.take, self.remove)
        else:
            self._show(self.remove)

    def show_taking(self, stage: str, done: int, of: int) -> None:
        self.bar.setValue(round(STEPS * done / of) if of else 0)
        tell(self.facts, f"{stage} …", "muted")
        self._show(self.bar, self.stop)

    def show_taken(self, report: Report) -> None:
        self._run = report.run
        tell(self.facts, taken_words(report), "good")
        self._show(self.undo, self.remove)

    def show_as_before(self, problem: str = "") -> None:
        """Nothing is under way and nothing is known of it."""
        tell(self.facts, problem or self.file.name, "bad" if problem else "muted")
        self._show(self.look, self.remove)

    def _show(self, *parts: QWidget) -> None:
        for part in (self.bar, self.look, self.take, self.stop, self.undo, self.remove):
            part.setVisible(part in parts)


class DamagedCard(Card):
    """Hidden while there is no damaged archive."""

    look_wanted = Signal(str)
    take_wanted = Signal(str)
    undo_wanted = Signal(str, str)
    remove_wanted = Signal(str)
    stop_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("settings.damaged", "Damaged archives", parent)
        tell(self.fact("settings.damaged-words"), WORDS)
        self.rows: dict[str, DamagedRow] = {}
        self.hide()

    def show_files(self, files: Sequence[Damaged], *, can_take: bool) -> None:
        """Rows that are there stay as they are: one may be at work."""
        names = [file.name for file in files]
        for name in [name for name in self.rows if name not in names]:
            row = self.rows.pop(name)
            self.column.removeWidget(row)
            row.deleteLater()
        for file in files:
            if file.name not in self.rows:
                self.rows[file.name] = self._row(file)
                if not can_take:
                    self.rows[file.name].fix()
        self.setVisible(bool(files))

    def _row(self, file: Damaged) -> DamagedRow:
        row = DamagedRow(file, self)
        for name in ("look_wanted", "take_wanted", "undo_wanted", "remove_wanted", "stop_wanted"):
            getattr(row, name).connect(getattr(self, name))
        self.column.addWidget(row)
        return row


def found_words(found: Fresh) -> str:
    """What is in a damaged archive, and what of it would come in."""
    if not found.found_messages and not found.calls and not found.recordings:
        return "Nothing can be read in it any more."
    said = [
        f"{many(found.found_conversations, 'conversation')} with {many(found.found_messages, 'message')} can be read."
    ]
    if not found.is_any:
        return f"{said[0]} All of it is in the open archive."
    grown = len(found.conversations) - found.new
    new = [many(found.new, "whole conversation")] if found.new else []
    new += [f"more of {many(grown, 'known one')}"] if grown else []
    new += [many(found.recordings, "recording")] if found.recordings else []
    new += [many(found.calls, "call") + " of the ledger"] if found.calls else []
    messages = f", {many(found.messages, 'message')} in all" if found.messages else ""
    said.append(f"Not in the open archive: {', '.join(new)}{messages}.")
    if found.guessed:
        said.append(f"Of {many(found.guessed, 'message')} only the words are left; who said them is a guess.")
    return " ".join(said)


def taken_words(report: Report) -> str:
    said = f"{many(report.taken, 'conversation')} with {many(report.messages, 'message')} brought in"
    if report.merged:
        said += f", {many(report.added, 'message')} added to {many(report.merged, 'known conversation')}"
    if report.not_taken_count:
        said += f"; {many(report.not_taken_count, 'conversation')} could not be read"
    return f"{said}. The damaged file is as it was."
