"""Which part of a transcript is in the window, and how that stays where it is while heights above it change."""

from __future__ import annotations

import time
from collections.abc import Iterator

from PySide6.QtCore import QPoint, QPointF, QRect, QSize
from PySide6.QtWidgets import QWidget

from desktop.ui.widgets.transcript_block import Block
from desktop.ui.widgets.transcript_ink import Ink
from desktop.ui.widgets.transcript_lazy import LazyRows
from desktop.ui.widgets.transcript_rows import NOWHERE, Row

READING_S = 0.012
"""How long one layout may read new text; the rest follows in small pieces."""
MOST_PASSES = 16
"""Layouts that each change heights, before what there is is shown all the same."""

Place = tuple[int, int, int]
"""(row, block, character)"""
Held = tuple[int, int, int]
"""(row, block or -1, px from its top): what stands at the top of the window"""


class Sight:
    """The window over the rows. `top` is what stands at its upper edge, in px from the first row's.

    While it `sticks` it stays at the end, however much is added there.
    """

    def __init__(self, ink: Ink, viewport: QWidget) -> None:
        self.rows = LazyRows(ink, lambda: self.column)
        self.top = 0
        self.sticks = True
        self.is_unlike = False
        """Something above the last row looks different from what is on the screen."""
        self._viewport = viewport

    # Measures

    @property
    def page(self) -> int:
        return self._viewport.height()

    @property
    def column(self) -> int:
        ink = self.rows.ink
        return max(ink.px(160), min(ink.column, self._viewport.width() - 2 * ink.px(16)))

    @property
    def left(self) -> int:
        return max(0, (self._viewport.width() - self.column) // 2)

    @property
    def farthest(self) -> int:
        """The lowest place that `top` can have; under the last row is some room."""
        whole = self.rows.heights.total + self.rows.ink.px(24) if len(self.rows) else 0
        return max(0, whole - self.page)

    def y_of(self, at: int) -> int:
        """Where a row begins, in px from the window's upper edge."""
        return self.rows.heights.top(at) - self.top

    def first_row(self) -> int:
        """The row that is read at the top of the window."""
        return self.rows.heights.row_at(self.top + self.rows.ink.px(32))

    # Staying and moving

    def go_to(self, top: float) -> None:
        self.top = max(0, min(int(top), self.farthest))

    def follow_bar(self, value: int) -> None:
        """The user scrolled."""
        self.top = value
        self.sticks = value >= self.farthest - self.rows.ink.px(4)

    def settle(self) -> None:
        """Lay out what is in view, without moving what the reader sees."""
        until = time.perf_counter() + READING_S
        for _ in range(MOST_PASSES):
            if self.sticks:
                self.top = self.farthest
            held, began = self.hold(), self.top
            has_changed = self._lay_out(until)
            self.keep(held)
            if not has_changed or (self.sticks and began <= self.top <= began + self.page):
                return

    def hold(self) -> Held:
        rows = self.rows
        if not len(rows):
            return 0, -1, 0
        at = rows.heights.row_at(self.top)
        inside = self.top - rows.heights.top(at)
        row = rows.made.get(at)
        if row is None or not row.tops or inside < row.tops[0]:
            return at, -1, inside
        block = row.block_at(inside)
        return at, block, inside - row.tops[block] if block >= 0 else inside

    def keep(self, held: Held) -> None:
        """Put what was held where it stood; at the end that is the end."""
        self.top = self.farthest if self.sticks else self._back_to(held)

    def _back_to(self, held: Held) -> int:
        at, block, inside = held
        if at >= len(self.rows):
            return min(self.top, self.farthest)
        y = self.rows.heights.top(at)
        row = self.rows.made.get(at)
        if block >= 0 and row is not None and block < len(row.tops):
            y += row.tops[block]
        return max(0, min(y + inside, self.farthest))

    def _lay_out(self, until: float) -> bool:
        """True where a height changed. At the end, what grows there may do so by a page."""
        rows = self.rows
        if not len(rows):
            return False
        bottom = self.top + self.page * (2 if self.sticks else 1)
        at = rows.heights.row_at(self.top)
        y = rows.heights.top(at)
        has_changed = False
        while at < len(rows) and y < bottom:
            has_changed |= self._lay_out_row(at, self.top - y, bottom - y, until)
            y += rows.heights[at]
            at += 1
        return has_changed

    def _lay_out_row(self, at: int, top: float, bottom: float, until: float) -> bool:
        row = self.rows.row(at)
        if row is None:
            return False
        row.is_followed = self.sticks
        is_last = at == len(self.rows) - 1
        if not is_last:
            row.changed_y = NOWHERE
        row.lay_out(self.column, top, bottom, until=until)
        self.is_unlike |= not is_last and row.changed_y < NOWHERE
        return self.rows.take_height(at, row)

    # What is where

    def rows_in_view(self) -> Iterator[tuple[int, Row, int]]:
        """(number, row, top in the window's px) of the rows that are made."""
        for at in self.rows.between(self.top, self.top + self.page):
            if (row := self.rows.made.get(at)) is not None:
                yield at, row, self.y_of(at)

    def blocks_in_view(self) -> Iterator[tuple[Block, int, int]]:
        """(block, top, bottom) in the window's px."""
        for _, row, y in self.rows_in_view():
            for each in row.between(-y, self.page - y) if row.tops else ():
                yield row.blocks[each], y + row.tops[each], y + row.tops[each + 1]

    def repaint_blocks(self, is_meant: object) -> None:
        """Draw a block again wherever it is in view."""
        for block, top, bottom in self.blocks_in_view():
            if block is is_meant:
                self._viewport.update(QRect(0, top, self._viewport.width(), bottom - top))

    def row_at(self, y: float) -> int:
        """The row at a place of the window; -1 where there is none."""
        y += self.top
        return self.rows.heights.row_at(y) if 0 <= y < self.rows.heights.total else -1

    def place_at(self, spot: QPointF) -> Place:
        """The nearest place of the text."""
        rows = self.rows
        if not len(rows):
            return 0, 0, 0
        at = rows.heights.row_at(spot.y() + self.top)
        row = rows.row(at)
        if row is None or not row.width:
            return at, 0, 0
        return (at, *row.hit(spot.x() - self.left, spot.y() - self.y_of(at)))

    def inside(self, spot: QPointF) -> tuple[Block, float, float] | None:
        """The block that is truly at a point, and the point inside it."""
        at = self.row_at(spot.y())
        row = self.rows.made.get(at)
        if row is None or not row.width:
            return None
        found = row.inside(spot.x() - self.left, spot.y() - self.y_of(at))
        return found if found is not None and 0 <= found[1] <= row.width_of(found[0]) else None

    def rect_of(self, at: int) -> QRect:
        """Where a row is in the window."""
        return QRect(QPoint(self.left, self.y_of(at)), QSize(self.column, self.rows.heights[at]))
