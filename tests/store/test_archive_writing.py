"""Writing: one writer, safe pragmas, streams that are kept by the clock, a full disk that harms nothing."""

from __future__ import annotations

import ast
import asyncio
import logging
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from archives import NOON, add, fill, message, sha, streaming, talk, whole_folder

from desktop.core.calls import Fate
from desktop.core.conversation import Attachment, Conversation, State, Text
from desktop.core.errors import ArchiveFull, KnownError, Missing
from desktop.core.usage import Usage
from desktop.store import blobs, check, connections, conversations, drafts, jobs, ledger, window_state
from desktop.store import streaming as streams
from desktop.store.database import Database
from desktop.store.drafts import Draft
from desktop.store.jobs import JobRow
from desktop.store.ledger import LedgerRow
from desktop.store.streaming import StreamWriter, keep

STORE = Path(connections.__file__).parent


def kept_text(database, id="r"):
    return database.read_now(lambda db: conversations.messages(db, [id]))[0].text


# One writer, and how it writes


def test_the_pragmas_of_the_live_writer_are_those_that_survive_a_power_cut(database):
    def pragma(name):
        return database.write_now(lambda db: db.execute(f"PRAGMA {name}").fetchone()[0])

    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "fullfsync", "checkpoint_fullfsync",
             "secure_delete", "trusted_schema", "application_id")  # fmt: skip
    assert [pragma(name) for name in names] == ["wal", 2, 1, 5000, 1, 1, 1, 0, 0x44766E70]
    assert database.write_now(lambda db: db.in_transaction)


@pytest.mark.skipif(not Path("/proc/self/fdinfo").exists(), reason="reads /proc")
async def test_only_one_connection_of_the_process_can_write_the_archive(database):
    """However many read at once: the others have it open for reading only, so they can't checkpoint either."""
    fill(database)
    gate = threading.Barrier(3)
    await asyncio.gather(
        *(database.read(lambda db: (gate.wait(60), db.execute("SELECT 1").fetchone())) for _ in range(3))
    )
    modes = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            if link.readlink() == database.path:
                flags = Path(f"/proc/self/fdinfo/{link.name}").read_text().split("flags:")[1].split()[0]
                modes.append(int(flags, 8) & os.O_ACCMODE)
        except FileNotFoundError:
            continue
    assert sorted(modes) == [os.O_RDONLY] * 3 + [os.O_RDWR]


