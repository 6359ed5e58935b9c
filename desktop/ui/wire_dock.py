"""The wire dock: the calls of this session as rows, the newest at the top."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QHeaderView, QMenu, QTableView, QToolButton, QVBoxLayout, QWidget

from desktop.core.calls import CallRow, Fate
from desktop.ui import icons, theme
from desktop.ui.widgets.labels import plain_label

Index = QModelIndex | QPersistentModelIndex

KEPT = 500
COLUMNS = ("Time", "Method", "Path", "Model", "Status", "Milliseconds", "Bytes", "Dollars", "Retries", "Fate")
WIDTHS = (84, 72, 240, 200, 64, 100, 90, 90, 64, 90)
FIGURES = frozenset((4, 5, 6, 7, 8))
CALL = Qt.ItemDataRole.UserRole + 1
FATES = {
    Fate.OPEN: "running",
    Fate.COMPLETE: "complete",
    Fate.FAILED: "failed",
    Fate.CUT: "cut",
    Fate.STOPPED: "stopped",
    Fate.UNKNOWN: "unknown",
}


class CallModel(QAbstractTableModel):
    """Rows of calls; the role `call` is the whole value."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[CallRow] = []

    def put(self, row: CallRow) -> None:
        """A new call goes to the top; one that is known is changed where it stands."""
        for at, known in enumerate(self._rows):
            if known.call_id == row.call_id:
                self._rows[at] = row
                self.dataChanged.emit(self.index(at, 0), self.index(at, len(COLUMNS) - 1))
                return
        self.beginInsertRows(QModelIndex(), 0, 0)
        self._rows.insert(0, row)
        self.endInsertRows()
        if len(self._rows) > KEPT:
            self.beginRemoveRows(QModelIndex(), KEPT, len(self._rows) - 1)
            del self._rows[KEPT:]
            self.endRemoveRows()

    def call(self, row: int) -> CallRow:
        return self._rows[row]

    def roleNames(self) -> dict:
        return {CALL: b"call"}

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(section)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _words(row)[index.column()]
            case Qt.ItemDataRole.TextAlignmentRole:
                return _side(index.column())
            case Qt.ItemDataRole.FontRole if index.column() in FIGURES or index.column() == 0:
                return theme.current().font("figures")
            case Qt.ItemDataRole.ForegroundRole:
                return _tone(row, index.column())
            case _ if role == CALL:
                return row
        return None


def _side(column: int) -> Qt.AlignmentFlag:
    return (Qt.AlignmentFlag.AlignRight if column in FIGURES else Qt.AlignmentFlag.AlignLeft) | (
        Qt.AlignmentFlag.AlignVCenter
    )


def _words(row: CallRow) -> tuple[str, ...]:
    time = datetime.fromtimestamp(row.started / 1_000_000).strftime("%H:%M:%S")
    spent = "" if row.milliseconds is None else f"{row.milliseconds:,.0f}"
    status = "" if row.status is None else str(row.status)
    retries = str(row.retries) if row.retries else ""
    received = f"{row.bytes_received:,}"
    return (
        time,
        row.method,
        row.path,
        row.model,
        status,
        spent,
        received,
        row.dollars,
        retries,
        FATES.get(row.fate, row.fate),
    )


def _tone(row: CallRow, column: int) -> object:
    if column not in (4, 9):
        return None
    if (row.status or 0) >= 400 or (column == 9 and row.fate in (Fate.FAILED, Fate.CUT)):
        return theme.current().color("bad")
    if column == 4:
        return None
    return theme.current().color("muted") if row.fate in (Fate.OPEN, Fate.STOPPED, Fate.UNKNOWN) else None


class WireDock(QFrame):
    """The list of calls with a heading; `call` rows come by `put`."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("wire")
        self.setAccessibleName("Calls")
        theme.style_as(self, "dock")
        self.calls = CallModel(self)
        self._column = QVBoxLayout(self)
        self._column.setSpacing(0)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._head = QHBoxLayout()
        self._head.addWidget(plain_label("Calls of this session", "strong", self))
        self._head.addStretch(1)
        self.columns_button = self._button("wire.columns", "Choose columns", "sliders", self._choose_columns)
        self.close_button = self._button("wire.close", "Close the list of calls", "close", self.hide)
        self._column.addLayout(self._head)
        self.empty = plain_label("No call has been made yet.", "muted", self)
        self._column.addWidget(self.empty)
        self.table = self._table()
        self._column.addWidget(self.table, 1)
        self.calls.rowsInserted.connect(lambda: self._show_rows())
        theme.current().changed.connect(self._measure)
        self._measure()
        self._show_rows()

    def put(self, row: CallRow) -> None:
        self.calls.put(row)

    def _table(self) -> QTableView:
        table = QTableView(self)
        table.setObjectName("wire.calls")
        table.setAccessibleName("Calls of this session")
        table.setModel(self.calls)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        table.horizontalHeader().setStretchLastSection(True)
        table.horizontalHeader().setHighlightSections(False)
        return table

    def _button(self, name: str, text: str, icon: str, work: object) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setAccessibleName(text)
        button.setToolTip(text)
        icons.put(button, icon)
        button.clicked.connect(work)
        self._head.addWidget(button)
        return button

    def _choose_columns(self) -> None:
        menu = QMenu(self)
        for at, name in enumerate(COLUMNS):
            action = QAction(name, menu, checkable=True, checked=not self.table.isColumnHidden(at))
            action.toggled.connect(lambda shown, at=at: self.table.setColumnHidden(at, not shown))
            menu.addAction(action)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.columns_button.mapToGlobal(QPoint(0, self.columns_button.height())))

    def _show_rows(self) -> None:
        has_rows = self.calls.rowCount() > 0
        self.table.setVisible(has_rows)
        self.empty.setVisible(not has_rows)

    def _measure(self) -> None:
        look = theme.current()
        self._head.setContentsMargins(look.gap(16), look.gap(4), look.gap(8), look.gap(4))
        self.empty.setContentsMargins(look.gap(16), 0, 0, look.gap(16))
        self.empty.setFixedHeight(look.px(40))
        self.table.verticalHeader().setDefaultSectionSize(look.size("table_row"))
        for at, width in enumerate(WIDTHS):
            self.table.setColumnWidth(at, look.px(width))
        self.setMinimumHeight(look.px(96))
