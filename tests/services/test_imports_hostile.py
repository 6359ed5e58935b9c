"""Imports of what somebody made to do harm, or a disk broke: told in words, a conversation is taken whole or not."""

from __future__ import annotations

import asyncio
import io
import json
import random
import sqlite3
import stat
import zipfile

import export_archive
import export_shapes as shapes
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core.conversation import Message, Role, Text
from desktop.core.errors import BadFile, KnownError
from desktop.services import json_items
from desktop.services.export.service import Export
from desktop.services.export.work import Selection
from desktop.services.imports import boxes, trees
from desktop.services.imports.run import Imports
from desktop.services.imports.values import Notes
from desktop.services.json_items import elements
from desktop.store import check, conversations
from desktop.store.database import Database


@pytest.fixture
def database(tmp_path):
    opened = Database.open(tmp_path / "data")
    yield opened
    opened.close()


async def take(database, *paths):
    return await Imports(database).run(paths, lambda progress: None)


def whole(database) -> None:
    """No conversation half taken, nothing broken."""
    assert database.read_now(check.whole) is None
    counts = database.read_now(
        lambda db: db.execute(
            "SELECT c.id, c.message_count, (SELECT count(*) FROM message m WHERE m.conversation = c.no), c.trashed"
            " FROM conversation c WHERE c.fork_of IS NULL"
        ).fetchall()
    )
    assert [row for row in counts if row[1] != row[2] or row[3] < 0] == []
    database.write_now(
        lambda db: db.execute("INSERT INTO passage_index (passage_index) VALUES ('integrity-check')") and None
    )


# ZIPs


def entry(name: str, mode: int = 0o100644) -> zipfile.ZipInfo:
    found = zipfile.ZipInfo(name)
    found.external_attr = mode << 16
    found.compress_type = zipfile.ZIP_DEFLATED
    return found


def hostile(kind: str) -> bytes:
    held = io.BytesIO()
    talks = shapes.as_json([shapes.simple(1)])
    with zipfile.ZipFile(held, "w") as made:
        match kind:
            case "bomb":
                made.writestr(entry("conversations.json"), b"[" + b" " * (64 * 1024 * 1024) + talks[1:])
            case "link":
                made.writestr(entry("conversations.json", stat.S_IFLNK | 0o777), "/etc/passwd")
            case "climbing":
                made.writestr(entry("../conversations.json"), talks)
            case "absolute":
                made.writestr(entry("/conversations.json"), talks)
            case "drive":
                made.writestr(entry("C:\\conversations.json"), talks)
            case "nested":
                made.writestr(entry("inner.zip"), hostile("plain"))
            case "plain":
                made.writestr(entry("conversations.json"), talks)
    content = bytearray(held.getvalue())
    if kind == "encrypted":
        held = io.BytesIO(hostile("plain"))
        content = bytearray(held.getvalue())
        content[content.index(b"PK\x01\x02") + 8] |= 1
        content[content.index(b"PK\x03\x04") + 6] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("bomb", "times its size"),
        ("link", "is a link"),
        ("climbing", "leads out"),
        ("absolute", "leads out"),
        ("drive", "leads out"),
        ("nested", "another ZIP"),
        ("encrypted", "encrypted"),
    ],
)
async def test_a_zip_that_could_do_harm_is_refused_in_words_and_nothing_is_written(database, tmp_path, kind, word):
    path = tmp_path / "export.zip"
    path.write_bytes(hostile(kind))
    (found,) = await Imports(database).look([path])
    assert not found.can_be_taken and word in found.problem
    with pytest.raises(BadFile, match=word):
        await take(database, path)
    assert await Imports(database).runs() == ()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["data", "export.zip"]


async def test_too_many_files_are_refused_before_they_are_looked_at(database, tmp_path, monkeypatch):
    monkeypatch.setattr(boxes, "MOST_FILES", 3)
    path = shapes.zipped(tmp_path / "export.zip", shapes.old_chatgpt())
    (found,) = await Imports(database).look([path])
    assert "more than 3 files" in found.problem


