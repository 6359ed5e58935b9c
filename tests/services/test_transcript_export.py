"""Transcripts as files: each form read back by something that is not ours, hostile names and words included."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import docx
import pytest
import yaml
from jsonschema import Draft202012Validator

from desktop.core.errors import BadInput
from desktop.core.transcript import Segment, Speaker, Transcript, Word
from desktop.services.transcription import export
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
    bare = export.rendered(TALK, "txt", ABOUT, Shape(times=False, speakers=False, second=True)).decode()
    assert bare == "Guten Morgen.\n\n+49\n"
    marked = export.rendered(TALK, "md", ABOUT).decode()
    assert 'title: "Interview <1>.mp3"' in marked and "**Anna** *0:00* — Good morning." in marked


def test_a_word_document_opens_in_another_library():
    document = docx.Document(io.BytesIO(export.rendered(TALK, "docx", ABOUT)))
    said = [paragraph.text for paragraph in document.paragraphs]
    assert said[0] == "Interview <1>.mp3" and said[-1] == "@Ben  0:09  =1+1"
    assert "<script>alert(1)</script>" in said[2]


@pytest.mark.parametrize(("form", "separator"), [("csv", ","), ("tsv", "\t")])
def test_no_cell_of_a_table_is_a_formula(form, separator):
    rows = list(csv.reader(io.StringIO(export.rendered(TALK, form, ABOUT).decode(), newline=""), delimiter=separator))
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
    assert page.tags.count("script") == 1 and page.tags.count("button") == 2
    assert [address[:22] for address in page.addresses] == ["data:audio/mpeg;base64"]
    assert "default-src 'none'" in text and "http" not in re.sub(r"http-equiv|http://www.w3.org", "", text)
    assert "Good morning." in "".join(page.text)


def test_a_large_recording_is_played_from_its_file(tmp_path, monkeypatch):
    from desktop.services.transcription import page

    monkeypatch.setattr(page, "EMBEDDED_BYTES", 4)
    audio = tmp_path / "a talk & more.mp3"
    audio.write_bytes(b"ID3 sound")
    assert 'src="a%20talk%20%26%20more.mp3"' in export.rendered(TALK, "html", About("x", "", audio)).decode()
    assert "<audio" not in export.rendered(TALK, "html", About("x", "", tmp_path / "gone.mp3")).decode()


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
