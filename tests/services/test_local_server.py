"""The supervisor: start, states, restart after a crash, an end within three seconds."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time

import httpx
import psutil
import pytest
from quickness import quickest

from desktop.core.errors import EngineMissing, LocalFailed, Offline
from desktop.core.profile import Kind, key_may_go
from desktop.core.secret import Redactor
from desktop.services import local_server
from desktop.services.local_server import LocalServer, LocalState

HELLO = {"model": "smollm2-135m-instruct", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}


class Heard:
    """What the window would be told."""

    def __init__(self) -> None:
        self.states: list[str] = []
        self.notices: list[str] = []
        self._changed = asyncio.Event()

    def changed(self, status) -> None:
        self.states.append(status.sentence)
        self._changed.set()

    def notice(self, sentence: str) -> None:
        self.notices.append(sentence)
        self._changed.set()

    async def until(self, is_so) -> None:
        async with asyncio.timeout(60):
            while not is_so():
                await self._changed.wait()
                self._changed.clear()


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """The machine may be busy: nothing here is about how long a start or an answer may take."""
    monkeypatch.setattr(local_server, "START_S", 300.0)
    monkeypatch.setattr(local_server, "ANSWER_S", 60.0)


def made(folder, heard, **options) -> LocalServer:
    return LocalServer(folder, changed=heard.changed, notice=heard.notice, **options)


async def post(server, path, body) -> httpx.Response:
    headers = {"authorization": f"Bearer {server.token.reveal()}"}
    async with httpx.AsyncClient(trust_env=False, timeout=600, headers=headers) as client:
        return await client.post(f"{server.base_url}/{path}", json=body)


async def test_the_window_hears_of_each_state_and_the_engines_can_be_stopped(tmp_path):
    heard = Heard()
    server = made(tmp_path, heard)
    assert server.base_url == "" and await server.engines() == ()
    await server.start()
    assert (await post(server, "chat/completions", HELLO)).status_code == 200
    await heard.until(lambda: "Local: loading the language model" in heard.states)
    chat = next(e for e in await server.engines() if e.name == "chat")
    assert chat.state == "ready" and chat.memory_bytes > 100e6
    stopped = next(e for e in await server.stop_engine("chat") if e.name == "chat")
    assert (stopped.state, stopped.memory_bytes) == ("stopped", 0)
    await server.aclose()
    assert heard.states[:2] == ["Local: starting", "Local: tiny demo model"]
    assert heard.states[-1] == "Local: off" and server.status.state is LocalState.OFF


async def test_the_profile_points_at_it_and_its_key_may_go_there(tmp_path):
    server = made(tmp_path, Heard())
    await server.start()
    profile = server.profile()
    await server.aclose()
    assert profile.kind is Kind.LOCAL and profile.is_local and key_may_go(profile)
    assert profile.base_url == server.base_url and profile.base_url.startswith("http://127.0.0.1:")


async def test_a_crash_is_answered_by_one_new_start_with_the_same_key_and_address(tmp_path):
    heard = Heard()
    server = made(tmp_path, heard)
    await server.start()
    address, token, first = server.base_url, server.token, server.pid
    os.kill(first, signal.SIGKILL)
    await heard.until(lambda: heard.notices)
    assert server.is_running and server.pid != first
    assert (server.base_url, server.token) == (address, token)
    assert "started again" in heard.notices[0]
    os.kill(server.pid, signal.SIGKILL)
    await heard.until(lambda: server.status.state is LocalState.FAILED)
    assert not server.is_running
    await server.start()
    assert server.status.state is LocalState.READY
    await server.aclose()


async def test_the_end_takes_less_than_three_seconds_also_in_the_middle_of_an_answer(tmp_path):
    long = {**HELLO, "max_tokens": 500, "messages": [{"role": "user", "content": "Tell a long story."}]}

    async def end() -> float:
        server = made(tmp_path, Heard())
        await server.start()
        answer = asyncio.ensure_future(post(server, "chat/completions", long))
        async with asyncio.timeout(120):
            while not any(engine.state == "busy" for engine in await server.engines()):
                await asyncio.sleep(0.05)
        tree = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
        began = time.monotonic()
        await server.aclose()
        took = time.monotonic() - began
        _, alive = psutil.wait_procs(tree, timeout=60)
        assert alive == []
        await asyncio.gather(answer, return_exceptions=True)
        return took

    assert await quickest(end, 3) < 3


async def test_off_line_runs_start_nothing(tmp_path):
    server = made(tmp_path, Heard(), offline=True)
    with pytest.raises(Offline):
        await server.start()
    assert not server.is_running


async def test_a_missing_extra_names_the_command(tmp_path, monkeypatch):
    heard = Heard()
    monkeypatch.setattr(local_server, "find_spec", lambda name: None)
    server = made(tmp_path, heard)
    with pytest.raises(EngineMissing) as raised:
        await server.start()
    assert "python3 packaging/dev.py run" in raised.value.advice
    assert server.status.state is LocalState.FAILED


async def test_a_server_that_ends_at_once_is_a_plain_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(local_server, "command", lambda: [sys.executable, "-c", "raise SystemExit(7)"])
    server = made(tmp_path, Heard())
    with pytest.raises(LocalFailed):
        await server.start()
    assert server.status.state is LocalState.FAILED
    await server.aclose()


async def test_two_starts_at_once_are_one(tmp_path):
    server = made(tmp_path, Heard())
    await asyncio.gather(server.start(), server.start())
    assert server.is_running
    await server.aclose()


async def test_the_log_has_no_word_of_what_was_asked_and_no_key(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    redactor = Redactor()
    server = made(tmp_path, Heard(), redactor=redactor)
    await server.start()
    await post(server, "chat/completions", {**HELLO, "messages": [{"role": "user", "content": "canary-sentence"}]})
    await post(server, "chat/completions", {"model": "canary-sentence:" + server.token.reveal(), "messages": []})
    await post(server, "chat/completions", {"model": "local-echo:disconnect", "messages": "canary-sentence"})
    await server.aclose()
    assert "canary-sentence" not in caplog.text.replace("httpx", "")
    assert server.token.reveal() not in caplog.text
    assert redactor.clean(server.token.reveal()) != server.token.reveal()


def test_the_footer_names_the_user_s_own_file(tmp_path):
    assert LocalServer(tmp_path).model_note() == "Local: tiny demo model"
    assert LocalServer(tmp_path, gguf="/models/Bigger.gguf").model_note() == "Local: Bigger.gguf"


def test_a_frozen_build_starts_itself(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert local_server.command()[:2] == [sys.executable, "--local-server"]
