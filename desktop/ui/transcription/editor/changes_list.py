"""Proposed changes side by side: before and after, what differs marked, each taken or left out."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from desktop.ui import icons
from desktop.ui.transcription.editor.changes_model import AFTER, AT, BEFORE, COMPARED, ChangesModel
from desktop.ui.transcription.editor.differing import differing
from desktop.ui.transcription.editor.ink import ink
from desktop.ui.transcription.editor.segment_paint import laid_out

Index = QModelIndex | QPersistentModelIndex
CHECK, TIME, GAP, PAD = 32, 60, 16, 8
LEFT = CHECK + TIME
NOTHING = "Nothing"


class _Delegate(QStyledItemDelegate):
    def _columns(self, rect: QRect) -> tuple[QRect, QRect]:
        look = ink()
        left = rect.left() + look.px(LEFT)
        half = max(look.px(80), (rect.right() - left - look.px(GAP) * 2) // 2)
        top, high = rect.top() + look.px(PAD), rect.height() - 2 * look.px(PAD)
        return QRect(left, top, half, high), QRect(left + half + look.px(GAP), top, half, high)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        look, view = ink(), self.parent()
        wide = view.viewport().width() if isinstance(view, QListView) else option.rect.width()
        font = look.font("body")
        columns = self._columns(QRect(0, 0, wide, 0))
        high = max(
            laid_out(str(index.data(role)), font, place.width())[1]
            for role, place in zip((BEFORE, AFTER), columns, strict=True)
        )
        return QSize(200, max(look.size("row"), high + 2 * look.px(PAD)))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look, rect = ink(), QRect(option.rect)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, look.color("selection"))
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), look.color("line"))
        is_taken = index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
        self._check(painter, rect, is_taken)
        painter.setFont(look.font("caption"))
        painter.setPen(look.color("muted"))
        line = look.px(18)
        painter.drawText(
            QRect(rect.left() + look.px(CHECK), rect.top() + look.px(PAD), look.px(TIME), line),
            Qt.AlignmentFlag.AlignVCenter,
            str(index.data(AT)),
        )
        texts = (str(index.data(BEFORE)), str(index.data(AFTER)))
        font = look.font("body")
        tones = ("muted", "text") if is_taken else ("text", "disabled")
        found = differing(*texts) if index.data(COMPARED) and all(texts) else ([], [])
        for text, place, marks, tone in zip(texts, self._columns(rect), found, tones, strict=True):
            layout, _ = laid_out(text or NOTHING, font, place.width(), marks)
            painter.setPen(look.color(tone if text else "disabled"))
            layout.draw(painter, QPointF(place.topLeft()))
        painter.restore()

    def _check(self, painter: QPainter, rect: QRect, is_taken: bool) -> None:
        look, side = ink(), ink().px(18)
        box = QRect(rect.left() + look.px(8), rect.top() + look.px(PAD), side, side)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(look.color("accent" if is_taken else "edge"))
        painter.setBrush(look.color("accent" if is_taken else "card"))
        painter.drawRoundedRect(box, look.px(4), look.px(4))
        if is_taken:
            painter.drawPixmap(box, icons.pixmap("check", look.color("accent_text"), side))


class ChangesList(QListView):
    """A click on the box, or Space, takes a change or leaves it out. `resized` also when a scroll bar comes or goes."""

    resized = Signal()

    def __init__(self, model: ChangesModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("editor.changes")
        self.setAccessibleName("Proposed changes")
        self.setModel(model)
        self.setItemDelegate(_Delegate(self))
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setLayoutMode(QListView.LayoutMode.Batched)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()
        self.resized.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.position().x() < ink().px(CHECK):
            self._toggle(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and self.currentIndex().isValid():
            self._toggle(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def _toggle(self, index: QModelIndex) -> None:
        model = self.model()
        assert isinstance(model, ChangesModel)
        model.toggle(index.row())
