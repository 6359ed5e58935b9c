"""One request of a collection: its variables and files to be given, and what would be sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QLineEdit, QPushButton, QScrollArea, QVBoxLayout, QWidget

from desktop.core.text import visible
from desktop.core.wire.postman import BASE_URL, KEY, variables_of
from desktop.ui import theme
from desktop.ui.widgets.labels import plain_label
from desktop.ui.wire.text_view import TextView

if TYPE_CHECKING:
    from desktop.core.wire.postman import Collection, Saved

OURS = frozenset({BASE_URL, KEY})
MOST = 40
"""Fields that are drawn; a request with more variables says so."""


class RequestForm(QWidget):
    """`file_wanted` carries the name of the part a file is to be chosen for. Values stay while the dialog does."""

    file_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.saved: Saved | None = None
        self._given: dict[str, str] = {}
        self._files: dict[str, Path] = {}
        self._fields: dict[str, QLineEdit] = {}
        look = theme.current()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(look.gap(8))
        self.title = plain_label("", "strong", self, wrap=True)
        self.title.setObjectName("wire.collection-request-title")
        column.addWidget(self.title)
        self._area = QScrollArea(self)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        column.addWidget(self._area)
        self.body = TextView("wire.collection-body", "Body of the request", self)
        column.addWidget(self.body, 1)

    def show_request(self, saved: Saved | None, collection: Collection | None) -> None:
        self._keep()
        self.saved = saved
        self._fields = {}
        self._area.setVisible(saved is not None)
        self.body.setVisible(saved is not None and bool(saved.body))
        self.title.setText(f"{saved.method} {saved.url}" if saved else "This collection has no requests.")
        if saved is None or collection is None:
            return
        self.body.show_text(saved.body, is_json=True)
        form = self._form(saved, collection)
        self._area.setWidget(form)
        self._area.setFixedHeight(min(theme.current().px(200), form.sizeHint().height() + 2))
        self._area.setVisible(bool(self._fields) or any(part.file_name is not None for part in saved.parts))

    def variables(self) -> dict[str, str]:
        """What was given, for this request."""
        self._keep()
        return {name: self._given[name] for name in self._fields if self._given.get(name)}

    def files(self) -> dict[str, Path]:
        return dict(self._files)

    def choose(self, part: str, path: Path) -> None:
        self._files[part] = path
        button = self.findChild(QPushButton, f"wire.collection-file-{part}")
        if button is not None:
            button.setText(path.name.replace("&", "&&"))

    def _keep(self) -> None:
        for name, field in self._fields.items():
            self._given[name] = field.text()

    def _form(self, saved: Saved, collection: Collection) -> QWidget:
        form = QWidget(self._area)
        column = QVBoxLayout(form)
        column.setContentsMargins(0, 0, theme.current().gap(8), 0)
        column.setSpacing(theme.current().gap(4))
        names = [name for name in variables_of(saved) if name not in OURS]
        for name in names[:MOST]:
            column.addWidget(plain_label(name, "muted", form))
            field = QLineEdit(self._given.get(name) or collection.variables.get(name, ""), form)
            field.setObjectName("wire.collection-variable")
            field.setAccessibleName(f"Value of {visible(name)}")
            self._fields[name] = field
            column.addWidget(field)
        if len(names) > MOST:
            column.addWidget(plain_label(f"{len(names) - MOST} more variables keep their values.", "muted", form))
        for part in saved.parts:
            if part.file_name is not None:
                column.addWidget(self._file_button(part.name, part.file_name, form))
        column.addStretch(1)
        return form

    def _file_button(self, part: str, file_name: str, form: QWidget) -> QPushButton:
        chosen = self._files.get(part)
        text = chosen.name if chosen else f"Choose a file for {part} ({file_name})"
        button = QPushButton(visible(text).replace("&", "&&"), form)
        button.setObjectName(f"wire.collection-file-{part}")
        button.setAccessibleName(f"File for {visible(part)}")
        button.clicked.connect(lambda: self.file_wanted.emit(part))
        return button
