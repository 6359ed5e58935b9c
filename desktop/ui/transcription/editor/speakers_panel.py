"""Who speaks: names and colours, given to what is selected; added, renamed in place, merged, deleted."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from desktop.core import transcript_edits as edits
from desktop.core.errors import BadInput
from desktop.core.transcript import Transcript
from desktop.ui import theme
from desktop.ui.transcription.editor import words
from desktop.ui.transcription.editor.speakers_model import ID, SpeakersModel
from desktop.ui.transcription.editor.state import EditState
from desktop.ui.transcription.editor.waveform_image import COLORS, color_of
from desktop.ui.widgets.buttons import push_button
from desktop.ui.widgets.labels import plain_label

MOST_ROWS = 10
COLOR_NAMES = ("Green", "Blue", "Ochre", "Violet", "Terracotta", "Teal", "Slate", "Olive")


class SpeakersPanel(QWidget):
    """`assigned` carries a speaker's id for what is selected in the list."""

    assigned = Signal(str)
    refused = Signal(str)

    def __init__(self, state: EditState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("editor.speakers")
        self._state = state
        self._chosen = 0  # how many segments are selected
        self.model = SpeakersModel(state, self)
        self._build()
        self.model.renamed.connect(self._rename)
        self.list.selectionModel().selectionChanged.connect(self._enable)
        for changed in (self.model.modelReset, self.model.dataChanged):
            changed.connect(lambda: self.set_chosen(self._chosen))
        theme.current().changed.connect(self._measure)
        self._measure()
        self.set_chosen(0)

    def _build(self) -> None:
        column = self._column = QVBoxLayout(self)
        self.hint = plain_label("", "muted", self, wrap=True)
        self.hint.setObjectName("editor.speakers-hint")
        self.list = QListView(self)
        self.list.setObjectName("editor.speaker-list")
        self.list.setAccessibleName("Speakers")
        self.list.setModel(self.model)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column.addWidget(self.hint)
        column.addWidget(self.list)
        column.addLayout(self._naming())
        column.addWidget(self._doing())
        column.addStretch(1)

    def _naming(self) -> QHBoxLayout:
        """The field for somebody new."""
        self.name = QLineEdit(self, placeholderText="Name of a speaker")
        self.name.setObjectName("editor.speaker-name")
        self.name.setAccessibleName("Name of a speaker")
        self.name.returnPressed.connect(self._add)
        self.add = push_button(self, "editor.add-speaker", "Add", self._add)
        row = self._name_row = QHBoxLayout()
        row.addWidget(self.name, 1)
        row.addWidget(self.add)
        return row

    def _doing(self) -> QWidget:
        """What is done with speakers; there when there are some."""
        self.doing = QWidget(self)
        self.assign = push_button(self, "editor.assign", "Assign to the selection", self._assign)
        self.rename = push_button(
            self, "editor.rename-speaker", "Rename", lambda: self.list.edit(self.list.currentIndex())
        )
        self.color = push_button(self, "editor.speaker-color", "Colour", lambda: None)
        self.color.setMenu(self._colors())
        self.merge = push_button(self, "editor.merge-speakers", "Merge", self._merge)
        self.merge.setToolTip("Select several speakers: what they say is said by the first one then")
        self.delete = push_button(self, "editor.delete-speaker", "Delete", self._delete)
        self.delete.setToolTip("The speaker goes; what was said stays")
        grid = self._grid = QGridLayout(self.doing)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(self.assign, 0, 0, 1, 2)
        for at, button in enumerate((self.rename, self.color, self.merge, self.delete)):
            grid.addWidget(button, 1 + at // 2, at % 2)
        return self.doing

    def _colors(self) -> QMenu:
        menu = QMenu(self.color)
        menu.aboutToShow.connect(lambda: self._fill_colors(menu))
        return menu

    def _fill_colors(self, menu: QMenu) -> None:
        menu.clear()
        for number, name in enumerate(COLOR_NAMES[:COLORS]):
            action = menu.addAction(_swatch(color_of(number)), name)
            action.triggered.connect(lambda _=False, number=number: self._paint(number))

    def _measure(self) -> None:
        look = theme.current()
        self._column.setContentsMargins(look.gap(12), look.gap(12), look.gap(16), look.gap(16))
        self._column.setSpacing(look.gap(12))
        self._grid.setSpacing(look.gap(8))
        self._name_row.setSpacing(look.gap(8))
        self._fit_list()

    def _fit_list(self) -> None:
        """As high as its rows, up to MOST_ROWS of them."""
        rows = min(self.model.rowCount(), MOST_ROWS)
        self.list.setFixedHeight(rows * theme.current().size("control") + 2)

    # What it does

    def set_chosen(self, count: int) -> None:
        """How many segments are selected in the list."""
        self._chosen = count
        has_some = self.model.rowCount() > 0
        if has_some:
            chosen = f"{words.many(count, 'segment')} selected. " if count > 1 else ""
            self.hint.setText(f"{chosen}Keys 1 to 9 in the list give a speaker to what is selected, 0 takes it away.")
        else:
            self.hint.setText("Nobody is named yet. Name who speaks, then assign segments to them.")
        self.list.setVisible(has_some)
        self.doing.setVisible(has_some)
        self._fit_list()
        self._enable()

    def _selected(self) -> list[str]:
        rows = sorted(index.row() for index in self.list.selectionModel().selectedIndexes())
        return [str(self.model.index(row).data(ID)) for row in rows]

    def _enable(self) -> None:
        count = len(self._selected())
        self.assign.setEnabled(count == 1)
        self.rename.setEnabled(count == 1)
        self.color.setEnabled(count == 1)
        self.merge.setEnabled(count > 1)
        self.delete.setEnabled(count > 0)

    def _do(self, told: str, change: Callable[[Transcript], Transcript]) -> None:
        try:
            self._state.do(told, change(self._state.transcript))
        except BadInput as error:
            self.refused.emit(f"{error.summary} {error.advice}")

    def _assign(self) -> None:
        if ids := self._selected():
            self.assigned.emit(ids[0])

    def _rename(self, id: str, name: str) -> None:
        self._do("Rename a speaker", lambda now: edits.rename_speaker(now, id, name))

    def _merge(self) -> None:
        ids = self._selected()
        if len(ids) > 1:
            self._do("Merge speakers", lambda now: edits.merge_speakers(now, ids[1:], ids[0]))

    def _delete(self) -> None:
        if ids := self._selected():
            told = f"Delete {words.many(len(ids), 'speaker')}"
            self._do(told, lambda now: edits.merge_speakers(now, ids, ""))

    def _add(self) -> None:
        name = " ".join(self.name.text().split())
        if not name:
            self.name.setFocus()
        elif any(each.name.casefold() == name.casefold() for each in self._state.transcript.speakers):
            self.refused.emit(f"{name} is there already.")
        elif self._state.may_change():
            self._do(f"Add {name}", lambda now: edits.add_speaker(now, name)[0])
            self.name.clear()

    def _paint(self, color: int) -> None:
        from msgspec.structs import replace

        ids = self._selected()

        def change(now: Transcript) -> Transcript:
            return replace(now, speakers=tuple(replace(s, color=color) if s.id in ids else s for s in now.speakers))

        self._do("Change a colour", change)


def _swatch(color: QColor) -> QIcon:
    picture = QPixmap(16, 16)
    picture.fill(color)
    return QIcon(picture)
