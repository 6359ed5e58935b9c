"""What is looked for in a transcript: where it stands in each row, and which of its places is looked at."""

from __future__ import annotations

from desktop.core.hit_marks import Finder
from desktop.ui.widgets.transcript_block import Span
from desktop.ui.widgets.transcript_rows import Row


class Found:
    def __init__(self) -> None:
        self.finder: Finder | None = None
        self._looked_at: tuple[str, int, Span] | None = None  # message, block, stretch

    def look_for(self, finder: Finder) -> None:
        self.finder = None if finder.is_empty else finder
        self._looked_at = None

    def forget_place(self) -> None:
        self._looked_at = None

    def count(self, row: Row, column: int) -> int:
        """How often it is seen in a row once its turn is unfolded."""
        if self.finder is None:
            return 0
        if row.is_shut:
            row = Row(row.message, row.ink, meta="", branch=None, folds=row.folds & {"reasoning", "tool"})
        return len(self.places(row, column))

    def places(self, row: Row, column: int) -> list[tuple[int, Span]]:
        """(block, stretch) of each hit in all of a row."""
        if not row.width:
            row.lay_out(column, -1, -1)
        row.read_all()
        finder = self.finder
        return [(at, hit) for at, block in enumerate(row.blocks) for hit in block.find(finder)] if finder else []

    def look_at(self, row: Row, place: tuple[int, Span]) -> None:
        self._looked_at = (row.message.id, *place)

    def in_block(self, row: Row, at: int) -> tuple[tuple[Span, ...], Span | None]:
        """(all places, the one that is looked at) in one block."""
        if self.finder is None:
            return (), None
        seen = self._looked_at
        is_here = seen is not None and seen[:2] == (row.message.id, at)
        return tuple(row.blocks[at].find(self.finder)), seen[2] if seen is not None and is_here else None
