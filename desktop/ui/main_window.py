"""The main window: rail, pages, notices, wire dock, footer; it knows no feature, only where each one stands."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shiboken6
from PySide6.QtCore import QByteArray, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.core.appearance import LARGEST_SCALE, SMALLEST_SCALE
from desktop.core.errors import BudgetReached, KeyProblem, KeyRefused, KnownError
from desktop.ui import actions, icons, theme
from desktop.ui.footer import Footer
from desktop.ui.rail import MAIN, PLACES, Rail
from desktop.ui.tasks import Tasks
from desktop.ui.theme import SCALE_STEP

if TYPE_CHECKING:
    from desktop.core.secret import Secret
    from desktop.core.settings import Settings
    from desktop.core.wire.page_request import PageRequest
    from desktop.services.bundle import Services
    from desktop.ui.notices import Notices, Remedy
    from desktop.ui.page import Page
    from desktop.ui.palette import Palette
    from desktop.ui.status import Status
    from desktop.ui.wire.dock import WireDock

FOLDS, DOCK = "window.folds", "window.dock"
_PLACE = {place.name: place for place in PLACES}
WITH_SERVICES = ("desktop.ui.status", "desktop.ui.wire.dock")  # imported in a worker, built when the services are there
WATCHES = "transcription"  # the page that looks into the watched folder
UNDO_MS = 12_000
DOCK_HEIGHT = 220


class MainWindow(QWidget):
    """`painted` comes once, after the first paint; `closed` once, when the user has closed it for good.

    What the first paint does not show (pages, notices, calls, palette, readings) is imported and built when it is
    needed; notices, drops and readings at the latest right after that paint.
    """

    painted = Signal()
    closed = Signal()
    reopen_wanted = Signal(str, object)  # what is done meanwhile, in words; the work, while nothing is open

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("window")
        self.setWindowTitle("Davenport")
        self.setWindowIcon(icons.application())
        theme.style_as(self, "window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.services: Services | None = None
        self.pages: dict[str, Page] = {}
        self._standing_by: set[str] = set()  # pages that are built because there is work for them
        self._building: dict[str, Page] = {}  # begun and not yet complete
        self.current = ""
        self.expected = MAIN[0].name
        self._is_painted = self._may_close = False
        self._before_palette: QWidget | None = None
        self._folds: dict[str, dict[str, bool]] = {}
        self._dock_sizes = ""  # as they were remembered
        self._stand_ins: list[QAction] = []  # for actions of the dock, as long as there is none
        self._build()
        self.tasks = Tasks(self.report, self)
        self._make_actions()
        self.setMinimumSize(640, 480)

    # What is made when it is first needed

    @cached_property
    def notices(self) -> Notices:
        from desktop.ui.notices import Notices

        made = Notices(self)
        made.remedy_for = self._remedy_for
        self._above.insertWidget(0, made)
        return made

    @cached_property
    def wire(self) -> WireDock:
        from desktop.ui.wire.dock import WireDock

        dock = WireDock(self.report, self.splitter)
        dock.hide()
        dock.notice.connect(lambda kind, text: self.notices.say(kind, text))
        dock.undo_offered.connect(self._offer_undo)
        dock.spent.connect(lambda: self.status.spent())
        dock.request_wanted.connect(self.take_request)
        dock.key_offered.connect(self._offer_key)
        self.addActions([action for action in dock.actions() if action.objectName() != "wire.find-action"])
        self.splitter.addWidget(dock)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 0)
        room = theme.current().px(DOCK_HEIGHT)
        self.splitter.setSizes([max(room, self.height() - room), room])
        self._restore_sizes()
        for action in self._stand_ins:
            self.removeAction(action)
            action.deleteLater()
        icons.refresh(theme.current(), dock)
        if self.current:
            dock.set_page(self.current, self.pages[self.current].title)
        if self.services is not None:
            dock.attach(self.services)
        self._end_tab_at_the_foot()
        return dock

    @cached_property
    def status(self) -> Status:
        from desktop.ui.status import Status

        return Status(self.footer, self.notices, self.tasks, self.open_profile)

    @cached_property
    def palette_view(self) -> Palette:
        from desktop.ui.palette import Palette

        view = Palette(self)
        view.left.connect(self._after_palette)
        return view

    # What others ask of it

    def report(self, error: BaseException) -> None:
        """Where every failure ends."""
        self.notices.report(error)

    def attach(self, services: Services) -> None:
        """The services are open: everything that waited for them gets them."""
        self.services = services
        self.notices.redactor = services.redactor
        services.settings.listen(self._settings_changed)
        services.jobs.listen(self._job_told)
        self._settings_changed(services.settings.value)
        self.status.attach(services)
        if "wire" in self.__dict__:
            self.wire.attach(services)
        for page in self.pages.values():
            page.attach(services)
        for sentence in services.notices:
            self.notices.say("warn", sentence)
        self.tasks.start(self._restore(), name="restore")

    def expect_page(self, name: str) -> None:
        """Mark the page that comes first, before it is there."""
        self.expected = name if name in self.rail.buttons else MAIN[0].name
        self.rail.show_current(self.expected)

    async def show_expected(self) -> None:
        """Bring the expected page, as `go_to` does; then import what is built with the services."""
        import asyncio

        if not self.current:
            await self._import(self.expected)
            # The first widget that Qt hands out makes Python classes of all kinds there are: in a turn of its own.
            self.rail.area.viewport()
            await asyncio.sleep(0)
        if not self.current:
            await self._begun(self.expected).complete_in_turns()
        if not self.current:
            self.show_page(self.expected)
        await asyncio.to_thread(lambda: [importlib.import_module(name) for name in WITH_SERVICES])

    def page(self, name: str) -> Page:
        """A page, imported and built when first asked for."""
        if name not in self.pages:
            made = self._begun(name)
            made.complete()
            self._take_in(name, made)
        return self.pages[name]

    def go_to(self, name: str) -> None:
        """By the user's wish: what a page still needs is imported in a worker and built in pieces, then it is shown."""
        if name in self.pages or self.services is None:
            self.show_page(name)
            return
        self.expected = name
        self.rail.show_current(name)
        self.tasks.start(self._come_to(name), name="go")

    async def _come_to(self, name: str) -> None:
        import asyncio

        await self._stand_by(name)
        await asyncio.sleep(0)
        if self.expected == name:  # nothing else was shown or asked for meanwhile
            self.show_page(name)

    async def _stand_by(self, name: str) -> None:
        """A page that is there and works, unseen."""
        await self._import(name)
        if name not in self.pages:  # else it was asked for meanwhile
            await self._begun(name).complete_in_turns()
        self.page(name)

    async def _import(self, name: str) -> None:
        """In a worker, so that the window stays alive."""
        import asyncio  # nobody awaits before the first paint

        if module := _PLACE[name].module:
            await asyncio.to_thread(importlib.import_module, module)

    def _begun(self, name: str) -> Page:
        """A page that may not be complete, made where it will stand: a change of parent is dear."""
        if name not in self._building:
            place = _PLACE[name]
            if place.module:
                made = getattr(importlib.import_module(place.module), place.cls)(self.report, self.stack)
            else:
                from desktop.ui.coming import ComingPage  # few look at what is not there yet

                made = ComingPage(name, place.title, self.report, self.stack)
            made.hide()
            self._building[name] = made
        return self._building[name]

    def show_page(self, name: str) -> None:
        page = self.page(name)
        self.current = self.expected = name
        self.stack.setCurrentWidget(page)
        self.rail.show_current(name)
        if "wire" in self.__dict__:
            self.wire.set_page(name, page.title)
        page.fit(self.width())
        page.activated()

    def open_profile(self, profile_id: str) -> None:
        self.show_page("settings")
        opened: Any = self.pages["settings"]
        opened.open_profile(profile_id)

    def open_conversation(self, conversation: str, message: str = "") -> None:
        """Go on with a kept conversation where it is written; without one, begin a new one."""
        self.show_page("chat")
        chat: Any = self.pages["chat"]
        if conversation:
            chat.open_conversation(conversation, message or None)
        else:
            chat.new_conversation()

    def show_call(self, call_id: str) -> None:
        """A message's call, exactly as it was sent and answered."""
        self.wire.show_call(call_id)

    def take_request(self, request: PageRequest) -> None:
        """A pasted or recorded request into the chat's form; what it has no place for is said."""
        self.show_page("chat")
        chat: Any = self.pages["chat"]
        left_out = chat.take_request(request)
        self.notices.say("warn" if left_out else "good", " ".join(("The request is in the form.", *left_out)))

    def _offer_key(self, key: Secret) -> None:
        """A pasted key goes into the profile's key field; only there the user may keep it."""
        self.open_profile(self._profile_id())
        settings: Any = self.pages["settings"]
        settings.offer_key(key)

    def cover(self, words: str) -> None:
        """Something has to be finished before anything can be used again: say what, over everything."""
        from desktop.ui.cover import Cover  # seen once a year

        Cover(words, self)

    def open_files(self, paths: list[str]) -> None:
        """Files from the command line or a second start go to the page of their kind."""
        by_page: dict[str, list[str]] = {}
        for path in paths:
            by_page.setdefault(_opener(path), []).append(path)
        for name, wanted in by_page.items():
            self.show_page(name)
            page: Any = self.pages[name]
            take = getattr(page, "attach_files" if name == "chat" else "open_files", None)
            if take is None:
                self.notices.say("warn", f"{page.title} cannot open files yet: {Path(wanted[0]).name} was not read.")
            else:
                take(wanted)

    def come_forward(self) -> None:
        """A second start was made: this window is the answer."""
        if self.isMinimized():
            self.showNormal()
        self.show()
        self.raise_()
        self.activateWindow()

    def end(self) -> None:
        """Close without a question."""
        self._may_close = True
        self.close()

    async def close_down(self) -> None:
        """Let each page write what it has, remember the window, then end all tasks."""
        for page in list(self.pages.values()):
            try:
                await page.close_down()
            except Exception as error:  # noqa: BLE001 - whatever one page meets, the others write what they have
                self.notices.report(error)
        if self.services is not None:
            await self._remember()
        for page in list(self.pages.values()):
            await page.tasks.aclose()
        if "wire" in self.__dict__:
            await self.wire.tasks.aclose()
        await self.tasks.aclose()

    # How it is built

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.setSpacing(0)
        self.rail = Rail(self)
        self.rail.chosen.connect(self.go_to)
        self.rail.neared.connect(self._near)
        self.stack = QStackedWidget(self)
        self.stack.setObjectName("window.pages")
        upper = QWidget(self)
        self._above = QVBoxLayout(upper)
        self._above.setContentsMargins(0, 0, 0, 0)
        self._above.setSpacing(0)
        self._above.addWidget(self.stack, 1)
        self.splitter = QSplitter(Qt.Orientation.Vertical, self)
        self.splitter.setObjectName("window.splitter")
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(4)
        self.splitter.addWidget(upper)
        row.addWidget(self.rail)
        row.addWidget(self.splitter, 1)
        column.addLayout(row, 1)
        self.footer = Footer(self)
        self.footer.jobs_wanted.connect(self._show_jobs)
        column.addWidget(self.footer)

    def _make_actions(self) -> None:
        make = partial(actions.make, self)
        for number, place in enumerate(PLACES, 1):
            keys = (f"Ctrl+{number}",) if place in MAIN else ("Ctrl+,",) if place.name == "settings" else ()
            work = partial(self.go_to, place.name)
            make(f"window.go-{place.name}", f"Go to {place.title}", work, keys=keys, icon=place.icon)
        make("window.palette", "Find a command", self.open_palette, keys=("Ctrl+K",), icon="search")
        make("window.wire", "Show or hide the list of calls", self.toggle_wire, keys=("Ctrl+Shift+W",), icon="wire")
        make("window.larger", "Larger text", partial(self._scale, SCALE_STEP), keys=("Ctrl++", "Ctrl+="), icon="plus")
        make("window.smaller", "Smaller text", partial(self._scale, -SCALE_STEP), keys=("Ctrl+-",), icon="minus")
        make("window.usual-size", "Usual size of text", partial(self._scale, 0), keys=("Ctrl+0",))
        make("window.next-part", "Go to the next part of the window", self._next_part, keys=("F6",))
        make("window.profiles", "Profiles and keys", lambda: self.open_profile(self._profile_id()), icon="key")
        make("window.cost", "What this session came to", self.footer.cost.click, icon="usage")
        make(
            "window.dismiss", "Dismiss the newest notice", lambda: self.notices.dismiss_newest(), keys=("Ctrl+Shift+N",)
        )
        make("window.close", "Close the window", self.close, keys=("Ctrl+Q",), icon="close")

    def _take_in(self, name: str, page: Page) -> None:
        self.pages[name] = self._building.pop(name)
        page.working.connect(partial(self.rail.set_working, name))
        page.notice.connect(lambda kind, text: self.notices.say(kind, text))
        page.folds_changed.connect(lambda: self._folds.update({name: page.folds()}))
        if hasattr(page, "spent"):
            page.spent.connect(self._spent)
        if hasattr(page, "undo_offered"):
            page.undo_offered.connect(self._offer_undo)
        if hasattr(page, "reopen_wanted"):
            page.reopen_wanted.connect(self.reopen_wanted)
        if hasattr(page, "call_wanted"):
            page.call_wanted.connect(self.show_call)
        if hasattr(page, "conversation_wanted"):
            page.conversation_wanted.connect(self.open_conversation)
        if name in self._folds:
            page.set_folds(self._folds[name])
        self.stack.addWidget(page)
        icons.refresh(theme.current(), page)
        page.fit(self.width())
        if self.services is not None:
            page.attach(self.services)
        self._end_tab_at_the_foot()

    def _end_tab_at_the_foot(self) -> None:
        """Tab goes through rail, pages, calls and foot; a page that was just made would come behind the foot."""
        from desktop.ui.page import tab_through

        below = [*([self.wire] if "wire" in self.__dict__ else []), self.footer]
        there = _tabbed(self)
        above = [each for each in there if not any(part.isAncestorOf(each) for part in below)]
        tab_through(*above[-1:], *(each for part in below for each in there if part.isAncestorOf(each)))

    # What its actions do

    def _near(self, name: str) -> None:
        """The pointer comes to a page's button: by the click its modules are there."""
        if name not in self.pages and self.services is not None:
            self.tasks.start(self._import(name), name=f"import:{name}")

    def open_palette(self) -> None:
        self._before_palette = QApplication.focusWidget()
        icons.refresh(theme.current(), self)
        self.palette_view.open(actions.offered(self.pages.get(self.current), self))

    def _after_palette(self) -> None:
        if self._before_palette is not None and shiboken6.isValid(self._before_palette):
            self._before_palette.setFocus()

    def toggle_wire(self) -> None:
        self.wire.setVisible(self.wire.isHidden())
        if self.wire.isVisible():
            self.wire.set_page(self.current, self.page(self.current).title if self.current else "")
            self.wire.table.setFocus()

    def _scale(self, step: int) -> None:
        look = theme.current()
        wanted = look.text_scale + step if step else 100
        if self.services is None:
            look.set_text_scale(wanted)
            return
        wanted = max(SMALLEST_SCALE, min(LARGEST_SCALE, wanted))
        self.tasks.start(self.services.settings.change(text_scale=wanted), name="text-scale")

    def _next_part(self) -> None:
        """Focus goes from rail to history, work, parameters, notices, calls, footer and round again."""
        page = self.page(self.current or MAIN[0].name)
        parts: list[QWidget] = [self.rail, page.history, page.work, page.parameters]
        parts += [self.notices, *([self.wire] if "wire" in self.__dict__ else []), self.footer]
        parts = [part for part in parts if part.isVisible()]
        focus = QApplication.focusWidget()
        at = next((i for i, part in enumerate(parts) if focus is not None and part.isAncestorOf(focus)), -1)
        for step in range(1, len(parts) + 1):
            if first := _first_focus(parts[(at + step) % len(parts)]):
                first.setFocus(Qt.FocusReason.TabFocusReason)
                return

    def _show_jobs(self) -> None:
        """The page of the first job that is not over; jobs are named after their pages."""
        jobs = self.services.jobs.all() if self.services is not None else ()
        kind = next((job.kind for job in jobs if not job.state.is_over), "")
        if kind in self.rail.buttons:
            self.show_page(kind)

    def _spent(self) -> None:
        """A call has ended: the meter and the library are new."""
        self.status.spent()
        if self.services is not None:
            self.services.conversations.changed()

    def _offer_undo(self, text: str, undo: Callable[[], object]) -> None:
        from desktop.ui.notices import Remedy

        self.notices.say("info", text, Remedy("Undo", undo), lasts_ms=UNDO_MS)

    def _remedy_for(self, error: KnownError) -> Remedy | None:
        from desktop.ui.notices import Remedy

        if isinstance(error, KeyProblem | KeyRefused):
            return Remedy("Open the profile", lambda: self.open_profile(self._profile_id()))
        if isinstance(error, BudgetReached):
            return Remedy(error.action, lambda: self.tasks.start(self._go_beyond(error), name="budget"))
        return None

    async def _go_beyond(self, reached: BudgetReached) -> None:
        """The user goes on beyond a budget; what was to be sent is sent."""
        assert self.services is not None
        await self.services.budgets.allow(self.services.profiles.get(reached.profile), reached.period)
        page: Any = self.pages.get(self.current)
        if hasattr(page, "go_on"):
            page.go_on()

    def _profile_id(self) -> str:
        return self.services.profiles.chosen.id if self.services is not None else ""

    def _settings_changed(self, settings: Settings) -> None:
        theme.current().configure(settings.appearance, settings.text_scale, settings.reduced_motion)
        if settings.watch_folder:
            self._have(WATCHES)

    def _job_told(self, id: str) -> None:
        """A job's page tells how it ended, also where nobody has looked at that page yet."""
        job = self.services.jobs.find(id) if self.services is not None else None
        if job is not None and not job.state.is_over and job.kind in _PLACE:
            self._have(job.kind)

    def _have(self, name: str) -> None:
        if name not in self.pages and name not in self._standing_by:
            self._standing_by.add(name)
            self.tasks.start(self._stand_by(name), name=f"stand-by:{name}")

    # What it remembers

    async def _restore(self) -> None:
        assert self.services is not None
        remembered: dict[str, dict[str, bool]] = await self.services.remembered(FOLDS, {})
        for name in remembered.keys() & self.pages.keys() - self._folds.keys():  # what was folded meanwhile stays
            self.pages[name].set_folds(remembered[name])
        self._folds = {**remembered, **self._folds}
        dock: dict[str, Any] = await self.services.remembered(DOCK, {})
        self._dock_sizes = dock.get("sizes", "")
        if "wire" in self.__dict__:  # who has opened it meanwhile keeps it open
            self._restore_sizes()
        elif dock.get("open"):
            self.wire.show()
        else:
            self._offer_calls()

    def _restore_sizes(self) -> None:
        if self._dock_sizes:
            self.splitter.restoreState(QByteArray.fromBase64(self._dock_sizes.encode()))

    def _offer_calls(self) -> None:
        """What the dock can do without any call. The dock itself, some 400 widgets, is made when it is first wanted."""
        from desktop.ui.wire.doing import WITHOUT_CALLS  # imported with the services

        for name, text, icon in WITHOUT_CALLS:
            self._stand_ins.append(actions.make(self, name, text, partial(self._do_without_calls, name), icon=icon))

    def _do_without_calls(self, name: str) -> None:
        next(action for action in self.wire.actions() if action.objectName() == name).trigger()

    async def _remember(self) -> None:
        assert self.services is not None
        sizes = self.splitter.saveState().toBase64().data().decode()
        try:
            await self.services.remember(FOLDS, self._folds)
            if "wire" in self.__dict__:
                await self.services.remember(DOCK, {"open": not self.wire.isHidden(), "sizes": sizes})
        except KnownError as error:
            self.notices.report(error)

    # Qt's events

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            QTimer.singleShot(0, self, self._complete)

    def _complete(self) -> None:
        """What nobody can have missed in the first picture."""
        from desktop.ui.drops import Drops

        self.drops = Drops(self)
        self.footer.complete()
        self.painted.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.current:
            self.pages[self.current].fit(self.width())
        if "palette_view" in self.__dict__ and self.palette_view.isVisible():
            self.palette_view.place()

    def closeEvent(self, event: QCloseEvent) -> None:
        reason = "" if self._may_close else self._reason_to_stay()
        if reason:
            event.ignore()
            self.tasks.start(self._ask_to_close(reason), name="close")
        else:
            event.accept()
            self.closed.emit()

    def _reason_to_stay(self) -> str:
        """Of any part; jobs of transcription go on from the last run, whether anybody looks at their page or not."""
        parts: list[Any] = [*self.pages.values(), *([self.wire] if "wire" in self.__dict__ else [])]
        if self.services is not None:
            parts.append(self.services.transcription)
        return next((reason for part in parts if (reason := part.reason_to_stay())), "")

    async def _ask_to_close(self, reason: str) -> None:
        from desktop.ui import dialogs  # few are asked

        if await dialogs.confirm(self, f"{reason} Close the window all the same?", "Stop and close"):
            self.end()


