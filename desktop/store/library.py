"""Folders, tags, saved searches, and what is done to many conversations at once; each act says what was before it."""

# ruff: noqa: S608  (names in statements are our own; values are always bound)

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from desktop.core.errors import BadInput, Missing
from desktop.core.library import Counts, Folder, Saved, Tag
from desktop.core.search_query import Known
from desktop.core.text import scalar
from desktop.store import conversations
from desktop.store.conversations import folder_no
from desktop.store.filters import NOT_TAGGED

LONGEST_NAME = 200

Was = list[tuple[object, str]]
"""A column's values before an act, each with the id of its row."""


class TagsChanged(Struct, frozen=True):
    """What tagging did: pairs of conversation and tag, by name, and the tags that were made for it."""

    added: tuple[tuple[str, str], ...] = ()
    removed: tuple[tuple[str, str], ...] = ()
    made: tuple[str, ...] = ()


class FolderGone(Struct, frozen=True):
    """A removed folder: what was in it, to put it back."""

    no: int
    id: str
    name: str
    parent: int | None
    conversations: tuple[int, ...]
    folders: tuple[tuple[int, str], ...]  # number and name before they moved up


def counts(conn: sqlite3.Connection) -> Counts:
    """One look at all conversations; ten milliseconds for some ten thousand."""
    live = "trashed = 0 AND archived = 0"
    row = conn.execute(
        f"SELECT count(*) FILTER (WHERE {live}), count(*) FILTER (WHERE {live} AND is_pinned),"
        " count(*) FILTER (WHERE trashed = 0 AND archived > 0), count(*) FILTER (WHERE trashed > 0),"
        f" count(*) FILTER (WHERE {live} AND {NOT_TAGGED}) FROM conversation c"
    ).fetchone()
    pages = conn.execute(f"SELECT page, count(*) FROM conversation WHERE {live} GROUP BY page ORDER BY page")
    tags = conn.execute(
        "SELECT t.name, count(c.no) FROM tag t LEFT JOIN conversation_tag x ON x.tag = t.no"
        " LEFT JOIN conversation c ON c.no = x.conversation AND c.trashed = 0 AND c.archived = 0"
        " GROUP BY t.no ORDER BY t.name"
    )
    usual, pinned, archived, trash, untagged = row
    return Counts(
        all=usual,
        pinned=pinned,
        archived=archived,
        trash=trash,
        untagged=untagged,
        pages=tuple(Tag(*one) for one in pages),
        folders=tuple(folders(conn)),
        tags=tuple(Tag(*one) for one in tags),
        saved=tuple(saved(conn)),
    )


def known(conn: sqlite3.Connection) -> Known:
    """What filters can be completed with; models are those of conversations, the one used last in each."""
    return Known(
        models=_names(conn, "SELECT DISTINCT model FROM conversation WHERE model <> '' ORDER BY model"),
        tags=_names(conn, "SELECT name FROM tag ORDER BY name"),
        folders=_names(conn, "SELECT DISTINCT name FROM folder ORDER BY name COLLATE NOCASE"),
        pages=_names(conn, "SELECT DISTINCT page FROM conversation ORDER BY page"),
    )


def _names(conn: sqlite3.Connection, question: str) -> tuple[str, ...]:
    return tuple(name for (name,) in conn.execute(question))


# Folders


def folders(conn: sqlite3.Connection) -> list[Folder]:
    """All folders by name, each with the number of conversations in it and below it."""
    rows = conn.execute(
        "SELECT f.no, f.id, f.name, f.parent, count(c.no) FROM folder f"
        " LEFT JOIN conversation c ON c.folder = f.no AND c.trashed = 0 AND c.archived = 0 GROUP BY f.no"
    ).fetchall()
    parents = {no: parent for no, _, _, parent, _ in rows}
    ids = {no: id for no, id, _, _, _ in rows}
    total = dict.fromkeys(parents, 0)
    for no, _, _, _, own in rows:
        at: int | None = no
        while at is not None:
            total[at] += own
            at = parents[at]
    found = [Folder(id, name, ids.get(parent, ""), total[no]) for no, id, name, parent, _ in rows]
    return sorted(found, key=lambda folder: (folder.name.casefold(), folder.id))


