"""Where and in which forms a transcript is written."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path

from PySide6.QtCore import QLocale, QStandardPaths, QTimer
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QHBoxLayout, QLineEdit, QPushButton, QWidget

from desktop.core.errors import BadInput, KnownError
from desktop.core.paper import of_locale
from desktop.core.subtitles.forms import COLUMNS
from desktop.core.transcript import Transcript
from desktop.services.transcription import export
from desktop.ui import dialogs, theme
from desktop.ui.tasks import Tasks
from desktop.ui.transcription.editor import words
from desktop.ui.widgets.labels import plain_label

USUAL = ("txt", "srt")


class ExportForm(dialogs.Question):
    """Several forms at once, with a pattern of names, beside the recording or in a folder."""

    def __init__(self, parent: QWidget, tasks: Tasks, transcript: Transcript, title: str, audio: Path | None) -> None:
        super().__init__(
            parent.window(), "Export the transcript", "Each form becomes a file of its own.", "Export", is_danger=False
        )
        self.setObjectName("editor.export")
        self._tasks, self._transcript = tasks, transcript
        self.written: tuple[Path, ...] = ()
        self._about = export.About(title, date.today().isoformat(), audio)
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        self._folder = audio.parent if audio is not None else Path(documents)
        self.forms: dict[str, QCheckBox] = {}
        self._build()
        self.finish()
        self._look()

    @property
    def first(self) -> QCheckBox:
        return next(iter(self.forms.values()))

    def _build(self) -> None:
        look = theme.current()
        grid = QGridLayout()
        grid.setHorizontalSpacing(look.gap(24))
        grid.setVerticalSpacing(look.gap(4))
        half = -(-len(export.FORMS) // 2)
        for at, form in enumerate(export.FORMS):
            box = QCheckBox(f"{form.words} ({form.ending})", self)
            box.setObjectName(f"editor.export-{form.name}")
            box.setChecked(form.name in USUAL)
            box.toggled.connect(lambda: self._look())
            self.forms[form.name] = box
            grid.addWidget(box, at % half, at // half)
        self.column.addLayout(grid)
        self.times = self._box("export-times", "Times", is_on=True)
        self.speakers = self._box("export-speakers", "Speakers", is_on=bool(self._transcript.speakers))
        self.column_of = self._languages()
        row = QHBoxLayout()
        for widget in (self.times, self.speakers, self.column_of):
            row.addWidget(widget)
        row.addStretch(1)
        self.column.addLayout(row)
        self.pattern = QLineEdit(export.PATTERN, self)
        self.pattern.setObjectName("editor.export-pattern")
        self.pattern.setAccessibleName("Pattern of names")
        self.pattern.textChanged.connect(lambda: self._look())
        self.place = plain_label("", "muted", self, wrap=True)
        self.place.setObjectName("editor.export-place")
        self.choose = QPushButton("Choose the folder…", self)
        self.choose.setObjectName("editor.export-folder")
        self.choose.setAutoDefault(False)
        self.choose.clicked.connect(self._choose)
        fields = ", ".join(f"{{{name}}} {told}" for name, told in export.FIELDS.items())
        self.column.addWidget(plain_label("Names", "strong", self))
        self.column.addWidget(self.pattern)
        self.column.addWidget(plain_label(fields, "muted", self, wrap=True))
        self.column.addWidget(self.place)
        self.column.addWidget(self.choose)

    def _box(self, name: str, text: str, *, is_on: bool) -> QCheckBox:
        box = QCheckBox(text, self)
        box.setObjectName(f"editor.{name}")
        box.setChecked(is_on)
        return box

    def _languages(self) -> QComboBox:
        """Which of the two texts; only where there are two."""
        said, other = export.heads(self._transcript)
        box = QComboBox(self)
        box.setObjectName("editor.export-second")
        box.setAccessibleName("Languages")
        for column, words_of_it in zip(COLUMNS, (said, other, f"{said} and {other}"), strict=True):
            box.addItem(words_of_it, column)
        box.setVisible(any(each.second.strip() for each in self._transcript.segments))
        return box

    def _choose(self) -> None:
        self._tasks.start(self._chosen_folder(), name="export-folder")

    async def _chosen_folder(self) -> None:
        if found := await dialogs.choose_folder(self, "Choose the folder"):
            self.set_folder(found)

    def set_folder(self, path: str) -> None:
        self._folder = Path(path)
        self._look()

    def _look(self) -> None:
        """Say what would be written, or why nothing can be."""
        chosen = self._chosen()
        try:
            name = export.file_name(self.pattern.text(), self._transcript, self._about)
        except BadInput as error:
            self._say(error)
            self.confirm.setEnabled(False)
            return
        theme.style_as(self.place, "muted")
        endings = ", ".join(form.ending for form in export.FORMS if form.name in chosen)
        self.place.setText(f"{self._folder / name}: {endings}" if chosen else "Choose at least one form.")
        self.confirm.setEnabled(bool(chosen))

    def _chosen(self) -> list[str]:
        return [name for name, box in self.forms.items() if box.isChecked()]

    def accept(self) -> None:
        """Write, and stay where that fails: what was chosen is not to be chosen again."""
        self._tasks.start(self._write(), name="export-write")

    async def _write(self) -> None:
        self.confirm.setEnabled(False)
        try:
            self.written = await asyncio.to_thread(
                export.write_all,
                self._transcript,
                self._about,
                self._chosen(),
                self._folder,
                pattern=self.pattern.text(),
                shape=self._shape(),
            )
        except KnownError as error:
            self.confirm.setEnabled(True)
            self._say(error)
            return
        super().accept()

    def _shape(self) -> export.Shape:
        return export.Shape(
            times=self.times.isChecked(),
            speakers=self.speakers.isChecked(),
            column=self.column_of.currentData(),
            paper=of_locale(QLocale.system().name()),
        )

    def _say(self, error: KnownError) -> None:
        theme.style_as(self.place, "bad")
        self.place.setText(f"{error.summary} {error.advice}".strip())


async def ask(parent: QWidget, tasks: Tasks, transcript: Transcript, title: str, audio: Path | None) -> str:
    """A sentence of what was written, "" where the user thought better of it."""
    form = ExportForm(parent, tasks, transcript, title, audio)
    QTimer.singleShot(0, form.first.setFocus)
    try:
        if not await dialogs.finished(form):
            return ""
        return f"{words.many(len(form.written), 'file')} written to {form.written[0].parent}"
    finally:
        tasks.cancel("export-folder")
