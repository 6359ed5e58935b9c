"""One message of the transcript: which blocks it has, where each stands, and what is painted around them."""

from __future__ import annotations

import bisect
import math
import re
import time
from array import array
from collections.abc import Iterable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPainterPath, QPen

from desktop.core.conversation import (
    Attachment,
    Audio,
    Branch,
    Message,
    Part,
    Picture,
    Reasoning,
    Refusal,
    Role,
    State,
    Text,
    ToolCall,
    ToolResult,
)
from desktop.core.text import visible
from desktop.ui.widgets.markdown import Kind, Piece, Splitter
from desktop.ui.widgets.transcript_blocks import Block, Code, Ink, Marks, Prose, Span, block_for
from desktop.ui.widgets.transcript_media import MOST_PICTURES, Chip, Media, PictureBlock, SoundBlock

FIRST_CHUNK = 6_000
FENCE = "```"
STREAMED = ("text", "reasoning", "refusal")
NOWHERE = float(1 << 30)
"""Below everything: nothing changed."""

ROLE_NAMES = {
    Role.USER: "You",
    Role.ASSISTANT: "Assistant",
    Role.SYSTEM: "System",
    Role.DEVELOPER: "Developer",
    Role.TOOL: "Tool",
}


FOLDABLE = ("user", "assistant", "tool", "reasoning")
"""What a view can fold: turns by their role, and reasoning inside of answers."""
SHOWN_OF_FOLDED = 240
HEADING_MARK = re.compile(r"^[ ]{0,3}#{1,6}[ ]+", re.MULTILINE)


