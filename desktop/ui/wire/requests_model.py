"""The requests of a collection as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt

from desktop.core.text import visible
from desktop.ui import theme

if TYPE_CHECKING:
    from desktop.core.wire.postman import Saved

Index = QModelIndex | QPersistentModelIndex

SAVED = Qt.ItemDataRole.UserRole + 1


class RequestsModel(QAbstractListModel):
    """The role `saved` is the whole value."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[Saved] = ()

    def show_requests(self, requests: Sequence[Saved]) -> None:
        self.beginResetModel()
        self._rows = requests
        self.endResetModel()

    def request(self, at: int) -> Saved:
        return self._rows[at]

    def roleNames(self) -> dict:
        return {SAVED: b"saved"}

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return visible(" / ".join((*row.folder, row.name))[:300])
        if role == Qt.ItemDataRole.SizeHintRole:
            return QSize(0, theme.current().size("table_row"))
        return row if role == SAVED else None
