"""Imports in the archive: unseen while staged, taken away whole, also after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from archives import add, message, raw, talk
from msgspec import structs

from desktop.core.conversation import Conversation
from desktop.core.errors import Missing
from desktop.store import check, conversations, imports, index_merging, search
from desktop.store.database import Database
from desktop.store.exporting import Folder, SavedSearch

RUN = "01RUN"
SERVICES = Path(__file__).resolve().parents[1] / "services"


def staged(db, id: str, count: int = 3, run: str = RUN) -> None:
    conversation = Conversation(id, f"title {id}", created=1, updated=5)
    imports.stage(db, run, conversation)
    imports.add(
        db, [message(f"{id}m{n}", f"{id}m{n - 1}" if n else None, f"needle {n} 数据库", id) for n in range(count)]
    )
    imports.settle(db, structs.replace(conversation, head=f"{id}m0"))


def begin(database, *ids: str) -> None:
    def work(db) -> None:
        imports.begin(db, RUN, 1, "kind", "name")
        for id in ids:
            staged(db, id)

    database.write_now(work)


def listed(database, **options) -> list[str]:
    return sorted(c.id for c in database.read_now(lambda db: conversations.listing(db, **options)))


def counts(database) -> list[int]:
    tables = ("conversation", "message", "passage", "import_addition")
    return [
        database.read_now(lambda db, table=table: db.execute(f"SELECT count(*) FROM {table}").fetchone())[0]
        for table in tables
    ]


def sound(database) -> None:
    assert database.read_now(check.whole) is None
    database.write_now(
        lambda db: db.execute("INSERT INTO passage_index (passage_index) VALUES ('integrity-check')") and None
    )


def test_staged_nobody_sees_it_shown_everybody_does(database):
    begin(database, "a", "b")
    assert (listed(database), listed(database, trashed=True), listed(database, search="needle")) == ([], [], [])
    database.write_now(lambda db: imports.show(db, RUN, 9, {"b": 77}, b'{"taken": 2}'))
    assert (listed(database), listed(database, search="据库")) == (["a"], ["a"])
    assert listed(database, trashed=True) == ["b"]
    (run,) = database.read_now(imports.runs)
    assert (run.state, run.ended, run.report) == ("done", 9, '{"taken": 2}')
    found = database.read_now(lambda db: conversations.get(db, "a"))
    assert (found.head, found.updated, found.message_count) == ("am0", 5, 3)


def test_what_a_kill_left_is_taken_away_at_the_next_start_in_portions(database):
    talk(database, "mine")
    add(database, message("m1", chat="mine", text="needle of mine"))
    before = counts(database)
    begin(database, *(f"c{n}" for n in range(250)))
    database.write_now(lambda db: imports.grow(db, RUN, "mine", [message("x1", "m1", chat="mine")], "x1"))
    rounds = 0
    while database.write_now(lambda db: imports.recover(db, 7)):
        rounds += 1
    assert rounds > 2
    assert counts(database) == before
    assert database.read_now(lambda db: conversations.get(db, "mine")).head == "m1"
    assert [run.state for run in database.read_now(imports.runs)] == ["failed"]
    assert listed(database, search="needle") == ["mine"]
    sound(database)


def test_a_run_that_is_under_way_is_not_taken_for_one_that_was_killed(database):
    begin(database, "a")
    assert database.write_now(lambda db: imports.recover(db, 7, {RUN})) is False
    assert counts(database)[0] == 1


def test_undo_leaves_what_was_gone_on_with_and_what_others_forked_from(database):
    begin(database, "a", "b", "c")
    database.write_now(lambda db: imports.show(db, RUN, 9, {}, b"{}"))
    add(database, message("mine", "am2", chat="a"))
    database.write_now(lambda db: conversations.fork(db, "b", "bm1", "fork", 10))
    more = True
    while more:
        _, _, more = database.write_now(lambda db: imports.undo(db, RUN))
    assert listed(database) == ["a", "b", "fork"]
    assert database.read_now(lambda db: imports.kept(db, RUN)) == (["title a", "title b"], 0)
    sound(database)


def test_an_added_message_with_something_below_stays(database):
    talk(database, "mine")
    add(database, message("m1", chat="mine"))
    begin(database)
    some = [message("x1", "m1", chat="mine"), message("x2", "m1", chat="mine")]
    database.write_now(lambda db: imports.grow(db, RUN, "mine", some, None))
    database.write_now(lambda db: imports.show(db, RUN, 9, {}, b"{}"))
    assert database.read_now(lambda db: conversations.get(db, "mine")).head == "m1"
    add(database, message("mine2", "x1", chat="mine"))
    assert database.write_now(lambda db: imports.undo(db, RUN)) == (0, 1, True)
    assert database.write_now(lambda db: imports.undo(db, RUN)) == (0, 0, False)
    assert database.read_now(lambda db: imports.kept(db, RUN)) == ([], 1)
    assert database.read_now(lambda db: conversations.get(db, "mine")).message_count == 3
    sound(database)


def test_folders_of_the_same_name_in_the_same_place_are_the_same(database):
    database.write_now(lambda db: db.execute("INSERT INTO folder (id, name) VALUES ('here', 'Work')") and None)
    begin(database)
    came = [Folder("w", "work"), Folder("p", "Papers", "w"), Folder("x", "Play")]
    ids = database.write_now(lambda db: imports.add_folders(db, RUN, came))
    assert ids == {"": "", "w": "here", "p": "p", "x": "x"}
    database.write_now(lambda db: imports.forget_names(db, RUN))
    assert database.read_now(lambda db: db.execute("SELECT id FROM folder").fetchall()) == [("here",)]


def test_undo_takes_back_tags_searches_and_folders_but_those_in_use(database):
    talk(database, "mine")
    database.write_now(lambda db: conversations.add_tags(db, 1, ["before"]))
    begin(database)
    came = [SavedSearch("s", "Mine", "tag:before", 1), SavedSearch("s2", "Theirs", "heron", 1)]
    database.write_now(lambda db: imports.add_names(db, RUN, ["before", "new", "used"], came))
    tagged = Conversation("t", "tagged", created=1, tags=("only there",))
    database.write_now(lambda db: imports.stage(db, RUN, tagged))
    database.write_now(lambda db: imports.show(db, RUN, 9, {}, b"{}"))
    database.write_now(lambda db: conversations.add_tags(db, 1, ["used", "later"]))
    while database.write_now(lambda db: imports.undo(db, RUN))[2]:
        pass
    database.write_now(lambda db: imports.forget_names(db, RUN))
    tags = database.read_now(lambda db: db.execute("SELECT name FROM tag ORDER BY name").fetchall())
    assert tags == [("before",), ("later",), ("used",)]
    assert database.read_now(lambda db: db.execute("SELECT count(*) FROM saved_search").fetchone()) == (0,)
    sound(database)


def test_a_number_given_again_does_not_hide_that_somebody_went_on(database):
    begin(database, "a", "b")
    database.write_now(lambda db: imports.show(db, RUN, 9, {}, b"{}"))
    database.write_now(lambda db: conversations.purge(db, ["b"]))  # the highest numbers are free again
    add(database, message("mine", "am2", chat="a", created=10))
    assert database.write_now(lambda db: imports.undo(db, RUN)) == (0, 0, False)
    assert listed(database) == ["a"]


def test_what_a_kill_left_loses_its_folders_and_tags_too(database):
    begin(database)
    database.write_now(lambda db: imports.add_folders(db, RUN, [Folder("w", "Work")]))
    database.write_now(lambda db: imports.add_names(db, RUN, ["new"], [SavedSearch("s", "Name", "line", 1)]))
    while database.write_now(lambda db: imports.recover(db, 7)):
        pass
    for table in ("folder", "tag", "saved_search"):
        assert database.read_now(lambda db, table=table: db.execute(f"SELECT * FROM {table}").fetchall()) == []


def test_an_unknown_run_is_said_to_be_unknown(database):
    with pytest.raises(Missing):
        database.write_now(lambda db: imports.undo(db, "nothing"))


KILLED = """
import asyncio, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
import export_shapes as shapes
from desktop.services.imports.run import Imports
from desktop.store.database import Database
path = Path(sys.argv[2])
path.write_bytes(shapes.as_json([shapes.simple(n, *(["word " * 300] * 6)) for n in range(400)]))
database = Database.open(Path(sys.argv[1]))
def tell(progress):
    if progress.messages > 200:
        print("staged", flush=True)
        signal.pause()  # until it is killed
