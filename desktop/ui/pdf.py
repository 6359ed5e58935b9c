"""A conversation as a PDF: title, dates, turns, pictures and code on numbered pages. It is drawn in a worker."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMarginsF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPalette,
    QPdfWriter,
    QTextCharFormat,
    QTextCursor,
    QTextFrameFormat,
    QTextOption,
    QTextTable,
)

from desktop.core.conversation import (
    Attachment,
    Audio,
    Message,
    Picture,
    Reasoning,
    Refusal,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from desktop.core.errors import BadFile
from desktop.core.text import visible
from desktop.ui import pdf_layout, theme
from desktop.ui.widgets.markdown import Kind, Piece, split
from desktop.ui.widgets.pictures import decoded
from desktop.ui.widgets.safe_document import SafeDocument, hostile

if TYPE_CHECKING:
    from desktop.services.export.told import Told

MARGIN_MM = 20
DOTS_PER_INCH = 144
PICTURE_PIXELS = QSize(1600, 1600)
PROSE, CODE = 10.5, 8.5
HEADINGS = {1: 15.0, 2: 13.0, 3: 11.5}
"""Points."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What the window knows and a worker must not ask: fonts, colours, the size of the page ("A4" or "Letter")."""

    families: tuple[str, ...]
    mono: tuple[str, ...]
    colours: dict[str, str]
    size: str = "A4"

    @classmethod
    def of_window(cls, size: str = "A4") -> Paper:
        look = theme.current()
        families, mono = (tuple(look.font(role).families()) for role in ("reading", "mono"))
        return cls(families, mono, theme.tokens()["schemes"]["light"], size)


def pages(paper: Paper) -> Callable[[Told, Path], None]:
    """What `Export.run` takes to write PDFs."""

    def write(told: Told, path: Path) -> None:
        _Pages(paper, told, path).draw()

    return write


