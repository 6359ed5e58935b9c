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
    body = _Body(document)
    body.add("Title", (about.title, ""))
    if said := " · ".join(value for _, value in facts if value):
        body.add("Subtitle", (said, ""))
    names = {speaker.id: speaker.name for speaker in transcript.speakers}
    before = ""
    for each in paragraphs(transcript, shape.pause):
        if not (text := each.second if shape.second else each.text):
            continue
        name = names.get(each.speaker, "") if shape.speakers else ""
        if name and name != before:
            body.add("Speaker", (name, ""))
        before = name
        times = [(short(each.begins), "Time"), ("\t", "")] if shape.times else []
        body.add("Spoken", *times, (text, ""))
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


class _Body:
    """Adds paragraphs at the end, by the XML itself: the library looks every style up again, and through all that is
    there already."""

    def __init__(self, document: Any) -> None:
        self._end = document.element.body.sectPr

    def add(self, style: str, *runs: tuple[str, str]) -> None:
        """A paragraph of texts with their styles; where its words are Hebrew or Arabic it runs from the right."""
        paragraph = OxmlElement("w:p")
        is_rtl = _is_right_to_left(runs[-1][0])
        properties = _below(paragraph, "w:pPr")
        _set(properties, "w:pStyle", style)
        if is_rtl:
            _below(properties, "w:bidi")
        for text, kind in runs:
            _add_run(paragraph, text, kind, is_rtl=is_rtl)
        self._end.addprevious(paragraph)


def _add_run(paragraph: Any, text: str, style: str, *, is_rtl: bool) -> None:
    run = _below(paragraph, "w:r")
    if style or is_rtl:
        properties = _below(run, "w:rPr")
        if style:
            _set(properties, "w:rStyle", style)
        if is_rtl:
            _below(properties, "w:rtl")
    if text == "\t":
        _below(run, "w:tab")
    else:
        words = _below(run, "w:t")
        words.text = text
        words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")


def _below(parent: Any, tag: str) -> Any:
    made = OxmlElement(tag)
    parent.append(made)
    return made


def _set(parent: Any, tag: str, value: str) -> None:
    _below(parent, tag).set(qn("w:val"), value)


def _is_right_to_left(text: str) -> bool:
    """By its first letter."""
    kinds = (unicodedata.bidirectional(character) for character in text[:200])
    return next((kind for kind in kinds if kind in {"L", *_RIGHT_TO_LEFT}), "L") in _RIGHT_TO_LEFT
