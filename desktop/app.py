"""The application with a window: built, painted, then given its services; closed in the reverse order."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import desktop.ui  # noqa: F401 - before PySide6: see there

# isort: split

import PySide6
from PySide6.QtCore import QObject, QRect, QSocketNotifier, Signal
from PySide6.QtWidgets import QApplication

from desktop import __version__, paths
from desktop.core.errors import ArchiveLocked, KnownError
from desktop.core.options import Options
from desktop.store import first_look
from desktop.store.instance import Instance
from desktop.store.small_files import make_folder, write_object
from desktop.ui import theme
from desktop.ui.garbage import Garbage
from desktop.ui.main_window import MainWindow

if TYPE_CHECKING:
    import argparse

    from desktop.services.bundle import Services

log = logging.getLogger(__name__)

WINDOW_FILE = "window.json"  # place and page: needed before the database is open, so a file of its own
USUAL_SIZE = (1280, 800)
PATIENCE_S = 8.0  # with another start that has the folder and does not listen yet

OpenServices = Callable[..., Awaitable["Services"]]


class Meanwhile:
    """What is done while nothing is open, and what the next window says of it."""

    def __init__(self, work: Callable[[], str]) -> None:
        self._work = work
        self.greeting: tuple[str, str] = ("warn", "This was not done.")

    async def run(self) -> None:
        import asyncio

        try:
            self.greeting = "good", await asyncio.to_thread(self._work)
        except KnownError as error:
            self.greeting = "bad", f"{error.summary} {error.advice}"
        except OSError as error:
            log.exception("what was to be done while the archive is closed")
            self.greeting = "bad", f"This was not done ({error.strerror}). The archive is as it was."
        except Exception:  # a mistake of ours: the window opens anew all the same, and says so
            log.exception("what was to be done while the archive is closed")
            self.greeting = "bad", "This was not done: Davenport made a mistake of its own, which the log describes."


class Running:
    """The running window of a data folder. A test holds this; `main` does nothing else with it.

    `await opened()` gives it its services, `await aclose()` ends everything in order. Both belong to one loop.
    """

    def __init__(
        self,
        window: MainWindow,
        instance: Instance,
        options: Options,
        open_services: OpenServices | None,
    ) -> None:
        self.window, self.options = window, options
        self.services: Services | None = None
        self.meanwhile: Meanwhile | None = None
        self.greeting: tuple[str, str] | None = None
        self.begin: Callable[[], object] = lambda: window.tasks.start(self.opened(), name="open")
        window.reopen_wanted.connect(self._reopen)
        self._instance = instance
        self._open_services = open_services
        self._reception: Any = None
        self._is_opening: Any = None

    async def opened(self) -> Services:
        """Open the services, once, and hand them to the window. Raises what stopped it, after the window said so."""
        import asyncio  # after the first paint, like everything else here

        if self._is_opening is None:
            self._is_opening = asyncio.get_running_loop().create_future()
            try:
                await self.window.show_expected()
                self.services = await self._open()
            except BaseException as error:
                self._is_opening.set_exception(error)
                self._is_opening.exception()  # heard here; who asks later hears it again
                if isinstance(error, KnownError):
                    self._offer_again(error)
                raise
            self.window.attach(self.services)
            if self.greeting is not None:
                self.window.notices.say(*self.greeting)
            if self.services.salvage.has_new:
                self._offer_salvage()
            self._is_opening.set_result(self.services)
        return await asyncio.shield(self._is_opening)

    def _offer_again(self, stopped: KnownError) -> None:
        """What stopped the opening may pass, such as a full disk: the notice about it offers to try again."""
        from desktop.ui.notices import Remedy

        self.window.footer.set_profile("", "bad", "Nothing can be kept: the archive is not open")
        notices = self.window.notices
        usual = notices.remedy_for
        again = Remedy("Try again", self._try_again)
        notices.remedy_for = lambda error: again if error is stopped else usual(error)

    def _try_again(self) -> None:
        self._is_opening = None
        self.begin()

    def listen(self) -> None:
        """Be there for second starts and for commands in a terminal."""
        from desktop.ui.reception import Reception  # QtNetwork is not needed for the first paint

        self._reception = Reception(self.options.data_dir, self.window.tasks, self._command, self.window)
        self._reception.raised.connect(self._raised)

    async def aclose(self) -> None:
        """Window, services, lock, in this order; each also when the one before failed.

        Where something was to be done while nothing is open, it is done between services and lock.
        """
        window = self.window
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self._instance.release)
            if self.meanwhile is not None:
                stack.callback(window.end)
                stack.push_async_callback(self.meanwhile.run)
            if self.services is not None:
                stack.push_async_callback(self.services.aclose)
            stack.callback(self._remember_place)
            if self._reception is not None:
                stack.callback(self._reception.close)
            await window.close_down()
            if self.meanwhile is None:
                window.end()
        window.deleteLater()

    def _reopen(self, words: str, work: Callable[[], str]) -> None:
        """A page asks for something that needs everything closed: it is done, and the window opens anew."""
        self.meanwhile = Meanwhile(work)
        self.window.cover(words)
        self.window.closed.emit()

    async def _open(self) -> Services:
        import asyncio

        open_services = self._open_services
        if open_services is None:  # the imports are the slow part: in a worker, while the window already works
            wiring = await asyncio.to_thread(importlib.import_module, "desktop.wiring")
            open_services = wiring.open_services
        redactor = self.window.notices.redactor
        return await open_services(self.options, system_proxy=system_proxy, redactor=redactor)

    async def _command(self, words: list[str], out: Callable[[str], None], err: Callable[[str], None]) -> int:
        """A terminal's command, carried out with the window's own services."""
        services = await self.opened()
        from desktop.services import commands  # it is there by now: the services import it no later than this

        try:
            arguments = commands.parser().parse_args(words)
        except SystemExit as wrong:
            err("The window could not read this command.\n")
            return int(wrong.code or 0)
        return await commands.run(services, arguments, out, err)

    def _offer_salvage(self) -> None:
        """The archive was set aside just now: what can still be read in it may be brought in."""
        from desktop.ui.notices import Remedy  # no notice comes before the first paint

        show = Remedy("See what can be saved…", self._show_damaged)
        self.window.notices.say("warn", "Some of it may still be saved.", show)

    def _show_damaged(self) -> None:
        self.window.show_page("settings")
        settings: Any = self.window.pages["settings"]
        settings.open_damaged()

    def _raised(self, files: list[str]) -> None:
        self.window.come_forward()
        self.window.open_files(files)

    def _remember_place(self) -> None:
        window = self.window
        box = window.normalGeometry() if window.isMaximized() else window.geometry()
        place = {
            "box": [box.x(), box.y(), box.width(), box.height()],
            "is_maximized": window.isMaximized(),
            "page": window.current or window.expected,
        }
        try:
            write_object(self.options.data_dir / WINDOW_FILE, place)
        except KnownError as error:
            log.warning("the window's place was not kept: %s", error.summary)


def application() -> QApplication:
    """The process's application, made when it is not there."""
    there = QApplication.instance()
    made = there if isinstance(there, QApplication) else theme.new_application(sys.argv[:1])
    made.setApplicationName("Davenport")
    made.setApplicationVersion(__version__)
    made.setDesktopFileName("davenport")
    made.setQuitOnLastWindowClosed(False)
    return made


