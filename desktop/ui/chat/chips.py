"""What goes with the next message: a chip for each file, with a way to take it off."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QToolButton, QWidget

from desktop.core.conversation import Attachment, Audio, Part, Picture
from desktop.core.text import visible
from desktop.ui import icons, theme
from desktop.ui.widgets.tooltip import no_mnemonic, set_tip

LONGEST = 32
ICONS = {Picture: "images", Audio: "speech", Attachment: "files"}


class Chips(QScrollArea):
    """Hidden while there is nothing. `taken_off` carries the place of the chip."""

    taken_off = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("chat.attachments")
        self.setAccessibleName("Attachments")
        self.setWidgetResizable(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        theme.current().changed.connect(self._measure)
        self._measure()
        self.hide()

    def _measure(self) -> None:
        self.setFixedHeight(theme.current().px(40))

    def show_parts(self, parts: tuple[Part, ...]) -> None:
        look = theme.current()
        body = QWidget(self)
        row = QHBoxLayout(body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(look.gap(8))
        for place, part in enumerate(parts):
            row.addWidget(self._chip(part, place, body))
        row.addStretch(1)
        self.setWidget(body)
        self.setVisible(bool(parts))

    def _chip(self, part: Part, place: int, parent: QWidget) -> QToolButton:
        name = visible(getattr(part, "name", "") or "Picture")
        short = name if len(name) <= LONGEST else f"{name[: LONGEST // 2]}…{name[-LONGEST // 2 + 1 :]}"
        chip = QToolButton(parent)
        chip.setObjectName(f"chat.attachment-{place + 1}")
        theme.style_as(chip, "pill")
        chip.setText(no_mnemonic(f"{short}   ×"))
        chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        chip.setAccessibleName(f"Take {name} off")
        set_tip(chip, f"{name}\nTake it off")
        icons.put(chip, ICONS.get(type(part), "files"))
        chip.clicked.connect(lambda: self.taken_off.emit(place))
        return chip
