"""Plays one recording on a device that is handed in: place, speed, volume, a stretch over and over. It has no looks."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance

from desktop.core.errors import KnownError

SPEEDS = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
STEP_MS = 5_000
END_MS = 50  # so near to the end Play begins anew
FRAME_MS = 33
AHEAD_MS = 500  # how far the clock may run ahead of what the device last said


class Device(Protocol):
    """What plays. Times in milliseconds, volume 0 to 1; all signals come on the window's thread."""

    position_changed: SignalInstance  # int
    length_changed: SignalInstance  # int
    playing_changed: SignalInstance  # bool
    failed: SignalInstance  # str, a sentence

    def load(self, source: bytes | Path) -> None: ...
    def play(self) -> None: ...
    def pause(self) -> None: ...
    def seek(self, position: int) -> None: ...
    def set_speed(self, speed: float) -> None: ...
    def set_volume(self, volume: float) -> None: ...
    def close(self) -> None: ...


MakeDevice = Callable[[QObject], Device]
"""Raises KnownError where this computer has nothing to play on."""


def qt_device(parent: QObject) -> Device:
    """The system's sound output."""
    from desktop.ui.widgets.sound_device import open_device  # QtMultimedia, for those who play something

    return open_device(parent)


class Playback(QObject):
    """Times in milliseconds. The device is made by the first press of Play; where that fails, by the next one.

    `moved` follows the device, which tells its place a few times a second; where `is_smooth`, the clock says how far
    it is between, about thirty times a second. `problem` carries a sentence.
    """

    moved = Signal(int)
    length_changed = Signal(int)
    playing_changed = Signal(bool)
    problem = Signal(str)

    def __init__(
        self,
        make_device: MakeDevice,
        parent: QObject | None = None,
        *,
        is_smooth: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self.make_device, self._clock = make_device, clock
        self._is_smooth = is_smooth
        self._device: Device | None = None
        self.source: bytes | Path | None = None
        self.position, self.length = 0, 0
        self.speed, self.volume = 1.0, 1.0
        self.is_playing = False
        self.looped: tuple[int, int] | None = None
        self._heard = (0, 0.0)  # the device's last position, and when it came
        self._frames = QTimer(self, interval=FRAME_MS)
        self._frames.timeout.connect(self._between)

    def open(self, source: bytes | Path | None, length: int, position: int = 0) -> None:
        """Another recording that `sound_kinds` let pass, or None."""
        self.close()
        self.source, self.length, self.position, self.looped = source, length, position, None

    def toggle(self) -> None:
        if self.is_playing:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        if self.source is None:
            self.problem.emit("The recording's file is missing.")
            return
        if self._device is None and not self._load(self.source):
            return
        assert self._device is not None
        if self.length and self.position >= self.length - END_MS:
            self.seek(0)
        self._device.set_speed(self.speed)
        self._device.set_volume(self.volume)
        self._device.play()

    def pause(self) -> None:
        if self._device is not None:
            self._device.pause()

    def seek(self, position: int) -> None:
        self.position = max(0, min(position, self.length or position))
        self._heard = (self.position, self._clock())
        if self._device is not None:
            self._device.seek(self.position)
        self.moved.emit(self.position)

    def step(self, milliseconds: int) -> None:
        self.seek(self.position + milliseconds)

    def set_speed(self, speed: float) -> None:
        self.speed = speed
        if self._device is not None:
            self._device.set_speed(speed)

    def faster(self, by: int) -> float:
        """The next speed above (1) or below (-1)."""
        at = min(range(len(SPEEDS)), key=lambda n: abs(SPEEDS[n] - self.speed))
        self.set_speed(SPEEDS[min(max(0, at + by), len(SPEEDS) - 1)])
        return self.speed

    def set_volume(self, volume: float) -> None:
        self.volume = volume
        if self._device is not None:
            self._device.set_volume(volume)

    def loop(self, span: tuple[int, int] | None) -> None:
        """Play a stretch again and again, None to go on."""
        self.looped = span if span and span[1] > span[0] else None
        if self.looped and not self.looped[0] <= self.position < self.looped[1]:
            self.seek(self.looped[0])

    def close(self) -> None:
        """Silent from now on; nothing of the sound stays in memory."""
        self._frames.stop()
        self.source = None
        if self._device is not None:
            self._device.close()
            self._device = None
        if self.is_playing:
            self.is_playing = False
            self.playing_changed.emit(False)

    def _load(self, source: bytes | Path) -> bool:
        try:
            device = self.make_device(self)
        except KnownError as error:
            self.problem.emit(f"{error.summary} {error.advice}".strip())
            return False
        self._device = device
        device.position_changed.connect(self._went_on)
        device.length_changed.connect(self._has_length)
        device.playing_changed.connect(self._began)
        device.failed.connect(self.problem)
        device.load(source)
        if self.position:
            device.seek(self.position)
        return True

    def _has_length(self, length: int) -> None:
        self.length = length or self.length
        self.length_changed.emit(self.length)

    def _began(self, is_playing: bool) -> None:
        self.is_playing = is_playing
        self._heard = (self.position, self._clock())
        if is_playing and self._is_smooth:
            self._frames.start()
        else:
            self._frames.stop()
        self.playing_changed.emit(is_playing)

    def _went_on(self, position: int) -> None:
        self._heard = (position, self._clock())
        self._at(position)

    def _between(self) -> None:
        position, when = self._heard
        self._at(position + min(AHEAD_MS, round((self._clock() - when) * 1000 * self.speed)))

    def _at(self, position: int) -> None:
        if self.looped and self.is_playing and position >= self.looped[1]:
            self.seek(self.looped[0])
            return
        self.position = min(position, self.length) if self.length else position
        self.moved.emit(self.position)
