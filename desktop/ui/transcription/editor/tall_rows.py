"""A list view whose rows have heights of their own: where each stands, scrolling, and the cursor keys.

Qt's list view measures each row before it shows the first; here rows are measured as they come into view.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractItemModel,
    QItemSelection,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
)
from PySide6.QtGui import QRegion, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QWidget

from desktop.ui import theme
from desktop.ui.transcription.editor.row_heights import RowHeights

Index = QModelIndex | QPersistentModelIndex
MEASURED_AT_ONCE = 200  # rows that change together and are measured then; more wait until they are seen
ROUNDS = 3  # of measuring what is in view: exact rows are of other heights, so others come into view


class TallRows(QListView):
    """For screen readers it is a list view; places, painting and scrolling are its own.

    A subclass says the `exact_height` of a row and about how high rows are, and hears of rows that came or went.
    Before there is a model, Qt asks for places too; its own empty model must not be touched then: PySide would free it.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heights = RowHeights(self.exact_height)
        self.setUniformItemSizes(True)  # what the base class lays out is not used; it is not to measure each row
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def exact_height(self, row: int) -> int:
        raise NotImplementedError

    def guessed_heights(self, first: int, last: int) -> list[int]:
        """Of the rows from `first` up to `last`, without it."""
        raise NotImplementedError

    def rows_changed(self) -> None:
        """Rows came or went: their numbers are others now."""

    def set_rows(self, model: QAbstractItemModel) -> None:
        self.setModel(model)
        model.rowsInserted.connect(self._inserted)
        model.rowsRemoved.connect(self._removed)
        model.modelReset.connect(self.measure)
        self.measure()

    def measure(self) -> None:
        """Guess all heights again: the width, the font or the columns have changed."""
        held = self._held()
        self.heights.reset(self.guessed_heights(0, self.model().rowCount()))
        self._moved(held)

    # Where rows stand

    def row_rect(self, row: int) -> QRect:
        top = self.heights.top(row) - self.verticalOffset()
        return QRect(0, top, self.viewport().width(), self.heights.height(row))

    def in_view(self) -> tuple[int, int]:
        """The first row that is seen, and the first one below."""
        top = self.verticalOffset()
        last = self.heights.row_at(top + self.viewport().height())
        return max(0, self.heights.row_at(top)), min(len(self.heights), last + 1)

    def rows_in(self, rect: QRect) -> tuple[int, int] | None:
        """First and last row of a place in the view; None where no row is."""
        offset, count = self.verticalOffset(), len(self.heights)
        first, last = self.heights.row_at(rect.top() + offset), self.heights.row_at(rect.bottom() + offset)
        return (max(0, first), min(last, count - 1)) if count and first < count else None

    def show_row(self, row: int) -> None:
        """Bring a row into the upper half of the view."""
        if 0 <= row < len(self.heights):
            rect, port = self.row_rect(row), self.viewport().height()
            if rect.top() < 0 or rect.bottom() > port * 0.8:
                self.verticalScrollBar().setValue(self.heights.top(row) - port // 3)
                self.make_exact()

    def repaint_row(self, row: int) -> None:
        if 0 <= row < len(self.heights):
            self.viewport().update(self.row_rect(row))

    def make_exact(self) -> None:
        """Measure what is in view; the row at the top stays where it is."""
        for _ in range(ROUNDS):
            held = self._held()
            if not self.heights.measure(*self.in_view()):
                return
            self.updateGeometries()
            self._hold(held)

    def _held(self) -> tuple[QPersistentModelIndex, int]:
        """The row at the top of the view and how far above its top begins."""
        row = self.heights.row_at(self.verticalOffset())
        if not self.verticalOffset() or not 0 <= row < min(len(self.heights), self.model().rowCount()):
            return QPersistentModelIndex(), 0
        return QPersistentModelIndex(self.model().index(row, 0)), self.verticalOffset() - self.heights.top(row)

    def _hold(self, held: tuple[QPersistentModelIndex, int]) -> None:
        if held[0].isValid() and held[0].row() < len(self.heights):
            self.verticalScrollBar().setValue(self.heights.top(held[0].row()) + held[1])

    def _moved(self, held: tuple[QPersistentModelIndex, int] | None = None) -> None:
        """Rows stand in other places."""
        self.updateGeometries()
        if held is not None:
            self._hold(held)
        self.updateEditorGeometries()
        self.viewport().update()

    # Changes of the model, past the layout of the base class

    def rowsInserted(self, parent: Index, first: int, last: int) -> None:
        QAbstractItemView.rowsInserted(self, parent, first, last)

    def doItemsLayout(self) -> None:
        QAbstractItemView.doItemsLayout(self)

    def dataChanged(self, first: Index, last: Index, roles: Sequence[int] = ()) -> None:
        QAbstractItemView.dataChanged(self, first, last, roles)
        if not first.isValid() or last.row() >= len(self.heights):
            return
        held = self._held()
        self.heights.forget(first.row(), last.row())
        are_few = last.row() - first.row() < MEASURED_AT_ONCE
        if are_few and self.heights.measure(first.row(), last.row() + 1):
            self._moved(held)
        elif are_few:
            self.viewport().update(self.row_rect(first.row()).united(self.row_rect(last.row())))
        else:
            self.viewport().update()

    def _inserted(self, parent: QModelIndex, first: int, last: int) -> None:
        self.heights.insert(first, self.guessed_heights(first, last + 1))
        self.rows_changed()
        self._moved()

    def _removed(self, parent: QModelIndex, first: int, last: int) -> None:
        self.heights.remove(first, last)
        self.rows_changed()
        self._moved()

    # What Qt asks of a view

    def visualRect(self, index: Index) -> QRect:
        return self.row_rect(index.row()) if index.isValid() and index.row() < len(self.heights) else QRect()

    def indexAt(self, point: QPoint) -> QModelIndex:
        row = self.heights.row_at(point.y() + self.verticalOffset())
        return self.model().index(row, 0) if 0 <= row < len(self.heights) else QModelIndex()

    def scrollTo(
        self, index: Index, hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible
    ) -> None:
        if not index.isValid() or index.row() >= len(self.heights):
            return
        if self.heights.measure(index.row(), index.row() + 1):
            self.updateGeometries()
        rect, bar = self.row_rect(index.row()), self.verticalScrollBar()
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
        count, row = len(self.heights), self.currentIndex().row()
        move = QAbstractItemView.CursorAction
        first, last = self.in_view()
        page = max(1, last - first - 1)
        by = {move.MoveUp: -1, move.MovePrevious: -1, move.MoveLeft: -1, move.MoveDown: 1, move.MoveNext: 1}
        by |= {move.MoveRight: 1, move.MovePageUp: -page, move.MovePageDown: page}
        by |= {move.MoveHome: -count, move.MoveEnd: count}
        return self.model().index(min(max(0, row + by.get(action, 0)), count - 1), 0) if count else QModelIndex()

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        region = QRegion()
        for index in selection.indexes():
            region += self.visualRect(index)
        return region

    def updateGeometries(self) -> None:
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, self.heights.total - self.viewport().height()))
        bar.setPageStep(max(1, self.viewport().height()))
        bar.setSingleStep(theme.current().px(24))
        QAbstractItemView.updateGeometries(self)  # the heights of a list view's own are not ours

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.scrollDirtyRegion(dx, dy)
        self.viewport().scroll(dx, dy)
        self.updateEditorGeometries()

    def resizeEvent(self, event: QResizeEvent) -> None:
        QAbstractItemView.resizeEvent(self, event)
        if event.size().width() != event.oldSize().width():
            self.measure()
        else:
            self.updateGeometries()
