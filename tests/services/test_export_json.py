"""Our own form: written and read a piece at a time, without losing anything."""

from __future__ import annotations

import io
import json
from pathlib import Path

import export_archive
import jsonschema
import pytest

from desktop.core.conversation import Conversation, State, Text
from desktop.core.errors import BadFile
from desktop.services.export import json_form, reading
from desktop.services.export.json_form import Entry, File, Head
from desktop.store import blobs, exporting
from desktop.store.database import Database

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "archive-format.schema.json"


@pytest.fixture
def database(tmp_path):
    opened = Database.open(tmp_path / "data")
    export_archive.fill(opened)
    yield opened
    opened.close()


class Beside:
    def __init__(self, database, kept):
        self.database, self.kept = database, kept

    def beside(self, file, ending):
        self.kept.append(named := File(file.sha256, file.size_bytes, name=file.sha256 + ending))
        return named

    def inside(self, part):
        return self.database.read_now(lambda db: blobs.get(db, part.blob))


def written(database, wanted=None, kept=None) -> bytes:
    file = io.BytesIO()
    ids = database.read_now(lambda db: exporting.ids(db, wanted, trashed=True))
    head = reading.head(database, ids, is_all=wanted is None, has_files=True)
    so_far = reading.Written()
    keep = Beside(database, [] if kept is None else kept)
    json_form.write(file, head, (e for id in ids for e in reading.entries(database, id, so_far, keep)))
    return file.getvalue()


def read(content: bytes) -> tuple[Head, list[Entry]]:
    return json_form.head(io.BytesIO(content)), list(json_form.entries(io.BytesIO(content)))


def test_what_is_read_is_written_again_byte_by_byte(database):
    content = written(database)
    head, entries = read(content)
    again = io.BytesIO()
    assert json_form.write(again, head, entries) == len(content)
    assert again.getvalue() == content


def test_everything_of_the_archive_is_there(database):
    head, entries = read(written(database, kept=(kept := [])))
    assert head.count == 5 and [f.name for f in head.folders] == ["Animals", "Unused", "Birds / <b>"]
    assert head.tags == ("unused", "wading", "Äsche") and head.searches[0].query == "cost:>1 heron"
    assert [(e.conversation.id, e.part, e.more, len(e.messages)) for e in entries] == [
        ("C1TALK", 1, False, 11),
        ("C2FORK", 1, False, 2),
        ("C3HOSTILE", 1, False, 3),
        ("C4LONG", 1, True, 1000),
        ("C4LONG", 2, False, 200),
        ("C5EMPTY", 1, False, 0),
    ]
    talk, fork, hostile = entries[0], entries[1], entries[2]
    assert talk.conversation.tags == ("wading", "Äsche") and talk.conversation.folder == "F2"
    assert fork.conversation.fork_of == "M04" and fork.conversation.page == "images" and fork.conversation.archived
    assert hostile.conversation.title == export_archive.HOSTILE
    assert [len(call.repricings) for call in talk.calls] == [2, 0]
    assert talk.calls[0].row.cost_pico == 10**13 + 1, "the price it was closed with, not a later one"
    assert [(len(f.content or b""), f.size_bytes, f.name != "") for f in talk.files] == [
        (13, 13, False),
        (0, 51208, True),
        (0, 40012, True),
    ]
    assert hostile.files == (), "its file stands in an earlier entry"
    assert [file.sha256 for file in kept] == [file.sha256 for file in talk.files[1:]]


def test_messages_come_back_as_they_are_kept(database):
    _, entries = read(written(database))
    for entry in entries[:3]:
        kept = database.read_now(lambda db, e=entry: reading.messages(db, [m.id for m in e.messages]))
        assert list(entry.messages) == [reading.settled(m) for m in kept]
    streaming = next(m for m in entries[0].messages if m.id == "M11")
    assert streaming.state is State.CUT and streaming.parts == (Text("It is raining"),)


def test_a_fork_alone_takes_its_past_along(database):
    _, (fork,) = read(written(database, {"C2FORK"}))
    assert fork.conversation.fork_of is None
    assert [m.id for m in fork.messages] == ["M01", "M03", "M04", "M20", "M21"]
    assert {m.conversation for m in fork.messages} == {"C2FORK"}
    assert len(fork.files) == 3


def test_the_form_meets_its_schema(database):
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(written(database)), schema)
    for wrong in ({"schema": "other/1"}, {"schema": json_form.SCHEMA, "conversations": [{}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


@pytest.mark.parametrize("layout", [{"indent": 2}, {}, {"separators": (",", ":")}])
def test_another_layout_is_read_as_well(database, layout):
    content = written(database)
    other = json.dumps(json.loads(content), **layout).encode()
    assert read(other) == read(content)
    assert read(b"\xef\xbb\xbf" + other) == read(content)


def test_texts_that_look_like_structure_do_not_confuse(database):
    entry = Entry(Conversation("X", 'a","conversations":[ {"]} \\" \\\\'))
    file = io.BytesIO()
    json_form.write(file, Head(count=1), [entry, entry])
    other = json.dumps(json.loads(file.getvalue()), indent=1).encode()
    assert read(other)[1] == read(file.getvalue())[1] == [entry, entry]


@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_texts_may_be_cut_anywhere_by_reading(database, monkeypatch, chunk):
    monkeypatch.setattr(json_form.json_items, "CHUNK_BYTES", chunk)
    entries = [Entry(Conversation("X", 'é \\ " ]')), Entry(Conversation("Y", "{["))]
    file = io.BytesIO()
    json_form.write(file, Head(count=2), entries)
    other = json.dumps(json.loads(file.getvalue()), indent=1).encode()
    assert read(other)[1] == entries


def test_one_damaged_entry_costs_that_entry(database):
    lines = written(database).split(b"\n")
    lines[2] = lines[2].replace(b'"role":', b'"roll":')
    found = list(json_form.tolerant(io.BytesIO(b"\n".join(lines))))
    assert [isinstance(e, BadFile) for e in found] == [False, True, False, False, False, False]
    assert "conversation 2" in found[1].summary
    with pytest.raises(BadFile):
        read(b"\n".join(lines))


def test_a_cut_file_gives_what_stands_before_the_cut(database):
    content = written(database)
    for layout in (content, json.dumps(json.loads(content)).encode()):
        found = []
        with pytest.raises(BadFile, match="cut"):
            found.extend(json_form.entries(io.BytesIO(layout[: len(layout) // 2])))


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"hello", b'{"schema":"other/1"}', b"\x00" * 100, b"[" * 9999])
def test_other_files_are_refused_in_words(content):
    with pytest.raises(BadFile):
        json_form.head(io.BytesIO(content))


def test_the_older_form_of_one_conversation_is_read():
    old = {
        "schema": json_form.ONE_CONVERSATION,
        "conversation": {"id": "X", "title": "Old"},
        "messages": [{"id": "M", "role": "user", "parts": [{"type": "text", "text": "hi"}], "conversation": "X"}],
    }
    head, entries = read(json.dumps(old, indent=1).encode())
    assert head.count == 1 and entries[0].conversation.title == "Old" and entries[0].messages[0].text == "hi"


def test_an_entry_too_long_is_refused_before_it_fills_memory(monkeypatch):
    monkeypatch.setattr(json_form, "ITEM_BYTES", 10_000)
    file = io.BytesIO()
    json_form.write(file, Head(count=1), [Entry(Conversation("X", "w" * 50_000))])
    for content in (file.getvalue(), json.dumps(json.loads(file.getvalue()), indent=1).encode()):
        with pytest.raises(BadFile, match="too large"):
            read(content)
