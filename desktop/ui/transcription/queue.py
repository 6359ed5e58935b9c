"""The list of the queue: the actions of a row under the pointer and on keys, the menu, the drag."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QHelpEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QMenu, QToolTip, QWidget

from desktop.ui import theme
from desktop.ui.transcription.queue_model import ACTIONS, IS_JOB, KEY, QueueModel
from desktop.ui.transcription.queue_paint import BUTTON, QueueDelegate
from desktop.ui.widgets.row_list import RowList
from desktop.ui.widgets.tooltip import tip

Index = QModelIndex | QPersistentModelIndex

ACTS = {  # what can be done with a row: the icon and the words
    "open": ("edit", "Open"),
    "watch": ("eye", "Watch it come"),
    "again": ("regenerate", "Do it again"),
    "resume": ("play", "Go on"),
    "now": ("play", "Try now"),
    "pause": ("pause", "Pause"),
    "pause-now": ("pause", "Pause without waiting for the parts under way"),
    "retry": ("retry", "Try again"),
    "find": ("search", "Find the file…"),
    "anew": ("plus", "Add it again"),
    "choose": ("plus", "Choose another file…"),
    "show": ("folder", "Show in folder"),
    "cancel": ("stop", "Cancel"),
    "remove": ("close", "Remove from the list"),
}


class QueueView(RowList):
    """`acted` tells the name of an action and the rows' keys; `file_wanted` that a finished row may be dragged out in
    a moment."""

    acted = Signal(str, list)
    file_wanted = Signal(str)

    def __init__(self, model: QueueModel, parent: QWidget | None = None) -> None:
        super().__init__("transcription.queue", "Recordings", parent)
        self.rows = model
        self.pointed: tuple[str, str] = ("", "")
        self._hovered = ""
        self.setModel(model)
        self.setItemDelegate(QueueDelegate(self))
        self.setUniformItemSizes(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDropIndicatorShown(True)
        self.doubleClicked.connect(lambda index: self._act_on(index, "open", "watch"))

    def keys(self) -> list[str]:
        """Of the selected rows, from above."""
        return [str(index.data(KEY)) for index in sorted(self.selectedIndexes(), key=lambda each: each.row())]

    # The buttons of a row

    @staticmethod
    def icon_of(act: str) -> str:
        return ACTS[act][0]

    def acts_at(self, index: Index) -> tuple[str, ...]:
        """The actions shown on a row now: under the pointer, or on the current row while the list has the focus."""
        is_current = self.hasFocus() and index.row() == self.currentIndex().row()
        if index.data(KEY) != self._hovered and not is_current:
            return ()
        return tuple(index.data(ACTIONS) or ())

    def acts_width(self, count: int) -> int:
        return count * theme.current().px(BUTTON) + theme.current().px(8)

    def act_rect(self, rect: QRect, at: int, count: int) -> QRect:
        look = theme.current()
        side = look.px(BUTTON)
        left = rect.right() - look.px(12) - (count - at) * side
        return QRect(left, rect.top() + (rect.height() - side) // 2, side, side)

    def _act_under(self, place: QPoint) -> tuple[str, str]:
        index = self.indexAt(place)
        if not index.isValid():
            return "", ""
        acts, rect = self.acts_at(index), self.visualRect(index)
        for at, name in enumerate(acts):
            if self.act_rect(rect, at, len(acts)).contains(place):
                return str(index.data(KEY)), name
        return "", ""

    def _act_on(self, index: Index, *names: str) -> None:
        name = next((name for name in names if name in (index.data(ACTIONS) or ())), "")
        if name:
            self.acted.emit(name, [str(index.data(KEY))])

    def _point(self, place: QPoint) -> None:
        index = self.indexAt(place)
        hovered = str(index.data(KEY)) if index.isValid() else ""
        if hovered != self._hovered:
            self._hovered = hovered
            self.viewport().update()
        pointed = self._act_under(place)
        if pointed != self.pointed:
            self.pointed = pointed
            self.viewport().update()

    # Qt's events

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not event.buttons():
            self._point(event.position().toPoint())
        super().mouseMoveEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._point(event.position().toPoint())
        if event.button() is Qt.MouseButton.LeftButton and self.pointed[1]:
            event.accept()
            return
        super().mousePressEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and index.data(IS_JOB) and "open" in index.data(ACTIONS):
            self.file_wanted.emit(str(index.data(KEY)))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        key, name = self.pointed
        if name and self._act_under(event.position().toPoint()) == (key, name):
            self.acted.emit(name, [key])
            event.accept()
            return
        super().mouseReleaseEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered, self.pointed = "", ("", "")
        self.viewport().update()
        super().leaveEvent(event)

    def entered_on(self, index: QModelIndex) -> None:
        self._act_on(index, "open", "watch", "retry", "again", "find", "anew", "choose")

    def startDrag(self, actions: Qt.DropAction) -> None:
        """A finished row goes out as a copy of its files, never as the files themselves; others change their place."""
        goes_out = any(self.rows.files_of(key) for key in self.keys())
        super().startDrag(Qt.DropAction.CopyAction if goes_out else Qt.DropAction.MoveAction)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        keys = self.keys()
        acts = [name for name in ACTS if keys and any(name in self.acts_of(key) for key in keys)]
        if acts:
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            for name in acts:
                entry = menu.addAction(theme.current().icon(ACTS[name][0], "muted"), ACTS[name][1])
                entry.triggered.connect(lambda _=False, name=name: self.acted.emit(name, self.able(name)))
            menu.popup(event.globalPos())

    def able(self, name: str) -> list[str]:
        """The selected rows with which this can be done."""
        return [key for key in self.keys() if name in self.acts_of(key)]

    def acts_of_selection(self) -> set[str]:
        """All that can be done with any of the selected rows."""
        return {name for index in self.selectedIndexes() for name in self.rows.at(index.row()).actions}

    def acts_of(self, key: str) -> tuple[str, ...]:
        """What can be done with a row by its key; nothing where it is gone."""
        row = self.rows.row_of(key)
        return self.rows.at(row).actions if row >= 0 else ()

    def viewportEvent(self, event: QEvent) -> bool:
        name = self._act_under(event.pos())[1] if isinstance(event, QHelpEvent) else ""
        if name and isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), tip(ACTS[name][1]), self)
            return True
        return super().viewportEvent(event)
