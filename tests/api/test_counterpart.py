"""The client against a server that we did not write, with its faults (npm @copilotkit/aimock)."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from contextlib import aclosing
from pathlib import Path

import pytest
from wire_fakes import KEY, Clock, ManualTimers, Tape, profile_for

from desktop.api import chat, models
from desktop.api.client import Client
from desktop.core import errors
from desktop.core.secret import Secret

FOLDER = Path(__file__).resolve().parents[1] / "counterpart"
PROGRAM = FOLDER / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"


@pytest.fixture(scope="module")
def counterpart():
    node = shutil.which("node")
    if node is None or not PROGRAM.exists():
        assert "CI" not in os.environ, "Node and the counterpart must be there: npm ci in tests/counterpart"
        pytest.skip("Node or the counterpart is not installed: run python3 packaging/dev.py test")
    command = [node, str(PROGRAM), "--port", "0", "--fixtures", str(FOLDER / "fixtures.json"), "--chunk-size", "5"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for line in child.stdout:
            if found := re.search(r"listening on (http://127\.0\.0\.1:\d+)", line):
                break
        else:
            pytest.fail("the counterpart did not start")
        yield found[1] + "/v1"
    finally:
        child.terminate()
        child.communicate(timeout=60)


@pytest.fixture
def client_of(counterpart):
    def make(**options):
        clock = Clock()
        client = Client(profile_for(counterpart), Secret(KEY), sleep=clock.sleep, random=lambda: 1.0, **options)
        client.slept = clock.slept
        return client

    return make


def ask(text: str, **fields) -> chat.ChatRequest:
    return chat.ChatRequest(model="any", messages=[{"role": "user", "content": text}], **fields)


async def read(client, request, into: list[chat.ChatChunk] | None = None, **options) -> list[chat.ChatChunk]:
    chunks = [] if into is None else into
    async with aclosing(chat.stream(client, request, **options)) as reply:
        async for chunk in reply:
            chunks.append(chunk)
    return chunks


def text_of(chunks: list[chat.ChatChunk]) -> str:
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


async def test_both_forms_tools_usage_and_models(client_of):
    client = client_of()
    chunks = await read(client, ask("hello", stream_options={"include_usage": True}))
    whole = await chat.complete(client, ask("hello"))
    assert text_of(chunks) == whole.choices[0].message.text == "Hello! How can I help you today? 😀 €"
    assert chunks[-1].usage is not None and chunks[-1].usage.completion_tokens > 0
    join = chat.ToolCallJoin()
    for chunk in await read(client, ask("tool")):
        for choice in chunk.choices:
            join.add(choice.delta.tool_calls or ())
    assert [(call.name, call.arguments) for call in join.calls] == [("get_weather", '{"city":"Paris"}')]
    assert await models.list_models(client)
    await client.aclose()


async def test_429_with_retry_after_is_waited_for(client_of):
    tape = Tape()
    client = client_of(recorder=tape)
    with pytest.raises(errors.RateLimited):
        await read(client, ask("limited"))
    await client.aclose()
    assert client.slept == [1.0, 1.0] and len(tape.named("sending")) == 3
    assert client.rate_limits["any"].limit_requests == 60


async def test_spent_quota_and_refusals_are_final(client_of):
    client = client_of()
    with pytest.raises(errors.QuotaSpent):
        await read(client, ask("quota"))
    with pytest.raises(errors.BadRequest):
        await chat.complete(client, ask("refused"))
    await client.aclose()
    assert client.slept == []


async def test_500_may_have_run(client_of):
    client = client_of()
    with pytest.raises(errors.MayHaveRun) as caught:
        await read(client, ask("dropped"))
    await client.aclose()
    assert caught.value.detail.status == 500 and client.slept == []


async def test_cut_stream_keeps_what_came(client_of):
    client, chunks = client_of(), []
    with pytest.raises((errors.Cut, errors.MayHaveRun)):
        await read(client, ask("cut"), chunks)
    await client.aclose()
    assert "one two three four".startswith(text_of(chunks))


async def test_disconnect_may_have_run(client_of):
    client = client_of()
    with pytest.raises(errors.MayHaveRun):
        await read(client, ask("disconnect"))
    await client.aclose()
    assert client.slept == []


async def test_malformed_reply_is_a_known_error(client_of):
    client = client_of()
    with pytest.raises(errors.BadReply):
        await read(client, ask("malformed"))
    with pytest.raises(errors.BadReply):
        await chat.complete(client, ask("malformed"))
    await client.aclose()


async def test_stall_is_silence(client_of):
    timers, tape = ManualTimers(), Tape()
    client = client_of(timers=timers, recorder=tape)
    task = asyncio.ensure_future(read(client, ask("stall")))
    while not tape.named("sending"):
        await asyncio.sleep(0)
    async with asyncio.timeout(60):
        while not task.done():  # again where it had not yet said its first words
            timers.advance(301)
            for _ in range(50):
                await asyncio.sleep(0.001)
    with pytest.raises(errors.Silent):
        await task
    await client.aclose()


async def test_stop_in_mid_stream(client_of):
    client = client_of()
    task = asyncio.ensure_future(read(client, ask("stall")))
    for _ in range(200):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await client.aclose()
