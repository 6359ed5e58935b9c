"""Imports of each source: what is taken, what is not and why, twice the same, undone whole."""

from __future__ import annotations

import asyncio
import json
import threading
import zipfile

import export_shapes as shapes
import pytest

from desktop.core.conversation import (
    Attachment,
    Audio,
    Message,
    Picture,
    Reasoning,
    Role,
    State,
    Text,
    ToolCall,
    ToolResult,
    branch_of,
    children_of,
    path_to,
)
from desktop.core.errors import BadFile, BadInput
from desktop.services.imports.run import Imports
from desktop.store import backups, blobs, conversations, search
from desktop.store import imports as imports_store
from desktop.store.database import Database


@pytest.fixture
def database(tmp_path):
    opened = Database.open(tmp_path / "data")
    yield opened
    opened.close()


class Taken:
    """What an import left, by title."""

    def __init__(self, database) -> None:
        self._database = database
        rows = database.read_now(lambda db: conversations.listing(db))
        rows += database.read_now(lambda db: db.execute("SELECT id FROM conversation WHERE archived > 0").fetchall())
        ids = [row if isinstance(row, str) else getattr(row, "id", None) or row[0] for row in rows]
        self.all = {c.title: c for c in (database.read_now(lambda db, id=id: conversations.get(db, id)) for id in ids)}

    def path(self, title: str) -> list[Message]:
        def load(db):
            outline = conversations.outline(db, self.all[title].id)
            return conversations.messages(db, path_to(outline.head, outline.parents))

        return self._database.read_now(load)

    def tree(self, title: str) -> dict:
        return self._database.read_now(lambda db: conversations.outline(db, self.all[title].id)).parents

    def texts(self, title: str) -> list[str]:
        return [message.text for message in self.path(title)]


def count(database, table: str) -> int:
    return database.read_now(lambda db: db.execute(f"SELECT count(*) FROM {table}").fetchone())[0]


async def take(database, *paths):
    return await Imports(database).run(paths, lambda progress: None)


@pytest.fixture
def old(tmp_path):
    return shapes.zipped(tmp_path / "old.zip", shapes.old_chatgpt())


@pytest.fixture
def new(tmp_path):
    return shapes.zipped(tmp_path / "new.zip", shapes.new_chatgpt())


# ChatGPT


async def test_the_old_form_is_taken_fully_and_the_three_broken_ones_are_named(database, old):
    report = await take(database, old)
    assert report.taken == shapes.SAFE
    assert {(each.name, each.file) for each in report.not_taken} == {
        ("No messages", "conversations.json"),
        ("A list for a tree", "conversations.json"),
        ("Nothing", "conversations.json"),
    }
    assert all(each.reason for each in report.not_taken)
    assert set(Taken(database).all) == {"Talk 10", "Branches", "Tools", "Pictures", "Voice", "No times here", "Circle"}


async def test_branches_stay_branches_and_the_shown_one_is_shown(database, old):
    await take(database, old)
    taken = Taken(database)
    assert taken.texts("Branches") == ["What is a heron?", "A bird."]
    tree = taken.tree("Branches")
    children = children_of(tree)
    assert len(children[None]) == 2
    answers = children[taken.path("Branches")[0].id]
    assert branch_of(taken.path("Branches")[1].id, answers).of == 2
    assert {m.model for m in database.read_now(lambda db: conversations.messages(db, answers))} == {"gpt-4", "gpt-4o"}


async def test_tools_code_thoughts_and_instructions_keep_their_kind(database, old):
    report = await take(database, old)
    taken = Taken(database)
    parts = [part for message in taken.path("Tools") for part in message.parts]
    assert ToolCall("code", "python", "print(6 * 7)") in parts
    assert ToolResult("python", "42") in parts
    assert ToolCall("search", "browser", 'search("herons")') in parts
    assert any(isinstance(part, ToolResult) and "They wade." in part.text for part in parts)
    assert ToolResult("tool", "Timeout: too slow", is_error=True) in parts
    assert any(isinstance(part, ToolCall) and part.name == "canmore.create_textdoc" for part in parts)
    assert Reasoning("Counting\nsix times seven") in parts
    assert Reasoning("Thought for 4 seconds", 4.0) in parts
    assert Text("[hologram]\na turning cube") in parts
    assert report.notes["content of an unknown kind “hologram”, kept as text"] == 1
    conversation = taken.all["Tools"]
    assert conversation.system == "I paint.\n\nBe brief."
    assert conversation.archived == conversation.updated
    assert taken.path("Tools")[-1].state is State.LENGTH
    assert all(message.role is not Role.SYSTEM for title in taken.all for message in taken.path(title))


