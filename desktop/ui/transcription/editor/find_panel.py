"""Find and replace in the whole transcript, in a worker: plain words or a pattern."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLineEdit, QToolButton, QWidget

from desktop.core import transcript_edits as edits
from desktop.core.errors import BadInput
from desktop.core.transcript import Transcript
from desktop.core.transcript_edits import Match, Search
from desktop.ui import icons, theme
from desktop.ui.tasks import Tasks
from desktop.ui.transcription.editor import search_slices, words
from desktop.ui.transcription.editor.state import EditState
from desktop.ui.widgets.buttons import push_button
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.tooltip import tip

OPTIONS = (
    ("find-case", "Aa", "Capital letters count"),
    ("find-words", "Word", "Whole words only"),
    ("find-pattern", ".*", "Pattern (regular expression)"),
)

Work = Callable[[Transcript], Awaitable[tuple[Transcript, int]]]


class FindPanel(QFrame):
    """`found` carries all hits and the present one (or None), `went` the segment of the present hit."""

    found = Signal(object, object)
    went = Signal(str)
    closed = Signal()
    refused = Signal(str)

    def __init__(self, state: EditState, tasks: Tasks, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("editor.find-bar")
        theme.style_as(self, "panel")
        self._state, self._tasks = state, tasks
        self.hits: tuple[Match, ...] = ()
        self._at = -1
        self._done = ""  # what the last replacement did, until something else is searched
        self.options: dict[str, QToolButton] = {}
        self._build()
        self._pause = QTimer(self, singleShot=True, interval=120)
        self._pause.timeout.connect(lambda: self._start(self._search(stays=False)))
        self.field.textChanged.connect(self._typed)
        state.changed.connect(self._text_changed)
        theme.current().changed.connect(self._measure)
        self._measure()
        self.hide()

    def _build(self) -> None:
        grid = self._grid = QGridLayout(self)
        self.field = self._line("find-field", "Find")
        self.by = self._line("replace-field", "Replace with")
        first = self._first = QHBoxLayout()
        for name, text, told in OPTIONS:
            button = QToolButton(self, checkable=True)
            button.setObjectName(f"editor.{name}")
            button.setText(text)
            button.setAccessibleName(told)
            button.setToolTip(tip(told))
            button.toggled.connect(lambda: self._start(self._search(stays=False)))
            self.options[name] = button
            first.addWidget(button)
        self.count = plain_label("", "muted", self)
        self.count.setObjectName("editor.find-count")
        first.addWidget(self.count, 1)
        for name, told, icon, work in (
            ("find-previous", "Previous hit (Shift+Enter)", "up", lambda: self.step(-1)),
            ("find-next", "Next hit (Enter)", "down", lambda: self.step(1)),
            ("find-close", "Close (Esc)", "close", self.leave),
        ):
            button = QToolButton(self)
            button.setObjectName(f"editor.{name}")
            button.setAccessibleName(told.partition(" (")[0])
            button.setToolTip(tip(told))
            icons.put(button, icon)
            button.clicked.connect(lambda _=False, work=work: work())
            first.addWidget(button)
        self.replace_one = push_button(self, "editor.replace-one", "Replace", self._replace_one)
        self.replace_all = push_button(self, "editor.replace-all", "Replace all", self._replace_all)
        second = self._second = QHBoxLayout()
        second.addWidget(self.replace_one)
        second.addWidget(self.replace_all)
        second.addStretch(1)
        self.problem = plain_label("", "bad", self, wrap=True)
        self.problem.setObjectName("editor.find-problem")
        self.problem.hide()
        grid.addWidget(self.field, 0, 0)
        grid.addLayout(first, 0, 1)
        grid.addWidget(self.by, 1, 0)
        grid.addLayout(second, 1, 1)
        grid.addWidget(self.problem, 2, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)

    def _line(self, name: str, told: str) -> QLineEdit:
        line = QLineEdit(self, placeholderText=told, clearButtonEnabled=True)
        line.setObjectName(f"editor.{name}")
        line.setAccessibleName(told)
        return line

    def _measure(self) -> None:
        look = theme.current()
        self._grid.setContentsMargins(look.gap(16), look.gap(8), look.gap(16), look.gap(8))
        self._grid.setSpacing(look.gap(8))
        self._first.setSpacing(look.gap(4))
        self._second.setSpacing(look.gap(8))
        icons.refresh(look, self)

    # What the editor does with it

    def enter(self, text: str, *, replace: bool) -> None:
        """Come up, with the words that were selected."""
        self.show()
        for widget in (self.by, self.replace_one, self.replace_all):
            widget.setVisible(replace)
        if text:
            self.field.setText(text)
        self.field.setFocus()
        self.field.selectAll()
        self._start(self._search(stays=False))

    def leave(self) -> None:
        self.hide()
        self._took((), -1)
        self.closed.emit()

    @property
    def search(self) -> Search:
        case, whole, pattern = (self.options[name].isChecked() for name, _, _ in OPTIONS)
        return Search(self.field.text(), pattern, whole, case)

    def step(self, by: int) -> None:
        if self.hits:
            self._took(self.hits, (self._at + by) % len(self.hits))
            self.went.emit(self.hits[self._at].segment)

    # Work

    def _typed(self) -> None:
        self._done = ""
        self._pause.start()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._pause.stop()
        self._tasks.start(work, name="find")

    def _text_changed(self) -> None:
        if self.isVisible() and self.field.text():
            self._start(self._search(stays=True))

    async def _search(self, *, stays: bool) -> None:
        try:
            hits = await search_slices.find(self._state.transcript, self.search)
        except BadInput as error:
            self._took((), -1)
            self._say(error)
            return
        self.problem.hide()
        self._took(hits, min(max(0, self._at), len(hits) - 1) if stays else 0 if hits else -1)
        if hits and not stays:
            self.went.emit(hits[0].segment)

    def _took(self, hits: tuple[Match, ...], at: int) -> None:
        self.hits, self._at = hits, at
        nothing = (self._done or "No hits") if self.field.text() and self.isVisible() else ""
        self.count.setText(f"{at + 1:,} of {words.many(len(hits), 'hit')}" if hits else nothing)
        self.replace_one.setEnabled(bool(hits))
        self.replace_all.setEnabled(bool(hits))
        self.found.emit(hits, hits[at] if hits else None)

    def _say(self, error: BadInput) -> None:
        self.problem.setText(f"{error.summary} {error.advice}")
        self.problem.show()
        self.count.setText("")

    def _replace_one(self) -> None:
        if self.hits:
            self._tasks.start(self._replaced(self._one), name="replace")

    def _replace_all(self) -> None:
        self._tasks.start(self._replaced(self._all), name="replace")

    async def _one(self, transcript: Transcript) -> tuple[Transcript, int]:
        hit = self.hits[self._at]
        return await asyncio.to_thread(edits.replace_one, transcript, self.search, self.by.text(), hit), 1

    async def _all(self, transcript: Transcript) -> tuple[Transcript, int]:
        return await search_slices.replace_all(transcript, self.search, self.by.text())

    async def _replaced(self, work: Work) -> None:
        """In a worker; then the next hit is shown."""
        transcript = self._state.transcript
        try:
            changed, count = await work(transcript)
        except BadInput as error:
            self._say(error)
            return
        if self._state.transcript is not transcript:
            self.refused.emit("The text has changed meanwhile. Replace again.")
            return
        self._done = f"{words.many(count, 'hit')} replaced"
        self._state.do(f"Replace {words.many(count, 'hit')}", changed)
        await self._search(stays=True)
        if self.hits:
            self.went.emit(self.hits[self._at].segment)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.by.hasFocus():
                self._replace_one()
            else:
                self.step(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        elif event.key() == Qt.Key.Key_Space:
            event.accept()  # of a button: not play
        else:
            super().keyPressEvent(event)
