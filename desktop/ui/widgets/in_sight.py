"""Keeps in sight what has the focus, when something takes room from the place where it stands."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPersistentModelIndex, QPoint
from PySide6.QtWidgets import QAbstractItemView, QApplication, QScrollArea, QWidget
from shiboken6 import isValid


def kept_in_sight() -> Callable[[], None]:
    """Asked before the change; what it returns is called behind it and scrolls as far as it must. What could not be
    seen before stays where it is."""
    focus = QApplication.focusWidget()
    at: QWidget | None = focus
    while at is not None and focus is not None:
        if isinstance(at, QAbstractItemView):
            return _of_row(at)
        if isinstance(at, QScrollArea):
            return _of_widget(at, focus)
        at = at.parentWidget()
    return lambda: None


def _of_row(view: QAbstractItemView) -> Callable[[], None]:
    index = QPersistentModelIndex(view.currentIndex())
    rect = view.visualRect(view.currentIndex())
    is_seen = not rect.isEmpty() and view.viewport().rect().contains(rect.center())

    def back() -> None:
        if is_seen and isValid(view) and index.isValid():
            view.scrollTo(view.model().index(index.row(), index.column(), index.parent()))

    return back


def _of_widget(area: QScrollArea, focus: QWidget) -> Callable[[], None]:
    middle = focus.mapTo(area, QPoint(focus.width() // 2, focus.height() // 2))
    is_seen = area.rect().contains(middle)

    def back() -> None:
        if is_seen and isValid(area) and isValid(focus) and area.isAncestorOf(focus):
            area.ensureWidgetVisible(focus, 0, 0)

    return back
