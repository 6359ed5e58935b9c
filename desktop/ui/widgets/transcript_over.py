"""What stands over the text of a transcript: the actions of one message, "new" at the end, buttons and players."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QPushButton, QWidget

from desktop.ui.theme import Theme
from desktop.ui.widgets.transcript_actions import ActionBar
from desktop.ui.widgets.transcript_overlays import Overlays
from desktop.ui.widgets.transcript_rows import Row
from desktop.ui.widgets.transcript_sight import Sight


class Over(QObject):
    def __init__(self, theme: Theme, sight: Sight, viewport: QWidget, page: str, *, is_reading: bool) -> None:
        super().__init__(viewport)
        self._sight, self._viewport, self._is_reading = sight, viewport, is_reading
        self.bar = ActionBar(theme, viewport, page)
        self.bar_row = -1
        """The row whose actions are shown."""
        self.widgets = Overlays(theme, viewport, page, has_buttons=not is_reading)
        self.pill = QPushButton("↓ new", viewport)
        self.pill.setObjectName(f"{page}.transcript.new")
        self.pill.setAccessibleName("Scroll to the newest text")
        self.pill.hide()

    @property
    def is_covering(self) -> bool:
        """Does anything stand over the text?"""
        return self.pill.isVisible() or self.bar.isVisible() or bool(self.widgets)

    def restyle(self) -> None:
        self.widgets.restyle()
        self.bar.dress()

    def place(self, *, has_news: bool) -> None:
        """Where everything belongs now; `has_news`: text has come."""
        rows = [(row, y) for _, row, y in self._sight.rows_in_view()]
        self.widgets.place(rows, self._sight.left, self._sight.column)
        if self._sight.sticks:
            self.pill.hide()
        elif has_news and self._sight.top < self._sight.farthest:
            self.pill.show()
        if self.pill.isVisible():
            self._place_pill()

    def place_bar(self, at: int) -> None:
        """The actions of a row; none for -1, nor while it arrives."""
        row = self._sight.rows.made.get(at)
        if row is None or row.is_streaming or not row.width:
            if not self.bar.isHidden() and not self.bar.has_inside_focus():
                self.bar.hide()
            return
        self.bar_row = at
        self.bar.show_for(row.message, row.branch, is_reading=self._is_reading)
        self.bar.move(self._bar_place(at, row))
        self.bar.show()

    def _bar_place(self, at: int, row: Row) -> QPoint:
        px, y = self._sight.rows.ink.px, self._sight.y_of(at)
        x = self._sight.left + self._sight.column - px(16) - self.bar.width() + px(6)
        return QPoint(x, y + row.caption_top - px(6) if row.is_card else y + row.height - px(32))

    def _place_pill(self) -> None:
        self.pill.adjustSize()
        room = self._viewport.rect()
        y = room.height() - self.pill.height() - self._sight.rows.ink.px(12)
        self.pill.move((room.width() - self.pill.width()) // 2, y)
        self.pill.raise_()
