"""What the readers of subtitle files bring together: segments and those who speak them, bounded."""

from __future__ import annotations

from desktop.core.errors import BadInput
from desktop.core.ids import new_id
from desktop.core.text import scalar
from desktop.core.transcript import Segment, Speaker, Transcript

MOST_SEGMENTS = 100_000


class Cues:
    """Takes one subtitle after the other, in any order."""

    def __init__(self) -> None:
        self._segments: list[Segment] = []
        self._speakers: dict[str, Speaker] = {}
        self.language = ""

    def add(self, begins: int, ends: int, text: str, name: str = "") -> None:
        """Raises BadInput where there are too many."""
        if len(self._segments) >= MOST_SEGMENTS:
            raise BadInput(f"This file has more than {MOST_SEGMENTS:,} subtitles.", "Open a part of it.")
        name = scalar(" ".join(name.split()))
        speaker = self._speakers.setdefault(name, Speaker(new_id(), name, len(self._speakers))).id if name else ""
        self._segments.append(Segment(new_id(), begins, max(ends, begins), scalar(text), speaker))

    def transcript(self) -> Transcript:
        """Raises BadInput where nothing came."""
        if not self._segments:
            raise BadInput("This file has no subtitles in it.", "Choose an SRT, WebVTT, ASS or TTML file.")
        ordered = tuple(sorted(self._segments, key=lambda segment: (segment.begins, segment.ends)))
        length = max(segment.ends for segment in ordered)
        return Transcript(ordered, tuple(self._speakers.values()), length, self.language)


def unreadable_times(line: int) -> BadInput:
    return BadInput(f"Line {line} has times that cannot be read.", "Mend the file and open it again.")
