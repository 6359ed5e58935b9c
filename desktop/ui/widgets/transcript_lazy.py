"""The rows of a transcript: made when they come near the window, forgotten when they are far from it."""

from __future__ import annotations

from array import array
from collections.abc import Callable

from PySide6.QtCore import QElapsedTimer

from desktop.core.conversation import Message
from desktop.ui.widgets.transcript_fold import Fold
from desktop.ui.widgets.transcript_heights import Heights
from desktop.ui.widgets.transcript_ink import Ink
from desktop.ui.widgets.transcript_media import Media
from desktop.ui.widgets.transcript_model import TranscriptModel
from desktop.ui.widgets.transcript_rows import Row

GUESS = 160
"""Height of a row nobody has seen yet, in px at 100 %."""
KEPT_ROWS = 48
LET_GO_MS = 500


class LazyRows:
    """Rows by their number in the model, and the height of every one of them, which most of the time is a guess.

    `column` gives the width of a row in px.
    """

    def __init__(self, ink: Ink, column: Callable[[], int]) -> None:
        self.ink, self._column = ink, column
        self.model: TranscriptModel | None = None
        self.heights = Heights()
        self.made: dict[int, Row] = {}
        self.media: Media | None = None
        self.folds: frozenset[str] = frozenset({"reasoning"})
        self.unfolded: set[str] = set()
        """Ids of turns that are folded but for a click."""
        self._known: dict[str, tuple[int, array[int]]] = {}  # id: width, heights of its blocks
        self._asked: set[int] = set()
        self._since_let_go = QElapsedTimer()

    def __len__(self) -> int:
        return len(self.heights)

    # What there is

    def row(self, at: int) -> Row | None:
        """The row, made if its message is loaded."""
        if at < 0 or self.model is None or at >= len(self.heights):
            return None
        row = self.made.get(at)
        if row is None:
            message = self.model.message(at)
            if message is None:
                return None
            width, known = self._known.get(message.id, (0, None))
            row = self.made[at] = self._made(at, message, known if width == self._column() else None)
        return row

    def row_of(self, message_id: str) -> int:
        """-1 where the message is not shown."""
        return self.model.row_of(message_id) if self.model is not None else -1

    def between(self, top: float, bottom: float) -> range:
        """Rows that reach into a stretch of the whole transcript."""
        if not len(self.heights):
            return range(0)
        return range(self.heights.row_at(max(0, top)), self.heights.row_at(bottom) + 1)

    def missing(self, top: float, bottom: float) -> list[int]:
        """Rows that reach into a stretch and are not loaded; each is named once."""
        model = self.model
        if model is None:
            return []
        missing = [at for at in self.between(top, bottom) if at not in self._asked and model.message(at) is None]
        self._asked.update(missing)
        return missing

    def has_come(self, at: int) -> None:
        """The message of a row was put in, or is another: it may be missing again."""
        self._asked.discard(at)

    def folds_of(self, at: int) -> list[Fold]:
        """The folded lines of a row that are shown, from above."""
        row = self.row(at)
        return [block for block in row.blocks if isinstance(block, Fold)] if row is not None else []

    # What changes it

    def reset(self) -> None:
        """Another conversation."""
        self.forget()
        self.unfolded.clear()
        self.heights = Heights.uniform(self.model.rowCount() if self.model else 0, self.ink.px(GUESS))

    def restyle(self, ink: Ink) -> None:
        """Everything is made again."""
        self.ink = ink
        self.forget()
        self.heights = Heights.uniform(len(self.heights), ink.px(GUESS))

    def forget(self) -> None:
        self.made.clear()
        self._asked.clear()
        self.forget_known()

    def forget_known(self) -> None:
        """The width is another: what was measured counts no more."""
        self._known.clear()

    def insert(self, first: int, count: int) -> None:
        if first < len(self.heights):
            self._shift(first, count)
        self.heights.splice(first, 0, [self.ink.px(GUESS)] * count)

    def remove(self, first: int, last: int) -> None:
        for row in range(first, last + 1):
            self._drop(row)
        self._shift(first, first - last - 1)
        self.heights.splice(first, last - first + 1, [])

    def replace(self, at: int, old: Row, message: Message) -> None:
        """The same message, changed: what was open, coloured and measured stays where the text is the same."""
        row = self.made[at] = self._made(at, message, old.known_heights() if old.width else None)
        row.adopt(old)

    def take_height(self, at: int, row: Row) -> bool:
        """True where the height is another than was thought."""
        before = self.heights[at]
        self.heights[at] = row.height
        return before != row.height

    def unfold(self, row: Row) -> None:
        """Open a turn that is folded: what is looked for stands in it."""
        if row.cover is not None and not row.cover.is_open:
            row.cover.is_open = True
            self.unfolded.add(row.message.id)
            row.refold()

    def toggle(self, fold: Fold) -> None:
        fold.is_open = not fold.is_open
        fold.is_exact = True
        for at, row in self.made.items():
            if row.cover is fold:
                (self.unfolded.add if fold.is_open else self.unfolded.discard)(row.message.id)
            if row.cover is fold or any(section.fold is fold for section in row.sections):
                row.refold()
                self.heights[at] = row.height

    def let_go(self, top: int, page: int) -> None:
        """Forget what is far from the window; at most twice a second."""
        if self._since_let_go.isValid() and self._since_let_go.elapsed() < LET_GO_MS:
            return
        self._since_let_go.start()
        above, below = top - 3 * page, top + 4 * page
        near = self.between(above, below)
        for at, row in list(self.made.items()):
            if at in near:
                y = self.heights.top(at)
                row.release(above - y, below - y)
            elif len(self.made) > KEPT_ROWS and not row.is_streaming:
                self._drop(at)

    def _made(self, at: int, message: Message, known: array[int] | None) -> Row:
        assert self.model is not None  # the message came from it
        return Row(
            message,
            self.ink,
            meta=self.model.meta(at),
            branch=self.model.branch(at),
            known=known,
            media=self.media,
            folds=self.folds,
            is_unfolded=message.id in self.unfolded,
        )

    def _shift(self, first: int, by: int) -> None:
        self.made = {at + by if at >= first else at: row for at, row in self.made.items()}
        self._asked.clear()

    def _drop(self, at: int) -> None:
        row = self.made.pop(at, None)
        if row is not None and row.width and not row.waiting:
            self._known[row.message.id] = (row.width, row.known_heights())
