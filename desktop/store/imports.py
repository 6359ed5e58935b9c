"""What came from elsewhere: staged where no list has it, shown in one transaction, undone as a whole."""

# ruff: noqa: S608  (names in statements are our own; values are always bound)

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence

import msgspec
from msgspec import Struct, structs

from desktop.core.conversation import Conversation, Message
from desktop.core.errors import Missing
from desktop.store import conversations, index_merging, search
from desktop.store.exporting import Call, Folder, SavedSearch
from desktop.store.ledger import LedgerRow

STAGED = -1
"""The value of conversation.trashed while its import is under way."""

AT_ONCE = 500
"""Messages taken away in one transaction: streams wait for the same writer."""

_ROW = [field.name for field in structs.fields(LedgerRow) if field.name != "usage"]


class Row(Struct, frozen=True):
    """An import as it is kept. Times are UTC microseconds; `report` is the service's own JSON."""

    id: str
    started: int
    ended: int
    kind: str
    name: str
    state: str
    report: str


class Marks(Struct, frozen=True):
    """How far the archive's numbers were when a run began and when it ended: what is later was not of the run."""

    first_call: int = 0
    last_call: int = 0
    last_passage: int = 0
    folders: tuple[str, ...] = ()
    first_tag: int = 0
    last_tag: int = 0
    searches: tuple[str, ...] = ()


class Ended(Struct, frozen=True):
    """What `import_run.report` holds."""

    marks: Marks
    report: msgspec.Raw = msgspec.Raw(b"{}")


# A run


def begin(conn: sqlite3.Connection, run: str, now_us: int, kind: str, name: str) -> None:
    """From here to `end` the search index is merged in portions by who imports."""
    index_merging.hold(conn)
    marks = Marks(first_call=_highest(conn, "ledger"), first_tag=_highest(conn, "tag"))
    conn.execute(
        "INSERT INTO import_run (id, started, kind, name, state, report) VALUES (?, ?, ?, ?, 'staged', ?)",
        (run, now_us, kind, name, _packed(marks, b"{}")),
    )


def known(conn: sqlite3.Connection) -> list[str]:
    """Ids of all conversations, those in the trash and those staged too."""
    return [id for (id,) in conn.execute("SELECT id FROM conversation")]


def messages_of(conn: sqlite3.Connection, conversation: str) -> dict[str, str | None]:
    """Ids of a conversation's messages with their parents', its shared past included."""
    return conversations.outline(conn, conversation).parents


def existing(conn: sqlite3.Connection, ids: Sequence[str]) -> set[str]:
    """Those of the ids that are messages of the archive already."""
    found: set[str] = set()
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        rows = conn.execute(f"SELECT id FROM message WHERE id IN ({','.join('?' * len(some))})", some)
        found.update(id for (id,) in rows)
    return found


def has_blob(conn: sqlite3.Connection, sha256: str) -> bool:
    return conn.execute("SELECT 1 FROM blob WHERE sha256 = ?", (sha256,)).fetchone() is not None


def stage(conn: sqlite3.Connection, run: str, conversation: Conversation) -> None:
    """A conversation nobody sees yet. Its head is given with `settle`, when its messages are there."""
    conversations.create(conn, structs.replace(conversation, trashed=STAGED, head=None))
    conn.execute(
        "UPDATE conversation SET import_run = (SELECT no FROM import_run WHERE id = ?) WHERE id = ?",
        (run, conversation.id),
    )


def add(conn: sqlite3.Connection, messages: Sequence[Message]) -> None:
    """Messages, parents before children, at once in the index: taking them away again needs them there."""
    last = _highest(conn, "passage")
    conversations.add_messages(conn, messages)
    conn.execute(
        "INSERT INTO passage_index (rowid, text) SELECT no, text FROM passage WHERE no > ? ORDER BY no", (last,)
    )
    # Only texts with more bytes than characters can hold a script that puts no blanks between words.
    rows = conn.execute(
        "SELECT no, text FROM passage WHERE no > ? AND length(text) < length(CAST(text AS BLOB))", (last,)
    ).fetchall()
    pairs = [(no, found) for no, text in rows if (found := search.pairs_of(text))]
    conn.executemany("INSERT INTO pair_index (rowid, pairs) VALUES (?, ?)", pairs)