class _Pages:
    """One conversation on its way down the pages. `y` is where the next thing goes, in dots."""

    def __init__(self, paper: Paper, told: Told, path: Path) -> None:
        self._paper, self._told, self._path = paper, told, path
        path.touch(mode=0o600)
        self._writer = QPdfWriter(str(path))
        self._writer.setResolution(DOTS_PER_INCH)
        size = QPageSize.PageSizeId.Letter if paper.size == "Letter" else QPageSize.PageSizeId.A4
        margins = QMarginsF(MARGIN_MM, MARGIN_MM, MARGIN_MM, MARGIN_MM)
        layout = QPageLayout(QPageSize(size), QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter)
        self._writer.setPageLayout(layout)
        self._writer.setTitle(told.title)
        self._writer.setCreator("Davenport")
        self._dots = DOTS_PER_INCH / 72
        area = layout.paintRectPixels(DOTS_PER_INCH)
        self._width, self._height = float(area.width()), float(area.height())
        self._page, self._y = 1, 0.0

    def draw(self) -> None:
        self._painter = QPainter()
        if not self._painter.begin(self._writer):
            raise OSError("the file cannot be written")
        try:
            self._foot()
            self._head()
            for stretch in self._told.stretches():
                if stretch.number > 1:
                    self._text(f"Another branch, after turn {stretch.after}", 9, "muted", above=18)
                for message in self._told.messages(stretch):
                    self._turn(message)
        finally:
            self._painter.end()
        del self._writer  # closes the file
        _check_whole(self._path)

    def _head(self) -> None:
        about = self._told.conversation
        self._text(self._told.title, 20, bold=True)
        dates = " – ".join(dict.fromkeys(_day(at) for at in (about.created, about.updated) if at))
        facts = [fact for fact in (dates, visible(about.model), *map(visible, about.tags)) if fact]
        self._text("   ".join(facts), 9, "muted", above=4)
        self._y += 10 * self._dots
        if about.system.strip():
            self._text("System", 9, "accent", bold=True, above=8)
            self._text(visible(about.system.strip()), 10, "muted", above=3)

    def _turn(self, message: Message) -> None:
        self._room_for(60)
        self._rule()
        self._text(message.role.value.capitalize(), 10, "accent", bold=True, above=8)
        facts = [fact for fact in (visible(message.model), _moment(message.created)) if fact]
        if facts:
            self._text("   ".join(facts), 8, "muted", above=1)
        for part in message.parts:
            match part:
                case Text() if message.role is Role.ASSISTANT:
                    self._markdown(part.text)
                case Text() | Refusal():
                    self._text(part.text, above=6)
                case Picture():
                    self._picture(part)
                case ToolCall():
                    self._text(f"Tool call: {visible(part.name)}", 9, "muted", above=6)
                    self._code(part.arguments)
                case ToolResult():
                    self._text("Failed" if part.is_error else "Result", 9, "muted", above=6)
                    self._code(part.text)
                case _:
                    self._other(part)
        from desktop.services.export.told import state_words

        if state := state_words(message):
            self._text(state, 9, "warn", above=6)

    def _other(self, part: object) -> None:
        name = visible(getattr(part, "name", "") or getattr(part, "mime", ""))
        if isinstance(part, Reasoning):
            self._text("Reasoning", 9, "muted", bold=True, above=6)
        if name:
            address = self._told.link(part) if isinstance(part, Picture | Audio | Attachment) else ""
            self._text(f"[{name}{': ' + address if address else ''}]", 10, "muted", above=6)
        if words := part.transcript if isinstance(part, Audio) else getattr(part, "text", ""):
            self._text(visible(words), 9, "muted", above=3, indent=12)

    # Blocks

    def _markdown(self, text: str) -> None:
        for piece in split(text):
            indent = 14 * piece.depth + 12 * piece.quotes
            above = max(3, piece.gap * 0.6)
            colour = "muted" if piece.quotes else "text"
            if piece.kind is Kind.CODE:
                self._code(piece.source, indent)
            elif piece.kind is Kind.PLAIN or hostile(piece.source):
                self._text(piece.source, colour=colour, above=above, indent=indent, quotes=piece.quotes)
            elif piece.kind is Kind.RULE:
                self._rule()
            else:
                if piece.kind is Kind.HEADING:
                    self._room_for(60)  # not alone at the end of a page
                self._place(self._rich(piece), above, indent, colour=colour, quotes=piece.quotes)

    def _rich(self, piece: Piece) -> SafeDocument:
        is_heading = piece.kind is Kind.HEADING
        points = HEADINGS.get(piece.level, PROSE) if is_heading else PROSE
        document = self._document(points, bold=is_heading)
        document.show_markdown(piece.source, self._dress)
        if is_heading:
            pdf_layout.keep_size(document, points)
        self._rule_tables(document)
        if piece.marker:
            QTextCursor(document).insertText(f"{piece.marker} ", QTextCharFormat())
        return document

    def _dress(self, form: QTextCharFormat) -> bool:
        if form.isAnchor():
            form.setForeground(QColor(self._paper.colours["accent"]))
            return True
        if form.fontFixedPitch():
            form.setFontFamilies(list(self._paper.mono))
            form.setFontPointSize(9)
            return True
        return False

    def _rule_tables(self, document: SafeDocument) -> None:
        """Hairlines instead of Qt's raised frames."""
        for frame in document.rootFrame().childFrames():
            if isinstance(frame, QTextTable):
                form = frame.format()
                form.setBorderCollapse(True)
                form.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
                form.setBorderBrush(QColor(self._paper.colours["line"]))
                form.setBorder(0.75 * self._dots)
                form.setCellPadding(3 * self._dots)
                frame.setFormat(form)

    def _code(self, text: str, indent: float = 0) -> None:
        self._y += 6 * self._dots
        for part in pdf_layout.parts(visible(text).rstrip("\n")):
            document = self._document(CODE, mono=True)
            document.setPlainText(part)
            self._place(document, 0, indent + 8, right=8, fill="panel")
        self._y += 4 * self._dots

    def _text(
        self,
        text: str,
        points: float = PROSE,
        colour: str = "text",
        *,
        bold: bool = False,
        above: float = 0,
        indent: float = 0,
        quotes: int = 0,
    ) -> None:
        for part in pdf_layout.parts(text):
            document = self._document(points, bold=bold)
            document.setPlainText(part)
            self._place(document, above, indent, colour=colour, quotes=quotes)
            above = 0

    def _document(self, points: float, *, bold: bool = False, mono: bool = False) -> SafeDocument:
        document = SafeDocument()
        document.setDocumentMargin(0)
        font = QFont(list(self._paper.mono if mono else self._paper.families))
        font.setStyleHint(QFont.StyleHint.Monospace if mono else QFont.StyleHint.SansSerif)
        font.setPointSizeF(points)
        font.setBold(bold)
        font.setFeature(QFont.Tag("liga"), 0)  # joined letters would be copied, and not found, as signs of their own
        document.setDefaultFont(font)
        wrapping = QTextOption()
        wrapping.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        document.setDefaultTextOption(wrapping)
        return document

    def _picture(self, part: Picture) -> None:
        image = self._image(part)
        if image is None:
            self._other(part)
            return
        natural = QSizeF(image.size()) * self._dots * 0.75  # 96 to the inch, as on a screen
        room = QSizeF(min(self._width, natural.width()), min(self._height * 0.6, natural.height()))
        size = natural.scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        self._y += 8 * self._dots
        if self._y + size.height() > self._height:
            self._next_page()
        self._painter.drawImage(QRectF(0, self._y, size.width(), size.height()), image)
        self._y += size.height() + 4 * self._dots

    def _image(self, part: Picture) -> QImage | None:
        content = self._told.content(part) if part.blob else None
        try:
            return decoded(content, PICTURE_PIXELS) if content else None
        except BadFile:
            return None

    # Pages

    def _place(
        self,
        document: SafeDocument,
        above: float,
        indent: float = 0,
        *,
        right: float = 0,
        colour: str = "text",
        fill: str = "",
        quotes: int = 0,
    ) -> None:
        """Draw a document from `_y` on, over as many pages as it needs, never through a line."""
        left = min(indent * self._dots, self._width / 2)
        pdf_layout.open_up(document, 115 if fill else 125)
        document.documentLayout().setPaintDevice(self._writer)
        document.setTextWidth(self._width - left - right * self._dots)
        self._y += above * self._dots
        pad = 5 * self._dots if fill else 0
        self._y += pad
        for top, height in self._slices(document):
            if fill:
                edge = left - 8 * self._dots
                area = QRectF(edge, self._y - pad, self._width - edge, height + 2 * pad)
                self._painter.fillRect(area, QColor(self._paper.colours[fill]))
            for quote in range(quotes):
                bar = QRectF(left - 10 * self._dots * (quote + 1), self._y, 2 * self._dots, height)
                self._painter.fillRect(bar, QColor(self._paper.colours["line"]))
            self._paint(document, left, top, height, colour)
            self._y += height
        self._y += pad

    def _slices(self, document: SafeDocument) -> Iterator[tuple[float, float]]:
        """(top, height) of what goes on each page, the head of a table once more where it goes on; turns the page
        between them."""
        top, whole, page = 0.0, document.size().height(), self._height
        while top < whole:
            height = pdf_layout.slice_height(document, top, self._height - self._y, page)
            if height > 0:
                yield top, height
                top += height
            if top < whole:
                self._next_page()
                if head := pdf_layout.head_again(document, top, self._height):
                    yield head
                page = self._height - self._y

    def _paint(self, document: SafeDocument, left: float, top: float, height: float, colour: str) -> None:
        context = QAbstractTextDocumentLayout.PaintContext()
        context.palette.setColor(QPalette.ColorRole.Text, QColor(self._paper.colours[colour]))
        context.clip = QRectF(0, top, self._width, height)
        self._painter.save()
        self._painter.translate(left, self._y - top)
        self._painter.setClipRect(QRectF(-left, top, self._width + left, height))
        document.documentLayout().draw(self._painter, context)
        self._painter.restore()

    def _rule(self) -> None:
        self._y += 14 * self._dots
        line = QRectF(0, self._y, self._width, 0.75 * self._dots)
        self._painter.fillRect(line, QColor(self._paper.colours["line"]))

    def _room_for(self, points: float) -> None:
        if self._y > 0 and self._y + points * self._dots > self._height:
            self._next_page()

    def _next_page(self) -> None:
        self._writer.newPage()
        self._page, self._y = self._page + 1, 0.0
        self._foot()

    def _foot(self) -> None:
        """Title and number below the text, in the margin."""
        font = QFont(list(self._paper.families))
        font.setPointSizeF(8)
        self._painter.save()
        self._painter.setFont(font)
        self._painter.setPen(QColor(self._paper.colours["muted"]))
        area = QRectF(0, self._height + 14 * self._dots, self._width, 14 * self._dots)
        number = str(self._page)
        self._painter.drawText(area, Qt.AlignmentFlag.AlignRight, number)
        room = self._width - 60 * self._dots
        title = self._painter.fontMetrics().elidedText(self._told.title[:300], Qt.TextElideMode.ElideRight, int(room))
        if self._page > 1:
            self._painter.drawText(area, Qt.AlignmentFlag.AlignLeft, title)
        self._painter.restore()


def _check_whole(path: Path) -> None:
    """Qt says nothing of a disk that was full: a whole file ends as every PDF does."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 16))
        if b"%%EOF" not in file.read():
            raise OSError(errno.ENOSPC, "the pages were not written whole")


def _day(micros: int) -> str:
    return f"{datetime.fromtimestamp(micros / 1_000_000):%Y-%m-%d}" if micros else ""


def _moment(micros: int) -> str:
    return f"{datetime.fromtimestamp(micros / 1_000_000):%Y-%m-%d %H:%M}" if micros else ""
