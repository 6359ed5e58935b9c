"""The whole of it: the real window, the real archive, the real local server with its real language model."""

from __future__ import annotations

import asyncio
import socket

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from desktop import app
from desktop.core.conversation import State
from desktop.services.bundle import Options

DEMO, ECHO = "smollm2-135m-instruct", "local-echo"


class Seat:
    """Someone at the window: types, clicks, waits for what is to be seen."""

    def __init__(self, folder, qtbot) -> None:
        self._folder, self._qtbot = folder, qtbot
        self.running = None

    async def sit_down(self, **fields):
        self.running = app.build(Options(self._folder, **fields))
        self.running.window.resize(1200, 760)
        self.running.window.show()
        await self.running.opened()
        await self.settled()
        return self.running.window

    async def leave(self) -> None:
        self.running.window.end()
        await self.running.aclose()
        self.running = None

    @property
    def page(self):
        return self.running.window.pages["chat"]

    def find(self, name: str) -> QWidget:
        """A widget by its documented name."""
        found = self.running.window.findChildren(QWidget, name)
        assert len(found) == 1, f"{name}: {len(found)}"
        return found[0]

    async def settled(self) -> None:
        await self.page.tasks.settled()
        await self.running.window.tasks.settled()  # the meter is read when the page is done

    def texts(self) -> list[str]:
        rows = range(self.page.messages.rowCount())
        return [self.page.messages.message(row).text for row in rows]

    def last(self):
        return self.page.messages.message(self.page.messages.rowCount() - 1)

    async def choose(self, model: str) -> None:
        QTest.mouseClick(self.find("chat.model"), Qt.MouseButton.LeftButton)
        await self.settled()
        popup = self.page.composer.model.popup
        QTest.keyClicks(popup.search, model)
        QTest.keyClick(popup.search, Qt.Key.Key_Return)
        assert self.page.composer.model.model == model

    def type_and_send(self, text: str) -> None:
        composer = self.find("chat.composer")
        composer.setFocus()
        QTest.keyClicks(composer, text)
        QTest.keyClick(composer, Qt.Key.Key_Return)

    async def until(self, is_so) -> None:
        async with asyncio.timeout(300):
            while not is_so():
                await asyncio.sleep(0.005)

    def streamed(self) -> str:
        """What has arrived of the newest reply."""
        if self.page.messages.rowCount() == 0:
            return ""
        message = self.last()
        return "" if message is None else self.page.live.newest(message).text


@pytest.fixture
def seat(tmp_path, qtbot, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return Seat(tmp_path / "data", qtbot)


@pytest.mark.slow
async def test_a_conversation_with_a_real_model_from_the_first_word_to_reading_it_off_line(seat, monkeypatch):
    await seat.sit_down()

    # send and stream: a real language model answers into the window
    await seat.choose(DEMO)
    seat.page.options._set_parameter("temperature", 0.0)  # its likeliest words: others might be over too soon
    seat.page.options._set_parameter("max_completion_tokens", 60)
    seat.type_and_send("Tell a very long story of a boat.")
    await seat.until(lambda: seat.page.messages.rowCount() == 2 and len(seat.streamed()) > 10)
    assert seat.last().state is State.STREAMING
    await seat.settled()
    answer = seat.last()
    assert answer.state in (State.COMPLETE, State.LENGTH) and len(answer.text) > 10
    assert answer.usage.output > 0 and answer.is_free and answer.timing.first_token_ms is not None
    assert "free" in seat.find("footer.cost").text()

    seat.page.options._set_parameter("max_completion_tokens", None)

    # stop: what came is kept, and nothing arrives afterwards
    await seat.choose(f"{ECHO}@40")
    seat.type_and_send("sample: long")
    await seat.until(lambda: seat.page.messages.rowCount() == 4 and len(seat.streamed()) > 20)
    QTest.mouseClick(seat.page.composer.stop_button, Qt.MouseButton.LeftButton)
    await seat.settled()
    stopped = seat.last()
    assert stopped.state is State.STOPPED and stopped.text

    # regenerate, edit, switch branch
    await seat.choose(ECHO)
    seat.page.doing.act(stopped.id, "regenerate")
    await seat.settled()
    assert seat.last().state is State.COMPLETE and seat.last().id != stopped.id
    assert (seat.page.messages.branch(3).number, seat.page.messages.branch(3).of) == (2, 2)
    seat.page.doing.act(seat.page.messages.id(2), "edit")
    seat.page.composer.set_text("")
    seat.type_and_send("A parrot repeats words")
    await seat.settled()
    assert "parrot" in seat.last().text
    seat.page.doing.act(seat.page.messages.id(2), "branch_before")
    await seat.settled()
    assert seat.texts()[2] == "sample: long"
    seat.page.doing.act(seat.page.messages.id(2), "branch_after")
    await seat.settled()
    shown = seat.texts()
    conversation = seat.page.open.identity
    seat.find("chat.composer").setFocus()
    QTest.keyClicks(seat.find("chat.composer"), "a thought that was not fin")
    await seat.leave()

    # restart and read off line, with every socket forbidden
    def forbidden(*_):
        raise AssertionError("a socket was opened")

    for name in ("connect", "connect_ex", "bind", "sendto"):
        monkeypatch.setattr(socket.socket, name, forbidden, raising=False)
    window = await seat.sit_down(offline=True)
    assert seat.page.open.identity == conversation
    assert seat.texts() == shown
    assert seat.page.composer.text() == "a thought that was not fin"
    seat.find("chat.search").setFocus()
    QTest.keyClicks(seat.find("chat.search"), "parrot")
    await seat.until(
        lambda: seat.page.conversations.rowCount() == 1 and "\ue000" in seat.page.conversations.at(0).snippet
    )
    seat.find("chat.search").clear()
    seat.page.composer.set_text("")
    seat.type_and_send("Is anybody there?")
    await seat.settled()
    assert seat.last().state is State.FAILED and "off" in f"{seat.last().error} {seat.last().advice}".lower()
    assert seat.texts()[-2] == "Is anybody there?"
    assert [text for text in window.notices.texts() if "wrong" in text] == []
    await seat.leave()
