"""What is asked in a dialog before it is done: by how much times move, what is exported; and the sheet of keys."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from desktop.ui.tasks import Tasks
from desktop.ui.transcription.editor.commands import Commands
from desktop.ui.transcription.editor.state import EditState


class Asking(QObject):
    """`done` carries a sentence of what was done. The dialogs are imported when they are opened."""

    done = Signal(str)

    def __init__(self, state: EditState, commands: Commands, tasks: Tasks, parent: QWidget) -> None:
        super().__init__(parent)
        self._state, self._commands, self._tasks, self._window = state, commands, tasks, parent

    def shift(self) -> None:
        self._commands.finish_edit()
        if self._state.may_change():
            self._tasks.start(self._shift(), name="shift")

    async def _shift(self) -> None:
        from desktop.ui.transcription.editor import shift_form

        if wanted := await shift_form.ask(self._window, len(self._commands.chosen())):
            self._commands.shift(wanted[0], all_of_them=wanted[1])

    def export(self, title: str, audio: Path | None) -> None:
        self._commands.finish_edit()
        self._tasks.start(self._export(title, audio), name="export")

    async def _export(self, title: str, audio: Path | None) -> None:
        from desktop.ui.transcription.editor import export_form

        if told := await export_form.ask(self._window, self._tasks, self._state.transcript, title, audio):
            self.done.emit(told)

    def keys(self, actions: Mapping[str, QAction]) -> None:
        self._tasks.start(self._keys(actions), name="keys")

    async def _keys(self, actions: Mapping[str, QAction]) -> None:
        from desktop.ui.transcription.editor import keys_sheet

        await keys_sheet.show(self._window, actions)
