"""Conversations and their messages in the archive: plain functions on a connection, core values in and out."""

# ruff: noqa: S608  (names in statements are our own; values are always bound)

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from desktop.core.conversation import (
    Attachment,
    Audio,
    Conversation,
    Message,
    Part,
    Picture,
    Reasoning,
    Refusal,
    Role,
    State,
    Text,
    Timing,
    ToolCall,
    ToolResult,
)
from desktop.core.errors import Missing
from desktop.core.text import folded, scalar
from desktop.core.usage import Usage
from desktop.store import blobs, exchanges, search
from desktop.store.raw_replies import keep_raw as keep_raw
from desktop.store.raw_replies import raw as raw
from desktop.store.search import MESSAGE, TITLE
from desktop.store.tree import Outline as Outline
from desktop.store.tree import outline as outline

KIND_BITS: dict[type, int] = {
    Text: 1,
    Reasoning: 2,
    Refusal: 4,
    Picture: 8,
    Audio: 16,
    Attachment: 32,
    ToolCall: 64,
    ToolResult: 128,
}
"""The column `kinds`: what a message holds. The numbers are in archives and stay."""

CODE_BIT = 256
"""The same, for a block of code among its own words."""

_WITH_BLOBS = KIND_BITS[Picture] | KIND_BITS[Audio] | KIND_BITS[Attachment]
_FENCE = re.compile(r"^[ \t>]*(?:```|~~~)", re.MULTILINE)

_STREAMED: dict[str, type[Text] | type[Reasoning] | type[Refusal]] = {
    "text": Text,
    "reasoning": Reasoning,
    "refusal": Refusal,
}
_MESSAGE = (
    "m.no, m.id, c.id, p.id, m.role, m.state, m.created, m.model, m.cost_pico, m.is_free, m.call_id,"
    " m.first_token_ms, m.total_ms, m.finish_reason, m.usage, m.error, m.advice, m.shape, t.text"
)
COLUMNS = (
    "c.no, c.id, t.text, c.created, c.updated, h.id, f.id, c.model, c.profile, c.system, c.parameters,"
    " c.is_pinned, c.trashed, c.message_count, c.page, o.id, c.archived, c.cost_pico"
)
FROM = (
    "FROM conversation c JOIN passage t ON t.no = c.title"
    " LEFT JOIN message h ON h.no = c.head LEFT JOIN message f ON f.no = c.fork_of"
    " LEFT JOIN folder o ON o.no = c.folder"
)
"""What `from_row` makes a conversation of."""

_CAN_CHANGE = {"title", "head", "model", "profile", "system", "parameters", "is_pinned"}


# Conversations


def create(conn: sqlite3.Connection, conversation: Conversation) -> None:
    """A new conversation, without messages: what they come to is added with them. Its tags are made where missing.

    Raises Missing where its folder is not there.
    """
    title = scalar(conversation.title)
    cursor = conn.execute(
        "INSERT INTO passage (source, owner, text) VALUES (?, (SELECT coalesce(max(no), 0) + 1 FROM conversation), ?)",
        (TITLE, title),
    )
    title_no = cursor.lastrowid or 0
    fork_of = _message_no(conn, conversation.fork_of) if conversation.fork_of else None
    head = _message_no(conn, conversation.head) if conversation.head else None
    folder = folder_no(conn, conversation.folder) if conversation.folder else None
    conn.execute(
        "INSERT INTO conversation (no, id, title, created, updated, is_pinned, trashed, head, fork_of, model, profile,"
        " system, parameters, page, folder, archived)"
        " SELECT owner, ?, no, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM passage WHERE no = ?",
        (
            conversation.id,
            conversation.created,
            conversation.updated or conversation.created,
            conversation.is_pinned,
            conversation.trashed,
            head,
            fork_of,
            scalar(conversation.model),
            scalar(conversation.profile),
            scalar(conversation.system),
            _json(conversation.parameters),
            scalar(conversation.page),
            folder,
            conversation.archived,
            title_no,
        ),
    )
    search.index(conn, title_no, title)
    if conversation.tags:
        add_tags(conn, _conversation_no(conn, conversation.id), conversation.tags)


