"""Copied programs are run for real: curl and httpx against a strict server, the SDKs' read by their compilers."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core.calls import Part
from desktop.core.errors import BadInput
from desktop.core.wire.curl import curl
from desktop.core.wire.exchange import Exchange
from desktop.core.wire.snippets import javascript_openai, python_httpx, python_openai

HOSTILE = 'it\'s "q" $HOME `id` $(id) \\ \n\t%s %d ;|&<>*?[] {a,b} !! # é 漢 😀 \u2028 \'\'\'"""'


def exchange(server, path, body=None, *, method="POST", parts=(), headers=(), is_stream=False) -> Exchange:
    content = b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    sent = (("Authorization", "…"), *((("Content-Type", "application/json"),) if content else ()), *headers)
    kind = "text/event-stream" if is_stream else "application/json"
    return Exchange(call_id="1", started=0, method=method, url=server + path, base_url=server, request_headers=sent,
                    body=content, parts=parts, reply_headers=(("Content-Type", kind),))  # fmt: skip


def calls(server):
    chat = {"model": "gpt-4o", "messages": [{"role": "user", "content": HOSTILE}]}
    talk = Part("file", file_name='my talk\'s "best".mp3', mime="audio/mpeg")
    return {
        "chat": exchange(server, "/chat/completions", chat),
        "stream": exchange(server, "/chat/completions", chat | {"stream": True}, is_stream=True),
        "embeddings": exchange(server, "/embeddings", {"model": "text-embedding-3-small", "input": [HOSTILE, "b"]}),
        "long": exchange(server, "/embeddings", {"model": "text-embedding-3-small", "input": HOSTILE * 4000}),
        "form": exchange(
            server, "/audio/transcriptions", parts=(talk, Part("model", "whisper-1"), Part("prompt", HOSTILE))
        ),
        "list": exchange(server, "/models", method="GET"),
        "query": exchange(server, "/files?limit=2&order=asc", method="GET"),
        "delete": exchange(server, "/files/file-abc", method="DELETE"),
        "header": exchange(server, "/models", method="GET", headers=(("OpenAI-Project", "proj_a'b"),)),
    }


NAMES = list(calls(""))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'my talk\'s "best".mp3').write_bytes(b"ID3sound")
    return tmp_path


def run(command: list[str], folder, given: str | None = None) -> str:
    environment = {"PATH": os.environ["PATH"], "OPENAI_API_KEY": "sk-of-the-environment", "HOME": str(folder)}
    done = subprocess.run(
        command, cwd=folder, input=given, capture_output=True, text=True, timeout=240, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def accepted(api, call: Exchange) -> None:
    """The strict server took the request, and it said what it should."""
    entry = api.log[-1]
    assert (entry["status"], entry["problems"]) == (200, [])
    assert entry["method"] == call.method
    if call.body:
        assert entry["body"] == json.loads(call.body)
    if call.parts:
        assert entry["body"]["prompt"] == HOSTILE


@pytest.mark.skipif(shutil.which("curl") is None and "CI" not in os.environ, reason="curl is not installed")
@pytest.mark.parametrize("name", NAMES)
def test_copied_curl_is_run_by_a_real_shell_and_accepted(api, folder, name):
    call = calls(api.url)[name]
    told = run(["sh"], folder, given=curl(call).replace("curl ", "curl -sS --noproxy '*' ", 1))
    accepted(api, call)
    assert told
    if name == "stream":
        assert told.rstrip().endswith("data: [DONE]")


@pytest.mark.parametrize("name", NAMES)
def test_copied_httpx_program_is_run_and_accepted(api, folder, name):
    call = calls(api.url)[name]
    told = run([sys.executable, "-c", "import sys; exec(compile(sys.stdin.read(), 'x', 'exec'))"], folder,
               given=python_httpx(call))  # fmt: skip
    accepted(api, call)
    assert ("[DONE]" if name == "stream" else "200 {") in told


@pytest.mark.parametrize("name", NAMES)
def test_copied_sdk_programs_are_read_by_their_compilers(tmp_path, name):
    call = calls("https://api.example.com/v1")[name]
    tree = ast.parse(python_openai(call))
    calls_made = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert any(made.startswith("client.") for made in calls_made)
    node = shutil.which("node")
    if node is None:
        assert "CI" not in os.environ, "Node must be there"
        pytest.skip("Node is not installed")
    (tmp_path / "call.mjs").write_text(javascript_openai(call), encoding="utf-8")
    subprocess.run([node, "--check", "call.mjs"], cwd=tmp_path, check=True, capture_output=True, timeout=240)


def test_what_the_sdk_does_not_know_goes_beside_and_values_are_exact():
    body = {"model": "m", "messages": [], "top_k": 5, "not a name": None, "temperature": 0.1, "class": True}
    tree = ast.parse(python_openai(exchange("https://h/v1", "/chat/completions", body)))
    call = next(n for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func).endswith("create"))
    given = {each.arg: ast.literal_eval(each.value) for each in call.keywords}
    assert given.pop("extra_body") == {"top_k": 5, "not a name": None, "class": True}
    assert given == {"model": "m", "messages": [], "temperature": 0.1}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
)


@given(st.dictionaries(st.text(max_size=8), json_values, max_size=4))
def test_any_body_becomes_a_program_with_the_same_values(body):
    try:
        content = json.dumps(body).encode()
    except UnicodeEncodeError:
        return
    call = Exchange(call_id="1", started=0, method="POST", url="https://h/v1/embeddings", base_url="https://h/v1",
                    body=content)  # fmt: skip
    made = next(n for n in ast.walk(ast.parse(python_openai(call))) if isinstance(n, ast.Call) and
                ast.unparse(n.func) == "client.embeddings.create")  # fmt: skip
    given = {each.arg: ast.literal_eval(each.value) for each in made.keywords}
    assert given.pop("extra_body", {}) | given == body
    ast.parse(python_httpx(call))


def test_a_body_that_is_no_object_is_refused_for_the_sdks_but_not_for_httpx():
    call = Exchange(call_id="1", started=0, method="POST", url="https://h/v1/x", base_url="https://h/v1", body=b"[1")
    for write in (python_openai, javascript_openai):
        with pytest.raises(BadInput):
            write(call)
    assert "content='[1'.encode()" in python_httpx(call) or "content=b'[1'" in python_httpx(call)


def test_a_key_of_an_object_cannot_change_what_the_object_is():
    text = javascript_openai(exchange("https://h/v1", "/embeddings", {"__proto__": {"a": 1}, "input": "x"}))
    assert '["__proto__"]: ' in text
