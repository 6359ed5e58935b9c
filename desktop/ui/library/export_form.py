"""What is exported, in which form, with what and where to: the form of the export dialog."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLayout,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from desktop.ui import theme
from desktop.ui.widgets.labels import ElidedLabel, plain_label
from desktop.ui.widgets.tooltip import no_mnemonic

if TYPE_CHECKING:
    from desktop.services.export.formats import Format


class ExportForm(QWidget):
    """`chosen`: another scope or form. `place_wanted`, `wanted`, `cancelled`: a button was pressed."""

    chosen = Signal()
    place_wanted = Signal()
    wanted = Signal()
    cancelled = Signal()

    def __init__(self, parent: QWidget, formats: Sequence[Format], scopes: Sequence[str]) -> None:
        super().__init__(parent)
        self.formats = formats
        self._wants_branches = False
        self._build(scopes)

    @property
    def format(self) -> Format:
        return self.formats[max(0, self.kinds.checkedId())]

    @property
    def scope(self) -> int:
        """The number of the chosen one."""
        return max(0, self.scopes.checkedId())

    @property
    def can_export(self) -> bool:
        return any(button.isEnabled() for button in self.scopes.buttons())

    def set_scope(self, number: int, text: str, *, is_enabled: bool) -> None:
        button = self.scopes.button(number)
        button.setText(no_mnemonic(text))
        button.setEnabled(is_enabled)

    def choose_first(self, kind: str) -> None:
        """The first scope that has anything in it, and a form."""
        buttons = self.scopes.buttons()
        next((button for button in buttons if button.isEnabled()), buttons[0]).setChecked(True)
        for number, each in enumerate(self.formats):
            self.kinds.button(number).setChecked(each.kind == kind)
        self._fit()

    def show_place(self, path: str) -> None:
        self.place.setText(path)
        self.export_button.setEnabled(self.can_export)

    def tell(self, sentence: str, kind: str = "bad") -> None:
        """Say below the form what is wrong, or nothing."""
        theme.style_as(self.problem, kind)
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))

    def _fit(self) -> None:
        """What goes with the chosen form."""
        kind = self.format.kind
        self.branches.setEnabled(kind != "json")  # which always has them all
        self.branches.setChecked(kind == "json" or self._wants_branches)
        self.attachments.setEnabled(kind != "jsonl")
        for widget in (self.paper_label, self.paper):
            widget.setVisible(kind == "pdf")

    def _chose(self, is_on: bool) -> None:
        if is_on:
            self._fit()
            self.chosen.emit()

    def _want_branches(self, wants: bool) -> None:
        self._wants_branches = wants

    # Building

    def _build(self, scopes: Sequence[str]) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.current().gap(16))
        column.addLayout(self._part("Which conversations", self._scope_rows(scopes)))
        column.addLayout(self._part("Form", self._format_rows()))
        column.addLayout(self._part("With it", self._option_rows()))
        column.addLayout(self._part("Where to", self._place_row()))
        self.problem = plain_label("", "bad", self, wrap=True)
        self.problem.setObjectName("export.problem")
        self.problem.hide()
        column.addWidget(self.problem)
        column.addStretch(1)  # a form without its paper leaves its room here
        row = QHBoxLayout()
        row.addStretch(1)
        self.cancel_button = button(self, row, "Cancel", "cancel", self.cancelled.emit)
        self.export_button = button(self, row, "Export", "export", self.wanted.emit, "primary")
        self.export_button.setDefault(True)
        column.addLayout(row)

    def _part(self, title: str, rows: QLayout) -> QVBoxLayout:
        part = QVBoxLayout()
        part.setSpacing(theme.current().gap(4))
        part.addWidget(plain_label(title, "section", self))
        part.addLayout(rows)
        return part

    def _scope_rows(self, scopes: Sequence[str]) -> QVBoxLayout:
        rows = QVBoxLayout()
        rows.setSpacing(0)
        self.scopes = QButtonGroup(self)
        for number, text in enumerate(scopes):
            choice = QRadioButton(no_mnemonic(text), self)
            choice.setObjectName(f"export.scope-{number}")
            self.scopes.addButton(choice, number)
            rows.addWidget(choice)
        self.scopes.idToggled.connect(lambda number, is_on: self._chose(is_on))
        return rows

    def _format_rows(self) -> QGridLayout:
        look = theme.current()
        rows = QGridLayout()
        rows.setHorizontalSpacing(look.gap(16))
        rows.setVerticalSpacing(0)
        rows.setColumnStretch(1, 1)
        self.kinds = QButtonGroup(self)
        for number, each in enumerate(self.formats):
            choice = QRadioButton(each.title, self)
            choice.setObjectName(f"export.form-{each.kind}")
            choice.setAccessibleDescription(each.purpose)
            self.kinds.addButton(choice, number)
            rows.addWidget(choice, number, 0)
            rows.addWidget(plain_label(each.purpose, "muted", self), number, 1)  # wrapped, it would be cut
        self.kinds.idToggled.connect(lambda number, is_on: self._chose(is_on))
        return rows

    def _option_rows(self) -> QVBoxLayout:
        rows = QVBoxLayout()
        rows.setSpacing(0)
        self.branches = QCheckBox("All branches, not only the one that is shown", self)
        self.branches.setObjectName("export.branches")
        self.branches.clicked.connect(self._want_branches)
        self.attachments = QCheckBox("Pictures, recordings and files", self)
        self.attachments.setObjectName("export.attachments")
        self.attachments.setChecked(True)
        rows.addWidget(self.branches)
        rows.addWidget(self.attachments)
        rows.addLayout(self._paper_row())
        return rows

    def _paper_row(self) -> QHBoxLayout:
        gap = theme.current().gap(8)
        row = QHBoxLayout()
        row.setContentsMargins(0, gap, 0, 0)
        row.setSpacing(gap)
        self.paper_label = plain_label("Paper", "", self)
        self.paper = QComboBox(self)
        self.paper.setObjectName("export.paper")
        self.paper.setAccessibleName("Paper")
        self.paper.addItems(["A4", "Letter"])
        row.addWidget(self.paper_label)
        row.addWidget(self.paper)
        row.addStretch(1)
        return row

    def _place_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.place = ElidedLabel("", self)
        self.place.setObjectName("export.place")
        row.addWidget(self.place, 1)
        self.place_button = button(self, row, "Choose…", "choose", self.place_wanted.emit)
        return row


def button(
    parent: QWidget, row: QHBoxLayout, text: str, name: str, work: Callable[[], object], kind: str = ""
) -> QPushButton:
    """A button of the export dialog at the end of a row."""
    made = QPushButton(text, parent)
    made.setObjectName(f"export.{name}")
    made.setAccessibleName(text)
    made.setAutoDefault(False)
    if kind:
        theme.style_as(made, kind)
    made.clicked.connect(lambda: work())
    row.addWidget(made)
    return made
