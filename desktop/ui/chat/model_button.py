"""The model of the next message: a quiet button that opens a list with search, context, price and days left."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.core.text import folded, visible
from desktop.ui import icons, theme
from desktop.ui.widgets.labels import plain_label

Index = QModelIndex | QPersistentModelIndex

ROWS_SHOWN = 8

NAME = Qt.ItemDataRole.UserRole + 1
DETAIL = Qt.ItemDataRole.UserRole + 2
WARNING = Qt.ItemDataRole.UserRole + 3


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """One row: `detail` is context and price in words, `warning` the days left where they are few."""

    name: str
    detail: str = ""
    warning: str = ""


class ModelChoices(QAbstractListModel):
    """The choices that match the search; a name nobody listed can be typed and is offered as it is."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: list[ModelChoice] = []
        self._shown: list[ModelChoice] = []
        self._search = ""

    def set_choices(self, choices: list[ModelChoice]) -> None:
        self._all = choices
        self.search(self._search)

    def search(self, text: str) -> None:
        """Keep the names that contain every word; exact ones first."""
        self.beginResetModel()
        self._search = text
        words = folded(text).split()
        self._shown = [c for c in self._all if all(word in folded(c.name) for word in words)]
        typed = text.strip()
        if typed and typed not in (c.name for c in self._all):
            self._shown.append(ModelChoice(typed, "Use this name as it is"))
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        choice = self._shown[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, NAME):
            return choice.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(piece for piece in (choice.name, choice.detail, choice.warning) if piece)
        return {DETAIL: choice.detail, WARNING: choice.warning}.get(role)

    def row_of(self, name: str) -> int:
        return next((number for number, choice in enumerate(self._shown) if choice.name == name), -1)


class _Rows(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, theme.current().px(44))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look = theme.current()
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, look.color("selection"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, look.color("hover"))
        inner = option.rect.adjusted(look.px(12), look.px(4), -look.px(12), -look.px(4))
        top = inner.adjusted(0, 0, 0, -inner.height() // 2)
        below = inner.adjusted(0, inner.height() // 2, 0, 0)
        self._line(painter, top, "body", "text", visible(str(index.data(NAME))))
        warning = str(index.data(WARNING) or "")
        self._line(painter, below, "caption", "muted", str(index.data(DETAIL) or ""))
        if warning:
            painter.setFont(look.font("caption"))
            painter.setPen(look.color("warn"))
            painter.drawText(top, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, warning)
        painter.restore()

    def _line(self, painter: QPainter, rect: QRect, font: str, tone: str, text: str) -> None:
        look = theme.current()
        painter.setFont(look.font(font))
        painter.setPen(look.color(tone))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)


class ModelPopup(QFrame):
    """The list under its search field. Arrow keys move while one types, Enter takes, Esc leaves."""

    chosen = Signal(str)

    def __init__(self, choices: ModelChoices, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        theme.style_as(self, "popover")
        self.setObjectName("chat.model-list")
        self.setAccessibleName("Models")
        self._choices = choices
        column = QVBoxLayout(self)
        self.search = QLineEdit(self, placeholderText="Search models, or type a name")
        self.search.setObjectName("chat.model-search")
        self.search.setAccessibleName("Search models")
        self.view = QListView(self)
        self.view.setObjectName("chat.model-choices")
        self.view.setAccessibleName("Models")
        self.view.setModel(choices)
        self.view.setItemDelegate(_Rows(self.view))
        self.view.setUniformItemSizes(True)
        self.view.setMouseTracking(True)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.foot = plain_label("", "caption", self, wrap=True)
        column.addWidget(self.search)
        column.addWidget(self.view)
        column.addWidget(self.foot)
        self.search.textChanged.connect(self._search)
        self.search.installEventFilter(self)
        self.view.clicked.connect(self._take)

    def open_at(self, place: QPoint, current: str) -> None:
        """Show above `place` (the button's upper left corner, in screen coordinates)."""
        look = theme.current()
        self.layout().setContentsMargins(look.gap(8), look.gap(8), look.gap(8), look.gap(8))
        self.layout().setSpacing(look.gap(8))
        self.search.clear()
        self._choices.search("")
        rows = max(2, min(ROWS_SHOWN, self._choices.rowCount()))
        self.view.setFixedHeight(rows * look.px(44))
        self.setFixedWidth(look.px(400))
        self.adjustSize()
        self.view.setCurrentIndex(self._choices.index(max(0, self._choices.row_of(current))))
        self.move(place - QPoint(0, self.height() + look.gap(4)))
        self.show()
        self.search.setFocus()

    def _search(self, text: str) -> None:
        self._choices.search(text)
        self.view.setCurrentIndex(self._choices.index(0))

    def _take(self, index: QModelIndex) -> None:
        if index.isValid():
            self.hide()
            self.chosen.emit(index.data(NAME))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
        if step := steps.get(Qt.Key(event.key())):
            row = self.view.currentIndex().row() + step
            self.view.setCurrentIndex(self._choices.index(max(0, min(row, self._choices.rowCount() - 1))))
            return True
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take(self.view.currentIndex())
            return True
        return False


class ModelButton(QToolButton):
    """Shows the chosen model; `picked` when another one is taken."""

    picked = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("chat.model")
        self.setAccessibleName("Model")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the arrow stands behind the name
        icons.put(self, "down")
        self.choices = ModelChoices(self)
        self.popup: ModelPopup | None = None
        self.model = ""
        self.foot = ""
        self.set_model("")
        self.clicked.connect(self.open)
        theme.current().changed.connect(self._show)  # its width follows the text's scale

    def set_model(self, model: str) -> None:
        self.model = model
        self._show()

    def _show(self) -> None:
        metrics = self.fontMetrics()
        shown = metrics.elidedText(visible(self.model), Qt.TextElideMode.ElideMiddle, theme.current().px(280))
        self.setText((shown or "Choose a model").replace("&", "&&"))
        self.setAccessibleDescription(self.model or "none chosen")

    def open(self) -> None:
        if self.popup is None:
            self.popup = ModelPopup(self.choices, self)
            self.popup.chosen.connect(self._take)
        self.popup.foot.setText(self.foot)
        self.popup.foot.setVisible(bool(self.foot))
        self.popup.open_at(self.mapToGlobal(QPoint(0, 0)), self.model)

    def _take(self, model: str) -> None:
        if model != self.model:
            self.set_model(model)
            self.picked.emit(model)
