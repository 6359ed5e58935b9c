"""Stop at any moment, a run off line, a run in which the user did nothing, and the modes of what a run leaves."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing, contextmanager

import psutil
import pytest
from key_scan import finds
from msgspec.structs import replace
from wire_server import DONE, HEAD, ScriptedServer, answered, chunk, piece, streamed

from desktop.api.client import Client
from desktop.core.conversation import State, Text
from desktop.core.errors import ArchiveLocked, KnownError, Offline
from desktop.core.profile import Kind, origin
from desktop.core.secret import Redactor, Secret
from desktop.services import export, logs
from desktop.services.bundle import Options
from desktop.services.chat_question import Question
from desktop.store import conversations, instance
from desktop.store.instance import Instance
from desktop.wiring import open_services

KEY = "sk-proj-Zq8vT3mK1xR7nB5wL9cDfG2h"
CANARY = "the marzipan heron keeps a violet ledger"
GOOD = streamed(piece("A good "), piece("answer."), piece("", "stop") + DONE)


class Watch:
    """Hears, for the whole process, of each address connected to, bound or looked up; sockets named by a path aside."""

    def __init__(self) -> None:
        self.heard: list[object] = []
        self.is_on = False
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple) -> None:
        if self.is_on and event in ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo"):
            address = arguments[1] if event != "socket.getaddrinfo" else arguments[0]
            if event == "socket.getaddrinfo" or isinstance(address, tuple):
                self.heard.append((event, address))

    @contextmanager
    def on(self):
        self.heard.clear()
        self.is_on = True
        try:
            yield self.heard
        finally:
            self.is_on = False


WATCH = Watch()  # an audit hook stays for the life of the process, so there is one


@pytest.fixture(autouse=True)
def no_key_store(monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


@pytest.fixture
def server():
    with ScriptedServer([GOOD]) as made:
        yield made


async def opened(folder, server=None, **fields):
    """Services, and with a server a profile of it that is chosen."""
    redactor, held = Redactor(), []

    async def no_sleep(seconds: float) -> None:
        await asyncio.sleep(0)

    def connect(profile, key) -> Client:
        return Client(profile, key, recorder=held[0].calls, sleep=no_sleep, redactor=redactor)

    services = await open_services(Options(folder, **fields), connect=connect if server else None, redactor=redactor)
    held.append(services)
    if server:
        made = await services.profiles.add(Kind.COMPATIBLE)
        await services.profiles.change(replace(made, base_url=server.url))
        await services.profiles.set_key(made.id, Secret(KEY))
        await services.profiles.confirm_host(made.id, origin(server.url))
        await services.profiles.choose(made.id)
    return services


def question(services, text: str, **fields) -> Question:
    return Question(parts=(Text(text),), model="some-model", profile=services.profiles.chosen, **fields)


def rows(folder, query: str) -> list:
    with closing(sqlite3.connect(folder / "archive.db")) as archive:
        return archive.execute(query).fetchall()


# --- stop


async def test_five_hundred_random_stops_leave_no_task_no_open_row_and_no_streaming_message(tmp_path, server):
    def lively(connection):
        connection.send(HEAD)
        for _ in range(40):
            connection.send(chunk(piece("word ")))
        connection.until_closed()

    server.scripts = [lively, GOOD, answered(503), answered(429), lambda connection: connection.close()] * 200
    services, chance = await opened(tmp_path, server), random.Random(11)
    conversation = None
    for number in range(500):
        asked = question(services, "Go", conversation=conversation)
        task = asyncio.ensure_future(services.chat.send(asked, lambda update: None))
        for _ in range(chance.randrange(40)):
            await asyncio.sleep(0)
        if number % 2:  # further on: into the wire, the stream, and the writing that follows it
            await asyncio.sleep(chance.random() / 60)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if conversation is None and (listed := await services.conversations.listing()):
            conversation = listed[0].id
    assert [each for each in asyncio.all_tasks() if each is not asyncio.current_task()] == []
    await services.aclose()
    fates = dict(rows(tmp_path, "SELECT fate, count(*) FROM ledger GROUP BY fate"))
    states = dict(rows(tmp_path, "SELECT state, count(*) FROM message GROUP BY state"))
    assert "open" not in fates and State.STREAMING.value not in states
    assert fates.get("stopped", 0) > 50, fates
    assert states.get("stopped", 0) > 50, states


# --- off line, and a run in which nothing is asked for


async def use_everything_kept(services) -> None:
    """What can be done without a wire: list, search, open, find, rename, draft, fork, export, count, keep well."""
    kept = services.conversations
    found = await kept.listing("heron")
    assert [row.id for row in await kept.listing()] == [row.id for row in found] and found
    opened_one = await kept.open(found[0].id)
    assert await kept.find(found[0].id, opened_one.path, "violet")
    messages = await kept.messages(opened_one.path)
    for form in export.FORMATS:
        assert "heron" in export.exported(opened_one.conversation, messages, form)
    await kept.rename(found[0].id, "Herons")
    await kept.save_draft(found[0].id, "Typed off line")
    await kept.fork(found[0].id, opened_one.path[0])
    await services.chat.estimate(question(services, "How much?"))
    await services.meter.breakdown()
    await services.warm_up()
    await services.upkeep.run()


async def test_off_line_everything_but_the_wire_works_and_no_socket_is_opened(tmp_path, server):
    services = await opened(tmp_path, server)
    await services.chat.send(question(services, CANARY), lambda update: None)
    await services.aclose()
    server.requests.clear()
    with WATCH.on() as heard:
        services = await opened(tmp_path, offline=True)
        await use_everything_kept(services)
        await services.conversations.save_draft("new", "Stays where it is")
        failed = await services.chat.send(question(services, "Into the void"), lambda update: None)
        verdict = await services.connection_test.run(services.profiles.chosen.id)
        with pytest.raises(KnownError):
            await services.local_server.start()
        draft = await services.conversations.draft("new")
        await services.aclose()
    assert heard == [] and server.requests == []
    assert failed.state is State.FAILED and Offline("").advice in failed.advice
    assert not verdict.is_good and draft.text == "Stays where it is"


async def test_a_run_in_which_the_user_asks_nothing_makes_no_connection(tmp_path, server):
    services = await opened(tmp_path, server)
    await services.chat.send(question(services, CANARY), lambda update: None)
    await services.aclose()
    with WATCH.on() as heard:
        services = await opened(tmp_path)
        await use_everything_kept(services)
        services.catalogs.choose(services.profiles.chosen)
        await services.aclose()
    assert heard == []


async def test_the_watch_hears_a_connection(tmp_path, server):
    services = await opened(tmp_path, server)
    with WATCH.on() as heard:
        await services.chat.send(question(services, "Go"), lambda update: None)
    await services.aclose()
    assert ("socket.connect", ("127.0.0.1", server.port)) in heard


# --- one writer


async def test_a_second_writer_on_one_folder_is_refused_while_readers_go_on(tmp_path, server):
    lock = Instance.acquire(tmp_path)
    services = await opened(tmp_path, server)
    await services.chat.send(question(services, CANARY), lambda update: None)
    with pytest.raises(ArchiveLocked):
        Instance.acquire(tmp_path)
    words = [sys.executable, "-m", "desktop", "chat", "Hi", "--model", "m", "--data-dir", str(tmp_path)]
    second = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, timeout=240, check=False)
    reading = [*words[:3], "history", "search", "heron", "--data-dir", str(tmp_path)]
    found = await asyncio.to_thread(subprocess.run, reading, capture_output=True, text=True, timeout=240, check=False)
    await services.aclose()
    lock.release()
    assert second.returncode == 1 and ArchiveLocked("").advice in second.stderr
    assert found.returncode == 0 and "heron" in found.stdout
    assert rows(tmp_path, "SELECT count(*) FROM conversation") == [(1,)]


# --- what a run leaves


@pytest.fixture
def a_run(tmp_path, server):
    """A data folder after a run with everything on; the process's umask lets everybody read."""

    async def run(folder) -> None:
        redactor = Redactor()
        handler = logs.start(folder, redactor, debug=True)
        try:
            services = await opened(folder, server, show_requests=True)
            server.scripts = [GOOD, answered(400, b'{"error": {"message": "no"}}')]
            first = await services.chat.send(question(services, CANARY), lambda update: None)
            await services.chat.send(
                question(services, CANARY, conversation=first.conversation, parent=first.id), lambda update: None
            )
            await services.conversations.save_draft("new", CANARY)
            await services.remember("chat.fold", {"is_open": True})
            await services.settings.change(trash_days=7)
            await services.upkeep.run()
            log = logging.getLogger("desktop.test")
            try:
                raise ValueError(f"cannot read {CANARY}")
            except ValueError:
                log.exception("a mistake")
            await services.aclose()
        finally:
            logs.stop(handler)

    names = ("", *logs.TALKATIVE)
    levels = {name: logging.getLogger(name).level for name in names}
    before = os.umask(0)
    yield run, tmp_path / "data"
    os.umask(before)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
