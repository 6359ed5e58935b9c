"""Text on its way into the rows of a transcript: gathered, and drawn at most thirty times a second."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from operator import itemgetter

from PySide6.QtCore import QObject, Qt, QTimer, Slot

from desktop.ui.widgets.transcript_repaint import Before, Repaint
from desktop.ui.widgets.transcript_rows import Row
from desktop.ui.widgets.transcript_sight import Sight

FRAME_MS = 33
"""Between two pictures of a growing text; twice meanwhile the blocks that are finished are laid out already."""
STEPS = 3
MUCH = 400
"""Characters in one frame from which on the work is spread over it; less is read and drawn at once."""


class Streams(QObject):
    """`draw` shows what the rows have taken; it is given how things stood before."""

    def __init__(self, sight: Sight, repaint: Repaint, draw: Callable[[Before | None], None], parent: QObject) -> None:
        super().__init__(parent)
        self._sight, self._repaint, self._draw = sight, repaint, draw
        self._waiting: dict[str, list[tuple[str, str]]] = {}
        self._steps, self._step = 1, 0
        self._taken = 0
        self._is_due = False
        self.frame = QTimer(self, singleShot=True, interval=FRAME_MS)
        self.frame.setTimerType(Qt.TimerType.PreciseTimer)
        self.frame.timeout.connect(self.part_of_frame)

    @property
    def is_spread(self) -> bool:
        """Is so much arriving that one frame is done in several steps?"""
        return self._steps > 1

    def add(self, message_id: str, text: str, kind: str, *, is_seen: bool) -> None:
        self._waiting.setdefault(message_id, []).append((kind, text))
        if is_seen:
            self.begin()

    def begin(self) -> None:
        """Draw what waits with the next frame."""
        if self._waiting and not self._is_due:
            self._is_due = True
            self.frame.start()

    def flush(self) -> None:
        """Draw what waits now."""
        self.frame.stop()
        self._step, self._is_due = 0, False
        self._take()
        self._draw(None)

    def forget(self, message_id: str) -> None:
        """The message has come whole."""
        self._waiting.pop(message_id, None)

    def forget_all(self) -> None:
        self._waiting.clear()

    @Slot()
    def part_of_frame(self) -> None:
        """Read what has come and lay out what is finished of it; the last part only draws."""
        self._step = (self._step + 1) % self._steps
        before = self._repaint.before()
        if not self.is_spread or self._step:
            for row in self._take():
                if self.is_spread and self._sight.sticks and row.width:
                    row.prepare_ahead()
        if self._step:
            self.frame.start()
            return
        self._draw(before)
        self._steps = STEPS if self._taken > MUCH else 1
        self._taken = 0
        self.frame.setInterval(FRAME_MS // self._steps)
        self._is_due = bool(self._waiting) or self.is_spread
        if self._is_due:
            self.frame.start()

    def _take(self) -> list[Row]:
        """Give the rows what has been added; those that took something."""
        taken, rows = [], self._sight.rows
        for message_id in list(self._waiting):
            row = rows.row(rows.row_of(message_id))
            if row is None:
                continue
            for kind, parts in groupby(self._waiting.pop(message_id), key=itemgetter(0)):
                text = "".join(text for _, text in parts)
                self._taken += len(text)
                row.extend(text, kind)
            taken.append(row)
        return taken