def make_folder(conn: sqlite3.Connection, id: str, name: str, parent: str = "") -> Folder:
    """Raises BadInput for a name that is empty, too long or taken there, Missing where the parent is gone."""
    above = folder_no(conn, parent) if parent else None
    name = _free_name(conn, name, above)
    conn.execute("INSERT INTO folder (id, name, parent) VALUES (?, ?, ?)", (id, name, above))
    return Folder(id, name, parent)


def rename_folder(conn: sqlite3.Connection, id: str, name: str) -> str:
    """Returns the name before; raises what `make_folder` raises."""
    no, before, parent = _folder(conn, id)
    conn.execute("UPDATE folder SET name = ? WHERE no = ?", (_free_name(conn, name, parent, but=no), no))
    return before


def move_folder(conn: sqlite3.Connection, id: str, parent: str) -> str:
    """Into another folder, or to the top with "". Returns the parent before.

    Raises BadInput where it would be inside itself, or where its name is taken there.
    """
    no, name, before = _folder(conn, id)
    to = folder_no(conn, parent) if parent else None
    if to is not None and no in _above(conn, to):
        raise BadInput(f"“{name}” cannot be moved into itself.", "Choose a folder that is not inside it.")
    _free_name(conn, name, to, but=no)
    conn.execute("UPDATE folder SET parent = ? WHERE no = ?", (to, no))
    return _folder_id(conn, before)


def remove_folder(conn: sqlite3.Connection, id: str) -> FolderGone:
    """What was in it moves up; a folder whose name is taken there gets a number."""
    no, name, parent = _folder(conn, id)
    inside = [c for (c,) in conn.execute("SELECT no FROM conversation WHERE folder = ?", (no,))]
    below = conn.execute("SELECT no, name FROM folder WHERE parent = ? ORDER BY no", (no,)).fetchall()
    for child, called in below:
        new = _numbered(conn, called, parent, but=no)
        conn.execute("UPDATE folder SET parent = ?, name = ? WHERE no = ?", (parent, new, child))
    conn.execute("UPDATE conversation SET folder = ? WHERE folder = ?", (parent, no))
    conn.execute("DELETE FROM folder WHERE no = ?", (no,))
    return FolderGone(no, id, name, parent, tuple(inside), tuple(below))


def put_folder_back(conn: sqlite3.Connection, gone: FolderGone) -> None:
    """Undo `remove_folder`; what was moved elsewhere meanwhile, or is gone, stays so."""
    parent = gone.parent
    if parent is not None and not conn.execute("SELECT 1 FROM folder WHERE no = ?", (parent,)).fetchone():
        parent = None
    name = _numbered(conn, gone.name, parent, but=0)
    no = conn.execute("INSERT INTO folder (id, name, parent) VALUES (?, ?, ?)", (gone.id, name, parent)).lastrowid
    conn.executemany(
        "UPDATE folder SET parent = ?, name = ? WHERE no = ? AND parent IS ?",
        [(no, called, child, parent) for child, called in gone.folders],
    )
    conn.executemany(
        "UPDATE conversation SET folder = ? WHERE no = ? AND folder IS ?",
        [(no, inside, parent) for inside in gone.conversations],
    )


def _folder(conn: sqlite3.Connection, id: str) -> tuple[int, str, int | None]:
    no, name, parent = conn.execute(
        "SELECT no, name, parent FROM folder WHERE no = ?", (folder_no(conn, id),)
    ).fetchone()
    return no, name, parent


def _folder_id(conn: sqlite3.Connection, no: int | None) -> str:
    row = conn.execute("SELECT id FROM folder WHERE no = ?", (no,)).fetchone()
    return str(row[0]) if row else ""


def _above(conn: sqlite3.Connection, no: int) -> set[int]:
    """A folder and all it is in."""
    rows = conn.execute(
        "WITH RECURSIVE up(no) AS (VALUES (?) UNION SELECT f.parent FROM up JOIN folder f ON f.no = up.no"
        " WHERE f.parent IS NOT NULL) SELECT no FROM up",
        (no,),
    )
    return {above for (above,) in rows}


def _free_name(conn: sqlite3.Connection, name: str, parent: int | None, but: int = 0) -> str:
    """The name as it is kept; raises BadInput where it cannot be."""
    name = named(name)
    if name.casefold() in _neighbours(conn, parent, but):
        raise BadInput(f"There is already a folder “{name}” here.", "Choose another name.")
    return name