async def test_after_a_run_folders_are_0700_and_files_0600(a_run):
    run, folder = a_run
    await run(folder)
    wrong = []
    for path in [folder, *folder.rglob("*")]:
        mode, wanted = stat.S_IMODE(path.stat().st_mode), 0o700 if path.is_dir() else 0o600
        if mode != wanted:
            wrong.append(f"{path.relative_to(folder)}: {mode:o}")
    assert wrong == []
    assert {"archive.db", "requests.jsonl", "davenport.log", "profiles.json"} <= {p.name for p in folder.rglob("*")}


async def test_logs_hold_no_content_and_no_address_even_when_talkative(a_run):
    run, folder = a_run
    await run(folder)
    log = "".join(path.read_text() for path in (folder / logs.FOLDER).iterdir())
    assert "a mistake" in log and "SQLite" in log
    assert [word for word in ("marzipan", "heron", "violet", "good answer") if word in log] == []
    assert "http://" not in log and "https://" not in log


def test_logs_are_three_files_of_five_megabytes_at_most(tmp_path):
    handler = logs.start(tmp_path, Redactor())
    try:
        assert (handler.maxBytes, handler.backupCount) == (5 * 1024 * 1024, 2)
        handler.maxBytes = 2000  # the same way, in less time
        for number in range(200):
            logging.getLogger("desktop.test").warning("line %d of the log", number)
        files = sorted(path.name for path in (tmp_path / logs.FOLDER).iterdir())
        assert files == ["davenport.log", "davenport.log.1", "davenport.log.2"]
        assert all(path.stat().st_size <= 2000 for path in (tmp_path / logs.FOLDER).iterdir())
    finally:
        logs.stop(handler)
        logging.getLogger().setLevel(logging.WARNING)


