"""The promises of the network, against a real server that breaks each of them; no test waits for real time."""

from __future__ import annotations

import asyncio
import gzip
import random
import socket
import threading
import traceback
from contextlib import aclosing

import httpx
import pytest
from wire_fakes import KEY, Clock, ManualTimers, Tape, profile_for
from wire_server import DONE, END, HEAD, ScriptedServer, answered, chunk, piece, streamed

from desktop.api import chat, failures, models
from desktop.api.client import Client
from desktop.core import errors
from desktop.core.calls import Fate
from desktop.core.profile import Limits, ProxyMode
from desktop.core.secret import Secret

REQUEST = chat.ChatRequest(model="m", messages=[{"role": "user", "content": "Hello"}])
GOOD = streamed(piece("good"), piece("", "stop"), DONE)
LIST = answered(200, b'{"data": [{"id": "a"}]}')


async def read(client, into: list[str] | None = None, came: asyncio.Event | None = None, **options) -> str:
    texts = [] if into is None else into
    async with aclosing(chat.stream(client, REQUEST, **options)) as reply:
        async for part in reply:
            texts += [choice.delta.content for choice in part.choices if choice.delta.content]
            if came is not None:
                came.set()
    return "".join(texts)


# --- cut replies are cut


def cut_after(data: bytes, how: str, *, is_chunked: bool = True):
    """Sends the head, these bytes, and ends the connection in one of the ways a connection ends."""

    def script(connection):
        if how == "short body":
            head = HEAD.replace(b"Transfer-Encoding: chunked", b"Content-Length: 100000")
            connection.send(head + data)
            return connection.close()
        connection.send(HEAD + (chunk(data) if data else b""))
        if how == "clean end":
            connection.send(END)
        elif how == "bad chunk":
            connection.send(b"zz\r\nnonsense\r\n")
        elif how == "reset":
            return connection.reset()
        return connection.close()

    return script


CALLED = b'[{"index":0,"id":"c","function":{"name":"f","arguments":"{\\"a"}}]'
CALL = b'data: {"choices":[{"delta":{"tool_calls":' + CALLED + b"}}]}\n\n"
PLACES = {
    "at the start": b"",
    "in the middle": piece("text ") * 3,
    "inside an event": piece("text ") + piece("more")[:-20],
    "inside a character": piece("text ") + "data: €".encode()[:-1],
    "inside tool arguments": CALL,
}


@pytest.mark.parametrize("how", ["clean end", "close", "reset", "bad chunk", "short body"])
@pytest.mark.parametrize("place", PLACES)
async def test_reply_that_the_wire_did_not_complete_is_cut(server, connect, how, place):
    server.scripts = [cut_after(PLACES[place], how)]
    client, texts = connect(), []
    with pytest.raises(errors.Cut):
        await read(client, texts)
    await client.aclose()
    if how != "reset" and place in ("in the middle", "inside an event"):
        assert texts[0] == "text "  # what came is kept; a reset may overtake it
    assert len(server.requests) == 1


async def test_reset_after_the_last_finish_reason_is_complete(server, connect):
    server.scripts = [cut_after(piece("whole") + piece("", "stop"), "close")]
    client = connect()
    assert await read(client) == "whole"
    await client.aclose()


# --- paid requests of unknown fate


def close_before_the_status(connection):
    connection.close()


def close_inside_the_head(connection):
    connection.send(b"HTTP/1.1 200 OK\r\nContent-")
    connection.close()


