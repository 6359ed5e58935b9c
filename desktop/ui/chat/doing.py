"""What is done with one message: edit, answer again, go on, another branch, a conversation of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop.core.conversation import Message, State, Text
from desktop.ui import dialogs

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMenu

    from desktop.ui.chat.page import ChatPage


class Doing(QObject):
    def __init__(self, page: ChatPage) -> None:
        super().__init__(page)
        self._page = page
        page.transcript.action.connect(self.act)
        page.transcript.set_menu_more(self.more_entries)
        page.composer.editing_close.clicked.connect(self.stop_editing)
        page.composer.edit.up_in_empty.connect(self.edit_last)

    def act(self, message_id: str, action: str) -> None:
        page = self._page
        message = page.messages.message(page.messages.row_of(message_id))
        branch = page.open.branches.get(message_id)
        match action:
            case "edit" if message:
                self.edit(message)
            case "regenerate" if message:
                self._again(message)
            case "retry" if message:
                page.start(self._try_again(message), "retry")
            case "continue" if message:
                self._go_on(message)
            case "branch_before" if branch and branch.before:
                self._switch(branch.before)
            case "branch_after" if branch and branch.after:
                self._switch(branch.after)
            case "fork":
                page.start(self._fork(message_id), "fork")

    def more_entries(self, menu: QMenu, message_id: str) -> None:
        page = self._page
        message = page.messages.message(page.messages.row_of(message_id))
        if message is not None and message.call_id:
            menu.addAction("Show the call").triggered.connect(lambda: page.call_wanted.emit(message.call_id))

    async def _try_again(self, message: Message) -> None:
        page = self._page
        if await page.services.chat.may_have_run(message):
            text = "The server may have carried out and charged this already. Ask again all the same?"
            if not await dialogs.confirm(page, text, "Ask again", is_danger=False):
                return
        if message.parts:
            self._again(message)
        else:
            self._go_on(message)

    def edit(self, message: Message) -> None:
        """The message into the composer; what was typed there comes back afterwards."""
        page = self._page
        if page.open.is_trashed:
            return
        page.drafts.flush()
        page.open.editing = message.id
        page.composer.set_editing(True)
        page.composer.set_text(message.text)
        page.composer.set_parts(tuple(part for part in message.parts if not isinstance(part, Text)))
        page.composer.edit.setFocus()
        page.start(self._restore_edit(message), "draft-read")

    async def _restore_edit(self, message: Message) -> None:
        """An edit that was begun before and left."""
        page = self._page
        draft = await page.said.draft(page.open.draft_name)
        if draft.text and page.open.editing == message.id and page.composer.text() == message.text:
            page.composer.set_text(draft.text)
            page.composer.set_parts(draft.parts)

    def edit_last(self) -> None:
        page = self._page
        for row in range(page.messages.rowCount() - 1, -1, -1):
            message = page.messages.message(row)
            if message is not None and message.role.value == "user":
                self.edit(message)
                return

    def stop_editing(self) -> None:
        """Give the edit up."""
        page = self._page
        page.drafts.put_off()
        page.start(page.said.save_draft(page.open.draft_name, ""), f"draft:{page.open.draft_name}")
        page.empty_composer()
        self.leave_editing()

    def leave_editing(self) -> None:
        page = self._page
        page.open.editing = None
        page.composer.set_editing(False)
        page.start(page.drafts.restore(), "draft-read")

    def last_again(self) -> None:
        page = self._page
        message = page.messages.message(page.messages.rowCount() - 1) if page.open.path else None
        if message is not None and message.role.value == "assistant":
            self._again(message)

    def _again(self, message: Message) -> None:
        page = self._page
        if message.parent is None or message.state is State.STREAMING or not page.may_ask():
            return
        question = page.question(parent=message.parent)
        page.sends.receive(lambda tell: page.services.chat.answer_again(question, tell))

    def _go_on(self, message: Message) -> None:
        page = self._page
        if not page.may_ask():
            return
        question = page.question(parent=message.parent)
        page.sends.receive(lambda tell: page.services.chat.go_on(question, message.id, tell))

    def _switch(self, message: str) -> None:
        page = self._page
        page.open.show(page.open.leaf_through(message))
        page.messages.show_path(page.open.path)
        page.show_live()
        page.start(page.said.show_branch(page.open.identity, page.open.head), "branch")
        page.estimating.soon()

    async def _fork(self, message_id: str) -> None:
        page = self._page
        made = await page.said.fork(page.open.identity, message_id)
        await page.open_now(made.id)
        await page.listing.read()
