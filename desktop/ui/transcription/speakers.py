"""Known speakers: a name each, and a short clip in which only this voice is heard."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

from desktop.ui import icons, theme
from desktop.ui.widgets.labels import ElidedLabel, plain_label

HELP = "A clip of 2 to 10 seconds for each, with this voice alone."


class SpeakersBox(QWidget):
    """A line for each; `clip_wanted` asks for the file of a new one."""

    changed = Signal()
    clip_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._most = 0
        self._lines: list[tuple[QWidget, QLineEdit, str]] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(plain_label("Known speakers", "", self))
        self._column.addWidget(plain_label(HELP, "caption", self, wrap=True))
        self.add = QPushButton("Add a speaker…", self)
        self.add.setObjectName("transcription.add-speaker")
        self.add.setAccessibleName("Add a known speaker")
        self.add.clicked.connect(lambda: self.clip_wanted.emit())
        self._column.addWidget(self.add)
        theme.current().changed.connect(self._measure)
        self._measure()
        self.set_most(0)

    def _measure(self) -> None:
        self._column.setSpacing(theme.current().gap(4))

    def set_most(self, most: int) -> None:
        """How many the model takes; with none the box is not there."""
        self._most = most
        self.setVisible(most > 0)
        self.add.setEnabled(len(self._lines) < most)

    def take(self, clip: str) -> None:
        """One more, by the file of its clip."""
        self._add(clip, Path(clip).stem)
        self.changed.emit()

    def _add(self, clip: str, name: str) -> None:
        line = QWidget(self)
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        field = QLineEdit(name, line)
        field.setCursorPosition(0)
        field.setAccessibleName("Name of the speaker")
        field.setObjectName("transcription.speaker-name")
        field.setPlaceholderText("Name")
        field.editingFinished.connect(lambda: self.changed.emit())
        shown = ElidedLabel(Path(clip).name, line)
        theme.style_as(shown, "caption")
        remove = QToolButton(line)
        remove.setObjectName("transcription.speaker-remove")
        remove.setAccessibleName("Remove this speaker")
        icons.put(remove, "close")
        remove.clicked.connect(partial(self._remove, line))
        row.addWidget(field, 1)
        row.addWidget(shown, 1)
        row.addWidget(remove)
        self._lines.append((line, field, clip))
        self._column.insertWidget(self._column.count() - 1, line)
        self.add.setEnabled(len(self._lines) < self._most)

    def _remove(self, line: QWidget) -> None:
        self._lines = [each for each in self._lines if each[0] is not line]
        line.deleteLater()
        self.add.setEnabled(len(self._lines) < self._most)
        self.changed.emit()

    def kept(self) -> list[list[str]]:
        return [[field.text().strip(), clip] for _, field, clip in self._lines]

    def show_kept(self, kept: list[list[str]]) -> None:
        if kept == self.kept():
            return
        for line, _, _ in self._lines:
            line.deleteLater()
        self._lines = []
        for name, clip in kept:
            self._add(clip, name)

    @property
    def problem(self) -> str:
        """What is missing, in a sentence."""
        is_nameless = self._most > 0 and not all(name for name, _ in self.kept())
        return "A known speaker has no name. Write it, or remove the speaker." if is_nameless else ""

    def known(self) -> tuple[Any, ...]:
        """As the service takes them."""
        from desktop.services.transcription.values import KnownSpeaker  # with the services

        return tuple(KnownSpeaker(name, clip) for name, clip in self.kept() if name)[: self._most]
