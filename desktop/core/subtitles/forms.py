"""Transcripts as subtitle files: SRT, WebVTT, ASS and TTML; in the first language, the second, or both at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal
from xml.sax.saxutils import escape

from msgspec.structs import replace

from desktop.core import languages, writable
from desktop.core.subtitles.rules import wrap
from desktop.core.subtitles.times import clock
from desktop.core.transcript import Segment, Transcript

Column = Literal["first", "second", "both"]
"""Which of a transcript's two texts is written; of both, the second one stands below the first."""
COLUMNS: tuple[Column, ...] = ("first", "second", "both")

SIZES = (384, 288)  # of the picture that positions in ASS refer to
_ASS_BREAK = "\\N"
_LOOK = "&H00FFFFFF,&H000000FF,&H00000000,&H64000000,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1"
NO_LENGTH = 1000
"""Milliseconds for which words are shown that have no length of their own: none are left out."""
_TAG = re.compile(r"<(?=[/a-zA-Z]|[^<>]*>)")


def srt(transcript: Transcript, *, column: Column = "first", line: int = 0) -> str:
    """`line` is the longest line; 0 leaves the text as it is."""
    blocks = []
    for number, (segment, texts) in enumerate(_shown(transcript, column, line), 1):
        times = f"{clock(segment.begins, ',')} --> {clock(segment.ends, ',')}"
        blocks.append(f"{number}\n{times}\n{_srt_text(_below(texts))}\n")
    return "\n".join(blocks)


def vtt(transcript: Transcript, *, column: Column = "first", line: int = 0) -> str:
    """Speakers stand in voice tags, which players may show or not."""
    names = _names(transcript)
    blocks = ["WEBVTT\n"]
    opens, closes = _other_language(transcript.second_language)
    for segment, (said, other) in _shown(transcript, column, line, named=False):
        name = names.get(segment.speaker, "")
        voice = f"<v {escape(name)}>" if name else ""
        times = f"{clock(segment.begins)} --> {clock(segment.ends)}"
        below = f"{opens}{_no_blank_lines(escape(other))}{closes}" if other else ""
        blocks.append(f"{times}\n{voice}{_below((_no_blank_lines(escape(said)), below))}\n")
    return "\n".join(blocks)


def ass(transcript: Transcript, *, column: Column = "first", line: int = 0, title: str = "") -> str:
    """Advanced SubStation Alpha, version 4+; speakers in the column for names."""
    names = _names(transcript)
    head = (
        f"[Script Info]\nTitle: {writable.line(title)}\nScriptType: v4.00+\nWrapStyle: 0\n"
        f"PlayResX: {SIZES[0]}\nPlayResY: {SIZES[1]}\nScaledBorderAndShadow: yes\n\n[V4+ Styles]\n"
        "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, "
        "Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, "
        "MarginR, MarginV, Encoding\n"
        f"Style: Default,Arial,16,{_LOOK}\nStyle: Second,Arial,13,{_LOOK}\n\n"
        "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    )
    rows = []
    for segment, (said, other) in _shown(transcript, column, line, named=False):
        name = " ".join(names.get(segment.speaker, "").replace(",", " ").split())
        ends = max(segment.ends, segment.begins + 10)  # hundredths of a second are all there are
        times = f"{clock(segment.begins, digits=2, hours=1)},{clock(ends, digits=2, hours=1)}"
        below = f"{{\\rSecond}}{_ass_text(other)}" if other else ""
        rows.append(f"Dialogue: 0,{times},Default,{name},0,0,0,,{_below((_ass_text(said), below), _ASS_BREAK)}\n")
    return head + "".join(rows)


def ttml(transcript: Transcript, *, column: Column = "first", line: int = 0, title: str = "") -> str:
    """Timed Text Markup Language, version 1; speakers are its agents."""
    transcript = writable.transcript(transcript)
    said_in, other_in = (languages.tag(each) or "und" for each in (transcript.language, transcript.second_language))
    agents = "".join(
        f'<ttm:agent xml:id="speaker{number}" type="person"><ttm:name type="full">{escape(speaker.name)}</ttm:name>'
        "</ttm:agent>"
        for number, speaker in enumerate(transcript.speakers, 1)
    )
    numbers = {speaker.id: number for number, speaker in enumerate(transcript.speakers, 1)}
    rows = []
    for segment, (said, other) in _shown(transcript, column, line, named=False):
        agent = f' ttm:agent="speaker{numbers[segment.speaker]}"' if segment.speaker in numbers else ""
        below = f'<span xml:lang="{other_in}">{_ttml_text(other)}</span>' if other else ""
        words = _below((_ttml_text(said), below), "<br/>")
        rows.append(f'<p begin="{clock(segment.begins)}" end="{clock(segment.ends)}"{agent}>{words}</p>')
    body = "\n".join(rows)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttm="http://www.w3.org/ns/ttml#metadata"'
        f' xml:lang="{other_in if column == "second" else said_in}">\n'
        f"<head><metadata><ttm:title>{escape(writable.line(title))}</ttm:title>{agents}</metadata></head>\n"
        f"<body><div>\n{body}\n</div></body>\n</tt>\n"
    )


