"""A transcript as a Word document: a heading, what it is of, and a paragraph for each turn."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from docx import Document
from docx.shared import Pt, RGBColor

from desktop.core.subtitles.times import short
from desktop.core.transcript import Transcript
from desktop.core.transcript_edits import paragraphs

if TYPE_CHECKING:
    from desktop.services.transcription.export import About, Shape

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
MUTED = RGBColor(0x60, 0x5D, 0x56)


def written(transcript: Transcript, about: About, shape: Shape, facts: tuple[tuple[str, str], ...]) -> bytes:
    document = Document()
    document.core_properties.title = _kept(about.title)[:255]
    document.core_properties.author = ""
    document.add_heading(_kept(about.title), level=1)
    said = " · ".join(value for _, value in facts if value)
    if said:
        document.add_paragraph().add_run(_kept(said)).font.color.rgb = MUTED
    names = {speaker.id: speaker.name for speaker in transcript.speakers}
    for each in paragraphs(transcript, shape.pause):
        text = each.second if shape.second else each.text
        if not text:
            continue
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(8)
        if shape.speakers and each.speaker in names:
            paragraph.add_run(f"{_kept(names[each.speaker])}  ").bold = True
        if shape.times:
            moment = paragraph.add_run(f"{short(each.begins)}  ")
            moment.font.color.rgb, moment.font.size = MUTED, Pt(9)
        paragraph.add_run(_kept(text))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _kept(text: str) -> str:
    """Without what no XML can hold."""
    return _NO_XML.sub("\ufffd", text)
