"""What the two forms share that ask a model: fields, what it costs, how far it is, and changes to take in pieces."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.core.errors import KnownError
from desktop.core.pricing import Cost, Unpriced
from desktop.core.profile import Profile
from desktop.ui import theme
from desktop.ui.tasks import Tasks
from desktop.ui.transcription import words as page_words
from desktop.ui.transcription.editor import changes_list, words
from desktop.ui.transcription.editor.changes_list import ChangesList
from desktop.ui.transcription.editor.changes_model import Change, ChangesModel
from desktop.ui.widgets.buttons import push_button
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.tooltip import no_mnemonic


class ModelForm(QDialog):
    """`name` begins the names of its controls and is that of its task. A subclass adds its fields and says what to
    `ask`; what it shows by `show_changes` is accepted with those in `changes.taken`. Beside the button that asks
    stands `cost`: where it goes and what it costs."""

    def __init__(self, parent: QWidget, tasks: Tasks, name: str, title: str, start: str) -> None:
        super().__init__(parent.window())
        self.setObjectName(f"editor.{name}-form")
        self.setWindowTitle(title)
        self._tasks, self._name = tasks, name
        self.changes = ChangesModel(self)
        self._build(start)
        self.changes.chosen.connect(self._count)

    # Building

    def _build(self, start: str) -> None:
        look = theme.current()
        column = self.column = QVBoxLayout(self)
        column.setContentsMargins(look.gap(24), look.gap(24), look.gap(24), look.gap(16))
        column.setSpacing(look.gap(12))
        self.fields = QGridLayout()
        self.fields.setSpacing(look.gap(8))
        self.fields.setColumnStretch(1, 1)
        column.addLayout(self.fields)
        self.state = plain_label("", "muted", self, wrap=True)
        self.state.setObjectName(f"editor.{self._name}-state")
        self.bar = QProgressBar(self)
        self.bar.setRange(0, 0)
        self.bar.hide()
        self.state.hide()
        column.addWidget(self.state)
        column.addWidget(self.bar)
        self.list = ChangesList(self.changes, self)
        self.text = QPlainTextEdit(self)
        self.text.setReadOnly(True)
        theme.style_as(self.text, "field")
        self.results = QStackedWidget(self)
        self.results.addWidget(self.text)
        self.results.addWidget(self._compared())
        column.addWidget(self.results, 1)
        self._buttons(start)
        self.resize(look.px(820), look.px(600))

    def _compared(self) -> QWidget:
        """The changes under the names of their columns."""
        look, page = theme.current(), QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(look.gap(4))
        row = self._heads = QHBoxLayout()
        row.setSpacing(look.px(changes_list.GAP))
        self.headings = plain_label("", "group", self), plain_label("", "group", self)
        for label in self.headings:
            row.addWidget(label, 1)
        column.addLayout(row)
        column.addWidget(self.list, 1)
        self.list.resized.connect(self._place_heads)
        return page

    def _place_heads(self) -> None:
        """Over their columns, which give way to the scroll bar."""
        look, beside = theme.current(), self.list.width() - self.list.viewport().width()
        self._heads.setContentsMargins(look.px(changes_list.LEFT), 0, look.px(changes_list.GAP) + beside, 0)

    def _buttons(self, start: str) -> None:
        self.start = self.button("start", start, self._start)
        self.stop = self.button("stop", "Stop", lambda: self._tasks.cancel(self._name))
        self.all = self.button("all", "Take all", lambda: self.changes.take_all(True))
        self.none = self.button("none", "Take none", lambda: self.changes.take_all(False))
        self.close_button = self.button("close", "Close", self.reject)
        self.take = self.button("take", "Take", self.accept)
        self.cost = plain_label("", "muted", self)
        self.cost.setObjectName(f"editor.{self._name}-cost")
        row = self.buttons = QHBoxLayout()
        for shown in (self.start, self.stop, self.cost):
            row.addWidget(shown)
        row.addStretch(1)
        for widget in (self.none, self.all, self.close_button, self.take):
            row.addWidget(widget)
        self.column.addLayout(row)
        for button in (self.start, self.take):
            theme.style_as(button, "primary")
        for widget in (self.stop, self.none, self.all, self.take):
            widget.hide()

    def button(self, name: str, text: str, work: Callable[[], object]) -> QPushButton:
        return push_button(self, f"editor.{self._name}-{name}", text, work)

    def add_field(self, title: str, name: str, field: QWidget) -> None:
        field.setObjectName(f"editor.{self._name}-{name}")
        field.setAccessibleName(title)
        label = plain_label(title, "", self)
        label.setBuddy(field)
        row = self.fields.rowCount()
        tall = isinstance(field, QPlainTextEdit)
        label.setContentsMargins(0, theme.current().gap(8) if tall else 0, 0, 0)
        self.fields.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop if tall else Qt.AlignmentFlag.AlignVCenter)
        self.fields.addWidget(field, row, 1)

    def add_models(self, ids: list[str], usual: str) -> QComboBox:
        """The field for the model, `usual` chosen where it is there."""
        box = QComboBox(self)
        for model in ids:
            box.addItem(no_mnemonic(model))
        box.setCurrentIndex(ids.index(usual) if usual in ids else 0)
        self.add_field("Model", "model", box)
        return box

    def fit_fields(self) -> None:
        """Show and enable only what the present choice has."""

    # Asking

    async def ask(self) -> None:
        """Ask the model and show what came. Raises KnownError."""
        raise NotImplementedError

    def show_stopped(self) -> None:
        """Show what came before the asking was stopped: it is paid for."""
        raise NotImplementedError

    def _start(self) -> None:
        self._tasks.start(self._asked(), name=self._name)

    async def _asked(self) -> None:
        self._busy(True)
        try:
            await self.ask()
        except KnownError as error:
            self.say(f"{error.summary} {error.advice}".strip(), "bad")
        except asyncio.CancelledError:
            if shiboken6.isValid(self):
                self.show_stopped()
            raise
        finally:
            if shiboken6.isValid(self):  # else it was closed meanwhile, which ends the asking
                self._busy(False)

    def say(self, sentence: str, kind: str = "muted") -> None:
        theme.style_as(self.state, kind)
        self.state.setText(sentence)
        self.state.setVisible(bool(sentence))

    def tell_progress(self, done: int, of: int, told: str) -> None:
        """How many calls have ended; nothing where there is but one."""
        if shiboken6.isValid(self):
            self.bar.setRange(0, of if of > 1 else 0)
            self.bar.setValue(done)
            if of > 1 and done:
                self.say(f"{told} {done:,} of {of:,}")

    def show_cost(self, profile: Profile, price: Cost | Unpriced) -> None:
        place = "Stays on this computer" if profile.is_local else f"Goes to {profile.name}"
        self.cost.setText(f"{place} · {page_words.price(price)}")

    def _busy(self, is_busy: bool) -> None:
        self.bar.setVisible(is_busy)
        self.stop.setVisible(is_busy)
        self.start.setEnabled(not is_busy)
        for at in range(self.fields.count()):
            if (field := self.fields.itemAt(at).widget()) is not None:
                field.setEnabled(not is_busy)
        if not is_busy:
            self.fit_fields()

    def show_changes(self, changes: list[Change], before: str, after: str, *, compares: bool = True) -> None:
        """Proposed changes under the names of both columns; `compares` marks what differs."""
        for label, heading in zip(self.headings, (before, after), strict=True):
            label.setText(heading if changes else "")
        self.changes.show(changes, compares=compares)
        self.results.setCurrentIndex(1)
        for widget in (self.take, self.none, self.all):
            widget.setVisible(bool(changes))
        theme.style_as(self.start, "" if changes else "primary")
        if changes:
            self.list.setCurrentIndex(self.changes.index(0))
            self.list.setFocus()

    def _count(self) -> None:
        count = len(self.changes.taken)
        self.take.setText(f"Take {words.many(count, 'change')}")
        self.take.setAccessibleName(self.take.text())
        self.take.setEnabled(count > 0)
