"""A tour of everything a server can do to bring a key into what is kept or shown, and a scan of all of it."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import sqlite3
from contextlib import closing

import pytest
from key_scan import finds, finds_in_files
from msgspec.structs import replace
from wire_server import DONE, END, HEAD, ScriptedServer, answered, chunk, piece, streamed

from desktop.api.client import Client
from desktop.core.chat import Delta
from desktop.core.conversation import Text
from desktop.core.errors import KnownError
from desktop.core.profile import Kind, origin
from desktop.core.secret import Redactor, Secret
from desktop.services import export, logs
from desktop.services.bundle import Options
from desktop.services.chat_question import Question
from desktop.store import raw_replies
from desktop.wiring import open_services

KEY = "sk-proj-Zq8vT3mK1xR7nB5wL9cDfG2h"
DISGUISED = (KEY[::-1], KEY.encode().hex(), base64.b64encode(b"Bearer " + KEY.encode()).decode(), KEY[6:24])


class Tour:
    """The services over a real server that does its worst; keeps all that anybody was told or shown."""

    def __init__(self, folder, server: ScriptedServer) -> None:
        self.folder, self.server = folder, server
        self.redactor, self.services = Redactor(), None
        self.seen: list[object] = []
        self.streamed = ""

    async def begin(self) -> None:
        options = Options(self.folder, show_requests=True)
        self.services = await open_services(options, connect=self._connect, redactor=self.redactor)
        profiles = self.services.profiles
        made = await profiles.add(Kind.COMPATIBLE)
        await profiles.change(replace(made, base_url=self.server.url))
        await profiles.set_key(made.id, Secret(KEY))
        await profiles.confirm_host(made.id, origin(self.server.url))
        await profiles.choose(made.id)
        self.services.calls.listen(lambda record: self.seen.append(repr(record)))

    def _connect(self, profile, key) -> Client:
        return Client(profile, key, recorder=self.services.calls, sleep=self._no_sleep, redactor=self.redactor)

    async def _no_sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)

    async def ask(self, *scripts) -> None:
        self.server.requests.clear()
        self.server.scripts = list(scripts)
        profile = self.services.profiles.chosen
        question = Question(parts=(Text("What is in the drawer?"),), model="some-model", profile=profile)
        self.streamed = ""
        await self.services.chat.send(question, self._told)
        self.seen.append(self.streamed)

    def _told(self, update) -> None:
        self.seen.append(repr(update))
        self.streamed += update.text if isinstance(update, Delta) else ""
        error = getattr(update, "error", None)
        if error is not None:
            self.seen += [str(error), repr(getattr(error, "detail", ""))]

    async def test_connection(self) -> None:
        self.server.requests.clear()
        self.seen.append(repr(await self.services.connection_test.run(self.services.profiles.chosen.id)))

    async def refresh_models(self) -> None:
        self.server.requests.clear()
        profile = self.services.profiles.chosen
        try:
            await self.services.catalogs.refresh(profile, await self.services.connections.client(profile))
        except KnownError as error:
            self.seen += [str(error), repr(error.detail)]

    async def export(self) -> None:
        kept = self.services.conversations
        for found in await kept.listing():
            opened = await kept.open(found.id)
            messages = await kept.messages(sorted(opened.parents))
            self.seen += [export.exported(opened.conversation, messages, form) for form in export.FORMATS]
            raw = await self.services.database.read(lambda db, m=messages: [raw_replies.raw(db, x.call_id) for x in m])
            self.seen += [part for part in raw if part]

    async def end(self) -> None:
        await self.services.upkeep.run()
        self.seen += [repr(record) + repr(record.start) for record in self.services.calls.records()]
        self.seen += [bytes(record.reply) for record in self.services.calls.records()]
        self.seen.append(repr(self.services.__dict__ if hasattr(self.services, "__dict__") else self.services))
        await self.services.aclose()
        with closing(sqlite3.connect(self.folder / "archive.db")) as archive:
            for (table,) in archive.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE TABLE%'").fetchall():
                self.seen += [value for row in archive.execute(f'SELECT * FROM "{table}"') for value in row]

    def finds(self) -> list[str]:
        shown = [find for item in self.seen for find in finds(KEY, item if isinstance(item, bytes) else str(item))]
        return shown + finds_in_files(KEY, [self.folder])


@pytest.fixture
def tour(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    with ScriptedServer([answered(401)]) as server:
        made = Tour(tmp_path / "data", server)
        handler = logs.start(made.folder, made.redactor, debug=True)
        yield made
        logs.stop(handler)


@pytest.fixture(autouse=True)
def quiet_root():
    """`logs.start` turns the root logger's level and those of talkative libraries."""
    names = ("", *logs.TALKATIVE)
    levels = {name: logging.getLogger(name).level for name in names}
    yield
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def refusals() -> list:
    """Answers that are no reply and hold the key wherever an answer can hold something."""
    echoes = {"X-Echo": f"Bearer {KEY}", "X-Request-Id": KEY, "Set-Cookie": f"k={KEY}", "WWW-Authenticate": KEY}

    def told(status: int, code: str, **more: str):
        said = {"message": f"Incorrect API key provided: {KEY}.", "code": code, "type": KEY, "param": KEY}
        return answered(status, json.dumps({"error": said}).encode(), **echoes, **more)

    return [
        *(told(status, "invalid_api_key") for status in (400, 401, 403, 404, 413, 418)),
        *(told(status, "server_error") for status in (429, 500, 503)),
        *(answered(401, text.encode(), **echoes) for text in DISGUISED),
        answered(401, f"<html><b>{KEY}</b></html>".encode()),
        *(answered(status, Location=f"http://other.example/{KEY}?key={KEY}") for status in (301, 302, 307, 308)),
        lambda connection: (connection.send(f"SSH-2.0-{KEY}\r\n".encode()), connection.close()),
        lambda connection: (connection.send(f"HTTP/1.1 200 {KEY}\r\n{KEY}\r\n\r\n".encode()), connection.close()),
        lambda connection: connection.close(),
        lambda connection: connection.reset(),
    ]


