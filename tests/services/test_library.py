"""The library: every filter finds what it says, every act is taken back exactly, and nothing is left behind a purge."""

from __future__ import annotations

import random
from datetime import date, datetime

import pytest

from desktop.core.conversation import (
    Attachment,
    Audio,
    Conversation,
    Message,
    Picture,
    Reasoning,
    Role,
    State,
    Text,
    ToolCall,
    ToolResult,
)
from desktop.core.errors import BadInput, Missing
from desktop.core.usage import Usage
from desktop.services.conversations import Conversations
from desktop.services.library import Library, Place
from desktop.store import blobs, check, conversations, ledger, search
from desktop.store.database import Database
from desktop.store.search import CLOSE, OPEN

NOW = datetime(2026, 3, 31, 12)
DOLLAR = 10**12
DAY = 86_400_000_000


def us(*day: int) -> int:
    return round(datetime(*day).timestamp()) * 1_000_000


class Shelf:
    """A library over a real archive, and the means to fill it."""

    def __init__(self, folder) -> None:
        self.database = Database.open(folder)
        self.time = NOW.timestamp()
        self.days = 30
        self.kept = Conversations(self.database, now=lambda: self.time)
        self.library = Library(self.database, self.kept, trash_days=lambda: self.days, now=lambda: self.time)
        self.heard = 0
        self.library.listen(self._hear)

    def _hear(self) -> None:
        self.heard += 1

    def talk(self, id: str, *messages: Message, **fields) -> None:
        def work(db):
            conversations.create(
                db, Conversation(id=id, **{"title": f"about {id}", "created": us(2026, 1, 1)} | fields)
            )
            for message in messages:
                conversations.add_message(db, message)

        self.database.write_now(work)

    def add(self, *messages: Message) -> None:
        self.database.write_now(lambda db: [conversations.add_message(db, message) for message in messages] and None)

    def get(self, id: str) -> Conversation:
        return self.database.read_now(lambda db: conversations.get(db, id))

    async def ids(self, line: str = "", **options) -> list[str]:
        return [entry.conversation.id for entry in (await self.library.search(line, **options)).entries]

    def rows(self, table: str) -> list[tuple]:
        return self.database.read_now(lambda db: db.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall())

    def is_whole(self) -> bool:
        return self.database.read_now(check.whole) is None


@pytest.fixture
def shelf(tmp_path):
    made = Shelf(tmp_path / "data")
    yield made
    made.database.close()


def said(id: str, chat: str, text: str = "", parent: str | None = None, **fields) -> Message:
    fields.setdefault("role", Role.ASSISTANT if parent else Role.USER)
    parts = fields.pop("parts", ()) + ((Text(text),) if text else ())
    return Message(id=id, conversation=chat, parent=parent, parts=parts, **{"created": us(2026, 1, 1)} | fields)


@pytest.fixture
def filled(shelf):
    """a: old, by gpt, with code; b: by o3, dear, with a tool; c: of another page, with a picture; d: cut."""
    picture = shelf.database.write_now(lambda db: blobs.put(db, b"\x89PNG" * 9, 1))
    shelf.talk("a", said("a1", "a", "zebra cat", created=us(2025, 2, 3)), created=us(2025, 2, 3), tags=("Red", "blue"))
    shelf.add(said("a2", "a", "x zebra\n```py\n1\n```", "a1", model="gpt-4o-mini", created=us(2025, 2, 3)))
    tool = (ToolCall("1", "look", "{}"), Reasoning("hm"))
    shelf.talk("b", said("b1", "b", "zebra dog", created=us(2026, 3, 30)), tags=("red",))
    shelf.add(
        said("b2", "b", "reply zebra", "b1", model="o3", cost_pico=2 * DOLLAR, parts=tool, created=us(2026, 3, 30))
    )
    shelf.add(said("b3", "b", "", "b2", role=Role.TOOL, parts=(ToolResult("1", "found"),), created=us(2026, 3, 30)))
    shelf.talk("c", said("c1", "c", "a zebra drawn", parts=(Picture(picture, "image/png"),)), page="images")
    shelf.add(said("c2", "c", "cat zebra", "c1", model="draw-1", parts=(Attachment("f.txt", "text/plain", picture),)))
    shelf.talk("d", said("d1", "d", "zebra?"), title="Zebra title", is_pinned=True)
    shelf.add(said("d2", "d", "half", "d1", model="gpt-4o", state=State.CUT, parts=(Audio(picture, "audio/wav"),)))
    return shelf


