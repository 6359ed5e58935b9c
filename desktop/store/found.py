"""What a search line finds in a place of the library: one entry for each conversation, a page at a time."""

# ruff: noqa: S608  (names in statements are our own; values are always bound)

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec
from msgspec import Struct

from desktop.core.conversation import Conversation
from desktop.core.library import Entry, Order, Place, Results
from desktop.core.search_query import SearchLine
from desktop.core.text import scalar
from desktop.store import conversations, search, tree
from desktop.store.conversations import COLUMNS, FROM
from desktop.store.filters import Conditions, Term, conditions
from desktop.store.search import MESSAGE, TITLE, Query

_EVERYWHERE = Place()
MOST_COUNTED = 1000  # beyond, "1,000+"
FEW = 1000  # hits that are sorted by their time where old conversations came in late: some ten milliseconds
MOST_RANKED = 2000
_SPREAD = 100  # a conversation's passages are looked up one by one where so many others stand between them
_PREVIEW = 160  # characters of the last message, where nothing was searched for

_KEYS = {
    "newest": "c.is_pinned DESC, c.updated DESC, c.no DESC",
    "oldest": "c.created, c.no",
    "title": "lower(t.text), c.no",
    "cost": "c.cost_pico DESC, c.no DESC",
}
_AFTER = {
    "newest": "(c.is_pinned, c.updated, c.no) < (?, ?, ?)",
    "oldest": "(c.created, c.no) > (?, ?)",
    "title": "(lower(t.text), c.no) > (?, ?)",
    "cost": "(c.cost_pico, c.no) < (?, ?)",
}


class _Cursor(Struct, array_like=True):
    """Where the next page begins: behind a key of a list, or behind so many conversations of a search.

    A search keeps its `top` passage, so that what is said meanwhile moves nothing.
    """

    count: int = 0
    is_more: bool = False
    key: list[Any] = []
    offset: int = 0
    top: int = 0
    attempt: int = 0


class _Group(Struct):
    """A conversation's number with the hit that is shown."""

    owner: int
    passage: int
    source: int
    hits: int = 1


def page(
    conn: sqlite3.Connection,
    line: SearchLine,
    place: Place = _EVERYWHERE,
    *,
    order: Order = "newest",
    limit: int = 100,
    after: str | None = None,
) -> Results:
    """The next `limit` entries after a cursor.

    Without words, conversations: pinned ones first, then by the order. With words, conversations by their hits.
    "newest" and "oldest" go by the number of a passage, which grows with time but for imports. Where there were any,
    up to FEW hits are sorted by their own time, newest first; of more, those that came in last stand first.
    "relevance" is BM25's; where only characters of scripts without blanks are looked for it is "newest". "title" and
    "cost" sort what was found among the newest `search.MOST_HITS` hits. Hits are counted as far as was looked, which
    is until the page is full.
    """
    query = search.parse(line.words, line.without)
    rules = conditions(conn, line, place)
    cursor = msgspec.json.decode(after, type=_Cursor) if after else _Cursor()
    if query.is_empty:
        return _listed(conn, rules, query, order, limit, cursor)
    return _searched(conn, rules, query, order, limit, cursor)


# Without words


def _listed(
    conn: sqlite3.Connection, rules: Conditions, query: Query, order: Order, limit: int, cursor: _Cursor
) -> Results:
    order = "newest" if order == "relevance" else order
    where = _and(rules.of_conversations, _without_owners(query))
    behind = Term(_AFTER[order], tuple(cursor.key)) if cursor.key else Term("1")
    both = _and(where, behind)
    rows = conn.execute(
        f"SELECT {COLUMNS} {FROM} WHERE {both.sql} ORDER BY {_KEYS[order]} LIMIT ?", (*both.values, limit + 1)
    ).fetchall()
    if not cursor.key:
        cursor.count, cursor.is_more = len(rows), False
        if len(rows) > limit:
            cursor.count, cursor.is_more = _counted(conn, where)
    shown = rows[:limit]
    found = conversations.with_tags(conn, shown)
    entries = tuple(_previewed(conn, rules, row, one) for row, one in zip(shown, found, strict=True))
    following = None
    if len(rows) > limit:
        cursor.key = _key(order, shown[-1], found[-1])
        following = msgspec.json.encode(cursor).decode()
    return Results(entries, following, rules.problems, cursor.count, cursor.is_more)


