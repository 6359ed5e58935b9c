"""The export dialog while it works, and what it shows at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.library.export_form import button
from desktop.ui.library.export_words import figures, left_out, summary
from desktop.ui.widgets.labels import plain_label

if TYPE_CHECKING:
    from desktop.services.export import Exported, Progress

STEPS = 1000


class Running(QWidget):
    stopped = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.current().gap(16))
        self.stage = plain_label("Exporting", "section", self, wrap=True)
        self.bar = QProgressBar(self)
        self.bar.setObjectName("export.bar")
        self.bar.setAccessibleName("How far the export is")
        self.bar.setRange(0, STEPS)
        self.bar.setTextVisible(False)
        self.figures = plain_label("", "muted", self, wrap=True)
        self.figures.setObjectName("export.figures")
        for widget in (self.stage, self.bar, self.figures):
            column.addWidget(widget)
        row = QHBoxLayout()
        row.addWidget(plain_label("Stopped, it leaves nothing behind.", "caption", self), 1)
        self.stop_button = button(self, row, "Stop", "stop", self.stopped.emit)
        column.addLayout(row)

    def begin(self, name: str) -> None:
        self.stage.setText(f"Exporting to {name}"[:120])
        self.bar.setValue(0)
        self.figures.setText("")
        self.stop_button.setEnabled(True)

    def stop(self) -> None:
        self.stage.setText("Stopping")
        self.stop_button.setEnabled(False)

    def tell(self, progress: Progress, seconds: float) -> None:
        self.bar.setValue(STEPS * progress.done // progress.of if progress.of else STEPS)
        self.figures.setText(figures(progress, seconds))


class Result(QWidget):
    shown_wanted = Signal()
    done = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.current().gap(8))
        self.title = plain_label("", "section", self, wrap=True)
        self.title.setObjectName("export.result")
        self.place = plain_label("", "muted", self, wrap=True)
        self.place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.rest = plain_label("", "", self, wrap=True)
        self.rest.setObjectName("export.left-out")
        for label in (self.title, self.place, self.rest):
            column.addWidget(label)
        row = QHBoxLayout()
        row.addStretch(1)
        self.folder_button = button(self, row, "Show in folder", "show", self.shown_wanted.emit)
        self.done_button = button(self, row, "Done", "done", self.done.emit, "primary")
        column.addLayout(row)

    def tell(self, exported: Exported) -> None:
        self.title.setText(summary(exported))
        self.place.setText(str(exported.path))
        self.add(left_out(exported))

    def add(self, sentence: str) -> None:
        self.rest.setText(sentence)
        self.rest.setVisible(bool(sentence))
