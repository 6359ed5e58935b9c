"""Recording by microphone: which one, how loud, how long; kept as it is recorded."""

from __future__ import annotations

import asyncio
import math
from array import array
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QRectF, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QPushButton, QWidget

from desktop.core.errors import KnownError
from desktop.ui import theme
from desktop.ui.tasks import Tasks
from desktop.ui.transcription import words
from desktop.ui.widgets.labels import ElidedLabel, plain_label

if TYPE_CHECKING:
    from desktop.services.recording import Capture, CaptureFailed

LOUDEST = 32768
FLOOR_DB = 60.0
STEP = 16  # every so manyth sample is enough for a meter


class Source(Protocol):
    """What is recorded. `samples` are 16-bit ones, on the window's thread."""

    samples: SignalInstance  # bytes
    rate: int
    channels: int

    def devices(self) -> list[str]: ...
    def start(self, name: str) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def stop(self) -> None: ...


MakeSource = Callable[[QObject], Source]


def qt_source(parent: QObject) -> Source:
    from desktop.ui.transcription.microphone import Microphone  # QtMultimedia, for those who record

    return Microphone(parent)


class Meter(QWidget):
    """How loud it is, from silence to too loud."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.level = 0.0
        self.setObjectName("transcription.record-meter")
        self.setAccessibleName("Loudness")

    def sizeHint(self) -> QSize:
        return QSize(theme.current().px(120), theme.current().px(8))

    def show_level(self, level: float) -> None:
        """From 0 to 1; it falls slower than it rises."""
        self.level = max(level, self.level * 0.85)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        look, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        height = look.px(6)
        box = QRectF(0, (self.height() - height) / 2, self.width(), height)
        painter.setBrush(look.color("pressed"))
        painter.drawRoundedRect(box, height / 2, height / 2)
        box.setWidth(self.width() * self.level)
        painter.setBrush(look.color("bad" if self.level > 0.97 else "warn" if self.level > 0.85 else "accent"))
        painter.drawRoundedRect(box, height / 2, height / 2)


class RecordPanel(QFrame):
    """`recorded` carries the file, `failed` a KnownError. `folder` is the data folder, known with the services."""

    recorded = Signal(str)
    failed = Signal(object)
    closed = Signal()
    _broke = Signal(object)  # from the writing thread

    def __init__(self, tasks: Tasks, parent: QWidget, make_source: MakeSource = qt_source) -> None:
        super().__init__(parent)
        self.folder: Path | None = None
        self.make_source = make_source
        self._tasks = tasks
        self._source: Source | None = None
        self._capture: Capture | None = None
        self.is_paused = False
        theme.style_as(self, "card")
        self.setObjectName("transcription.record-panel")
        self.setAccessibleName("Record")
        row = self._row = QHBoxLayout(self)
        self.device = QComboBox(self)
        self.device.setObjectName("transcription.record-device")
        self.device.setAccessibleName("Microphone")
        self.device.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.meter = Meter(self)
        self.time = plain_label("0:00", "strong", self)
        self.time.setObjectName("transcription.record-time")
        self.words = ElidedLabel("", self)
        theme.style_as(self.words, "muted")
        row.addWidget(self.device, 2)
        row.addWidget(self.meter, 2)
        row.addWidget(self.time)
        row.addWidget(self.words, 1)
        self.begin_button = self._button("begin", "Record", "primary", self.begin)
        self.pause_button = self._button("pause", "Pause", "", self.pause)
        self.finish_button = self._button("finish", "Finish", "primary", self.finish)
        self.cancel_button = self._button("cancel", "Close", "quiet", self.cancel)
        self._broke.connect(self._write_failed)
        self.hide()
        theme.current().changed.connect(self._measure)
        self._measure()

    def _button(self, name: str, text: str, kind: str, work: Callable[[], None]) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(f"transcription.record-{name}")
        button.setAccessibleName(text)
        if kind:
            theme.style_as(button, kind)
        button.clicked.connect(lambda: work())
        self._row.addWidget(button)
        return button

    def _measure(self) -> None:
        look = theme.current()
        self._row.setContentsMargins(look.gap(12), look.gap(8), look.gap(12), look.gap(8))
        self._row.setSpacing(look.gap(8))
        self.time.setMinimumWidth(look.px(52))

    @property
    def is_recording(self) -> bool:
        return self._capture is not None

    # What the user does

    def open(self) -> None:
        """Show the microphones there are; without one, say so."""
        self.show()
        if self._source is None:
            self._source = self.make_source(self)
            self._source.samples.connect(self._heard)
        if not self.is_recording:
            names = self._source.devices()
            self.device.clear()
            self.device.addItems(names)
            self.words.setText("" if names else "This computer has no microphone.")
            self.begin_button.setEnabled(bool(names))
        self._show()
        (self.finish_button if self.is_recording else self.begin_button).setFocus()

    def begin(self) -> None:
        assert self._source is not None and self.folder is not None
        try:
            self._source.start(self.device.currentText())
        except KnownError as error:
            self.failed.emit(error)
            return
        from desktop.services import recording  # with the services

        rate, channels = self._source.rate, self._source.channels
        self._capture = recording.begin(self.folder, rate, channels, self._broke.emit, datetime.now())
        self.is_paused = False
        self._show()
        self.finish_button.setFocus()

    def pause(self) -> None:
        """Or go on."""
        if self._source is not None and self.is_recording:
            self.is_paused = not self.is_paused
            (self._source.pause if self.is_paused else self._source.resume)()
            self._show()

    def finish(self) -> None:
        """The file is whole, and goes with the others."""
        if (capture := self._end()) is not None:
            self._tasks.start(self._finish(capture), name="record:finish")

    def cancel(self) -> None:
        """Close; what was recorded so far is finished, never thrown away unasked."""
        if self.is_recording:
            self.finish()
        self.hide()
        self.closed.emit()

    async def close_down(self) -> None:
        """The window ends: what was said is a whole file."""
        if (capture := self._end()) is not None:
            await asyncio.to_thread(capture.finish)

    # Its own

    def _end(self) -> Capture | None:
        capture, self._capture = self._capture, None
        if capture is not None and self._source is not None:
            self._source.stop()
        self._show()
        return capture

    async def _finish(self, capture: Capture) -> None:
        path = await asyncio.to_thread(capture.finish)
        self.hide()
        self.closed.emit()
        if path is not None:
            self.recorded.emit(str(path))

    def _heard(self, samples: bytes) -> None:
        if self._capture is None or self.is_paused:
            return
        self._capture.take(samples)
        self.meter.show_level(loudness(samples))
        self.time.setText(words.clock(self._capture.seconds))

    def _write_failed(self, error: CaptureFailed) -> None:
        self._end()
        self.failed.emit(error)

    def _show(self) -> None:
        is_on = self.is_recording
        self.begin_button.setVisible(not is_on)
        self.pause_button.setVisible(is_on)
        self.finish_button.setVisible(is_on)
        self.pause_button.setText("Go on" if self.is_paused else "Pause")
        self.pause_button.setAccessibleName(self.pause_button.text())
        self.cancel_button.setVisible(not is_on)
        self.device.setEnabled(not is_on)
        if is_on:
            self.words.setText("Paused" if self.is_paused else "Recording")
        else:
            self.meter.level = 0.0
            self.time.setText("0:00")


def loudness(samples: bytes) -> float:
    """The highest of some 16-bit samples between silence and full scale, from 0 to 1 as ears hear it."""
    found = array("h")
    found.frombytes(samples[: len(samples) // 2 * 2])
    highest = max((abs(value) for value in found[::STEP]), default=0)
    if highest < 1:
        return 0.0
    return min(1.0, max(0.0, 1 + 20 * math.log10(highest / LOUDEST) / FLOOR_DB))
