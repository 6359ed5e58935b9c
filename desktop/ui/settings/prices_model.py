"""The user's own prices as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt

from desktop.ui import theme
from desktop.ui.widgets.money_row import written
from desktop.ui.widgets.table_model import Index, TableModel

if TYPE_CHECKING:
    from desktop.services.prices import OwnPrice

OWN = Qt.ItemDataRole.UserRole + 1
COLUMNS = ("Model", "Input", "Cached", "Output", "Others", "Source")
TOKENS = ("input", "cached_input", "output")


class PricesModel(TableModel):
    """One row a model; the role `own` is the whole value. Money is dollars for a million tokens."""

    titles = COLUMNS
    figures = frozenset((1, 2, 3))

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[OwnPrice, ...] = ()

    def show(self, prices: Sequence[OwnPrice]) -> None:
        self.beginResetModel()
        self._rows = tuple(prices)
        self.endResetModel()

    def own(self, row: int) -> OwnPrice:
        return self._rows[row]

    def row_of(self, model: str) -> int:
        """Where a model stands, or -1."""
        return next((at for at, own in enumerate(self._rows) if own.model == model), -1)

    def roleNames(self) -> dict:
        return {OWN: b"own"}

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        own, column = self._rows[index.row()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _words(own, column)
            case Qt.ItemDataRole.TextAlignmentRole:
                return self.side(column)
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
