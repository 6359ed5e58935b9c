"""One message of the transcript: which blocks it has and where each of them stands."""

from __future__ import annotations

import bisect
import math
import time
from array import array

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF

from desktop.core.conversation import Audio, Branch, Message, Role, State
from desktop.core.text import visible
from desktop.ui.widgets.transcript_actions import room_for
from desktop.ui.widgets.transcript_block import Block
from desktop.ui.widgets.transcript_code import Code
from desktop.ui.widgets.transcript_fold import Fold
from desktop.ui.widgets.transcript_ink import Ink
from desktop.ui.widgets.transcript_media import Media
from desktop.ui.widgets.transcript_parts import Parts
from desktop.ui.widgets.transcript_prose import Prose
from desktop.ui.widgets.transcript_words import ROLE_NAMES, caption, first_words, state_line, wrapped

FIRST_CHUNK = 6_000
NOWHERE = float(1 << 30)
"""Below everything: nothing changed."""


class Row:
    """A message in the transcript's column. All places are px from the row's own corner, whole numbers."""

    def __init__(
        self,
        message: Message,
        ink: Ink,
        *,
        meta: str,
        branch: Branch | None,
        known: array[int] | None = None,
        media: Media | None = None,
        folds: frozenset[str] = frozenset({"reasoning"}),
        is_unfolded: bool = False,
    ) -> None:
        self.message, self.ink, self.meta, self.branch = message, ink, meta, branch
        self.is_streaming = message.state is State.STREAMING
        self.width = 0
        self.height = 0
        self.folds = folds
        self._parts = Parts(message, ink, media, folds)
        self.has_sound = any(isinstance(part, Audio) for part in message.parts)
        self.cover = self._cover(is_unfolded)
        """The line in place of the turn, where turns of its role are folded."""
        self.sections = self._parts.sections()
        self.blocks: list[Block] = []
        self.tops: list[int] = []
        self._meta_lines: tuple[str, int, list[str]] = ("", 0, [])
        self._known = known
        self._guessed_rest = 0
        self.is_followed = False
        """The reader is at the end: what is not read yet takes no room."""
        self.changed_y = 0.0
        """From here on the row may look different from what is on the screen; the view sets it back."""
        self.drawn_to = (0.0, 0)
        """Where the caret and the row's end are on the screen."""
        self._caret: QPointF | None = None

    # What it is made of

    @property
    def is_shut(self) -> bool:
        """Is nothing but one line shown of it?"""
        return self.cover is not None and not self.cover.is_open

    @property
    def is_card(self) -> bool:
        return self.message.role is Role.USER and not self.is_shut

    @property
    def caption(self) -> str:
        return caption(self.message)

    @property
    def state_line(self) -> tuple[str, str, tuple[str, ...]]:
        """(sentence, colour, names of its actions) where the message did not end well; else empty."""
        return ("", "", ()) if self.is_shut else state_line(self.message)

    def extend(self, text: str, kind: str) -> None:
        if not self.sections or self.sections[-1].kind != kind:
            self.sections.append(self._parts.begun(kind))
        self.sections[-1].add(text)

    def take_more(self, text: str, kind: str) -> bool:
        """Put text that is nothing but more of the last line at its end; False where it must be read as all else."""
        section = self.sections[-1] if self.sections else None
        if section is None or section.kind != kind or not self.width or self.is_shut or self.waiting:
            return False
        at = len(self.blocks) - 1
        if at < 0 or not self.blocks[at].is_exact or (inside := section.take_more(text, self.width_of)) is None:
            return False
        self.blocks[at], self._caret = section.own[-1], None
        self.changed_y = min(self.changed_y, self.tops[at] + inside)
        if self.tops[at] + int(self.blocks[at].height) != self.tops[at + 1]:
            self._place(at)
        return True

    def tell(self, meta: str, branch: Branch | None) -> None:
        """The muted line or the branches are others."""
        self.meta, self.branch = meta, branch
        if self.width:
            self._place(len(self.blocks))

    def _cover(self, is_open: bool) -> Fold | None:
        message = self.message
        if message.role.value not in self.folds or self.is_streaming:
            return None
        return Fold(first_words(message), self.ink, lead=ROLE_NAMES.get(message.role, ""), is_open=is_open)

    # Where everything stands

    @property
    def inset(self) -> int:
        return self.ink.px(16)

    @property
    def caption_top(self) -> int:
        return self.ink.px(24 if self.is_card else 16)

    @property
    def content_top(self) -> int:
        return self.ink.px(4) if self.is_shut else self.caption_top + self.ink.px(16 + 8)

    @property
    def foot_top(self) -> int:
        """Where the state line, or else the muted line, begins."""
        return self.height - self.foot_height

    @property
    def state_height(self) -> int:
        """Of the sentence that says how the message ended; it wraps, so that no advice is cut off."""
        said = self.state_line[0]
        if not said:
            return 0
        box = QRectF(0, 0, self.state_room, 100_000)
        wrap = Qt.TextFlag.TextWordWrap.value
        needed = QFontMetricsF(self.ink.body).boundingRect(box, wrap, visible(said)).height()
        return max(self.ink.px(48), math.ceil(needed) + self.ink.px(24))

    @property
    def state_room(self) -> int:
        buttons = self.ink.px(96) * len(self.state_line[2])
        return max(self.ink.px(120), self.width - 2 * self.inset - buttons)

    @property
    def foot_height(self) -> int:
        if self.is_shut:
            return self.ink.px(4)
        if self.is_card:
            return self.state_height + self.ink.px(20)
        return self.state_height + self.ink.px(36) + self.ink.px(16) * max(0, len(self.meta_lines) - 1)

    @property
    def meta_lines(self) -> list[str]:
        """The muted line, in as many as leave room for the actions beside it."""
        if not self.meta or self.is_card or self.is_shut:
            return []
        room = self.width - 2 * self.inset - self.ink.px(room_for(self.message, self.branch))
        if self._meta_lines[:2] != (self.meta, room):
            self._meta_lines = (self.meta, room, wrapped(self.meta, QFontMetricsF(self.ink.caption), room))
        return self._meta_lines[2]

    def x_of(self, block: Block) -> int:
        piece = block.piece
        deep = piece.depth * self.ink.px(24) + piece.quotes * self.ink.px(16)
        if isinstance(block, Code) and block.head and not deep and not self.is_card:
            return 0
        return self.inset + deep

    def width_of(self, block: Block) -> float:
        x = self.x_of(block)
        if isinstance(block, Code) and block.head and not x:
            return float(self.width)
        room = self.width - x - self.inset
        return float(room if block.is_wide else min(room, int(self.ink.measure)))

    def lay_out(self, width: int, top: float, bottom: float, *, until: float = 0.0) -> bool:
        """Make exact what lies between two places of the row; True where the height changed.

        A text that is not read yet is read as far as `bottom`, or until a moment of `time.perf_counter`.
        """
        before, self._caret = self.height, None
        if width != self.width:
            self.width = width
            for section in self.sections:
                for block in section.own:
                    block.is_exact = False
            self._collect()
        if not self.blocks:
            self.pump(FIRST_CHUNK)
        self._exact(top, bottom)
        while self._is_short_of(bottom) and time.perf_counter() < until and self.pump(FIRST_CHUNK):
            self._exact(top, bottom)
        return self.height != before

    def pump(self, most: int) -> bool:
        """Make blocks of further characters; False where none wait."""
        first = 0
        for section in self.sections if not self.is_shut else ():
            if section.waiting:
                changed, inside = section.pump(most, is_final=not self.is_streaming)
                self._collect(first + changed, inside)
                return True
            first += len(section.blocks)
        return False

    def read_all(self) -> None:
        """Make blocks of everything that waits."""
        while self.pump(1 << 20):
            pass

    @property
    def waiting(self) -> int:
        return 0 if self.is_shut else sum(section.waiting for section in self.sections)

    def _is_short_of(self, bottom: float) -> bool:
        return bool(self.waiting) and bottom > self.foot_top - self._guessed_rest

    def _collect(self, first: int = 0, inside: float = 0.0) -> None:
        """Take the sections' blocks again from one of them on, of which what is above `inside` is as it was."""
        if self.cover is not None:
            inner = [block for section in self.sections for block in section.blocks] if self.cover.is_open else []
            self.blocks, first = [self.cover, *inner], first + 1 if first else 0
        elif len(self.sections) == 1 and self.sections[0].fold is None:
            self.blocks[first:] = self.sections[0].own[first:]
        else:
            self.blocks = [block for section in self.sections for block in section.blocks]
        self._place(first)
        if inside and first < len(self.tops):
            self.changed_y = min(self.changed_y, self.tops[first] + inside)
        else:  # a quote's line also fills the gap above
            self.changed_y = min(self.changed_y, self._end_of(first - 1))

    def _end_of(self, at: int) -> float:
        return self.tops[at] + self.blocks[at].height if 0 <= at < len(self.blocks) else 0.0

    def _exact(self, top: float, bottom: float) -> None:
        at = max(0, bisect.bisect_right(self.tops, top) - 1)
        y = self.tops[at] if self.tops else self.content_top
        changed = -1
        while at < len(self.blocks) and y <= bottom:
            block = self.blocks[at]
            if not block.is_exact:
                guessed = block.height
                block.prepare(self.width_of(block))
                block.height = math.ceil(block.height)
                self.changed_y = min(self.changed_y, y)
                if block.height != guessed and changed < 0:
                    changed = at
            y += int(block.height) + self._gap_below(at)
            at += 1
        if changed >= 0:
            self._place(changed)

    def _gap_below(self, at: int) -> int:
        return self.ink.px(self.blocks[at + 1].piece.gap) if at + 1 < len(self.blocks) else 0

    def _place(self, start: int = 0) -> None:
        """Sum up tops from a block on. `tops` has one entry more than there are blocks: the end of the last."""
        self._caret = None
        start = max(0, min(start - 1, len(self.tops) - 1))  # the gap below the block before may be new too
        tops = self.tops[: start + 1] if self.tops else [self.content_top]
        known = self._known
        y = tops[-1]
        for at in range(len(tops) - 1, len(self.blocks)):
            block = self.blocks[at]
            if not block.is_exact:
                block.height = known[at] if known and at < len(known) else math.ceil(block.guess(self.width_of(block)))
            y += int(block.height) + self._gap_below(at)
            tops.append(y)
        self.tops = tops
        self._guessed_rest = 0 if self.is_followed else round(self.waiting / 64 * self.ink.reading_line)
        caret = self.ink.px(20) if self.is_streaming and not self.blocks else 0
        self.height = tops[-1] + self._guessed_rest + caret + self.foot_height

    def prepare_ahead(self) -> None:
        """Lay out the first blocks of what has just come that will not change any more."""
        self.pump(FIRST_CHUNK)
        if not self.sections or (self.sections[-1].fold is not None and not self.sections[-1].fold.is_open):
            return
        section = self.sections[-1]
        finished = len(self.blocks) - (len(section.own) - section.settled)
        for at in range(max(0, finished - 12), finished):
            block = self.blocks[at]
            if not block.is_exact:
                block.prepare(self.width_of(block))
                block.height = math.ceil(block.height)
        self._place(max(0, finished - 12))

    def refold(self) -> None:
        """A fold was opened or closed."""
        self.tops = []
        self._collect()

    def known_heights(self) -> array[int]:
        return array("i", [int(block.height) for block in self.blocks])

    def next_guess(self, top: float, bottom: float, width: int) -> float | None:
        """The place of a block between two places whose height is still a guess; None if there is none."""
        if width != self.width:
            return -1.0
        for at in self.between(top, bottom):
            if not self.blocks[at].is_exact:
                return float(self.tops[at])
        return None

    def between(self, top: float, bottom: float) -> range:
        """Indices of the blocks that reach into the stretch between two places."""
        first = max(0, bisect.bisect_right(self.tops, top) - 1)
        return range(first, min(len(self.blocks), bisect.bisect_right(self.tops, bottom)))

    def blocks_between(self, top: float, bottom: float) -> list[Block]:
        return [self.blocks[at] for at in self.between(top, bottom)]

    def adopt(self, old: Row) -> None:
        """Take over the blocks of an earlier state of the same message, so that its text is not made again."""
        for mine, theirs in zip(self.sections, old.sections, strict=False):
            if mine.kind == theirs.kind:
                mine.take_over(theirs, is_final=not self.is_streaming)
        self.width = old.width
        self._collect()

    def release(self, top: float, bottom: float) -> None:
        """Let go of what lies outside of two places."""
        near = self.between(top, bottom)
        for at, block in enumerate(self.blocks):
            if at not in near:
                block.release()

    # What is under a point

    def block_at(self, y: float) -> int:
        """Index of the block at a place, the nearest one outside; -1 where there is none."""
        return max(0, min(bisect.bisect_right(self.tops, y) - 1, len(self.blocks) - 1)) if self.blocks else -1

    def hit(self, x: float, y: float) -> tuple[int, int]:
        """(block, position) nearest to a point."""
        at = self.block_at(y)
        if at < 0:
            return 0, 0
        block = self.blocks[at]
        block.prepare(self.width_of(block))
        if y < self.tops[at]:
            return at, 0
        if y >= self.tops[at] + block.height:
            return at, block.length
        return at, block.hit(x - self.x_of(block), y - self.tops[at])

    def inside(self, x: float, y: float) -> tuple[Block, float, float] | None:
        """The block that is truly at a point, and the point inside it."""
        at = self.block_at(y)
        if at < 0 or not self.tops[at] <= y < self.tops[at] + self.blocks[at].height:
            return None
        block = self.blocks[at]
        return block, x - self.x_of(block), y - self.tops[at]

    def text(self, start: tuple[int, int] = (0, 0), end: tuple[int, int] | None = None) -> str:
        """What is shown between two positions (block, character), as plain text."""
        last = end if end is not None else (len(self.blocks), 0)
        said = ""
        for at in range(start[0], min(last[0] + 1, len(self.blocks))):
            block = self.blocks[at]
            if isinstance(block, Fold):
                continue
            first = start[1] if at == start[0] else 0
            words = block.text(first, last[1] if at == last[0] else None)
            if not words and at == last[0]:
                continue
            marker = block.piece.marker + " " if block.piece.marker and not first else ""
            lead = "  " * max(0, block.piece.depth - 1) + marker
            apart = ("\n" if block.piece.depth and block.piece.gap <= 8 else "\n\n") if said else ""
            said += apart + lead + words
        return said

    def was_drawn(self) -> None:
        """Everything up to now is on the screen, or will be with its next picture."""
        caret = self.caret_place().y() if self.is_streaming and self.width else 0.0
        self.changed_y, self.drawn_to = NOWHERE, (caret, self.height)

    def unlike(self) -> tuple[float, int]:
        """(top, bottom) of what looks different from what is on the screen."""
        caret = self.caret_place().y() if self.is_streaming else 0.0
        top = min(self.changed_y, self.drawn_to[0], caret)
        return top, max(self.drawn_to[1], self.height)

    def caret_place(self) -> QPointF:
        if self._caret is None:
            self._caret = self._end_of_text()
        return self._caret

    def _end_of_text(self) -> QPointF:
        px = self.ink.px
        if not self.blocks:
            return QPointF(self.inset, self.content_top + px(2))
        block = self.blocks[-1]
        if isinstance(block, Prose):
            return QPointF(self.x_of(block), self.tops[len(self.blocks) - 1]) + block.end()
        return QPointF(self.inset, self.tops[-1] + px(2))
