"""Labels that show text as it is: never as markup, whatever it contains."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from desktop.ui import theme


def plain_label(text: str, kind: str = "", parent: QWidget | None = None, *, wrap: bool = False) -> QLabel:
    """A label of one of the style sheet's kinds; plain text also for what is set later."""
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(text)
    label.setWordWrap(wrap)
    if kind:
        theme.style_as(label, kind)
    return label