def _numbered(conn: sqlite3.Connection, name: str, parent: int | None, but: int) -> str:
    taken = _neighbours(conn, parent, but)
    number, free = 1, name
    while free.casefold() in taken:
        number += 1
        free = f"{name} ({number})"
    return free


def _neighbours(conn: sqlite3.Connection, parent: int | None, but: int) -> set[str]:
    rows = conn.execute("SELECT name FROM folder WHERE parent IS ? AND no <> ?", (parent, but))
    return {name.casefold() for (name,) in rows}


def named(name: str) -> str:
    """A name in one line; raises BadInput for an empty or a very long one."""
    name = " ".join(scalar(name).replace("\0", " ").split())
    if not name:
        raise BadInput("A name is missing.", "Write one.")
    if len(name) > LONGEST_NAME:
        raise BadInput(f"This name is longer than {LONGEST_NAME} characters.", "Choose a shorter one.")
    return name


# Tags


def tag(conn: sqlite3.Connection, ids: Iterable[str], add: Sequence[str], remove: Sequence[str]) -> TagsChanged:
    """Give tags to conversations, making those that are not there, and take others off."""
    made = [name for name in dict.fromkeys(map(named, add)) if _make_tag(conn, name)]
    added, removed = [], []
    for id in ids:
        added += [(id, name) for name in map(named, add) if _put_tag(conn, id, name)]
        removed += [(id, name) for name in remove if _take_tag(conn, id, name)]
    return TagsChanged(tuple(added), tuple(removed), tuple(made))


def untag(conn: sqlite3.Connection, changed: TagsChanged) -> None:
    """Take back what `tag` did."""
    for id, name in changed.added:
        _take_tag(conn, id, name)
    for id, name in changed.removed:
        _make_tag(conn, name)
        _put_tag(conn, id, name)
    unused = "NOT EXISTS (SELECT 1 FROM conversation_tag x WHERE x.tag = tag.no)"
    conn.executemany(f"DELETE FROM tag WHERE name = ? AND {unused}", [(name,) for name in changed.made])


def rename_tag(conn: sqlite3.Connection, name: str, new: str) -> TagsChanged:
    """Where the new name is another tag's, both become that one. Returns what `restore_tag` takes back."""
    new = named(new)
    no, spelt = _tag(conn, name)
    other = conn.execute("SELECT no FROM tag WHERE name = ? AND no <> ?", (new, no)).fetchone()
    if other is None:
        conn.execute("UPDATE tag SET name = ? WHERE no = ?", (new, no))
        return TagsChanged(made=(new, spelt))
    having = _tagged(conn, no)
    added = [(id, new) for id in having if _put_tag(conn, id, new)]
    remove_tag(conn, name)
    return TagsChanged(tuple(added), tuple((id, spelt) for id in having))


def restore_tag(conn: sqlite3.Connection, changed: TagsChanged, name: str) -> None:
    """Undo `rename_tag`, or `remove_tag` of a name."""
    if changed.made:
        conn.execute("UPDATE OR IGNORE tag SET name = ? WHERE name = ?", (changed.made[1], changed.made[0]))
        return
    _make_tag(conn, name)
    untag(conn, changed)


def remove_tag(conn: sqlite3.Connection, name: str) -> TagsChanged:
    """Off all conversations. Raises Missing."""
    no, spelt = _tag(conn, name)
    having = _tagged(conn, no)
    conn.execute("DELETE FROM conversation_tag WHERE tag = ?", (no,))
    conn.execute("DELETE FROM tag WHERE no = ?", (no,))
    return TagsChanged(removed=tuple((id, spelt) for id in having))


def _tag(conn: sqlite3.Connection, name: str) -> tuple[int, str]:
    row = conn.execute("SELECT no, name FROM tag WHERE name = ?", (scalar(name),)).fetchone()
    if row is None:
        raise Missing(f"There is no tag “{name}” any more.")
    return int(row[0]), str(row[1])


def _tagged(conn: sqlite3.Connection, no: int) -> list[str]:
    rows = conn.execute(
        "SELECT c.id FROM conversation_tag x JOIN conversation c ON c.no = x.conversation WHERE tag = ?", (no,)
    )
    return [id for (id,) in rows]


