"""The list of segments: thousands of rows of any height, edited in place, following what plays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QStyledItemDelegate, QWidget

from desktop.core.transcript import Segment
from desktop.core.transcript_edits import Match
from desktop.ui import theme
from desktop.ui.transcription.editor import segment_paint
from desktop.ui.transcription.editor.differing import differing
from desktop.ui.transcription.editor.in_place import InPlace
from desktop.ui.transcription.editor.ink import ink
from desktop.ui.transcription.editor.segment_paint import Mark, Row
from desktop.ui.transcription.editor.segments_model import COLOR, ID, SECOND, SIGNS, SPEAKER, WAS, SegmentsModel
from desktop.ui.transcription.editor.state import moment_at
from desktop.ui.transcription.editor.tab_key import is_tab
from desktop.ui.transcription.editor.tall_rows import TallRows
from desktop.ui.transcription.editor.text_field import TextField

Index = QModelIndex | QPersistentModelIndex


class SegmentList(TallRows):
    """`sought` is a moment somebody clicked at, `asked` what a key in the field wants ("split", "next", ...) with the
    segment's id and the cursor, `menu_wanted` a place on the screen, `away` whether the reader scrolled off what
    plays."""

    sought = Signal(int)
    asked = Signal(str, str, int)
    play_wanted = Signal()
    menu_wanted = Signal(QPoint)
    picked = Signal()
    away = Signal(bool)

    def __init__(self, model: SegmentsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("editor.segments")
        self.setAccessibleName("Segments")
        self.rows = model
        self.columns = "none"
        self.follows = True
        self._playing, self._word = "", -1
        self._hits: Mapping[str, Sequence[Match]] = {}
        self._hit: Match | None = None
        self._hovered = -1
        self._edited = ""
        self._delegate = InPlace(self._place_of_field, self._asked_in_field, self)
        self.setItemDelegate(self._delegate)
        self.set_rows(model)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)
        self.selectionModel().selectionChanged.connect(self.picked)
        theme.current().changed.connect(self.measure)

    # What is shown

    def set_columns(self, kind: str) -> None:
        """What stands beside the words: "none", "second" (the other language) or "was" (as it came)."""
        if kind != self.columns:
            self.finish_edit()
            self.columns = kind
            self.measure()

    def set_playing(self, id: str, word: int, *, is_playing: bool) -> None:
        """The segment and the word that are said now; followed unless the reader has scrolled away."""
        if (id, word) == (self._playing, self._word):
            return
        before, self._playing, self._word = self._playing, id, word
        for each in {before, id} - {""}:
            self.repaint_row(self.rows.row_of(each))
        if id and id != before and is_playing and self.follows and not self.is_editing:
            self.show_row(self.rows.row_of(id))

    def set_hits(self, hits: Sequence[Match], present: Match | None) -> None:
        """What was found, and the hit that one is at."""
        by_segment: dict[str, list[Match]] = {}
        for hit in hits:
            by_segment.setdefault(hit.segment, []).append(hit)
        self._hits, self._hit = by_segment, present
        self.viewport().update()

    def follow(self) -> None:
        """Back to what plays."""
        self._set_follows(True)
        self.show_row(self.rows.row_of(self._playing))

    def _set_follows(self, follows: bool) -> None:
        if follows != self.follows:
            self.follows = follows
            self.away.emit(not follows)

    # Selection

    def selected(self) -> list[str]:
        """Ids from the top down."""
        rows = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        return [self.rows.at(row).id for row in rows]

    @property
    def current(self) -> str:
        index = self.currentIndex()
        return str(index.data(ID)) if index.isValid() else ""

    def select(self, id: str) -> None:
        row = self.rows.row_of(id)
        if row >= 0:
            index = self.rows.index(row)
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self.scrollTo(index)

    def keep_selected(self) -> None:
        """What keys mean is to be seen: where the selected rows are gone, the current one is selected."""
        if not self.selectionModel().hasSelection() and self.current:
            self.selectionModel().select(self.currentIndex(), QItemSelectionModel.SelectionFlag.Select)

    # Editing in place

    @property
    def is_editing(self) -> bool:
        return self.state() == QAbstractItemView.State.EditingState

    @property
    def field(self) -> TextField | None:
        found = self.viewport().findChildren(TextField) if self.is_editing else []
        return found[-1] if found else None

    def edit_text(self, id: str, at: int = -1, *, in_second: bool = False) -> None:
        """Edit the words of a segment, the cursor before the character `at`."""
        row = self.rows.row_of(id)
        if row < 0 or not self.rows.may_change():
            return
        self.finish_edit()
        self.select(id)
        self._delegate.role = SECOND if in_second and self.columns == "second" else Qt.ItemDataRole.EditRole
        self._delegate.cursor_at = at
        self._edited = id
        self.edit(self.rows.index(row))
        self.viewport().update()

    def finish_edit(self) -> None:
        """End editing; all that was typed is kept already."""
        if (field := self.field) is not None:
            self.closeEditor(field, QStyledItemDelegate.EndEditHint.NoHint)
            self.setFocus()

    def closeEditor(self, editor: QWidget, hint: QStyledItemDelegate.EndEditHint) -> None:
        super().closeEditor(editor, QStyledItemDelegate.EndEditHint.NoHint)
        self._edited = ""
        self.viewport().update()

    def _place_of_field(self, row: int, role: int) -> QRect:
        text, second = self.text_rects(row)
        return second if role == SECOND else text

    def _asked_in_field(self, wanted: str, at: int) -> None:
        if wanted == "play":
            self.play_wanted.emit()
        elif self._edited:
            self.asked.emit(wanted, self._edited, at)

    # Heights and places

    def guessed_heights(self, first: int, last: int) -> list[int]:
        is_second = self.columns == "second"
        some = [self.rows.at(row) for row in range(first, last)]
        longest = [max(len(each.text), len(each.second) if is_second else 0) for each in some]
        doubts = [bool(each.doubt) for each in some]
        return segment_paint.guessed(longest, doubts, self.columns != "none", self.viewport().width())

    def exact_height(self, row: int) -> int:
        segment = self.rows.at(row)
        signs = bool(self.rows.signs(segment))
        return segment_paint.height(segment.text, self.beside(row), signs, self.viewport().width())

    def beside(self, row: int) -> str | None:
        """The words of the second column; None where there is none."""
        if self.columns == "none":
            return None
        return str(self.rows.index(row).data(SECOND if self.columns == "second" else WAS) or "")

    def text_rects(self, row: int) -> tuple[QRect, QRect]:
        """Where the words and those of the second column stand."""
        rect = self.row_rect(row)
        if self.rows.signs(self.rows.at(row)):
            rect.adjust(0, 0, 0, -ink().px(segment_paint.SIGN_LINE))
        return segment_paint.text_rects(rect, self.columns != "none")

    def rows_changed(self) -> None:
        self._hovered = -1

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        self.make_exact()
        painter = QPainter(self.viewport())
        first, last = self.in_view()
        chosen = self.selectionModel()
        line = ink().color("line")
        for number in range(first, last):
            rect = self.row_rect(number)
            if rect.intersects(event.rect()):
                segment_paint.paint(painter, rect, self._drawn(number, chosen))
                painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), line)

    def _drawn(self, number: int, chosen: QItemSelectionModel) -> Row:
        index = self.rows.index(number)
        segment = self.rows.at(number)
        beside = self.beside(number)
        marks, beside_marks = self._marks(segment)
        if self.columns == "was":
            beside_marks, ours = differing(beside, segment.text) if beside else ([], [])
            marks = [*ours, *marks]
        edited = ("second" if self._delegate.role == SECOND else "text") if segment.id == self._edited else ""
        return Row(
            segment,
            str(index.data(SPEAKER)),
            int(index.data(COLOR)),
            index.data(SIGNS),
            beside,
            self.columns == "was",
            marks,
            () if beside is None else beside_marks,
            chosen.isSelected(index),
            number == self._hovered,
            segment.id == self._playing,
            self.hasFocus() and index.row() == self.currentIndex().row(),
            edited if self.is_editing else "",
        )

    def _marks(self, segment: Segment) -> tuple[list[Mark], list[Mark]]:
        text: list[Mark] = []
        second: list[Mark] = []
        for hit in self._hits.get(segment.id, ()):
            kind = "found" if hit == self._hit else "find"
            (second if hit.in_second else text).append((hit.first, hit.last, kind))
        if segment.id == self._playing:
            text += segment_paint.word_mark(segment, self._word)
        return text, second

    # Mouse

    def wheelEvent(self, event: QWheelEvent) -> None:
        before = self.verticalOffset()
        super().wheelEvent(event)
        if self._playing and self.verticalOffset() != before:
            self._set_follows(False)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        adds = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        if event.button() == Qt.MouseButton.LeftButton and not event.modifiers() & adds and not self.is_editing:
            point = event.position().toPoint()
            if (index := self.indexAt(point)).isValid():
                self._set_follows(True)
                self.sought.emit(self._moment(index.row(), point))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        index = self.indexAt(point)
        if index.isValid():
            segment, (first, second) = self.rows.at(index.row()), self.text_rects(index.row())
            in_second = self.columns == "second" and second.left() <= point.x()
            text, place = (segment.second, second) if in_second else (segment.text, first)
            self.edit_text(segment.id, segment_paint.character_at(text, place, point), in_second=in_second)

    def _moment(self, row: int, point: QPoint) -> int:
        """Where to play from after a click: the word there, or the segment's beginning."""
        segment, (place, _) = self.rows.at(row), self.text_rects(row)
        if place.left() <= point.x() <= place.right():
            return moment_at(segment, segment_paint.character_at(segment.text, place, point))
        return segment.begins

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._hover(self.indexAt(event.position().toPoint()).row())

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(-1)

    def _hover(self, row: int) -> None:
        if row != self._hovered:
            before, self._hovered = self._hovered, row
            for each in (before, row):
                self.repaint_row(each)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_wanted.emit(event.globalPos())

    # Keys

    def event(self, event: QEvent) -> bool:
        if is_tab(event):
            self.play_wanted.emit()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        is_plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if key == Qt.Key.Key_Space and is_plain:
            self.play_wanted.emit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2) and is_plain:
            self.edit_text(self.current)
        elif is_plain and Qt.Key.Key_0 <= key <= Qt.Key.Key_9:
            self.asked.emit("speaker", self.current, key - Qt.Key.Key_0)
        elif is_plain and key == Qt.Key.Key_Delete:
            self.asked.emit("delete", self.current, 0)
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.asked.emit("copy", self.current, 0)
        elif is_plain and event.text() and event.text().isprintable():
            event.ignore()  # a letter is no search here
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateEditorGeometries()

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        rows = self.rows_in(rect.normalized())
        chosen = QItemSelection() if rows is None else QItemSelection(*map(self.rows.index, rows))
        self.selectionModel().select(chosen, command)
