"""TRUST, section 8: the promises of the local server, row by row."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest
from quickness import quickest_now

from desktop.services import local_server as supervisor

ROOT = Path(__file__).resolve().parents[2]
HELLO = {"model": "local-echo", "messages": [{"role": "user", "content": "hello"}]}


def raw(port: int, request: bytes, *, limit_s: float = 60.0) -> bytes:
    """What the server answers to exactly these bytes, until it closes or the answer is whole."""
    with socket.create_connection(("127.0.0.1", port), timeout=limit_s) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
            head, found, body = answer.partition(b"\r\n\r\n")
            if found and len(body) >= int(_header(head, b"content-length") or 1 << 30):
                break
        return answer


def _header(head: bytes, name: bytes) -> bytes | None:
    lines = [line.split(b":", 1) for line in head.split(b"\r\n")[1:]]
    return next((value.strip() for key, value in lines if key.lower() == name), None)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def request(server, path="/v1/models", method="GET", *, host=None, extra=b"", body=b"") -> bytes:
    host = f"127.0.0.1:{server.port}" if host is None else host
    token = server.token.reveal()
    head = f"{method} {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n".encode("latin-1")
    return head + extra + b"\r\n" + body


# -- binds 127.0.0.1 and ::1 only, a free port


def listening(pid: int) -> set[tuple[str, int]]:
    tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    found = [c for p in tree for c in p.net_connections("inet") if c.status == psutil.CONN_LISTEN or not c.raddr]
    return {(c.laddr.ip, c.laddr.port) for c in found}


def test_listens_on_loopback_only_also_with_an_engine_loaded(local_server, local):
    local.post("chat/completions", json={**HELLO, "model": "smollm2-135m-instruct", "max_tokens": 1})
    assert len(psutil.Process(local_server.pid).children(recursive=True)) >= 1
    places = listening(local_server.pid)
    assert ("127.0.0.1", local_server.port) in places
    assert places <= {("127.0.0.1", local_server.port), ("::1", local_server.port)}


def test_there_is_no_setting_for_another_address():
    from desktop.local.handover import Handover

    assert not {"host", "address", "bind", "interface"} & set(Handover.__struct_fields__)


def test_the_other_loopback_address_answers_too(local_server):
    if ("::1", local_server.port) not in listening(local_server.pid):
        pytest.skip("this computer has no ::1")
    reply = httpx.get(f"http://[::1]:{local_server.port}/v1/models", headers=local_server.headers, trust_env=False)
    assert reply.status_code == 200


# -- every request needs this run's token in Authorization


def wrong_tokens(token: str) -> dict[str, bytes]:
    return {
        "absent": b"",
        "empty": b"authorization: Bearer \r\n",
        "nothing": b"authorization:\r\n",
        "short": b"authorization: Bearer " + token[:-1].encode() + b"\r\n",
        "long": b"authorization: Bearer " + token.encode() + b"x\r\n",
        "other case": b"authorization: Bearer " + token.swapcase().encode() + b"\r\n",
        "no scheme": b"authorization: " + token.encode() + b"\r\n",
        "other scheme": b"authorization: Basic " + token.encode() + b"\r\n",
        "cookie": b"cookie: token=" + token.encode() + b"; authorization=Bearer " + token.encode() + b"\r\n",
        "api-key": b"api-key: " + token.encode() + b"\r\nx-api-key: " + token.encode() + b"\r\n",
        "twice": (b"authorization: Bearer " + token.encode() + b"\r\n") * 2,
        "not ascii": b"authorization: Bearer \xff\xfe\r\n",
    }


@pytest.mark.parametrize("name", wrong_tokens("x" * 43))
def test_without_the_token_nothing_is_answered(local_server, name):
    extra = wrong_tokens(local_server.token.reveal())[name]
    for path in ("/v1/models", "/v1/davenport/engines", "/", "/health", "/v1/nowhere"):
        head = f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{local_server.port}\r\n".encode() + extra + b"\r\n"
        answer = raw(local_server.port, head)
        assert status_of(answer) == 401, answer
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "invalid_api_key"


def test_the_token_is_not_taken_from_the_address(local_server):
    token = local_server.token.reveal()
    for query in (f"?token={token}", f"?authorization=Bearer%20{token}", f"?api_key={token}"):
        url = f"{local_server.origin}/v1/models{query}"
        assert httpx.get(url, trust_env=False).status_code == 401


def test_the_token_has_256_bits_and_another_one_each_run(tmp_path):
    tokens = {supervisor.LocalServer(tmp_path).token.reveal() for _ in range(20)}
    assert len(tokens) == 20 and all(len(token) >= 43 for token in tokens)


def test_the_token_is_in_no_argument_and_no_environment(local_server):
    token = local_server.token.reveal()
    tree = [psutil.Process(local_server.pid), *psutil.Process(local_server.pid).children(recursive=True)]
    for process in tree:
        assert token not in " ".join(process.cmdline())
        assert token not in json.dumps(process.environ())
    assert token not in json.dumps(dict(os.environ))


def test_the_user_s_cloud_key_does_not_reach_the_server(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-canary-canary")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:word@proxy.example")
    shown = json.dumps(supervisor.environment())
    assert "canary" not in shown and "proxy.example" not in shown


# -- Host exactly ours, Origin ours, no cross-site metadata, no access-control headers


def foreign_hosts(port: int) -> list[str]:
    return [
        "",
        "localhost",
        f"localhost:{port}",
        "127.0.0.1",
        "127.0.0.1:80",
        f"127.0.0.1:{port + 1}",
        f"127.0.0.2:{port}",
        f"0.0.0.0:{port}",
        f"127.1:{port}",
        f"2130706433:{port}",
        f"0x7f.0.0.1:{port}",
        f"127.0.0.1.:{port}",
        f"127.0.0.1:{port}.example.com",
        f"example.com:{port}",
        "example.com",
        f"127.0.0.1.example.com:{port}",
        f"user@127.0.0.1:{port}",
        f"127.0.0.1:0{port}",
        f"[::]:{port}",
        f"::1:{port}",
        f"[::ffff:127.0.0.1]:{port}",
        f"http://127.0.0.1:{port}",
    ]


@pytest.mark.parametrize("number", range(len(foreign_hosts(0))))
def test_a_host_that_is_not_exactly_ours_gets_421(local_server, number):
    host = foreign_hosts(local_server.port)[number]
    answer = raw(local_server.port, request(local_server, host=host))
    assert status_of(answer) == 421 or (status_of(answer) == 400 and b"cannot be read" not in answer), (host, answer)
    assert b"smollm2" not in answer


def test_a_host_named_twice_or_not_at_all_is_refused(local_server):
    twice = f"host: 127.0.0.1:{local_server.port}\r\n".encode()
    assert status_of(raw(local_server.port, request(local_server, extra=twice))) in (400, 421)
    head = f"GET /v1/models HTTP/1.0\r\nauthorization: Bearer {local_server.token.reveal()}\r\n\r\n".encode()
    assert status_of(raw(local_server.port, head)) == 421


def foreign_origins(port: int) -> list[str]:
    return [
        "null",
        "https://example.com",
        "http://example.com",
        f"http://example.com:{port}",
        "http://localhost",
        f"http://localhost:{port}",
        f"https://127.0.0.1:{port}",
        "http://127.0.0.1",
        f"http://127.0.0.1:{port + 1}",
        f"http://127.0.0.1:{port}/",
        f"http://127.0.0.1:{port}.example.com",
        f"http://127.0.0.1.example.com:{port}",
        f"HTTP://127.0.0.1:{port}",
        f"http://user@127.0.0.1:{port}",
        f"http://127.0.0.2:{port}",
        f"http://[::1]:{port + 1}",
        "file://",
        "chrome-extension://abcdefgh",
        "data:",
        "",
        f"http://127.0.0.1:{port}, https://example.com",
    ]


@pytest.mark.parametrize("number", range(len(foreign_origins(0))))
def test_an_origin_that_is_not_ours_gets_403(local_server, number):
    origin = foreign_origins(local_server.port)[number]
    answer = raw(local_server.port, request(local_server, extra=f"origin: {origin}\r\n".encode()))
    assert status_of(answer) == 403, origin
    assert b"access-control" not in answer.lower()


@pytest.mark.parametrize("site", ["cross-site", "same-site", "CROSS-SITE", ""])
def test_cross_site_fetch_metadata_gets_403(local_server, site):
    answer = raw(local_server.port, request(local_server, extra=f"sec-fetch-site: {site}\r\n".encode()))
    assert status_of(answer) == 403


def test_our_own_origin_passes_and_still_gets_no_access_control_headers(local_server):
    extra = f"origin: {local_server.origin}\r\nsec-fetch-site: same-origin\r\n".encode()
    answer = raw(local_server.port, request(local_server, extra=extra))
    assert status_of(answer) == 200 and b"access-control" not in answer.lower()


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models", "/v1/audio/transcriptions"])
@pytest.mark.parametrize("has_token", [True, False])
def test_preflights_are_refused_without_access_control_headers(local_server, path, has_token):
    extra = (
        b"origin: https://example.com\r\naccess-control-request-method: POST\r\n"
        b"access-control-request-headers: authorization\r\naccess-control-request-private-network: true\r\n"
    )
    whole = request(local_server, path, "OPTIONS", extra=extra)
    if not has_token:
        whole = whole.replace(b"authorization: Bearer", b"x-nothing: Bearer")
    answer = raw(local_server.port, whole)
    assert status_of(answer) == 403 and b"access-control" not in answer.lower()


# -- POST only as application/json (forms on the routes that take files)


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/jsonp"],
)
def test_a_post_that_a_web_form_could_send_is_refused(local, kind):
    body = json.dumps(HELLO).encode()
    reply = local.post("chat/completions", content=body, headers={"content-type": kind})
    assert reply.status_code == 415


def test_a_post_without_a_body_needs_no_type(local_server):
    extra = b"content-length: 0\r\n"
    answer = raw(local_server.port, request(local_server, "/v1/davenport/engines/speech/stop", "POST", extra=extra))
    assert status_of(answer) == 200


# -- bounds


def test_a_head_over_64_kib_is_refused(local_server):
    answer = raw(local_server.port, request(local_server, extra=b"x-long: " + b"a" * 70_000 + b"\r\n"))
    assert status_of(answer) == 400
    assert status_of(raw(local_server.port, request(local_server, extra=b"x-long: " + b"a" * 50_000 + b"\r\n"))) == 200


def test_a_body_over_32_mib_is_refused_before_it_is_read(local_server):
    extra = f"content-type: application/json\r\ncontent-length: {32 * 1024 * 1024 + 1}\r\n".encode()
    answer = raw(local_server.port, request(local_server, "/v1/chat/completions", "POST", extra=extra))
    assert status_of(answer) == 413


def test_a_chunked_body_is_stopped_at_32_mib(local_server):
    extra = b"content-type: application/json\r\ntransfer-encoding: chunked\r\n"
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", local_server.port), timeout=10) as connection:
        connection.sendall(request(local_server, "/v1/chat/completions", "POST", extra=extra))
        try:
            for _ in range(40):
                connection.sendall(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass
        try:
            answer = connection.recv(65536)
        except ConnectionResetError:
            answer = b""
    assert answer == b"" or status_of(answer) == 413
    assert psutil.Process(local_server.pid).memory_info().rss < 250 * 1024 * 1024


def test_the_seventeenth_connection_is_turned_away_and_the_room_comes_back(local_server):
    held = [socket.create_connection(("127.0.0.1", local_server.port), timeout=60) for _ in range(16)]
    try:
        answers = [raw(local_server.port, request(local_server)) for _ in range(2)]
        assert 503 in [status_of(answer) for answer in answers]
    finally:
        for connection in held:
            connection.close()
    deadline = time.monotonic() + 8  # sooner than the heads of those that were held run out of time
    while status_of(raw(local_server.port, request(local_server))) != 200:
        assert time.monotonic() < deadline


@pytest.fixture
def own_server():
    """A server of the test's own, to be half-opened, killed and looked at; its limit for a head is shortened."""
    made = []

    def start(*, code: str = "", parent: int | None = None):
        token = secrets.token_urlsafe(32)
        run = "import sys; from desktop.local.__main__ import main; " + code + "sys.exit(main(sys.argv[1:]))"
        arguments = [sys.executable, "-c", run, "--parent-pid", str(parent or os.getpid())]
        pipe = subprocess.PIPE
        environment = {**supervisor.environment()}
        process = subprocess.Popen(arguments, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=environment)
        made.append(process)
        process.stdin.write(json.dumps({"token": token}).encode() + b"\n")
        process.stdin.flush()
        port = json.loads(process.stdout.readline())["port"]
        return process, port, token

    yield start
    for process in made:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def test_half_open_connections_are_closed_when_the_head_takes_too_long(own_server):
    _, port, _token = own_server(code="from desktop.local import serve; serve.HEAD_S = 0.5; ")
    for start in (b"", b"GET /v1/models HTTP/1.1\r\n", b"G"):
        answer = raw(port, start)
        assert answer == b"" or status_of(answer) == 408
    dripped = socket.create_connection(("127.0.0.1", port), timeout=60)
    with dripped:
        dripped.settimeout(0.1)
        is_open, until = True, time.monotonic() + 30  # a limit of silence alone would never be reached
        while is_open and time.monotonic() < until:
            try:
                dripped.sendall(b"x")
                is_open = bool(dripped.recv(100))
            except TimeoutError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                is_open = False
    assert not is_open


