"""SRT and WebVTT read back."""

from __future__ import annotations

import html
import re

from desktop.core.subtitles import times
from desktop.core.subtitles.cues import Cues, unreadable_times

_ARROW = re.compile(r"^\s*([-\d:.,]+)\s*-->\s*([-\d:.,]+)(?:\s.*)?$")
_VOICE = re.compile(r"<v(?:\.[^\s<>]{0,200})?\s{1,20}([^<>]{0,200})>")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>|<\d[\d:.]{0,20}>")
_COMMAND = re.compile(r"\{\\[^{}]{0,200}\}")


def read(text: str, cues: Cues) -> None:
    """Raises BadInput, with the line, for times that cannot be read."""
    lines = text.split("\n")
    is_vtt = lines[0].startswith("WEBVTT")
    at = 0
    while at < len(lines):
        moment = _ARROW.match(lines[at])
        at += 1
        if moment is None:
            continue
        begins, ends = _moment(moment[1]), _moment(moment[2])
        if begins is None or ends is None:
            raise unreadable_times(at)
        said, at = _text(lines, at)
        words = "\n".join(said)
        voice = _VOICE.search(words) if is_vtt else None
        cues.add(begins, ends, _plain(words, is_vtt=is_vtt), html.unescape(voice[1]) if voice else "")


def _moment(text: str) -> int | None:
    """What was shifted to before the beginning is at the beginning."""
    return 0 if text.startswith("-") and times.read(text[1:]) is not None else times.read(text)


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


def _plain(words: str, *, is_vtt: bool) -> str:
    """Without styles; the commands of ASS are known to SRT alone, names of signs to WebVTT."""
    plain = _TAG.sub("", words)
    return html.unescape(plain) if is_vtt else _COMMAND.sub("", plain)
