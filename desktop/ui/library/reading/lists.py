"""The lists beside a conversation: its outline, its blocks of code, what goes with its messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QByteArray,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop.core.text import visible
from desktop.ui import theme
from desktop.ui.widgets.tooltip import tip

Index = QModelIndex | QPersistentModelIndex

_USER = Qt.ItemDataRole.UserRole
TEXT, DETAIL, LEVEL, IS_CURRENT, MESSAGE = range(_USER + 1, _USER + 6)
ROLES = {TEXT: b"text", DETAIL: b"detail", LEVEL: b"level", IS_CURRENT: b"current", MESSAGE: b"message"}
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Line:
    """One row. `level` 0 is the outermost; `value` is what the row stands for."""

    message: str
    text: str
    detail: str = ""
    level: int = 0
    value: object = None


class LinesModel(QAbstractListModel):
    """Rows in the order of the conversation; one of them may be the place that is read."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: tuple[Line, ...] = ()
        self.current = -1

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._lines)

    def roleNames(self) -> dict[int, QByteArray]:
        return {role: QByteArray(name) for role, name in ROLES.items()}

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._lines):
            return None
        line = self._lines[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, TEXT):
            return line.text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(said for said in (line.text, line.detail) if said)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(line.text)
        if role == IS_CURRENT:
            return index.row() == self.current
        return {DETAIL: line.detail, LEVEL: line.level, MESSAGE: line.message}.get(role)

    def line(self, row: int) -> Line:
        return self._lines[row]

    @property
    def lines(self) -> tuple[Line, ...]:
        return self._lines

    def replace(self, lines: Sequence[Line]) -> None:
        self.beginResetModel()
        self._lines, self.current = tuple(lines), -1
        self.endResetModel()

    def set_current(self, row: int) -> None:
        before, self.current = self.current, row
        for each in {before, row} - {-1}:
            if each != before or before != row:
                self.dataChanged.emit(self.index(each), self.index(each), [IS_CURRENT])


class LineDelegate(QStyledItemDelegate):
    """One line by its level, or two: the text, and under it the muted detail. All of it is drawn plain."""

    def __init__(self, parent: QObject, *, is_double: bool, is_code: bool = False) -> None:
        super().__init__(parent)
        self._is_double, self._is_code = is_double, is_code

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(80, theme.current().px(44 if self._is_double else 28))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look, rect = theme.current(), option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, look.color("selection"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, look.color("hover"))
        if index.data(IS_CURRENT):
            painter.fillRect(QRect(rect.left(), rect.top(), look.px(3), rect.height()), look.color("accent"))
        level = int(index.data(LEVEL) or 0)
        inner = rect.adjusted(look.px(16 + 12 * min(level, 4)), 0, -look.px(12), 0)
        if self._is_double:
            inner = inner.adjusted(0, look.px(5), 0, -look.px(5))
            half = inner.height() // 2
            self._words(painter, inner.adjusted(0, half, 0, 0), str(index.data(DETAIL) or ""), "muted", "caption")
            inner = inner.adjusted(0, 0, 0, -half)
        is_quiet = level > 0 and not index.data(IS_CURRENT)
        self._words(
            painter,
            inner,
            str(index.data(TEXT)),
            "muted" if is_quiet else "text",
            "mono" if self._is_code else "body",
            is_strong=bool(index.data(IS_CURRENT)),
        )
        painter.restore()

    def _words(
        self, painter: QPainter, rect: QRect, text: str, tone: str, font: str, *, is_strong: bool = False
    ) -> None:
        look = theme.current()
        painter.setFont(look.font(font, semibold=is_strong))
        painter.setPen(look.color(tone))
        shown = visible(text[:LONGEST])
        painter.drawText(rect, LEFT, painter.fontMetrics().elidedText(shown, Qt.TextElideMode.ElideRight, rect.width()))


class LinesView(QListView):
    """A list of lines; `chosen` by a click or Enter carries the row."""

    chosen = Signal(int)

    def __init__(
        self,
        name: str,
        words: str,
        model: LinesModel,
        parent: QWidget,
        *,
        rows_shown: int = 4,
        is_double: bool = False,
        is_code: bool = False,
    ) -> None:
        """At least `rows_shown` are seen, where there are so many; how rows look: see `LineDelegate`."""
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(words)
        self.setModel(model)
        self.setItemDelegate(LineDelegate(self, is_double=is_double, is_code=is_code))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.clicked.connect(lambda index: self.chosen.emit(index.row()))
        self._rows_shown = rows_shown
        model.modelReset.connect(self.fit)
        theme.current().changed.connect(self.fit)
        self.fit()

    def fit(self) -> None:
        """As high as its rows, and at least as high as a few of them."""
        rows = self.model().rowCount()
        high = self.sizeHintForRow(0) if rows else 0
        self.setMinimumHeight(min(rows, self._rows_shown) * high)
        self.setMaximumHeight(max(1, min(rows, 10_000) * high + 2))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.chosen.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    def bring(self, row: int) -> None:
        """Scroll the place that is read into view, unless the list is being used."""
        if row >= 0 and not self.hasFocus():
            self.scrollTo(self.model().index(row, 0))
