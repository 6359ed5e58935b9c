"""The chat page: which gesture starts what."""

from __future__ import annotations

import time
from collections.abc import Coroutine
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QStackedWidget, QToolButton, QWidget

from desktop.core import catalog
from desktop.core.catalog import Catalog
from desktop.core.chat import Delta, Ended, Started, Unsaved, Update, Waiting
from desktop.core.conversation import Message, Part, State, Text, plain
from desktop.core.errors import KeyProblem, KeyRefused, KnownError, Missing, Offline
from desktop.ui import dialogs, icons, theme
from desktop.ui.chat import words
from desktop.ui.chat.composer import Composer
from desktop.ui.chat.conversation_list import ConversationList
from desktop.ui.chat.conversations_model import ConversationsModel
from desktop.ui.chat.empty import EmptyChat
from desktop.ui.chat.find_bar import FindBar
from desktop.ui.chat.finding import Finding
from desktop.ui.chat.meta import meta_line
from desktop.ui.chat.printing import print_on
from desktop.ui.chat.state import Live, OpenConversation, Options, Sending, Typed
from desktop.ui.chat.status import StatusLine
from desktop.ui.chat.taking import taken
from desktop.ui.page import Page
from desktop.ui.tasks import Report
from desktop.ui.widgets import links
from desktop.ui.widgets.kept_media import KeptMedia
from desktop.ui.widgets.labels import ElidedLabel, plain_label
from desktop.ui.widgets.parameter_form import ParameterForm
from desktop.ui.widgets.pictures import png_of
from desktop.ui.widgets.safe_text import open_link
from desktop.ui.widgets.transcript import TranscriptView
from desktop.ui.widgets.transcript_model import TranscriptModel

if TYPE_CHECKING:
    import asyncio

    from PySide6.QtWidgets import QMenu

    from desktop.core.wire.page_request import PageRequest
    from desktop.services.bundle import Services
    from desktop.services.chat import Question
    from desktop.services.conversations import Opened

