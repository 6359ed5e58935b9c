"""Paints a row of the transcript: its card or caption, its blocks with their signs, and the lines at its foot."""

from __future__ import annotations

import bisect

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from desktop.core.text import visible
from desktop.ui.widgets.transcript_block import Block, Marks
from desktop.ui.widgets.transcript_prose import Prose
from desktop.ui.widgets.transcript_rows import Row


def paint_row(row: Row, painter: QPainter, clip: QRectF, marks: dict[int, Marks], *, has_focus: bool) -> None:
    """Draw what lies in `clip`, the row's corner at the painter's origin."""
    if row.is_card:
        _paint_card(painter, row, has_focus)
    elif has_focus:
        _paint_focus(painter, row)
    if clip.top() < row.content_top and not row.is_shut:
        _paint_caption(painter, row)
    at = max(0, bisect.bisect_right(row.tops, clip.top()) - 1)
    while at < len(row.blocks) and row.tops[at] <= clip.bottom():
        _paint_block(painter, row, at, clip, marks.get(at) or Marks())
        at += 1
    if row.is_streaming:
        _paint_caret(painter, row)
    if clip.bottom() >= row.foot_top:
        _paint_foot(painter, row)


def _paint_card(painter: QPainter, row: Row, has_focus: bool) -> None:
    ink = row.ink
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    hair = ink.theme.hair
    painter.setPen(QPen(ink.color["accent" if has_focus else "line"], hair))
    painter.setBrush(ink.color["card"])
    half = hair / 2
    top = ink.px(12)
    box = QRectF(half, top + half, row.width - hair, row.height - top - ink.px(8) - hair)
    painter.drawRoundedRect(box, ink.theme.radius("card"), ink.theme.radius("card"))


def _paint_focus(painter: QPainter, row: Row) -> None:
    ink = row.ink
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink.color["accent"])
    painter.drawRect(QRectF(0, row.content_top + ink.px(4) if row.is_shut else row.caption_top, ink.px(3), ink.px(16)))


def _paint_caption(painter: QPainter, row: Row) -> None:
    ink = row.ink
    painter.setFont(ink.strong)
    painter.setPen(ink.color["muted"])
    box = QRectF(row.inset, row.caption_top, row.width - 2 * row.inset, ink.px(16))
    words = QFontMetricsF(ink.strong).elidedText(row.caption, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)


def _paint_block(painter: QPainter, row: Row, at: int, clip: QRectF, marks: Marks) -> None:
    block = row.blocks[at]
    x, y = row.x_of(block), row.tops[at]
    if not block.is_exact:
        return
    block.prepare(row.width_of(block))
    if block.piece.quotes:
        _paint_quote(painter, row, at)
    if block.piece.marker:
        _paint_marker(painter, row, block, x, y)
    painter.save()
    painter.translate(x, y)
    block.paint(painter, clip.translated(-x, -y), marks)
    painter.restore()


def _paint_marker(painter: QPainter, row: Row, block: Block, x: int, y: int) -> None:
    """A list item's sign, on the first line's own base line."""
    ink, marker = row.ink, block.piece.marker
    painter.setFont(ink.reading)
    painter.setPen(ink.color["muted"])
    metrics = QFontMetricsF(ink.reading)
    base = block.base_line() if isinstance(block, Prose) else metrics.ascent()
    painter.drawText(QPointF(x - ink.px(8) - metrics.horizontalAdvance(marker), y + base), marker)


def _paint_quote(painter: QPainter, row: Row, at: int) -> None:
    ink, block = row.ink, row.blocks[at]
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink.color["edge"])
    left = row.inset + block.piece.depth * ink.px(24)
    for level in range(block.piece.quotes):
        goes_on = at + 1 < len(row.blocks) and row.blocks[at + 1].piece.quotes > level
        bottom = row.tops[at + 1] if goes_on else row.tops[at] + block.height
        painter.drawRect(QRectF(left + level * ink.px(16), row.tops[at], ink.px(2), bottom - row.tops[at]))


def _paint_caret(painter: QPainter, row: Row) -> None:
    """A quiet bar at the end of what has come."""
    ink, spot = row.ink, row.caret_place()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink.color["accent"])
    painter.drawRoundedRect(QRectF(spot.x() + ink.px(2), spot.y(), ink.px(3), ink.px(16)), 1.5, 1.5)


def _paint_foot(painter: QPainter, row: Row) -> None:
    ink = row.ink
    said, tone, _ = row.state_line
    y = row.foot_top
    left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
    if said:
        height = row.state_height
        painter.setFont(ink.body)
        painter.setPen(ink.color[tone])
        box = QRectF(row.inset, y, row.state_room, height)
        painter.drawText(box, left | Qt.TextFlag.TextWordWrap, visible(said))
        y += height
    painter.setFont(ink.caption)
    painter.setPen(ink.color["muted"])
    for number, line in enumerate(row.meta_lines):
        box = QRectF(row.inset, y + ink.px(10) + number * ink.px(16), row.width - 2 * row.inset, ink.px(16))
        words = QFontMetricsF(ink.caption).elidedText(line, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, left, words)
