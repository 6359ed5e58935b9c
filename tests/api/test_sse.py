"""The event parser: any cut of the bytes gives the same events, in time and memory that grow with the bytes."""

from __future__ import annotations

import itertools
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.api.sse import Event, Parser
from desktop.core.errors import TooMuch


def parse(*chunks: bytes, bound: int = 1 << 24) -> list[Event]:
    parser = Parser(bound)
    events = [event for chunk in chunks for event in parser.feed(chunk)]
    return events + parser.finish()


RECORDED = (
    b"\xef\xbb\xbf: hello\n\ndata: one\n\nevent: delta\r\nid: 7\r\ndata: two\r\ndata:  three\r\n\r\n"
    b"id: 8\n: a comment after the id\ndata: \xe2\x82\xac \xf0\x9f\x98\x80\n\nretry: 10\nunknown: x\nnocolon\ndata\n\n"
    b'data: {"text":"a\xe2\x80\xa8b\xc2\x85c\x0b\x0cd"}\r\rdata: bad \xff\xfe utf\n\nevent: alone\n\ndata: [DONE]\n\n'
)
EXPECTED = [
    ("one", "", ""),
    ("two\n three", "delta", "7"),
    ("€ 😀", "", "8"),
    ("", "", "8"),
    ('{"text":"a\u2028b\u0085c\x0b\x0cd"}', "", "8"),
    ("bad \ufffd\ufffd utf", "", "8"),
    ("[DONE]", "", "8"),
]


def seen(events):
    return [(event.text, event.type, event.id) for event in events]


def test_recorded_stream_is_read_whole():
    assert seen(parse(RECORDED)) == EXPECTED


@pytest.mark.parametrize("at", range(len(RECORDED) + 1))
def test_every_split_point_gives_the_same_events(at):
    assert seen(parse(RECORDED[:at], RECORDED[at:])) == EXPECTED


def test_one_byte_at_a_time_gives_the_same_events():
    assert seen(parse(*(RECORDED[i : i + 1] for i in range(len(RECORDED))))) == EXPECTED


lines = st.binary(max_size=12).map(lambda raw: raw.replace(b"\n", b"").replace(b"\r", b""))
endings = st.sampled_from([b"\n", b"\r", b"\r\n"])
fields = st.sampled_from([b"data: ", b"data:", b"event: ", b"id: ", b": ", b"x: ", b""])
streams = st.lists(st.tuples(fields, lines, endings), max_size=30).map(lambda rows: b"".join(map(b"".join, rows)))


def reference(stream: bytes) -> list[tuple[bytes, bytes]]:
    """The rules once more, the plain way: data and type of each event."""
    text = stream.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    events, data, kind = [], [], b""
    for line in [*text.split(b"\n"), b""]:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line:
            if data:
                events.append((b"\n".join(data), kind))
            data, kind = [], b""
        elif name == b"data":
            data.append(value)
        elif name == b"event":
            kind = value
    return events


@given(streams, st.lists(st.integers(0, 400), max_size=12))
def test_any_cut_of_any_stream_agrees_with_the_plain_rules(stream, cuts):
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    pieces = [stream[a:b] for a, b in itertools.pairwise(places)]
    found = [(event.data, event.type) for event in parse(*pieces)]
    assert found == [(data, kind.decode("utf-8", "replace")) for data, kind in reference(stream)]


@given(st.text(), st.integers(1, 20))
def test_text_survives_inside_json(text, size):
    raw = b"data: " + json.dumps({"t": text.encode("utf-8", "replace").decode()}, ensure_ascii=False).encode() + b"\n\n"
    raw *= 2
    events = parse(*(raw[i : i + size] for i in range(0, len(raw), size)))
    assert [json.loads(event.data)["t"] for event in events] == [text.encode("utf-8", "replace").decode()] * 2


def test_line_separators_of_other_standards_do_not_split():
    for mark in ("\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c", "\x1e"):
        assert seen(parse(f'data: "a{mark}b"\n\n'.encode())) == [(f'"a{mark}b"', "", "")]


def test_carriage_return_at_the_end_of_a_chunk_is_not_two_line_ends():
    assert seen(parse(b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n")) == [("a\nb", "", "")]
    assert seen(parse(b"data: a\r\n\r", b"\ndata: b\n\n")) == [("a", "", ""), ("b", "", "")]


def test_carriage_return_alone_ends_an_event_at_once():
    assert seen(Parser().feed(b"data: a\r\r")) == [("a", "", "")]


def test_comment_after_an_id_does_not_end_the_event():
    assert seen(parse(b"id: 1\n: ping\ndata: a\n\n")) == [("a", "", "1")]


def test_id_with_a_nul_is_ignored():
    assert seen(parse(b"id: a\0b\ndata: x\n\n")) == [("x", "", "")]


def test_last_event_without_its_blank_line_is_given_at_the_end():
    parser = Parser()
    assert parser.feed(b"data: [DONE]") == []
    assert seen(parser.finish()) == [("[DONE]", "", "")]


def test_byte_order_mark_only_at_the_start():
    assert seen(parse(b"\xef", b"\xbb", b"\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n")) == [("a", "", "")]
    assert seen(parse(b"\xef\xbbdata: a\n\ndata: b\n\n")) == [("b", "", "")]


@pytest.mark.parametrize("ending", [b"\n\n", b"\r\n\r\n", b""])
def test_event_past_its_bound_is_stopped(ending):
    parser = Parser(1000)
    assert parser.feed(b"data: ok\n\n")
    with pytest.raises(TooMuch, match=r"larger than 1\.0\xa0kB\."):  # in the units of all other sizes
        parser.feed(b"data: " + b"x" * 1001 + ending)


def test_endless_line_is_stopped_without_being_kept():
    parser = Parser(100_000)
    with pytest.raises(TooMuch):
        for _ in range(1_000):
            parser.feed(b"x" * 1000)
    assert not parser._line


def test_endless_small_data_lines_are_stopped():
    parser = Parser(10_000)
    with pytest.raises(TooMuch):
        for _ in range(100_000):
            parser.feed(b"data:\n")


def test_endless_comments_are_not_kept():
    parser = Parser(10_000)
    for _ in range(100_000):
        assert parser.feed(b": ping\n") == []


def test_giant_event_costs_time_in_proportion():
    def seconds(size: int, step: int) -> float:
        raw = b"data: " + b"x" * size + b"\n\n"
        pieces = [raw[i : i + step] for i in range(0, len(raw), step)]
        parser, began = Parser(1 << 26), time.process_time()
        events = [event for each in pieces for event in parser.feed(each)]
        assert len(events[0].data) == size
        return time.process_time() - began

    assert seconds(4_000_000, 1_000) < 2.0  # a parser that looks again at what it has seen takes minutes
    assert seconds(300_000, 1) < 3.0