@pytest.mark.parametrize(
    ("line", "ids"),
    [
        ("zebra", "abcd"),
        ("model:gpt", "ad"),
        ('model:"gpt-4o"', "d"),
        ("model:gpt_4o", ""),
        ("-model:gpt", "bc"),
        ("before:2025-03", "a"),
        ("after:2026", "bcd"),
        ("on:2025-02-03", "a"),
        ("on:yesterday", "b"),
        ("after:2025-06 before:2026-02", "cd"),
        ("tag:RED", "ab"),
        ("tag:red tag:blue", "a"),
        ("-tag:red", "cd"),
        ("role:tool", "b"),
        ("page:Images", "c"),
        ("-page:images", "abd"),
        ("page:images page:chat", "abcd"),
        ("cost:>1.5", "b"),
        ("cost:<1", "acd"),
        ("has:image", "c"),
        ("has:file", "c"),
        ("has:audio", "d"),
        ("has:code", "a"),
        ("has:tool", "b"),
        ("has:reasoning", "b"),
        ("has:image has:file", ""),
        ("-has:code", "bcd"),
        ("is:pinned", "d"),
        ("-is:pinned", "abc"),
        ("state:cut", "d"),
        ("-state:cut", "abc"),
        ("model:o3 model:draw", "bc"),
        ("role:user has:code", ""),
        ("-dog -cat", "d"),
    ],
)
async def test_each_filter_finds_what_it_says_alone_and_with_a_word(filled, line, ids):
    assert "".join(sorted(await filled.ids(line))) == ids
    if line.startswith("-dog") or line == "role:tool":
        return
    with_word = "".join(sorted(await filled.ids(f"{line} zebra")))
    # With a word the message with the hit must pass by itself, so an exclusion leaves others of its conversation.
    assert set(ids) >= set(with_word) if not line.startswith("-") else set(ids) <= set(with_word)


@pytest.mark.parametrize(
    ("line", "messages"),
    [
        ("zebra", ["d1", "c2", "b2", "a2"]),
        ("zebra -cat", ["d1", "c1", "b2", "a2"]),
        ('zebra -"zebra cat" -dog -reply', ["d1", "c2", "a2"]),
        ("zebra role:user", ["d1", "c1", "b1", "a1"]),
        ("zebra -role:user", ["c2", "b2", "a2"]),
        ("zebra has:code", ["a2"]),
        ("zebra model:o3", ["b2"]),
        ("in:title zebra", [None]),
        ("-in:title zebra model:gpt", ["a2"]),
        ("zebra state:cut", [None]),
    ],
)
async def test_a_hit_passes_the_filters_by_itself_and_a_title_for_its_conversation(filled, line, messages):
    results = await filled.library.search(line)
    assert sorted((e.message or "") for e in results.entries) == sorted(m or "" for m in messages)
    for entry in results.entries:
        assert OPEN in entry.snippet and CLOSE in entry.snippet


async def test_entries_say_where_when_how_often_and_carry_their_tags(filled):
    entry = next(e for e in (await filled.library.search("zebra")).entries if e.conversation.id == "a")
    assert (entry.message, entry.role, entry.when, entry.hits) == ("a2", "assistant", us(2025, 2, 3), 2)
    assert entry.conversation.tags == ("blue", "Red")
    assert entry.snippet.startswith(f"x {OPEN}zebra{CLOSE}")


async def test_what_is_not_there_is_told_and_finds_nothing(filled):
    results = await filled.library.search("zebra tag:nothing folder:nowhere has:fun")
    assert results.entries == ()
    assert [p.sentence.split()[0] for p in results.problems] == ["Behind", "There", "There"]


