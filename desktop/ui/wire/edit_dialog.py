"""The body of a call to be changed and sent: JSON whose errors are told where they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from desktop.core.errors import BadInput
from desktop.core.wire.request import check_json
from desktop.core.wire.views import pretty
from desktop.ui import theme
from desktop.ui.widgets.labels import plain_label

if TYPE_CHECKING:
    from desktop.core.wire.exchange import Exchange

CHECK_MS = 300
CHECKED_CHARACTERS = 256 * 1024
"""A longer body is checked when it is sent."""
_PLACE = re.compile(r"line (\d+), column (\d+)")


class EditDialog(QDialog):
    """Accepted with a body that is good; `typed` is what was left here before."""

    def __init__(self, parent: QWidget, exchange: Exchange, typed: str = "") -> None:
        super().__init__(parent)
        self._is_json = "json" in (exchange.content_type or "application/json")
        self._original = pretty(exchange.body).text if self._is_json else exchange.body.decode("utf-8", "replace")
        self.setObjectName("wire.edit-dialog")
        self.setWindowTitle("Edit and send")
        look = theme.current()
        column = QVBoxLayout(self)
        column.setContentsMargins(look.gap(24), look.gap(16), look.gap(24), look.gap(16))
        column.setSpacing(look.gap(8))
        column.addWidget(plain_label(f"{exchange.method} {exchange.path}", "strong", self))
        self.edit = QPlainTextEdit(self)
        self.edit.setObjectName("wire.edit-body")
        self.edit.setAccessibleName("Body of the request")
        self.edit.setFont(look.font("mono"))
        self.edit.setTabChangesFocus(True)
        theme.style_as(self.edit, "field")
        self.edit.setPlainText(typed or self._original)
        column.addWidget(self.edit, 1)
        self.problem = plain_label("", "bad", self, wrap=True)
        self.problem.setObjectName("wire.edit-problem")
        column.addWidget(self.problem)
        column.addLayout(self._buttons())
        self._pause = QTimer(self, singleShot=True, interval=CHECK_MS)
        self._pause.timeout.connect(self._check_soon)
        self.edit.textChanged.connect(self._typed)
        self._typed()
        self.resize(look.px(680), look.px(520))

    def text(self) -> str:
        """What is typed, for another time; nothing where nothing was changed."""
        text = self.edit.toPlainText()
        return text if text != self._original else ""

    def body(self) -> bytes:
        return self.edit.toPlainText().encode("utf-8", "replace")

    def accept(self) -> None:
        """Only with a body that can be sent; else the cursor goes to what is wrong."""
        problem = self.check()
        if problem:
            self._go_to(problem)
        else:
            super().accept()

    def check(self) -> str:
        """What is wrong with the body, told below it; empty for a good one."""
        said = ""
        if self._is_json:
            try:
                check_json(self.body())
            except BadInput as problem:
                said = problem.summary
        self.problem.setText(said)
        return said

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.undo = self._button(row, "As it was sent", "wire.edit-reset", self._reset)
        row.addStretch(1)
        self._button(row, "Cancel", "wire.edit-cancel", self.reject)
        self.send = self._button(row, "Send", "wire.edit-send", self.accept)
        theme.style_as(self.send, "primary")
        return row

    def _button(self, row: QHBoxLayout, text: str, name: str, work: object) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAccessibleName(text)
        button.setAutoDefault(False)
        button.clicked.connect(work)
        row.addWidget(button)
        return button

    def _reset(self) -> None:
        """Back to what was sent; Ctrl+Z brings what was typed again."""
        cursor = self.edit.textCursor()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(self._original)

    def _typed(self) -> None:
        self.undo.setEnabled(bool(self.text()))
        self._pause.start()

    def _check_soon(self) -> None:
        if self.edit.document().characterCount() <= CHECKED_CHARACTERS:
            self.check()

    def _go_to(self, problem: str) -> None:
        if found := _PLACE.search(problem):
            block = self.edit.document().findBlockByNumber(int(found[1]) - 1)
            cursor = QTextCursor(block)
            cursor.setPosition(min(block.position() + int(found[2]) - 1, block.position() + max(0, block.length() - 1)))
            self.edit.setTextCursor(cursor)
            self.edit.ensureCursorVisible()
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)
