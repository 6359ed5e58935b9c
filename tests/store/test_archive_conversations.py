"""Conversations as trees: what is put in comes out, forks share their past, nothing needed is purged."""

from __future__ import annotations

import sqlite3
import time

import msgspec
import pytest
from archives import add, fill, message, streaming, talk
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.core.conversation import (
    Attachment,
    Audio,
    Conversation,
    Message,
    Picture,
    Reasoning,
    Refusal,
    Role,
    State,
    Text,
    Timing,
    ToolCall,
    ToolResult,
    path_to,
)
from desktop.core.errors import Missing
from desktop.core.usage import Usage
from desktop.store import blobs, check, conversations, drafts, ledger, search, tree
from desktop.store.connections import transaction
from desktop.store.drafts import Draft
from desktop.store.migrations import migrate

HOSTILE = "\0\x01\x1b[31m\u202e‮\u2028\x85\ufeff\U0001f469\u200d\U0001f52c Ａ ﬁ é e\u0301 \ue000\ue001 数据库 \uffff"


def memory():
    conn = sqlite3.connect(":memory:", isolation_level=None)
    conn.execute("PRAGMA foreign_keys = ON")
    migrate(conn)
    return conn


def test_every_kind_of_part_comes_back_in_its_order_and_exactly(database):
    talk(database)
    sha = database.write_now(lambda db: blobs.put(db, b"picture"))
    whole = Message(
        id="m",
        role=Role.ASSISTANT,
        conversation="c",
        parts=(
            Reasoning("why\0", 1.5),
            Text(HOSTILE),
            Picture(sha, "image/png", "n.png", "low"),
            Text(""),
            Audio(sha, "audio/wav", transcript="said", seconds=2.5),
            Attachment("f.pdf", "application/pdf", sha),
            ToolCall("call_1", "look", '{"broken'),
            ToolResult("call_1", "nothing", is_error=True),
            Refusal("no"),
            Text("end"),
        ),
        state=State.FILTERED,
        model="m-1",
        created=5,
        finish_reason="content_filter",
        usage=Usage(input=3, output=4, seconds=0.5, is_estimate=True),
        timing=Timing(10, 20),
        cost_pico=2**62,
        is_free=True,
        call_id="call",
        error="e",
        advice="a",
    )
    add(database, whole)
    assert database.read_now(lambda db: conversations.messages(db, ["m"])) == [whole]


def test_lone_surrogates_become_replacement_characters_on_entry_and_control_characters_survive(database):
    database.write_now(
        lambda db: conversations.create(
            db, Conversation(id="c", title="t\ud800", system="s\udfff", parameters={"stop": ["\ud83d"]})
        )
    )
    parts = (Text(HOSTILE + "\ud800x\udc00"), ToolCall("\ud800", "n", "\0"))
    add(database, message("m", parts=parts, error="\udead"), streaming("s", "m"))
    database.write_now(lambda db: conversations.append_piece(db, "s", "a\ud800\0b"))
    database.write_now(lambda db: drafts.put(db, "c", Draft("\ud800d"), 1))
    chat = database.read_now(lambda db: conversations.get(db, "c"))
    one, two = database.read_now(lambda db: conversations.messages(db, ["m", "s"]))
    assert (chat.title, chat.system, chat.parameters) == ("t\ufffd", "s\ufffd", {"stop": ["\ufffd"]})
    assert one.parts == (Text(HOSTILE + "\ufffdx\ufffd"), ToolCall("\ufffd", "n", "\0"))
    assert (one.error, two.text) == ("\ufffd", "a\ufffd\0b")
    assert database.read_now(lambda db: drafts.get(db, "c")).text == "\ufffdd"


