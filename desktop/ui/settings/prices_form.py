"""One model's own prices as a form: dollars for tokens, minutes, characters; what is empty stays as shipped."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.core.errors import BadInput
from desktop.ui import theme
from desktop.ui.settings.key_card import button, line
from desktop.ui.widgets.form import LineRow
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.money_row import MoneyRow
from desktop.ui.widgets.parameter_form import Group

STANDARD = "standard"
A_MILLION = "for a million"
FIRST = (("input", "Input tokens"), ("cached_input", "Cached input tokens"), ("output", "Output tokens"))
MORE_TOKENS = (
    ("cache_write", "Tokens written to the cache"),
    ("audio_input", "Input tokens of sound"),
    ("audio_output", "Output tokens of sound"),
    ("image_input", "Input tokens of pictures"),
    ("image_output", "Output tokens of pictures"),
)
OTHERS = (
    ("per_minute", "Sound", "for a minute"),
    ("per_million_characters", "Characters spoken", A_MILLION),
    ("per_thousand_web_searches", "Web searches", "for a thousand"),
)
NOTE = (
    "These hold for calls from now on and win over the catalog's. What is left empty stays as the catalog has it; "
    "other tiers (batch, flex, priority) keep their prices."
)


class PriceForm(QWidget):
    """`saved` carries the model and what is said of its prices; `left` comes when nothing is to be changed."""

    saved = Signal(str, object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._says: dict[str, Any] = {}
        self._column = QVBoxLayout(self)
        self.title = plain_label("Add a price", "section")
        self._column.addWidget(self.title)
        self.model = LineRow("prices.model", "Model", "Its id, as calls name it.")
        self._column.addWidget(self.model)
        self.rows: dict[str, MoneyRow] = {}
        for name, title in FIRST:
            self._add(self._column, name, title, A_MILLION)
        self.more = Group("More units", False, self)
        self.more.head.setObjectName("prices.more")
        for name, title in MORE_TOKENS:
            self._add(self.more.fields, name, title, A_MILLION)
        for name, title, unit in OTHERS:
            self._add(self.more.fields, name, title, unit)
        self._column.addWidget(self.more)
        self.save = button("prices.save", "Keep this price", "primary")
        self.cancel = button("prices.cancel", "Cancel", "quiet")
        self._column.addLayout(line(self.save, self.cancel))
        self._column.addWidget(plain_label(NOTE, "muted", wrap=True))
        self._column.addStretch(1)
        self.save.clicked.connect(self._save)
        self.cancel.clicked.connect(lambda: self.left.emit())
        theme.current().changed.connect(self._measure)
        self._measure()

    def begin(self, model: str, says: dict[str, Any], *, is_new: bool) -> None:
        """Show what is said of a model's prices."""
        self._says = copy.deepcopy(says)
        self.title.setText("Add a price" if is_new else "Change the price")
        self.model.show_value(model)
        self.model.line.setReadOnly(not is_new and bool(model))
        self.model.set_problem("")
        for name, row in self.rows.items():
            row.line.setModified(False)
            row.show_value(self._said(name))
            row.set_problem("")
        is_more = any(self._said(name) is not None for name, *_ in (*MORE_TOKENS, *OTHERS))
        self.more.head.setChecked(is_more)
        (self.rows["input"].line if model else self.model.line).setFocus()

    def show_problem(self, error: BadInput) -> None:
        """What the service found wrong; it names the place itself."""
        self.model.set_problem(f"{error.summary} {error.advice}".strip())

    def _add(self, column: QVBoxLayout, name: str, title: str, unit: str) -> None:
        row = MoneyRow(f"prices.{name.replace('_', '-')}", title, unit=unit, nothing="as shipped")
        self.rows[name] = row
        column.addWidget(row)

    def _said(self, name: str) -> Decimal | None:
        place = self._says if name.startswith("per_") else self._says.get("tokens", {}).get(STANDARD, {})
        return None if place.get(name) is None else Decimal(str(place[name]))

    def _save(self) -> None:
        model, first_wrong = self.model.line.text().strip(), None
        self.model.set_problem("" if model else "Enter the model's id.")
        if not model:
            first_wrong = self.model.line
        amounts: dict[str, Decimal | None] = {}
        for name, row in self.rows.items():
            try:
                amounts[name] = row.amount
                row.set_problem("")
            except BadInput as error:
                row.set_problem(error.summary)
                first_wrong = first_wrong or row.line
        if first_wrong is None and not any(amount is not None for amount in amounts.values()):
            self.rows["input"].set_problem("Enter at least one price.")
            first_wrong = self.rows["input"].line
        if first_wrong is not None:
            first_wrong.setFocus()
            return
        self.saved.emit(model, self._with(amounts))

    def _with(self, amounts: dict[str, Decimal | None]) -> dict[str, Any]:
        """What was said before with the form's amounts in it; other tiers and pictures stay."""
        says = copy.deepcopy(self._says)
        tokens = says.setdefault("tokens", {})
        standard = tokens.setdefault(STANDARD, {})
        for name, amount in amounts.items():
            place = says if name.startswith("per_") else standard
            place.pop(name, None)
            if amount is not None:
                place[name] = str(amount)
        if not standard:
            del tokens[STANDARD]
        if not tokens:
            del says["tokens"]
        return says

    def _measure(self) -> None:
        look = theme.current()
        self._column.setContentsMargins(look.gap(16), look.gap(12), look.gap(16), look.gap(16))
        self._column.setSpacing(look.gap(12))
