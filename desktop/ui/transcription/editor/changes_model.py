"""Proposed changes as rows: what a segment says, what it would say, and whether that is taken."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from desktop.ui.transcription.editor import words

Index = QModelIndex | QPersistentModelIndex
BEFORE, AFTER, AT, COMPARED = (Qt.ItemDataRole.UserRole + n for n in (1, 2, 3, 4))


class Change(Struct, frozen=True):
    """Of one segment that begins at `begins` milliseconds."""

    segment: str
    begins: int
    before: str
    after: str


class ChangesModel(QAbstractListModel):
    """Each row can be checked; `chosen` comes when what is taken changes."""

    chosen = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[Change, ...] = ()
        self._left_out: set[str] = set()
        self._compares = True

    def show(self, changes: Sequence[Change], *, compares: bool = True) -> None:
        """Other changes. All are taken at first but those that leave nothing of the words: a model that hears nothing
        is wrong more often than the text. `compares`: it makes sense to mark what differs."""
        self.beginResetModel()
        self._rows, self._compares = tuple(changes), compares
        self._left_out = {row.segment for row in changes if not row.after.strip()}
        self.endResetModel()
        self.chosen.emit()

    @property
    def taken(self) -> list[Change]:
        return [row for row in self._rows if row.segment not in self._left_out]

    def take_all(self, is_taken: bool) -> None:
        self._left_out = set() if is_taken else {row.segment for row in self._rows}
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1), [Qt.ItemDataRole.CheckStateRole])
        self.chosen.emit()

    def toggle(self, row: int) -> None:
        self.setData(
            self.index(row),
            Qt.CheckState.Checked if self._rows[row].segment in self._left_out else Qt.CheckState.Unchecked,
            Qt.ItemDataRole.CheckStateRole,
        )

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.isValid() else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or not 0 <= index.row() < len(self._rows):
            return None
        row = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.CheckStateRole:
                return Qt.CheckState.Unchecked if row.segment in self._left_out else Qt.CheckState.Checked
            case Qt.ItemDataRole.DisplayRole:
                return row.after
            case Qt.ItemDataRole.AccessibleTextRole:
                taken = "left out" if row.segment in self._left_out else "taken"
                return f"{words.clock(row.begins)}, {taken}, was: {row.before}, becomes: {row.after}"
        of_row = {BEFORE: row.before, AFTER: row.after, AT: words.clock(row.begins), COMPARED: self._compares}
        return of_row.get(role)

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if not index.isValid() or role != Qt.ItemDataRole.CheckStateRole:
            return False
        id = self._rows[index.row()].segment
        if Qt.CheckState(value) == Qt.CheckState.Checked:  # type: ignore[arg-type]
            self._left_out.discard(id)
        else:
            self._left_out.add(id)
        self.dataChanged.emit(index, index, [role])
        self.chosen.emit()
        return True
