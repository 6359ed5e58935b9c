"""Subtitle files of any program read: tolerant of what people and programs write, never of what is no subtitle."""

from __future__ import annotations

from desktop.core.errors import BadInput
from desktop.core.subtitles import reading_ass, reading_srt, reading_ttml
from desktop.core.subtitles.cues import MOST_SEGMENTS as MOST_SEGMENTS
from desktop.core.subtitles.cues import Cues
from desktop.core.transcript import Transcript

MOST_BYTES = 64 * 1024 * 1024


def decoded(content: bytes) -> str:
    """The text of a file whatever program wrote it: UTF-8, UTF-16 with or without its mark, else Western European.

    Raises BadInput for one that is too large to be subtitles.
    """
    if len(content) > MOST_BYTES:
        raise BadInput("This file is too large for subtitles.", "Choose an SRT, WebVTT, ASS or TTML file.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    start = content[:400]
    if start.count(0) * 3 > len(start):
        return content.decode("utf-16-be" if start[:1] == b"\0" else "utf-16-le", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def read(text: str) -> Transcript:
    """The transcript of an SRT, WebVTT, ASS or TTML file. Raises BadInput where it has no subtitle in it."""
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    cues = Cues()
    if reading_ttml.looks_like(plain):
        reading_ttml.read(plain, cues)
    elif reading_ass.looks_like(plain):
        reading_ass.read(plain, cues)
    else:
        reading_srt.read(plain, cues)
    return cues.transcript()
