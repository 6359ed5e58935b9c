"""The list of segments: thousands of rows of any height, edited in place, following what plays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop.core.subtitles.rules import words_of
from desktop.core.transcript import Segment
from desktop.core.transcript_edits import Match
from desktop.ui import theme
from desktop.ui.transcription.editor import segment_paint
from desktop.ui.transcription.editor.segment_paint import Mark, Row
from desktop.ui.transcription.editor.segments_model import COLOR, ID, SECOND, SIGNS, SPEAKER, WAS, SegmentsModel
from desktop.ui.transcription.editor.state import spans
from desktop.ui.transcription.editor.text_field import TextField

Index = QModelIndex | QPersistentModelIndex


class _InPlace(QStyledItemDelegate):
    """Makes the field for the words of a row, and leaves its keys alone."""

    def __init__(self, view: SegmentList) -> None:
        super().__init__(view)
        self._view = view
        self.role: int = Qt.ItemDataRole.EditRole
        self.cursor_at = -1

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        field = TextField(parent)
        role, kept = self.role, QPersistentModelIndex(index)
        field.setPlainText(str(index.data(role) or ""))
        field.place(self.cursor_at)
        field.textChanged.connect(lambda: self._view.model().setData(kept, field.toPlainText(), role))
        field.asked.connect(self._view.asked_in_field)
        return field

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if isinstance(editor, TextField):
            editor.show_text(str(index.data(self.role) or ""))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if isinstance(editor, TextField):
            model.setData(index, editor.toPlainText(), self.role)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        text, second = self._view.text_rects(index.row())
        place = second if self.role == SECOND else text
        editor.setGeometry(place.adjusted(0, 0, 0, 4))

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.KeyPress:
            return False  # Tab, Enter and Esc are the field's own
        return super().eventFilter(editor, event)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, self._view.row_height(index.row()))


class SegmentList(QListView):
    """`sought` is a moment somebody clicked at, `asked` what a key in the field wants ("split", "next", ...) with the
    segment's id and the cursor, `menu_wanted` a place on the screen, `away` whether the reader scrolled off what
    plays. It is a list view for screen readers; places, painting and scrolling are its own."""

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
        self._heights = np.zeros(0, np.int32)
        self._is_exact = np.zeros(0, bool)
        self._tops = np.zeros(1, np.int64)
        self._playing, self._word = "", -1
        self._hits: Mapping[str, Sequence[Match]] = {}
        self._hit: Match | None = None
        self._hovered = -1
        self._edited = ""
        self._columns = "none"
        self.follows = True
        self._delegate = _InPlace(self)
        self.setItemDelegate(self._delegate)
        self.setUniformItemSizes(True)  # what the base class lays out is not used; it is not to measure each row
        self.setModel(model)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        model.rowsInserted.connect(self._inserted)
        model.rowsRemoved.connect(self._removed)
        model.modelReset.connect(self.measure)
        self.selectionModel().selectionChanged.connect(self.picked)
        theme.current().changed.connect(self.measure)
        self.measure()

    @property
    def rows(self) -> SegmentsModel:
        model = self.model()
        assert isinstance(model, SegmentsModel)
        return model

    # What is shown

    def set_columns(self, kind: str) -> None:
        """What stands beside the words: "none", "second" (the other language) or "was" (as it came)."""
        if kind != self._columns:
            self.finish_edit()
            self._columns = kind
            self.measure()

    def set_playing(self, id: str, word: int, *, is_playing: bool) -> None:
        """The segment and the word that are said now; followed unless the reader has scrolled away."""
        if (id, word) == (self._playing, self._word):
            return
        before, self._playing, self._word = self._playing, id, word
        for each in {before, id} - {""}:
            if (row := self.rows.row_of(each)) >= 0:
                self.viewport().update(self._rect(row))
        if id and id != before and is_playing and self.follows and not self.is_editing:
            self.show_row(self.rows.row_of(id))

    def set_hits(self, hits: Mapping[str, Sequence[Match]], present: Match | None) -> None:
        self._hits, self._hit = hits, present
        self.viewport().update()

    def follow(self) -> None:
        """Back to what plays."""
        self._set_follows(True)
        if (row := self.rows.row_of(self._playing)) >= 0:
            self.show_row(row)

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

    def select(self, id: str, *, show: bool = True) -> None:
        row = self.rows.row_of(id)
        if row >= 0:
            index = self.rows.index(row)
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            if show:
                self.scrollTo(index)

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
        if row < 0:
            return
        self.finish_edit()
        self.select(id)
        self._delegate.role = SECOND if in_second and self._columns == "second" else Qt.ItemDataRole.EditRole
        self._delegate.cursor_at = at
        self._edited = id
        self.edit(self.rows.index(row))
        self.viewport().update()

    def finish_edit(self) -> None:
        """End editing; all that was typed is kept already."""
        if (field := self.field) is not None:
            self.commitData(field)
            self.closeEditor(field, QStyledItemDelegate.EndEditHint.NoHint)
            self.setFocus()

    def closeEditor(self, editor: QWidget, hint: QStyledItemDelegate.EndEditHint) -> None:
        super().closeEditor(editor, QStyledItemDelegate.EndEditHint.NoHint)
        self._edited = ""
        self.viewport().update()

    def asked_in_field(self, wanted: str, at: int) -> None:
        if wanted == "play":
            self.play_wanted.emit()
        elif self._edited:
            self.asked.emit(wanted, self._edited, at)

    # Heights: exact for rows that were seen, about right for the others

    def measure(self) -> None:
        """Guess all heights again: the width, the font or the columns have changed."""
        held = self._held()
        count = self.rows.rowCount()
        self._heights = np.array([self._guess(self.rows.at(row)) for row in range(count)], np.int32)
        self._is_exact = np.zeros(count, bool)
        self._sum()
        self._hold(held)
        self.updateEditorGeometries()
        self.viewport().update()

    def _guess(self, segment: Segment) -> int:
        look = theme.current()
        wide = self.viewport().width()
        room = segment_paint.text_rects(QRect(0, 0, wide, 0), self._columns != "none")[0].width()
        longest = max(len(segment.text), len(segment.second) if self._columns == "second" else 0)
        metrics = self._metrics()
        lines = 1 + longest * metrics.averageCharWidth() // max(1, room)
        signs = look.px(segment_paint.SIGN_LINE) if segment.doubt else 0
        return max(
            look.px(segment_paint.LEAST), int(lines) * metrics.lineSpacing() + 2 * look.px(segment_paint.PAD) + signs
        )

    def _metrics(self) -> QFontMetrics:
        return QFontMetrics(theme.current().font("reading"))

    def row_height(self, row: int) -> int:
        if not self._is_exact[row]:
            segment = self.rows.at(row)
            signs = bool(self.rows.signs(segment))
            self._heights[row] = segment_paint.height(segment.text, self._beside(row), signs, self.viewport().width())
            self._is_exact[row] = True
        return int(self._heights[row])

    def _beside(self, row: int) -> str | None:
        if self._columns == "none":
            return None
        return str(self.rows.index(row).data(SECOND if self._columns == "second" else WAS) or "")

    def _sum(self) -> None:
        self._tops = np.concatenate(([0], np.cumsum(self._heights, dtype=np.int64)))
        self.updateGeometries()

    def _held(self) -> tuple[str, int]:
        """The segment at the top of the view and how far above its top begins."""
        row = self._row_at(self.verticalOffset())
        if not 0 <= row < min(self.rows.rowCount(), len(self._tops) - 1) or not self.verticalOffset():
            return "", 0
        return self.rows.at(row).id, self.verticalOffset() - int(self._tops[row])

    def _hold(self, held: tuple[str, int]) -> None:
        row = self.rows.row_of(held[0])
        if 0 <= row < len(self._tops) - 1:
            self.verticalScrollBar().setValue(int(self._tops[row]) + held[1])

    def _make_exact(self) -> None:
        """Measure what is in view; the row at the top stays where it is."""
        for _ in range(3):
            first, last = self._in_view()
            rows = [row for row in range(first, last) if not self._is_exact[row]]
            if not rows:
                return
            held = self._held()
            for row in rows:
                self.row_height(row)
            self._sum()
            self._hold(held)

    def _in_view(self) -> tuple[int, int]:
        top = self.verticalOffset()
        first = self._row_at(top)
        last = self._row_at(top + self.viewport().height())
        return max(0, first), min(self.rows.rowCount(), last + 1)

    def _row_at(self, y: int) -> int:
        return int(np.searchsorted(self._tops, y, "right")) - 1

    def _rect(self, row: int) -> QRect:
        top = int(self._tops[row]) - self.verticalOffset()
        return QRect(0, top, self.viewport().width(), int(self._heights[row]))

    def text_rects(self, row: int) -> tuple[QRect, QRect]:
        rect = self._rect(row)
        if self.rows.signs(self.rows.at(row)):
            rect.adjust(0, 0, 0, -theme.current().px(segment_paint.SIGN_LINE))
        return segment_paint.text_rects(rect, self._columns != "none")

    def show_row(self, row: int) -> None:
        """Bring a row into the upper half of the view."""
        if 0 <= row < self.rows.rowCount():
            rect = self._rect(row)
            port = self.viewport().height()
            if rect.top() < 0 or rect.bottom() > port * 0.8:
                self.verticalScrollBar().setValue(int(self._tops[row]) - port // 3)
                self._make_exact()

    # Changes of the model, past the layout of the base class

    def rowsInserted(self, parent: Index, first: int, last: int) -> None:
        QAbstractItemView.rowsInserted(self, parent, first, last)

    def doItemsLayout(self) -> None:
        QAbstractItemView.doItemsLayout(self)

    def dataChanged(self, first: Index, last: Index, roles: Sequence[int] = ()) -> None:
        QAbstractItemView.dataChanged(self, first, last, roles)
        if not first.isValid() or last.row() >= len(self._heights):
            return
        rows = slice(first.row(), last.row() + 1)
        held = self._held()
        self._is_exact[rows] = False
        if last.row() - first.row() < 200:
            before = self._heights[rows].copy()
            for row in range(first.row(), last.row() + 1):
                self.row_height(row)
            if not (before == self._heights[rows]).all():
                self._sum()
                self._hold(held)
                self.updateEditorGeometries()
        self.viewport().update()

    def _inserted(self, parent: QModelIndex, first: int, last: int) -> None:
        made = [self._guess(self.rows.at(row)) for row in range(first, last + 1)]
        self._heights = np.insert(self._heights, first, made)
        self._is_exact = np.insert(self._is_exact, first, [False] * len(made))
        self._resized()

    def _removed(self, parent: QModelIndex, first: int, last: int) -> None:
        self._heights = np.delete(self._heights, slice(first, last + 1))
        self._is_exact = np.delete(self._is_exact, slice(first, last + 1))
        self._resized()

    def _resized(self) -> None:
        self._hovered = -1
        self._sum()
        self.updateEditorGeometries()
        self.viewport().update()

    # What Qt asks of a view

    def visualRect(self, index: Index) -> QRect:
        return self._rect(index.row()) if index.isValid() and index.row() < len(self._heights) else QRect()

    def indexAt(self, point: QPoint) -> QModelIndex:
        row = self._row_at(point.y() + self.verticalOffset())
        return self.rows.index(row) if 0 <= row < self.rows.rowCount() else QModelIndex()

    def scrollTo(
        self, index: Index, hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible
    ) -> None:
        if not index.isValid() or index.row() >= len(self._heights):
            return
        self.row_height(index.row())
        self._sum()
        rect, bar = self._rect(index.row()), self.verticalScrollBar()
        if rect.top() < 0:
            bar.setValue(bar.value() + rect.top())
        elif rect.bottom() > self.viewport().height():
            bar.setValue(bar.value() + min(rect.top(), rect.bottom() - self.viewport().height()))

    def horizontalOffset(self) -> int:
        return 0

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def isIndexHidden(self, index: Index) -> bool:
        return False

    def moveCursor(self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        count, row = self.rows.rowCount(), self.currentIndex().row()
        move = QAbstractItemView.CursorAction
        page = max(1, self._in_view()[1] - self._in_view()[0] - 1)
        by = {move.MoveUp: -1, move.MovePrevious: -1, move.MoveLeft: -1, move.MoveDown: 1, move.MoveNext: 1}
        by |= {move.MoveRight: 1, move.MovePageUp: -page, move.MovePageDown: page}
        by |= {move.MoveHome: -count, move.MoveEnd: count}
        return self.rows.index(min(max(0, row + by.get(action, 0)), count - 1)) if count else QModelIndex()

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        rect, offset = rect.normalized(), self.verticalOffset()
        count = self.rows.rowCount()
        first, last = self._row_at(rect.top() + offset), self._row_at(rect.bottom() + offset)
        if not count or first >= count:
            self.selectionModel().select(QItemSelection(), command)
            return
        top, bottom = self.rows.index(max(0, first)), self.rows.index(min(last, count - 1))
        self.selectionModel().select(QItemSelection(top, bottom), command)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        region = QRegion()
        for index in selection.indexes():
            region += self.visualRect(index)
        return region

    def updateGeometries(self) -> None:
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, int(self._tops[-1]) - self.viewport().height()))
        bar.setPageStep(max(1, self.viewport().height()))
        bar.setSingleStep(theme.current().px(24))
        QAbstractItemView.updateGeometries(self)  # the heights of a list view's own are not ours

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.scrollDirtyRegion(dx, dy)
        self.viewport().scroll(dx, dy)
        self.updateEditorGeometries()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        self._make_exact()
        painter = QPainter(self.viewport())
        first, last = self._in_view()
        chosen = self.selectionModel()
        line = theme.current().color("line")
        for number in range(first, last):
            rect = self._rect(number)
            if rect.intersects(event.rect()):
                segment_paint.paint(painter, rect, self._drawn(number, chosen))
                painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), line)

    def _drawn(self, number: int, chosen: QItemSelectionModel) -> Row:
        index = self.rows.index(number)
        segment = self.rows.at(number)
        marks, beside_marks = self._marks(segment)
        edited = ("second" if self._delegate.role == SECOND else "text") if segment.id == self._edited else ""
        return Row(
            segment,
            str(index.data(SPEAKER)),
            int(index.data(COLOR)),
            index.data(SIGNS),
            self._beside(number),
            self._columns == "was",
            marks,
            beside_marks if self._columns == "second" else (),
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

    # Keys and mouse

    def resizeEvent(self, event: QResizeEvent) -> None:
        QAbstractItemView.resizeEvent(self, event)
        if event.size().width() != event.oldSize().width():
            self.measure()
        else:
            self.updateGeometries()

    def wheelEvent(self, event: QWheelEvent) -> None:
        before = self.verticalOffset()
        super().wheelEvent(event)
        if self._playing and self.verticalOffset() != before:
            self._set_follows(False)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and not event.modifiers() & (
            Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        ):
            index = self.indexAt(event.position().toPoint())
            if index.isValid() and not self.is_editing:
                self._set_follows(True)
                self.sought.emit(self._moment(index.row(), event.position().toPoint()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        index = self.indexAt(point)
        if index.isValid():
            in_second = self._columns == "second" and self.text_rects(index.row())[1].left() <= point.x()
            self.edit_text(str(index.data(ID)), self._cursor(index.row(), point, in_second), in_second=in_second)

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
                if 0 <= each < len(self._heights):
                    self.viewport().update(self._rect(each))

    def _cursor(self, row: int, point: QPoint, in_second: bool = False) -> int:
        """The character of a row's words at a place."""
        segment, place = self.rows.at(row), self.text_rects(row)[int(in_second)]
        text = segment.second if in_second else segment.text
        layout, _ = segment_paint.laid_out(text, theme.current().font("reading"), place.width())
        for number in range(layout.lineCount()):
            line = layout.lineAt(number)
            if point.y() - place.top() < line.y() + line.height():
                return int(line.xToCursor(float(point.x() - place.left())))  # type: ignore[arg-type]
        return len(text)

    def _moment(self, row: int, point: QPoint) -> int:
        """Where to play from after a click: the word there, or the segment's beginning."""
        segment, (place, _) = self.rows.at(row), self.text_rects(row)
        if place.left() <= point.x() <= place.right():
            at = self._cursor(row, point)
            for number, (first, last) in enumerate(spans(segment.text)):
                if first <= at <= last:
                    return words_of(segment)[number].begins
        return segment.begins

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_wanted.emit(event.globalPos())

    def event(self, event: QEvent) -> bool:
        """Tab plays and pauses, before Qt takes it for a change of focus; Shift+Tab and F6 leave."""
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Tab:
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
        elif is_plain and event.text() and event.text().isprintable():
            event.ignore()  # a letter is no search here
        else:
            super().keyPressEvent(event)
