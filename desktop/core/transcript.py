"""A transcript: who said what, from when to when; and what each stretch was made of."""

from __future__ import annotations

from enum import IntFlag

from msgspec import Struct
from msgspec.structs import replace


class Doubt(IntFlag):
    """Why a stretch should be looked at. The numbers are in archives and stay."""

    NONE = 0
    APPROXIMATE = 1  # the model named no times; they follow from the cuts and the lengths of words
    INVENTED = 2  # words where nobody speaks
    UNSURE = 4  # the model itself was unsure


class Word(Struct, frozen=True, array_like=True):
    """One word with its blanks and marks; `begins` and `ends` in milliseconds from the start of the recording."""

    text: str
    begins: int
    ends: int


class Segment(Struct, frozen=True, omit_defaults=True):
    """A stretch of speech, `begins` and `ends` in milliseconds from the start of the recording.

    `speaker` is a Speaker's id, `second` the same in another language, `words` empty where no times of words are
    known. An edited text keeps its words' times as far as they still fit.
    """

    id: str
    begins: int
    ends: int
    text: str
    speaker: str = ""
    second: str = ""
    words: tuple[Word, ...] = ()
    doubt: int = 0

    def later(self, milliseconds: int) -> Segment:
        words = tuple(Word(w.text, w.begins + milliseconds, w.ends + milliseconds) for w in self.words)
        return replace(self, begins=self.begins + milliseconds, ends=self.ends + milliseconds, words=words)


class Speaker(Struct, frozen=True):
    """`color` is the number of one of the theme's colours for parts of a chart."""

    id: str
    name: str
    color: int = 0


class Transcript(Struct, frozen=True, omit_defaults=True):
    """All segments in the order of their beginnings. `milliseconds` is the length of the recording.

    `language` is what the model heard or was told; `second_language` that of the second column.
    """

    segments: tuple[Segment, ...] = ()
    speakers: tuple[Speaker, ...] = ()
    milliseconds: int = 0
    language: str = ""
    second_language: str = ""
    model: str = ""

    @property
    def text(self) -> str:
        """The words alone, a blank between segments: for search and for counting."""
        return " ".join(segment.text.strip() for segment in self.segments if segment.text.strip())


class Stretch(Struct, frozen=True):
    """A part of a recording that is sent by itself, in milliseconds. `overlap` is how much of its beginning the part
    before it has too; 0 where the cut is in a silence."""

    begins: int
    ends: int
    overlap: int = 0


class Sound(Struct, frozen=True):
    """What a file holds, found without decoding all of it. `protected`: it cannot be decoded for want of a key."""

    seconds: float
    channels: int
    rate: int
    codec: str
    container: str
    has_video: bool = False
    is_protected: bool = False
