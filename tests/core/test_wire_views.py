"""What a call holds, as it is read: laid out, by events with their times, by reference, compared."""

from __future__ import annotations

import base64
import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from desktop.core.calls import Part
from desktop.core.usage import Usage
from desktop.core.wire import endpoints
from desktop.core.wire.difference import CHANGES, Section, Sign, difference
from desktop.core.wire.exchange import Exchange, Stamps
from desktop.core.wire.references import moved, parts_of, references, restored, shortened
from desktop.core.wire.request import form
from desktop.core.wire.usage import usage_of
from desktop.core.wire.views import events, joined, pretty, raw, reply_view, request_view

STREAM = (("Content-Type", "text/event-stream"),)


def exchange(body: bytes = b"", reply: bytes = b"", **fields) -> Exchange:
    fields = {"url": "https://h/v1/chat/completions", "base_url": "https://h/v1"} | fields
    return Exchange(call_id="1", started=0, method="POST", body=body, reply=reply, **fields)


def test_json_is_laid_out_with_every_key_and_number_as_it_was_written():
    view = pretty(b'{"a":1e400,"a":[{},[]],"b":12345678901234567890.10,"c":"\\u00e9 \xe6\xbc\xa2"}')
    assert view.text == (
        '{\n  "a": 1e400,\n  "a": [\n    {},\n    []\n  ],\n  "b": 12345678901234567890.10,\n  "c": "é 漢"\n}'
    )
    assert view.note == ""


@given(st.binary(max_size=300))
def test_no_bytes_make_a_view_fail(data):
    made = exchange(data, data, reply_headers=STREAM, stamps=Stamps((1, 5), (3, len(data))))
    for view in (pretty(data), raw(data), request_view(made), reply_view(made)):
        assert isinstance(view.text, str)
    events(made), joined(made), usage_of(made)
    difference(made, exchange(b'{"a": 1}'))


def test_deep_json_and_large_bodies_are_shown_plain():
    assert pretty(b"[" * 100_000).text.startswith("[[[")
    assert pretty(b'{"a": "' + b"x" * 100 + b'"}', bound=50).note.startswith("Too large")
    assert "no text" in raw(bytes(1000)).note


def test_events_carry_the_time_at_which_their_last_byte_came():
    first, second, third = b"event: a\ndata: one\n\n", b": ping\n\ndata: two\r\n", b"data: three\r\n\r\n"
    ends = (len(first) - 4, len(first) + len(second), len(first + second + third))
    made = exchange(reply=first + second + third, stamps=Stamps((10, 25, 40), ends), reply_headers=STREAM)
    assert [(e.ms, e.name, e.data) for e in events(made)] == [
        (25.0, "a", "one"),
        (25.0, "comment", "ping"),
        (40.0, "", "two\nthree"),
    ]
    assert sum(e.size_bytes for e in events(made)) == len(made.reply)
    assert events(exchange(reply=first))[0].ms is None


def test_a_stream_is_joined_to_its_text_and_names_its_usage():
    pieces = [{"choices": [{"delta": {"content": text}}]} for text in ("Hel", "lo")]
    pieces.append({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2,
                                            "prompt_tokens_details": {"cached_tokens": 4}}})  # fmt: skip
    reply = b"".join(b"data: " + json.dumps(piece).encode() + b"\n\n" for piece in pieces) + b"data: [DONE]\n\n"
    made = exchange(reply=reply, reply_headers=STREAM)
    assert joined(made) == "Hello"
    usage, _ = usage_of(made)
    assert (usage.input, usage.cached, usage.output) == (9, 4, 2)
    usage, tier = usage_of(exchange(reply=b'{"service_tier":"flex","usage":{"input_tokens":5,"output_tokens":true}}'))
    assert (usage.input, usage.output, tier) == (5, 0, "flex")


def test_what_is_charged_by_the_piece_is_counted_where_the_reply_names_no_usage():
    speech = {"url": "https://h/v1/audio/speech", "body": '{"input":"Héron","voice":"alloy"}'.encode(), "status": 200}
    assert usage_of(exchange(**speech, reply=b"ID3")) == (Usage(characters=5), "")
    assert usage_of(exchange(**{**speech, "status": 400}, reply=b"{}")) == (None, "")
    made = {"url": "https://h/v1/images/generations", "status": 200, "reply": b'{"data":[{"url":"a"},{"url":"b"}]}'}
    assert usage_of(exchange(**made)) == (Usage(images=2), "")
    assert usage_of(exchange(url="https://h/v1/models", status=200, reply=b'{"data":[{}]}')) == (None, "")


