"""A transcript as files: text to read, subtitles, tables, documents, a page that plays along, and our own JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from string import Formatter

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from desktop.core import writable
from desktop.core.errors import BadInput
from desktop.core.file_names import clean
from desktop.core.subtitles import forms as subtitles
from desktop.core.subtitles.times import clock, short
from desktop.core.text import scalar
from desktop.core.transcript import Segment, Transcript, Word
from desktop.core.transcript_edits import LINE_PAUSE, paragraphs
from desktop.services.export.csv_form import guarded
from desktop.services.export.target import Target, in_words
from desktop.services.transcription import plain_markdown
from desktop.services.transcription.intake import SUFFIXES

SCHEMA = "davenport.transcript/1"


class Shape(Struct, frozen=True):
    """How a transcript is written. `line` is the longest line of subtitles, 0 for as it is; `pause` the milliseconds
    after which a paragraph begins; `second` writes the other language."""

    times: bool = True
    speakers: bool = True
    second: bool = False
    line: int = 0
    pause: int = LINE_PAUSE


AS_USUAL = Shape()


class Form(Struct, frozen=True):
    """A form as it is chosen: its name, the ending of its files, and what it is good for."""

    name: str
    ending: str
    words: str


FORMS = (
    Form("txt", ".txt", "Plain text"),
    Form("md", ".md", "Markdown"),
    Form("docx", ".docx", "Word document"),
    Form("html", ".html", "Page that plays along"),
    Form("srt", ".srt", "Subtitles for most players"),
    Form("vtt", ".vtt", "Subtitles for the web"),
    Form("ass", ".ass", "Subtitles with styles"),
    Form("ttml", ".ttml", "Subtitles for broadcasting"),
    Form("csv", ".csv", "Table, with commas"),
    Form("tsv", ".tsv", "Table, with tabs"),
    Form("json", ".json", "Everything, to read in again"),
    Form("verbose_json", ".verbose.json", "JSON as the API gives it"),
)
NAMES = tuple(form.name for form in FORMS)
PATTERN = "{name}"
FIELDS = {"name": "the recording's name", "date": "its date", "model": "the model", "language": "the language"}
"""What a pattern of names may hold, in words."""


class About(Struct, frozen=True):
    """What a transcript is of. `date` is an ISO day; `audio` the recording's file, where there is one to play, and
    `folder` where the page that plays it will stand."""

    title: str
    date: str = ""
    audio: Path | None = None
    folder: Path | None = None


def rendered(transcript: Transcript, form: str, about: About, shape: Shape = AS_USUAL) -> bytes:
    """One form as bytes. Raises BadInput for a form that is not known. Blocking where the recording is put in."""
    if form not in NAMES:
        raise BadInput(f"There is no form “{form}”.", f"Choose one of {', '.join(NAMES)}.")
    if form == "json":
        return _json({"schema": SCHEMA, "title": about.title, "transcript": transcript})
    made = _written(writable.transcript(transcript), form, replace(about, title=writable.line(about.title)), shape)
    return made if isinstance(made, bytes) else made.encode()


def _written(transcript: Transcript, form: str, about: About, shape: Shape) -> str | bytes:
    spoken = transcript if shape.speakers else replace(transcript, speakers=())
    match form:
        case "txt":
            return _text(transcript, shape)
        case "md":
            return _markdown(transcript, about, shape)
        case "docx":
            return _document(transcript, about, shape)
        case "html":
            return _page(transcript, about, shape)
        case "srt":
            return subtitles.srt(spoken, second=shape.second, line=shape.line)
        case "vtt":
            return subtitles.vtt(spoken, second=shape.second, line=shape.line)
        case "ass":
            return subtitles.ass(spoken, second=shape.second, line=shape.line, title=about.title)
        case "ttml":
            return subtitles.ttml(spoken, second=shape.second, line=shape.line, title=about.title)
        case "csv":
            return "\ufeff" + _table(transcript, ",")  # without the mark spreadsheets guess another encoding
        case "tsv":
            return "\ufeff" + _table(transcript, "\t")
        case _:
            return _json(_verbose(transcript, shape))


def write_all(
    transcript: Transcript,
    about: About,
    forms: Sequence[str],
    folder: Path,
    *,
    pattern: str = PATTERN,
    shape: Shape = AS_USUAL,
) -> tuple[Path, ...]:
    """Each form as a file in a folder, which is made; never over another file, and all or none of them.

    Where one of the names is taken all get the same number. Blocking; raises BadInput.
    """
    base = file_name(pattern, transcript, about)
    endings = {form.name: form.ending for form in FORMS}
    about = replace(about, folder=folder)
    contents = [(endings[form], rendered(transcript, form, about, shape)) for form in dict.fromkeys(forms)]
    with in_words(folder):
        folder.mkdir(parents=True, exist_ok=True)
    base = _unused(folder, base, [ending for ending, _ in contents])
    written: list[Path] = []
    try:
        for ending, content in contents:
            with in_words(folder / f"{base}{ending}"):
                written.append(_write(folder / f"{base}{ending}", content))
    except BaseException:
        for path in written:
            with suppress(OSError):
                path.unlink()
        raise
    return tuple(written)


def _unused(folder: Path, base: str, endings: Sequence[str]) -> str:
    name, number = base, 1
    while any((folder / f"{name}{ending}").exists() for ending in endings):
        number += 1
        name = f"{base} ({number})"
    return name


def file_name(pattern: str, transcript: Transcript, about: About) -> str:
    """A file's name without its ending, from a pattern with FIELDS in braces. Raises BadInput for another field."""
    values = {
        "name": _without_ending(about.title),
        "date": about.date,
        "model": transcript.model,
        "language": transcript.language,
    }
    try:
        parts = list(Formatter().parse(pattern))
    except ValueError as error:
        raise BadInput("This pattern of names has a brace that is not closed.", "Write it like {name}.") from error
    made = ""
    for words, field, spec, conversion in parts:
        if field is not None and (field not in values or spec or conversion):
            wrong = f"{field}{f'!{conversion}' if conversion else ''}{f':{spec}' if spec else ''}"
            raise BadInput(f"Names cannot have “{{{wrong}}}”.", f"Use {', '.join(f'{{{f}}}' for f in FIELDS)}.")
        made += words + (values[field] if field is not None else "")
    return clean(made, instead="transcript")


