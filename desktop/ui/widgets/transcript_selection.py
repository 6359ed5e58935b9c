"""What is selected in a transcript: from one place of the text to another, over any number of messages."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtGui import QGuiApplication

from desktop.core.conversation import Message, plain
from desktop.ui.widgets.safe_text import clipboard_text
from desktop.ui.widgets.transcript_block import Span
from desktop.ui.widgets.transcript_lazy import LazyRows
from desktop.ui.widgets.transcript_rows import Row
from desktop.ui.widgets.transcript_sight import Place

WHOLE = (1 << 30, 0)
"""The end of a row, whatever it holds."""


class Selection:
    """It begins at `anchor` and is moved by its `cursor`; both None: nothing was chosen yet."""

    def __init__(self, rows: LazyRows) -> None:
        self._rows = rows
        self.anchor: Place | None = None
        self.cursor: Place | None = None

    def begin(self, place: Place) -> None:
        self.anchor = self.cursor = place

    def clear(self) -> None:
        self.anchor = self.cursor = None

    def take_all(self) -> None:
        """The whole conversation, also what is not loaded."""
        self.anchor, self.cursor = (0, 0, 0), (len(self._rows) - 1, *WHOLE)

    def take_word(self, place: Place) -> bool:
        """False where there is no text."""
        at, block, position = place
        row = self._rows.row(at)
        if row is None or block >= len(row.blocks):
            return False
        start, end = row.blocks[block].word_at(position)
        self.anchor, self.cursor = (at, block, start), (at, block, end)
        return True

    def take_block(self, place: Place) -> bool:
        """The whole paragraph, table or code at a place; False where there is no text."""
        at, block, _ = place
        row = self._rows.row(at)
        if row is None or block >= len(row.blocks) or not row.blocks[block].length:
            return False
        self.anchor, self.cursor = (at, block, 0), (at, block, row.blocks[block].length)
        return True

    def take_rows_to(self, at: int, otherwise: int) -> None:
        """Up to and with a whole row, from where the selection began, or else from the start of another row."""
        if self.anchor is None:
            self.anchor = (otherwise, 0, 0)
        end = (at, *WHOLE)
        self.cursor = end if end > self.anchor else (at, 0, 0)

    @property
    def stretch(self) -> tuple[Place, Place] | None:
        if self.anchor is None or self.cursor is None or self.anchor == self.cursor:
            return None
        return min(self.anchor, self.cursor), max(self.anchor, self.cursor)

    def in_row(self, at: int, blocks: int) -> dict[int, Span]:
        """What is selected of a row of so many blocks, by block."""
        chosen = self.stretch
        if chosen is None or not chosen[0][0] <= at <= chosen[1][0]:
            return {}
        first, last = self._ends(at, chosen)
        last = min(last, (blocks, 0))
        return {
            block: (first[1] if block == first[0] else 0, last[1] if block == last[0] else WHOLE[0])
            for block in range(first[0], min(last[0] + 1, blocks))
        }

    def ids(self) -> list[str]:
        """The messages that it touches."""
        chosen, model = self.stretch, self._rows.model
        if chosen is None or model is None:
            return []
        return [model.id(at) for at in range(chosen[0][0], chosen[1][0] + 1)]

    def text(self, lent: Mapping[str, Message]) -> str | None:
        """As plain text; None while some of it is neither loaded nor `lent`."""
        chosen, model = self.stretch, self._rows.model
        if chosen is None or model is None:
            return ""
        said = []
        for at in range(chosen[0][0], chosen[1][0] + 1):
            message = model.message(at) or lent.get(model.id(at))
            if message is None:
                return None
            first, last = self._ends(at, chosen)
            is_whole = (first, last) == ((0, 0), WHOLE)
            said.append(plain([message]) if is_whole else self._part(at, message, first, last))
        return "\n\n".join(words for words in said if words)

    def _ends(self, at: int, chosen: tuple[Place, Place]) -> tuple[tuple[int, int], tuple[int, int]]:
        """(block, character) where it begins and ends in a row that it touches."""
        start, end = chosen
        return start[1:] if at == start[0] else (0, 0), end[1:] if at == end[0] else WHOLE

    def _part(self, at: int, message: Message, first: tuple[int, int], last: tuple[int, int]) -> str:
        row = self._rows.row(at) or Row(message, self._rows.ink, meta="", branch=None)
        row.read_all()
        return row.text(first, None if last == WHOLE else last)


def to_clipboard(text: str) -> None:
    """Plain text first."""
    QGuiApplication.clipboard().setMimeData(clipboard_text(text))