def _key(order: Order, row: tuple[Any, ...], last: Conversation) -> list[Any]:
    no = row[0]
    if order == "newest":
        return [int(last.is_pinned), last.updated, no]
    if order == "title":
        return [_lower(last.title), no]
    return [last.created if order == "oldest" else last.cost_pico, no]


def _lower(text: str) -> str:
    """As SQLite's lower(): of ASCII alone."""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def _counted(conn: sqlite3.Connection, where: Term) -> tuple[int, bool]:
    (count,) = conn.execute(
        f"SELECT count(*) FROM (SELECT 1 {FROM} WHERE {where.sql} LIMIT {MOST_COUNTED + 1})", where.values
    ).fetchone()
    return min(count, MOST_COUNTED), count > MOST_COUNTED


def _without_owners(query: Query) -> Term:
    """Conversations none of whose texts hold what is to be left out."""
    terms = [
        Term(
            f"c.no NOT IN (SELECT p.owner FROM {index} i JOIN passage p ON p.no = i.rowid WHERE {index} MATCH ?)",
            (asked,),
        )
        for index, asked in (("passage_index", query.not_words), ("pair_index", query.not_pairs))
        if asked
    ]
    return _and(*terms)


def _previewed(conn: sqlite3.Connection, rules: Conditions, row: tuple[Any, ...], found: Conversation) -> Entry:
    """With the newest message that passes the filters, or with the beginning of the last one."""
    if rules.message:
        own = _and(*rules.message)
        hits, no = conn.execute(
            f"SELECT count(*), max(m.no) FROM message m WHERE m.conversation = ? AND {own.sql}", (row[0], *own.values)
        ).fetchone()
        if no is not None:
            id, role, when, text = conn.execute(
                "SELECT m.id, m.role, m.created, substr(p.text, 1, ?) FROM message m JOIN passage p USING (no)"
                " WHERE m.no = ?",
                (_PREVIEW, no),
            ).fetchone()
            return Entry(found, id, role, search.plain_line(text), when, hits)
    last = conn.execute(
        "SELECT m.role, substr(p.text, 1, ?) FROM message m JOIN passage p USING (no) WHERE m.id = ?",
        (_PREVIEW, found.head),
    ).fetchone() or ("", "")
    return Entry(found, None, last[0], search.plain_line(last[1]), found.updated, 0)


# With words


def _searched(
    conn: sqlite3.Connection, rules: Conditions, query: Query, order: Order, limit: int, cursor: _Cursor
) -> Results:
    cursor.top = cursor.top or conn.execute("SELECT coalesce(max(no), 0) FROM passage").fetchone()[0]
    wanted = cursor.offset + limit
    attempts = search.expressions(query)
    while True:
        groups, is_whole = _groups(conn, rules, query, attempts[cursor.attempt], order, wanted, cursor.top)
        is_last = cursor.attempt + 1 >= len(attempts)
        if len(groups) > limit or cursor.offset or is_last:
            break
        cursor.attempt += 1
    shown = groups[cursor.offset : wanted]
    entries = _entries(conn, shown, query)
    if not cursor.offset:
        cursor.count = min(len(groups), MOST_COUNTED if is_whole else wanted)
        cursor.is_more = not is_whole or len(groups) > MOST_COUNTED
    following = None
    if len(groups) > wanted:
        cursor.offset = wanted
        following = msgspec.json.encode(cursor).decode()
    return Results(entries, following, rules.problems, cursor.count, cursor.is_more)


