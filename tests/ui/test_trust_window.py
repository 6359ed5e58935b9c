"""The window when we are wrong, when it is started twice, and when it is started off line."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
from key_scan import finds
from msgspec.structs import replace
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from quickness import quickest

from desktop import app
from desktop.core.errors import ArchiveLocked
from desktop.core.options import Options
from desktop.core.profile import Kind
from desktop.core.secret import Secret
from desktop.ui.notices import Notices
from desktop.ui.tasks import Tasks

KEY = "sk-proj-Zq8vT3mK1xR7nB5wL9cDfG2h"
CANARY = "the marzipan heron keeps a violet ledger"


@pytest.fixture(autouse=True)
def look(qapp):
    from desktop.ui import theme

    theme.install(qapp)


@pytest.fixture
def notices(qtbot):
    made = Notices()
    qtbot.addWidget(made)
    made.redactor.learn(Secret(KEY))
    return made


def mistaken(key: str, text: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    raise ValueError(f"cannot use {headers} for {text}")


# --- mistakes of our own


def test_a_report_of_a_mistake_holds_no_locals_no_text_and_no_key(notices, caplog):
    try:
        mistaken(KEY, CANARY)
    except ValueError as error:
        notices.report(error)
    banner = notices.banners[0]
    banner.act.click()
    shown = [banner.summary, banner.detail.text(), QGuiApplication.clipboard().text(), caplog.text]
    caplog.clear()
    assert "mistaken" in shown[1] and "ValueError" in shown[2] and shown[2] in shown[3]
    for text in shown:
        assert finds(KEY, text) == [] and "marzipan" not in text and "Authorization" not in text


async def test_a_mistake_in_a_slot_a_task_or_a_thread_is_one_notice_and_stops_nothing_else(qtbot, notices, caplog):
    told = asyncio.Event()
    others: list[str] = []
    tasks = Tasks(notices.report)

    async def goes_on() -> None:
        await told.wait()
        others.append("task")

    def slot() -> None:
        raise LookupError("in a slot")

    async def task() -> None:
        raise LookupError("in a task")

    def thread() -> None:
        raise LookupError("in a thread")

    loop, heard = asyncio.get_running_loop(), []
    notices.reported.connect(heard.append)

    async def heard_are(count: int) -> None:
        async with asyncio.timeout(60):
            while len(heard) < count:
                await asyncio.sleep(0)

    with app.failures_end_in(notices.report, loop):
        going = tasks.start(goes_on(), name="another tab")
        timer = QTimer(notices)
        timer.timeout.connect(lambda: others.append("timer"))
        timer.start(0)
        QTimer.singleShot(0, slot)
        await heard_are(1)
        tasks.start(task(), name="wrong")
        await heard_are(2)
        failing = threading.Thread(target=thread)
        failing.start()
        await heard_are(3)
        failing.join()
        others.clear()
        told.set()
        await tasks.settled()
        async with asyncio.timeout(60):
            while "timer" not in others:
                await asyncio.sleep(0)
        timer.stop()
    assert going.done() and "task" in others
    assert [str(error) for error in heard] == ["in a slot", "in a task", "in a thread"]
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 3
    caplog.clear()


# --- started twice, started off line


@pytest.fixture
def window(qtbot, tmp_path, monkeypatch):
    """A running window of a data folder, by a function that opens it and one that ends it."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    gc.collect()  # widgets of earlier tests must not be collected in a worker's thread

    async def open_window(**fields) -> app.Running:
        running = app.build(Options(tmp_path / "data", **fields))
        running.window.show()
        await running.opened()
        await running.window.tasks.settled()
        return running

    async def end(running: app.Running) -> None:
        running.window.end()
        await running.aclose()

    return open_window, end