def event(**delta) -> bytes:
    return b"data: " + json.dumps({"id": KEY, "choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n"


def replies() -> list:
    """Replies that say the key back: whole, in pieces, letter by letter, as thoughts, calls, errors and nonsense."""
    end = piece("", "stop") + DONE
    call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "look", "arguments": json.dumps([KEY])}}
    error = {"error": {"message": f"no: {KEY}", "code": KEY}}
    echoing = HEAD.replace(b"\r\n\r\n", f"\r\nX-Echo: {KEY}\r\nX-Request-Id: {KEY}\r\n\r\n".encode(), 1)
    return [
        streamed(piece(f"Your key is {KEY}, is it not?"), end),
        streamed(piece(f"It is {KEY[:9]}"), piece(f"{KEY[9:]}."), end),
        streamed(*(piece(letter) for letter in f"a {KEY} b"), end),
        streamed(*(piece(f"In disguise: {text}.") for text in DISGUISED), end),
        streamed(event(reasoning_content=f"The header said {KEY}."), piece("Hm."), end),
        streamed(event(refusal=f"I will not repeat {KEY}."), end),
        streamed(event(tool_calls=[call]), piece("", "tool_calls") + DONE),
        streamed(piece("Well: "), b"data: " + json.dumps(error).encode() + b"\n\n"),
        streamed(piece("Well: "), f"data: {{{KEY}\n\ndata: 7\n\n: {KEY}\n\n".encode(), end),
        lambda connection: (connection.send(echoing + chunk(piece(f"Cut at {KEY[:-3]}"))), connection.close()),
        lambda connection: connection.send(echoing + chunk(piece("Fine.") + end) + END),
    ]


async def test_a_key_is_nowhere_after_a_tour_of_failures(tour):
    await tour.begin()
    for refusal in refusals():
        await tour.ask(refusal)
        await tour.test_connection()
        await tour.refresh_models()
    await tour.services.conversations.save_draft("new", "Not sent yet")
    await tour.export()
    await tour.end()
    assert len(tour.seen) > 300
    assert tour.finds() == []


async def test_a_key_that_a_server_says_back_is_neither_shown_nor_kept(tour):
    await tour.begin()
    for reply in replies():
        await tour.ask(reply)
    listed = json.dumps({"data": [{"id": "fine"}, {"id": KEY}, {"id": f"ft:{KEY[:20]}"}]}).encode()
    tour.server.scripts = [answered(200, listed)]
    await tour.test_connection()
    await tour.refresh_models()
    await tour.export()
    await tour.end()
    assert len(tour.seen) > 100
    assert tour.finds() == []
