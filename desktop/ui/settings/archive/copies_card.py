"""The copies: when each was made, whether it is good, and the way back to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.settings.archive.card import Card, button, line, many, size_words, tell
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.moments import exact, relative
from desktop.ui.widgets.tooltip import PlainLabel

if TYPE_CHECKING:
    from desktop.services.copies import Copy, Tested

FIRST = 5


class CopyRow(QWidget):
    """One copy, its verdict once it was tested, and what can be done with it."""

    test_wanted = Signal(str)
    restore_wanted = Signal(str)

    def __init__(self, copy: Copy, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.copy = copy
        look = theme.current()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, look.gap(4), 0, look.gap(4))
        words = QVBoxLayout()
        words.setSpacing(0)
        moment = relative(copy.made, datetime.now().astimezone())
        words.addWidget(plain_label(f"{exact(copy.made)[:16]}  ·  {moment}"))
        self.facts = plain_label(f"{copy.kind_words}, {size_words(copy.size_bytes)}", "muted", wrap=True)
        words.addWidget(self.facts)
        row.addLayout(words, 1)
        self.test = button("settings.copy-test", "Test", "quiet", f"Test the copy of {exact(copy.made)}")
        self.restore = button("settings.copy-restore", "Restore…", "quiet", f"Restore the copy of {exact(copy.made)}")
        row.addWidget(self.test)
        row.addWidget(self.restore)
        self.test.clicked.connect(lambda: self.test_wanted.emit(copy.name))
        self.restore.clicked.connect(lambda: self.restore_wanted.emit(copy.name))

    def show_testing(self) -> None:
        self.test.setEnabled(False)
        theme.style_as(self.facts, "muted")
        self.facts.setText("Being opened and checked …")

    def show_verdict(self, found: Tested) -> None:
        self.test.setEnabled(True)
        theme.style_as(self.facts, "good" if found.is_good else "bad")
        self.facts.setText(verdict(found))


def verdict(found: Tested) -> str:
    """What a test found, in words."""
    if found.fault:
        return f"It cannot be used: {found.fault}."
    held = f"{many(found.conversations, 'conversation')}, {many(found.messages, 'message')}"
    if found.missing:
        return f"It opens with {held}, but {many(found.missing, 'attachment')} cannot be found."
    attachments = f", all {many(found.attachments, 'attachment')} are there" if found.attachments else ""
    return f"It opens and is whole: {held}{attachments}."


class CopiesCard(Card):
    """The newest few copies, all of them on request."""

    make_wanted = Signal()
    test_wanted = Signal(str)
    restore_wanted = Signal(str)
    home_wanted = Signal()
    usual_home_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("settings.copies", "Copies", parent)
        self.rows: dict[str, CopyRow] = {}
        self._can_restore = True
        self._shows_all = False
        self._copies: tuple[Copy, ...] = ()
        self.home = self.fact("settings.copies-home")
        self.problem = self.fact("settings.copies-problem", "bad")
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self.column.addLayout(self._list)
        self.none: PlainLabel = self.fact("settings.copies-none")
        self.more = button("settings.copies-more", "Show all", "link")
        self.column.addLayout(line(self.more))
        self.make = button("settings.copies-make", "Make a copy now")
        self.elsewhere = button("settings.copies-elsewhere", "Keep copies in…")
        self.usual = button("settings.copies-usual", "Keep copies beside the archive", "link")
        self.buttons = line(self.make, self.elsewhere, self.usual)
        self.column.addLayout(self.buttons)
        self.make.clicked.connect(self.make_wanted)
        self.elsewhere.clicked.connect(self.home_wanted)
        self.usual.clicked.connect(self.usual_home_wanted)
        self.more.clicked.connect(self._show_all)

    def fix(self) -> None:
        """No copy can take the archive's place."""
        self._can_restore = False
        for row in self.rows.values():
            row.restore.setEnabled(False)

    def show_home(self, folder: str, can_be_reached: bool) -> None:
        where = f"New copies go to {folder}." if folder else "Kept beside the archive, linked so that they take little."
        if not can_be_reached:
            where = f"{folder} cannot be reached; new copies are kept beside the archive meanwhile."
        tell(self.home, where, "muted" if can_be_reached else "warn")
        self.usual.setVisible(bool(folder))

    def show_copies(self, copies: Sequence[Copy]) -> None:
        self._copies = tuple(copies)
        self._fill()

    def show_making(self, is_making: bool) -> None:
        self.make.setEnabled(not is_making)
        self.make.setText("Making a copy …" if is_making else "Make a copy now")

    def show_problem(self, sentence: str) -> None:
        tell(self.problem, sentence)

    def _show_all(self) -> None:
        self._shows_all = True
        self._fill()

    def _fill(self) -> None:
        shown = self._copies if self._shows_all else self._copies[:FIRST]
        if [copy.name for copy in shown] != list(self.rows):
            self._replace_rows(shown)
        tell(self.none, "" if self._copies else "There is no copy yet. One is made each day that Davenport is used.")
        self.more.setVisible(len(shown) < len(self._copies))
        self.more.setText(f"Show all {len(self._copies)}")

    def _replace_rows(self, shown: Sequence[Copy]) -> None:
        before = self.rows
        self.rows = {copy.name: before.get(copy.name) or self._row(copy) for copy in shown}
        for name, row in before.items():
            self._list.removeWidget(row)
            if name not in self.rows:
                row.deleteLater()
        for row in self.rows.values():
            self._list.addWidget(row)

    def _row(self, copy: Copy) -> CopyRow:
        row = CopyRow(copy, self)
        row.restore.setEnabled(self._can_restore)
        row.test_wanted.connect(self.test_wanted)
        row.restore_wanted.connect(self.restore_wanted)
        return row
