"""The chat page: what it is made of, which conversation is open, and what the window wishes of it.

The gestures are carried out by parts that each know the page: `listing` the list at the left, `sends` questions on
their way, `doing` one message, `drafts` and `attaching` what is typed and added, `models`, `options` and `estimating`
what it is asked with and costs, `taking_out` what leaves the window.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QWidget

from desktop.core.catalog import Catalog
from desktop.core.conversation import Message, Part, Text
from desktop.core.errors import KnownError
from desktop.ui import icons, theme
from desktop.ui.chat import words
from desktop.ui.chat.attaching import Attaching
from desktop.ui.chat.composer import Composer
from desktop.ui.chat.conversation_list import ConversationList
from desktop.ui.chat.conversations_model import ConversationsModel
from desktop.ui.chat.doing import Doing
from desktop.ui.chat.drafts import Drafts
from desktop.ui.chat.empty import EmptyChat
from desktop.ui.chat.estimating import Estimating
from desktop.ui.chat.find_bar import FindBar
from desktop.ui.chat.finding import Finding
from desktop.ui.chat.head import Head
from desktop.ui.chat.listing import Listing
from desktop.ui.chat.meta import meta_line
from desktop.ui.chat.models import Models
from desktop.ui.chat.options_pane import OptionsPane
from desktop.ui.chat.sends import LAST_OPEN, Sends
from desktop.ui.chat.state import Live, OpenConversation, Options, Typed
from desktop.ui.chat.status import StatusLine
from desktop.ui.chat.taking import taken
from desktop.ui.chat.taking_out import TakingOut
from desktop.ui.page import Page
from desktop.ui.tasks import Report
from desktop.ui.widgets.kept_media import KeptMedia
from desktop.ui.widgets.transcript import TranscriptView
from desktop.ui.widgets.transcript_model import TranscriptModel

if TYPE_CHECKING:
    import asyncio

    from desktop.core.wire.page_request import PageRequest
    from desktop.services.bundle import Services
    from desktop.services.chat_question import Question
    from desktop.services.conversations import Opened

MINUTE_MS = 60_000
IN_TRASH = "This conversation is in the trash. Restore it to go on with it."


class ChatPage(Page):
    """Conversations at the left, the transcript over the composer, parameters at the right."""

    name = "chat"
    title = "Chat"

    spent = Signal()  # a call has ended: the meter has something new to read
    undo_offered = Signal(str, object)  # what was done, and the function that undoes it
    call_wanted = Signal(str)  # the call of a message, to be seen exactly as it was

    def __init__(self, report: Report, parent: QWidget | None = None) -> None:
        super().__init__(report, parent)
        self.open = OpenConversation()
        self.live = Live()
        self._build()
        self._join()
        self.tasks.busy.disconnect(self.working)  # a reply is work to be shown, an estimate or a draft is not
        self._measure()
        self._show_open()

    # -- building

    def _build(self) -> None:
        self.conversations = ConversationsModel(self)
        self.list = ConversationList(self.conversations, self.history)
        self.history.layout().addWidget(self.list)
        self._make_actions()
        column = self.work.layout()
        self.head = Head([self.fold_history], [*self.of_open, self.fold_parameters], self.work)
        self.heading = self.head.title
        self.find_bar = FindBar(self.work)
        self._build_transcript()
        self.status = StatusLine(self.work)
        self.remedy: QPushButton = QPushButton(self.work)
        self.remedy.setObjectName("chat.remedy")
        self.remedy.hide()
        for widget in (self.head, self.find_bar):
            column.addWidget(widget)
        column.addWidget(self.stack, 1)
        column.addWidget(self.status)
        column.addWidget(self.remedy, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addLayout(self._foot())

    def _build_transcript(self) -> None:
        self.messages = TranscriptModel(self, branch=lambda m: self.open.branches.get(m), meta=self._meta)
        self.stack = QStackedWidget(self.work)
        self.empty = EmptyChat(self.stack)
        self.transcript = TranscriptView(theme.current(), self.stack)
        self.transcript.set_model(self.messages)
        self.media = KeptMedia(self.transcript, self.tasks)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.transcript)

    def _foot(self) -> QHBoxLayout:
        self.composer = Composer(self.work)
        row = self._foot_row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.composer, 10_000)  # all there is, up to the width of the transcript's column
        row.addStretch(1)
        return row

    def _make_actions(self) -> None:
        self.find_action = self._action("Find in this conversation", "Ctrl+F", "search", lambda: self.find_bar_open())
        self.copy_all_action = self._action(
            "Copy the whole conversation", "Ctrl+Shift+C", "copy", lambda: self.taking_out.copy_all()
        )
        self.print_action = self._action(
            "Print the conversation", "Ctrl+P", "print", lambda: self.taking_out.print_all()
        )
        self.export_action = self._action(
            "Export the conversation", "Ctrl+Shift+E", "upload", lambda: self.taking_out.export_all()
        )
        self.of_open = (self.find_action, self.copy_all_action, self.export_action, self.print_action)
        self.new_action = self._action("New conversation", "Ctrl+N", "new", self.new_conversation)
        self.model_action = self._action("Choose the model", "Ctrl+M", "models", lambda: self.composer.model.open())
        self.again_action = self._action("Answer again", "Ctrl+Shift+R", "regenerate", lambda: self.doing.last_again())
        self.stop_action = self._action("Stop", "", "stop", self.stop)  # Esc, see keyPressEvent
        self.search_action = self._action("Search conversations", "Ctrl+Shift+F", "search", self.list.search.setFocus)

    def _action(self, text: str, keys: str, icon: str, work: Any) -> QAction:
        action = QAction(text, self)
        action.setObjectName(f"chat.{text.split()[0].lower()}-action")
        if keys:
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.setToolTip(f"{text} ({keys})")
        icons.put(action, icon)
        action.triggered.connect(lambda: work())
        self.addAction(action)
        return action

    def _join(self) -> None:
        """Make the parts, which listen to their own widgets, and listen to what is left."""
        self.drafts, self.estimating, self.attaching = Drafts(self), Estimating(self), Attaching(self)
        self.options, self.models = OptionsPane(self), Models(self)
        self.form, self.system = self.options.form, self.options.system
        self.listing, self.sends, self.doing, self.taking_out = Listing(self), Sends(self), Doing(self), TakingOut(self)
        self.finding = Finding(self.find_bar, self.transcript, self)
        self.list.opened.connect(self.open_conversation)
        self.list.new_wanted.connect(self.new_conversation)
        self.composer.sent.connect(self.send)
        self.composer.stopped.connect(self.stop)
        self.composer.changed.connect(self.typed)
        self.empty.example_taken.connect(self._take_example)
        self.media.notice.connect(self.notice)
        self.transcript.needed.connect(self._load)
        self.find_bar.searched.connect(lambda text: self.start(self._find(text), "find"))
        self.find_bar.closed.connect(self._end_find)
        self._minute = QTimer(self, interval=MINUTE_MS)
        self._minute.timeout.connect(self.conversations.refresh_times)
        self._minute.start()
        theme.current().changed.connect(self._theme_changed)

    def _measure(self) -> None:
        """Sizes that follow the text's scale."""
        look = theme.current()
        self.head.measure()
        self.options.measure()
        bar = self.transcript.verticalScrollBar().sizeHint().width()  # the composer stands under the text, not under it
        self._foot_row.setContentsMargins(look.gap(16), look.gap(4), look.gap(16) + bar, look.gap(16))
        self.composer.setMaximumWidth(look.size("column"))

    def _theme_changed(self) -> None:
        self._measure()
        self.show_live()  # the transcript made its rows again, from what was loaded

    # -- services

    def attach(self, services: Services) -> None:
        super().attach(services)
        self.media.attach(services.attachments)
        services.profiles.listen(self.models.profile_changed)
        services.settings.listen(self._settings_changed)
        services.library.listen(self.listing.changed_elsewhere)
        self._settings_changed()
        self.composer.set_ready(True)
        self.start(self._begin(), "begin")

    @property
    def said(self) -> Any:
        """The service of conversations."""
        return self.services.conversations

    @property
    def catalog(self) -> Catalog:
        return self.services.catalogs.of(self.services.profiles.chosen)

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any] | None:
        """Run a coroutine as a task of the page; before there are services it is dropped."""
        if self.services is None:
            work.close()
            return None
        return self.tasks.start(work, name=name)

    async def _begin(self) -> None:
        """What was open and typed when the application ended, then the models."""
        await self.options.restore_groups()
        if not self.open.options.model:
            self.open.options.model = await self.models.usual()
        last = await self.services.remembered(LAST_OPEN, "")
        if not self.open.path and not self.composer.text():
            await self._begin_with(last)
            await self.drafts.restore()
        await self.listing.read()
        self.models.profile_changed()

    async def _begin_with(self, last: str) -> None:
        place = self.open
        try:
            opened = await self.said.open(last) if last else None
        except KnownError:
            return  # deleted meanwhile: a new conversation is as good a place to begin
        if opened:
            await self.media.learn(opened.last)
        is_untouched = place is self.open and not self.composer.text()
        if opened and is_untouched and not opened.conversation.trashed:
            self._show(opened)

    def _settings_changed(self, *_: object) -> None:
        self.composer.edit.send_key = self.services.settings.value.send_key

    # -- opening

    def open_conversation(self, identity: str, message: str | None = None) -> None:
        """Show a conversation; with a message, the branch it lies on."""
        if identity != self.open.identity or message is not None:
            self.start(self._open_at(identity, message), "open")

    def new_conversation(self) -> None:
        options = Options(self.open.options.model)
        if self.services is not None:
            options.system = self.services.settings.value.default_system
        self.tasks.cancel("open")
        self._leave()
        self.open = OpenConversation(options=options)
        self._show_open()
        self.start(self.drafts.restore(), "draft-read")
        self.composer.edit.setFocus()

    async def _open_at(self, identity: str, message: str | None) -> None:
        head = await self.said.branch_through(identity, message) if message is not None else None
        await self.open_now(identity, head)

    async def open_now(self, identity: str, head: str | None = None) -> None:
        """Read a conversation and show it; what was typed stays with the one before."""
        opened = await self.said.open(identity, head)
        await self.media.learn(opened.last)
        self._leave()
        self._show(opened)
        await self.drafts.restore()

    def _show(self, opened: Opened) -> None:
        self.open = OpenConversation.of(opened)
        if not self.open.options.model:
            self.open.options.model = self.composer.model.model
        self.messages.reset(self.open.path, [self.live.newest(m) for m in opened.last])
        self._show_open()
        self.transcript.scroll_to_end()
        self.start(self.services.remember(LAST_OPEN, opened.conversation.id), "remember-open")

    def _leave(self) -> None:
        """What was typed and set stays with the conversation it belongs to."""
        self.drafts.flush()
        self.options.flush()
        self.empty_composer()

    def empty_composer(self) -> None:
        self.composer.set_text("")
        self.composer.set_parts(())

    def _show_open(self) -> None:
        """Everything that follows from which conversation is open."""
        found = self.open.conversation
        self.heading.setText(found.title if found else "New conversation")
        if not self.open.path:
            self.messages.reset()
        self.stack.setCurrentWidget(self.transcript if self.open.path else self.empty)
        for action in self.of_open:
            action.setEnabled(bool(self.open.path))
        self.composer.set_editing(False)
        self.composer.setEnabled(not self.open.is_trashed)
        self.composer.set_estimate("")
        self.composer.model.set_model(self.open.options.model)
        self.options.show_system()
        self.list.select(self.open.identity)
        self.show_busy()
        self.options.show()
        if not self.find_bar.isHidden():
            self.find_bar.leave()
        self.estimating.soon()

    def _load(self, rows: list[int]) -> None:
        ids = [self.messages.id(row) for row in rows if row < self.messages.rowCount()]
        if ids:
            self.start(self._read(ids), f"load:{ids[0]}")

    async def _read(self, ids: list[str]) -> None:
        messages = await self.said.messages(ids)
        await self.media.learn(messages)
        self.messages.put([self.live.newest(message) for message in messages])

    # -- a request from elsewhere

    def take_request(self, request: PageRequest) -> tuple[str, ...]:
        """Fill a new conversation's form with a pasted or recorded request; what was left out, in sentences."""
        kind = self.services.profiles.chosen.kind.value
        found = taken(request, self.catalog, self.catalog.card(request.model), kind)
        typed = (self.composer.text(), self.composer.parts) if self.open.identity is None else ("", ())
        self.new_conversation()
        self.open.options = Options(found.model or self.open.options.model, found.system, found.parameters)
        self._show_open()
        self.models.use(self.open.options.model)
        self.start(self.drafts.put_above(found.text, typed, self.open), "draft-read")
        return found.left_out

    # -- asking

    def question(self, text: str = "", parent: str | None = None, parts: tuple[Part, ...] = ()) -> Question:
        """What would be asked now; `parent` is the message it follows, else the end of the branch that is shown."""
        from desktop.services.chat_question import Question  # late: the services come after the first paint

        options = self.open.options
        return Question(
            parts=(*parts, *((Text(text),) if text.strip() else ())),
            model=options.model,
            profile=self.services.profiles.chosen,
            conversation=self.open.identity,
            parent=parent if parent is not None else self.open.parent_of_next,
            system=options.system,
            parameters=dict(options.parameters),
        )

    def may_ask(self) -> bool:
        """Whether a further call can start here: one reply at a time in a conversation, and a model to ask."""
        if self.services is None or self.sends.current or self.open.is_trashed:
            return False
        if not self.open.options.model:
            self.composer.model.open()
            return False
        return True

    def send(self) -> None:
        """Ask what is typed."""
        if not self.may_ask():
            return
        text = self.composer.text()
        question = self.question(text, parts=self.composer.parts)
        typed = Typed(text, self.composer.parts, self.open.editing)
        self.drafts.flush()  # it is forgotten when the question is kept
        self.sends.receive(lambda tell: self.services.chat.send(question, tell), typed)
        self.empty_composer()
        if typed.editing:
            self.doing.leave_editing()

    def go_on(self) -> None:
        """What stood in the way of a send is gone."""
        if self.composer.text() or self.composer.parts:
            self.send()

    def _take_example(self, text: str) -> None:
        """Ask it as it is; what is typed stays in the composer."""
        if self.may_ask():
            question = self.question(text)
            self.sends.receive(lambda tell: self.services.chat.send(question, tell))

    def stop(self) -> None:
        """End the reply that arrives in the conversation on the screen."""
        self.sends.stop()

    def typed(self) -> None:
        self.drafts.soon()
        self.estimating.soon()

    def show_busy(self) -> None:
        is_busy = self.sends.current is not None
        self.composer.set_busy(is_busy)
        self.stop_action.setEnabled(is_busy)
        if not is_busy:
            self.status.say(IN_TRASH if self.open.is_trashed else "")

    def show_live(self) -> None:
        """Replies on the screen that still arrive, as they are by now."""
        self.messages.put(self.live.among(self.messages))

    def attach_files(self, paths: list[str]) -> None:
        """Take files into the composer, each as soon as it is kept."""
        self.attaching.files(paths)

    def _meta(self, message: Message) -> str:
        if message.role.value != "assistant":
            return ""
        return meta_line(message, words.dollars(message))

    # -- find

    def find_bar_open(self) -> None:
        if self.open.path:
            self.find_bar.enter()

    async def _find(self, text: str) -> None:
        wanted = text.strip()
        hits = await self.said.find(self.open.identity, self.open.path, wanted) if wanted else []
        self.finding.show(wanted, hits)

    def _end_find(self) -> None:
        self.tasks.cancel("find")
        self.finding.show("", [])
        self.composer.edit.setFocus()

    # -- the window's wishes

    def activated(self) -> None:
        self.composer.edit.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves the innermost thing: an edit, then the reply that arrives, then printing, then the find bar."""
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self.open.editing:
            self.doing.stop_editing()
        elif self.sends.current:
            self.stop()
        elif self.tasks.is_running("print"):
            self.tasks.cancel("print")
        elif not self.find_bar.isHidden():
            self.find_bar.leave()
        else:
            super().keyPressEvent(event)

    def reason_to_stay(self) -> str:
        return "A reply that is paid for is still arriving. What has come so far is kept." if self.sends.is_paid else ""

    async def close_down(self) -> None:
        if self.services is not None and not self.services.database.read_only:
            await self.drafts.keep()
            await self.options.keep(self.open)
