"""What was transcribed before, as it is wanted now: nobody pays twice for the same words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from desktop.core.job import Job, JobState
from desktop.services.transcription.export import FORMS
from desktop.services.transcription.values import Look, Options, Work

ASKED = (
    *("profile", "model", "task", "language", "languages", "prompt", "keywords", "temperature", "channel", "diarize"),
    *("speakers", "form"),
)
"""Of the options, what a model is asked for; the others say where its answer goes."""


def find(jobs: Iterable[Job], look: Look, options: Options) -> str:
    """The newest finished job for the same bytes and the same wishes; "" where there is none."""
    found = ""
    for job in jobs:
        try:
            work = msgspec.convert(job.payload, Work)
        except msgspec.ValidationError:
            continue  # of another version
        is_alike = all(getattr(work.options, name) == getattr(options, name) for name in ASKED)
        if job.state is JobState.DONE and work.sha256 == look.sha256 and is_alike:
            found = max(found, job.id)
    return found


def files(written: Sequence[str], forms: Sequence[str], folder: Path, name: str) -> tuple[Path, ...]:
    """Of the files written then, those that are wanted now, in the order of the forms; none where one is missing.

    `name` is what they begin with.
    """
    paths = [path for path in map(Path, written) if path.parent == folder and path.name.startswith(name)]
    by_form = {_form(path.name): path for path in paths if path.is_file()}
    found = tuple(by_form[form] for form in forms if form in by_form)
    return found if len(found) == len(forms) else ()


def _form(name: str) -> str:
    """By the longest ending that fits."""
    fitting = [form for form in FORMS if name.endswith(form.ending)]
    return max(fitting, key=lambda form: len(form.ending)).name if fitting else ""
