"""Off-line review for real: the window of `--offline` lists, searches, reads, plays, exports and imports, and no socket
that could reach a network is so much as made."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import sys
from pathlib import Path
from typing import ClassVar

import pytest
from PySide6.QtCore import QBuffer, QIODevice, QObject, Signal
from PySide6.QtGui import QColor, QImage

from desktop import app
from desktop.core.conversation import Audio, Conversation, Message, Picture, Role, Text
from desktop.services.bundle import Options
from desktop.services.export import Selection
from desktop.store import blobs, conversations
from desktop.store.database import Database
from desktop.ui.widgets.player import Player

FAMILIES = {socket.AF_INET, socket.AF_INET6}
SOUND = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(40_000)


class Guard:
    """Refuses, while it is on, every socket of Python's and every look-up of a name."""

    def __init__(self) -> None:
        self.is_on = False
        self.heard: list[object] = []
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple) -> None:
        if not self.is_on:
            return
        is_wire = event == "socket.__new__" and arguments[1] in FAMILIES
        if is_wire or event in ("socket.getaddrinfo", "socket.gethostbyname"):
            self.heard.append((event, arguments[1:]))
            raise OSError("no sockets here")


GUARD = Guard()


def sockets_of_the_wire() -> set[str]:
    """The process's own sockets of any library, as Linux lists them; Qt makes its own without Python."""
    if not Path("/proc/self/net/tcp").exists():
        return set()
    listed: set[str] = set()
    for name in ("tcp", "tcp6", "udp", "udp6"):
        path = Path("/proc/self/net") / name
        lines = path.read_text().splitlines()[1:] if path.exists() else []
        listed |= {f"socket:[{line.split()[9]}]" for line in lines}
    mine = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            mine.add(str(descriptor.readlink()))
        except OSError:  # closed meanwhile
            continue
    return mine & listed


class Device(QObject):
    """Takes what a player gives it."""

    position_changed, length_changed, playing_changed = Signal(int), Signal(int), Signal(bool)
    ended, failed = Signal(), Signal(str)
    played: ClassVar[list[bytes]] = []

    def load(self, content: bytes) -> None:
        self.content = content

    def play(self) -> None:
        self.played.append(self.content)
        self.playing_changed.emit(True)

    def __getattr__(self, name: str):
        if name in ("pause", "seek", "set_speed", "set_volume", "close"):
            return lambda *given: None
        raise AttributeError(name)


def picture() -> bytes:
    image = QImage(60, 40, QImage.Format.Format_RGB32)
    image.fill(QColor("#2f5d50"))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


def fill(folder: Path) -> None:
    database = Database.open(folder)

    def work(db) -> None:
        seen, heard = blobs.put(db, picture()), blobs.put(db, SOUND)
        conversations.create(db, Conversation("01HERON", "Herons", created=1, model="gpt-x"))
        asked = (Text("a marzipan heron ![x](http://example.com/x.png)"), Picture(seen, "image/png", "heron.png"))
        conversations.add_message(db, Message("01M1", Role.USER, asked, conversation="01HERON"))
        said = (Text("It says https://example.com/ and no more."), Audio(heard, "audio/wav", "call.wav"))
        conversations.add_message(db, Message("01M2", Role.ASSISTANT, said, parent="01M1", conversation="01HERON"))

    database.write_now(work)
    database.close()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    gc.collect()
    fill(tmp_path / "data")
    yield tmp_path / "data"
    GUARD.is_on = False
    gc.collect()


async def until(is_so) -> None:
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0)


async def review(running: app.Running, tmp_path: Path) -> None:
    window, services = running.window, running.services
    window.show_page("library")
    page = window.pages["library"]
    await page.tasks.settled()
    page.line.setText("marzipan")
    await until(lambda: page.results.rowCount() == 1 and not page.tasks.is_running())
    page.reading.media.sounds.make_device = Device
    page.open_conversation("01HERON")
    await until(lambda: page.reading.findChildren(Player))
    page.reading.findChildren(Player)[0].toggle()
    await until(lambda: Device.played)
    for form in ("html", "json", "md"):
        done = await services.export.run(Selection(), form, tmp_path / f"out.{form}")
        assert done.conversations == 1
    lines = [{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}]
    (tmp_path / "in.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    report = await services.imports.run([tmp_path / "in.jsonl"], lambda progress: None)
    assert report.taken == 1
    window.show_page("usage")
    await window.pages["usage"].tasks.settled()
    await services.upkeep.run()


async def test_the_library_is_reviewed_off_line_without_a_socket(qtbot, folder, tmp_path):
    Device.played.clear()
    before = sockets_of_the_wire()
    GUARD.heard.clear()
    GUARD.is_on = True
    running = app.build(Options(folder, offline=True))
    try:
        running.window.show()
        await running.opened()
        await running.window.tasks.settled()
        await review(running, tmp_path)
        assert sockets_of_the_wire() <= before
    finally:
        running.window.end()
        await running.aclose()
        GUARD.is_on = False
    assert GUARD.heard == []
    assert Device.played == [SOUND]


def test_the_guard_refuses_a_socket_and_a_name(folder):
    GUARD.heard.clear()
    GUARD.is_on = True
    with pytest.raises(OSError, match="no sockets"):
        socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with pytest.raises(OSError, match="no sockets"):
        socket.getaddrinfo("example.com", 443)
    GUARD.is_on = False
    assert len(GUARD.heard) == 2
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        assert not Path("/proc/self/net/tcp").exists() or len(sockets_of_the_wire()) >= 1
