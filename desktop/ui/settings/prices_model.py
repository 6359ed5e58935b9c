"""The user's own prices as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from desktop.ui import theme
from desktop.ui.widgets.money_row import written

if TYPE_CHECKING:
    from desktop.services.prices import OwnPrice

Index = QModelIndex | QPersistentModelIndex

OWN = Qt.ItemDataRole.UserRole + 1
COLUMNS = ("Model", "Input", "Cached", "Output", "Others", "Source")
TOKENS = ("input", "cached_input", "output")


class PricesModel(QAbstractTableModel):
    """One row a model; the role `own` is the whole value. Money is dollars for a million tokens."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._prices: tuple[OwnPrice, ...] = ()

    def show(self, prices: Sequence[OwnPrice]) -> None:
        self.beginResetModel()
        self._prices = tuple(prices)
        self.endResetModel()

    def own(self, row: int) -> OwnPrice:
        return self._prices[row]

    def row_of(self, model: str) -> int:
        """Where a model stands, or -1."""
        return next((at for at, own in enumerate(self._prices) if own.model == model), -1)

    def roleNames(self) -> dict:
        return {OWN: b"own"}

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._prices)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(section)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        own, column = self._prices[index.row()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _words(own, column)
            case Qt.ItemDataRole.TextAlignmentRole:
                return _side(column)
            case Qt.ItemDataRole.FontRole if column in (1, 2, 3):
                return theme.current().font("figures")
            case Qt.ItemDataRole.ForegroundRole if column == 5:
                return theme.current().color("muted")
            case _ if role == OWN:
                return own
        return None


def _words(own: OwnPrice, column: int) -> str:
    if column == 0:
        return own.model
    if column == 5:
        return "you"
    if column == 4:
        return _others(own)
    rates = own.prices.tokens.get("standard")
    rate: Decimal | None = getattr(rates, TOKENS[column - 1]) if rates else None
    return "–" if rate is None else f"${written(rate)}"


def _others(own: OwnPrice) -> str:
    """How many prices are said beside those of the columns."""
    tokens = own.says.get("tokens", {})
    standard = tokens.get("standard", {}) if isinstance(tokens, dict) else {}
    count = len([name for name in standard if name not in TOKENS]) + len(
        [name for name in own.says if name != "tokens"]
    )
    count += len([tier for tier in tokens if tier != "standard"])
    return f"{count} more" if count else ""


def _side(column: int) -> Qt.AlignmentFlag:
    across = Qt.AlignmentFlag.AlignRight if column in (1, 2, 3) else Qt.AlignmentFlag.AlignLeft
    return across | Qt.AlignmentFlag.AlignVCenter
