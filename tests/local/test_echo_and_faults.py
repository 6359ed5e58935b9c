"""The scripted model and the scripted faults: what pages are tested against."""

from __future__ import annotations

import time

import httpx
import pytest
from local_events import events_of, text_of
from quickness import quickest_now

HELLO = [{"role": "user", "content": "one two  three\nfour"}]


def echo(local, name="local-echo", fault=None, messages=HELLO, **body):
    headers = {"x-local-fault": fault} if fault else {}
    return local.post("chat/completions", json={"model": name, "messages": messages, **body}, headers=headers)


def test_echo_says_the_last_message_back_word_by_word(judged):
    body = {"model": "local-echo", "messages": HELLO, "stream": True, "stream_options": {"include_usage": True}}
    reply = judged("POST", "chat/completions", json=body)
    assert text_of(reply) == HELLO[0]["content"]
    assert events_of(reply)[-1]["usage"]["completion_tokens"] == 4


def test_echo_shows_a_named_sample(local):
    said = [{"role": "user", "content": "sample:code"}]
    assert "```python" in echo(local, messages=said).json()["choices"][0]["message"]["content"]
    said = [{"role": "user", "content": "sample:nothing"}]
    assert "unicode" in echo(local, messages=said).json()["choices"][0]["message"]["content"]


def test_echo_keeps_its_rate(local):
    said = [{"role": "user", "content": "flood"}]

    def flood() -> float:
        began = time.monotonic()
        reply = echo(local, "local-echo@200", messages=said, max_completion_tokens=100, stream=True)
        took = time.monotonic() - began
        assert sum(bool(c["choices"][0]["delta"].get("content")) for c in events_of(reply)) == 100
        return took

    assert 0.4 < quickest_now(flood, 1.5) < 1.5


def test_echo_floods_without_a_rate_until_its_limit(local):
    said = [{"role": "user", "content": "flood"}]
    reply = echo(local, messages=said, max_completion_tokens=2000, stream=True)
    chunks = events_of(reply)
    assert chunks[-1]["choices"][0]["finish_reason"] == "length" and len(chunks) == 2002


def test_echo_stops_at_a_stop_word(local):
    reply = echo(local, stop=["three"]).json()["choices"][0]
    assert (reply["message"]["content"], reply["finish_reason"]) == ("one two  ", "stop")


def test_echo_can_call_a_tool_on_request(judged):
    said = [{"role": "user", "content": 'call: find {"what": "boats"}'}]
    tool = {"type": "function", "function": {"name": "find", "parameters": {"type": "object", "properties": {}}}}
    body = {"model": "local-echo", "messages": said, "tools": [tool]}
    choice = judged("POST", "chat/completions", json=body).json()["choices"][0]
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "find", "arguments": '{"what": "boats"}'}


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("429", 429, "rate_limit_exceeded"),
        ("quota", 429, "insufficient_quota"),
        ("500", 500, None),
        ("503", 503, "overloaded"),
        ("401", 401, "invalid_api_key"),
        ("context", 400, "context_length_exceeded"),
    ],
)
def test_a_status_can_be_scripted_by_header_or_by_name(judged, local, fault, status, code):
    for reply in (echo(local, fault=fault), echo(local, f"local-echo:{fault}"), echo(local, "local-echo@9:" + fault)):
        assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)
    body = {"model": "local-echo", "messages": HELLO}
    judged("POST", "chat/completions", json=body, headers={"x-local-fault": fault})


def test_a_rate_limit_says_how_long_to_wait_and_passes_after_its_times(local):
    fault = "429; times=2; seconds=3"
    replies = [echo(local, fault=fault) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [429, 429, 200]
    assert replies[0].headers["retry-after"] == "3"
    assert replies[0].headers["x-ratelimit-remaining-requests"] == "0"
    assert "retry-after" not in echo(local, fault="quota").headers


def test_a_proxy_s_page_can_be_scripted(local):
    reply = echo(local, fault="html")
    assert reply.status_code == 502 and reply.headers["content-type"].startswith("text/html")


def test_a_cut_stream_ends_without_its_end(local):
    reply = echo(local, fault="cut", stream=True)
    assert "[DONE]" not in reply.text and 'finish_reason":"' not in reply.text and "one" in reply.text


def test_a_disconnect_breaks_the_transfer_itself(local):
    with pytest.raises(httpx.RemoteProtocolError):
        echo(local, fault="disconnect", stream=True)
    with pytest.raises(httpx.RemoteProtocolError):
        echo(local, fault="disconnect")


def test_a_stalled_stream_says_nothing_more(local):
    with (
        pytest.raises(httpx.ReadTimeout),
        local.stream(
            "POST",
            "chat/completions",
            json={"model": "local-echo:stall", "messages": HELLO, "stream": True},
            timeout=0.5,
        ) as reply,
    ):
        for _ in reply.iter_bytes():
            pass


def test_pings_alone_keep_a_stream_alive(local):
    lines = []
    body = {"model": "local-echo", "messages": HELLO, "stream": True}
    headers = {"x-local-fault": "ping; seconds=0.05"}
    with local.stream("POST", "chat/completions", json=body, headers=headers) as reply:
        for line in reply.iter_lines():
            lines.append(line)
            if lines.count(": alive") == 3:
                break
    assert lines.count(": alive") == 3


def test_a_slow_stream_takes_its_time(local):
    began = time.monotonic()
    echo(local, fault="slow; seconds=0.05", stream=True)
    assert time.monotonic() - began > 0.3


def test_one_broken_event_comes_between_good_ones(local):
    reply = echo(local, fault="broken", stream=True)
    assert "half an ev\n\n" in reply.text and reply.text.endswith("data: [DONE]\n\n")


def test_done_can_be_left_out(local):
    reply = echo(local, fault="nodone", stream=True)
    assert '"finish_reason":"stop"' in reply.text and "[DONE]" not in reply.text


def test_an_error_can_come_inside_a_stream(local):
    chunks = events_of(echo(local, fault="error", stream=True))
    assert chunks[-1]["error"]["type"] == "server_error"
    body = {"model": "local-echo", "input": "one two", "stream": True}
    events = events_of(local.post("responses", json=body, headers={"x-local-fault": "error"}))
    assert events[-1]["type"] == "error"


def test_a_fault_that_there_is_not_is_named(local):
    reply = echo(local, fault="gremlins")
    assert reply.status_code == 400 and "gremlins" in reply.json()["error"]["message"]
    assert echo(local, "local-echo:gremlins").status_code == 404


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "messages"),
        ({"messages": HELLO, "temperature": 3}, "temperature"),
        ({"messages": HELLO, "stop": ["a"] * 5}, "stop"),
        ({"messages": HELLO, "colour": "red"}, "colour"),
        ({"messages": [{"role": "ghost", "content": "boo"}]}, "messages[0].role"),
        ({"messages": HELLO, "stream_options": {"include_usage": True}}, "stream_options"),
        ({"messages": HELLO, "top_logprobs": 2}, "top_logprobs"),
    ],
)
def test_a_wrong_parameter_is_named(judged, body, param):
    reply = judged("POST", "chat/completions", json={"model": "local-echo", **body}, good_request=False)
    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == param


def test_what_is_no_json_is_refused(local):
    for raw in (b"{", b"[]", b"\xff\xfe", b"[" * 100_000):
        reply = local.post("chat/completions", content=raw, headers={"content-type": "application/json"})
        assert reply.status_code == 400, raw[:10]