@pytest.mark.parametrize("form", ["old", "new"])
async def test_pictures_files_and_sounds_come_into_the_archive(database, form, request):
    report = await take(database, request.getfixturevalue(form))
    taken = Taken(database)
    question = taken.path("Pictures")[0]
    (picture,) = [part for part in question.parts if isinstance(part, Picture)]
    assert (picture.name, picture.mime) == ("dot.png", "image/png")
    assert database.read_now(lambda db: blobs.get(db, picture.blob)) == shapes.png()
    assert [part.mime for part in question.parts if isinstance(part, Attachment)] == ["application/pdf"]
    assert "[picture not in the export: file-Gone00]\n\nWhat is on these?" in question.text
    sounds = [part for message in taken.path("Voice") for part in message.parts if isinstance(part, Audio)]
    assert len(sounds) == (2 if form == "new" else 0)
    assert taken.path("Voice")[0].text.startswith("How are you?")
    missing = report.notes.get("sounds that are not in the export, named in the text", 0)
    assert missing == (0 if form == "new" else 2)


async def test_the_new_form_with_many_files_is_taken_fully_also_unpacked(database, tmp_path, new):
    folder = tmp_path / "unpacked"
    for name, content in shapes.new_chatgpt().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    report = await take(database, folder)
    assert (report.taken, report.not_taken_count) == (shapes.SAFE, 3)
    assert (await take(database, new)).taken == 0


async def test_missing_titles_times_and_parents_and_a_circle_are_mended_and_counted(database, old):
    report = await take(database, old)
    taken = Taken(database)
    assert taken.texts("No times here") == ["No times here", "None at all"]
    assert len(taken.tree("Circle")) == 5
    assert report.notes["circles of messages that were cut"] == 1
    assert report.notes["messages whose parent is missing, put at the beginning"] == 1


async def test_the_two_forms_of_one_account_never_double(database, old, new):
    await take(database, old)
    messages = count(database, "message")
    report = await take(database, new)
    assert (report.taken, report.already, report.merged) == (0, shapes.SAFE, 0)
    assert count(database, "message") == messages


async def test_a_later_export_adds_only_what_is_new_and_leaves_a_title_of_the_users(database, tmp_path):
    def export(name, *talks):
        return shapes.zipped(tmp_path / name, {"conversations.json": shapes.as_json(list(talks))})

    await take(database, export("one.zip", shapes.simple(1, "a", "b")))
    taken = Taken(database)
    conversation = taken.all["Talk 1"]
    database.write_now(lambda db: conversations.update(db, conversation.id, title="Mine"))
    report = await take(database, export("two.zip", shapes.simple(1, "a", "b", "c", "d"), shapes.simple(2)))
    assert (report.taken, report.merged, report.added, report.already) == (1, 1, 2, 0)
    taken = Taken(database)
    assert taken.texts("Mine") == ["a", "b", "c", "d"]
    assert taken.all["Mine"].message_count == 4


async def test_who_has_gone_on_here_keeps_what_they_see_beside_the_new_branch(database, tmp_path):
    path = tmp_path / "conversations.json"
    path.write_bytes(shapes.as_json([shapes.simple(1, "a", "b")]))
    await take(database, path)
    conversation = Taken(database).all["Talk 1"]
    mine = Message("01MINE", Role.USER, (Text("mine"),), conversation.head, conversation.id)
    database.write_now(lambda db: conversations.add_message(db, mine))
    path.write_bytes(shapes.as_json([shapes.simple(1, "a", "b", "c")]))
    report = await take(database, path)
    assert report.added == 1
    taken = Taken(database)
    assert taken.texts("Talk 1") == ["a", "b", "mine"]
    assert len(taken.tree("Talk 1")) == 4


