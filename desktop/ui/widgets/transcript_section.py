"""One part of a message as blocks, which grow while its text arrives."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from desktop.ui.widgets.markdown import Splitter
from desktop.ui.widgets.transcript_block import Block
from desktop.ui.widgets.transcript_blocks import block_for
from desktop.ui.widgets.transcript_fold import Fold
from desktop.ui.widgets.transcript_ink import Ink

STREAMED = ("text", "reasoning", "refusal")


class Section:
    """`kind` is text, reasoning, refusal, plain or other."""

    def __init__(self, kind: str, ink: Ink, *, blocks: Iterable[Block] = (), fold: Fold | None = None) -> None:
        self.kind, self.ink, self.fold = kind, ink, fold
        self.own: list[Block] = list(blocks)
        self._splitter = Splitter()
        self._waiting = ""
        self._settled = len(self.own)
        self._fed = ""
        self._is_finished = False

    @property
    def blocks(self) -> list[Block]:
        if self.fold is None:
            return self.own
        return [self.fold, *self.own] if self.fold.is_open else [self.fold]

    @property
    def settled(self) -> int:
        """How many of the blocks will not change any more."""
        return self._settled

    @property
    def waiting(self) -> int:
        """Characters that are not blocks yet."""
        return len(self._waiting) if self.fold is None or self.fold.is_open else 0

    def add(self, text: str) -> None:
        self._waiting += text

    def pump(self, most: int, is_final: bool) -> tuple[int, float]:
        """Make blocks of some of the waiting characters; the first block that changed, and from which place in it."""
        now, self._waiting = self._waiting[:most], self._waiting[most:]
        self._fed += now
        self._splitter.feed(now)
        if is_final and not self._waiting:
            self._splitter.finish()
            self._is_finished = True
        first, inside = self._sync()
        return first + (1 if self.fold is not None else 0), inside

    def take_more(self, text: str, width: Callable[[Block], float]) -> float | None:
        """Put text at the end of the last block, and the place in it from which that looks different.

        None, and nothing taken, where it must be read because more may change by it. `width` is that of a block.
        """
        if self._waiting or self._is_finished or not self.own or (self.fold is not None and not self.fold.is_open):
            return None
        grown = self._splitter.grown(text)
        if grown is None:
            return None
        self._splitter.grow(text, grown)
        self._fed += text
        inside = self.own[-1].grow(grown)
        if inside is not None:
            return inside
        made = self.own[-1] = block_for(grown, self.ink)
        made.prepare(width(made))
        made.height = math.ceil(made.height)
        return 0.0

    def take_over(self, old: Section, *, is_final: bool) -> None:
        """Continue with the blocks of an earlier state, where all that is new stands at the end."""
        if self.fold is not None and old.fold is not None:
            self.fold.is_open = old.fold.is_open
        rest = self._waiting[len(old._fed) + len(old._waiting) :]
        is_same = self._waiting.startswith(old._fed + old._waiting)
        if self.kind not in STREAMED or not is_same or (old._is_finished and rest):
            return
        self.own, self._splitter, self._settled = old.own, old._splitter, old._settled
        self._fed, self._waiting, self._is_finished = old._fed, old._waiting + rest, old._is_finished
        if is_final and not self._waiting and not self._is_finished:
            self.pump(0, is_final=True)

    def _sync(self) -> tuple[int, float]:
        """Take the splitter's pieces as blocks; index and inner place of the first change."""
        splitter, first, inside = self._splitter, self._settled, 0.0
        pieces = [*splitter.settled[self._settled :], *splitter.tail]
        old = self.own[self._settled :]
        made: list[Block] = []
        for at, piece in enumerate(pieces):
            before = old[at] if at < len(old) else None
            if before is not None and before.piece == piece:
                first += first == self._settled + at
                made.append(before)
            elif before is not None and (grown := before.grow(piece)) is not None:
                inside = grown if first == self._settled + at else inside
                made.append(before)
            else:
                made.append(block_for(piece, self.ink))
        self.own[self._settled :] = made
        self._settled = len(splitter.settled)
        return first, inside
