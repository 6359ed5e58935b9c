"""The transcript for a screen reader: a list whose items are the messages near the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QRect
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent, QAccessibleInterface, QWindow
from PySide6.QtWidgets import QAccessibleWidget, QWidget

if TYPE_CHECKING:
    from desktop.ui.widgets.transcript import TranscriptView

LONGEST_SPOKEN = 20_000


class RowInterface(QAccessibleInterface):
    """One message: its name is who speaks, its value what is said."""

    def __init__(self, view: TranscriptView, parent: QAccessibleInterface, row: int) -> None:
        super().__init__()
        self._view, self._parent, self._row = view, parent, row

    def isValid(self) -> bool:
        return self._row < len(self._view.rows)

    def object(self) -> QObject | None:
        return None

    def window(self) -> QWindow:
        return self._parent.window()

    def parent(self) -> QAccessibleInterface:
        return self._parent

    def child(self, index: int) -> QAccessibleInterface | None:
        return None

    def childCount(self) -> int:
        return 0

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:
        return None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return -1

    def focusChild(self) -> QAccessibleInterface | None:
        return None

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.ListItem

    def rect(self) -> QRect:
        return self._view.row_rect(self._row)

    def state(self) -> QAccessible.State:
        state = QAccessible.State()
        state.readOnly = state.focusable = True
        state.focused = self._view.steps.current == self._row
        return state

    def text(self, kind: QAccessible.Text) -> str:
        row = self._view.rows.row(self._row)  # none while it is not loaded
        caption, words = (row.caption, row.message.text) if row is not None else ("", "")
        if kind is QAccessible.Text.Name:
            return f"{caption}: {words[:LONGEST_SPOKEN]}"
        return words[:LONGEST_SPOKEN] if kind is QAccessible.Text.Value else ""

    def setText(self, kind: QAccessible.Text, text: str) -> None:
        """Messages are read only."""


class ViewInterface(QAccessibleWidget):
    def __init__(self, view: TranscriptView) -> None:
        super().__init__(view, QAccessible.Role.List, view.accessibleName())
        self._view = view
        self._rows: dict[int, RowInterface] = {}

    def childCount(self) -> int:
        return len(self._view.rows)

    def child(self, index: int) -> QAccessibleInterface | None:
        if not 0 <= index < len(self._view.rows):
            return None
        if index not in self._rows:
            self._rows[index] = RowInterface(self._view, self, index)
        return self._rows[index]

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return next((row for row, made in self._rows.items() if made is child), -1)

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:
        return self.child(self._view.sight.row_at(self._view.viewport().mapFromGlobal(QPoint(x, y)).y()))

    def focusChild(self) -> QAccessibleInterface | None:
        return next((made for row, made in self._rows.items() if self._view.steps.current == row), None)


def tell_current(view: TranscriptView, row: int) -> None:
    """The keyboard has gone to another message: a screen reader reads it."""
    if QAccessible.isActive():
        moved = QAccessibleEvent(view, QAccessible.Event.Focus)
        moved.setChild(row)
        QAccessible.updateAccessibility(moved)


def announce(widget: QWidget, words: str) -> None:
    """Have a screen reader say something that happened elsewhere, when it has said what it is saying."""
    if QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, words))


_made: list[ViewInterface] = []
_is_installed = False


def install() -> None:
    """Let Qt ask us about transcripts. Once a process."""
    global _is_installed
    if not _is_installed:
        QAccessible.installFactory(_interface_for)
        _is_installed = True


def _interface_for(name: str, asked: QObject) -> QAccessibleInterface | None:
    from desktop.ui.widgets.transcript import TranscriptView  # the view imports this module

    if isinstance(asked, TranscriptView) and isinstance(asked, QWidget):
        made = ViewInterface(asked)
        _made.append(made)
        asked.destroyed.connect(lambda: _made.remove(made) if made in _made else None)
        return made
    return None
