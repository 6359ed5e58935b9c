"""What the next message would hold and cost, told beside the send button a moment after the last change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from desktop.ui.chat import words

if TYPE_CHECKING:
    from desktop.ui.chat.page import ChatPage

PAUSE_MS = 150


class Estimating(QObject):
    def __init__(self, page: ChatPage) -> None:
        super().__init__(page)
        self._page = page
        self.pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self.pause.timeout.connect(lambda: page.start(self._read(), "estimate"))

    def soon(self) -> None:
        self.pause.start()

    async def _read(self) -> None:
        page = self._page
        text = page.composer.text()
        parts = page.composer.parts
        if not page.open.options.model or not (text.strip() or parts or page.open.path):
            page.composer.set_estimate("")
            return
        place = page.open
        found = await page.services.chat.estimate(page.question(text, parts=parts))
        if place is page.open:
            page.composer.set_estimate(*words.estimate(found))
