"""The list of conversations as rows: pinned ones first, then by day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QAbstractListModel, QByteArray, QModelIndex, QObject, QPersistentModelIndex, Qt

from desktop.core.conversation import Conversation
from desktop.ui.chat import words
from desktop.ui.widgets.moments import exact, relative

Index = QModelIndex | QPersistentModelIndex

ID = Qt.ItemDataRole.UserRole + 1
TITLE = Qt.ItemDataRole.UserRole + 2
DETAIL = Qt.ItemDataRole.UserRole + 3
PINNED = Qt.ItemDataRole.UserRole + 4
WORKING = Qt.ItemDataRole.UserRole + 5
MODEL = Qt.ItemDataRole.UserRole + 6
ROLES = {ID: b"id", TITLE: b"title", DETAIL: b"detail", PINNED: b"pinned", WORKING: b"working", MODEL: b"model"}


class ConversationsModel(QAbstractListModel):
    """Rows by the roles above; `detail` is the snippet of a hit, else the time and the number of messages."""

    def __init__(self, parent: QObject | None = None, now: Callable[[], datetime] = datetime.now) -> None:
        super().__init__(parent)
        self._now = now
        self._rows: list[Conversation] = []
        self._working: set[str] = set()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def roleNames(self) -> dict[int, QByteArray]:
        return {**super().roleNames(), **{role: QByteArray(name) for role, name in ROLES.items()}}

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or not 0 <= index.row() < len(self._rows):
            return None
        row = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.title or "Untitled"
            case _ if role == TITLE:
                return row.title or "Untitled"
            case _ if role == ID:
                return row.id
            case _ if role == DETAIL:
                return row.snippet or self._detail(row)
            case _ if role == PINNED:
                return row.is_pinned
            case _ if role == WORKING:
                return row.id in self._working
            case _ if role == MODEL:
                return row.model
            case Qt.ItemDataRole.AccessibleTextRole:
                pinned = ", pinned" if row.is_pinned else ""
                return f"{row.title or 'Untitled'}{pinned}, {self._detail(row)}"
            case Qt.ItemDataRole.AccessibleDescriptionRole:
                return exact(row.updated)
        return None

    def _detail(self, row: Conversation) -> str:
        count = words.many(row.message_count, "message")
        return " · ".join(piece for piece in (relative(row.updated, self._now()), count, row.model) if piece)

    def replace(self, rows: list[Conversation]) -> None:
        """Show these rows, touching only what is new, gone or changed, so that selection and scrolling stay."""
        if [row.id for row in rows] == [row.id for row in self._rows]:
            for number, (old, new) in enumerate(zip(self._rows, rows, strict=True)):
                self._rows[number] = new
                if old != new:
                    self._changed(number)
            return
        wanted = {row.id for row in rows}
        for number in range(len(self._rows) - 1, -1, -1):
            if self._rows[number].id not in wanted:
                self.beginRemoveRows(QModelIndex(), number, number)
                del self._rows[number]
                self.endRemoveRows()
        for number, row in enumerate(rows):
            self._place(number, row)

    def _place(self, number: int, row: Conversation) -> None:
        at = next((n for n in range(number, len(self._rows)) if self._rows[n].id == row.id), None)
        if at is None:
            self.beginInsertRows(QModelIndex(), number, number)
            self._rows.insert(number, row)
            self.endInsertRows()
            return
        if at != number:
            self.beginMoveRows(QModelIndex(), at, at, QModelIndex(), number)
            self._rows.insert(number, self._rows.pop(at))
            self.endMoveRows()
        if self._rows[number] != row:
            self._rows[number] = row
            self._changed(number)

    def refresh_times(self) -> None:
        """ "5 min ago" grows old by itself."""
        if self._rows:
            roles = [DETAIL, Qt.ItemDataRole.AccessibleTextRole]
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1), roles)

    def set_working(self, identity: str, is_working: bool) -> None:
        """Mark a conversation in which a reply arrives."""
        if is_working:
            self._working.add(identity)
        else:
            self._working.discard(identity)
        row = self.row_of(identity)
        if row >= 0:
            self._changed(row)

    def row_of(self, identity: str | None) -> int:
        return next((number for number, row in enumerate(self._rows) if row.id == identity), -1)

    def at(self, row: int) -> Conversation:
        return self._rows[row]

    def _changed(self, row: int) -> None:
        index = self.index(row)
        self.dataChanged.emit(index, index, [])
