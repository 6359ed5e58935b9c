"""The rows of a transcript: the ids of one branch, and the messages that are loaded, as many as are worth keeping."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import QAbstractListModel, QByteArray, QModelIndex, QObject, QPersistentModelIndex, Qt

from desktop.core.conversation import Branch, Message, State

KEPT_CHARACTERS = 3_000_000
KEPT_MESSAGES = 600

AnyIndex = QModelIndex | QPersistentModelIndex


class TranscriptModel(QAbstractListModel):
    """Holds the path of ids that is shown. What is not loaded is None until the page puts it in.

    `branch` and `meta` are the page's: the place of a message among its siblings, and the muted line under it.
    """

    ID = Qt.ItemDataRole.UserRole + 1
    MESSAGE = Qt.ItemDataRole.UserRole + 2
    ROLE = Qt.ItemDataRole.UserRole + 3
    STATE = Qt.ItemDataRole.UserRole + 4
    TEXT = Qt.ItemDataRole.UserRole + 5
    META = Qt.ItemDataRole.UserRole + 6
    BRANCH = Qt.ItemDataRole.UserRole + 7

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        branch: Callable[[str], Branch | None] = lambda _: None,
        meta: Callable[[Message], str] = lambda _: "",
    ) -> None:
        super().__init__(parent)
        self._ids: list[str] = []
        self._rows: dict[str, int] | None = {}
        self._loaded: OrderedDict[str, Message] = OrderedDict()
        self._kept = 0
        self._branch, self._meta = branch, meta

    # What the view asks

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._ids)

    def roleNames(self) -> dict[int, QByteArray]:
        names = {
            self.ID: "id",
            self.MESSAGE: "message",
            self.ROLE: "role",
            self.STATE: "state",
            self.TEXT: "text",
            self.META: "meta",
            self.BRANCH: "branch",
        }
        return {int(role): QByteArray(name.encode()) for role, name in names.items()}

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._ids):
            return None
        if role == self.ID:
            return self._ids[index.row()]
        if role == self.BRANCH:
            return self.branch(index.row())
        message = self.message(index.row())
        if message is None:
            return None
        if role == self.MESSAGE:
            return message
        if role in (self.TEXT, Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return message.text
        if role == self.ROLE:
            return message.role.value
        if role == self.STATE:
            return message.state.value
        return self._meta(message) if role == self.META else None

    def id(self, row: int) -> str:
        return self._ids[row]

    def ids(self) -> list[str]:
        return list(self._ids)

    def row_of(self, message_id: str) -> int:
        """-1 for a message that is not on this branch."""
        if self._rows is None:
            self._rows = {each: row for row, each in enumerate(self._ids)}
        return self._rows.get(message_id, -1)

    def message(self, row: int) -> Message | None:
        return self._loaded.get(self._ids[row])

    def branch(self, row: int) -> Branch | None:
        return self._branch(self._ids[row])

    def meta(self, row: int) -> str:
        message = self.message(row)
        return self._meta(message) if message is not None else ""

    # What the page tells

    def show_path(self, ids: Sequence[str]) -> None:
        """Another path of the same tree, or the same one grown: rows that both have stay as they are."""
        ids = list(ids)
        self._take_above(ids)
        same = 0
        while same < min(len(ids), len(self._ids)) and ids[same] == self._ids[same]:
            same += 1
        if same == 0 and self._ids:
            self.reset(ids)
            return
        if same < len(self._ids):
            self.beginRemoveRows(QModelIndex(), same, len(self._ids) - 1)
            self._ids, self._rows = self._ids[:same], None
            self.endRemoveRows()
        if same < len(ids):
            self.beginInsertRows(QModelIndex(), same, len(ids) - 1)
            self._ids, self._rows = ids, None
            self.endInsertRows()

    def _take_above(self, ids: list[str]) -> None:
        """The rows above the first one, where what is shown is a stretch of the path."""
        above = ids.index(self._ids[0]) if self._ids and self._ids[0] in ids else 0
        if above and ids[above : above + len(self._ids)] == self._ids:
            self.beginInsertRows(QModelIndex(), 0, above - 1)
            self._ids, self._rows = [*ids[:above], *self._ids], None
            self.endInsertRows()

    def reset(self, ids: Sequence[str] = (), messages: Iterable[Message] = ()) -> None:
        """Another conversation."""
        self.beginResetModel()
        self._ids, self._rows = list(ids), None
        self._loaded.clear()
        self._kept = 0
        for message in messages:
            self._keep(message)
        self.endResetModel()

    def put(self, messages: Iterable[Message]) -> None:
        """Messages that were asked for, or that are new in some respect; those of other branches are ignored."""
        for message in messages:
            row = self.row_of(message.id)
            if row >= 0:
                self._keep(message)
                self.dataChanged.emit(
                    self.index(row), self.index(row), [self.MESSAGE, self.TEXT, self.STATE, self.META]
                )

    def append(self, message: Message) -> None:
        """A new message at the end."""
        self.beginInsertRows(QModelIndex(), len(self._ids), len(self._ids))
        self._ids.append(message.id)
        if self._rows is not None:
            self._rows[message.id] = len(self._ids) - 1
        self._keep(message)
        self.endInsertRows()

    def refresh(self, message_id: str) -> None:
        """The branch or the muted line of a message changed."""
        if (row := self.row_of(message_id)) >= 0:
            self.dataChanged.emit(self.index(row), self.index(row), [self.META, self.BRANCH])

    def _keep(self, message: Message) -> None:
        before = self._loaded.pop(message.id, None)
        self._kept += _size(message) - (_size(before) if before else 0)
        self._loaded[message.id] = message
        while len(self._loaded) > 60 and (len(self._loaded) > KEPT_MESSAGES or self._kept > KEPT_CHARACTERS):
            oldest = next((i for i, m in self._loaded.items() if m.state is not State.STREAMING), None)
            if oldest is None or oldest == message.id:
                return
            self._kept -= _size(self._loaded.pop(oldest))


def _size(message: Message) -> int:
    return sum(len(getattr(part, "text", "")) + len(getattr(part, "arguments", "")) for part in message.parts)
