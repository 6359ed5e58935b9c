"""Buttons with all that each of them needs: an object name, and a name for those who cannot see it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from desktop.ui import icons, theme
from desktop.ui.widgets.tooltip import set_tip


def push_button(parent: QWidget, name: str, text: str, work: Callable[[], object], kind: str = "") -> QPushButton:
    """A button with words; `kind` is one of the style sheet's: "primary", "quiet", "link".

    In a dialog it is never pressed by Enter in another field.
    """
    button = QPushButton(text, parent)
    button.setObjectName(name)
    button.setAccessibleName(text)
    button.setAutoDefault(False)
    if kind:
        theme.style_as(button, kind)
    button.clicked.connect(lambda: work())
    return button


def icon_button(parent: QWidget, name: str, words: str, icon: str, work: Callable[[], object]) -> QToolButton:
    """A button that shows an icon only; `words` are its tooltip."""
    button = QToolButton(parent)
    button.setObjectName(name)
    button.setAccessibleName(words)
    set_tip(button, words)
    icons.put(button, icon)
    button.clicked.connect(lambda: work())
    return button


def action_button(parent: QWidget, action: QAction, name: str = "") -> QToolButton:
    """The button of an action, named after it where no other name is given."""
    button = QToolButton(parent)
    button.setDefaultAction(action)
    button.setObjectName(name or f"{action.objectName()}-button")
    button.setAccessibleName(action.text())
    return button
