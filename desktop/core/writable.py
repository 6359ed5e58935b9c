"""A transcript as files of text can hold it: whole characters, none that steers a terminal, names on one line."""

from __future__ import annotations

import re

from msgspec.structs import replace

from desktop.core.text import scalar
from desktop.core.transcript import Segment, Speaker, Transcript, Word

_LINES = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_UNWRITABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


def text(words: str) -> str:
    """Controls are left out, all that ends a line is a line break, half a character is U+FFFD."""
    if words.isascii() and words.isprintable():
        return words
    return _UNWRITABLE.sub("", _LINES.sub("\n", scalar(words)))


def line(words: str) -> str:
    """The same on one line: for names and titles."""
    return " ".join(text(words).split())


def transcript(found: Transcript) -> Transcript:
    return replace(
        found,
        segments=tuple(map(_segment, found.segments)),
        speakers=tuple(Speaker(speaker.id, line(speaker.name), speaker.color) for speaker in found.speakers),
        language=line(found.language),
        second_language=line(found.second_language),
        model=line(found.model),
    )


def _segment(segment: Segment) -> Segment:
    words = segment.words
    if any(text(word.text) != word.text for word in words):
        words = tuple(Word(text(word.text), word.begins, word.ends) for word in words)
    return replace(segment, text=text(segment.text), second=text(segment.second), words=words)
