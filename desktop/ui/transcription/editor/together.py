"""List and waveform show the same: what is selected in one is seen in the other, and edges are moved in both."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from desktop.core import transcript_edits as edits
from desktop.ui.transcription.editor.commands import Commands
from desktop.ui.transcription.editor.segment_list import SegmentList
from desktop.ui.transcription.editor.state import EditState, chosen_span
from desktop.ui.transcription.editor.waveform import Waveform
from desktop.ui.widgets.playback import Playback

ROOM = 0.15  # of a segment's length, left on both sides when one looks closely at it


class Together(QObject):
    """`picked` carries how many segments are selected."""

    picked = Signal(int)

    def __init__(
        self,
        state: EditState,
        commands: Commands,
        list_: SegmentList,
        waveform: Waveform,
        playback: Playback,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._state, self._commands = state, commands
        self._list, self._waveform, self._playback = list_, waveform, playback
        list_.picked.connect(self._picked)
        waveform.chosen.connect(list_.select)
        waveform.edge_moved.connect(self._edge_moved)

    def go_to(self, id: str) -> None:
        """Select a segment and put the playhead at its beginning."""
        if (found := self._state.segment(id)) is not None:
            self._playback.seek(found.begins)
            self._list.select(id)
            self._waveform.ensure_visible(found.begins, found.ends)

    def zoom_segment(self) -> None:
        begins, ends = chosen_span(self._state, self._commands.chosen())
        if ends:
            room = (ends - begins) * ROOM
            self._waveform.show_span(max(0, begins - room), ends + room)

    def _picked(self) -> None:
        self._waveform.set_current(self._list.current)
        self.picked.emit(len(self._list.selected()))
        if (found := self._state.segment(self._list.current)) is not None and not self._playback.is_playing:
            self._waveform.ensure_visible(found.begins, found.ends)

    def _edge_moved(self, id: str, begins: int, ends: int, is_done: bool) -> None:
        """While it is dragged only the picture moves; the step is made at the end."""
        segment = self._state.segment(id)
        if is_done:
            self._waveform.set_transcript(self._state.transcript)
            self._commands.move_edge(id, begins, ends)
        elif segment is not None:
            changed = {"begins": begins} if begins != segment.begins else {"ends": ends}
            self._waveform.set_transcript(edits.move_edge(self._state.transcript, id, **changed))
