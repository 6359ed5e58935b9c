"""Jobs as rows: their changes are shown together every so often, and what has ended is told once."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from desktop.ui.tasks import Tasks
from desktop.ui.transcription import words
from desktop.ui.transcription.looking import Waiting
from desktop.ui.transcription.part import Part
from desktop.ui.transcription.queue_model import QueueModel, Row
from desktop.ui.transcription.rows import AT_WORK, ORDER, OVER, row_of_job, row_of_seen, state_of
from desktop.ui.transcription.together import Together

if TYPE_CHECKING:
    from desktop.services.bundle import Services
    from desktop.services.transcription import JobView

KIND = "transcription"
CALM_MS = 40  # changes of many jobs are shown together
AT_ONCE = 100  # jobs that are read anew in one turn of the loop


@dataclass(frozen=True, slots=True)
class Counts:
    """How many jobs run, how many of those wait for something or stop behind the parts under way; how many are to
    come, paused, failed, done; how many failed ones can be tried again, how many can leave the list. `left` is in how
    many seconds all that is to come is done, None while nobody knows."""

    running: int = 0
    waiting: int = 0
    queued: int = 0
    pausing: int = 0
    paused: int = 0
    failed: int = 0
    done: int = 0
    again: int = 0
    cleared: int = 0
    left: float | None = None

    @property
    def words(self) -> str:
        """Of the page's head; nothing where nothing is to come or to be seen to."""
        at_work = ((self.running - self.waiting, "running"), (self.waiting, "waiting"))
        to_come = (*at_work, (self.queued, "to come"), (self.paused, "paused"))
        several = self.running + self.queued > 1  # of one its row says it
        left = [said] if several and (said := words.about_left(self.left)) else []
        is_at_work = self.running + self.queued + self.paused > 0
        over = ((self.failed, "failed"), (self.done if is_at_work else 0, "done"))
        return " · ".join([*_counted(to_come), *left, *_counted(over)])


def _counted(pieces: tuple[tuple[int, str], ...]) -> list[str]:
    return [f"{count} {what}" for count, what in pieces if count]


class JobRows(Part):
    """Keeps `rows` as the jobs and the files on their way are. `changed` carries a job that was read anew, `counted`
    the counts, `ended` the jobs that have come to an end."""

    changed = Signal(object)
    counted = Signal(object)
    ended = Signal(list)

    def __init__(self, waiting: Waiting, rows: QueueModel, tasks: Tasks, place: QWidget) -> None:
        super().__init__(tasks, place)
        self.counts = Counts()
        self._waiting, self._rows = waiting, rows
        self._seen: list[Row] = []
        self._made: dict[str, Row] = {}
        self._states: dict[str, str] = {}
        self._sizes: dict[str, tuple[float, float]] = {}  # seconds of the recording, and how much of them is heard
        self.together = Together()
        self._of_conversation: dict[str, str] = {}  # the state of the job that a conversation is about
        self._dirty: dict[str, None] = {}  # in their order
        self._is_other = False
        self._since = 0.0  # when the page began to listen, as jobs say when they were added
        self._calm = QTimer(self, singleShot=True, interval=CALM_MS)
        self._calm.timeout.connect(self._show_changed)

    def attach(self, services: Services) -> None:
        super().attach(services)
        self._since = time.time() * 1_000_000
        self.service.listen(self._told)
        self.read_all()

    @property
    def is_settled(self) -> bool:
        """Whether all that was told is on the screen."""
        return not self._calm.isActive()

    def read_all(self) -> None:
        """All jobs there are, without a word of those that are over already."""
        jobs = self.service.jobs()
        self._made = {job.id: row_of_job(job) for job in jobs}
        self._states = {job.id: state_of(job) for job in jobs}
        self._sizes = {job.id: (job.seconds, job.progress) for job in jobs}
        self._of_conversation = {job.conversation: state_of(job) for job in jobs}
        self.show()

    def state_of(self, conversation: str) -> str:
        """Of the job that made or makes it, "" for none."""
        return self._of_conversation.get(conversation, "")

    def show(self) -> None:
        """Every row, in its order: files on their way, then failed jobs, those to come, and what is over."""
        for id in [id for id in self._dirty if id not in self._made]:
            self._read(id)  # a file that leaves the list is a job in the same moment
        self._seen = [row_of_seen(one) for one in self._waiting.seen]
        self.arrange()

    def arrange(self) -> None:
        """The same, while no file on its way has changed."""
        self._rows.replace([*self._seen, *(self._made[id] for id in self.order())])
        self._count()

    def order(self) -> list[str]:
        """Failed ones, then those to come in the order of their turn, then what is over, the newest first."""
        groups: tuple[list[str], ...] = ([], [], [])
        for job in self.known.jobs.all(KIND) if self.services is not None else ():
            if job.id in self._made:
                groups[ORDER.get(self._states[job.id], 1)].append(job.id)
        return [*groups[0], *groups[1], *reversed(groups[2])]

    def coming(self) -> list[str]:
        """Those that are not over, in the order of their turn."""
        return [id for id in self.order() if self._states[id] not in OVER]

    # A job is new, changed or gone

    def _told(self, id: str) -> None:
        self._dirty[id] = None
        if not self._calm.isActive():
            self._calm.start()

    def _show_changed(self) -> None:
        ids = [*self._dirty][:AT_ONCE]
        ended = [job for id in ids if (job := self._read(id)) is not None]
        for id in ids:
            del self._dirty[id]
        if self._dirty:
            self._calm.start()
        elif self._is_other:
            self._is_other = False
            self.arrange()
        else:
            self._count()
        if ended:
            self.ended.emit(ended)

    def _read(self, id: str) -> JobView | None:
        """One job anew; it is returned where it has just come to its end."""
        job, was = self.service.job(id), self._states.get(id, "")
        if job is None:
            self._is_other |= self._made.pop(id, None) is not None
            self._states.pop(id, None)
            self._sizes.pop(id, None)
            return None
        state = self._states[id] = self._of_conversation[job.conversation] = state_of(job)
        self._made[id], self._sizes[id] = row_of_job(job), (job.seconds, job.progress)
        self._rows.change(self._made[id])
        self._is_other |= ORDER.get(state) != ORDER.get(was)
        self.changed.emit(job)
        is_of_now = bool(was) or job.added >= self._since  # one that failed before it was ever shown is told too
        return job if state in OVER and was not in OVER and is_of_now else None

    def _count(self) -> None:
        count = Counter(self._states.values())
        running = sum(count[state] for state in AT_WORK)
        jobs = ((state, *self._sizes[id]) for id, state in self._states.items())
        self.counts = Counts(
            running,
            count["waiting"],
            count["queued"],
            count["pausing"],
            count["paused"],
            count["failed"],
            count["done"],
            sum("retry" in self._made[id].actions for id, state in self._states.items() if state == "failed"),
            count["done"] + count["cancelled"],
            self.together.left(jobs, is_at_work=running > 0),
        )
        self.counted.emit(self.counts)
