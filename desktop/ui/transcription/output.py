"""Which files are written when a recording is done, where, and under which names, with a live example."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.core.errors import KnownError
from desktop.ui import theme
from desktop.ui.widgets.labels import ElidedLabel, plain_label
from desktop.ui.widgets.tooltip import set_tip

SHORT = {"verbose_json": "API"}
BESIDE, FOLDER = 0, 1
USUAL = ("txt", "srt")
COLUMNS = 3
PATTERN = "{name}"
LONGEST = 24  # characters of the example of a name


class OutputBox(QWidget):
    """`changed` when another set of files would be written; `folder_wanted` asks where to."""

    changed = Signal()
    folder_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes: dict[str, QCheckBox] = {}
        self.folder = ""
        self._sample = "interview.mp3"
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(plain_label("Files on finish", "", self))
        self._grid = QGridLayout()
        column.addLayout(self._grid)
        column.addSpacing(4)
        self.place = QComboBox(self)
        self.place.setObjectName("transcription.output-place")
        self.place.setAccessibleName("Where the files go")
        self.place.addItems(["Beside each recording", "Into a folder"])
        self.place.activated.connect(self._place_chosen)
        column.addWidget(self.place)
        row = self._folder_row = QHBoxLayout()
        self.folder_label = ElidedLabel("", self)
        theme.style_as(self.folder_label, "muted")
        self.choose = QPushButton("Choose…", self)
        self.choose.setObjectName("transcription.output-choose")
        self.choose.setAccessibleName("Choose the folder for finished files")
        self.choose.clicked.connect(lambda: self.folder_wanted.emit())
        row.addWidget(self.folder_label, 1)
        row.addWidget(self.choose)
        column.addLayout(row)
        self._name_label = plain_label("File names", "", self)
        self.pattern = QLineEdit(self)
        self.pattern.setObjectName("transcription.output-pattern")
        self.pattern.setAccessibleName("Names of finished files")
        self.pattern.setPlaceholderText(PATTERN)
        self._name_label.setBuddy(self.pattern)
        self.pattern.textEdited.connect(lambda: self._show())
        self.pattern.editingFinished.connect(lambda: self.changed.emit())
        column.addSpacing(4)
        column.addWidget(self._name_label)
        column.addWidget(self.pattern)
        self.example = ElidedLabel("", self)
        theme.style_as(self.example, "caption")
        self.example.setObjectName("transcription.output-example")
        column.addWidget(self.example)
        self.wrong = plain_label("", "bad", self, wrap=True)
        self.wrong.setObjectName("transcription.output-wrong")
        column.addWidget(self.wrong)
        theme.current().changed.connect(self._measure)
        self._measure()
        self._show()

    def _measure(self) -> None:
        look = theme.current()
        self._column.setSpacing(look.gap(4))
        self._grid.setSpacing(look.gap(4))
        self._folder_row.setSpacing(look.gap(8))

    def show_forms(self) -> None:
        """The forms there are; called with the services."""
        from desktop.services.transcription.export import FORMS  # slow to import before the first paint

        for number, form in enumerate(FORMS):
            box = QCheckBox(SHORT.get(form.name, form.name.upper()), self)
            box.setObjectName(f"transcription.output-{form.name}")
            box.setAccessibleName(form.words)
            set_tip(box, form.words)
            box.toggled.connect(self._toggled)
            self._grid.addWidget(box, number // COLUMNS, number % COLUMNS)
            self.boxes[form.name] = box
        self.show_kept({})

    # What is chosen

    @property
    def forms(self) -> tuple[str, ...]:
        return tuple(name for name, box in self.boxes.items() if box.isChecked())

    def fields(self) -> dict[str, Any]:
        """Of the service's options."""
        pattern = self.pattern.text().strip()
        made: dict[str, Any] = {"formats_out": self.forms}
        if pattern and not self.problem:
            made["name_pattern"] = pattern
        if self.place.currentIndex() == FOLDER and self.folder:
            made["out_dir"] = self.folder
        return made

    def kept(self) -> dict[str, Any]:
        return {
            "forms": list(self.forms),
            "place": self.place.currentIndex(),
            "folder": self.folder,
            "pattern": self.pattern.text(),
        }

    def show_kept(self, kept: dict[str, Any]) -> None:
        """What was chosen last, without a sign of change."""
        forms = kept.get("forms", USUAL)
        for name, box in self.boxes.items():
            with QSignalBlocker(box):
                box.setChecked(name in forms)
        self.folder = str(kept.get("folder", ""))
        self.place.setCurrentIndex(FOLDER if kept.get("place") == FOLDER and self.folder else BESIDE)
        self.pattern.setText(str(kept.get("pattern", "")))
        self._show()

    def set_folder(self, folder: str) -> None:
        if folder:
            self.folder = folder
        self.place.setCurrentIndex(FOLDER if self.folder else BESIDE)
        self._show()
        self.changed.emit()

    def set_sample(self, name: str) -> None:
        """The recording whose name the example shows."""
        if name != self._sample:
            self._sample = name
            self._show()

    # Its own

    def _toggled(self) -> None:
        self._show()
        self.changed.emit()

    def _place_chosen(self, at: int) -> None:
        if at == FOLDER and not self.folder:
            self.folder_wanted.emit()
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        is_folder = self.place.currentIndex() == FOLDER
        self.folder_label.setText(Path(self.folder).name if self.folder else "None chosen")
        self.folder_label.setVisible(is_folder)
        self.choose.setVisible(is_folder)
        for part in (self.place, self._name_label, self.pattern):
            part.setEnabled(bool(self.forms))
        self.wrong.setText(self.problem)
        self.wrong.setVisible(bool(self.problem))
        self.example.setText(self._example())
        self.example.setVisible(not self.problem)

    @property
    def problem(self) -> str:
        """What is wrong with the pattern of names, where any file is to have one."""
        return self._named()[1] if self.forms else ""

    def _named(self) -> tuple[str, str]:
        if not self.boxes:
            return "", ""
        from desktop.core.transcript import Transcript
        from desktop.services.transcription.export import About, file_name

        about = About(self._sample, date="2026-11-03")
        try:
            made = file_name(self.pattern.text().strip() or PATTERN, Transcript(model="model", language="en"), about)
        except KnownError as error:
            return "", f"{error.summary} {error.advice}".strip()
        return made, ""

    def _example(self) -> str:
        if not self.forms:
            return "Nothing is written; export later from the editor."
        made, _ = self._named()
        from desktop.services.transcription.export import FORMS

        ending = next(form.ending for form in FORMS if form.name == self.forms[0])
        return f"Such as {_shortened(made)}{ending}"


def _shortened(name: str) -> str:
    """The beginning and the end, where a pattern puts its words."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST // 2]}…{name[-(LONGEST // 2) :]}"
