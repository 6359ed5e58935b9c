"""The speakers of a transcript as rows, with how much each says."""

from __future__ import annotations

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPainter, QPixmap

from desktop.core.transcript import Speaker
from desktop.ui import theme
from desktop.ui.transcription.editor import words
from desktop.ui.transcription.editor.state import EditState
from desktop.ui.transcription.editor.waveform_image import color_of

Index = QModelIndex | QPersistentModelIndex
ID = Qt.ItemDataRole.UserRole + 1


class SpeakersModel(QAbstractListModel):
    """The display role is the name; `renamed` carries an id and the new name."""

    renamed = Signal(str, str)

    def __init__(self, state: EditState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._rows: tuple[Speaker, ...] = ()
        self._spoken: dict[str, int] = {}
        state.changed.connect(self._take)
        self._take()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.isValid() else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or not 0 <= index.row() < len(self._rows):
            return None
        speaker = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                key = f"{index.row() + 1}   " if index.row() < 9 else ""
                return f"{key}{speaker.name} · {words.clock(self._spoken.get(speaker.id, 0), 0)}"
            case Qt.ItemDataRole.EditRole | Qt.ItemDataRole.AccessibleTextRole:
                return speaker.name
            case Qt.ItemDataRole.DecorationRole:
                return _dot(speaker.color)
            case Qt.ItemDataRole.SizeHintRole:
                return QSize(100, theme.current().size("control"))
        return speaker.id if role == ID else None

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if not index.isValid() or role != Qt.ItemDataRole.EditRole:
            return False
        self.renamed.emit(self._rows[index.row()].id, str(value))
        return True

    def _take(self) -> None:
        spoken: dict[str, int] = {}
        for each in self._state.lines.segments:
            spoken[each.speaker] = spoken.get(each.speaker, 0) + each.ends - each.begins
        new = self._state.transcript.speakers
        if [each.id for each in new] != [each.id for each in self._rows]:
            self.beginResetModel()
            self._rows, self._spoken = new, spoken
            self.endResetModel()
        elif new != self._rows or spoken != self._spoken:
            self._rows, self._spoken = new, spoken
            if new:
                self.dataChanged.emit(self.index(0), self.index(len(new) - 1), [])


def _dot(color: int) -> QIcon:
    side = theme.current().px(14)
    picture = QPixmap(side * 2, side * 2)
    picture.setDevicePixelRatio(2)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color_of(color))
    painter.drawEllipse(2, 2, side - 4, side - 4)
    painter.end()
    made = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
        made.addPixmap(picture, mode)
    return made
