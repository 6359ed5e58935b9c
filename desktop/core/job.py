"""One piece of work that outlives a click, as it is now: its state, what it says, how far it is."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct

TURN = "Waits for its turn"


class JobState(StrEnum):
    """WAITING runs, but for something outside: a rate limit, the network. PAUSED is the user's."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_active(self) -> bool:
        return self in (JobState.RUNNING, JobState.WAITING)

    @property
    def is_over(self) -> bool:
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)

    @property
    def is_going(self) -> bool:
        """It runs or will by itself."""
        return self.is_active or self is JobState.QUEUED


STATES = {state.value: state for state in JobState}


class Job(Struct, frozen=True, omit_defaults=True):
    """One job as it is now. `words` says what it does or waits for; `progress` from 0 to 1, `seconds_left` None while
    nobody knows. `problem` is the kind of error, by the name of its class, that it failed with or waits for the end of.
    `payload` is what its kind needs to go on; `added` UTC microseconds; `rank` orders the queue."""

    id: str
    kind: str
    title: str
    state: JobState = JobState.QUEUED
    words: str = TURN
    progress: float = 0.0
    seconds_left: float | None = None
    error: str = ""
    advice: str = ""
    problem: str = ""
    added: int = 0
    rank: float = 0.0
    payload: dict[str, Any] = {}


class Summary(Struct, frozen=True):
    """For the footer: jobs that run, those that wait for their turn, and how far all of them are, from 0 to 1."""

    running: int
    queued: int
    progress: float
