"""How a segment is drawn and measured: time and speaker, the words, the second column, and signs of doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetrics, QFontMetricsF, QPainter, QTextCharFormat, QTextLayout, QTextOption

from desktop.core.text import visible
from desktop.core.transcript import Doubt, Segment
from desktop.ui import icons, theme
from desktop.ui.transcription.editor import words
from desktop.ui.transcription.editor.ink import ink
from desktop.ui.transcription.editor.places import from_qt, is_from_right, to_qt
from desktop.ui.transcription.editor.state import spans
from desktop.ui.transcription.editor.waveform_image import color_of

PAD, LEFT, GAP = 8, 116, 16
SIGN_LINE = 20
LEAST = 48
NARROW, ABOVE = 440, 18  # a list below this width has time and speaker above the words, in a line of this height
BASE = 0.8  # of a line of fixed height, where Qt puts what letters stand on
MEASURE = 640  # of a line that is read with ease
BESIDE = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter

Mark = tuple[int, int, str]
"""First and last character and what is marked: "find", "found" (the present hit) or "word" (what is said now)."""


@dataclass(frozen=True, slots=True)
class Row:
    """All that is drawn of one segment; `beside` is the second column, None where there is none."""

    segment: Segment
    speaker: str
    color: int
    signs: Sequence[tuple[str, str, str]]
    beside: str | None = None
    beside_is_was: bool = False
    marks: Sequence[Mark] = ()
    beside_marks: Sequence[Mark] = ()
    is_selected: bool = False
    is_hovered: bool = False
    is_playing: bool = False
    is_current: bool = False
    is_edited: str = ""  # "text" or "second": an editor stands there


def is_narrow(width: int) -> bool:
    """Whether the words need the room beside them."""
    return width < ink().px(NARROW)


def head_room(width: int) -> int:
    """Pixels above the words for time and speaker."""
    return ink().px(ABOVE) if is_narrow(width) else 0


def text_rects(rect: QRect, has_beside: bool) -> tuple[QRect, QRect]:
    """Where the words and the second column stand in a row."""
    look = ink()
    left = rect.left() + look.px(GAP) + (0 if is_narrow(rect.width()) else look.px(LEFT))
    room = max(look.px(80), rect.right() - look.px(GAP) - left)
    room = min(room, look.px(MEASURE) * (2 if has_beside else 1) + (look.px(GAP) if has_beside else 0))
    above = head_room(rect.width())
    top, high = rect.top() + look.px(PAD) + above, rect.height() - 2 * look.px(PAD) - above
    if not has_beside:
        return QRect(left, top, room, high), QRect()
    half = (room - look.px(GAP)) // 2
    return QRect(left, top, half, high), QRect(left + half + look.px(GAP), top, half, high)


def height(text: str, beside: str | None, has_signs: bool, width: int) -> int:
    """Of a row, exactly: each text is laid out."""
    look = ink()
    place, other = text_rects(QRect(0, 0, width, 0), beside is not None)
    font = look.font("reading")
    high = laid_out(text, font, place.width())[1]
    if beside is not None:
        high = max(high, laid_out(beside, font, other.width())[1])
    high += 2 * look.px(PAD) + head_room(width) + (look.px(SIGN_LINE) if has_signs else 0)
    return max(look.px(LEAST), high)


def guessed(characters: Sequence[int], have_signs: Sequence[bool], has_beside: bool, width: int) -> list[int]:
    """Of rows, about: by the number of characters of the longest text of each."""
    look = ink()
    room = max(1, text_rects(QRect(0, 0, width, 0), has_beside)[0].width())
    font = look.font("reading")
    wide, line = QFontMetrics(font).averageCharWidth(), pitch(font)
    least, pads, sign = look.px(LEAST), 2 * look.px(PAD) + head_room(width), look.px(SIGN_LINE)
    return [
        max(least, (1 + count * wide // room) * line + pads + (sign if has_signs else 0))
        for count, has_signs in zip(characters, have_signs, strict=True)
    ]


def character_at(text: str, place: QRect, point: QPoint) -> int:
    """The character of a text that is nearest to a point, when the text stands in `place`."""
    layout, _ = laid_out(text, ink().font("reading"), place.width())
    for number in range(layout.lineCount()):
        line = layout.lineAt(number)
        if point.y() - place.top() < line.y() + line.height():
            at = int(line.xToCursor(float(point.x() - place.left())))  # type: ignore[arg-type]
            return min(from_qt(visible(text), at), len(text))
    return len(text)


def pitch(font: QFont) -> int:
    """From line to line of text that is read, in pixels."""
    return round(font.pixelSize() * float(theme.tokens()["reading_line_height"]))


def lowered(font: QFont) -> int:
    """Pixels by which a field of Qt's sets the letters of a line of fixed height lower than in its middle."""
    metrics = QFontMetricsF(font)
    return round(BASE * pitch(font) - (pitch(font) - metrics.height()) / 2 - metrics.ascent())


def baseline(font: QFont) -> float:
    """Of a line, from its top: letters stand in the middle, whole pixels away from where a field has them."""
    return BASE * pitch(font) - lowered(font)


def laid_out(text: str, font: QFont, width: int, marks: Sequence[Mark] = ()) -> tuple[QTextLayout, int]:
    """A text in lines of a width, and how high it is. All lines are as high, also those with signs of other fonts."""
    drawn = visible(text)
    layout = QTextLayout(drawn.replace("\n", "\u2028"), font)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    if is_from_right(text):
        option.setAlignment(Qt.AlignmentFlag.AlignRight)
    layout.setTextOption(option)
    if marks and drawn == text:
        layout.setFormats([_format(to_qt(text, first), to_qt(text, last), kind) for first, last, kind in marks])
    layout.beginLayout()
    step, base = pitch(font), baseline(font)
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        line.setPosition(QPointF(0, (layout.lineCount() - 1) * step + base - line.ascent()))
    layout.endLayout()
    return layout, max(1, layout.lineCount()) * step


