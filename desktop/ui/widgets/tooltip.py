"""Tooltips and labels for text that is not ours: always shown as it is, never as rich text."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from desktop.core.text import visible

LONGEST_TIP = 2000


def tip(text: str) -> str:
    """Any text as the source of a tooltip that shows exactly this text: escaped, then wrapped."""
    if not text:
        return ""
    shown = visible(text[:LONGEST_TIP]) + ("…" if len(text) > LONGEST_TIP else "")
    return "<qt>" + escape(shown).replace("\n", "<br>") + "</qt>"


def set_tip(widget: QWidget, text: str) -> None:
    widget.setToolTip(tip(text))


def no_mnemonic(text: str) -> str:
    """Any text for a button, a tab or a menu, where one "&" alone would become a key."""
    return text.replace("&", "&&")


class PlainLabel(QLabel):
    """A label that shows any text as it is, hidden characters as marks."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setOpenExternalLinks(False)
        self.setText(text)

    def setText(self, text: str) -> None:
        super().setText(visible(text))
