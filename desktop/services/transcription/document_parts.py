"""Paragraphs and tables of Word documents, made of their XML: the library looks every style up again for each one, and
through all that is there already."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Length

TWIP = 635
"""Of the units in which lengths are held."""
_GAP = 160  # twips between columns
_RIGHT_TO_LEFT = {"R", "AL"}


def paragraph(style: str, *runs: tuple[str, str]) -> Any:
    """Texts with their styles; where the last one is Hebrew or Arabic it runs from the right."""
    made = OxmlElement("w:p")
    is_rtl = _is_right_to_left(runs[-1][0])
    properties = _below(made, "w:pPr")
    _set(properties, "w:pStyle", style)
    if is_rtl:
        _below(properties, "w:bidi")
    for text, kind in runs:
        _add_run(made, text, kind, is_rtl=is_rtl)
    return made


class Table:
    """Columns of given widths without lines but one under the head; no row is parted between two pages before it has
    to be."""

    def __init__(self, widths: Sequence[Length]) -> None:
        self._widths = [round(width / TWIP) for width in widths]
        self.element = OxmlElement("w:tbl")
        properties = _below(self.element, "w:tblPr")
        _width(_below(properties, "w:tblW"), sum(self._widths))
        _below(properties, "w:tblLayout").set(qn("w:type"), "fixed")
        margins = _below(properties, "w:tblCellMar")
        for side, room in (("w:left", 0), ("w:right", _GAP)):
            _width(_below(margins, side), room)
        grid = _below(self.element, "w:tblGrid")
        for width in self._widths:
            _below(grid, "w:gridCol").set(qn("w:w"), str(width))

    def add(self, cells: Sequence[Any], *, is_head: bool = False) -> None:
        """A paragraph for each column; with fewer of them the last one has the rest of the row."""
        row = _below(self.element, "w:tr")
        if is_head:
            _below(_below(row, "w:trPr"), "w:tblHeader")
        for at, each in enumerate(cells):
            spans = len(self._widths) - at if at == len(cells) - 1 else 1
            cell = _below(row, "w:tc")
            properties = _below(cell, "w:tcPr")
            _width(_below(properties, "w:tcW"), sum(self._widths[at : at + spans]))
            if spans > 1:
                _set(properties, "w:gridSpan", str(spans))
            if is_head:
                _rule(_below(_below(properties, "w:tcBorders"), "w:bottom"))
            cell.append(deepcopy(each) if each.getparent() is not None else each)


def _width(element: Any, twips: int) -> None:
    element.set(qn("w:w"), str(twips))
    element.set(qn("w:type"), "dxa")


def _rule(border: Any) -> None:
    for name, value in (("w:val", "single"), ("w:sz", "4"), ("w:space", "0"), ("w:color", "C9C5BA")):
        border.set(qn(name), value)


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
