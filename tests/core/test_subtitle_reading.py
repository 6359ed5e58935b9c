"""Subtitle files of other programs: encodings, forms, what is odd, what is hostile."""

from __future__ import annotations

import time

import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core.errors import BadInput
from desktop.core.subtitles import reading

SRT = "1\n00:00:01,000 --> 00:00:02,000\nÄpfel, señor – 「はい」\n"
ASS = """[Script Info]
Title: x
[V4+ Styles]
Format: Name, Fontname
Style: Default,Arial
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,not said
Dialogue: 0,0:00:03.10,0:00:04.00,Default,Ben,0,0,0,,{\\i1}Late{\\i0}, with, commas\\Nand a line
Dialogue: 0,0:00:01.00,0:00:02.50,Default,Anna,0,0,0,,First\\hone
Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,{\\p1}m 0 0 l 10 10{\\p0}
"""
TTML = """<?xml version="1.0" encoding="UTF-8"?>
<!-- made by hand -->
<tt:tt xmlns:tt="http://www.w3.org/ns/ttml" xmlns:ttm="http://www.w3.org/ns/ttml#metadata" xml:lang="de"
  xmlns:ttp="http://www.w3.org/ns/ttml#parameter" ttp:frameRate="25" ttp:tickRate="10000000">
<tt:head><tt:metadata><ttm:agent xml:id="a" type="person"><ttm:name type="full">Anna &amp; Co</ttm:name></ttm:agent>
</tt:metadata></tt:head>
<tt:body><tt:div begin="10s">
  <tt:p begin="0.5s" end="2s" ttm:agent="a">One
     <tt:span>styled</tt:span><tt:br/>two</tt:p>
  <tt:p begin="00:00:03:05" dur="1.5s">Frames</tt:p>
  <tt:p begin="40000000t" end="00:00:05">Ticks</tt:p>
  <tt:p><tt:span begin="6s" end="7s">In a span</tt:span></tt:p>
</tt:div></tt:body></tt:tt>
"""


def said(text):
    return [(s.begins, s.ends, s.text) for s in reading.read(text).segments]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_is_read_in_any_encoding(encoding):
    content = SRT.replace("\n", "\r\n").encode(encoding)
    assert said(reading.decoded(content)) == [(1000, 2000, "Äpfel, señor – 「はい」")]


def test_western_european_is_what_is_no_unicode():
    assert said(reading.decoded(SRT.replace("「はい」", "").encode("cp1252")))[0][2] == "Äpfel, señor –"


def test_a_file_that_cannot_be_subtitles_is_not_decoded(monkeypatch):
    monkeypatch.setattr(reading, "MOST_BYTES", 100)
    with pytest.raises(BadInput):
        reading.decoded(b"x" * 101)


def test_ass_is_read_without_styles_comments_and_drawings():
    found = reading.read(ASS)
    assert said(ASS) == [(1000, 2500, "First\u00a0one"), (3100, 4000, "Late, with, commas\nand a line")]
    assert [speaker.name for speaker in found.speakers] == ["Ben", "Anna"]


def test_the_older_ssa_is_read_too():
    text = (
        "[Script Info]\n[Events]\nFormat: Marked, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        "Dialogue: Marked=0,0:00:01.00,0:00:02.00,Default,X,0000,0000,0000,,Hi, you\n"
    )
    assert said(text) == [(1000, 2000, "Hi, you")]


def test_ttml_is_read_with_its_clocks_frames_ticks_and_names():
    found = reading.read(TTML)
    assert said(TTML) == [
        (10_500, 12_000, "One styled\ntwo"),
        (13_200, 14_700, "Frames"),
        (14_000, 15_000, "Ticks"),
        (16_000, 17_000, "In a span"),
    ]
    assert found.language == "de" and [speaker.name for speaker in found.speakers] == ["Anna & Co"]


@pytest.mark.parametrize("form", ["srt", "vtt", "ass", "ssa", "ttml"])
def test_what_another_program_writes_is_read(form):
    events = [pysubs2.SSAEvent(1000, 2500, "One, two"), pysubs2.SSAEvent(3000, 4000, "Three\\Nfour")]
    file = pysubs2.SSAFile()
    file.events = events
    assert said(file.to_string(form)) == [(1000, 2500, "One, two"), (3000, 4000, "Three\nfour")]


def test_odd_moments_are_understood():
    text = "-00:00:01,000 --> 00:00:02,000\na\n\n0:05 --> 0:06.1234567\nb\n\n00:00:09.5-->00:00:08\nc\n"
    assert said(text) == [(0, 2000, "a"), (5000, 6123, "b"), (9500, 9500, "c")]


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE tt [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><tt><p begin="0s" end="1s">&b;</p></tt>',
        '<tt><!DOCTYPE x><p begin="0s" end="1s">x</p></tt>',
        '<tt><p begin="0s" end="1s">&nobody;</p></tt>',
        '<tt><p begin="0s" end="1s">cut',
        '<tt><p begin="soon" end="1s">x</p></tt>',
        "<tt>" + "<div>" * 100_000,
        "[Script Info]\n[Events]\nDialogue: 0,soon,later,,,,,,,x\n",
        "[Events]\nDialogue: \n",
        "[Script Info]\n",
    ],
)
def test_what_is_hostile_or_broken_is_told_in_a_sentence(text):
    with pytest.raises(BadInput):
        reading.read(text)


@pytest.mark.parametrize(
    "line",
    ["<v " * 400_000, "<v." * 400_000, "<a " * 400_000, "{\\" * 500_000, "1:" * 500_000, " " * 1_000_000 + "x"],
)
def test_a_line_of_a_megabyte_is_read_at_once(line):
    began = time.process_time()
    for head in ("WEBVTT\n\n", ""):
        assert said(f"{head}00:01.000 --> 00:02.000\n{line}\n")[0][:2] == (1000, 2000)
    assert time.process_time() - began < 5


@given(
    st.lists(
        st.sampled_from(
            [*"<>/=\"' \n,:0123", "[Events]\n", "Dialogue: ", "Format: Text, Start, End\n", "<tt>", "<p begin='1s' ",
             "end='2s'>", "</p>", "</tt>", "<br/>", "00:00:01.00", "<tt xml:lang='x' ttp:frameRate='0'>", "<ttm:name>"]
        ),
        max_size=30,
    )
)  # fmt: skip
def test_no_file_whatever_ends_in_anything_but_a_sentence(pieces):
    for begin in ("", "[Script Info]\n", "<tt>"):
        try:
            reading.read(begin + "".join(pieces))
        except BadInput as error:
            assert error.summary


def test_a_file_whose_first_tag_has_a_time_in_frames_is_read():
    document = (
        '<tt ttp:frameRate="25" begin="50f" xmlns="http://www.w3.org/ns/ttml"><p begin="25f" end="2s">hm</p></tt>'
    )
    (segment,) = reading.read(document).segments
    assert (segment.begins, segment.ends, segment.text) == (3000, 4000, "hm")
