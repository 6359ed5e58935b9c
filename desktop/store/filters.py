"""A search line's filters, and a place of the library, as conditions on conversations `c` and messages `m`."""

# ruff: noqa: S608  (names in statements are our own; values are always bound)

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from msgspec import Struct

from desktop.core.conversation import Attachment, Audio, Picture, Reasoning, ToolCall, ToolResult
from desktop.core.errors import Missing
from desktop.core.library import Place
from desktop.core.search_query import Filter, Problem, SearchLine
from desktop.core.text import scalar
from desktop.store import conversations
from desktop.store.conversations import CODE_BIT, KIND_BITS

NEVER = "0"
_EVERYWHERE = Place()
NOT_TAGGED = "NOT EXISTS (SELECT 1 FROM conversation_tag x WHERE x.conversation = c.no)"

_OF_MESSAGES = ("model", "role", "state", "has", "before", "after", "on")
_ALL_OF = ("tag", "has", "before", "after", "on", "cost", "is")  # of others, such as role, any of those named will do
_PLAIN = {"page": "c.page", "role": "m.role", "state": "m.state"}
_IS = {"pinned": "c.is_pinned = 1", "archived": "c.archived > 0", "trashed": "c.trashed > 0"}
_HAS = {
    "image": KIND_BITS[Picture],
    "audio": KIND_BITS[Audio],
    "file": KIND_BITS[Attachment],
    "tool": KIND_BITS[ToolCall] | KIND_BITS[ToolResult],
    "code": CODE_BIT,
    "reasoning": KIND_BITS[Reasoning],
}


class Term(Struct, frozen=True):
    """A piece of a WHERE and the values bound in it."""

    sql: str
    values: tuple[object, ...] = ()


class Conditions(Struct, frozen=True):
    """What conversations must be, what the message that is shown must be, and what none of their messages may be.

    `dates` are what must be true of a conversation that has a message in a time, known without reading its messages.
    """

    conversation: tuple[Term, ...] = ()
    dates: tuple[Term, ...] = ()
    message: tuple[Term, ...] = ()
    no_message: tuple[Term, ...] = ()
    is_title_only: bool = False
    is_message_only: bool = False
    problems: tuple[Problem, ...] = ()

    @property
    def of_conversations(self) -> Term:
        """Whether a conversation passes as a whole: one of its messages passes all filters of messages."""
        terms = [*self.conversation, *self.dates]
        if self.message:
            inner = joined(self.message)
            terms.append(
                Term(
                    f"EXISTS (SELECT 1 FROM message m WHERE m.conversation = c.no AND {inner.sql})",
                    inner.values,
                )
            )
        for term in self.no_message:
            terms.append(
                Term(f"NOT EXISTS (SELECT 1 FROM message m WHERE m.conversation = c.no AND {term.sql})", term.values)
            )
        return joined(terms)

    @property
    def of_hits(self) -> Term:
        """Whether a hit passes: a message by itself, a title, where `m` is NULL, for its conversation."""
        if not self.message and not self.no_message:
            return joined(self.conversation)
        none = [Term(f"NOT ({term.sql})", term.values) for term in self.no_message]
        own, whole = joined([*self.message, *none]), self.of_conversations
        outer = joined(self.conversation)
        return Term(
            f"{outer.sql} AND CASE WHEN m.no IS NOT NULL THEN {own.sql} ELSE {whole.sql} END",
            (*outer.values, *own.values, *whole.values),
        )


def joined(terms: Iterable[Term], word: str = " AND ") -> Term:
    some = list(terms)
    if not some:
        return Term("1")
    return Term("(" + word.join(f"({term.sql})" for term in some) + ")", tuple(v for t in some for v in t.values))


def conditions(conn: sqlite3.Connection, line: SearchLine, place: Place = _EVERYWHERE) -> Conditions:
    """Conditions of a line in a place of the library."""
    problems: list[Problem] = []
    terms: dict[tuple[str, bool], list[Term]] = {}
    is_title_only = is_message_only = False
    for filter in line.filters:
        if filter.name == "in":
            is_title_only, is_message_only = not filter.is_not, filter.is_not
            continue
        term, problem = _term(conn, filter)
        problems += [problem] if problem else []
        terms.setdefault((filter.name, filter.is_not), []).append(term)
    dates = [_date_bounds(f) for f in line.filters if f.name in ("before", "after", "on") and not f.is_not]
    of_conversation = [*_of_place(conn, line, place)]
    of_message: list[Term] = []
    none: list[Term] = []
    for (name, is_not), some in terms.items():
        if is_not:
            (none if name in _OF_MESSAGES else of_conversation).extend(some)
        else:
            one = joined(some, " AND " if name in _ALL_OF else " OR ")
            (of_message if name in _OF_MESSAGES else of_conversation).append(one)
    return Conditions(
        tuple(of_conversation),
        tuple(term for some in dates for term in some),
        tuple(of_message),
        tuple(none),
        is_title_only,
        is_message_only,
        tuple(problems),
    )


