"""The form at the right: profile and model, the files that come out, and what this model can be asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from desktop.core.catalog import Card
from desktop.core.settings import Settings
from desktop.ui.page import tab_through
from desktop.ui.transcription import parameters
from desktop.ui.transcription.lists import WordLists
from desktop.ui.transcription.output import OutputBox
from desktop.ui.transcription.parameters import PARALLEL
from desktop.ui.transcription.reading_order import reading_order
from desktop.ui.transcription.speakers import SpeakersBox
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.parameter_form import ParameterForm

OPEN_AT_FIRST = [parameters.SAID]
NO_MODEL = "This profile has no model that hears."


class _Fields(ParameterForm):
    """Some fields have a widget of ours below them, which stays when the fields are made anew for another model."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("transcription", parent)
        self._below: dict[str, QWidget] = {}
        self._homeless = QWidget(self)  # holds those whose field is not there
        self._homeless.hide()

    def put_below(self, name: str, widget: QWidget) -> None:
        widget.setParent(self._homeless)
        self._below[name] = widget

    def _rebuild(self, *given: Any) -> None:
        for widget in self._below.values():
            _move(widget, partial(widget.setParent, self._homeless))  # out of the groups that go
        super()._rebuild(*given)
        self._put()

    def _fill(self, name: str) -> None:
        super()._fill(name)
        self._put()

    def _put(self) -> None:
        """Each below its field, where that was made."""
        for name, widget in self._below.items():
            field = self._fields.get(name)
            if field is not None and widget.parentWidget() is self._homeless:
                fields = self._group(field.parameter.group).fields
                at = fields.indexOf(field) + 1
                _move(widget, partial(fields.insertWidget, at, widget))
        self._order()

    def _order(self) -> None:
        tab_through(*reading_order(self.column))  # new fields would be the last of the page


def _move(widget: QWidget, work: Callable[[], object]) -> None:
    """Another parent hides a widget."""
    is_hidden = widget.isHidden()
    work()
    widget.setHidden(is_hidden)


