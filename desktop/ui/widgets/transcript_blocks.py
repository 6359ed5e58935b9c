"""What a message is drawn of: prose, code, tables and rules, each laid out only while it is near the window."""

from __future__ import annotations

import bisect
import math
import re
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPen,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
    QTextLayout,
    QTextOption,
    QTextTable,
    QTextTableFormat,
)

from desktop.core.conversation import Attachment, Audio, Picture
from desktop.core.hit_marks import Finder
from desktop.core.invisible import hidden
from desktop.core.text import mark, visible
from desktop.ui.widgets.markdown import Kind, Piece
from desktop.ui.widgets.safe_document import LONGEST_LINE, PICTURE, SafeDocument, fragments, hostile, span

if TYPE_CHECKING:
    from desktop.ui.theme import Theme

Span = tuple[int, int]
COLOURS = "window panel card line edge text muted accent accent_text selection find bad warn hover".split()  # noqa: SIM905
SHORT = 300  # a text so short passes every bound
WORDS_END = re.compile(r"\S\s[^\W_]+[.,]?\Z")
WORDS_MORE = re.compile(r"[^\W_]*(?:[.,]? [^\W_]+)*[.,]?")
"""Words that stay words whatever Markdown stands before them, and change nothing of it."""
SERIF = ("Charter", "Georgia", "Noto Serif", "Source Serif 4", "DejaVu Serif", "Liberation Serif", "Times New Roman")
"""The first of these that is there."""
LONGEST_DRAWN = 1_000
"""Characters of one line of code that are laid out at once; a longer line goes on below."""


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


@dataclass(frozen=True, slots=True)
class Reading:
    """How text is set for reading: characters of a line, the kind of type, and its size in percent."""

    characters: int = 76
    family: str = "system"  # or serif, or mono
    percent: int = 100


class Ink:
    """The theme's fonts, colours and measures, looked up once for all blocks."""

    def __init__(self, theme: Theme, reading: Reading = Reading()) -> None:
        self.theme = theme
        self.px = cache(theme.px)
        self.reading, self.mono, self.caption = theme.font("reading"), theme.font("mono"), theme.font("caption")
        self._set_for(reading)
        self.body, self.strong = theme.font("body"), theme.font("caption", semibold=True)
        self.mono_families = self.mono.families() or [self.mono.family()]
        self.mono.setStyleHint(QFont.StyleHint.Monospace)
        self.color: dict[str, QColor] = {name: theme.color(name) for name in COLOURS}
        self.context = QAbstractTextDocumentLayout.PaintContext()
        palette = self.context.palette
        palette.setColor(palette.ColorRole.Text, self.color["text"])
        self.context.palette = palette
        metrics = QFontMetricsF(self.reading)
        self.line_height = self.percent(self.reading)
        most = theme.px(728) * reading.characters / 76 * reading.percent / 100
        self.measure = min(metrics.averageCharWidth() * reading.characters * 1.06, most)
        self.column = max(round(theme.size("column") * reading.percent / 100), round(self.measure) + theme.px(32))
        self.character = metrics.averageCharWidth()
        self.reading_line = self.reading.pixelSize() * 1.5
        code = QFontMetricsF(self.mono)
        self.code_line = float(round(max(self.mono.pixelSize() * 1.5, code.height())))
        self.code_character = code.horizontalAdvance("0")
        self.code_rise = (self.code_line - code.height()) / 2
        self.code_colours: dict[str, QTextCharFormat] = {}
        for name in ("keyword", "string", "comment", "number", "name", "type", "wrong"):
            form = QTextCharFormat()
            form.setForeground(theme.color(f"code_{name}"))
            self.code_colours[name] = form

    def _set_for(self, reading: Reading) -> None:
        if reading.family == "mono":
            self.reading.setFamilies(self.mono.families() or [self.mono.family()])
            self.reading.setStyleHint(QFont.StyleHint.Monospace)
        elif reading.family == "serif":
            from PySide6.QtGui import QFontDatabase  # only those who want it pay for the look-up

            there = set(QFontDatabase.families())
            self.reading.setFamilies([name for name in SERIF if name in there] or ["serif"])
            self.reading.setStyleHint(QFont.StyleHint.Serif)
        for font in (self.reading, self.mono):
            font.setPixelSize(max(6, round(font.pixelSize() * reading.percent / 100)))

    def over(self, colour: str) -> QTextCharFormat:
        """What lies behind a stretch of text; the accent also changes the text's own colour."""
        form = QTextCharFormat()
        form.setBackground(self.color[colour])
        if colour == "accent":
            form.setForeground(self.color["accent_text"])
        return form

    def percent(self, font: QFont) -> int:
        """The proportional line height that makes 1.5 times the size of the type."""
        return round(150 * font.pixelSize() / QFontMetricsF(font).height())


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