def test_connections_are_made_in_one_module_and_the_writing_kind_by_few():
    """A second writer would have to be written here first."""
    makers, writers = {}, {}
    for path in sorted((STORE.parent).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr in ("connect", "writing"):
                name = f"{ast.unparse(called.value)}.{called.attr}"
                if name == "sqlite3.connect" and "mode=ro" not in ast.unparse(node):
                    makers[path.name] = makers.get(path.name, 0) + 1
                if name == "connections.writing":
                    writers[path.name] = writers.get(path.name, 0) + 1
    # check.py: in memory; backups.py: the new copy. opening.py: before the database is open.
    assert makers == {"backups.py": 1, "check.py": 1, "connections.py": 1}
    assert writers == {"database.py": 1, "opening.py": 3}


def test_the_version_of_sqlite_is_logged(tmp_path, caplog):
    with caplog.at_level(logging.INFO, logger="desktop.store"):
        Database.open(tmp_path).close()
    assert sqlite3.sqlite_version in caplog.text


def test_a_transaction_is_whole_or_not_at_all(database):
    talk(database)

    def half(db):
        conversations.add_message(db, message("m"))
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        database.write_now(half)
    assert database.read_now(lambda db: conversations.messages(db, ["m"])) == []
    add(database, message("m"))


async def test_what_waits_for_its_turn_and_is_cancelled_is_not_done(database):
    talk(database)
    gate = threading.Event()
    first = asyncio.ensure_future(database.write(lambda db: gate.wait(60)))
    second = asyncio.ensure_future(database.write(lambda db: conversations.add_message(db, message("m"))))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    gate.set()
    await first
    assert await database.read(lambda db: conversations.messages(db, ["m"])) == []


def test_closing_folds_the_log_into_the_file(tmp_path):
    database = Database.open(tmp_path)
    fill(database)
    database.close()
    database.close()
    assert [p.name for p in tmp_path.iterdir()] == ["archive.db"]


# Streams


async def test_a_stream_is_committed_by_the_clock_while_the_loop_is_starved(database):
    """The loop does nothing but work of its own for two seconds, and yet what was added is kept."""
    talk(database)
    add(database, streaming("r"))
    async with StreamWriter(database) as writer:
        writer.add("r", "before")
        kept, deadline = "", asyncio.get_running_loop().time() + 20
        while not kept and asyncio.get_running_loop().time() < deadline:
            kept = kept_text(database)  # blocks the loop; nothing is awaited
        assert kept == "before"


async def test_a_stream_is_committed_by_size_before_the_clock(database, monkeypatch):
    monkeypatch.setattr(streams, "EVERY_S", 3600)
    talk(database)
    add(database, streaming("r"))
    async with StreamWriter(database) as writer:
        writer.add("r", "small")
        writer.add("r", "x" * 4096)
        await database.write(lambda db: None)  # behind it in the queue
        assert len(kept_text(database)) == 4101
        writer.add("r", "end")
        assert writer.pending == "end"
    assert kept_text(database).endswith("end")


async def test_two_replies_of_one_stream_are_kept_apart_and_late_pieces_are_dropped(database):
    talk(database)
    add(database, streaming("r"), streaming("s"))
    async with StreamWriter(database) as writer:
        for n in range(10):
            writer.add("r", str(n))
            writer.add("s", "r", "reasoning")
            writer.add("s", chr(97 + n))
        await writer.settle()
        assert kept_text(database, "r") == "0123456789"
        assert kept_text(database, "s") == "abcdefghij"
        await database.write(lambda db: conversations.finish(db, message("r", text="final")))
        writer.add("r", "too late")
    assert kept_text(database, "r") == "final"


# A disk without room


def no_more_pages(database, more=0):
    """Let the archive grow by `more` pages at most: SQLite then says what it says of a full disk."""

    def limit(db):
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages + more}").fetchone()

    database.write_now(limit)


def room_again(database):
    database.write_now(lambda db: db.execute("PRAGMA max_page_count = 1000000").fetchone())


async def test_on_a_full_disk_streamed_text_stays_is_told_and_is_kept_when_room_returns(database, monkeypatch):
    monkeypatch.setattr(streams, "AGAIN_S", 0.01)
    talk(database)
    add(database, streaming("r"))
    no_more_pages(database)
    told: asyncio.Queue[KnownError | None] = asyncio.Queue()
    async with StreamWriter(database, on_trouble=told.put_nowait) as writer:
        big = "x" * 50_000
        writer.add("r", big)
        assert isinstance(await told.get(), ArchiveFull)
        writer.add("r", "more")
        assert writer.pending == big + "more"
        assert kept_text(database) == ""
        room_again(database)
        assert await told.get() is None
        await writer.settle()
        assert kept_text(database) == big + "more"
    assert told.empty()


async def test_what_must_not_be_lost_is_tried_until_there_is_room(database):
    talk(database)
    no_more_pages(database)
    told, waits = [], []

    async def wait(seconds):
        waits.append(seconds)
        if len(waits) == 3:
            room_again(database)

    await keep(database, lambda db: conversations.add_message(db, message("m", text="x" * 50_000)), told.append, wait)
    assert [type(t) for t in told] == [ArchiveFull, type(None)]
    assert len(waits) == 3
    assert len(kept_text(database, "m")) == 50_000


