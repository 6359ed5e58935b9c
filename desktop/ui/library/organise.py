"""The bar over the results: what is shown and how much, what can be done with what is selected, in which order."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QToolButton, QWidget

from desktop.ui import icons, theme
from desktop.ui.library import words
from desktop.ui.widgets.labels import ElidedLabel
from desktop.ui.widgets.tooltip import set_tip

ROOMY = 760  # from here on the order is written out


class OrderButton(QToolButton):
    """The order of the results; `picked` carries its name."""

    picked = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("library.order")
        self.setAccessibleName("Order of the results")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        icons.put(self, "sort")
        menu, group = QMenu(self), QActionGroup(self)
        self._orders: dict[str, QAction] = {}
        for name, text in words.ORDERS.items():
            action = QAction(text, menu, checkable=True)
            group.addAction(action)
            menu.addAction(action)
            action.triggered.connect(lambda checked=False, name=name: self.picked.emit(name))
            self._orders[name] = action
        self.setMenu(menu)

    def show_order(self, name: str, *, is_search: bool) -> None:
        """The order in force; the best match is an order only where something is searched for."""
        self._orders["relevance"].setVisible(is_search)
        self._orders[name].setChecked(True)
        self.setText(words.ORDERS[name])
        self.setAccessibleDescription(words.ORDERS[name])
        set_tip(self, words.ORDERS[name])

    def set_roomy(self, is_roomy: bool) -> None:
        style = Qt.ToolButtonStyle
        self.setToolButtonStyle(style.ToolButtonTextBesideIcon if is_roomy else style.ToolButtonIconOnly)


class Bar(QWidget):
    """One line of a fixed height: nothing below it moves when something is selected."""

    empty_wanted = Signal()

    def __init__(self, usual: Sequence[QAction], in_trash: Sequence[QAction], around: Sequence[QAction]) -> None:
        """Actions for what is selected, outside and inside the trash; `around`: back, previous, next, close."""
        super().__init__()
        self.setObjectName("library.bar")
        self._is_trash = self._has_selection = self._is_over = False
        self._count = 0
        row = self._row = QHBoxLayout(self)
        buttons: list[QToolButton] = [self._button(action) for action in around]
        self.back, self.previous, self.following, self.close_button = buttons
        self.back.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading = ElidedLabel("", self)
        theme.style_as(self.heading, "strong")
        self.heading.setObjectName("library.place")
        self.told = ElidedLabel("", self)
        theme.style_as(self.told, "muted")
        self.told.setObjectName("library.count")
        self.empty_button = QPushButton("Empty the trash", self)
        theme.style_as(self.empty_button, "danger")
        self.empty_button.setObjectName("library.empty-trash-button")
        self.empty_button.clicked.connect(self.empty_wanted)
        self._usual = [self._button(action) for action in usual]
        self._in_trash = [self._button(action) for action in in_trash]
        for button in self._in_trash:  # two acts that must not be taken for each other
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.order = OrderButton(self)
        for widget in (self.back, self.previous, self.following):
            row.addWidget(widget)
        row.addWidget(self.heading)
        row.addWidget(self.told, 1)
        for each in (*self._usual, *self._in_trash, self.empty_button, self.order, self.close_button):
            row.addWidget(each)
        theme.current().changed.connect(self._measure)
        self._measure()
        self.set_selection(0)
        self.set_reading(is_open=False, is_over=False)

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton(self)
        button.setDefaultAction(action)
        button.setObjectName(f"{action.objectName()}-button")
        button.setAccessibleName(action.text())
        return button

    def _measure(self) -> None:
        look = theme.current()
        self._row.setContentsMargins(look.gap(16), 0, look.gap(12), 0)
        self._row.setSpacing(look.gap(4))
        self.setFixedHeight(look.px(40))
        self.heading.setMaximumWidth(look.px(280))
        self.told.setContentsMargins(look.gap(4), 0, 0, 0)

    def show_place(self, title: str, told: str, *, is_trash: bool) -> None:
        self.heading.setText(title)
        self.told.setText(told)
        self._is_trash = is_trash
        self._show_buttons()

    def set_count(self, count: int) -> None:
        """How many rows there are to be ordered."""
        self._count = count
        self._show_buttons()

    def set_selection(self, count: int) -> None:
        self._has_selection = count > 0
        self._show_buttons()

    def set_reading(self, *, is_open: bool, is_over: bool) -> None:
        """Whether a conversation is read beside the list, or over it."""
        for each in (self.back, self.previous, self.following):
            each.setVisible(is_over)
        self._is_over = is_over
        self._show_buttons()
        self.close_button.setVisible(is_open and not is_over)

    def set_empty_possible(self, is_possible: bool) -> None:
        self.empty_button.setEnabled(is_possible)

    def _show_buttons(self) -> None:
        self.order.setVisible(self._count > 1 and not self._is_over)
        for button in self._usual:
            button.setVisible(self._has_selection and not self._is_trash)
        for button in self._in_trash:
            button.setVisible(self._has_selection and self._is_trash)
        self.empty_button.setVisible(self._is_trash and not self._has_selection)

    def fit(self, width: int) -> None:
        self.order.set_roomy(width >= theme.current().px(ROOMY))
