"""Buttons as the editor has them: with a name for tests and one for screen readers."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget


def push_button(parent: QWidget, name: str, text: str, work: Callable[[], object]) -> QPushButton:
    """`name` is the last part of its object name. In a dialog it is never pressed by Enter in another field."""
    button = QPushButton(text, parent)
    button.setObjectName(f"editor.{name}")
    button.setAccessibleName(text)
    button.setAutoDefault(False)
    button.clicked.connect(lambda: work())
    return button


def action_button(parent: QWidget, action: QAction, name: str = "") -> QToolButton:
    """The icon of an action; named after it unless told otherwise."""
    button = QToolButton(parent)
    button.setDefaultAction(action)
    button.setObjectName(name or f"{action.objectName()}-button")
    button.setAccessibleName(action.text())
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
    return button


def is_tab(event: QEvent) -> bool:
    """Tab plays and pauses in the list and the waveform, before Qt takes it for a change of focus; Shift+Tab and F6
    leave."""
    if not isinstance(event, QKeyEvent) or event.type() is not QEvent.Type.KeyPress:
        return False
    return event.key() == Qt.Key.Key_Tab
