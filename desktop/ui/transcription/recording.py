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
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.core.errors import KnownError
from desktop.ui import theme
from desktop.ui.tasks import Tasks
from desktop.ui.transcription import words
from desktop.ui.widgets.buttons import push_button
from desktop.ui.widgets.labels import ElidedLabel, plain_label

if TYPE_CHECKING:
    from desktop.services.recording import Capture

LOUDEST = 32768
FLOOR_DB = 60.0
LOUD, TOO_LOUD = 0.92, 0.98  # about 5 and 1 dB below the loudest there is
NO_DEVICE = "This computer has no microphone. Connect one, then press Record again."
STEP = 16  # every so manyth sample is enough for a meter


class Source(Protocol):
    """What is recorded. `samples` are 16-bit ones, on the window's thread; `broke` says why no more will come."""

    samples: SignalInstance  # bytes
    broke: SignalInstance  # KnownError
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
        loud = "bad" if self.level > TOO_LOUD else "warn" if self.level > LOUD else "accent"
        painter.setBrush(look.color(loud if self.isEnabled() else "edge"))
        painter.drawRoundedRect(box, height / 2, height / 2)


class RecordPanel(QFrame):
    """`recorded` carries the file, `failed` a KnownError; `turned` whether the panel is there."""

    recorded = Signal(str)
    failed = Signal(object)
    turned = Signal(bool)
    _broke = Signal(object)  # from the writing thread

    def __init__(self, tasks: Tasks, parent: QWidget, make_source: MakeSource = qt_source) -> None:
        super().__init__(parent)
        self.make_source = make_source
        self._folder: Path | None = None
        self._tasks = tasks
        self._source: Source | None = None
        self._capture: Capture | None = None
        self.is_paused = False
        theme.style_as(self, "card")
        self.setObjectName("transcription.record-panel")
        self.setAccessibleName("Record")
        self._build()
        self._broke.connect(self._source_broke)
        self.hide()
        theme.current().changed.connect(self._measure)
        self._measure()

    def _build(self) -> None:
        """How long and what can be done above; what is recorded, and how loud it is, below."""
        column = self._column = QVBoxLayout(self)
        above, below = self._above, self._below = QHBoxLayout(), QHBoxLayout()
        self.time = plain_label("0:00", "strong", self)
        self.time.setObjectName("transcription.record-time")
        self.words = ElidedLabel("", self)
        theme.style_as(self.words, "muted")
        above.addWidget(self.time)
        above.addWidget(self.words, 1)
        name = "transcription.record-"
        self.pause_button = push_button(self, f"{name}pause", "Pause", self.pause)
        self.cancel_button = push_button(self, f"{name}cancel", "Close", self.cancel, "quiet")
        self.begin_button = push_button(self, f"{name}begin", "Record", self.begin, "primary")
        self.finish_button = push_button(self, f"{name}finish", "Finish", self.finish, "primary")
        for button in (self.pause_button, self.cancel_button, self.begin_button, self.finish_button):
            above.addWidget(button)
        self.device = QComboBox(self)
        self.device.setObjectName("transcription.record-device")
        self.device.setAccessibleName("Microphone")
        self.device.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.meter = Meter(self)
        below.addWidget(self.device, 3)
        below.addWidget(self.meter, 2)
        column.addLayout(above)
        column.addLayout(below)

    def _measure(self) -> None:
        look = theme.current()
        self._column.setContentsMargins(look.gap(12), look.gap(8), look.gap(12), look.gap(12))
        self._column.setSpacing(look.gap(8))
        self._above.setSpacing(look.gap(8))
        self._below.setSpacing(look.gap(12))
        self.time.setMinimumWidth(look.px(48))

    @property
    def is_recording(self) -> bool:
        return self._capture is not None

    def set_folder(self, folder: Path) -> None:
        """The data folder, known with the services: from now on it can be recorded."""
        self._folder = folder
        self._show()

    # What the user does

    def open(self) -> None:
        """Show the microphones there are; without one, say so."""
        self.show()
        self.turned.emit(True)
        if self._source is None:
            self._source = self.make_source(self)
            self._source.samples.connect(self._heard)
            self._source.broke.connect(self._source_broke)
        if not self.is_recording:
            self.device.clear()
            self.device.addItems(self._source.devices())
        self._show()
        able = (self.finish_button, self.begin_button, self.cancel_button)
        next(each for each in able if each.isVisibleTo(self) and each.isEnabled()).setFocus()

    def begin(self) -> None:
        assert self._source is not None and self._folder is not None
        try:
            self._source.start(self.device.currentText())
        except KnownError as error:
            self.failed.emit(error)
            return
        from desktop.services import recording  # with the services

        rate, channels = self._source.rate, self._source.channels
        self._capture = recording.begin(self._folder, rate, channels, self._broke.emit, datetime.now())
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
        self.finish()
        self._close()

    async def close_down(self) -> str:
        """The window ends: what was said is a whole file, whose path is returned; "" where nothing was recorded."""
        capture = self._end()
        path = None if capture is None else await asyncio.to_thread(capture.finish)
        return "" if path is None else str(path)

    # Its own

    def _close(self) -> None:
        self.hide()
        self.turned.emit(False)

    def _end(self) -> Capture | None:
        capture, self._capture = self._capture, None
        if capture is not None and self._source is not None:
            self._source.stop()
        self._show()
        return capture

    async def _finish(self, capture: Capture) -> None:
        path = await asyncio.to_thread(capture.finish)
        self._close()
        if path is not None:
            self.recorded.emit(str(path))

    def _heard(self, samples: bytes) -> None:
        if self._capture is None or self.is_paused:
            return
        self._capture.take(samples)
        self.meter.show_level(loudness(samples))
        self.time.setText(words.clock(self._capture.seconds))

    def _source_broke(self, error: KnownError) -> None:
        """The disk is full, or the microphone is gone: what was said so far is a whole file."""
        self.finish()
        self.failed.emit(error)

    def _show(self) -> None:
        is_on, has_device = self.is_recording, self.device.count() > 0
        self.begin_button.setVisible(not is_on)
        self.begin_button.setEnabled(has_device and self._folder is not None)
        self.pause_button.setVisible(is_on)
        self.finish_button.setVisible(is_on)
        self.pause_button.setText("Go on" if self.is_paused else "Pause")
        self.pause_button.setAccessibleName(self.pause_button.text())
        self.cancel_button.setVisible(not is_on)
        self.device.setEnabled(not is_on)
        for part in (self.device, self.meter, self.time):
            part.setVisible(has_device)
        self.meter.setEnabled(is_on and not self.is_paused)
        if is_on:
            self.words.setText("Paused" if self.is_paused else "Recording")
        else:
            self.words.setText("" if has_device else NO_DEVICE)
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
