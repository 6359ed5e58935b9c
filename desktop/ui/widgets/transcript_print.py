"""A conversation on paper: the same blocks as on the screen, wrapped where the paper ends."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace

from PySide6.QtCore import QMarginsF, QRectF
from PySide6.QtGui import QFont, QPagedPaintDevice, QPageSize, QPainter, QTextCharFormat, QTextCursor

from desktop.core.conversation import Message
from desktop.core.text import visible
from desktop.ui.widgets.markdown import Kind, Piece, Splitter
from desktop.ui.widgets.safe_document import SafeDocument, hostile

MARGIN_MM = 18
AT_ONCE = 6_000
"""Characters that are read or laid out in one step."""


class Printing:
    """Messages on their way down the pages, a little at a time: `steps` does the work, `pages` counts.

    `y` is where the next thing goes, in dots. Always black on white.
    """

    def __init__(self, printer: QPagedPaintDevice) -> None:
        if not isinstance(printer, QPagedPaintDevice):
            raise TypeError("a printer or a PDF writer is needed")
        self._printer = printer
        self.pages = 1
        self._y = 0.0

    def steps(self, messages: Iterable[Message]) -> Generator[int, None, None]:
        """Paint them all; says after each stretch of text how many messages are done. Close it to stop."""
        printer = self._printer
        printer.setPageMargins(QMarginsF(MARGIN_MM, MARGIN_MM, MARGIN_MM, MARGIN_MM))
        if not printer.pageLayout().pageSize().isValid():
            printer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
        painter = QPainter()
        if not painter.begin(printer):
            raise OSError("the printer cannot be written to")
        try:
            self._dots = printer.logicalDpiY() / 72
            self._page = QRectF(0, 0, painter.viewport().width(), painter.viewport().height())
            done = -1
            for done, message in enumerate(messages):
                for document, gap in _documents(message, self._dots):
                    self._draw(painter, document, gap)
                    yield done
            yield done + 1
        finally:
            painter.end()

    def _draw(self, painter: QPainter, document: SafeDocument, gap: float) -> None:
        """One document from `y` on, over as many pages as it needs, never through a line."""
        page = self._page
        document.documentLayout().setPaintDevice(self._printer)
        document.setTextWidth(page.width())
        self._y += gap * self._dots
        top, height = 0.0, document.size().height()
        while top < height:
            room = whole_lines(document, top, page.height() - self._y)
            if room <= 0 and self._y > 0:
                self._printer.newPage()
                self._y, self.pages = 0.0, self.pages + 1
                continue
            room = room if room > 0 else page.height()
            painter.save()
            painter.translate(0, self._y - top)
            document.drawContents(painter, QRectF(0, top, page.width(), room))
            painter.restore()
            top, self._y = top + room, self._y + room


def print_pages(printer: QPagedPaintDevice, messages: Iterable[Message]) -> int:
    """All at once; returns the number of pages."""
    printing = Printing(printer)
    for _ in printing.steps(messages):
        pass
    return printing.pages


def whole_lines(document: SafeDocument, top: float, room: float) -> float:
    """How much of a document from `top` on fits into `room` without cutting a line; 0 where not one does."""
    height = document.size().height()
    if height - top <= room:
        return height - top
    best = top
    block = document.begin()
    while block.isValid():
        rect = document.documentLayout().blockBoundingRect(block)
        for at in range(block.layout().lineCount()):
            line = block.layout().lineAt(at)
            bottom = rect.top() + line.y() + line.height()
            if bottom - top > room:
                return best - top
            best = max(best, bottom)
        block = block.next()
    return best - top


def _documents(message: Message, dots: float) -> Iterator[tuple[SafeDocument, float]]:
    """Each with the points above it."""
    yield _plain(message.role.value.capitalize(), dots, bold=True), 18.0
    for piece in _pieces(message.text):
        for number, stretch in enumerate(_stretches(piece.source) if piece.kind in (Kind.CODE, Kind.PLAIN) else [""]):
            yield _document(replace(piece, source=stretch) if stretch else piece, dots), 0.0 if number else 6.0


def _pieces(text: str) -> Iterator[Piece]:
    """A long text is not read at once."""
    splitter, told = Splitter(), 0
    for start in range(0, len(text), AT_ONCE):
        splitter.feed(text[start : start + AT_ONCE])
        yield from splitter.settled[told:]
        told = len(splitter.settled)
    yield from splitter.finish()[told:]


def _stretches(source: str) -> Iterator[str]:
    """Long code in parts of whole lines: the time to lay out one document grows faster than its length."""
    start = 0
    while len(source) - start > AT_ONCE:
        cut = source.rfind("\n", start, start + AT_ONCE)
        end = cut if cut > start else start + AT_ONCE
        yield source[start:end]
        start = end + (cut > start)
    yield source[start:]


def _document(piece: Piece, dots: float) -> SafeDocument:
    if piece.kind in (Kind.CODE, Kind.PLAIN):
        return _plain(visible(piece.source), dots, mono=True)
    if piece.kind is Kind.RULE:
        return _plain("———", dots)
    document = _plain("", dots)
    if hostile(piece.source):
        document.setPlainText(piece.source)
    else:
        document.show_markdown(piece.source)
    if piece.marker:
        QTextCursor(document).insertText(f"{piece.marker} ", QTextCharFormat())
    return document


def _plain(text: str, dots: float, *, bold: bool = False, mono: bool = False) -> SafeDocument:
    document = SafeDocument()
    document.setDocumentMargin(0)
    font = QFont("monospace" if mono else "")
    font.setStyleHint(QFont.StyleHint.Monospace if mono else QFont.StyleHint.SansSerif)
    font.setPointSizeF(8.5 if mono else 10.5)
    font.setBold(bold)
    document.setDefaultFont(font)
    document.setPlainText(text)
    return document
