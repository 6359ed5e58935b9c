"""Files that were looked at and jobs, as rows of the queue."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from desktop.core.pricing import Cost, Unpriced
from desktop.ui.transcription import words
from desktop.ui.transcription.queue_model import Row

if TYPE_CHECKING:
    from desktop.services.transcription.values import JobView, Look

STATES = {  # how a job's state is drawn: icon, tone
    "queued": ("clock", "muted"),
    "running": ("transcription", "accent"),
    "waiting": ("clock", "warn"),
    "paused": ("pause", "muted"),
    "done": ("check", "good"),
    "failed": ("error", "bad"),
    "cancelled": ("close", "muted"),
}
ACTIONS = {
    "queued": ("pause", "show", "cancel"),
    "running": ("watch", "pause", "show", "cancel"),
    "waiting": ("resume", "pause", "show", "cancel"),
    "paused": ("resume", "show", "cancel"),
    "done": ("open", "show", "remove"),
    "failed": ("retry", "show", "remove"),
    "cancelled": ("retry", "show", "remove"),
}
ORDER = {"failed": 0, "queued": 1, "running": 1, "waiting": 1, "paused": 1, "done": 2, "cancelled": 2}
"""What needs somebody stands first, what is over last."""


@dataclass(slots=True)
class Seen:
    """A file on its way into the queue. `look` is None while it is being looked at; `known` is when a recording with
    the same bytes was transcribed, in words; `again` that it is wanted all the same."""

    key: str
    path: str
    look: Look | None = None
    known: str = ""
    again: bool = False

    @property
    def is_ready(self) -> bool:
        """Whether it goes along when the button is pressed."""
        look = self.look
        return look is not None and not look.problem and (not look.same_as or self.again)


def row_of_seen(seen: Seen) -> Row:
    title = PurePath(seen.path).name or seen.path
    look = seen.look
    if look is None:
        return Row(seen.key, title, "Being looked at", icon="search", actions=("remove",), details=seen.path)
    name = PurePath(look.path).name
    if look.problem:
        said = f"{look.problem} {look.advice}".strip()
        return Row(seen.key, name, said, "bad", "warning", actions=("show", "remove"), details=look.path)
    about = words.sound(look.sound) if look.sound is not None else ""
    if look.same_as and not seen.again:
        return Row(
            seen.key,
            name,
            seen.known or "Is here already",
            icon="info",
            facts=(about,),
            actions=("open", "again", "remove"),
            details=look.path,
        )
    facts = (f"in {look.parts} parts",) if look.parts > 1 else ()
    said = f"{about} · {look.warning}" if look.warning else about
    return Row(
        seen.key,
        name,
        said,
        "warn" if look.warning else "muted",
        "warning" if look.warning else "transcription",
        facts=facts,
        cost=words.price(look.estimate),
        actions=("show", "remove"),
        details=look.path,
    )


def row_of_job(job: JobView) -> Row:
    state = str(job.state)
    icon, tone = STATES.get(state, ("info", "muted"))
    said = f"{job.error} {job.advice}".strip() if job.error else job.words
    actions = ACTIONS.get(state, ("cancel",))
    if state == "done" and job.seconds:
        said = " · ".join(each for each in (job.words, words.length(job.seconds), job.model) if each)
    return Row(
        job.id,
        job.title,
        said,
        tone,
        icon,
        job.progress if state in ("running", "waiting", "paused") else None,
        facts_of(job, state),
        cost_of(job, state),
        actions,
        is_job=True,
        details=job.path,
    )


def facts_of(job: JobView, state: str) -> tuple[str, ...]:
    """Time left first: it stays longest where the window is narrow."""
    if state not in ("running", "waiting", "paused"):
        return ()
    parts = f"parts {job.parts_done}/{job.parts}" if job.parts > 1 else ""
    pace = words.pace(job.rate) if state == "running" else ""
    return tuple(each for each in (words.left(job.seconds_left), parts, pace) if each)


def cost_of(job: JobView, state: str) -> str:
    """`$0.12 of about $0.42` while it works, what it came to when it is over."""
    if state in ("done", "cancelled", "failed") or job.cost in ("free", "unpriced"):
        return job.cost
    if job.cost and job.estimate:
        return f"{job.cost} of about {job.estimate}"
    if job.estimate in ("free", "unpriced"):
        return job.estimate
    return f"about {job.estimate}" if job.estimate else job.cost


def in_order(jobs: tuple[JobView, ...]) -> list[JobView]:
    """Failed ones, then those to come in the order of their turn, then what is over, the newest first."""
    groups: tuple[list[JobView], ...] = ([], [], [])
    for job in jobs:
        groups[ORDER.get(str(job.state), 1)].append(job)
    return [*groups[0], *groups[1], *reversed(groups[2])]


def to_send(seen: list[Seen]) -> tuple[float, list[Cost | Unpriced | None]]:
    """Seconds and estimates of all that goes along."""
    ready = [one.look for one in seen if one.is_ready and one.look is not None]
    return sum(look.sound.seconds for look in ready if look.sound is not None), [look.estimate for look in ready]