class Fold(Block):
    """One line that a click opens: above reasoning or a tool's call, or in place of a whole turn (`lead`: whose)."""

    def __init__(self, words: str, ink: Ink, *, lead: str = "", is_open: bool = False) -> None:
        super().__init__(Piece(Kind.PROSE, words), ink)
        self.is_open = is_open
        self._lead = lead
        self._width = 0.0

    def guess(self, width: float) -> float:
        return float(self.ink.px(24))

    def prepare(self, width: float) -> None:
        self.height, self.is_exact = self.guess(width), True
        self._width = width

    def paint(self, painter: QPainter, clip: QRectF, marks: Marks) -> None:
        ink = self.ink
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(ink.color["muted"], 1.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        middle, side = self.height / 2, ink.px(4)
        chevron = QPainterPath()
        if self.is_open:
            chevron.moveTo(0, middle - side / 2)
            chevron.lineTo(side, middle + side / 2)
            chevron.lineTo(2 * side, middle - side / 2)
        else:
            chevron.moveTo(side / 2, middle - side)
            chevron.lineTo(side * 1.5, middle)
            chevron.lineTo(side / 2, middle + side)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(chevron)
        self._paint_words(painter)

    def _paint_words(self, painter: QPainter) -> None:
        ink, x = self.ink, float(self.ink.px(16))
        left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        if self._lead:
            painter.setFont(ink.strong)
            painter.setPen(ink.color["muted"])
            painter.drawText(QRectF(x, 0, self._width, self.height), left, self._lead)
            x += max(ink.px(72), QFontMetricsF(ink.strong).horizontalAdvance(self._lead) + ink.px(12))
        painter.setFont(ink.body)
        painter.setPen(ink.color["text" if self._lead and not self.is_open else "muted"])
        room = max(0.0, self._width - x)
        words = QFontMetricsF(ink.body).elidedText(self.piece.source, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(x, 0, room, self.height), left, words)


class Section:
    """One part of a message as blocks; `kind` is text, reasoning, refusal, plain or other."""

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
        self._media, self.folds, self._pictures = media, folds, 0
        self.has_sound = any(isinstance(part, Audio) for part in message.parts)
        self.cover = self._cover(is_unfolded)
        """The line in place of the turn, where turns of its role are folded."""
        self.sections = [made for part in message.parts if (made := self._section(part)) is not None]
        self.blocks: list[Block] = []
        self.tops: list[int] = []
        self._known = known
        self._guessed_rest = 0
        self.is_followed = False
        """The reader is at the end: what is not read yet takes no room."""
        self.changed_y = 0.0
        """From here on the row may look different from what is on the screen; the view sets it back."""
        self.drawn_to = (0.0, 0)
        """Where the caret and the row's end are on the screen."""

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
        name = ROLE_NAMES.get(self.message.role, "")
        model = self.message.model if self.message.role is Role.ASSISTANT else ""
        return f"{name} · {visible(model)}" if model else name

    @property
    def state_line(self) -> tuple[str, str, tuple[str, ...]]:
        """(sentence, colour, names of its actions) where the message did not end well; else empty."""
        message = self.message
        if self.is_shut:
            return "", "", ()
        match message.state:
            case State.FAILED:
                said = " ".join(each for each in (message.error, message.advice) if each)
                return said or "This message could not be sent.", "bad", ("retry",)
            case State.CUT:
                return message.error or "The connection ended before the answer did.", "warn", ("continue", "retry")
            case State.STOPPED:
                return "Stopped.", "muted", ("continue",)
            case State.LENGTH:
                return "The answer reached its limit of tokens.", "warn", ("continue",)
            case State.FILTERED:
                return "The provider's filter ended this answer.", "warn", ("retry",)
        return "", "", ()

    def extend(self, text: str, kind: str) -> None:
        if not self.sections or self.sections[-1].kind != kind:
            self.sections.append(self._new(kind))
        self.sections[-1].add(text)

    def _section(self, part: Part) -> Section | None:
        ink = self.ink
        made: Section | None = None  # for kinds of part that a later version adds
        match part:
            case Text() if self.message.role is Role.ASSISTANT:
                made = Section("text", ink)
                made.add(part.text)
            case Text():
                made = Section("plain", ink, blocks=_as_typed(part.text, ink))
            case Reasoning():
                made = self._new("reasoning", part.seconds)
                made.add(part.text)
            case Refusal():
                made = Section("refusal", ink)
                made.add(part.text)
            case Picture() if self._media is not None and self._pictures < MOST_PICTURES:
                self._pictures += 1
                made = Section("other", ink, blocks=[PictureBlock(part, ink, self._media.pictures)])
            case Audio() if self._media is not None:
                made = Section("other", ink, blocks=[SoundBlock(part, ink), *_plain(part.transcript.strip(), ink)])
            case Picture() | Audio() | Attachment():
                made = Section("other", ink, blocks=[Chip(part, ink)])
            case ToolCall():
                words = Piece(Kind.CODE, part.arguments, language=visible(f"call {part.name}")[:80])
                fold = Fold(visible(f"Called {part.name}")[:80], ink) if "tool" in self.folds else None
                made = Section("other", ink, blocks=[Code(words, ink)], fold=fold)
            case ToolResult():
                words = Piece(Kind.CODE, part.text, language="error" if part.is_error else "result")
                made = Section("other", ink, blocks=[Code(words, ink)])
        return made

    def _new(self, kind: str, seconds: float = 0.0) -> Section:
        fold = None
        if kind == "reasoning":
            fold = Fold(self._thought(seconds), self.ink, is_open="reasoning" not in self.folds)
        return Section(kind, self.ink, fold=fold)

    def _cover(self, is_open: bool) -> Fold | None:
        message = self.message
        if message.role.value not in self.folds or self.is_streaming:
            return None
        return Fold(_first_words(message), self.ink, lead=ROLE_NAMES.get(message.role, ""), is_open=is_open)

    def _thought(self, seconds: float) -> str:
        if self.is_streaming and not seconds:
            return "Thinking …"
        tokens = self.message.usage.reasoning if self.message.usage else 0
        said = [f"Thought for {_duration(seconds)}" if seconds else "Thoughts"]
        return " · ".join([*said, f"{tokens:,} tokens"] if tokens else said)

    # Where everything stands

    @property
    def _inset(self) -> int:
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
        box = QRectF(0, 0, self._state_room, 100_000)
        wrap = Qt.TextFlag.TextWordWrap.value
        needed = QFontMetricsF(self.ink.body).boundingRect(box, wrap, visible(said)).height()
        return max(self.ink.px(48), math.ceil(needed) + self.ink.px(24))

    @property
    def _state_room(self) -> int:
        buttons = self.ink.px(96) * len(self.state_line[2])
        return max(self.ink.px(120), self.width - 2 * self._inset - buttons)

    @property
    def foot_height(self) -> int:
        return self.ink.px(4) if self.is_shut else self.state_height + self.ink.px(20 if self.is_card else 36)

    def x_of(self, block: Block) -> int:
        piece = block.piece
        deep = piece.depth * self.ink.px(24) + piece.quotes * self.ink.px(16)
        if isinstance(block, Code) and block.head and not deep and not self.is_card:
            return 0
        return self._inset + deep

    def width_of(self, block: Block) -> float:
        x = self.x_of(block)
        if isinstance(block, Code) and block.head and not x:
            return float(self.width)
        room = self.width - x - self._inset
        return float(room if block.is_wide else min(room, int(self.ink.measure)))

    def lay_out(self, width: int, top: float, bottom: float, *, until: float = 0.0) -> bool:
        """Make exact what lies between two places of the row; True where the height changed.

        A text that is not read yet is read as far as `bottom`, or until a moment of `time.perf_counter`.
        """
        before = self.height
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

    # What is painted

    def paint(self, painter: QPainter, clip: QRectF, marks: dict[int, Marks], *, has_focus: bool) -> None:
        """Draw what lies in `clip`, the row's corner at the painter's origin."""
        if self.is_card:
            self._paint_card(painter, has_focus)
        elif has_focus:
            self._paint_focus(painter)
        if clip.top() < self.content_top and not self.is_shut:
            self._paint_caption(painter)
        at = max(0, bisect.bisect_right(self.tops, clip.top()) - 1)
        while at < len(self.blocks) and self.tops[at] <= clip.bottom():
            self._paint_block(painter, at, clip, marks.get(at) or Marks())
            at += 1
        if self.is_streaming:
            self._paint_caret(painter)
        if clip.bottom() >= self.foot_top:
            self._paint_foot(painter)

    def _paint_card(self, painter: QPainter, has_focus: bool) -> None:
        ink = self.ink
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        hair = ink.theme.hair
        painter.setPen(QPen(ink.color["accent" if has_focus else "line"], hair))
        painter.setBrush(ink.color["card"])
        half = hair / 2
        top = ink.px(12)
        box = QRectF(half, top + half, self.width - hair, self.height - top - ink.px(8) - hair)
        painter.drawRoundedRect(box, ink.theme.radius("card"), ink.theme.radius("card"))

    def _paint_focus(self, painter: QPainter) -> None:
        ink = self.ink
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink.color["accent"])
        painter.drawRect(
            QRectF(0, self.content_top + ink.px(4) if self.is_shut else self.caption_top, ink.px(3), ink.px(16))
        )

    def _paint_caption(self, painter: QPainter) -> None:
        ink = self.ink
        painter.setFont(ink.strong)
        painter.setPen(ink.color["muted"])
        box = QRectF(self._inset, self.caption_top, self.width - 2 * self._inset, ink.px(16))
        words = QFontMetricsF(ink.strong).elidedText(self.caption, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)

    def _paint_block(self, painter: QPainter, at: int, clip: QRectF, marks: Marks) -> None:
        block = self.blocks[at]
        x, y = self.x_of(block), self.tops[at]
        if not block.is_exact:
            return
        block.prepare(self.width_of(block))
        if block.piece.quotes:
            self._paint_quote(painter, at)
        if block.piece.marker:
            self._paint_marker(painter, block, x, y)
        painter.save()
        painter.translate(x, y)
        block.paint(painter, clip.translated(-x, -y), marks)
        painter.restore()

    def _paint_marker(self, painter: QPainter, block: Block, x: int, y: int) -> None:
        """A list item's sign, on the first line's own base line."""
        ink, marker = self.ink, block.piece.marker
        painter.setFont(ink.reading)
        painter.setPen(ink.color["muted"])
        metrics = QFontMetricsF(ink.reading)
        base = block.base_line() if isinstance(block, Prose) else metrics.ascent()
        painter.drawText(QPointF(x - ink.px(8) - metrics.horizontalAdvance(marker), y + base), marker)

    def _paint_quote(self, painter: QPainter, at: int) -> None:
        ink, block = self.ink, self.blocks[at]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink.color["edge"])
        left = self._inset + block.piece.depth * ink.px(24)
        for level in range(block.piece.quotes):
            goes_on = at + 1 < len(self.blocks) and self.blocks[at + 1].piece.quotes > level
            bottom = self.tops[at + 1] if goes_on else self.tops[at] + block.height
            painter.drawRect(QRectF(left + level * ink.px(16), self.tops[at], ink.px(2), bottom - self.tops[at]))

    def was_drawn(self) -> None:
        """Everything up to now is on the screen, or will be with its next picture."""
        caret = self._caret_place().y() if self.is_streaming and self.width else 0.0
        self.changed_y, self.drawn_to = NOWHERE, (caret, self.height)

    def unlike(self) -> tuple[float, int]:
        """(top, bottom) of what looks different from what is on the screen."""
        caret = self._caret_place().y() if self.is_streaming else 0.0
        top = min(self.changed_y, self.drawn_to[0], caret)
        return top, max(self.drawn_to[1], self.height)

    def _caret_place(self) -> QPointF:
        ink = self.ink
        spot = QPointF(self._inset, self.content_top + ink.px(2))
        if self.blocks:
            block = self.blocks[-1]
            x, y = self.x_of(block), self.tops[len(self.blocks) - 1]
            spot = QPointF(x, y)
            if isinstance(block, Prose):
                spot += block.end()
            else:
                spot = QPointF(self._inset, self.tops[-1] + ink.px(2))
        return spot

    def _paint_caret(self, painter: QPainter) -> None:
        """A quiet bar at the end of what has come."""
        ink, spot = self.ink, self._caret_place()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink.color["accent"])
        painter.drawRoundedRect(QRectF(spot.x() + ink.px(2), spot.y(), ink.px(3), ink.px(16)), 1.5, 1.5)

    def _paint_foot(self, painter: QPainter) -> None:
        ink = self.ink
        said, tone, _ = self.state_line
        y = self.foot_top
        left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        if said:
            height = self.state_height
            painter.setFont(ink.body)
            painter.setPen(ink.color[tone])
            box = QRectF(self._inset, y, self._state_room, height)
            painter.drawText(box, left | Qt.TextFlag.TextWordWrap, visible(said))
            y += height
        if self.meta and not self.is_card and not self.is_shut:
            painter.setFont(ink.caption)
            painter.setPen(ink.color["muted"])
            box = QRectF(self._inset, y + ink.px(4), self.width - 2 * self._inset, ink.px(28))
            words = QFontMetricsF(ink.caption).elidedText(self.meta, Qt.TextElideMode.ElideRight, box.width())
            painter.drawText(box, left, words)


