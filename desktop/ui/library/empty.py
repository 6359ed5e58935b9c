"""What the library shows where there are no rows: what this is for, or what was searched, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.tooltip import no_mnemonic


@dataclass(frozen=True, slots=True)
class Offer:
    """A button: `name` is what `taken` carries."""

    name: str
    text: str
    is_primary: bool = False


class Nothing(QWidget):
    """A title, a line, and up to four offers in a row."""

    taken = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("library.nothing")
        self.title = plain_label("", "section", self, wrap=True)
        self.line = plain_label("", "muted", self, wrap=True)
        for label in (self.title, self.line):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._offers: list[QPushButton] = []
        column = QVBoxLayout(self)
        column.addStretch(2)
        column.addWidget(self.title)
        column.addWidget(self.line)
        self._row = QHBoxLayout()
        self._row.addStretch(1)
        self._row.addStretch(1)
        column.addLayout(self._row)
        column.addStretch(3)
        theme.current().changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        look = theme.current()
        self.layout().setContentsMargins(look.gap(24), look.gap(16), look.gap(24), look.gap(16))
        self.layout().setSpacing(look.gap(12))
        self._row.setSpacing(look.gap(8))

    def say(self, title: str, line: str = "", offers: Sequence[Offer] = ()) -> None:
        self.title.setText(title)
        self.line.setText(line)
        self.line.setVisible(bool(line))
        for button in self._offers:
            self._row.removeWidget(button)
            button.deleteLater()
        self._offers = [self._button(offer) for offer in offers]
        for place, button in enumerate(self._offers, 1):
            self._row.insertWidget(place, button)

    def _button(self, offer: Offer) -> QPushButton:
        button = QPushButton(no_mnemonic(offer.text), self)
        button.setObjectName(f"library.offer-{offer.name}")
        button.setAccessibleName(offer.text)
        if offer.is_primary:
            theme.style_as(button, "primary")
        button.clicked.connect(lambda: self.taken.emit(offer.name))
        return button
