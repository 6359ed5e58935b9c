"""The archive in another folder, its copies in another one, and what fills it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from archives import DAY, NOON, add, fill, message

from desktop.core.conversation import Attachment, Text
from desktop.core.errors import ArchiveDamaged, ArchiveFull, BadInput, Missing
from desktop.store import backups, blobs, filling, opening, place
from desktop.store.conversations import get, keep_raw, purge, trash
from desktop.store.database import Database
from desktop.store.ledger import LedgerRow, open_row

LARGE = b"a sound " * 10_000


@pytest.fixture
def data(tmp_path):
    """A closed data folder with one conversation, an attachment in a file of its own, and a copy."""
    folder = tmp_path / "data"
    database = Database.open(folder, now=lambda: NOON)
    fill(database, 10)
    sha256 = database.write_now(lambda db: blobs.put(db, LARGE))
    parts = (Text("listen"), Attachment("talk.wav", "audio/wav", blob=sha256))
    add(database, message("m9999", "m0009", parts=parts))
    database.back_up("daily", now=lambda: NOON)
    database.close()
    return folder


def attachment(database):
    found = database.read_now(lambda db: db.execute("SELECT sha256 FROM blob").fetchone()[0])
    return database.read_now(lambda db: blobs.get(db, found))


def test_an_archive_is_moved_with_its_attachments_and_copies(data, tmp_path):
    target = tmp_path / "other disk"
    target.mkdir()
    place.move(data, target)
    assert place.archive_folder(data) == target
    database = Database.open(place.reachable_folder(data), now=lambda: NOON)
    assert database.read_now(lambda db: get(db, "c")).message_count == 11
    assert attachment(database) == LARGE
    database.close()
    (copy,) = backups.listing(target)
    assert backups.tested(copy).is_good
    assert oct(target.joinpath("archive.db").stat().st_mode)[-3:] == "600"


def test_what_was_there_before_a_move_stays_until_it_is_removed(data, tmp_path):
    target = tmp_path / "elsewhere"
    target.mkdir()
    assert place.former(data) is None
    place.move(data, target)
    assert place.former(data) == data
    place.remove_former(data)
    assert place.former(data) is None
    assert not (data / "archive.db").exists() and (target / "archive.db").exists()


@pytest.mark.parametrize("kind", ["missing", "same", "taken", "inside"])
def test_a_folder_that_cannot_take_the_archive_is_refused_with_its_reason(data, tmp_path, kind):
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "archive.db").write_bytes(b"another archive")
    target = {"missing": tmp_path / "none", "same": data, "taken": taken, "inside": data / "backups"}[kind]
    with pytest.raises(BadInput):
        place.move(data, target)
    assert place.archive_folder(data) == data
    assert (taken / "archive.db").read_bytes() == b"another archive"


def test_a_move_that_fails_leaves_everything_as_it_was(data, tmp_path, monkeypatch):
    """An attachment whose bytes arrive changed, as a bad disk would hand them back."""
    target = tmp_path / "bad disk"
    target.mkdir()
    os_copy = shutil.copyfile

    def bad(source, to, **more):
        os_copy(source, to, **more)
        if "blobs" in str(to):
            Path(to).write_bytes(b"x" * Path(to).stat().st_size)

    monkeypatch.setattr(shutil, "copyfile", bad)
    monkeypatch.setattr(Path, "hardlink_to", lambda *_: (_ for _ in ()).throw(OSError("no links here")))
    with pytest.raises(ArchiveDamaged):
        place.move(data, target)
    assert place.archive_folder(data) == data
    assert list(target.iterdir()) == []


def test_a_moved_archive_that_cannot_be_reached_is_named_and_none_is_begun(data, tmp_path):
    target = tmp_path / "stick"
    target.mkdir()
    place.move(data, target)
    shutil.move(target, tmp_path / "pulled out")
    with pytest.raises(Missing) as raised:
        place.reachable_folder(data)
    assert str(target) in raised.value.summary
    assert not target.exists()


def test_the_other_settings_survive_a_move_and_the_way_back(data, tmp_path):
    (data / "settings.json").write_text('{"text_scale": 120}')
    target = tmp_path / "there"
    target.mkdir()
    place.move(data, target)
    assert '"text_scale": 120' in (data / "settings.json").read_text()
    place.remove_former(data)
    place.move(data, data)
    assert place.archive_folder(data) == data
    assert '"archive_folder"' not in (data / "settings.json").read_text()


def test_copies_go_to_the_folder_that_was_chosen_and_are_found_in_both(data, tmp_path):
    home = tmp_path / "synchronised"
    home.mkdir()
    backups.choose_home(data, home)
    database = Database.open(data, now=lambda: NOON)
    database.back_up("daily", now=lambda: NOON + DAY)
    database.back_up("daily", now=lambda: NOON + 2 * DAY)
    database.close()
    found = backups.listing(data)
    assert [copy.path.parent for copy in found] == [home, home, data / "backups"]
    assert all(backups.tested(copy).is_good for copy in found)


def test_archives_that_share_a_folder_for_copies_leave_each_others_alone(data, tmp_path):
    """As two computers do that synchronise one folder."""
    home, other = tmp_path / "synchronised", tmp_path / "other"
    home.mkdir()
    database = Database.open(other, now=lambda: NOON)
    database.close()
    for folder in (data, other):
        backups.choose_home(folder, home)
    for day in range(1, 4):
        backups.make(other, "daily", NOON + day * DAY)
    theirs = sorted(home.iterdir())
    assert backups.is_due(data, NOON + DAY)
    mine = backups.make(data, "daily", NOON + DAY)
    assert not backups.is_due(data, NOON + DAY)
    backups.rotate(data, daily=1, weekly=1)
    backups.renew(data, NOON + 5 * DAY)
    assert set(theirs) <= set(home.iterdir()) and not mine.path.exists()
    assert len(backups.listing(data)) == 4  # they can be brought back, as on a new computer
    newest = backups.make(other, "daily", NOON + 9 * DAY)
    assert (found := backups.newest_good(data)) is not None and found.path != newest.path
    (data / "archive.db").write_bytes(b"")
    assert backups.newest_good(data) == found
    opening.clear(data, also_elsewhere=True)
    assert sorted(home.iterdir()) == [*theirs, newest.path] and not data.joinpath("backups").exists()


def test_the_copies_of_a_moved_archive_outlive_what_was_left_behind(data, tmp_path):
    home, target = tmp_path / "synchronised", tmp_path / "disk"
    home.mkdir()
    target.mkdir()
    backups.choose_home(data, home)
    copy = backups.make(data, "daily", NOON + DAY)
    place.move(data, target)
    place.remove_former(data)
    assert copy.path.is_dir() and not (data / "archive.db").exists()
    assert copy in backups.own(target)


def test_removing_an_archive_spares_files_of_others_among_its_own(data):
    mine = [data / "backups" / "holiday.zip", data / "blobs" / "ab" / "letter.txt", data / "blobs" / "notes.txt"]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    opening.clear(data)
    assert sorted(path for path in data.rglob("*") if path.is_file()) == sorted(mine)


def test_attachments_are_stored_once_among_copies_of_another_disk(data, tmp_path, monkeypatch):
    home = tmp_path / "disk"
    home.mkdir()
    backups.choose_home(data, home)
    link = Path.hardlink_to

    def only_within(self, target):
        if home not in Path(target).parents:
            raise OSError("another disk")
        link(self, target)

    monkeypatch.setattr(Path, "hardlink_to", only_within)
    for day in (1, 2):
        backups.make(data, "daily", NOON + day * DAY)
    numbers = {path.stat().st_ino for path in home.glob("*/blobs/??/*")}
    assert len(list(home.glob("*/blobs/??/*"))) == 2 and len(numbers) == 1


def test_without_the_chosen_folder_copies_are_kept_beside_the_archive(data, tmp_path):
    home = tmp_path / "stick"
    home.mkdir()
    backups.choose_home(data, home)
    home.rmdir()
    made = backups.make(data, "asked", NOON + DAY)
    assert made.path.parent == data / "backups"


def test_a_folder_that_cannot_be_written_is_refused(data, tmp_path):
    with pytest.raises(BadInput):
        backups.choose_home(data, tmp_path / "none")
    closed = tmp_path / "file"
    closed.write_text("")
    with pytest.raises((BadInput, ArchiveFull)):
        backups.choose_home(data, closed)
    assert backups.elsewhere(data) is None


def test_a_test_of_a_copy_counts_it_and_misses_its_attachments(data):
    (copy,) = backups.listing(data)
    found = backups.tested(copy)
    assert (found.conversations, found.messages, found.attachments, found.missing) == (1, 11, 1, 0)
    for path in (copy.path / "blobs").glob("??/*"):
        path.unlink()
    assert backups.tested(copy).missing == 1
    copy.file.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    assert backups.tested(copy).fault


def test_renewed_copies_hold_nothing_that_was_deleted_for_good(data):
    canary = b"line 7"
    assert any(canary in path.read_bytes() for path in (data / "backups").rglob("archive.db"))
    database = Database.open(data, now=lambda: NOON)
    database.write_now(lambda db: purge(db, ["c"]))
    database.scrub()
    database.close()
    backups.renew(data, NOON + DAY)
    assert not any(canary in path.read_bytes() for path in (data / "backups").rglob("*") if path.is_file())
    assert len(backups.listing(data)) == 1


def test_what_fills_the_archive_is_told_by_page_year_and_size(data):
    database = Database.open(data, now=lambda: NOON)
    found = database.read_now(filling.read)
    assert [share.name for share in found.pages] == ["chat"]
    assert found.largest[0].id == "c" and found.largest[0].messages == 11
    assert found.largest[0].size_bytes > len(LARGE) + 2000
    assert found.attachments == len(LARGE)
    assert found.trash == 0
    database.write_now(lambda db: trash(db, ["c"], 5))
    assert database.read_now(filling.read).trash == 1
    database.close()


def test_old_replies_go_in_steps_and_younger_ones_stay(data):
    database = Database.open(data, now=lambda: NOON)

    def calls(db):
        for n in range(450):
            open_row(db, LedgerRow(f"k{n}", started=n))
            keep_raw(db, f"k{n}", b"data: x\n\n" * 9)

    database.write_now(calls)
    steps = []
    while gone := database.write_now(lambda db: filling.forget_replies(db, 430)):
        steps.append(gone)
    assert steps == [200, 200, 30]
    assert database.read_now(lambda db: db.execute("SELECT count(*) FROM raw_reply").fetchone()[0]) == 20
    database.close()
