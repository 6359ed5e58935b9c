"""Calls as rows, the newest first; older ones are read as they come into view."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QSortFilterProxyModel,
    Qt,
    Signal,
)

from desktop.core.calls import CallRow, Fate
from desktop.core.text import visible
from desktop.ui import theme
from desktop.ui.widgets.table_model import Index, TableModel
from desktop.ui.wire import words

CALL = Qt.ItemDataRole.UserRole + 1
COLUMNS = (
    ("started", "Started"),
    ("method", "Method"),
    ("path", "Path"),
    ("model", "Model"),
    ("status", "Status"),
    ("time", "Time"),
    ("bytes", "Bytes"),
    ("dollars", "Dollars"),
    ("retries", "Retries"),
    ("end", "End"),
)
KEYS = tuple(key for key, _ in COLUMNS)
FIGURES = frozenset(("status", "time", "bytes", "dollars", "retries"))


class CallsModel(TableModel):
    """The role `call` is the whole value. `more_wanted` asks for those before the last row."""

    titles = tuple(title for _, title in COLUMNS)
    figures = frozenset(at for at, key in enumerate(KEYS) if key in FIGURES)

    more_wanted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[CallRow] = []
        self._is_waiting = False
        self._is_all = True

    def begin(self) -> None:
        """Nothing, until the first portion comes."""
        self.beginResetModel()
        self._rows, self._is_waiting, self._is_all = [], True, False
        self.endResetModel()

    def add(self, rows: Sequence[CallRow], *, is_all: bool) -> None:
        """A portion of older calls, the newest first; those that are here already are left as they are."""
        self._is_waiting, self._is_all = False, is_all
        known = {row.call_id for row in self._rows}
        new = [row for row in rows if row.call_id not in known]
        for row in [row for row in new if self._rows and _place(row) > _place(self._rows[-1])]:
            self._insert(row)  # came in between, while the portion was read
            new.remove(row)
        if new:
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(new) - 1)
            self._rows.extend(new)
            self.endInsertRows()

    def put(self, row: CallRow) -> None:
        """A new call goes to its place by time, the top; one that is known is changed where it stands."""
        at = self.row_of(row.call_id)
        if at >= 0:
            self._rows[at] = row
            self.dataChanged.emit(self.index(at, 0), self.index(at, len(COLUMNS) - 1))
            return
        if self._is_all or not self._rows or _place(row) > _place(self._rows[-1]):
            self._insert(row)  # else it is older than what was read and comes with its portion

    def _insert(self, row: CallRow) -> None:
        at = next((n for n, other in enumerate(self._rows) if _place(other) < _place(row)), len(self._rows))
        self.beginInsertRows(QModelIndex(), at, at)
        self._rows.insert(at, row)
        self.endInsertRows()

    def row_of(self, call_id: str) -> int:
        return next((at for at, row in enumerate(self._rows) if row.call_id == call_id), -1)

    def call(self, at: int) -> CallRow:
        return self._rows[at]

    @property
    def last(self) -> CallRow | None:
        return self._rows[-1] if self._rows else None

    @property
    def is_waiting(self) -> bool:
        return self._is_waiting

    def stop_waiting(self) -> None:
        """The portion did not come; scrolling asks again."""
        self._is_waiting = False

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and not self._is_all and not self._is_waiting

    def fetchMore(self, parent: Index) -> None:
        if self.canFetchMore(parent):
            self._is_waiting = True
            self.more_wanted.emit()

    def roleNames(self) -> dict:
        return {CALL: b"call"}

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return cell(row, KEYS[column])
            case Qt.ItemDataRole.TextAlignmentRole:
                return self.side(column)
            case Qt.ItemDataRole.FontRole if KEYS[column] in FIGURES or column == 0:
                return theme.current().font("figures")
            case Qt.ItemDataRole.ForegroundRole:
                return _tone(row, KEYS[column])
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{COLUMNS[column][1]}: {cell(row, KEYS[column])}"
            case _ if role == CALL:
                return row
        return None


class FilteredCalls(QSortFilterProxyModel):
    """Those whose method, path, model, status, end or page hold every word that is looked for."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = ()

    def look_for(self, text: str) -> None:
        self.beginFilterChange()
        self._words = tuple(text.casefold().split())
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    @property
    def is_filtered(self) -> bool:
        return bool(self._words)

    def filterAcceptsRow(self, at: int, parent: Index) -> bool:
        model = self.sourceModel()
        if not self._words or not isinstance(model, CallsModel):
            return True
        row = model.call(at)
        text = f"{row.method} {row.path} {row.model} {words.status(row)} {words.FATES[row.fate]} {row.page}".casefold()
        return all(word in text for word in self._words)


def cell(row: CallRow, key: str) -> str:
    """What a column shows of a call."""
    match key:
        case "started":
            return words.clock(row.started)
        case "method":
            return visible(row.method)
        case "path":
            return visible(row.path)
        case "model":
            return visible(row.model)
        case "status":
            return words.status(row)
        case "time":
            return words.duration(row.milliseconds)
        case "bytes":
            return words.size(row.bytes_received) if row.bytes_received or row.fate is not Fate.OPEN else ""
        case "dollars":
            return words.thinly(row.dollars)
        case "retries":
            return str(row.retries) if row.retries else ""
    return words.FATES.get(row.fate, row.fate)


def _place(row: CallRow) -> tuple[int, str]:
    return row.started, row.call_id


def _tone(row: CallRow, key: str) -> object:
    look = theme.current()
    if key in ("status", "end") and words.is_bad(row):
        return look.color("bad")
    if key == "retries":
        return look.color("warn")
    if key in ("started", "method") or (key in ("end", "status") and row.fate is not Fate.COMPLETE):
        return look.color("muted")
    return look.color("muted") if row.dollars in ("free", "unpriced") and key == "dollars" else None
