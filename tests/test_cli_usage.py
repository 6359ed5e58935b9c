"""`davenport usage` as a process of its own, beside an open archive: exact money, nothing unpriced passed over."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from datetime import datetime
from decimal import Decimal

import pytest

from desktop.core.calls import Fate
from desktop.core.pricing import pico
from desktop.core.profile import Kind, Profile
from desktop.core.usage import Usage
from desktop.store import ledger, place, profiles
from desktop.store.database import Database
from desktop.store.ledger import LedgerRow


def now_us() -> int:
    """Of the test: by the end of a run of all tests it may be another day."""
    return round(datetime.now().timestamp() * 1_000_000)


@pytest.fixture
def folder(tmp_path):
    """An archive that stays open while the command reads it."""
    database = Database.open(tmp_path)

    def call(name, model, cost, **more):
        paid = None if cost is None else pico(Decimal(cost))
        row = LedgerRow(name, now_us(), model=model, fate=Fate.COMPLETE, cost_pico=paid, **more)
        database.write_now(lambda db: (ledger.open_row(db, row), ledger.close_row(db, row)))

    call("a", "gpt-x", "0.000000000001", usage=Usage(input=1000, output=20))
    call("b", "gpt-x", "1.25", usage=Usage(input=5))
    call("c", "new-one", None, usage=Usage(input=7))
    call("d", "=HYPERLINK(1)", "0", usage=Usage(input=7), is_free=True)
    yield tmp_path
    database.close()


def run(folder, *words):
    command = [sys.executable, "-m", "desktop", "usage", "--data-dir", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def test_the_table_has_exact_money_and_says_what_is_unpriced(folder):
    done = run(folder, "--period", "today")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["gpt-x", "2", "1005", "20", "$1.250000000001"] in lines
    assert ["new-one", "1", "7", "0", "unpriced"] in lines
    assert ["=HYPERLINK(1)", "1", "7", "0", "free"] in lines
    assert ["In", "all", "4", "1019", "20", "$1.250000000001", "+", "1", "unpriced"] in lines
    assert "Prices as of" in done.stdout


def test_csv_adds_up_and_runs_nothing(folder):
    done = run(folder, "--csv", "--period", "all")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert sum(Decimal(row["dollars"]) for row in rows) == Decimal("1.250000000001")
    assert {row["model"] for row in rows} == {"gpt-x", "new-one", "'=HYPERLINK(1)"}
    assert {row["model"]: row["unpriced calls"] for row in rows}["new-one"] == "1"


def test_a_file_is_written_once_and_not_over_another(folder, tmp_path):
    target = tmp_path / "calls.csv"
    assert run(folder, "--by", "call", "--out", str(target)).stderr == "4 calls.\n"
    assert len(list(csv.reader(target.read_text(encoding="utf-8").splitlines()))) == 5
    again = run(folder, "--by", "day", "--csv", "--out", str(target))
    assert (again.returncode, "there already" in again.stderr) == (1, True)


def test_a_period_that_is_none_is_said(folder):
    done = run(folder, "--period", "2026-13")
    assert (done.returncode, done.stdout) == (1, "")
    assert "is no period" in done.stderr


def test_a_moved_archive_is_read_with_the_profiles_and_prices_of_its_data_folder(tmp_path):
    data, disk = tmp_path / "data", tmp_path / "disk"
    disk.mkdir()
    database = Database.open(data)
    row = LedgerRow("a", now_us(), model="gpt-x", profile="01MINE", fate=Fate.UNKNOWN)
    database.write_now(lambda db: (ledger.open_row(db, row), ledger.close_row(db, row)))
    database.close()
    mine = Profile(id="01MINE", name="Work", kind=Kind.OPENAI, base_url="https://api.openai.com/v1")
    profiles.save(data, [mine], "")
    place.move(data, disk)
    done = run(data, "--by", "profile", "--period", "all")
    assert "Work" in done.stdout and "01MINE" not in done.stdout
    assert "1 call ended nobody knows how" in done.stdout
    assert ["In", "all", "1", "0", "0", "unknown"] in [line.split() for line in done.stdout.splitlines()]
