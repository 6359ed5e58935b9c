"""What goes with a message: files that are chosen or dropped and pictures that are pasted, kept before it is sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop.core.conversation import Part
from desktop.ui import dialogs
from desktop.ui.widgets.pictures import png_of

if TYPE_CHECKING:
    from desktop.ui.chat.page import ChatPage


class Attaching(QObject):
    def __init__(self, page: ChatPage) -> None:
        super().__init__(page)
        self._page = page
        page.composer.attach_wanted.connect(lambda: page.start(self._choose_files(), "choose-files"))
        page.composer.edit.files_pasted.connect(self.files)
        page.composer.edit.picture_pasted.connect(lambda p: page.start(self._attach_picture(p), "attach-picture"))

    def files(self, paths: list[str]) -> None:
        """Take files into the composer, each as soon as it is kept."""
        page = self._page
        page.start(self._attach([Path(path) for path in paths]), f"attach:{len(page.composer.parts)}:{paths[:1]}")

    async def _attach(self, paths: list[Path]) -> None:
        for path in paths:
            self._add_part(await self._page.services.attachments.of_file(path))

    async def _attach_picture(self, picture: object) -> None:
        content = png_of(picture)
        if content:
            self._add_part(await self._page.services.attachments.of_bytes(content, "pasted.png"))

    def _add_part(self, part: Part) -> None:
        page = self._page
        page.composer.set_parts((*page.composer.parts, part))
        page.typed()

    async def _choose_files(self) -> None:
        self.files(await dialogs.choose_files(self._page, "Attach files"))
