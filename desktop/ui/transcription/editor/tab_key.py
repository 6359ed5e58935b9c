"""The key that plays and pauses."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent


def is_tab(event: QEvent) -> bool:
    """Tab plays and pauses in the list and the waveform, before Qt takes it for a change of focus; Shift+Tab and F6
    leave."""
    if not isinstance(event, QKeyEvent) or event.type() is not QEvent.Type.KeyPress:
        return False
    return event.key() == Qt.Key.Key_Tab
