"""The form at the right: profile and model, the files that come out, and what this model can be asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from desktop.core.catalog import Card
from desktop.ui import theme
from desktop.ui.transcription import parameters
from desktop.ui.transcription.output import OutputBox
from desktop.ui.transcription.speakers import SpeakersBox
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.parameter_form import ParameterForm

OPEN_AT_FIRST = [parameters.SAID]
NO_LIST = "Kept lists"


class OptionsForm(QWidget):
    """`changed` whenever recordings would be transcribed otherwise; `profile_chosen` carries a profile's id.

    `lists` are words kept under names: `keep_wanted` asks for a name, `forget_wanted` removes one.
    """

    changed = Signal()
    profile_chosen = Signal(str)
    keep_wanted = Signal()
    forget_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card = Card(id="")
        self.values: dict[str, object] = {}
        self.lists: dict[str, list[str]] = {}
        self._cards: dict[str, Card] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.form = ParameterForm("transcription", self)
        self.form.setObjectName("transcription.form")
        self.form.set_open_groups(OPEN_AT_FIRST)
        column.addWidget(self.form)
        self._build(self.form.column)
        self.form.changed.connect(self._set)
        theme.current().changed.connect(self._measure)
        self._measure()
        self._show_lists()

    def _build(self, column: QVBoxLayout) -> None:
        column.addWidget(plain_label("Parameters", "section", self.form))
        self.profile = self._combo("profile", "Profile")
        self.model = self._combo("model", "Model")
        self.model.setEditable(True)
        self.model.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.model.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.profile.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for title, box in (("Profile", self.profile), ("Model", self.model)):
            column.addSpacing(4)
            label = plain_label(title, "", self.form)
            label.setBuddy(box)
            column.addWidget(label)
            column.addWidget(box)
        self.note = plain_label("", "caption", self.form, wrap=True)
        self.note.setObjectName("transcription.model-note")
        column.addWidget(self.note)
        self.output = OutputBox(self.form)
        self.output.changed.connect(lambda: self.changed.emit())
        column.addSpacing(8)
        column.addWidget(self.output)
        column.addSpacing(8)
        column.addLayout(self._lists_row())
        self.speakers = SpeakersBox(self.form)
        self.speakers.changed.connect(lambda: self.changed.emit())
        column.addWidget(self.speakers)
        column.addStretch(1)  # the model's own groups go above it
        self.profile.activated.connect(lambda at: self.profile_chosen.emit(str(self.profile.itemData(at))))
        self.model.activated.connect(lambda: self._model_typed())
        edit = self.model.lineEdit()
        assert edit is not None
        edit.editingFinished.connect(self._model_typed)

    def _combo(self, name: str, title: str) -> QComboBox:
        box = QComboBox(self.form)
        box.setObjectName(f"transcription.{name}")
        box.setAccessibleName(title)
        return box

    def _lists_row(self) -> QHBoxLayout:
        row = self._lists = QHBoxLayout()
        self.list_box = self._combo("lists", "Kept lists of names and terms")
        self.list_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.list_box.activated.connect(self._take_list)
        self.keep_list = self._small("keep-list", "Keep", "Keep the names and terms as a list")
        self.keep_list.clicked.connect(lambda: self.keep_wanted.emit())
        self.forget_list = self._small("forget-list", "Remove", "Remove this list")
        self.forget_list.clicked.connect(lambda: self.forget_wanted.emit(self.list_box.currentText()))
        row.addWidget(self.list_box, 1)
        row.addWidget(self.keep_list)
        row.addWidget(self.forget_list)
        return row

    def _small(self, name: str, text: str, words: str) -> QToolButton:
        button = QToolButton(self.form, text=text)
        button.setObjectName(f"transcription.{name}")
        button.setAccessibleName(words)
        return button

    def _measure(self) -> None:
        self._lists.setSpacing(theme.current().gap(4))

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
        self.lists = lists
        with QSignalBlocker(self.list_box):
            self.list_box.clear()
            self.list_box.addItems([NO_LIST, *sorted(lists, key=str.casefold)])
            self.list_box.setCurrentIndex(max(0, self.list_box.findText(current)))
        self._show_lists()

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
        made = parameters.asked(self.card, self.values)
        if self.speakers.isVisibleTo(self.form):
            made["speakers"] = self.speakers.known()
        return {
            "profile": str(self.profile.currentData() or ""),
            "model": self.card.id,
            **made,
            **self.output.fields(),
        }

    @property
    def parallel(self) -> int | None:
        value = self.values.get(parameters.PARALLEL)
        return value if isinstance(value, int) else None

    # Its own

    def _model_typed(self) -> None:
        model = self.model.currentText().strip()
        if model != self.card.id:
            self._show_card(model)
            self.changed.emit()

    def _show_card(self, model: str) -> None:
        self.card = self._cards.get(model) or Card(id=model, is_known=False)
        self.note.setText(parameters.note(self.card) if model else "This profile has no model that hears.")
        self._show_fields()

    def _show_fields(self) -> None:
        offered = parameters.parameters(self.card) if self.card.id else ()
        self.form.show_parameters(offered, self.values)
        most = self.card.hearing.max_speakers if self.card.hearing is not None else 0
        self.speakers.set_most(most if self.values.get("diarize") else 0)
        self._show_lists()

    def _show_lists(self) -> None:
        has_words = any(each.name == "keywords" for each in parameters.parameters(self.card)) and bool(self.card.id)
        self.list_box.setVisible(has_words and bool(self.lists))
        self.keep_list.setVisible(has_words and bool(self.values.get("keywords")))
        self.forget_list.setVisible(has_words and self.list_box.currentIndex() > 0)

    def _take_list(self, at: int) -> None:
        words = self.lists.get(self.list_box.itemText(at))
        self._set("keywords", list(words) if words else None)
        self._show_fields()

    def _set(self, name: str, value: object) -> None:
        if value is None:
            self.values.pop(name, None)
        else:
            self.values[name] = value
        if name in ("diarize", "keywords"):
            self._show_fields()
        self.changed.emit()
