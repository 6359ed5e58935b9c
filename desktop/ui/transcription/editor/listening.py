"""What is heard and where it is: the recording's file, the playhead's way through waveform and list, loops."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.core.errors import BadFile
from desktop.ui import dialogs
from desktop.ui.tasks import Tasks
from desktop.ui.transcription.editor.commands import Commands
from desktop.ui.transcription.editor.missing import Missing
from desktop.ui.transcription.editor.segment_list import SegmentList
from desktop.ui.transcription.editor.state import EditState, word_at
from desktop.ui.transcription.editor.waveform import Waveform
from desktop.ui.widgets.playback import Playback
from desktop.ui.widgets.sound_kinds import check_playable

if TYPE_CHECKING:
    from desktop.services.transcription import Transcription

GONE = BadFile("The recording is not where it was.", "It can be edited; to hear it, find the file.")


class Listening(QObject):
    """`playable` says whether there is something to play, `looped` whether a stretch is played over and over."""

    playable = Signal(bool)
    looped = Signal(bool)

    def __init__(
        self,
        state: EditState,
        playback: Playback,
        list_: SegmentList,
        waveform: Waveform,
        missing: Missing,
        commands: Commands,
        tasks: Tasks,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._state, self._playback, self._list, self._waveform = state, playback, list_, waveform
        self._missing, self._commands, self._tasks = missing, commands, tasks
        self.path: Path | None = None
        for each in (list_.play_wanted, waveform.play_wanted):
            each.connect(self.toggle_play)
        for each in (list_.sought, waveform.sought):
            each.connect(playback.seek)
        waveform.selected.connect(self._selected)
        waveform.piece_wanted.connect(lambda begins, ends: tasks.start(self._decode(begins, ends), name="piece"))
        playback.moved.connect(self._moved)
        playback.problem.connect(missing.say)
        playback.playing_changed.connect(lambda is_playing: missing.say("") if is_playing else None)

    # The file

    async def open(self, path: str) -> None:
        """Take the file of what is shown, if it can be played; "" where it is missing."""
        self.path = None
        try:
            if not path:
                raise GONE
            await asyncio.to_thread(check_playable, Path(path))
        except BadFile as error:
            is_gone = not path or not await asyncio.to_thread(Path(path).exists)
            self._missing.say(f"{error.summary} {error.advice}", can_find=is_gone)
            self.playable.emit(False)
            return
        self.path = Path(path)
        self._missing.say("")
        self._playback.open(self.path, self._waveform.time.length, self._playback.position)
        self.playable.emit(True)

    async def find(self, recording: str, service: Transcription) -> bool:
        """Ask for the file of a recording that has moved; whether it is known again. Raises BadFile for another one."""
        chosen = await dialogs.choose_files(self._list, "Find the recording")
        if not chosen:
            return False
        await service.find_source(recording, chosen[0])
        await self.open(chosen[0])
        return True

    async def _decode(self, begins: int, ends: int) -> None:
        """The samples of a stretch that is looked at closely."""
        if self.path is None:
            return
        from desktop.services.transcription import samples  # only for who looks that closely
        from desktop.ui.transcription.editor.pyramid import Piece

        found = await samples.piece(self.path, begins, ends)
        self._waveform.set_piece(Piece(found.begins, found.samples))

    # Playing

    def toggle_play(self) -> None:
        self._list.follow()
        self._playback.toggle()

    def step_segment(self, by: int) -> None:
        """To the beginning of the next or previous segment, seen from the playhead."""
        lines, position = self._state.lines, self._playback.position
        row = lines.near(position)
        if row < 0:
            return
        before_first = position < lines.segments[row].begins
        row = min(max(0, row + by + (-1 if before_first and by > 0 else 0)), len(lines.segments) - 1)
        segment = lines.segments[row]
        self._list.select(segment.id)
        self._playback.seek(segment.begins)
        if self._playback.looped:
            self._playback.loop((segment.begins, segment.ends))

    def toggle_loop(self) -> None:
        """The selected stretch, else the selected segments, again and again."""
        self._loop(None if self._playback.looped else self._commands.stretch())

    def _selected(self, begins: int, ends: int) -> None:
        if self._playback.looped:
            self._loop((begins, ends) if ends else None)

    def _loop(self, span: tuple[int, int] | None) -> None:
        self._playback.loop(span)
        self.looped.emit(self._playback.looped is not None)

    def _moved(self, moment: int) -> None:
        is_playing = self._playback.is_playing
        self._waveform.set_playhead(moment, follow=is_playing)
        row = self._state.lines.at(moment)
        if row < 0:
            self._list.set_playing("", -1, is_playing=is_playing)
            return
        segment = self._state.lines.segments[row]
        self._list.set_playing(segment.id, word_at(segment, moment), is_playing=is_playing)
