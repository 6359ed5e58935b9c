"""What keys and buttons do with the transcript: each a step of the history, named."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from desktop.core import transcript_edits as edits
from desktop.core.errors import BadInput
from desktop.core.transcript import Segment, Transcript
from desktop.ui.transcription.editor import words
from desktop.ui.transcription.editor.segment_list import SegmentList
from desktop.ui.transcription.editor.state import EditState, chosen_span
from desktop.ui.transcription.editor.waveform import Waveform
from desktop.ui.widgets.playback import Playback

NUDGE_MS = 50
NEW_MS = 2000


class Commands(QObject):
    """`refused` carries a sentence for what cannot be done."""

    refused = Signal(str)

    def __init__(
        self, state: EditState, list_: SegmentList, playback: Playback, waveform: Waveform, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._state, self._list, self._playback, self._waveform = state, list_, playback, waveform
        list_.rows.typed.connect(self.type)
        list_.asked.connect(self.asked_in_list)

    def _do(self, told: str, change: Callable[[Transcript], Transcript]) -> bool:
        try:
            return self._state.do(told, change(self._state.transcript))
        except BadInput as error:
            self.refused.emit(f"{error.summary} {error.advice}".strip())
            return False

    def type(self, id: str, text: str, in_second: bool) -> None:
        """Typing in one segment is one step until something else is done."""
        changed = edits.set_text(self._state.transcript, id, text, second=in_second)
        self._state.do("Edit text", changed, typing=f"{id}:{in_second}")

    def asked_in_list(self, wanted: str, id: str, at: int) -> None:
        done: dict[str, Callable[[], object]] = {
            "split": lambda: self.split_at(id, at),
            "merge-previous": lambda: self._merge_with(id, -1),
            "merge-next": lambda: self._merge_with(id, 1),
            "previous": lambda: self._edit_neighbour(id, -1),
            "next": lambda: self._edit_neighbour(id, 1),
            "done": self._list.finish_edit,
            "speaker": lambda: self.assign_number(at),
            "delete": self.delete,
            "copy": self.copy,
        }
        done[wanted]()

    # Segments

    def current(self) -> Segment | None:
        """The one that is selected, else the one that plays."""
        found = self._state.segment(self._list.current)
        if found is not None:
            return found
        row = self._state.lines.near(self._playback.position)
        return self._state.lines.segments[row] if row >= 0 else None

    def chosen(self) -> list[str]:
        found = self._list.selected()
        return found or [each.id for each in [self.current()] if each is not None]

    def stretch(self) -> tuple[int, int]:
        """The stretch that is selected in the waveform, else from the first to the last selected segment."""
        return self._waveform.selection or chosen_span(self._state, self.chosen())

    def copy(self) -> None:
        """The words of the selected ones, a line each; beside them those of the second column, where it is shown."""
        some = [found for each in self.chosen() if (found := self._state.segment(each)) is not None]
        has_second = self._list.columns == "second"
        lines = ["\t".join(filter(None, (each.text, each.second if has_second else ""))) for each in some]
        QGuiApplication.clipboard().setText("\n".join(lines))

    def finish_edit(self) -> None:
        self._list.finish_edit()

    def split_at(self, id: str, at: int, moment: int | None = None) -> None:
        self._list.finish_edit()
        if self._do("Split", lambda now: edits.split(now, id, at, moment)):
            row = self._state.lines.rows[id] + 1
            self._list.edit_text(self._state.lines.segments[row].id, 0)
        else:
            self._list.edit_text(id, at)

    def split(self) -> None:
        """At the cursor while words are edited, else at the playhead."""
        if (field := self._list.field) is not None:
            self.split_at(self._list.current, field.place)
            return
        moment = self._playback.position
        row = self._state.lines.at(moment)
        if row < 0:
            self.refused.emit("The playhead is in no segment. Put it where the segment should be split.")
            return
        segment = self._state.lines.segments[row]
        self._do("Split", lambda now: edits.split(now, segment.id, _character(segment, moment), moment))

    def merge(self) -> None:
        """The selected ones; a single one with the next."""
        self._list.finish_edit()
        ids = self._list.selected()
        if len(ids) < 2 and (found := self.current()) is not None:
            row = self._state.lines.rows[found.id]
            ids = [each.id for each in self._state.lines.segments[row : row + 2]]
        if self._do("Merge", lambda now: edits.merge(now, ids)):
            self._list.select(ids[0])

    def _merge_with(self, id: str, by: int) -> None:
        row = self._state.lines.rows.get(id, -1)
        first = row + min(0, by)
        if row < 0 or first < 0 or first + 1 >= len(self._state.lines.segments):
            return
        one, other = self._state.lines.segments[first : first + 2]
        at = len(one.text.strip()) + (1 if by < 0 and one.text.strip() and other.text.strip() else 0)
        self._list.finish_edit()
        if self._do("Merge", lambda now: edits.merge(now, [one.id, other.id])):
            self._list.edit_text(one.id, at)

    def _edit_neighbour(self, id: str, by: int) -> None:
        row = self._state.lines.rows.get(id, -1) + by
        self._list.finish_edit()
        self._state.end_typing()
        if 0 <= row < len(self._state.lines.segments):
            self._list.edit_text(self._state.lines.segments[row].id)

    def insert(self) -> None:
        """In the selected stretch, else at the playhead up to the next segment."""
        self._list.finish_edit()
        begins, ends = self._waveform.selection or self._room()
        made: list[str] = []

        def change(now: Transcript) -> Transcript:
            changed, id = edits.insert(now, begins, ends)
            made.append(id)
            return changed

        if self._do("Insert", change):
            self._list.edit_text(made[0])

    def _room(self) -> tuple[int, int]:
        at = self._playback.position
        row = self._state.lines.at(at)
        at = self._state.lines.segments[row].ends if row >= 0 else at
        after = next((each.begins for each in self._state.lines.segments if each.begins > at), at + NEW_MS)
        return at, max(min(at + NEW_MS, after), at + 200)

    def delete(self) -> None:
        self._list.finish_edit()
        ids = self.chosen()
        rows = [self._state.lines.rows[each] for each in ids]
        if ids and self._do(f"Delete {words.many(len(ids), 'segment')}", lambda now: edits.delete(now, ids)):
            left = self._state.lines.segments
            if left:
                self._list.select(left[min(rows[0], len(left) - 1)].id)

    # Times

    def move_edge(self, id: str, begins: int, ends: int) -> None:
        segment = self._state.segment(id)
        if segment is not None and (begins, ends) != (segment.begins, segment.ends):
            self._do(
                "Move an edge",
                lambda now: edits.move_edge(
                    now,
                    id,
                    begins=begins if begins != segment.begins else None,
                    ends=ends if ends != segment.ends else None,
                ),
            )

    def edge_here(self, *, is_begin: bool) -> None:
        """Where the playhead is."""
        if (found := self.current()) is not None:
            at = self._playback.position
            self.move_edge(found.id, at if is_begin else found.begins, found.ends if is_begin else at)

    def nudge(self, by: int, *, is_begin: bool) -> None:
        if (found := self.current()) is not None:
            steps = (by, 0) if is_begin else (0, by)
            self.move_edge(found.id, max(0, found.begins + steps[0]), found.ends + steps[1])

    def shift(self, milliseconds: int, *, all_of_them: bool) -> None:
        ids = None if all_of_them else self.chosen()
        told = "Shift all times" if all_of_them else f"Shift {words.many(len(ids or ()), 'segment')}"
        first = self._state.segment(ids[0]) if ids else next(iter(self._state.lines.segments), None)
        if first is None or not milliseconds or not self._state.may_change():
            return
        is_done = self._do(told, lambda now: edits.shift(now, milliseconds, ids))
        moved = found.begins - first.begins if is_done and (found := self._state.segment(first.id)) else 0
        if moved != milliseconds:
            far = f"Moved by {moved / 1000:+.3f} s only" if moved else "Nothing was moved"
            self.refused.emit(f"{far}: no segment is moved out of the recording.")

    # Speakers

    def assign(self, speaker: str) -> None:
        ids = self.chosen()
        name = found.name if (found := self._state.speaker(speaker)) else "nobody"
        self._do(f"Assign to {name}", lambda now: edits.assign(now, ids, speaker))

    def assign_number(self, number: int) -> None:
        """The first to the ninth speaker; 0 is nobody."""
        speakers = self._state.transcript.speakers
        if number == 0:
            self.assign("")
        elif number <= len(speakers):
            self.assign(speakers[number - 1].id)
        else:
            self.refused.emit(f"There is no speaker {number}. Add one at the right.")


def _character(segment: Segment, moment: int) -> int:
    """The place in the words where a moment is: before the first word that begins then or later."""
    from desktop.core.subtitles.rules import words_of
    from desktop.ui.transcription.editor.state import spans

    for (first, _), word in zip(spans(segment.text), words_of(segment), strict=True):
        if word.begins >= moment:
            return first
    return spans(segment.text)[-1][0] if segment.text.split() else 0
