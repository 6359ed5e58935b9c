"""The field in which a segment's words are edited, in their place in the list."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QTextBlockFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from desktop.ui import theme
from desktop.ui.transcription.editor import segment_paint
from desktop.ui.transcription.editor.places import from_qt, is_from_right, to_qt

FIXED = QTextBlockFormat.LineHeightTypes.FixedHeight.value
HISTORY = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)
LINE_ENDS = str.maketrans("\u2029\u2028\r", "\n\n\n")
"""How Qt keeps the ends of blocks and lines; `toPlainText` would make blanks of unbreakable ones besides."""


class TextField(QTextEdit):
    """`asked` carries what a key wants and the character the cursor is before: "split", "merge-previous",
    "merge-next", "previous", "next", "done", "play". Undo is the editor's own: this field has none."""

    asked = Signal(str, int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("editor.text")
        self.setAccessibleName("Words of the segment")
        theme.style_as(self, "bare")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAcceptRichText(False)
        self.setUndoRedoEnabled(False)
        self.setFont(theme.current().font("reading"))
        self.document().setDocumentMargin(0)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.textChanged.connect(self._align)

    def _align(self) -> None:
        """To the side where its writing begins, as it is drawn in the list."""
        option = self.document().defaultTextOption()
        side = Qt.AlignmentFlag.AlignRight if is_from_right(self.text) else Qt.AlignmentFlag.AlignLeft
        if option.alignment() != side:
            option.setAlignment(side)
            self.document().setDefaultTextOption(option)

    def setPlainText(self, text: str) -> None:
        """In lines as high as they are drawn in the list."""
        super().setPlainText(text)
        form = QTextBlockFormat()
        form.setLineHeight(segment_paint.pitch(self.font()), FIXED)
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.mergeBlockFormat(form)

    @property
    def text(self) -> str:
        """As it is, unbreakable blanks included."""
        return self.document().toRawText().translate(LINE_ENDS)

    def show_text(self, text: str) -> None:
        """Another text; the cursor stays where it was as far as there is text."""
        if text.replace("\r\n", "\n").translate(LINE_ENDS) != self.text:
            at = self.place
            self.setPlainText(text)
            self.put_cursor(at)

    @property
    def place(self) -> int:
        """The character the cursor is before."""
        return from_qt(self.text, self.textCursor().position())

    def put_cursor(self, at: int) -> None:
        """Before a character; -1 is the end."""
        text = self.text
        cursor = self.textCursor()
        cursor.setPosition(to_qt(text, len(text) if at < 0 else min(at, len(text))))
        self.setTextCursor(cursor)

    def event(self, event: QEvent) -> bool:
        """The editor's undo is meant, not one of the field's; its own keys are its own, whoever else has them."""
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if _is_history(event):
                event.ignore()
                return True
            if self._wanted(event):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if wanted := self._wanted(event):
            self.asked.emit(wanted, self.place)
        else:
            super().keyPressEvent(event)

    def _wanted(self, event: QKeyEvent) -> str:
        key, cursor = event.key(), self.textCursor()
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        is_free = not cursor.hasSelection() and not control and not shift and not alt
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return "split" if control else "" if shift else "next"
        if key == Qt.Key.Key_Tab and not control and not alt:
            return "play"
        if key == Qt.Key.Key_Escape:
            return "done"
        if key == Qt.Key.Key_Backspace and is_free and cursor.position() == 0:
            return "merge-previous"
        if key == Qt.Key.Key_Delete and is_free and cursor.atEnd():
            return "merge-next"
        if key == Qt.Key.Key_Up and is_free and not _can(cursor, QTextCursor.MoveOperation.Up):
            return "previous"
        if key == Qt.Key.Key_Down and is_free and not _can(cursor, QTextCursor.MoveOperation.Down):
            return "next"
        return ""


def _is_history(event: QKeyEvent) -> bool:
    return any(event.matches(each) for each in HISTORY)


def _can(cursor: QTextCursor, move: QTextCursor.MoveOperation) -> bool:
    """Whether there is a line that way."""
    return QTextCursor(cursor).movePosition(move)
