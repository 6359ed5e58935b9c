"""A small real server for the wire's tests: each request is answered by the next script, down to the byte."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
DONE = b"data: [DONE]\n\n"


def piece(text: str, finish: str | None = None) -> bytes:
    """One event of a chat stream."""
    import json

    choice = {"index": 0, "delta": {"content": text} if text else {}, "finish_reason": finish}
    return b"data: " + json.dumps({"id": "c", "choices": [choice]}, ensure_ascii=False).encode() + b"\n\n"


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


END = b"0\r\n\r\n"


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Connection:
    """What a script talks through."""

    socket: socket.socket
    server: ScriptedServer
    number: int
    is_over: bool = False

    def send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError:
            self.is_over = True

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """A whole answer with its length; the connection stays open."""
        lines = {"Content-Type": "application/json", "Content-Length": str(len(body))} | (headers or {})
        head = f"HTTP/1.1 {status} Status\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items())
        self.send(head.encode("latin-1") + b"\r\n" + body)

    def close(self) -> None:
        self.is_over = True

    def reset(self) -> None:
        """End the connection with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.is_over = True

    def until_closed(self) -> None:
        """Send nothing more until the other side goes away."""
        try:
            while self.socket.recv(65536):
                pass
        except OSError:
            pass
        self.is_over = True
        self.server.was_left.set()


Script = Callable[[Connection], None]


@dataclass
class ScriptedServer:
    """Answers the n-th request with the n-th script; the last one stays."""

    scripts: list[Script] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    was_left: threading.Event = field(default_factory=threading.Event)
    has_said_all: threading.Event = field(default_factory=threading.Event)
    wrap: Callable[[socket.socket], socket.socket] | None = None

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def open_count(self) -> int:
        with self._lock:
            return len(self._open)

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            left = list(self._open)
        for each in left:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in [self._thread, *self._threads]:
            thread.join(60)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connection)
                self.connections += 1
                number = self.connections
            thread = threading.Thread(target=self._talk, args=(connection, number), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _talk(self, raw: socket.socket, number: int) -> None:
        used = raw
        try:
            used = self.wrap(raw) if self.wrap else raw
            connection = Connection(used, self, number)
            while not connection.is_over and (request := _read(used)) is not None:
                with self._lock:
                    self.requests.append(request)
                    at = min(len(self.requests), len(self.scripts)) - 1
                self.scripts[at](connection)
        except OSError:
            pass
        finally:
            used.close()
            raw.close()
            with self._lock:
                self._open.discard(raw)


def _read(connection: socket.socket) -> Request | None:
    received = b""
    while b"\r\n\r\n" not in received:
        if not (more := connection.recv(65536)):
            return None
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", "0"))
    while len(body) < length and (more := connection.recv(65536)):
        body += more
    method, path, _ = first.split(" ")
    return Request(method, path, headers, body)


def streamed(*events: bytes) -> Script:
    """A whole stream, ended in good order."""

    def script(connection: Connection) -> None:
        connection.send(HEAD + b"".join(chunk(event) for event in events) + END)

    return script


def answered(status: int, body: bytes = b"{}", **headers: str) -> Script:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda connection: connection.answer(status, body, named)
