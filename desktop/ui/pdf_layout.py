"""A document on pages: where it may be cut, how open its lines stand, how much of a text is laid out at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication, QTextBlockFormat, QTextCharFormat, QTextCursor, QTextFormat, QTextTable

from desktop.ui.widgets.safe_document import SafeDocument
from desktop.ui.widgets.transcript_print import whole_lines

LINE_CHARACTERS, DOCUMENT_CHARACTERS = 1_000, 8_000
"""Longer lines and texts are laid out a part at a time: the time for one grows with its square."""


def slice_height(document: SafeDocument, top: float, room: float, page: float) -> float:
    """How much of a document from `top` on goes into `room`, no line and if it can be no row of a table cut; 0 where it
    is better begun on a page of its own. A line higher than a `page` is cut."""
    lines = _to_next_line(document, top, whole_lines(document, top, room))
    height = _above_row(document, top, lines)
    if height > 0 or room < page:
        return max(0.0, height)
    return lines if lines > 0 else min(page, document.size().height() - top)


def _to_next_line(document: SafeDocument, top: float, height: float) -> float:
    """With the room below the last line, into which its lowest signs may reach."""
    layout, cut = document.documentLayout(), top + height
    if height <= 0 or cut >= document.size().height():
        return height
    here = document.findBlock(layout.hitTest(QPointF(0, cut), Qt.HitTestAccuracy.FuzzyHit))
    for block in (here, here.next()):
        above = layout.blockBoundingRect(block).top()
        for at in range(block.layout().lineCount() if block.isValid() else 0):
            if (start := above + block.layout().lineAt(at).y()) >= cut:
                return start - top
    return height


def _above_row(document: SafeDocument, top: float, height: float) -> float:
    """As much less of `height` as keeps a table's row in one piece; 0 or less where the first row does not fit."""
    cut = top + height
    if cut >= document.size().height():
        return height
    for table in _tables(document):
        for first, last in itertools.pairwise(_edges(document, table)):
            if first < cut < last:
                return first - top
    return height


def head_again(document: SafeDocument, top: float, page: float) -> tuple[float, float] | None:
    """(top, height) of the head of the table that goes on at `top`; None where none does, or where its head would take
    a quarter of a `page` and more."""
    for table in _tables(document):
        first, last, *_, end = _edges(document, table)
        if last - 0.01 <= top < end - 0.01 and last - first <= page / 4:
            return first, last - first
    return None


def _tables(document: SafeDocument) -> Iterator[QTextTable]:
    frames = document.rootFrame().childFrames()
    return (frame for frame in frames if isinstance(frame, QTextTable) and frame.rows() > 1)


def _edges(document: SafeDocument, table: QTextTable) -> list[float]:
    """Where rows begin, each below its upper line but for the first, which has it; and where the last one ends."""
    layout, form = document.documentLayout(), table.format()
    tops = []
    for row in range(table.rows()):
        blocks = (table.cellAt(row, column).firstCursorPosition().block() for column in range(table.columns()))
        tops.append(min(layout.blockBoundingRect(block).top() for block in blocks))
    scale = _scale(document)
    pad, line = form.cellPadding() * scale, form.border() * scale
    behind = table.lastCursorPosition().block().next()
    is_last = not behind.isValid() or (not behind.text() and not behind.next().isValid())
    end = document.size().height() if is_last else layout.blockBoundingRect(behind).top()
    return [tops[0] - pad - line, *(top - pad for top in tops[1:]), end]


def _scale(document: SafeDocument) -> float:
    """What Qt multiplies a table's padding and lines with for a printer, whose dots are smaller than the screen's."""
    device, screen = document.documentLayout().paintDevice(), QGuiApplication.primaryScreen()
    return device.logicalDpiY() / screen.logicalDotsPerInchY() if device is not None and screen is not None else 1.0


def open_up(document: SafeDocument, percent: int) -> None:
    """A little more room between the lines."""
    lines = QTextBlockFormat()
    lines.setLineHeight(percent, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    cursor = QTextCursor(document)
    cursor.select(QTextCursor.SelectionType.Document)
    cursor.mergeBlockFormat(lines)


def keep_size(document: SafeDocument, points: float) -> None:
    """Qt's Markdown makes headings larger than the document's own size."""
    form = QTextCharFormat()
    form.setFontPointSize(points)
    form.setProperty(QTextFormat.Property.FontSizeAdjustment, 0)
    cursor = QTextCursor(document)
    cursor.select(QTextCursor.SelectionType.Document)
    cursor.mergeCharFormat(form)


def parts(text: str) -> Iterator[str]:
    """A text in parts that are quick to lay out; very long lines are cut."""
    lines = [
        line[at : at + LINE_CHARACTERS]
        for line in text.replace("\r\n", "\n").replace("\x00", "\ufffd").split("\n")
        for at in range(0, len(line) or 1, LINE_CHARACTERS)
    ]
    held: list[str] = []
    size = 0
    for line in lines:
        if held and size + len(line) > DOCUMENT_CHARACTERS:
            yield "\n".join(held)
            held, size = [], 0
        held.append(line)
        size += len(line)
    yield "\n".join(held)