def close_after_the_status(connection):
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{")
    connection.close()


@pytest.mark.parametrize("script", [close_before_the_status, close_inside_the_head, close_after_the_status])
async def test_paid_request_that_may_have_run_is_not_repeated(server, connect, script):
    server.scripts = [script]
    client = connect()
    with pytest.raises(errors.MayHaveRun):
        await chat.complete(client, REQUEST)
    await client.aclose()
    assert len(server.requests) == 1 and client.slept == []


@pytest.mark.parametrize("status", [408, 500, 502, 504])
async def test_paid_request_that_failed_on_the_server_is_not_repeated(server, connect, status):
    server.scripts = [answered(status, b'{"error": {"message": "broken", "code": "x"}}', x_request_id="req_1")]
    client = connect()
    with pytest.raises(errors.MayHaveRun) as caught:
        await chat.complete(client, REQUEST)
    with pytest.raises(errors.MayHaveRun):
        await read(client)
    await client.aclose()
    detail = caught.value.detail
    assert (detail.status, detail.said, detail.request_id) == (status, "broken", "req_1")
    assert len(server.requests) == 2


async def test_stream_closed_before_its_status_may_have_run(server, connect):
    server.scripts = [close_before_the_status]
    client = connect()
    with pytest.raises(errors.MayHaveRun):
        await read(client)
    await client.aclose()
    assert len(server.requests) == 1


# --- repeats


async def test_overloaded_server_is_asked_three_times_with_growing_pauses(server, connect):
    server.scripts = [answered(503)]
    client, waits = connect(), []
    with pytest.raises(errors.Overloaded):
        await read(client, on_wait=waits.append)
    await client.aclose()
    assert len(server.requests) == 3 and client.slept == [0.5, 1.0]
    assert [(wait.seconds, wait.attempt) for wait in waits] == [(0.5, 2), (1.0, 3)] and waits[0].reason


async def test_rate_limit_is_waited_for_as_long_as_the_server_asks(server, connect):
    server.scripts = [answered(429, retry_after="7"), answered(429, retry_after_ms="250"), GOOD]
    client = connect()
    assert await read(client) == "good"
    await client.aclose()
    assert client.slept == [7.0, 0.25]
    ids = {request.headers["x-client-request-id"] for request in server.requests}
    assert len(ids) == 1


async def test_wait_past_two_minutes_is_shown_instead(server, connect):
    server.scripts = [answered(429, retry_after="7200")]
    client = connect()
    with pytest.raises(errors.RateLimited) as caught:
        await read(client)
    await client.aclose()
    assert client.slept == [] and caught.value.detail.retry_after_s == 7200 and "2 hours" in caught.value.summary


async def test_spent_quota_is_not_asked_again(server, connect):
    server.scripts = [answered(429, b'{"error": {"message": "m", "code": "insufficient_quota"}}')]
    client = connect()
    with pytest.raises(errors.QuotaSpent):
        await read(client)
    await client.aclose()
    assert len(server.requests) == 1


async def test_reads_are_repeated_after_a_lost_connection_and_on_passing_statuses(server, connect):
    server.scripts = [close_before_the_status, answered(502), LIST]
    client = connect()
    assert [model.id for model in await models.list_models(client)] == ["a"]
    await client.aclose()
    assert len(server.requests) == 3


async def test_read_that_broke_after_its_first_byte_is_not_repeated(server, connect):
    server.scripts = [close_after_the_status]
    client = connect()
    with pytest.raises(errors.Cut):
        await models.list_models(client)
    await client.aclose()
    assert len(server.requests) == 1


async def test_refused_connection_is_tried_three_times():
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # it does not listen, and nobody else can
        port = taken.getsockname()[1]
        client = Client(profile_for(f"http://127.0.0.1:{port}/v1"), Secret(KEY), sleep=sleep, random=lambda: 0.0)
        with pytest.raises(errors.Unreachable) as caught:
            await read(client)
        await client.aclose()
    assert slept == [0.375, 0.75] and f"127.0.0.1:{port}" in caught.value.summary


async def test_unknown_host_is_not_tried_again():
    async def never(_seconds):
        raise AssertionError("waited")

    client = Client(profile_for("https://no-such-host.invalid/v1", proxy=ProxyMode.NONE), Secret(KEY), sleep=never)
    with pytest.raises((errors.UnknownHost, errors.Offline)):
        await read(client)
    await client.aclose()


async def test_wait_can_be_cut_short(server):
    server.scripts = [answered(503), GOOD]
    client = Client(profile_for(server.url), Secret(KEY), sleep=lambda _: asyncio.Event().wait())
    assert await read(client, on_wait=lambda wait: wait.cut_short()) == "good"
    await client.aclose()


async def test_wait_can_be_cancelled(server):
    server.scripts = [answered(503)]
    client, waiting = (
        Client(profile_for(server.url), Secret(KEY), sleep=lambda _: asyncio.Event().wait()),
        asyncio.Event(),
    )
    task = asyncio.ensure_future(read(client, on_wait=lambda _: waiting.set()))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await client.aclose()
    assert len(server.requests) == 1


async def test_stale_kept_connection_is_replaced_unseen(server, connect):
    """The server closes the idle connection; the next paid request goes over a new one, without a wait."""

    def answer_and_close(connection):
        connection.answer(200, b'{"choices": [{"message": {"content": "a"}}]}')
        connection.close()

    server.scripts = [answer_and_close]
    client = connect()
    for _ in range(3):
        assert (await chat.complete(client, REQUEST)).choices[0].message.text == "a"
        while server.open_count:
            await asyncio.sleep(0)
    await client.aclose()
    assert server.connections == len(server.requests) == 3 and client.slept == []


class Closing(httpx.AsyncBaseTransport):
    """A kept connection that the server closes in the moment of sending, as httpcore tells of it."""

    def __init__(self, reached: str) -> None:
        self.reached, self.tries = reached, 0

    async def handle_async_request(self, request):
        self.tries += 1
        if self.tries > 1:
            return httpx.Response(200, json={"choices": [{"message": {"content": "a"}}]})
        await request.extensions["trace"](f"http11.send_request_headers.{self.reached}", {})
        raise httpx.ReadError("gone")


async def test_kept_connection_that_took_no_byte_is_replaced_without_a_wait():
    transport, clock = Closing("failed"), Clock()
    client = Client(profile_for("https://api.example.com/v1"), Secret(KEY), transport=transport, sleep=clock.sleep)
    assert (await chat.complete(client, REQUEST)).choices[0].message.text == "a"
    assert transport.tries == 2 and clock.slept == []


async def test_kept_connection_that_took_the_request_may_have_run_it():
    transport = Closing("complete")
    client = Client(profile_for("https://api.example.com/v1"), Secret(KEY), transport=transport)
    with pytest.raises(errors.MayHaveRun):
        await chat.complete(client, REQUEST)
    assert transport.tries == 1


async def test_connection_is_used_again_after_a_whole_stream(server, connect):
    server.scripts = [GOOD]
    client = connect()
    for _ in range(3):
        await read(client)
    await client.aclose()
    assert server.connections == 1


# --- silence


def stall(*sent: bytes):
    def script(connection):
        connection.send(b"".join(sent))
        connection.server.has_said_all.set()
        connection.until_closed()

    return script


async def until(condition) -> None:
    """Let the loop turn until something in another thread has happened."""
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.001)


