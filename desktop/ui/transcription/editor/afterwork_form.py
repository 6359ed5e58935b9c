"""Work on the transcript by a chat model: what to do, what it costs, and what came, to be taken in pieces."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace
from PySide6.QtCore import QLocale, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QPlainTextEdit, QWidget

from desktop.core.errors import BadInput
from desktop.core.transcript import Segment, Transcript
from desktop.ui import theme
from desktop.ui.tasks import Tasks
from desktop.ui.transcription import words as page_words
from desktop.ui.transcription.editor import languages, words
from desktop.ui.transcription.editor.changes_model import Change
from desktop.ui.transcription.editor.model_form import ModelForm, where

if TYPE_CHECKING:
    from desktop.services.bundle import Services
    from desktop.services.transcription.afterwork import Kind, Wish, Worked


class Task(NamedTuple):
    """`kind` as the service has it; a translation goes into the second column."""

    title: str
    kind: Kind
    prompt: str
    is_translation: bool = False


TASKS = (
    Task(
        "Clean up",
        "lines",
        "Mend punctuation, capital letters and words that were misheard. Leave out fillers and repetitions. Keep the"
        " meaning and the language.",
    ),
    Task("Translate into a second column", "lines", "Translate into {language}.", is_translation=True),
    Task("Summary", "text", "Summarise this in one paragraph, then name the main points."),
    Task("Action items", "text", "List what was agreed to be done, by whom and until when, one a line."),
)
Answers = dict[int, "Worked"]
"""What a model has answered to each of TASKS: kept while the transcript is open, since it was paid for."""


class AfterWorkForm(ModelForm):
    """Accepted with `changes.taken`; `second_language` is that of the second column, "" where the words are meant."""

    def __init__(
        self,
        parent: QWidget,
        services: Services,
        tasks: Tasks,
        transcript: Transcript,
        conversation: str,
        answers: Answers,
    ) -> None:
        super().__init__(parent, tasks, "afterwork", "Work on it with a model", "Ask the model")
        self._services, self._transcript, self._conversation = services, transcript, conversation
        self._answers = answers
        self._profile = services.profiles.chosen
        catalog = services.catalogs.of(self._profile)
        self.models = [card.id for card in catalog.choices("chat", date.today())]
        self._fill()
        self._soon = QTimer(self, singleShot=True, interval=250)
        self._soon.timeout.connect(lambda: self._tasks.start(self._estimated(), name="afterwork-estimate"))
        self.prompt.textChanged.connect(self._soon.start)
        self.model.currentIndexChanged.connect(self._soon.start)
        self.work.currentIndexChanged.connect(self._choose_task)
        self.language.currentIndexChanged.connect(lambda: self._show_prompt())
        self._choose_task()

    def _fill(self) -> None:
        self.work = QComboBox(self)
        for task in TASKS:
            self.work.addItem(task.title)
        self.add_field("What to do", "work", self.work)
        self.language = QComboBox(self)
        for code, name in sorted(languages.LANGUAGES.items(), key=lambda each: each[1]):
            self.language.addItem(name, code)
        users = QLocale.languageToCode(QLocale.system().language())
        likely = languages.likely(self._transcript.language, self._transcript.second_language, users)
        self.language.setCurrentIndex(self.language.findData(likely))
        self.add_field("Into", "language", self.language)
        self.model = self.add_models(self.models, self._services.settings.value.default_model)
        self.prompt = QPlainTextEdit(self)
        self.prompt.setTabChangesFocus(True)
        self.prompt.setFixedHeight(theme.current().px(72))
        theme.style_as(self.prompt, "field")
        self.add_field("Prompt", "prompt", self.prompt)
        self.text.setObjectName("editor.afterwork-text")
        self.text.setAccessibleName("What the model wrote")
        self.copy = self.button("copy", "Copy", lambda: QGuiApplication.clipboard().setText(self.text.toPlainText()))
        self.buttons.insertWidget(self.buttons.indexOf(self.take), self.copy)

    @property
    def task(self) -> Task:
        return TASKS[self.work.currentIndex()]

    @property
    def second_language(self) -> str:
        return str(self.language.currentData()) if self.task.is_translation else ""

    # What is asked

    def fit_fields(self) -> None:
        is_translation = self.task.is_translation
        self.language.setVisible(is_translation)
        at = self.fields.indexOf(self.language)
        if (label := self.fields.itemAt(at - 1).widget()) is not None:
            label.setVisible(is_translation)
        self.start.setEnabled(bool(self.models))

    def _choose_task(self) -> None:
        """Its prompt, and what came of it before."""
        self.fit_fields()
        self._show_prompt()
        self.text.clear()
        self.copy.hide()
        self.show_changes([], "", "")
        self.results.setCurrentIndex(0 if self.task.kind == "text" else 1)
        if (found := self._answers.get(self.work.currentIndex())) is not None:
            self._show(found)

    def _show_prompt(self) -> None:
        self.prompt.setPlainText(self.task.prompt.format(language=self.language.currentText()))
        self._soon.start()

    def _wish(self) -> Wish:
        from desktop.services.transcription.afterwork import Wish

        model = self.models[self.model.currentIndex()] if self.models else ""
        return Wish(self._profile.id, model, self.prompt.toPlainText(), self.task.kind)

    async def _estimated(self) -> None:
        if not self.models:
            self.say("This profile has no chat model.")
            return
        try:
            price = await self._services.afterwork.estimate(self._transcript, self._wish())
        except BadInput as error:
            self.say(error.summary)
            return
        if self.work.currentIndex() not in self._answers:
            self.say(f"{where(self._profile)} · {page_words.price(price)}")

    async def ask(self) -> None:
        at = self.work.currentIndex()
        self._tasks.cancel("afterwork-estimate")
        self.say("Waiting for the model…")
        found = await self._services.afterwork.work(self._transcript, self._wish(), self._conversation, self._tell)
        self._answers[at] = found
        self._show(found)

    def _tell(self, done: int, of: int) -> None:
        self.bar.setRange(0, of if of > 1 else 0)
        self.bar.setValue(done)
        if of > 1:
            self.say(f"Asked {done} of {words.many(of, 'time')}")

    # What came

    def _show(self, found: Worked) -> None:
        if self.task.kind == "text":
            self.text.setPlainText(found.text)
            self.copy.show()
            self._tell_end("", found)
            return
        changes = [change for each in self._transcript.segments if (change := self._change(each, found)) is not None]
        is_translation = self.task.is_translation
        after = self.language.currentText() if is_translation else "As it would be"
        self.show_changes(changes, "As it is now", after, compares=not is_translation)
        told = f"{words.many(len(changes), 'change')}." if changes else "Nothing would change."
        missing = f" {words.many(len(found.missing), 'segment')} got no answer." if found.missing else ""
        self._tell_end(told + missing, found)

    def _tell_end(self, told: str, found: Worked) -> None:
        """What came, and why it is not all."""
        if found.failure is not None:
            self.say(f"{told} {found.failure.summary} {found.failure.advice}".strip(), "bad")
        elif found.is_cut:
            self.say(f"{told} The model stopped at its limit before it was done.".strip(), "warn")
        else:
            self.say(told)

    def _change(self, segment: Segment, found: Worked) -> Change | None:
        """What would become of a segment; None where it stays. A translation may well be the same words."""
        after = found.texts.get(segment.id, "")
        now = segment.second if self.task.is_translation else segment.text.strip()
        if not after or after == now:
            return None
        return Change(segment.id, segment.begins, now or segment.text, after)


def taken(now: Transcript, changes: list[Change], *, language: str) -> Transcript:
    """The chosen changes in their segments: their words, or with a language those of the second column."""
    by_id = {each.segment: each.after for each in changes}
    name = "second" if language else "text"
    segments = tuple(replace(each, **{name: by_id[each.id]}) if each.id in by_id else each for each in now.segments)
    return replace(now, segments=segments, second_language=language or now.second_language)