SMALL_DISK = """
import os, resource, signal, sys
from pathlib import Path
from archives import add, fill, message, talk
from desktop.core.errors import KnownError
from desktop.store import blobs, check, conversations
from desktop.store.database import Database
folder, room = Path(sys.argv[1]), int(sys.argv[2])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
database = Database.open(folder)
fill(database, 50)
database.close()
base = max(p.stat().st_size for p in folder.iterdir())
resource.setrlimit(resource.RLIMIT_FSIZE, (base + room, resource.RLIM_INFINITY))
refused, accepted = 0, 50
database = Database.open(folder)
for n in range(60):
    for work in (
        lambda db: conversations.add_message(db, message(f"x{n:04}", f"m{49:04}", "y" * 9000)),
        lambda db: blobs.put(db, os.urandom(base + room + 1)),
    ):
        try:
            database.write_now(work)
            accepted += 1
        except KnownError as error:
            assert type(error).__name__ == "ArchiveFull", error
            refused += 1
    try:
        if n % 20 == 0: database.back_up("asked")
    except KnownError as error:
        assert type(error).__name__ == "ArchiveFull", error
assert refused > 60, refused
assert database.read_now(check.whole) is None
print(database.read_now(lambda db: db.execute("SELECT count(*) FROM message").fetchone()[0]), accepted)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
add(database, message("room", "m0049", "z" * 90_000))
database.back_up("asked")
database.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit of file sizes")
@pytest.mark.parametrize("room", [0, 20_000, 100_000, 500_000])
def test_with_little_room_nothing_kept_before_is_harmed_and_all_is_saved_when_it_returns(tmp_path, room):
    """Real failing writes of the operating system, through messages, attachments and copies."""
    paths = os.pathsep.join(p for p in (str(Path.cwd()), *sys.path) if p)
    done = subprocess.run([sys.executable, "-c", SMALL_DISK, str(tmp_path), str(room)], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": paths}, timeout=120)  # fmt: skip
    assert done.returncode == 0, done.stderr
    kept, accepted = done.stdout.split()
    assert kept == accepted
    database = Database.open(tmp_path)
    assert database.notices == ()
    assert database.read_now(lambda db: db.execute("SELECT count(*) FROM message").fetchone()[0]) == int(kept) + 1
    database.close()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte, where the test may make one."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "none", str(place)], capture_output=True)
    if made.returncode:
        pytest.skip("may not mount")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_disk_that_is_full_at_the_start_still_shows_what_was_kept(small_disk):
    whole_folder(small_disk)
    with (small_disk / "rest").open("wb", buffering=0) as rest:
        try:
            while rest.write(b"x" * 512) == 512:
                pass
        except OSError:
            pass
    before = sha(small_disk / "archive.db")
    database = Database.open(small_disk)
    assert database.read_now(lambda db: db.execute("SELECT count(*) FROM message").fetchone()[0]) == 60
    if database.read_only:
        assert "room" in database.notices[0]
    else:
        with pytest.raises(ArchiveFull):
            add(database, message("big", "m0059", "x" * 2_000_000))
    database.close()
    assert sha(small_disk / "archive.db") == before
    (small_disk / "rest").unlink()
    database = Database.open(small_disk)
    add(database, message("more", "m0059"))
    assert database.read_now(check.whole) is None
    database.close()


def test_a_folder_that_cannot_be_written_is_opened_for_reading(small_disk):
    whole_folder(small_disk)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    database = Database.open(small_disk)
    assert database.read_only
    assert "cannot be written" in database.notices[0]
    assert database.read_now(lambda db: db.execute("SELECT count(*) FROM message").fetchone()[0]) == 60
    database.close()


# The smaller things that are kept


def test_a_call_is_open_then_closed_once_and_money_is_added_up(database):
    row = LedgerRow("a", NOON_US, model="m", profile="p", estimate_pico=5)
    database.write_now(lambda db: ledger.open_row(db, row))
    assert database.read_now(lambda db: ledger.totals(db)).open == 1
    usage = Usage(input=10, cached=4, output=3, seconds=1.5, is_estimate=True)
    done = LedgerRow("a", NOON_US, model="m", profile="p", ended=NOON_US + 5, fate=Fate.COMPLETE, usage=usage,
                     cost_pico=2**50, estimate_pico=5, price_version="v1", request_id="r", status=200)  # fmt: skip
    database.write_now(lambda db: ledger.close_row(db, done))
    assert database.read_now(lambda db: ledger.get(db, "a")) == done
    with pytest.raises(Missing):
        database.write_now(lambda db: ledger.close_row(db, done))
    for id, model, cost in (("b", "m", None), ("c", "n", 7)):
        database.write_now(
            lambda db, id=id, model=model: ledger.open_row(db, LedgerRow(id, NOON_US + 86_400_000_000, model=model))
        )
        closed = LedgerRow(
            id, NOON_US + 86_400_000_000, model=model, fate=Fate.COMPLETE, usage=Usage(input=1), cost_pico=cost
        )
        database.write_now(lambda db, closed=closed: ledger.close_row(db, closed))
    totals = database.read_now(lambda db: ledger.totals(db))
    assert (totals.calls, totals.cost_pico, totals.unpriced, totals.usage.input) == (3, 2**50 + 7, 1, 12)
    by_model = database.read_now(lambda db: ledger.breakdown(db, "model"))
    assert [(key, t.calls, t.cost_pico) for key, t in by_model] == [("m", 2, 2**50), ("n", 1, 7)]
    assert [key for key, _ in database.read_now(lambda db: ledger.breakdown(db, "day"))] == ["2026-09-21", "2026-09-22"]
    assert database.read_now(lambda db: ledger.totals(db, since=NOON_US + 1, profile="p")).calls == 0
    pages = database.read_now(lambda db: ledger.rows(db, limit=2))
    assert [r.call_id for r in pages] == ["c", "b"]
    assert [r.call_id for r in database.read_now(lambda db: ledger.rows(db, before="b"))] == ["a"]


NOON_US = int(NOON * 1_000_000)


def test_a_later_price_is_a_row_of_its_own_and_the_old_row_stays(database):
    database.write_now(lambda db: ledger.open_row(db, LedgerRow("a", 1)))
    closed = LedgerRow("a", 1, fate=Fate.COMPLETE, usage=Usage(input=1), price_version="v1")
    database.write_now(lambda db: ledger.close_row(db, closed))
    for version, cost in (("v2", 10), ("v3", 20)):
        database.write_now(lambda db, v=version, c=cost: ledger.reprice(db, "a", 5, v, c))
    row = database.read_now(lambda db: ledger.get(db, "a"))
    assert (row.cost_pico, row.price_version) == (20, "v3")
    assert database.read_now(lambda db: ledger.totals(db)).cost_pico == 20
    stored = database.read_now(lambda db: db.execute("SELECT cost_pico, price_version FROM ledger").fetchone())
    assert stored == (None, "v1")


def test_a_recordings_own_sound_stays_and_a_half_copy_goes_once_nobody_writes_it(database):
    sha = database.write_now(lambda db: blobs.put(db, os.urandom(20_000), now_us=1))

    def record(db) -> None:
        conversations.create(db, Conversation("talk", created=1, page="transcription"))
        db.execute(
            "INSERT INTO recording (id, conversation, sha256, path, size_bytes, seconds, channels, mime, blob, added)"
            " VALUES ('r', 1, ?1, 'a.wav', 20000, 1.0, 1, 'audio/wav', ?1, 1)",
            (sha,),
        )

    database.write_now(record)
    assert database.write_now(blobs.sweep) == 0
    shelf = database.folder / "blobs" / sha[:2]
    arriving, left = shelf / ".arriving.part", shelf / ".left.part"
    for half in (arriving, left):
        half.write_bytes(b"half")
    os.utime(left, (1, 1))
    database.remove_unused_files()
    assert sorted(path.name for path in shelf.iterdir()) == [arriving.name, sha]
    database.write_now(lambda db: conversations.purge(db, ["talk"]))
    database.remove_unused_files()
    assert [path.name for path in shelf.iterdir()] == [arriving.name]
    assert database.read_now(check.whole) is None


def test_blobs_are_kept_once_small_inside_large_as_files_and_go_when_unused(database):
    talk(database)
    small, large = b"s" * (16 * 1024), b"l" * (16 * 1024 + 1)
    names = [database.write_now(lambda db, b=b: blobs.put(db, b, now_us=1)) for b in (small, large, large)]
    assert names[1] == names[2]
    assert [database.read_now(lambda db, n=n: blobs.get(db, n)) for n in names[:2]] == [small, large]
    assert database.read_now(lambda db: blobs.path(db, names[0])) is None
    file = database.read_now(lambda db: blobs.path(db, names[1]))
    assert file == database.folder / "blobs" / names[1][:2] / names[1]
    file.write_bytes(b"damaged")
    with pytest.raises(Missing):
        database.read_now(lambda db: blobs.get(db, names[1]))
    database.write_now(lambda db: blobs.put(db, large, now_us=1))  # put again, it is whole again
    assert database.read_now(lambda db: blobs.get(db, names[1])) == large
    assert database.write_now(lambda db: blobs.sweep(db)) == 2
    assert file.exists()
    database.scrub()
    assert not file.exists()


def test_a_purge_takes_its_attachments_along_unless_others_use_them(database):
    talk(database, "a")
    talk(database, "b")
    bodies = [bytes([n]) * 20_000 for n in range(4)]
    own, shared, drafted, other = (database.write_now(lambda db, b=b: blobs.put(db, b)) for b in bodies)
    parts = tuple(Attachment("f", "x", sha) for sha in (own, shared, drafted))
    add(database, message("m", chat="a", parts=parts), message("n", chat="b", parts=parts[1:2]))
    database.write_now(lambda db: drafts.put(db, "b", Draft("", parts[2:]), 1))

    def rolled_back(db):
        conversations.purge(db, ["a"])
        raise RuntimeError

    with pytest.raises(RuntimeError):
        database.write_now(rolled_back)
    assert database.read_now(lambda db: blobs.get(db, own)) == bodies[0]
    database.write_now(lambda db: conversations.purge(db, ["a"]))
    database.scrub()
    with pytest.raises(Missing):
        database.read_now(lambda db: blobs.get(db, own))
    kept = [database.read_now(lambda db, sha=sha: blobs.get(db, sha)) for sha in (shared, drafted, other)]
    assert kept == bodies[1:]
    assert len(list(database.folder.glob("blobs/*/*"))) == 3


def test_drafts_and_window_state_and_jobs_are_kept(tmp_path):
    database = Database.open(tmp_path)
    draft = Draft("typed\n\0", (Text("x"),))
    database.write_now(lambda db: drafts.put(db, "c", draft, 1))
    database.write_now(lambda db: window_state.put(db, "sizes", {"list": [1, 2.5, None]}))
    job = JobRow("01J", "upload", "running", 1, 2, 0.5, payload={"file": "f"})
    database.write_now(lambda db: jobs.add(db, job))
    database.close()
    database = Database.open(tmp_path)
    assert database.read_now(lambda db: drafts.get(db, "c")) == draft
    assert database.read_now(lambda db: window_state.get(db, "sizes")) == {"list": [1, 2.5, None]}
    assert database.read_now(lambda db: window_state.get(db, "none", 5)) == 5
    assert database.read_now(lambda db: jobs.listing(db, kind="upload", states=("running",))) == [job]
    assert database.read_now(lambda db: jobs.listing(db, states=("done",))) == []
    database.write_now(lambda db: drafts.put(db, "c", Draft(), 2))
    assert database.read_now(lambda db: drafts.get(db, "c")) == Draft()
    database.write_now(lambda db: jobs.delete(db, "01J"))
    with pytest.raises(Missing):
        database.read_now(lambda db: jobs.get(db, "01J"))
    database.close()


def test_a_finished_reply_and_its_ledger_row_are_one_commit(database):
    talk(database)
    add(database, streaming("r"))

    def end(db):
        conversations.finish(db, message("r", text="all", state=State.COMPLETE))
        ledger.close_row(db, LedgerRow("never opened", 1, fate=Fate.COMPLETE))

    with pytest.raises(Missing):
        database.write_now(end)
    assert database.read_now(lambda db: conversations.messages(db, ["r"]))[0].state is State.STREAMING
