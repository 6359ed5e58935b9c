"""A stretch heard once more by another model or with another prompt: compared, and taken or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.core import transcript_edits as edits
from desktop.core.errors import KnownError
from desktop.core.ids import new_id
from desktop.core.text import visible
from desktop.core.transcript import Segment, Transcript
from desktop.ui import theme
from desktop.ui.tasks import Tasks
from desktop.ui.transcription import words as page_words
from desktop.ui.transcription.editor import words
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.tooltip import no_mnemonic

if TYPE_CHECKING:
    from desktop.core.catalog import Card
    from desktop.services.bundle import Services


class RedoForm(QDialog):
    """Accepted with `heard` where the new one is taken."""

    def __init__(
        self,
        parent: QWidget,
        services: Services,
        tasks: Tasks,
        recording: str,
        transcript: Transcript,
        span: tuple[int, int],
    ) -> None:
        super().__init__(parent.window())
        self.setObjectName("editor.redo-form")
        self.setWindowTitle("Hear it again")
        self._services, self._tasks, self._recording = services, tasks, recording
        self._transcript, self._span = transcript, span
        self.heard: Transcript | None = None
        self.cards: tuple[Card, ...] = services.transcription.choices()
        self._build()
        self._chose()

    def _build(self) -> None:
        look = theme.current()
        column = QVBoxLayout(self)
        column.setContentsMargins(look.gap(24), look.gap(24), look.gap(24), look.gap(16))
        column.setSpacing(look.gap(12))
        begins, ends = self._span
        told = f"{words.clock(begins)} to {words.clock(ends)}, {(ends - begins) / 1000:.1f} s"
        column.addWidget(plain_label(told, "strong", self))
        grid = QGridLayout()
        grid.setSpacing(look.gap(8))
        self.model = QComboBox(self)
        self.model.setObjectName("editor.redo-model")
        self.model.setAccessibleName("Model")
        for card in self.cards:
            self.model.addItem(no_mnemonic(card.id))
        used = next((at for at, card in enumerate(self.cards) if card.id == self._transcript.model), 0)
        self.model.setCurrentIndex(used)
        self.model.currentIndexChanged.connect(lambda: self._chose())
        self.language = self._line("redo-language", "Language", "Two letters; empty: it is heard")
        self.language.setText(self._transcript.language if len(self._transcript.language) == 2 else "")
        self.prompt = self._line("redo-prompt", "Prompt", "Names, terms, how it is to be written")
        for row, (title, field) in enumerate(
            (("Model", self.model), ("Language", self.language), ("Prompt", self.prompt))
        ):
            grid.addWidget(plain_label(title, "", self), row, 0)
            grid.addWidget(field, row, 1)
        column.addLayout(grid)
        self.state = plain_label("", "muted", self, wrap=True)
        self.state.setObjectName("editor.redo-state")
        column.addWidget(self.state)
        self.bar = QProgressBar(self)
        self.bar.setRange(0, 0)
        self.bar.hide()
        column.addWidget(self.bar)
        both = QHBoxLayout()
        both.setSpacing(look.gap(16))
        self.before = self._page(both, "redo-before", "As it is now")
        self.after = self._page(both, "redo-after", "Heard again")
        column.addLayout(both, 1)
        buttons = QHBoxLayout()
        self.start = self._button("redo-start", "Hear it again", self._start)
        self.stop = self._button("redo-stop", "Stop", self._stop)
        self.close_button = self._button("redo-close", "Keep as it is", self.reject)
        self.take = self._button("redo-take", "Take the new one", self.accept)
        buttons.addWidget(self.start)
        buttons.addWidget(self.stop)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        buttons.addWidget(self.take)
        column.addLayout(buttons)
        self.stop.hide()
        self.take.setEnabled(False)
        theme.style_as(self.start, "primary")
        self.before.setPlainText(self._told(self._transcript))
        self.resize(look.px(760), look.px(480))

    def _line(self, name: str, title: str, hint: str) -> QLineEdit:
        line = QLineEdit(self, placeholderText=hint)
        line.setObjectName(f"editor.{name}")
        line.setAccessibleName(title)
        return line

    def _page(self, row: QHBoxLayout, name: str, title: str) -> QPlainTextEdit:
        column = QVBoxLayout()
        column.addWidget(plain_label(title, "muted", self))
        page = QPlainTextEdit(self)
        page.setObjectName(f"editor.{name}")
        page.setAccessibleName(title)
        page.setReadOnly(True)
        theme.style_as(page, "field")
        column.addWidget(page)
        row.addLayout(column, 1)
        return page

    def _button(self, name: str, text: str, work: Callable[[], object]) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(f"editor.{name}")
        button.setAccessibleName(text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: work())
        return button

    def _chose(self) -> None:
        """What it would cost, by the model that is chosen."""
        if not self.cards:
            self.state.setText("This profile has no model that transcribes.")
            self.start.setEnabled(False)
            return
        from desktop.services.transcription import plan

        card = self.cards[self.model.currentIndex()]
        hearing = plan.hearing_of(card)
        self.language.setEnabled(hearing.takes_language)
        self.prompt.setEnabled(hearing.takes_prompt)
        price = page_words.price(plan.estimate((self._span[1] - self._span[0]) / 1000, card))
        self.state.setText(price[:1].upper() + price[1:])

    def _start(self) -> None:
        self._tasks.start(self._hear(), name="redo")

    def _stop(self) -> None:
        self._tasks.cancel("redo")

    async def _hear(self) -> None:
        from desktop.services.transcription import Options

        card = self.cards[self.model.currentIndex()]
        options = Options(
            model=card.id,
            language=self.language.text().strip() if self.language.isEnabled() else "",
            prompt=self.prompt.text().strip() if self.prompt.isEnabled() else "",
        )
        self._busy(True)
        try:
            self.heard = await self._services.transcription.redo(self._recording, *self._span, options)
        except KnownError as error:
            theme.style_as(self.state, "bad")
            self.state.setText(f"{error.summary} {error.advice}".strip())
            return
        finally:
            self._busy(False)
        self.after.setPlainText(self._told(self.heard))
        self.take.setEnabled(True)
        theme.style_as(self.take, "primary")
        theme.style_as(self.start, "")

    def _busy(self, is_busy: bool) -> None:
        self.bar.setVisible(is_busy)
        self.stop.setVisible(is_busy)
        self.start.setEnabled(not is_busy)
        if is_busy:
            theme.style_as(self.state, "muted")
            self.state.setText("Listening…")

    def _told(self, transcript: Transcript) -> str:
        begins, ends = self._span
        some = [each for each in transcript.segments if begins <= (each.begins + each.ends) // 2 < ends]
        return visible("\n".join(f"{words.clock(each.begins)}  {each.text.strip()}" for each in some))


def put(now: Transcript, heard: Transcript, span: tuple[int, int]) -> Transcript:
    """What was heard again in the place of a stretch; its speakers are those of the same name, or who spoke there."""
    made, changed = [], now
    names = {speaker.id: speaker.name for speaker in heard.speakers}
    for each in heard.segments:
        if each.speaker in names:
            changed, speaker = edits.add_speaker(changed, names[each.speaker])
        else:
            speaker = _who(now, each)
        made.append(replace(each, id=new_id(), speaker=speaker))
    return edits.put(changed, *span, made)


def _who(now: Transcript, segment: Segment) -> str:
    middle = (segment.begins + segment.ends) // 2
    return next((each.speaker for each in now.segments if each.begins <= middle < each.ends), "")