async def test_old_conversations_that_came_in_late_stand_at_their_own_time(filled):
    filled.talk("old", said("o1", "old", "zebra of old", created=us(2024, 1, 1)), created=us(2024, 1, 1))
    assert (await filled.ids("zebra"))[0] == "old"

    def imported(db):
        db.execute("INSERT INTO import_run (id, started, kind, name, state) VALUES ('r', 1, 'x', 'y', 'done')")
        db.execute("UPDATE conversation SET import_run = 1 WHERE id = 'old'")

    filled.database.write_now(imported)
    assert await filled.ids("zebra") == ["b", "d", "c", "a", "old"]
    assert (await filled.ids("zebra", order="oldest"))[0] == "a"


async def test_orders(filled):
    assert await filled.ids("zebra", order="title") == ["a", "b", "c", "d"]
    assert (await filled.ids("zebra", order="cost"))[0] == "b"
    assert (await filled.ids(order="cost"))[0] == "b"
    assert await filled.ids(order="title") == ["a", "b", "c", "d"]
    assert (await filled.ids(order="newest"))[:2] == ["d", "b"]
    filled.talk("e", said("e1", "e", "zebra " * 8), said("e2", "e", "long talk of a zebra and " + "words " * 200))
    found = await filled.library.search("zebra", order="relevance")
    assert (found.entries[0].conversation.id, found.entries[0].message) == ("e", "e1")


@pytest.mark.parametrize(("line", "order"), [("", "newest"), ("", "oldest"), ("", "title"), ("", "cost")])
async def test_a_cursor_goes_on_where_the_page_ended(shelf, line, order):
    for n in range(23):
        shelf.talk(f"c{n:02}", said(f"m{n:02}", f"c{n:02}", "yak"), title="SAME É" if n % 2 else f"Z{n % 3}")
    await _all_pages(shelf, line, order)


@pytest.mark.parametrize("order", ["newest", "oldest", "title", "relevance"])
async def test_the_cursor_of_a_search_is_not_moved_by_what_is_said_meanwhile(shelf, order):
    for n in range(23):
        shelf.talk(f"c{n:02}", *(said(f"m{n:02}{k}", f"c{n:02}", "yak") for k in range(3)))
    await _all_pages(shelf, "yak ", order)


async def _all_pages(shelf: Shelf, line: str, order) -> None:
    whole = await shelf.ids(line, order=order)
    assert len(set(whole)) == 23
    seen, after = [], None
    while True:
        page = await shelf.library.search(line, order=order, limit=5, after=after)
        seen += [entry.conversation.id for entry in page.entries]
        assert (page.count, page.is_more) in ((23, False), (5, True))
        after = page.next
        if after is None:
            break
        if line:
            shelf.add(said(f"new{len(seen)}", "c11", "yak"))
    assert seen == whole
    assert await shelf.library.count(line) == (23, False)


async def test_scripts_without_blanks_and_accents(shelf):
    shelf.talk("zh", said("z1", "zh", "这个数据库非常好用"), said("z2", "zh", "数据 python"))
    shelf.talk("fr", said("f1", "fr", "Résumé naïve"))
    assert await shelf.ids("数据库") == ["zh"]
    assert [e.message for e in (await shelf.library.search("数据 -python")).entries] == ["z1"]
    assert [e.message for e in (await shelf.library.search("数据 -好用")).entries] == ["z2"]
    assert [e.message for e in (await shelf.library.search("python -好用")).entries] == ["z2"]
    assert await shelf.ids("resume has:code") == []
    assert await shelf.ids("resume") == ["fr"]
    assert await shelf.ids("-数据") == ["fr"]