async def test_links_in_a_folder_are_not_followed(database, tmp_path):
    folder, secret = tmp_path / "folder", tmp_path / "secret.json"
    folder.mkdir()
    secret.write_bytes(shapes.as_json([shapes.simple(7)]))
    (folder / "conversations.json").write_bytes(shapes.as_json([shapes.simple(1)]))
    (folder / "more.json").symlink_to(secret)
    report = await take(database, folder)
    assert report.taken == 1
    assert [each.name for each in report.not_taken] == ["more.json"]


@pytest.mark.parametrize("cut", [10, 200, 1000, 3000])
async def test_a_cut_zip_or_file_gives_what_stands_before_the_cut_or_says_so(database, tmp_path, cut):
    content = shapes.as_json([shapes.simple(n) for n in range(1, 5)])
    path = tmp_path / "conversations.json"
    path.write_bytes(content[:-cut])
    try:
        report = await take(database, path)
    except KnownError as error:
        assert error.summary
    else:
        assert report.taken < 4 and any("middle" in each.reason for each in report.not_taken)
    whole(database)
    torn = tmp_path / "torn.zip"
    torn.write_bytes(shapes.zipped(tmp_path / "good.zip", shapes.old_chatgpt()).read_bytes()[:-cut])
    (found,) = await Imports(database).look([torn])
    assert "damaged ZIP" in found.problem


async def test_a_zip_whose_bytes_are_damaged_in_the_middle_says_so(database, tmp_path):
    path = shapes.zipped(
        tmp_path / "good.zip", {"conversations.json": shapes.as_json([shapes.simple(1), *[{}] * 3000])}
    )
    content = bytearray(path.read_bytes())
    at = content.index(b"conversations.json") + 400
    content[at : at + 40] = bytes(40)
    path.write_bytes(content)
    try:
        report = await take(database, path)
    except KnownError:
        return
    assert report.not_taken_count > 0
    whole(database)


# JSON


async def test_a_conversation_over_the_bound_is_named_and_the_next_is_taken(database, tmp_path, monkeypatch):
    monkeypatch.setattr(json_items.Splitter.__init__, "__defaults__", (200_000, ""))
    monkeypatch.setattr(json_items.elements, "__defaults__", (200_000, ""))
    path = tmp_path / "conversations.json"
    path.write_bytes(shapes.as_json([shapes.simple(1), shapes.simple(2, "w" * 900_000), shapes.simple(3)]))
    report = await take(database, path)
    assert report.taken == 2
    assert [(each.name, "64 MB" in each.reason) for each in report.not_taken] == [("Conversation 2", True)]


HOSTILE_TALKS = [
    json.dumps(shapes.simple(1, "fine")),
    json.dumps(shapes.simple(2, "x")).replace('"x"', "[" * 100_000 + "]" * 100_000),
    json.dumps(shapes.simple(3, "x")).replace('"x"', '"\\ud800 alone \\u0000 and \\u202e"'),
    json.dumps(shapes.simple(4, "x")).replace("1700004000.0", "1e400"),
    json.dumps(shapes.simple(5, "x")).replace("1700005000.0", "9" * 5000),
    json.dumps(shapes.simple(6, "x")).replace('"children": []', '"children": "none"'),
    json.dumps(shapes.simple(8, "x")).replace('"role": "user"', '"role": ["user"]'),
    '{"title": "odd", "mapping": {"a": {"message": 7}, "b": [], "c": null}}',
    '{"title": "NaN", "create_time": NaN, "mapping": {}}',
    "{}",
]


