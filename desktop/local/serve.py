"""Listening on this computer's own addresses, within bounds, until the application ends."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from desktop.local import parent
from desktop.local.application import build
from desktop.local.engines import Engine
from desktop.local.handover import Command, Handover, read_command, say
from desktop.local.memory import step_back
from desktop.local.offer import Offer
from desktop.local.wire import WireProblem, encode

HEAD_BYTES = 64 * 1024
CONNECTIONS = 16
HEAD_S = 10.0
KEEP_ALIVE_S = 8
END_S = 2.0
_PREFIX = "davenport-local-"
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LENGTH_LINE = re.compile(rb"(?im)^content-length[ \t]*:(.*)$")


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 with a limit of connections and of the time that a head may take."""

    open_now: ClassVar[set[H11Protocol]] = set()
    _head_timer: asyncio.TimerHandle | None = None
    _is_refused = False

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head = bytearray()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.open_now) >= CONNECTIONS:
            transport.write(_plain_reply(503, "This server has as many connections as it takes."))
            transport.close()
            self._is_refused = True
            return
        self.open_now.add(self)
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._is_refused:
            return
        self.open_now.discard(self)
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        if self.conn.their_state is h11.IDLE:
            self._take_head(data)
        else:
            super().data_received(data)

    def _take_head(self, data: bytes) -> None:
        """Hold a head until it is whole, so that it is judged as it was sent: the parser would merge equal lengths."""
        if self._head_timer is None:
            self._await_head()
        self._head += data
        end = _HEAD_END.search(self._head)
        if (end.start() if end else len(self._head)) > HEAD_BYTES:
            self.send_400_response("")
        elif end:
            head, self._head = bytes(self._head), bytearray()
            self._head_came()
            lengths = _LENGTH_LINE.findall(head[: end.start()])
            if len(lengths) > 1 or any(b"," in length for length in lengths):
                self.send_400_response("")
            else:
                super().data_received(head)

    def eof_received(self) -> None:
        if not self._is_refused:
            super().eof_received()

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_S, self._head_is_late)

    def _head_came(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.write(_plain_reply(408, "The head of the request took too long."))
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Our own form of error for what is no HTTP, or a head past its bound."""
        self.transport.write(_plain_reply(400, "This is no request that can be read."))
        self.transport.close()


def _plain_reply(status: int, message: str) -> bytes:
    body = encode(WireProblem(status, message).body())
    head = f"HTTP/1.1 {status} Refused\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return head.encode() + b"connection: close\r\n\r\n" + body


def listen(wanted: int = 0) -> list[socket.socket]:
    """A free port on 127.0.0.1, the wanted one if it can be had, and the same one on ::1 where that exists."""
    for attempt in range(20):
        try:
            first = _bound(socket.AF_INET, "127.0.0.1", 0 if attempt else wanted)
        except OSError:
            continue
        port = first.getsockname()[1]
        try:
            return [first, _bound(socket.AF_INET6, "::1", port)]
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return [first]
            first.close()
    raise OSError("no port is free on both loopback addresses")


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if port and os.name == "posix":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((host, port))
        made.listen(CONNECTIONS * 2)
    except OSError:
        made.close()
        raise
    return made


class _Server(uvicorn.Server):
    """Without uvicorn's handlers of signals: the application's end is ours, and an interrupt is meant for it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: self._end())
        yield

    def _end(self) -> None:
        self.should_exit = self.force_exit = True


def run(handover: Handover, parent_pid: int) -> None:
    """Serve until standard input closes or the parent is gone."""
    os.umask(0o077)
    step_back()
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    try:
        asyncio.run(_serve(handover, parent_pid, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _command(loop: asyncio.AbstractEventLoop, offer: Offer, line: bytes) -> None:
    """Carry out a line from the application; called from a thread."""
    if (command := read_command(line)) is not None:
        asyncio.run_coroutine_threadsafe(_obey(offer, command), loop)


async def _obey(offer: Offer, command: Command) -> None:
    if command.do == "stop" and command.name in offer.engines:
        await offer.engines[command.name].stop()
    say(id=command.id, engines=[engine.describe() for engine in offer.engines.values()])


async def _serve(handover: Handover, parent_pid: int, folder: Path) -> None:
    loop = asyncio.get_running_loop()
    sockets = listen(handover.port)
    port = sockets[0].getsockname()[1]
    offer = Offer(handover, folder, _tell)
    hosts = [f"127.0.0.1:{port}"] + ([f"[::1]:{port}"] if len(sockets) > 1 else [])
    server = _Server(_config(build(offer, handover.token, hosts)))
    parent.watch(parent_pid, lambda line: _command(loop, offer, line), lambda: _soon(loop, server))
    loop.call_soon(say_ready, port)
    try:
        await server.serve(sockets=sockets)
    finally:
        await offer.close()


def _config(application: Any) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=HEAD_BYTES,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=1,
    )


def say_ready(port: int) -> None:
    say(port=port, pid=os.getpid())


def _soon(loop: asyncio.AbstractEventLoop, server: _Server) -> None:
    """End in order, and by force when that takes long; called from a thread."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(server._end)
    import time  # only at the end

    time.sleep(END_S)
    os._exit(0)


def _tell(engine: Engine) -> None:
    say(engine=engine.name, title=engine.title, state=engine.state.value)


def _sweep() -> None:
    """Remove the folders of servers that were killed."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        pid = left.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not parent.is_running(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
