"""What leaves the window: text to the clipboard, pages to a printer, files by the export, links to the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from desktop.core.conversation import Message, plain
from desktop.ui import dialogs
from desktop.ui.chat import words
from desktop.ui.chat.printing import print_on
from desktop.ui.widgets import links
from desktop.ui.widgets.safe_text import open_link

if TYPE_CHECKING:
    from desktop.ui.chat.page import ChatPage


class TakingOut(QObject):
    def __init__(self, page: ChatPage) -> None:
        super().__init__(page)
        self._page = page
        page.transcript.link.connect(lambda verdict: page.start(self._follow(verdict), "link"))
        page.transcript.picture.connect(lambda url: page.start(self._follow(links.decide(url)), "link"))
        page.transcript.copy_needed.connect(lambda ids: page.start(self._copy_selection(ids), "copy-selection"))

    def copy_all(self) -> None:
        self._page.start(self._to_clipboard(), "copy-all")

    async def _to_clipboard(self) -> None:
        messages = await self._whole()
        QGuiApplication.clipboard().setText(plain(messages))
        were = "was" if len(messages) == 1 else "were"
        self._page.notice.emit("good", f"{words.many(len(messages), 'message')} {were} copied.")

    async def _whole(self) -> list[Message]:
        """The branch that is shown, with what has arrived by now."""
        page = self._page
        return [page.live.newest(message) for message in await page.said.messages(page.open.path)]

    async def _copy_selection(self, ids: list[str]) -> None:
        page = self._page
        page.transcript.copy_messages(await page.said.messages(ids))

    async def _follow(self, verdict: links.Verdict) -> None:
        """Open a link of the transcript, once its true address was read."""
        page = self._page
        if not verdict.may_open:
            page.notice.emit("warn", verdict.warning)
        elif await dialogs.confirm(page, words.link(verdict), "Open link", is_danger=bool(verdict.warning)):
            open_link(verdict)

    def print_all(self) -> None:
        self._page.start(self._to_printer(), "print")

    async def _to_printer(self) -> None:
        page = self._page
        messages = await self._whole()
        printer = await dialogs.choose_printer(page)
        if printer is not None:
            await print_on(printer, messages, page.status.say)

    def export_all(self) -> None:
        self._page.start(self._to_file(), "export")

    async def _to_file(self) -> None:
        page = self._page
        from desktop.ui.library import export_dialog  # few export at the start

        if page.open.identity is not None and page.services is not None:
            await export_dialog.ask(page, page.services, [page.open.identity], page.report)
