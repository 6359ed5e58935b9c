"""A card above a control of the footer: closed by Escape, by a click elsewhere and by focus that goes elsewhere."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QFrame, QVBoxLayout, QWidget

from desktop.ui import theme


class Popover(QFrame):
    """What stands in it goes into `column`; `open_above` shows it at a control, and again closes it."""

    def __init__(self, name: str, title: str, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName(name)
        self.setAccessibleName(title)
        theme.style_as(self, "popover")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._anchor: QWidget | None = None
        self.hide()
        self.column = QVBoxLayout(self)
        theme.current().changed.connect(self._frame)
        self._frame()

    def open_above(self, anchor: QWidget) -> None:
        if self.isVisible():
            self.close_down()
            return
        self._anchor = anchor
        self.place_above(anchor)
        self.show()
        self.raise_()
        self.setFocus()

    def place_above(self, anchor: QWidget) -> None:
        """Its right edge at the control's, within the window, in front of the page."""
        self._anchor = anchor
        window, gap = self.parentWidget(), theme.current().gap(8)
        assert window is not None  # it is made with one
        self.setMaximumWidth(window.width() - 2 * gap)
        self.adjustSize()
        corner = anchor.mapTo(window, QPoint(anchor.width(), 0))
        left = min(corner.x(), window.width() - gap) - self.width()
        self.move(max(gap, left), max(gap, corner.y() - self.height() - gap))

    def close_down(self) -> None:
        """Go, and give the focus back to where it was opened from."""
        focus = QApplication.focusWidget()
        had_focus = focus is not None and (focus is self or self.isAncestorOf(focus))
        self.hide()
        if self._anchor is not None and had_focus:
            self._anchor.setFocus(Qt.FocusReason.PopupFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.close_down()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._focus_moved)
        application.installEventFilter(self)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.disconnect(self._focus_moved)
        application.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.MouseButtonPress and isinstance(watched, QWidget) and not self._is_here(watched):
            self.hide()
        return False

    def _focus_moved(self, _: QWidget | None, now: QWidget | None) -> None:
        if now is not None and not self._is_here(now):
            self.hide()

    def _is_here(self, widget: QWidget) -> bool:
        """Inside, at the control it belongs to (whose click closes it by itself), or in a menu of it."""
        if widget is self or widget is self._anchor or self.isAncestorOf(widget):
            return True
        return widget.window() is not self.window()

    def _frame(self) -> None:
        hair = theme.current().hair
        self.column.setContentsMargins(hair, hair, hair, hair)
