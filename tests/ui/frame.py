"""What tests of the frame share."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QTextEdit,
    QWidget,
)

CONTROLS = (QAbstractButton, QAbstractItemView, QAbstractSpinBox, QComboBox, QLineEdit, QTextEdit)


def tab_order(root) -> list[QWidget]:
    """What Tab goes through inside a widget, as it is on the screen now."""
    found, at = [], root.nextInFocusChain()
    while at is not root:
        takes = at.isEnabled() and at.focusPolicy() & Qt.FocusPolicy.TabFocus
        if takes and at.isVisible() and root.isAncestorOf(at):
            found.append(at)
        at = at.nextInFocusChain()
    return found


def nameless(root) -> list[str]:
    """Controls on the screen that a screen reader would have no name for."""
    found = []
    for kind in CONTROLS:
        for control in root.findChildren(kind):
            inner = isinstance(control.parent(), QAbstractSpinBox | QComboBox)
            if not inner and control.isVisible() and not control.objectName().startswith("qt_"):
                text = getattr(control, "text", str)() if isinstance(control, QAbstractButton) else ""
                if not (control.accessibleName() or text):
                    found.append(f"{type(control).__name__} {control.objectName()}")
    return found
