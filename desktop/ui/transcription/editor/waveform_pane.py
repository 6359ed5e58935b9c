"""The waveform over its scrollbar."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollBar, QVBoxLayout, QWidget

from desktop.ui.transcription.editor.waveform import Waveform


class WaveformPane(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.waveform = Waveform(self)
        self.bar = QScrollBar(Qt.Orientation.Horizontal, self)
        self.bar.setObjectName("editor.waveform-scroll")
        self.bar.setAccessibleName("Place in the recording")
        self._is_showing = False
        self.bar.valueChanged.connect(self._scrolled)
        self.waveform.viewed.connect(self._show_place)
        column.addWidget(self.waveform, 1)
        column.addWidget(self.bar)

    def _show_place(self) -> None:
        time = self.waveform.time
        self._is_showing = True
        self.bar.setRange(0, max(0, round(time.length - time.span)))
        self.bar.setPageStep(max(1, round(time.span)))
        self.bar.setSingleStep(max(1, round(time.span / 20)))
        self.bar.setValue(round(time.begins))
        self._is_showing = False

    def _scrolled(self, value: int) -> None:
        if not self._is_showing:
            self.waveform.pan_to(value)
