"""The chat page: which gesture starts what."""

from __future__ import annotations

import time
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPlainTextEdit, QStackedWidget, QToolButton, QWidget

from desktop.core import catalog, pricing
from desktop.core.catalog import Card, Catalog
from desktop.core.chat import Delta, Ended, Started, Unsaved, Update, Waiting
from desktop.core.conversation import Message, Part, State, Text, plain
from desktop.core.errors import KeyProblem, KnownError
from desktop.ui import dialogs, icons, theme
from desktop.ui.chat.composer import Composer
from desktop.ui.chat.conversation_list import ConversationList
from desktop.ui.chat.conversations_model import ConversationsModel
from desktop.ui.chat.empty import EmptyChat
from desktop.ui.chat.find_bar import FindBar
from desktop.ui.chat.meta import grouped, meta_line
from desktop.ui.chat.model_button import ModelChoice
from desktop.ui.chat.state import Live, OpenConversation, Options
from desktop.ui.page import Page
from desktop.ui.tasks import Report
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.parameter_form import ParameterForm
from desktop.ui.widgets.pictures import png_of
from desktop.ui.widgets.transcript import TranscriptView
from desktop.ui.widgets.transcript_model import TranscriptModel

if TYPE_CHECKING:
    from desktop.services.bundle import Services
    from desktop.services.chat import Question
    from desktop.services.conversations import Opened

DRAFT_PAUSE_MS = 400
ESTIMATE_PAUSE_MS = 150
FEW_DAYS = 90
LAST_MODEL = "chat.last-model"
LAST_OPEN = "chat.last-conversation"
GROUPS = "chat.parameter-groups"


@dataclass(frozen=True, slots=True)
class _Typed:
    """What the composer held, to be given back if it could not be kept."""

    text: str
    parts: tuple[Part, ...]
    editing: str | None