def settle(conn: sqlite3.Connection, conversation: Conversation) -> None:
    """All messages are there: head and dates as the source has them, and a fork's count with the past it shares."""
    conn.execute(
        "UPDATE conversation SET updated = ?, head = coalesce((SELECT no FROM message WHERE id = ?), head)"
        " WHERE id = ?",
        (conversation.updated or conversation.created, conversation.head, conversation.id),
    )
    if conversation.fork_of:
        conn.execute(
            "UPDATE conversation SET message_count = message_count + (WITH RECURSIVE up(no) AS"
            " (SELECT fork_of FROM conversation WHERE id = ?1 UNION ALL"
            " SELECT m.parent FROM up JOIN message m ON m.no = up.no WHERE m.parent IS NOT NULL)"
            " SELECT count(*) FROM up) WHERE id = ?1",
            (conversation.id,),
        )


def grow(conn: sqlite3.Connection, run: str, conversation: str, messages: Sequence[Message], head: str | None) -> None:
    """New messages in a conversation that was there before. `head` None: the shown branch stays as it is."""
    (shown,) = conn.execute("SELECT head FROM conversation WHERE id = ?", (conversation,)).fetchone()
    add(conn, messages)
    conn.executemany(
        "INSERT OR IGNORE INTO import_addition SELECT r.no, m.no FROM import_run r, message m"
        " WHERE r.id = ? AND m.id = ?",
        [(run, message.id) for message in messages],
    )
    conn.execute("UPDATE conversation SET head = ? WHERE id = ?", (shown, conversation))
    if head is not None:
        conversations.update(conn, conversation, head=head)


def show(conn: sqlite3.Connection, run: str, now_us: int, trashed: dict[str, int], report: bytes) -> None:
    """The one moment in which all of it appears; `trashed` are times of those that come with one."""
    no = _run_no(conn, run)
    conn.execute("UPDATE conversation SET trashed = 0 WHERE import_run = ? AND trashed = ?", (no, STAGED))
    conn.executemany(
        "UPDATE conversation SET trashed = ? WHERE id = ? AND import_run = ?",
        [(when, id, no) for id, when in trashed.items()],
    )
    end(conn, run, now_us, "done", report)


def end(conn: sqlite3.Connection, run: str, now_us: int, state: str, report: bytes | None = None) -> None:
    """Close a run: done, failed or undone."""
    index_merging.let_go(conn)
    row = conn.execute("SELECT report FROM import_run WHERE id = ?", (run,)).fetchone()
    was = _unpacked(row[0])
    marks = was.marks
    if state == "done":
        last_call, last_passage = _highest(conn, "ledger"), _highest(conn, "passage")
        marks = structs.replace(marks, last_call=last_call, last_passage=last_passage, last_tag=_highest(conn, "tag"))
    kept = _packed(marks, bytes(was.report) if report is None else report)
    conn.execute("UPDATE import_run SET state = ?, ended = ?, report = ? WHERE id = ?", (state, now_us, kept, run))


def runs(conn: sqlite3.Connection, limit: int = 100) -> list[Row]:
    """The newest first."""
    rows = conn.execute(
        "SELECT id, started, coalesce(ended, 0), kind, name, state, report FROM import_run ORDER BY no DESC LIMIT ?",
        (limit,),
    )
    return [
        Row(id, started, ended, kind, name, state, bytes(_unpacked(report).report).decode())
        for id, started, ended, kind, name, state, report in rows
    ]


# What comes with our own exports


def add_folders(conn: sqlite3.Connection, run: str, folders: Iterable[Folder]) -> dict[str, str]:
    """Make folders that are not there; one of that name in that place is it. The file's ids to the archive's."""
    ids: dict[str, str] = {"": ""}
    made = []
    for folder in folders:
        parent = ids.get(folder.parent, "")
        above = conversations.folder_no(conn, parent) if parent else None
        row = conn.execute(
            "SELECT id FROM folder WHERE id = ? OR (coalesce(parent, 0) = ? AND name = ? COLLATE NOCASE)"
            " ORDER BY id <> ? LIMIT 1",
            (folder.id, above or 0, folder.name, folder.id),
        ).fetchone()
        if row is None:
            conn.execute("INSERT INTO folder (id, name, parent) VALUES (?, ?, ?)", (folder.id, folder.name, above))
            made.append(folder.id)
        ids[folder.id] = row[0] if row else folder.id
    if made:
        _mark(conn, run, folders=made)
    return ids


def add_names(conn: sqlite3.Connection, run: str, tags: Iterable[str], searches: Iterable[SavedSearch]) -> None:
    """Tags and saved searches that are not there yet."""
    conn.executemany("INSERT OR IGNORE INTO tag (name) VALUES (?)", [(tag,) for tag in tags])
    made = [
        each.id
        for each in searches
        if conn.execute(
            "INSERT OR IGNORE INTO saved_search (id, name, query, created) VALUES (?, ?, ?, ?)",
            (each.id, each.name, each.query, each.created),
        ).rowcount
        == 1
    ]
    if made:
        _mark(conn, run, searches=made)