@given(st.lists(st.text(), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_text_comes_back_as_scalar_values(texts):
    conn = memory()
    conversations.create(conn, Conversation(id="c"))
    conversations.add_message(conn, message("m", parts=tuple(Text(t) for t in texts)))
    (kept,) = conversations.messages(conn, ["m"])
    assert [part.text for part in kept.parts] == texts
    conn.close()


# A tree by the index of each message's parent; -1 is a root.
trees = st.lists(st.integers(-1, 30), max_size=25).map(lambda picks: [min(p, n - 1) for n, p in enumerate(picks)])


@given(trees)
@settings(max_examples=60, deadline=None)
def test_a_tree_comes_back_as_it_was_made(tree):
    conn = memory()
    conversations.create(conn, Conversation(id="c"))
    for n, parent in enumerate(tree):
        conversations.add_message(conn, message(f"m{n:03}", f"m{parent:03}" if parent >= 0 else None))
    outline = conversations.outline(conn, "c")
    assert outline.parents == {f"m{n:03}": f"m{p:03}" if p >= 0 else None for n, p in enumerate(tree)}
    assert outline.head == (f"m{len(tree) - 1:03}" if tree else None)
    assert conversations.get(conn, "c").message_count == len(tree)
    conn.close()


@given(trees.filter(bool), st.data())
@settings(max_examples=120, deadline=None)
def test_a_chain_is_known_as_one_and_its_beginning_is_that_of_every_branch(parents, data):
    """Read between the rows of another conversation, from any head, as the rows themselves say it."""
    conn = memory()
    for chat in ("c", "other"):
        conversations.create(conn, Conversation(id=chat))
    for n, parent in enumerate(parents):
        conversations.add_message(conn, message(f"o{n:03}", chat="other"))
        conversations.add_message(conn, message(f"m{n:03}", f"m{parent:03}" if parent >= 0 else None))
    head = f"m{data.draw(st.integers(0, len(parents) - 1)):03}"
    conversations.update(conn, "c", head=head)
    outline = tree.outline(conn, "c")
    assert outline.is_chain == (parents == list(range(-1, len(parents) - 1)))
    for end in outline.parents:
        assert outline.path(end) == path_to(end, outline.parents)
    most = data.draw(st.integers(1, 30))
    beginning, shown = tree.trunk(conn, "c", most), outline.path()
    assert beginning == shown[: len(beginning)]
    if parents.count(-1) == 1:
        forks = {p for p in parents if parents.count(p) > 1}
        shared = next((n + 1 for n, id in enumerate(shown) if int(id[1:]) in forks), len(shown))
        assert len(beginning) == min(most, shared)
    else:
        assert not beginning
    at = data.draw(st.sampled_from(shown))
    around = tree.stretch(conn, "c", at, most, most)
    place = shown.index(at)
    assert around == shown[max(0, place - most) : max(0, place - most) + len(around)]
    below = around[around.index(at) + 1 :]
    ended = place + len(below) == len(shown) - 1
    assert len(below) == most or ended or parents.count(int(around[-1][1:])) > 1
    assert around.index(at) == min(most, place)
    conn.close()


def test_a_fork_is_no_chain_and_says_nothing_of_its_beginning(database):
    talk(database)
    add(database, *(message(f"m{n}", f"m{n - 1}" if n else None) for n in range(4)))
    database.write_now(lambda db: conversations.fork(db, "c", "m2", "f", 5))
    add(database, message("n", "m2", chat="f"))
    outline = database.read_now(lambda db: tree.outline(db, "f"))
    assert (outline.path(), outline.is_chain) == (["m0", "m1", "m2", "n"], False)
    assert database.read_now(lambda db: tree.trunk(db, "f", 9)) == []
    assert database.read_now(lambda db: tree.stretch(db, "f", "n", 9, 9)) == []
    assert database.read_now(lambda db: tree.stretch(db, "c", "n", 9, 9)) == []
    assert database.read_now(lambda db: tree.stretch(db, "c", "m1", 1, 1)) == ["m0", "m1", "m2"]
    assert database.read_now(lambda db: tree.trunk(db, "c", 9)) == [
        "m0",
        "m1",
        "m2",
        "m3",
    ]  # the fork's answer is not its own
    with pytest.raises(Missing):
        database.read_now(lambda db: tree.trunk(db, "gone", 9))


@given(trees.filter(bool), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=5), st.data())
@settings(max_examples=80, deadline=None)
def test_purging_in_any_order_leaves_every_fork_its_whole_past(tree, forks, data):
    """Forks of forks included: whatever is purged, each conversation that is left has the path it had."""
    conn = memory()
    conversations.create(conn, Conversation(id="c0"))
    paths: dict[str, list[str]] = {}
    for n, parent in enumerate(tree):
        transaction(
            conn,
            lambda db, n=n, p=parent: conversations.add_message(
                db, message(f"m{n:03}", f"m{p:03}" if p >= 0 else None, f"words{n}", "c0")
            ),
        )
    ends = [f"m{n:03}" for n in range(len(tree))]
    owners = dict.fromkeys(ends, "c0")
    for k, (pick, _) in enumerate(forks, 1):
        at = ends[pick % len(ends)]
        transaction(conn, lambda db, k=k, at=at: conversations.fork(db, owners[at], at, f"c{k}", k))
        transaction(
            conn, lambda db, k=k, at=at: conversations.add_message(db, message(f"n{k}", at, f"new{k}", f"c{k}"))
        )
        ends.append(f"n{k}")
        owners[f"n{k}"] = f"c{k}"
    for chat in [f"c{k}" for k in range(1, len(forks) + 1)]:
        outline = conversations.outline(conn, chat)
        paths[chat] = path_to(outline.head, outline.parents)
    left = ["c0", *paths]
    for chat in data.draw(st.permutations(left))[: data.draw(st.integers(1, len(left)))]:
        transaction(conn, lambda db, chat=chat: conversations.purge(db, [chat]))
        left.remove(chat)
        for other in left:
            outline = conversations.outline(conn, other)
            if other in paths:
                assert path_to(outline.head, outline.parents) == paths[other]
        assert check.whole(conn) is None
    needed = {m for chat in left for m in conversations.outline(conn, chat).parents}
    kept = {m for (m,) in conn.execute("SELECT id FROM message")}
    assert needed == kept
    conn.execute("INSERT INTO passage_index (passage_index, rank) VALUES ('integrity-check', 1)")
    conn.close()


def test_a_circle_cannot_be_written(database):
    talk(database)
    add(database, message("a"), message("b", "a"))
    with pytest.raises(sqlite3.IntegrityError):
        database.write_now(lambda db: db.execute("UPDATE message SET parent = no WHERE id = 'a'"))


def test_what_is_not_there_is_missing(database):
    talk(database)
    for work in (
        lambda db: conversations.get(db, "x"),
        lambda db: conversations.outline(db, "x"),
        lambda db: conversations.add_message(db, message("m", chat="x")),
        lambda db: conversations.add_message(db, message("m", "x")),
        lambda db: conversations.append_piece(db, "x", "t"),
        lambda db: conversations.finish(db, message("x")),
    ):
        with pytest.raises(Missing):
            database.write_now(work)


def test_a_reply_grows_by_pieces_is_readable_meanwhile_and_found_only_when_finished(database):
    talk(database)
    add(database, message("q", text="ask"), streaming("r", "q"))
    for text, kind in (("th", "reasoning"), ("ink", "reasoning"), ("Hel", "text"), ("lo zebra", "text")):
        database.write_now(lambda db, t=text, k=kind: conversations.append_piece(db, "r", t, k))
    (meanwhile,) = database.read_now(lambda db: conversations.messages(db, ["r"]))
    assert meanwhile.parts == (Reasoning("think"), Text("Hello zebra"))
    assert database.read_now(lambda db: search.newest(db, "zebra ")) == []
    done = msgspec.structs.replace(meanwhile, state=State.COMPLETE, finish_reason="stop", cost_pico=7)
    database.write_now(lambda db: conversations.finish(db, done))
    assert database.read_now(lambda db: conversations.messages(db, ["r"])) == [done]
    assert len(database.read_now(lambda db: search.newest(db, "zebra "))) == 1
    assert database.read_now(lambda db: db.execute("SELECT count(*) FROM piece").fetchone()) == (0,)


def test_a_piece_costs_the_piece_however_long_the_message_is(database):
    """Counted in changed pages of the log, not in time."""
    talk(database)
    add(database, streaming("r"))
    log = database.path.with_name("archive.db-wal")

    def written_by_a_piece():
        before = log.stat().st_size
        database.write_now(lambda db: conversations.append_piece(db, "r", "x" * 100))
        return log.stat().st_size - before

    database.write_now(lambda db: db.execute("PRAGMA wal_autocheckpoint = 0") and None)
    short = max(written_by_a_piece() for _ in range(5))
    database.write_now(lambda db: conversations.append_piece(db, "r", "y" * 1_000_000))
    assert max(written_by_a_piece() for _ in range(5)) <= short + 2 * 4120


def test_recover_marks_what_was_streaming_as_cut_with_its_text_and_open_calls_as_unknown(database):
    talk(database)
    add(database, message("q", text="ask"), streaming("r", "q"), streaming("empty", "q"))
    database.write_now(lambda db: conversations.append_piece(db, "r", "so far"))
    database.write_now(lambda db: ledger.open_row(db, ledger.LedgerRow("call", 1)))
    assert sorted(database.write_now(lambda db: conversations.recover(db, 9))) == ["empty", "r"]
    kept, empty = database.read_now(lambda db: conversations.messages(db, ["r", "empty"]))
    assert (kept.state, kept.text, empty.state, empty.parts) == (State.CUT, "so far", State.CUT, ())
    row = database.read_now(lambda db: ledger.get(db, "call"))
    assert (row.fate.value, row.ended) == ("unknown", 9)
    assert database.write_now(lambda db: conversations.recover(db, 10)) == []
    assert len(database.read_now(lambda db: search.newest(db, '"so far"'))) == 1


def test_a_cut_reply_goes_on_where_it_ended(database):
    talk(database)
    add(database, message("r", text="one ", state=State.CUT))
    database.write_now(lambda db: conversations.reopen(db, "r"))
    database.write_now(lambda db: conversations.append_piece(db, "r", "two"))
    database.write_now(lambda db: conversations.recover(db, 1))
    (kept,) = database.read_now(lambda db: conversations.messages(db, ["r"]))
    assert (kept.parts, kept.state) == ((Text("one two"),), State.CUT)


def test_the_list_has_pinned_ones_first_then_the_newest_and_pages(database):
    for n in range(7):
        database.write_now(
            lambda db, n=n: conversations.create(db, Conversation(id=f"c{n}", created=n, updated=n // 2))
        )
    database.write_now(lambda db: conversations.update(db, "c1", is_pinned=True, title="New"))
    whole = database.read_now(lambda db: conversations.listing(db))
    assert [c.id for c in whole] == ["c1", "c6", "c5", "c4", "c3", "c2", "c0"]
    pages, last = [], None
    while page := database.read_now(lambda db, last=last: conversations.listing(db, limit=2, before=last)):
        pages += page
        last = page[-1]
    assert pages == whole


def test_the_trash_hides_restores_and_is_emptied_by_age(database):
    for id in ("a", "b", "c"):
        talk(database, id)
    database.write_now(lambda db: conversations.trash(db, ["a", "b"], 100))
    database.write_now(lambda db: conversations.restore(db, ["b"]))
    assert {c.id for c in database.read_now(lambda db: conversations.listing(db))} == {"b", "c"}
    assert [c.trashed for c in database.read_now(lambda db: conversations.listing(db, trashed=True))] == [100]
    database.write_now(lambda db: conversations.restore(db, ["c"]))
    assert database.read_now(lambda db: conversations.trashed_before(db, 100)) == []
    assert database.read_now(lambda db: conversations.trashed_before(db, 101)) == ["a"]
    some = ["c", "gone", "a"]
    assert database.read_now(lambda db: conversations.those_of(db, some)) == ["c", "a"]
    assert database.read_now(lambda db: conversations.those_of(db, some, 101)) == ["a"]
    assert database.read_now(lambda db: conversations.those_of(db, some, 100)) == []


def test_find_folds_case_and_accents_and_keeps_the_order_of_the_path(database):
    talk(database)
    add(database, message("1", text="Un Café"), message("2", "1", "tea"), message("3", "2", "CAFE\u0301 au lait"))
    found = database.read_now(lambda db: conversations.find(db, "c", ["3", "2", "1"], "cafe"))
    assert found == ["3", "1"]


def test_opening_reads_the_shape_and_only_the_messages_asked_for(database):
    """Ten thousand messages cost their shape; their words are not touched: five seconds would be a hundred times it."""
    talk(database)
    many = [message(f"m{n:05}", f"m{n - 1:05}" if n else None, "w" * 500) for n in range(10_000)]
    database.write_now(lambda db: conversations.add_messages(db, many))

    def open_it(db):
        outline = conversations.outline(db, "c")
        path = path_to(outline.head, outline.parents)
        return path, conversations.messages(db, path[-40:])

    start = time.process_time()
    path, last = database.read_now(open_it)
    assert time.process_time() - start < 1
    assert (len(path), [m.id for m in last]) == (10_000, path[-40:])
    plan = database.read_now(
        lambda db: db.execute("EXPLAIN QUERY PLAN SELECT no, id, parent FROM message WHERE conversation = 1").fetchall()
    )
    assert "message_conversation" in str(plan)


def test_raw_replies_come_back_byte_for_byte_small_and_large(database):
    import os

    for size in (0, 10, 100_000):
        body = os.urandom(size)
        database.write_now(lambda db, b=body: conversations.keep_raw(db, "call", b))
        assert database.read_now(lambda db: conversations.raw(db, "call")) == body
    assert database.read_now(lambda db: conversations.raw(db, "none")) is None


def test_deleted_for_good_leaves_no_trace_in_the_archive(database):
    """The words of a purged conversation are in no byte of the file, its log or its blobs once it is scrubbed."""
    fill(database)
    talk(database, "gone", "canarytitle")
    add(database, message("g", text="canaryquestion " * 50, chat="gone"), streaming("s", "g", chat="gone"))
    database.write_now(lambda db: conversations.append_piece(db, "s", "canarypiece"))
    database.write_now(lambda db: conversations.purge(db, ["gone"]))
    database.scrub()
    database.close()
    for path in database.folder.rglob("*"):
        assert path.is_dir() or b"canary" not in path.read_bytes()
