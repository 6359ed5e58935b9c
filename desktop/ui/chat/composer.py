"""Where a message is written: a card that grows, the model at its left, the estimate and send at its right."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QTextOption
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from desktop.core.conversation import Part
from desktop.core.settings import SendKey
from desktop.core.text import hidden_count
from desktop.ui import icons, theme
from desktop.ui.chat.chips import Chips
from desktop.ui.chat.model_button import ModelButton
from desktop.ui.widgets.labels import plain_label

GROWS_TO = 0.4  # of the page's height


class MessageEdit(QPlainTextEdit):
    """Plain text; Enter sends and Shift+Enter starts a line, or the other way round with Ctrl."""

    sent = Signal()
    up_in_empty = Signal()
    files_pasted = Signal(list)
    picture_pasted = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.send_key = SendKey.ENTER
        self.setObjectName("chat.composer")
        self.setAccessibleName("Message")
        self.setPlaceholderText("Write a message")
        self.setTabChangesFocus(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        theme.style_as(self, "bare")
        self.document().setDocumentMargin(0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and self._sends(event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier):
            self.sent.emit()
            return
        if event.key() == Qt.Key.Key_Up and not self.toPlainText():
            self.up_in_empty.emit()
            return
        super().keyPressEvent(event)

    def _sends(self, held: Qt.KeyboardModifier) -> bool:
        if held == Qt.KeyboardModifier.ControlModifier:
            return True
        return held == Qt.KeyboardModifier.NoModifier and self.send_key is SendKey.ENTER

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Text is pasted as plain text; files go where attachments go."""
        files = [url.toLocalFile() for url in source.urls() if url.isLocalFile()] if source.hasUrls() else []
        if files:
            self.files_pasted.emit(files)
            return
        if source.hasImage() and not source.hasText():
            self.picture_pasted.emit(source.imageData())
            return
        if source.hasText():
            self.insertPlainText(source.text())

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return source.hasText() or source.hasUrls() or source.hasImage()

    def wanted_height(self) -> int:
        """Pixels for all lines as they are wrapped now."""
        lines = max(1.0, self.document().size().height())
        return round(lines * self.fontMetrics().lineSpacing()) + 2


