"""Every action is one QAction: made here, found here by the palette."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from desktop.ui import icons


def make(
    owner: QWidget, name: str, text: str, work: Callable[[], object], *, keys: tuple[str, ...] = (), icon: str = ""
) -> QAction:
    """An action of the whole window: `name` is its object name, `keys` its shortcuts, the first one shown."""
    action = QAction(text, owner)
    action.setObjectName(name)
    if keys:
        action.setShortcuts([QKeySequence(each) for each in keys])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setToolTip(f"{text} ({keys[0]})")
    if icon:
        icons.put(action, icon, later=True)
    action.triggered.connect(lambda: work())
    owner.addAction(action)
    return action


def offered(page: QWidget | None, window: QWidget) -> list[QAction]:
    """The actions that can be done now, each once: those of the page on the screen, then the window's own."""
    found: dict[str, QAction] = {}
    for action in [*(page.findChildren(QAction) if page is not None else ()), *window.actions()]:
        if action.isEnabled() and action.isVisible() and not action.isSeparator() and action.objectName():
            found.setdefault(action.text(), action)
    return list(found.values())
