"""Files that were looked at and jobs, as rows of the queue."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePath
from typing import TYPE_CHECKING

from desktop.core import pricing
from desktop.core.pricing import Cost, Unpriced
from desktop.ui.transcription import words
from desktop.ui.transcription.queue_model import Row

if TYPE_CHECKING:
    from desktop.services.transcription.values import JobView, Look

STATES = {  # how a job's state is drawn: icon, tone
    "queued": ("clock", "muted"),
    "running": ("transcription", "accent"),
    "waiting": ("clock", "warn"),
    "pausing": ("pause", "accent"),
    "paused": ("pause", "muted"),
    "done": ("check", "good"),
    "failed": ("error", "bad"),
    "cancelled": ("close", "muted"),
}
ACTIONS = {
    "queued": ("pause", "show", "cancel"),
    "running": ("watch", "pause", "show", "cancel"),
    "waiting": ("now", "pause", "show", "cancel"),
    "pausing": ("watch", "resume", "pause-now", "show", "cancel"),
    "paused": ("resume", "show", "cancel"),
    "done": ("open", "show", "remove"),
    "failed": ("retry", "show", "remove"),
    "cancelled": ("retry", "show", "remove"),
}
REMEDIES = {  # what helps where a job failed, by the kind of error; trying again helps where nothing is said here
    "FileSilent": ("choose", "show", "remove"),
    "FileGone": ("find", "retry", "remove"),
    "FileChanged": ("anew", "show", "remove"),
}
ORDER = {"failed": 0, "queued": 1, "running": 1, "waiting": 1, "pausing": 1, "paused": 1, "done": 2, "cancelled": 2}
"""What needs somebody stands first, what is over last."""

ONCE = "It is taken once."
"""The advice for a recording that is in the list already: no fault of it."""

NOTHING = pricing.shown(Decimal(0))
OVER = ("done", "failed", "cancelled")
STRETCHES = 8  # that are named in a tooltip
AT_WORK = ("running", "waiting", "pausing")


@dataclass(slots=True)
class Seen:
    """A file on its way into the queue. `look` is None while it is being looked at; `known` is when a recording with
    the same bytes was transcribed, in words; `again` that it is wanted all the same; `can_open` that there is
    something of it to be opened; `is_begun` that it was tried before, and nothing came of it."""

    key: str
    path: str
    look: Look | None = None
    known: str = ""
    again: bool = False
    can_open: bool = True
    is_begun: bool = False

    @property
    def is_ready(self) -> bool:
        """Whether it goes along when the button is pressed."""
        look = self.look
        return look is not None and not look.problem and (not look.same_as or self.again or self.is_begun)


def state_of(job: JobView) -> str:
    """The job's state; one that stops behind the parts under way is "pausing"."""
    return "pausing" if job.is_pausing else str(job.state)


def row_of_seen(seen: Seen) -> Row:
    look = seen.look
    if look is None:
        title = PurePath(seen.path).name or seen.path
        return Row(seen.key, title, "Being looked at", icon="search", actions=("remove",), details=seen.path)
    name = PurePath(look.path).name
    if look.problem:
        said = f"{look.problem} {look.advice}".strip()
        tone, icon = ("muted", "info") if look.advice == ONCE else ("bad", "warning")
        return Row(seen.key, name, said, tone, icon, actions=_of_unfit(look), details=look.path)
    if look.same_as and not seen.is_ready:
        return _known(seen, look, name)
    return _ready(seen, look, name)


def _of_unfit(look: Look) -> tuple[str, ...]:
    """Another file helps where it is the file's fault; a model that lacks something is the form's matter."""
    is_the_files = look.sound is None or look.sound.is_protected
    return ("choose", "show", "remove") if is_the_files else ("show", "remove")


def _known(seen: Seen, look: Look, name: str) -> Row:
    about = words.sound(look.sound) if look.sound is not None else ""
    actions = ("open", "again", "remove") if seen.can_open else ("again", "remove")
    said = seen.known or "Is here already"
    return Row(seen.key, name, said, icon="info", facts=(about,), actions=actions, details=look.path)


