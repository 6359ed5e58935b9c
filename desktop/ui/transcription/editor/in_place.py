"""Makes the field for the words of a row, and leaves its keys alone."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop.ui.transcription.editor import segment_paint
from desktop.ui.transcription.editor.text_field import TextField

Index = QModelIndex | QPersistentModelIndex
BELOW = 4  # pixels that letters may reach below the last line


class InPlace(QStyledItemDelegate):
    """`place` gives the rectangle of a row's words of a role; `asked` hears the field's keys.

    `role` says which words are edited next, `cursor_at` before which character.
    """

    def __init__(self, place: Callable[[int, int], QRect], asked: Callable[[str, int], None], parent: QObject) -> None:
        super().__init__(parent)
        self._place, self._asked = place, asked
        self.role: int = Qt.ItemDataRole.EditRole
        self.cursor_at = -1

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        field = TextField(parent)
        role, kept = self.role, QPersistentModelIndex(index)
        field.setPlainText(str(index.data(role) or ""))
        field.put_cursor(self.cursor_at)
        model = index.model()
        field.textChanged.connect(lambda: model.setData(kept, field.text, role))  # type: ignore[arg-type]
        field.asked.connect(self._asked)
        return field

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if isinstance(editor, TextField):
            editor.show_text(str(index.data(self.role) or ""))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        """All that was typed is kept already: a look at the words is no change of them."""

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        lowered = segment_paint.lowered(editor.font())
        editor.setGeometry(self._place(index.row(), self.role).adjusted(0, -lowered, 0, BELOW))

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.KeyPress:
            return False  # Tab, Enter and Esc are the field's own
        return super().eventFilter(editor, event)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, 48)  # rows are measured by the list itself
