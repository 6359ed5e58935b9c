"""Labels of the style sheet's kinds for any text."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desktop.ui import theme
from desktop.ui.widgets.tooltip import PlainLabel, set_tip


def plain_label(text: str, kind: str = "", parent: QWidget | None = None, *, wrap: bool = False) -> PlainLabel:
    """A label that never takes text for markup, also what is set later."""
    label = PlainLabel(text, parent)
    label.setWordWrap(wrap)
    if kind:
        theme.style_as(label, kind)
    return label


class ElidedLabel(PlainLabel):
    """One line that ends in "…" where it has no room; the whole text is in its tooltip then."""

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        set_tip(self, self.text() if shown != self.text() else "")
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), self.alignment(), shown)
