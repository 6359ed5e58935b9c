"""The segments of a transcript as rows; a change touches the rows that changed and no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QAbstractListModel, QByteArray, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from desktop.core.transcript import Doubt, Segment, Transcript
from desktop.ui.transcription.editor import words
from desktop.ui.transcription.editor.state import EditState

Index = QModelIndex | QPersistentModelIndex

_USER = Qt.ItemDataRole.UserRole
ID, SEGMENT, TEXT, SECOND, BEGINS, ENDS, SPEAKER, COLOR, SIGNS, WAS = range(_USER + 1, _USER + 11)
ROLES = {
    ID: b"id",
    SEGMENT: b"segment",
    TEXT: b"text",
    SECOND: b"second",
    BEGINS: b"begins",
    ENDS: b"ends",
    SPEAKER: b"speaker",
    COLOR: b"color",
    SIGNS: b"signs",
    WAS: b"was",
}
EDITED = {Qt.ItemDataRole.EditRole: False, SECOND: True}


class SegmentsModel(QAbstractListModel):
    """Rows by the roles above. `typed` carries a segment's id, its new text, and whether it is the second column's."""

    typed = Signal(str, str, bool)

    def __init__(self, state: EditState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._rows: tuple[Segment, ...] = state.transcript.segments
        self._breaches: Mapping[str, Sequence[str]] = {}
        self._names: dict[str, tuple[str, int]] = {}
        self._told_once = 0
        state.changed.connect(self._take)
        self._take()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def roleNames(self) -> dict[int, QByteArray]:
        return {**super().roleNames(), **{role: QByteArray(name) for role, name in ROLES.items()}}

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.isValid() else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or not 0 <= index.row() < len(self._rows):
            return None
        segment = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.EditRole:
                return segment.text
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._spoken(segment)
        return self._named(segment, role)

    def _named(self, segment: Segment, role: int) -> object:
        if role == SEGMENT:
            return segment
        if role == SIGNS:
            return self.signs(segment)
        if role == WAS:
            return self._state.was(segment)
        name, color = self._names.get(segment.speaker, ("", -1))
        found: dict[int, object] = {
            ID: segment.id,
            TEXT: segment.text,
            SECOND: segment.second,
            BEGINS: segment.begins,
            ENDS: segment.ends,
            SPEAKER: name,
            COLOR: color,
        }
        return found.get(role)

    def _spoken(self, segment: Segment) -> str:
        name, _ = self._names.get(segment.speaker, ("", -1))
        pieces = [words.clock(segment.begins), name, segment.text, segment.second]
        pieces += [told for _, told, _ in self.signs(segment)]
        return ", ".join(piece for piece in pieces if piece)

    def signs(self, segment: Segment) -> list[tuple[str, str, str]]:
        """Icon, words and tone of what should be looked at."""
        found = [(icon, told, "warn") for icon, told in words.doubts(segment.doubt, self._told_once)]
        return found + [("subtitle", told, "bad") for told in self._breaches.get(segment.id, ())]

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if not index.isValid() or role not in EDITED:
            return False
        segment, in_second = self._rows[index.row()], EDITED[role]
        if value != (segment.second if in_second else segment.text):
            self.typed.emit(segment.id, str(value), in_second)
        return True

    def may_change(self) -> bool:
        """Whether anything can be edited; where not, the state says why."""
        return self._state.may_change()

    def at(self, row: int) -> Segment:
        return self._rows[row]

    def row_of(self, id: str) -> int:
        return self._state.lines.rows.get(id, -1)

    def set_breaches(self, breaches: Mapping[str, Sequence[str]]) -> None:
        """What rules each segment breaks, in words; empty while nobody asks."""
        if breaches != self._breaches:
            touched = set(breaches) | set(self._breaches)
            self._breaches = breaches
            rows = sorted(row for id in touched if (row := self.row_of(id)) >= 0)
            if rows:
                self.dataChanged.emit(self.index(rows[0]), self.index(rows[-1]), [SIGNS])

    @staticmethod
    def is_mostly_about(transcript: Transcript) -> bool:
        """Whether so many times are approximate that it is said once, and not of each segment."""
        about = int(Doubt.APPROXIMATE)  # asked of thousands at each key: a flag of an enum would be slow
        count = sum(1 for each in transcript.segments if each.doubt & about)
        return count * 2 > len(transcript.segments)

    def _take(self) -> None:
        self._told_once = int(Doubt.APPROXIMATE) if self.is_mostly_about(self._state.transcript) else 0
        names = {each.id: (each.name, each.color) for each in self._state.transcript.speakers}
        names_changed, self._names = names != self._names, names
        self._replace(self._state.transcript.segments)
        if names_changed and self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1), [SPEAKER, COLOR])

    def _replace(self, new: tuple[Segment, ...]) -> None:
        """Rows that are the same at both ends are left alone; of those between, only what differs is told."""
        old = self._rows
        first, most = 0, min(len(old), len(new))
        while first < most and old[first] is new[first]:
            first += 1
        last = 0
        while last < most - first and old[-1 - last] is new[-1 - last]:
            last += 1
        gone, come = old[first : len(old) - last], new[first : len(new) - last]
        if not gone and not come:
            self._rows = new
        elif [each.id for each in gone] == [each.id for each in come]:
            self._rows = new
            self.dataChanged.emit(self.index(first), self.index(first + len(come) - 1), [])
        else:
            self._exchange(first, gone, come, new)

    def _exchange(self, first: int, gone: Sequence[Segment], come: Sequence[Segment], new: tuple[Segment, ...]) -> None:
        """A segment that was split or merged keeps its row, and with it what is selected."""
        kept = bool(gone and come and gone[0].id == come[0].id)
        at = first + kept
        end = first + len(gone)
        if end > at:
            self.beginRemoveRows(QModelIndex(), at, end - 1)
            self._rows = self._rows[:at] + self._rows[end:]
            self.endRemoveRows()
        if len(come) > kept:
            self.beginInsertRows(QModelIndex(), at, first + len(come) - 1)
            self._rows = new
            self.endInsertRows()
        self._rows = new
        if kept:
            self.dataChanged.emit(self.index(first), self.index(first), [])