class Composer(QFrame):
    """The card. It knows no service: `set_estimate`, `set_busy` and the like say what it shows."""

    sent = Signal()
    stopped = Signal()
    changed = Signal()
    attach_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.style_as(self, "card")
        self.setObjectName("chat.composer-card")
        self._is_busy, self._is_ready = False, False
        self.parts: tuple[Part, ...] = ()
        self._build()
        self.edit.sent.connect(self._send)
        self.edit.textChanged.connect(self._typed)
        self.send_button.clicked.connect(self._send)
        self.stop_button.clicked.connect(self.stopped)
        theme.current().changed.connect(self._measure)
        self._measure()
        self._refresh()

    def _build(self) -> None:
        column = self._column = QVBoxLayout(self)
        self.editing_bar = self._editing_bar()
        self.chips = Chips(self)
        self.chips.taken_off.connect(self._take_off)
        self.edit = MessageEdit(self)
        self.attach_button = QToolButton(self)
        self.attach_button.setObjectName("chat.attach")
        self.attach_button.setAccessibleName("Attach files")
        self.attach_button.setToolTip("Attach pictures, recordings or documents")
        self.attach_button.clicked.connect(self.attach_wanted)
        icons.put(self.attach_button, "attach")
        row = self._row = QHBoxLayout()
        self.model = ModelButton(self)
        self.warning = plain_label("", "warn", self, wrap=True)
        self.warning.setObjectName("chat.warning")
        self.warning.hide()
        self.estimate = plain_label("", "muted", self)
        self.estimate.setObjectName("chat.estimate")
        self.send_button = self._primary("chat.send", "Send", "send")
        self.stop_button = self._primary("chat.stop", "Stop", "stop")
        self.stop_button.setToolTip("Stop (Esc)")
        row.addWidget(self.model)
        row.addWidget(self.attach_button)
        row.addStretch(1)
        row.addWidget(self.estimate)
        row.addWidget(self.send_button)
        row.addWidget(self.stop_button)
        column.addWidget(self.editing_bar)
        column.addWidget(self.chips)
        column.addWidget(self.edit)
        column.addWidget(self.warning)
        column.addLayout(row)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFocusProxy(self.edit)
        around = (self.edit, self.model, self.attach_button, self.send_button, self.stop_button)
        for before, after in pairwise(around):  # as they stand on the screen
            QWidget.setTabOrder(before, after)

    def _primary(self, name: str, text: str, icon: str) -> QToolButton:
        """One of the two that share a place: send, and stop while a reply arrives."""
        button = QToolButton(self)
        button.setObjectName(name)
        button.setAccessibleName(text)
        theme.style_as(button, "primary")
        icons.put(button, icon, "accent_text")
        return button

    def _editing_bar(self) -> QWidget:
        bar = QWidget(self)
        row = QHBoxLayout(bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(plain_label("Editing an earlier message; sending makes a branch", "muted", bar), 1)
        self.editing_close = QToolButton(bar)
        self.editing_close.setObjectName("chat.edit-cancel")
        self.editing_close.setAccessibleName("Stop editing")
        self.editing_close.setToolTip("Stop editing (Esc)")
        icons.put(self.editing_close, "close")
        row.addWidget(self.editing_close)
        bar.hide()
        return bar

    # -- what the page says

    def set_ready(self, is_ready: bool) -> None:
        """Sending is possible: the services are there."""
        self._is_ready = is_ready
        self._refresh()

    def set_busy(self, is_busy: bool) -> None:
        """A reply arrives in the conversation that is shown: send is stop."""
        self._is_busy = is_busy
        self._refresh()

    def set_editing(self, is_editing: bool) -> None:
        self.editing_bar.setVisible(is_editing)
        self._measure()

    def set_estimate(self, text: str, warning: str = "") -> None:
        self.estimate.setText(text)
        self.estimate.setAccessibleName(f"Estimate of the next message: {text}" if text else "No estimate yet")
        hidden = hidden_count(self.text())
        note = f"{hidden} invisible character{'s' * (hidden != 1)}" if hidden else ""
        self.warning.setText(" · ".join(piece for piece in (warning, note) if piece))
        self.warning.setVisible(bool(warning or note))

    def text(self) -> str:
        return self.edit.toPlainText()

    def set_text(self, text: str) -> None:
        """Replace what is written, without a sign of change."""
        self.edit.blockSignals(True)
        self.edit.setPlainText(text)
        self.edit.moveCursor(self.edit.textCursor().MoveOperation.End)
        self.edit.blockSignals(False)
        self._measure()
        self._refresh()

    def set_parts(self, parts: tuple[Part, ...]) -> None:
        """Replace what goes with the text, without a sign of change."""
        self.parts = parts
        self.chips.show_parts(parts)
        self._refresh()

    # -- itself

    @property
    def _has_anything(self) -> bool:
        return bool(self.parts or self.text().strip())

    def _take_off(self, place: int) -> None:
        self.set_parts(self.parts[:place] + self.parts[place + 1 :])
        self.changed.emit()
        self.edit.setFocus()

    def _send(self) -> None:
        if self._is_ready and not self._is_busy and self._has_anything:
            self.sent.emit()

    def _typed(self) -> None:
        self._measure()
        self._refresh()
        self.changed.emit()

    def _refresh(self) -> None:
        had_focus = self.send_button.hasFocus() or self.stop_button.hasFocus()
        self.stop_button.setVisible(self._is_busy)
        self.send_button.setVisible(not self._is_busy)
        self.send_button.setEnabled(self._is_ready and self._has_anything)
        self.send_button.setToolTip(f"Send ({self.edit.send_key.value})")
        if had_focus:
            (self.stop_button if self._is_busy else self.edit).setFocus()

    def _measure(self) -> None:
        look = theme.current()
        self.edit.setFont(look.font("reading"))
        self.edit.viewport().setFont(look.font("reading"))  # the placeholder is drawn with this one
        self._column.setContentsMargins(look.gap(16), look.gap(12), look.gap(8), look.gap(8))
        self._column.setSpacing(look.gap(8))
        self._row.setSpacing(look.gap(8))
        side, icon = look.size("control"), look.size("icon")
        for button in (self.send_button, self.stop_button):
            button.setFixedSize(side, side)
            button.setIconSize(QSize(icon, icon))
        room = round((self.parentWidget().height() if self.parentWidget() else 600) * GROWS_TO)
        line = self.edit.fontMetrics().lineSpacing()
        self.edit.setFixedHeight(max(line + 4, min(self.edit.wanted_height(), max(room, 3 * line))))
        self.edit.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAsNeeded
            if self.edit.wanted_height() > self.edit.height()
            else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._measure()
