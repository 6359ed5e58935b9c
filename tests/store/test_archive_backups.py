"""Copies: each can be brought back, a half-made one is never taken for one, old ones go."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from archives import DAY, NOON, add, bytes_of, fill, message, sha, whole_folder

from desktop.core.conversation import Attachment
from desktop.core.errors import ArchiveDamaged, Missing
from desktop.store import backups, blobs, check, opening
from desktop.store.database import Database


def opened(folder, now=NOON):
    return Database.open(folder, now=lambda: now)


def count(database):
    return database.read_now(lambda db: db.execute("SELECT count(*) FROM message").fetchone()[0])


def test_each_copy_can_be_brought_back_with_its_attachments_and_the_present_is_copied_first(tmp_path):
    database = opened(tmp_path)
    fill(database, 3)
    body = os.urandom(50_000)
    sha256 = database.write_now(lambda db: blobs.put(db, body))
    add(database, message("file", "m0002", parts=(Attachment("f", "x", sha256),)))
    first = database.back_up("daily", now=lambda: NOON)
    add(database, message("later", "file"))
    second = database.back_up("asked", now=lambda: NOON + 1)
    add(database, message("last", "later"))
    blob = database.read_now(lambda db: blobs.path(db, sha256))
    database.close()
    blob.unlink()
    for copy, messages in ((first, 4), (second, 5)):
        opening.restore(tmp_path, copy.name, NOON + DAY)
        database = opened(tmp_path)
        assert (count(database), database.notices) == (messages, ())
        assert database.read_now(lambda db: blobs.get(db, sha256)) == body
        database.close()
    kinds = [copy.kind for copy in backups.listing(tmp_path)]
    assert kinds.count("restore") == 2
    oldest = next(copy for copy in reversed(backups.listing(tmp_path)) if copy.kind == "restore")
    opening.restore(tmp_path, oldest.name, NOON + 2 * DAY)
    database = opened(tmp_path)
    assert count(database) == 6  # what was there before the first restore
    database.close()


def test_a_copy_is_made_while_messages_are_written_and_is_one_state_of_the_archive(tmp_path):
    database = opened(tmp_path)
    fill(database, 50)
    add(database, message("in the log", "m0049"))
    copy = database.back_up("daily", now=lambda: NOON)
    assert backups.fault_of(copy) is None
    assert sorted(p.name for p in copy.path.iterdir()) == ["archive.db"]
    database.close()


def test_blobs_are_linked_where_the_disk_can_and_copied_where_it_cannot(tmp_path, monkeypatch):
    database = opened(tmp_path)
    sha256 = database.write_now(lambda db: blobs.put(db, b"x" * 20_000))
    linked = database.back_up("daily", now=lambda: NOON)
    assert blobs.file_of(linked.path / "blobs", sha256).stat().st_nlink == 2

    def refuse(self, target):
        raise OSError(18, "another disk")

    monkeypatch.setattr(type(tmp_path), "hardlink_to", refuse)
    copied = database.back_up("asked", now=lambda: NOON)
    assert blobs.file_of(copied.path / "blobs", sha256).stat().st_nlink == 1
    assert blobs.file_of(copied.path / "blobs", sha256).read_bytes() == b"x" * 20_000
    database.close()


def test_a_damaged_archive_is_not_copied_over_good_copies(tmp_path):
    whole_folder(tmp_path)
    database = opened(tmp_path)
    database.write_now(lambda db: db.execute("PRAGMA ignore_check_constraints = ON") and None)
    database.write_now(lambda db: db.execute("UPDATE message SET parent = no WHERE id = 'm0001'"))
    before = [copy.name for copy in backups.listing(tmp_path)]
    with pytest.raises(ArchiveDamaged):
        database.back_up("daily", now=lambda: NOON)
    assert [copy.name for copy in backups.listing(tmp_path)] == before
    assert list((tmp_path / "backups").glob(".*")) == []
    database.close()


def test_a_damaged_or_missing_copy_is_not_brought_back(tmp_path):
    whole_folder(tmp_path)
    (copy,) = backups.listing(tmp_path)
    copy.file.write_bytes(copy.file.read_bytes()[:9000])
    before = bytes_of(tmp_path)
    with pytest.raises(ArchiveDamaged):
        opening.restore(tmp_path, copy.name, NOON)
    with pytest.raises(Missing):
        opening.restore(tmp_path, "20200101T000000Z-daily", NOON)
    assert bytes_of(tmp_path) == before


def test_killed_while_a_copy_is_made_no_half_one_counts_and_the_rest_is_cleared(tmp_path):
    """Thirty kills at different moments of making a copy."""
    whole_folder(tmp_path)
    script = (
        "import sys; from pathlib import Path; from desktop.store import backups\n"
        "while True:\n    print(1, flush=True); backups.make(Path(sys.argv[1]), 'asked', 1.8e9)"
    )
    for n in range(30):
        child = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE,
                                 env={**os.environ, "PYTHONPATH": str(Path.cwd())})  # fmt: skip
        child.stdout.readline()
        end = time.monotonic() + n * 0.001
        while time.monotonic() < end:
            pass
        child.kill()
        child.communicate()
        assert all(backups.fault_of(copy) is None for copy in backups.listing(tmp_path)[:1])
    backups.make(tmp_path, "daily", NOON)
    assert list((tmp_path / "backups").glob(".part-*")) == []
    assert all(backups.fault_of(copy) is None for copy in backups.listing(tmp_path))


def test_seven_daily_and_four_weekly_copies_stay_and_the_newest_always():
    copies = []
    for day in range(60):
        for hour in (0, 6):
            made = datetime.fromtimestamp(NOON + day * DAY + hour * 3600, UTC)
            copies.append(backups.Backup(made, made.isoformat(), "daily", None))
    kept = sorted(backups.to_keep(copies, 7, 4))
    days = {name[:10] for name in kept}
    newest = [c.name[:10] for c in copies[::-2]]
    assert set(newest[:7]) <= days
    weeks = {datetime.fromisoformat(name).isocalendar()[:2] for name in kept}
    assert len(weeks) == 4
    assert len(kept) in (9, 10)
    assert all(name[11:13] == max(c.name[11:13] for c in copies if c.name[:10] == name[:10]) for name in kept)
    assert backups.to_keep(copies[:1], 0, 0) == {copies[0].name}


def test_rotating_removes_only_finished_copies_that_are_not_kept(tmp_path):
    whole_folder(tmp_path)
    for day in range(1, 12):
        backups.make(tmp_path, "daily", NOON + day * DAY)
    (tmp_path / "backups" / "my own").mkdir()
    gone = backups.rotate(tmp_path, daily=3, weekly=1)
    assert len(backups.listing(tmp_path)) == 3
    assert len(gone) == 9
    assert (tmp_path / "backups" / "my own").exists()


def test_a_daily_copy_is_due_once_a_day(tmp_path):
    whole_folder(tmp_path)
    assert not backups.is_due(tmp_path, NOON)
    assert backups.is_due(tmp_path, NOON + DAY)
    backups.make(tmp_path, "asked", NOON + DAY)
    assert backups.is_due(tmp_path, NOON + DAY)


def test_restoring_over_a_damaged_archive_sets_it_aside(tmp_path):
    whole_folder(tmp_path)
    (copy,) = backups.listing(tmp_path)
    path = tmp_path / "archive.db"
    path.write_bytes(path.read_bytes()[:50_000])
    damaged = sha(path)
    opening.restore(tmp_path, copy.name, NOON + DAY)
    (aside,) = tmp_path.glob("archive.damaged-*.db")
    assert sha(aside) == damaged
    database = opened(tmp_path)
    assert (count(database), database.read_now(check.whole)) == (60, None)
    database.close()
