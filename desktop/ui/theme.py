"""Colours, sizes and fonts: one file of tokens, and the one reader that makes palette and style sheet of it."""

from __future__ import annotations

import atexit
import json
import re
from functools import cache
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTemporaryDir, Signal
from PySide6.QtGui import QColor, QFont, QFontInfo, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from desktop.core.appearance import LARGEST_SCALE, SMALLEST_SCALE, Appearance
from desktop.paths import resource
from desktop.ui import icons

SCALE_STEP = 10
STYLE = "Fusion"  # the same metrics on every system
STYLED = "davenport_styled"  # the property of an application that was made in it
NOMINAL_SYSTEM_PX = 14  # desktops come with 12 to 14; above that the user asked the system for larger text

MARKS = {  # the small signs inside controls: the icon they come from and the colour they are drawn in
    "up": ("up", "muted"),
    "down": ("down", "muted"),
    "check": ("check", "accent_text"),
    "dash": ("minus", "accent_text"),
    "dot": (None, "accent_text"),
}
DOT = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><circle cx="12" cy="12" r="5" fill="{}"/></svg>'


@cache
def tokens() -> dict:
    """`resources/theme.json` as it is."""
    return json.loads(resource("theme.json").read_text(encoding="utf-8"))


@cache
def _sheet() -> str:
    text = resource("window.qss").read_text(encoding="utf-8")
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


