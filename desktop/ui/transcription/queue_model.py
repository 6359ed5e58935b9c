"""The queue as rows: files that are looked at, then the jobs, each with what it does or waits for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QByteArray,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QUrl,
    Signal,
)

from desktop.ui.widgets.tooltip import tip

Index = QModelIndex | QPersistentModelIndex

KEY, TITLE, WORDS, TONE, ICON, PROGRESS, FACTS, COST, ACTIONS, IS_JOB = (
    Qt.ItemDataRole.UserRole + number for number in range(1, 11)
)
ROLES = {
    KEY: "key",
    TITLE: "title",
    WORDS: "words",
    TONE: "tone",
    ICON: "icon",
    PROGRESS: "progress",
    FACTS: "facts",
    COST: "cost",
    ACTIONS: "actions",
    IS_JOB: "is_job",
}
"""Each role is the field of a row of that name."""

MIME = "application/x-davenport-transcription"


FEW = 8  # rows that are moved one by one


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `tone` is the theme's colour for its words; `progress` 0 to 1, None where there is none to show.

    `facts` stand at the right: parts, time left, rate. `actions` are names of what can be done, in their order.
    `is_coming`: a job that is not over, whose place in the queue can be another one.
    """

    key: str
    title: str
    words: str
    tone: str = "muted"
    icon: str = "transcription"
    progress: float | None = None
    facts: tuple[str, ...] = ()
    cost: str = ""
    actions: tuple[str, ...] = ()
    is_job: bool = False
    is_coming: bool = False
    details: str = ""


