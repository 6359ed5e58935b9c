"""A power cut that forgets what was not synced: every write of a run is recorded, and the disk is made up again of what
had to be on it at some moment and of any part of the rest."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from desktop.core.errors import ArchiveForeign
from desktop.store import check
from desktop.store.database import Database

CUTS = 60
SECTOR = 512
CALLS = "pwrite64,write,fsync,fdatasync,ftruncate,unlink,rename"

RUN = """
import os, sys
from pathlib import Path
from archives import add, message, talk
from desktop.store.database import Database
database = Database.open(Path(sys.argv[1]))
talk(database)
for n in range(40):
    add(database, message(f"m{n:03}", f"m{n - 1:03}" if n else None, f"line {n} " + "w" * 3000))
    os.write(1, f"kept m{n:03}".encode())
    if n % 15 == 14:
        folding = "PRAGMA wal_checkpoint(TRUNCATE)"
        database.writer.submit(lambda db: db.execute(folding).fetchone(), in_transaction=False).result()
os._exit(0)
"""


@dataclass
class File:
    """What is surely on the disk of a file, and the changes since it was last synced."""

    content: bytearray = field(default_factory=bytearray)
    waiting: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        for change in self.waiting:
            apply(self.content, *change)
        self.waiting = []


def apply(content: bytearray, at: int, written: bytes | None) -> None:
    """A write, or with None a new length."""
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    if written is None:
        del content[at:]
    else:
        content[at : at + len(written)] = written


def survivor(file: File, chance: random.Random) -> bytes:
    """A file after the cut: of what was not synced any writes, in any order, each in whole sectors or not at all."""
    content = bytearray(file.content)
    some = [change for change in file.waiting if chance.random() < 0.5]
    chance.shuffle(some)
    for at, written in some:
        if written is not None and chance.random() < 0.3:
            written = written[: chance.randrange(0, len(written) + 1) // SECTOR * SECTOR]
        apply(content, at, written)
    return bytes(content)


LINE = re.compile(r"^(\d+) +(\w+)\((.*?)(\) += (-?\d+).*| <unfinished \.\.\.>)$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>.*= (-?\d+)")
NAMED = re.compile(r"^(\d+)<((?:\\x[0-9a-f]{2})*)>")
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def recorded(path: Path):
    """The calls of a run in their order: name, number of the file, its path, texts, and the numbers behind.

    What another thread interrupted stands where it began, but for a sync, which counts when it has ended.
    """
    open_calls = {}
    for line in path.read_text().splitlines():
        if (found := RESUMED.match(line)) is not None and found[1] in open_calls:
            yield open_calls.pop(found[1])
        elif (found := LINE.match(line)) is not None:
            thread, name, words, end, _ = found.groups()
            file = NAMED.match(words)
            texts = [bytes.fromhex(text.replace("\\x", "")) for text in TEXT.findall(words)]
            numbers = [int(number) for number in re.findall(r"(?<=, )\d+", TEXT.sub("", words))]
            where = bytes.fromhex(file[2].replace("\\x", "")).decode() if file else ""
            call = (name, int(file[1]) if file else -1, where, texts, numbers)
            if "unfinished" in end and name in ("fsync", "fdatasync"):
                open_calls[thread] = call
            else:
                yield call


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder in which a run took place, and all that it wrote."""
    if shutil.which("strace") is None:
        pytest.skip("strace, which records the writes, is not installed")
    folder, here = tmp_path_factory.mktemp("cut"), Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(here), str(here.parents[1])))}
    command = ["strace", "-f", "-y", "-xx", "-s", "70000", "-e", f"trace={CALLS}", "-o", str(folder / "calls")]
    ran = subprocess.run(
        [*command, sys.executable, "-c", RUN, str(folder / "data")],
        env=environment, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    if ran.returncode != 0 and b"kept" not in ran.stdout:
        pytest.skip("this system does not let a process be recorded")
    assert ran.returncode == 0, ran.stderr.decode()[-2000:]
    return folder, list(recorded(folder / "calls"))


def disk_at(calls, moment: int) -> tuple[dict[str, File], list[str]]:
    """The archive's files by name, and what the run had been told to be kept, just before a call.

    Names and new names are taken to last at once; what is in the files is not.
    """
    files: dict[str, File] = {}
    kept: list[str] = []
    for name, number, path, texts, numbers in calls[:moment]:
        if name == "write" and number == 1:
            kept.append(texts[0].decode().removeprefix("kept "))
        if name in ("rename", "unlink"):
            names = [Path(text.decode()).name for text in texts]
            moved = files.pop(names[0], None)
            if name == "rename" and moved is not None:
                files[names[1]] = moved
            continue
        file = files.setdefault(Path(path).name, File())
        if name == "pwrite64":
            file.waiting.append((numbers[-1], texts[0]))
        elif name == "ftruncate":
            file.waiting.append((numbers[-1], None))
        elif name in ("fsync", "fdatasync"):
            file.sync()
    return {name: file for name, file in files.items() if name in ("archive.db", "archive.db-wal")}, kept


def test_the_record_is_whole(run):
    """What is made of all writes is what the run left."""
    folder, calls = run
    files, kept = disk_at(calls, len(calls))
    assert kept == [f"m{n:03}" for n in range(40)]
    for name, file in files.items():
        file.sync()
        assert bytes(file.content) == (folder / "data" / name).read_bytes(), name


def test_after_a_power_cut_at_any_moment_all_that_was_said_to_be_kept_is_there(run, tmp_path):
    _, calls = run
    chance = random.Random(20261122)
    first = next(at for at, call in enumerate(calls) if call[0] == "write" and call[1] == 1)
    for number, moment in enumerate(chance.sample(range(first, len(calls)), CUTS)):
        files, kept = disk_at(calls, moment)
        data = tmp_path / str(number)
        data.mkdir(mode=0o700)
        for name, file in files.items():
            (data / name).write_bytes(survivor(file, chance))
        database = Database.open(data)
        found = {id for (id,) in database.read_now(lambda db: db.execute("SELECT id FROM message").fetchall())}
        assert set(kept) <= found, f"cut at call {moment}"
        assert database.notices == () and database.read_now(check.whole) is None
        database.close()


def test_the_rig_would_notice_a_commit_that_is_not_synced(run, tmp_path):
    """The same with every sync taken away: something that was said to be kept is then gone."""
    _, calls = run
    chance = random.Random(20261122)
    careless = [call for call in calls if call[0] not in ("fsync", "fdatasync")]
    files, kept = disk_at(careless, len(careless))
    lost = 0
    for number in range(5):
        data = tmp_path / str(number)
        data.mkdir(mode=0o700)
        for name, file in files.items():
            (data / name).write_bytes(survivor(file, chance))
        try:
            database = Database.open(data)
        except ArchiveForeign:  # not even its header is there
            lost += 1
            continue
        found = {id for (id,) in database.read_now(lambda db: db.execute("SELECT id FROM message").fetchall())}
        lost += not set(kept) <= found
        database.close()
    assert lost == 5