def _names(transcript: Transcript) -> dict[str, str]:
    return {speaker.id: writable.line(speaker.name) for speaker in transcript.speakers}


def _shown(
    transcript: Transcript, column: Column, line: int, *, named: bool = True
) -> Iterator[tuple[Segment, tuple[str, str]]]:
    """Segments that have words, in the order of their times, with what stands above and below, broken into lines;
    `named` puts a speaker's name before a turn."""
    names = _names(transcript) if named else {}
    speaker = ""
    for segment in sorted(transcript.segments, key=lambda each: (each.begins, each.ends)):
        said, other = _texts(segment, column)
        if not said and not other:
            continue
        if segment.speaker != speaker and (name := names.get(segment.speaker)):
            said, other = (f"{name}: {said}", other) if said else ("", f"{name}: {other}")
        speaker = segment.speaker
        ends = segment.ends if segment.ends > segment.begins else segment.begins + NO_LENGTH
        yield replace(segment, ends=ends), (_broken(said, line), _broken(other, line))


def _texts(segment: Segment, column: Column) -> tuple[str, str]:
    said, other = writable.text(segment.text).strip(), writable.text(segment.second).strip()
    return {"first": (said, ""), "second": (other, ""), "both": (said, other)}[column]


def _broken(text: str, line: int) -> str:
    return "\n".join(wrap(text, line)) if line else text


def _below(texts: tuple[str, str], between: str = "\n") -> str:
    return between.join(filter(None, texts))


def _other_language(language: str) -> tuple[str, str]:
    """What stands round words of another language in WebVTT, nothing where nobody knows which."""
    tag = languages.tag(language)
    return (f"<lang {tag}>", "</lang>") if tag else ("", "")


def _no_blank_lines(text: str) -> str:
    """A blank line would end the subtitle."""
    return "\n".join(each for each in text.split("\n") if each.strip())


def _srt_text(text: str) -> str:
    """What would be read as times, as a style or as a command is written with signs that look alike: SRT has no way
    to say that a sign is meant as it stands."""
    meant = _TAG.sub("\u2039", text.replace("-->", "→").replace("{\\", "\uff5b\\"))
    return _no_blank_lines(meant)


def _ttml_text(text: str) -> str:
    return "<br/>".join(escape(each) for each in _no_blank_lines(text).split("\n"))


def _ass_text(text: str) -> str:
    """Braces and backslashes would be commands."""
    plain = text.replace("\\", "\u29f5").replace("{", "\uff5b").replace("}", "\uff5d")
    return _ASS_BREAK.join(each for each in plain.split("\n") if each.strip())