# The other sources


async def test_claudes_export_with_thoughts_tools_attachments_and_branches(database, tmp_path):
    report = await take(database, shapes.zipped(tmp_path / "claude.zip", shapes.claude()))
    assert (report.taken, [each.name for each in report.not_taken]) == (2, ["Empty", "Broken"])
    taken = Taken(database)
    first, second, third = taken.path("Wombats")
    (notes,) = [part for part in first.parts if isinstance(part, Attachment)]
    assert database.read_now(lambda db: blobs.get(db, notes.blob)) == b"wombats"
    assert second.parts[:3] == (
        Reasoning("Let me see", 2.0),
        ToolCall("toolu_1", "repl", '{"code":"1+1"}'),
        ToolResult("toolu_1", "2"),
    )
    assert (third.text, third.role) == ("An older form", Role.USER)
    assert taken.texts("One") == ["One", "Second answer"] and len(taken.tree("One")) == 3


async def test_the_llm_commands_log_with_usage_fragments_tools_and_attachments(database, tmp_path):
    log = shapes.llm_log(tmp_path / "logs.db")
    before = log.read_bytes()
    await take(database, log)
    asked, answered, result, last = Taken(database).path("Pelicans")
    assert asked.text.startswith("A long paper.\n\nDraw a pelican")
    assert any(isinstance(part, Picture) for part in asked.parts)
    assert asked.text.endswith("\n\n[file not in the export: hostname]")
    assert (answered.usage.input, answered.usage.output, answered.timing.total_ms) == (12, 3, 900)
    assert ToolCall("call_1", "clock", "{}") in answered.parts and ToolResult("call_1", "noon") in result.parts
    assert last.text == "It is noon."
    assert log.read_bytes() == before and sorted(p.name for p in tmp_path.glob("logs*")) == ["logs.db"]


async def test_an_old_log_without_conversations_is_grouped_by_its_chats(database, tmp_path):
    report = await take(database, shapes.llm_log(tmp_path / "log.db", is_old=True))
    assert (report.taken, report.messages) == (2, 6)
    assert Taken(database).texts("Old?") == ["Old?", "Yes.", "Still?", "Yes."]


async def test_chat_lines_each_a_conversation_and_a_broken_line_named(database, tmp_path):
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    lines = [
        {"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "Q"},
                      {"role": "assistant", "content": None, "tool_calls": [call]},
                      {"role": "tool", "tool_call_id": "c", "content": "R"}]},
        {"input": {"messages": [{"role": "user", "content": "Which?"}]},
         "preferred_output": [{"role": "assistant", "content": "better"}],
         "non_preferred_output": [{"role": "assistant", "content": "worse"}]},
        {"prompt": "Once", "completion": " upon"},
    ]  # fmt: skip
    path = tmp_path / "set.jsonl"
    path.write_text("\n".join([json.dumps(lines[0]), '{"messages": [', *map(json.dumps, lines[1:])]) + "\n")
    report = await take(database, path)
    assert (report.taken, [each.name for each in report.not_taken]) == (3, ["Conversation 2"])
    taken = Taken(database)
    assert taken.all["Q"].system == "S"
    assert taken.path("Q")[1].parts == (ToolCall("c", "f", "{}"),) and len(taken.path("Q")) == 3
    assert taken.texts("Which?") == ["Which?", "better"] and len(taken.tree("Which?")) == 3
    assert (await take(database, path)).already == 3


