"""The field a key is entered in: what goes in does not come out again by any of the window's ways."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLineEdit, QMenu, QWidget

from desktop.core.secret import Secret

NOT_HERE = (
    QKeySequence.StandardKey.Copy,
    QKeySequence.StandardKey.Cut,
    QKeySequence.StandardKey.Undo,
    QKeySequence.StandardKey.Redo,
)
LONGEST_KEY = 4096


class KeyField(QLineEdit):
    """Masked always; nothing is copied, cut, dragged, undone, or told to an input method or a screen reader.

    `entered` carries the text as a Secret; the field is empty by then.
    """

    entered = Signal(object)

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.setInputMethodHints(
            Qt.InputMethodHint.ImhHiddenText
            | Qt.InputMethodHint.ImhNoPredictiveText
            | Qt.InputMethodHint.ImhSensitiveData
            | Qt.InputMethodHint.ImhNoAutoUppercase
        )
        self.setMaxLength(LONGEST_KEY)
        self.setDragEnabled(False)
        self.returnPressed.connect(self.give)

    def take(self) -> Secret:
        """What was entered; the field forgets it."""
        entered = Secret(self.text())
        self.setText("")  # also empties the field's history of edits
        return entered

    def give(self) -> None:
        """Hand over what was entered, if anything was."""
        entered = self.take()
        if entered.reveal().strip():
            self.entered.emit(entered)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if any(event.matches(keys) for keys in NOT_HERE):
            event.accept()
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Paste", self.paste)
        menu.addAction("Clear", lambda: self.setText(""))
        menu.popup(event.globalPos())

    def inputMethodQuery(self, query: Qt.InputMethodQuery) -> object:  # type: ignore[override]
        if query in (
            Qt.InputMethodQuery.ImSurroundingText,
            Qt.InputMethodQuery.ImCurrentSelection,
            Qt.InputMethodQuery.ImTextBeforeCursor,
            Qt.InputMethodQuery.ImTextAfterCursor,
        ):
            return ""
        return super().inputMethodQuery(query)