def test_ten_seconds_is_what_a_head_may_take():
    from desktop.local import serve

    assert (serve.HEAD_S, serve.HEAD_BYTES, serve.CONNECTIONS) == (10.0, 64 * 1024, 16)


SMUGGLED = b"GET /v1/davenport/engines HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.mark.parametrize(
    "extra",
    [
        b"content-length: 5\r\ncontent-length: 6\r\n",
        b"content-length: 5\r\ncontent-length: 5\r\n",
        b"content-length: 5\r\ntransfer-encoding: chunked\r\n",
        b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
        b"transfer-encoding: xchunked\r\n",
        b"content-length: +5\r\n",
        b"content-length: -5\r\n",
        b"content-length: 5, 5\r\n",
        b"content-length: 0x5\r\n",
        b"content-length: 99999999999999999999\r\n",
        b"content-length : 5\r\n",
        b"content-length: 5\r\n transfer-encoding: chunked\r\n",
    ],
)
def test_smuggled_lengths_are_refused_and_the_connection_closed(local_server, extra):
    head = request(local_server, "/v1/chat/completions", "POST", extra=b"content-type: application/json\r\n" + extra)
    with socket.create_connection(("127.0.0.1", local_server.port), timeout=60) as connection:
        connection.sendall(head + b"0\r\n\r\n" + SMUGGLED)
        answer = b""
        try:
            while chunk := connection.recv(65536):
                answer += chunk
        except ConnectionResetError:
            pass
    assert answer.count(b"HTTP/1.1 ") == 1
    assert 400 <= status_of(answer) < 500 or status_of(answer) == 501


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/..",
        "/v1/models/../davenport/engines",
        "/v1/models/%2e%2e/davenport/engines",
        "/v1/models/..%2f..%2fetc%2fpasswd",
        "/v1/models/%2e%2e%2f%2e%2e%2fetc",
        "/v1/models/a%00b",
        "/v1/models/a%0d%0ab",
        "/v1/models/a%5cb",
        "/v1/models/%252e%252e",
        "/v1//models",
        "//127.0.0.1/v1/models",
        "/v1/models/",
        "/v1/models/" + "a" * 201,
        "/v1/responses/%20",
        "/v1/responses/caf%C3%A9",
        "/v1/models/x;y",
        "/v1/models/%",
        "http://example.com/v1/models",
    ],
)
def test_climbing_and_hidden_paths_are_refused(local_server, path):
    answer = raw(local_server.port, request(local_server, path))
    assert status_of(answer) in (400, 404) and b'"error"' in answer
    assert b"root:" not in answer and b"smollm2" not in answer


