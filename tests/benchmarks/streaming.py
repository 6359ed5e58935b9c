"""What reading a stream costs beside httpx's own `aiter_bytes`: python tests/benchmarks/streaming.py

Processor time of this process alone, on the same loop, one HTTP chunk an event, from a server in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from contextlib import aclosing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

FLOOD, PACED, RATE = 100_000, 1_500, 500
GOALS = {"flood": 1.5, "paced": 1.25}

EVENT = (
    b'data: {"id":"chatcmpl-9x8y7z6w5v4u3t2s1r0q","object":"chat.completion.chunk","created":1790000000,'
    b'"model":"bench-model","service_tier":"default","system_fingerprint":"fp_1234567890","choices":[{"index":0,'
    b'"delta":{"content":" word"},"logprobs":null,"finish_reason":null}],"usage":null}\n\n'
)
LAST = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def serve() -> None:
    """Answers each POST by its path: /flood/… all at once, /paced/… so many a second."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def answer(connection: socket.socket) -> None:
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = b""
        while b"\r\n\r\n" not in request or len(request.partition(b"\r\n\r\n")[2]) < length(request):
            request += connection.recv(65536)
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        )
        one = chunk(EVENT)
        if b" /flood/" in request:
            for _ in range(FLOOD // 1000):
                connection.sendall(one * 1000)
        else:
            began = time.perf_counter()
            for number in range(PACED):
                time.sleep(max(0.0, began + number / RATE - time.perf_counter()))
                connection.sendall(one)
        connection.sendall(chunk(LAST) + b"0\r\n\r\n")


def length(request: bytes) -> int:
    for line in request.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


class Quiet:
    """The cheapest recorder there can be: what it costs to be watched."""

    def sending(self, *_: object) -> None: ...

    def answered(self, *_: object) -> None: ...

    def received(self, *_: object) -> None: ...

    def waiting(self, *_: object) -> None: ...

    def ended(self, *_: object) -> None: ...


async def limit(base: str) -> int:
    """The yardstick: httpx alone, bytes thrown away."""
    import httpx

    async with (
        httpx.AsyncClient(trust_env=False, timeout=300) as client,
        client.stream("POST", base + "/chat/completions", json={"stream": True}) as response,
    ):
        return sum([1 async for _ in response.aiter_bytes()]) - 1


async def ours(base: str, recorder: Quiet | None = None) -> int:
    """The whole way from the socket to the chunks a service reads."""
    from desktop.api import chat
    from desktop.api.client import Client
    from desktop.core.profile import Kind, Profile, origin
    from desktop.core.secret import Secret

    profile = Profile(
        id="b", name="Benchmark", kind=Kind.COMPATIBLE, base_url=base, confirmed_origin=origin(base), needs_key=False
    )
    client = Client(profile, Secret("sk-benchmark-0123456789abcdef"), recorder=recorder)
    request = chat.ChatRequest(model="bench-model", messages=[{"role": "user", "content": "go"}])
    count = 0
    try:
        async with aclosing(chat.stream(client, request)) as reply:
            async for piece in reply:
                if piece.choices and piece.choices[0].delta.content:
                    count += 1
    finally:
        await client.aclose()
    return count


async def watched(base: str) -> int:
    return await ours(base, Quiet())


def on_asyncio(work):
    with asyncio.Runner() as runner:
        return runner.run(work)


def on_qasync(work):
    import qasync
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance() or QApplication([])
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner:
        return runner.run(work)


def cost(run, reader, base: str, expected: int) -> float:
    """Processor seconds of one reading."""
    gc.collect()
    began = time.process_time()
    found = run(reader(base))
    spent = time.process_time() - began
    assert found >= expected, (found, expected)  # a read may cut an HTTP chunk in two
    return spent


def measure(run, name: str, base: str, expected: int, rounds: int) -> tuple[float, list[tuple[str, float, float]]]:
    """Microseconds an event of the limit, and of each of our ways with its ratio: medians of neighbouring runs."""
    url = f"{base}/{name}"
    readers = {"limit": limit, "whole path": ours, "whole path, recorded": watched}
    spent: dict[str, list[float]] = {label: [] for label in readers}
    for _ in range(rounds):
        for label, reader in readers.items():
            spent[label].append(cost(run, reader, url, expected))
    least = statistics.median(spent["limit"])
    rows = []
    for label in ("whole path", "whole path, recorded"):
        ratio = statistics.median(a / b for a, b in zip(spent[label], spent["limit"], strict=True))
        rows.append((label, statistics.median(spent[label]) / expected * 1e6, ratio))
    return least / expected * 1e6, rows


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--serve", action="store_true")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--only", choices=["flood", "paced"])
    chosen = options.parse_args()
    if chosen.serve:
        serve()
    child = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    missed = 0
    try:
        base = f"http://127.0.0.1:{child.stdout.readline().strip()}"
        on_asyncio(ours(base + "/paced")) if chosen.only == "paced" else on_asyncio(ours(base + "/flood"))
        print("| loop | stream | reader | µs an event | limit µs | ratio | goal | |\n|---|---|---|---|---|---|---|---|")
        for loop, run in (("asyncio", on_asyncio), ("qasync", on_qasync)):
            for name, expected in (("flood", FLOOD), ("paced", PACED)):
                if chosen.only not in (None, name):
                    continue
                least, rows = measure(run, name, base, expected, chosen.rounds)
                for label, each, ratio in rows:
                    good = ratio <= GOALS[name]
                    missed += not good
                    verdict = "reached" if good else "missed"
                    print(f"| {loop} | {name} | {label} | {each:.1f} | {least:.1f} ", end="")
                    print(f"| {ratio:.2f}x | {GOALS[name]}x | {verdict} |", flush=True)
    finally:
        child.terminate()
        child.wait()
        child.stdout.close()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