async def test_what_was_put_away_is_found_but_not_listed_and_the_trash_is_for_itself(filled):
    await filled.library.archive(["a"], True)
    await filled.library.trash(["b"])
    assert set(await filled.ids()) == {"c", "d"}
    assert set(await filled.ids("zebra")) == {"a", "c", "d"}
    assert await filled.ids(place=Place("archived")) == ["a"]
    assert await filled.ids("is:archived") == ["a"]
    assert await filled.ids(place=Place("trash")) == ["b"]
    assert await filled.ids("zebra is:trashed") == ["b"]
    assert await filled.ids("dog", place=Place("trash")) == ["b"]
    assert await filled.ids(place=Place("untagged")) == ["d", "c"]
    assert await filled.ids(place=Place("pinned")) == ["d"]
    assert await filled.ids(place=Place("page", "images")) == ["c"]
    assert await filled.ids(place=Place("tag", "red")) == []
    assert await filled.ids("zebra", place=Place("tag", "red")) == ["a"]
    counts = await filled.library.counts()
    assert (counts.all, counts.pinned, counts.archived, counts.trash, counts.untagged) == (2, 1, 1, 1, 2)
    assert [(t.name, t.count) for t in counts.pages] == [("chat", 1), ("images", 1)]
    assert [(t.name, t.count) for t in counts.tags] == [("blue", 0), ("Red", 0)]


async def test_what_is_staged_by_an_import_is_nowhere(filled):
    filled.database.write_now(lambda db: db.execute("UPDATE conversation SET trashed = -1 WHERE id = 'a'") and None)
    for line in ("", "zebra", "has:code", "is:trashed"):
        assert "a" not in await filled.ids(line)
    assert "a" not in await filled.ids(place=Place("trash"))
    await filled.library.trash(["a"])
    await filled.library.restore(["a"])
    assert filled.get("a").trashed == -1


# Folders, tags, saved searches


async def test_folders_are_nested_named_once_and_moved_without_circles(shelf):
    library = shelf.library
    work = await library.make_folder(" Work ")
    inner = await library.make_folder("Letters", work.id)
    deep = await library.make_folder("2026", inner.id)
    assert work.name == "Work"
    for name, parent in (("WORK", ""), ("letters", work.id)):
        with pytest.raises(BadInput, match="already"):
            await library.make_folder(name, parent)
    for name in ("", "  ", "x" * 201):
        with pytest.raises(BadInput):
            await library.make_folder(name)
    for into in (work.id, inner.id, deep.id):
        with pytest.raises(BadInput, match="itself"):
            await library.move_folder(work.id, into)
    with pytest.raises(Missing):
        await library.move_folder(work.id, "gone")
    undo = await library.move_folder(deep.id, "")
    assert {f.name: f.parent for f in (await library.counts()).folders} == {"Work": "", "Letters": work.id, "2026": ""}
    await undo()
    undo = await library.rename_folder(inner.id, "LETTERS")
    await undo()
    assert {f.name: f.parent for f in (await library.counts()).folders}["2026"] == inner.id
    assert shelf.is_whole()


async def test_a_folder_holds_what_is_below_it_and_gives_it_up_when_it_goes(shelf):
    library = shelf.library
    work = await library.make_folder("Work")
    inner = await library.make_folder("Letters", work.id)
    await library.make_folder("Letters")
    for id in "abc":
        shelf.talk(id, said(f"m{id}", id, "yak"))
    await library.put_in(["a"], work.id)
    await library.put_in(["b"], inner.id)
    assert set(await shelf.ids(place=Place("folder", work.id))) == {"a", "b"}
    assert await shelf.ids("folder:work/letters") == ["b"]
    assert set(await shelf.ids("yak folder:WORK")) == {"a", "b"}
    assert await shelf.ids("-folder:work") == ["c"]
    folders = (await library.counts()).folders
    assert sorted((f.name, f.count) for f in folders) == [("Letters", 0), ("Letters", 1), ("Work", 2)]
    before = [shelf.get(id).folder for id in "abc"]
    undo = await library.remove_folder(work.id)
    assert [f.name for f in (await library.counts()).folders] == ["Letters", "Letters (2)"]
    assert [shelf.get(id).folder for id in "abc"] == ["", inner.id, ""]
    await undo()
    assert (await library.counts()).folders == folders
    assert [shelf.get(id).folder for id in "abc"] == before
    assert shelf.is_whole()