async def both_wait(has_been) -> None:
    """The server has got or said what it should, and the client has read of it what there is: only a timer goes on."""
    await until(has_been)
    for _ in range(50):
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\n", HEAD, HEAD + chunk(piece("a")), HEAD + b"500\r\ndata: "])
async def test_silence_ends_the_reply_at_its_limit(server, connect, sent):
    timers, texts, notices = ManualTimers(), [], []
    server.scripts = [stall(sent)]
    client = connect(timers=timers)
    task = asyncio.ensure_future(read(client, texts, on_alive=notices.append))
    await both_wait(server.has_said_all.is_set)
    timers.advance(299)
    await asyncio.sleep(0)
    assert not task.done()
    timers.advance(2)
    with pytest.raises(errors.Silent) as caught:
        await asyncio.wait_for(task, 60)
    assert "300 seconds" in caught.value.summary and 30 <= notices[0] < 36
    await until(server.was_left.is_set)
    await client.aclose()
    assert timers.pending == 0 and len(server.requests) == 1


async def test_reasoning_models_may_be_silent_longer(server, connect):
    timers = ManualTimers()
    server.scripts = [stall(HEAD)]
    client = connect(timers=timers)
    task = asyncio.ensure_future(read(client, silence_s=3600))
    await both_wait(server.has_said_all.is_set)
    timers.advance(3500)
    await asyncio.sleep(0)
    assert not task.done()
    timers.advance(200)
    with pytest.raises(errors.Silent):
        await asyncio.wait_for(task, 60)
    await client.aclose()


