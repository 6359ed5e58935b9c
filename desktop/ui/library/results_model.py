"""What a search of the library found, as rows that are read on demand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QAbstractListModel,
    QByteArray,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from desktop.ui.library import words
from desktop.ui.widgets.moments import exact, relative
from desktop.ui.widgets.tooltip import tip

if TYPE_CHECKING:
    from desktop.core.library import Entry

Index = QModelIndex | QPersistentModelIndex

CONVERSATIONS = "application/x-davenport-conversations"
"""What rows are while they are dragged: their ids as JSON."""

_USER = Qt.ItemDataRole.UserRole
ID, TITLE, SNIPPET, DATE, MODEL, COST, HITS, PINNED, FOLDER, TAGS, MESSAGE = range(_USER + 1, _USER + 12)
STATE, IS_OPEN = _USER + 12, _USER + 13
ROLES = {
    ID: b"id",
    TITLE: b"title",
    SNIPPET: b"snippet",
    DATE: b"date",
    MODEL: b"model",
    COST: b"cost",
    HITS: b"hits",
    PINNED: b"pinned",
    FOLDER: b"folder",
    TAGS: b"tags",
    MESSAGE: b"message",
    STATE: b"state",
    IS_OPEN: b"open",
}


class ResultsModel(QAbstractListModel):
    """Rows by the roles above, keyed by the conversation's id.

    `more_wanted` asks for the rows after the last one; `append` answers it.
    """

    more_wanted = Signal()

    def __init__(self, parent: QObject | None = None, now: Callable[[], datetime] = datetime.now) -> None:
        super().__init__(parent)
        self._now = now
        self._rows: list[Entry] = []
        self._folders: Mapping[str, str] = {}
        self._emptied: Callable[[int], str] = lambda trashed: ""
        self._open = ""
        self.next: str | None = None  # where the next rows begin, None at the end
        self.is_waiting = False  # they were asked for

    # what views ask

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def roleNames(self) -> dict[int, QByteArray]:
        return {**super().roleNames(), **{role: QByteArray(name) for role, name in ROLES.items()}}

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or not 0 <= index.row() < len(self._rows):
            return None
        entry = self._rows[index.row()]
        row = entry.conversation
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.title or "Untitled"
            case Qt.ItemDataRole.ToolTipRole:
                return tip(self._told(entry))
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._spoken(entry)
            case Qt.ItemDataRole.AccessibleDescriptionRole:
                return exact(entry.when)
        return self._named(entry, role)

    def _named(self, entry: Entry, role: int) -> object:
        row = entry.conversation
        found: dict[int, Callable[[], object]] = {
            ID: lambda: row.id,
            TITLE: lambda: row.title or "Untitled",
            SNIPPET: lambda: entry.snippet,
            DATE: lambda: relative(entry.when, self._now()),
            MODEL: lambda: row.model,
            COST: lambda: words.cost(row.cost_pico),
            HITS: lambda: entry.hits,
            PINNED: lambda: row.is_pinned,
            FOLDER: lambda: self._folders.get(row.folder, ""),
            TAGS: lambda: row.tags,
            MESSAGE: lambda: entry.message or "",
            STATE: lambda: self._state(entry),
            IS_OPEN: lambda: row.id == self._open,
        }
        return found[role]() if role in found else None

    def _state(self, entry: Entry) -> str:
        row = entry.conversation
        if row.trashed > 0:
            return self._emptied(row.trashed) or "in the trash"
        return "archived" if row.archived else ""

    def _spoken(self, entry: Entry) -> str:
        row = entry.conversation
        pieces = [row.title or "Untitled", "pinned" if row.is_pinned else "", relative(entry.when, self._now())]
        pieces += [words.many(entry.hits, "hit") if entry.hits else "", self._state(entry)]
        return ", ".join(piece for piece in pieces if piece)

    def _told(self, entry: Entry) -> str:
        """All of a row that a narrow list has no room for."""
        row = entry.conversation
        pieces = [
            row.title or "Untitled",
            f"Last changed {exact(row.updated)}",
            words.many(row.message_count, "message"),
        ]
        pieces += [row.model, words.cost(row.cost_pico), self._folders.get(row.folder, ""), ", ".join(row.tags)]
        return "\n".join(piece for piece in pieces if piece)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else flags

    def mimeTypes(self) -> list[str]:
        return [CONVERSATIONS]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        carried = QMimeData()
        ids = [index.data(ID) for index in indexes]
        carried.setData(CONVERSATIONS, QByteArray(json.dumps(ids).encode()))
        return carried

    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self.next is not None and not self.is_waiting

    def fetchMore(self, parent: Index) -> None:
        if self.canFetchMore(parent):
            self.is_waiting = True
            self.more_wanted.emit()

    # what the page gives

    def show(self, entries: Sequence[Entry], next_rows: str | None) -> None:
        """The answer to another question: nothing of the rows before it stays."""
        self.beginResetModel()
        self._rows = list(entries)
        self.next, self.is_waiting = next_rows, False
        self.endResetModel()

    def append(self, entries: Sequence[Entry], next_rows: str | None) -> None:
        """The rows after the last one; what is there already, since the archive changed meanwhile, is left out."""
        self.next, self.is_waiting = next_rows, False
        known = {row.conversation.id for row in self._rows}
        new = [entry for entry in entries if entry.conversation.id not in known]
        if new:
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(new) - 1)
            self._rows.extend(new)
            self.endInsertRows()

    def replace(self, entries: Sequence[Entry], next_rows: str | None) -> None:
        """The same question asked again: only what is new, gone, moved or changed is touched."""
        self.next, self.is_waiting = next_rows, False
        wanted = {entry.conversation.id for entry in entries}
        self._remove_others(wanted)
        held = {row.conversation.id for row in self._rows}
        at = 0
        while at < len(entries):
            run = at
            while run < len(entries) and entries[run].conversation.id not in held:
                run += 1
            if run > at:
                self.beginInsertRows(QModelIndex(), at, run - 1)
                self._rows[at:at] = entries[at:run]
                self.endInsertRows()
                at = run
            else:
                self._place(at, entries[at])
                at += 1

    def _remove_others(self, wanted: set[str]) -> None:
        """Rows that are gone, a run of them at a time, from the end."""
        last = len(self._rows) - 1
        while last >= 0:
            if self._rows[last].conversation.id in wanted:
                last -= 1
                continue
            first = last
            while first > 0 and self._rows[first - 1].conversation.id not in wanted:
                first -= 1
            self.beginRemoveRows(QModelIndex(), first, last)
            del self._rows[first : last + 1]
            self.endRemoveRows()
            last = first - 1

    def _place(self, at: int, entry: Entry) -> None:
        identity = entry.conversation.id
        if self._rows[at].conversation.id != identity:
            was = next(n for n in range(at, len(self._rows)) if self._rows[n].conversation.id == identity)
            self.beginMoveRows(QModelIndex(), was, was, QModelIndex(), at)
            self._rows.insert(at, self._rows.pop(was))
            self.endMoveRows()
        if self._rows[at] != entry:
            self._rows[at] = entry
            self.dataChanged.emit(self.index(at), self.index(at), [])

    def set_folders(self, names: Mapping[str, str]) -> None:
        """Folder ids to the names shown for them."""
        if names != self._folders:
            self._folders = names
            self._all_changed([FOLDER])

    def set_emptied(self, told: Callable[[int], str]) -> None:
        """How to say when something that was moved to the trash at a time goes for good."""
        self._emptied = told

    def set_open(self, identity: str) -> None:
        """Mark the conversation that is being read."""
        before, self._open = self._open, identity
        for row in {self.row_of(before), self.row_of(identity)} - {-1}:
            self.dataChanged.emit(self.index(row), self.index(row), [IS_OPEN])

    def refresh_times(self) -> None:
        """ "5 min ago" grows old by itself."""
        self._all_changed([DATE, Qt.ItemDataRole.AccessibleTextRole])

    def at(self, row: int) -> Entry:
        return self._rows[row]

    def row_of(self, identity: str) -> int:
        found = (number for number, row in enumerate(self._rows) if row.conversation.id == identity)
        return next(found, -1) if identity else -1

    def _all_changed(self, roles: list[int]) -> None:
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1), roles)