def _make_tag(conn: sqlite3.Connection, name: str) -> bool:
    return conn.execute("INSERT OR IGNORE INTO tag (name) VALUES (?)", (name,)).rowcount == 1


def _put_tag(conn: sqlite3.Connection, id: str, name: str) -> bool:
    done = conn.execute(
        "INSERT OR IGNORE INTO conversation_tag SELECT c.no, t.no FROM conversation c, tag t"
        " WHERE c.id = ? AND t.name = ?",
        (id, name),
    )
    return done.rowcount == 1


def _take_tag(conn: sqlite3.Connection, id: str, name: str) -> bool:
    done = conn.execute(
        "DELETE FROM conversation_tag WHERE conversation = (SELECT no FROM conversation WHERE id = ?)"
        " AND tag = (SELECT no FROM tag WHERE name = ?)",
        (id, name),
    )
    return done.rowcount == 1


# Many at once

_ACTS = {
    "is_pinned": "is_pinned <> ?",
    "archived": "(archived > 0) <> (? > 0)",
    "trashed": "(trashed > 0) <> (? > 0)",
    "folder": "folder IS NOT ?",
}
"""Columns that are set for many, and whether that changes a row; a date that stands is not renewed."""


def set_all(conn: sqlite3.Connection, column: str, ids: Iterable[str], value: object) -> Was:
    """Set a column; returns the values before, of those rows that changed."""
    was: Was = []
    for id in ids:
        row = conn.execute(
            f"SELECT {column} FROM conversation WHERE id = ? AND trashed >= 0 AND {_ACTS[column]}", (id, value)
        ).fetchone()
        if row is not None:
            conn.execute(f"UPDATE conversation SET {column} = ? WHERE id = ?", (value, id))
            was.append((row[0], id))
    return was


def set_back(conn: sqlite3.Connection, column: str, was: Was) -> None:
    """Undo `set_all`; of a folder that is gone nothing is left to be put into."""
    if column not in _ACTS:
        raise ValueError(column)
    value = "(SELECT no FROM folder WHERE no = ?)" if column == "folder" else "?"
    conn.executemany(f"UPDATE conversation SET {column} = {value} WHERE id = ?", was)


def put_in(conn: sqlite3.Connection, ids: Iterable[str], folder: str) -> Was:
    """Into a folder, or out of all with ""; raises Missing."""
    return set_all(conn, "folder", ids, folder_no(conn, folder) if folder else None)


# Saved searches


def saved(conn: sqlite3.Connection) -> list[Saved]:
    rows = conn.execute("SELECT id, name, query FROM saved_search ORDER BY name COLLATE NOCASE, no")
    return [Saved(*row) for row in rows]


def save_search(conn: sqlite3.Connection, made: Saved, now_us: int) -> Saved:
    name = named(made.name)
    conn.execute(
        "INSERT INTO saved_search (id, name, query, created) VALUES (?, ?, ?, ?)",
        (made.id, name, scalar(made.query), now_us),
    )
    return Saved(made.id, name, made.query)


def rename_search(conn: sqlite3.Connection, id: str, name: str) -> str:
    """Returns the name before; raises Missing."""
    before = _search(conn, id)[2]
    conn.execute("UPDATE saved_search SET name = ? WHERE id = ?", (named(name), id))
    return str(before)


def forget_search(conn: sqlite3.Connection, id: str) -> tuple[Any, ...]:
    """Returns the row, for `put_search_back`; raises Missing."""
    row = _search(conn, id)
    conn.execute("DELETE FROM saved_search WHERE id = ?", (id,))
    return row


def put_search_back(conn: sqlite3.Connection, row: tuple[Any, ...]) -> None:
    conn.execute("INSERT OR IGNORE INTO saved_search (no, id, name, query, created) VALUES (?, ?, ?, ?, ?)", row)


def _search(conn: sqlite3.Connection, id: str) -> tuple[Any, ...]:
    row = conn.execute("SELECT no, id, name, query, created FROM saved_search WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise Missing("This saved search is not there any more.")
    return tuple(row)


def retitle(conn: sqlite3.Connection, id: str, title: str, instead_of: str | None = None) -> str | None:
    """Returns the title before; None, and changes nothing, where that is not the one to be replaced. Raises Missing."""
    before = conversations.get(conn, id).title
    if instead_of is not None and before != instead_of:
        return None
    conversations.update(conn, id, title=title)
    return before
