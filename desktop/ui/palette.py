"""The palette: every action of the window, found by a few letters of its name."""

from __future__ import annotations

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from desktop.core.text import folded
from desktop.ui import theme

KEYS = Qt.ItemDataRole.UserRole + 1
Index = QModelIndex | QPersistentModelIndex


def rank(wanted: str, text: str) -> float | None:
    """How well a text answers what was typed, smaller is better; None where its letters are not all there in order.

    Beginnings of words count most, letters that follow one another more than scattered ones.
    """
    wanted, text = folded(wanted), folded(text)
    if not wanted.strip():
        return 0.0
    at, cost, last = -1, 0.0, -1
    for letter in wanted.replace(" ", ""):
        begins = next((i for i in range(at + 1, len(text)) if text[i] == letter and _begins(text, i)), -1)
        plain = text.find(letter, at + 1)
        if plain < 0:
            return None
        at = plain if plain == last + 1 or begins < 0 else begins
        cost += 0 if at == last + 1 else (1 if _begins(text, at) else 3)
        last = at
    return cost + len(text) / 1000


def _begins(text: str, at: int) -> bool:
    return at == 0 or not text[at - 1].isalnum()


class Found(QAbstractListModel):
    """Actions as rows: their text, their keys, their icon."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._all: list[QAction] = []
        self.actions: list[QAction] = []

    def offer(self, actions: list[QAction]) -> None:
        self._all = actions
        self.search("")

    def search(self, wanted: str) -> None:
        ranked = [
            (cost, at) for at, action in enumerate(self._all) if (cost := rank(wanted, action.text())) is not None
        ]
        if wanted.strip():
            ranked.sort()
        self.beginResetModel()
        self.actions = [self._all[at] for _, at in ranked]
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.actions)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        action = self.actions[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return action.text()
            case Qt.ItemDataRole.DecorationRole:
                return action.icon()
            case _ if role == KEYS:
                return action.shortcut().toString(action.shortcut().SequenceFormat.NativeText)
        return None


class Row(QStyledItemDelegate):
    """A row with its keys at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> object:
        size = super().sizeHint(option, index)
        size.setHeight(theme.current().px(36))
        return size

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        look = theme.current()
        painter.save()
        painter.setFont(look.font("caption"))
        painter.setPen(look.color("muted"))
        box = option.rect.adjusted(0, 0, -look.gap(12), 0)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, index.data(KEYS) or "")
        painter.restore()

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        option.state &= ~QStyle.StateFlag.State_HasFocus
        option.palette.setColor(QPalette.ColorRole.HighlightedText, theme.current().color("text"))


class Palette(QFrame):
    """A field over a list, in front of the window. Enter does the marked action, Escape goes back."""

    left = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("palette")
        self.setAccessibleName("Commands")
        theme.style_as(self, "popover")
        self.found = Found(self)
        column = QVBoxLayout(self)
        self.field = QLineEdit(self)
        self.field.setObjectName("palette.search")
        self.field.setAccessibleName("Find a command")
        self.field.setPlaceholderText("What do you want to do?")
        self.list = QListView(self)
        self.list.setObjectName("palette.list")
        self.list.setAccessibleName("Commands found")
        self.list.setModel(self.found)
        self.list.setItemDelegate(Row(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        column.addWidget(self.field)
        column.addWidget(self.list)
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        self.list.clicked.connect(self._do)
        self.hide()

    def open(self, actions: list[QAction]) -> None:
        look = theme.current()
        self.layout().setContentsMargins(look.gap(8), look.gap(8), look.gap(8), look.gap(8))
        self.layout().setSpacing(look.gap(8))
        self.list.setIconSize(QSize(look.size("icon"), look.size("icon")))
        self.found.offer(actions)
        self.field.clear()
        self._mark(0)
        self.place()
        self.show()
        self.raise_()
        self.field.setFocus()

    def place(self) -> None:
        """In the middle, a little below the top of the window."""
        look, window = theme.current(), self.parentWidget()
        width = min(look.px(520), window.width() - look.px(32))
        height = min(look.px(420), window.height() - look.px(96))
        self.setGeometry((window.width() - width) // 2, look.px(48), width, height)

    def leave(self) -> None:
        if self.isVisible():
            self.hide()
            self.left.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field:
            if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
                return self._key(Qt.Key(event.key()))
            if event.type() == QEvent.Type.FocusOut:
                self.leave()
        return False

    def _key(self, key: Qt.Key) -> bool:
        row = self.list.currentIndex().row()
        match key:
            case Qt.Key.Key_Down:
                self._mark(row + 1)
            case Qt.Key.Key_Up:
                self._mark(row - 1)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._do(self.list.currentIndex())
            case Qt.Key.Key_Escape:
                self.leave()
            case _:
                return False
        return True

    def _search(self, text: str) -> None:
        self.found.search(text)
        self._mark(0)

    def _mark(self, row: int) -> None:
        if count := self.found.rowCount():
            self.list.setCurrentIndex(self.found.index(row % count))

    def _do(self, index: Index) -> None:
        if index.isValid():
            action = self.found.actions[index.row()]
            self.leave()
            action.trigger()
