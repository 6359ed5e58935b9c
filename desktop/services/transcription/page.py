"""A transcript as one page: a click on what was said plays from there, and what is said is marked while it plays."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from desktop import paths
from desktop.core import languages
from desktop.core.subtitles.breaks import closes_up, flat
from desktop.core.subtitles.times import short
from desktop.core.transcript import Doubt, Segment, Speaker, Transcript
from desktop.core.transcript_edits import Paragraph, paragraphs
from desktop.services.export import html_form
from desktop.services.export.html_text import escaped

if TYPE_CHECKING:
    from desktop.services.transcription.export import About, Shape

EMBEDDED_BYTES = 48 * 1024 * 1024
"""A recording up to this size stands in the page itself; a larger one is played from its file beside the page."""

MIMES = {
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".mp4": "audio/mp4",
    ".wav": "audio/wav",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".flac": "audio/flac",
    ".webm": "audio/webm",
}
CHARTS = 8
_COLOURS = (
    *("window", "line", "hover", "text", "muted", "accent", "warn", "selection"),
    *(f"chart_{number}" for number in range(1, CHARTS + 1)),
)


def written(transcript: Transcript, about: About, shape: Shape, facts: tuple[tuple[str, str], ...]) -> str:
    """Blocking where the recording is put into the page."""
    sound = _sound(about)
    script = paths.resource("export", "transcript.js").read_text("utf-8")
    style = html_form.dressed("transcript.css", _COLOURS)
    policy = (
        f"default-src 'none'; script-src 'sha256-{_digest(script)}'; style-src 'sha256-{_digest(style)}'; "
        "media-src 'self' data: file:; base-uri 'none'; form-action 'none'"
    )
    language = languages.tag(transcript.second_language if shape.column == "second" else transcript.language) or "und"
    turns = "".join(_Turns(transcript, shape, plays=bool(sound)).written())
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escaped(about.title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f'<main{_kind(shape)}>\n<h1 dir="auto">{escaped(about.title)}</h1>\n'
        f"{_facts(transcript, shape, facts)}{sound}{turns}</main>\n<script>{script}</script>\n</body>\n</html>\n"
    )


def _kind(shape: Shape) -> str:
    kinds = " ".join(filter(None, ("" if shape.times else "bare", "both" if shape.is_both else "")))
    return f' class="{kinds}"' if kinds else ""


def _facts(transcript: Transcript, shape: Shape, facts: tuple[tuple[str, str], ...]) -> str:
    said = [value for _, value in facts if value]
    if shape.times and any(segment.doubt & Doubt.APPROXIMATE for segment in transcript.segments):
        said.append("times are approximate")
    return f'<div class="facts">{"".join(f"<span>{escaped(each)}</span>" for each in said)}</div>\n'


class _Turns:
    """The paragraphs, each with its time, and the speaker's name where another one begins."""

    def __init__(self, transcript: Transcript, shape: Shape, *, plays: bool) -> None:
        self._transcript, self._shape, self._plays = transcript, shape, plays
        self._segments = {segment.id: segment for segment in transcript.segments}
        self._other_language = languages.tag(transcript.second_language) or "und"
        self._speakers = {speaker.id: speaker for speaker in transcript.speakers if speaker.name and shape.speakers}

    def written(self) -> Iterator[str]:
        before: Speaker | None = None
        for paragraph in paragraphs(self._transcript, self._shape.pause):
            words = self._words(paragraph)
            if not words:
                continue
            speaker = self._speakers.get(paragraph.speaker)
            begins = speaker is not before
            name = _name(speaker) if begins and speaker is not None else ""
            kind = "turn begins" if begins else "turn"
            yield f'<div class="{kind}">{name}{self._moment(paragraph)}{words}</div>\n'
            before = speaker

    def _moment(self, paragraph: Paragraph) -> str:
        if not self._shape.times:
            return ""
        when = short(paragraph.begins)
        if not self._plays:
            return f'<span class="when">{when}</span>'
        label = f'aria-label="Play from {when}"'
        return f'<button class="when" data-begins="{paragraph.begins}" {label}>{when}</button>'

    def _words(self, paragraph: Paragraph) -> str:
        segments = [self._segments[id] for id in paragraph.segments]
        texts = [(segment, *self._shape.texts(segment)) for segment in segments]
        said = _flow((text, self._said(segment, text)) for segment, text, _ in texts)
        other = _flow((text, self._said(segment, text)) for segment, _, text in texts)
        made = f'<p class="words{" plays" if self._plays else ""}" dir="auto">{said}</p>' if said else ""
        return made + (f'<p class="other" lang="{self._other_language}" dir="auto">{other}</p>' if other else "")

    def _said(self, segment: Segment, text: str) -> str:
        words = escaped(flat(text))
        doubt = ' class="doubt"' if segment.doubt & (Doubt.INVENTED | Doubt.UNSURE) else ""
        if not words or not (self._plays or doubt):
            return words
        return f'<span data-begins="{segment.begins}" data-ends="{segment.ends}"{doubt}>{words}</span>'


def _name(speaker: Speaker) -> str:
    return f'<div class="name s{speaker.color % CHARTS + 1}"><bdi>{escaped(speaker.name)}</bdi></div>'


def _sound(about: About) -> str:
    """The player, with the recording in it, or named where it is large; nothing where there is none."""
    audio = about.audio
    if audio is None or not audio.is_file():
        return ""
    mime = MIMES.get(audio.suffix.lower(), "")
    if mime and audio.stat().st_size <= EMBEDDED_BYTES:
        address = f"data:{mime};base64,{base64.b64encode(audio.read_bytes()).decode()}"
    else:
        address = _way(audio, about.folder or audio.parent)
    return f'<div class="player"><audio controls preload="metadata" src="{escaped(address)}"></audio></div>\n'


def _way(audio: Path, folder: Path) -> str:
    """From the page to the recording, so that both can be moved together."""
    try:
        way = Path(os.path.relpath(audio, folder))
    except ValueError:  # on another drive
        return audio.absolute().as_uri()
    return quote(os.fsencode(way.as_posix()))


def _digest(content: str) -> str:
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _flow(texts: Iterable[tuple[str, str]]) -> str:
    """Texts in their markup, one after another, with blanks where their writing has them."""
    made, before = "", ""
    for text, marked in texts:
        if marked:
            made += marked if not made or closes_up(before, text) else f" {marked}"
            before = text
    return made