@pytest.mark.parametrize(
    "drip",
    [
        b": ping\n\n",
        b'data: {"choices":[{"delta":{}}]}\n\n',
        b'data: {"choices":[{"delta":{"reasoning":"hm"}}]}\n\n',
        b"x",
    ],
)
async def test_life_without_text_is_told_from_silence_and_ends_in_time(server, connect, drip):
    """A byte each ten seconds keeps the connection alive; only text counts as progress."""
    timers, notices, go = ManualTimers(), [], threading.Semaphore(0)

    def script(connection):
        connection.send(HEAD + chunk(piece("start")))
        while not connection.is_over:
            go.acquire()
            connection.send(chunk(drip))

    server.scripts = [script]
    tape = Tape()
    client, came = connect(timers=timers, recorder=tape), asyncio.Event()
    task = asyncio.ensure_future(read(client, came=came, on_alive=notices.append))
    await came.wait()
    while not task.done() and timers.now < 2000:
        count = len(tape.named("received"))
        go.release()
        await until(lambda count=count: task.done() or len(tape.named("received")) > count)
        timers.advance(10)
        await asyncio.sleep(0)
    with pytest.raises(errors.Silent) as caught:
        await asyncio.wait_for(task, 60)
    assert "alive" in caught.value.summary and 1590 <= timers.now <= 1620 and 30 <= notices[0] <= 40
    server.scripts = [lambda connection: connection.close()]
    go.release()
    go.release()
    await client.aclose()


async def test_text_that_comes_slowly_is_no_silence(server, connect):
    timers, go, texts = ManualTimers(), threading.Semaphore(0), []

    def script(connection):
        connection.send(HEAD)
        for number in range(10):
            go.acquire()
            connection.send(chunk(piece(str(number))))
        connection.send(chunk(piece("", "stop") + DONE) + END)

    server.scripts = [script]
    client = connect(timers=timers)
    task = asyncio.ensure_future(read(client, texts))
    for number in range(10):
        go.release()
        await until(lambda number=number: len(texts) > number or task.done())
        timers.advance(200)
    assert await asyncio.wait_for(task, 60) == "0123456789"
    await client.aclose()


async def test_plain_reply_that_never_comes_may_have_run(server, connect):
    timers = ManualTimers()
    server.scripts = [stall(b"")]
    client = connect(timers=timers)
    task = asyncio.ensure_future(chat.complete(client, REQUEST))
    await both_wait(lambda: server.requests)
    timers.advance(121)
    with pytest.raises(errors.MayHaveRun) as caught:
        await asyncio.wait_for(task, 60)
    assert "120 seconds" in caught.value.summary
    await until(server.was_left.is_set)
    await client.aclose()


async def test_plain_reply_of_a_model_that_thinks_long_is_waited_for_with_notices(server, connect):
    timers, notices, go = ManualTimers(), [], threading.Event()

    def script(connection):
        go.wait(60)
        connection.answer(200, b'{"choices": [{"message": {"content": "thought"}}]}')

    server.scripts = [script]
    client = connect(timers=timers)
    task = asyncio.ensure_future(chat.complete(client, REQUEST, read_limit_s=3600, on_alive=notices.append))
    await both_wait(lambda: server.requests)
    timers.advance(3000)
    go.set()
    assert (await asyncio.wait_for(task, 60)).choices[0].message.text == "thought" and notices[0] == pytest.approx(
        30, abs=5
    )
    await client.aclose()


