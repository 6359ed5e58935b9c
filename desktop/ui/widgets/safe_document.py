"""The document in which all untrusted rich text is parsed: it loads nothing, and what is too hostile is not parsed."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtCore import QUrl
from PySide6.QtGui import QImage, QTextCharFormat, QTextCursor, QTextDocument, QTextFormat

from desktop.core.text import visible
from desktop.ui.widgets import links

DIALECT = QTextDocument.MarkdownFeature.MarkdownDialectGitHub | QTextDocument.MarkdownFeature.MarkdownNoHTML

LONGEST_TEXT, LONGEST_LINE = 50_000, 4_000
MOST_BACKTICK_RUNS, MOST_BRACKETS, DEEPEST = 300, 500, 20
PIECE = 40_000
"""How much of a text that is shown plain is laid out at once."""

_BACKTICKS = re.compile(r"`+")
_BRACKETS = re.compile(r"[\[\]]")
_NESTED = re.compile(rf"^[ \t]*(?:(?:>|[-*+]|\d{{1,9}}[.)])[ \t]*){{{DEEPEST + 1}}}", re.MULTILINE)
_EMPHASIS = re.compile(r"[*_~]+")
MOST_EMPHASIS = 2_000
MOST_CELLS = 600
"""Of a table; laying out takes about 0.1 ms for each."""


def hostile(text: str) -> str:
    """Why a text must be shown plain instead of being parsed; empty for a harmless one. Reads the text once."""
    if len(text) > LONGEST_TEXT:
        return "too long"
    if max(map(len, text.split("\n")), default=0) > LONGEST_LINE:
        return "a very long line"
    if _more(_BACKTICKS, text, MOST_BACKTICK_RUNS):
        return "too many backticks"
    if _more(_BRACKETS, text, MOST_BRACKETS):
        return "too many brackets"
    if _more(_EMPHASIS, text, MOST_EMPHASIS):
        return "too many marks"
    if text.count("|") > MOST_CELLS and "\n" in text:
        return "too many cells"
    if _NESTED.search(text):
        return "nested too deep"
    return ""


def _more(pattern: re.Pattern[str], text: str, most: int) -> bool:
    return any(count > most for count, _ in enumerate(pattern.finditer(text), 1))


def _nothing() -> QImage:
    picture = QImage(1, 1, QImage.Format.Format_ARGB32)
    picture.fill(0)
    return picture


class SafeDocument(QTextDocument):
    """Rich text without reach: every picture is one transparent pixel, every other resource is empty.

    An answer of None would not do: the layout then opens the name itself.
    """

    def loadResource(self, kind: int, name: QUrl) -> object:
        return _nothing() if kind == QTextDocument.ResourceType.ImageResource else ""

    def show_markdown(self, text: str, dress: Callable[[QTextCharFormat], bool] | None = None) -> bool:
        """Parse Markdown without HTML; False, and the text shown as it is, where it is too hostile to parse.

        `dress` may change the format of each run of text that is more than plain, and says whether it did.
        """
        if hostile(text):
            self.setPlainText(text)
            return False
        if "![](" in text and "`" not in text:
            text = text.replace("![](", "![picture](")  # without words there would be nothing to show in its place
        self.setMarkdown(text, DIALECT)
        if not _SPECIAL.search(text):
            return True
        cursor = QTextCursor(self)
        cursor.beginEditBlock()  # five times as fast as one by one
        for start, length, form in fragments(self):
            is_new = False
            if form.isImageFormat():
                length, form = self._frame_picture(start, length, form)
                is_new = True
            elif form.isAnchor() and form.hasProperty(QTextFormat.Property.TextToolTip):
                form.clearProperty(QTextFormat.Property.TextToolTip)  # a title would become a rich tooltip
                is_new = True
            if (dress is not None and dress(form)) or is_new:
                cursor.setPosition(start)
                cursor.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
                cursor.setCharFormat(form)
        cursor.endEditBlock()
        return True

    def _frame_picture(self, start: int, length: int, form: QTextCharFormat) -> tuple[int, QTextCharFormat]:
        """Put the words "picture from HOST" in the place of a picture, so that nothing is left to load."""
        picture = form.toImageFormat()
        host = links.host_of(picture.name()) or "an address that is not on the web"
        words = f" picture from {host} "
        alternative = str(picture.property(QTextFormat.Property.ImageAltText) or "").strip()
        if alternative and alternative != "picture":
            words = f" {alternative[:200]} ({words.strip()}) "
        plain = QTextCharFormat()
        plain.setProperty(PICTURE, picture.name())
        words = visible(words).replace(" ", "\u00a0")
        span(self, start, length).insertText(words, plain)
        return len(words.encode("utf-16-le")) // 2, plain


_SPECIAL = re.compile(r"[`\[<!@]|\*\*|__|www\.|://")
PICTURE = QTextFormat.Property.UserProperty.value + 1
"""The property of a run of text that stands for a picture; its value is the picture's address."""


def fragments(document: QTextDocument) -> list[tuple[int, int, QTextCharFormat]]:
    """(position, length, format) of each run of like text, last first so that they can be replaced in turn."""
    found = []
    block = document.begin()
    while block.isValid():
        at = block.begin()
        while not at.atEnd():
            run = at.fragment()
            if run.isValid():
                found.append((run.position(), run.length(), run.charFormat()))
            at += 1
        block = block.next()
    return found[::-1]


def span(document: QTextDocument, start: int, length: int) -> QTextCursor:
    cursor = QTextCursor(document)
    cursor.setPosition(start)
    cursor.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
    return cursor
