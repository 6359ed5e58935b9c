"""Cards of the archive section: a heading, lines of facts, and buttons under them."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from desktop.core.sizes import size_words as size_words
from desktop.ui import theme
from desktop.ui.settings.key_card import button as button
from desktop.ui.settings.key_card import line as line
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.tooltip import PlainLabel


class Card(QFrame):
    """A titled card; what stands in it is added to `column`."""

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        look = theme.current()
        self.setObjectName(name)
        self.setAccessibleName(title)
        theme.style_as(self, "card")
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(look.gap(16), look.gap(12), look.gap(16), look.gap(12))
        self.column.setSpacing(look.gap(8))
        self.column.addWidget(plain_label(title, "strong"))

    def fact(self, name: str, kind: str = "muted") -> PlainLabel:
        """A line of text that is hidden while it is empty (`set_text` below)."""
        label = plain_label("", kind, wrap=True)
        label.setObjectName(name)
        label.hide()
        self.column.addWidget(label)
        return label


def tell(label: PlainLabel, text: str, kind: str = "") -> None:
    """Show a sentence, or nothing at all."""
    if kind:
        theme.style_as(label, kind)
    label.setText(text)
    label.setVisible(bool(text))


def many(count: int, what: str) -> str:
    """A number of things: "1 message", "2 messages"."""
    return f"{count:,} {what}{'' if count == 1 else 's'}".replace(",", "\u202f")
