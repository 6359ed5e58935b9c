"""A table with hairlines; wider than the column it scrolls inside."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QTextCharFormat, QTextCursor, QTextTable, QTextTableFormat

from desktop.ui.widgets.markdown import Piece
from desktop.ui.widgets.safe_document import SafeDocument
from desktop.ui.widgets.transcript_block import Marks, Sideways
from desktop.ui.widgets.transcript_ink import Ink
from desktop.ui.widgets.transcript_prose import Prose


class Table(Prose):
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
