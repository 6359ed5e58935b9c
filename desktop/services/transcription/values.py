"""What the transcription service is asked for and what it answers: values without any work in them."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from desktop.core.pricing import Cost, Unpriced
from desktop.core.transcript import Sound, Transcript
from desktop.services.jobs import JobState
from desktop.store.recordings import Peaks, Recording

Task = Literal["transcribe", "translate"]
Channel = Literal["mixed", "left", "right", "each"]
OnDoubt = Literal["ask", "repeat"]


class KnownSpeaker(Struct, frozen=True):
    """A name, and the path of a clip of 2 to 10 seconds in which this voice alone is heard."""

    name: str
    clip: str


class Options(Struct, frozen=True, omit_defaults=True):
    """How recordings are transcribed. Empty is what the profile, the model or the settings have.

    `form` is the response format, "" for the best one of the model. `on_doubt` is what is done with a part that may
    have run and been charged already: the job "ask"s, or it is "repeat"ed. `parts_at_once` of one recording are sent,
    0 for as many as the settings say: with 1 each part knows how the one before it ended. `formats_out` are written
    when a transcript is done, into `out_dir` or, where that is empty, beside the recording.
    """

    profile: str = ""
    model: str = ""
    task: Task = "transcribe"
    language: str = ""
    languages: tuple[str, ...] = ()
    prompt: str = ""
    keywords: tuple[str, ...] = ()
    temperature: float | None = None
    channel: Channel = "mixed"
    diarize: bool = False
    speakers: tuple[KnownSpeaker, ...] = ()
    form: str = ""
    on_doubt: OnDoubt = "ask"
    parts_at_once: int = 0
    formats_out: tuple[str, ...] = ()
    out_dir: str = ""
    name_pattern: str = ""

    def asks_as(self, other: Options) -> bool:
        """Whether a model is asked for the same; how it is sent and where the files go does not count."""
        return all(getattr(self, name) == getattr(other, name) for name in ASKED)


ASKED = (
    *("profile", "model", "task", "language", "languages", "prompt", "keywords", "temperature", "channel", "diarize"),
    *("speakers", "form"),
)
"""Of the options, those that change what is heard."""


class Look(Struct, frozen=True, omit_defaults=True):
    """What is known of a file before anything is sent. `problem` says why it cannot be done, with `advice`;
    `warning` what will be left out. `same_as` is the id of a recording with the same bytes that is kept already.

    `folder` is its place below what was dropped, `parts` how many requests it takes.
    """

    path: str
    sound: Sound | None = None
    problem: str = ""
    advice: str = ""
    warning: str = ""
    sha256: str = ""
    same_as: str = ""
    size_bytes: int = 0
    changed_ns: int = 0
    folder: str = ""
    estimate: Cost | Unpriced | None = None
    parts: int = 0


class Looking(Struct, frozen=True):
    """How far a look is. `hidden` and `others` are files that were passed over: hidden ones, and no recordings."""

    done: int
    of: int
    name: str = ""
    hidden: int = 0
    others: int = 0


class Estimate(Struct, frozen=True):
    """What several recordings would cost. `unpriced` are those of which nobody knows."""

    dollars: Decimal
    seconds: float
    files: int
    unpriced: int = 0
    is_free: bool = False


class JobView(Struct, frozen=True, omit_defaults=True):
    """A job as the queue shows it. `id` is the recording's too. `rate` is seconds of sound for a second of work;
    `problem` as in `core.job.Job`.

    `is_pausing`: it stops behind the parts that are on their way. `nothing_in` are stretches, in milliseconds, for
    which no text came though somebody seems to speak there.
    """

    id: str
    recording: str
    conversation: str
    title: str
    path: str
    state: JobState
    words: str
    progress: float = 0.0
    seconds_left: float | None = None
    rate: float = 0.0
    parts_done: int = 0
    parts: int = 0
    cost: str = ""
    estimate: str = ""
    error: str = ""
    advice: str = ""
    added: int = 0
    seconds: float = 0.0
    model: str = ""
    written: tuple[str, ...] = ()
    is_pausing: bool = False
    nothing_in: tuple[tuple[int, int], ...] = ()
    problem: str = ""


class Opened(Struct, frozen=True):
    """A recording with its transcript: as it is now, as it came, and its waveform. `path` is where it can be played,
    "" where its file is missing."""

    recording: Recording
    transcript: Transcript
    original: Transcript
    is_edited: bool
    peaks: Peaks | None
    path: str = ""


class Work(Struct, frozen=True, omit_defaults=True):
    """What a job needs to go on after a restart: its payload. `encoded` is the form its parts are encoded in, "" for
    a recording that is sent as it is; None until it is planned. `goes_on`: the user went on with it, so that parts
    that were broken off by the user's own word may be sent again. `is_asked`: the user was told that parts are in
    doubt; `may_repeat`: and went on all the same. `is_heard`: all has arrived and is kept; only its files may be
    missing."""

    path: str
    sha256: str
    size_bytes: int
    changed_ns: int
    sound: Sound
    conversation: str
    options: Options
    folder: str = ""
    estimate_pico: int | None = None
    is_free: bool = False
    encoded: str | None = None
    parts: int = 0
    parts_done: int = 0
    cost_pico: int | None = None
    unpriced: int = 0
    goes_on: bool = False
    is_asked: bool = False
    may_repeat: bool = False
    is_heard: bool = False
    nothing_in: tuple[tuple[int, int], ...] = ()
    written: tuple[str, ...] = ()
