"""Asks for a folder, or for the tags of some conversations: a field that finds or makes, over a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import QLineEdit, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop.core.text import folded, visible
from desktop.ui import dialogs, icons, theme

Index = QModelIndex | QPersistentModelIndex

ROW, ROWS_SHOWN = 30, 9
KEY = Qt.ItemDataRole.UserRole + 1
NEW, ICON = KEY + 1, KEY + 2
ON, SOME, OFF = Qt.CheckState.Checked, Qt.CheckState.PartiallyChecked, Qt.CheckState.Unchecked


@dataclass(frozen=True, slots=True)
class Choice:
    """One row. `is_new` is what was typed and is made when it is taken; `state` is None where nothing is checked."""

    key: str
    text: str
    icon: str = ""
    is_new: bool = False
    state: Qt.CheckState | None = None


class ChoicesModel(QAbstractListModel):
    """The rows that have every word that was typed; then what was typed itself, where no row is called so."""

    def __init__(self, choices: Sequence[Choice], new: Choice, parent: QObject | None = None) -> None:
        """`new` is the pattern for a row that is to be made: its text has a {}."""
        super().__init__(parent)
        self._all, self._new = list(choices), new
        self._shown = list(self._all)

    def search(self, text: str) -> None:
        self.beginResetModel()
        words, typed = folded(text).split(), " ".join(text.split())
        self._shown = [each for each in self._all if all(word in folded(each.text) for word in words)]
        if typed and all(folded(each.text) != folded(typed) for each in self._all):
            self._shown.append(replace(self._new, key=typed, text=self._new.text.format(typed), is_new=True))
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        choice = self._shown[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return choice.text
        if role == Qt.ItemDataRole.CheckStateRole:
            return choice.state
        return {KEY: choice.key, NEW: choice.is_new, ICON: choice.icon}.get(role)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.isValid() else flags

    def toggle(self, index: Index) -> None:
        """Set or take off; a new one is made and set."""
        if not index.isValid():
            return
        choice = self._shown[index.row()]
        if choice.is_new:
            made = Choice(choice.key, choice.key, choice.icon, state=ON)
            self._all.insert(0, made)
            self._shown[index.row()] = made
        else:
            changed = replace(choice, state=OFF if choice.state is ON else ON)
            self._all[self._all.index(choice)] = self._shown[index.row()] = changed
        self.dataChanged.emit(index, index, [])

    def all(self) -> list[Choice]:
        return list(self._all)


class _Rows(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, theme.current().px(ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look = theme.current()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, look.color("selection"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, look.color("hover"))
        inner = option.rect.adjusted(look.px(8), 0, -look.px(8), 0)
        side = look.px(16)
        box = QRect(inner.left(), inner.center().y() - side // 2, side, side)
        state = index.data(Qt.ItemDataRole.CheckStateRole)
        if state is None or index.data(NEW):
            name = "plus" if index.data(NEW) else str(index.data(ICON))
            painter.drawPixmap(box, icons.pixmap(name, look.color("muted"), side))
        else:
            self._check(painter, box, Qt.CheckState(state))
        inner = inner.adjusted(side + look.px(8), 0, 0, 0)
        painter.setFont(look.font("body"))
        painter.setPen(look.color("text"))
        shown = painter.fontMetrics().elidedText(
            visible(str(index.data())), Qt.TextElideMode.ElideMiddle, inner.width()
        )
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()

    def _check(self, painter: QPainter, box: QRect, state: Qt.CheckState) -> None:
        look = theme.current()
        is_on = state is not OFF
        painter.setPen(look.color("accent" if is_on else "edge"))
        painter.setBrush(look.color("accent" if is_on else "card"))
        painter.drawRoundedRect(box, look.px(4), look.px(4))
        if is_on:
            mark = icons.pixmap("check" if state is ON else "minus", look.color("accent_text"), look.px(12))
            painter.drawPixmap(box.adjusted(look.px(2), look.px(2), -look.px(2), -look.px(2)), mark)


class Chooser(dialogs.Question):
    """The field has the focus; arrows move in the list. `is_many`: Space in the list and Enter in the field check."""

    def __init__(
        self, parent: QWidget | None, title: str, text: str, action_name: str, model: ChoicesModel, *, is_many: bool
    ) -> None:
        super().__init__(parent, title, text, action_name, is_danger=False)
        self._model, self._is_many = model, is_many
        self.confirm.setDefault(False)  # Enter belongs to the field
        model.setParent(self)
        self.field = QLineEdit(self, placeholderText="Find, or type a new name")
        self.field.setObjectName("library.choose-field")
        self.field.setAccessibleName("Find, or type a new name")
        self.view = QListView(self)
        self.view.setObjectName("library.choose-list")
        self.view.setAccessibleName("Choices")
        self.view.setModel(model)
        self.view.setItemDelegate(_Rows(self.view))
        self.view.setUniformItemSizes(True)
        self.view.setMouseTracking(True)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setFixedHeight(theme.current().px(ROW) * ROWS_SHOWN)
        self.column.addWidget(self.field)
        self.column.addWidget(self.view)
        self.finish()
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        self.view.installEventFilter(self)
        self.view.clicked.connect(self._clicked)
        self.view.doubleClicked.connect(lambda: None if is_many else self.accept())
        self.view.setCurrentIndex(model.index(0))
        self.field.setFocus()

    def chosen(self) -> Choice | None:
        index = self.view.currentIndex()
        if not index.isValid():
            return None
        return Choice(index.data(KEY), str(index.data()), is_new=bool(index.data(NEW)))

    def _search(self, text: str) -> None:
        self._model.search(text)
        self.view.setCurrentIndex(self._model.index(0))

    def _clicked(self, index: QModelIndex) -> None:
        if self._is_many:
            self._model.toggle(index)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            is_field = watched is self.field
            if self._key(event, is_field):
                return True
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent, is_field: bool) -> bool:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        if is_field and (step := steps.get(Qt.Key(event.key()))):
            row = self.view.currentIndex().row() + step
            self.view.setCurrentIndex(self._model.index(max(0, min(row, self._model.rowCount() - 1))))
            return True
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if self._is_many and (event.key() == Qt.Key.Key_Space and not is_field):
            self._model.toggle(self.view.currentIndex())
            return True
        if is_enter and self._is_many and is_field and self.field.text().strip():
            self._model.toggle(self.view.currentIndex())
            self.field.clear()
            return True
        if is_enter:
            self.accept()
        return is_enter


async def ask_folder(parent: QWidget | None, text: str, folders: Sequence[tuple[str, str]]) -> Choice | None:
    """One of the folders (id, path), none (key ""), or a new one (`is_new`, its name as key); None where not given."""
    rows = [Choice("", "No folder", "close"), *(Choice(key, path, "folder") for key, path in folders)]
    model = ChoicesModel(rows, Choice("", "New folder “{}”", "folder"))
    dialog = Chooser(_window(parent), "Put in a folder", text, "Put in folder", model, is_many=False)
    return dialog.chosen() if await dialogs.finished(dialog) else None


async def ask_tags(
    parent: QWidget | None, text: str, tags: Sequence[tuple[str, Qt.CheckState]]
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Which tags to set and which to take off; None where nothing is to change."""
    rows = [Choice(name, name, "tag", state=state) for name, state in tags]
    model = ChoicesModel(rows, Choice("", "New tag “{}”", "tag", state=OFF))
    dialog = Chooser(_window(parent), "Tags", text, "Save tags", model, is_many=True)
    if not await dialogs.finished(dialog):
        return None
    before = dict(tags)
    after = {each.key: each.state for each in model.all()}
    add = tuple(key for key, state in after.items() if state is ON and before.get(key) is not ON)
    remove = tuple(key for key, state in after.items() if state is OFF and before.get(key, OFF) is not OFF)
    return (add, remove) if add or remove else None


def _window(parent: QWidget | None) -> QWidget | None:
    return parent.window() if parent is not None else None