# -- ends with the application


def is_gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def seconds_until_gone(*processes: psutil.Process) -> float:
    """60 where one stays."""
    began = time.monotonic()
    while not all(is_gone(each) for each in processes) and time.monotonic() < began + 60:
        time.sleep(0.02)
    return min(time.monotonic() - began, 60.0)


PARENT = """
import asyncio, sys
from pathlib import Path
from desktop.services.local_server import LocalServer
import httpx
async def main():
    server = LocalServer(Path(sys.argv[1]))
    await server.start()
    async with httpx.AsyncClient(headers={"authorization": "Bearer " + server.token.reveal()}, timeout=600) as client:
        body = {"model": "smollm2-135m-instruct", "messages": [{"role": "user", "content": "hi"}], "stream": True}
        async with client.stream("POST", server.base_url + "/chat/completions", json=body) as reply:
            async for line in reply.aiter_lines():
                print(server.pid, flush=True)
                await asyncio.sleep(60)
asyncio.run(main())
"""


def test_kill_the_parent_and_server_and_engine_are_gone_in_three_seconds(tmp_path):
    arguments = [sys.executable, "-c", PARENT, str(tmp_path)]

    def kill() -> float:
        parent = subprocess.Popen(arguments, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)})
        try:
            server = psutil.Process(int(parent.stdout.readline()))
            tree = [server, *server.children(recursive=True)]
            assert len(tree) == 2, "the engine is at work in a process of its own"
            os.kill(parent.pid, signal.SIGKILL)
            return seconds_until_gone(*tree)
        finally:
            parent.kill()
            parent.wait()
            parent.stdout.close()

    assert quickest_now(kill, 3.0) < 3.0


