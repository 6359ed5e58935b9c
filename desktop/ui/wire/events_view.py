"""The events of a streamed reply: a list that is filtered, and the chosen one laid out beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QLineEdit, QSplitter, QTableView, QVBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.widgets.labels import plain_label
from desktop.ui.wire import words
from desktop.ui.wire.events_model import EventsModel
from desktop.ui.wire.text_view import TextView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop.core.wire.views import EventLine


class EventsView(QWidget):
    """A model of rows: thousands of events are drawn as they come into view."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.events = EventsModel(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._head = QHBoxLayout()
        self.filter = QLineEdit(self, placeholderText="Filter events", clearButtonEnabled=True)
        self.filter.setObjectName("wire.events-filter")
        self.filter.setAccessibleName("Filter events")
        self.count = plain_label("", "muted", self)
        self.count.setObjectName("wire.events-count")
        self._head.addWidget(self.filter, 1)
        self._head.addWidget(self.count)
        column.addLayout(self._head)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setChildrenCollapsible(False)
        self.table = self._table()
        self.whole = TextView("wire.event", "The chosen event", self.splitter)
        self.whole.hide()
        self.splitter.addWidget(self.table)
        self.splitter.addWidget(self.whole)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        column.addWidget(self.splitter, 1)
        self._pause = QTimer(self, singleShot=True, interval=120)
        self._pause.timeout.connect(self._filter)
        self.filter.textChanged.connect(lambda: self._pause.start())
        theme.current().changed.connect(self._measure)
        self._measure()

    def show_events(self, events: Sequence[EventLine], note: str = "") -> None:
        self.events.show_events(events)
        self.table.setColumnHidden(1, not any(event.name for event in events))
        self._note = note
        self._say_count()
        if not self.table.selectionModel().hasSelection():
            self.whole.hide()

    def _table(self) -> QTableView:
        table = QTableView(self.splitter)
        table.setObjectName("wire.events")
        table.setAccessibleName("Events")
        table.setModel(self.events)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        table.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.verticalHeader().hide()
        table.verticalHeader().setAccessibleName("Rows of events")
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.horizontalHeader().setAccessibleName("Columns of events")
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setStretchLastSection(True)
        table.selectionModel().currentRowChanged.connect(lambda now, _: self._choose(now.row()))
        self.events.modelReset.connect(lambda: self._choose(-1))
        return table

    def _choose(self, at: int) -> None:
        self.whole.setVisible(at >= 0)
        if at >= 0:
            from desktop.core.wire.views import pretty  # of the one event that is looked at: short

            view = pretty(self.events.event_at(at).data.encode("utf-8", "replace"))
            self.whole.show_text(view.text, is_json=True)

    def _filter(self) -> None:
        self.events.look_for(self.filter.text())
        self._say_count()

    def _say_count(self) -> None:
        shown, there = self.events.rowCount(), self.events.count
        said = (
            words.many(there, "event")
            if shown == there
            else f"{words.thinly(f'{shown:,}')} of {words.many(there, 'event')}"
        )
        self.count.setText(" ".join(filter(None, (said, self._note))))

    _note = ""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_wide = self.width() >= theme.current().px(560)
        wanted = (
            Qt.Orientation.Horizontal if is_wide or self.height() < theme.current().px(260) else Qt.Orientation.Vertical
        )
        if self.splitter.orientation() is not wanted:
            self.splitter.setOrientation(wanted)

    def _measure(self) -> None:
        look = theme.current()
        self._head.setContentsMargins(look.gap(8), look.gap(4), look.gap(8), look.gap(4))
        self._head.setSpacing(look.gap(8))
        figures = QFontMetrics(look.font("figures"))
        self.table.verticalHeader().setMinimumSectionSize(look.px(24))
        self.table.verticalHeader().setDefaultSectionSize(look.px(24))
        self.table.horizontalHeader().setMinimumSectionSize(look.px(40))
        for at, text in enumerate(("123 456 ms", "response.output_text", "12 34")):
            self.table.setColumnWidth(at, figures.horizontalAdvance(text) + look.px(16))
