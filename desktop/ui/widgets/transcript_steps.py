"""The current message of a transcript, and how the keys go from one to the next or through a long one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QScrollBar

from desktop.ui.widgets.transcript_selection import Selection
from desktop.ui.widgets.transcript_sight import Sight


class Steps(QObject):
    """`current` is a row, -1 for none; `arrange` shows what is in view now."""

    changed = Signal(int)

    def __init__(
        self, sight: Sight, selection: Selection, bar: QScrollBar, arrange: Callable[[], None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._sight, self._selection, self._bar, self._arrange = sight, selection, bar, arrange
        self.current = -1

    def choose(self, at: int, *, scroll: bool = True) -> None:
        if at == self.current or not 0 <= at < len(self._sight.rows):
            return
        self.current = at
        if scroll:
            self._bring(at)
        self.changed.emit(at)

    def begin(self) -> None:
        """The keyboard comes here: with no message chosen it is the one that is read."""
        if self.current < 0 and len(self._sight.rows):
            self.current = len(self._sight.rows) - 1 if self._sight.sticks else self._sight.first_row()

    def step(self, by: int, *, extends: bool) -> None:
        """One message up or down, or further inside of one that is taller than the window."""
        count = len(self._sight.rows)
        if not count:
            return
        if extends:
            from_row = max(0, self.current)
            to_row = max(0, min(from_row + by, count - 1))
            self._selection.take_rows_to(to_row, from_row)
            self.choose(to_row)
        elif self._goes_on_inside(self.current, by):
            self._bar.setValue(self._bar.value() + by * self._bar.singleStep())
        else:
            after = self.current + by if self.current >= 0 else self._sight.first_row()
            self.choose(max(0, min(after, count - 1)))

    def page(self, by: int) -> None:
        self._bar.setValue(self._bar.value() + by * (self._sight.page - self._sight.rows.ink.px(32)))

    def to_first(self) -> None:
        self.choose(0)
        self._bar.setValue(0)

    def to_last(self) -> None:
        """The view follows by itself."""
        self.choose(len(self._sight.rows) - 1, scroll=False)

    def _goes_on_inside(self, at: int, by: int) -> bool:
        sight, page = self._sight, self._sight.page
        if not 0 <= at < len(sight.rows) or sight.rows.heights[at] <= page:
            return False
        top = sight.y_of(at)
        bottom = top + sight.rows.heights[at]
        is_in_view = top < page and bottom > 0
        return is_in_view and (bottom > page if by > 0 else top < 0)

    def _bring(self, at: int) -> None:
        """Scroll as little as shows a row."""
        sight, heights, page = self._sight, self._sight.rows.heights, self._sight.page
        sight.sticks = False
        top = heights.top(at)
        if top < sight.top or heights[at] > page:
            sight.top = top
        elif top + heights[at] > sight.top + page:
            sight.top = top + heights[at] - page
            self._arrange()  # what is seen now for the first time may be taller than was thought
            sight.top = max(0, min(heights.top(at) + heights[at] - page, heights.top(at)))
        sight.top = min(sight.top, sight.farthest)
        self._arrange()
        sight.sticks = at == len(sight.rows) - 1 and sight.top >= sight.farthest
