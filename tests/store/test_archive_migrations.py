"""Upgrades: each step from the form before it, killed at any statement, after a verified copy."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from archives import NOON

from desktop.store import backups, check, connections, conversations, drafts, ledger, search
from desktop.store.database import Database
from desktop.store.migrations import MIGRATIONS, form_of, migrate
from desktop.store.schema import APPLICATION_ID

# What each form must be able to do that the one before could not: one entry for each migration.


def keeps_messages(conn):
    conn.execute("INSERT INTO passage VALUES (1, 1, 1, 'a title')")
    conn.execute("INSERT INTO conversation (no, id, title, created, updated) VALUES (1, 'c', 1, 1, 1)")
    assert conn.execute("SELECT id FROM conversation").fetchall() == [("c",)]


def finds_words(conn):
    conn.execute("INSERT INTO passage VALUES (9, 1, 9, 'wombat')")  # by hand: the form is older than our functions
    search.index(conn, 9, "wombat")
    found = conn.execute("SELECT rowid FROM passage_index WHERE passage_index MATCH 'wombat'").fetchall()
    assert len(found) == 1


def counts_money(conn):
    ledger.open_row(conn, ledger.LedgerRow("x", 1))
    conversations.keep_raw(conn, "x", b"raw")
    assert ledger.totals(conn).open == 1


def keeps_drafts(conn):
    drafts.put(conn, "c", drafts.Draft("d"), 1)
    assert drafts.get(conn, "c").text == "d"


def keeps_folders_and_tags(conn):
    """What an older form held is added up and looked through for code."""
    conn.execute("INSERT INTO folder (id, name) VALUES ('f', 'Work')")
    with pytest.raises(sqlite3.IntegrityError):
        conn.execute("INSERT INTO folder (id, name) VALUES ('g', 'work')")
    assert conn.execute("SELECT page, cost_pico, archived FROM conversation WHERE id = 'c'").fetchone() == (
        "chat",
        0,
        0,
    )


def undoes_imports(conn):
    conn.execute("INSERT INTO import_run (id, started, kind, name, state) VALUES ('i', 1, 'json', 'x', 'staged')")
    conn.execute("UPDATE conversation SET import_run = 1")


def keeps_exchanges(conn):
    conn.execute("INSERT INTO exchange VALUES ('x', 1, 'chat', 1, x'00')")


def keeps_recordings(conn):
    conn.execute(
        "INSERT INTO recording (id, conversation, sha256, path, size_bytes, seconds, channels, mime, added)"
        " VALUES ('r', 1, 'x', '/talk.mp3', 1, 1.5, 2, 'audio/mpeg', 1)"
    )
    conn.execute("INSERT INTO transcript VALUES (1, x'00', NULL, 1)")


CAN = (
    keeps_messages, finds_words, counts_money, keeps_drafts, keeps_folders_and_tags, undoes_imports, keeps_exchanges,
    keeps_recordings,
)  # fmt: skip


def test_the_library_takes_over_what_was_spent_and_which_messages_hold_code():
    conn = sqlite3.connect(":memory:", isolation_level=None)
    migrate(conn, MIGRATIONS[:4])
    conn.execute("INSERT INTO passage VALUES (1, 1, 1, 't'), (2, 0, 1, 'plain'), (3, 0, 1, 'so:\n```py\nx\n```')")
    conn.execute("INSERT INTO conversation (no, id, title, created, updated) VALUES (1, 'c', 1, 1, 1)")
    for no, cost in ((2, 5), (3, 7)):
        conn.execute(
            "INSERT INTO message (no, id, conversation, role, state, kinds, created, cost_pico)"
            " VALUES (?, ?, 1, 'user', 'complete', 1, 1, ?)",
            (no, f"m{no}", cost),
        )
    migrate(conn)
    assert conn.execute("SELECT cost_pico FROM conversation").fetchone() == (12,)
    assert conn.execute("SELECT no FROM message WHERE kinds & 256").fetchall() == [(3,)]
    conn.close()


def test_every_migration_has_its_test():
    assert len(CAN) == len(MIGRATIONS)


@pytest.mark.parametrize("number", range(1, len(MIGRATIONS) + 1))
def test_each_migration_starts_from_the_form_before_it(tmp_path, number):
    """With what the older form held still there afterwards."""
    path = tmp_path / "archive.db"
    connections.new_file(path)
    with closing(connections.writing(path)) as conn:
        migrate(conn, MIGRATIONS[: number - 1])
        if number > 1:
            keeps_messages(conn)
        assert form_of(conn) == number - 1
        migrate(conn, MIGRATIONS[:number])
        assert form_of(conn) == number
        CAN[number - 1](conn)
        assert check.whole(conn) is None
        assert conn.execute("SELECT count(*) FROM conversation WHERE id = 'c'").fetchone()[0] == 1


def test_an_older_archive_is_checked_copied_and_brought_up(tmp_path):
    path = tmp_path / "archive.db"
    connections.new_file(path)
    with closing(connections.writing(path)) as conn:
        migrate(conn, MIGRATIONS[:1])
        keeps_messages(conn)
    database = Database.open(tmp_path, now=lambda: NOON)
    assert database.read_now(form_of) == len(MIGRATIONS)
    assert database.notices == ()
    (copy,) = backups.listing(tmp_path)
    assert (copy.kind, backups.fault_of(copy)) == ("upgrade", None)
    with closing(connections.reading(copy.file, is_frozen=True)) as conn:
        assert form_of(conn) == 1
    database.close()


# Runs a migration and ends itself, as a kill would, at statement N of it; says whether it got to its end.
KILLED = """
import os, sys
from pathlib import Path
from desktop.store import connections
from desktop.store.migrations import migrate
path, dies_at = Path(sys.argv[1]), int(sys.argv[2])
def child(at):
    conn = connections.writing(path)
    seen = 0
    def trace(statement):
        nonlocal seen
        seen += 1
        if seen > at: os._exit(9)
    conn.set_trace_callback(trace)
    migrate(conn)
    os._exit(0)
