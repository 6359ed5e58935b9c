"""Archives and collections for other programs: valid by their forms, without a key, and read back."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from key_scan import finds

from desktop.core.calls import Fate, Part
from desktop.core.errors import BadFile, BadInput
from desktop.core.wire.exchange import Attempt, Exchange
from desktop.core.wire.har import har
from desktop.core.wire.postman import SCHEMA, below, filled, postman, read_collection, variables_of

KEY = "sk-proj-Zq81mVx3TnLw0aBcDeFgHiJkLmNoPq"

pair = {"type": "object", "required": ["name", "value"], "properties": {"name": {"type": "string"},
        "value": {"type": "string"}}, "additionalProperties": False}  # fmt: skip
ms = {"type": "number", "minimum": -1}
HAR = {
    "type": "object",
    "required": ["log"],
    "properties": {
        "log": {
            "type": "object",
            "required": ["version", "creator", "entries"],
            "properties": {
                "version": {"const": "1.2"},
                "creator": {"type": "object", "required": ["name", "version"]},
                "entries": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["startedDateTime", "time", "request", "response", "cache", "timings"],
                        "properties": {
                            "startedDateTime": {
                                "type": "string",
                                "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d)$",
                            },
                            "time": {"type": "number", "minimum": 0},
                            "cache": {"type": "object"},
                            "timings": {
                                "type": "object",
                                "required": ["send", "wait", "receive"],
                                "properties": {
                                    "send": {"type": "number", "minimum": 0},
                                    "wait": {"type": "number", "minimum": 0},
                                    "receive": {"type": "number", "minimum": 0},
                                    **dict.fromkeys(("blocked", "dns", "connect", "ssl"), ms),
                                },
                            },
                            "request": {
                                "type": "object",
                                "required": ["method", "url", "httpVersion", "cookies", "headers", "queryString",
                                             "headersSize", "bodySize"],
                                "properties": {
                                    "headers": {"type": "array", "items": pair},
                                    "queryString": {"type": "array", "items": pair},
                                    "cookies": {"type": "array"},
                                    "url": {"type": "string"},
                                    "bodySize": {"type": "integer"},
                                    "postData": {
                                        "type": "object",
                                        "required": ["mimeType"],
                                        "properties": {
                                            "text": {"type": "string"},
                                            "params": {
                                                "type": "array",
                                                "items": {"type": "object", "required": ["name"]},
                                            },
                                        },
                                        "not": {"required": ["text", "params"]},
                                    },
                                },
                            },
                            "response": {
                                "type": "object",
                                "required": ["status", "statusText", "httpVersion", "cookies", "headers", "content",
                                             "redirectURL", "headersSize", "bodySize"],
                                "properties": {
                                    "status": {"type": "integer"},
                                    "headers": {"type": "array", "items": pair},
                                    "content": {"type": "object", "required": ["size", "mimeType"]},
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}  # fmt: skip


def exchange(body: bytes = b'{"model":"gpt-4o","n":1}', **fields) -> Exchange:
    made = {
        "call_id": "1", "started": 1_700_000_000_000_000, "method": "POST", "base_url": "https://h/v1",
        "url": "https://h/v1/chat/completions?limit=2", "model": "gpt-4o", "status": 200,
        "request_headers": (("Authorization", "…"), ("Content-Type", "application/json"), ("X-Own", "1")),
        "reply_headers": (("Content-Type", "application/json"),), "reply": b'{"ok":true}', "bytes_received": 11,
        "total_ms": 200.0, "fate": Fate.COMPLETE,
        "attempts": (Attempt(began_ms=0, status=503, wait_s=1, reason="busy"),
                     Attempt(began_ms=20, connect_start_ms=25, connect_end_ms=40, tls_start_ms=40, tls_end_ms=60,
                             sending_ms=61, sent_ms=65, first_byte_ms=150, status=200)),
    }  # fmt: skip
    return Exchange(body=body, **(made | fields))


def test_an_archive_is_valid_and_its_times_add_up():
    form = exchange(b"", parts=(Part("file", file_name="a.mp3", mime="audio/mpeg", size_bytes=3), Part("a", "b")))
    value = har([form, exchange(), exchange(attempts=(), total_ms=None, status=None, fate=Fate.OPEN)], "1")
    jsonschema.validate(value, HAR)
    entry = value["log"]["entries"][1]
    assert entry["startedDateTime"].startswith("2023-11-14T22:13:20.020")
    assert entry["timings"] == {"blocked": 5, "dns": -1, "connect": 35, "ssl": 20, "send": 4, "wait": 85, "receive": 50}
    assert entry["time"] == pytest.approx(200 - 20, abs=1.5)
    assert entry["comment"] == "Try 1: status 503."
    assert entry["request"]["postData"]["text"] == '{"model":"gpt-4o","n":1}'


def test_a_reused_connection_neither_connects_nor_secures():
    value = har([exchange(attempts=(Attempt(sending_ms=1, sent_ms=2, first_byte_ms=9),))], "1")
    timings = value["log"]["entries"][0]["timings"]
    assert (timings["connect"], timings["ssl"], timings["blocked"]) == (-1, -1, 1)


def test_a_collection_has_variables_and_comes_back():
    talk = exchange(b"", url="https://h/v1/audio/transcriptions", model="",
                    parts=(Part("model", "w"), Part("file", file_name="a.mp3", mime="audio/mpeg")))  # fmt: skip
    made = postman([exchange(), talk], "Mine")
    assert made["info"]["schema"] == SCHEMA
    assert {v["key"]: v["value"] for v in made["variable"]} == {
        "BASE_URL": "https://h/v1", "OPENAI_API_KEY": "", "MODEL": "gpt-4o"
    }  # fmt: skip
    request = made["item"][0]["request"]
    assert request["url"]["raw"] == "{{BASE_URL}}/chat/completions?limit=2"
    assert {"key": "Authorization", "value": "Bearer {{OPENAI_API_KEY}}"} in request["header"]
    assert request["body"]["raw"] == '{"model":"{{MODEL}}","n":1}'
    read = read_collection(json.dumps(made).encode())
    first, second = read.requests
    values = read.variables | {"MODEL": 'other "one"'}
    assert json.loads(filled(first.body, values, inside="json"))["model"] == 'other "one"'
    assert below(filled(first.url, values, inside="url"), "https://h/v1") == "/chat/completions?limit=2"
    assert first.headers == (("X-Own", "1"),)
    assert [(p.name, p.value, p.file_name) for p in second.parts] == [("model", "w", None), ("file", "", "a.mp3")]
    assert variables_of(first) == ("BASE_URL", "MODEL")


FOREIGN = {
    "info": {"name": "Shop", "schema": SCHEMA},
    "auth": {"type": "bearer", "bearer": [{"key": "token", "value": KEY}]},
    "event": [{"listen": "prerequest", "script": {"exec": ["pm.sendRequest('http://evil')"]}}],
    "variable": [{"key": "host", "value": "https://h/v1"}],
    "item": [
        {"name": "A", "item": [{"name": "B", "item": [{
            "name": "Ask", "event": [{"listen": "test", "script": {"exec": ["x"]}}],
            "request": {"method": "post", "auth": {"type": "noauth"},
                        "header": [{"key": "X-Off", "value": "1", "disabled": True}, {"key": "api-key", "value": KEY},
                                   {"key": "X-On", "value": "1"}],
                        "url": {"raw": "{{host}}/chat/completions?a=1&b=2", "query": [
                            {"key": "a", "value": "1"}, {"key": "b", "value": "2", "disabled": True}]},
                        "body": {"mode": "raw", "raw": "{\"m\":\"{{ m }}\"}"}}}]}]},
        {"name": "Form", "request": {"method": "POST", "url": "{{host}}/files", "body": {
            "mode": "formdata", "formdata": [
            {"key": "purpose", "value": "batch", "type": "text"}, {"key": "off", "value": "x", "disabled": True},
            {"key": "file", "type": "file", "src": "/etc/passwd"}]}}},
        {"name": "Coded", "request": {"method": "POST", "url": "{{host}}/x", "body": {
            "mode": "urlencoded", "urlencoded": [{"key": "a b", "value": "{{m}}&c"}]}}},
        {"name": "Graph", "request": {"url": "{{host}}/q", "body": {"mode": "graphql", "graphql": {}}}},
        {"name": "Short", "request": "https://h/v1/models"},
    ],
}  # fmt: skip


def test_a_foreign_collection_is_read_without_keys_and_its_scripts_are_named():
    read = read_collection(json.dumps(FOREIGN).encode())
    ask, form, coded, graph, short = read.requests
    assert (ask.folder, ask.method, ask.url) == (("A", "B"), "POST", "{{host}}/chat/completions?a=1")
    assert ask.headers == (("X-On", "1"),)
    assert [p.name for p in form.parts] == ["purpose", "file"] and form.parts[1].file_name == "passwd"
    assert coded.body == "a+b={{m}}%26c"
    assert (graph.body, short.method, short.url) == ("", "GET", "https://h/v1/models")
    said = " ".join(read.left_out)
    for named in ("script before the request of the collection", "test script of “Ask”", "sign-in of the collection",
                  "api-key of “Ask”", "passwd", "graphql"):  # fmt: skip
        assert named in said, named
    assert finds(KEY, repr(read)) == []
    with pytest.raises(BadInput, match="variable m has no value"):
        filled(ask.body, read.variables, inside="json")


@pytest.mark.parametrize(
    "url",
    ["https://evil/v1/x", "http://h/v1/x", "https://h:444/v1/x", "https://h/v2/x", "https://h@evil/v1/x",
     "https://h.evil/v1/x", "https://h/v1/../admin", "//h/v1/x", "", "file:///v1/x", "https://u:p@h/v1/x"],
)  # fmt: skip
def test_a_request_goes_nowhere_but_below_the_profiles_address(url):
    with pytest.raises(BadInput, match="not the profile's address"):
        below(url, "https://h/v1")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=4),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                        st.sampled_from(["item", "request", "url", "raw", "header", "body", "mode", "formdata", "key",
                                         "value", "auth", "event", "query", "variable", "name", "src", "type"]),
                        inner, max_size=4)))  # fmt: skip
def test_no_file_makes_the_reader_fail_otherwise_than_in_words(value):
    for made in (value, {"item": [value], "info": value}, {"item": [{"request": value}], "variable": value}):
        try:
            read_collection(json.dumps(made).encode())
        except BadFile as error:
            assert error.summary
