"""A transcript as a Word document: named styles, so that one change in Word changes all times or all speakers."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Inches, Length, Pt, RGBColor

from desktop.core import languages
from desktop.core.paper import Paper
from desktop.core.subtitles.times import short
from desktop.core.transcript import Transcript
from desktop.core.transcript_edits import paragraphs
from desktop.services.export import paper
from desktop.services.transcription.document_parts import Table, paragraph

if TYPE_CHECKING:
    from desktop.services.transcription.export import About, Shape

INK, MUTED, ACCENT = RGBColor(0x1E, 0x1D, 0x1A), RGBColor(0x60, 0x5D, 0x56), RGBColor(0x2F, 0x5D, 0x50)
FONT, FONT_CJK = "Calibri", "Yu Gothic"


SHEETS: dict[Paper, tuple[Length, Length]] = {"A4": (Cm(21), Cm(29.7)), "Letter": (Inches(8.5), Inches(11))}
"""Width and height."""
MARGIN, TIMES_ROOM = Cm(2.5), Cm(2)


def written(
    transcript: Transcript, about: About, shape: Shape, facts: tuple[tuple[str, str], ...], heads: tuple[str, str]
) -> bytes:
    document = Document()
    _set_up(document, about, transcript.second_language if shape.column == "second" else transcript.language)
    width = _set_pages(document.sections[0], shape.paper or paper.usual())
    _add_styles(document, room=TIMES_ROOM if shape.times and not shape.is_both else Cm(0))
    put = document.element.body.sectPr.addprevious
    put(paragraph("Title", (about.title, "")))
    if said := " · ".join(value for _, value in facts if value):
        put(paragraph("Subtitle", (said, "")))
    turns = _turns(transcript, shape)
    if shape.is_both:
        _add_table(put, turns, heads, width, has_times=shape.times)
    else:
        _add_turns(put, turns, has_times=shape.times)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


Put = Callable[[Any], None]
"""Adds an element at the end."""
Turn = tuple[str, str, str, str]
"""A speaker's name where another one begins, the time, the words, those in the other language."""


def _turns(transcript: Transcript, shape: Shape) -> Iterator[Turn]:
    names = {speaker.id: speaker.name for speaker in transcript.speakers} if shape.speakers else {}
    before = ""
    for each in paragraphs(transcript, shape.pause):
        said, other = shape.texts(each)
        if said or other:
            name = names.get(each.speaker, "")
            yield name if name != before else "", short(each.begins), said, other
            before = name


def _add_turns(put: Put, turns: Iterator[Turn], *, has_times: bool) -> None:
    for name, when, said, _ in turns:
        if name:
            put(paragraph("Speaker", (name, "")))
        put(paragraph("Spoken", *([(when, "Time"), ("\t", "")] if has_times else []), (said, "")))


def _add_table(put: Put, turns: Iterator[Turn], heads: tuple[str, str], width: Length, *, has_times: bool) -> None:
    """Both languages beside each other, under heads that come again on each page."""
    first = [TIMES_ROOM] if has_times else []
    half = Length((width - sum(first)) // 2)
    table = Table([*first, half, half])
    blank = [paragraph("Spoken", ("", ""))] if has_times else []
    table.add([*blank, *(paragraph("Heads", (head, "")) for head in heads)], is_head=True)
    for name, when, said, other in turns:
        if name:
            table.add([*blank, paragraph("Speaker", (name, ""))])
        times = [paragraph("Spoken", (when, "Time"))] if has_times else []
        table.add([*times, paragraph("Spoken", (said, "")), paragraph("Spoken", (other, ""))])
    put(table.element)
    put(paragraph("Spoken", ("", "")))  # Word wants one behind a table


def _set_up(document: Any, about: About, language: str) -> None:
    properties = document.core_properties
    properties.title, properties.author, properties.comments = about.title[:255], "", ""
    properties.language = languages.tag(language)
    _style(document.styles["Normal"], 11, INK)
    _style(document.styles["Title"], 22, INK, after=4, bold=True)
    for border in document.styles["Title"].element.pPr.findall(qn("w:pBdr")):
        document.styles["Title"].element.pPr.remove(border)
    _style(document.styles["Subtitle"], 10, MUTED, after=18)


def _set_pages(section: Any, size: Paper) -> Length:
    """The width that is left for words."""
    section.page_width, section.page_height = SHEETS[size]
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = MARGIN
    _number_pages(section.footer.paragraphs[0])
    return Length(SHEETS[size][0] - 2 * MARGIN)


def _add_styles(document: Any, room: Length) -> None:
    """`room` is what stands left of the words for their times."""
    speaker = _new(document, "Speaker", WD_STYLE_TYPE.PARAGRAPH)
    _style(speaker, 11, ACCENT, before=12, after=2, bold=True)
    speaker.paragraph_format.keep_with_next = True
    spoken = _new(document, "Spoken", WD_STYLE_TYPE.PARAGRAPH)
    _style(spoken, 11, INK, after=6)
    if room:
        spoken.paragraph_format.left_indent, spoken.paragraph_format.first_line_indent = room, Length(-room)
        spoken.paragraph_format.tab_stops.add_tab_stop(room)
    spoken.paragraph_format.widow_control = True
    heads = _new(document, "Heads", WD_STYLE_TYPE.PARAGRAPH)
    _style(heads, 9, MUTED, after=4, bold=True)
    heads.paragraph_format.keep_with_next = True
    _style(_new(document, "Time", WD_STYLE_TYPE.CHARACTER), 9, MUTED)


def _new(document: Any, name: str, kind: WD_STYLE_TYPE) -> Any:
    made = document.styles.add_style(name, kind)
    if kind is WD_STYLE_TYPE.PARAGRAPH:
        made.base_style = document.styles["Normal"]
    made.quick_style = True
    return made


def _style(
    style: Any, points: float, colour: RGBColor, *, before: float = 0, after: float = 0, bold: bool = False
) -> None:
    font = style.font
    font.name, font.size, font.bold, font.italic = FONT, Pt(points), bold, False
    font.color.rgb = colour
    run = style.element.get_or_add_rPr()
    for old in run.findall(qn("w:szCs")):
        run.remove(old)
    complex_size = OxmlElement("w:szCs")  # of Hebrew and Arabic
    complex_size.set(qn("w:val"), str(round(points * 2)))
    run.find(qn("w:sz")).addnext(complex_size)
    fonts = run.get_or_add_rFonts()
    for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
        fonts.attrib.pop(qn(theme), None)
    fonts.set(qn("w:eastAsia"), FONT_CJK)
    fonts.set(qn("w:cs"), FONT)
    if style.type is WD_STYLE_TYPE.PARAGRAPH:
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)


def _number_pages(paragraph: Any) -> None:
    """A field that Word fills with the page's number."""
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    run = paragraph.add_run("1")
    run.font.size, run.font.color.rgb = Pt(9), MUTED
    field.append(run._r)
    paragraph._p.append(field)