def build(options: Options, *, open_services: OpenServices | None = None) -> Running:
    """The window of a data folder, not yet shown and without services: it is complete after `await opened()`.

    Raises ArchiveLocked where another window has the folder, and ArchiveFull where the folder cannot be used.
    """
    app = application()
    make_folder(options.data_dir)
    instance = Instance.acquire(options.data_dir)
    try:
        look = theme.install(app)
        look.configure(*first_look.look(options.data_dir))
        window = MainWindow()
        place = first_look.read(options.data_dir / WINDOW_FILE)
        _put(window, place)
        window.expect_page(str(place.get("page", "")))
    except BaseException:
        instance.release()
        raise
    return Running(window, instance, options, open_services)


def run(arguments: argparse.Namespace) -> int:
    """Show the window and stay until it is closed; the exit status. After a restore and the like it opens anew."""
    options = _options(arguments)
    greeting: tuple[str, str] | None = None
    while True:
        try:
            running = build(options)
        except ArchiveLocked as locked:
            if (status := _second_start(options, arguments, locked)) is not None:
                return status
            continue  # the window that had the folder has just ended
        except KnownError as error:
            print(error.summary, error.advice, file=sys.stderr)
            return 1
        running.greeting = greeting
        status = _run_once(running, arguments)
        if running.meanwhile is None:
            return status
        greeting, arguments.files = running.meanwhile.greeting, []


def _run_once(running: Running, arguments: argparse.Namespace) -> int:
    running.window.show()
    application().processEvents()  # the first paint: no loop and no coroutine is there yet that this could disturb
    import asyncio

    import qasync

    loop_factory = lambda: qasync.QEventLoop(QApplication.instance())  # noqa: E731
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(_live(running, arguments))


