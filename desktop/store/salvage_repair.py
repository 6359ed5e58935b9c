"""Makes rows that were saved one by one into conversations again: nothing points to what is lost any more."""

from __future__ import annotations

import hashlib
import sqlite3

from desktop.core.titles import title_from

LOST_TITLE = "A conversation without its title"


def repair(conn: sqlite3.Connection) -> None:
    """In a scratch archive whose rows may point anywhere. Costs a few passes over its rows."""
    for statement in _CLEAN:
        conn.execute(statement)
    _make_conversations(conn)
    _make_messages(conn)
    for statement in _JOIN:
        conn.execute(statement)
    _bridge(conn)
    for statement in _COUNT:
        conn.execute(statement)
    _name(conn)


_CLEAN = (
    "DELETE FROM conversation WHERE trashed < 0",  # an import that was under way
    "UPDATE conversation SET import_run = NULL, parameters = CASE WHEN json_valid(parameters) THEN parameters ELSE '{}'"
    " END",
    "UPDATE message SET shape = NULL WHERE shape IS NOT NULL AND NOT json_valid(shape)",
    "UPDATE message SET usage = NULL WHERE usage IS NOT NULL AND NOT json_valid(usage)",
    "UPDATE folder SET parent = NULL WHERE parent NOT IN (SELECT no FROM folder)",
    "UPDATE conversation SET folder = NULL WHERE folder NOT IN (SELECT no FROM folder)",
    "DELETE FROM conversation_tag WHERE tag NOT IN (SELECT no FROM tag)",
    "DELETE FROM conversation_tag WHERE conversation NOT IN (SELECT no FROM conversation)",
    "DELETE FROM repricing WHERE call_id NOT IN (SELECT call_id FROM ledger)",
    "DELETE FROM transcript WHERE recording NOT IN (SELECT no FROM recording)",
    "UPDATE recording SET blob = NULL WHERE blob NOT IN (SELECT sha256 FROM blob)",
    # A message whose words are lost says nothing; what is below it is tied to what is above (`_bridge`).
    "DELETE FROM message WHERE no NOT IN (SELECT no FROM passage)",
)

_JOIN = (
    # A title whose row was lost is made again, so that its conversation is not lost with it.
    "INSERT OR IGNORE INTO passage SELECT title, 1, no, '' FROM conversation",
    "UPDATE conversation SET fork_of = NULL WHERE fork_of NOT IN (SELECT no FROM message)",
    "DELETE FROM piece WHERE message NOT IN (SELECT no FROM message)",
)

_COUNT = (
    "UPDATE conversation SET head = NULL WHERE head NOT IN (SELECT no FROM message)",
    "UPDATE conversation SET head = coalesce((SELECT max(no) FROM message WHERE conversation = conversation.no),"
    " fork_of) WHERE head IS NULL",
    "UPDATE conversation SET message_count = (SELECT count(*) FROM message WHERE conversation = conversation.no)",
)


def _make_conversations(conn: sqlite3.Connection) -> None:
    """Conversations whose own row is lost, of which there still are messages, words or a recording."""
    rows = conn.execute(
        "SELECT DISTINCT owner FROM (SELECT owner FROM passage WHERE source = 0 AND text <> ''"
        " UNION SELECT conversation FROM message UNION SELECT conversation FROM recording)"
        " WHERE owner NOT IN (SELECT no FROM conversation)"
    ).fetchall()
    for (no,) in rows:
        (began,) = conn.execute(
            "SELECT coalesce(min(created), 1) FROM message WHERE conversation = ?", (no,)
        ).fetchone()
        title = conn.execute("SELECT no FROM passage WHERE source = 1 AND owner = ?", (no,)).fetchone()
        title_no = title[0] if title else _passage(conn, 1, no, "")
        is_recording = conn.execute("SELECT 1 FROM recording WHERE conversation = ?", (no,)).fetchone() is not None
        conn.execute(
            "INSERT OR IGNORE INTO conversation (no, id, title, created, updated, page) VALUES (?, ?, ?, ?, ?, ?)",
            (no, made_id(LOST, began, "conversation", no, _anchor(conn, no)), title_no, began, began,
             "transcription" if is_recording else "chat"),
        )  # fmt: skip


