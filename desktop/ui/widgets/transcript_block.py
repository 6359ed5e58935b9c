"""One leaf of a message, as every kind of them is; what is painted over it; and how a wide one scrolls sideways."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from desktop.core.conversation import Attachment, Audio, Picture
from desktop.core.hit_marks import Finder
from desktop.ui.widgets.markdown import Piece
from desktop.ui.widgets.transcript_ink import Ink

Span = tuple[int, int]


@dataclass(slots=True)
class Marks:
    """What is painted over a block: the selection, the hits of a search and the one among them that is looked at."""

    selection: Span | None = None
    hits: tuple[Span, ...] = ()
    current: Span | None = None

    @property
    def stretches(self) -> list[tuple[Span, str]]:
        """Where each colour goes, the uppermost last."""
        found = [(hit, "find") for hit in self.hits if hit != self.current]
        found += [(self.current, "accent")] if self.current else []
        return found + ([(self.selection, "selection")] if self.selection else [])


class Block:
    """One leaf of a message. Positions count characters as they are shown; `height` is a guess until `prepare`."""

    is_wide = False
    said_copied = False
    kept: Picture | Audio | Attachment | None = None  # what it stands for, where that is in the archive

    def __init__(self, piece: Piece, ink: Ink) -> None:
        self.piece, self.ink = piece, ink
        self.height = 0.0
        self.is_exact = False

    def guess(self, width: float) -> float:
        return self.ink.reading_line

    def prepare(self, width: float) -> None:
        """Lay out for a width; sets `height`."""

    def grow(self, piece: Piece) -> float | None:
        """Become a later state of the same block; above the place that is returned it looks as before.

        None where it cannot be told: a new block is made then.
        """
        return None

    def release(self) -> None:
        """Forget what can be made again; the height stays."""

    def paint(self, painter: QPainter, clip: QRectF, marks: Marks) -> None:
        """Draw with the block's corner at the painter's origin."""

    @property
    def length(self) -> int:
        return 0

    def hit(self, x: float, y: float) -> int:
        return 0

    def text(self, start: int = 0, end: int | None = None) -> str:
        return ""

    def link_at(self, x: float, y: float) -> tuple[str, str] | None:
        """(address, shown text) of the link at a point."""
        return None

    def picture_at(self, x: float, y: float) -> str:
        return ""

    def word_at(self, position: int) -> Span:
        text = self.text()
        start = end = min(position, len(text))
        while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
            start -= 1
        while end < len(text) and (text[end].isalnum() or text[end] == "_"):
            end += 1
        return start, max(end, min(start + 1, len(text)))

    def find(self, finder: Finder) -> list[Span]:
        """Where what is looked for occurs."""
        return []

    def top_of(self, position: int) -> float:
        return 0.0

    def is_copy_at(self, x: float, y: float) -> bool:
        """Is this the block's own copy button?"""
        return False

    def wheel(self, dx: float) -> bool:
        """Scroll sideways; True where there was something to scroll."""
        return False


class Rule(Block):
    def guess(self, width: float) -> float:
        return float(self.ink.px(9))

    def prepare(self, width: float) -> None:
        self.height, self.is_exact = float(self.ink.px(9)), True
        self._width = width

    def paint(self, painter: QPainter, clip: QRectF, marks: Marks) -> None:
        y = round(self.height / 2) + 0.5
        painter.setPen(QPen(self.ink.color["line"], self.ink.theme.hair))
        painter.drawLine(QPointF(0, y), QPointF(self._width, y))


class Sideways:
    """The place of a block that is wider than its column, and its thin bar."""

    def __init__(self) -> None:
        self.offset = 0.0

    def move(self, dx: float, content: float, width: float) -> bool:
        before = self.offset
        self.offset = max(0.0, min(self.offset + dx, content - width))
        return self.offset != before

    def paint(self, painter: QPainter, ink: Ink, rect: QRectF, content: float) -> None:
        if content <= rect.width() + 1:
            return
        share = rect.width() / content
        length = max(ink.px(24), rect.width() * share)
        left = rect.left() + (rect.width() - length) * (self.offset / (content - rect.width()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink.color["edge"])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        thick = ink.px(3)
        painter.drawRoundedRect(QRectF(left, rect.bottom() - thick, length, thick), thick / 2, thick / 2)