async def test_a_folder_of_markdown_with_turns_front_matter_or_neither(database, tmp_path):
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "ours.md").write_text(
        '---\ntitle: "Herons"\nid: 01JGJFGK80HM9GED03JFDYJARQ\ncreated: 2025-01-02T03:04:05+00:00\n---\n\n'
        "## System\n\nBe brief.\n\n## User\n\nHello\n\n```\n## User\n```\n\n## Assistant (gpt-4o)\n\nHi\n"
    )
    (folder / "theirs.markdown").write_text("# A talk\n\n**You:** One?\n\n**ChatGPT:**\n\nTwo.\n")
    (folder / "plain.md").write_text("# Only a note\n\nwith words\n")
    (folder / "empty.md").write_text("\n")
    report = await take(database, folder)
    assert (report.taken, [each.name for each in report.not_taken]) == (3, ["empty"])
    taken = Taken(database)
    herons = taken.path("Herons")
    assert taken.all["Herons"].id == "01JGJFGK80HM9GED03JFDYJARQ" and taken.all["Herons"].system == "Be brief."
    assert [m.text for m in herons] == ["Hello\n\n```\n## User\n```", "Hi"] and herons[1].model == "gpt-4o"
    assert taken.texts("A talk") == ["One?", "Two."]
    assert taken.texts("Only a note") == ["# Only a note\n\nwith words"]
    assert (await take(database, folder)).already == 3


# The run


async def test_nothing_is_seen_before_all_of_it_is_and_then_it_is_found(database, tmp_path):
    path = tmp_path / "conversations.json"
    path.write_bytes(shapes.as_json([shapes.simple(n, f"needle {n} 数据库", "hay") for n in range(200)]))
    seen = []

    def look(progress):
        if progress.stage == "Taking them in" and progress.conversations:
            listed = database.read_now(lambda db: conversations.listing(db))
            seen.append((count(database, "message"), len(listed), len(database.read_now(_needles))))

    await Imports(database).run([path], look)
    assert any(messages for messages, _, _ in seen)
    assert all((listed, found) == (0, 0) for _, listed, found in seen)
    assert len(database.read_now(_needles)) == 200
    assert len(database.read_now(lambda db: search.newest(db, "据库", limit=300))) == 200
    assert [b.kind for b in backups.listing(database.folder)] == ["import"]


def _needles(db):
    return search.newest(db, "needle ", limit=300)


async def test_newer_conversations_are_newer_in_the_archive_whatever_their_order_was(database, tmp_path):
    path = tmp_path / "conversations.json"
    path.write_bytes(shapes.as_json([shapes.simple(n, f"heron {n}") for n in (3, 1, 2)]))
    await take(database, path)
    hits = database.read_now(lambda db: search.newest(db, "heron "))
    assert [hit.snippet[-1] for hit in hits] == ["3", "2", "1"]


async def test_stopped_it_leaves_nothing_and_says_so(database, tmp_path):
    path = tmp_path / "conversations.json"
    path.write_bytes(shapes.as_json([shapes.simple(n, *(["word " * 300] * 6)) for n in range(300)]))
    imports = Imports(database)
    staged = asyncio.Event()

    def look(progress):
        if progress.conversations:
            staged.set()

    running = asyncio.create_task(imports.run([path], look))
    await staged.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [count(database, table) for table in ("conversation", "message", "passage")] == [0, 0, 0]
    assert [run.state for run in await imports.runs()] == ["failed"]
    assert (await take(database, path)).taken == 300


async def test_a_stop_that_comes_when_all_can_be_seen_gives_the_report(database, new, monkeypatch):
    has_shown, go_on, show = asyncio.Event(), threading.Event(), imports_store.show
    loop = asyncio.get_running_loop()
    write_now = database.write_now

    def shown(db, *arguments):
        show(db, *arguments)
        loop.call_soon_threadsafe(has_shown.set)

    def held(work):
        done = write_now(work)
        if has_shown.is_set():  # between the commit and the report
            go_on.wait(120)
        return done

    monkeypatch.setattr(imports_store, "show", shown)
    monkeypatch.setattr(database, "write_now", held)
    imports = Imports(database)
    running = asyncio.create_task(imports.run([new], lambda progress: None))
    await has_shown.wait()
    running.cancel()
    await asyncio.sleep(0)
    go_on.set()
    report = await running
    monkeypatch.undo()
    assert report.taken and count(database, "conversation") == report.taken
    assert [run.state for run in await imports.runs()] == ["done"]


