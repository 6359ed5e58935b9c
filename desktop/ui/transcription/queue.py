"""The list of the queue: how a row is drawn, its actions under the pointer and on keys, its order by drag."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from desktop.core.text import visible
from desktop.ui import icons, theme
from desktop.ui.transcription.queue_model import (
    ACTIONS,
    COST,
    FACTS,
    ICON,
    IS_JOB,
    KEY,
    PROGRESS,
    TITLE,
    TONE,
    WORDS,
    QueueModel,
)
from desktop.ui.widgets.tooltip import tip

Index = QModelIndex | QPersistentModelIndex

ROW, BUTTON = 56, 28
ACTS = {  # what can be done with a row: the icon and the words
    "open": ("edit", "Open"),
    "watch": ("eye", "Watch it come"),
    "again": ("regenerate", "Do it again"),
    "answer": ("continue", "Repeat the part; it may be paid twice"),
    "resume": ("play", "Go on"),
    "pause": ("pause", "Pause"),
    "retry": ("retry", "Try again"),
    "show": ("folder", "Show in folder"),
    "cancel": ("stop", "Cancel"),
    "remove": ("close", "Remove from the list"),
}
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class QueueDelegate(QStyledItemDelegate):
    """An icon of the state, the name over the words, figures at the right, a thin bar below. Text is drawn plain."""

    def __init__(self, view: QueueView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(160, theme.current().px(ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look = theme.current()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect: QRect = option.rect
        self._ground(painter, option)
        inner = rect.adjusted(look.px(16), look.px(8), -look.px(16), -look.px(10))
        side = look.px(18)
        picture = icons.pixmap(str(index.data(ICON)), look.color(str(index.data(TONE))), side)
        painter.drawPixmap(QRect(inner.left(), inner.top() + look.px(1), side, side), picture)
        inner.setLeft(inner.left() + side + look.px(12))
        half = inner.height() // 2
        above, below = inner.adjusted(0, 0, 0, -half), inner.adjusted(0, half, 0, 0)
        acts = self._view.acts_at(index)
        room = self._view.acts_width(len(acts)) if acts else 0
        above = self._figures(painter, above, (str(index.data(COST)),), room)
        below = self._figures(painter, below, tuple(index.data(FACTS) or ()), room)
        self._line(painter, above, "body", "text", visible(str(index.data(TITLE))))
        self._line(painter, below, "caption", str(index.data(TONE)), visible(str(index.data(WORDS))))
        self._bar(painter, QRect(inner.left(), rect.bottom() - look.px(6), inner.width(), look.px(3)), index)
        self._buttons(painter, rect, index, acts)
        painter.restore()

    def _ground(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        look, rect = theme.current(), option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, look.color("selection"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, look.color("hover"))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(look.color("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(rect.adjusted(0, 0, -1, -1))

    def _figures(self, painter: QPainter, rect: QRect, facts: tuple[str, ...], room: int) -> QRect:
        """At the right, the last ones first to go where it is narrow; returns what is left of the line."""
        look = theme.current()
        font = look.font("figures")
        font.setPixelSize(look.font("caption").pixelSize())
        painter.setFont(font)
        painter.setPen(look.color("muted"))
        metrics, kept = painter.fontMetrics(), [fact for fact in facts if fact]
        while kept and metrics.horizontalAdvance(" · ".join(kept)) > rect.width() // 2:
            kept.pop()
        text = " · ".join(kept)
        width = metrics.horizontalAdvance(text) + look.px(12) if text else 0
        if not room:
            painter.drawText(rect, RIGHT, text)
        return rect.adjusted(0, 0, -max(width, room), 0)

    def _line(self, painter: QPainter, rect: QRect, font: str, tone: str, text: str) -> None:
        painter.setFont(theme.current().font(font))
        painter.setPen(theme.current().color(tone))
        painter.drawText(rect, LEFT, painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, rect.width()))

    def _bar(self, painter: QPainter, rect: QRect, index: Index) -> None:
        progress = index.data(PROGRESS)
        if progress is None:
            return
        look, radius = theme.current(), rect.height() / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.color("pressed"))
        painter.drawRoundedRect(rect, radius, radius)
        if progress > 0:
            done = QRect(rect.left(), rect.top(), max(rect.height(), round(rect.width() * progress)), rect.height())
            painter.setBrush(look.color("accent" if index.data(TONE) in ("accent", "muted") else str(index.data(TONE))))
            painter.drawRoundedRect(done, radius, radius)

    def _buttons(self, painter: QPainter, rect: QRect, index: Index, acts: tuple[str, ...]) -> None:
        look = theme.current()
        for at, name in enumerate(acts):
            box = self._view.act_rect(rect, at, len(acts))
            if self._view.pointed == (index.data(KEY), name):
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(look.color("pressed"))
                painter.drawRoundedRect(box, look.radius("control"), look.radius("control"))
            side = look.px(18)
            corner = box.center() - QPoint(side // 2 - 1, side // 2 - 1)
            painter.drawPixmap(QRect(corner, QSize(side, side)), icons.pixmap(ACTS[name][0], look.color("text"), side))


class QueueView(QListView):
    """Rows of one height. `acted` tells the name of an action and the rows' keys; `file_wanted` that a finished row
    may be dragged out in a moment."""

    acted = Signal(str, list)
    file_wanted = Signal(str)

    def __init__(self, model: QueueModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = model
        self.pointed: tuple[str, str] = ("", "")
        self._hovered = ""
        self.setObjectName("transcription.queue")
        self.setAccessibleName("Recordings")
        self.setModel(model)
        self.setItemDelegate(QueueDelegate(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDropIndicatorShown(True)
        theme.current().changed.connect(self.scheduleDelayedItemsLayout)
        self.doubleClicked.connect(lambda index: self._act_on(index, "open", "watch"))

    def keys(self) -> list[str]:
        """Of the selected rows, from above."""
        return [str(index.data(KEY)) for index in sorted(self.selectedIndexes(), key=lambda each: each.row())]

    # The buttons of a row

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

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            self._act_on(index, "open", "watch", "retry", "again")
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        keys = self.keys()
        acts = [name for name in ACTS if keys and any(name in self._acts_of(key) for key in keys)]
        if acts:
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            for name in acts:
                entry = menu.addAction(theme.current().icon(ACTS[name][0], "muted"), ACTS[name][1])
                entry.triggered.connect(lambda _=False, name=name: self.acted.emit(name, self.able(name)))
            menu.popup(event.globalPos())

    def able(self, name: str) -> list[str]:
        """The selected rows with which this can be done."""
        return [key for key in self.keys() if name in self._acts_of(key)]

    def _acts_of(self, key: str) -> tuple[str, ...]:
        row = self.rows.row_of(key)
        return self.rows.at(row).actions if row >= 0 else ()

    def viewportEvent(self, event: QEvent) -> bool:
        name = self._act_under(event.pos())[1] if isinstance(event, QHelpEvent) else ""
        if name and isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), tip(ACTS[name][1]), self)
            return True
        return super().viewportEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and (port := self.viewport()):
            port.setBackgroundRole(QPalette.ColorRole.NoRole)