def _mark(conn: sqlite3.Connection, run: str, **made: Sequence[str]) -> None:
    """Put down the ids of what a run has made."""
    was = _unpacked(conn.execute("SELECT report FROM import_run WHERE id = ?", (run,)).fetchone()[0])
    marks = structs.replace(was.marks, **{name: (*getattr(was.marks, name), *ids) for name, ids in made.items()})
    conn.execute("UPDATE import_run SET report = ? WHERE id = ?", (_packed(marks, bytes(was.report)), run))


def add_calls(conn: sqlite3.Connection, calls: Iterable[Call]) -> None:
    """Rows of the ledger that are not there yet, with their later prices."""
    for call in calls:
        fields = {name: getattr(call.row, name) for name in _ROW} | {"fate": call.row.fate.value}
        if call.row.usage is not None:
            fields |= structs.asdict(call.row.usage) | {"has_usage": 1}
        done = conn.execute(
            f"INSERT OR IGNORE INTO ledger ({', '.join(fields)}) VALUES ({', '.join('?' * len(fields))})",
            tuple(fields.values()),
        )
        if done.rowcount == 1:
            conn.executemany(
                "INSERT INTO repricing (call_id, made, price_version, cost_pico) VALUES (?, ?, ?, ?)",
                [(call.row.call_id, each.made, each.price_version, each.cost_pico) for each in call.repricings],
            )


# Taking away


def unfinished(conn: sqlite3.Connection) -> list[str]:
    """Runs that were under way when the application ended."""
    return [id for (id,) in conn.execute("SELECT id FROM import_run WHERE state = 'staged' ORDER BY no")]


def recover(conn: sqlite3.Connection, now_us: int, running: Collection[str] = ()) -> bool:
    """At a start: take away some of what unfinished runs left; True while there is more."""
    for run in unfinished(conn):
        if run in running:
            continue
        if not discard(conn, run):
            forget_names(conn, run)
            end(conn, run, now_us, "failed")
        return True
    return False


def discard(conn: sqlite3.Connection, run: str) -> bool:
    """Take away some of what a run staged and added; False when nothing is left."""
    no = _run_no(conn, run)
    rows = conn.execute(
        "SELECT m.no FROM import_addition a JOIN message m ON m.no = a.message WHERE a.import_run = ?"
        " ORDER BY m.no DESC LIMIT ?",
        (no, AT_ONCE),
    ).fetchall()
    if rows:
        for (message,) in rows:
            if not _remove(conn, message):
                conn.execute("DELETE FROM import_addition WHERE message = ?", (message,))
        return True
    some = _some(conn, no, f"trashed = {STAGED}")
    _purge(conn, no, some)
    return bool(some)


def undo(conn: sqlite3.Connection, run: str) -> tuple[int, int, bool]:
    """Take away some of a finished run: how many conversations, how many added messages, whether there is more.

    What was gone on with stays: see `kept`.
    """
    no = _run_no(conn, run)
    report, ended = conn.execute("SELECT report, coalesce(ended, 0) FROM import_run WHERE no = ?", (no,)).fetchone()
    last = _unpacked(report).marks.last_passage
    rows = conn.execute(
        "SELECT m.no FROM import_addition a JOIN message m ON m.no = a.message WHERE a.import_run = ?"
        " AND NOT EXISTS (SELECT 1 FROM message b WHERE b.parent = m.no)"
        " AND NOT EXISTS (SELECT 1 FROM conversation f WHERE f.fork_of = m.no)"
        " AND m.state <> 'streaming' ORDER BY m.no DESC LIMIT ?",
        (no, AT_ONCE),
    ).fetchall()
    if rows:
        return 0, sum(_remove(conn, message) for (message,) in rows), True
    some = _some(conn, no, _UNTOUCHED.format(last=int(last), ended=int(ended)))
    _purge(conn, no, some)
    return len(some), 0, bool(some)


def kept(conn: sqlite3.Connection, run: str) -> tuple[list[str], int]:
    """What is left of an undone run: titles of its conversations, and how many added messages."""
    no = _run_no(conn, run)
    titles = conn.execute(
        "SELECT t.text FROM conversation c JOIN passage t ON t.no = c.title WHERE c.import_run = ? ORDER BY c.no", (no,)
    ).fetchall()
    (added,) = conn.execute("SELECT count(*) FROM import_addition WHERE import_run = ?", (no,)).fetchone()
    return [title for (title,) in titles], added


