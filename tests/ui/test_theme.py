"""Colours that can be read, sizes that scale, icons that follow."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from desktop.core.settings import Appearance
from desktop.ui import icons, theme

BACKGROUNDS = ("window", "panel", "card", "hover", "pressed", "selection")
FILLS = ("good_fill", "warn_fill", "bad_fill", "info_fill")
INKS = ("text", "muted", "accent", "good", "warn", "bad")
CODE = [name for name in theme.tokens()["schemes"]["light"] if name.startswith("code_")]
SCHEMES = list(theme.tokens()["schemes"])


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.fixture
def look(qapp):
    look = theme.install(qapp)
    look.configure(Appearance.LIGHT, 100, False)
    yield look
    look.configure(Appearance.LIGHT, 100, False)


def test_the_measure_of_contrast_itself():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_text_can_be_read_on_every_background(scheme):
    colours = theme.tokens()["schemes"][scheme]
    least = 7.0 if scheme.startswith("contrast") else 4.5
    pairs = [(ink, ground) for ink in INKS for ground in (*BACKGROUNDS, *FILLS)]
    pairs += [(ink, ground) for ink in CODE for ground in ("panel", "card", "window", "selection")]
    pairs += [("text", "find"), ("accent_text", "accent"), ("accent_text", "accent_hover")]
    weak = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: round(found, 2) for pair, found in weak.items() if found < least} == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_edges_of_controls_can_be_seen(scheme):
    colours = theme.tokens()["schemes"][scheme]
    assert min(contrast(colours["edge"], colours[ground]) for ground in ("window", "panel", "card")) >= 3


def test_every_scheme_has_every_token():
    schemes = theme.tokens()["schemes"]
    assert {name: sorted(set(schemes["light"]) ^ set(scheme)) for name, scheme in schemes.items()} == {
        name: [] for name in schemes
    }


@pytest.mark.parametrize("appearance", list(Appearance))
@pytest.mark.parametrize("percent", [80, 100, 150, 200])
def test_the_style_sheet_is_whole_in_every_appearance_and_size(look, appearance, percent, qtbot):
    look.configure(appearance, percent, False)
    sheet = look.style_sheet()
    assert "@" not in sheet
    button = QPushButton("Send")
    qtbot.addWidget(button)
    button.show()  # a rule that Qt cannot read is a warning, and a warning fails
    assert button.font().pixelSize() == round(13 * look.px(100) / 100)


def test_lengths_and_fonts_scale_with_the_text(look):
    look.set_text_scale(200)
    assert (look.px(16), look.size("footer"), look.font("title").pixelSize()) == (32, 56, 48)
    look.set_text_scale(10_000)
    assert look.text_scale == 200


def test_a_change_of_appearance_reaches_palette_labels_and_icons(look, qtbot):
    button, label, heard = QToolButton(), QLabel("words"), []
    for widget in (button, label):
        qtbot.addWidget(widget)
        widget.show()
    icons.put(button, "send", "text")
    before = button.icon().pixmap(24).toImage()
    look.changed.connect(lambda: heard.append(look.is_dark))
    look.set_appearance(Appearance.DARK)
    assert heard == [True]
    assert label.palette().windowText().color() == QColor(theme.tokens()["schemes"]["dark"]["text"])
    assert button.icon().pixmap(24).toImage() != before


class Heard(QLabel):
    """Counts how often Qt gave it a style."""

    styled = 0

    def changeEvent(self, event):
        self.styled += event.type() is QEvent.Type.StyleChange
        super().changeEvent(event)


def test_a_change_of_appearance_styles_each_widget_twice_however_deep_it_stands(look, qtbot):
    window = inner = QWidget()
    for _ in range(8):
        column = QVBoxLayout(inner)
        inner = QWidget(inner)
        column.addWidget(inner)
    label = Heard("text", inner)
    qtbot.addWidget(window)
    window.show()
    for appearance in (Appearance.DARK, Appearance.LIGHT):
        label.styled = 0
        look.set_appearance(appearance)
        assert 1 <= label.styled <= 2


def test_nothing_is_drawn_again_when_nothing_changed(look):
    heard = []
    look.changed.connect(lambda: heard.append(True))
    look.configure(Appearance.LIGHT, 100, True)
    assert heard == []
    assert look.motion_ms == 0


@pytest.mark.parametrize("name", icons.names())
def test_every_icon_is_a_line_in_one_colour(name, qapp):
    source = icons.source(name)
    assert QSvgRenderer(source.encode()).isValid()
    assert 'viewBox="0 0 24 24"' in source and 'stroke-width="1.75"' in source
    assert "#" not in source, "colours come from the theme"
    image = icons.pixmap(name, QColor("#2F5D50"), 24).toImage()
    drawn = [image.pixelColor(x, y).alpha() for x in range(image.width()) for y in range(image.height())]
    assert 8 < sum(alpha > 128 for alpha in drawn) < len(drawn) * 0.5


@pytest.mark.parametrize("name", icons.names())
def test_a_tinted_icon_is_what_its_drawing_in_that_colour_would_be(name, qapp):
    renderer = QSvgRenderer(icons.source(name).replace("currentColor", "#3a7d5c").encode())
    wanted = QImage(36, 36, QImage.Format.Format_ARGB32_Premultiplied)
    wanted.fill(0)
    painter = QPainter(wanted)
    renderer.render(painter)
    painter.end()
    found = icons._drawn(name, "#3a7d5c", 24, 1.5).toImage().convertToFormat(wanted.format())
    pairs = zip(bytes(wanted.constBits()), bytes(found.constBits()), strict=True)
    assert max(abs(one - other) for one, other in pairs) <= 1
