"""A server that hears: it knows each burst of sound in a made recording by its length, and answers as it is told to."""

from __future__ import annotations

import json
import re
import socket
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "media"))
from sounds import silence, speech, write

from desktop.media import levels

SHORTEST_S, STEP_S, PAUSE_S = 0.6, 0.08, 0.7
REQUEST_ID = "req_heard"
NUMBERS = [
    "alpha",
    "bravo",
    "charlie",
    "delta",
    "echo",
    "foxtrot",
    "golf",
    "hotel",
    "india",
    "juliet",
    "kilo",
    "lima",
    "mike",
    "november",
    "oscar",
    "papa",
    "quebec",
    "romeo",
    "sierra",
    "tango",
    "uniform",
    "victor",
    "whiskey",
    "xray",
]
"""What the burst of each length says."""


def recording(path: Path, count: int = len(NUMBERS), *, channels: int = 1) -> Path:
    """Bursts that grow longer, with pauses between them."""
    pieces = []
    for number in range(count):
        pieces += [speech(SHORTEST_S + STEP_S * number, number), silence(PAUSE_S, 100 + number)]
    return write(path, iter(pieces), channels=channels)


def said_in(path: Path) -> list[tuple[str, float, float]]:
    """The words of a sound file with their seconds."""
    heard = levels.listen(path)
    quiet = levels.silences(heard.levels)
    found, at = [], 0
    for begins, ends in [*quiet, (heard.milliseconds, heard.milliseconds)]:
        if begins - at > 300:
            number = round(((begins - at) / 1000 - SHORTEST_S) / STEP_S)
            found.append((NUMBERS[min(max(number, 0), len(NUMBERS) - 1)], at / 1000, begins / 1000))
        at = ends
    return found


class Sent:
    """One request: its fields, its file, and the words in it, by which a part is known however it was packed."""

    def __init__(self, fields: dict[str, list[str]], name: str, content: bytes) -> None:
        self.fields, self.name, self.size = fields, name, len(content)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / Path(name).name
            path.write_bytes(content)
            self.words = said_in(path)

    @property
    def text(self) -> str:
        return " ".join(word for word, _, _ in self.words)


class HearingServer:
    """Real sockets. `faults` has a function for each request in turn; one that returns True has answered itself."""

    def __init__(self, spec=None) -> None:
        self.spec = spec
        self.faults: list[Callable[[Handler, Sent], bool] | None] = []
        self.sent: list[Sent] = []
        self.answered: list[Sent] = []
        self.problems: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.arrived = threading.Event()
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"owner": self}))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> HearingServer:
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.gate.set()
        self._http.shutdown()
        self._http.server_close()

    def take(self, sent: Sent) -> tuple[Callable[[Handler, Sent], bool] | None, bool]:
        """What is done with it, and whether it waits at the gate: those that came before the gate was shut do not."""
        with self._lock:
            self.sent.append(sent)
            self.arrived.set()
            fault = self.faults.pop(0) if self.faults else None
            if fault is shut:
                self.gate.clear()
            return fault, not self.gate.is_set()


class Handler(BaseHTTPRequestHandler):
    owner: HearingServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.owner.spec is not None:
            headers = {k.lower(): v for k, v in self.headers.items()}
            found = self.owner.spec.check_request("POST", self.path, headers, "", body)
            self.owner.problems += [str(problem) for problem in found]
        sent = parsed(self.headers["Content-Type"], body)
        fault, is_held = self.owner.take(sent)
        if fault is not None and fault(self, sent):
            return
        if is_held:
            self.owner.gate.wait(120)
        self.owner.answered.append(sent)  # before the asker can know of it
        try:
            self.whole(sent)
        except ConnectionError:  # who asked is gone
            self.owner.answered.remove(sent)

    def whole(self, sent: Sent) -> None:
        form = sent.fields.get("response_format", ["json"])[0]
        if form == "verbose_json":
            body = {
                "language": "english",
                "duration": sent.words[-1][2] if sent.words else 0.0,
                "text": sent.text,
                "segments": [
                    {"id": n, "seek": 0, "start": a, "end": b, "text": word, "tokens": [], "temperature": 0.0}
                    | {"avg_logprob": -0.1, "compression_ratio": 1.0, "no_speech_prob": 0.0}
                    for n, (word, a, b) in enumerate(sent.words)
                ],
                "words": [{"word": word, "start": a, "end": b} for word, a, b in sent.words],
                "usage": {"type": "duration", "seconds": round(sent.words[-1][2]) if sent.words else 0},
            }
        else:
            body = {"text": ". ".join(word.capitalize() for word, _, _ in sent.words) + "."}
        self.answer(200, body)

    def answer(self, status: int, body: object, **headers: str) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        usual = {"Content-Type": "application/json", "Content-Length": str(len(data)), "x-request-id": REQUEST_ID}
        for name, value in {**usual, **named}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def parsed(kind: str, body: bytes) -> Sent:
    """A form with one file."""
    fields: dict[str, list[str]] = {}
    name, content = "", b""
    for part in body.split(b"--" + kind.partition("boundary=")[2].encode())[1:-1]:
        head, _, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        marks = dict(re.findall(r'(\w+)="([^"]*)"', head.decode()))
        if "filename" in marks:
            name, content = marks["filename"], value.removesuffix(b"\r\n")
        else:
            fields.setdefault(marks["name"], []).append(value.removesuffix(b"\r\n").decode())
    return Sent(fields, name, content)


def refused(status: int, code: str = "", **headers: str) -> Callable[[Handler, Sent], bool]:
    def fault(handler: Handler, sent: Sent) -> bool:
        error = {"message": "no", "type": "error", "code": code or None, "param": None}
        handler.answer(status, {"error": error}, **headers)
        return True

    return fault


def shut(handler: Handler, sent: Sent) -> bool:
    """From this request on, all wait at the gate."""
    return False


def cut(handler: Handler, sent: Sent) -> bool:
    """The connection ends before a byte of the answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()
    return True


def silent(seconds: float) -> Callable[[Handler, Sent], bool]:
    """Nothing comes for so long."""

    def fault(handler: Handler, sent: Sent) -> bool:
        time.sleep(seconds)
        return False

    return fault
