"""Text on its way into the rows of a transcript: gathered, and drawn at most thirty times a second."""

from __future__ import annotations

import time
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
EARLY_MS = 8
"""What comes so shortly before the next picture is due is drawn at once: a wake-up costs more than it would save."""
MUCH = 400
"""Characters in one frame from which on the work is spread over it; less is read and drawn at once."""


class Streams(QObject):
    """`draw` shows what the rows have taken; it is given how things stood before, and whether they still stand so."""

    def __init__(
        self, sight: Sight, repaint: Repaint, draw: Callable[[Before | None, bool], None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._sight, self._repaint, self._draw = sight, repaint, draw
        self._waiting: dict[str, list[tuple[str, str]]] = {}
        self._steps, self._step = 1, 0
        self._taken = 0
        self._is_due = False
        self._drawn_ms = 0.0
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
        """Draw what waits with the next frame: as soon as all of it is here, if the last one is long enough ago."""
        if self._waiting and not self._is_due:
            self._is_due = True
            left = FRAME_MS - (time.monotonic() * 1000 - self._drawn_ms)
            self.frame.start(int(left) if left > EARLY_MS else 0)

    def flush(self) -> None:
        """Draw what waits now."""
        self.frame.stop()
        self._step, self._is_due = 0, False
        self._take()
        self._draw(None, False)

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
        stands = not self.is_spread and before is not None and self._take_more(before[0])
        if not self.is_spread or self._step:
            for row in self._take():
                stands = False
                if self.is_spread and self._sight.sticks and row.width:
                    row.prepare_ahead()
        if self._step:
            self.frame.start()
            return
        self._drawn_ms = time.monotonic() * 1000
        self._draw(before, stands)
        self._steps = STEPS if self._taken > MUCH else 1
        self._taken = 0
        self.frame.setInterval(FRAME_MS // self._steps)
        self._is_due = bool(self._waiting) or self.is_spread
        if self._is_due:
            self.frame.start()

    def _take_more(self, row: Row) -> bool:
        """Give a row what waits for it, if that is no more than more of its last line; True if it fits on it."""
        waiting = self._waiting.get(row.message.id)
        if waiting is None or any(kind != waiting[0][0] for kind, _ in waiting):
            return False
        text, height = "".join(text for _, text in waiting), row.height
        if len(text) > MUCH or not row.take_more(text, waiting[0][0]):
            return False
        del self._waiting[row.message.id]
        self._taken += len(text)
        return row.height == height

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
