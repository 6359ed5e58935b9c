"""A transcript as a Word document: named styles, so that one change in Word changes all times or all speakers."""

from __future__ import annotations

import io
import unicodedata
from typing import TYPE_CHECKING, Any

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Length, Pt, RGBColor

from desktop.core.subtitles.times import short
from desktop.core.transcript import Transcript
from desktop.core.transcript_edits import paragraphs

if TYPE_CHECKING:
    from desktop.services.transcription.export import About, Shape

INK, MUTED, ACCENT = RGBColor(0x1E, 0x1D, 0x1A), RGBColor(0x60, 0x5D, 0x56), RGBColor(0x2F, 0x5D, 0x50)
FONT, FONT_CJK = "Calibri", "Yu Gothic"
_RIGHT_TO_LEFT = {"R", "AL"}


def written(transcript: Transcript, about: About, shape: Shape, facts: tuple[tuple[str, str], ...]) -> bytes:
    document = Document()
    _set_up(document, about, transcript.second_language if shape.second else transcript.language)
    _add_styles(document, room=Cm(2) if shape.times else Cm(0))
    document.add_paragraph(about.title, style="Title")
    if said := " · ".join(value for _, value in facts if value):
        document.add_paragraph(said, style="Subtitle")
    names = {speaker.id: speaker.name for speaker in transcript.speakers}
    before = ""
    for each in paragraphs(transcript, shape.pause):
        if not (text := each.second if shape.second else each.text):
            continue
        name = names.get(each.speaker, "") if shape.speakers else ""
        if name and name != before:
            _directed(document.add_paragraph(name, style="Speaker"), name)
        before = name
        paragraph = document.add_paragraph(style="Spoken")
        if shape.times:
            paragraph.add_run(short(each.begins), style="Time")
            paragraph.add_run("\t")
        paragraph.add_run(text)
        _directed(paragraph, text)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _set_up(document: Any, about: About, language: str) -> None:
    properties = document.core_properties
    properties.title, properties.author, properties.comments = about.title[:255], "", ""
    properties.language = language[:35]
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(2.5)
    _number_pages(section.footer.paragraphs[0])
    _style(document.styles["Normal"], 11, INK)
    _style(document.styles["Title"], 22, INK, after=4, bold=True)
    for border in document.styles["Title"].element.pPr.findall(qn("w:pBdr")):
        document.styles["Title"].element.pPr.remove(border)
    _style(document.styles["Subtitle"], 10, MUTED, after=18)


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


def _directed(paragraph: Any, text: str) -> None:
    """A paragraph whose first letter is Hebrew or Arabic runs from the right."""
    first = next((kind for c in text[:200] if (kind := unicodedata.bidirectional(c)) in {"L", *_RIGHT_TO_LEFT}), "L")
    if first in _RIGHT_TO_LEFT:
        paragraph._p.get_or_add_pPr().append(OxmlElement("w:bidi"))
        for run in paragraph.runs:
            run.font.rtl = True
