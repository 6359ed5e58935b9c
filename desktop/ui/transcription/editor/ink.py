"""The theme's colours, fonts and lengths for painting: each looked up once, until the theme is another one.

A row asks for a dozen of them, and rows are painted at each key and each frame; asking the theme asks the system.
"""

from __future__ import annotations

from PySide6.QtGui import QColor, QFont, QGuiApplication

from desktop.ui import theme


class Ink:
    """As the theme has them. What it gives is shared: copy a colour or a font before changing it."""

    def __init__(self, look: theme.Theme) -> None:
        self._look = look
        self._colors: dict[str, QColor] = {}
        self._fonts: dict[tuple[str, bool], QFont] = {}
        self.px = look.px
        self.gap = look.gap
        self.size = look.size
        self.radius = look.radius

    def color(self, name: str) -> QColor:
        if name not in self._colors:
            self._colors[name] = self._look.color(name)
        return self._colors[name]

    def font(self, role: str, semibold: bool = False) -> QFont:
        if (role, semibold) not in self._fonts:
            self._fonts[role, semibold] = self._look.font(role, semibold)
        return self._fonts[role, semibold]


_held: tuple[object, Ink] | None = None


def ink() -> Ink:
    """That of the present theme."""
    global _held
    look = theme.current()
    present = (look, look.appearance, look.text_scale, QGuiApplication.palette().cacheKey())
    if _held is None or _held[0] != present:
        _held = (present, Ink(look))
    return _held[1]