async def test_time_that_the_reader_takes_is_no_silence(server, connect):
    timers = ManualTimers()
    server.scripts = [streamed(piece("a"), piece("b", "stop"), DONE)]
    client = connect(timers=timers)
    texts = []
    async with aclosing(chat.stream(client, REQUEST)) as reply:
        async for part in reply:
            texts.append(part.choices[0].delta.content)
            timers.advance(1000)
    await client.aclose()
    assert texts == ["a", "b"]


# --- bounds


async def test_endless_line_is_stopped(server, connect):
    def script(connection):
        connection.send(HEAD + chunk(piece("kept")))
        while not connection.is_over:
            connection.send(chunk(b"x" * 100_000))

    server.scripts = [script]
    client, texts = connect(event_bytes=1_000_000), []
    with pytest.raises(errors.TooMuch):
        await read(client, texts)
    await client.aclose()
    assert texts == ["kept"]


async def test_endless_body_is_stopped(server, connect):
    def script(connection):
        connection.send(HEAD.replace(b"text/event-stream", b"application/json"))
        while not connection.is_over:
            connection.send(chunk(b" " * 100_000))

    server.scripts = [script]
    client = connect(json_bytes=1_000_000)
    with pytest.raises(errors.TooMuch):
        await models.list_models(client)
    await client.aclose()


async def test_endless_error_body_is_cut_to_its_bound(server, connect):
    def script(connection):
        connection.send(HEAD.replace(b"200 OK", b"400 Bad"))
        while not connection.is_over:
            sent.append(connection.send(chunk(b"<html>" * 10_000)))

    sent: list[None] = []
    server.scripts, tape = [script], Tape()
    client = connect(recorder=tape)
    with pytest.raises(errors.BadRequest) as caught:
        await read(client)
    await client.aclose()
    assert len(caught.value.detail.said) <= 2100 and len(tape.bytes) <= 64 * 1024
    await until(lambda: server.open_count == 0)
    assert len(sent) < 400  # 24 MB: what the sockets on the way may hold


async def test_stalled_error_body_does_not_hold_the_error_back(server, connect):
    timers = ManualTimers()
    server.scripts = [stall(b"HTTP/1.1 401 No\r\nContent-Length: 100\r\n\r\n<b>")]
    client = connect(timers=timers)
    task = asyncio.ensure_future(read(client))
    await both_wait(server.has_said_all.is_set)
    while not task.done() and timers.now < 1280:
        await asyncio.sleep(0.001)
        timers.advance(1)
    with pytest.raises(errors.KeyRefused):
        await asyncio.wait_for(task, 60)
    await client.aclose()


@pytest.mark.parametrize("kind", ["text/event-stream", "application/json"])
async def test_gzip_bomb_is_stopped(server, connect, kind):
    packed = gzip.compress(bytes(100_000_000), 9)

    def script(connection):
        head = {"Content-Type": kind, "Content-Encoding": "gzip"}
        connection.answer(200, packed, head)

    server.scripts = [script]
    client = connect()
    with pytest.raises(errors.TooMuch):
        await (read(client) if kind == "text/event-stream" else models.list_models(client))
    await client.aclose()


async def test_packed_replies_are_read(server, connect):
    body = gzip.compress(b'{"data": [{"id": "packed"}]}')
    server.scripts = [answered(200, body, Content_Encoding="gzip")]
    client = connect()
    assert [model.id for model in await models.list_models(client)] == ["packed"]
    await client.aclose()


async def test_endless_head_is_refused(server, connect):
    def script(connection):
        connection.send(b"HTTP/1.1 200 OK\r\n")
        while not connection.is_over:
            connection.send(b"X-A: " + b"a" * 10_000 + b"\r\n")

    server.scripts = [script]
    client = connect()
    with pytest.raises(errors.WireError):
        await read(client)
    await client.aclose()


