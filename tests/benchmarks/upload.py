"""A large form from the disk against a raw socket: bytes a second, the loop's worst stall, memory.

python tests/benchmarks/upload.py [MB]
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import socket
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from desktop.api import audio
from desktop.api.client import Client
from desktop.core.profile import Kind, Profile, origin

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n" + b'{"text":"ok"}'
PIECE = 256 * 1024
TICK_S = 0.002


def serve(listening: socket.socket) -> None:
    """Read one request after another by its length, and answer."""
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(65536)
            head, _, rest = head.partition(b"\r\n\r\n")
            size = next(
                int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-len")
            )
            left, buffer = size - len(rest), bytearray(PIECE)
            while left:
                left -= connection.recv_into(buffer, min(left, PIECE))
            connection.sendall(ANSWER)


def raw(path: Path, port: int) -> float:
    """Seconds of the same bytes by a plain blocking socket."""
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as out, path.open("rb") as file:
        out.sendall(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % path.stat().st_size)
        while piece := file.read(PIECE):
            out.sendall(piece)
        out.recv(1000)
    return time.perf_counter() - began


async def on_the_loop(path: Path, port: int) -> float:
    """The same on an event loop, each piece read in a thread as the window needs it: the limit for our own."""
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with path.open("rb") as file:
        writer.write(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % path.stat().st_size)
        while piece := await asyncio.to_thread(file.read, PIECE):
            writer.write(piece)
            await writer.drain()
        await reader.read(1000)
    writer.close()
    await writer.wait_closed()
    return time.perf_counter() - began


async def ours(path: Path, port: int) -> tuple[float, float, int]:
    """Seconds, the 99th percentile of the loop's stalls in ms, and how often progress was told."""
    url = f"http://127.0.0.1:{port}/v1"
    client = Client(Profile("p", "p", Kind.COMPATIBLE, url, needs_key=False, confirmed_origin=origin(url)), None)
    stalls: list[float] = []
    told = 0

    async def watch() -> None:
        while True:
            at = time.perf_counter()
            await asyncio.sleep(TICK_S)
            stalls.append(time.perf_counter() - at - TICK_S)

    def tell(_: int, __: int) -> None:
        nonlocal told
        told += 1

    async with asyncio.TaskGroup() as group:
        watching = group.create_task(watch())
        began = time.perf_counter()
        await audio.transcribe(client, path, audio.Request(model="m"), told=tell)
        took = time.perf_counter() - began
        watching.cancel()
    await client.aclose()
    return took, sorted(stalls)[int(len(stalls) * 0.99)] * 1000, told


def main(megabytes: int) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    server = multiprocessing.get_context("fork").Process(target=serve, args=(listening,), daemon=True)
    server.start()  # a process of its own: it must not share our interpreter's lock
    port = listening.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.wav"
        with path.open("wb") as file:
            for _ in range(megabytes):
                file.write(os.urandom(1024 * 1024))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        runs = [
            (raw(path, port), asyncio.run(on_the_loop(path, port)), *asyncio.run(ours(path, port))) for _ in range(3)
        ]
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    blocking, plain = min(run[0] for run in runs), min(run[1] for run in runs)
    took, stall, told = min(run[2:] for run in runs)
    print(f"blocking socket {megabytes / blocking:.0f} MB/s, socket on the loop {megabytes / plain:.0f} MB/s,", end=" ")
    print(f"ours {megabytes / took:.0f} MB/s: {plain / took:.2f} x the loop's (reach 0.75)")
    print(f"stall p99 {stall:.1f} ms; progress told {told / took:.0f} times a second; peak {before} -> {after} KiB")
    server.terminate()
    server.join()
    listening.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 512)