def _opener(path: str) -> str:
    """The page that takes a file of that kind; what is of no kind goes to the chat."""
    from desktop.ui.drops import RECORDINGS, SUBTITLES  # files are opened after the first paint

    ending = Path(path).suffix.lower().removeprefix(".")
    if ending in RECORDINGS | SUBTITLES:
        return "transcription"
    return {"jsonl": "batches", "json": "library", "zip": "library"}.get(ending, "chat")


def _tabbed(window: QWidget) -> list[QWidget]:
    """All that Tab may ever come to, in its order; the inner part of a field goes with the field."""
    found: list[QWidget] = []
    at = window.nextInFocusChain()
    while at is not None and at is not window:
        if at.focusPolicy() & Qt.FocusPolicy.TabFocus and at.focusProxy() is None:
            found.append(at)
        at = at.nextInFocusChain()
    return found


def _first_focus(part: QWidget) -> QWidget | None:
    """Where the focus begins inside a part: the marked button of a group, else where it was last, else the first."""
    able = [
        child
        for child in part.findChildren(QWidget)
        if child.isVisible() and child.isEnabled() and child.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]
    marked = (child for child in able if isinstance(child, QAbstractButton) and child.group() and child.isChecked())
    last = part.focusWidget()
    return next(marked, last if last in able else next(iter(able), None))