async def test_server_that_is_no_web_server_is_a_known_error(server, connect):
    server.scripts = [lambda connection: (connection.send(b"SSH-2.0-OpenSSH_9\r\n"), connection.close())]
    client = connect()
    with pytest.raises(errors.WireError):
        await read(client)
    await client.aclose()


# --- redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["host", "port", "scheme", "file", "same"])
async def test_redirects_of_paid_requests_are_not_followed(server, connect, status, target):
    with ScriptedServer([GOOD]) as other:
        places = {
            "host": other.url.replace("127.0.0.1", "localhost") + "/x",
            "port": other.url + "/x",
            "scheme": server.url.replace("http", "https"),
            "file": "file:///etc/passwd",
            "same": "/v1/elsewhere",
        }
        server.scripts = [answered(status, Location=places[target])]
        client = connect()
        with pytest.raises(errors.Redirected):
            await read(client)
        await client.aclose()
        assert other.connections == 0 and len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_to_another_origin_are_not_followed(server, connect, status):
    with ScriptedServer([LIST]) as other:
        server.scripts = [answered(status, Location=other.url + "/models")]
        client = connect()
        with pytest.raises(errors.Redirected):
            await models.list_models(client)
        with pytest.raises(errors.Redirected):
            await models.delete_model(client, "m")
        await client.aclose()
        assert other.connections == 0


async def test_reads_follow_redirects_in_their_own_origin_three_times_at_most(server, connect):
    server.scripts = [answered(302, Location="/v1/a"), answered(307, Location="b"), answered(301, Location="c"), LIST]
    client = connect()
    assert await models.list_models(client)
    assert [request.path for request in server.requests] == ["/v1/models", "/v1/a", "/v1/b", "/v1/c"]
    server.scripts = [answered(302, Location="/v1/models")]
    server.requests.clear()
    with pytest.raises(errors.Redirected):
        await models.list_models(client)
    await client.aclose()
    assert len(server.requests) == 4


# --- the key


async def test_cookies_of_a_server_are_never_sent_back(server, connect):
    server.scripts = [answered(200, b'{"data": []}', Set_Cookie="a=b")]
    client = connect()
    await models.list_models(client)
    await models.list_models(client)
    await client.aclose()
    assert all("cookie" not in request.headers for request in server.requests)


async def test_key_goes_to_no_other_origin(server):
    elsewhere = profile_for(server.url, confirmed_origin="http://127.0.0.1:1")
    client = Client(elsewhere, Secret(KEY))
    with pytest.raises(errors.NoKey):
        await read(client)
    with pytest.raises(errors.NoKey):
        await models.list_models(client)
    await client.aclose()
    assert server.connections == 0


async def test_recorder_sees_everything_but_the_key(server, connect):
    echo = f"{KEY[:10]}", f"{KEY[10:]} and {KEY}"

    def script(connection):
        head = HEAD.replace(b"\r\n\r\n", f"\r\nX-Echo: Bearer {KEY}\r\nSet-Cookie: a=secret\r\n\r\n".encode())
        connection.send(head)
        for text in echo:
            connection.send(chunk(text.encode()))
        connection.send(chunk(b"\n\n" + piece("ok", "stop") + DONE) + END)

    server.scripts = [answered(429, f'{{"error": {{"message": "{KEY}"}}}}'.encode()), script]
    tape = Tape()
    client = connect(recorder=tape)
    assert await read(client, call_id="call-1") == "ok"
    await client.aclose()
    shown = repr(tape.lines) + repr(tape.named("sending")[0][1])
    assert KEY not in shown and KEY[4:] not in shown and "a=secret" not in shown
    assert piece("ok", "stop") in tape.bytes
    assert [line[0] for line in tape.lines if line[0] != "received"] == [
        "sending", "answered", "waiting", "sending", "answered", "ended",
    ]  # fmt: skip
    call = tape.named("sending")[0][1]
    assert call.call_id == "call-1" and b'"stream":true' in call.body and ("Authorization", "…") in call.headers
    assert tape.named("ended")[0][2] is Fate.COMPLETE