def _term(conn: sqlite3.Connection, filter: Filter) -> tuple[Term, Problem | None]:
    """Of a filter of conversations the whole, of one of messages only what it says without its minus."""
    problem = None
    if filter.name == "tag":
        term, problem = _tagged(conn, filter)
    elif filter.name == "folder":
        term, problem = _in_folder(conn, filter)
    elif filter.name == "has":
        term = Term(f"m.kinds & {_HAS[filter.value]} <> 0")
    elif filter.name == "is":
        term = Term(_IS[filter.value])
    elif filter.name == "cost":
        term = Term(f"c.cost_pico {filter.than} ?", (filter.cost_pico,))
    elif filter.name == "model":
        term = _model(filter)
    elif filter.name in _PLAIN:
        term = Term(f"{_PLAIN[filter.name]} = ? COLLATE NOCASE", (filter.value,))
    else:
        term = _dated("m.created", filter)
    if filter.is_not and filter.name not in _OF_MESSAGES:
        term = Term(f"NOT ({term.sql})", term.values)
    return term, problem


def _model(filter: Filter) -> Term:
    if filter.is_exact:
        return Term("m.model = ?", (filter.value,))
    value = filter.value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return Term("m.model LIKE ? ESCAPE '\\'", (f"%{value}%",))


def _dated(column: str, filter: Filter) -> Term:
    terms = [Term(f"{column} >= ?", (filter.since,))] if filter.since is not None else []
    terms += [Term(f"{column} < ?", (filter.until,))] if filter.until is not None else []
    return joined(terms)


def _date_bounds(filter: Filter) -> list[Term]:
    terms = [Term("c.updated >= ?", (filter.since,))] if filter.since is not None else []
    return terms + ([Term("c.created < ?", (filter.until,))] if filter.until is not None else [])


def _tagged(conn: sqlite3.Connection, filter: Filter) -> tuple[Term, Problem | None]:
    row = conn.execute("SELECT no FROM tag WHERE name = ?", (filter.value.strip(),)).fetchone()
    if row is None:
        return Term(NEVER), Problem(filter.start, filter.end, f"There is no tag “{filter.value}”.")
    return Term(f"c.no IN (SELECT conversation FROM conversation_tag WHERE tag = {int(row[0])})"), None


def _in_folder(conn: sqlite3.Connection, filter: Filter) -> tuple[Term, Problem | None]:
    names = [name.strip() for name in filter.value.split("/") if name.strip()]
    found = _folders_named(conn, filter.value.strip(), names)
    if not found:
        return Term(NEVER), Problem(filter.start, filter.end, f"There is no folder “{filter.value}”.")
    inside = below(conn, found)
    return Term(f"c.folder IS NOT NULL AND {inside.sql}"), None


def _folders_named(conn: sqlite3.Connection, whole: str, names: list[str]) -> list[int]:
    """Folders of a name wherever they are, or at the end of a path such as "Work/Letters"."""
    found = [no for (no,) in conn.execute("SELECT no FROM folder WHERE name = ? COLLATE NOCASE", (whole,))]
    if found or len(names) < 2:
        return found
    at = [no for (no,) in conn.execute("SELECT no FROM folder WHERE name = ? COLLATE NOCASE", (names[0],))]
    for name in names[1:]:
        marks = ",".join(map(str, at))
        at = [
            no
            for (no,) in conn.execute(
                f"SELECT no FROM folder WHERE parent IN ({marks}) AND name = ? COLLATE NOCASE", (name,)
            )
        ]
    return at


def below(conn: sqlite3.Connection, folders: Iterable[int]) -> Term:
    """Conversations in some folders or in one below them."""
    numbers = ",".join(str(int(no)) for no in folders)
    rows = conn.execute(
        f"WITH RECURSIVE down(no) AS (SELECT no FROM folder WHERE no IN ({numbers}) UNION"
        " SELECT f.no FROM down JOIN folder f ON f.parent = down.no) SELECT no FROM down"
    )
    return Term(f"c.folder IN ({','.join(str(no) for (no,) in rows)})")


def _of_place(conn: sqlite3.Connection, line: SearchLine, place: Place) -> list[Term]:
    """What is in the trash or put away is only where it is asked for; a search also finds what was put away."""
    kind, value = place.kind, place.value
    asked = {filter.value for filter in line.filters if filter.name == "is" and not filter.is_not}
    is_trash = kind == "trash" or "trashed" in asked
    terms = [Term("c.trashed > 0" if is_trash else "c.trashed = 0")]
    if kind == "archived":
        terms.append(Term("c.archived > 0"))
    elif not is_trash and line.is_empty:
        terms.append(Term("c.archived = 0"))
    if kind == "folder":
        terms.append(_in_place_folder(conn, value))
    elif kind == "tag":
        terms.append(_tagged(conn, Filter("tag", scalar(value), 0, 0))[0])
    elif kind == "page":
        terms.append(Term("c.page = ?", (value,)))
    elif kind == "pinned":
        terms.append(Term("c.is_pinned = 1"))
    elif kind == "untagged":
        terms.append(Term(NOT_TAGGED))
    return terms


def _in_place_folder(conn: sqlite3.Connection, id: str) -> Term:
    try:
        return below(conn, [conversations.folder_no(conn, id)])
    except Missing:
        return Term(NEVER)
