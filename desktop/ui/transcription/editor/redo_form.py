"""A stretch heard once more by another model or with another prompt: compared, and taken in pieces or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLineEdit, QWidget

from desktop.core.text import visible
from desktop.core.transcript import Transcript
from desktop.ui.tasks import Tasks
from desktop.ui.transcription.editor import heard_again, words
from desktop.ui.transcription.editor.changes_model import Change
from desktop.ui.transcription.editor.heard_again import Piece
from desktop.ui.transcription.editor.model_form import ModelForm
from desktop.ui.widgets.labels import plain_label

if TYPE_CHECKING:
    from desktop.core.catalog import Card
    from desktop.core.hearing import Hearing
    from desktop.services.bundle import Services
    from desktop.services.transcription.again import Redone

Kept = dict[tuple[int, int], "Redone"]
"""What was heard again of which stretch of a recording: kept while it is open, since it was paid for."""


class RedoForm(ModelForm):
    """Accepted with `taken`, pieces of `heard`."""

    def __init__(
        self,
        parent: QWidget,
        services: Services,
        tasks: Tasks,
        recording: str,
        transcript: Transcript,
        span: tuple[int, int],
        kept: Kept,
    ) -> None:
        super().__init__(parent, tasks, "redo", "Hear it again", "Hear it again")
        self._services, self._recording, self._transcript = services, recording, transcript
        self._span = heard_again.whole(transcript, span)
        self._profile = services.profiles.chosen
        self._kept, self._pieces = kept, dict[str, Piece]()
        self.heard = Transcript()
        self.cards: tuple[Card, ...] = services.transcription.choices()
        self._fill()
        self._chose()
        if (found := kept.get(self._span)) is not None:
            self._compare(found)

    def _fill(self) -> None:
        begins, ends = self._span
        told = f"{words.clock(begins)} to {words.clock(ends)}, {(ends - begins) / 1000:.1f} s"
        self.column.insertWidget(0, plain_label(told, "strong", self))
        self.model = self.add_models([card.id for card in self.cards], self._transcript.model)
        self.model.currentIndexChanged.connect(lambda: self._chose())
        self.language = QLineEdit(self, placeholderText="Two letters; empty: it is heard")
        self.language.setText(self._transcript.language if len(self._transcript.language) == 2 else "")
        self.prompt = QLineEdit(self, placeholderText="Names, terms, how it is to be written")
        self.add_field("Language", "language", self.language)
        self.add_field("Prompt", "prompt", self.prompt)
        self.text.setObjectName("editor.redo-before")
        self.text.setAccessibleName("As it is now")
        some = [each for each in self._transcript.segments if begins <= (each.begins + each.ends) // 2 < ends]
        self.text.setPlainText(visible("\n".join(f"{words.clock(each.begins)}  {each.text.strip()}" for each in some)))

    @property
    def taken(self) -> list[Piece]:
        return [self._pieces[change.segment] for change in self.changes.taken]

    @property
    def _card(self) -> Card:
        return self.cards[self.model.currentIndex()]

    @property
    def _hearing(self) -> Hearing:
        """What the chosen model can be asked for."""
        from desktop.services.transcription import plan

        return plan.hearing_of(self._card)

    def fit_fields(self) -> None:
        if self.cards:
            self.language.setEnabled(self._hearing.takes_language)
            self.prompt.setEnabled(self._hearing.takes_prompt)
        self.start.setEnabled(bool(self.cards))

    def _chose(self) -> None:
        """What it would cost, by the model that is chosen."""
        self.fit_fields()
        if not self.cards:
            self.say("This profile has no model that transcribes.")
            return
        from desktop.services.transcription import plan

        seconds = (self._span[1] - self._span[0]) / 1000
        self.show_cost(self._profile, plan.estimate(seconds, self._card))

    async def ask(self) -> None:
        from desktop.services.transcription import Options

        options = Options(
            profile=self._profile.id,
            model=self._card.id,
            language=self.language.text().strip() if self._hearing.takes_language else "",
            prompt=self.prompt.text().strip() if self._hearing.takes_prompt else "",
        )
        self.say("Listening…")
        self._kept.pop(self._span, None)
        redo = self._services.transcription.redo
        self._compare(await redo(self._recording, *self._span, options, self._tell, self.say))

    def show_stopped(self) -> None:
        if (far := self._kept.get(self._span)) is not None:
            self._compare(far)
        else:
            self.say("Stopped before anything was heard.")

    def _tell(self, far: Redone) -> None:
        self._kept[self._span] = far
        self.tell_progress(far.parts, far.of, "Heard parts:")

    def _compare(self, redone: Redone) -> None:
        """What was heard beside what stands there, where it is other words."""
        self._kept[self._span] = redone
        self.heard, span = redone.transcript, self._span
        if not redone.is_whole:
            self.heard, span = heard_again.up_to(self._transcript, self.heard, span, redone.ends)
        found = heard_again.pieces(self._transcript, self.heard, span)
        other = [piece for piece in found if piece.before.split() != piece.after.split()]
        self._pieces = {str(number): piece for number, piece in enumerate(other)}
        self.show_changes(
            [Change(number, piece.begins, piece.before, piece.after) for number, piece in self._pieces.items()],
            "As it is now",
            "Heard again",
        )
        if not other:
            self.results.setCurrentIndex(0)  # as it is now
        told = f"{words.many(len(other), 'difference')}." if other else "The same words were heard."
        if redone.is_whole:
            self.say(told)
            return
        until = f" Heard up to {words.clock(span[1])} only."
        why = f" {redone.failure.summary} {redone.failure.advice}".rstrip() if redone.failure else ""
        self.say(told + until + why, "bad" if redone.failure else "warn")
