"""What differs between two calls as rows: where, how, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt

from desktop.core.text import visible
from desktop.ui import theme
from desktop.ui.widgets.table_model import Index, TableModel

if TYPE_CHECKING:
    from desktop.core.wire.difference import Change

CHANGE = Qt.ItemDataRole.UserRole + 1
COLUMNS = ("Part", "", "Path", "Before", "After")
SIGNS = {"added": ("+", "good"), "removed": ("−", "bad"), "changed": ("≠", "warn")}
SHOWN = 300


class DifferenceModel(TableModel):
    """The role `change` is the whole value."""

    titles = COLUMNS

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[Change] = ()

    def show_changes(self, changes: Sequence[Change]) -> None:
        self.beginResetModel()
        self._rows = changes
        self.endResetModel()

    def change(self, at: int) -> Change:
        return self._rows[at]

    def roleNames(self) -> dict:
        return {CHANGE: b"change"}

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], index.column()
        sign, tone = SIGNS[row.sign.value]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                texts = (row.section.value, sign, row.path, row.before, row.after)
                return visible(texts[column][:SHOWN]).replace("\n", " ⏎ ")
            case Qt.ItemDataRole.AccessibleTextRole if column == 1:
                return row.sign.value
            case Qt.ItemDataRole.FontRole if column > 1:
                return theme.current().font("mono")
            case Qt.ItemDataRole.ForegroundRole:
                return theme.current().color("muted" if column == 0 else tone) if column < 2 else None
            case _ if role == CHANGE:
                return row
        return None