async def test_a_failure_in_a_thread_ends_no_other_work(tmp_path, server):
    """A worker that fails in the archive leaves the archive usable."""
    services = await opened(tmp_path, server)

    def wrong(db):
        raise RuntimeError("of our own making")

    for deed in (services.database.read, services.database.write):
        with pytest.raises(RuntimeError):
            await deed(wrong)
    await services.chat.send(question(services, CANARY), lambda update: None)
    assert await services.database.read(lambda db: len(conversations.listing(db))) == 1
    await services.aclose()
    assert not [thread for thread in threading.enumerate() if "archive" in thread.name.lower() and thread.is_alive()]


async def test_the_local_server_is_off_unless_its_profile_is_used(tmp_path, server):
    before = {child.pid for child in psutil.Process().children(recursive=True)}  # other tests have a server
    services = await opened(tmp_path, server)
    await services.chat.send(question(services, CANARY), lambda update: None)
    await use_everything_kept(services)
    begun = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
    assert not services.local_server.is_running
    assert [child.cmdline() for child in begun if "desktop.local" in child.cmdline()] == []
    await services.aclose()


async def test_a_key_of_an_environment_reaches_no_child_process(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    before = {child.pid for child in psutil.Process().children(recursive=True)}  # other tests have a server
    services = await opened(tmp_path)
    await services.local_server.start()
    children = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
    told = [repr(child.cmdline()) + repr(child.environ()) for child in children]
    await services.aclose()
    assert told and [find for each in told for find in finds(KEY, each)] == []
    assert KEY not in os.environ.values()


@pytest.mark.skipif(sys.platform != "linux", reason="the form of Linux")
async def test_a_start_on_a_network_drive_is_warned_about(tmp_path, monkeypatch):
    services = await opened(tmp_path)
    await services.aclose()
    assert services.notices == ()
    monkeypatch.setattr(instance, "_mounts", lambda: "server:/everything / nfs4 rw 0 0\n")
    services = await opened(tmp_path)
    await services.aclose()
    assert [notice for notice in services.notices if "network drive" in notice]
