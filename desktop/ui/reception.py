"""One window a data folder: a second start, or a command in a terminal, hands over to the window that is there."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from desktop.paths import window_socket
from desktop.ui.tasks import Tasks

log = logging.getLogger(__name__)

LONGEST_LINE = 1024 * 1024
ANSWER_MS = 1000

Write = Callable[[str], None]
Command = Callable[[list[str], Write, Write], Awaitable[int]]
"""Carries out a terminal's command: its arguments, where its output and its complaints go; gives the exit status."""


class Reception(QObject):
    """Listens at the data folder's local address, for this user only. One line of JSON in, lines of JSON out.

    {"command": "raise", "files": [...]} brings the window to the front. {"command": "run", "arguments": [...]} is a
    terminal's command; what it prints goes back as {"out": ...} and {"err": ...}. Each ends with {"exit": number}.
    """

    raised = Signal(list)  # paths that came along

    def __init__(self, folder: Path, tasks: Tasks, command: Command, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks, self._command = tasks, command
        self._visits = 0
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._receive)
        address = window_socket(folder)
        QLocalServer.removeServer(address)  # left by a crash: the folder's lock is ours, so nobody listens there
        if not self._server.listen(address):
            log.warning("a second start cannot reach this window: %s", self._server.errorString())

    def close(self) -> None:
        self._server.close()

    def _receive(self) -> None:
        while (visitor := self._server.nextPendingConnection()) is not None:
            self._visits += 1
            visit = Visit(visitor, self._visits, self)
            visit.asked.connect(self._answer)
            visit.read()

    def _answer(self, visit: Visit, request: dict) -> None:
        match request:
            case {"command": "raise", "files": list(files)}:
                self.raised.emit([path for path in files if isinstance(path, str)])
                visit.say("exit", 0)
            case {"command": "run", "arguments": list(words)}:
                work = self._run(visit, [str(word) for word in words])
                self._tasks.start(work, name=visit.name)
                visit.gone.connect(lambda: self._tasks.cancel(visit.name))
            case _:
                visit.say("exit", 2)

    async def _run(self, visit: Visit, words: list[str]) -> None:
        status = 1
        try:
            status = await self._command(
                words, lambda text: visit.say("out", text), lambda text: visit.say("err", text)
            )
        except asyncio.CancelledError:
            status = 130
            raise
        finally:
            visit.say("exit", status)


class Visit(QObject):
    """One connection: a line in, lines out."""

    asked = Signal(object, dict)
    gone = Signal()

    def __init__(self, socket: QLocalSocket, number: int, parent: QObject) -> None:
        super().__init__(parent)
        self.name = f"terminal:{number}"
        self._socket, self._came, self._is_open = socket, b"", True
        socket.setParent(self)
        socket.readyRead.connect(self.read)
        socket.disconnected.connect(self._left)

    def read(self) -> None:
        if not self._is_open:
            return
        self._came += self._socket.readAll().data()
        line, found, _ = self._came.partition(b"\n")
        if found:
            self._came = b""
            try:
                request = json.loads(line)
            except ValueError:
                request = None
            self.asked.emit(self, request if isinstance(request, dict) else {})
        elif len(self._came) > LONGEST_LINE:
            self.say("exit", 2)

    def say(self, kind: str, value: str | int) -> None:
        if self._is_open:
            self._socket.write(json.dumps({kind: value}).encode() + b"\n")
            if kind == "exit":
                self._socket.flush()
                self._socket.disconnectFromServer()

    def _left(self) -> None:
        if self._is_open:
            self._is_open = False
            self.gone.emit()
            self.deleteLater()


def hand_over(folder: Path, files: list[str]) -> bool:
    """Bring the window that has the folder to the front, with these files; False where none answers."""
    socket = QLocalSocket()
    socket.connectToServer(window_socket(folder))
    if not socket.waitForConnected(ANSWER_MS):
        return False
    socket.write(json.dumps({"command": "raise", "files": files}).encode() + b"\n")
    if not socket.waitForBytesWritten(ANSWER_MS) or not (socket.canReadLine() or socket.waitForReadyRead(ANSWER_MS)):
        return False
    return b'"exit"' in socket.readAll().data()