async def test_a_tag_that_is_renamed_to_another_becomes_it_and_undo_parts_them(shelf):
    library = shelf.library
    for id, tags in (("a", ("x", "y")), ("b", ("x",)), ("c", ("y",))):
        shelf.talk(id, tags=tags)
    before = [shelf.get(id).tags for id in "abc"]
    for act in (
        lambda: library.rename_tag("x", "Y"),
        lambda: library.rename_tag("x", "fresh"),
        lambda: library.rename_tag("x", "X"),
        lambda: library.remove_tag("y"),
    ):
        undo = await act()
        assert [shelf.get(id).tags for id in "abc"] != before
        await undo()
        assert [shelf.get(id).tags for id in "abc"] == before
    with pytest.raises(Missing):
        await library.remove_tag("gone")
    await library.rename_tag("x", "y")
    assert [shelf.get(id).tags for id in "abc"] == [("y",)] * 3
    assert shelf.is_whole()


async def test_saved_searches(shelf):
    library = shelf.library
    kept = await library.save_search(" Mine ", "tag:x zebra")
    await library.save_search("Other", "")
    undo = await library.rename_search(kept.id, "Renamed")
    assert [s.name for s in (await library.counts()).saved] == ["Other", "Renamed"]
    await undo()
    undo = await library.forget_search(kept.id)
    assert [s.name for s in (await library.counts()).saved] == ["Other"]
    await undo()
    assert [(s.name, s.query) for s in (await library.counts()).saved] == [("Mine", "tag:x zebra"), ("Other", "")]


# Many at once


async def test_each_act_on_many_is_taken_back_exactly(filled):
    library = filled.library
    folder = await library.make_folder("F")
    other = await library.make_folder("G")
    await library.put_in(["b"], other.id)
    await library.pin(["c"], True)
    await library.archive(["a"], True)
    filled.time += 60
    await library.trash(["d"])
    filled.time += 60
    ids = ["a", "b", "c", "d"]
    tables = ("conversation", "conversation_tag", "tag")
    before = [filled.rows(table) for table in tables]
    for act in (
        lambda: library.put_in(ids, folder.id),
        lambda: library.put_in(ids, ""),
        lambda: library.pin(ids, True),
        lambda: library.pin(ids, False),
        lambda: library.archive(ids, True),
        lambda: library.archive(ids, False),
        lambda: library.trash(ids),
        lambda: library.restore(ids),
        lambda: library.tag(ids, add=["Red", "new"], remove=["blue"]),
        lambda: library.rename("a", "Another"),
    ):
        heard = filled.heard
        undo = await act()
        assert [filled.rows(table) for table in tables] != before or filled.rows("passage")
        await undo()
        assert [filled.rows(table) for table in tables] == before
        assert filled.heard == heard + 2
    assert filled.get("a").title == "about a"
    assert await filled.ids("another") == []
    with pytest.raises(Missing):
        await library.put_in(ids, "gone")
    with pytest.raises(BadInput):
        await library.tag(ids, add=[" "])
    assert [filled.rows(table) for table in tables] == before


async def test_undo_takes_back_its_own_act_only(filled):
    library = filled.library
    undo = await library.tag(["a", "b"], add=["fresh"])
    await library.tag(["c"], add=["fresh"])
    await undo()
    assert await filled.ids("tag:fresh") == ["c"]


async def test_the_day_the_trash_is_emptied(shelf):
    assert shelf.library.trash_emptied_on(us(2026, 3, 1, 9)) == date(2026, 3, 31)
    shelf.days = 0
    assert shelf.library.trash_emptied_on(us(2026, 3, 1)) is None


async def test_the_trash_is_emptied_of_every_page_and_nothing_is_left_of_it(filled):
    def rows(db) -> None:
        db.execute("INSERT INTO import_run (id, started, kind, name, state) VALUES ('r', 1, 'x', 'y', 'done')")
        db.execute("INSERT INTO import_addition SELECT 1, no FROM message")
        db.execute("UPDATE message SET call_id = 'call-' || id")
        db.execute("INSERT INTO exchange SELECT call_id, 1, 'chat', 1, x'00' FROM message")

    filled.database.write_now(rows)
    await filled.library.trash(["a", "c"])
    assert await filled.library.empty_trash_now() == 2
    assert len(filled.rows("message")) == 5
    assert [row[0] for row in filled.rows("exchange")] == ["call-b1", "call-b2", "call-b3", "call-d1", "call-d2"]
    assert len(filled.rows("import_addition")) == 5
    assert [row[0] for row in filled.rows("conversation_tag")] == [2]
    assert set(await filled.ids("zebra")) == {"b", "d"}
    assert filled.is_whole()


