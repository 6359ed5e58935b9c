"""The table of calls: rows of 28 px, as many columns as there is room for, or those the user chose."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QFontMetrics, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from desktop.core.calls import CallRow
from desktop.ui import theme
from desktop.ui.wire.calls_model import CALL, COLUMNS, FIGURES, KEYS, CallsModel, FilteredCalls

WIDEST = {  # the longest a cell of that column usually is; the path takes what is left
    "started": "00:00:00 ",
    "method": "DELETE",
    "model": "model-name-1",
    "status": "200 cut",
    "time": "12.34 s",
    "bytes": "999.9 kB",
    "dollars": "$0.000 041",
    "retries": "Retries",
    "end": "complete",
}
PATH = "/v1/…/completions"
WIDE_MODEL_PX = 96  # what the model takes of the room that is left, before the path
PADDING_PX = 26
IMPORTANCE = ("path", "status", "time", "model", "method", "dollars", "started", "bytes", "retries", "end")


class CallsTable(QTableView):
    """`chosen` comes when other calls are selected; the last of `calls()` is the one to be shown."""

    chosen = Signal()
    columns_changed = Signal(list)
    menu_wanted = Signal(QPoint)

    def __init__(self, calls: CallsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("wire.calls")
        self.setAccessibleName("Calls")
        self.filtered = FilteredCalls(self)
        self.filtered.setSourceModel(calls)
        self._calls = calls
        self._columns: frozenset[str] | None = None
        self.setModel(self.filtered)
        self._set_up()
        self.selectionModel().selectionChanged.connect(lambda *_: self.chosen.emit())
        self.filtered.rowsAboutToBeInserted.connect(self._hold)
        self.filtered.rowsInserted.connect(self._hold_on)
        self._held: int | None = None
        theme.current().changed.connect(self._measure)
        self._measure()

    def _set_up(self) -> None:
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.verticalHeader().hide()
        self.verticalHeader().setAccessibleName("Rows of calls")
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head = self.horizontalHeader()
        head.setAccessibleName("Columns of calls")
        head.setHighlightSections(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        head.customContextMenuRequested.connect(lambda at: self.choose_columns(head.mapToGlobal(at)))

    # -- what is selected

    def calls(self) -> list[CallRow]:
        """The selected calls, the current one last."""
        current = self.currentIndex().row()
        rows = sorted(
            {index.row() for index in self.selectionModel().selectedRows()}, key=lambda at: (at == current, at)
        )
        return [self.filtered.index(at, 0).data(CALL) for at in rows]

    def select(self, call_id: str) -> bool:
        """Select one call and bring it into view; False where it is not in the list."""
        at = self._calls.row_of(call_id)
        index = self.filtered.mapFromSource(self._calls.index(at, 0)) if at >= 0 else QModelIndex()
        if not index.isValid():
            return False
        how = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.selectionModel().setCurrentIndex(index, how)
        self.scrollTo(index)
        return True

    # -- new rows above what is looked at

    def _hold(self, _parent: QModelIndex, first: int, last: int) -> None:
        bar = self.verticalScrollBar()
        is_above = first <= self.rowAt(0)
        self._held = bar.value() + (last - first + 1) * self.rowHeight(0) if bar.value() > 0 and is_above else None

    def _hold_on(self) -> None:
        """What is read stays where it is while calls come in above it."""
        if self._held is not None:
            self.updateGeometries()
            self.verticalScrollBar().setValue(self._held)

    # -- columns

    def set_columns(self, keys: Iterable[str] | None) -> None:
        """The columns the user chose; None: as many as there is room for."""
        wanted = None if keys is None else frozenset(keys) & set(KEYS)
        self._columns = (wanted | {"path"}) if wanted else None
        self._fit()

    @property
    def shown(self) -> tuple[str, ...]:
        return tuple(key for at, key in enumerate(KEYS) if not self.isColumnHidden(at))

    def choose_columns(self, where: QPoint) -> None:
        menu = QMenu(self)
        menu.setObjectName("wire.columns-menu")
        for at, (key, title) in enumerate(COLUMNS):
            action = QAction(title, menu, checkable=True, checked=not self.isColumnHidden(at))
            action.setEnabled(key != "path")
            action.toggled.connect(lambda shown, key=key: self._toggle(key, shown))
            menu.addAction(action)
        menu.addSeparator()
        menu.addAction("As many as there is room for", lambda: self._choose(None))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(where)

    def _toggle(self, key: str, shown: bool) -> None:
        self._choose(set(self.shown) | {key} if shown else set(self.shown) - {key})

    def _choose(self, wanted: set[str] | None) -> None:
        self.set_columns(wanted)
        self.columns_changed.emit(sorted(wanted) if wanted else [])

    def _fit(self) -> None:
        """Show what fits in the order of its importance, and give the path what is left."""
        room = self.viewport().width()
        wanted, left = set[str](), room
        for key in IMPORTANCE:
            if self._columns is None and (left := left - self._widths[key]) < 0 and wanted:
                break
            wanted.add(key)
        wanted = set(self._columns) if self._columns is not None else wanted
        spare = max(0, room - sum(self._widths[key] for key in wanted))
        to_model = min(spare // 2, theme.current().px(WIDE_MODEL_PX)) if "model" in wanted else 0
        more = {"model": to_model, "path": spare - to_model}
        for at, key in enumerate(KEYS):
            self.setColumnHidden(at, key not in wanted)
            self.setColumnWidth(at, self._widths[key] + more.get(key, 0))

    def _measure(self) -> None:
        look = theme.current()
        self.verticalHeader().setMinimumSectionSize(look.size("table_row"))
        self.verticalHeader().setDefaultSectionSize(look.size("table_row"))
        self.horizontalHeader().setMinimumSectionSize(look.px(40))
        figures, body = QFontMetrics(look.font("figures")), QFontMetrics(look.font("body"))
        self._widths = {
            key: (figures if key in FIGURES or key == "started" else body).horizontalAdvance(text) + look.px(PADDING_PX)
            for key, text in {**WIDEST, "path": PATH}.items()
        }
        self._fit()

    # -- Qt's events

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.selectionModel().hasSelection():
            is_key = event.reason() is QContextMenuEvent.Reason.Keyboard
            corner = self.visualRect(self.currentIndex()).bottomLeft()
            self.menu_wanted.emit(self.viewport().mapToGlobal(corner) if is_key else event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.selectionModel().hasSelection():
            self.clearSelection()
            QTimer.singleShot(0, self, self.setFocus)
        else:
            super().keyPressEvent(event)