def test_a_vanished_parent_ends_it_even_if_its_input_stays_open(own_server):
    def vanish() -> float:
        stand_in = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        process, _, _ = own_server(parent=stand_in.pid)
        stand_in.kill()
        stand_in.wait()
        stand_in.stdin.close()
        return seconds_until_gone(psutil.Process(process.pid))

    assert quickest_now(vanish, 3.0) < 3.0


def test_it_ends_when_its_input_closes(own_server):
    process, _, _ = own_server()
    process.stdin.close()
    assert process.wait(60) == 0


def test_it_steps_back_behind_the_window(local_server):
    if sys.platform != "win32":
        assert psutil.Process(local_server.pid).nice() >= 5


# -- nothing leaves this computer


SEALED = """
import socket
real = socket.socket.connect
def connect(self, address):
    if self.family != getattr(socket, "AF_UNIX", None) and address[0] not in ("127.0.0.1", "::1"):
        open(CANARY, "a").write(repr(address))
        raise OSError("sockets are sealed")
    return real(self, address)
socket.socket.connect = socket.socket.connect_ex = connect
def getaddrinfo(host, *more, **options):
    open(CANARY, "a").write("lookup " + repr(host))
    raise OSError("names are sealed")
socket.getaddrinfo = getaddrinfo
"""


