"""What will be wanted soon, done in small pieces while nothing else is: colours in view, rows above and below."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Slot

from desktop.ui.widgets.highlight import Colouring
from desktop.ui.widgets.transcript_code import Code
from desktop.ui.widgets.transcript_sight import Sight

READ_AT_ONCE = 3_000
"""Characters of a long message."""


class Ahead(QObject):
    """`moved` is called where a height has changed; it is given whether what is in view moved."""

    def __init__(self, sight: Sight, moved: Callable[[bool], None], parent: QObject) -> None:
        super().__init__(parent)
        self._sight, self._moved = sight, moved
        self.has_colours = True
        self._colouring: list[tuple[Code, Colouring]] = []
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._work)

    def begin(self) -> None:
        self._soon.start()

    def forget(self) -> None:
        self._colouring.clear()

    @Slot()
    def _work(self) -> None:
        """One small piece."""
        if self._colour() or self._read():
            self._soon.start()
        else:
            self._sight.rows.let_go(self._sight.top, self._sight.page)

    def _colour(self) -> bool:
        """Colour a piece of the code in view; an unfinished block waits for its end."""
        if self._colouring:
            code, colouring = self._colouring[0]
            found = colouring.step()
            if found is None:
                self._colouring.pop(0)
                self._sight.repaint_blocks(code)
            else:
                code.set_colours(found)
            return True
        for block, _, _ in self._sight.blocks_in_view() if self.has_colours else ():
            if isinstance(block, Code) and block.wants_colours:
                block.wants_colours = False
                self._colouring.append((block, Colouring(block.piece.source, block.piece.language)))
                return True
        return False

    def _read(self) -> bool:
        """Read further characters of a long message, or lay out one block near the view."""
        sight, rows = self._sight, self._sight.rows
        above, below = sight.top - sight.page, sight.top + 2 * sight.page
        for at in rows.between(above, below):
            row = rows.row(at)
            if row is None:
                continue
            held, y = sight.hold(), rows.heights.top(at)
            if row.waiting and row.width:
                row.pump(READ_AT_ONCE)
            elif (spot := row.next_guess(above - y, below - y, sight.column)) is not None:
                row.lay_out(sight.column, spot, spot)
            else:
                continue
            if rows.take_height(at, row):
                before = sight.top
                sight.keep(held)
                self._moved(sight.sticks or before != sight.top)
            return True
        return False
