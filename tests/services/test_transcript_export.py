"""Transcripts as files: each form read back by something that is not ours, hostile names and words included."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import docx
import pysubs2
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from lxml import etree
from markdown_it import MarkdownIt
from msgspec.structs import replace

from desktop.core.errors import BadInput
from desktop.core.subtitles import reading
from desktop.core.transcript import Doubt, Segment, Speaker, Transcript, Word
from desktop.services.export import paper
from desktop.services.transcription import export, plain_markdown
from desktop.services.transcription.export import About, Shape

SHARED = Path(__file__).resolve().parents[3] / "shared"
NASTY = '<script>alert(1)</script> & "quotes" ]]> \x00 \x1b[31m \u202eevil'
WORDS = (Word("Good", 0, 600), Word("morning.", 600, 1500))
TALK = Transcript(
    (
        Segment("1", 0, 1500, "Good morning.", "a", second="Guten Morgen.", words=WORDS),
        Segment("2", 1600, 4200, NASTY, "a"),
        Segment("3", 9300, 12_000, "=1+1", "b", second="+49"),
    ),
    (Speaker("a", "Anna"), Speaker("b", "@Ben")),
    15_000,
    "en",
    "de",
    "a-model",
)  # fmt: skip
ABOUT = About("Interview <1>.mp3", "2026-11-22")


def test_every_form_is_written_under_a_name_of_its_own(tmp_path):
    first = export.write_all(TALK, ABOUT, export.NAMES, tmp_path)
    again = export.write_all(TALK, ABOUT, export.NAMES, tmp_path)
    assert len({*first, *again}) == 2 * len(export.NAMES)
    assert all(path.stat().st_size for path in (*first, *again))
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_text_and_markdown_have_turns_with_times_and_speakers():
    text = export.rendered(TALK, "txt", ABOUT).decode()
    assert text.startswith("[0:00] Anna: Good morning. <script>") and "[0:09] @Ben: =1+1" in text
    bare = export.rendered(TALK, "txt", ABOUT, Shape(times=False, speakers=False, column="second")).decode()
    assert bare == "Guten Morgen.\n\n+49\n"
    marked = export.rendered(TALK, "md", ABOUT).decode()
    assert 'title: "Interview <1>.mp3"' in marked and "**Anna** *0:00* — Good morning." in marked


def test_a_word_document_has_styles_for_titles_speakers_and_times():
    document = docx.Document(io.BytesIO(export.rendered(TALK, "docx", ABOUT)))
    said = [(paragraph.style.name, paragraph.text) for paragraph in document.paragraphs]
    assert said[0] == ("Title", "Interview <1>.mp3") and said[1][0] == "Subtitle" and said[2] == ("Speaker", "Anna")
    assert said[-2:] == [("Speaker", "@Ben"), ("Spoken", "0:09\t=1+1")]
    assert said[3][0] == "Spoken" and "<script>alert(1)</script>" in said[3][1]
    assert document.paragraphs[3].runs[0].style.name == "Time"
    assert 'w:instr="PAGE"' in document.sections[0].footer._element.xml
    assert document.core_properties.author == "" and document.core_properties.language == "en"
    bare = docx.Document(io.BytesIO(export.rendered(TALK, "docx", ABOUT, Shape(times=False, speakers=False))))
    assert [p.style.name for p in bare.paragraphs[2:]] == ["Spoken"] * 2 and bare.paragraphs[-1].text == "=1+1"


def test_a_word_document_of_a_long_day_is_written_in_seconds():
    segments = tuple(Segment(str(n), n * 9000, n * 9000 + 500, "words said", "ab"[n % 2]) for n in range(4000))
    began = time.process_time()
    content = export.rendered(replace(TALK, segments=segments), "docx", ABOUT)
    assert time.process_time() - began < 5
    assert len(docx.Document(io.BytesIO(content)).element.body) == 2 + 2 * 4000 + 1


def test_a_word_document_runs_hebrew_from_the_right():
    talk = replace(TALK, segments=(Segment("1", 0, 1000, "42 שלום"), Segment("2", 9000, 9900, "hello")))
    first, second = docx.Document(io.BytesIO(export.rendered(talk, "docx", ABOUT))).paragraphs[2:]
    assert "<w:bidi/>" in first._p.xml and first.runs[-1].font.rtl and "<w:bidi/>" not in second._p.xml


@pytest.mark.parametrize(("form", "separator"), [("csv", ","), ("tsv", "\t")])
def test_no_cell_of_a_table_is_a_formula(form, separator):
    text = export.rendered(TALK, form, ABOUT).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    assert rows[0][:4] == ["begins", "ends", "speaker", "text"] and len(rows) == 4
    assert rows[3][2:5] == ["'@Ben", "'=1+1", "'+49"]


def test_our_json_is_read_in_again_as_it_was():
    title, found = export.read_json(export.rendered(TALK, "json", ABOUT))
    assert (title, found) == ("Interview <1>.mp3", TALK)
    for bad in (b"", b"{}", b'{"schema": "other/1", "title": "", "transcript": {}}', b"\xff"):
        with pytest.raises(BadInput):
            export.read_json(bad)


def test_the_apis_own_form_is_what_the_api_describes():
    spec = description()
    schema = spec["components"]["schemas"]["CreateTranscriptionResponseVerboseJson"]
    made = json.loads(export.rendered(TALK, "verbose_json", ABOUT))
    loose = {**schema, "properties": {k: v for k, v in schema["properties"].items() if k not in ("segments", "usage")}}
    loose["required"] = [name for name in schema["required"] if name in loose["properties"]]
    validator = Draft202012Validator({**loose, "components": spec["components"]})
    assert [error.message for error in validator.iter_errors(made)] == []
    assert [set(segment) for segment in made["segments"]] == [{"id", "start", "end", "text"}] * 3
    assert made["words"] == [{"word": "Good", "start": 0, "end": 0.6}, {"word": "morning.", "start": 0.6, "end": 1.5}]


def description():
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((SHARED / "api" / "openai-openapi.yaml").read_text(encoding="utf-8"), Loader=loader)


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.addresses, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "action", "srcset", "data")]

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_runs_nothing_of_others_and_asks_nothing_of_a_network(tmp_path):
    audio = tmp_path / "talk.mp3"
    audio.write_bytes(b"ID3 sound")
    text = export.rendered(TALK, "html", About(NASTY, "2026-11-22", audio)).decode()
    page = Page()
    page.feed(text)
    assert page.tags.count("script") == 1 and page.tags.count("button") == 2 and page.tags.count("span") == 3 + 4
    assert [address[:22] for address in page.addresses] == ["data:audio/mpeg;base64"]
    assert "default-src 'none'" in text and "http" not in re.sub(r"http-equiv|http://www.w3.org", "", text)
    assert "Good morning." in "".join(page.text)


def test_a_large_recording_is_played_from_where_it_is(tmp_path, monkeypatch):
    from desktop.services.transcription import page

    monkeypatch.setattr(page, "EMBEDDED_BYTES", 4)
    audio = tmp_path / "a talk & more.mp3"
    audio.write_bytes(b"ID3 sound")
    assert 'src="a%20talk%20%26%20more.mp3"' in export.rendered(TALK, "html", About("x", "", audio)).decode()
    (beside,) = export.write_all(TALK, About("x", "", audio), ["html"], tmp_path / "out")
    assert 'src="../a%20talk%20%26%20more.mp3"' in beside.read_text()
    assert "<audio" not in export.rendered(TALK, "html", About("x", "", tmp_path / "gone.mp3")).decode()


@pytest.mark.skipif(os.name != "posix", reason="names that are no text")
def test_a_recording_whose_name_is_no_text_is_played_too(tmp_path, monkeypatch):
    from desktop.services.transcription import page

    monkeypatch.setattr(page, "EMBEDDED_BYTES", 4)
    audio = tmp_path / os.fsdecode(b"talk-\xff.mp3")
    try:
        audio.write_bytes(b"ID3 sound")
    except OSError:
        pytest.skip("this disk takes names of text alone")
    assert 'src="talk-%FF.mp3"' in export.rendered(TALK, "html", About(audio.name, "", audio)).decode()


def test_what_is_said_can_be_clicked_only_where_there_is_something_to_play(tmp_path):
    audio = tmp_path / "talk.ogg"
    audio.write_bytes(b"OggS")
    doubtful = replace(TALK, segments=(*TALK.segments, Segment("4", 13_000, 14_000, "hm", doubt=Doubt.UNSURE)))
    playing = export.rendered(doubtful, "html", About("x", "", audio)).decode()
    assert '<span data-begins="0" data-ends="1500">Good morning.</span>' in playing
    assert '<span data-begins="13000" data-ends="14000" class="doubt">hm</span>' in playing
    assert 'aria-label="Play from 0:09"' in playing and "times are approximate" not in playing
    silent = export.rendered(TALK, "html", ABOUT).decode()
    assert "<button" not in silent and ">Good morning. &lt;script" in silent
    assert 'class="name s1"><bdi>Anna' in silent
    bare = export.rendered(TALK, "html", ABOUT, Shape(times=False, speakers=False)).decode()
    assert "Anna" not in bare and 'class="when"' not in bare


def test_names_follow_the_pattern_and_stay_one_part_of_a_path():
    assert export.file_name("{date} {name} ({language}, {model})", TALK, ABOUT).startswith("2026-11-22 Interview")
    made = export.file_name("{name}", TALK, About("../../etc/passwd"))
    assert "/" not in made and not made.startswith(".")
    for bad in ("{nobody}", "{name", "{0}", "{name.__class__}"):
        with pytest.raises(BadInput):
            export.file_name(bad, TALK, ABOUT)


def test_a_form_nobody_knows_is_named():
    with pytest.raises(BadInput) as raised:
        export.rendered(TALK, "doc", ABOUT)
    assert "srt" in raised.value.advice


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(BadInput):
        export.write_all(TALK, ABOUT, ["txt"], blocked / "inside")


# Both languages

BOTH = Shape(column="both", paper="A4")


def test_both_languages_stand_beside_each_other_in_a_word_document():
    document = docx.Document(io.BytesIO(export.rendered(TALK, "docx", ABOUT, BOTH)))
    (table,) = document.tables
    rows = [[cell.text for cell in row.cells] for row in table.rows]
    assert rows[0] == ["", "English", "German"] and rows[1] == ["", "Anna", "Anna"]  # one cell, over both columns
    assert rows[2][0] == "0:00" and rows[2][1].startswith("Good morning. <script>") and rows[2][2] == "Guten Morgen."
    assert rows[3:] == [["", "@Ben", "@Ben"], ["0:09", "=1+1", "+49"]]
    assert "<w:tblHeader/>" in table.rows[0]._tr.xml and "<w:tblHeader/>" not in table.rows[1]._tr.xml
    assert document.core_properties.language == "en"
    bare = docx.Document(io.BytesIO(export.rendered(TALK, "docx", ABOUT, replace(BOTH, times=False, speakers=False))))
    assert [cell.text for cell in bare.tables[0].rows[2].cells] == ["=1+1", "+49"]


def test_each_language_of_a_word_document_runs_its_own_way():
    talk = Transcript((Segment("1", 0, 1000, "hello", second="שלום"),), language="en", second_language="he")
    (table,) = docx.Document(io.BytesIO(export.rendered(talk, "docx", ABOUT, BOTH))).tables
    left, right = table.rows[1].cells[1:]
    assert "<w:bidi/>" in right.paragraphs[0]._p.xml and "<w:bidi/>" not in left.paragraphs[0]._p.xml


def test_a_word_document_has_the_paper_that_is_wanted():
    sizes = []
    for size in ("A4", "Letter"):
        document = docx.Document(io.BytesIO(export.rendered(TALK, "docx", ABOUT, Shape(paper=size))))
        sizes.append((round(document.sections[0].page_width.mm), round(document.sections[0].page_height.mm)))
    assert sizes == [(210, 297), (216, 279)]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LANG": "en_US.UTF-8"}, "Letter"),
        ({"LANG": "en_US.UTF-8", "LC_PAPER": "de_DE.UTF-8"}, "A4"),
        ({"LC_ALL": "es_MX.UTF-8", "LC_PAPER": "de_DE.UTF-8"}, "Letter"),
        ({"LC_ALL": "", "LANG": "en_GB.UTF-8"}, "A4"),
    ],
)
def test_paper_is_the_usual_one_of_this_computer(environment, expected):
    assert paper.usual(environment) == expected


def test_both_languages_are_columns_of_a_markdown_table():
    said = replace(TALK, segments=(Segment("1", 0, 1500, "a | b \\| c", "a", second="- *d*"), *TALK.segments[2:]))
    text = export.rendered(said, "md", ABOUT, BOTH).decode().split("---", 2)[2]
    tokens = MarkdownIt("commonmark").enable(["table"]).parse(text)
    cells = ["".join(child.content for child in token.children) for token in tokens if token.type == "inline"]
    assert cells[1:5] == ["Time", "Speaker", "English", "German"]
    assert cells[5:9] == ["0:00", "Anna", "a | b \\| c", "- *d*"] and cells[9:] == ["0:09", "@Ben", "=1+1", "+49"]
    bare = export.rendered(TALK, "md", ABOUT, replace(BOTH, times=False, speakers=False)).decode()
    assert "| English | German |" in bare


def test_both_languages_stand_beside_each_other_on_the_page(tmp_path):
    audio = tmp_path / "talk.ogg"
    audio.write_bytes(b"OggS")
    text = export.rendered(TALK, "html", About("x", "", audio), BOTH).decode()
    assert '<main class="both">' in text and '<html lang="en">' in text
    other = '<p class="other" lang="de" dir="auto"><span data-begins="0" data-ends="1500">Guten Morgen.</span></p>'
    assert other in text and '<span data-begins="0" data-ends="1500">Good morning.</span>' in text
    bare = export.rendered(TALK, "html", ABOUT, replace(BOTH, times=False)).decode()
    assert '<main class="bare both">' in bare and ">Guten Morgen.</p>" in bare


def test_text_has_the_other_language_below_and_json_beside():
    assert export.rendered(TALK, "txt", ABOUT, BOTH).decode().endswith("[0:09] @Ben: =1+1\n+49\n")
    both = json.loads(export.rendered(TALK, "verbose_json", ABOUT, BOTH))
    assert [segment.get("second") for segment in both["segments"]] == ["Guten Morgen.", None, "+49"]
    other = json.loads(export.rendered(TALK, "verbose_json", ABOUT, Shape(column="second")))
    assert (other["language"], other["text"]) == ("de", "Guten Morgen. +49") and "words" not in other
    assert [segment["text"] for segment in other["segments"]] == ["Guten Morgen.", "", "+49"]


# Hostile and hard text, through every form

HOUR = 3_600_000
HARD = Transcript(
    (
        Segment("1", 0, 1500, "<b>bold</b> & <script>alert(1)</script>", "a", second="<i>zwei</i>"),
        Segment("2", 1000, 1500, "overlap --> arrow\n\n00:00:01,000 --> there", "a"),
        Segment("3", 2000, 2000, "no length", "b"),
        Segment("4", 2100, 2101, "a moment", "b"),
        Segment("5", 3000, 4000, "{\\an8}brace, comma \\N \\h back\\slash {c}", "c"),
        Segment("6", 5000, 6000, '=HYPERLINK("http://x")', "d", second="@cmd"),
        Segment(
            "7", 7000, 8000, "nul\x00 bell\x07 esc\x1b[31m vt\x0bff\x0cnel\x85ls\u2028ps\u2029 del\x7f \ufffe", "a"
        ),
        Segment("8", 9000, 9900, "half \ud800 of a sign", "a", words=(Word("half \ud800", 9000, 9900),)),
        Segment("9", 10_000, 11_000, "שלום עולם \u202eevil\u202c مرحبا", "b"),
        Segment("10", 12_000, 13_000, "日本語の字幕です。長い文ですが、どこで折るのでしょう。" * 3, "b"),
        Segment("11", 14_000, 15_000, "👩\u200d👩\u200d👧 👍🏽", "a"),
        Segment("12", 16_000, 17_000, "w" * 300, "a"),
        Segment("13", 18_000, 19_000, ""),
        Segment("14", 19_000, 20_000, "  \n "),
        Segment("15", 25 * HOUR, 25 * HOUR + 1000, "over a day", doubt=1),
        Segment("16", 26 * HOUR, 26 * HOUR + 1000, "1", "nobody knows"),
        Segment("17", 27 * HOUR, 27 * HOUR + 1000, "# *s* _u_ `c` [x](javascript:alert(1)) ![p](http://e/x.png) &lt;"),
        Segment("18", 28 * HOUR, 28 * HOUR + 1000, "NOTE no note", "d"),
    ),
    (Speaker("a", "Anna <b>\n--> x\ud800"), Speaker("b", '=B,"e{n}\x00'), Speaker("c", " "), Speaker("d", "WEBVTT")),
    29 * HOUR,
    'en"<',
    "de",
    "m\ud800",
)
HARD_ABOUT = About('T<i> & "q" --> \ud800 \x00\n# x {y}', "2026-11-22")
SPOKEN = [segment for segment in HARD.segments if segment.text.strip()]


@pytest.mark.parametrize("form", export.NAMES)
@pytest.mark.parametrize(
    "shape",
    [Shape(), Shape(column="second", line=42), Shape(column="both", line=42), Shape(times=False, speakers=False)],
)
def test_no_text_whatever_keeps_a_form_from_being_written(form, shape):
    content = export.rendered(HARD, form, HARD_ABOUT, shape)
    assert content
    if form not in ("docx", "json"):  # JSON holds all as it is
        text = content.decode()
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe]", text)


@pytest.mark.parametrize("column", ["first", "both"])
@pytest.mark.parametrize("form", ["srt", "vtt", "ass", "ttml"])
def test_subtitles_of_hard_text_are_read_by_another_program_and_by_ours(form, column):
    text = export.rendered(HARD, form, HARD_ABOUT, Shape(column=column)).decode()
    theirs = pysubs2.SSAFile.from_string(text, format_=form)
    ours = reading.read(text)
    step = 10 if form == "ass" else 1
    begins = [segment.begins // step * step for segment in SPOKEN]
    assert len(theirs) == len(SPOKEN) and [segment.begins for segment in ours.segments] == begins
    if form != "srt":  # whose reader ends one before the next begins
        assert [event.start for event in theirs] == begins
    assert all(segment.ends > segment.begins for segment in ours.segments)
    assert ours.segments[1].text.replace("-->", "→").replace("\n", " ") == "overlap → arrow 00:00:01,000 → there"
    said = "".join(segment.text for segment in ours.segments)
    assert "w" * 300 in said and "👩\u200d👩\u200d👧 👍🏽" in said and "over a day" in said and "alert(1)" in said


def test_ttml_of_hard_text_is_well_formed_and_names_its_speakers():
    tree = etree.fromstring(export.rendered(HARD, "ttml", HARD_ABOUT))
    assert len(tree.findall(".//{*}p")) == len(SPOKEN)
    found = reading.read(export.rendered(HARD, "ttml", HARD_ABOUT).decode())
    assert {speaker.name for speaker in found.speakers} == {"Anna <b> --> x\ufffd", '=B,"e{n}', "WEBVTT"}


PROSE = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp", "Cn")), min_size=1, max_size=60)
MARKED = st.lists(
    st.sampled_from([*"\\`*_[]()<>#+-=.!|~&;:1 a", "&amp;", "1. ", "# ", "**", "~~", "http://a.b"]), max_size=20
)


@given(PROSE | MARKED.map("".join))
def test_markdown_shows_the_words_as_they_were_said(said):
    line = " ".join(said.split())
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(plain_markdown.escaped(line))
    shown = [token for token in tokens if token.type == "inline"]
    assert [token.type for token in tokens if not line] == []
    if line:
        assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
        assert "".join(child.content for child in shown[0].children) == line
        assert {child.type for child in shown[0].children} <= {"text", "text_special"}


@given(PROSE | MARKED.map("".join))
def test_a_cell_of_a_markdown_table_shows_the_words_as_they_were_said(said):
    line = " ".join(said.split())
    text = f"| a | b |\n|---|---|\n| {plain_markdown.cell(line)} | x |"
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    cells = ["".join(child.content for child in token.children) for token in tokens if token.type == "inline"]
    assert cells == ["a", "b", line, "x"]


LINES = PROSE.map(lambda text: " ".join(text.split())).filter(bool)


@st.composite
def talks(draw):
    at, segments = 0, []
    for number, text in enumerate(draw(st.lists(LINES, min_size=1, max_size=8))):
        begins = at + draw(st.integers(0, 40 * HOUR))
        at = begins + draw(st.integers(1, 9_000))
        segments.append(Segment(str(number), begins, at, text, draw(st.sampled_from(["", "a", "b"]))))
    return Transcript(tuple(segments), (Speaker("a", draw(LINES)), Speaker("b", "B")), at, "en")


@given(talks())
def test_what_is_written_is_read_back_with_its_words_times_and_speakers(talk):
    for form in ("vtt", "ttml"):
        back = reading.read(export.rendered(talk, form, ABOUT).decode())
        names, known = export.names_of(back), export.names_of(talk)
        assert [(s.begins, s.ends, names.get(s.speaker, "")) for s in back.segments] == [
            (s.begins, s.ends, known.get(s.speaker, "")) for s in talk.segments
        ], form
        assert [s.text for s in back.segments] == [s.text for s in talk.segments], form
    title, back = export.read_json(export.rendered(talk, "json", ABOUT))
    assert (title, back) == (ABOUT.title, talk)


# Files


def test_names_keep_a_dot_that_is_no_ending_and_take_no_width():
    assert export.file_name("{name}", TALK, About("Version 1.5 of it")) == "Version 1.5 of it"
    assert export.file_name("{name}", TALK, About("talk.part.m4a")) == "talk.part"
    assert export.file_name("a{{b}}", TALK, ABOUT) == "a{b}"
    for bad in ("{name:>1000000000}", "{name!r}", "{}"):
        with pytest.raises(BadInput):
            export.file_name(bad, TALK, ABOUT)


def test_files_of_one_export_share_their_number(tmp_path):
    (tmp_path / "talk.srt").write_text("mine")
    written = export.write_all(TALK, About("talk.mp3"), ["txt", "srt", "verbose_json"], tmp_path)
    assert [path.name for path in written] == ["talk (2).txt", "talk (2).srt", "talk (2).verbose.json"]
    assert (tmp_path / "talk.srt").read_text() == "mine"


def test_where_one_file_cannot_be_written_none_is_left(tmp_path, monkeypatch):
    from desktop.services.export import target

    real, calls = target.Target.finish, []

    def full(self):
        calls.append(self.path)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return real(self)

    monkeypatch.setattr(target.Target, "finish", full)
    with pytest.raises(BadInput, match="no room"):
        export.write_all(TALK, ABOUT, ["txt", "srt", "vtt"], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_those_who_write_at_once_have_numbers_of_their_own(tmp_path):
    talks = [Transcript((Segment("1", 0, 1000, f"number {each}"),)) for each in range(12)]
    with ThreadPoolExecutor(6) as pool:
        written = list(pool.map(lambda talk: export.write_all(talk, About("x"), ["txt", "srt", "md"], tmp_path), talks))
    assert len({path for paths in written for path in paths}) == 36 == len(list(tmp_path.iterdir()))
    for number, paths in enumerate(written):
        assert len({path.stem for path in paths}) == 1
        assert all(f"number {number}" in path.read_text() for path in paths)


def test_a_name_that_leads_nowhere_is_taken_and_a_folder_of_files_is_not(tmp_path):
    (tmp_path / "x.srt").symlink_to(tmp_path / "gone")
    (tmp_path / "y files").mkdir()
    assert [path.name for path in export.write_all(TALK, About("x"), ["txt", "srt"], tmp_path)] == [
        "x (2).txt",
        "x (2).srt",
    ]
    assert [path.name for path in export.write_all(TALK, About("y"), ["srt"], tmp_path)] == ["y.srt"]


def test_writing_without_blanks_gets_none_between_its_segments():
    talk = Transcript((Segment("a", 0, 1000, "今天很冷。"), Segment("b", 1000, 2000, "我们回家。")), (), 2000, "zh")
    assert "今天很冷。我们回家。" in export.rendered(talk, "html", ABOUT).decode()
    assert json.loads(export.rendered(talk, "verbose_json", ABOUT))["text"] == "今天很冷。我们回家。"
