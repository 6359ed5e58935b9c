"""The two tables of the usage page: sums by a property, and the single calls; with a chooser of columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QAction, QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QHeaderView, QMenu, QTableView, QWidget

from desktop.ui import theme
from desktop.ui.usage.calls_model import CallsModel
from desktop.ui.usage.shares_model import ALWAYS, COLUMNS, HONEST, KEYS, SharesModel, SortedShares

if TYPE_CHECKING:
    from desktop.services.meter import Share

NAME_PX, FIGURE_PX, COST_PX, HEAD_PX = 168, 64, 72, 26
CALL_WIDTHS = (168, 112, 172, 84, 84, 76, 76, 76, 120, 88)


class Table(QTableView):
    """Rows of 28 px without grid lines; `taken` comes with Enter or a double click."""

    taken = Signal(int)

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setAccessibleName(f"Columns of {title.lower()}")
        self.verticalHeader().setAccessibleName(f"Rows of {title.lower()}")
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.doubleClicked.connect(lambda index: self.taken.emit(index.row()))
        theme.current().changed.connect(self._measure)

    def _measure(self) -> None:
        self.verticalHeader().setDefaultSectionSize(theme.current().size("table_row"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.taken.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)


class SharesTable(Table):
    """Sums, sorted by any column. `columns_changed` carries the keys of the columns the user wants to see."""

    columns_changed = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("usage.table", "Sums", parent)
        self.shares = SharesModel(self)
        self.sorted: QSortFilterProxyModel = SortedShares(self)
        self.sorted.setSourceModel(self.shares)
        self.sorted.setDynamicSortFilter(True)
        self.setModel(self.sorted)
        self._chosen: frozenset[str] | None = None
        self.setSortingEnabled(True)
        self.sortByColumn(KEYS.index("dollars"), Qt.SortOrder.DescendingOrder)
        self.horizontalHeader().sortIndicatorChanged.connect(
            lambda *_: self.sorted.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(KEYS) - 1)
        )
        head = self.horizontalHeader()
        head.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        head.customContextMenuRequested.connect(lambda at: self.choose_columns(head.mapToGlobal(at)))
        self.shares.modelReset.connect(self._show_columns)
        self._measure()

    def set_columns(self, keys: Iterable[str] | None) -> None:
        """The columns the user chose; None: those that are needed."""
        self._chosen = None if keys is None else frozenset(keys) | {"name"}
        self._show_columns()

    def share(self, row: int) -> Share:
        """What stands in a row, as it is sorted now."""
        return self.shares.share(self.sorted.mapToSource(self.sorted.index(row, 0)).row())

    @property
    def shown(self) -> tuple[str, ...]:
        return tuple(key for at, key in enumerate(KEYS) if not self.isColumnHidden(at))

    def choose_columns(self, where: QPoint) -> None:
        menu = QMenu(self)
        menu.setObjectName("usage.columns-menu")
        for at, (key, title, _) in enumerate(COLUMNS):
            if key in HONEST and (key != "unpriced" or key in self.shares.used):
                continue
            action = QAction(title, menu, checkable=True, checked=not self.isColumnHidden(at))
            action.toggled.connect(lambda shown, at=at: self._toggle(at, shown))
            menu.addAction(action)
        menu.addSeparator()
        menu.addAction("Those that are needed", lambda: self._choose(None))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(where)

    def _toggle(self, at: int, shown: bool) -> None:
        wanted = set(self.shown) | {KEYS[at]} if shown else set(self.shown) - {KEYS[at]}
        self._choose(wanted)

    def _choose(self, wanted: set[str] | None) -> None:
        self.set_columns(wanted)
        self.columns_changed.emit(list(self.shown) if wanted is not None else [])

    def _show_columns(self) -> None:
        wanted = self._chosen if self._chosen is not None else ALWAYS | self.shares.used
        wanted = wanted | (HONEST & self.shares.used)
        for at, key in enumerate(KEYS):
            self.setColumnHidden(at, key not in wanted)
        self._fit_figures()

    def _measure(self) -> None:
        super()._measure()
        self.horizontalHeader().setMinimumSectionSize(theme.current().px(56))
        self._fit_figures()

    def _fit_figures(self) -> None:
        """Each column as wide as its longest figure and its title."""
        look = theme.current()
        metrics = QFontMetrics(look.font("caption"))
        for at, key in enumerate(KEYS[1:], 1):
            if not self.isColumnHidden(at):
                least = look.px(COST_PX if key == "dollars" else FIGURE_PX)
                title = str(self.model().headerData(at, Qt.Orientation.Horizontal))
                needed = metrics.horizontalAdvance(title) + look.px(HEAD_PX)
                self.setColumnWidth(at, max(least, self.sizeHintForColumn(at), needed))
        self._fit_name()

    def _fit_name(self) -> None:
        """The name takes what the figures leave, down to its least width."""
        look = theme.current()
        others = sum(self.columnWidth(at) for at in range(1, len(KEYS)) if not self.isColumnHidden(at))
        self.setColumnWidth(0, max(look.px(NAME_PX), self.viewport().width() - others))

    def updateGeometries(self) -> None:
        super().updateGeometries()
        self._fit_name()


class CallsTable(Table):
    """The single calls; rows are read as they come into view."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("usage.calls", "Single calls", parent)
        self.calls = CallsModel(self)
        self.setModel(self.calls)
        self._measure()

    def _measure(self) -> None:
        super()._measure()
        look = theme.current()
        for at, width in enumerate(CALL_WIDTHS):
            self.setColumnWidth(at, look.px(width))
        self.horizontalHeader().setStretchLastSection(True)