async def _live(running: Running, arguments: argparse.Namespace) -> int:
    import asyncio

    window, status = running.window, 0
    ended = asyncio.Event()
    window.closed.connect(ended.set)
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(failures_end_in(window.notices.report, asyncio.get_running_loop()))
        stack.enter_context(signals_end(window.end))
        stack.enter_context(_log(running, arguments.debug))
        garbage = Garbage()
        stack.callback(garbage.close)
        stack.push_async_callback(running.aclose)  # first to go, so that its failures are still heard and logged
        from desktop.ui.widgets import safe_text  # before any text of others is shown

        safe_text.refuse_files(lambda name: window.notices.say("warn", f"“{name}” was not opened."))
        if arguments.tour:
            from desktop.ui.tour import drive  # a tour is taken by few

            await running.opened()
            status = await drive(window, Path(arguments.tour))
        else:
            running.listen()
            running.begin = lambda: window.tasks.start(_begin(running, arguments), name="open")
            running.begin()
            await ended.wait()
    return status


async def _begin(running: Running, arguments: argparse.Namespace) -> None:
    import asyncio

    services = await running.opened()
    if arguments.files:
        running.window.open_files(arguments.files)
    if arguments.show_requests:
        where = running.options.data_dir / "requests.jsonl"
        running.window.notices.say("warn", f"Requests and replies are written to {where}, without keys.")
    _watch_network(services.connections.network_changed)
    report = running.window.notices.report
    for step in (partial(asyncio.to_thread, _preload), services.transcription.start, services.warm_up):
        try:
            await step()
        except KnownError as error:  # the others do not need it
            report(error)
    running.window.tasks.start(services.upkeep.keep(report), name="upkeep")


def _preload() -> None:
    """What the first answer with code would otherwise wait for; in a worker."""
    from desktop.ui.widgets import highlight, markdown

    markdown.preload()
    highlight.preload()


def _watch_network(changed: Callable[[], None]) -> None:
    """Hear from the system when the computer comes into another network."""
    from PySide6.QtNetwork import QNetworkInformation  # after the first paint

    if QNetworkInformation.loadDefaultBackend():
        known = QNetworkInformation.instance()
        known.reachabilityChanged.connect(lambda _: changed())
        known.transportMediumChanged.connect(lambda _: changed())


def _options(arguments: argparse.Namespace) -> Options:
    if arguments.tour and not arguments.data_dir:  # it writes messages, which belong in nobody's archive
        import tempfile  # slow to import

        from desktop.core.profile import LOCAL_ID

        folder, profile = Path(tempfile.mkdtemp(prefix="davenport-tour-")), arguments.profile or LOCAL_ID
        return Options(folder, profile, arguments.base_url, arguments.offline, arguments.show_requests)
    folder = Path(arguments.data_dir) if arguments.data_dir else paths.data_folder()
    return Options(folder, arguments.profile, arguments.base_url, arguments.offline, arguments.show_requests)


def _second_start(options: Options, arguments: argparse.Namespace, locked: ArchiveLocked) -> int | None:
    """Hand over to the window that has the folder; None where it ended meanwhile and the folder is free.

    A window that is just starting, as when two files are opened at once, does not listen yet: it is waited for.
    """
    from time import monotonic, sleep

    from desktop.ui.reception import hand_over

    files, until = [str(Path(name).absolute()) for name in arguments.files], monotonic() + PATIENCE_S
    while True:
        if hand_over(options.data_dir, files):
            return 0
        try:
            Instance.acquire(options.data_dir).release()
        except ArchiveLocked:
            if monotonic() > until:
                print(locked.summary, locked.advice, file=sys.stderr)
                return 1
        else:
            return None
        sleep(0.1)  # no loop runs here, and no window is open


def _put(window: MainWindow, place: dict[str, Any]) -> None:
    """Where it was, if that is still on a screen; else in its usual size."""
    box = place.get("box")
    screens = [screen.availableGeometry() for screen in QApplication.screens()]
    if isinstance(box, list) and len(box) == 4 and all(isinstance(each, int) for each in box):
        wanted = QRect(*box)
        if any(screen.intersects(wanted.adjusted(40, 0, -40, -40)) for screen in screens):
            window.setGeometry(wanted)
            if place.get("is_maximized"):
                window.showMaximized()
            return
    size = [min(usual, room) for usual, room in zip(USUAL_SIZE, screens[0].size().toTuple(), strict=True)]
    look = theme.current()
    window.resize(max(size[0], look.px(640)), max(size[1], look.px(480)))


