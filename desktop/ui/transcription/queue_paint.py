"""How a row of the queue is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QTextLayout
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop.core.text import visible
from desktop.ui import icons, theme
from desktop.ui.transcription.queue_model import Row

if TYPE_CHECKING:
    from desktop.ui.transcription.queue import QueueView

Index = QModelIndex | QPersistentModelIndex

ROW, BUTTON = 56, 28
TIGHT = 4  # above three lines
ABOVE, BELOW, SIDE, ICON = 8, 10, 16, 18
TEXT = SIDE + ICON + 12  # where the words begin
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class Ink:
    """Fonts, measures and colours of now: asked for once and not for each row that is drawn."""

    def __init__(self) -> None:
        look = theme.current()
        self.px: Callable[[float], int] = look.px
        self.hair, self.radius = look.hair, look.radius("control")
        self.body, self.caption, self.figures = look.font("body"), look.font("caption"), look.font("figures")
        self.figures.setPixelSize(self.caption.pixelSize())
        self.metrics = {id(font): QFontMetrics(font) for font in (self.body, self.caption, self.figures)}
        self._colors: dict[str, QColor] = {}

    def color(self, name: str) -> QColor:
        if name not in self._colors:
            self._colors[name] = theme.current().color(name)
        return self._colors[name]

    def width(self, font: QFont, text: str) -> int:
        return self.metrics[id(font)].horizontalAdvance(text)

    def elided(self, font: QFont, text: str, width: int) -> str:
        return self.metrics[id(font)].elidedText(text, Qt.TextElideMode.ElideRight, width)


class QueueDelegate(QStyledItemDelegate):
    """An icon of the state, the name over the words, figures at the right, a thin bar below. Text is drawn plain.

    What went wrong, or is waited for, has a second line where it is long, in the place of the bar: nobody should have
    to look for the advice. All rows are of one height all the same, else hundreds of them would be measured at each
    change.
    """

    def __init__(self, view: QueueView) -> None:
        super().__init__(view)
        self._view = view
        self.ink = Ink()
        theme.current().changed.connect(self._measure)

    def _measure(self) -> None:
        self.ink = Ink()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(self.ink.px(160), self.ink.px(ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        ink, row, rect = self.ink, self._view.rows.at(index.row()), QRect(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._ground(painter, option)
        inner = rect.adjusted(ink.px(SIDE), ink.px(ABOVE), -ink.px(SIDE), -ink.px(BELOW))
        side = ink.px(ICON)
        picture = icons.pixmap(row.icon, ink.color(row.tone), side)
        painter.drawPixmap(QRect(inner.left(), inner.top() + ink.px(1), side, side), picture)
        inner.setLeft(rect.left() + ink.px(TEXT))
        acts = self._view.acts_at(index)
        room = self._view.acts_width(len(acts)) if acts else 0
        words = self._split(row, inner.width() - room)
        above, *below = self._lines(rect, inner, len(words))
        above = self._figures(painter, above, (row.cost,), room)
        self._line(painter, above, ink.body, "text", visible(row.title))
        for number, line in enumerate(below):
            line = self._figures(painter, line, row.facts if number == 0 else (), room)
            self._line(painter, line, ink.caption, row.tone, words[number])
        if len(words) == 1:
            self._bar(painter, QRect(inner.left(), rect.bottom() - ink.px(6), inner.width(), ink.px(3)), row)
        self._buttons(painter, rect, row.key, acts)
        painter.restore()

    def _ground(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        ink, rect = self.ink, option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, ink.color("selection"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, ink.color("hover"))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(ink.color("accent"), ink.hair))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            inset = ink.hair / 2
            painter.drawRect(QRectF(rect).adjusted(inset, inset, -inset, -inset))

    def _figures(self, painter: QPainter, rect: QRect, facts: tuple[str, ...], room: int) -> QRect:
        """At the right, the last ones first to go where it is narrow; returns what is left of the line."""
        ink, kept = self.ink, [fact for fact in facts if fact]
        while kept and ink.width(ink.figures, " · ".join(kept)) > rect.width() // 2:
            kept.pop()
        text = " · ".join(kept)
        width = ink.width(ink.figures, text) + ink.px(12) if text else 0
        if text and not room:
            painter.setFont(ink.figures)
            painter.setPen(ink.color("muted"))
            painter.drawText(rect, RIGHT, text)
        return rect.adjusted(0, 0, -max(width, room), 0)

    def _split(self, row: Row, width: int) -> tuple[str, ...]:
        """The words in one line, or in two where somebody should know all of them and one has no room for them."""
        text, font = visible(row.words), self.ink.caption
        is_wrong = row.tone in ("bad", "warn")
        return _two_lines(text, font, width) if is_wrong and self.ink.width(font, text) > width else (text,)

    def _lines(self, rect: QRect, inner: QRect, words: int) -> list[QRect]:
        """The places of the name and of one or two lines of words."""
        ink = self.ink
        half = ink.px((ROW - ABOVE - BELOW) // 2)
        if words == 1:
            return [QRect(inner.left(), inner.top() + n * half, inner.width(), half) for n in range(2)]
        name, line = ink.px(18), ink.px(15)
        tops = (rect.top() + ink.px(TIGHT), *(rect.top() + ink.px(TIGHT) + name + n * line for n in range(2)))
        return [QRect(inner.left(), at, inner.width(), name if n == 0 else line) for n, at in enumerate(tops)]

    def _line(self, painter: QPainter, rect: QRect, font: QFont, tone: str, text: str) -> None:
        painter.setFont(font)
        painter.setPen(self.ink.color(tone))
        painter.drawText(rect, LEFT, self.ink.elided(font, text, rect.width()))

    def _bar(self, painter: QPainter, rect: QRect, row: Row) -> None:
        if row.progress is None:
            return
        radius = rect.height() / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.ink.color("pressed"))
        painter.drawRoundedRect(rect, radius, radius)
        if row.progress > 0:
            rect.setWidth(max(rect.height(), round(rect.width() * row.progress)))
            painter.setBrush(self.ink.color("edge" if row.tone == "muted" else row.tone))
            painter.drawRoundedRect(rect, radius, radius)

    def _buttons(self, painter: QPainter, rect: QRect, key: str, acts: tuple[str, ...]) -> None:
        ink, side = self.ink, self.ink.px(ICON)
        for at, name in enumerate(acts):
            box = self._view.act_rect(rect, at, len(acts))
            if self._view.pointed == (key, name):
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(ink.color("pressed"))
                painter.drawRoundedRect(box, ink.radius, ink.radius)
            corner = box.center() - QPoint(side // 2 - 1, side // 2 - 1)
            picture = icons.pixmap(self._view.icon_of(name), ink.color("text"), side)
            painter.drawPixmap(QRect(corner, QSize(side, side)), picture)


def _two_lines(text: str, font: QFont, width: int) -> tuple[str, str]:
    """The words that have room in the first line, and those that are left."""
    layout = QTextLayout(text, font)
    layout.beginLayout()
    line = layout.createLine()
    line.setLineWidth(width)
    layout.endLayout()
    return text[: line.textLength()].rstrip(), text[line.textLength() :]
