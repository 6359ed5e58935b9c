"""Out and in again: an archive with something of every kind, taken into an empty one, is exported the same."""

from __future__ import annotations

import export_archive
import pytest

from desktop.services.export.service import Export
from desktop.services.export.work import Selection
from desktop.services.imports.run import Imports
from desktop.store import exporting
from desktop.store.database import Database


@pytest.fixture
def first(tmp_path):
    opened = Database.open(tmp_path / "first")
    export_archive.fill(opened)
    yield opened
    opened.close()


@pytest.fixture
def second(tmp_path):
    opened = Database.open(tmp_path / "second")
    yield opened
    opened.close()


async def exported(database, folder):
    """The bytes of the export and of each file beside it, by name."""
    folder.mkdir()
    await Export(database).run(Selection(), "json", folder / "all.json", branches="all")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_an_archive_with_every_kind_of_content_comes_out_the_same_byte_by_byte(first, second, tmp_path):
    before = await exported(first, tmp_path / "one")
    report = await Imports(second).run([tmp_path / "one" / "all.json"], lambda progress: None)
    assert (report.taken, report.not_taken, report.notes) == (len(before_ids(first)), (), {})
    after = await exported(second, tmp_path / "two")
    assert list(after) and sorted(after) == sorted(before)
    for name, content in before.items():
        assert after[name] == content, name


async def test_a_second_time_nothing_is_taken_and_nothing_changes(first, second, tmp_path):
    await exported(first, tmp_path / "one")
    imports, path = Imports(second), tmp_path / "one" / "all.json"
    await imports.run([path], lambda progress: None)
    before = await exported(second, tmp_path / "two")
    report = await imports.run([path], lambda progress: None)
    assert (report.taken, report.merged, report.already) == (0, 0, len(before_ids(first)))
    assert await exported(second, tmp_path / "three") == before


async def test_undone_the_archive_is_as_empty_as_it_was(first, second, tmp_path):
    await exported(first, tmp_path / "one")
    imports = Imports(second)
    report = await imports.run([tmp_path / "one" / "all.json"], lambda progress: None)
    undone = await imports.undo(report.run)
    assert (undone.conversations, undone.kept) == (report.taken, ())
    for table in ("conversation", "message", "passage", "ledger", "repricing", "folder", "import_addition"):
        count = second.read_now(lambda db, table=table: db.execute(f"SELECT count(*) FROM {table}").fetchone())
        assert count == (0,), table


def before_ids(database):
    return database.read_now(lambda db: exporting.ids(db, trashed=True))