def test_pictures_are_kept_by_reference_and_come_back_exactly():
    picture = bytes(range(256)) * 20
    url = "data:image/png;base64," + base64.b64encode(picture).decode()
    body = json.dumps({"a": url, "data": base64.b64encode(picture[::-1]).decode(), "text": "A" * 5000}).encode()
    kept, _ = shortened(body)
    assert len(kept) < 6000 and b"A" * 5000 in kept
    assert references(kept) == tuple(hashlib.sha256(p).hexdigest() for p in (picture, picture[::-1]))
    blobs = {hashlib.sha256(p).hexdigest(): p for p in (picture, picture[::-1])}
    assert restored(kept, blobs.get) == (body, True)
    assert restored(kept, lambda _: None) == (kept, False)
    told = json.dumps({"text": f"(kept by reference: 5 bytes, sha256 {'0' * 64}) is a text"}).encode()
    assert references(told) == () and restored(told, lambda _: None) == (told, True)


@given(st.lists(st.booleans(), min_size=1, max_size=6))
def test_the_times_of_events_stay_right_when_pictures_go(has_picture):
    coded = base64.b64encode(b"p" * 3000).decode()
    texts = [json.dumps({"b64_json": coded} if each else {"n": 1}) for each in has_picture]
    blocks = [f"data: {text}\n\n".encode() for text in texts]
    ends = tuple(sum(map(len, blocks[: n + 1])) for n in range(len(blocks)))
    stamps = Stamps(tuple(range(10, 10 * len(ends) + 1, 10)), ends)
    kept, edits = shortened(b"".join(blocks))
    found = events(exchange(reply=kept, stamps=moved(stamps, edits)))
    assert [event.ms for event in found] == list(map(float, stamps.at_ms))


def test_a_form_is_told_by_its_parts():
    parts = (Part("model", "whisper-1"), Part("file", file_name="a.mp3", mime="audio/mpeg"))
    kind, body = form(parts, {1: b"ID3\r\n--x"})
    found = parts_of(kind, body)
    assert found[0] == parts[0]
    assert (found[1].file_name, found[1].size_bytes) == ("a.mp3", 8)
    assert found[1].sha256 == hashlib.sha256(b"ID3\r\n--x").hexdigest()
    assert "8 bytes" in request_view(exchange(parts=found)).text


def test_pages_are_known_by_the_path_below_any_address():
    for url, endpoint, page in (
        ("https://api.openai.com/v1/chat/completions", "/chat/completions", "chat"),
        ("https://openrouter.ai/api/v1/chat/completions", "/chat/completions", "chat"),
        ("https://x.openai.azure.com/openai/v1/images/edits?api-version=1", "/images/edits", "images"),
        ("http://127.0.0.1:8080/v1/models", "/models", ""),
        ("http://h/v1/what/ever", "/what/ever", ""),
    ):
        assert (endpoints.endpoint_of(url), endpoints.page_of(url)) == (endpoint, page)


def test_differences_are_told_by_their_path():
    old = exchange(b'{"model":"a","messages":[{"c":"x"},{"c":"y"}],"n":1,"gone":null}', b"one\ntwo\nthree", status=200)
    new = exchange(b'{"model":"b","messages":[{"c":"x"},{"c":"z"},{"c":"y"}],"n":true}', b"one\n2\nthree", status=429)
    found = {(c.section, c.sign, c.path): (c.before, c.after) for c in difference(old, new).changes}
    assert found[Section.CALL, Sign.CHANGED, "status"] == ("200", "429")
    assert found[Section.REQUEST, Sign.CHANGED, "model"] == ("a", "b")
    assert found[Section.REQUEST, Sign.ADDED, "messages[1]"] == ("", '{"c": "z"}')
    assert found[Section.REQUEST, Sign.CHANGED, "n"] == ("1", "true")
    assert found[Section.REQUEST, Sign.REMOVED, "gone"] == ("null", "")
    assert found[Section.REPLY, Sign.CHANGED, "line 2"] == ("two", "2")
    assert len(found) == 6
    assert difference(old, old).changes == ()


def test_differences_without_end_are_cut():
    many = json.dumps(dict.fromkeys(map(str, range(CHANGES * 2)), 1)).encode()
    found = difference(exchange(many), exchange(b"{}"))
    assert len(found.changes) == CHANGES and found.note
    deep = exchange(b'{"a":' * 900 + b"1" + b"}" * 900)
    assert len(difference(deep, exchange(b'{"a":' * 900 + b"2" + b"}" * 900)).changes) == 1
