"""Going to a message of a transcript, to a place found in it, or to one of its blocks; also before it is loaded."""

from __future__ import annotations

from collections.abc import Callable

from desktop.ui.widgets.transcript_block import Block, Span
from desktop.ui.widgets.transcript_code import Code
from desktop.ui.widgets.transcript_found import Found
from desktop.ui.widgets.transcript_rows import Row
from desktop.ui.widgets.transcript_sight import Sight

Meant = Callable[[Block], bool]


class Going:
    """`arrange` shows what is in view now; `choose` makes a row the current one."""

    def __init__(self, sight: Sight, found: Found, arrange: Callable[[], None], choose: Callable[[int], None]) -> None:
        self._sight, self._found, self._arrange, self._choose = sight, found, arrange, choose
        self._wanted, self._wanted_hit = "", 0
        self._wanted_block: Meant | None = None

    def forget(self) -> None:
        self._wanted = ""

    def go_on(self) -> None:
        """Messages have come: perhaps the one that was asked for."""
        rows = self._sight.rows
        if not self._wanted or rows.model is None or rows.model.message(rows.row_of(self._wanted)) is None:
            return
        meant, self._wanted_block = self._wanted_block, None
        if meant is not None:
            self.to_block(self._wanted, meant)
        else:
            self.to_message(self._wanted, self._wanted_hit)

    def to_message(self, message_id: str, hit: int) -> bool:
        """False if it is not loaded yet: then it is shown when it has come."""
        self._wanted, self._wanted_block = "", None
        sight, rows = self._sight, self._sight.rows
        at = rows.row_of(message_id)
        if at < 0:
            return False
        sight.sticks = False
        sight.go_to(rows.heights.top(at) - rows.ink.px(32))
        self._choose(at)
        self._arrange()
        row = rows.row(at)
        if row is None:
            self._wanted, self._wanted_hit = message_id, hit
            return False
        sight.go_to(rows.heights.top(at) - rows.ink.px(8))
        if hit >= 0 and self._found.finder:
            self._to_hit(at, row, hit)
        self._arrange()
        return True

    def to_block(self, message_id: str, is_meant: Meant) -> bool:
        """To the first block that is meant; False if the message is not loaded yet."""
        if not self.to_message(message_id, -1):
            self._wanted_block = is_meant
            return False
        sight, rows = self._sight, self._sight.rows
        at = rows.row_of(message_id)
        row = rows.row(at)
        if row is None:
            return False
        rows.unfold(row)
        if not row.width:
            row.lay_out(sight.column, -1, -1)
        row.read_all()
        found = next((number for number, block in enumerate(row.blocks) if is_meant(block)), -1)
        if found >= 0:
            self._to_place(at, row, (found, (0, 0)))
            sight.go_to(rows.heights.top(at) + row.tops[found] - rows.ink.px(24))
        self._arrange()
        return True

    def _to_hit(self, at: int, row: Row, hit: int) -> None:
        self._sight.rows.unfold(row)
        places = self._found.places(row, self._sight.column)
        if not places:
            self._sight.rows.take_height(at, row)
            return
        place = places[min(hit, len(places) - 1)]
        self._found.look_at(row, place)
        self._to_place(at, row, place)

    def _to_place(self, at: int, row: Row, place: tuple[int, Span]) -> None:
        number, (start, _) = place
        sight, rows = self._sight, self._sight.rows
        row.lay_out(sight.column, row.tops[number], row.tops[number])
        rows.take_height(at, row)
        block = row.blocks[number]
        if isinstance(block, Code):
            block.reveal(start)
        sight.go_to(rows.heights.top(at) + row.tops[number] + block.top_of(start) - sight.page // 3)
