"""Lines that do not wrap: code, and text that is too hostile to parse; only the lines in view are laid out."""

from __future__ import annotations

import bisect
from collections import OrderedDict

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QTextLayout, QTextOption

from desktop.core.hit_marks import Finder
from desktop.core.invisible import hidden
from desktop.core.text import mark, visible
from desktop.ui.widgets.markdown import Kind, Piece
from desktop.ui.widgets.transcript_block import Block, Marks, Sideways, Span
from desktop.ui.widgets.transcript_ink import Ink

LONGEST_DRAWN = 1_000
"""Characters of one line of code that are laid out at once; a longer line goes on below."""


class Code(Block):
    """Positions are those of the source; `frame` is the panel with the language and the copy button."""

    is_wide = True

    def __init__(self, piece: Piece, ink: Ink, *, frame: bool = True) -> None:
        super().__init__(piece, ink)
        self._frame = frame
        self._starts: list[int] = []  # position of each drawn line; a long line of the source is several
        self._ends: list[int] = []
        self._read = 0
        self._widest = 0.0
        self._layouts: OrderedDict[int, QTextLayout] = OrderedDict()
        self._maps: dict[int, list[int]] = {}
        self._side = Sideways()
        self._view = 0.0
        self.colours: list[tuple[int, int, str]] = []  # (start, end, name), in order
        self._colour_starts: list[int] = []
        self.wants_colours = self._is_finished
        self._take_lines()

    @property
    def _is_finished(self) -> bool:
        return self.piece.kind is Kind.CODE and bool(self.piece.language) and not self.piece.is_open

    @property
    def label(self) -> str:
        return self.piece.language

    def grow(self, piece: Piece) -> float | None:
        """The same code with more at its end; only the new lines are read."""
        if piece.kind is not self.piece.kind or piece.depth != self.piece.depth:
            return None
        lines, foot, is_named_anew = len(self._starts), self.height, piece.language != self.piece.language
        grown = piece.source.startswith(self.piece.source[max(0, self._read - 200) :], max(0, self._read - 200))
        self.piece = piece
        if not grown:
            self._starts, self._ends, self._read = [], [], 0
            self._layouts.clear()
        self._take_lines()
        self.wants_colours = self._is_finished and not self.colours
        if self._view:
            self.prepare(self._view)
        if not grown or is_named_anew or not self._view:
            return 0.0
        return max(0.0, min(self.head + (lines - 1) * self.ink.code_line, foot - self.ink.px(24)))

    def set_colours(self, found: list[tuple[int, int, str]]) -> None:
        """Further coloured stretches, in order."""
        self.colours += found
        self._colour_starts += [start for start, _, _ in found]
        self._layouts.clear()

    def forget_colours(self) -> None:
        self.colours, self._colour_starts = [], []
        self._layouts.clear()

    @property
    def head(self) -> float:
        """Height of the line with the language and the copy button."""
        return float(self.ink.px(32)) if self._frame else 0.0

    @property
    def _pad(self) -> float:
        return float(self.ink.px(16)) if self._frame else 0.0

    def guess(self, width: float) -> float:
        is_wider = self._widest > self._inner
        foot = self.ink.px(20 if is_wider else 16) if self._frame else self.ink.px(8) * is_wider
        return self.head + len(self._starts) * self.ink.code_line + foot

    def prepare(self, width: float) -> None:
        self._view = width
        self.height, self.is_exact = self.guess(width), True
        self._side.move(0, self._content, self._inner)

    def release(self) -> None:
        self._layouts.clear()

    @property
    def _inner(self) -> float:
        return max(1.0, self._view - 2 * self._pad)

    @property
    def _content(self) -> float:
        return max(self._widest, self._inner)

    def paint(self, painter: QPainter, clip: QRectF, marks: Marks) -> None:
        ink = self.ink
        if self._frame:
            self._paint_frame(painter)
        inside = QRectF(self._pad, self.head, self._inner, len(self._starts) * ink.code_line)
        first = max(0, int((clip.top() - self.head) // ink.code_line))
        last = min(len(self._starts), int((clip.bottom() - self.head) // ink.code_line) + 1)
        painter.save()
        painter.setClipRect(inside.adjusted(-2, 0, 2, 0), Qt.ClipOperation.IntersectClip)
        painter.setPen(ink.color["text"])
        for line in range(first, last):
            top = self.head + line * ink.code_line
            layout = self._layout(line)
            origin = QPointF(self._pad - self._side.offset, top + ink.code_rise)
            layout.draw(painter, origin, self._over(line, marks), QRectF())
        painter.restore()
        rail = QRectF(self._pad, 0, self._inner, self.height - ink.px(4))
        self._side.paint(painter, ink, rail, self._content)

    def _paint_frame(self, painter: QPainter) -> None:
        ink = self.ink
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(ink.color["line"], ink.theme.hair) if ink.theme.hair > 1 else Qt.PenStyle.NoPen)
        painter.setBrush(ink.color["panel"])
        radius = ink.theme.radius("card")
        painter.drawRoundedRect(QRectF(0, 0, self._view, self.height), radius, radius)
        painter.setPen(ink.color["muted"])
        painter.setFont(ink.caption)
        spot = QRectF(self._pad, ink.px(2), self._inner, self.head - ink.px(4))
        painter.drawText(
            spot, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, visible(self.label) or "text"
        )
        words = "Copied" if self.said_copied else "Copy"
        painter.drawText(spot, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, words)

    def is_copy_at(self, x: float, y: float) -> bool:
        return self._frame and y < self.head and x > self._view - self._pad - self.ink.px(56)

    def _over(self, line: int, marks: Marks) -> list[QTextLayout.FormatRange]:
        ranges = []
        for spot, colour in marks.stretches:
            if spot[1] <= self._starts[line] or spot[0] > self._ends[line]:
                continue
            over = QTextLayout.FormatRange()
            over.start = self._shown(line, max(spot[0], self._starts[line]))
            over.length = self._shown(line, min(spot[1], self._ends[line])) - over.start
            over.format = self.ink.over(colour)
            ranges.append(over)
        return ranges

    @property
    def length(self) -> int:
        return len(self.piece.source)

    def hit(self, x: float, y: float) -> int:
        if not self._starts:
            return 0
        line = max(0, min(int((y - self.head) // self.ink.code_line), len(self._starts) - 1))
        shown = self._layout(line).lineAt(0).xToCursor(x - self._pad + self._side.offset)
        return self._source(line, shown)

    def text(self, start: int = 0, end: int | None = None) -> str:
        return self.piece.source[start:end]

    def find(self, finder: Finder) -> list[Span]:
        return finder.spans(self.piece.source)

    def top_of(self, position: int) -> float:
        return self.head + self._line_of(position) * self.ink.code_line

    def reveal(self, position: int) -> None:
        """Scroll sideways so that a character can be seen."""
        line = self._line_of(position)
        place = self._layout(line).lineAt(0).cursorToX(self._shown(line, position))
        x = place[0]  # type: ignore[index] # the stubs say object; it is (x, position)
        if not self._side.offset <= x <= self._side.offset + self._inner - self.ink.px(48):
            self._side.offset = 0.0
            self._side.move(x - self._inner / 2, self._content, self._inner)

    def wheel(self, dx: float) -> bool:
        return self._side.move(dx, self._content, self._inner)

    def _line_of(self, position: int) -> int:
        return max(0, bisect.bisect_right(self._starts, position) - 1)

    def _take_lines(self) -> None:
        """Read the lines after the last whole one already known."""
        source = self.piece.source
        if self._starts:
            self._layouts.pop(len(self._starts) - 1, None)
            while self._starts and self._starts[-1] >= self._read:
                self._layouts.pop(len(self._starts) - 1, None)
                self._starts.pop()
                self._ends.pop()
        at = self._read
        while at <= len(source):
            end = source.find("\n", at)
            is_whole = end >= 0
            end = end if is_whole else len(source)
            self._cut(at, end)
            if not is_whole:
                break
            at = end + 1
            self._read = at

    def _cut(self, start: int, end: int) -> None:
        at = start
        while end - at > LONGEST_DRAWN:
            self._put(at, at + LONGEST_DRAWN)
            at += LONGEST_DRAWN
        self._put(at, end)

    def _put(self, start: int, end: int) -> None:
        self._starts.append(start)
        self._ends.append(end)
        line = self.piece.source[start:end]
        wide = len(line) if line.isascii() else len(line) + sum(ord(c) > 0x2E7F for c in line)
        wide += line.count("\t") * 3
        self._widest = max(self._widest, wide * self.ink.code_character + self.ink.px(4))

    def _layout(self, line: int) -> QTextLayout:
        if (made := self._layouts.get(line)) is not None:
            self._layouts.move_to_end(line)
            return made
        raw = self.piece.source[self._starts[line] : self._ends[line]]
        shown, places = _with_marks(raw)
        if places is None:
            self._maps.pop(line, None)
        else:
            self._maps[line] = places
        layout = QTextLayout(shown, self.ink.mono)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.NoWrap)
        option.setTabStopDistance(self.ink.code_character * 4)
        layout.setTextOption(option)
        layout.setCacheEnabled(True)
        layout.setFormats(self._formats(line))
        layout.beginLayout()
        row = layout.createLine()
        row.setNumColumns(2_000_000)
        layout.endLayout()
        natural = row.naturalTextWidth()
        self._widest = max(self._widest, natural + self.ink.px(4))
        self._layouts[line] = layout
        if len(self._layouts) > 200:
            self._layouts.popitem(last=False)
        return layout

    def _formats(self, line: int) -> list[QTextLayout.FormatRange]:
        start, end = self._starts[line], self._ends[line]
        ranges = []
        at = max(0, bisect.bisect_right(self._colour_starts, start) - 1)
        for first, last, name in self.colours[at:]:
            if first >= end:
                break
            if last > start:
                made = QTextLayout.FormatRange()
                made.start = self._shown(line, max(first, start))
                made.length = self._shown(line, min(last, end)) - made.start
                made.format = self.ink.code_colours[name]
                ranges.append(made)
        return ranges

    def _shown(self, line: int, position: int) -> int:
        """Where a character of the source stands in the line as drawn."""
        offset = position - self._starts[line]
        places = self._maps.get(line)
        return places[min(offset, len(places) - 1)] if places else offset

    def _source(self, line: int, shown: int) -> int:
        places = self._maps.get(line)
        offset = bisect.bisect_left(places, shown) if places else shown
        return min(self._starts[line] + offset, self._ends[line])


def _with_marks(line: str) -> tuple[str, list[int] | None]:
    """A line with hidden characters as marks, and where each character of it now stands in Qt's UTF-16.

    None where every character stands at its own index.
    """
    if line.isascii():
        return line, None
    marked = set(hidden(line))
    if not marked and max(line) <= "\uffff":
        return line, None
    parts, places, at = [], [], 0
    for number, character in enumerate(line):
        places.append(at)
        part = mark(character) if number in marked else character
        parts.append(part)
        at += len(part) + (number not in marked and character > "\uffff")
    return "".join(parts), [*places, at]
