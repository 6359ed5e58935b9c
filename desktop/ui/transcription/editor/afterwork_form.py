"""Work on the transcript by a chat model: what to do, what it costs, and what came, to be taken in pieces."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication
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

from desktop.core.errors import BadInput, KnownError
from desktop.core.transcript import Transcript
from desktop.ui import theme
from desktop.ui.tasks import Tasks
from desktop.ui.transcription import words as page_words
from desktop.ui.transcription.editor import words
from desktop.ui.transcription.editor.changes_list import ChangesList
from desktop.ui.transcription.editor.changes_model import Change, ChangesModel
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.tooltip import no_mnemonic

if TYPE_CHECKING:
    from desktop.services.bundle import Services
    from desktop.services.transcription.afterwork import Wish, Worked

WORKS = (
    (
        "Clean up",
        "lines",
        "Mend punctuation, capital letters and words that were misheard. Leave out fillers and repetitions. Keep the"
        " meaning and the language.",
    ),
    ("Translate into a second column", "second", "Translate into English."),
    ("Summary", "text", "Summarise this in one paragraph, then name the main points."),
    ("Action items", "text", "List what was agreed to be done, by whom and until when, one a line."),
)


class AfterWorkForm(QDialog):
    """Accepted with `changes` to take; `is_second` puts them into the second column."""

    counted = Signal()

    def __init__(self, parent: QWidget, services: Services, tasks: Tasks, transcript: Transcript, about: str) -> None:
        super().__init__(parent.window())
        self.setObjectName("editor.afterwork-form")
        self.setWindowTitle("Work on it with a model")
        self._services, self._tasks, self._transcript, self._about = services, tasks, transcript, about
        self._profile = services.profiles.chosen
        catalog = services.catalogs.of(self._profile)
        self.models = [card.id for card in catalog.choices("chat", date.today())]
        self.changes = ChangesModel(self)
        self.changes.chosen.connect(self._count)
        self._build()
        self._soon = QTimer(self, singleShot=True, interval=250)
        self._soon.timeout.connect(lambda: self._tasks.start(self._estimated(), name="afterwork-estimate"))
        self.prompt.textChanged.connect(self._soon.start)
        self.model.currentIndexChanged.connect(self._soon.start)
        self._choose_work(0)

    # Building

    def _build(self) -> None:
        look = theme.current()
        column = QVBoxLayout(self)
        column.setContentsMargins(look.gap(24), look.gap(24), look.gap(24), look.gap(16))
        column.setSpacing(look.gap(12))
        grid = QGridLayout()
        grid.setSpacing(look.gap(8))
        self.work = QComboBox(self)
        self.work.setObjectName("editor.afterwork-work")
        self.work.setAccessibleName("What to do")
        for title, _, _ in WORKS:
            self.work.addItem(title)
        self.work.currentIndexChanged.connect(self._choose_work)
        self.model = QComboBox(self)
        self.model.setObjectName("editor.afterwork-model")
        self.model.setAccessibleName("Model")
        for model in self.models:
            self.model.addItem(no_mnemonic(model))
        usual = self._services.settings.value.default_model
        self.model.setCurrentIndex(self.models.index(usual) if usual in self.models else 0)
        self.prompt = QPlainTextEdit(self)
        self.prompt.setObjectName("editor.afterwork-prompt")
        self.prompt.setAccessibleName("Prompt")
        self.prompt.setTabChangesFocus(True)
        self.prompt.setFixedHeight(look.px(72))
        theme.style_as(self.prompt, "field")
        for row, (title, field) in enumerate(
            (("What to do", self.work), ("Model", self.model), ("Prompt", self.prompt))
        ):
            grid.addWidget(plain_label(title, "", self), row, 0)
            grid.addWidget(field, row, 1)
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        self.state = plain_label("", "muted", self, wrap=True)
        self.state.setObjectName("editor.afterwork-state")
        self.bar = QProgressBar(self)
        self.bar.hide()
        column.addWidget(self.state)
        column.addWidget(self.bar)
        self.list = ChangesList(self.changes, self)
        self.text = QPlainTextEdit(self)
        self.text.setObjectName("editor.afterwork-text")
        self.text.setAccessibleName("What the model wrote")
        self.text.setReadOnly(True)
        theme.style_as(self.text, "field")
        self.results = QStackedWidget(self)
        self.results.addWidget(self.list)
        self.results.addWidget(self.text)
        column.addWidget(self.results, 1)
        column.addLayout(self._buttons())
        self.resize(look.px(820), look.px(600))

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.start = self._button("afterwork-start", "Ask the model", self._start)
        self.stop = self._button("afterwork-stop", "Stop", lambda: self._tasks.cancel("afterwork"))
        self.none = self._button("afterwork-none", "Take none", lambda: self.changes.take_all(False))
        self.close_button = self._button("afterwork-close", "Close", self.reject)
        self.take = self._button("afterwork-take", "Take", self.accept)
        self.copy = self._button(
            "afterwork-copy", "Copy", lambda: QGuiApplication.clipboard().setText(self.text.toPlainText())
        )
        for widget in (self.start, self.stop):
            row.addWidget(widget)
        row.addStretch(1)
        for widget in (self.none, self.close_button, self.copy, self.take):
            row.addWidget(widget)
        theme.style_as(self.start, "primary")
        for widget in (self.stop, self.none, self.copy, self.take):
            widget.hide()
        return row

    def _button(self, name: str, text: str, work: Callable[[], object]) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(f"editor.{name}")
        button.setAccessibleName(text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: work())
        return button

    # What is asked

    @property
    def is_second(self) -> bool:
        return WORKS[self.work.currentIndex()][1] == "second"

    def _choose_work(self, at: int) -> None:
        self.prompt.setPlainText(WORKS[at][2])
        self.results.setCurrentWidget(self.text if WORKS[at][1] == "text" else self.list)
        self._soon.start()

    def _wish(self) -> Wish:
        from desktop.services.transcription.afterwork import Wish

        kind = WORKS[self.work.currentIndex()][1]
        model = self.models[self.model.currentIndex()] if self.models else ""
        return Wish(self._profile.id, model, self.prompt.toPlainText(), "text" if kind == "text" else "lines")

    async def _estimated(self) -> None:
        if not self.models:
            self.state.setText("This profile has no chat model.")
            return
        try:
            price = await self._services.afterwork.estimate(self._transcript, self._wish())
        except BadInput as error:
            self.state.setText(error.summary)
            return
        where = "Stays on this computer" if self._profile.is_local else f"Goes to {self._profile.name}"
        self.state.setText(f"{where} · {page_words.price(price)}")
        self.counted.emit()

    def _start(self) -> None:
        self._tasks.start(self._worked(), name="afterwork")

    async def _worked(self) -> None:
        self._busy(True)
        try:
            found = await self._services.afterwork.work(self._transcript, self._wish(), self._about, self._tell)
        except KnownError as error:
            theme.style_as(self.state, "bad")
            self.state.setText(f"{error.summary} {error.advice}".strip())
            return
        finally:
            self._busy(False)
        self._show(found)

    def _tell(self, done: int, of: int) -> None:
        self.bar.setRange(0, of if of > 1 else 0)
        self.bar.setValue(done)
        self.state.setText(f"Asked {done} of {words.many(of, 'time')}" if of > 1 else "Waiting for the model…")

    def _busy(self, is_busy: bool) -> None:
        self.bar.setVisible(is_busy)
        self.stop.setVisible(is_busy)
        for widget in (self.start, self.work, self.model, self.prompt):
            widget.setEnabled(not is_busy)
        if is_busy:
            theme.style_as(self.state, "muted")

    def _show(self, found: Worked) -> None:
        if found.text:
            self.text.setPlainText(found.text)
            self.copy.show()
            self.state.setText("")
            return
        changes = []
        for each in self._transcript.segments:
            before = each.second if self.is_second else each.text
            after = found.texts.get(each.id, before)
            if after != before and after != each.text.strip():
                changes.append(Change(each.id, each.begins, before or each.text, after))
        self.changes.show(changes)
        missing = f" {words.many(len(found.missing), 'segment')} got no answer." if found.missing else ""
        self.state.setText((words.many(len(changes), "change") if changes else "Nothing would change.") + "." + missing)
        theme.style_as(self.start, "" if changes else "primary")
        theme.style_as(self.take, "primary")
        self.take.setVisible(bool(changes))
        self.none.setVisible(bool(changes))

    def _count(self) -> None:
        count = len(self.changes.taken)
        self.take.setText(f"Take {words.many(count, 'change')}")
        self.take.setAccessibleName(self.take.text())
        self.take.setEnabled(count > 0)


def taken(now: Transcript, changes: list[Change], *, is_second: bool) -> Transcript:
    """The chosen changes in their segments; those that were edited meanwhile keep the newer text."""
    by_id = {each.segment: each.after for each in changes}
    segments = tuple(
        replace(each, **{"second" if is_second else "text": by_id[each.id]}) if each.id in by_id else each
        for each in now.segments
    )
    return replace(now, segments=segments)
