"""The table of the usage page: what each model, page, tag, profile or day came to, sorted by any column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel, Qt

from desktop.ui import theme
from desktop.ui.usage import words
from desktop.ui.widgets.tooltip import tip

if TYPE_CHECKING:
    from desktop.services.meter import Reading, Share

Index = QModelIndex | QPersistentModelIndex

SHARE, DOLLARS, NAME = (Qt.ItemDataRole.UserRole + at for at in range(1, 4))
COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("name", "Name", ""),
    ("calls", "Calls", ""),
    ("dollars", "Cost", "An estimate, from the catalog's prices"),
    ("unpriced", "Unpriced", "Calls whose price is not known"),
    ("free", "Free", "Calls answered on this computer"),
    ("input", "Input", "Input tokens, the cached ones included"),
    ("cached", "Cached", "Input tokens that the server had already read"),
    ("cache_write", "Cache writes", "Input tokens written to the server's cache"),
    ("output", "Output", "Output tokens, the reasoning included"),
    ("reasoning", "Reasoning", "Output tokens spent on thinking"),
    ("audio_input", "Audio in", "Input tokens of sound"),
    ("audio_output", "Audio out", "Output tokens of sound"),
    ("image_input", "Image in", "Input tokens of pictures"),
    ("image_output", "Image out", "Output tokens of pictures"),
    ("images", "Images", "Pictures made"),
    ("seconds", "Seconds", "Seconds of sound"),
    ("characters", "Characters", "Characters spoken"),
    ("web_searches", "Searches", "Searches of the web"),
)
KEYS = tuple(key for key, _, _ in COLUMNS)
HONEST = frozenset(("name", "dollars", "unpriced"))
"""Columns that cannot be hidden once there is something in them: a sum without what it leaves out would mislead."""
ALWAYS = frozenset(("name", "calls", "input", "cached", "output", "dollars"))
"""Columns that are there also when they are empty; the others come with their first figure."""


def value(share: Share, key: str) -> Any:
    """A column's figure as it is sorted by."""
    if key == "name":
        return share.name.casefold()
    if key in ("calls", "free", "unpriced", "dollars"):
        return getattr(share.reading, key)
    return getattr(share.reading.usage, key)


class SharesModel(QAbstractTableModel):
    """Rows of shares; roles `share` (the whole value), `dollars` (exact), `name` (as the ledger has it)."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shares: tuple[Share, ...] = ()
        self._title = "Model"
        self._named: Callable[[str], str] = str

    def show(self, title: str, shares: Sequence[Share], named: Callable[[str], str]) -> None:
        """`named` gives the words for a share's name."""
        self.beginResetModel()
        self._title, self._shares, self._named = title, tuple(shares), named
        self.endResetModel()

    def share(self, row: int) -> Share:
        return self._shares[row]

    @property
    def used(self) -> frozenset[str]:
        """Columns with a figure in them."""
        return frozenset(key for key in KEYS if any(value(share, key) for share in self._shares))

    def roleNames(self) -> dict:
        return {SHARE: b"share", DOLLARS: b"dollars", NAME: b"name"}

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._shares)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        key, title, tip = COLUMNS[section]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._title if key == "name" else title
            case Qt.ItemDataRole.ToolTipRole:
                return tip
            case Qt.ItemDataRole.TextAlignmentRole:
                return side(key)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        share, key = self._shares[index.row()], KEYS[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._words(share, key)
            case Qt.ItemDataRole.TextAlignmentRole:
                return side(key)
            case Qt.ItemDataRole.ToolTipRole if key == "name":
                return tip(self._words(share, key))
            case Qt.ItemDataRole.FontRole if key != "name":
                return theme.current().font("figures")
            case Qt.ItemDataRole.ForegroundRole:
                return theme.current().color("muted") if self._is_quiet(share, key) else None
            case _ if role in (SHARE, DOLLARS, NAME):
                return {SHARE: share, DOLLARS: share.reading.dollars, NAME: share.name}[role]
        return None

    def _words(self, share: Share, key: str) -> str:
        if key == "name":
            return self._named(share.name)
        if key == "dollars":
            return _money(share.reading)
        figure = value(share, key)
        if key == "seconds":
            return f"{figure:,.1f}".replace(",", "\u202f") if figure else "–"
        return words.thin(figure) if figure else "–"

    @staticmethod
    def _is_quiet(share: Share, key: str) -> bool:
        if key == "dollars":
            return not share.reading.dollars
        return key != "name" and not value(share, key)


def _money(reading: Reading) -> str:
    """Known money; how many calls have none stands in the column beside it."""
    return words.money(reading.dollars) if reading.dollars else words.cost(reading)


class SortedShares(QSortFilterProxyModel):
    """Figures sort as figures, exact to the last picodollar; of equal money the unpriced stand above."""

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The title of the column that sorts ends in an arrow, the way the figures go."""
        found = super().headerData(section, orientation, role)
        is_title = orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole
        if is_title and section == self.sortColumn():
            return f"{found} {'↓' if self.sortOrder() is Qt.SortOrder.DescendingOrder else '↑'}"
        return found

    def lessThan(self, left: Index, right: Index) -> bool:
        source = self.sourceModel()
        assert isinstance(source, SharesModel)
        key = KEYS[left.column()]
        one, other = source.share(left.row()), source.share(right.row())
        return self._weight(one, key) < self._weight(other, key)

    @staticmethod
    def _weight(share: Share, key: str) -> tuple[Any, Any]:
        second: Any = share.reading.unpriced if key == "dollars" else Decimal(0)
        return value(share, key), second


def side(key: str) -> Qt.AlignmentFlag:
    across = Qt.AlignmentFlag.AlignLeft if key == "name" else Qt.AlignmentFlag.AlignRight
    return across | Qt.AlignmentFlag.AlignVCenter
