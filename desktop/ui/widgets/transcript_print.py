"""A conversation on paper: the same blocks as on the screen, wrapped where the paper ends."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QMarginsF, QRectF
from PySide6.QtGui import QFont, QPagedPaintDevice, QPageSize, QPainter, QTextCharFormat, QTextCursor

from desktop.core.conversation import Message
from desktop.core.text import visible
from desktop.ui.widgets.markdown import Kind, Piece, split
from desktop.ui.widgets.safe_document import SafeDocument, hostile


def print_pages(printer: QPagedPaintDevice, messages: Iterable[Message]) -> int:
    """Paint messages as pages of A4 or what the printer has; returns their number."""
    if not isinstance(printer, QPagedPaintDevice):
        raise TypeError("a printer or a PDF writer is needed")
    printer.setPageMargins(QMarginsF(18, 18, 18, 18))
    if not printer.pageLayout().pageSize().isValid():
        printer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    painter = QPainter(printer)
    dots = printer.logicalDpiY() / 72
    page = QRectF(0, 0, painter.viewport().width(), painter.viewport().height())
    y, pages = 0.0, 1
    for message in messages:
        for document, gap in _documents(message, dots):
            document.documentLayout().setPaintDevice(printer)
            document.setTextWidth(page.width())
            y += gap * dots
            top, height = 0.0, document.size().height()
            while top < height:
                room = whole_lines(document, top, page.height() - y)
                if room <= 0 and y > 0:
                    printer.newPage()
                    y, pages = 0.0, pages + 1
                    continue
                room = room if room > 0 else page.height()
                painter.save()
                painter.translate(0, y - top)
                document.drawContents(painter, QRectF(0, top, page.width(), room))
                painter.restore()
                top, y = top + room, y + room
    painter.end()
    return pages


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


def _documents(message: Message, dots: float) -> list[tuple[SafeDocument, float]]:
    heading = _plain(message.role.value.capitalize(), dots, bold=True)
    made = [(heading, 18.0)]
    for piece in split(message.text):
        made.append((_document(piece, dots), 6.0))
    return made


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
