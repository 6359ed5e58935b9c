"""What was saved out of a damaged archive against the archive that is open: what of it is not there, or goes further.

Nothing that is open is ever replaced. What goes further than what is there gets ids of its own and comes beside it.
"""

# ruff: noqa: S608  (names in statements are our own; values are always bound)

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from msgspec import Struct

from desktop.store.salvage_repair import LOST, NEWER, made_id

AT_ONCE = 500

Read = Callable[[str, Sequence[object]], list[tuple[Any, ...]]]
"""Reads rows of the archive that is open: a statement, and the values for its marks."""


class Fresh(Struct, frozen=True):
    """What could be brought in. `conversations` are ids of those with anything new, each after what it shares."""

    conversations: tuple[str, ...] = ()
    new: int = 0  # of these: not there at all
    messages: int = 0
    recordings: int = 0
    calls: int = 0
    found_conversations: int = 0
    found_messages: int = 0
    guessed: int = 0  # messages of which the words alone are left

    @property
    def is_any(self) -> bool:
        return bool(self.conversations or self.calls)


def settle_ids(saved: sqlite3.Connection, ours: Read) -> None:
    """Give what was saved without its id the one it has in the open archive; give what goes further a new one."""
    _know_again(saved, ours)
    _part_longer(saved, ours)
    _part_transcripts(saved, ours)


def fresh(saved: sqlite3.Connection, ours: Read) -> Fresh:
    known = {id for (id,) in ours("SELECT id FROM conversation", ())}
    new_in: dict[int, int] = {}
    for some in _chunks(saved, "SELECT id, conversation FROM message ORDER BY no"):
        there = _there(ours, "message", "id", some)
        for id, conversation in some:
            if id not in there:
                new_in[conversation] = new_in.get(conversation, 0) + 1
    rows = saved.execute("SELECT no, id FROM conversation ORDER BY no").fetchall()
    wanted = [(no, id) for no, id in rows if new_in.get(no) or (id not in known and _says(saved, no))]
    return Fresh(
        conversations=tuple(id for _, id in wanted),
        new=sum(id not in known for _, id in wanted),
        messages=sum(new_in.get(no, 0) for no, _ in wanted),
        recordings=_missing(saved, ours, "recording", "id"),
        calls=_missing(saved, ours, "ledger", "call_id"),
        found_conversations=len(rows),
        found_messages=_count(saved, "SELECT count(*) FROM message"),
        guessed=_count(saved, f"SELECT count(*) FROM message WHERE {_IS_MADE}"),
    )


_IS_MADE = f"substr(id, 11, {len(LOST)}) = '{LOST}'"


def _know_again(saved: sqlite3.Connection, ours: Read) -> None:
    """By the same words at the same number, as the copy that is open has them, and by what else has its id."""
    made = f"SELECT no, (SELECT text FROM passage p WHERE p.no = m.no) FROM message m WHERE {_IS_MADE} ORDER BY no"
    words = "SELECT p.no, m.id, p.text FROM passage p JOIN message m USING (no) WHERE p.no IN ({})"
    for some in _chunks(saved, made, 50):
        texts = dict(some)
        for no, id, text in ours(words.format(_marks(texts)), tuple(texts)):
            if texts[no] == text:
                saved.execute("UPDATE OR IGNORE message SET id = ? WHERE no = ?", (id, no))
    for no, id in saved.execute(f"SELECT no, id FROM conversation WHERE {_IS_MADE}").fetchall():
        if (home := _home(saved, ours, no)) is not None:
            saved.execute("UPDATE OR IGNORE conversation SET id = ? WHERE id = ?", (home, id))


def _home(saved: sqlite3.Connection, ours: Read, no: int) -> str | None:
    """The conversation of ours in which something is that is in a saved one."""
    for table in ("message", "recording"):
        ids = [id for (id,) in saved.execute(f"SELECT id FROM {table} WHERE conversation = ? LIMIT 50", (no,))]
        question = f"SELECT c.id FROM {table} x JOIN conversation c ON c.no = x.conversation"
        if found := ours(f"{question} WHERE x.id IN ({_marks(ids)}) LIMIT 1", ids):
            return str(found[0][0])
    return None


def _part_longer(saved: sqlite3.Connection, ours: Read) -> None:
    """A reply that is whole here and was cut there becomes another answer beside the cut one."""
    for some in _chunks(saved, "SELECT id, no, created FROM message WHERE state = 'complete' ORDER BY no"):
        cuts = _there(ours, "message", "id", some, " AND state <> 'complete'")
        for id, no, created in some:
            if id in cuts:
                saved.execute("UPDATE message SET id = ? WHERE no = ?", (made_id(NEWER, created, id), no))


def _part_transcripts(saved: sqlite3.Connection, ours: Read) -> None:
    """A transcript that was changed later than the one that is there comes as a recording of its own beside it."""
    rows = saved.execute(
        "SELECT r.id, t.changed, r.no, r.conversation, c.created, c.title FROM transcript t"
        " JOIN recording r ON r.no = t.recording JOIN conversation c ON c.no = r.conversation"
    ).fetchall()
    question = "SELECT t.changed FROM recording r LEFT JOIN transcript t ON t.recording = r.no WHERE r.id = ?"
    for id, changed, no, conversation, created, title in rows:
        there = ours(question, (id,))
        if there and (there[0][0] or 0) < changed:
            _renew(saved, "recording", "no", no, created, changed)
            _renew(saved, "conversation", "no", conversation, created, changed)
            _renew(saved, "message", "conversation", conversation, created, changed)
            saved.execute("UPDATE passage SET text = text || ' (saved)' WHERE no = ?", (title,))


def _renew(saved: sqlite3.Connection, table: str, key: str, value: int, created: int, changed: int) -> None:
    for no, id in saved.execute(f"SELECT no, id FROM {table} WHERE {key} = ?", (value,)).fetchall():
        saved.execute(f"UPDATE {table} SET id = ? WHERE no = ?", (made_id(NEWER, created, table, id, changed), no))


def _says(saved: sqlite3.Connection, no: int) -> bool:
    """Whether a conversation without new messages of its own is worth having: a fork's past, or a recording."""
    (found,) = saved.execute(
        "SELECT fork_of IS NOT NULL OR EXISTS (SELECT 1 FROM recording WHERE conversation = c.no) FROM conversation c"
        " WHERE c.no = ?",
        (no,),
    ).fetchone()
    return bool(found)


def _missing(saved: sqlite3.Connection, ours: Read, table: str, key: str) -> int:
    return sum(len(some) - len(_there(ours, table, key, some)) for some in _chunks(saved, f"SELECT {key} FROM {table}"))


def _there(ours: Read, table: str, key: str, rows: Sequence[tuple[Any, ...]], more: str = "") -> set[str]:
    """Those of the ids, which rows begin with, that are in the open archive."""
    ids = [row[0] for row in rows]
    return {id for (id,) in ours(f"SELECT {key} FROM {table} WHERE {key} IN ({_marks(ids)}){more}", ids)}


def _count(conn: sqlite3.Connection, question: str) -> int:
    return int(conn.execute(question).fetchone()[0])


def _chunks(conn: sqlite3.Connection, question: str, count: int = AT_ONCE) -> Iterator[list[tuple[Any, ...]]]:
    rows = conn.execute(question)
    while some := rows.fetchmany(count):
        yield some


def _marks(values: Collection[object]) -> str:
    return ",".join("?" * len(values))
