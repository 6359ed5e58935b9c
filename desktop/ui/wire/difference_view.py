"""Two calls side by side: the list of what differs, and the chosen difference in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QSplitter, QTableView, QToolButton, QVBoxLayout, QWidget

from desktop.ui import icons, theme
from desktop.ui.widgets.labels import ElidedLabel, plain_label
from desktop.ui.wire import words
from desktop.ui.wire.difference_model import DifferenceModel
from desktop.ui.wire.text_view import TextView

if TYPE_CHECKING:
    from desktop.core.calls import CallRow
    from desktop.core.wire.difference import Change, Difference


class DifferenceView(QWidget):
    """`closed` when the one call is to be seen again."""

    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("wire.difference")
        self.changes = DifferenceModel(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._head = QHBoxLayout()
        self.title = ElidedLabel("", self)
        theme.style_as(self.title, "strong")
        self.title.setObjectName("wire.difference-title")
        close = QToolButton(self)
        close.setObjectName("wire.difference-close")
        close.setAccessibleName("Close the comparison")
        close.setToolTip("Close the comparison")
        icons.put(close, "close")
        close.clicked.connect(self.closed)
        self._head.addWidget(self.title, 1)
        self._head.addWidget(close)
        column.addLayout(self._head)
        self.note = plain_label("", "muted", self, wrap=True)
        self.note.setObjectName("wire.difference-note")
        column.addWidget(self.note)
        self.splitter = QSplitter(Qt.Orientation.Vertical, self)
        self.splitter.setChildrenCollapsible(False)
        self.table = self._table()
        self.whole = TextView("wire.difference-whole", "The chosen difference", self.splitter)
        self.whole.hide()
        self.splitter.addWidget(self.table)
        self.splitter.addWidget(self.whole)
        column.addWidget(self.splitter, 1)
        theme.current().changed.connect(self._measure)
        self._measure()

    def show_difference(self, before: CallRow, after: CallRow, found: Difference) -> None:
        self.title.setText(
            f"{words.many(len(found.changes), 'difference')} from {words.clock(before.started)} to"
            f" {words.clock(after.started)} · {words.title(after)}"
        )
        nothing = "" if found.changes else "The two calls are alike."
        self.note.setText(found.note or nothing)
        self.note.setVisible(bool(self.note.text()))
        self.changes.show_changes(found.changes)
        self.whole.hide()

    def _table(self) -> QTableView:
        table = QTableView(self.splitter)
        table.setObjectName("wire.differences")
        table.setAccessibleName("Differences")
        table.setModel(self.changes)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        table.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        table.verticalHeader().hide()
        table.verticalHeader().setAccessibleName("Rows of differences")
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head = table.horizontalHeader()
        head.setAccessibleName("Columns of differences")
        head.setHighlightSections(False)
        for at in (3, 4):
            head.setSectionResizeMode(at, QHeaderView.ResizeMode.Stretch)
        table.selectionModel().currentRowChanged.connect(lambda now, _: self._choose(now.row()))
        return table

    def _choose(self, at: int) -> None:
        self.whole.setVisible(at >= 0)
        if at >= 0:
            self.whole.show_text(_whole(self.changes.change(at)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_low = self.height() < theme.current().px(300)
        self.splitter.setOrientation(Qt.Orientation.Horizontal if is_low else Qt.Orientation.Vertical)

    def _measure(self) -> None:
        look = theme.current()
        self._head.setContentsMargins(look.gap(12), look.gap(4), look.gap(4), look.gap(4))
        self.note.setContentsMargins(look.gap(12), 0, look.gap(12), look.gap(4))
        self.table.verticalHeader().setMinimumSectionSize(look.px(24))
        self.table.verticalHeader().setDefaultSectionSize(look.px(24))
        self.table.horizontalHeader().setMinimumSectionSize(look.px(28))
        for at, width in enumerate((116, 28, 168)):
            self.table.setColumnWidth(at, look.px(width))


def _whole(change: Change) -> str:
    before = f"Before:\n{change.before}\n" if change.before else ""
    after = f"After:\n{change.after}\n" if change.after else ""
    return f"{change.section.value}, {change.path}: {change.sign.value}\n\n{before}\n{after}".strip()
