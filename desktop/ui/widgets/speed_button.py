"""The button that says how fast is played, with a menu of the speeds."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from desktop.ui.widgets.playback import SPEEDS
from desktop.ui.widgets.tooltip import set_tip


class SpeedButton(QToolButton):
    """`chosen` carries a speed of the menu; what is shown is set by `show_speed`."""

    chosen = Signal(float)

    def __init__(self, name: str, told: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName("Speed")
        set_tip(self, told)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._speed = 1.0
        menu, group = QMenu(self), QActionGroup(self)
        for speed in SPEEDS:
            action = QAction(_times(speed), menu, checkable=True)
            action.setData(speed)
            group.addAction(action)
            menu.addAction(action)
        group.triggered.connect(lambda action: self.chosen.emit(action.data()))
        menu.aboutToShow.connect(lambda: self._check(group))
        self.setMenu(menu)
        self.show_speed(1.0)

    def show_speed(self, speed: float) -> None:
        self._speed = speed
        self.setText(_times(speed))

    def _check(self, group: QActionGroup) -> None:
        for action in group.actions():
            action.setChecked(action.data() == self._speed)


def _times(speed: float) -> str:
    return f"{speed:g}×"
