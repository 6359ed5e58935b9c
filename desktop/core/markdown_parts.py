"""Headings and blocks of code of a text in Markdown, found line by line, for outlines and lists."""

from __future__ import annotations

import re

from msgspec import Struct

_FENCE = re.compile(r"([ \t>]*)(`{3,}(?=[^`]*$)|~{3,})[ \t]*([^\s`]*)")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#*)?[ \t]*")
_MARKS = re.compile(r"[*_`]{1,3}")
LONGEST_HEADING = 200


class Heading(Struct, frozen=True):
    """A line of a conversation's outline: `level` 0 is a question, 1 to 6 are headings of what was answered."""

    message: str
    level: int
    text: str


class CodeBlock(Struct, frozen=True):
    """`first_line` is the number, from 0, of its first line in the message's text."""

    message: str
    language: str
    text: str
    first_line: int


def headings(message: str, text: str) -> list[Heading]:
    """The headings of a text outside its blocks of code."""
    found = []
    for line, is_code in _lines(text):
        if not is_code and (heading := _HEADING.fullmatch(line)) and (words := _MARKS.sub("", heading[2]).strip()):
            found.append(Heading(message, len(heading[1]), words[:LONGEST_HEADING]))
    return found


def question(message: str, text: str) -> Heading | None:
    """The first line of a question that says anything; None where there is none."""
    line = next((words for raw in text.splitlines() if (words := " ".join(raw.split()))), "")
    return Heading(message, 0, line[:LONGEST_HEADING]) if line else None


def code_blocks(message: str, text: str) -> list[CodeBlock]:
    """Fenced blocks in their order; one that is not closed goes to the end, an empty one is left out."""
    found: list[CodeBlock] = []
    fence: re.Match[str] | None = None
    lines: list[str] = []
    at = 0
    for number, line in enumerate([*text.split("\n"), None]):
        if fence is None:
            fence, lines, at = (_FENCE.match(line) if line is not None else None), [], number + 1
        elif line is None or closes(line, fence):
            if code := "\n".join(lines).rstrip("\n"):
                found.append(CodeBlock(message, fence[3], code, at))
            fence = None
        else:
            lines.append(_without_indent(line, fence[1]))
    return found


def closes(line: str, fence: re.Match[str]) -> bool:
    mark = line.strip(" \t>\r")
    return len(mark) >= len(fence[2]) and set(mark) == {fence[2][0]}


def _lines(text: str) -> list[tuple[str, bool]]:
    """Lines, and whether each belongs to a block of code."""
    found: list[tuple[str, bool]] = []
    fence: re.Match[str] | None = None
    for line in text.splitlines():
        if fence is None:
            fence = _FENCE.match(line)
            found.append((line, fence is not None))
        else:
            found.append((line, True))
            fence = None if closes(line, fence) else fence
    return found


def _without_indent(line: str, indent: str) -> str:
    if line.startswith(indent):
        return line[len(indent) :]
    return line.lstrip() if not line[: len(indent)].strip() else line
