"""A transcript as files: text to read, subtitles, tables, documents, a page that plays along, and our own JSON."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from string import Formatter
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from desktop.core import languages, writable
from desktop.core.errors import BadInput
from desktop.core.file_names import clean
from desktop.core.paper import Paper
from desktop.core.subtitles import forms as subtitles
from desktop.core.subtitles.breaks import joined
from desktop.core.subtitles.forms import Column
from desktop.core.subtitles.times import clock, short
from desktop.core.text import scalar
from desktop.core.transcript import Segment, Transcript, Word
from desktop.core.transcript_edits import LINE_PAUSE, Paragraph, paragraphs
from desktop.services.export.csv_form import guarded
from desktop.services.export.target import Target, in_words
from desktop.services.transcription import plain_markdown
from desktop.services.transcription.intake import SUFFIXES

SCHEMA = "davenport.transcript/1"


class Shape(Struct, frozen=True):
    """How a transcript is written. `column` is its text, that in the other language, or both of them beside or below
    each other; `line` the longest line of subtitles, 0 for as it is; `pause` the milliseconds after which a paragraph
    begins; `paper` that of documents, "" for the usual one here. Tables and our own JSON always hold all there is."""

    times: bool = True
    speakers: bool = True
    column: Column = "first"
    line: int = 0
    pause: int = LINE_PAUSE
    paper: Paper | Literal[""] = ""

    def texts(self, of: Segment | Paragraph) -> tuple[str, str]:
        """What is written of it: the text, and beside it that in the other language; "" for what is not."""
        return {"first": (of.text, ""), "second": (of.second, ""), "both": (of.text, of.second)}[self.column]

    @property
    def is_both(self) -> bool:
        return self.column == "both"


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
            return subtitles.srt(spoken, column=shape.column, line=shape.line)
        case "vtt":
            return subtitles.vtt(spoken, column=shape.column, line=shape.line)
        case "ass":
            return subtitles.ass(spoken, column=shape.column, line=shape.line, title=about.title)
        case "ttml":
            return subtitles.ttml(spoken, column=shape.column, line=shape.line, title=about.title)
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
    while True:
        name = _unused(folder, base, [ending for ending, _ in contents])
        with suppress(FileExistsError):  # another one was quicker: the next number
            return _write_each([(folder / f"{name}{ending}", content) for ending, content in contents])


def _write_each(files: Sequence[tuple[Path, bytes]]) -> tuple[Path, ...]:
    """All or none. Raises BadInput, and FileExistsError where one is there by now."""
    written: list[Path] = []
    try:
        for path, content in files:
            _write(path, content)
            written.append(path)
    except BaseException:
        for path in written:
            with suppress(OSError):
                path.unlink()
        raise
    return tuple(written)


def _unused(folder: Path, base: str, endings: Sequence[str]) -> str:
    name, number = base, 1
    while any(os.path.lexists(folder / f"{name}{ending}") for ending in endings):
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


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, under this very name. Raises BadInput, FileExistsError."""
    target = Target(path, is_folder=False, has_files=False)
    if target.path != path:
        raise FileExistsError(path)
    try:
        with in_words(path, tells_taken=False):
            with target.open() as file:
                file.write(content)
            target.finish()
    except BaseException:
        target.discard()
        raise


def names_of(transcript: Transcript) -> dict[str, str]:
    return {speaker.id: speaker.name for speaker in transcript.speakers}


def _text(transcript: Transcript, shape: Shape) -> str:
    names, blocks = names_of(transcript), []
    for paragraph in paragraphs(transcript, shape.pause):
        head = [f"[{short(paragraph.begins)}]"] if shape.times else []
        head += [f"{names[paragraph.speaker]}:"] if shape.speakers and names.get(paragraph.speaker) else []
        if said := "\n".join(filter(None, shape.texts(paragraph))):
            blocks.append(" ".join([*head, said]))
    return "\n\n".join(blocks) + "\n"


def _markdown(transcript: Transcript, about: About, shape: Shape) -> str:
    lines = ["---", f"title: {_quoted(about.title)}"]
    lines += [f"{name}: {_quoted(value)}" for name, value in _facts(transcript, about) if value]
    lines += ["---", "", f"# {plain_markdown.escaped(about.title)}", ""]
    lines += _markdown_rows(transcript, shape) if shape.is_both else _markdown_turns(transcript, shape)
    return "\n".join(lines)


def _markdown_turns(transcript: Transcript, shape: Shape) -> Iterator[str]:
    names, plain = names_of(transcript), plain_markdown.escaped
    for paragraph in paragraphs(transcript, shape.pause):
        said, _ = shape.texts(paragraph)
        head = f"**{plain(names[paragraph.speaker])}** " if shape.speakers and names.get(paragraph.speaker) else ""
        head += f"*{short(paragraph.begins)}* " if shape.times else ""
        if said:
            yield from (f"{head}{'— ' if head else ''}{plain(said)}", "")


def _markdown_rows(transcript: Transcript, shape: Shape) -> Iterator[str]:
    """Both languages beside each other, as a table."""
    names, said, other = names_of(transcript), *heads(transcript)
    shown = (shape.times, shape.speakers and bool(transcript.speakers), True, True)
    yield _markdown_row(("Time", "Speaker", said, other), shown)
    yield _markdown_row(("---",) * 4, shown, plain=str)
    for each in paragraphs(transcript, shape.pause):
        yield _markdown_row((short(each.begins), names.get(each.speaker, ""), each.text, each.second), shown)
    yield ""


def _markdown_row(
    cells: Sequence[str], shown: Sequence[bool], plain: Callable[[str], str] = plain_markdown.cell
) -> str:
    return f"| {' | '.join(plain(each) for each, is_shown in zip(cells, shown, strict=True) if is_shown)} |"


def heads(transcript: Transcript) -> tuple[str, str]:
    """What stands above the two languages where they are beside each other."""
    said, other = languages.name(transcript.language), languages.name(transcript.second_language)
    return (said or "Text", other or "Other language") if said != other else ("Text", "Other text")


def _facts(transcript: Transcript, about: About) -> tuple[tuple[str, str], ...]:
    length = short(transcript.milliseconds) if transcript.milliseconds else ""
    return (
        ("date", about.date),
        ("length", length),
        ("language", languages.name(transcript.language)),
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
    is_other = shape.column == "second"
    words = [] if is_other else [_verbose_word(word) for segment in transcript.segments for word in segment.words]
    made: dict[str, object] = {
        "task": "transcribe",
        "language": transcript.second_language if is_other else transcript.language,
        "duration": transcript.milliseconds / 1000,
        "text": joined(shape.texts(each)[0].strip() for each in transcript.segments),
        "segments": segments,
    }
    return made | ({"words": words} if words else {})


def _verbose_segment(number: int, segment: Segment, shape: Shape) -> dict[str, object]:
    """Of both languages the other one stands in a field of ours."""
    said, other = shape.texts(segment)
    times = {"start": segment.begins / 1000, "end": segment.ends / 1000}
    return {"id": number, **times, "text": said} | ({"second": other} if other else {})


def _verbose_word(word: Word) -> dict[str, object]:
    return {"word": word.text.strip(), "start": word.begins / 1000, "end": word.ends / 1000}


def _document(transcript: Transcript, about: About, shape: Shape) -> bytes:
    from desktop.services.transcription import document  # its library is slow to import

    return document.written(transcript, about, shape, _facts(transcript, about), heads(transcript))


def _page(transcript: Transcript, about: About, shape: Shape) -> str:
    from desktop.services.transcription import page  # rarely asked for

    return page.written(transcript, about, shape, _facts(transcript, about))
