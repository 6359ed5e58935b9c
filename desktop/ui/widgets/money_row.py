"""A row of a form for dollars: takes 5, 5.00, $5 and 1,000.50, says what it cannot read, and keeps what was typed."""

from __future__ import annotations

import re
from decimal import Decimal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout

from desktop.core.errors import BadInput
from desktop.ui import theme
from desktop.ui.widgets.form import SHORT, LineRow
from desktop.ui.widgets.labels import plain_label

LARGEST = Decimal(1_000_000)
_GROUPED = re.compile(r"\d{1,3}([,\u202f\u00a0 '’]\d{3})+(\.\d*)?")
_COMMA = re.compile(r"\d+,\d{1,2}")
_PLAIN = re.compile(r"\d+(\.\d*)?|\.\d+")


def dollars(text: str, largest: Decimal = LARGEST) -> Decimal | None:
    """An amount as people write it; None for nothing. Raises BadInput with what is wrong."""
    bare = text.strip().removeprefix("$").removesuffix("$").removeprefix("US$").strip()
    if not bare:
        return None
    if _GROUPED.fullmatch(bare):
        bare = re.sub(r"[,\s'’]", "", bare)
    elif _COMMA.fullmatch(bare):
        bare = bare.replace(",", ".")
    if bare.startswith(("-", "−")):
        raise BadInput("An amount is 0 or more.")
    if not _PLAIN.fullmatch(bare):
        raise BadInput("This is no amount. Enter dollars such as 5 or 2.50.")
    amount = Decimal(bare)
    if amount > largest:
        raise BadInput(f"The largest amount here is ${largest:,}.")
    return amount


def written(amount: Decimal | None) -> str:
    """An amount as the field shows it: whole cents, or all the digits there are."""
    if amount is None:
        return ""
    digits = amount.normalize()
    exponent = digits.as_tuple().exponent
    return f"{amount:.2f}" if isinstance(exponent, int) and exponent >= -2 else f"{digits:f}"


class MoneyRow(LineRow):
    """`changed` carries a Decimal or None; what cannot be read stays in the field, with the reason below it."""

    def __init__(self, name: str, title: str, help_text: str = "", *, unit: str = "", nothing: str = "") -> None:
        self._unit, self._nothing = unit, nothing
        super().__init__(name, title, help_text)
        self.line.setPlaceholderText(nothing)
        self.line.setAlignment(Qt.AlignmentFlag.AlignRight)

    @property
    def amount(self) -> Decimal | None:
        """What stands in the field. Raises BadInput."""
        return dollars(self.line.text())

    def show_value(self, value: object) -> None:
        assert value is None or isinstance(value, Decimal)
        if self.line.hasFocus() and self.line.isModified():
            return  # somebody is writing here
        super().show_value(written(value))

    def _finished(self) -> None:
        if self.line.text() == self._shown:
            return
        try:
            amount = self.amount
        except BadInput as error:
            self.set_problem(error.summary)
            return
        self.set_problem("")
        self._shown = written(amount)
        self.line.setText(self._shown)
        self.changed.emit(amount)

    def _control_line(self) -> QHBoxLayout:
        line = super()._control_line()
        line.insertWidget(0, plain_label("$", "muted"))
        if self._unit:
            line.addWidget(plain_label(self._unit, "muted"))
        line.addStretch(1)
        return line

    def _measure(self) -> None:
        self.line.setFixedWidth(theme.current().px(SHORT))
        self.line.setFont(theme.current().font("figures"))


__all__ = ["MoneyRow", "dollars", "written"]
