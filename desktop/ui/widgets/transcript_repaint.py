"""Draws again only what is new while the end of a transcript grows, and moves the rest as it is."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QWidget

from desktop.ui.widgets.transcript_rows import Row
from desktop.ui.widgets.transcript_sight import Sight

Before = tuple[Row, int]
"""The last row while it grows, and where it stood in the window."""


class Repaint:
    def __init__(self, sight: Sight, viewport: QWidget) -> None:
        self._sight, self._viewport = sight, viewport

    def before(self) -> Before | None:
        """How things stand now; None where no text grows at the end."""
        last = len(self._sight.rows) - 1
        row = self._sight.rows.made.get(last)
        if row is None or not row.width or not row.is_streaming:
            return None
        return row, self._sight.y_of(last)

    def show(self, before: Before | None, *, is_covered: bool, has_hits: bool) -> None:
        """`is_covered`: something stands over the text, and would move along with it. `has_hits`: places are marked."""
        sight = self._sight
        last = len(sight.rows) - 1
        row = sight.rows.made.get(last)
        is_same = row is not None and before is not None and before[0] is row and not sight.is_unlike
        sight.is_unlike = False
        if row is None:
            self._viewport.update()
            return
        top = sight.y_of(last)
        if before is None or not is_same or (before[1] != top and is_covered):
            self._viewport.update()
        else:
            if before[1] != top:
                self._viewport.scroll(0, top - before[1])
            self._end(row, top, has_hits=has_hits)
        row.was_drawn()

    def _end(self, row: Row, top: int, *, has_hits: bool) -> None:
        first, last = row.unlike()
        if has_hits and row.blocks:  # a hit may begin a line above
            first = min(first, row.tops[row.block_at(first)])
        edge = self._sight.rows.ink.px(8)
        y, bottom = top + int(first) - edge, top + last + edge
        self._viewport.update(QRect(self._sight.left - edge, y, self._sight.column + 2 * edge, bottom - y))
