"""Bytes of the wire as text to read: plain, monospace, found in, wrapped or not; JSON coloured where it is seen."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, Qt, QTimer, Signal
from PySide6.QtGui import QPaintEvent, QTextBlock, QTextCharFormat, QTextCursor, QTextLayout
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from desktop.core.text import visible
from desktop.ui import theme
from desktop.ui.widgets.safe_text import clipboard_text
from desktop.ui.wire.json_colours import colours

PIECE = 40_000
"""Characters that are laid out at once; the rest follows while the window lives on."""
LONGEST_LINE = 2_000
MOST_MARKS = 2_000
COLOURED = 1


class TextView(QPlainTextEdit):
    """Untrusted text as it is. `found` carries the place of the hit that is shown, from 1, and how many there are."""

    found = Signal(int, int)

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setReadOnly(True)
        self.setAcceptDrops(False)
        self.setUndoRedoEnabled(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self._rest = self._shown = ""
        self._is_json = False
        self._hits: list[QTextCursor] = []
        self._sought, self._at = "", -1
        self._more = QTimer(self, singleShot=True, interval=0)
        self._more.timeout.connect(self._show_more)
        theme.current().changed.connect(self._restyle)
        self._restyle()
        self.wrap(True)

    def show_text(self, text: str, *, is_json: bool = False) -> None:
        """Another text, or the same one grown: then what was read stays in view."""
        if text == self._shown:
            return
        bar, cursor = self.verticalScrollBar(), self.textCursor()
        is_longer = bool(self._shown) and text.startswith(self._shown[:PIECE]) and not cursor.hasSelection()
        at = bar.value() if is_longer else 0
        self._shown, self._is_json = text, is_json
        first, self._rest = _piece(visible(text))
        self.setPlainText(first)
        bar.setValue(at)
        self._hits, self._at = [], -1
        if self._rest:
            self._more.start()
        elif self._sought:
            self.look_for(self._sought)

    @property
    def is_whole(self) -> bool:
        return not self._rest

    def wrap(self, wrapped: bool) -> None:
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth if wrapped else QPlainTextEdit.LineWrapMode.NoWrap)

    # -- find

    def look_for(self, text: str) -> None:
        """Mark every hit and show the first from where the reader is."""
        self._sought, self._hits, self._at = text, [], -1
        cursor = QTextCursor(self.document())
        while text and len(self._hits) < MOST_MARKS:
            cursor = self.document().find(text, cursor)
            if cursor.isNull():
                break
            self._hits.append(QTextCursor(cursor))
        self._mark()
        if self._hits:
            here = self.firstVisibleBlock().position()
            self._go(next((n for n, hit in enumerate(self._hits) if hit.position() >= here), 0))
        else:
            self.found.emit(0, 0)

    def next_hit(self, step: int) -> None:
        if self._hits:
            self._go((self._at + step) % len(self._hits))

    def _go(self, at: int) -> None:
        self._at = at
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._hits[at].selectionStart())
        self.setTextCursor(cursor)
        self.ensureCursorVisible()
        self._mark()
        self.found.emit(at + 1, len(self._hits))

    def _mark(self) -> None:
        look, marks = theme.current(), []
        for number, hit in enumerate(self._hits):
            mark = QTextEdit.ExtraSelection()
            mark.cursor = hit  # type: ignore[attr-defined]
            form = QTextCharFormat()
            form.setBackground(look.color("find"))
            if number == self._at:
                form.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
                form.setFontUnderline(True)
            mark.format = form  # type: ignore[attr-defined]
            marks.append(mark)
        self.setExtraSelections(marks)

    # -- inside

    def _show_more(self) -> None:
        piece, self._rest = _piece(self._rest)
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(piece)
        if self._rest:
            self._more.start()
        elif self._sought:
            self.look_for(self._sought)

    def _restyle(self) -> None:
        look = theme.current()
        self.setFont(look.font("mono"))
        self.document().setDocumentMargin(look.gap(8))
        self._forms = {}
        for name in ("name", "string", "number", "keyword"):
            form = QTextCharFormat()
            form.setForeground(look.color(f"code_{name}"))
            self._forms[name] = form
        block = self.document().begin()
        while block.isValid():
            block.setUserState(-1)
            block = block.next()
        self._mark()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._is_json:
            self._colour_what_is_seen()
        super().paintEvent(event)

    def _colour_what_is_seen(self) -> None:
        block, bottom = self.firstVisibleBlock(), self.viewport().height()
        while block.isValid() and self.blockBoundingGeometry(block).translated(self.contentOffset()).top() <= bottom:
            if block.userState() != COLOURED:
                self._colour(block)
            block = block.next()

    def _colour(self, block: QTextBlock) -> None:
        formats = []
        for start, length, name in colours(block.text()):
            each = QTextLayout.FormatRange()
            each.start, each.length, each.format = start, length, self._forms[name]  # type: ignore[attr-defined]
            formats.append(each)
        block.layout().setFormats(formats)
        block.setUserState(COLOURED)

    def createMimeDataFromSelection(self) -> QMimeData:
        text = self.textCursor().selectedText().replace("\u2029", "\n").replace("\u2028", "\n")
        return clipboard_text(text)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return False


def _piece(text: str) -> tuple[str, str]:
    """The next piece, its long lines broken, cut at the end of a line where there is one."""
    cut = len(text) if len(text) <= PIECE else text.rfind("\n", 0, PIECE) + 1 or PIECE
    first = text[:cut]
    if max(map(len, first.split("\n")), default=0) > LONGEST_LINE:
        lines = first.split("\n")
        first = "\n".join(
            "\n".join(line[at : at + LONGEST_LINE] for at in range(0, len(line) or 1, LONGEST_LINE)) for line in lines
        )
    return first, text[cut:]