def _make_messages(conn: sqlite3.Connection) -> None:
    """Words whose message is lost: who said them is taken to be the other one than before."""
    rows = conn.execute(
        "SELECT p.no, p.owner FROM passage p WHERE p.source = 0 AND p.text <> ''"
        " AND NOT EXISTS (SELECT 1 FROM message m WHERE m.no = p.no) ORDER BY p.no"
    ).fetchall()
    for no, owner in rows:
        before = conn.execute(
            "SELECT no, role, created FROM message WHERE conversation = ? AND no < ? ORDER BY no DESC LIMIT 1",
            (owner, no),
        ).fetchone()
        above, said, created = before or (None, "assistant", 1)
        below = conn.execute("SELECT role FROM message WHERE parent = ?", (no,)).fetchone()
        role = "assistant" if (below[0] if below else said) == "user" else "user"
        (text,) = conn.execute("SELECT text FROM passage WHERE no = ?", (no,)).fetchone()
        conn.execute(
            "INSERT OR IGNORE INTO message (no, id, conversation, parent, role, state, kinds, created)"
            " VALUES (?, ?, ?, ?, ?, 'complete', 1, ?)",
            (no, made_id(LOST, created, "message", no, text), owner, above, role, created),
        )


def _bridge(conn: sqlite3.Connection) -> None:
    """A message whose parent is lost follows the one that was said before that parent in the same conversation."""
    rows = conn.execute(
        "SELECT no, conversation, parent FROM message m WHERE parent IS NOT NULL"
        " AND (parent >= no OR NOT EXISTS (SELECT 1 FROM message p WHERE p.no = m.parent))"
    ).fetchall()
    for no, conversation, parent in rows:
        (above,) = conn.execute(
            "SELECT coalesce((SELECT max(no) FROM message WHERE conversation = ?1 AND no < ?2),"
            " (SELECT fork_of FROM conversation WHERE no = ?1 AND fork_of < ?2))",
            (conversation, min(no, parent)),
        ).fetchone()
        conn.execute("UPDATE message SET parent = ? WHERE no = ?", (above, no))


def _name(conn: sqlite3.Connection) -> None:
    """Conversations without a title get one of their first words."""
    rows = conn.execute(
        "SELECT c.title, (SELECT substr(p.text, 1, 2000) FROM message m JOIN passage p USING (no)"
        " WHERE m.conversation = c.no ORDER BY m.no LIMIT 1) FROM conversation c JOIN passage t ON t.no = c.title"
        " WHERE t.text = ''"
    ).fetchall()
    conn.executemany(
        "UPDATE passage SET text = ? WHERE no = ?", [(title_from(text or "") or LOST_TITLE, no) for no, text in rows]
    )


def made_id(mark: str, when_us: int, *origin: object) -> str:
    """An id that a second reading of the same file makes again: its time, a mark, and what it was made of."""
    said = hashlib.sha256("\0".join(map(str, origin)).encode("utf-8", "replace")).hexdigest().upper()
    number = max(0, when_us) // 1000
    time = "".join(_DIGITS[number >> shift & 31] for shift in range(45, -1, -5))
    return f"{time}{mark}{said[: 16 - len(mark)]}"


_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LOST, NEWER = "SAVED", "NEWER"
"""Marks that stand in made ids behind their time: of a row whose own id was lost, and of one that goes further than
what has its id in the open archive."""


def _anchor(conn: sqlite3.Connection, no: int) -> str:
    row = conn.execute(
        "SELECT coalesce((SELECT id FROM message WHERE conversation = ?1 ORDER BY no LIMIT 1),"
        " (SELECT substr(text, 1, 200) FROM passage WHERE owner = ?1 ORDER BY no LIMIT 1), '')",
        (no,),
    ).fetchone()
    return str(row[0])


def _passage(conn: sqlite3.Connection, source: int, owner: int, text: str) -> int:
    done = conn.execute("INSERT INTO passage (source, owner, text) VALUES (?, ?, ?)", (source, owner, text))
    return int(done.lastrowid or 0)