async def test_what_is_restored_while_the_trash_is_emptied_stays(shelf, monkeypatch):
    for id in ("a", "b", "c"):
        shelf.talk(id, said(f"{id}1", id, "zebra"))
    await shelf.library.trash(["a", "b", "c"])
    look = conversations.trashed_before

    def and_then_restored(db, older_than_us):
        found = look(db, older_than_us)
        shelf.database.write_now(lambda db: conversations.restore(db, ["c"]))
        return found

    monkeypatch.setattr(conversations, "trashed_before", and_then_restored)
    assert await shelf.library.empty_trash_now() == 2
    assert await shelf.ids("zebra") == ["c"]
    await shelf.kept.purge(["a", "c"])  # one of them is gone already
    assert shelf.rows("conversation") == [] and shelf.is_whole()


async def test_calls_sent_again_go_with_their_conversation(shelf):
    shelf.talk("a", said("a1", "a", "zebra"))
    shelf.talk("b", said("b1", "b", "zebra"))

    def replays(db) -> None:
        for id in ("a", "b"):
            row = ledger.LedgerRow(f"again-{id}", 1, page="wire", conversation=id)
            ledger.open_row(db, row)
            db.execute("INSERT INTO exchange VALUES (?, 1, 'wire', 1, x'00')", (row.call_id,))

    shelf.database.write_now(replays)
    await shelf.kept.purge(["a"])
    assert [row[0] for row in shelf.rows("exchange")] == ["again-b"]
    assert len(shelf.rows("ledger")) == 2  # money stays


# Money


async def test_what_a_conversation_came_to_keeps_step_with_its_messages(shelf):
    shelf.talk("a", said("m1", "a", "q"))
    shelf.add(said("m2", "a", "r", "m1", state=State.STREAMING))
    shelf.database.write_now(
        lambda db: conversations.finish(db, said("m2", "a", "reply", "m1", cost_pico=7, state=State.COMPLETE))
    )
    assert shelf.get("a").cost_pico == 7
    shelf.database.write_now(lambda db: conversations.finish(db, said("m2", "a", "reply", "m1", cost_pico=9)))
    many = [said(f"n{n}", "a", "x", "m2", cost_pico=n) for n in range(4)]
    shelf.database.write_now(lambda db: conversations.add_messages(db, many))
    shelf.database.write_now(search.rebuild)
    assert shelf.get("a").cost_pico == 15
    forked = await shelf.kept.fork("a", "m2")
    assert (forked.cost_pico, shelf.get(forked.id).cost_pico) == (0, 0)
    await shelf.kept.purge(["a"])
    assert shelf.get(forked.id).cost_pico == 9
    assert shelf.is_whole()


# Reading


@pytest.fixture
def tree(shelf):
    """r -> (a -> (a1, a2 -> a3), b -> b1); a fork of it at a2 with f; other talk between the numbers."""
    shelf.talk("t", said("01r", "t", "root yak"))
    shelf.talk("u", said("02x", "u", "yak elsewhere"))
    for id, parent, text in (
        ("03a", "01r", "yak a"),
        ("04b", "01r", "b"),
        ("05a1", "03a", "a1 yak"),
        ("06b1", "04b", "b1 yak"),
        ("07a2", "03a", "a2"),
        ("08a3", "07a2", "a3 yak cat"),
    ):
        shelf.add(said(id, "t", text, parent))
    return shelf


async def test_hits_of_all_branches_in_the_order_of_the_tree(tree):
    places = await tree.library.hits_in("t", "yak")
    assert [(p.message, p.leaf) for p in places] == [
        ("01r", "08a3"),
        ("03a", "08a3"),
        ("05a1", "05a1"),
        ("08a3", "08a3"),
        ("06b1", "06b1"),
    ]
    assert [p.message for p in await tree.library.hits_in("t", "yak -cat role:assistant")] == ["03a", "05a1", "06b1"]
    assert await tree.library.hits_in("t", "in:title yak") == ()
    assert await tree.library.hits_in("t", "") == ()
    await tree.kept.show_branch("t", "06b1")
    assert (await tree.library.hits_in("t", "yak"))[0].leaf == "06b1"
    with pytest.raises(Missing):
        await tree.library.hits_in("gone", "yak")


