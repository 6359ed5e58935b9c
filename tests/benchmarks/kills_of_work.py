"""Kill a process in the middle of an upgrade, a backup or an import, two hundred times at random moments.

python packaging/dev.py bench kills_of_work [KILLS [upgrade|backup|import]]

Prints what was found afterwards, and fails where an archive did not open, was not whole, lacked a message, or where a
copy or an import was there by half.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from desktop.core.conversation import Conversation, Message, Role, Text
from desktop.services.export import json_form
from desktop.services.imports.run import Imports
from desktop.store import backups, check, connections, conversations, imports
from desktop.store.database import Database
from desktop.store.migrations import MIGRATIONS, migrate

OLD_FORM = 4
EXPORT = "export.json"
MESSAGES = 15_000
IMPORTED, TURNS = 400, 12
TEXT = "the quick brown fox jumps over the lazy dog and ```code``` "


# What the child does


def upgrade(folder: Path) -> None:
    Database.open(folder).close()


def backup(folder: Path) -> None:
    database = Database.open(folder)
    database.back_up("asked")
    database.close()


def import_(folder: Path) -> None:
    async def run() -> None:
        database = await asyncio.to_thread(Database.open, folder)
        report = await Imports(database).run([folder.parent / EXPORT], lambda _: None)
        assert report.taken == IMPORTED, report
        await asyncio.to_thread(database.close)

    asyncio.run(run())


# What it starts from


def old_archive(folder: Path) -> None:
    """One of an older form, with many messages, closed."""
    folder.mkdir()
    path = folder / "archive.db"
    connections.new_file(path)
    with closing(connections.writing(path)) as conn:
        migrate(conn, MIGRATIONS[:OLD_FORM])
        conn.execute("BEGIN")
        conn.execute("INSERT INTO passage VALUES (1, 1, 1, 'a title')")
        conn.execute("INSERT INTO conversation (no, id, title, created, updated) VALUES (1, 'c', 1, 1, 1)")
        for no in range(2, MESSAGES + 2):
            conn.execute("INSERT INTO passage VALUES (?, 0, 1, ?)", (no, TEXT + str(no)))
            conn.execute(
                "INSERT INTO message (no, id, conversation, role, state, kinds, created, cost_pico)"
                " VALUES (?, ?, 1, 'user', 'complete', 1, ?, 1)",
                (no, f"m{no}", no),
            )
        conn.execute("COMMIT")
        conn.execute("INSERT INTO passage_index (passage_index) VALUES ('rebuild')")


def new_archive(folder: Path) -> None:
    old_archive(folder)
    upgrade(folder)
    shutil.rmtree(folder / "backups")


def export_to_import(folder: Path) -> None:
    """An archive, and beside its folder an export of another one."""
    new_archive(folder)
    made = generated()
    entries = (json_form.Entry(conversation, tuple(messages)) for conversation, messages in made)
    with (folder.parent / EXPORT).open("wb") as file:
        json_form.write(file, json_form.Head(count=len(made)), entries)


def generated() -> list[tuple[Conversation, list[Message]]]:
    """Conversations of a few turns each, one day after the other."""
    made = []
    for number in range(IMPORTED):
        id = f"01IMPORT{number:018}"
        turns = [
            Message(
                id=f"01TURN{number:010}{turn:010}",
                role=Role.ASSISTANT if turn % 2 else Role.USER,
                parts=(Text(f"{TEXT}{number} {turn}"),),
                parent=f"01TURN{number:010}{turn - 1:010}" if turn else None,
                conversation=id,
                created=1_600_000_000_000_000 + number * 86_400_000_000 + turn,
            )
            for turn in range(TURNS)
        ]
        made.append((Conversation(id=id, title=f"Imported {number}", created=turns[0].created), turns))
    return made


# What must be true afterwards


def whole(folder: Path) -> str:
    """What is wrong with an archive after a kill, "" for nothing."""
    database = Database.open(folder)
    try:
        if database.notices:
            return f"it said {database.notices}"
        if (fault := database.read_now(check.whole)) is not None:
            return fault
        count = database.read_now(
            lambda db: db.execute(
                "SELECT count(*) FROM message m JOIN conversation c ON c.no = m.conversation WHERE c.id = 'c'"
            ).fetchone()[0]
        )
        return "" if count == MESSAGES else f"{count} of {MESSAGES} messages"
    finally:
        database.close()


def copies_are_whole(folder: Path) -> str:
    for copy in backups.listing(folder):
        if (fault := backups.fault_of(copy)) is not None:
            return f"the copy {copy.name}: {fault}"
    return whole(folder)


def import_is_all_or_nothing(folder: Path) -> str:
    database = Database.open(folder)
    while database.write_now(lambda db: imports.recover(db, time.time_ns() // 1000)):
        pass
    seen = database.read_now(
        lambda db: db.execute("SELECT count(*) FROM conversation WHERE trashed = 0 AND id <> 'c'").fetchone()[0]
    )
    hidden = database.read_now(
        lambda db: db.execute("SELECT count(*) FROM conversation WHERE trashed = -1").fetchone()[0]
    )
    found = database.read_now(lambda db: len(conversations.listing(db, search="quick brown", limit=10_000)))
    database.close()
    if hidden or seen not in (0, IMPORTED) or found != seen + 1:
        return f"{seen} of {IMPORTED} conversations are seen, {hidden} hidden, {found} found"
    return whole(folder)


SCENES: dict[str, tuple[Callable[[Path], None], Callable[[Path], None], Callable[[Path], str]]] = {
    "upgrade": (old_archive, upgrade, whole),
    "backup": (new_archive, backup, copies_are_whole),
    "import": (export_to_import, import_, import_is_all_or_nothing),
}


def child(name: str, folder: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "tests.benchmarks.kills_of_work", "--child", name, str(folder)]
    started = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


def play(name: str, kills: int, chance: random.Random) -> bool:
    """All kills of one scene; prints a line, and what went wrong."""
    prepare, _, verdict = SCENES[name]
    home = Path(tempfile.mkdtemp(prefix=f"kills-{name}-"))
    prepare(home / "original")
    took = _unharmed(name, home)
    faults, in_the_middle = [], 0
    for _ in range(kills):
        folder = _fresh(home)
        process = child(name, folder)
        time.sleep(chance.uniform(0, took))
        in_the_middle += process.poll() is None
        process.kill()
        process.communicate()
        if fault := verdict(folder):
            faults.append(fault)
    print(f"{name:10} {kills - len(faults):4} of {kills} whole, {in_the_middle} killed in the middle of {took:.2f} s")
    for fault in faults[:5]:
        print(f"           {fault}")
    shutil.rmtree(home)
    return not faults


def _unharmed(name: str, home: Path) -> float:
    """Seconds that the work takes when nobody kills it: the middle one of three."""
    times = []
    for _ in range(3):
        folder = _fresh(home)
        process = child(name, folder)
        began = time.monotonic()
        process.communicate()
        times.append(time.monotonic() - began)
        assert process.returncode == 0, f"{name} fails by itself"
    return statistics.median(times)


def _fresh(home: Path) -> Path:
    folder = home / "data"
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(home / "original", folder)
    return folder


def main(kills: int, only: str = "") -> int:
    chance = random.Random(21)
    scenes = [only] if only else list(SCENES)
    results = [play(name, kills // len(scenes) + (at < kills % len(scenes)), chance) for at, name in enumerate(scenes)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print("ready", flush=True)
        SCENES[sys.argv[2]][1](Path(sys.argv[3]))
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, *sys.argv[2:3]))
