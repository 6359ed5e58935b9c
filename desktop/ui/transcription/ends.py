"""What is said when jobs end: each end is counted, a sentence comes when nothing is to come any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication, QWidget

from desktop.ui.tasks import Tasks
from desktop.ui.transcription import words
from desktop.ui.transcription.part import Part
from desktop.ui.transcription.rows import said_of
from desktop.ui.widgets.notification import Messages, of_desktop

if TYPE_CHECKING:
    from desktop.services.transcription import JobView
    from desktop.ui.transcription.job_rows import Counts

CALM_MS = 250


class Ends(Part):
    """`spent` when calls have ended; `front_wanted` when somebody followed a message of the desktop."""

    spent = Signal()
    front_wanted = Signal()

    def __init__(self, tasks: Tasks, place: QWidget) -> None:
        super().__init__(tasks, place)
        self.make_messages: Callable[[QObject], Messages] = of_desktop
        self._messages: Messages | None = None
        self._ended: list[JobView] = []  # since the queue ran dry
        self._new: list[JobView] = []  # since it was last looked at
        self._is_dry = True
        self._calm = QTimer(self, singleShot=True, interval=CALM_MS)
        self._calm.timeout.connect(self._tell)

    @property
    def is_settled(self) -> bool:
        """Whether everything was said."""
        return not self._calm.isActive()

    def close(self) -> None:
        self._calm.stop()
        if self._messages is not None:
            self._messages.close()

    def counted(self, counts: Counts) -> None:
        """The queue has run dry where nothing runs and nothing waits for its turn; what is paused is the user's."""
        self._is_dry = not (counts.running or counts.queued or counts.pausing)

    def jobs_ended(self, jobs: Sequence[JobView]) -> None:
        self._new += jobs
        if not self._calm.isActive():
            self._calm.start()

    def _tell(self) -> None:
        new, self._new = self._new, []
        self._ended += new
        self.spent.emit()
        failed = [job for job in new if str(job.state) == "failed"]
        if self._is_dry:
            self._tell_all()
        elif failed:
            self._tell_desktop(_title(failed), said_of(failed[-1]))

    def _tell_all(self) -> None:
        ended, self._ended = self._ended, []
        done = [job for job in ended if str(job.state) == "done"]
        failed = [job for job in ended if str(job.state) == "failed"]
        if not done and not failed:
            return  # cancelled: whoever did it knows
        said = summary(done, failed)
        self.notice.emit("warn" if failed else "good", said)
        self._tell_desktop(said, said_of(failed[-1]) if failed else "")
        if not self.place.window().isActiveWindow():
            QApplication.alert(self.place.window())

    def _tell_desktop(self, title: str, text: str) -> None:
        if self.place.window().isActiveWindow() or not self.known.settings.value.notify:
            return
        if self._messages is None:
            self._messages = self.make_messages(self)
            self._messages.clicked.connect(self.front_wanted)
        self._messages.tell(title, text)


def _title(failed: Sequence[JobView]) -> str:
    if len(failed) == 1:
        return f"“{failed[0].title}” could not be transcribed"
    return f"{words.many(len(failed), 'recording').capitalize()} could not be transcribed"


def summary(done: Sequence[JobView], failed: Sequence[JobView]) -> str:
    """What came of the queue, when it has run dry."""
    if failed and done:
        return f"{len(done)} transcribed, {len(failed)} not. The rows say why."
    if failed:
        return f"{_title(failed)}. {'The row says' if len(failed) == 1 else 'The rows say'} why."
    written = sum(len(job.written) for job in done)
    beside = f" {words.many(written, 'file')} written." if written else ""
    if len(done) == 1:
        return f"“{done[0].title}” is transcribed.{beside}"
    return f"{words.many(len(done), 'recording').capitalize()} are transcribed.{beside}"
