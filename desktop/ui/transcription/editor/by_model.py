"""What models do with the transcript: a stretch heard again, and work on the words. Both ask in a form first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from desktop.core.transcript import Transcript
from desktop.ui import dialogs
from desktop.ui.tasks import Tasks
from desktop.ui.transcription.editor import words
from desktop.ui.transcription.editor.commands import Commands
from desktop.ui.transcription.editor.state import EditState

if TYPE_CHECKING:
    from desktop.services.bundle import Services
    from desktop.ui.transcription.editor.afterwork_form import Answers
    from desktop.ui.transcription.editor.redo_form import Kept


class ByModel(QObject):
    """What is taken of an answer is one step of the history."""

    def __init__(self, state: EditState, commands: Commands, tasks: Tasks, parent: QWidget) -> None:
        super().__init__(parent)
        self._state, self._commands, self._tasks, self._window = state, commands, tasks, parent
        self.services: Services | None = None
        self.recording = self.conversation = self._heard_of = ""
        self._words: tuple[tuple[str, str], ...] = ()
        self._answers: Answers = {}
        self._heard: Kept = {}

    def hear_again(self) -> None:
        """The selected stretch, else the selected segments, by another model."""
        self._commands.finish_edit()
        span = self._commands.stretch()
        if self.services is not None and span[1] and self._state.may_change():
            self._tasks.start(self._hear_again(self.services, span), name="hear-again")

    async def _hear_again(self, services: Services, span: tuple[int, int]) -> None:
        from desktop.ui.transcription.editor import heard_again
        from desktop.ui.transcription.editor.redo_form import RedoForm

        if self._heard_of != self.recording:
            self._heard_of, self._heard = self.recording, {}
        now = self._state.transcript
        form = RedoForm(self._window, services, self._tasks, self.recording, now, span, self._heard)
        try:
            if await dialogs.finished(form) and (taken := form.taken):
                changed = heard_again.put(self._state.transcript, form.heard, taken)
                self._state.do(f"Hear it again: {words.many(len(taken), 'change')}", changed)
        finally:
            self._tasks.cancel("redo")

    def work_on_it(self) -> None:
        self._commands.finish_edit()
        if self.services is not None and self._state.may_change():
            self._tasks.start(self._work_on_it(self.services), name="work-on-it")

    async def _work_on_it(self, services: Services) -> None:
        from desktop.ui.transcription.editor import afterwork_form

        now = self._state.transcript
        form = afterwork_form.AfterWorkForm(
            self._window, services, self._tasks, now, self.conversation, self._answers_to(now)
        )
        try:
            if await dialogs.finished(form) and (changes := form.changes.taken):
                changed = afterwork_form.taken(self._state.transcript, changes, language=form.second_language)
                self._state.do(f"{form.task.title}: {words.many(len(changes), 'change')}", changed)
        finally:
            for name in ("afterwork", "afterwork-estimate"):
                self._tasks.cancel(name)

    def _answers_to(self, now: Transcript) -> Answers:
        """What models have said of these words was paid for: it stands in the form when it is opened once more."""
        words_now = tuple((each.id, each.text) for each in now.segments)
        if self._words != words_now:
            self._words, self._answers = words_now, {}
        return self._answers
