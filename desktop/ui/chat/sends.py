"""Questions on their way: from the click to the end of the reply, in whatever conversation they were asked."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from desktop.core.chat import Delta, Ended, Started, Unsaved, Update, Waiting
from desktop.core.errors import KeyProblem, KeyRefused, KnownError
from desktop.ui.chat import words
from desktop.ui.chat.models import LAST_MODEL
from desktop.ui.chat.state import Sending, Typed
from desktop.ui.widgets.transcript_accessible import announce

if TYPE_CHECKING:
    from desktop.ui.chat.page import ChatPage

LAST_OPEN = "chat.last-conversation"

Ask = Callable[[Callable[[Update], None]], Awaitable[Any]]
"""Asks, and tells what it hears."""


class Sends(QObject):
    def __init__(self, page: ChatPage) -> None:
        super().__init__(page)
        self._page = page
        self._running: list[Sending] = []
        self._asked = 0
        page.remedy.clicked.connect(self._send_without)

    @property
    def is_paid(self) -> bool:
        """Does a reply arrive that costs something?"""
        return any(sending.is_paid for sending in self._running)

    def stop_in(self, conversations: list[str]) -> None:
        """A reply that arrives in one of them is stopped: nobody will read it."""
        for sending in self._running:
            if sending.conversation in conversations:
                self._page.tasks.cancel(sending.name)

    def receive(self, ask: Ask, typed: Typed | None = None) -> None:
        page = self._page
        self._asked += 1
        place = page.open
        sending = Sending(
            name=f"send:{place.identity or 'new'}:{self._asked}",
            place=place,
            conversation=place.identity,
            typed=typed,
            draft=place.draft_name if typed else "",
            is_paid=not page.services.profiles.chosen.is_local,
        )
        self._running.append(sending)
        page.working.emit(True)
        self._show_remedy(None)
        page.show_busy()
        task = page.start(self._answer(ask, sending), sending.name)
        if task is not None:
            task.add_done_callback(lambda _: self._ended(sending))

    async def _answer(self, ask: Ask, sending: Sending) -> None:
        """One reply from its question to its end."""

        def tell(update: Update) -> None:
            if isinstance(update, Started):
                sending.conversation, sending.has_begun = update.conversation.id, True
                self._begun(update, sending)
            else:
                self._heard(update, sending.conversation)

        await ask(tell)

    def _ended(self, sending: Sending) -> None:
        """However it ended, also before it began. A question that could not be kept goes back into the composer."""
        page = self._page
        self._running.remove(sending)
        page.working.emit(bool(self._running))
        if sending.conversation:
            page.conversations.set_working(sending.conversation, False)
        if not sending.has_begun:
            self._give_back(sending)
        page.show_busy()
        page.spent.emit()
        page.listing.refresh()
        page.estimating.soon()

    def _give_back(self, sending: Sending) -> None:
        page = self._page
        typed = sending.typed
        if typed is None or sending.place is not page.open:
            return  # in another place it is kept as the draft it was
        if typed.editing:
            page.open.editing = typed.editing
            page.composer.set_editing(True)
        page.composer.set_text("\n\n".join(text for text in (typed.text, page.composer.text()) if text))
        page.composer.set_parts((*typed.parts, *page.composer.parts))
        page.drafts.soon()

    @property
    def current(self) -> Sending | None:
        """What is sent or received in the conversation on the screen."""
        page = self._page
        here = (s for s in self._running if s.place is page.open or s.conversation == page.open.identity is not None)
        return next(here, None)

    def _begun(self, update: Started, sending: Sending) -> None:
        page = self._page
        place = sending.place
        messages = [*([update.question] if update.question else []), *update.replies]
        for reply in update.replies:
            page.live.begin(reply)
        if sending.draft:
            page.drafts.forget(sending.draft)
        if place is page.open:
            is_new = place.conversation is None
            place.conversation = update.conversation
            place.add(messages)
            page.messages.show_path(place.path)
            page.messages.put(messages)
            for message in messages:
                page.messages.refresh(message.id)
            page.stack.setCurrentWidget(page.transcript)
            page.transcript.scroll_to_end()
            if is_new:
                self._became(update)
                if page.composer.text() or page.composer.parts:
                    page.drafts.soon()  # typed since the send: it belongs to the conversation now
        page.conversations.set_working(update.conversation.id, True)
        page.listing.refresh()

    def _became(self, update: Started) -> None:
        page = self._page
        page.heading.setText(update.conversation.title)
        for action in page.of_open:
            action.setEnabled(True)
        page.start(page.services.remember(LAST_OPEN, update.conversation.id), "remember-open")
        key = f"{LAST_MODEL}:{page.services.profiles.chosen.id}"
        page.start(page.services.remember(key, page.open.options.model), "remember-model")

    def _heard(self, update: Update, conversation: str | None) -> None:
        page = self._page
        is_shown = conversation == page.open.identity
        match update:
            case Delta():
                page.live.add(update, time.monotonic())
                if is_shown:
                    if page.messages.row_of(update.message) >= 0:  # not while another branch is looked at
                        page.transcript.extend(update.message, update.text, update.kind)
                    page.status.say("")
            case Waiting():
                if is_shown:
                    page.status.wait(update)
            case Ended():
                page.live.end(update.message.id)
                if is_shown:
                    page.messages.put([update.message])
                    page.status.say("")
                    self._show_remedy(update)
                    announce(page.transcript, words.ended(update.message))
                if isinstance(update.error, KeyProblem | KeyRefused):
                    page.report(update.error)
            case Unsaved(error=None):
                page.notice.emit("good", "Everything is saved again.")
            case Unsaved(error=KnownError() as trouble):
                page.report(trouble)

    def stop(self) -> None:
        """End the reply that arrives in the conversation on the screen."""
        if sending := self.current:
            self._page.tasks.cancel(sending.name)

    def _show_remedy(self, ended: Ended | None) -> None:
        """Offer to leave out the parameter that the server refused."""
        page = self._page
        name = ended.refused_parameter if ended else ""
        is_ours = name in page.open.options.parameters
        page.remedy.setVisible(is_ours)
        if ended and is_ours:
            page.remedy.setText(f"Send again without {name}")
            page.remedy.setProperty("refused", (ended.message.id, name))

    def _send_without(self) -> None:
        page = self._page
        message_id, name = page.remedy.property("refused")
        page.form.clear(name)
        page.doing.act(message_id, "retry")
