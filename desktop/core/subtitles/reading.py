"""SRT and WebVTT read back: tolerant of what people and programs write, never of what is no subtitle file at all."""

from __future__ import annotations

import html
import re

from desktop.core.errors import BadInput
from desktop.core.ids import new_id
from desktop.core.subtitles import times
from desktop.core.transcript import Segment, Speaker, Transcript

MOST_SEGMENTS = 100_000
_ARROW = re.compile(r"^\s*([\d:.,]+)\s*-->\s*([\d:.,]+)(?:\s.*)?$")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]*)>")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>|<\d[\d:.]*>|\{\\[^{}]{0,200}\}")


def read(text: str) -> Transcript:
    """The transcript of an SRT or WebVTT file. Raises BadInput where it has no subtitle in it."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    is_vtt = lines[0].startswith("WEBVTT")
    segments: list[Segment] = []
    speakers: dict[str, Speaker] = {}
    at = 0
    while at < len(lines):
        moment = _ARROW.match(lines[at])
        at += 1
        if moment is None:
            continue
        begins, ends = times.read(moment[1]), times.read(moment[2])
        said, at = _text(lines, at)
        if begins is None or ends is None:
            raise BadInput(f"Line {at - len(said)} has times that cannot be read.", "Mend the file and open it again.")
        segments.append(_segment(begins, ends, said, speakers, is_vtt=is_vtt))
        if len(segments) > MOST_SEGMENTS:
            raise BadInput(f"This file has more than {MOST_SEGMENTS:,} subtitles.", "Open a part of it.")
    if not segments:
        raise BadInput("This file has no subtitles in it.", "Choose an SRT or WebVTT file.")
    ordered = tuple(sorted(segments, key=lambda segment: (segment.begins, segment.ends)))
    return Transcript(ordered, tuple(speakers.values()), max(segment.ends for segment in ordered))


def _text(lines: list[str], at: int) -> tuple[list[str], int]:
    """The lines up to the next blank one; a number before the next times, without a blank line between, is none."""
    said: list[str] = []
    while at < len(lines) and lines[at].strip():
        follows = lines[at + 1] if at + 1 < len(lines) else ""
        if _ARROW.match(lines[at]) or (lines[at].strip().isdecimal() and _ARROW.match(follows)):
            break
        said.append(lines[at].strip())
        at += 1
    return said, at


def _segment(begins: int, ends: int, said: list[str], speakers: dict[str, Speaker], *, is_vtt: bool) -> Segment:
    text = "\n".join(said)
    speaker = ""
    if is_vtt and (voice := _VOICE.search(text)):
        name = html.unescape(voice[1]).strip()
        known = speakers.setdefault(name, Speaker(new_id(), name, len(speakers)))
        speaker = known.id
    plain = _TAG.sub("", text)
    return Segment(new_id(), begins, max(ends, begins), html.unescape(plain) if is_vtt else plain, speaker)