class Theme(QObject):
    """What everything is drawn with. `changed` comes after palette and style sheet of the application are new."""

    changed = Signal()

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self._appearance = Appearance.SYSTEM
        self._percent = 100
        self._scheme = ""
        self._colors: dict[str, QColor] = {}  # as they were when last applied; each picture asks for them many times
        self.reduced_motion = False
        self._system_font = application.font()
        self._system_factor = max(1.0, min(2.0, QFontInfo(self._system_font).pixelSize() / NOMINAL_SYSTEM_PX))
        self._mark_folder = QTemporaryDir()
        atexit.register(self._mark_folder.remove)  # the theme lives as long as the process, which frees nothing
        self._is_applying = False
        application.styleHints().colorSchemeChanged.connect(self._system_changed)

    # What is asked of it

    @property
    def scheme(self) -> str:
        """The name of the scheme in force: light, dark, contrast_light or contrast_dark."""
        if not self._scheme:
            self._scheme = self._chosen_scheme()
        return self._scheme

    def _chosen_scheme(self) -> str:
        system_is_dark = self._application.styleHints().colorScheme() is Qt.ColorScheme.Dark
        match self._appearance:
            case Appearance.LIGHT:
                return "light"
            case Appearance.DARK:
                return "dark"
            case Appearance.CONTRAST:
                return "contrast_dark" if system_is_dark else "contrast_light"
        if self._system_wants_contrast():
            return "contrast_dark" if system_is_dark else "contrast_light"
        return "dark" if system_is_dark else "light"

    @property
    def is_dark(self) -> bool:
        return tokens()["schemes"][self.scheme]["is_dark"]

    @property
    def appearance(self) -> Appearance:
        return self._appearance

    @property
    def text_scale(self) -> int:
        """Percent, as the user set it; the system's own larger text comes on top of it."""
        return self._percent

    @property
    def hair(self) -> int:
        """Width of a line in pixels: 1, in high contrast 2."""
        return tokens()["schemes"][self.scheme]["line_px"]

    @property
    def motion_ms(self) -> int:
        return 0 if self.reduced_motion else tokens()["motion_ms"]

    def color(self, name: str) -> QColor:
        """One of the colours of theme.json, the caller's own."""
        if name not in self._colors:
            self._colors[name] = QColor(tokens()["schemes"][self.scheme][name])
        return QColor(self._colors[name])

    def px(self, size: float) -> int:
        """A length of the papers in pixels of this window."""
        return max(1, round(size * self._factor)) if size else 0

    gap = px

    def size(self, name: str) -> int:
        """One of the named sizes of theme.json (rail, history, row, column, ...), scaled."""
        return self.px(tokens()["size"][name])

    def radius(self, name: str) -> int:
        """`control` or `card`."""
        return self.px(tokens()["radius"][name])

    def font(self, role: str, semibold: bool = False) -> QFont:
        """caption, body, reading, section, title, mono, or figures: body with digits of one width."""
        if role == "mono":
            from PySide6.QtGui import QFontDatabase  # no code is shown before the first paint

            font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        else:
            font = QFont(self._system_font)
        if role == "figures":
            font.setFeature(QFont.Tag("tnum"), 1)
        font.setPixelSize(self.px(tokens()["type"]["body" if role == "figures" else role]))
        font.setWeight(QFont.Weight.DemiBold if semibold else QFont.Weight.Normal)
        return font

    def icon(self, name: str, tone: str = "text", checked: str = "", size: int = 24) -> QIcon:
        """An icon in one of the colours; `checked` is the colour while its button is down."""
        return icons.icon(
            name, self.color(tone), self.color("disabled"), self.px(size), self.color(checked) if checked else None
        )

    # What changes it

    def set_appearance(self, appearance: Appearance) -> None:
        if appearance is not self._appearance:
            self._appearance = appearance
            self.apply()

    def set_text_scale(self, percent: int) -> None:
        percent = max(SMALLEST_SCALE, min(LARGEST_SCALE, percent))
        if percent != self._percent:
            self._percent = percent
            self.apply()

    def set_reduced_motion(self, reduced: bool) -> None:
        self.reduced_motion = reduced

    def configure(self, appearance: Appearance, percent: int, reduced_motion: bool) -> None:
        """All three settings at once, with one change where anything is new."""
        self.reduced_motion = reduced_motion
        percent = max(SMALLEST_SCALE, min(LARGEST_SCALE, percent))
        if (appearance, percent) != (self._appearance, self._percent):
            self._appearance, self._percent = appearance, percent
            self.apply()

    def apply(self) -> None:
        """Give the application palette, font and style sheet, then tell everybody."""
        self._scheme = ""
        self._colors.clear()
        self._is_applying = True
        try:
            self._application.setPalette(self.palette())
            self._application.setFont(self.font("body"))
            # One style sheet over another makes Qt polish each widget as often as it has parents, ten times and more;
            # taken away and set anew, twice.
            self._application.setStyleSheet("")
            self._application.setStyleSheet(self.style_sheet())
        finally:
            self._is_applying = False
        icons.refresh(self)
        self.changed.emit()

    def palette(self) -> QPalette:
        role = QPalette.ColorRole
        colours = {
            role.Window: "window",
            role.WindowText: "text",
            role.Base: "card",
            role.AlternateBase: "panel",
            role.Text: "text",
            role.Button: "card",
            role.ButtonText: "text",
            role.BrightText: "bad",
            role.ToolTipBase: "card",
            role.ToolTipText: "text",
            role.PlaceholderText: "muted",
            role.Highlight: "selection",
            role.HighlightedText: "text",
            role.Accent: "accent",
            role.Link: "accent",
            role.LinkVisited: "accent",
            role.Light: "card",
            role.Midlight: "hover",
            role.Mid: "line",
            role.Dark: "edge",
            role.Shadow: "edge",
        }
        palette = QPalette()
        for each, name in colours.items():
            palette.setColor(each, self.color(name))
        for each in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
            palette.setColor(QPalette.ColorGroup.Disabled, each, self.color("disabled"))
        return palette

    def style_sheet(self) -> str:
        scheme = tokens()["schemes"][self.scheme]
        sheet = re.sub(r"\b(\d+)px", lambda match: f"{self._whole(int(match[1]))}px", _sheet())
        sheet = sheet.replace("@hair", f"{self.hair}px")
        sheet = re.sub(r"@mark_(\w+)", lambda match: self._mark(match[1]), sheet)
        return re.sub(r"@(\w+)", lambda match: scheme[match[1]], sheet)

    @property
    def _factor(self) -> float:
        return self._percent / 100 * self._system_factor

    def _whole(self, size: int) -> int:
        return size if size <= 2 else self.px(size)  # lines and focus rings keep their width

    def _mark(self, name: str) -> str:
        """The file of a small sign in the present colours: Qt's style sheets take pictures from files only."""
        source, tone = MARKS[name]
        path = Path(self._mark_folder.path()) / f"{name}-{self.scheme}.svg"
        if not path.exists():
            colour = self.color(tone).name()
            drawn = icons.source(source).replace("currentColor", colour) if source else DOT.format(colour)
            path.write_text(drawn.replace('stroke-width="1.75"', 'stroke-width="2.5"'), encoding="utf-8")
        return path.as_posix()

    def _system_wants_contrast(self) -> bool:
        accessibility = getattr(self._application.styleHints(), "accessibility", None)  # Qt 6.10 and later
        if accessibility is None:
            return False
        return accessibility().contrastPreference() is Qt.ContrastPreference.HighContrast

    def _system_changed(self) -> None:
        if not self._is_applying and self._appearance in (Appearance.SYSTEM, Appearance.CONTRAST):
            self.apply()


_current: Theme | None = None


def new_application(arguments: list[str]) -> QApplication:
    """The process's application, in our style from the start: `setStyle` would hand the style back, and a class with
    566 names of its enumerations would be made for it before the first paint.
    """
    made = QApplication([*arguments, "-style", STYLE])
    made.setProperty(STYLED, True)
    return made


def install(application: QApplication) -> Theme:
    """Make the process's theme for this application; a second call gives the same one."""
    global _current
    if _current is None or _current.parent() is not application:
        if not application.property(STYLED):
            application.setStyle(STYLE)
        _current = Theme(application)
        _current.apply()
    return _current


def current() -> Theme:
    """The process's theme; made with the defaults when nobody did before (tests of one widget)."""
    if _current is not None:
        return _current
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        raise RuntimeError("a theme needs the application first")
    return install(application)


def style_as(widget: QWidget, kind: str) -> None:
    """Choose one of the style sheet's kinds (primary, quiet, danger, link; title, muted, caption; card, panel, ...)."""
    if widget.property("kind") == kind:
        return
    was_set = widget.property("kind") is not None
    widget.setProperty("kind", kind)
    if was_set:  # Qt reads properties when a widget is first polished, and not again by itself
        widget.style().unpolish(widget)
        widget.style().polish(widget)
