"""What takes the focus in a part of the page, in the order in which its layouts hold it: as one reads it."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLayout, QWidget


def reading_order(part: QWidget | QLayout) -> Iterator[QWidget]:
    """Widgets that Tab comes to, also hidden ones; what is inside a field goes with the field."""
    if isinstance(part, QWidget):
        if part.focusPolicy() & Qt.FocusPolicy.TabFocus:
            yield part
        elif (layout := part.layout()) is not None:
            yield from reading_order(layout)
        return
    for at in range(part.count()):
        item = part.itemAt(at)
        inner = None if item is None else item.widget() or item.layout()
        if inner is not None:
            yield from reading_order(inner)
