"""Opening a data folder: whatever stands there, no byte that was kept is overwritten or deleted."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing

import pytest
from archives import DAY, NOON, add, bytes_of, fill, fold, message, raw, sha, whole_folder

from desktop.core.errors import ArchiveForeign, ArchiveNewer, Missing
from desktop.store import blobs, check, connections, conversations, opening
from desktop.store.database import Database
from desktop.store.migrations import MIGRATIONS
from desktop.store.schema import APPLICATION_ID

LATER = NOON + DAY


def reopened(folder):
    return Database.open(folder, now=lambda: LATER)


def count(database):
    return database.read_now(lambda db: db.execute("SELECT count(*) FROM message").fetchone()[0])


def page(conn, name):
    return conn.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).fetchone()[0]


def patch(path, at, content):
    with path.open("rb+") as file:
        file.seek(at)
        file.write(content)


# Each does one kind of harm to a closed archive.


def empty(path):
    path.write_bytes(b"")


def zeros(path):
    path.write_bytes(bytes(path.stat().st_size))


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def cut_within_a_page(path):
    os.truncate(path, path.stat().st_size - 1000)


def flipped_pages(path):
    content = bytearray(path.read_bytes())
    for at in range(8192, len(content), 5000):
        content[at] ^= 0xFF
    path.write_bytes(bytes(content))


def bad_header(path):
    patch(path, 0, b"\0" * 16)


def header_of_noise(path):
    patch(path, 0, bytes(range(100)))


def swapped_index(path):
    """Two indexes of one table change places: each page is sound, and no row is where the index says."""
    with closing(raw(path)) as conn:
        conn.execute("PRAGMA writable_schema = ON")
        a, b = page(conn, "message_conversation"), page(conn, "message_parent")
        conn.execute("UPDATE sqlite_schema SET rootpage = ? WHERE name = 'message_conversation'", (b,))
        conn.execute("UPDATE sqlite_schema SET rootpage = ? WHERE name = 'message_parent'", (a,))


def unknown_trigger(path):
    with closing(raw(path)) as conn:
        conn.execute("CREATE TRIGGER steal AFTER INSERT ON message BEGIN DELETE FROM piece; END")


def unknown_view(path):
    with closing(raw(path)) as conn:
        conn.execute("CREATE VIEW v AS SELECT 1")


def table_of_another_form(path):
    with closing(raw(path)) as conn:
        conn.execute("ALTER TABLE message ADD COLUMN more TEXT")


def orphan(path):
    with closing(raw(path)) as conn:
        conn.execute("UPDATE message SET parent = 5, conversation = 999 WHERE id = 'm0030'")


def circle(path):
    with closing(raw(path)) as conn:
        conn.execute("UPDATE message SET parent = (SELECT no FROM message WHERE id = 'm0050') WHERE id = 'm0000'")


def wrong_utf8(path):
    with closing(raw(path)) as conn:
        conn.execute("UPDATE passage SET text = CAST(x'ff80c0' AS TEXT) WHERE no = 9")


def no_tables(path):
    path.unlink()
    with closing(raw(path)) as conn:
        conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        conn.execute("VACUUM")


HARM = (empty, zeros, cut, cut_within_a_page, flipped_pages, bad_header, header_of_noise, swapped_index,
        unknown_trigger, unknown_view, table_of_another_form, orphan, circle, wrong_utf8, no_tables)  # fmt: skip


@pytest.mark.parametrize("harm", HARM, ids=lambda harm: harm.__name__)
def test_a_damaged_archive_is_set_aside_whole_and_the_newest_good_copy_opens(tmp_path, harm):
    whole_folder(tmp_path)
    path = tmp_path / "archive.db"
    harm(path)
    fold_free = sha(path)
    before = bytes_of(tmp_path)
    database = reopened(tmp_path)
    assert count(database) == 60
    assert any("set aside" in notice for notice in database.notices), database.notices
    add(database, message("new", "m0059"))  # it can be written
    assert database.read_now(check.whole) is None
    database.close()
    (aside,) = tmp_path.glob("archive.damaged-*.db")
    assert sha(aside) == fold_free
    assert before <= bytes_of(tmp_path)
    again = reopened(tmp_path)
    assert (count(again), again.notices) == (61, ())
    again.close()


@pytest.mark.parametrize("harm", [flipped_pages, empty], ids=lambda harm: harm.__name__)
def test_without_a_good_copy_a_new_archive_is_begun_and_nothing_is_lost(tmp_path, harm):
    whole_folder(tmp_path)
    for copy in (tmp_path / "backups").rglob("archive.db"):
        harm(copy)
    harm(tmp_path / "archive.db")
    before = bytes_of(tmp_path)
    database = reopened(tmp_path)
    assert count(database) == 0
    assert any("no good copy" in notice for notice in database.notices)
    database.close()
    assert before <= bytes_of(tmp_path)


def crashed(folder):
    """A data folder as a kill leaves it: with a log that is not folded back."""
    script = (
        "import os, sys; from pathlib import Path; from archives import fill\n"
        "from desktop.store.database import Database\n"
        "database = Database.open(Path(sys.argv[1])); fill(database); os._exit(9)"
    )
    paths = os.pathsep.join(p for p in sys.path if p)
    subprocess.run([sys.executable, "-c", script, str(folder)], env={**os.environ, "PYTHONPATH": paths}, check=False)
    assert (folder / "archive.db-wal").stat().st_size > 0


def test_after_a_kill_the_log_is_read_and_nothing_is_lost_or_set_aside(tmp_path):
    crashed(tmp_path)
    database = reopened(tmp_path)
    assert (count(database), database.notices) == (60, ())
    database.close()
    assert [p.name for p in tmp_path.iterdir()] == ["archive.db"]


def test_a_stray_log_that_is_no_log_is_set_aside_and_not_overwritten(tmp_path):
    whole_folder(tmp_path)
    (tmp_path / "archive.db-wal").write_bytes(b"someone's only copy of something" * 99)
    before = bytes_of(tmp_path)
    database = reopened(tmp_path)
    assert count(database) == 60
    assert "set aside" in database.notices[0]
    database.close()
    assert before <= bytes_of(tmp_path)


def test_the_log_of_another_archive_is_set_aside_with_the_file_before_it_is_applied(tmp_path):
    """Its checksums are right and it would be folded in: only reading all of it shows that it does not belong."""
    whole_folder(tmp_path / "mine")
    crashed(tmp_path / "other")
    mine = tmp_path / "mine"
    shutil.copy(tmp_path / "other" / "archive.db-wal", mine / "archive.db-wal")
    before = bytes_of(mine)
    database = reopened(mine)
    assert (count(database), database.read_now(check.whole)) == (60, None)
    assert "set aside" in database.notices[0]
    database.close()
    assert before <= bytes_of(mine)


def test_an_older_log_of_the_same_archive_is_not_applied(tmp_path):
    crashed(tmp_path)
    old = (tmp_path / "archive.db-wal").read_bytes()
    database = reopened(tmp_path)
    add(database, message("later", "m0059"))
    database.close()
    (tmp_path / "archive.db-wal").write_bytes(old)
    before = bytes_of(tmp_path)
    database = reopened(tmp_path)
    assert count(database) == 61
    database.close()
    assert before <= bytes_of(tmp_path)


def test_a_log_without_its_archive_is_set_aside_too(tmp_path):
    crashed(tmp_path)
    (tmp_path / "archive.db").unlink()
    (tmp_path / "archive.db-shm").unlink()
    before = bytes_of(tmp_path)
    database = reopened(tmp_path)
    assert count(database) == 0
    database.close()
    assert before <= bytes_of(tmp_path)


def test_a_stray_journal_is_not_played_back(tmp_path):
    whole_folder(tmp_path)
    (tmp_path / "archive.db-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + b"x" * 2000)
    before = bytes_of(tmp_path)
    database = reopened(tmp_path)
    assert count(database) == 60
    database.close()
    assert before <= bytes_of(tmp_path)


def text_file(path):
    path.write_text("my notes")


def zip_file(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a", "b")


def directory(path):
    path.mkdir()
    (path / "file").write_text("x")


def foreign_database(path):
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE theirs (x)")
        conn.execute("PRAGMA application_id = 1234")


@pytest.mark.parametrize("kind", [text_file, zip_file, directory, foreign_database], ids=lambda kind: kind.__name__)
def test_a_file_of_another_program_is_refused_and_not_touched(tmp_path, kind):
    path = tmp_path / "archive.db"
    kind(path)
    before = {p: p.is_file() and sha(p) for p in tmp_path.rglob("*")}
    with pytest.raises(ArchiveForeign):
        reopened(tmp_path)
    assert {p: p.is_file() and sha(p) for p in tmp_path.rglob("*")} == before


@pytest.mark.parametrize("has_log", [False, True])
def test_a_newer_archive_opens_for_reading_and_no_byte_of_it_changes(tmp_path, has_log):
    if has_log:
        crashed(tmp_path)
        script = ("import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
                  f"c.execute('PRAGMA user_version = {len(MIGRATIONS) + 3}'); os._exit(9)")  # fmt: skip
        subprocess.run([sys.executable, "-c", script, str(tmp_path / "archive.db")], check=False)
    else:
        whole_folder(tmp_path)
        with closing(raw(tmp_path / "archive.db")) as conn:
            conn.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 3}")
    kept = [p for p in tmp_path.rglob("*") if p.is_file() and not p.name.endswith("-shm")]
    before = {p: sha(p) for p in kept}
    database = reopened(tmp_path)
    assert database.read_only
    assert str(len(MIGRATIONS) + 3) in database.notices[0]
    assert count(database) == 60
    with pytest.raises(ArchiveNewer):
        database.write_now(lambda db: None)
    database.close()
    assert {p: sha(p) for p in kept} == before


def test_files_are_for_the_user_alone_whatever_the_umask(tmp_path):
    old = os.umask(0)
    try:
        database = Database.open(tmp_path / "data", now=lambda: NOON)
        fill(database)
        database.write_now(lambda db: conversations.keep_raw(db, "x", os.urandom(40_000)))
        database.back_up()
        for path in (tmp_path / "data", *(tmp_path / "data").rglob("*")):
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
        database.close()
    finally:
        os.umask(old)


def test_a_missing_archive_with_copies_is_brought_back(tmp_path):
    """As after a kill between setting aside and bringing back."""
    whole_folder(tmp_path)
    (tmp_path / "archive.db").unlink()
    database = reopened(tmp_path)
    assert count(database) == 60
    assert "is open" in database.notices[-1]
    database.close()


def test_a_reader_beside_the_window_sees_all_and_writes_nothing(tmp_path):
    whole_folder(tmp_path)
    with pytest.raises(Missing):
        Database.reader(tmp_path / "none")
    window = reopened(tmp_path)
    reader = Database.reader(tmp_path)
    add(window, message("late", "m0059"))
    assert count(reader) == 61
    assert reader.read_only
    reader.close()
    window.close()


def test_large_archives_are_checked_in_the_background_and_damage_waits_for_the_next_start(tmp_path, monkeypatch):
    whole_folder(tmp_path)
    swapped_index(tmp_path / "archive.db")
    monkeypatch.setattr(opening, "WHOLE_BELOW_BYTES", 1)
    monkeypatch.setattr(opening, "QUICK_BELOW_BYTES", 2)
    database = reopened(tmp_path)
    database.checking.result(60)
    assert "Restart" in database.notices[-1]
    database.close()
    before = bytes_of(tmp_path) - {sha(tmp_path / opening.SUSPECT)}
    again = reopened(tmp_path)
    assert "set aside" in again.notices[0]
    assert (count(again), (tmp_path / opening.SUSPECT).exists()) == (60, False)
    again.close()
    assert before <= bytes_of(tmp_path)


def test_the_whole_check_is_due_each_week(tmp_path, monkeypatch):
    whole_folder(tmp_path)
    monkeypatch.setattr(opening, "WHOLE_BELOW_BYTES", 1)

    def checked_at(now):
        database = Database.open(tmp_path, now=lambda: now)
        if database.checking is not None:
            database.checking.result(60)
        found = database.checking is not None
        database.close()
        return found

    assert [checked_at(NOON + n * DAY) for n in (0, 1, 6, 8, 9)] == [True, False, False, True, False]


def test_what_was_being_made_when_it_was_killed_is_cleared_and_nothing_else(tmp_path):
    whole_folder(tmp_path)
    (tmp_path / ".archive.db.part-01X").write_bytes(b"half")
    (tmp_path / "archive.db.mine").write_bytes(b"the user's")
    reopened(tmp_path).close()
    assert not (tmp_path / ".archive.db.part-01X").exists()
    assert (tmp_path / "archive.db.mine").exists()


def test_looking_at_a_symlink_that_leads_nowhere_is_refused(tmp_path):
    (tmp_path / "archive.db").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArchiveForeign):
        reopened(tmp_path)


def test_reading_connections_cannot_write(tmp_path):
    whole_folder(tmp_path)
    fold(tmp_path / "archive.db")
    with closing(connections.reading(tmp_path / "archive.db")) as conn, pytest.raises(sqlite3.OperationalError):
        conn.execute("DELETE FROM message")


def test_clear_all_leaves_no_byte_of_the_archive_and_nothing_else_goes(tmp_path):
    """Archive, log, copies, attachments, what was set aside: a sentence that was in each is found nowhere."""
    whole_folder(tmp_path)
    flipped_pages(tmp_path / "archive.db")
    database = reopened(tmp_path)
    add(database, message("x", "m0059", "canary sentence"))
    database.write_now(lambda db: blobs.put(db, b"canary" * 9000))
    database.back_up()
    database.close()
    (tmp_path / "settings.json").write_text("{}")
    (tmp_path / "archive.db.mine").write_text("mine")
    opening.clear(tmp_path)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["archive.db.mine", "settings.json"]
    fresh = reopened(tmp_path)
    assert (count(fresh), fresh.notices) == (0, ())
    fresh.close()
