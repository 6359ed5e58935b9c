"""The reading view: a kept conversation, read-only, with its hits, its branches and what can be done with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLayout, QMenu, QVBoxLayout, QWidget

from desktop.core.conversation import Message, plain
from desktop.core.errors import BadFile
from desktop.core.file_names import clean
from desktop.core.hit_marks import Finder
from desktop.core.markdown_parts import CodeBlock
from desktop.ui import dialogs, icons, theme
from desktop.ui.chat import words as chat_words
from desktop.ui.chat.meta import meta_line
from desktop.ui.chat.state import OpenConversation
from desktop.ui.library.reading import quote, words
from desktop.ui.library.reading.details import Details
from desktop.ui.library.reading.head import Head
from desktop.ui.library.reading.hit_bar import HitBar
from desktop.ui.library.reading.hits import Hits
from desktop.ui.library.reading.options import Options, OptionsMenu
from desktop.ui.tasks import Report, Tasks
from desktop.ui.widgets import links
from desktop.ui.widgets.kept_media import KeptMedia, save
from desktop.ui.widgets.markdown import Kind
from desktop.ui.widgets.player import MakeDevice, qt_device
from desktop.ui.widgets.safe_text import clipboard_text, open_link
from desktop.ui.widgets.tooltip import tip
from desktop.ui.widgets.transcript import TranscriptView
from desktop.ui.widgets.transcript_block import Block
from desktop.ui.widgets.transcript_code import Code
from desktop.ui.widgets.transcript_model import TranscriptModel

if TYPE_CHECKING:
    from desktop.core.markdown_parts import Heading
    from desktop.services.bundle import Services
    from desktop.services.conversations import Opened

OPTIONS, FOLDS = "library.reading.options", "library.reading.folds"
BEGINNING = 24  # messages that are read from the first one on, where they are not read with the conversation
DETAILS_PAUSE_MS = 150
ENDINGS = {
    "python": ".py", "py": ".py", "javascript": ".js", "js": ".js", "typescript": ".ts", "bash": ".sh", "sh": ".sh",
    "json": ".json", "html": ".html", "css": ".css", "sql": ".sql", "rust": ".rs", "go": ".go", "c": ".c",
    "cpp": ".cpp", "java": ".java", "yaml": ".yaml", "toml": ".toml", "markdown": ".md", "csv": ".csv",
}  # fmt: skip


class ReadingView(QWidget):
    """Shows what `show` is told to; `details` is a widget for the page's right side.

    `continue_wanted` carries the conversation and the end of the branch that is read, `export_wanted` the conversation,
    `notice` a kind ("good", "info", "warn") and a sentence.
    """

    continue_wanted = Signal(str, str)
    export_wanted = Signal(str)
    notice = Signal(str, str)

    def __init__(self, report: Report, parent: QWidget | None = None, *, make_device: MakeDevice = qt_device) -> None:
        super().__init__(parent)
        self.setObjectName("library.reading")
        self.setAccessibleName("Reading view")
        self.tasks = Tasks(report, self)
        self.services: Services | None = None
        self.open = OpenConversation()
        self.hits = Hits(Finder.of_words(""))
        self._asked = 0
        self._is_whole = asyncio.Event()  # not while only the beginning of a conversation is shown
        self._is_whole.set()
        self._listed: tuple[str, ...] | None = None  # the branch whose outline is shown
        self._build(make_device)
        self._connect()
        self._show_conversation()

    # -- building

    def _build(self, make_device: MakeDevice) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.options_menu = OptionsMenu(self)
        self._make_actions()
        shown = (self.find_action, self.copy_action, self.quote_action, self.export_action, self.options_action)
        self.head = Head(self, self.continue_action, shown, self.options_menu.menu)
        self.hit_bar = HitBar(self, self.before_action, self.after_action, self.close_action)
        self.messages = TranscriptModel(self, branch=lambda m: self.open.branches.get(m), meta=self._meta)
        self.transcript = TranscriptView(theme.current(), self, page="library.reading", is_reading=True)
        self.transcript.set_model(self.messages)
        self.setFocusProxy(self.transcript)
        self.media = KeptMedia(self.transcript, self.tasks, page="library.reading", make_device=make_device)
        column.addWidget(self.head)
        column.addWidget(self.hit_bar)
        column.addWidget(self.transcript, 1)
        self.details = Details(self)
        self.details.hide()  # until a page gives it a place
        self._details_pause = QTimer(self, singleShot=True, interval=DETAILS_PAUSE_MS)

    def _make_actions(self) -> None:
        make = self._action
        self.continue_action = make("continue", "Continue in chat", "Ctrl+Return", "chat", self._continue)
        self.find_action = make("find-action", "Find in this conversation", "Ctrl+F", "search", self.find)
        self.copy_action = make("copy-all", "Copy this branch", "Ctrl+Shift+C", "copy", self._copy_all)
        self.quote_action = make("quote", "Quote with its source, as Markdown", "Ctrl+Alt+C", "quote", self._quote)
        self.plain_action = make(
            "quote-plain", "Quote with its source, as plain text", "Ctrl+Alt+T", "quote", self._quote_plain
        )
        self.export_action = make("export", "Export …", "", "upload", self._export)
        self.options_action = make("options", "Width, type and folding", "", "type", self._open_options)
        self.before_action = make("hit-before", "Previous hit", "Shift+F3", "up", lambda: self._move(-1))
        self.after_action = make("hit-after", "Next hit", "F3", "down", lambda: self._move(1))
        self.close_action = make("hits-close", "Close the search", "", "close", self.end_find)

    def _action(self, name: str, text: str, keys: str, icon: str, work: Callable[[], object]) -> QAction:
        action = QAction(text, self)
        action.setObjectName(f"library.reading.{name}")
        if keys:
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.setToolTip(tip(f"{text} ({keys})"))
        icons.put(action, icon)
        action.triggered.connect(lambda: work())
        self.addAction(action)
        return action

    def _connect(self) -> None:
        self.transcript.needed.connect(self._load)
        self.transcript.action.connect(self._act)
        self.transcript.link.connect(lambda verdict: self._start(self._follow(verdict), "link"))
        self.transcript.picture.connect(lambda url: self._start(self._follow(links.decide(url)), "link"))
        self.transcript.copy_needed.connect(lambda ids: self._start(self._copy_selection(ids), "copy-selection"))
        self.transcript.place_changed.connect(self.details.show_place)
        self.transcript.set_menu_more(self._more_entries)
        self.media.notice.connect(self.notice)
        self.options_menu.changed.connect(self._use_options)
        self.hit_bar.searched.connect(lambda line: self._start(self._find(line), "find"))
        self.hit_bar.moved.connect(self._move)
        self.hit_bar.closed.connect(self.end_find)
        self.details.shown.connect(self._details_pause.start)
        self.details.folds_changed.connect(lambda: self._keep(FOLDS, self.details.folds()))
        self.details.heading_wanted.connect(self._go_to_heading)
        self.details.code_wanted.connect(self._go_to_code)
        self.details.part_wanted.connect(self._go_to_message)
        self.details.copy_wanted.connect(self._copy_code)
        self.details.save_wanted.connect(self._save)
        self._details_pause.timeout.connect(lambda: self._start(self._list(), "details"))

    def reading_order(self) -> Iterable[QWidget | QLayout | None]:
        """What Tab goes through, the details last."""
        return (self.head.row, self.hit_bar.layout(), self.transcript, *self.details.reading_order())

    # -- services

    def attach(self, services: Services) -> None:
        self.services = services
        self.media.attach(services.attachments)
        services.settings.listen(self._settings_changed)
        self._settings_changed()
        self._start(self._restore_options(), "options")

    def _settings_changed(self, *_: object) -> None:
        if self.services is not None:
            self.transcript.set_code_colours(self.services.settings.value.highlight_code)

    @property
    def identity(self) -> str | None:
        """Of the conversation that is read."""
        return self.open.identity

    @property
    def _served(self) -> Services:
        assert self.services is not None, "the services are attached before anything is read"
        return self.services

    def _start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any] | None:
        if self.services is None:
            work.close()
            return None
        return self.tasks.start(work, name=name)

    def _keep(self, name: str, value: object) -> None:
        self._start(self._served.remember(name, value), f"keep:{name}")

    # -- what is shown

    async def show(self, conversation_id: str, message: str | None = None, line: str = "") -> None:  # type: ignore[override]
        """Open a conversation, at a message where one is named, with the hits of a search line marked.

        Raises Missing. What is asked for last is what is shown.
        """
        self._asked += 1
        asked, said = self._asked, self._served.conversations
        if not await self._show_beginning(conversation_id, message, asked):
            return
        opened = await said.whole(conversation_id, message)
        place = await _place_of(opened)
        await self.media.learn(opened.last)
        if asked != self._asked:
            return
        has_begun = self._take(place, opened.last, opened.folders)
        if message in place.parents:
            if not has_begun:
                self._go_to_message(message)
        elif place.path and not has_begun:
            self.transcript.show_message(place.path[0], -1)
        self.hit_bar.show_line(line.strip())
        await self._find(line, message)

    async def _show_beginning(self, conversation_id: str, message: str | None, asked: int) -> bool:
        """What is round the message, or else what all branches share, is shown before the rest of a long conversation
        is known; False if it is too late."""
        said = self._served.conversations
        opened = await (said.beginning(conversation_id) if message is None else said.around(conversation_id, message))
        await self.media.learn(opened.last)
        if asked != self._asked:
            return False
        if opened.path:
            self._show_first(opened, message)
            await asyncio.sleep(0)  # it is drawn before the rest is asked for
        return asked == self._asked

    def _show_first(self, opened: Opened, message: str | None = None) -> None:
        """One row by itself, then those round it: rows that come all at once are first looked at from the end."""
        self._is_whole.clear()
        self._listed = None
        self.open = OpenConversation(opened.conversation, opened.parents, list(opened.path))
        first = message or opened.path[0]
        self.messages.reset([first], opened.last)
        self.transcript.show_message(first, -1)
        self.messages.show_path(opened.path)
        if message is not None:
            self._go_to_message(message)
        self.details.clear()
        self._show_conversation(opened.folders)

    def clear(self) -> None:
        """Nothing is read any more."""
        self._asked += 1
        self.tasks.cancel()
        self._take(OpenConversation(), [])
        self._take_hits(Hits(Finder.of_words("")))
        self.hit_bar.show_line("")

    def _take(self, place: OpenConversation, first: Iterable[Message], folders: Sequence[str] = ()) -> bool:
        """Read a conversation from now on. True where a part of it was shown already, and stays as it is."""
        is_same = not self._is_whole.is_set() and place.identity == self.open.identity
        shown = self.open.path
        has_begun = is_same and _is_stretch(shown, place.path)
        self.open, self._listed = place, None
        if has_begun:
            self.messages.show_path(place.path)
            for message in place.branches.keys() & set(shown):
                self.messages.refresh(message)
        else:
            self.messages.reset(place.path, first)
        self._is_whole.set()
        self.details.clear()
        self._show_conversation(folders)
        if place.path:
            self._details_pause.start()
        return has_begun

    def _show_conversation(self, folders: Sequence[str] = ()) -> None:
        self.head.show_conversation(self.open.conversation, " › ".join(folders))
        is_there = bool(self.open.path)
        is_there_at_all = self.open.conversation is not None
        for action in (self.find_action, self.copy_action, self.quote_action, self.plain_action):
            action.setEnabled(is_there)
        self.export_action.setEnabled(is_there_at_all)
        self.continue_action.setEnabled(is_there_at_all and not self.open.is_trashed)

    def _meta(self, message: Message) -> str:
        return meta_line(message, chat_words.dollars(message)) if message.role.value == "assistant" else ""

    def _load(self, rows: list[int]) -> None:
        ids = [self.messages.id(row) for row in rows if row < self.messages.rowCount()]
        if ids:
            self._start(self._read(ids), f"load:{ids[0]}")

    async def _read(self, ids: list[str]) -> None:
        messages = await self._served.conversations.messages(ids)
        await self.media.learn(messages)
        self.messages.put(messages)

    def _act(self, message_id: str, action: str) -> None:
        branch = self.open.branches.get(message_id)
        if action == "branch_before" and branch and branch.before:
            self._switch(branch.before)
        elif action == "branch_after" and branch and branch.after:
            self._switch(branch.after)
        elif action == "quote":
            self._quote_message(message_id, quote.as_markdown)

    def _switch(self, message: str, leaf: str = "") -> None:
        """Read another branch; the one the archive remembers as shown stays as it is."""
        self.open.show(leaf or self.open.leaf_through(message))
        self.messages.show_path(self.open.path)
        self._details_pause.start()

    def _go_to_message(self, message: str | None) -> None:
        if message is None:
            return
        if self.messages.row_of(message) < 0:
            self._switch(message)
        self.transcript.mark(message)
        self.transcript.show_message(message, -1)

    # -- hits

    def find(self) -> None:
        """Open the field; what is looked for already stays."""
        if self.open.path:
            self.hit_bar.enter()

    def end_find(self) -> None:
        self.tasks.cancel("find")
        self.tasks.cancel("count")
        self._take_hits(Hits(Finder.of_words("")))
        self.hit_bar.show_line("")
        self.transcript.setFocus()

    async def _find(self, line: str, message: str | None = None) -> None:
        """Look for a line in all branches, and go to the hit in a message, or else to the one nearest below."""
        await self._is_whole.wait()
        identity, line = self.open.identity, line.strip()
        if identity is None or not line:
            self._take_hits(Hits(Finder.of_words("")))
            return
        hits = Hits(Finder.of_line(line), await self._served.library.hits_in(identity, line))
        if identity != self.open.identity:
            return
        self._take_hits(hits)
        if hits.places:
            at = hits.row_of(message) if message else self._nearest(hits)
            if at >= 0:
                hits.go_to(at)
                await self._show_hit()
            self._start(hits.count(self._served.conversations.messages, lambda: self._show_count(hits)), "count")

    def _nearest(self, hits: Hits) -> int:
        """The first hit of this branch at or below what is read; else the first there is."""
        here = max(0, self.messages.row_of(self.transcript.place()))
        on_branch = [(row, at) for at, p in enumerate(hits.places) if (row := self.messages.row_of(p.message)) >= 0]
        return next((at for row, at in on_branch if row >= here), on_branch[0][1] if on_branch else 0)

    def _take_hits(self, hits: Hits) -> None:
        self.tasks.cancel("count")
        self.hits = hits
        self.transcript.find_marks(hits.finder)
        for action in (self.before_action, self.after_action):
            action.setEnabled(bool(hits.places))
        self._show_count(hits)

    def _show_count(self, hits: Hits) -> None:
        if hits is self.hits:
            self.hit_bar.set_place(hits.number, hits.total, is_counted=hits.is_counted)

    def _move(self, by: int) -> None:
        if self.hits.places:
            self._start(self._next_hit(by), "hit")

    async def _next_hit(self, by: int) -> None:
        hits, before = self.hits, self.hits.at
        hits.step(by)
        await self._show_hit(is_last=by < 0 and hits.at != before)

    async def _show_hit(self, *, is_last: bool = False) -> None:
        """Read the message of the hit if need be, in its branch, and count what is truly seen in it."""
        hits, place = self.hits, self.hits.place
        if place is None:
            return
        if self.messages.row_of(place.message) < 0:
            self._switch(place.message, place.leaf)
        row = self.messages.row_of(place.message)
        if row >= 0 and self.messages.message(row) is None:
            await self._read([place.message])
        if hits is not self.hits or hits.place is not place:
            return
        if hits.finder.is_empty:
            hits.set_count(place.message, 1)
        else:
            hits.set_count(place.message, self.transcript.hit_count(place.message))
        if is_last:
            hits.go_to(hits.at, is_last=True)
        self.transcript.mark(place.message)
        self.transcript.show_message(place.message, hits.inside if not hits.finder.is_empty else -1)
        self._show_count(hits)

    # -- what is done with it

    def _continue(self) -> None:
        found = self.open.conversation
        if found is not None and self.continue_action.isEnabled():
            end = self.open.head if self._is_whole.is_set() else found.head
            self.continue_wanted.emit(found.id, end or "")

    def _export(self) -> None:
        if self.open.identity:
            self.export_wanted.emit(self.open.identity)

    def _copy_all(self) -> None:
        self._start(self._to_clipboard(), "copy-all")

    async def _to_clipboard(self) -> None:
        await self._is_whole.wait()
        messages = await self._served.conversations.messages(self.open.path)
        QGuiApplication.clipboard().setMimeData(clipboard_text(plain(messages)))
        were = "was" if len(messages) == 1 else "were"
        self.notice.emit("good", f"{chat_words.many(len(messages), 'message')} {were} copied.")

    async def _copy_selection(self, ids: list[str]) -> None:
        self.transcript.copy_messages(await self._served.conversations.messages(ids))

    async def _follow(self, verdict: links.Verdict) -> None:
        """Open a link, once its true address was read."""
        if not verdict.may_open:
            self.notice.emit("warn", verdict.warning)
        elif await dialogs.confirm(self, chat_words.link(verdict), "Open link", is_danger=bool(verdict.warning)):
            open_link(verdict)

    # -- quoting

    def _quote(self) -> None:
        self._quote_chosen(quote.as_markdown)

    def _quote_plain(self) -> None:
        self._quote_chosen(quote.as_plain)

    def _quote_chosen(self, form: Callable[[str, quote.Source], str]) -> None:
        """The selection, or else the message the reader is at."""
        if self.transcript.has_selection():
            self._start(self._quote_selection(form), "quote")
        elif message := self.transcript.current_id() or self.transcript.place():
            self._quote_message(message, form)

    def _quote_message(self, message: str, form: Callable[[str, quote.Source], str]) -> None:
        self._start(self._quote_whole(message, form), "quote")

    async def _quote_whole(self, message: str, form: Callable[[str, quote.Source], str]) -> None:
        found = await self._served.conversations.messages([message])
        if found:
            self._put_quote(found[0].text, found, form)

    async def _quote_selection(self, form: Callable[[str, quote.Source], str]) -> None:
        messages = await self._served.conversations.messages(self.transcript.selected_ids())
        passage = self.transcript.selected_text({message.id: message for message in messages})
        if passage:
            self._put_quote(passage, messages, form)

    def _put_quote(self, passage: str, messages: list[Message], form: Callable[[str, quote.Source], str]) -> None:
        title = words.title_of(self.open.conversation) if self.open.conversation else ""
        source = quote.source_of(title, messages)
        QGuiApplication.clipboard().setMimeData(clipboard_text(form(passage, source)))
        self.notice.emit("good", "The passage was copied with its source.")

    def _more_entries(self, menu: QMenu, message: str) -> None:
        is_part = self.transcript.has_selection()
        what = "selection" if is_part else "message"
        for text, form in (("as Markdown", quote.as_markdown), ("as plain text", quote.as_plain)):
            entry = menu.addAction(f"Quote {what} {text}")
            if is_part:
                entry.triggered.connect(lambda _=False, form=form: self._quote_chosen(form))
            else:
                entry.triggered.connect(lambda _=False, form=form: self._quote_message(message, form))
        if not self.open.is_trashed:
            entry = menu.addAction("Continue in chat from here")
            entry.triggered.connect(lambda: self.continue_wanted.emit(self.open.identity or "", message))

    # -- how it is read

    def _open_options(self) -> None:
        button = self.head.options
        self.options_menu.menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    async def _restore_options(self) -> None:
        options = Options.of(await self._served.remembered(OPTIONS, {}))
        folds = await self._served.remembered(FOLDS, {})
        self.details.set_folds(folds if isinstance(folds, dict) else {})
        self.options_menu.set_options(options)
        self._read_with(options)

    def _use_options(self, options: Options) -> None:
        self._read_with(options)
        self._keep(OPTIONS, options.kept())

    def _read_with(self, options: Options) -> None:
        self.transcript.set_reading(options.reading)
        self.transcript.set_folds(options.folds)

    # -- the details

    async def _list(self) -> None:
        """Outline, code, figures and attachments, where somebody sees them."""
        path, identity = tuple(self.open.path), self.open.identity
        if identity is None or not self.details.isVisible() or path == self._listed:
            return
        is_new = self._listed is None
        library = self._served.library
        outline = await library.outline(path)
        code = await library.code_blocks(path)
        kept = await self._served.attachments.of_path(path)
        figures = await library.statistics(identity) if is_new else None
        if identity != self.open.identity or list(path) != self.open.path:
            return
        self._listed = path
        self.details.show_path(path, outline, code)
        self.details.show_kept(kept)
        if figures is not None:
            self.details.show_statistics(figures)
        self.details.show_place(self.transcript.place(), self.transcript.heading())

    def _go_to_heading(self, heading: Heading) -> None:
        if heading.level == 0:
            self._go_to_message(heading.message)
            return
        self.transcript.show_block(
            heading.message,
            lambda block: block.piece.kind is Kind.HEADING and words.bare(block.piece.source).startswith(heading.text),
        )

    def _go_to_code(self, code: CodeBlock) -> None:
        def is_meant(block: Block) -> bool:
            return isinstance(block, Code) and block.text().rstrip("\n") == code.text

        self.transcript.show_block(code.message, is_meant)

    def _copy_code(self, blocks: list[CodeBlock]) -> None:
        if not blocks:
            return
        QGuiApplication.clipboard().setMimeData(clipboard_text("\n\n".join(block.text for block in blocks)))
        were = "was" if len(blocks) == 1 else "were"
        self.notice.emit("good", f"{chat_words.many(len(blocks), 'block')} of code {were} copied.")

    def _save(self, wanted: object) -> None:
        if isinstance(wanted, CodeBlock):
            self._start(self._save_code(wanted), "save-code")
        else:
            self.transcript.part_action.emit("save", wanted)

    async def _save_code(self, block: CodeBlock) -> None:
        ending = ENDINGS.get(block.language.lower(), ".txt")
        name = clean(words.title_of(self.open.conversation) if self.open.conversation else "code", ending=ending)
        chosen = await dialogs.choose_new_file(self, "Save as", name)
        if chosen:
            await _write(Path(chosen), block.text + "\n")
            self.notice.emit("good", f"Saved as “{Path(chosen).name}”.")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc ends the search first."""
        if event.key() == Qt.Key.Key_Escape and not self.hit_bar.isHidden():
            self.end_find()
        else:
            super().keyPressEvent(event)


def _is_stretch(part: list[str], path: list[str]) -> bool:
    at = path.index(part[0]) if part and part[0] in path else 0
    return path[at : at + len(part)] == part


async def _write(target: Path, text: str) -> None:
    """Raises BadFile."""
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        raise BadFile("This text cannot be saved as a file.") from error
    await asyncio.to_thread(save, target, content)


async def _place_of(opened: Opened) -> OpenConversation:
    """Its branches are looked for in a worker, where it has any."""
    if opened.is_chain:
        return OpenConversation(opened.conversation, opened.parents, list(opened.path))
    return await asyncio.to_thread(OpenConversation.of, opened)