def _first_words(message: Message) -> str:
    """The first line that says something, for a turn that is folded."""
    said = " ".join(HEADING_MARK.sub("", message.text[: 4 * SHOWN_OF_FOLDED]).split())
    for part in message.parts if not said else ():
        match part:
            case ToolResult():
                said = " ".join(part.text[: 4 * SHOWN_OF_FOLDED].split())
            case ToolCall():
                said = f"Called {part.name}"
            case Picture() | Audio() | Attachment():
                said = part.name or ("Picture" if isinstance(part, Picture) else "Recording")
        if said:
            break
    return visible(said[:SHOWN_OF_FOLDED]) or "Nothing was said"


def _as_typed(text: str, ink: Ink) -> list[Block]:
    """What the user wrote: as it was written, but fenced code as code."""
    blocks: list[Block] = []
    words: list[str] = []
    code: list[str] | None = None
    language = ""
    for line in text.split("\n"):
        if line.startswith(FENCE) and (code is None or not line.strip("` ")):
            if code is None:
                blocks += _plain("\n".join(words).strip("\n"), ink)
                words, code, language = [], [], line.strip("` ")[:40]
            else:
                blocks.append(Code(Piece(Kind.CODE, "\n".join(code), language=language), ink))
                code = None
        elif code is not None:
            code.append(line)
        else:
            words.append(line)
    if code is not None:
        words = [f"{FENCE}{language}", *code]
    return blocks + _plain("\n".join(words).strip("\n"), ink)


def _plain(text: str, ink: Ink) -> list[Block]:
    from desktop.ui.widgets.safe_document import hostile

    if not text:
        return []
    if hostile(text):
        return [Code(Piece(Kind.PLAIN, text), ink, frame=False)]
    return [Prose(Piece(Kind.PROSE, text), ink, plain=True)]


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"


__all__ = ["Chip", "Fold", "Row", "Section", "Span"]