async def test_each_hostile_conversation_costs_itself_at_most(database, tmp_path):
    path = tmp_path / "conversations.json"
    path.write_text("[" + ",".join(HOSTILE_TALKS) + "]")
    report = await take(database, path)
    assert report.taken + report.not_taken_count == len(HOSTILE_TALKS)
    titles = {c.title for c in database.read_now(lambda db: conversations.listing(db))}
    assert {"Talk 1", "Talk 3", "Talk 6"} <= titles
    assert all(each.name and each.reason for each in report.not_taken)
    whole(database)


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """Our own export of an archive with everything."""
    folder = tmp_path_factory.mktemp("ours")
    first = Database.open(folder / "first")
    export_archive.fill(first)
    with asyncio.Runner() as runner:
        runner.run(Export(first).run(Selection(), "json", folder / "all.json", branches="all"))
    first.close()
    return (folder / "all.json").read_bytes()


async def test_numbers_and_texts_the_archive_cannot_keep_cost_one_conversation(database, tmp_path, ours):
    text = ours.decode()
    broken = text.replace('"created":1790000000000005', '"created":179000000000000500000000')
    assert broken != text
    (tmp_path / "all.json").write_text(broken)
    report = await take(database, tmp_path / "all.json")
    assert report.taken == 4 and len(report.not_taken) == 1
    whole(database)


@pytest.mark.parametrize("seed", range(16))
async def test_mutants_of_our_own_export_are_taken_by_conversations_or_not_at_all(database, tmp_path, seed, ours):
    chance = random.Random(seed)
    content = bytearray(ours)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(content))
        match chance.randrange(4):
            case 0:
                content[at] ^= 1 << chance.randrange(8)
            case 1:
                del content[at : at + chance.randint(1, 300)]
            case 2:
                content[at:at] = content[at : at + chance.randint(1, 300)]
            case _:
                content[at : at + 1] = bytes(chance.choices(b'{}[],":0\\', k=3))
    (tmp_path / "all.json").write_bytes(content)
    try:
        await take(database, tmp_path / "all.json")
    except KnownError as error:
        assert error.summary
    whole(database)


async def test_an_import_changes_no_setting_profile_or_key(database, tmp_path):
    (database.folder / "settings.json").write_text('{"text_scale": 120}')
    folder = tmp_path / "export"
    folder.mkdir()
    for name in ("settings.json", "profiles.json", "archive.db"):
        (folder / name).write_text('{"base_url": "http://evil.example"}')
    (folder / "conversations.json").write_bytes(shapes.as_json([shapes.simple(1)]))
    await take(database, folder)
    assert (database.folder / "settings.json").read_text() == '{"text_scale": 120}'
    assert not (database.folder / "profiles.json").exists()


async def test_a_log_that_is_no_log_of_the_command_is_left_alone(database, tmp_path):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE responses (id TEXT, model TEXT)")
    db.close()
    (found,) = await Imports(database).look([path])
    assert not found.can_be_taken


# Parts that can be called alone


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


@given(st.lists(st.dictionaries(st.text(max_size=8), VALUES, max_size=4), max_size=8), st.data())
def test_elements_are_found_however_the_pieces_fall(values, data):
    content = json.dumps(values, ensure_ascii=data.draw(st.booleans()), indent=data.draw(st.none() | st.just(1)))
    raw = content.encode("utf-8", "surrogatepass")
    size = data.draw(st.integers(1, 40))
    found = list(elements(raw[at : at + size] for at in range(0, len(raw), size)))
    assert [json.loads(each.content) for each in found] == values
    assert all(raw[each.start : each.start + each.size] == each.content for each in found)


@given(st.dictionaries(st.integers(0, 12), st.none() | st.integers(0, 14), max_size=12))
def test_any_tangle_of_parents_becomes_a_tree_that_keeps_every_message(parents):
    tangle = [
        Message(f"m{id}", Role.USER, (Text("x"),), parent=None if parent is None else f"m{parent}")
        for id, parent in parents.items()
    ]
    ordered = trees.ordered(tangle, Notes())
    assert sorted(message.id for message in ordered) == sorted(message.id for message in tangle)
    seen = set()
    for message in ordered:
        assert message.parent is None or message.parent in seen
        seen.add(message.id)