def _groups(
    conn: sqlite3.Connection, rules: Conditions, query: Query, words: str, order: Order, wanted: int, top: int
) -> tuple[list[_Group], bool]:
    """More than `wanted` conversations, or all there are (then True), each with the hit that is shown."""
    is_ranked = order == "relevance" and bool(words)
    if order == "newest" and _has_imports(conn):
        hits = list(hits_of(conn, rules, query, words, top, "DESC", FEW + 1))
        if len(hits) <= FEW:
            hits.sort(key=lambda hit: (hit[3], hit[0]), reverse=True)
            return _grouped(hits, len(hits) + 1)
    if order in ("newest", "oldest"):
        hits_in_order = hits_of(conn, rules, query, words, top, "ASC" if order == "oldest" else "DESC")
        return _grouped(hits_in_order, wanted)
    if is_ranked:
        return _grouped(hits_of(conn, rules, query, words, top, "RANK", MOST_RANKED), MOST_RANKED, MOST_RANKED)
    groups, is_whole = _grouped(hits_of(conn, rules, query, words, top, "DESC"), search.MOST_HITS)
    if order in ("title", "cost"):
        groups = _sorted(conn, groups, order)
    return groups, is_whole


def _has_imports(conn: sqlite3.Connection) -> bool:
    return bool(conn.execute("SELECT EXISTS (SELECT 1 FROM conversation WHERE import_run IS NOT NULL)").fetchone()[0])


def hits_of(
    conn: sqlite3.Connection,
    rules: Conditions,
    query: Query,
    words: str,
    top: int,
    order: Literal["ASC", "DESC", "RANK"],
    limit: int = search.MOST_HITS,
) -> Iterator[tuple[int, int, int, int]]:
    """Passage, source, owner and time of hits."""
    index, asked = search.leading(query, words)
    also, more = search.besides(query, words)
    hits = rules.of_hits
    source = " AND m.no IS NULL" if rules.is_title_only else " AND m.no IS NOT NULL" if rules.is_message_only else ""
    sort = "i.rank" if order == "RANK" else f"i.rowid {order}"
    return conn.execute(
        # CROSS JOIN: the index leads, so that hits come in its order without sorting. Passages themselves, which have
        # the texts and so many more pages, are not read.
        f"SELECT i.rowid, CASE WHEN m.no IS NULL THEN {TITLE} ELSE {MESSAGE} END, c.no, coalesce(m.created, c.updated)"
        f" FROM {index} i LEFT JOIN message m ON m.no = i.rowid CROSS JOIN conversation c"
        " ON c.no = coalesce(m.conversation, (SELECT no FROM conversation WHERE title = i.rowid))"
        f" WHERE {index} MATCH ? AND i.rowid <= ?{also}{source} AND {hits.sql} ORDER BY {sort} LIMIT ?",
        (asked, top, *more, *hits.values, limit),
    )


def _grouped(
    hits: Iterable[tuple[int, int, int, int]], wanted: int, most: int = search.MOST_HITS
) -> tuple[list[_Group], bool]:
    """Hits by conversation, the first one of each shown; a hit in a message goes before one in the title.

    True where these are all: there were fewer than `most` hits.
    """
    groups: dict[int, _Group] = {}
    looked_at = 0
    for passage, source, owner, _ in hits:
        looked_at += 1
        if (group := groups.get(owner)) is None:
            groups[owner] = _Group(owner, passage, source)
        else:
            group.hits += 1
            if group.source == TITLE and source == MESSAGE:
                group.passage, group.source = passage, source
        if len(groups) > wanted:
            return list(groups.values()), False
    return list(groups.values()), looked_at < most


def _sorted(conn: sqlite3.Connection, groups: list[_Group], order: Order) -> list[_Group]:
    key = "lower(t.text)" if order == "title" else "-c.cost_pico"
    keys: dict[int, Any] = {}
    for start in range(0, len(groups), 500):
        numbers = ",".join(str(group.owner) for group in groups[start : start + 500])
        keys.update(
            conn.execute(
                f"SELECT c.no, {key} FROM conversation c JOIN passage t ON t.no = c.title WHERE c.no IN ({numbers})"
            ).fetchall()
        )
    return sorted(groups, key=lambda group: (keys[group.owner], group.owner))


