"""A tour through the real window on the local server: types, waits, and draws each page and state into a folder."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTabBar, QWidget

from desktop.core.errors import Overloaded
from desktop.core.settings import Appearance
from desktop.ui import theme
from desktop.ui.rail import PLACES

if TYPE_CHECKING:
    from desktop.ui.main_window import MainWindow

SIZE = (1280, 800)
QUESTION = "What is a writing desk good for? Answer with a short list."
ECHO = "local-echo"  # the local server's scripted model, for what the small real one cannot write
CODE_QUESTION = "sample: code"
BROKEN = f"{ECHO}:cut"
SEARCH = "best"
EVENTS_TAB, CHECK_TAB = 3, 1
PATIENCE_S = 120.0
REST = 10  # pixels from the upper left corner: where the pointer is when a window opens off screen


class Tour:
    """Everything is done by mouse and keyboard where a person would do it so."""

    def __init__(self, window: MainWindow, folder: Path) -> None:
        self._window, self._folder = window, folder
        self._drawn: list[Path] = []

    @property
    def chat(self) -> Any:
        return self._window.page("chat")

    async def take(self) -> int:
        """The exit status: 0 when each answer came."""
        window = self._window
        window.resize(*SIZE)
        asyncio.get_running_loop().call_soon(self._lead_pointer_away)  # in no task: it handles events
        theme.current().configure(Appearance.LIGHT, 100, reduced_motion=True)
        window.show_page("chat")
        await self._draw("first-start")
        await self._until(lambda: bool(self.chat.open.options.model), "the local server's models")
        await self.chat.tasks.settled()
        await self._draw("empty-chat")
        await self._ask(QUESTION)
        await self._until(self._has_text, "the first words of the answer")
        await self._draw("streaming")
        await self._until(lambda: not self.chat.tasks.is_running(), "the whole answer")
        await self._draw("answer")
        await self._code()
        await self._breakdown()
        await self._error()
        await self._library()
        await self._transcription()
        for place in PLACES:
            if place.name not in ("chat", "library", "transcription"):
                window.show_page(place.name)
                await window.page(place.name).tasks.settled()
                await self._draw(f"page-{place.name}")
        await self._wire_and_palette()
        return 0

    def _lead_pointer_away(self) -> None:
        """Off screen the pointer stands where the window opens, and what is under it stays lit until it was led off."""
        away = QPoint(self._window.width() // 2, self._window.height() - 1)
        for place in (QPoint(REST, REST), away):
            QTest.mouseMove(self._window.windowHandle(), place)

    async def _ask(self, text: str) -> None:
        field = self._find("chat.composer")
        field.setFocus()
        QTest.keyClicks(field, text)
        await self._pause()
        QTest.keyClick(field, Qt.Key.Key_Return)

    async def _code(self) -> None:
        self._begin_with(ECHO)
        await self._ask(CODE_QUESTION)
        await self._until(self._has_text, "the code")
        await self._until(lambda: not self.chat.tasks.is_running(), "the end of the code")
        self.chat.transcript.verticalScrollBar().setValue(0)
        await self._draw("code")

    def _begin_with(self, model: str) -> None:
        self.chat.new_conversation()
        self.chat.composer.model.picked.emit(model)

    async def _breakdown(self) -> None:
        footer = self._window.footer
        QTest.mouseClick(footer.cost, Qt.MouseButton.LeftButton)
        await self._window.tasks.settled()
        await self._draw("breakdown")
        footer.breakdown.hide()

    async def _error(self) -> None:
        """A reply that was cut, and a notice above it."""
        self._begin_with(BROKEN)
        await self._ask("Tell me about the drawers of a davenport desk, one by one.")
        await self._until(self._has_failed, "the failure")
        self._window.notices.report(Overloaded("The server is busy and did not take the request."))
        await self._draw("error")
        self._window.notices.clear()

    async def _library(self) -> None:
        """Some months of conversations, what a search finds in them, and one of them to read."""
        from desktop.services import samples  # late, as all services

        window = self._window
        assert window.services is not None
        await samples.fill(window.services)
        window.show_page("library")
        page = window.page("library")
        await page.tasks.settled()
        await self._draw("page-library")
        line = self._find("library.search")
        line.setFocus()
        QTest.keyClicks(line, SEARCH)
        await self._until(lambda: self._shown_in("library.results") in range(1, 60), "hits")
        await page.tasks.settled()
        await self._draw("library-hits")
        rows = self._find("library.results")
        rows.setFocus()
        QTest.keyClick(rows, Qt.Key.Key_Down)
        QTest.keyClick(rows, Qt.Key.Key_Return)
        await self._pause()
        await page.tasks.settled()
        await self._draw("reading")

    async def _transcription(self) -> None:
        """The example is heard by the local recogniser and opens in the editor."""
        window = self._window
        assert window.services is not None
        service = window.services.transcription
        window.show_page("transcription")
        page = window.page("transcription")
        await page.tasks.settled()
        await self._draw("page-transcription")
        QTest.mouseClick(self._find("transcription.drop-example"), Qt.MouseButton.LeftButton)
        await self._until(lambda: any(job.progress > 0 for job in service.jobs()), "the recogniser")
        await self._draw("transcription-queue")
        await self._until(lambda: window.findChild(QWidget, "editor") is not None, "the transcript")
        await page.tasks.settled()
        await self._draw("transcription-editor")
        tabs = self._find("editor.tabs")
        assert isinstance(tabs, QTabBar)
        tabs.setCurrentIndex(CHECK_TAB)
        await self._draw("transcription-check")

    def _shown_in(self, name: str) -> int:
        view: Any = self._find(name)
        return int(view.model().rowCount())

    def _has_failed(self) -> bool:
        rows = self.chat.messages.rowCount()
        message = self.chat.messages.message(rows - 1) if rows else None
        return message is not None and bool(message.error) and not self.chat.tasks.is_running()

    async def _wire_and_palette(self) -> None:
        window = self._window
        window.show_page("chat")
        window.toggle_wire()
        await self._wire_of_an_answer()
        window.toggle_wire()
        window.open_palette()
        QTest.keyClicks(window.palette_view.field, "co")
        await self._draw("palette")
        window.palette_view.leave()

    async def _wire_of_an_answer(self) -> None:
        """The list of calls, and of one of them its times and its events."""
        dock = self._window.wire
        self._window.splitter.setSizes([420, 380])
        await dock.tasks.settled()
        if calls := dock.listed():
            dock.show_call(calls[-1])  # the first question of the tour, which a real model answered
            await dock.tasks.settled()
        await self._draw("wire")
        dock.view.set_tab(EVENTS_TAB)
        await dock.tasks.settled()
        await self._draw("wire-events")

    async def _draw(self, name: str) -> None:
        """One picture in light and one in dark."""
        for appearance in (Appearance.DARK, Appearance.LIGHT):
            theme.current().configure(appearance, 100, reduced_motion=True)
            await self._pause()
            picture = self._window.grab()
            path = self._folder / f"{name}-{appearance.value}.png"
            if not picture.save(str(path)):
                raise OSError(f"{path} cannot be written")
            self._drawn.append(path)

    async def _pause(self) -> None:
        """Let everything that is due be laid out and painted."""
        for _ in range(3):
            await asyncio.sleep(0.02)

    async def _until(self, is_so: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not is_so():
                    if bad := [banner for banner in self._window.notices.banners if banner.kind == "bad"]:
                        raise RuntimeError(bad[0].summary)
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise RuntimeError(f"waited {PATIENCE_S:.0f} s in vain for {what}") from None

    def _has_text(self) -> bool:
        rows = self.chat.messages.rowCount()
        message = self.chat.messages.message(rows - 1) if rows else None
        if message is None or message.role.value != "assistant":
            return False
        return bool(self.chat.live.newest(message).text.strip())

    def _find(self, name: str) -> QWidget:
        found = self._window.findChild(QWidget, name)
        if found is None:
            raise RuntimeError(f"there is no {name}")
        return found


async def drive(window: MainWindow, folder: Path) -> int:
    """Take the tour; the exit status. What went wrong goes to the terminal."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    try:
        return await Tour(window, folder).take()
    except (RuntimeError, OSError) as error:
        sys.stderr.write(f"The tour stopped: {error}\n")
        for text in window.notices.texts():
            sys.stderr.write(f"The window says: {text}\n")
        return 1
    finally:
        QApplication.closeAllWindows()