@pytest.mark.parametrize(
    ("script", "fate"),
    [(close_before_the_status, Fate.UNKNOWN), (cut_after(piece("a"), "close"), Fate.CUT), (answered(400), Fate.FAILED)],
)
async def test_recorder_is_told_how_a_call_ended(server, connect, script, fate):
    server.scripts, tape = [script], Tape()
    client = connect(recorder=tape)
    with pytest.raises(errors.KnownError):
        await read(client)
    await client.aclose()
    assert [line[2] for line in tape.named("ended")] == [fate]


async def test_key_is_in_no_local_of_a_traceback(server, connect):
    client = connect()
    for script in (close_before_the_status, answered(401, KEY.encode()), cut_after(b"", "reset")):
        server.scripts = [script]
        with pytest.raises(errors.KnownError) as caught:
            await read(client)
        seen, waiting = [], [caught.value]
        while waiting:
            error = waiting.pop()
            seen += [str(error), repr(error)]
            waiting += [other for other in (error.__cause__, error.__context__) if other is not None]
            for frame, _ in traceback.walk_tb(error.__traceback__):
                if "/tests/" not in frame.f_code.co_filename:
                    seen += [repr(value) for value in frame.f_locals.values()]
        assert len(seen) > 10 and not any(KEY in text or KEY[8:24] in text for text in seen)
    await client.aclose()


# --- proxies, offline, network changes


async def test_loopback_is_never_proxied(server, monkeypatch):
    with ScriptedServer([GOOD]) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        server.scripts = [GOOD]
        given = profile_for(server.url, proxy=ProxyMode.GIVEN, proxy_url=f"http://127.0.0.1:{proxy.port}")
        for profile in (profile_for(server.url), given):
            client = Client(profile, Secret(KEY), system_proxy=lambda _: f"http://127.0.0.1:{proxy.port}")
            assert await read(client) == "good"
            await client.aclose()
        assert proxy.connections == 0


@pytest.mark.parametrize("mode", [ProxyMode.GIVEN, ProxyMode.SYSTEM])
async def test_proxy_is_used_for_other_hosts(mode):
    with ScriptedServer([GOOD]) as proxy:
        url = f"http://user:proxy-password-1@127.0.0.1:{proxy.port}"
        profile = profile_for("http://api.example.com/v1", plain_http_confirmed=True, proxy=mode, proxy_url=url)
        client = Client(profile, Secret(KEY), system_proxy=lambda _: url)
        assert await read(client) == "good"
        assert client._redactor.clean("via proxy-password-1") == "via …"
        await client.aclose()
        assert proxy.requests[0].path.startswith("http://api.example.com")
        assert proxy.requests[0].headers["proxy-authorization"].startswith("Basic ")


async def test_proxy_that_refuses_is_a_known_error():
    with ScriptedServer([answered(407)]) as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        client = Client(profile_for("https://api.example.com/v1", proxy=ProxyMode.GIVEN, proxy_url=url), Secret(KEY))
        with pytest.raises(errors.ProxyFailed):
            await read(client)
        await client.aclose()
        assert [request.method for request in proxy.requests] == ["CONNECT"]
        assert "authorization" not in proxy.requests[0].headers


@pytest.mark.parametrize("url", ["", "nonsense", "socks5://127.0.0.1:1", "http://", "http://[::1"])
async def test_proxy_that_cannot_be_used_is_said_and_not_gone_around(url):
    profile = profile_for("https://api.example.com/v1", proxy=ProxyMode.GIVEN, proxy_url=url)
    client = Client(profile, Secret(KEY))
    with pytest.raises(errors.ProxyFailed):
        await read(client)
    await client.aclose()