class ChatPage(Page):
    """Conversations at the left, the transcript over the composer, parameters at the right."""

    name = "chat"
    title = "Chat"

    spent = Signal()  # a call has ended: the meter has something new to read
    undo_offered = Signal(str, object)  # what was done, and the function that undoes it

    def __init__(self, report: Report, parent: QWidget | None = None) -> None:
        super().__init__(report, parent)
        self.open = OpenConversation()
        self.live = Live()
        self._sends: dict[str, str] = {}  # conversation id to the name of the task that receives its reply
        self._hits: list[str] = []
        self._hit = -1
        self._asked = 0
        self._build()
        self._connect()
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
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.transcript)
        column.addWidget(self.stack, 1)
        self.status = plain_label("", "muted", self.work)
        self.status.setObjectName("chat.status")
        self.status.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.status.hide()
        column.addWidget(self.status)
        column.addLayout(self._foot())
        self._build_parameters()
        self._draft_pause = QTimer(self, singleShot=True, interval=DRAFT_PAUSE_MS)
        self._estimate_pause = QTimer(self, singleShot=True, interval=ESTIMATE_PAUSE_MS)
        self._options_pause = QTimer(self, singleShot=True, interval=DRAFT_PAUSE_MS)

    def _head(self) -> QHBoxLayout:
        look = theme.current()
        row = QHBoxLayout()
        row.setContentsMargins(look.gap(16), look.gap(8), look.gap(12), look.gap(8))
        row.setSpacing(look.gap(4))
        self.heading = plain_label("", "strong", self.work)
        self.heading.setObjectName("chat.title")
        self.heading.setMinimumWidth(look.px(40))
        row.addWidget(self._action_button(self.fold_history))
        row.addWidget(self.heading, 1)
        self.find_action = self._action("Find in this conversation", "Ctrl+F", "search", self.find_bar_open)
        self.copy_all_action = self._action("Copy the whole conversation", "Ctrl+Shift+C", "copy", self._copy_all)
        self.print_action = self._action("Print the conversation", "Ctrl+P", "print", self._print)
        for action in (self.find_action, self.copy_all_action, self.print_action, self.fold_parameters):
            row.addWidget(self._action_button(action))
        self.new_action = self._action("New conversation", "Ctrl+N", "new", self.new_conversation)
        self.model_action = self._action("Choose the model", "Ctrl+M", "models", lambda: self.composer.model.open())
        self.again_action = self._action("Answer again", "Ctrl+Shift+R", "regenerate", self._last_again)
        self.stop_action = self._action("Stop", "", "stop", self.stop)
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
        look = theme.current()
        self.composer = Composer(self.work)
        self.composer.setMaximumWidth(look.size("column"))
        row = QHBoxLayout()
        row.setContentsMargins(look.gap(16), look.gap(4), look.gap(16), look.gap(16))
        row.addStretch(1)
        row.addWidget(self.composer, 1000)
        row.addStretch(1)
        return row

    def _build_parameters(self) -> None:
        look = theme.current()
        self.form = ParameterForm("chat", self.parameters)
        heading = plain_label("Parameters", "section", self.form)
        label = plain_label("System text", "", self.form)
        self.system = QPlainTextEdit(self.form)
        theme.style_as(self.system, "field")
        self.system.setObjectName("chat.system")
        self.system.setAccessibleName("System text")
        self.system.setPlaceholderText("How the model should answer")
        self.system.setTabChangesFocus(True)
        self.system.setFixedHeight(look.px(96))
        label.setBuddy(self.system)
        self.form.column.addWidget(heading)
        self.form.column.addWidget(label)
        self.form.column.addWidget(self.system)
        self.parameters.layout().addWidget(self.form)

    def _connect(self) -> None:
        self.list.opened.connect(self.open_conversation)
        self.list.new_wanted.connect(self.new_conversation)
        self.list.search_changed.connect(lambda: self.refresh_list())
        self.list.trash_shown.connect(lambda: self.refresh_list())
        self.list.rename_wanted.connect(lambda i: self._start(self._rename(i), "rename"))
        self.list.pin_wanted.connect(lambda i, on: self._start(self._then_list(self._said.pin(i, on)), f"pin:{i}"))
        self.list.trash_wanted.connect(lambda ids: self._start(self._trash(ids), "trash"))
        self.list.restore_wanted.connect(lambda i: self._start(self._then_list(self._said.restore(i)), "restore"))
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
        self.transcript.needed.connect(self._load)
        self.transcript.action.connect(self._act)
        self.find_bar.searched.connect(lambda text: self._start(self._find(text), "find"))
        self.find_bar.moved.connect(self._move_hit)
        self.find_bar.closed.connect(self._end_find)
        self.form.changed.connect(self._set_parameter)
        self.form.folds_changed.connect(self._keep_groups)
        self.system.textChanged.connect(self._set_system)
        self._draft_pause.timeout.connect(lambda: self._start(self._keep_draft(), "draft"))
        self._estimate_pause.timeout.connect(lambda: self._start(self._estimate(), "estimate"))
        self._options_pause.timeout.connect(lambda: self._start(self._keep_options(), "options"))

    # -- services

    def attach(self, services: Services) -> None:
        super().attach(services)
        services.profiles.listen(self._profile_changed)
        services.settings.listen(self._settings_changed)
        self._settings_changed()
        self.composer.set_ready(True)
        self._start(self._begin(), "begin")

    @property
    def _said(self) -> Any:
        return self.services.conversations

    def _start(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        if self.services is None:
            work.close()
            return
        self.tasks.start(work, name=name)

    async def _begin(self) -> None:
        """What was open and typed when the application ended, then the models."""
        self.form.set_open_groups(await self.services.remembered(GROUPS, []))
        if not self.open.options.model:
            self.open.options.model = await self._usual_model()
        last = await self.services.remembered(LAST_OPEN, "")
        if not self.open.path and not self.composer.text():
            try:
                if last:
                    self._show(await self._said.open(last))
            except KnownError:
                last = ""  # deleted meanwhile: a new conversation is as good a place to begin
            await self._restore_draft()
        await self._list()
        self._profile_changed()

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
        rows = await self._said.listing(search, trashed=trashed)
        self.conversations.replace(rows)
        nothing = "The trash is empty." if trashed else "Conversations appear here."
        self.list.say_empty(f"Nothing found for “{search}”." if search else nothing)
        self.list.select(self.open.identity)

    async def _then_list(self, work: Coroutine[Any, Any, Any]) -> None:
        await work
        await self._list()

    async def _rename(self, identity: str) -> None:
        row = self.conversations.at(self.conversations.row_of(identity))
        title = await dialogs.ask_text(self, "Rename conversation", "Title", row.title)
        if title and title.strip():
            await self._said.rename(identity, title)
            if identity == self.open.identity:
                self.heading.setText(title)
            await self._list()

    async def _trash(self, ids: list[str]) -> None:
        await self._said.trash(ids)
        if self.open.identity in ids:
            self.new_conversation()
        await self._list()
        many = f"{len(ids)} conversations were" if len(ids) > 1 else "The conversation was"
        self.undo_offered.emit(f"{many} moved to the trash.", lambda: self._undo_trash(ids))

    def _undo_trash(self, ids: list[str]) -> None:
        self._start(self._then_list(self._said.restore(ids)), "restore")

    async def _purge(self, ids: list[str]) -> None:
        many = f"{len(ids)} conversations" if len(ids) > 1 else "this conversation"
        text = f"Delete {many} for good? Older backups still hold the text until they are replaced."
        if await dialogs.confirm(self, text, "Delete for good"):
            await self._then_list(self._said.purge(ids))

    # -- opening

    def open_conversation(self, identity: str) -> None:
        if identity != self.open.identity and not self.list.shows_trash():
            self._start(self._open(identity), "open")

    def new_conversation(self) -> None:
        options = Options(self.open.options.model)
        if self.services is not None:
            options.system = self.services.settings.value.default_system
        self._leave()
        self.open = OpenConversation(options=options)
        self._show_conversation()
        self._start(self._restore_draft(), "draft-read")
        self.composer.edit.setFocus()

    async def _open(self, identity: str, head: str | None = None) -> None:
        opened = await self._said.open(identity, head)
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
        if self._draft_pause.isActive() and self.services is not None:
            self._draft_pause.stop()
            work = self._said.save_draft(self.open.draft_name, self.composer.text(), self.composer.parts)
            self._start(work, f"draft:{self.open.draft_name}")
        if self._options_pause.isActive() and self.services is not None:
            self._options_pause.stop()
            self._start(self._keep_options(), f"options:{self.open.draft_name}")
        self._empty_composer()

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
        for action in (self.find_action, self.copy_all_action, self.print_action):
            action.setEnabled(bool(self.open.path))
        self.composer.set_editing(False)
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
        self.composer.set_text(text)
        self._send()

    def _send(self) -> None:
        if self.services is None:
            return
        text = self.composer.text()
        if not self.open.options.model:
            self.composer.model.open()
            return
        question = self._question(text, parts=self.composer.parts)
        typed = _Typed(text, self.composer.parts, self.open.editing)
        self.open.editing = None
        self.composer.set_editing(False)
        self._empty_composer()
        self._draft_pause.stop()
        self._receive(lambda tell: self.services.chat.send(question, tell), typed)

    def _receive(self, ask: Any, typed: _Typed | None = None) -> None:
        self._asked += 1
        name = f"send:{self.open.identity or 'new'}:{self._asked}"
        self._start(self._answer(ask, name, typed), name)

    async def _answer(self, ask: Any, name: str, typed: _Typed | None) -> None:
        """One reply from its question to its end. A question that could not be kept goes back into the composer."""
        begun: list[str] = []
        place = self.open

        def tell(update: Update) -> None:
            if isinstance(update, Started):
                begun.append(update.conversation.id)
                self._sends[update.conversation.id] = name
                self._begun(update, place)
            else:
                self._heard(update, begun[0])

        try:
            await ask(tell)
        finally:
            if begun:
                self._sends.pop(begun[0], None)
                self.conversations.set_working(begun[0], False)
            elif typed and place is self.open and not self.composer.text():
                place.editing = typed.editing
                self.composer.set_editing(typed.editing is not None)
                self.composer.set_text(typed.text)
                self.composer.set_parts(typed.parts)
            self._show_busy()
        self.spent.emit()
        await self._list()
        self._estimate_pause.start()

    def _begun(self, update: Started, place: OpenConversation) -> None:
        messages = [*([update.question] if update.question else []), *update.replies]
        for reply in update.replies:
            self.live.begin(reply)
        if update.question:
            self._start(self._said.save_draft(place.draft_name, ""), f"draft:{place.draft_name}")
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
        self.conversations.set_working(update.conversation.id, True)
        self._show_busy()
        self.refresh_list()

    def _became(self, update: Started) -> None:
        self.heading.setText(update.conversation.title)
        for action in (self.find_action, self.copy_all_action, self.print_action):
            action.setEnabled(True)
        self._start(self.services.remember(LAST_OPEN, update.conversation.id), "remember-open")
        key = f"{LAST_MODEL}:{self.services.profiles.chosen.id}"
        self._start(self.services.remember(key, self.open.options.model), "remember-model")

    def _heard(self, update: Update, conversation: str) -> None:
        is_shown = conversation == self.open.identity
        match update:
            case Delta():
                self.live.add(update, time.monotonic())
                if is_shown:
                    self.transcript.extend(update.message, update.text, update.kind)
                    self._say("")
            case Waiting():
                if is_shown:
                    self._say(_waiting_words(update))
            case Ended():
                self.live.end(update.message.id)
                if is_shown:
                    self.messages.put([update.message])
                    self._say("")
                if isinstance(update.error, KeyProblem):
                    self.report(update.error)
            case Unsaved(error=None):
                self.notice.emit("good", "Everything is saved again.")
            case Unsaved():
                self.report(update.error)

    def _say(self, text: str) -> None:
        if self.status.text() != text:
            self.status.setText(text)
            self.status.setVisible(bool(text))

    def stop(self) -> None:
        """End the reply that arrives in the conversation on the screen."""
        if name := self._sends.get(self.open.identity or ""):
            self.tasks.cancel(name)

    def _show_busy(self) -> None:
        is_busy = (self.open.identity or "") in self._sends
        self.composer.set_busy(is_busy)
        self.stop_action.setEnabled(is_busy)
        if not is_busy:
            self._say("")

    def reason_to_stay(self) -> str:
        if not self._sends or self.services is None or self.services.profiles.chosen.is_local:
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
            case "copy" if message:
                QGuiApplication.clipboard().setText(message.text)
            case "edit" if message:
                self._edit(message)
            case "regenerate" if message:
                self._again(message)
            case "retry" if message:
                self._go_on(message) if not message.parts else self._again(message)
            case "continue" if message:
                self._go_on(message)
            case "branch_before" if branch and branch.before:
                self._switch(branch.before)
            case "branch_after" if branch and branch.after:
                self._switch(branch.after)
            case "fork":
                self._start(self._fork(message_id), "fork")
            case "more" if message:
                self._more(message)

    def _more(self, message: Message) -> None:
        menu = QMenu(self)
        menu.addAction("New conversation from here", lambda: self._act(message.id, "fork"))
        menu.addAction("Copy as plain text with role", lambda: QGuiApplication.clipboard().setText(plain([message])))
        menu.popup(self.cursor().pos())

    def _edit(self, message: Message) -> None:
        self.open.editing = message.id
        self.composer.set_editing(True)
        self.composer.set_text(message.text)
        self.composer.set_parts(tuple(part for part in message.parts if not isinstance(part, Text)))
        self.composer.edit.setFocus()

    def _edit_last(self) -> None:
        for row in range(self.messages.rowCount() - 1, -1, -1):
            message = self.messages.message(row)
            if message is not None and message.role.value == "user":
                self._edit(message)
                return

    def _stop_editing(self) -> None:
        self.open.editing = None
        self.composer.set_editing(False)
        self._empty_composer()

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
        if (self.open.identity or "") in self._sends:
            return False
        if not self.open.options.model:
            self.composer.model.open()
            return False
        return True

    def _switch(self, message: str) -> None:
        self.open.show(self.open.leaf_through(message))
        self.messages.show_path(self.open.path)
        for each in self.open.branches:
            self.messages.refresh(each)
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
        self.messages.put([self.live.newest(message) for message in await self._said.messages(ids)])

    # -- the whole of it

    def _copy_all(self) -> None:
        self._start(self._to_clipboard(), "copy-all")

    async def _to_clipboard(self) -> None:
        QGuiApplication.clipboard().setText(plain(await self._said.messages(self.open.path)))
        self.notice.emit("good", f"{len(self.open.path)} messages were copied.")

    def _print(self) -> None:
        self._start(self._to_printer(), "print")

    async def _to_printer(self) -> None:
        messages = await self._said.messages(self.open.path)
        printer = await dialogs.choose_printer(self)
        if printer is not None:
            self.transcript.print_messages(printer, messages)

    # -- find

    def find_bar_open(self) -> None:
        if self.open.path:
            self.find_bar.enter()

    async def _find(self, text: str) -> None:
        self._hits = await self._said.find(self.open.identity, self.open.path, text) if text.strip() else []
        self._hit = len(self._hits) - 1
        self.transcript.find_marks(text.strip())
        self._show_hit()

    def _move_hit(self, step: int) -> None:
        if self._hits:
            self._hit = (self._hit + step) % len(self._hits)
            self._show_hit()

    def _show_hit(self) -> None:
        self.find_bar.set_place(self._hit + 1, len(self._hits))
        if self._hits:
            self.transcript.show_message(self._hits[self._hit])

    def _end_find(self) -> None:
        self._hits, self._hit = [], -1
        self.transcript.find_marks("")
        self.composer.edit.setFocus()

    # -- model, parameters, estimate

    @property
    def _catalog(self) -> Catalog:
        return self.services.catalogs.of(self.services.profiles.chosen)

    def _show_models(self) -> None:
        models = self._catalog
        today = date.today()
        choices = [_choice(card, today) for card in models.choices("chat", today)]
        self.composer.model.choices.set_choices(choices)
        self.composer.model.foot = f"Prices as of {models.as_of.isoformat()}; an estimate, not a bill."
        model = self.open.options.model
        is_gone = bool(models.listed) and model not in models.listed and not self.open.path
        if self.services.profiles.chosen.is_local and choices and (not model or is_gone):
            model = choices[0].name  # one that costs nothing can be chosen unasked
        elif is_gone:
            model = ""
        self._use_model(model)

    def _ask_for_models(self) -> None:
        self._start(self._read_models(), "models")

    async def _read_models(self) -> None:
        profile = self.services.profiles.chosen
        client = await self.services.connections.client(profile)
        await self.services.catalogs.refresh(profile, client)
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

    async def _keep_options(self) -> None:
        """Options changed in a conversation that exists are kept without a send."""
        if self.open.identity:
            options = self.open.options
            await self._said.save_options(
                self.open.identity, model=options.model, system=options.system, parameters=dict(options.parameters)
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
        found = await self.services.chat.estimate(self._question(text, parts=parts))
        about = "≈ " if found.is_rough else ""
        self.composer.set_estimate(
            f"{about}{grouped(found.tokens)} tokens · {found.dollars}",
            ""
            if found.fits
            else f"Too long for this model: {grouped(found.tokens)} of {grouped(found.context)} tokens",
        )

    def _meta(self, message: Message) -> str:
        if message.role.value != "assistant":
            return ""
        return meta_line(message, _dollars(message))

    # -- the window's wishes

    def activated(self) -> None:
        self.composer.edit.setFocus()

    async def close_down(self) -> None:
        if self.services is not None and not self.services.database.read_only:
            await self._keep_draft()
            await self._keep_options()


def _dollars(message: Message) -> str:
    if message.is_free:
        return "free"
    if message.cost_pico is None:
        return "unpriced" if message.usage else ""
    return pricing.shown(pricing.from_pico(message.cost_pico))


def _choice(card: Card, today: date) -> ModelChoice:
    """A model's row: context and price in words, and its last days where they are few."""
    pieces = [f"{grouped(card.max_input)} tokens"] if card.max_input else []
    if card.is_free:
        pieces.append("free, on this computer")
    elif rates := card.prices.tokens.get(pricing.STANDARD):
        if rates.input is not None and rates.output is not None:
            pieces.append(f"${rates.input:f} in · ${rates.output:f} out per 1M")
    else:
        pieces.append("unpriced")
    left = catalog.days_left(card, today)
    warning = ""
    if left is not None and left <= FEW_DAYS:
        warning = f"{left} days left" if left > 1 else ("last day" if left >= 0 else "shut down")
    return ModelChoice(card.id, " · ".join(pieces), warning)


def _waiting_words(update: Waiting) -> str:
    if update.is_alive:
        return f"The server is alive, no text for {update.seconds:.0f} s. Stop ends the wait."
    return f"{update.reason} Next try in {update.seconds:.0f} s."
