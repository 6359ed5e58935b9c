"""The shape of a conversation without its words: who answers whom, read whole or only where it begins."""

# ruff: noqa: S608  (names in statements are our own; values are always bound)

from __future__ import annotations

import sqlite3

import msgspec

from desktop.core.conversation import path_to
from desktop.core.errors import Missing

# The index is named because it also says the order: within a conversation by number.
_FROM = "FROM message INDEXED BY message_conversation WHERE conversation = :no"
_OWN = f"SELECT no, id, parent {_FROM}"
_WITH_PAST = (
    "WITH RECURSIVE up(no, id, parent) AS (SELECT no, id, parent FROM message WHERE no = :fork_of UNION ALL"
    " SELECT m.no, m.id, m.parent FROM up JOIN message m ON m.no = up.parent)"
    f" SELECT no, id, parent FROM up UNION ALL {_OWN}"
)


class Outline(msgspec.Struct, frozen=True):
    """Each message's parent, the shared past of a fork included, in the order they were made in.

    `is_chain` where there is one way through it: each message answers the one before.
    """

    parents: dict[str, str | None]
    head: str | None
    is_chain: bool = False

    def path(self, head: str | None = None) -> list[str]:
        """Ids from the first message to `head`, or to the head that is shown."""
        end = head or self.head
        if self.is_chain and end == next(reversed(self.parents), None):
            return list(self.parents)
        return path_to(end, self.parents)


def outline(conn: sqlite3.Connection, conversation_id: str) -> Outline:
    """Raises Missing. Ten thousand messages cost some 7 ms of processor time where there is one way through them.

    All rows come as one: stepping through them would take and leave Python's lock for each.
    """
    no, head, fork_of = _place(conn, conversation_id)
    if fork_of is None and (ids := _chain(conn, no)) is not None:
        return Outline(dict(zip(ids, (None, *ids), strict=False)), head, is_chain=True)
    rows = f"FROM (SELECT * FROM ({_WITH_PAST}) ORDER BY no)" if fork_of is not None else _FROM
    found = conn.execute(
        f"SELECT json_group_array(id), json_group_array(no), json_group_array(parent) {rows}",
        {"no": no, "fork_of": fork_of},
    ).fetchone()
    ids, numbers, parents = (msgspec.json.decode(each) for each in found)
    by_number = dict(zip(numbers, ids, strict=True))
    return Outline(dict(zip(ids, map(by_number.get, parents), strict=True)), head)


def trunk(conn: sqlite3.Connection, conversation_id: str, most: int) -> list[str]:
    """Ids from the first message on, as far as every branch has them, at most so many; raises Missing.

    None at all where only the whole tree could tell: in a fork, and where there are several first messages.
    """
    no, head, fork_of = _place(conn, conversation_id)
    if fork_of is not None:
        return []
    first = conn.execute("SELECT no, id FROM message WHERE conversation = ? AND parent IS NULL LIMIT 2", (no,))
    return _only_way(conn, no, first.fetchall(), head, most)


def stretch(conn: sqlite3.Connection, conversation_id: str, message: str, above: int, below: int) -> list[str]:
    """Ids round a message that every branch through it has, at most so many above and below it; raises Missing.

    None at all where only the whole tree could tell: in a fork, and of a message that is not in this conversation.
    """
    no, head, fork_of = _place(conn, conversation_id)
    found = conn.execute("SELECT no, parent FROM message WHERE id = ? AND conversation = ?", (message, no)).fetchone()
    if fork_of is not None or found is None:
        return []
    at, parent = found
    ids = [message]
    while parent is not None and len(ids) <= above:
        id, parent = conn.execute("SELECT id, parent FROM message WHERE no = ?", (parent,)).fetchone()
        ids.append(id)
    after = [] if message == head else _children(conn, no, at)
    return ids[::-1] + _only_way(conn, no, after, head, below)


def _only_way(
    conn: sqlite3.Connection, no: int, below: list[tuple[int, str]], head: str | None, most: int
) -> list[str]:
    """Ids from the only message of `below` on, as long as each has one answer, to the head at the farthest."""
    ids: list[str] = []
    while head is not None and len(below) == 1 and len(ids) < most:
        at, id = below[0]
        ids.append(id)
        below = _children(conn, no, at) if id != head else []
    return ids


def _children(conn: sqlite3.Connection, no: int, at: int) -> list[tuple[int, str]]:
    """Numbers and ids of two of the answers to a message, if it has so many."""
    return conn.execute("SELECT no, id FROM message WHERE parent = ? AND conversation = ? LIMIT 2", (at, no)).fetchall()


def _place(conn: sqlite3.Connection, conversation_id: str) -> tuple[int, str | None, int | None]:
    """Its number, its head, and the number of the message it was forked at."""
    row: tuple[int, str | None, int | None] | None = conn.execute(
        "SELECT c.no, h.id, c.fork_of FROM conversation c LEFT JOIN message h ON h.no = c.head WHERE c.id = ?",
        (conversation_id,),
    ).fetchone()
    if row is None:
        raise Missing("This conversation is not there any more.")
    return row


def _chain(conn: sqlite3.Connection, no: int) -> list[str] | None:
    """All ids in their order where each message but the first answers the one before, else None.

    A parent is always older than its child. So the sum of the parents is at most that of all messages but the last,
    and only where each one's parent is the message just before is it that much.
    """
    ids, is_chain = conn.execute(
        f"SELECT json_group_array(id), count(parent) = count(*) - 1 AND sum(parent) = sum(no) - max(no) {_FROM}",
        {"no": no},
    ).fetchone()
    found: list[str] = msgspec.json.decode(ids)
    return found if is_chain or len(found) == 1 else None
