"""`davenport history` as a person runs it: processes of their own beside an archive with something of every kind."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import archives
import export_archive
import pytest

from desktop import cli
from desktop.services.commands import CUT, DONE, FAILED, UNREAD
from desktop.services.export import FORMATS, json_form
from desktop.store.database import Database
from desktop.store.instance import Instance

ROOT = Path(__file__).resolve().parents[1]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    return kept | {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"} | more


def run(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "desktop", "history", *words, "--data-dir", str(folder)],
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("data")
    database = Database.open(where)
    export_archive.fill(database)
    database.close()
    return where


def test_all_goes_into_one_file_of_ours_beside_an_open_window(folder, tmp_path):
    window = Instance.acquire(folder)
    try:
        done = run(folder, "export", "--all", "--format", "json", "--out", str(tmp_path / "all.json"))
    finally:
        window.release()
    assert done.returncode == DONE and "5 conversations in" in done.stderr, done.stderr
    with (tmp_path / "all.json").open("rb") as file:
        assert json_form.head(file).count == 5 and len(list(json_form.entries(file))) == 6
    assert len(list((tmp_path / "all files").iterdir())) == 2


def test_each_form_of_one_conversation_goes_to_the_terminal(folder):
    for form in FORMATS:
        done = run(folder, "export", "C1TALK", "--format", form)
        assert done.returncode == DONE and "heron" in done.stdout.lower(), (form, done.stderr)
    assert "no place for 2 pictures" in run(folder, "export", "C1TALK", "--format", "jsonl").stderr


def test_many_become_a_folder(folder, tmp_path):
    out = tmp_path / "pages"
    assert run(folder, "export", "--all", "--format", "html", "--out", str(out)).returncode == DONE
    assert (out / "index.html").is_file() and len(list((out / "pages").iterdir())) == 4
    refused = run(folder, "export", "--all", "--format", "md")
    assert refused.returncode == FAILED and "--out" in refused.stderr


def test_a_search_chooses(folder):
    done = run(folder, "export", "--query", "long talk", "--format", "csv", "--no-attachments")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == 1200 and {row["conversation"] for row in rows} == {"A long talk"}
    assert run(folder, "export", "--query", "nougat").returncode == FAILED


def test_all_branches(folder):
    shown, every = (
        run(folder, "export", "C1TALK", "--format", "md", "--branches", which).stdout for which in ("path", "all")
    )
    assert "I can't." not in shown and "I can't." in every and "Another branch" in every


@pytest.mark.parametrize("words", [(), ("--all", "--query", "x"), ("C1TALK", "--all")])
def test_what_to_export_is_said_in_one_way(folder, words):
    done = run(folder, "export", *words)
    assert done.returncode == FAILED and "--query" in done.stderr and "Traceback" not in done.stderr


def test_a_place_that_cannot_be_written_is_told(folder, tmp_path):
    done = run(folder, "export", "C1TALK", "--out", str(tmp_path / "nowhere" / "x.md"))
    assert done.returncode == FAILED and "cannot be written" in done.stderr and "Traceback" not in done.stderr


def test_a_lost_attachment_is_named_and_the_status_says_so(tmp_path):
    where = tmp_path / "data"
    database = Database.open(where)
    export_archive.fill(database)
    database.close()
    next(path for path in (where / "blobs").glob("??/*")).unlink()
    done = run(where, "export", "C1TALK", "--out", str(tmp_path / "out.md"))
    assert done.returncode == CUT and "lost" in done.stderr and (tmp_path / "out.md").is_file()


def test_a_key_of_the_environment_is_in_no_export(tmp_path):
    key = "sk-proj-0123456789abcdefXYZ"
    database = Database.open(tmp_path / "data")
    archives.talk(database, "C1", title=f"My key {key}")
    archives.add(database, archives.message("M1", text=f"It is {key}, is it not?", chat="C1"))
    database.close()
    for form in ("json", "html"):
        done = run(tmp_path / "data", "export", "C1", "--format", form, OPENAI_API_KEY=key)
        assert done.returncode == DONE and "is it not?" in done.stdout
        assert "0123456789ab" not in done.stdout + done.stderr


def test_a_reader_that_has_seen_enough_hears_no_complaint(folder):
    words = ["history", "export", "C4LONG", "--format", "csv", "--data-dir", str(folder)]
    with subprocess.Popen(
        [sys.executable, "-m", "desktop", *words],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as writer:
        assert writer.stdout is not None and writer.stderr is not None
        assert writer.stdout.readline().startswith(b"conversation_id,")
        writer.stdout.close()
        assert writer.stderr.read() == b""
        assert writer.wait(120) == UNREAD


def test_what_was_exported_comes_in_elsewhere_and_is_exported_the_same(folder, tmp_path):
    first, second = tmp_path / "a" / "all.json", tmp_path / "b" / "all.json"
    for path in (first, second):
        path.parent.mkdir()
    assert run(folder, "export", "--all", "--format", "json", "--out", str(first)).returncode == DONE
    other = tmp_path / "other"
    taken = run(other, "import", str(first), "--offline")
    assert taken.returncode == DONE and "5 conversations" in taken.stdout, taken.stderr
    assert run(other, "export", "--all", "--format", "json", "--out", str(second)).returncode == DONE
    assert second.read_bytes() == first.read_bytes()
    again = run(other, "import", str(first), "--offline")
    assert again.returncode == DONE and "5 conversations already there" in again.stdout


def test_an_import_of_nothing_known_is_a_sentence(tmp_path):
    (tmp_path / "x.bin").write_bytes(b"\x00\x01")
    for name in ("x.bin", "missing.json"):
        done = run(tmp_path / "data", "import", str(tmp_path / name), "--offline")
        assert done.returncode == FAILED and done.stderr and "Traceback" not in done.stderr


def test_search_shows_where_and_tells_of_what_it_does_not_understand(folder):
    done = run(folder, "search", "heron has:code")
    assert done.returncode == DONE and done.stdout.startswith("C") and "[heron]" in done.stdout.lower()
    odd = run(folder, "search", "heron before:never")
    assert "date" in odd.stderr


def test_files_to_be_taken_in_are_named_from_here_whoever_carries_it_out(tmp_path, monkeypatch):
    """A window that has the folder was started elsewhere."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "damaged.db").touch()
    words = ["history", "import", "old.zip", "--offline", "more", "--profile", "Work", "--data-dir", "mine"]
    here = str(tmp_path)
    assert cli._with_whole_paths(words) == [
        "history", "import", f"{here}/old.zip", "--offline", f"{here}/more", "--profile", "Work", "--data-dir",
        f"{here}/mine",
    ]  # fmt: skip
    assert cli._with_whole_paths(["history", "salvage", "damaged.db"])[2] == f"{here}/damaged.db"
    assert cli._with_whole_paths(["history", "salvage", "archive.damaged-1.db"])[2] == "archive.damaged-1.db"
    assert cli._with_whole_paths(["history", "search", "old.zip"]) == ["history", "search", "old.zip"]


def test_a_damaged_archive_is_saved_from_the_terminal(tmp_path, folder):
    name = "archive.damaged-20261122T101112Z.db"
    content = (folder / "archive.db").read_bytes()
    (tmp_path / name).write_bytes(bytes(16) + content[16:])
    (tmp_path / "elsewhere.db").write_bytes(bytes(16) + content[16:])
    done = run(tmp_path, "salvage", name)
    assert done.returncode == DONE and "5 conversations" in done.stdout, done.stderr + done.stdout
    again = run(tmp_path, "salvage", str(tmp_path / "elsewhere.db"))
    assert again.returncode == DONE and "Nothing of it is missing" in again.stdout, again.stderr + again.stdout
    assert run(tmp_path, "salvage", "nowhere.db").returncode == FAILED
