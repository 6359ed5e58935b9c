"""A paragraph or a heading in a safe document; more words at its end are put into the document that is there."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QFont,
    QFontMetricsF,
    QPainter,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
    QTextOption,
)

from desktop.core.hit_marks import Finder
from desktop.ui.widgets.markdown import Kind, Piece
from desktop.ui.widgets.safe_document import LONGEST_LINE, PICTURE, SafeDocument, fragments, span
from desktop.ui.widgets.transcript_block import Block, Marks, Span
from desktop.ui.widgets.transcript_ink import Ink

WORDS_END = re.compile(r"\S\s[^\W_]+(?:['’-][^\W_]+)*[.,;:!?]?\Z")
WORDS_MORE = re.compile(r"[^\W_]*(?:(?:[.,;:!?]? |['’-])[^\W_]+)*[.,;:!?]?")
"""Words that stay words whatever Markdown stands before them, and change nothing of it."""


class Prose(Block):
    """`plain` shows the text as it is."""

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


def _in_utf16(text: str, place: int) -> int:
    """A place in characters as Qt counts it."""
    return len(text[:place].encode("utf-16-le", "surrogatepass")) // 2


def _more_words(before: Piece, after: Piece) -> str:
    """What a paragraph has more than before, if it is nothing but words; else empty."""
    old, new = before.source, after.source
    if len(new) > LONGEST_LINE or old[:1] == "[" or replace(after, source=old) != before:
        return ""
    if not new.startswith(old) or not WORDS_END.search(old, max(0, len(old) - 60)):
        return ""
    more = new[len(old) :]
    is_word = WORDS_MORE.fullmatch(more) and (old[-1] not in ".,;:!?" or more[:1] == " ")
    return more if is_word else ""