async def test_what_a_killed_run_left_is_not_taken_for_what_is_there_already(database, tmp_path):
    path = tmp_path / "conversations.json"
    path.write_bytes(shapes.as_json([shapes.simple(1, "a", "b")]))
    await take(database, path)

    def as_if_killed(db):
        db.execute("UPDATE import_run SET state = 'staged', ended = NULL")
        db.execute("UPDATE conversation SET trashed = -1")

    database.write_now(as_if_killed)
    report = await take(database, path)
    assert (report.taken, report.already) == (1, 0)
    await Imports(database).recover()
    assert list(Taken(database).all) == ["Talk 1"]


async def test_undo_takes_all_of_it_but_what_was_gone_on_with(database, tmp_path):
    path = tmp_path / "conversations.json"
    path.write_bytes(shapes.as_json([shapes.simple(n, "a", "b") for n in range(1, 6)]))
    report = await take(database, path)
    conversation = Taken(database).all["Talk 2"]
    mine = Message("01MINE", Role.USER, (Text("mine"),), conversation.head, conversation.id)
    database.write_now(lambda db: conversations.add_message(db, mine))
    undone = await Imports(database).undo(report.run)
    assert (undone.conversations, undone.kept) == (4, ("Talk 2",))
    assert list(Taken(database).all) == ["Talk 2"]


async def test_undo_of_additions_leaves_the_conversation_as_it_was(database, tmp_path):
    path = tmp_path / "conversations.json"
    path.write_bytes(shapes.as_json([shapes.simple(1, "a", "b")]))
    await take(database, path)
    path.write_bytes(shapes.as_json([shapes.simple(1, "a", "b", "c", "d")]))
    report = await take(database, path)
    undone = await Imports(database).undo(report.run)
    assert (undone.conversations, undone.messages, undone.messages_kept) == (0, 2, 0)
    taken = Taken(database)
    assert taken.texts("Talk 1") == ["a", "b"] and taken.all["Talk 1"].message_count == 2
    assert database.read_now(lambda db: search.newest(db, "c ")) == []


async def test_progress_goes_up_to_the_end_and_what_was_found_is_told_before(database, old, tmp_path):
    imports = Imports(database)
    (found, gone) = await imports.look([old, tmp_path / "gone.zip"])
    assert (found.kind, found.conversations, found.can_be_taken) == ("ChatGPT export", 10, True)
    assert not gone.can_be_taken and gone.problem
    told = []
    await imports.run([old], told.append)
    await asyncio.sleep(0)
    done = [progress.done for progress in told]
    assert done == sorted(done) and told[-1].of > 0 and told[-1].stage == "Finishing"


async def test_a_text_too_long_for_the_index_stands_beside_its_message_as_a_file(database, tmp_path):
    text = "heron " * 300_000
    path = tmp_path / "conversations.json"
    path.write_bytes(shapes.as_json([shapes.simple(1, text)]))
    report = await take(database, path)
    (message,) = Taken(database).path("Talk 1")
    beginning, kept = message.parts
    assert text.startswith(beginning.text.removesuffix(" …")) and isinstance(kept, Attachment)
    assert database.read_now(lambda db: blobs.get(db, kept.blob)).decode() == text
    assert report.notes == {"very long texts kept as files, with their beginning in the message": 1}


async def test_nothing_recognised_is_said_before_anything_is_written(database, tmp_path):
    path = tmp_path / "x.json"
    path.write_text('{"a": 1}')
    with pytest.raises(BadFile):
        await take(database, path)
    assert await Imports(database).runs() == ()
    assert backups.listing(database.folder) == []


async def test_a_name_decides_nothing(database, tmp_path):
    disguised = tmp_path / "holiday.png.txt"
    with zipfile.ZipFile(disguised, "w") as made:
        made.writestr("whatever.bin", shapes.old_chatgpt()["conversations.json"])
    assert (await take(database, disguised)).taken == shapes.SAFE


async def test_of_two_that_begin_at_once_one_is_told_to_wait(database, new):
    imports = Imports(database)
    runs = [imports.run([new], lambda progress: None) for _ in range(2)]
    first, second = await asyncio.gather(*runs, return_exceptions=True)
    assert first.taken and isinstance(second, BadInput)
