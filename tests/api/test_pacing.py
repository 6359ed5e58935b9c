"""A stream of text is read as often as it is drawn; what comes in a flood, and what is no text, is read at once."""

from __future__ import annotations

from contextlib import aclosing

import httpcore
from wire_fakes import KEY, profile_for
from wire_server import DONE, END, HEAD, chunk, piece

from desktop.api import chat
from desktop.api.client import Client
from desktop.api.events import PICTURE_S
from desktop.api.pacing import MUCH_BYTES, Pace, PacedStream
from desktop.core.secret import Secret

REQUEST = chat.ChatRequest(model="m", messages=[{"role": "user", "content": "Hello"}])


class Slow:
    """A clock that goes on by what is slept, and says what that was."""

    def __init__(self) -> None:
        self.now, self.slept = 100.0, []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 4))
        self.now += seconds


class Reads(httpcore.AsyncNetworkStream):
    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)

    async def read(self, max_bytes, timeout=None):
        return self.pieces.pop(0)


async def test_reads_are_kept_apart_only_while_there_is_a_pace():
    clock = Slow()
    pace = Pace(clock, clock.sleep)
    stream = PacedStream(Reads(b"a", b"b", b"c", b"d"), pace)
    await stream.read(99)
    await stream.read(99)
    assert clock.slept == []
    pace.every_s = 0.033
    clock.now += 0.010
    await stream.read(99)
    assert clock.slept == [0.023]
    clock.now += 0.050
    await stream.read(99)
    assert clock.slept == [0.023], "what came late has waited enough"


async def test_a_flood_is_read_without_a_pause():
    clock = Slow()
    pace = Pace(clock, clock.sleep)
    pace.every_s = 0.033
    stream = PacedStream(Reads(b"x" * MUCH_BYTES, b"x" * MUCH_BYTES, b"end", b""), pace)
    for _ in range(3):
        await stream.read(1 << 20)
    assert clock.slept == []
    await stream.read(1 << 20)
    assert clock.slept == [0.033]


async def test_a_reply_is_paced_from_its_first_words_to_its_end_and_its_connection_not_beyond(server):
    role = b'data: {"id": "c", "choices": [{"index": 0, "delta": {"role": "assistant"}}]}\n\n'

    def script(connection):
        connection.send(HEAD + b"".join(map(chunk, (role, piece("a"), piece("b"), piece("", "stop"), DONE))) + END)

    server.scripts = [script]
    client = Client(profile_for(server.url), Secret(KEY))
    seen, pace = [], None
    async with aclosing(chat.stream(client, REQUEST)) as reply:
        async for part in reply:
            pace = reply.events._body.response.extensions["network_stream"].get_extra_info("pace")
            seen.append((part.choices[0].delta.content, pace.every_s))
    assert seen[:3] == [(None, 0.0), ("a", PICTURE_S), ("b", PICTURE_S)]
    assert pace.every_s == 0.0
    await client.aclose()
    assert server.connections == 1
