"""The user's own prices: the table of them, and the form that adds or changes one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHeaderView, QScrollArea, QStackedWidget, QTableView, QVBoxLayout, QWidget

from desktop.ui import icons, theme
from desktop.ui.settings.key_card import button, line
from desktop.ui.settings.prices_form import PriceForm
from desktop.ui.settings.prices_model import COLUMNS, PricesModel
from desktop.ui.widgets.labels import plain_label

if TYPE_CHECKING:
    from desktop.core.errors import BadInput
    from desktop.services.prices import OwnPrice

FORM_PX = 520
WIDTHS = (184, 76, 76, 76, 84, 72)
EMPTY = (
    "All prices are the catalog's. Where you pay others, or a model has none, say your own: they win over the "
    "catalog's and can price what was unpriced."
)
HEAD = "In dollars for a million tokens. They are kept in prices.json in the data folder."


class PricesTable(QTableView):
    """`taken`: Enter or a double click; `removed`: Delete."""

    taken = Signal(int)
    removed = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("prices.table")
        self.setAccessibleName("Own prices")
        self.prices = PricesModel(self)
        self.setModel(self.prices)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setAccessibleName("Rows of own prices")
        head = self.horizontalHeader()
        head.setAccessibleName("Columns of own prices")
        head.setHighlightSections(False)
        head.setStretchLastSection(True)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.doubleClicked.connect(lambda index: self.taken.emit(index.row()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        at = self.currentIndex()
        if at.isValid() and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.taken.emit(at.row())
        elif at.isValid() and event.key() == Qt.Key.Key_Delete:
            self.removed.emit(at.row())
        else:
            super().keyPressEvent(event)


class PricesPanel(QStackedWidget):
    """`put_wanted` carries a model and what is said of its prices; `remove_wanted` a model."""

    put_wanted = Signal(str, object)
    remove_wanted = Signal(str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = QWidget(self)
        self._column = QVBoxLayout(self.list)
        self.empty = plain_label(EMPTY, "muted", self.list, wrap=True)
        self.head = plain_label(HEAD, "caption", self.list, wrap=True)
        self.table = PricesTable(self.list)
        self.add = button("prices.add", "Add a price")
        self.change = button("prices.change", "Change", tells="Change the selected price")
        self.remove = button("prices.remove", "Remove", tells="Remove the selected price")
        icons.put(self.add, "plus")
        self._buttons = line(self.add, self.change, self.remove)
        self.back = button("prices.back", "Back to usage", "link")
        icons.put(self.back, "left", "accent")
        self._column.addLayout(line(self.back))
        self._column.addWidget(plain_label("Own prices", "section", self.list))
        self._column.addWidget(self.empty)
        self._column.addLayout(self._buttons)
        self._column.addWidget(self.head)
        self.room = QWidget(self.list)  # below what is said where there is no table
        self._column.addWidget(self.table, 1)
        self._column.addWidget(self.room, 1)
        self.form = PriceForm()
        self.area = QScrollArea(self)
        self.area.setObjectName("prices.scroll")
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(self.form)
        self.addWidget(self.list)
        self.addWidget(self.area)
        self._connect()
        theme.current().changed.connect(self._measure)
        self._measure()
        self.show_prices(())

    def show_prices(self, prices: Sequence[OwnPrice]) -> None:
        self.table.prices.show(prices)
        has_some = bool(prices)
        for part in (self.table, self.head, self.change, self.remove):
            part.setVisible(has_some)
        self.empty.setVisible(not has_some)
        if has_some:
            self.table.selectRow(0)
        self.room.setVisible(not has_some)

    def open_model(self, model: str) -> None:
        """The form, for a model that may have a price of the user's already; "" for one to be named."""
        at = self.table.prices.row_of(model)
        says = self.table.prices.own(at).says if at >= 0 else {}
        self.setCurrentWidget(self.area)
        self.form.begin(model, says, is_new=at < 0)

    def show_list(self) -> None:
        self.setCurrentWidget(self.list)

    def show_problem(self, error: BadInput) -> None:
        self.form.show_problem(error)

    def _connect(self) -> None:
        self.back.clicked.connect(lambda: self.left.emit())
        self.add.clicked.connect(lambda: self.open_model(""))
        self.change.clicked.connect(lambda: self._open_row(self.table.currentIndex().row()))
        self.remove.clicked.connect(lambda: self._remove_row(self.table.currentIndex().row()))
        self.table.taken.connect(self._open_row)
        self.table.removed.connect(self._remove_row)
        self.form.saved.connect(self.put_wanted)
        self.form.left.connect(self.show_list)

    def _open_row(self, row: int) -> None:
        if row >= 0:
            self.open_model(self.table.prices.own(row).model)

    def _remove_row(self, row: int) -> None:
        if row >= 0:
            self.remove_wanted.emit(self.table.prices.own(row).model)

    def _measure(self) -> None:
        look = theme.current()
        self._column.setContentsMargins(look.gap(16), look.gap(8), look.gap(16), look.gap(8))
        self._column.setSpacing(look.gap(8))
        self.empty.setMaximumWidth(look.px(FORM_PX))
        self.form.setMaximumWidth(look.px(FORM_PX))
        self.table.verticalHeader().setDefaultSectionSize(look.size("table_row"))
        for at in range(len(COLUMNS)):
            self.table.setColumnWidth(at, look.px(WIDTHS[at]))
