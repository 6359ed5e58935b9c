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
from desktop.ui.transcription.editor import languages, words
from desktop.ui.transcription.editor.changes_model import Change
from desktop.ui.transcription.editor.model_form import ModelForm

if TYPE_CHECKING:
    from desktop.services.asking import Answer
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


class Answered(NamedTuple):
    """`language` is that of the second column."""

    wish: Wish
    language: str
    worked: Worked


Answers = dict[int, Answered]
"""What a model has answered to each of TASKS: kept while the words are as they are, since it was paid for."""


class AfterWorkForm(ModelForm):
    """Accepted with `changes.taken`; `second_language` is that of their column, "" where the words are meant."""

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
        self.second_language = ""
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
        if (found := self._answers.get(self.work.currentIndex())) is None:
            self.say("")
            return
        if found.language:
            self.language.setCurrentIndex(self.language.findData(found.language))
        self.prompt.setPlainText(found.wish.prompt)
        self._show(found)

    def _show_prompt(self) -> None:
        self.prompt.setPlainText(self.task.prompt.format(language=self.language.currentText()))
        self._soon.start()

    def _wish(self) -> Wish:
        from desktop.services.transcription.afterwork import Wish

        model = self.models[self.model.currentIndex()] if self.models else ""
        return Wish(self._profile.id, model, self.prompt.toPlainText(), self.task.kind)

    def _before(self, wish: Wish) -> tuple[Answer, ...]:
        """The answers to the first requests of a wish of which not all were answered."""
        found = self._answers.get(self.work.currentIndex())
        return found.worked.answers if found is not None and found.wish == wish and found.worked.left else ()

    async def _estimated(self) -> None:
        """What the button would do, and what that costs."""
        if not self.models:
            self.cost.setText("This profile has no chat model.")
            return
        wish = self._wish()
        before = self._before(wish)
        self.start.setText("Ask for the rest" if before else "Ask the model")
        self.start.setAccessibleName(self.start.text())
        try:
            self.show_cost(self._profile, await self._services.afterwork.estimate(self._transcript, wish, before))
        except BadInput as error:
            self.cost.setText(error.summary)

    async def ask(self) -> None:
        at, wish = self.work.currentIndex(), self._wish()
        language = str(self.language.currentData()) if self.task.is_translation else ""
        self._tasks.cancel("afterwork-estimate")
        self.say("Waiting for the model…")

        def tell(far: Worked) -> None:
            if far.answers:
                self._answers[at] = Answered(wish, language, far)
            self.tell_progress(len(far.answers), len(far.answers) + far.left, "Answered:")

        found = await self._services.afterwork.work(
            self._transcript, wish, self._conversation, tell, self._before(wish), self.say
        )
        self._answers[at] = Answered(wish, language, found)
        self._show(self._answers[at])

    def show_stopped(self) -> None:
        if (found := self._answers.get(self.work.currentIndex())) is not None:
            self._show(found)
        else:
            self.say("Stopped before anything was answered.")

    # What came

    def _show(self, answered: Answered) -> None:
        found = answered.worked
        self.second_language = answered.language
        if self.task.kind == "text":
            self.text.setPlainText(found.text)
            self.copy.show()
            self._tell_end("", found)
            return
        changes = [change for each in self._transcript.segments if (change := self._change(each, found)) is not None]
        after = languages.LANGUAGES[answered.language] if answered.language else "As it would be"
        self.show_changes(changes, "As it is now", after, compares=not answered.language)
        told = f"{words.many(len(changes), 'change')}." if changes else "Nothing would change."
        missing = f" {words.many(len(found.missing), 'segment')} got no answer." if found.missing else ""
        self._tell_end(told + missing, found)

    def _tell_end(self, told: str, found: Worked) -> None:
        """What came, and why it is not all."""
        self._soon.start()  # what is asked next may be the rest only
        if found.failure is not None:
            self.say(f"{told} {found.failure.summary} {found.failure.advice}".strip(), "bad")
        elif found.left:
            self.say(f"{told} Stopped before all was answered.".strip(), "warn")
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