asyncio.run(Imports(database).run([path], tell))
"""


@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
def test_killed_in_the_middle_the_archive_opens_whole_and_nothing_of_it_stays(tmp_path):
    words = [sys.executable, "-c", KILLED, str(tmp_path / "data"), str(tmp_path / "conversations.json"), str(SERVICES)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "staged\n"
        running.send_signal(signal.SIGKILL)
    database = Database.open(tmp_path / "data")
    try:
        assert counts(database)[1] > 0 and listed(database) == []
        while database.write_now(lambda db: imports.recover(db, 7)):
            pass
        assert counts(database) == [0, 0, 0, 0]
        sound(database)
    finally:
        database.close()


def test_the_report_of_a_run_that_was_meddled_with_is_empty(database):
    begin(database, "a")
    path = database.path
    database.close()
    conn = raw(path)
    conn.execute("UPDATE import_run SET report = 'nonsense'")
    conn.close()
    opened = Database.open(path.parent)
    assert [run.report for run in opened.read_now(imports.runs)] == ["{}"]
    assert opened.read_now(lambda db: search.newest(db, "needle")) == []
    opened.close()


def merging(database) -> dict[str, int]:
    return dict(database.read_now(lambda db: db.execute("SELECT k, v FROM passage_index_config").fetchall()))


def segments(database) -> int:
    count = "SELECT count(DISTINCT segid) FROM passage_index_idx"
    return database.read_now(lambda db: db.execute(count).fetchone()[0])


def test_the_index_is_merged_in_portions_while_an_import_runs_and_by_itself_afterwards(database):
    begin(database)
    assert merging(database)["automerge"] == 0
    for number in range(30):
        database.write_now(lambda db, number=number: staged(db, f"c{number:02}"))
    many = segments(database)
    assert many >= 30, "the transactions that write merge nothing"
    portions = 0
    while database.write_now(index_merging.merge_some):
        portions += 1
    assert portions >= 1 and segments(database) < many
    database.write_now(lambda db: imports.show(db, RUN, 5, {}, b"{}"))
    assert merging(database)["automerge"] == 4 and merging(database)["crisismerge"] == 16
    assert len(database.read_now(lambda db: search.newest(db, "needle", limit=200))) == 90
    assert database.read_now(check.whole) is None


def test_after_a_kill_the_index_merges_by_itself_again(database):
    begin(database, "a")
    while database.write_now(lambda db: imports.recover(db, 9)):
        pass
    assert merging(database)["automerge"] == 4