def test_with_every_socket_but_loopback_closed_every_endpoint_answers(tmp_path, monkeypatch):
    import asyncio

    canary = tmp_path / "canary"
    sealed = tmp_path / "sealed"
    sealed.mkdir()
    (sealed / "sitecustomize.py").write_text(f"CANARY = {str(canary)!r}\n{SEALED}")
    real = supervisor.environment
    path = f"{sealed}{os.pathsep}{ROOT}"
    monkeypatch.setattr(supervisor, "environment", lambda: {**real(), "PYTHONPATH": path})

    async def tour() -> list[int]:
        server = supervisor.LocalServer(tmp_path)
        await server.start()
        headers = {"authorization": f"Bearer {server.token.reveal()}"}
        try:
            async with httpx.AsyncClient(
                base_url=server.base_url, headers=headers, timeout=600, trust_env=False
            ) as client:
                chat = {**HELLO, "model": "smollm2-135m-instruct", "max_tokens": 2}
                speech = {"model": "piper-joe", "input": "Hello there.", "voice": "joe", "response_format": "wav"}
                spoken = await client.post("audio/speech", json=speech)
                files = {"file": ("a.wav", spoken.content)}
                text = {"model": "smollm2-135m-instruct"}
                replies = [
                    spoken,
                    await client.get("models"),
                    await client.get("davenport/engines"),
                    await client.post("chat/completions", json=chat),
                    await client.post("completions", json={**text, "prompt": "a", "max_tokens": 1}),
                    await client.post("responses", json={**text, "input": "a", "max_output_tokens": 16}),
                    await client.post("responses/input_tokens", json={**text, "input": "a"}),
                    await client.post("embeddings", json={"model": "wordllama-256", "input": "a"}),
                    await client.post("audio/transcriptions", data={"model": "whisper-tiny.en"}, files=files),
                ]
                return [reply.status_code for reply in replies]
        finally:
            await server.aclose()

    assert asyncio.run(tour()) == [200] * 9
    assert not canary.exists(), canary.read_text()
