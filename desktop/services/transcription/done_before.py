"""What was transcribed before, as it is wanted now: nobody pays twice for the same words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from desktop.core.job import Job, JobState
from desktop.services.transcription.export import FORMS
from desktop.services.transcription.values import Look, Options, Work

Done = dict[str, list[tuple[str, Options]]]
"""Finished jobs, the oldest first, by the content of their recordings."""


def finished(jobs: Iterable[Job]) -> Done:
    found: Done = {}
    for job in sorted((job for job in jobs if job.state is JobState.DONE), key=lambda job: job.id):
        try:
            work = msgspec.convert(job.payload, Work)
        except msgspec.ValidationError:
            continue  # of another version
        found.setdefault(work.sha256, []).append((job.id, work.options))
    return found


def find(done: Done, look: Look, options: Options) -> str:
    """The newest finished job for the same bytes and the same wishes; "" where there is none."""
    return next((id for id, asked in reversed(done.get(look.sha256, [])) if asked.asks_as(options)), "")


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
