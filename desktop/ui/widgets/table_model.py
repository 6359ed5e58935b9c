"""What every table of plain rows says of itself in the same way: its size, its titles, the side of each column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

Index = QModelIndex | QPersistentModelIndex


def side(*, is_figure: bool) -> Qt.AlignmentFlag:
    """Figures stand at the right, so that their digits are below each other."""
    across = Qt.AlignmentFlag.AlignRight if is_figure else Qt.AlignmentFlag.AlignLeft
    return across | Qt.AlignmentFlag.AlignVCenter


class TableModel(QAbstractTableModel):
    """A table over `self._rows`. Subclasses name `titles` and the columns that hold `figures`, keep the rows, and say
    in `data` what a cell shows."""

    titles: tuple[str, ...] = ()
    figures: frozenset[int] = frozenset()
    _rows: Sequence[Any] = ()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.titles[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.side(section)
        return None

    def side(self, column: int) -> Qt.AlignmentFlag:
        return side(is_figure=column in self.figures)
