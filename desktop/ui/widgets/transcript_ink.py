"""The theme's fonts, colours and measures as a transcript draws with them, looked up once for all of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from PySide6.QtGui import QAbstractTextDocumentLayout, QColor, QFont, QFontMetricsF, QTextCharFormat

if TYPE_CHECKING:
    from desktop.ui.theme import Theme

COLOURS = "window panel card line edge text muted accent accent_text selection find bad warn hover".split()  # noqa: SIM905
SERIF = ("Charter", "Georgia", "Noto Serif", "Source Serif 4", "DejaVu Serif", "Liberation Serif", "Times New Roman")
"""The first of these that is there."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How text is set for reading: characters of a line, the kind of type, and its size in percent."""

    characters: int = 76
    family: str = "system"  # or serif, or mono
    percent: int = 100


class Ink:
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
