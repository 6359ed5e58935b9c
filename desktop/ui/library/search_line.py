"""The line that searches everything: results as one types, filters completed by keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter
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

from desktop.core.search_query import FILTERS
from desktop.core.text import visible
from desktop.ui import theme

if TYPE_CHECKING:
    from desktop.core.search_query import Completions

Index = QModelIndex | QPersistentModelIndex

PAUSE_MS = 60
ROW, ROWS_SHOWN, WIDTH = 28, 8, 420
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
DETAIL = Qt.ItemDataRole.UserRole + 1


class Choices(QAbstractListModel):
    """What can stand at the cursor, with what the filter is for."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._choices: tuple[str, ...] = ()

    def show(self, choices: tuple[str, ...]) -> None:
        self.beginResetModel()
        self._choices = choices
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._choices)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._choices):
            return None
        choice = self._choices[index.row()]
        detail = FILTERS.get(choice.strip("-:"), "") if choice.endswith(":") else ""
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return choice
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{choice} {detail}".strip()
        return detail if role == DETAIL else None


class _Rows(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, theme.current().px(ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look = theme.current()
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, look.color("selection"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, look.color("hover"))
        inner = option.rect.adjusted(look.px(12), 0, -look.px(12), 0)
        detail = str(index.data(DETAIL) or "")
        named = inner.adjusted(0, 0, look.px(80) - inner.width(), 0) if detail else inner
        for rect, font, tone, text in (
            (named, "body", "text", visible(str(index.data()))),
            (inner.adjusted(look.px(80), 0, 0, 0), "caption", "muted", detail),
        ):
            painter.setFont(look.font(font))
            painter.setPen(look.color(tone))
            shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
            painter.drawText(rect, LEFT, shown)
        painter.restore()


class Suggestions(QFrame):
    """The list under the line. It never takes the focus: the line hands it the keys."""

    taken = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        theme.style_as(self, "popover")
        self.setObjectName("library.suggestions")
        self.setAccessibleName("Suggestions")
        self.choices = Choices(self)
        self.view = QListView(self)
        self.view.setObjectName("library.suggestion-list")
        self.view.setAccessibleName("Suggestions")
        self.view.setModel(self.choices)
        self.view.setItemDelegate(_Rows(self.view))
        self.view.setUniformItemSizes(True)
        self.view.setMouseTracking(True)
        self.view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.clicked.connect(lambda index: self.taken.emit(index.data()))
        column = QVBoxLayout(self)
        column.addWidget(self.view)
        self.hide()

    def open_at(self, place: QPoint, width: int, choices: tuple[str, ...], *, is_first_chosen: bool) -> None:
        """Show below `place`, in the parent's coordinates."""
        look = theme.current()
        self.choices.show(choices)
        edge = look.gap(4)
        self.layout().setContentsMargins(edge, edge, edge, edge)
        self.view.setFixedHeight(min(ROWS_SHOWN, len(choices)) * look.px(ROW))
        self.setFixedWidth(min(width, look.px(WIDTH)))
        self.adjustSize()
        self.move(place)
        self.view.setCurrentIndex(self.choices.index(0) if is_first_chosen else QModelIndex())
        self.raise_()
        self.show()

    def step(self, by: int) -> None:
        rows = self.choices.rowCount()
        row = self.view.currentIndex().row()
        self.view.setCurrentIndex(self.choices.index((row + by) % rows if row >= 0 or by > 0 else rows - 1))

    def current(self) -> str:
        return str(self.view.currentIndex().data() or "")

    def first(self) -> str:
        return str(self.choices.index(0).data() or "")


class SearchLine(QLineEdit):
    """`searched` as one types, after a short pause; `asked` for what could stand at the cursor.

    The answer comes by `suggest`. Arrows move in the list, Tab and Enter take, Esc leaves; without a list Enter and
    Down say `left_down`, and Esc empties the line.
    """

    searched = Signal(str)
    asked = Signal(str, int)
    left_down = Signal()

    def __init__(self, parent: QWidget, over: QWidget) -> None:
        """`over` is what the suggestions lie on."""
        super().__init__(parent, placeholderText="Search everything", clearButtonEnabled=True)
        self.setObjectName("library.search")
        self.setAccessibleName("Search everything")
        self.setAccessibleDescription("Words, “phrases”, and filters such as model: before: tag: has:")
        self.setAcceptDrops(False)  # a file that is let go here is for the page
        self._over = over
        self._asked_for = ("", 0)
        self._is_explicit = False
        self._span = (0, 0)
        self.suggestions = Suggestions(over)
        self.suggestions.taken.connect(self.take)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(lambda: self.searched.emit(self.text()))
        self.textChanged.connect(lambda: self._pause.start())
        self.textEdited.connect(lambda: self._ask())

    def search_now(self) -> None:
        """What is typed, without the pause."""
        if self._pause.isActive():
            self._pause.stop()
            self.searched.emit(self.text())

    def set_line(self, text: str) -> None:
        """A line that was not typed: a saved search, or none; it is searched by whoever sets it."""
        self.suggestions.hide()
        self.setText(text)
        self._pause.stop()

    def suggest(self, text: str, cursor: int, found: Completions) -> None:
        """The answer to `asked`; one that comes too late is dropped."""
        if (text, cursor) != (self.text(), self.cursorPosition()) or (text, cursor) != self._asked_for:
            return
        typed = text[found.start : found.end]
        if not found.choices or not (typed or self._is_explicit) or not self.hasFocus():
            self.suggestions.hide()
            return
        self._span = (found.start, found.end)
        place = self.mapTo(self._over, QPoint(0, self.height() + theme.current().gap(4)))
        is_filter = ":" in typed or self._is_explicit
        self.suggestions.open_at(place, self.width(), found.choices, is_first_chosen=is_filter)

    def take(self, choice: str) -> None:
        """Put a choice in the place of what was typed, and go on behind it."""
        start, end = self._span
        is_value = not choice.endswith(":")
        rest = self.text()[end:]
        gap = " " if is_value and not rest.startswith(" ") else ""
        self.suggestions.hide()
        self.setText(self.text()[:start] + choice + gap + rest)
        self.setCursorPosition(start + len(choice) + is_value)
        if not is_value:
            self._ask()

    def _ask(self, *, is_explicit: bool = False) -> None:
        self._is_explicit = is_explicit
        self._asked_for = (self.text(), self.cursorPosition())
        self.asked.emit(*self._asked_for)

    def event(self, event: QEvent) -> bool:
        """Tab takes a suggestion before it moves the focus."""
        if (
            event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Tab
            and self.suggestions.isVisible()
        ):
            self.take(self.suggestions.current() or self.suggestions.first())
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        handled = self._in_list(event) if self.suggestions.isVisible() else self._alone(event)
        if not handled:
            super().keyPressEvent(event)

    def _in_list(self, event: QKeyEvent) -> bool:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        if step := steps.get(Qt.Key(event.key())):
            self.suggestions.step(step)
        elif event.key() == Qt.Key.Key_Escape:
            self.suggestions.hide()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if chosen := self.suggestions.current():
                self.take(chosen)
            else:
                self.suggestions.hide()
                self.search_now()
                self.left_down.emit()
        else:
            return False
        return True

    def _alone(self, event: QKeyEvent) -> bool:
        is_control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down):
            self.search_now()
            self.left_down.emit()
        elif event.key() == Qt.Key.Key_Space and is_control:
            self._ask(is_explicit=True)
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            return False
        return True

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.suggestions.hide()
