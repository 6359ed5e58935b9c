"""What is typed and not sent: kept for each conversation, and for each edit, a moment after the last key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

if TYPE_CHECKING:
    from desktop.core.conversation import Part
    from desktop.ui.chat.page import ChatPage
    from desktop.ui.chat.state import OpenConversation

PAUSE_MS = 400


class Drafts(QObject):
    def __init__(self, page: ChatPage) -> None:
        super().__init__(page)
        self._page = page
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(lambda: page.start(self.keep(), "draft"))

    def soon(self) -> None:
        """Something was typed: keep it when the typing rests."""
        self._pause.start()

    def put_off(self) -> None:
        """What was typed is given up."""
        self._pause.stop()

    async def restore(self) -> None:
        page = self._page
        name = page.open.draft_name
        draft = await page.said.draft(name)
        if name == page.open.draft_name and not page.composer.text() and not page.composer.parts:
            page.composer.set_text(draft.text)
            page.composer.set_parts(draft.parts)
            page.estimating.soon()

    def flush(self) -> None:
        """Keep what was typed now, under the name it belongs to at this moment."""
        page = self._page
        if self._pause.isActive() and page.services is not None:
            self._pause.stop()
            work = page.said.save_draft(page.open.draft_name, page.composer.text(), page.composer.parts)
            page.start(work, f"draft:{page.open.draft_name}")

    def forget(self, name: str) -> None:
        """A draft was sent; what has been typed since in the same place is kept in its stead."""
        page = self._page
        is_here = name == page.open.draft_name and page.open.identity is not None
        text, parts = (page.composer.text(), page.composer.parts) if is_here else ("", ())
        page.start(page.said.save_draft(name, text, parts), f"draft:{name}")

    async def keep(self) -> None:
        page = self._page
        await page.said.save_draft(page.open.draft_name, page.composer.text(), page.composer.parts)

    async def put_above(self, text: str, typed: tuple[str, tuple[Part, ...]], place: OpenConversation) -> None:
        """What was typed for a new conversation, now or before, and not sent stays below what was taken."""
        page = self._page
        draft = await page.said.draft(place.draft_name)
        if place is page.open:
            below = page.composer.text() or typed[0] or draft.text
            page.composer.set_text("\n\n".join(dict.fromkeys(each for each in (text, below) if each)))
            page.composer.set_parts(page.composer.parts or typed[1] or draft.parts)
            page.typed()