@pytest.mark.parametrize("failure", [httpx.ConnectError("no"), httpx.ConnectTimeout("late")])
async def test_without_a_network_a_send_fails_at_once(monkeypatch, failure):
    def refuse(_request):
        raise failure

    async def never(_seconds):
        raise AssertionError("waited")

    monkeypatch.setattr(failures, "has_route", lambda: False)
    transport = httpx.MockTransport(refuse)
    client = Client(profile_for("https://api.example.com/v1"), Secret(KEY), transport=transport, sleep=never)
    with pytest.raises(errors.Offline):
        await read(client)


async def test_offline_opens_no_socket(monkeypatch, server):
    client = Client(profile_for(server.url), Secret(KEY), offline=True)
    monkeypatch.setattr(socket, "socket", None)
    for call in (read(client), chat.complete(client, REQUEST), models.list_models(client)):
        with pytest.raises(errors.Offline):
            await call
    monkeypatch.undo()
    await client.aclose()
    assert server.connections == 0


async def test_next_call_after_a_network_change_uses_a_new_connection(server, connect):
    server.scripts = [GOOD]
    client = connect()
    await read(client)
    client.network_changed()
    await read(client)
    await client.aclose()
    assert server.connections == 2


async def test_next_call_after_a_clock_jump_uses_a_new_connection(server, connect):
    server.scripts, wall = [GOOD], [1_790_000_000.0]
    client = connect(now=lambda: wall[0])
    await read(client)
    wall[0] += 3600
    await read(client)
    await client.aclose()
    assert server.connections == 2


async def test_clock_jump_in_mid_stream_checks_the_connection_within_five_seconds(server, connect):
    server.scripts, wall, timers = [stall(HEAD, chunk(piece("a")))], [1_790_000_000.0], ManualTimers()
    client, came = connect(now=lambda: wall[0], timers=timers), asyncio.Event()
    task = asyncio.ensure_future(read(client, came=came))
    await came.wait()
    (response,) = client._open_replies
    raw = response.extensions["network_stream"].get_extra_info("socket")
    assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 15
    wall[0] += 3600
    timers.advance(5)
    assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await client.aclose()


# --- Stop


async def test_stop_closes_the_connection_at_once(server, connect):
    server.scripts = [stall(HEAD, chunk(piece("a")))]
    tape = Tape()
    client, came = connect(recorder=tape), asyncio.Event()
    task = asyncio.ensure_future(read(client, came=came))
    await came.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(server.was_left.is_set)  # the client itself is still open
    assert [line[2] for line in tape.named("ended")] == [Fate.STOPPED] and not client._open_replies
    await client.aclose()


async def test_leaving_a_stream_half_read_closes_it_cleanly(server, connect):
    def script(connection):
        connection.send(HEAD)
        while not connection.is_over:
            connection.send(chunk(piece("more ")) * 50)

    server.scripts = [script]
    client = connect()
    async with aclosing(chat.stream(client, REQUEST)) as reply:
        async for _ in reply:
            break
    await until(lambda: server.open_count == 0)
    await client.aclose()


async def test_five_hundred_random_cancels_leave_no_task_and_no_socket(server, connect):
    def lively(connection):
        connection.send(HEAD)
        for _ in range(40):
            connection.send(chunk(piece("word ")))
        connection.until_closed()

    server.scripts = [lively, answered(503), GOOD, close_before_the_status] * 300
    client, chance = connect(limits=Limits()), random.Random(7)
    loop = asyncio.get_running_loop()
    for round_number in range(500):
        task = asyncio.ensure_future(read(client))
        for _ in range(chance.randrange(60)):
            await asyncio.sleep(0)
        if round_number % 3 == 0:
            await asyncio.sleep(chance.random() / 400)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.done()
    assert not client._open_replies and not client._connections._users
    await client.aclose()
    await until(lambda: server.open_count == 0)
    assert [t for t in asyncio.all_tasks() if t is not asyncio.current_task()] == []
    assert not [handle for handle in loop._scheduled if not handle.cancelled() and "Watchdog" in repr(handle)]