async def second_start(folder, *files: str) -> str:
    """A process of its own hands over: the seconds that took, or "nobody"."""
    code = (
        "import sys, time; from pathlib import Path; from desktop.ui.reception import hand_over; a = time.monotonic();"
        "print(time.monotonic() - a if hand_over(Path(sys.argv[1]), sys.argv[2:]) else 'nobody')"
    )
    words = [sys.executable, "-c", code, str(folder), *files]
    ran = partial(subprocess.run, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    return (await asyncio.to_thread(ran, words, timeout=240)).stdout.strip()


async def test_a_second_start_raises_the_first_within_a_second_and_hands_over_its_files(window, tmp_path):
    open_window, end = window
    running = await open_window()
    running.listen()
    came: list[list[str]] = []
    running._reception.raised.disconnect()
    running._reception.raised.connect(came.append)
    try:
        with pytest.raises(ArchiveLocked):
            app.build(Options(tmp_path / "data"))

        async def start() -> float:
            came.clear()
            took = float(await second_start(tmp_path / "data", "/some/where/talk.mp3"))
            assert came == [["/some/where/talk.mp3"]]
            return took

        assert await quickest(start, 1.0) < 1.0
        assert await second_start(tmp_path / "another folder") == "nobody"
    finally:
        await end(running)
    again = app.build(Options(tmp_path / "data"))
    await end(again)


async def test_a_key_is_nowhere_in_what_the_window_shows_or_writes_in_a_run_with_the_log_at_its_most_talkative(
    window, tmp_path, monkeypatch
):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    open_window, end = window
    running = await open_window(show_requests=True)
    with app._log(running, True):
        logging.getLogger("desktop.test").debug("the header was Bearer %s", KEY)
        running.window.notices.say("bad", f"The server wrote {KEY}")
        shown = [running.window.windowTitle(), *running.window.notices.texts()]
    await end(running)
    written = [path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert any(b"the header was Bearer" in each for each in written)
    assert [find for each in [*shown, *written] for find in finds(KEY, each)] == []


async def test_plain_http_elsewhere_and_a_run_off_line_are_marked_in_the_footer(window):
    open_window, end = window
    running = await open_window(offline=True)
    try:
        services, footer = running.services, running.window.footer
        assert not footer.offline.isHidden() and footer.plain_http.parentWidget().isHidden()
        made = await services.profiles.add(Kind.COMPATIBLE)
        await services.profiles.change(replace(made, base_url="http://models.example:8000/v1"))
        await services.profiles.confirm_plain_http(made.id, "http://models.example:8000")
        await services.profiles.choose(made.id)
        await running.window.tasks.settled()
        assert not footer.plain_http.parentWidget().isHidden()
        assert "models.example" in footer.plain_http.text()
    finally:
        await end(running)


async def test_a_window_off_line_opens_no_socket_and_starts_no_server(window, monkeypatch):
    heard: list[object] = []

    def refuse(self, address):
        heard.append(address)
        raise AssertionError(f"{address} was connected to")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    open_window, end = window
    running = await open_window(offline=True)
    try:
        chat = running.window.pages["chat"]
        await chat.tasks.settled()
        assert not running.services.local_server.is_running
    finally:
        await end(running)
    assert heard == []


def test_the_self_test_names_variables_in_force_and_tells_no_value(tmp_path, qapp, monkeypatch):
    from desktop.ui.self_test import facts

    monkeypatch.setenv("SSL_CERT_FILE", f"/somewhere/{CANARY}")
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{KEY}@proxy.example")
    lines, _ = facts(Options(tmp_path / CANARY), qapp, lambda: "kept for this run")
    told = dict(lines)
    assert {"SSL_CERT_FILE", "HTTPS_PROXY"} <= set(told["Variables in force"].split(", "))
    assert {"Python", "PySide6", "SQLite", "OpenSSL", "Key store", "Archive"} <= set(told)
    everything = "\n".join(f"{name}: {value}" for name, value in lines)
    assert finds(KEY, everything) == [] and "marzipan" not in everything