def system_proxy(url: str) -> str | None:
    """The system's proxy for a URL as a URL of its own, None for a direct way; never one for this computer."""
    from PySide6.QtCore import QUrl
    from PySide6.QtNetwork import QNetworkProxy, QNetworkProxyFactory, QNetworkProxyQuery

    from desktop.core.profile import is_loopback

    if is_loopback(url):
        return None
    for proxy in QNetworkProxyFactory.systemProxyForQuery(QNetworkProxyQuery(QUrl(url))):
        kinds = {QNetworkProxy.ProxyType.HttpProxy: "http", QNetworkProxy.ProxyType.Socks5Proxy: "socks5"}
        if scheme := kinds.get(proxy.type()):
            address = QUrl()
            address.setScheme(scheme)
            address.setHost(proxy.hostName())
            address.setPort(proxy.port())
            if proxy.user():
                address.setUserName(proxy.user())
                address.setPassword(proxy.password())
            return address.toString(QUrl.ComponentFormattingOption.FullyEncoded)
        if proxy.type() is QNetworkProxy.ProxyType.NoProxy:
            return None
    return None


class _Ear(QObject):
    """Carries a failure from any thread to the window's."""

    heard = Signal(object)


@contextlib.contextmanager
def failures_end_in(report: Callable[[BaseException], None], loop: Any) -> Any:
    """While it lasts, failures of slots, of tasks nobody awaits and of threads are reported, and nothing else stops."""
    ear = _Ear()
    ear.heard.connect(report)
    before = sys.excepthook, threading.excepthook

    def of_slots(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        ear.heard.emit(error.with_traceback(trace))

    def of_threads(found: threading.ExceptHookArgs) -> None:
        if found.exc_value is not None and not issubclass(found.exc_type, SystemExit):
            ear.heard.emit(found.exc_value)

    def of_the_loop(_: Any, context: dict[str, Any]) -> None:
        ear.heard.emit(context.get("exception") or RuntimeError(context.get("message", "the loop failed")))

    sys.excepthook, threading.excepthook = of_slots, of_threads
    loop.set_exception_handler(of_the_loop)
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook = before
        loop.set_exception_handler(None)


@contextlib.contextmanager
def signals_end(end: Callable[[], None]) -> Any:
    """Ctrl+C and a polite kill close the window in order. Qt's loop does not wake for them, so a socket does."""
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        yield
        return
    import socket

    ours, theirs = socket.socketpair()
    for side in (ours, theirs):
        side.setblocking(False)
    notifier = QSocketNotifier(ours.fileno(), QSocketNotifier.Type.Read)

    def heard() -> None:
        ours.recv(64)
        end()

    notifier.activated.connect(heard)
    handlers = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    descriptor = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        notifier.setEnabled(False)
        signal.set_wakeup_fd(descriptor)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        ours.close()
        theirs.close()


@contextlib.contextmanager
def _log(running: Running, is_debug: bool) -> Any:
    """The log of the data folder, and with --debug the terminal's too, while the window is there."""
    from desktop.services import logs  # after the first paint

    redactor = running.window.notices.redactor
    handlers = [logs.start(running.options.data_dir, redactor, debug=is_debug)]
    if is_debug:
        terminal = logging.StreamHandler()
        terminal.addFilter(logs.Redaction(redactor))
        logging.getLogger().addHandler(terminal)
        handlers.append(terminal)
    try:
        yield
    finally:
        for handler in handlers:
            logs.stop(handler)


def refusal() -> str:
    """Why this Python and this PySide6 must not work together, or nothing."""
    if PySide6.__version_info__[:2] >= (6, 12) and sys.version_info < (3, 12):
        return (
            f"PySide6 {PySide6.__version__} ends with a crash on Python {sys.version_info[0]}.{sys.version_info[1]}. "
            "Python 3.12 or later, or PySide6 below 6.12, is needed."
        )
    return ""


def self_test(arguments: argparse.Namespace) -> int:
    """Say what this installation is made of and whether its parts work; no key and no path of the user's."""
    from desktop.ui.self_test import facts  # only asked for on purpose

    options = _options(arguments)
    lines, is_good = facts(options, application(), lambda: _key_store(options))
    print("\n".join(f"{name}: {value}" for name, value in lines))
    print("all parts work" if is_good else "some part does not work")
    return 0 if is_good else 1


def _key_store(options: Options) -> str:
    """Where a key would be kept, in words."""
    import asyncio

    from desktop.core.secret import Redactor
    from desktop.store.secrets import Secrets

    return asyncio.run(Secrets(options.data_dir, Redactor()).where()).words


def main(arguments: argparse.Namespace) -> int:
    if sentence := refusal():
        print(sentence, file=sys.stderr)
        return 1
    if arguments.self_test or arguments.tour:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    return self_test(arguments) if arguments.self_test else run(arguments)
