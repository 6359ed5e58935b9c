"""The single calls of a period, the newest first, read as they come into view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, Qt, Signal

from desktop.ui import theme
from desktop.ui.usage import words
from desktop.ui.widgets.table_model import Index, TableModel
from desktop.ui.widgets.tooltip import tip

if TYPE_CHECKING:
    from desktop.services.usage import Row

ROW = Qt.ItemDataRole.UserRole + 1
COLUMNS = ("Time", "Page", "Model", "Cost", "Estimate", "Input", "Cached", "Output", "Profile", "Ended")
FIGURES = frozenset((3, 4, 5, 6, 7))


class CallsModel(TableModel):
    """Rows of the ledger; the role `call` is the whole value. `more_wanted` asks for the page below the last row."""

    titles = COLUMNS
    figures = FIGURES

    more_wanted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self._next: str | None = None
        self._is_waiting = False

    def begin(self) -> None:
        """Nothing, until the first page comes."""
        self.beginResetModel()
        self._rows, self._next, self._is_waiting = [], None, True
        self.endResetModel()

    def add(self, rows: Sequence[Row], following: str | None) -> None:
        """A page of rows; `following` is where the next one begins, None at the end."""
        self._next, self._is_waiting = following, False
        if rows:
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(rows) - 1)
            self._rows.extend(rows)
            self.endInsertRows()

    @property
    def following(self) -> str | None:
        return self._next

    def row(self, at: int) -> Row:
        return self._rows[at]

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self._next is not None and not self._is_waiting

    def fetchMore(self, parent: Index) -> None:
        if self.canFetchMore(parent):
            self._is_waiting = True
            self.more_wanted.emit()

    def roleNames(self) -> dict:
        return {ROW: b"call"}

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._words(row, index.column())
            case Qt.ItemDataRole.TextAlignmentRole:
                return self.side(index.column())
            case Qt.ItemDataRole.ToolTipRole if index.column() in (2, 8):
                return tip(self._words(row, index.column()))
            case Qt.ItemDataRole.FontRole if index.column() in FIGURES or index.column() == 0:
                return theme.current().font("figures")
            case Qt.ItemDataRole.ForegroundRole:
                return _tone(row, index.column())
            case _ if role == ROW:
                return row
        return None

    @staticmethod
    def _words(row: Row, column: int) -> str:
        units = row.units
        match column:
            case 0:
                return f"{row.started:%Y-%m-%d %H:%M:%S}"
            case 1:
                return words.page(row.page)
            case 2:
                return row.model or "unknown model"
            case 3:
                return words.thinly(row.words) or ("running" if row.fate == "open" else "–")
            case 4:
                return words.money(row.estimate) if row.estimate is not None else "–"
            case 5 | 6 | 7:
                count = getattr(units, ("input", "cached", "output")[column - 5]) if units else 0
                return words.thin(count) if count else "–"
            case 8:
                return row.profile
        return words.FATES.get(row.fate, row.fate)


def _tone(row: Row, column: int) -> object:
    look = theme.current()
    if column == 9:
        return look.color("bad") if row.fate in ("failed", "cut") else look.color("muted")
    if column == 3 and row.dollars is None:
        return look.color("muted")
    return None