class OptionsForm(QWidget):
    """`changed` whenever recordings would be transcribed otherwise; `profile_chosen` carries a profile's id,
    `parallel_changed` how many recordings are to be worked on at once.

    Lists are words kept under names: `keep_wanted` asks for a name, `forget_wanted` removes one.
    """

    changed = Signal()
    profile_chosen = Signal(str)
    parallel_changed = Signal(int)
    keep_wanted = Signal()
    forget_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card = Card(id="")
        self.values: dict[str, object] = {}
        self._cards: dict[str, Card] = {}
        self._pace = Settings().transcription_jobs, Settings().transcription_parts
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.form = _Fields(self)
        self.form.setObjectName("transcription.form")
        self.form.set_open_groups(OPEN_AT_FIRST)
        column.addWidget(self.form)
        self._build(self.form.column)
        self._connect()

    def _build(self, column: QVBoxLayout) -> None:
        column.addWidget(plain_label("Parameters", "section", self.form))
        self.profile = self._combo("profile", "Profile", column)
        self.model = self._combo("model", "Model", column)
        self.model.setEditable(True)
        self.model.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.note = plain_label("", "caption", self.form, wrap=True)
        self.note.setObjectName("transcription.model-note")
        column.addWidget(self.note)
        self.output = OutputBox(self.form)
        column.addSpacing(8)
        column.addWidget(self.output)
        column.addSpacing(8)
        column.addStretch(1)  # the model's own groups go above it
        self.lists = WordLists(self.form)
        self.speakers = SpeakersBox(self.form)
        self.form.put_below("keywords", self.lists)
        self.form.put_below("diarize", self.speakers)

    def _combo(self, name: str, title: str, column: QVBoxLayout) -> QComboBox:
        box = QComboBox(self.form)
        box.setObjectName(f"transcription.{name}")
        box.setAccessibleName(title)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        label = plain_label(title, "", self.form)
        label.setBuddy(box)
        column.addSpacing(4)
        column.addWidget(label)
        column.addWidget(box)
        return box

    def _connect(self) -> None:
        self.form.changed.connect(self._set)
        self.output.changed.connect(self.changed)
        self.speakers.changed.connect(self.changed)
        self.profile.activated.connect(lambda at: self.profile_chosen.emit(str(self.profile.itemData(at))))
        self.model.activated.connect(lambda: self._model_typed())
        edit = self.model.lineEdit()
        assert edit is not None
        edit.editingFinished.connect(self._model_typed)
        self.lists.taken.connect(self._take_list)
        self.lists.keep_wanted.connect(self.keep_wanted)
        self.lists.forget_wanted.connect(self.forget_wanted)

    # What is shown

    def show_profiles(self, profiles: Sequence[tuple[str, str]], chosen: str) -> None:
        with QSignalBlocker(self.profile):
            self.profile.clear()
            for identity, name in profiles:
                self.profile.addItem(name, identity)
            self.profile.setCurrentIndex(max(0, self.profile.findData(chosen)))

    def show_models(self, cards: Sequence[Card], kept: dict[str, Any]) -> None:
        """The profile's models, and what was chosen with it last."""
        self._cards = {card.id: card for card in cards}
        with QSignalBlocker(self.model):
            self.model.clear()
            self.model.addItems(list(self._cards))
            model = str(kept.get("model", "")) or next(iter(self._cards), "")
            self.model.setCurrentText(model)
        self.values = dict(kept.get("values", {}))
        self.output.show_kept(kept.get("output", {}))
        self.speakers.show_kept(kept.get("speakers", []))
        self._show_card(model)

    def show_lists(self, lists: dict[str, list[str]], current: str = "") -> None:
        self.lists.show_lists(lists, current)
        self._show_lists()

    def show_pace(self, jobs: int, parts: int) -> None:
        """How many recordings, and parts of one, the settings say are sent at once."""
        self._pace = jobs, parts
        self._show_fields()

    def say(self, note: str) -> None:
        """Below the model, in the place of what is known of it."""
        self.note.setText(note)

    # What is asked for

    def kept(self) -> dict[str, Any]:
        """For the next time, with this profile."""
        return {
            "model": self.model.currentText().strip(),
            "values": self.values,
            "output": self.output.kept(),
            "speakers": self.speakers.kept(),
        }

    def fields(self) -> dict[str, Any]:
        """Of the service's options."""
        return {
            "profile": str(self.profile.currentData() or ""),
            "model": self.card.id,
            **parameters.asked(self.card, self.values),
            "speakers": self.speakers.known(),
            **self.output.fields(),
        }

    @property
    def unused(self) -> str:
        """What is set and this model has no use for, in words."""
        return " and ".join(parameters.unused(self.card, self.values))

    @property
    def problem(self) -> str:
        """Why nothing can be sent as the form is, in a sentence."""
        if not self.card.id:
            return "Choose a model that hears, or a profile that has one."
        return parameters.problem(self.values) or self.speakers.problem or self.output.problem

    # Its own

    def _model_typed(self) -> None:
        model = self.model.currentText().strip()
        if model != self.card.id:
            self._show_card(model)
            self.changed.emit()

    def _show_card(self, model: str) -> None:
        self.card = self._cards.get(model) or Card(id=model, is_known=False)
        self._show_note()
        self._show_fields()

    def _show_note(self) -> None:
        if not self.card.id:
            self.say("" if self._cards else NO_MODEL)
            return
        unused = self.unused
        self.say(" · ".join(each for each in (parameters.note(self.card), unused and f"without {unused}") if each))

    def _show_fields(self) -> None:
        jobs, parts = self._pace
        usual = Settings().transcription_jobs
        offered = parameters.parameters(self.card, (str(usual), str(parts))) if self.card.id else ()
        self.form.show_parameters(offered, self.values | ({} if jobs == usual else {PARALLEL: jobs}))
        most = self.card.hearing.max_speakers if self.card.hearing is not None else 0
        self.speakers.set_most(most if self.values.get("diarize") == "yes" else 0)
        self._show_lists()

    def _show_lists(self) -> None:
        has_words = any(each.name == "keywords" for each in parameters.parameters(self.card)) and bool(self.card.id)
        self.lists.show_for(self.values.get("keywords"), is_offered=has_words)

    def _take_list(self, words: list[str] | None) -> None:
        self._set("keywords", words)
        self._show_fields()

    def _set(self, name: str, value: object) -> None:
        if name == PARALLEL:
            self.parallel_changed.emit(value if isinstance(value, int) else Settings().transcription_jobs)
            return
        if value is None:
            self.values.pop(name, None)
        else:
            self.values[name] = value
        if name in ("diarize", "keywords"):
            self._show_fields()
        self.changed.emit()