import shutil
original = path.with_suffix(".original")
at = 0
while True:
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    shutil.copy(original, path)
    pid = os.fork()
    if pid == 0:
        child(at)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    ro = connections.reading(path)
    form, ok = ro.execute("PRAGMA user_version").fetchone()[0], ro.execute("PRAGMA integrity_check").fetchone()[0]
    tables = {name for name, in ro.execute("SELECT name FROM sqlite_schema")}
    rows = ro.execute("SELECT count(*) FROM conversation").fetchone()[0]
    ro.close()
    print(at, status, form, ok, rows, *(n in tables for n in ("message", "passage_index", "ledger", "draft",
          "folder", "import_run", "exchange", "recording")))
    if status == 0:
        break
    at += 1
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_any_statement_of_an_upgrade_the_old_or_a_newer_form_opens(tmp_path):
    path = tmp_path / "archive.db"
    original = tmp_path / "archive.original"
    connections.new_file(original)
    with closing(connections.writing(original)) as conn:
        migrate(conn, MIGRATIONS[:1])
        keeps_messages(conn)
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), "0"], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "PYTHONPATH": str(Path.cwd())})  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert len(lines) > 20
    for at, status, form, ok, rows, *tables in lines:
        assert (ok, rows) == ("ok", "1"), at
        # Each form has exactly the tables of that form: a step is there whole with its number, or not at all.
        assert tables == [str(n < int(form)) for n in range(8)], at
        assert status == ("0" if at == lines[-1][0] else "9")
    assert {line[2] for line in lines} == {"1", "2", "3", "4", "5", "6", "7", "8"}


def test_a_step_that_fails_leaves_the_form_before_it():
    conn = sqlite3.connect(":memory:", isolation_level=None)

    def bad(db):
        db.execute("CREATE TABLE half (x)")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        migrate(conn, (*MIGRATIONS, bad))
    assert form_of(conn) == len(MIGRATIONS)
    assert conn.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").fetchone() == (0,)
    assert conn.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    conn.close()


def test_the_units_of_the_ledger_are_those_of_usage():
    """A new unit needs a migration."""
    conn = sqlite3.connect(":memory:", isolation_level=None)
    migrate(conn)
    columns = {row[1] for row in conn.execute("PRAGMA table_info(ledger)")}
    assert {field.name for field in ledger.UNITS} <= columns
    conn.close()
