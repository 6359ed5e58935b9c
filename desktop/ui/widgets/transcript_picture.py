"""The picture of a transcript: the rows in view, with what is selected and found in them."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from desktop.ui.widgets.transcript_block import Marks
from desktop.ui.widgets.transcript_found import Found
from desktop.ui.widgets.transcript_row_paint import paint_row
from desktop.ui.widgets.transcript_rows import Row
from desktop.ui.widgets.transcript_selection import Selection
from desktop.ui.widgets.transcript_sight import Sight


class Picture:
    """`looked_for` is the id of a message that is shown as the one that was looked for."""

    def __init__(self, sight: Sight, selection: Selection, found: Found) -> None:
        self._sight, self._selection, self._found = sight, selection, found
        self.looked_for = ""

    def paint(self, painter: QPainter, clip: QRectF, focused: int) -> None:
        """What lies in `clip`, in the window's px; `focused` is the row with the keyboard, -1 for none."""
        sight = self._sight
        painter.fillRect(clip, sight.rows.ink.color["window"])
        for at in sight.rows.between(sight.top + clip.top(), sight.top + clip.bottom()):
            row = sight.rows.made.get(at)
            if row is None or not row.width:
                continue
            y = sight.y_of(at)
            painter.save()
            painter.translate(sight.left, y)
            has_focus = at == focused or row.message.id == self.looked_for
            paint_row(row, painter, clip.translated(-sight.left, -y), self._marks(at, row), has_focus=has_focus)
            painter.restore()

    def _marks(self, at: int, row: Row) -> dict[int, Marks]:
        """What is selected and found in a row, by block."""
        chosen = self._selection.in_row(at, len(row.blocks))
        marks = {block: Marks(selection=stretch) for block, stretch in chosen.items()}
        if self._found.finder:
            y = self._sight.y_of(at)
            for block in row.between(-y, self._sight.page - y):
                hits, current = self._found.in_block(row, block)
                if hits:
                    made = marks.setdefault(block, Marks())
                    made.hits, made.current = hits, current
        return marks
