"""Search: any query is safe, words in all scripts are found, the newest first, and a query can be ended."""

from __future__ import annotations

import asyncio

import pytest
from archives import add, message, talk
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.core.conversation import Conversation, Text
from desktop.core.errors import KnownError
from desktop.store import conversations, search
from desktop.store.search import CLOSE, OPEN


def found(database, text, **options):
    return [c.id for c in database.read_now(lambda db: conversations.listing(db, search=text, **options))]


@pytest.fixture
def filled(database):
    for n, text in enumerate(
        (
            "The quick brown fox",
            "Résumé naïve Ångström",
            "这个数据库非常好用",
            "東京タワーに行きました",
            "서울에서 만나요",
            "Прекрасная ПОГОДА сегодня",
            "it's a C++ foo-bar e-mail: a.b@example.org",
            "brown fox, quick",
        )
    ):
        talk(database, f"c{n}", f"title{n}")
        add(database, message(f"m{n}", text=text, chat=f"c{n}"))
    return database


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("quick", ["c7", "c0"]),
        ("QUICK fox ", ["c7", "c0"]),
        ('"quick brown"', ["c0"]),
        ('"brown fox', ["c7", "c0"]),
        ("bro", ["c7", "c0"]),
        ("bro ", []),
        ("bro* ", ["c7", "c0"]),
        ("resume", ["c1"]),
        ("Ångström", ["c1"]),
        ("angstr", ["c1"]),
        ("数据", ["c2"]),
        ("据库", ["c2"]),
        ("数据库非常", ["c2"]),
        ("数库", []),
        ("用", ["c2"]),
        ("タワー", ["c3"]),
        ("京", ["c3"]),
        ("만나", ["c4"]),
        ("погод", ["c5"]),
        ("foo-bar", ["c6"]),
        ("example.org", ["c6"]),
        ("title3", ["c3"]),
        ("fox missing", []),
    ],
)
def test_words_phrases_and_beginnings_are_found_in_all_scripts_newest_first(filled, text, ids):
    assert found(filled, text) == ids


def test_words_of_two_scripts_must_both_be_there(filled):
    add(filled, message("x", text="数据库 with python", chat="c0"))
    assert found(filled, "数据库 python") == ["c0"]


MISTAKES = (
    *('"', "*", "a*b", "NEAR(a b", "a AND", "OR", "NOT x", "^a", "text:a", "{a}:b", "-", "(((", '"" ""', "col : x"),
    *("a\0b", '"\0', "\ud800", "a" * 5000, "😀", "\u0301", "٣", " ".join("abcdefgh" * 40)),
)


@pytest.mark.parametrize("text", MISTAKES)
def test_no_query_is_a_mistake(filled, text):
    found(filled, text)


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_no_text_at_all_is_a_mistake_as_a_query(conn, text):
    query = search.parse(text)
    search.newest(conn, text)
    search.snippet("some words 数据 é\0", query)


@pytest.fixture(scope="module")
def conn():
    from test_archive_conversations import memory

    opened = memory()
    conversations.create(opened, Conversation(id="c", title="t"))
    conversations.add_message(opened, message("m", parts=(Text("some words 数据 é\0 end"),)))
    yield opened
    opened.close()


@given(st.text(alphabet="数据库好用 ab日", min_size=1, max_size=12), st.data())
@settings(max_examples=100, deadline=None)
def test_any_stretch_of_a_chinese_text_is_found(text, data):
    from test_archive_conversations import memory

    runs = [run for run in search._RUN.findall(text) if run]
    if not runs:
        return
    run = data.draw(st.sampled_from(runs))
    start = data.draw(st.integers(0, len(run) - 1))
    asked = run[start : data.draw(st.integers(start + 1, len(run)))]
    conn = memory()
    conversations.create(conn, Conversation(id="c"))
    conversations.add_message(conn, message("m", text=text))
    assert len(search.newest(conn, asked)) == 1
    conn.close()


def test_snippets_mark_hits_and_nothing_else_passes_for_a_mark(filled):
    add(
        filled,
        message("x", text=f"{OPEN} no {CLOSE} " + "word " * 100 + "the Zebra's zébra\0 tail " + "z " * 100, chat="c0"),
    )
    (hit,) = filled.read_now(lambda db: search.newest(db, "zebra "))
    assert f"{OPEN}Zebra{CLOSE}'s" in hit.snippet
    assert hit.snippet.startswith("…") and hit.snippet.endswith("…")
    assert hit.snippet.count(OPEN) == hit.snippet.count(CLOSE)
    (hit,) = filled.read_now(lambda db: search.newest(db, "no "))
    assert hit.snippet.startswith(f"\ufffd {OPEN}no{CLOSE} \ufffd")


def test_a_hit_shows_its_accents(filled):
    (hit,) = filled.read_now(lambda db: search.newest(db, "resume "))
    assert hit.snippet == f"{OPEN}Résumé{CLOSE} naïve Ångström"


def test_titles_words_and_the_trash_follow_changes(filled):
    filled.write_now(lambda db: conversations.update(db, "c0", title="Wombat"))
    assert found(filled, "wombat") == ["c0"]
    assert found(filled, "title0") == []
    filled.write_now(lambda db: conversations.finish(db, message("m0", text="other words", chat="c0")))
    assert found(filled, "quick") == ["c7"]
    filled.write_now(lambda db: conversations.trash(db, ["c0"], 1))
    assert (found(filled, "wombat"), found(filled, "wombat", trashed=True)) == ([], ["c0"])
    filled.write_now(lambda db: conversations.purge(db, ["c0"]))
    assert found(filled, "wombat", trashed=True) == []


def test_what_an_import_added_is_found_after_a_rebuild(filled):
    many = [message(f"i{n}", text=f"imported {n} 数据仓", chat="c0") for n in range(20)]
    filled.write_now(lambda db: (conversations.add_messages(db, many), search.rebuild(db)))
    assert found(filled, "imported") == ["c0"]
    assert found(filled, "据仓") == ["c0"]
    assert found(filled, "quick") == ["c7", "c0"]
    filled.write_now(lambda db: conversations.purge(db, ["c0"]))
    assert found(filled, "据仓") == []


def test_one_row_for_each_conversation_and_a_limit(filled):
    add(filled, *(message(f"y{n}", text="yak", chat=f"c{n % 3}") for n in range(30)))
    assert found(filled, "yak") == ["c2", "c1", "c0"]
    assert found(filled, "yak", limit=2) == ["c2", "c1"]


async def test_cancelling_ends_a_running_query_and_the_connection_serves_on(database):
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def endless(db):
        loop.call_soon_threadsafe(begun.set)
        return db.execute(
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
        ).fetchone()

    reading = loop.create_task(database.read(endless))
    await begun.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    # All readers answer afterwards: the query is not still running in one of them.
    async with asyncio.timeout(60):
        answers = await asyncio.gather(*(database.read(lambda db: db.execute("SELECT 1").fetchone()) for _ in range(9)))
    assert answers == [(1,)] * 9


def test_a_broken_index_is_a_failure_in_words(database):
    talk(database)
    add(database, message("m", text="hello"))
    database.write_now(lambda db: db.execute("DELETE FROM passage_index_data WHERE id > 1") and None)
    with pytest.raises(KnownError):
        found(database, "hello")
    database.write_now(search.rebuild)
    assert found(database, "hello") == ["c"]