def _ready(seen: Seen, look: Look, name: str) -> Row:
    about = words.sound(look.sound) if look.sound is not None else ""
    if seen.is_begun:
        about = f"{about} · tried before"
    tone, icon = ("warn", "warning") if look.warning else ("muted", "transcription")
    return Row(
        seen.key,
        name,
        f"{about} · {look.warning}" if look.warning else about,
        tone,
        icon,
        facts=(f"in {look.parts} parts",) if look.parts > 1 else (),
        cost=words.price(look.estimate),
        actions=("show", "remove"),
        details=look.path,
    )


def row_of_job(job: JobView) -> Row:
    state = state_of(job)
    icon, tone = STATES.get(state, ("info", "muted"))
    if state == "done" and job.nothing_in:
        icon, tone = "warning", "warn"
    return Row(
        job.id,
        job.title,
        said_of(job),
        tone,
        icon,
        job.progress if state in AT_WORK or (state == "paused" and job.progress > 0) else None,
        facts_of(job, state),
        cost_of(job, state),
        REMEDIES.get(job.problem, ACTIONS["failed"]) if state == "failed" else ACTIONS.get(state, ("cancel",)),
        is_job=True,
        is_coming=state not in OVER,
        details=_details(job),
    )


def said_of(job: JobView) -> str:
    """What a job does or waits for, how it ended, and what somebody should know of it."""
    if job.error:
        return f"{job.error} {job.advice}".strip()
    if str(job.state) != "done":
        return job.words
    return " · ".join(each for each in (job.words, _empty(job), words.length(job.seconds), job.model) if each)


def _empty(job: JobView) -> str:
    """Where no text came for speech: from when to when, or how many times."""
    if len(job.nothing_in) > 1:
        return f"nothing was heard in {words.many(len(job.nothing_in), 'place')}"
    return "".join(f"nothing was heard from {_stretch(each)}" for each in job.nothing_in)


def _stretch(stretch: tuple[int, int]) -> str:
    begins, ends = (words.clock(each / 1000) for each in stretch)
    return f"{begins} to {ends}"


def _details(job: JobView) -> str:
    """The file, and each of several stretches that the model left empty."""
    stretches = ", ".join(_stretch(each) for each in job.nothing_in[:STRETCHES]) if len(job.nothing_in) > 1 else ""
    more = ", …" if len(job.nothing_in) > STRETCHES else ""
    return "\n".join(each for each in (job.path, stretches and f"Nothing was heard from {stretches}{more}") if each)


def facts_of(job: JobView, state: str) -> tuple[str, ...]:
    """Time left first: it stays longest where the window is narrow."""
    if state not in (*AT_WORK, "paused"):
        return ()
    parts = f"parts {job.parts_done}/{job.parts}" if job.parts > 1 else ""
    pace = words.pace(job.rate) if state == "running" else ""
    return tuple(each for each in (words.left(job.seconds_left), parts, pace) if each)


def cost_of(job: JobView, state: str) -> str:
    """`$0.12 of about $0.42` while it works, what it came to when it is over."""
    if state in ("failed", "cancelled") and job.cost == NOTHING:
        return ""  # it may have been charged for what was not answered: nobody knows
    if state in OVER or job.cost in ("free", "unpriced"):
        return job.cost
    if job.cost and job.estimate:
        return f"{job.cost} of about {job.estimate}"
    if job.estimate in ("free", "unpriced"):
        return job.estimate
    return f"about {job.estimate}" if job.estimate else job.cost


def to_send(seen: list[Seen]) -> tuple[float, list[Cost | Unpriced | None]]:
    """Seconds and estimates of all that goes along."""
    ready = [one.look for one in seen if one.is_ready and one.look is not None]
    return sum(look.sound.seconds for look in ready if look.sound is not None), [look.estimate for look in ready]


def left_out(seen: list[Seen]) -> dict[str, int]:
    """How many of those that were looked at do not go along, for each reason."""
    looks = [one.look for one in seen if one.look is not None and not one.is_ready]
    unfit = [look for look in looks if look.problem and look.advice != ONCE]
    return {"cannot be transcribed": len(unfit), "here already": len(looks) - len(unfit)}
