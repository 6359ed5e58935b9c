"""What breaks the rules of subtitles, as rows."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from desktop.core.subtitles.rules import Breach
from desktop.ui.transcription.editor import words
from desktop.ui.transcription.editor.state import EditState

Index = QModelIndex | QPersistentModelIndex
SEGMENT, AT = Qt.ItemDataRole.UserRole + 1, Qt.ItemDataRole.UserRole + 2


class BreachesModel(QAbstractListModel):
    def __init__(self, state: EditState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.rows: tuple[Breach, ...] = ()

    def show(self, breaches: Sequence[Breach]) -> None:
        """The answer to a check; what is the same is left alone."""
        if tuple(breaches) != self.rows:
            self.beginResetModel()
            self.rows = tuple(breaches)
            self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or not 0 <= index.row() < len(self.rows):
            return None
        breach = self.rows[index.row()]
        segment = self._state.segment(breach.segment)
        at = words.clock(segment.begins) if segment is not None else ""
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return breach.words
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{at}, {breach.words}"
        return {SEGMENT: breach.segment, AT: at}.get(role)
