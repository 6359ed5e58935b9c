"""Find in the conversation that is open."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from desktop.ui import theme
from desktop.ui.widgets.find_line import FindLine


class FindBar(FindLine):
    """Above the transcript, on a ground of its own."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("chat", "Find in this conversation", (16, 8), parent)
        self.setObjectName("chat.find-bar")
        theme.style_as(self, "panel")
