"""The small row of actions beside a message, and the buttons of its state line."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from desktop.core.conversation import Branch, Message, Role, State
from desktop.ui.theme import Theme

ACTIONS = {  # name: (icon, what it says)
    "copy": ("copy", "Copy"),
    "edit": ("edit", "Edit"),
    "regenerate": ("regenerate", "Regenerate"),
    "branch_before": ("left", "Previous branch"),
    "branch_after": ("right", "Next branch"),
    "fork": ("branch", "New conversation from here"),
    "quote": ("quote", "Quote with its source"),
    "more": ("more", "More actions"),
}
SIDE, NUMBER = 28, 44
"""Px at 100 %: of a button, and of the branch's number between two of them."""
STATE_ACTIONS = {"retry": "Try again", "continue": "Continue"}


def names_for(message: Message, branch: Branch | None, *, is_reading: bool = False) -> list[str]:
    """The actions a message offers, in their order; one that is only read is not changed."""
    if message.state is State.STREAMING:
        return ["copy"]
    names = ["copy"]
    if is_reading:
        names.append("quote")
    elif message.role is Role.USER:
        names.append("edit")
    elif message.role is Role.ASSISTANT:
        names.append("regenerate")
    if branch is not None and branch.of > 1:
        names += ["branch_before", "branch_after"]
    return [*names, "more"]


def room_for(message: Message, branch: Branch | None) -> int:
    """How wide the bar of a message is, in px at 100 %: nothing else is written there."""
    names = names_for(message, branch)
    return SIDE * len(names) + NUMBER * ("branch_before" in names)


class ActionBar(QWidget):
    """Shown over the message under the mouse or with the focus; one bar serves all rows."""

    chosen = Signal(str)
    left = Signal()

    def __init__(self, theme: Theme, parent: QWidget, page: str = "chat") -> None:
        super().__init__(parent)
        self._theme = theme
        self._buttons: dict[str, QToolButton] = {}
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._number = QLabel("", self)
        self._number.setTextFormat(Qt.TextFormat.PlainText)
        self._number.setObjectName(f"{page}.message.branch")
        for name, (_, words) in ACTIONS.items():
            button = QToolButton(self)
            button.setObjectName(f"{page}.message.{name}")
            button.setAccessibleName(words)
            button.setToolTip(words)
            button.setAutoRaise(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _=False, name=name: self.chosen.emit(name))
            self._buttons[name] = button
            self._layout.addWidget(button)
            if name == "branch_before":
                self._layout.addWidget(self._number)
        self.dress()
        self.hide()

    def dress(self) -> None:
        """Take the theme's icons and sizes."""
        theme = self._theme
        side = theme.px(SIDE)
        for name, button in self._buttons.items():
            button.setIcon(theme.icon(ACTIONS[name][0], "muted"))
            button.setFixedSize(side, side)
            icon = theme.px(16)
            button.setIconSize(button.iconSize().scaled(icon, icon, Qt.AspectRatioMode.IgnoreAspectRatio))
        self._number.setFont(theme.font("caption"))
        palette = self._number.palette()
        palette.setColor(palette.ColorRole.WindowText, theme.color("muted"))
        self._number.setPalette(palette)

    def show_for(self, message: Message, branch: Branch | None, *, is_reading: bool = False) -> None:
        names = names_for(message, branch, is_reading=is_reading)
        for name, button in self._buttons.items():
            button.setVisible(name in names)
        self._number.setVisible("branch_before" in names)
        if branch is not None:
            self._number.setText(f"{branch.number} / {branch.of}")
            self._number.setAccessibleName(f"Branch {branch.number} of {branch.of}")
            self._buttons["branch_before"].setEnabled(branch.before is not None)
            self._buttons["branch_after"].setEnabled(branch.after is not None)
        self._layout.activate()
        self.adjustSize()

    def button(self, name: str) -> QToolButton:
        return self._buttons[name]

    def has_inside_focus(self) -> bool:
        return any(button.hasFocus() for button in self._buttons.values())

    def focus_first(self) -> None:
        for button in self._buttons.values():
            if button.isVisible() and button.isEnabled():
                button.setFocus(Qt.FocusReason.TabFocusReason)
                return

    def keyPressEvent(self, event: QKeyEvent) -> None:
        shown = [b for b in self._buttons.values() if b.isVisible() and b.isEnabled()]
        at = next((i for i, b in enumerate(shown) if b.hasFocus()), -1)
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right) and at >= 0:
            step = 1 if event.key() == Qt.Key.Key_Right else -1
            shown[(at + step) % len(shown)].setFocus(Qt.FocusReason.TabFocusReason)
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class StateButtons(QWidget):
    """ "Continue" and "Try again" beside the words of how a message ended."""

    chosen = Signal(str)

    def __init__(self, theme: Theme, names: tuple[str, ...], parent: QWidget, page: str = "chat") -> None:
        super().__init__(parent)
        self.names = names
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.gap(8))
        for name in names:
            button = QPushButton(STATE_ACTIONS[name], self)
            button.setObjectName(f"{page}.message.{name}")
            button.setAccessibleName(STATE_ACTIONS[name])
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _=False, name=name: self.chosen.emit(name))
            layout.addWidget(button)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel:
            event.ignore()
            return False
        return super().event(event)
