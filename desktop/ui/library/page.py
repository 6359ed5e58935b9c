"""The library page: which gesture starts what."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import date
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QMenu, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from desktop.core.conversation import Conversation
from desktop.core.errors import Missing
from desktop.core.library import Counts, Place, Results
from desktop.core.search_query import Problem
from desktop.core.text import folded
from desktop.ui import icons, theme
from desktop.ui.library import asking, words
from desktop.ui.library.asking import ROWS_AT_ONCE, ROWS_OF_ALL, Question
from desktop.ui.library.beside import Beside
from desktop.ui.library.doing import Doing
from desktop.ui.library.empty import Nothing
from desktop.ui.library.organise import Bar
from desktop.ui.library.places import Places
from desktop.ui.library.places_model import Spot, spots
from desktop.ui.library.results import ResultsView
from desktop.ui.library.results_model import ID, ResultsModel
from desktop.ui.library.search_line import SearchLine
from desktop.ui.library.titling import Titling, Underway
from desktop.ui.page import Page, tab_through
from desktop.ui.tasks import Report
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.tooltip import tip

if TYPE_CHECKING:
    import asyncio

    from desktop.services.bundle import Services
    from desktop.ui.library.import_panel import ImportPanel
    from desktop.ui.library.reading.view import ReadingView

MOST_SELECTED = 10_000
MINUTE_MS, CHANGE_PAUSE_MS, PASS_PAUSE_MS = 60_000, 150, 120
BESIDE, DETAILS_FROM = 840, 1500  # widths: of the work for list and text side by side, of the window for the details
ROOMY_HEAD = 720
ONLY_READ = "The archive can only be read: nothing in it is changed."
ORDERS, FOLDS = "library.orders", "library.folds"
EVERYTHING = Spot("all", "", "All")


class LibraryPage(Page):
    """Places at the left, what is found and read in the middle, the conversation's details at the right."""

    name = "library"
    title = "Library"

    spent = Signal()  # a call has ended: the meter has something new to read
    undo_offered = Signal(str, object)  # what was done, and the function that undoes it
    conversation_wanted = Signal(str, str)  # conversation and message to go on from in the chat; "", "" for a new one

    def __init__(self, report: Report, parent: QWidget | None = None) -> None:
        super().__init__(report, parent)
        self.spot = EVERYTHING
        self.counts: Counts | None = None
        self._heading, self._told, self._seconds = self.spot.title, "", 0.0
        self.opened = ""  # the conversation that is read
        self.doing = Doing(self, self._start)
        self._orders = {"list": "newest", "search": "relevance"}
        self._has_begun = False
        self._answered = Question()
        self.tasks.busy.disconnect(self.working)  # a search is over in a moment: no dot for it

    # -- building

    def pieces(self) -> Iterator[None]:
        self.places = Places(self.history)
        self.history.layout().addWidget(self.places)
        self.stack = QStackedWidget(self.work)
        self.browse = QWidget(self.stack)
        self.stack.addWidget(self.browse)
        self.work.layout().addWidget(self.stack)
        yield
        self.results = ResultsModel(self)
        self.line = SearchLine(self.browse, self.browse)
        self.view = ResultsView(self.results, self.browse)
        self.nothing = Nothing(self.browse)
        self._make_actions()
        yield
        column = QVBoxLayout(self.browse)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._head())
        self.problems = plain_label("", "warn", self.browse, wrap=True)
        self.problems.setObjectName("library.problems")
        self.problems.hide()
        column.addWidget(self.problems)
        self.bar = Bar(self._usual, self._in_trash, self._around)
        column.addWidget(self.bar)
        yield
        self.split = Beside(self.browse)
        self.list_pane = self.split.list_pane
        self.list_pane.addWidget(self.view)
        self.list_pane.addWidget(self.nothing)
        column.addWidget(self.split, 1)
        self.underway = Underway(self.browse)
        column.addWidget(self.underway)
        self.titling = Titling(self, self.underway)
        find = self._action(self.list_pane, "search-too", "Search everything", "Ctrl+F", "search", self._to_search)
        self.history.addAction(find)  # beside a conversation that is read Ctrl+F finds in it
        self._change_pause = QTimer(self, singleShot=True, interval=CHANGE_PAUSE_MS)
        self._pass_pause = QTimer(self, singleShot=True, interval=PASS_PAUSE_MS)
        self._minute = QTimer(self, interval=MINUTE_MS)
        self._minute.timeout.connect(self.results.refresh_times)
        self._minute.start()
        self.work.installEventFilter(self)
        self.setAcceptDrops(True)
        tab_through(self.places.view, self._head_row, self.bar.layout(), self.view)
        self._connect()
        self._measure()
        self._show_reading()

    def _head(self) -> QHBoxLayout:
        row = self._head_row = QHBoxLayout()
        row.addWidget(self._action_button(self.fold_history))
        row.addWidget(self.line, 1)
        row.addWidget(self._action_button(self.save_action))
        self._texts = [self._action_button(self.import_action), self._action_button(self.export_all_action)]
        for button in self._texts:
            row.addWidget(button)
        row.addWidget(self._action_button(self.fold_parameters))
        return row

    def _make_actions(self) -> None:
        make, listed = partial(self._action, self.work), partial(self._action, self.view)
        self.search_action = make("search-action", "Search everything", "Ctrl+Shift+F", "search", self._to_search)
        self.save_action = make("save-search", "Save this search", "Ctrl+D", "bookmark", self._on(self._save_search))
        self.import_action = make("import-files", "Import…", "Ctrl+O", "download", self._on(self._choose_import))
        self.export_all_action = make("export-all", "Export all…", "", "upload", self._on(self._export_all))
        self.new_folder_action = make("new-folder", "New folder", "Ctrl+Shift+D", "folder-add", self._new_folder)
        self.folder_action = make("put-in-folder", "Put in a folder", "Ctrl+M", "folder", self._on(self._choose_folder))
        self.tag_action = make("tag", "Tag", "Ctrl+T", "tag", self._on(self._choose_tags))
        self.pin_action = make("pin", "Pin", "Ctrl+Shift+P", "pin", self._on(self._pin))
        self.archive_action = make("archive", "Archive", "Ctrl+Shift+A", "archive", self._on(self._archive))
        self.export_action = make("export", "Export…", "Ctrl+Shift+E", "upload", self._on(self._export))
        self.trash_action = listed("trash", "Move to trash", "Delete", "trash", self._on(self._trash))
        self.rename_action = listed("rename", "Rename", "F2", "rename", self._on(self._rename))
        self.chat_action = listed("open-in-chat", "Go on with it in the chat", "Ctrl+Return", "chat", self._to_chat)
        self.titles_action = make("make-titles", "Title by the first question", "", "edit", self._on(self._make_titles))
        self.restore_action = make("restore", "Restore", "Ctrl+Shift+Z", "restore", self._on(self._restore))
        self.purge_action = listed("purge", "Delete for good", "Shift+Delete", "trash", self._on(self._purge))
        self.back_action = make("back", "Back", "Alt+Left", "left", self.close_reading)
        self.previous_action = make("previous", "Previous conversation", "Alt+Up", "up", lambda: self.view.step(-1))
        self.next_action = make("next", "Next conversation", "Alt+Down", "down", lambda: self.view.step(1))
        self.close_action = make("close", "Close the conversation", "", "close", self.close_reading)  # Esc, see below
        putting = (self.folder_action, self.tag_action, self.pin_action, self.archive_action)
        self._usual = (*putting, self.export_action, self.trash_action)
        self._in_trash = (self.restore_action, self.purge_action)
        self._around = (self.back_action, self.previous_action, self.next_action, self.close_action)
        self._always = (self.export_action, self.chat_action)  # also where the archive can only be read
        self._of_some = (*self._usual, *self._in_trash, self.titles_action)
        self._of_one = (self.rename_action, self.chat_action)

    def _action(
        self, owner: QWidget, name: str, text: str, keys: str, icon: str, work: Callable[[], object]
    ) -> QAction:
        action = QAction(text, owner)
        action.setObjectName(f"library.{name}")
        if keys:
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.setToolTip(tip(f"{text} ({keys})"))
        action.setIconText(text)  # Qt's own would leave out the ellipsis
        icons.put(action, icon)
        action.triggered.connect(lambda: work())
        owner.addAction(action)
        return action

    def _action_button(self, action: QAction) -> QToolButton:
        button = QToolButton(self.browse)
        button.setDefaultAction(action)
        button.setObjectName(f"{action.objectName()}-button")
        button.setAccessibleName(action.text())
        return button

    def _on(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Callable[[], object]:
        """A slot that starts a coroutine under its own name."""
        return lambda: self._start(work(), getattr(work, "__name__", "work"))

    def _measure(self) -> None:
        look = theme.current()
        self._head_row.setContentsMargins(look.gap(16), look.gap(12), look.gap(12), look.gap(8))
        self._head_row.setSpacing(look.gap(4))
        self.problems.setContentsMargins(look.gap(16), 0, look.gap(16), look.gap(4))
        self._fit_work()

    def _connect(self) -> None:
        self.doing.done.connect(self.undo_offered)
        self.doing.told.connect(self.notice)
        self.doing.changed.connect(self.changed)
        self.titling.done.connect(self.doing.offer_undo)
        self.titling.told.connect(self.notice)
        self.titling.spent.connect(self.spent)
        self.underway.stopped.connect(lambda: self.tasks.cancel("_make_titles"))
        theme.current().changed.connect(self._measure)
        self.places.chosen.connect(self._go)
        self.places.folds_changed.connect(self._on(self._keep_folds))
        self.places.model.dropped.connect(self._dropped)
        self.places.model.folder_moved.connect(lambda i, into: self._start(self.doing.move_folder(i, into), "folder"))
        self.places.new_folder_wanted.connect(lambda into: self._start(self._make_folder(into), "folder"))
        self.places.rename_wanted.connect(lambda spot: self._start(self.doing.rename_place(spot), "place"))
        self.places.remove_wanted.connect(lambda spot: self._start(self.doing.remove_place(spot), "place"))
        self.places.empty_trash_wanted.connect(self._on(self._empty_trash))
        self.bar.empty_wanted.connect(self._on(self._empty_trash))
        self.bar.order.picked.connect(self._pick_order)
        self.line.searched.connect(lambda text: self.search())
        self.line.asked.connect(lambda text, at: self._start(self._complete(text, at), "complete"))
        self.line.left_down.connect(self._to_results)
        self.results.more_wanted.connect(lambda: self._start(self._more(), "more"))
        self.view.opened.connect(self.open_conversation)
        self.view.passed.connect(self._passed)
        self.view.picked.connect(self._show_selection)
        self.view.all_wanted.connect(self._on(self._select_all))
        self.view.menu_wanted.connect(lambda place: self.menu().popup(place))
        self.nothing.taken.connect(self._take_offer)
        self._change_pause.timeout.connect(lambda: self._start(self._refresh(), "refresh"))
        self._pass_pause.timeout.connect(self._follow_selection)
        self._show_selection()

    @cached_property
    def reading(self) -> ReadingView:
        """Built when the first conversation is opened."""
        from desktop.ui.library.reading.view import ReadingView

        view = ReadingView(self.report, self.split)
        view.continue_wanted.connect(self.conversation_wanted)
        view.notice.connect(self.notice)
        view.export_wanted.connect(lambda identity: self._start(self._export_ids([identity]), "export"))
        self.split.add_reading(view)
        self.parameters.layout().addWidget(view.details)
        view.details.setVisible(True)
        tab_through(self.view, *view.reading_order())
        icons.refresh(theme.current(), view)
        if self.services is not None:
            view.attach(self.services)
        return view

    @cached_property
    def import_panel(self) -> ImportPanel:
        from desktop.ui.library.import_panel import ImportPanel

        panel = ImportPanel(self.report, self.stack)
        panel.closed.connect(lambda: self.stack.setCurrentWidget(self.browse))
        panel.imported.connect(self.changed)
        self.stack.addWidget(panel)
        if self.services is not None:
            panel.attach(self.services)
        return panel

    # -- services

    def attach(self, services: Services) -> None:
        super().attach(services)
        services.library.listen(self.changed)
        for lazy in ("reading", "import_panel"):
            if lazy in self.__dict__:
                getattr(self, lazy).attach(services)
        self._show_selection()
        self.doing.attach(services)
        self.titling.attach(services)
        self.results.set_emptied(self._emptied)
        self._start(self._begin(), "begin")

    @property
    def _library(self) -> Any:
        assert self.services is not None
        return self.services.library

    @property
    def _may_write(self) -> bool:
        return self.services is not None and not self.services.database.read_only

    def _start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any] | None:
        if self.services is None:
            work.close()
            return None
        return self.tasks.start(work, name=name)

    async def _begin(self) -> None:
        assert self.services is not None
        self._orders |= await self.services.remembered(ORDERS, {})
        self.places.set_folds(await self.services.remembered(FOLDS, []))
        await self._count()
        await self._find()
        self._has_begun = True

    # -- searching

    @property
    def _kind_of_order(self) -> str:
        return "search" if self.line.text().strip() else "list"

    @property
    def _question(self) -> Question:
        """As line, place and order stand now; `_answered` is the one whose rows are shown or on their way."""
        place = Place(self.spot.kind, self.spot.value)  # type: ignore[arg-type]
        return Question(self.line.text(), place, self._orders[self._kind_of_order])  # type: ignore[arg-type]

    def search(self) -> None:
        """Ask anew; an older question that is still being answered is dropped."""
        self.tasks.cancel("more")
        self.tasks.cancel("refresh")
        self._start(self._find(), "find")

    async def _find(self) -> None:
        began = time.perf_counter()
        self._answered = self._question
        found = await asking.ask(self._library, self._answered, ROWS_AT_ONCE)
        self.results.show(found.entries, found.next)
        self.view.scrollToTop()
        await self._show_found(found, time.perf_counter() - began)

    async def _show_found(self, found: Results, seconds: float | None) -> None:
        """What follows from an answer, beside its rows."""
        text = self.line.text().strip()
        self._seconds = self._seconds if seconds is None else seconds
        self._told = self._figure(found) if text else self._total()
        self._show_problems(found.problems)
        self.bar.set_count(len(found.entries))
        self.bar.order.show_order(self._orders[self._kind_of_order], is_search=bool(text))
        self.save_action.setEnabled(bool(text) and self._may_write)
        if not found.entries:
            said = await asking.nothing(self._library, self._answered, self.spot.title, self.counts)
            self.nothing.say(said.title, said.line, said.offers)
        self.list_pane.setCurrentWidget(self.view if found.entries else self.nothing)
        self._show_selection()

    def _show_problems(self, problems: Sequence[Problem]) -> None:
        """What was not understood; not yet what is just being typed under its suggestions."""
        at = self.line.cursorPosition() if self.line.suggestions.isVisible() else -1
        told = dict.fromkeys(each.sentence for each in problems if not each.start <= at <= each.end)
        self.problems.setText("\n".join(told))
        self.problems.setVisible(bool(told))

    def _figure(self, found: Results) -> str:
        return words.found(found.count, found.is_more, self._seconds) if found.count else ""

    def _total(self) -> str:
        """How many are in the place, as the tree has it."""
        total = next((spot.total for spot in self.places.model.spots() if spot.key == self.spot.key), None)
        return words.many(total, "conversation") if total else ""

    async def _more(self) -> None:
        try:
            found = await asking.ask(self._library, self._answered, ROWS_AT_ONCE, self.results.next)
        except BaseException:
            self.results.is_waiting = False  # they can be asked for again
            raise
        self.results.append(found.entries, found.next)

    def _emptied(self, trashed: int) -> str:
        return words.emptied(self._library.trash_emptied_on(trashed), date.today())

    async def _complete(self, text: str, cursor: int) -> None:
        self.line.suggest(text, cursor, await self._library.complete(text, cursor))

    def _pick_order(self, order: str) -> None:
        self._orders[self._kind_of_order] = order
        assert self.services is not None
        self._start(self.services.remember(ORDERS, self._orders), "remember-order")
        self.search()

    async def _count(self) -> None:
        self.counts = counts = await self._library.counts()
        self.places.show_places(spots(counts))
        self.results.set_folders({folder.id: folder.name for folder in counts.folders})
        self.bar.set_empty_possible(counts.trash > 0 and self._may_write)
        _allow(self.export_all_action, counts.all + counts.archived + counts.trash > 0, "There is nothing to export.")
        _allow(self.new_folder_action, self._may_write, ONLY_READ)
        self.places.follow(self.new_folder_action)

    def changed(self) -> None:
        """Something in the archive is new: the rows follow, now or when the page is looked at again."""
        if self.isVisible():
            self._change_pause.start()

    async def _refresh(self) -> None:
        """The same question again. What is selected, and the row at the top of the view, stay where they are."""
        await self._count()
        asked = self._answered
        self.tasks.cancel("more")
        found = await asking.read(self._library, asked, max(ROWS_AT_ONCE, self.results.rowCount()))
        if asked != self._answered:
            return  # the answer to another one is on its way
        with self.view.still():
            self.results.replace(found.entries, found.next)
        await self._show_found(found, None)

    def _take_offer(self, name: str) -> None:
        match name:
            case "start":
                self.conversation_wanted.emit("", "")
            case "import":
                self.import_action.trigger()
            case "clear":
                self.line.set_line("")
                self.search()
            case _:
                self.places.select(name)

    # -- places

    def _go(self, spot: Spot) -> None:
        """Show a place; a saved search brings its line along."""
        self.stack.setCurrentWidget(self.browse)
        if spot.kind == "saved":
            self.spot = EVERYTHING
            self.line.set_line(spot.text)
        elif spot.key != self.spot.key:
            self.spot = spot
        self.bar.show_place(spot.title, "", is_trash=spot.kind == "trash")
        self._heading = spot.title
        self.search()

    def _dropped(self, kind: str, value: str, ids: list[str]) -> None:
        """Conversations were dropped onto a place."""
        doing = self.doing
        work: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
            "folder": lambda: doing.put_in(ids, value, self.places.model.path(value)),
            "tag": lambda: doing.tag(ids, (value,)),
            "pinned": lambda: doing.pin(ids, True),
            "archived": lambda: doing.archive(ids, True),
            "trash": lambda: doing.trash(ids),
        }
        self._start(work[kind](), "drop")

    async def _keep_folds(self) -> None:
        assert self.services is not None
        await self.services.remember(FOLDS, self.places.folds())

    def _new_folder(self) -> None:
        self._start(self._make_folder(self.spot.value if self.spot.kind == "folder" else ""), "folder")

    async def _make_folder(self, into: str) -> None:
        made = await self.doing.make_folder(into)
        if made:
            await self._count()
            self.places.reveal_folder(made)

    async def _save_search(self) -> None:
        kept = await self.doing.save_search(self.line.text())
        if kept:
            await self._count()
            self.places.select("saved", kept)

    # -- what is selected

    def selected(self) -> list[Conversation]:
        return [self.results.at(row).conversation for row in self.view.selected_rows()]

    def _show_selection(self) -> None:
        """Everything that follows from what is selected."""
        count = self.view.selected_count()
        is_trash, may = self.spot.kind == "trash", self._may_write
        for action in (*self._of_some, *self._of_one):
            is_here = (action in self._in_trash) == is_trash or action is self.chat_action
            is_one = count == 1 or action not in self._of_one
            action.setEnabled(count > 0 and is_here and is_one and (may or action in self._always))
        if 0 < count <= ROWS_OF_ALL:
            rows = self.selected()
            self._turn(self.pin_action, all(row.is_pinned for row in rows), ("Pin", "pin"), ("Unpin", "unpin"))
            back = ("Take out of the archive", "unarchive")
            self._turn(self.archive_action, all(row.archived for row in rows), ("Archive", "archive"), back)
        self._show_titling()
        self.bar.set_selection(count)
        told = f"{words.many(count, 'conversation')} selected" if count > 1 else self._told
        self.bar.show_place(self._heading, told, is_trash=is_trash)

    def _show_titling(self) -> None:
        by_model = ("Title by a model…", "edit")
        has_model = self.services is not None and bool(self.services.titles.model)
        self._turn(self.titles_action, has_model, ("Title by the first question", "edit"), by_model)

    def _turn(self, action: QAction, is_on: bool, usual: tuple[str, str], other: tuple[str, str]) -> None:
        """An action that takes back what it did: its text and icon say which way it goes."""
        text, icon = other if is_on else usual
        if action.text() != text:
            action.setText(text)
            action.setIconText(text)
            keys = action.shortcut().toString()
            action.setToolTip(tip(f"{text} ({keys})" if keys else text))
            icons.put(action, icon)

    async def _select_all(self) -> None:
        """Also what was not read yet, up to a bound."""
        if self.results.next is not None:
            asked = self._answered
            self.tasks.cancel("more")
            found = await asking.read(self._library, asked, MOST_SELECTED)
            if asked != self._answered:
                return
            with self.view.still():
                self.results.replace(found.entries, found.next)
        self.view.selectAll()
        if self.results.next is not None:
            self.notice.emit("info", f"The first {words.many(MOST_SELECTED, 'conversation')} are selected.")

    def menu(self) -> QMenu:
        """The context menu of what is selected."""
        menu = QMenu(self.view)
        if self.spot.kind == "trash":
            menu.addActions(list(self._in_trash))
            return menu
        menu.addAction(self.chat_action)
        menu.addSeparator()
        menu.addActions([self.rename_action, self.titles_action, *self._usual[:-1]])
        menu.addSeparator()
        menu.addAction(self.trash_action)
        return menu

    async def _choose_folder(self) -> None:
        counts = self.counts
        paths = [(folder.id, self.places.model.path(folder.id)) for folder in counts.folders] if counts else []
        await self.doing.choose_folder(self.selected(), sorted(paths, key=lambda each: folded(each[1])))

    async def _choose_tags(self) -> None:
        await self.doing.choose_tags(self.selected(), [tag.name for tag in self.counts.tags] if self.counts else [])

    async def _make_titles(self) -> None:
        await self.titling.make(self.view.selected())

    async def _pin(self) -> None:
        rows = self.selected()
        await self.doing.pin([row.id for row in rows], not all(row.is_pinned for row in rows))

    async def _archive(self) -> None:
        rows = self.selected()
        await self.doing.archive([row.id for row in rows], not all(row.archived for row in rows))
        await self._read_on()

    async def _trash(self) -> None:
        await self.doing.trash(self.view.selected())
        await self._read_on()

    async def _restore(self) -> None:
        await self.doing.restore(self.view.selected())
        await self._read_on()

    async def _purge(self) -> None:
        if await self.doing.purge(self.selected()):
            await self._read_on()

    async def _read_on(self) -> None:
        """What is read may have left the list: the next row is read in its place."""
        if not self.opened:
            return
        await self._refresh()
        if self.results.row_of(self.opened) < 0:
            chosen = self.view.currentIndex()
            self.open_conversation(chosen.data(ID)) if chosen.isValid() else self.close_reading()

    async def _empty_trash(self) -> None:
        if self.counts is not None:
            await self.doing.empty_trash(self.counts)

    async def _rename(self) -> None:
        await self.doing.rename(self.selected()[0])

    async def close_down(self) -> None:
        if "reading" in self.__dict__:  # built by now; it has tasks of its own
            await self.reading.tasks.aclose()

    # -- reading

    def open_conversation(self, identity: str) -> None:
        """Read a conversation of the list, at its hit."""
        row = self.results.row_of(identity)
        message = self.results.at(row).message if row >= 0 else None
        self.opened = identity
        self.results.set_open(identity)
        self._show_reading()
        self._start(self._read_it(identity, message, self.line.text()), "open")

    async def _read_it(self, identity: str, message: str | None, line: str) -> None:
        try:
            await self.reading.show(identity, message, line)
        except Missing:
            self.close_reading()
            raise

    def close_reading(self) -> None:
        if not self.opened:
            return
        self.tasks.cancel("open")
        self.opened = ""
        self.results.set_open("")
        self.reading.clear()
        self._show_reading()
        self.view.setFocus()
        self.view.scrollTo(self.view.currentIndex())

    def _passed(self, identity: str) -> None:
        """The one selected row is another: what is read beside the list follows."""
        if self.opened and identity != self.opened:
            self._pass_pause.start()

    def _follow_selection(self) -> None:
        chosen = self.view.selected()
        if self.opened and len(chosen) == 1 and chosen[0] != self.opened:
            self.open_conversation(chosen[0])

    @property
    def _has_room(self) -> bool:
        return self.work.width() >= theme.current().px(BESIDE)

    def _show_reading(self) -> None:
        """List and text side by side where there is room, else the text over the list."""
        is_open = bool(self.opened)
        is_over = is_open and not self._has_room
        if is_open:
            _ = self.reading  # built by now
        self.split.show_reading(is_open=is_open, is_over=is_over)
        if is_over and self.browse.isAncestorOf(self.focusWidget() or self):
            self.reading.setFocus()
        for action in (self.back_action, self.previous_action, self.next_action, self.close_action):
            action.setEnabled(is_open)
        self.bar.set_reading(is_open=is_open, is_over=is_over)
        self._show_sides()

    def _fit_work(self) -> None:
        look, width = theme.current(), self.work.width()
        style = Qt.ToolButtonStyle
        for button in self._texts:
            is_roomy = width >= look.px(ROOMY_HEAD)
            button.setToolButtonStyle(style.ToolButtonTextOnly if is_roomy else style.ToolButtonIconOnly)
        self.bar.fit(width)
        self._show_reading()

    # -- in and out

    def open_files(self, paths: list[str]) -> None:
        """Files from the command line, a second start or a drop: looked at as archives to import."""
        self.stack.setCurrentWidget(self.import_panel)
        self.import_panel.take(paths)

    async def _choose_import(self) -> None:
        self.stack.setCurrentWidget(self.import_panel)

    async def _export(self) -> None:
        await self._export_ids(self.view.selected())

    async def _export_all(self) -> None:
        await self._export_ids(None)

    async def _export_ids(self, ids: list[str] | None) -> None:
        from desktop.ui.library.export_dialog import ExportDialog  # few export at the start

        assert self.services is not None
        await ExportDialog.ask(self, self.services, ids, self.report)

    def _to_chat(self) -> None:
        for identity in self.view.selected()[:1]:
            self.conversation_wanted.emit(identity, "")

    # -- the window's wishes

    def activated(self) -> None:
        if self._has_begun:  # what other pages did meanwhile
            self._start(self._refresh(), "refresh")
        (self.reading if self.opened else self.line).setFocus()

    def fit(self, window_width: int) -> None:
        """As every page, but the details wait for more room: the list and the text come first."""
        limits = {"history": theme.tokens()["fold_below"]["history"], "parameters": DETAILS_FROM}
        for place, least in limits.items():
            fits = window_width >= theme.current().px(least)
            if fits != self._last_fit.get(place):
                self._last_fit[place] = fits
                self._fitted[place] = fits
        self._show_sides()

    def _show_sides(self) -> None:
        super()._show_sides()
        is_open = bool(getattr(self, "opened", ""))
        self.fold_parameters.setEnabled(is_open)
        if not is_open:
            self.parameters.hide()  # details of nothing

    def _to_search(self) -> None:
        self.stack.setCurrentWidget(self.browse)
        self.line.setFocus()
        self.line.selectAll()

    def _to_results(self) -> None:
        if self.results.rowCount():
            self.view.setFocus()
            if not self.view.currentIndex().isValid():
                self.view.select(self.results.at(0).conversation.id)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.work and event.type() == QEvent.Type.Resize:
            self._fit_work()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves the innermost thing: what is read, then the search."""
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self.opened:
            self.close_reading()
        elif self.line.text():
            self._take_offer("clear")
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls() and any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.open_files(paths)


def _allow(action: QAction, may: bool, reason: str) -> None:
    """Offer an action, or say in its tooltip why it cannot be chosen now."""
    action.setEnabled(may)
    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    action.setToolTip(tip(f"{action.text()} ({keys})" if keys else action.text()) if may else tip(reason))
