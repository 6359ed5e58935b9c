"""The events of a streamed reply as rows: when they came, what they are called, what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, Qt

from desktop.core.text import visible
from desktop.ui import theme
from desktop.ui.widgets.table_model import Index, TableModel
from desktop.ui.wire import words

if TYPE_CHECKING:
    from desktop.core.wire.views import EventLine

EVENT = Qt.ItemDataRole.UserRole + 1
COLUMNS = ("At", "Event", "Bytes", "Data")
SHOWN_DATA = 400  # characters of one row; the whole of it is shown below the list


class EventsModel(TableModel):
    """The role `event` is the whole value. Those that hold the words looked for are rows, in their order."""

    titles = COLUMNS
    figures = frozenset((0, 2))

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: Sequence[EventLine] = ()
        self._rows: Sequence[EventLine] = ()
        self._words: tuple[str, ...] = ()

    def show_events(self, events: Sequence[EventLine]) -> None:
        """Another call's events, or more of the same: then only those that are new come in."""
        known, self._all = len(self._all), events
        rows = self._filtered(events)
        is_more = known and len(rows) > len(self._rows) and rows[: len(self._rows)] == self._rows
        if is_more:
            self.beginInsertRows(QModelIndex(), len(self._rows), len(rows) - 1)
            self._rows = rows
            self.endInsertRows()
        elif rows != self._rows:
            self._reset(rows)

    def look_for(self, text: str) -> None:
        self._words = tuple(text.casefold().split())
        self._reset(self._filtered(self._all))

    @property
    def count(self) -> int:
        """How many there are, those that are filtered out included."""
        return len(self._all)

    def event_at(self, at: int) -> EventLine:
        return self._rows[at]

    def _reset(self, rows: Sequence[EventLine]) -> None:
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def _filtered(self, events: Sequence[EventLine]) -> Sequence[EventLine]:
        if not self._words:
            return events
        return tuple(
            each for each in events if all(word in f"{each.name} {each.data}".casefold() for word in self._words)
        )

    def roleNames(self) -> dict:
        return {EVENT: b"event"}

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _cell(row, column)
            case Qt.ItemDataRole.TextAlignmentRole:
                return self.side(column)
            case Qt.ItemDataRole.FontRole:
                return theme.current().font("mono" if column == 3 else "figures")
            case Qt.ItemDataRole.ForegroundRole if column < 3:
                return theme.current().color("muted")
            case _ if role == EVENT:
                return row
        return None


def _cell(row: EventLine, column: int) -> str:
    match column:
        case 0:
            return "" if row.ms is None else words.thinly(f"{row.ms:,.0f} ms")
        case 1:
            return visible(row.name) or "data"
        case 2:
            return words.thinly(f"{row.size_bytes:,}")
    return visible(row.data[:SHOWN_DATA]).replace("\n", " ⏎ ")