def forget_names(conn: sqlite3.Connection, run: str) -> None:
    """Take away the saved searches a run made, and those of its folders and tags that nothing is in."""
    marks = _unpacked(conn.execute("SELECT report FROM import_run WHERE id = ?", (run,)).fetchone()[0]).marks
    for id in reversed(marks.folders):
        conn.execute(
            "DELETE FROM folder WHERE id = ? AND NOT EXISTS (SELECT 1 FROM conversation WHERE folder = folder.no)"
            " AND NOT EXISTS (SELECT 1 FROM folder b WHERE b.parent = folder.no)",
            (id,),
        )
    conn.executemany("DELETE FROM saved_search WHERE id = ?", [(id,) for id in marks.searches])
    conn.execute(
        "DELETE FROM tag WHERE no > ? AND no <= ?"
        " AND NOT EXISTS (SELECT 1 FROM conversation_tag x WHERE x.tag = tag.no)",
        (marks.first_tag, marks.last_tag or _highest(conn, "tag")),
    )


# Only messages that came later than the run's last show that somebody went on: by their number, or, where a number
# of something deleted for good was given again, by their time.
_UNTOUCHED = (
    "NOT EXISTS (SELECT 1 FROM message m WHERE m.conversation = conversation.no"
    " AND (m.no > {last} OR m.created >= {ended}))"
    " AND NOT EXISTS (SELECT 1 FROM conversation f JOIN message m ON m.no = f.fork_of"
    " WHERE m.conversation = conversation.no AND f.import_run IS NOT conversation.import_run)"
)


def _some(conn: sqlite3.Connection, run_no: int, where: str) -> list[str]:
    """Conversations of a run to be taken away at once: about AT_ONCE messages, forks before what they share."""
    chosen, messages = [], 0
    for id, count in conn.execute(
        f"SELECT id, message_count FROM conversation WHERE import_run = ? AND {where} ORDER BY no DESC LIMIT 100",
        (run_no,),
    ):
        chosen.append(id)
        messages += count
        if messages >= AT_ONCE:
            break
    return chosen


def _purge(conn: sqlite3.Connection, run_no: int, ids: Sequence[str]) -> None:
    """Conversations with the calls that came with them."""
    report = conn.execute("SELECT report FROM import_run WHERE no = ?", (run_no,)).fetchone()[0]
    marks = _unpacked(report).marks
    last = marks.last_call or _highest(conn, "ledger")
    for id in ids:
        calls = conn.execute(
            "SELECT call_id FROM ledger WHERE conversation = ? AND no > ? AND no <= ?", (id, marks.first_call, last)
        ).fetchall()
        conn.executemany("DELETE FROM repricing WHERE call_id = ?", calls)
        conn.executemany("DELETE FROM ledger WHERE call_id = ?", calls)
    if ids:
        conversations.purge(conn, ids)


def _remove(conn: sqlite3.Connection, no: int) -> bool:
    """One message that has nothing below it; the conversation then shows the branch above. False where it has."""
    below = conn.execute(
        "SELECT 1 FROM message WHERE parent = ?1 UNION ALL SELECT 1 FROM conversation WHERE fork_of = ?1", (no,)
    ).fetchone()
    if below is not None:
        return False
    parent, owner, cost, text = conn.execute(
        "SELECT m.parent, m.conversation, coalesce(m.cost_pico, 0), p.text FROM message m JOIN passage p USING (no)"
        " WHERE m.no = ?",
        (no,),
    ).fetchone()
    conn.execute("UPDATE conversation SET head = ? WHERE head = ?", (parent, no))
    conn.execute(
        "UPDATE conversation SET message_count = message_count - 1, cost_pico = cost_pico - ? WHERE no = ?",
        (cost, owner),
    )
    search.unindex(conn, no, text)
    for table in ("piece", "blob_use", "import_addition"):
        conn.execute(f"DELETE FROM {table} WHERE message = ?", (no,))
    conn.execute("DELETE FROM message WHERE no = ?", (no,))
    conn.execute("DELETE FROM passage WHERE no = ?", (no,))
    return True


def _run_no(conn: sqlite3.Connection, run: str) -> int:
    row = conn.execute("SELECT no FROM import_run WHERE id = ?", (run,)).fetchone()
    if row is None:
        raise Missing("This import is not known any more.", "Nothing was changed.")
    return int(row[0])


def _highest(conn: sqlite3.Connection, table: str) -> int:
    return int(conn.execute(f"SELECT coalesce(max(no), 0) FROM {table}").fetchone()[0])


def _packed(marks: Marks, report: bytes) -> str:
    return msgspec.json.encode(Ended(marks, msgspec.Raw(report))).decode()


def _unpacked(written: str) -> Ended:
    try:
        return msgspec.json.decode(written.encode(), type=Ended)
    except msgspec.DecodeError:
        return Ended(Marks())
