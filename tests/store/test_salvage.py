"""Rows out of damaged archives: how much of what was there is found, and that the damaged file stays as it is."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import test_archive_opening as harms
from archives import NOON, add, bytes_of, message, raw, sha, talk

from desktop.core.errors import Missing
from desktop.store import blobs, conversations, exporting, salvage
from desktop.store.database import Database

ASIDE = "archive.damaged-20261122T101112Z.db"
CHATS, EACH = 12, 20
TEXT = "w" * 900


def text(chat: int, number: int) -> str:
    return f"word {chat} {number} " + TEXT


def fill(database) -> None:
    for chat in range(CHATS):
        talk(database, f"c{chat}", f"Talk {chat}")
        some = [
            message(f"c{chat}m{n:02}", f"c{chat}m{n - 1:02}" if n else None, text(chat, n), f"c{chat}")
            for n in range(EACH)
        ]
        add(database, *some)


@pytest.fixture
def aside(tmp_path):
    """An archive that was closed and set aside; nothing is wrong with it yet."""
    database = Database.open(tmp_path, now=lambda: NOON)
    fill(database)
    database.close()
    return (tmp_path / "archive.db").rename(tmp_path / ASIDE)


class Saved:
    """What was read out of a file, after a look whether the file is still the same."""

    def __init__(self, path, tell=lambda done, of: None) -> None:
        before = bytes_of(path.parent)
        target = salvage.read(path, path.parent, tell)
        assert before <= bytes_of(path.parent), "the damaged file, and what is beside it, is as it was"
        with closing(sqlite3.connect(target)) as conn:
            self.ids = set(exporting.ids(conn, trashed=True))
            found = {id: exporting.own(conn, id) for id in self.ids}
            self.messages = {m.id: m for ids in found.values() for m in conversations.messages(conn, ids)}
            self.blobs = {sha for (sha,) in conn.execute("SELECT sha256 FROM blob")}
            self.titles = {exporting.conversation(conn, id).title for id in self.ids}
            assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
        target.unlink()

    @property
    def texts(self) -> set[str]:
        return {found.text for found in self.messages.values()}


ALL = {text(chat, number) for chat in range(CHATS) for number in range(EACH)}


def test_of_a_whole_file_everything_is_read_with_its_ids(aside):
    saved = Saved(aside)
    assert saved.texts == ALL and len(saved.messages) == CHATS * EACH
    assert saved.messages["c3m07"].parent == "c3m06" and saved.messages["c3m00"].parent is None
    assert saved.titles == {f"Talk {chat}" for chat in range(CHATS)}


@pytest.mark.parametrize(
    "harm",
    [harms.bad_header, harms.header_of_noise, harms.unknown_trigger, harms.unknown_view, harms.cut_within_a_page],
    ids=lambda harm: harm.__name__,
)
def test_where_no_page_with_rows_is_harmed_every_word_is_found(aside, harm):
    harm(aside)
    saved = Saved(aside)
    assert len(saved.texts & ALL) >= len(ALL) - 4 * (harm is harms.cut_within_a_page)


def swap_indexes(path):
    """Two indexes of one table change places: no row is where the index says."""
    with closing(raw(path)) as conn:
        conn.execute("PRAGMA writable_schema = ON")
        a, b = harms.page(conn, "message_conversation"), harms.page(conn, "message_parent")
        conn.execute("UPDATE sqlite_schema SET rootpage = ? WHERE name = 'message_conversation'", (b,))
        conn.execute("UPDATE sqlite_schema SET rootpage = ? WHERE name = 'message_parent'", (a,))


def test_a_broken_index_costs_nothing(aside):
    swap_indexes(aside)
    saved = Saved(aside)
    assert saved.texts == ALL and saved.ids == {f"c{chat}" for chat in range(CHATS)}


def harm_pages(path, share, content):
    pages = path.stat().st_size // 4096
    whole = bytearray(path.read_bytes())
    for number in random.Random(5).sample(range(pages), round(pages * share)):
        whole[number * 4096 : (number + 1) * 4096] = content()
    path.write_bytes(whole)


@pytest.mark.parametrize("content", [lambda: os.urandom(4096), lambda: bytes(4096)], ids=["noise", "zeros"])
def test_of_flipped_pages_about_the_others_are_left(aside, content):
    harm_pages(aside, 0.1, content)
    saved = Saved(aside)
    assert len(ALL) * 0.75 < len(saved.texts & ALL) < len(ALL), "a tenth of the pages is gone, and with it its words"


def test_single_wrong_bytes_cost_a_letter_each_at_most(aside):
    whole = bytearray(aside.read_bytes())
    for at in range(8192 + 2000, len(whole), 4096 * 3):
        whole[at] ^= 0xFF
    aside.write_bytes(whole)
    saved = Saved(aside)
    alike = {found for found in saved.texts if found.startswith("word ") and len(found) == len(text(1, 1))}
    assert len(saved.texts) >= len(ALL) - 8 and len(alike) > len(ALL) * 0.4
    assert any("\ufffd" in found for found in saved.texts)


def test_of_a_cut_file_the_first_part_is_read(aside):
    size = aside.stat().st_size
    os.truncate(aside, size * 2 // 3)
    saved = Saved(aside)
    assert 0 < len(saved.texts & ALL) < len(ALL)
    os.truncate(aside, 100)
    assert Saved(aside).texts == set()


def test_words_whose_messages_are_lost_are_kept_in_their_conversation_and_in_their_order(aside):
    with closing(raw(aside)) as conn:
        conn.execute("DELETE FROM message WHERE id IN ('c2m05', 'c2m06')")
    saved = Saved(aside)
    assert saved.texts == ALL
    (fifth,) = [found for found in saved.messages.values() if found.text == text(2, 5)]
    (sixth,) = [found for found in saved.messages.values() if found.text == text(2, 6)]
    assert fifth.conversation == "c2" and fifth.parent == "c2m04" and sixth.parent == fifth.id
    assert saved.messages["c2m07"].parent == sixth.id


def test_a_message_whose_parent_and_its_words_are_lost_follows_what_was_said_before(aside):
    with closing(raw(aside)) as conn:
        conn.execute("DELETE FROM passage WHERE no = (SELECT no FROM message WHERE id = 'c4m09')")
    saved = Saved(aside)
    assert saved.messages["c4m10"].parent == "c4m08"
    assert len(saved.messages) == CHATS * EACH - 1


def test_conversations_whose_row_is_lost_are_made_anew_from_their_messages(aside):
    with closing(raw(aside)) as conn:
        conn.execute("DELETE FROM conversation WHERE id IN ('c1', 'c2')")
        conn.execute("DELETE FROM passage WHERE source = 1 AND owner = 3")
    saved = Saved(aside)
    assert saved.texts == ALL and len(saved.ids) == CHATS
    assert "Talk 1" in saved.titles, "its title was there"
    assert any(title.startswith("word 2 0") for title in saved.titles), "a title of the first words where it was not"


def test_what_only_the_log_has_is_read_from_it(tmp_path):
    code = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from archives import add, message, talk
from desktop.store.database import Database
database = Database.open(Path(sys.argv[1]))
talk(database)
folding = "PRAGMA wal_checkpoint(TRUNCATE)"
database.writer.submit(lambda db: db.execute(folding).fetchone(), in_transaction=False).result()
add(database, message("late", None, "only in the log"))
os._exit(0)
"""
    here = Path(__file__).parent
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), str(here)],
        env={**os.environ, "PYTHONPATH": str(here.parents[1])},
        check=True,
    )
    for end in ("", "-wal"):
        (tmp_path / f"archive.db{end}").rename(tmp_path / f"{ASIDE}{end}")
    harms.patch(tmp_path / ASIDE, 0, b"\0" * 16)
    assert Saved(tmp_path / ASIDE).texts == {"only in the log"}
    (tmp_path / f"{ASIDE}-wal").unlink()  # and without it, what the file has
    saved = Saved(tmp_path / ASIDE)
    assert saved.texts == set() and saved.titles == {"A talk"}