DRAFT_PAUSE_MS = 400
ESTIMATE_PAUSE_MS = 150
MINUTE_MS = 60_000
ROWS_AT_ONCE = 200  # conversations in the list; more as the user scrolls down
LAST_MODEL = "chat.last-model"
LAST_OPEN = "chat.last-conversation"
GROUPS = "chat.parameter-groups"
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
        self._sends: list[Sending] = []
        self._rows_wanted = ROWS_AT_ONCE
        self._asked = 0
        self._build()
        self._connect()
        self.tasks.busy.disconnect(self.working)  # a reply is work to be shown, an estimate or a draft is not
        self._measure()
        self._show_conversation()

    # -- building

    def _build(self) -> None:
        look = theme.current()
        self.conversations = ConversationsModel(self)
        self.list = ConversationList(self.conversations, self.history)
        self.history.layout().addWidget(self.list)
        self.messages = TranscriptModel(self, branch=lambda m: self.open.branches.get(m), meta=self._meta)
        column = self.work.layout()
        column.addLayout(self._head())
        self.find_bar = FindBar(self.work)
        column.addWidget(self.find_bar)
        self.stack = QStackedWidget(self.work)
        self.empty = EmptyChat(self.stack)
        self.transcript = TranscriptView(look, self.stack)
        self.transcript.setObjectName("chat.transcript")
        self.transcript.set_model(self.messages)
        self.transcript.set_menu_more(self._more_entries)
        self.media = KeptMedia(self.transcript, self.tasks)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.transcript)
        column.addWidget(self.stack, 1)
        self.status = StatusLine(self.work)
        self.remedy = QPushButton(self.work)
        self.remedy.setObjectName("chat.remedy")
        self.remedy.hide()
        column.addWidget(self.status)
        column.addWidget(self.remedy, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addLayout(self._foot())
        self._build_parameters()
        self._draft_pause = QTimer(self, singleShot=True, interval=DRAFT_PAUSE_MS)
        self._estimate_pause = QTimer(self, singleShot=True, interval=ESTIMATE_PAUSE_MS)
        self._minute = QTimer(self, interval=MINUTE_MS)
        self._minute.timeout.connect(self.conversations.refresh_times)
        self._minute.start()
        self._options_pause = QTimer(self, singleShot=True, interval=DRAFT_PAUSE_MS)

    def _head(self) -> QHBoxLayout:
        row = self._head_row = QHBoxLayout()
        self.heading = ElidedLabel("", self.work)
        theme.style_as(self.heading, "strong")
        self.heading.setObjectName("chat.title")
        row.addWidget(self._action_button(self.fold_history))
        row.addWidget(self.heading, 1)
        self.find_action = self._action("Find in this conversation", "Ctrl+F", "search", self.find_bar_open)
        self.copy_all_action = self._action("Copy the whole conversation", "Ctrl+Shift+C", "copy", self._copy_all)
        self.print_action = self._action("Print the conversation", "Ctrl+P", "print", self._print)
        self.export_action = self._action("Export the conversation", "Ctrl+Shift+E", "upload", self._export)
        self._of_open = (self.find_action, self.copy_all_action, self.export_action, self.print_action)
        for action in (*self._of_open, self.fold_parameters):
            row.addWidget(self._action_button(action))
        self.new_action = self._action("New conversation", "Ctrl+N", "new", self.new_conversation)
        self.model_action = self._action("Choose the model", "Ctrl+M", "models", lambda: self.composer.model.open())
        self.again_action = self._action("Answer again", "Ctrl+Shift+R", "regenerate", self._last_again)
        self.stop_action = self._action("Stop", "", "stop", self.stop)  # Esc, see keyPressEvent
        self.search_action = self._action("Search conversations", "Ctrl+Shift+F", "search", self.list.search.setFocus)
        return row

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

    def _action_button(self, action: QAction) -> QToolButton:
        button = QToolButton(self.work)
        button.setDefaultAction(action)
        button.setObjectName(f"{action.objectName()}-button")
        button.setAccessibleName(action.text())
        return button

    def _foot(self) -> QHBoxLayout:
        self.composer = Composer(self.work)
        row = self._foot_row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.composer, 10_000)  # all there is, up to the width of the transcript's column
        row.addStretch(1)
        return row

    def _build_parameters(self) -> None:
        self.form = ParameterForm("chat", self.parameters)
        heading = plain_label("Parameters", "section", self.form)
        label = plain_label("System text", "", self.form)
        self.system = QPlainTextEdit(self.form)
        theme.style_as(self.system, "field")
        self.system.setObjectName("chat.system")
        self.system.setAccessibleName("System text")
        self.system.setPlaceholderText("How the model should answer")
        self.system.setTabChangesFocus(True)
        label.setBuddy(self.system)
        self.form.column.addWidget(heading)
        self.form.column.addSpacing(theme.current().gap(8))
        self.form.column.addWidget(label)
        self.form.column.addWidget(self.system)
        self.parameters.layout().addWidget(self.form)

    def _measure(self) -> None:
        """Sizes that follow the text's scale."""
        look = theme.current()
        self._head_row.setContentsMargins(look.gap(16), look.gap(8), look.gap(12), look.gap(8))
        self._head_row.setSpacing(look.gap(4))
        self.heading.setMinimumWidth(look.px(40))
        bar = self.transcript.verticalScrollBar().sizeHint().width()  # the composer stands under the text, not under it
        self._foot_row.setContentsMargins(look.gap(16), look.gap(4), look.gap(16) + bar, look.gap(16))
        self.composer.setMaximumWidth(look.size("column"))
        self.system.setFixedHeight(look.px(96))

    def _theme_changed(self) -> None:
        self._measure()
        self._show_live()  # the transcript made its rows again, from what was loaded

    def _connect(self) -> None:
        theme.current().changed.connect(self._theme_changed)
        self.finding = Finding(self.find_bar, self.transcript, self)
        self.list.opened.connect(self.open_conversation)
        self.list.new_wanted.connect(self.new_conversation)
        self.list.search_changed.connect(lambda: self.refresh_list())
        self.list.trash_shown.connect(lambda: self.refresh_list())
        self.list.rename_wanted.connect(lambda i: self._start(self._rename(i), "rename"))
        self.list.pin_wanted.connect(lambda i, on: self._start(self._then_list(self._said.pin(i, on)), f"pin:{i}"))
        self.list.trash_wanted.connect(lambda ids: self._start(self._trash(ids), "trash"))
        self.list.restore_wanted.connect(lambda ids: self._start(self._restore(ids), "restore"))
        self.list.more_wanted.connect(self._more_rows)
        self.list.purge_wanted.connect(lambda ids: self._start(self._purge(ids), "purge"))
        self.composer.sent.connect(self._send)
        self.composer.stopped.connect(self.stop)
        self.composer.changed.connect(self._typed)
        self.composer.editing_close.clicked.connect(self._stop_editing)
        self.composer.edit.up_in_empty.connect(self._edit_last)
        self.composer.attach_wanted.connect(lambda: self._start(self._choose_files(), "choose-files"))
        self.composer.edit.files_pasted.connect(self.attach_files)
        self.composer.edit.picture_pasted.connect(lambda p: self._start(self._attach_picture(p), "attach-picture"))
        self.composer.model.picked.connect(self._pick_model)
        self.composer.model.pressed.connect(self._ask_for_models)
        self.empty.example_taken.connect(self._take_example)
        self.media.notice.connect(self.notice)
        self.transcript.needed.connect(self._load)
        self.transcript.action.connect(self._act)
        self.transcript.link.connect(lambda verdict: self._start(self._follow(verdict), "link"))
        self.transcript.picture.connect(lambda url: self._start(self._follow(links.decide(url)), "link"))
        self.transcript.copy_needed.connect(lambda ids: self._start(self._copy_selection(ids), "copy-selection"))
        self.remedy.clicked.connect(self._send_without)
        self.find_bar.searched.connect(lambda text: self._start(self._find(text), "find"))
        self.find_bar.closed.connect(self._end_find)
        self.form.changed.connect(self._set_parameter)
        self.form.folds_changed.connect(self._keep_groups)
        self.system.textChanged.connect(self._set_system)
        self._draft_pause.timeout.connect(lambda: self._start(self._keep_draft(), "draft"))
        self._estimate_pause.timeout.connect(lambda: self._start(self._estimate(), "estimate"))
        self._options_pause.timeout.connect(lambda: self._start(self._keep_options(self.open), "options"))

    # -- services

    def attach(self, services: Services) -> None:
        super().attach(services)
        self.media.attach(services.attachments)
        services.profiles.listen(self._profile_changed)
        services.settings.listen(self._settings_changed)
        services.library.listen(self._changed_elsewhere)
        self._settings_changed()
        self.composer.set_ready(True)
        self._start(self._begin(), "begin")

    @property
    def _said(self) -> Any:
        return self.services.conversations

    def _start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any] | None:
        if self.services is None:
            work.close()
            return None
        return self.tasks.start(work, name=name)

    async def _begin(self) -> None:
        """What was open and typed when the application ended, then the models."""
        self.form.set_open_groups(await self.services.remembered(GROUPS, []))
        if not self.open.options.model:
            self.open.options.model = await self._usual_model()
        last = await self.services.remembered(LAST_OPEN, "")
        if not self.open.path and not self.composer.text():
            await self._begin_with(last)
            await self._restore_draft()
        await self._list()
        self._profile_changed()

    async def _begin_with(self, last: str) -> None:
        place = self.open
        try:
            opened = await self._said.open(last) if last else None
        except KnownError:
            return  # deleted meanwhile: a new conversation is as good a place to begin
        if opened:
            await self.media.learn(opened.last)
        is_untouched = place is self.open and not self.composer.text()
        if opened and is_untouched and not opened.conversation.trashed:
            self._show(opened)

    async def _usual_model(self) -> str:
        chosen: str = self.services.settings.value.default_model
        return chosen or await self.services.remembered(f"{LAST_MODEL}:{self.services.profiles.chosen.id}", "")

    def _settings_changed(self, *_: object) -> None:
        self.composer.edit.send_key = self.services.settings.value.send_key

    def _profile_changed(self) -> None:
        self._show_models()
        if self.services.profiles.chosen.is_local:
            self._ask_for_models()

    # -- the list

    def refresh_list(self) -> None:
        self._start(self._list(), "list")

    async def _list(self) -> None:
        search, trashed = self.list.search.text().strip(), self.list.shows_trash()
        rows = await self._said.listing(search, trashed=trashed, limit=self._rows_wanted)
        self.conversations.replace(rows)
        nothing = "The trash is empty." if trashed else "Conversations appear here."
        self.list.say_empty(f"Nothing found for “{search}”." if search else nothing)
        if not self.list.selected():  # what the user selected meanwhile stays
            self.list.select(self.open.identity)

    def _changed_elsewhere(self) -> None:
        """Something was written that lists show: here, in the library, by an import."""
        self._start(self._follow_others(), "follow-others")

    async def _follow_others(self) -> None:
        await self._list()
        if self.open.conversation is None or self.open.is_trashed:
            return
        try:
            found = await self._said.get(self.open.conversation.id)
        except Missing:  # deleted for good while it was on the screen
            self.new_conversation()
            return
        if found.id != self.open.identity:
            return
        if found.trashed:
            self.new_conversation()
        elif found.title != self.open.conversation.title:
            self.open.conversation = replace(self.open.conversation, title=found.title)
            self.heading.setText(found.title)

    def _more_rows(self) -> None:
        """The end of the list came into view: read further back."""
        if self.conversations.rowCount() >= self._rows_wanted:
            self._rows_wanted += ROWS_AT_ONCE
            self.refresh_list()

    async def _then_list(self, work: Coroutine[Any, Any, Any]) -> None:
        await work
        await self._list()

    async def _rename(self, identity: str) -> None:
        row = self.conversations.at(self.conversations.row_of(identity))
        title = await dialogs.ask_text(self, "Rename conversation", "Title", row.title)
        if title and title.strip():
            await self._said.rename(identity, title)
            if identity == self.open.identity:
                self.heading.setText(" ".join(title.split()))
            await self._list()

    async def _trash(self, ids: list[str]) -> None:
        """A reply that arrives in one of them is stopped: nobody will read it."""
        for sending in self._sends:
            if sending.conversation in ids:
                self.tasks.cancel(sending.name)
        await self._said.trash(ids)
        was_open = self.open.identity if self.open.identity in ids else None
        if was_open:
            self.new_conversation()
        await self._list()
        what = f"{words.many(len(ids), 'conversation')} were" if len(ids) > 1 else "The conversation was"
        self.undo_offered.emit(f"{what} moved to the trash.", lambda: self._undo_trash(ids, was_open))

    def _undo_trash(self, ids: list[str], was_open: str | None) -> None:
        self._start(self._restore(ids, was_open), "restore")

    async def _restore(self, ids: list[str], opens: str | None = None) -> None:
        """Out of the trash; what is shown of it can be gone on with."""
        await self._said.restore(ids)
        wanted = opens if opens and not self.open.path else self.open.identity
        if wanted and wanted in (opens, *ids):
            await self._open(wanted)
        await self._list()

    async def _purge(self, ids: list[str]) -> None:
        what = words.many(len(ids), "conversation") if len(ids) > 1 else "this conversation"
        text = f"Delete {what} for good? Older backups still hold the text until they are replaced."
        if await dialogs.confirm(self, text, "Delete for good"):
            if self.open.identity in ids:
                self.new_conversation()
            await self._then_list(self._said.purge(ids))

    # -- opening

    def open_conversation(self, identity: str, message: str | None = None) -> None:
        """Show a conversation; with a message, the branch it lies on."""
        if identity != self.open.identity or message is not None:
            self._start(self._open_at(identity, message), "open")

    def new_conversation(self) -> None:
        options = Options(self.open.options.model)
        if self.services is not None:
            options.system = self.services.settings.value.default_system
        self.tasks.cancel("open")
        self._leave()
        self.open = OpenConversation(options=options)
        self._show_conversation()
        self._start(self._restore_draft(), "draft-read")
        self.composer.edit.setFocus()

    async def _open_at(self, identity: str, message: str | None) -> None:
        head = await self._said.branch_through(identity, message) if message is not None else None
        await self._open(identity, head)

    async def _open(self, identity: str, head: str | None = None) -> None:
        opened = await self._said.open(identity, head)
        await self.media.learn(opened.last)
        self._leave()
        self._show(opened)
        await self._restore_draft()

    def _show(self, opened: Opened) -> None:
        self.open = OpenConversation.of(opened)
        if not self.open.options.model:
            self.open.options.model = self.composer.model.model
        self.messages.reset(self.open.path, [self.live.newest(m) for m in opened.last])
        self._show_conversation()
        self.transcript.scroll_to_end()
        self._start(self.services.remember(LAST_OPEN, opened.conversation.id), "remember-open")

    async def _restore_draft(self) -> None:
        name = self.open.draft_name
        draft = await self._said.draft(name)
        if name == self.open.draft_name and not self.composer.text() and not self.composer.parts:
            self.composer.set_text(draft.text)
            self.composer.set_parts(draft.parts)
            self._estimate_pause.start()

    def _leave(self) -> None:
        """What was typed stays with the conversation it was typed in."""
        self._flush_draft()
        if self._options_pause.isActive() and self.services is not None:
            self._options_pause.stop()
            self._start(self._keep_options(self.open), f"options:{self.open.draft_name}")
        self._empty_composer()

    def _flush_draft(self) -> None:
        """Keep what was typed now, under the name it belongs to at this moment."""
        if self._draft_pause.isActive() and self.services is not None:
            self._draft_pause.stop()
            work = self._said.save_draft(self.open.draft_name, self.composer.text(), self.composer.parts)
            self._start(work, f"draft:{self.open.draft_name}")

    def _empty_composer(self) -> None:
        self.composer.set_text("")
        self.composer.set_parts(())

    def _show_conversation(self) -> None:
        """Everything that follows from which conversation is open."""
        found = self.open.conversation
        self.heading.setText(found.title if found else "New conversation")
        if not self.open.path:
            self.messages.reset()
        self.stack.setCurrentWidget(self.transcript if self.open.path else self.empty)
        for action in self._of_open:
            action.setEnabled(bool(self.open.path))
        self.composer.set_editing(False)
        self.composer.setEnabled(not self.open.is_trashed)
        self.composer.set_estimate("")
        self.composer.model.set_model(self.open.options.model)
        self.system.blockSignals(True)
        self.system.setPlainText(self.open.options.system)
        self.system.blockSignals(False)
        self.list.select(self.open.identity)
        self._show_busy()
        self._show_parameters()
        if not self.find_bar.isHidden():
            self.find_bar.leave()
        self._estimate_pause.start()

    # -- a request from elsewhere

    def take_request(self, request: PageRequest) -> tuple[str, ...]:
        """Fill a new conversation's form with a pasted or recorded request; what was left out, in sentences."""
        found = taken(
            request, self._catalog, self._catalog.card(request.model), self.services.profiles.chosen.kind.value
        )
        typed = (self.composer.text(), self.composer.parts) if self.open.identity is None else ("", ())
        self.new_conversation()
        self.open.options = Options(found.model or self.open.options.model, found.system, found.parameters)
        self._show_conversation()
        self._use_model(self.open.options.model)
        self._start(self._beside_draft(found.text, typed, self.open), "draft-read")
        return found.left_out

    async def _beside_draft(self, text: str, typed: tuple[str, tuple[Part, ...]], place: OpenConversation) -> None:
        """What was typed for a new conversation, now or before, and not sent stays below what was taken."""
        draft = await self._said.draft(place.draft_name)
        if place is self.open:
            below = self.composer.text() or typed[0] or draft.text
            self.composer.set_text("\n\n".join(dict.fromkeys(each for each in (text, below) if each)))
            self.composer.set_parts(self.composer.parts or typed[1] or draft.parts)
            self._typed()

    # -- sending

    def _question(self, text: str = "", parent: str | None = None, parts: tuple[Part, ...] = ()) -> Question:
        from desktop.services.chat import Question  # late: the services come after the first paint

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

    def _take_example(self, text: str) -> None:
        """Ask it as it is; what is typed stays in the composer."""
        if self._may_ask():
            question = self._question(text)
            self._receive(lambda tell: self.services.chat.send(question, tell))

    def go_on(self) -> None:
        """What stood in the way of a send is gone."""
        if self.composer.text() or self.composer.parts:
            self._send()

    def _send(self) -> None:
        if not self._may_ask():
            return
        text = self.composer.text()
        question = self._question(text, parts=self.composer.parts)
        typed = Typed(text, self.composer.parts, self.open.editing)
        self._flush_draft()  # it is forgotten when the question is kept
        self._receive(lambda tell: self.services.chat.send(question, tell), typed)
        self._empty_composer()
        if typed.editing:
            self._leave_editing()

    def _receive(self, ask: Any, typed: Typed | None = None) -> None:
        self._asked += 1
        place = self.open
        sending = Sending(
            name=f"send:{place.identity or 'new'}:{self._asked}",
            place=place,
            conversation=place.identity,
            typed=typed,
            draft=place.draft_name if typed else "",
            is_paid=not self.services.profiles.chosen.is_local,
        )
        self._sends.append(sending)
        self.working.emit(True)
        self._show_remedy(None)
        self._show_busy()
        task = self._start(self._answer(ask, sending), sending.name)
        if task is not None:
            task.add_done_callback(lambda _: self._ended(sending))

    async def _answer(self, ask: Any, sending: Sending) -> None:
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
        self._sends.remove(sending)
        self.working.emit(bool(self._sends))
        if sending.conversation:
            self.conversations.set_working(sending.conversation, False)
        if not sending.has_begun:
            self._give_back(sending)
        self._show_busy()
        self.spent.emit()
        self.refresh_list()
        self._estimate_pause.start()

    def _give_back(self, sending: Sending) -> None:
        typed = sending.typed
        if typed is None or sending.place is not self.open:
            return  # in another place it is kept as the draft it was
        if typed.editing:
            self.open.editing = typed.editing
            self.composer.set_editing(True)
        self.composer.set_text("\n\n".join(text for text in (typed.text, self.composer.text()) if text))
        self.composer.set_parts((*typed.parts, *self.composer.parts))
        self._draft_pause.start()

    @property
    def _sending(self) -> Sending | None:
        """What is sent or received in the conversation on the screen."""
        here = (s for s in self._sends if s.place is self.open or s.conversation == self.open.identity is not None)
        return next(here, None)

    def _begun(self, update: Started, sending: Sending) -> None:
        place = sending.place
        messages = [*([update.question] if update.question else []), *update.replies]
        for reply in update.replies:
            self.live.begin(reply)
        if sending.draft:
            self._forget_draft(sending.draft)
        if place is self.open:
            is_new = place.conversation is None
            place.conversation = update.conversation
            place.add(messages)
            self.messages.show_path(place.path)
            self.messages.put(messages)
            for message in messages:
                self.messages.refresh(message.id)
            self.stack.setCurrentWidget(self.transcript)
            self.transcript.scroll_to_end()
            if is_new:
                self._became(update)
                if self.composer.text() or self.composer.parts:
                    self._draft_pause.start()  # typed since the send: it belongs to the conversation now
        self.conversations.set_working(update.conversation.id, True)
        self.refresh_list()

    def _forget_draft(self, name: str) -> None:
        """A draft was sent; what has been typed since in the same place is kept in its stead."""
        is_here = name == self.open.draft_name and self.open.identity is not None
        text, parts = (self.composer.text(), self.composer.parts) if is_here else ("", ())
        self._start(self._said.save_draft(name, text, parts), f"draft:{name}")

    def _became(self, update: Started) -> None:
        self.heading.setText(update.conversation.title)
        for action in self._of_open:
            action.setEnabled(True)
        self._start(self.services.remember(LAST_OPEN, update.conversation.id), "remember-open")
        key = f"{LAST_MODEL}:{self.services.profiles.chosen.id}"
        self._start(self.services.remember(key, self.open.options.model), "remember-model")

    def _heard(self, update: Update, conversation: str | None) -> None:
        is_shown = conversation == self.open.identity
        match update:
            case Delta():
                self.live.add(update, time.monotonic())
                if is_shown:
                    if self.messages.row_of(update.message) >= 0:  # not while another branch is looked at
                        self.transcript.extend(update.message, update.text, update.kind)
                    self.status.say("")
            case Waiting():
                if is_shown:
                    self.status.wait(update)
            case Ended():
                self.live.end(update.message.id)
                if is_shown:
                    self.messages.put([update.message])
                    self.status.say("")
                    self._show_remedy(update)
                if isinstance(update.error, KeyProblem | KeyRefused):
                    self.report(update.error)
            case Unsaved(error=None):
                self.notice.emit("good", "Everything is saved again.")
            case Unsaved(error=KnownError() as trouble):
                self.report(trouble)

    def stop(self) -> None:
        """End the reply that arrives in the conversation on the screen."""
        if sending := self._sending:
            self.tasks.cancel(sending.name)

    def _show_busy(self) -> None:
        is_busy = self._sending is not None
        self.composer.set_busy(is_busy)
        self.stop_action.setEnabled(is_busy)
        if not is_busy:
            self.status.say(IN_TRASH if self.open.is_trashed else "")

    def _show_live(self) -> None:
        """Replies on the screen that still arrive, as they are by now."""
        self.messages.put(self.live.among(self.messages))

    def _show_remedy(self, ended: Ended | None) -> None:
        """Offer to leave out the parameter that the server refused."""
        name = ended.refused_parameter if ended else ""
        is_ours = name in self.open.options.parameters
        self.remedy.setVisible(is_ours)
        if ended and is_ours:
            self.remedy.setText(f"Send again without {name}")
            self.remedy.setProperty("refused", (ended.message.id, name))

    def _send_without(self) -> None:
        message_id, name = self.remedy.property("refused")
        self.form.clear(name)
        self._act(message_id, "retry")

    def reason_to_stay(self) -> str:
        if not any(sending.is_paid for sending in self._sends):
            return ""
        return "A reply that is paid for is still arriving. What has come so far is kept."

    # -- what goes with a message

    def attach_files(self, paths: list[str]) -> None:
        """Take files into the composer, each as soon as it is kept."""
        self._start(self._attach([Path(path) for path in paths]), f"attach:{len(self.composer.parts)}:{paths[:1]}")

    async def _attach(self, paths: list[Path]) -> None:
        for path in paths:
            self._add_part(await self.services.attachments.of_file(path))

    async def _attach_picture(self, picture: object) -> None:
        content = png_of(picture)
        if content:
            self._add_part(await self.services.attachments.of_bytes(content, "pasted.png"))

    def _add_part(self, part: Part) -> None:
        self.composer.set_parts((*self.composer.parts, part))
        self._typed()

    async def _choose_files(self) -> None:
        self.attach_files(await dialogs.choose_files(self, "Attach files"))

    # -- what is done with a message

    def _act(self, message_id: str, action: str) -> None:
        message = self.messages.message(self.messages.row_of(message_id))
        branch = self.open.branches.get(message_id)
        match action:
            case "edit" if message:
                self._edit(message)
            case "regenerate" if message:
                self._again(message)
            case "retry" if message:
                self._start(self._try_again(message), "retry")
            case "continue" if message:
                self._go_on(message)
            case "branch_before" if branch and branch.before:
                self._switch(branch.before)
            case "branch_after" if branch and branch.after:
                self._switch(branch.after)
            case "fork":
                self._start(self._fork(message_id), "fork")

    def _more_entries(self, menu: QMenu, message_id: str) -> None:
        message = self.messages.message(self.messages.row_of(message_id))
        if message is not None and message.call_id:
            menu.addAction("Show the call").triggered.connect(lambda: self.call_wanted.emit(message.call_id))

    async def _try_again(self, message: Message) -> None:
        if await self.services.chat.may_have_run(message):
            text = "The server may have carried out and charged this already. Ask again all the same?"
            if not await dialogs.confirm(self, text, "Ask again", is_danger=False):
                return
        if message.parts:
            self._again(message)
        else:
            self._go_on(message)

    def _edit(self, message: Message) -> None:
        """The message into the composer; what was typed there comes back afterwards."""
        if self.open.is_trashed:
            return
        self._flush_draft()
        self.open.editing = message.id
        self.composer.set_editing(True)
        self.composer.set_text(message.text)
        self.composer.set_parts(tuple(part for part in message.parts if not isinstance(part, Text)))
        self.composer.edit.setFocus()
        self._start(self._restore_edit(message), "draft-read")

    async def _restore_edit(self, message: Message) -> None:
        """An edit that was begun before and left."""
        draft = await self._said.draft(self.open.draft_name)
        if draft.text and self.open.editing == message.id and self.composer.text() == message.text:
            self.composer.set_text(draft.text)
            self.composer.set_parts(draft.parts)

    def _edit_last(self) -> None:
        for row in range(self.messages.rowCount() - 1, -1, -1):
            message = self.messages.message(row)
            if message is not None and message.role.value == "user":
                self._edit(message)
                return

    def _stop_editing(self) -> None:
        """Give the edit up."""
        self._draft_pause.stop()
        self._start(self._said.save_draft(self.open.draft_name, ""), f"draft:{self.open.draft_name}")
        self._empty_composer()
        self._leave_editing()

    def _leave_editing(self) -> None:
        self.open.editing = None
        self.composer.set_editing(False)
        self._start(self._restore_draft(), "draft-read")

    def _last_again(self) -> None:
        message = self.messages.message(self.messages.rowCount() - 1) if self.open.path else None
        if message is not None and message.role.value == "assistant":
            self._again(message)

    def _again(self, message: Message) -> None:
        if message.parent is None or message.state is State.STREAMING or not self._may_ask():
            return
        question = self._question(parent=message.parent)
        self._receive(lambda tell: self.services.chat.answer_again(question, tell))

    def _go_on(self, message: Message) -> None:
        if not self._may_ask():
            return
        question = self._question(parent=message.parent)
        self._receive(lambda tell: self.services.chat.go_on(question, message.id, tell))

    def _may_ask(self) -> bool:
        """Whether a further call can start here: one reply at a time in a conversation, and a model to ask."""
        if self.services is None or self._sending or self.open.is_trashed:
            return False
        if not self.open.options.model:
            self.composer.model.open()
            return False
        return True

    def _switch(self, message: str) -> None:
        self.open.show(self.open.leaf_through(message))
        self.messages.show_path(self.open.path)
        self._show_live()
        self._start(self._said.show_branch(self.open.identity, self.open.head), "branch")
        self._estimate_pause.start()

    async def _fork(self, message_id: str) -> None:
        made = await self._said.fork(self.open.identity, message_id)
        await self._open(made.id)
        await self._list()

    def _load(self, rows: list[int]) -> None:
        ids = [self.messages.id(row) for row in rows if row < self.messages.rowCount()]
        if ids:
            self._start(self._read(ids), f"load:{ids[0]}")

    async def _read(self, ids: list[str]) -> None:
        messages = await self._said.messages(ids)
        await self.media.learn(messages)
        self.messages.put([self.live.newest(message) for message in messages])

    # -- the whole of it

    def _copy_all(self) -> None:
        self._start(self._to_clipboard(), "copy-all")

    async def _to_clipboard(self) -> None:
        messages = await self._whole()
        QGuiApplication.clipboard().setText(plain(messages))
        were = "was" if len(messages) == 1 else "were"
        self.notice.emit("good", f"{words.many(len(messages), 'message')} {were} copied.")

    async def _whole(self) -> list[Message]:
        """The branch that is shown, with what has arrived by now."""
        return [self.live.newest(message) for message in await self._said.messages(self.open.path)]

    async def _copy_selection(self, ids: list[str]) -> None:
        self.transcript.copy_messages(await self._said.messages(ids))

    async def _follow(self, verdict: links.Verdict) -> None:
        """Open a link of the transcript, once its true address was read."""
        if not verdict.may_open:
            self.notice.emit("warn", verdict.warning)
        elif await dialogs.confirm(self, words.link(verdict), "Open link", is_danger=bool(verdict.warning)):
            open_link(verdict)

    def _print(self) -> None:
        self._start(self._to_printer(), "print")

    async def _to_printer(self) -> None:
        messages = await self._whole()
        printer = await dialogs.choose_printer(self)
        if printer is not None:
            await print_on(printer, messages, self.status.say)

    def _export(self) -> None:
        self._start(self._to_file(), "export")

    async def _to_file(self) -> None:
        from desktop.ui.library import export_dialog  # few export at the start

        if self.open.identity is not None and self.services is not None:
            await export_dialog.ask(self, self.services, [self.open.identity], self.report)

    # -- find

    def find_bar_open(self) -> None:
        if self.open.path:
            self.find_bar.enter()

    async def _find(self, text: str) -> None:
        wanted = text.strip()
        hits = await self._said.find(self.open.identity, self.open.path, wanted) if wanted else []
        self.finding.show(wanted, hits)

    def _end_find(self) -> None:
        self.tasks.cancel("find")
        self.finding.show("", [])
        self.composer.edit.setFocus()

    # -- model, parameters, estimate

    @property
    def _catalog(self) -> Catalog:
        return self.services.catalogs.of(self.services.profiles.chosen)

    def _show_models(self) -> None:
        models = self._catalog
        today = date.today()
        choices = [words.choice(card, today) for card in models.choices("chat", today)]
        self.composer.model.choices.set_choices(choices)
        self.composer.model.foot = f"Prices as of {models.as_of.isoformat()}; an estimate, not a bill."
        model = self.open.options.model
        is_gone = bool(models.listed) and model not in (models.listed or ()) and not self.open.path
        if self.services.profiles.chosen.is_local and choices and (not model or is_gone):
            model = choices[0].name  # one that costs nothing can be chosen unasked
        elif is_gone:
            model = ""
        self._use_model(model)

    def _ask_for_models(self) -> None:
        self._start(self._read_models(), "models")

    async def _read_models(self) -> None:
        profile = self.services.profiles.chosen
        try:
            client = await self.services.connections.client(profile)
            await self.services.catalogs.refresh(profile, client)
        except Offline:
            return  # nobody asked for the list; the footer says that there is no network
        if profile.id == self.services.profiles.chosen.id:
            self._show_models()

    def _pick_model(self, model: str) -> None:
        self._use_model(model)
        self._options_pause.start()
        key = f"{LAST_MODEL}:{self.services.profiles.chosen.id}"
        self._start(self.services.remember(key, model), "remember-model")

    def _use_model(self, model: str) -> None:
        self.open.options.model = model
        self.composer.model.set_model(model)
        self._show_parameters()
        self._estimate_pause.start()

    def _show_parameters(self) -> None:
        if self.services is None:
            return
        models = self._catalog
        values = self.open.options.parameters
        card = models.card(self.open.options.model)
        kind = self.services.profiles.chosen.kind.value
        self.form.show_parameters(catalog.parameters(models, card, "chat", values, kind), values)

    def _set_parameter(self, name: str, value: object) -> None:
        if value is None:
            self.open.options.parameters.pop(name, None)
        else:
            self.open.options.parameters[name] = value
        self._show_parameters()
        self._options_pause.start()

    def _set_system(self) -> None:
        self.open.options.system = self.system.toPlainText()
        self._options_pause.start()
        self._estimate_pause.start()

    def _keep_groups(self) -> None:
        self._start(self.services.remember(GROUPS, self.form.open_groups()), "remember-groups")

    async def _keep_options(self, place: OpenConversation) -> None:
        """Options changed in a conversation that exists are kept without a send."""
        if place.identity:
            options = place.options
            await self._said.save_options(
                place.identity, model=options.model, system=options.system, parameters=dict(options.parameters)
            )

    def _typed(self) -> None:
        self._draft_pause.start()
        self._estimate_pause.start()

    async def _keep_draft(self) -> None:
        await self._said.save_draft(self.open.draft_name, self.composer.text(), self.composer.parts)

    async def _estimate(self) -> None:
        text = self.composer.text()
        parts = self.composer.parts
        if not self.open.options.model or not (text.strip() or parts or self.open.path):
            self.composer.set_estimate("")
            return
        place = self.open
        found = await self.services.chat.estimate(self._question(text, parts=parts))
        if place is self.open:
            self.composer.set_estimate(*words.estimate(found))

    def _meta(self, message: Message) -> str:
        if message.role.value != "assistant":
            return ""
        return meta_line(message, words.dollars(message))

    # -- the window's wishes

    def activated(self) -> None:
        self.composer.edit.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves the innermost thing: an edit, then the reply that arrives, then printing, then the find bar."""
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self.open.editing:
            self._stop_editing()
        elif self._sending:
            self.stop()
        elif self.tasks.is_running("print"):
            self.tasks.cancel("print")
        elif not self.find_bar.isHidden():
            self.find_bar.leave()
        else:
            super().keyPressEvent(event)

    async def close_down(self) -> None:
        if self.services is not None and not self.services.database.read_only:
            await self._keep_draft()
            await self._keep_options(self.open)
