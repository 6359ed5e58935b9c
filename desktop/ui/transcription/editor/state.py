"""What the editor holds: the transcript with all it was before, what plays, what is marked."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping
from functools import cached_property

from PySide6.QtCore import QObject, Signal

from desktop.core.subtitles.rules import Rules, words_of
from desktop.core.transcript import Segment, Speaker, Transcript
from desktop.core.transcript_edits import History

HISTORIES = 8


class Lines:
    """A transcript's segments, found by id and by time. Made once for each transcript."""

    def __init__(self, transcript: Transcript) -> None:
        self.segments = transcript.segments

    @cached_property
    def rows(self) -> Mapping[str, int]:
        return {segment.id: row for row, segment in enumerate(self.segments)}

    @cached_property
    def _begins(self) -> list[int]:
        return [segment.begins for segment in self.segments]

    def at(self, moment: int) -> int:
        """The row of the segment in which a moment lies, -1 between segments."""
        row = bisect_right(self._begins, moment) - 1
        return row if row >= 0 and moment < self.segments[row].ends else -1

    def near(self, moment: int) -> int:
        """The row of the segment that a moment is in or after; 0 before the first one, -1 without any."""
        return max(0, bisect_right(self._begins, moment) - 1) if self.segments else -1


class EditState(QObject):
    """`changed` comes after every new transcript, with the words of what was done; `refused` with a sentence."""

    changed = Signal(str)
    refused = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.history = History(Transcript())
        self.original = Transcript()
        self.lines = Lines(self.history.now)
        self.rules = Rules()
        self.fixed_because = ""  # why nothing can be changed
        self._typing = ""
        self._histories: dict[str, History] = {}

    @property
    def transcript(self) -> Transcript:
        return self.history.now

    def open(self, recording: str, transcript: Transcript, original: Transcript) -> None:
        """Another transcript. Its steps are there again if it is as it was left; only the last few are remembered."""
        history = self._histories.pop(recording, None)
        if history is None or history.now != transcript:
            history = History(transcript)
        self.history, self.original, self._typing = history, original, ""
        self._histories[recording] = history
        for oldest in list(self._histories)[:-HISTORIES]:
            del self._histories[oldest]
        self._took("")

    def may_change(self) -> bool:
        """Whether anything can be changed; where not, it is said."""
        if self.fixed_because:
            self.refused.emit(self.fixed_because)
        return not self.fixed_because

    def do(self, words: str, changed: Transcript, *, typing: str = "") -> bool:
        """Take a change as a step that can be undone; steps with the same `typing` that follow each other are one."""
        if changed == self.history.now or not self.may_change():
            return False
        self.history.do(words, changed, joins=bool(typing) and typing == self._typing)
        self._typing = typing
        self._took(words)
        return True

    def undo(self) -> None:
        if words := self.history.undo_words:
            self.history.undo()
            self._typing = ""
            self._took(f"Undo: {words}")

    def redo(self) -> None:
        if words := self.history.redo_words:
            self.history.redo()
            self._typing = ""
            self._took(f"Redo: {words}")

    def end_typing(self) -> None:
        """What is typed next is a step of its own."""
        self._typing = ""

    def _took(self, words: str) -> None:
        self.lines = Lines(self.history.now)
        self.changed.emit(words)

    # What is asked of it

    def segment(self, id: str) -> Segment | None:
        row = self.lines.rows.get(id)
        return None if row is None else self.lines.segments[row]

    def speaker(self, id: str) -> Speaker | None:
        return next((speaker for speaker in self.transcript.speakers if speaker.id == id), None)

    @property
    def has_second(self) -> bool:
        return bool(self.transcript.second_language) or any(each.second for each in self.lines.segments)

    def was(self, segment: Segment) -> str:
        """What the transcript as it came has in the place of a segment."""
        found = [each.text.strip() for each in _overlapping(self.original, segment.begins, segment.ends)]
        return " ".join(found)


def _overlapping(transcript: Transcript, begins: int, ends: int) -> list[Segment]:
    """Those whose middle lies in a stretch; `transcript` is in the order of its beginnings."""
    first = bisect_right(transcript.segments, begins - 60_000, key=lambda each: each.begins)
    found = []
    for segment in transcript.segments[first:]:
        if segment.begins >= ends:
            break
        if begins <= (segment.begins + segment.ends) // 2 < ends:
            found.append(segment)
    return found


def word_at(segment: Segment, moment: int) -> int:
    """The number of the word that is said at a moment, -1 where none is."""
    for number, word in enumerate(words_of(segment)):
        if word.begins <= moment < max(word.ends, word.begins + 1):
            return number
    return -1


def moment_at(segment: Segment, place: int) -> int:
    """When the word around a character begins; the segment's beginning where there is no word."""
    for word, (first, last) in zip(words_of(segment), spans(segment.text), strict=True):
        if first <= place <= last:
            return word.begins
    return segment.begins


def spans(text: str) -> list[tuple[int, int]]:
    """Where each word of a text begins and ends, as `str.split` finds them."""
    found, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        found.append((at, at + len(word)))
        at += len(word)
    return found


def chosen_span(state: EditState, ids: Collection[str]) -> tuple[int, int]:
    """Begin and end of some segments together; (0, 0) without any."""
    some = [each for each in state.lines.segments if each.id in ids]
    return (min(each.begins for each in some), max(each.ends for each in some)) if some else (0, 0)
