"""Which message of a transcript is read, and under which of its headings: what stands at the top of the window."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from desktop.ui.widgets.markdown import Kind
from desktop.ui.widgets.transcript_sight import Sight

BELOW_TOP = 40
"""Px at 100 % from the upper edge: what stands there is read."""


class ReadingPlace(QObject):
    """`message` is an id, `heading` the last one above the place in the same message; both may be empty."""

    changed = Signal(str, str)

    def __init__(self, sight: Sight, parent: QObject) -> None:
        super().__init__(parent)
        self._sight = sight
        self.message = self.heading = ""

    def forget(self) -> None:
        self.message = self.heading = ""

    def look(self) -> None:
        """Say where the reader is, if that is another place than before."""
        rows = self._sight.rows
        if rows.model is None or not len(rows):
            return
        y = self._sight.top + rows.ink.px(BELOW_TOP)
        at = rows.heights.row_at(y)
        place = (rows.model.id(at), self._heading(at, y))
        if place != (self.message, self.heading):
            self.message, self.heading = place
            self.changed.emit(*place)

    def _heading(self, at: int, y: float) -> str:
        row = self._sight.rows.made.get(at)
        if row is None or not row.tops:
            return ""
        last = row.block_at(y - self._sight.rows.heights.top(at))
        headings = (block for block in reversed(row.blocks[: last + 1]) if block.piece.kind is Kind.HEADING)
        return next((block.piece.source for block in headings), "")
