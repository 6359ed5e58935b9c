"""Jobs that wait for a budget: the window is told once, with the limit to go beyond, and then they go on at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from desktop.core.errors import BudgetReached
from desktop.core.pricing import from_pico
from desktop.ui.tasks import Report, Tasks
from desktop.ui.transcription.part import Part

if TYPE_CHECKING:
    from desktop.services.transcription import JobView


class Budget(Part):
    """Whoever shows the report offers what `BudgetReached` names; `go_on` follows it."""

    def __init__(self, report: Report, tasks: Tasks, place: QWidget) -> None:
        super().__init__(tasks, place)
        self._report = report
        self._waiting: set[str] = set()
        self._told: set[str] = set()  # what each limit was said to be; another sum is another sentence

    def job_changed(self, job: JobView) -> None:
        if str(job.state) != "waiting" or job.problem != BudgetReached.__name__:
            self._waiting.discard(job.id)
            return
        if not self._waiting:
            self.start(self._tell(job.id), "budget")
        self._waiting.add(job.id)

    def go_on(self) -> None:
        """The user goes beyond the limit: nothing waits for its next try."""
        self._told.clear()
        for id in self._waiting:
            self.service.resume(id)

    async def _tell(self, id: str) -> None:
        job = self.known.jobs.find(id)
        if job is None:
            return
        profile = self.known.profiles.get(str(job.payload["options"].get("profile", "")))
        pico = job.payload.get("estimate_pico")
        try:
            await self.known.budgets.check(profile, None if pico is None else from_pico(pico))
        except BudgetReached as reached:
            if reached.summary not in self._told:
                self._told.add(reached.summary)
                self._report(reached)