class Prose(Block):
    """A paragraph, a heading or a table in a safe document; `plain` shows the text as it is."""

    def __init__(self, piece: Piece, ink: Ink, *, plain: bool = False) -> None:
        super().__init__(piece, ink)
        self._plain = plain
        self._document: SafeDocument | None = None
        self._width = -1.0

    def guess(self, width: float) -> float:
        lines = sum(max(1, -(-len(line) * self.ink.character // max(width, 1))) for line in [self.piece.source])
        return lines * self.ink.reading_line * (1.3 if self.piece.kind is Kind.HEADING else 1)

    def document(self) -> SafeDocument:
        if self._document is None:
            self._document = self._made()
            self._width = -1.0
        return self._document

    def prepare(self, width: float) -> None:
        document = self.document()
        if self._width != width:
            document.setTextWidth(width)
            self._width = width
            self.height = float(document.size().height())
            self.is_exact = True

    def grow(self, piece: Piece) -> float | None:
        """More words at the end go into the document that is there; whatever could be Markdown makes a new one."""
        more = _more_words(self.piece, piece)
        if not more or self._document is None or self._width < 0 or self._plain or type(self) is not Prose:
            return None
        layout = self._document.lastBlock().layout()
        line = layout.lineAt(layout.lineCount() - 1)
        top = layout.position().y() + line.y()
        cursor = QTextCursor(self._document)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(more)
        self.piece = piece
        self.height = float(math.ceil(self._document.size().height()))
        return float(top)

    def release(self) -> None:
        self._document = None

    def paint(self, painter: QPainter, clip: QRectF, marks: Marks) -> None:
        context = self.ink.context
        context.clip = clip
        chosen = []
        for spot, colour in marks.stretches:
            if spot[1] > spot[0]:
                selection = QAbstractTextDocumentLayout.Selection()
                selection.cursor = span(self.document(), spot[0], min(spot[1], self.length) - spot[0])
                selection.format = self.ink.over(colour)
                chosen.append(selection)
        context.selections = chosen
        self.document().documentLayout().draw(painter, context)

    @property
    def length(self) -> int:
        return self.document().characterCount() - 1

    def hit(self, x: float, y: float) -> int:
        at = self.document().documentLayout().hitTest(QPointF(x, y), Qt.HitTestAccuracy.FuzzyHit)
        return max(0, at)

    def word_at(self, position: int) -> Span:
        cursor = QTextCursor(self.document())
        cursor.setPosition(min(position, self.length))
        cursor.select(QTextCursor.SelectionType.WordUnderCursor)
        return cursor.selectionStart(), cursor.selectionEnd()

    def find(self, finder: Finder) -> list[Span]:
        text = self.document().toRawText().replace("\u00a0", " ")
        found = finder.spans(text)
        if not found or max(text) <= "\uffff":
            return found
        return [(_in_utf16(text, start), _in_utf16(text, end)) for start, end in found]

    def text(self, start: int = 0, end: int | None = None) -> str:
        end = self.length if end is None else min(end, self.length)
        cursor = span(self.document(), min(start, end), max(0, end - start))
        return cursor.selectedText().replace("\u2029", "\n").replace("\u2028", "\n").replace("\u00a0", " ")

    def link_at(self, x: float, y: float) -> tuple[str, str] | None:
        at = self._exact(x, y)
        href = self.document().documentLayout().anchorAt(QPointF(x, y)) if at >= 0 else ""
        if not href:
            return None
        shown = ""
        for start, length, form in reversed(fragments(self.document())):
            if form.anchorHref() == href:
                shown += span(self.document(), start, length).selectedText()
        return href, shown

    def links(self) -> list[tuple[str, str]]:
        found = []
        for start, length, form in reversed(fragments(self.document())):
            if form.isAnchor():
                found.append((form.anchorHref(), span(self.document(), start, length).selectedText()))
        return found

    def picture_at(self, x: float, y: float) -> str:
        at = self._exact(x, y)
        if at < 0:
            return ""
        cursor = span(self.document(), at, min(1, self.length - at))
        return str(cursor.charFormat().property(PICTURE) or "")

    def top_of(self, position: int) -> float:
        document = self.document()
        block = document.findBlock(min(position, self.length))
        rect = document.documentLayout().blockBoundingRect(block)
        line = block.layout().lineForTextPosition(position - block.position())
        return float(rect.top() + (line.y() if line.isValid() else 0))

    def base_line(self) -> float:
        """Of the first line, from the block's top."""
        layout = self.document().begin().layout()
        if layout is None or not layout.lineCount():
            return QFontMetricsF(self.ink.reading).ascent()
        line = layout.lineAt(0)
        return float(layout.position().y() + line.y() + line.ascent())

    def end(self) -> QPointF:
        """Where the last line ends."""
        block = self.document().lastBlock()
        layout = block.layout()
        if layout is None or not layout.lineCount():
            return QPointF()
        line = layout.lineAt(layout.lineCount() - 1)
        return layout.position() + QPointF(line.naturalTextWidth(), line.y() + line.height() - self.ink.px(20))

    def _exact(self, x: float, y: float) -> int:
        return self.document().documentLayout().hitTest(QPointF(x, y), Qt.HitTestAccuracy.ExactHit)

    def _made(self) -> SafeDocument:
        ink, piece = self.ink, self.piece
        document = SafeDocument()
        document.setUndoRedoEnabled(False)
        document.setDocumentMargin(0)
        font = self._font()
        document.setDefaultFont(font)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        document.setDefaultTextOption(option)
        if self._plain or not piece.source:
            document.setPlainText(piece.source)
        else:
            document.show_markdown(piece.source, self._dress)
        cursor = QTextCursor(document)
        cursor.select(QTextCursor.SelectionType.Document)
        spacing = QTextBlockFormat()
        spacing.setLineHeight(ink.percent(font), QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        spacing.setTopMargin(0)
        spacing.setBottomMargin(0)
        cursor.mergeBlockFormat(spacing)
        if piece.kind is Kind.HEADING:
            form = QTextCharFormat()
            form.setFont(font, QTextCharFormat.FontPropertiesInheritanceBehavior.FontPropertiesAll)
            form.setProperty(QTextFormat.Property.FontSizeAdjustment, 0)
            cursor.mergeCharFormat(form)
            spacing.setHeadingLevel(piece.level)
            cursor.mergeBlockFormat(spacing)
        return document

    def _font(self) -> QFont:
        font = QFont(self.ink.reading)
        if self.piece.kind is Kind.HEADING:
            size = {1: 1.45, 2: 1.25, 3: 1.1}.get(self.piece.level, 1.0)
            font.setPixelSize(round(font.pixelSize() * size))
            font.setWeight(QFont.Weight.DemiBold)
        return font

    def _dress(self, form: QTextCharFormat) -> bool:
        """Inline code, links, bold and pictures in the theme's colours."""
        ink = self.ink
        if form.isAnchor():
            form.setForeground(ink.color["accent"])
            form.setFontUnderline(True)
        if form.fontFixedPitch():
            form.setFontFamilies(ink.mono_families)
            form.setProperty(QTextFormat.Property.FontPixelSize, round(self._font().pixelSize() * 0.9))
            form.setBackground(ink.color["panel"])
        elif form.fontWeight() > QFont.Weight.DemiBold:
            form.setFontWeight(QFont.Weight.DemiBold)
        elif form.hasProperty(PICTURE):
            form.setBackground(ink.color["panel"])
            form.setForeground(ink.color["muted"])
        elif not form.isAnchor():
            return False
        return True


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


class Table(Prose):
    """A table with hairlines; wider than the column it scrolls inside."""

    is_wide = True

    def __init__(self, piece: Piece, ink: Ink) -> None:
        super().__init__(piece, ink)
        self._side = Sideways()
        self._content = 0.0
        self._view = 0.0

    def guess(self, width: float) -> float:
        return (self.piece.source.count("\n") + 0) * self.ink.px(36)

    def _font(self) -> QFont:
        return self.ink.body

    def _made(self) -> SafeDocument:
        document = super()._made()
        cursor = QTextCursor(document)
        while not cursor.currentTable() and cursor.movePosition(QTextCursor.MoveOperation.NextBlock):
            pass
        if (table := cursor.currentTable()) is not None:
            self._rule(table)
        return document

    def _rule(self, table: QTextTable) -> None:
        ink = self.ink
        form = QTextTableFormat()
        form.setCellPadding(ink.px(7))
        form.setCellSpacing(0)
        form.setBorderCollapse(True)
        form.setBorder(ink.theme.hair)
        form.setBorderStyle(QTextTableFormat.BorderStyle.BorderStyle_Solid)
        form.setBorderBrush(ink.color["line"])
        form.setHeaderRowCount(1)
        form.setMargin(0)
        table.setFormat(form)
        for column in range(table.columns()):
            cell = table.cellAt(0, column)
            look = cell.format()
            look.setBackground(ink.color["panel"])
            cell.setFormat(look)
            cursor = cell.firstCursorPosition()
            cursor.setPosition(cell.lastCursorPosition().position(), QTextCursor.MoveMode.KeepAnchor)
            strong = QTextCharFormat()
            strong.setFontWeight(QFont.Weight.DemiBold)
            cursor.mergeCharFormat(strong)

    def prepare(self, width: float) -> None:
        document = self.document()
        if self._view != width or self._width < 0:
            self._view = width
            document.setTextWidth(-1)
            natural = math.ceil(document.idealWidth())
            columns = max(1, self.piece.source.split("\n", 1)[0].count("|") - 1)
            self._content = natural if natural <= width else max(width, min(natural, columns * self.ink.px(160)))
            if natural > self._content or self._content == width:
                document.setTextWidth(self._content)
            self._width = self._content
            self.height = float(document.size().height()) + (self.ink.px(8) if self._content > width else 0)
            self._side.move(0, self._content, width)
            self.is_exact = True

    def paint(self, painter: QPainter, clip: QRectF, marks: Marks) -> None:
        painter.save()
        painter.setClipRect(QRectF(0, 0, self._view, self.height), Qt.ClipOperation.IntersectClip)
        painter.save()
        painter.translate(-self._side.offset, 0)
        super().paint(painter, clip.translated(self._side.offset, 0), marks)
        painter.restore()
        self._side.paint(painter, self.ink, QRectF(0, 0, self._view, self.height), self._content)
        painter.restore()

    def hit(self, x: float, y: float) -> int:
        return super().hit(x + self._side.offset, y)

    def link_at(self, x: float, y: float) -> tuple[str, str] | None:
        return super().link_at(x + self._side.offset, y)

    def picture_at(self, x: float, y: float) -> str:
        return super().picture_at(x + self._side.offset, y)

    def text(self, start: int = 0, end: int | None = None) -> str:
        document = self.document()
        end = self.length if end is None else min(end, self.length)
        rows: dict[int, list[str]] = {}
        block = document.findBlock(start)
        table = None
        while block.isValid() and block.position() < max(end, start + 1):
            cursor = QTextCursor(block)
            if (here := cursor.currentTable()) is not None:
                table = here
                cell = table.cellAt(cursor)
                first, last = max(start, block.position()), min(end, block.position() + block.length() - 1)
                rows.setdefault(cell.row(), []).append(block.text()[first - block.position() : last - block.position()])
            block = block.next()
        return "\n".join("\t".join(cells) for cells in rows.values()) if table else super().text(start, end)

    def wheel(self, dx: float) -> bool:
        return self._side.move(dx, self._content, self._view)


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


class Code(Block):
    """Lines that do not wrap; only those in view are laid out. Positions are those of the source.

    Used for code, and for text that is too hostile to parse.
    """

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
        foot = self.ink.px(16 if self._widest <= self._inner else 20) if self._frame else 0
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


def _in_utf16(text: str, place: int) -> int:
    """A place in characters as Qt counts it."""
    return len(text[:place].encode("utf-16-le", "surrogatepass")) // 2


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


def _more_words(before: Piece, after: Piece) -> str:
    """What a paragraph has more than before, if it is nothing but words; else empty."""
    old, new = before.source, after.source
    if len(new) > LONGEST_LINE or old[:1] == "[" or replace(after, source=old) != before:
        return ""
    if not new.startswith(old) or not WORDS_END.search(old, max(0, len(old) - 60)):
        return ""
    more = new[len(old) :]
    is_word = WORDS_MORE.fullmatch(more) and (old[-1] not in ".," or more[:1] == " ")
    return more if is_word else ""


def block_for(piece: Piece, ink: Ink, *, plain: bool = False) -> Block:
    if piece.kind is not Kind.CODE and len(piece.source) > SHORT and hostile(piece.source):
        return Code(replace(piece, kind=Kind.PLAIN), ink, frame=False)
    match piece.kind:
        case Kind.CODE:
            return Code(piece, ink)
        case Kind.PLAIN:
            return Code(piece, ink, frame=False)
        case Kind.TABLE:
            return Table(piece, ink)
        case Kind.RULE:
            return Rule(piece, ink)
    return Prose(piece, ink, plain=plain)