def get(conn: sqlite3.Connection, conversation_id: str) -> Conversation:
    """Raises Missing."""
    row = conn.execute(f"SELECT {COLUMNS} {FROM} WHERE c.id = ?", (conversation_id,)).fetchone()
    if row is None:
        raise Missing("This conversation is not there any more.")
    return with_tags(conn, [row])[0]


def many(conn: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, Conversation]:
    """Conversations with their tags by their numbers; those that are gone are left out."""
    found: list[tuple[Any, ...]] = []
    for start in range(0, len(numbers), 500):
        some = numbers[start : start + 500]
        found += conn.execute(f"SELECT {COLUMNS} {FROM} WHERE c.no IN ({','.join('?' * len(some))})", some).fetchall()
    return dict(zip((row[0] for row in found), with_tags(conn, found), strict=True))


def with_tags(conn: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> list[Conversation]:
    """Conversations of rows of COLUMNS, their tags read for all together."""
    tags: dict[int, list[str]] = {}
    numbers = ",".join(str(int(row[0])) for row in rows)
    for no, name in conn.execute(
        "SELECT x.conversation, t.name FROM conversation_tag x JOIN tag t ON t.no = x.tag"
        f" WHERE x.conversation IN ({numbers}) ORDER BY t.name"
    ):
        tags.setdefault(no, []).append(name)
    return [from_row(row, tuple(tags.get(row[0], ()))) for row in rows]


def folder_no(conn: sqlite3.Connection, id: str) -> int:
    row = conn.execute("SELECT no FROM folder WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise Missing("This folder is not there any more.")
    return int(row[0])


def folder_path(conn: sqlite3.Connection, id: str) -> tuple[str, ...]:
    """The names of a folder and of those above it, the outermost first; at most twenty."""
    rows = conn.execute(
        "WITH RECURSIVE up(name, parent, depth) AS (SELECT name, parent, 1 FROM folder WHERE id = ? UNION ALL"
        " SELECT f.name, f.parent, depth + 1 FROM up JOIN folder f ON f.no = up.parent WHERE depth < 20)"
        " SELECT name FROM up ORDER BY depth DESC",
        (id,),
    )
    return tuple(name for (name,) in rows)


def add_tags(conn: sqlite3.Connection, no: int, names: Iterable[str]) -> None:
    """Give the conversation of a number tags, which are made where they are not there."""
    for name in names:
        conn.execute("INSERT OR IGNORE INTO tag (name) VALUES (?)", (scalar(name),))
        conn.execute("INSERT OR IGNORE INTO conversation_tag SELECT ?, no FROM tag WHERE name = ?", (no, scalar(name)))


def update(conn: sqlite3.Connection, conversation_id: str, **fields: object) -> None:
    """Change title, head, model, profile, system, parameters or is_pinned; its place in the list stays."""
    if unknown := fields.keys() - _CAN_CHANGE:
        raise TypeError(f"not to be changed here: {sorted(unknown)}")
    no = _conversation_no(conn, conversation_id)
    for name, value in fields.items():
        if name == "title":
            _retitle(conn, no, scalar(str(value)))
            continue
        if name == "head":
            value = None if value is None else _message_no(conn, str(value))
        elif name == "parameters":
            value = _json(value)
        elif isinstance(value, str):
            value = scalar(value)
        conn.execute(f"UPDATE conversation SET {name} = ? WHERE no = ?", (value, no))


def listing(
    conn: sqlite3.Connection,
    *,
    search: str = "",
    trashed: bool = False,
    limit: int = 200,
    before: Conversation | None = None,
    page: str = "chat",
) -> list[Conversation]:
    """A page's conversations that are not put away: pinned ones first, then the newest; without their tags.

    `before` is the last one of the rows above. With a search: those whose texts or title hold every word, the newest
    hit first, with a snippet.
    """
    where = "c.trashed > 0" if trashed else "c.trashed = 0 AND c.archived = 0"
    where += " AND c.page = ?"
    values: list[object] = [page]
    if search.strip():
        return _found(conn, search, where, values, limit)
    if before is not None:
        where += " AND (c.is_pinned, c.updated, c.no) < (?, ?, (SELECT no FROM conversation WHERE id = ?))"
        values += [before.is_pinned, before.updated, before.id]
    order = "c.is_pinned DESC, c.updated DESC, c.no DESC"
    rows = conn.execute(f"SELECT {COLUMNS} {FROM} WHERE {where} ORDER BY {order} LIMIT ?", (*values, limit))
    return [from_row(row) for row in rows]


def _found(conn: sqlite3.Connection, text: str, where: str, values: Sequence[object], limit: int) -> list[Conversation]:
    found = []
    for hit in search.owners(conn, text, where=where, values=values, limit=limit):
        row = conn.execute(f"SELECT {COLUMNS} {FROM} WHERE c.no = ?", (hit.owner,)).fetchone()
        found.append(msgspec.structs.replace(from_row(row), snippet=hit.snippet))
    return found


def trash(conn: sqlite3.Connection, ids: Iterable[str], now_us: int) -> None:
    conn.executemany("UPDATE conversation SET trashed = ? WHERE id = ? AND trashed = 0", [(now_us, id) for id in ids])


def restore(conn: sqlite3.Connection, ids: Iterable[str]) -> None:
    """Take conversations out of the trash."""
    conn.executemany("UPDATE conversation SET trashed = 0 WHERE id = ? AND trashed > 0", [(id,) for id in ids])


def trashed_before(conn: sqlite3.Connection, older_than_us: int) -> list[str]:
    """Ids of what was moved to the trash before a moment."""
    rows = conn.execute("SELECT id FROM conversation WHERE trashed > 0 AND trashed < ?", (older_than_us,))
    return [id for (id,) in rows]


def those_of(conn: sqlite3.Connection, ids: Sequence[str], trashed_before_us: int | None = None) -> list[str]:
    """Those of some conversations that are still there; with a moment, that were trashed before it and still are."""
    marks = ",".join("?" * len(ids))
    due = "" if trashed_before_us is None else f" AND trashed > 0 AND trashed < {int(trashed_before_us)}"
    there = {id for (id,) in conn.execute(f"SELECT id FROM conversation WHERE id IN ({marks}){due}", tuple(ids))}
    return [id for id in ids if id in there]


def beginning(conn: sqlite3.Connection, start: str) -> list[str]:
    """Ids, at most two, of conversations that are not in the trash and whose id begins so."""
    rows = conn.execute(
        "SELECT id FROM conversation WHERE id >= ? AND id < ? AND trashed = 0 ORDER BY id LIMIT 2",
        (start, start + "\U0010ffff"),
    )
    return [id for (id,) in rows]


def purge(conn: sqlite3.Connection, ids: Iterable[str]) -> None:
    """Delete conversations for good. Messages that a fork still needs as its past become the fork's own.

    Until `Database.scrub` older pages and copies of the archive still hold the text.
    """
    unused: set[str] = set()
    for id in ids:
        row = conn.execute("SELECT no, title FROM conversation WHERE id = ?", (id,)).fetchone()
        if row is not None:
            exchanges.remove_of(conn, id)
            unused |= _purge(conn, *row)
    blobs.sweep(conn, also=unused)


def _purge(conn: sqlite3.Connection, no: int, title: int) -> set[str]:
    """Returns the blobs it used, which others may use too."""
    for (fork,) in conn.execute(
        "SELECT f.no FROM conversation f JOIN message m ON m.no = f.fork_of WHERE m.conversation = ? ORDER BY f.no",
        (no,),
    ).fetchall():
        _take_past(conn, fork, no)
    gone = [m for (m,) in conn.execute("SELECT no FROM message WHERE conversation = ?", (no,))]
    used = conn.execute(
        "SELECT sha256 FROM blob_use u JOIN message m ON m.no = u.message WHERE m.conversation = ?1 UNION"
        " SELECT sha256 FROM raw_reply JOIN message m USING (call_id) WHERE m.conversation = ?1 AND sha256 IS NOT NULL"
        " UNION SELECT blob FROM recording WHERE conversation = ?1 AND blob IS NOT NULL",
        (no,),
    ).fetchall()
    conn.execute("UPDATE conversation SET head = NULL, fork_of = NULL WHERE no = ?", (no,))
    for message in gone:
        _forget_words(conn, message)
        conn.execute("DELETE FROM piece WHERE message = ?", (message,))
        conn.execute("DELETE FROM blob_use WHERE message = ?", (message,))
        conn.execute(
            "DELETE FROM raw_reply WHERE call_id = (SELECT call_id FROM message WHERE no = ? AND call_id <> '')",
            (message,),
        )
        conn.execute(
            "DELETE FROM exchange WHERE call_id = (SELECT call_id FROM message WHERE no = ? AND call_id <> '')",
            (message,),
        )
        conn.execute("DELETE FROM import_addition WHERE message = ?", (message,))
    from desktop.store import recordings  # late: it is built on this module

    recordings.forget(conn, no)
    conn.execute("DELETE FROM message WHERE conversation = ?", (no,))
    conn.execute("DELETE FROM conversation_tag WHERE conversation = ?", (no,))
    conn.execute("DELETE FROM conversation WHERE no = ?", (no,))
    _forget_words(conn, title)
    conn.executemany("DELETE FROM passage WHERE no = ?", [(m,) for m in (*gone, title)])
    return {sha256 for (sha256,) in used}


def _take_past(conn: sqlite3.Connection, fork: int, owner: int) -> None:
    """Give a fork those messages of its past that belong to `owner`; what others took before stays theirs."""
    at = conn.execute("SELECT fork_of FROM conversation WHERE no = ?", (fork,)).fetchone()[0]
    while at is not None:
        parent, of = conn.execute("SELECT parent, conversation FROM message WHERE no = ?", (at,)).fetchone()
        if of != owner:
            break
        conn.execute("UPDATE message SET conversation = ? WHERE no = ?", (fork, at))
        _add_cost(conn, fork, conn.execute("SELECT cost_pico FROM message WHERE no = ?", (at,)).fetchone()[0])
        conn.execute("UPDATE passage SET owner = ? WHERE no = ?", (fork, at))
        at = parent
    conn.execute("UPDATE conversation SET fork_of = ? WHERE no = ?", (at, fork))


def fork(conn: sqlite3.Connection, conversation_id: str, at_message: str, new_id: str, now_us: int) -> Conversation:
    """A conversation that shares the past up to a message, and that message, with another; nothing is copied."""
    source = get(conn, conversation_id)
    made = msgspec.structs.replace(
        source,
        id=new_id,
        created=now_us,
        updated=now_us,
        head=at_message,
        fork_of=at_message,
        is_pinned=False,
        trashed=0,
        archived=0,
        cost_pico=0,
        snippet="",
    )
    create(conn, made)
    past = conn.execute(
        "WITH RECURSIVE up(no) AS (SELECT no FROM message WHERE id = ? UNION ALL"
        " SELECT m.parent FROM up JOIN message m ON m.no = up.no WHERE m.parent IS NOT NULL)"
        " SELECT count(*) FROM up",
        (at_message,),
    ).fetchone()[0]
    conn.execute("UPDATE conversation SET message_count = ? WHERE id = ?", (past, new_id))
    return msgspec.structs.replace(made, message_count=past)


# Messages


def messages(conn: sqlite3.Connection, ids: Sequence[str]) -> list[Message]:
    """Whole messages in the order asked; those that are gone are left out. A streaming one has its text so far."""
    found: dict[str, Message] = {}
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        rows = conn.execute(
            f"SELECT {_MESSAGE} FROM message m JOIN conversation c ON c.no = m.conversation"
            " JOIN passage t ON t.no = m.no LEFT JOIN message p ON p.no = m.parent"
            f" WHERE m.id IN ({','.join('?' * len(some))})",
            some,
        )
        for row in rows.fetchall():
            found[row[1]] = _message(conn, row)
    return [found[id] for id in ids if id in found]


def add_message(conn: sqlite3.Connection, message: Message) -> None:
    """Put a whole message at the end of its branch; the conversation's head and date move to it."""
    conversation = _conversation_no(conn, message.conversation)
    parent = _message_no(conn, message.parent) if message.parent is not None else None
    text = _insert(conn, message, conversation, parent)
    conn.execute(
        "UPDATE conversation SET head = (SELECT no FROM message WHERE id = ?), updated = max(updated, ?),"
        " message_count = message_count + 1, cost_pico = cost_pico + ? WHERE no = ?",
        (message.id, message.created, message.cost_pico or 0, conversation),
    )
    search.index(conn, _message_no(conn, message.id), text)


def add_messages(conn: sqlite3.Connection, messages: Iterable[Message]) -> None:
    """Many messages, parents before children, for imports: they are not found before `search.rebuild`."""
    numbers: dict[str, int] = {}
    known: dict[str, int] = {}
    last: dict[int, tuple[str, int, int, int]] = {}
    for message in messages:
        if (conversation := known.get(message.conversation)) is None:
            conversation = known[message.conversation] = _conversation_no(conn, message.conversation)
        parent = message.parent
        parent_no = None if parent is None else numbers.get(parent) or _message_no(conn, parent)
        _insert(conn, message, conversation, parent_no, numbers)
        _, count, latest, cost = last.get(conversation, ("", 0, 0, 0))
        last[conversation] = (message.id, count + 1, max(latest, message.created), cost + (message.cost_pico or 0))
    conn.executemany(
        "UPDATE conversation SET head = ?, updated = max(updated, ?), message_count = message_count + ?,"
        " cost_pico = cost_pico + ? WHERE no = ?",
        [(numbers[id], latest, count, cost, no) for no, (id, count, latest, cost) in last.items()],
    )


def append_piece(conn: sqlite3.Connection, message_id: str, text: str, kind: str = "text") -> None:
    """Add what has just arrived to a streaming message; costs the piece, however long the message is."""
    if not append_if_streaming(conn, message_id, text, kind):
        raise Missing("This message is not being received.")


def append_if_streaming(conn: sqlite3.Connection, message_id: str, text: str, kind: str = "text") -> bool:
    """The same, but False where the message is finished or gone."""
    if kind not in _STREAMED:
        raise ValueError(kind)
    done = conn.execute(
        "INSERT INTO piece (message, kind, text) SELECT no, ?, ? FROM message WHERE id = ? AND state = ?",
        (kind, scalar(text), message_id, State.STREAMING.value),
    )
    return done.rowcount == 1


def finish(conn: sqlite3.Connection, message: Message) -> None:
    """Replace what is kept of a message by its final form; from now on it is found."""
    no = _message_no(conn, message.id)
    text, shape, kinds = _packed(message.parts)
    _forget_words(conn, no)
    conn.execute("UPDATE passage SET text = ? WHERE no = ?", (text, no))
    owner, was = conn.execute("SELECT conversation, coalesce(cost_pico, 0) FROM message WHERE no = ?", (no,)).fetchone()
    _add_cost(conn, owner, (message.cost_pico or 0) - was)
    usage = None if message.usage is None else _json(message.usage)
    conn.execute(
        "UPDATE message SET state = ?, kinds = ?, model = ?, cost_pico = ?, is_free = ?, call_id = ?,"
        " first_token_ms = ?, total_ms = ?, finish_reason = ?, usage = ?, error = ?, advice = ?, shape = ?"
        " WHERE no = ?",
        (message.state.value, kinds, scalar(message.model), *_figures(message, usage), shape, no),
    )
    conn.execute("DELETE FROM piece WHERE message = ?", (no,))
    conn.execute("DELETE FROM blob_use WHERE message = ?", (no,))
    _use_blobs(conn, no, message.parts)
    search.index(conn, no, text)
    ended = message.created + 1000 * (message.timing.total_ms or 0)
    conn.execute("UPDATE conversation SET updated = max(updated, ?) WHERE no = ?", (ended, owner))


def reopen(conn: sqlite3.Connection, message_id: str) -> None:
    """Let a message that was cut go on: pieces are added to what it has."""
    no = _message_no(conn, message_id)
    conn.execute("UPDATE message SET state = ? WHERE no = ?", (State.STREAMING.value, no))


def recover(conn: sqlite3.Connection, now_us: int) -> list[str]:
    """At a start: what was still streaming is CUT with all that was kept, calls still open have an unknown fate.

    Returns the ids of the messages.
    """
    rows = conn.execute("SELECT id FROM message WHERE state = ?", (State.STREAMING.value,)).fetchall()
    ids = [id for (id,) in rows]
    for message in messages(conn, ids):
        finish(conn, msgspec.structs.replace(message, state=State.CUT))
    conn.execute("UPDATE ledger SET fate = 'unknown', ended = ? WHERE fate = 'open'", (now_us,))
    return ids


def find(conn: sqlite3.Connection, conversation_id: str, path_ids: Sequence[str], text: str) -> list[str]:
    """Those of the messages of a path whose own words hold a text, case and accents aside; in their order."""
    wanted = folded(scalar(text))
    if not wanted:
        return []
    found: set[str] = set()
    for start in range(0, len(path_ids), 500):
        some = path_ids[start : start + 500]
        rows = conn.execute(
            "SELECT m.id, t.text FROM message m JOIN passage t ON t.no = m.no"
            f" WHERE m.id IN ({','.join('?' * len(some))})",
            some,
        )
        # Folding character by character is slow and only needed beyond ASCII.
        found.update(id for id, words in rows if wanted in (words.lower() if words.isascii() else folded(words)))
    return [id for id in path_ids if id in found]


# Between rows and values


def _insert(
    conn: sqlite3.Connection,
    message: Message,
    conversation: int,
    parent: int | None,
    numbers: dict[str, int] | None = None,
) -> str:
    text, shape, kinds = _packed(message.parts)
    no = conn.execute(
        "INSERT INTO passage (source, owner, text) VALUES (?, ?, ?)", (MESSAGE, conversation, text)
    ).lastrowid
    assert no is not None
    usage = None if message.usage is None else _json(message.usage)
    conn.execute(
        "INSERT INTO message (no, id, conversation, parent, role, state, kinds, created, model, cost_pico, is_free,"
        " call_id, first_token_ms, total_ms, finish_reason, usage, error, advice, shape)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            no,
            message.id,
            conversation,
            parent,
            message.role.value,
            message.state.value,
            kinds,
            message.created,
            scalar(message.model),
            *_figures(message, usage),
            shape,
        ),
    )
    if kinds & _WITH_BLOBS:
        _use_blobs(conn, no, message.parts)
    if numbers is not None:
        numbers[message.id] = no
    return text


def _figures(message: Message, usage: str | None) -> tuple[object, ...]:
    return (
        message.cost_pico,
        message.is_free,
        message.call_id,
        message.timing.first_token_ms,
        message.timing.total_ms,
        scalar(message.finish_reason),
        usage,
        scalar(message.error),
        scalar(message.advice),
    )


def _packed(parts: Sequence[Part]) -> tuple[str, str | None, int]:
    """A message's own words in one text, the order of all its parts, and its kinds.

    The order is None for the most common form, one text. Own words stand in it as their kind and length.
    """
    if len(parts) == 1 and type(parts[0]) is Text:
        text = scalar(parts[0].text)
        return text, None, KIND_BITS[Text] | _code_in(text)
    words, shape, kinds = [], [], 0
    for part in parts:
        kinds |= KIND_BITS[type(part)]
        if isinstance(part, Text | Refusal):
            text = scalar(part.text)
            words.append(text)
            shape.append(["refusal" if isinstance(part, Refusal) else "text", len(text)])
        else:
            shape.append(msgspec.to_builtins(part))
    text = "".join(words)
    return text, _json(shape), kinds | _code_in(text)


def _code_in(text: str) -> int:
    has_marks = "```" in text or "~~~" in text  # much cheaper than the pattern, and nearly always enough
    return CODE_BIT if has_marks and _FENCE.search(text) else 0


def _unpacked(text: str, shape: str | None) -> tuple[Part, ...]:
    if shape is None:
        return (Text(text),)
    parts: list[Part] = []
    at = 0
    for form in msgspec.json.decode(shape):
        if isinstance(form, list):
            kind, length = form
            parts.append((Refusal if kind == "refusal" else Text)(text[at : at + length]))
            at += length
        else:
            parts.append(msgspec.convert(form, Part))
    return tuple(parts)


def _message(conn: sqlite3.Connection, row: tuple[Any, ...]) -> Message:
    (no, id, conversation, parent, role, state, created, model, cost_pico, is_free, call_id, *rest) = row
    (first_token_ms, total_ms, finish_reason, usage, error, advice, shape, text) = rest
    parts = _unpacked(text, shape)
    if state == State.STREAMING.value:
        parts = _with_pieces(conn, no, parts)
    return Message(
        id=id,
        role=Role(role),
        parts=parts,
        parent=parent,
        conversation=conversation,
        state=State(state),
        model=model,
        created=created,
        finish_reason=finish_reason,
        usage=None if usage is None else msgspec.json.decode(usage, type=Usage),
        timing=Timing(first_token_ms, total_ms),
        cost_pico=cost_pico,
        is_free=bool(is_free),
        call_id=call_id,
        error=error,
        advice=advice,
    )


def _with_pieces(conn: sqlite3.Connection, no: int, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Parts with the streamed pieces behind them; neighbours of one kind are one part."""
    joined: list[Part] = [part for part in parts if part != Text("")]
    for kind, texts in _runs(conn.execute("SELECT kind, text FROM piece WHERE message = ? ORDER BY no", (no,))):
        text = "".join(texts)
        last = joined[-1] if joined else None
        if isinstance(last, Text | Reasoning | Refusal) and type(last) is _STREAMED[kind]:
            joined[-1] = msgspec.structs.replace(last, text=last.text + text)
        else:
            joined.append(_STREAMED[kind](text))
    return tuple(joined)


def _runs(pieces: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """Pieces in their order, neighbours of one kind together."""
    runs: list[tuple[str, list[str]]] = []
    for kind, text in pieces:
        if not runs or runs[-1][0] != kind:
            runs.append((kind, []))
        runs[-1][1].append(text)
    return runs


def from_row(row: tuple[Any, ...], tags: tuple[str, ...] = ()) -> Conversation:
    """A conversation of a row of COLUMNS."""
    (_, id, title, created, updated, head, fork_of, model, profile, system, parameters, *rest) = row
    pinned, trashed, count, page, folder, archived, cost_pico = rest
    return Conversation(
        id=id,
        title=title,
        created=created,
        updated=updated,
        head=head,
        fork_of=fork_of,
        model=model,
        profile=profile,
        system=system,
        parameters=msgspec.json.decode(parameters),
        is_pinned=bool(pinned),
        trashed=trashed,
        message_count=count,
        page=page,
        folder=folder or "",
        tags=tags,
        archived=archived,
        cost_pico=cost_pico,
    )


def _json(value: object) -> str:
    """JSON as text; lone surrogates become U+FFFD wherever they stand."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(_clean(msgspec.to_builtins(value))).decode()


def _clean(value: object) -> object:
    if isinstance(value, str):
        return scalar(value)
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def _use_blobs(conn: sqlite3.Connection, no: int, parts: Sequence[Part]) -> None:
    for part in parts:
        if isinstance(part, Picture | Audio | Attachment) and part.blob:
            conn.execute("INSERT OR IGNORE INTO blob_use VALUES (?, ?)", (no, part.blob))


def _forget_words(conn: sqlite3.Connection, no: int) -> None:
    """Take a passage out of the index."""
    row = conn.execute("SELECT text FROM passage WHERE no = ?", (no,)).fetchone()
    if row is not None:
        search.unindex(conn, no, row[0])


def _add_cost(conn: sqlite3.Connection, conversation: int, cost_pico: int | None) -> None:
    if cost_pico:
        conn.execute("UPDATE conversation SET cost_pico = cost_pico + ? WHERE no = ?", (cost_pico, conversation))


def _retitle(conn: sqlite3.Connection, conversation: int, title: str) -> None:
    (no,) = conn.execute("SELECT title FROM conversation WHERE no = ?", (conversation,)).fetchone()
    _forget_words(conn, no)
    conn.execute("UPDATE passage SET text = ? WHERE no = ?", (title, no))
    search.index(conn, no, title)


def _conversation_no(conn: sqlite3.Connection, id: str) -> int:
    row = conn.execute("SELECT no FROM conversation WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise Missing("This conversation is not there any more.")
    return int(row[0])


def _message_no(conn: sqlite3.Connection, id: str) -> int:
    row = conn.execute("SELECT no FROM message WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise Missing("This message is not there any more.")
    return int(row[0])
