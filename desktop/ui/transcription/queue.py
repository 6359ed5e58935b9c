"""The list of the queue: how a row is drawn, its actions under the pointer and on keys, its order by drag."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QTextLayout,
)
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
from desktop.ui.widgets.row_list import RowList
from desktop.ui.widgets.tooltip import tip

Index = QModelIndex | QPersistentModelIndex

ROW, BUTTON = 56, 28
LINE = 16  # more for the second line of what went wrong
ABOVE, BELOW, SIDE = 8, 10, 16
ACTS = {  # what can be done with a row: the icon and the words
    "open": ("edit", "Open"),
    "watch": ("eye", "Watch it come"),
    "again": ("regenerate", "Do it again"),
    "resume": ("play", "Go on"),
    "pause": ("pause", "Pause"),
    "pause-now": ("pause", "Pause without waiting for the parts under way"),
    "retry": ("retry", "Try again"),
    "show": ("folder", "Show in folder"),
    "cancel": ("stop", "Cancel"),
    "remove": ("close", "Remove from the list"),
}
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class QueueDelegate(QStyledItemDelegate):
    """An icon of the state, the name over the words, figures at the right, a thin bar below. Text is drawn plain.

    What went wrong has a second line where it is long: nobody should have to look for the advice.
    """

    def __init__(self, view: QueueView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        look = theme.current()
        return QSize(look.px(160), look.px(ROW + (LINE if self._is_long(index) else 0)))

    def _is_long(self, index: Index) -> bool:
        if index.data(TONE) not in ("bad", "warn") or index.data(PROGRESS) is not None:
            return False
        width = self._view.viewport().width() - theme.current().px(2 * SIDE + 18 + 12)
        return QFontMetrics(theme.current().font("caption")).horizontalAdvance(str(index.data(WORDS))) > width

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look = theme.current()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect: QRect = option.rect
        self._ground(painter, option)
        inner = rect.adjusted(look.px(SIDE), look.px(ABOVE), -look.px(SIDE), -look.px(BELOW))
        side = look.px(18)
        picture = icons.pixmap(str(index.data(ICON)), look.color(str(index.data(TONE))), side)
        painter.drawPixmap(QRect(inner.left(), inner.top() + look.px(1), side, side), picture)
        inner.setLeft(inner.left() + side + look.px(12))
        half = look.px((ROW - ABOVE - BELOW) // 2)
        above, below = QRect(inner), inner.adjusted(0, half, 0, 0)
        above.setHeight(half)
        acts = self._view.acts_at(index)
        room = self._view.acts_width(len(acts)) if acts else 0
        above = self._figures(painter, above, (str(index.data(COST)),), room)
        below = self._figures(painter, below, tuple(index.data(FACTS) or ()), room)
        self._line(painter, above, "body", "text", visible(str(index.data(TITLE))))
        self._words(painter, below, index)
        self._bar(painter, QRect(inner.left(), rect.bottom() - look.px(6), inner.width(), look.px(3)), index)
        self._buttons(painter, rect, index, acts)
        painter.restore()

    def _words(self, painter: QPainter, rect: QRect, index: Index) -> None:
        tone, text = str(index.data(TONE)), visible(str(index.data(WORDS)))
        if not self._is_long(index):
            self._line(painter, rect, "caption", tone, text)
            return
        first, rest = _two_lines(text, theme.current().font("caption"), rect.width())
        half = rect.height() // 2
        self._line(painter, rect.adjusted(0, 0, 0, -half), "caption", tone, first)
        self._line(painter, rect.adjusted(0, half, 0, 0), "caption", tone, rest)

    def _ground(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        look, rect = theme.current(), option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, look.color("selection"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, look.color("hover"))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(look.color("accent"), look.hair))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            inset = look.hair / 2
            painter.drawRect(QRectF(rect).adjusted(inset, inset, -inset, -inset))

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
            tone = str(index.data(TONE))
            painter.setBrush(look.color("edge" if tone == "muted" else tone))
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


def _two_lines(text: str, font: QFont, width: int) -> tuple[str, str]:
    """The words that have room in the first line, and those that are left."""
    layout = QTextLayout(text, font)
    layout.beginLayout()
    line = layout.createLine()
    line.setLineWidth(width)
    layout.endLayout()
    return text[: line.textLength()].rstrip(), text[line.textLength() :]


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
        self._option = QStyleOptionViewItem()
        self.setModel(model)
        self.setItemDelegate(QueueDelegate(self))
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDropIndicatorShown(True)
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

    def entered_on(self, index: QModelIndex) -> None:
        self._act_on(index, "open", "watch", "retry", "again")

    def dataChanged(self, first: Index, last: Index, roles: Sequence[int] = ()) -> None:
        super().dataChanged(first, last, roles)
        delegate = self.itemDelegate()
        if delegate.sizeHint(self._option, first).height() != self.visualRect(first).height():
            self.scheduleDelayedItemsLayout()

    def startDrag(self, actions: Qt.DropAction) -> None:
        """A finished row goes out as a copy of its files, never as the files themselves; others change their place."""
        goes_out = any(self.rows.files_of(key) for key in self.keys())
        super().startDrag(Qt.DropAction.CopyAction if goes_out else Qt.DropAction.MoveAction)

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

    def acts_of_selection(self) -> set[str]:
        """All that can be done with any of the selected rows."""
        return {name for index in self.selectedIndexes() for name in self.rows.at(index.row()).actions}

    def _acts_of(self, key: str) -> tuple[str, ...]:
        row = self.rows.row_of(key)
        return self.rows.at(row).actions if row >= 0 else ()

    def viewportEvent(self, event: QEvent) -> bool:
        name = self._act_under(event.pos())[1] if isinstance(event, QHelpEvent) else ""
        if name and isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), tip(ACTS[name][1]), self)
            return True
        return super().viewportEvent(event)