async def test_hits_of_a_fork_are_also_those_of_the_past_it_shares(tree):
    forked = await tree.kept.fork("t", "07a2")
    tree.add(said("09f", forked.id, "yak in the fork", "07a2"))
    assert [p.message for p in await tree.library.hits_in(forked.id, "yak")] == ["01r", "03a", "09f"]


async def test_hits_of_a_talk_whose_messages_stand_far_apart(tree):
    many = [said(f"10{n:05}", "u", f"yak {n}") for n in range(3000)]

    def work(db):
        conversations.add_messages(db, many)
        search.rebuild(db)

    tree.database.write_now(work)
    tree.add(said("20z", "t", "last yak", "06b1"))
    assert [p.message for p in await tree.library.hits_in("t", "yak")][-1] == "20z"


async def test_statistics_of_a_whole_conversation(shelf):
    shelf.talk("s", said("s1", "s", "two words", created=5))
    shelf.add(
        said("s2", "s", "three little words", "s1", model="m", usage=Usage(input=9, output=4), cost_pico=3, created=9)
    )
    shelf.add(said("s3", "s", "other", "s1", model="m", usage=Usage(input=9, output=1), created=8))
    shelf.add(said("s4", "s", "free", "s1", model="n", usage=Usage(input=1, output=1), is_free=True, created=7))
    found = await shelf.library.statistics("s")
    assert found.messages == {"user": 1, "assistant": 3}
    assert (found.words, found.characters, found.branches, found.first, found.last) == (7, 36, 3, 5, 9)
    assert [(m.model, m.replies, m.input, m.output, m.cost_pico, m.unpriced) for m in found.models] == [
        ("m", 2, 18, 5, 3, 1),
        ("n", 1, 1, 1, 0, 0),
    ]
    assert (found.cost_pico, found.unpriced) == (3, 1)


async def test_statistics_count_attachments_and_outlines_follow_a_path(filled):
    assert (await filled.library.statistics("c")).attachments == {"pictures": 1, "files": 1}
    assert [(h.message, h.level) for h in await filled.library.outline(["a1", "a2"])] == [("a1", 0)]
    (block,) = await filled.library.code_blocks(["a1", "a2"])
    assert (block.message, block.language, block.text, block.first_line) == ("a2", "py", "1", 2)


async def test_completions_know_what_was_just_made(filled):
    await filled.library.complete("tag:f", 5)
    await filled.library.tag(["a"], add=["fresh one"])
    assert (await filled.library.complete("tag:f", 5)).choices == ('tag:"fresh one"',)


async def test_ten_thousand_conversations_are_counted_up_to_a_bound_and_found(shelf):
    chance = random.Random(3)

    def work(db):
        for n in range(10_000):
            conversations.create(db, Conversation(id=f"{n:05}", title=f"talk {n}", created=n + 1, is_pinned=n == 77))
        conversations.add_messages(
            db, [said(f"m{n:05}", f"{n:05}", "yak " + "abc"[n % 3] * 3, created=n + 1) for n in range(10_000)]
        )
        search.rebuild(db)

    shelf.database.write_now(work)
    listed = await shelf.library.search("")
    assert (listed.count, listed.is_more, len(listed.entries)) == (1000, True, 100)
    assert listed.entries[0].conversation.id == "00077"
    found = await shelf.library.search("yak ")
    assert await shelf.library.count("yak ") == (1000, True)
    assert (found.count, found.is_more) == (100, True)
    assert [e.message for e in found.entries[:2]] == ["m09999", "m09998"]
    some = [f"{n:05}" for n in chance.sample(range(10_000), 2500)]
    undo = await shelf.library.tag(some, add=["many"])
    assert (await shelf.library.counts()).tags[0].count == 2500
    assert (await shelf.library.search("tag:many bbb")).entries
    await undo()
    assert (await shelf.library.counts()).tags == ()