def _format(first: int, last: int, kind: str) -> QTextLayout.FormatRange:
    look = ink()
    form = QTextCharFormat()
    if kind == "find":
        form.setBackground(look.color("find"))
    else:
        form.setBackground(look.color("warn" if kind == "found" else "accent"))
        form.setForeground(look.color("window" if kind == "found" else "accent_text"))
    made = QTextLayout.FormatRange()
    made.start, made.length, made.format = first, last - first, form  # type: ignore[misc]
    return made


def word_mark(segment: Segment, number: int) -> list[Mark]:
    """The mark of the word that is being said."""
    found = spans(segment.text)
    return [(*found[number], "word")] if 0 <= number < len(found) else []


def paint(painter: QPainter, rect: QRect, row: Row) -> None:
    look = ink()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _ground(painter, rect, row)
    _left(painter, rect, row)
    place, other = text_rects(rect, row.beside is not None)
    font = look.font("reading")
    high = 0
    pairs = [(place, row.segment.text, row.marks, "text", "text")]
    if row.beside is not None:
        pairs.append((other, row.beside, row.beside_marks, "muted" if row.beside_is_was else "text", "second"))
    for where, text, marks, tone, name in pairs:
        layout, used = laid_out(text, font, where.width(), marks)
        high = max(high, used)
        if row.is_edited == name:
            painter.setPen(look.color("accent"))
            painter.setBrush(look.color("card"))
            frame = QRectF(where.left() - 7.5, where.top() - 4.5, where.width() + 14, used + 9)
            painter.drawRoundedRect(frame, look.radius("control"), look.radius("control"))
        else:
            painter.setPen(look.color(tone))
            layout.draw(painter, QPointF(where.topLeft()))
    _signs(painter, QRect(place.left(), place.top() + high + look.px(4), rect.right() - place.left(), look.px(16)), row)
    painter.restore()


def _ground(painter: QPainter, rect: QRect, row: Row) -> None:
    look = ink()
    if row.is_selected:
        painter.fillRect(rect, look.color("selection"))
    elif row.is_hovered:
        painter.fillRect(rect, look.color("hover"))
    if row.is_playing:
        painter.fillRect(QRect(rect.left(), rect.top(), look.px(3), rect.height()), look.color("accent"))
    if row.is_current:
        painter.setPen(look.color("accent"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5))


def _left(painter: QPainter, rect: QRect, row: Row) -> None:
    """The time over the speaker, level with the first line of the words; where it is narrow, both above them."""
    look = ink()
    font = QFont(look.font("figures"))
    font.setPixelSize(look.px(11))
    painter.setFont(font)
    line = look.px(16)
    left, top = rect.left() + look.px(GAP), rect.top() + look.px(PAD)
    painter.setPen(look.color("muted"))
    about = "≈ " if row.segment.doubt & Doubt.APPROXIMATE else ""
    begins = f"{about}{words.clock(row.segment.begins)}"
    when = f"{begins} – {words.clock(row.segment.ends)}"
    if is_narrow(rect.width()):
        wide = painter.fontMetrics().horizontalAdvance(when) + look.px(12)
        painter.drawText(QRect(left, top, wide, line), BESIDE, when)
        _speaker(painter, QRect(left + wide, top, rect.right() - look.px(GAP) - left - wide, line), row)
        return
    wide = look.px(LEFT) - look.px(GAP) + look.px(4)
    top += (pitch(look.font("reading")) - line) // 2
    shown = when if painter.fontMetrics().horizontalAdvance(when) <= wide else begins
    painter.drawText(QRect(left, top, wide, line), BESIDE, shown)
    _speaker(painter, QRect(left, top + line, wide, line), row)


def _speaker(painter: QPainter, rect: QRect, row: Row) -> None:
    look = ink()
    if row.color < 0 and not row.speaker:
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color_of(row.color))
    dot = look.px(8)
    painter.drawEllipse(QRect(rect.left(), rect.top() + (rect.height() - dot) // 2, dot, dot))
    painter.setPen(look.color("text"))
    place = rect.adjusted(look.px(14), 0, 0, 0)
    name = painter.fontMetrics().elidedText(visible(row.speaker), Qt.TextElideMode.ElideRight, place.width())
    painter.drawText(place, BESIDE, name)


def _signs(painter: QPainter, rect: QRect, row: Row) -> None:
    look = ink()
    painter.setFont(look.font("caption"))
    left, metrics, side = rect.left(), painter.fontMetrics(), look.px(14)
    for icon, told, tone in row.signs:
        room = rect.right() - left - side - look.px(20)
        if room < look.px(40):
            return
        shown = metrics.elidedText(told, Qt.TextElideMode.ElideRight, room)
        painter.drawPixmap(
            QRect(left, rect.center().y() - side // 2, side, side), icons.pixmap(icon, look.color(tone), side)
        )
        painter.setPen(look.color(tone))
        painter.drawText(
            QRect(left + side + look.px(4), rect.top(), room, rect.height()), Qt.AlignmentFlag.AlignVCenter, shown
        )
        left += side + look.px(4) + metrics.horizontalAdvance(shown) + look.px(12)
