"""The reading view: a kept conversation, read-only, with its hits, its branches and what can be done with it."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.core.conversation import Message
from desktop.ui import theme
from desktop.ui.chat.meta import meta_line
from desktop.ui.chat.state import OpenConversation
from desktop.ui.chat.words import dollars
from desktop.ui.tasks import Report, Tasks
from desktop.ui.widgets.transcript import TranscriptView
from desktop.ui.widgets.transcript_model import TranscriptModel

if TYPE_CHECKING:
    import asyncio

    from desktop.services.bundle import Services
    from desktop.services.conversations import Opened


class ReadingView(QWidget):
    """Shows what `show` is told to; `details` is a widget for the page's right side.

    `continue_wanted` carries the conversation and the end of the branch that is read, `export_wanted` the conversation,
    `notice` a kind ("good", "info", "warn") and a sentence.
    """

    continue_wanted = Signal(str, str)
    export_wanted = Signal(str)
    notice = Signal(str, str)

    def __init__(self, report: Report, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("library.reading")
        self.setAccessibleName("Reading view")
        self.tasks = Tasks(report, self)
        self.services: Services | None = None
        self.open = OpenConversation()
        self._build()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.messages = TranscriptModel(self, branch=lambda m: self.open.branches.get(m), meta=self._meta)
        self.transcript = TranscriptView(theme.current(), self)
        self.transcript.setObjectName("library.reading.transcript")
        self.transcript.set_model(self.messages)
        self.transcript.needed.connect(self._load)
        self.transcript.action.connect(self._act)
        column.addWidget(self.transcript, 1)
        self.details = QWidget(self)
        self.details.setObjectName("library.reading.details")

    def attach(self, services: Services) -> None:
        self.services = services

    async def show(self, conversation_id: str, message: str | None = None, line: str = "") -> None:  # type: ignore[override]
        """Open a conversation, at a message where one is named, with the hits of a search line marked."""
        opened = await self._said.open(conversation_id)
        self._take(opened)
        if message and message in self.open.parents:
            if self.messages.row_of(message) < 0:
                self._switch(message)
            self.transcript.show_message(message)
        else:
            self.transcript.scroll_to_end()

    def clear(self) -> None:
        """Nothing is read any more."""
        self.tasks.cancel()
        self.open = OpenConversation()
        self.messages.reset()

    @property
    def identity(self) -> str | None:
        return self.open.identity

    @property
    def _said(self) -> Any:
        assert self.services is not None, "the services are attached before anything is read"
        return self.services.conversations

    def _start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any] | None:
        if self.services is None:
            work.close()
            return None
        return self.tasks.start(work, name=name)

    def _take(self, opened: Opened) -> None:
        self.open = OpenConversation.of(opened)
        self.messages.reset(self.open.path, opened.last)

    def _meta(self, message: Message) -> str:
        return meta_line(message, dollars(message)) if message.role.value == "assistant" else ""

    def _load(self, rows: list[int]) -> None:
        ids = [self.messages.id(row) for row in rows if row < self.messages.rowCount()]
        if ids:
            self._start(self._read(ids), f"load:{ids[0]}")

    async def _read(self, ids: list[str]) -> None:
        self.messages.put(await self._said.messages(ids))

    def _act(self, message_id: str, action: str) -> None:
        branch = self.open.branches.get(message_id)
        if action == "branch_before" and branch and branch.before:
            self._switch(branch.before)
        elif action == "branch_after" and branch and branch.after:
            self._switch(branch.after)

    def _switch(self, message: str) -> None:
        """Read the newest branch through a message; what the archive remembers as shown stays as it is."""
        self.open.show(self.open.leaf_through(message))
        self.messages.show_path(self.open.path)