def test_the_log_of_another_archive_is_not_read_into_it(aside, tmp_path):
    other = tmp_path / "other"
    harms.crashed(other)
    (other / "archive.db-wal").rename(tmp_path / f"{ASIDE}-wal")
    assert Saved(aside).texts == ALL


def test_attachments_inside_the_file_are_found(tmp_path):
    database = Database.open(tmp_path, now=lambda: NOON)
    kept = [database.write_now(lambda db, n=n: blobs.put(db, bytes([n]) * 9000)) for n in range(30)]
    database.close()
    path = (tmp_path / "archive.db").rename(tmp_path / ASIDE)
    harms.bad_header(path)
    assert Saved(path).blobs == set(kept)


def test_reading_can_be_stopped_and_leaves_nothing(aside, monkeypatch):
    monkeypatch.setattr(salvage, "AT_ONCE", 5)

    def stop(done, of):
        raise InterruptedError

    before = sorted(path.name for path in aside.parent.iterdir())
    with pytest.raises(InterruptedError):
        salvage.read(aside, aside.parent, stop)
    assert sorted(path.name for path in aside.parent.iterdir()) == before


def test_noise_of_any_kind_ends_in_an_empty_archive(tmp_path):
    path = tmp_path / ASIDE
    chance = random.Random(7)
    for kind in (b"\x0d", b"\x0a", b"\x02"):  # as if every page held rows
        path.write_bytes(b"".join(kind + chance.randbytes(4095) for _ in range(200)))
        assert Saved(path).texts == set()


def test_a_chain_of_pages_that_is_a_circle_ends(aside):
    long = "x" * 50_000
    with closing(raw(aside)) as conn:
        conn.execute("UPDATE passage SET text = ? WHERE no = 9", (long,))
    whole = bytearray(aside.read_bytes())
    (start,) = [at for at in range(0, len(whole), 4096) if whole[at + 4 : at + 4096] == b"x" * 4092][:1]
    whole[start : start + 4] = (start // 4096 + 1).to_bytes(4, "big")
    aside.write_bytes(whole)
    assert Saved(aside).texts


def test_files_that_were_set_aside_are_listed_and_removed_by_name(aside, tmp_path):
    (tmp_path / "archive.damaged-20261123T101112Z-1.db").write_bytes(b"x")
    (tmp_path / "archive.damaged-20261123T101112Z-1.db-wal").write_bytes(b"x")
    (tmp_path / "archive.damaged.notes.txt").write_text("mine")
    assert [found.path.name for found in salvage.asides(tmp_path)] == ["archive.damaged-20261123T101112Z-1.db", ASIDE]
    kept = sha(aside)
    salvage.forget(tmp_path, "archive.damaged-20261123T101112Z-1.db")
    assert sorted(path.name for path in tmp_path.iterdir()) == [ASIDE, "archive.damaged.notes.txt"]
    assert sha(aside) == kept
    with pytest.raises(Missing):
        salvage.forget(tmp_path, "../archive.db")