def _without_ending(title: str) -> str:
    """A title that is a recording's file name loses its ending; one that only has a dot in it keeps all."""
    path = Path(title)
    return path.stem if path.suffix.lower().lstrip(".") in SUFFIXES else title


def read_json(content: bytes) -> tuple[str, Transcript]:
    """Title and transcript of our own JSON. Raises BadInput."""
    try:
        found = msgspec.json.decode(content, type=_Kept)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput("This is not a transcript of Davenport's.", "Choose another file.") from error
    if found.schema != SCHEMA:
        raise BadInput(f"This transcript is of another form ({found.schema[:60]}).", "Export it again.")
    return found.title, found.transcript


class _Kept(Struct, frozen=True):
    schema: str
    title: str
    transcript: Transcript


def _write(path: Path, content: bytes) -> Path:
    target = Target(path, is_folder=False)
    try:
        with target.open() as file:
            file.write(content)
        target.finish()
    except BaseException:
        target.discard()
        raise
    return target.path


def names_of(transcript: Transcript) -> dict[str, str]:
    return {speaker.id: speaker.name for speaker in transcript.speakers}


def _text(transcript: Transcript, shape: Shape) -> str:
    names, blocks = names_of(transcript), []
    for paragraph in paragraphs(transcript, shape.pause):
        head = [f"[{short(paragraph.begins)}]"] if shape.times else []
        head += [f"{names[paragraph.speaker]}:"] if shape.speakers and names.get(paragraph.speaker) else []
        said = paragraph.second if shape.second else paragraph.text
        if said:
            blocks.append(" ".join([*head, said]))
    return "\n\n".join(blocks) + "\n"


def _markdown(transcript: Transcript, about: About, shape: Shape) -> str:
    names, plain = names_of(transcript), plain_markdown.escaped
    lines = ["---", f"title: {_quoted(about.title)}"]
    lines += [f"{name}: {_quoted(value)}" for name, value in _facts(transcript, about) if value]
    lines += ["---", "", f"# {plain(about.title)}", ""]
    for paragraph in paragraphs(transcript, shape.pause):
        said = paragraph.second if shape.second else paragraph.text
        head = f"**{plain(names[paragraph.speaker])}** " if shape.speakers and names.get(paragraph.speaker) else ""
        head += f"*{short(paragraph.begins)}* " if shape.times else ""
        if said:
            lines += [f"{head}{'— ' if head else ''}{plain(said)}", ""]
    return "\n".join(lines)


def _facts(transcript: Transcript, about: About) -> tuple[tuple[str, str], ...]:
    length = short(transcript.milliseconds) if transcript.milliseconds else ""
    return (
        ("date", about.date),
        ("length", length),
        ("language", transcript.language),
        ("model", transcript.model),
    )


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _table(transcript: Transcript, separator: str) -> str:
    written = io.StringIO()
    rows = csv.writer(written, delimiter=separator, lineterminator="\r\n")
    rows.writerow(("begins", "ends", "speaker", "text", "second", "doubt"))
    names = names_of(transcript)
    for segment in transcript.segments:
        cells = (names.get(segment.speaker, ""), segment.text, segment.second)
        rows.writerow((clock(segment.begins), clock(segment.ends), *map(guarded, cells), segment.doubt))
    return written.getvalue()


def _json(value: object) -> bytes:
    try:
        made = msgspec.json.encode(value)
    except UnicodeEncodeError:  # half characters, which JSON in UTF-8 cannot hold
        made = scalar(json.dumps(msgspec.to_builtins(value), ensure_ascii=False)).encode()
    return msgspec.json.format(made, indent=1) + b"\n"


def _verbose(transcript: Transcript, shape: Shape) -> dict[str, object]:
    """The API's verbose form; what nobody knows of a transcript that was edited is left out, not made up."""
    segments = [_verbose_segment(number, segment, shape) for number, segment in enumerate(transcript.segments)]
    words = [_verbose_word(word) for segment in transcript.segments for word in segment.words]
    made: dict[str, object] = {
        "task": "transcribe",
        "language": transcript.language,
        "duration": transcript.milliseconds / 1000,
        "text": transcript.text,
        "segments": segments,
    }
    return made | ({"words": words} if words else {})


def _verbose_segment(number: int, segment: Segment, shape: Shape) -> dict[str, object]:
    return {
        "id": number,
        "start": segment.begins / 1000,
        "end": segment.ends / 1000,
        "text": segment.second if shape.second else segment.text,
    }


def _verbose_word(word: Word) -> dict[str, object]:
    return {"word": word.text.strip(), "start": word.begins / 1000, "end": word.ends / 1000}


def _document(transcript: Transcript, about: About, shape: Shape) -> bytes:
    from desktop.services.transcription import document  # its library is slow to import

    return document.written(transcript, about, shape, _facts(transcript, about))


def _page(transcript: Transcript, about: About, shape: Shape) -> str:
    from desktop.services.transcription import page  # rarely asked for

    return page.written(transcript, about, shape, _facts(transcript, about))
