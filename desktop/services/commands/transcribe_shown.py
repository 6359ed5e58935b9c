"""How far a transcription is, on a terminal; where nobody watches, only what it waits for."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

from desktop.core import writable
from desktop.core.subtitles.times import short
from desktop.core.text import visible
from desktop.services.commands.outcome import NobodyReads, Write
from desktop.services.jobs import TURN, JobState
from desktop.services.transcription import JobView, Looking

SHOWN_EVERY_S = 0.25
NARROWEST, USUAL_COLUMNS = 20, 80
_FIGURES = re.compile(r"\d+")


def name_of(path: str, *, is_whole: bool = False) -> str:
    """A file's name, or its whole path, as it can be shown on one line of any terminal."""
    return visible(writable.line(path if is_whole else Path(path).name))


class Shown:
    """One line on a terminal `columns` wide that is written over; with 0 columns there is none, and a line of its own
    says what a recording waits for, once for each reason.

    It is told from the midst of the work, so that it raises nothing: `is_unread` says that nobody reads any more.
    """

    def __init__(self, err: Write, columns: int) -> None:
        self._write, self._columns = err, columns and max(columns, NARROWEST)
        self.is_unread = False
        self._at, self._width = 0.0, 0
        self._told: set[tuple[str, str]] = set()

    def looks(self, looking: Looking) -> None:
        self._line(f"Looks at {looking.done} of {looking.of} files")

    def changed(self, view: JobView, views: Callable[[], Sequence[JobView]]) -> bool:
        """One of the `views` has changed. Whether anybody reads it."""
        if not self._columns:
            self._tell_wait(view)
        elif self._is_due:
            self._line(_words(views()))
        return not self.is_unread

    def clear(self) -> None:
        if self._width:
            self._err("\r" + " " * self._width + "\r")
            self._width = 0

    def _err(self, text: str) -> None:
        if not self.is_unread:
            try:
                self._write(text)
            except NobodyReads:
                self.is_unread = True

    def _tell_wait(self, view: JobView) -> None:
        reason = (view.id, _FIGURES.sub("", view.words))
        if view.state is JobState.WAITING and view.words != TURN and reason not in self._told:
            self._told.add(reason)
            self._err(f"{name_of(view.path)}: {view.words}\n")

    @property
    def _is_due(self) -> bool:
        return self._columns > 0 and time.monotonic() - self._at >= SHOWN_EVERY_S

    def _line(self, text: str) -> None:
        if not self._is_due:
            return
        self._at = time.monotonic()
        text, width = _fitted(text, self._columns - 1)  # in the last column some terminals begin a new line
        self._err("\r" + text + " " * (self._width - width))
        self._width = width


def _words(views: Sequence[JobView]) -> str:
    over = sum(view.state.is_over for view in views)
    running = next((view for view in views if view.state.is_active), None)
    share = sum(1.0 if view.state.is_over else view.progress for view in views) / len(views) if views else 0.0
    left = f", {short(max(1000, round(running.seconds_left * 1000)))} left" if running and running.seconds_left else ""
    now = f": {name_of(running.path)}: {running.words}{left}" if running else ""
    return f"{share:4.0%} {over} of {len(views)}{now}"


def _fitted(text: str, columns: int) -> tuple[str, int]:
    """As much of a text as so many columns hold, and how many it takes."""
    width = 0
    for at, character in enumerate(text):
        taken = _columns_of(character)
        if width + taken > columns:
            return text[:at], width
        width += taken
    return text, width


def _columns_of(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