class QueueModel(QAbstractListModel):
    """Rows by the roles above. `moved` asks to put a job before another one ("" for the end)."""

    moved = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self._places: dict[str, int] = {}
        self._files: dict[str, list[str]] = {}  # results that can be dragged out, by key

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def roleNames(self) -> dict[int, QByteArray]:
        return {**super().roleNames(), **{role: QByteArray(name.encode()) for role, name in ROLES.items()}}

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or not 0 <= index.row() < len(self._rows):
            return None
        row = self._rows[index.row()]
        if field := ROLES.get(role):
            return getattr(row, field)
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.title
            case Qt.ItemDataRole.AccessibleTextRole:
                return ", ".join(each for each in (row.title, row.words, *row.facts, row.cost) if each)
            case Qt.ItemDataRole.ToolTipRole:
                return tip("\n".join(each for each in (row.title, row.words, row.details) if each))
        return None

    def at(self, row: int) -> Row:
        return self._rows[row]

    def row_of(self, key: str) -> int:
        return self._places.get(key, -1)

    # What is shown

    def change(self, row: Row) -> None:
        """Show one row anew where it is."""
        at = self.row_of(row.key)
        if at >= 0 and self._rows[at] is not row and self._rows[at] != row:
            self._rows[at] = row
            index = self.index(at)
            self.dataChanged.emit(index, index, [])

    def replace(self, rows: Sequence[Row]) -> None:
        """Show these rows, touching only what is new, gone, moved or changed, so that selection and scrolling stay."""
        self._remove_missing({row.key for row in rows})
        staying = self._staying(rows)
        if len(self._rows) - len(staying) > FEW:
            self._arrange([row.key for row in rows if row.key in self._places])
            staying = set(self._places)
        at = 0
        while at < len(rows):
            new = at
            while new < len(rows) and rows[new].key not in self._places:
                new += 1
            if new > at:
                self._insert(at, rows[at:new])
                at = new
                continue
            self._bring(rows[at].key, at, staying)
            self.change(rows[at])
            at += 1

    def _staying(self, rows: Sequence[Row]) -> set[str]:
        """As many rows as can stay where they are while all others move: one that has ended goes below hundreds that
        wait, and those are not touched for it. The longest run of rising places."""
        wanted = {row.key: number for number, row in enumerate(rows)}
        ends: list[int] = []  # the last place of the best run of each length, and whose it is
        owners: list[str] = []
        before: dict[str, str] = {}
        for row in self._rows:
            at = bisect_left(ends, wanted[row.key])
            before[row.key] = owners[at - 1] if at else ""
            ends[at : at + 1], owners[at : at + 1] = [wanted[row.key]], [row.key]
        found, key = set(), owners[-1] if owners else ""
        while key:
            found.add(key)
            key = before[key]
        return found

    def _arrange(self, keys: Sequence[str]) -> None:
        """All rows in this order at once. Moved one by one, with hundreds of them selected, each would cost the view a
        walk through all of them."""
        self.layoutAboutToBeChanged.emit()
        held = self.persistentIndexList()
        owners = [self._rows[index.row()].key for index in held]
        self._rows = [self._rows[self._places[key]] for key in keys]
        self._number()
        self.changePersistentIndexList(held, [self.index(self._places[key]) for key in owners])
        self.layoutChanged.emit()

    def _bring(self, key: str, at: int, staying: set[str]) -> None:
        """Have this row at this place. What stands there and does not stay goes to the end until its turn comes."""
        last = len(self._rows) - 1
        while (there := self._rows[at].key) != key and there not in staying and at < last:
            staying.add(there)  # from now on the others come to it
            self._move(at, last)
        if there != key:
            self._move(self._places[key], at)

    def _remove_missing(self, wanted: set[str]) -> None:
        last = len(self._rows) - 1
        while last >= 0:
            if self._rows[last].key in wanted:
                last -= 1
                continue
            first = last
            while first > 0 and self._rows[first - 1].key not in wanted:
                first -= 1
            self.beginRemoveRows(QModelIndex(), first, last)
            for row in self._rows[first : last + 1]:
                self._files.pop(row.key, None)
            del self._rows[first : last + 1]
            self._number()
            self.endRemoveRows()
            last = first - 1

    def _insert(self, at: int, rows: Sequence[Row]) -> None:
        self.beginInsertRows(QModelIndex(), at, at + len(rows) - 1)
        self._rows[at:at] = rows
        self._number()
        self.endInsertRows()

    def _move(self, old: int, new: int) -> None:
        below = new + 1 if new > old else new  # Qt names the row that it comes to stand before
        self.beginMoveRows(QModelIndex(), old, old, QModelIndex(), below)
        self._rows.insert(new, self._rows.pop(old))
        self._number(min(old, new))
        self.endMoveRows()

    def _number(self, first: int = 0) -> None:
        if first == 0:
            self._places = {}
        for at in range(first, len(self._rows)):
            self._places[self._rows[at].key] = at

    # Dragging: up and down in the queue, and finished ones out as files

    def set_files(self, key: str, paths: list[str]) -> None:
        """The files that a drag of this row carries."""
        self._files[key] = paths

    def files_of(self, key: str) -> list[str]:
        return self._files.get(key, [])

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        if not index.isValid():
            return flags | Qt.ItemFlag.ItemIsDropEnabled
        row = self._rows[index.row()]
        is_dragged = row.is_coming or "open" in row.actions
        return flags | Qt.ItemFlag.ItemIsDragEnabled if row.is_job and is_dragged else flags

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction | Qt.DropAction.CopyAction

    def mimeTypes(self) -> list[str]:
        return [MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        mime = QMimeData()
        rows = sorted(indexes, key=lambda index: index.row())  # they come in the order in which they were selected
        keys = [str(index.data(KEY)) for index in rows]
        mime.setData(MIME, QByteArray("\n".join(keys).encode()))
        if paths := [path for key in keys for path in self.files_of(key)]:
            mime.setUrls([QUrl.fromLocalFile(path) for path in paths])
        return mime

    def dropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        """The order is the service's: it is asked, and the rows follow. Only what is to come has an order."""
        if not data.hasFormat(MIME):
            return False
        at = row if row >= 0 else parent.row() if parent.isValid() else len(self._rows)
        keys = data.data(MIME).data().decode().split("\n")
        before = next((each.key for each in self._rows[at:] if each.is_coming and each.key not in keys), "")
        for key in keys:
            if (place := self.row_of(key)) >= 0 and self._rows[place].is_coming:
                self.moved.emit(key, before)
        return True
