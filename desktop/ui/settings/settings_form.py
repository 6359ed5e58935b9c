"""The settings, drawn from their model: each field's title, help, bounds and group are said in core/settings.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

import msgspec
from msgspec import inspect
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.core.settings import Settings
from desktop.ui import theme
from desktop.ui.widgets.form import ChoiceRow, Column, FileRow, FlagRow, LineRow, NumberRow, Row, TextRow, section

GGUF = "Language models (*.gguf);;All files (*)"
USUAL = Settings()
ROWS_AT_ONCE = 2


def row_of(field: inspect.Field, parent: QWidget | None = None) -> tuple[str, Row]:
    """The group of a field of the settings, and the row that edits it."""
    kind = field.type
    assert isinstance(kind, inspect.Metadata) and kind.extra_json_schema is not None
    drawn = kind.extra_json_schema
    name, title, help_text = f"settings.{field.name}", str(drawn["title"]), str(drawn["description"])
    return str(drawn["group"]), _row(kind.type, name, title, help_text, drawn, parent)


def _row(
    kind: inspect.Type, name: str, title: str, help_text: str, drawn: dict[str, object], parent: QWidget | None
) -> Row:
    match kind:
        case inspect.BoolType():
            return FlagRow(name, title, help_text, parent)
        case inspect.EnumType():
            return ChoiceRow(name, title, [(_words(value), value) for value in kind.cls], help_text, parent)
        case inspect.IntType():
            low, high = kind.ge or 0, kind.le if kind.le is not None else 2**31 - 1
            return NumberRow(name, title, (low, high), unit=str(drawn["unit"]), help_text=help_text, parent=parent)
    shapes: dict[object, Callable[[], Row]] = {
        "text": lambda: TextRow(name, title, help_text, parent),
        "file": lambda: FileRow(name, title, help_text, pattern=GGUF, parent=parent),
    }
    return shapes.get(drawn["shape"], lambda: LineRow(name, title, help_text, parent))()


def _words(value: Enum) -> str:
    text = str(value.value)
    return text[:1].upper() + text[1:]


class SettingsForm(QWidget):
    """All groups one under the other; `pieces` makes them. `changed` carries a field's name and its new value."""

    changed = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: dict[str, Row] = {}
        self.groups: dict[str, QVBoxLayout] = {}
        self._headings: dict[str, QWidget] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.current().gap(16))

    def pieces(self) -> Iterator[None]:
        """Make the rows, a few at a time."""
        info = inspect.type_info(Settings)
        assert isinstance(info, inspect.StructType)
        for at, field in enumerate(info.fields, 1):
            group, row = row_of(field, self)
            self.rows[field.name] = row
            self._group(group).addWidget(row)
            row.changed.connect(lambda value, name=field.name: self.changed.emit(name, value))
            row.reset_wanted.connect(lambda name=field.name: self.changed.emit(name, getattr(USUAL, name)))
            if at % ROWS_AT_ONCE == 0:
                yield
        self._column.addStretch(1)

    def heading(self, group: str) -> QWidget:
        """The heading of a group, to scroll to."""
        return self._headings[group]

    def show_settings(self, settings: Settings) -> None:
        for field in msgspec.structs.fields(Settings):
            row, value = self.rows[field.name], getattr(settings, field.name)
            row.show_value(value)
            row.set_changed(value != getattr(USUAL, field.name))
            row.set_problem("")

    def finish(self) -> None:
        """Hand over what was typed and not left yet."""
        for row in self.rows.values():
            if isinstance(row, TextRow):
                row.finish()

    def _group(self, name: str) -> QVBoxLayout:
        if name not in self.groups:
            column = Column()
            self._headings[name] = section(name)
            column.addWidget(self._headings[name])
            self._column.addLayout(column)
            self.groups[name] = column
        return self.groups[name]
