"""Rows of two lines for what an import found, left out or did earlier: a model over values, and how it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop.core.text import visible
from desktop.ui import icons, theme
from desktop.ui.widgets.tooltip import tip

Index = QModelIndex | QPersistentModelIndex

DETAIL, TONE, RIGHT, ICON = (Qt.ItemDataRole.UserRole + at for at in range(1, 5))


@dataclass(frozen=True, slots=True)
class Line:
    """A row: `tone` is a colour of the theme for the detail, `right` stands at the end, `key` is what it is of."""

    title: str
    detail: str = ""
    right: str = ""
    tone: str = "muted"
    icon: str = ""
    key: str = ""


class LinesModel(QAbstractListModel):
    """Lines that are replaced as a whole: they are the answer to one question."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        self.beginResetModel()
        self._lines = tuple(lines)
        self.endResetModel()

    def at(self, row: int) -> Line:
        return self._lines[row]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._lines)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or not 0 <= index.row() < len(self._lines):
            return None
        line = self._lines[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return line.title
            case Qt.ItemDataRole.AccessibleTextRole:
                return ", ".join(each for each in (line.title, line.detail, line.right) if each)
            case Qt.ItemDataRole.ToolTipRole:
                return tip("\n".join(each for each in (line.title, line.detail, line.right) if each))
        named = {DETAIL: line.detail, TONE: line.tone, RIGHT: line.right, ICON: line.icon}
        return named.get(role)


def height(has_detail: bool) -> int:
    """Of a row, in pixels."""
    return theme.current().size("row") + theme.current().px(4) if has_detail else theme.current().px(32)


class _Drawn(QStyledItemDelegate):
    """Title over detail, an icon before them, a figure at the end. Text is drawn plain."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, height(bool(index.data(DETAIL))))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look, rect = theme.current(), QRect(option.rect)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, look.color("selection"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, look.color("hover"))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(look.color("accent"))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
        inner = rect.adjusted(look.px(8), look.px(4), -look.px(8), -look.px(4))
        if icon := str(index.data(ICON) or ""):
            side = look.px(18)
            picture = icons.pixmap(icon, look.color(str(index.data(TONE))), side)
            painter.drawPixmap(QRect(inner.left(), inner.center().y() - side // 2, side, side), picture)
            inner.setLeft(inner.left() + side + look.px(12))
        inner = self._right(painter, inner, str(index.data(RIGHT) or ""))
        self._lines(painter, inner, index)
        painter.restore()

    def _right(self, painter: QPainter, inner: QRect, text: str) -> QRect:
        look = theme.current()
        painter.setFont(look.font("figures"))
        painter.setPen(look.color("muted"))
        painter.drawText(inner, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        width = painter.fontMetrics().horizontalAdvance(text)
        return inner.adjusted(0, 0, -(width + look.px(12)) if text else 0, 0)

    def _lines(self, painter: QPainter, inner: QRect, index: Index) -> None:
        detail = str(index.data(DETAIL) or "")
        half = inner.height() // 2
        above = inner.adjusted(0, 0, 0, -half) if detail else inner
        self._text(painter, above, str(index.data()), "body", "text")
        if detail:
            self._text(painter, inner.adjusted(0, half, 0, 0), detail, "caption", str(index.data(TONE)))

    def _text(self, painter: QPainter, rect: QRect, text: str, font: str, tone: str) -> None:
        painter.setFont(theme.current().font(font))
        painter.setPen(theme.current().color(tone))
        shown = painter.fontMetrics().elidedText(visible(text), Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)


class Lines(QListView):
    """A list of lines, as tall as its rows up to a number of them."""

    def __init__(self, name: str, title: str, most: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.lines = LinesModel(self)
        self._most = most
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setModel(self.lines)
        self.setItemDelegate(_Drawn(self))
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.lines.modelReset.connect(self._measure)
        theme.current().changed.connect(self._measure)

    def show_lines(self, lines: Sequence[Line]) -> None:
        self.lines.show(lines)

    def _measure(self) -> None:
        rows = [self.lines.at(row) for row in range(min(self._most, self.lines.rowCount()))]
        self.setFixedHeight(sum(height(bool(line.detail)) for line in rows) + 2)
        self.doItemsLayout()