def _entries(conn: sqlite3.Connection, groups: list[_Group], query: Query) -> tuple[Entry, ...]:
    found = conversations.many(conn, [group.owner for group in groups])
    entries = []
    for group in groups:
        text, id, role, created = conn.execute(
            "SELECT p.text, m.id, m.role, m.created FROM passage p LEFT JOIN message m ON m.no = p.no WHERE p.no = ?",
            (group.passage,),
        ).fetchone()
        of = found[group.owner]
        is_message = group.source == MESSAGE
        entries.append(
            Entry(
                of,
                id if is_message else None,
                role if is_message else "",
                search.snippet(scalar(text), query),
                created if is_message else of.updated,
                group.hits,
            )
        )
    return tuple(entries)


def count(conn: sqlite3.Connection, line: SearchLine, place: Place = _EVERYWHERE) -> tuple[int, bool]:
    """How many conversations there are up to MOST_COUNTED, and whether there are more; slower than a page of them."""
    query = search.parse(line.words, line.without)
    rules = conditions(conn, line, place)
    if query.is_empty:
        return _counted(conn, _and(rules.of_conversations, _without_owners(query)))
    (top,) = conn.execute("SELECT coalesce(max(no), 0) FROM passage").fetchone()
    hits = hits_of(conn, rules, query, search.expressions(query)[-1], top, "DESC")
    groups, is_whole = _grouped(hits, MOST_COUNTED)
    return min(len(groups), MOST_COUNTED), not is_whole


# Within one conversation


def hits_in(conn: sqlite3.Connection, conversation_id: str, line: SearchLine) -> list[str]:
    """Ids of a conversation's messages with a hit, of all its branches and the shared past, in the order of numbers.

    Without words: those that pass the filters, where there are any of messages. Raises Missing.
    """
    outline = tree.outline(conn, conversation_id)
    query = search.parse(line.words, line.without)
    rules = conditions(conn, line, _EVERYWHERE)
    own = _and(*rules.message, *(Term(f"NOT ({term.sql})", term.values) for term in rules.no_message))
    if rules.is_title_only or (query.is_empty and not rules.message):
        return []
    numbers: dict[int, str] = {}
    ids = list(outline.parents)
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        rows = conn.execute(
            f"SELECT m.no, m.id FROM message m WHERE m.id IN ({','.join('?' * len(some))}) AND {own.sql}",
            (*some, *own.values),
        )
        numbers.update(rows.fetchall())
    if query.is_empty:
        return [numbers[no] for no in sorted(numbers)]
    return [numbers[no] for no in _matching(conn, query, numbers)] if numbers else []


def _matching(conn: sqlite3.Connection, query: Query, numbers: Iterable[int]) -> list[int]:
    """Those of some passages that hold all that is asked, by their numbers."""
    among = set(numbers)
    words = search.expressions(query)[-1]
    index, asked = search.leading(query, words)
    also, more = search.besides(query, words)
    lowest, highest = min(among), max(among)
    if highest - lowest < _SPREAD * len(among):
        rows = conn.execute(
            f"SELECT i.rowid FROM {index} i WHERE {index} MATCH ? AND i.rowid BETWEEN ? AND ?{also} ORDER BY i.rowid",
            (asked, lowest, highest, *more),
        )
        return [no for (no,) in rows if no in among]
    one = f"SELECT 1 FROM {index} i WHERE {index} MATCH ? AND i.rowid = ?{also}"
    return [no for no in sorted(among) if conn.execute(one, (asked, no, *more)).fetchone()]


def _and(*terms: Term) -> Term:
    return Term(
        " AND ".join(f"({term.sql})" for term in terms) or "1", tuple(value for t in terms for value in t.values)
    )
