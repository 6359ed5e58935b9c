"""Labels of the style sheet's kinds for any text."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from desktop.ui import theme
from desktop.ui.widgets.tooltip import PlainLabel


def plain_label(text: str, kind: str = "", parent: QWidget | None = None, *, wrap: bool = False) -> PlainLabel:
    """A label that never takes text for markup, also what is set later."""
    label = PlainLabel(text, parent)
    label.setWordWrap(wrap)
    if kind:
        theme.style_as(label, kind)
    return label
