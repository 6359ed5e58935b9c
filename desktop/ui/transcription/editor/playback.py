"""Plays the recording of the editor: from its file, at any speed with the pitch kept, a stretch over and over."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance

from desktop.core.errors import BadFile, KnownError
from desktop.ui.widgets.player import SPEEDS, is_sound

STEP_MS = 5000
FRAME_MS = 33
OTHER_SOUNDS = (b"FORM", b"caff", b"\x30\x26\xb2\x75", b"#!AMR", b"\x00\x00\x01\xba", b"ADIF")


class FileDevice(Protocol):
    """As `player.Device`, but it plays a file as it lies on the disk: recordings are long."""

    position_changed: SignalInstance  # int
    length_changed: SignalInstance  # int
    playing_changed: SignalInstance  # bool
    failed: SignalInstance  # str, a sentence

    def load_file(self, path: Path) -> None: ...
    def play(self) -> None: ...
    def pause(self) -> None: ...
    def seek(self, position: int) -> None: ...
    def set_speed(self, speed: float) -> None: ...
    def set_volume(self, volume: float) -> None: ...
    def close(self) -> None: ...


MakeFileDevice = Callable[[QObject], FileDevice]


def qt_file_device(parent: QObject) -> FileDevice:
    """The system's sound output. Raises KnownError where there is none."""
    from desktop.ui.transcription.editor.file_device import open_file_device  # QtMultimedia, for those who play

    return open_file_device(parent)


def check_playable(path: Path) -> None:
    """Raises BadFile for what is gone or does not begin like sound: a playlist could name hosts. Blocking."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise BadFile("The recording is not where it was.", "Find the file.") from error
    if not (is_sound(head) or head.startswith(OTHER_SOUNDS) or head[:4] == b"RIFF"):
        raise BadFile("This recording is of a kind that cannot be played here.", "All but playing works.")


class Playback(QObject):
    """Times in milliseconds. `moved` comes about thirty times a second while it plays, `problem` with a sentence."""

    moved = Signal(int)
    playing_changed = Signal(bool)
    problem = Signal(str)

    def __init__(
        self,
        make_device: MakeFileDevice = qt_file_device,
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._make, self._clock = make_device, clock
        self._device: FileDevice | None = None
        self.path: Path | None = None
        self.position, self.length = 0, 0
        self.speed, self.volume = 1.0, 1.0
        self.is_playing = False
        self.looped: tuple[int, int] | None = None
        self._heard = (0, 0.0)  # the device's last position, and when it came
        self._frames = QTimer(self, interval=FRAME_MS)
        self._frames.timeout.connect(self._between)

    def open(self, path: Path | None, length: int) -> None:
        """Another recording that `check_playable` let pass, or None. Its device is made by the first press of Play."""
        self.close()
        self.path, self.length, self.position, self.looped = path, length, 0, None

    def toggle(self) -> None:
        if self.is_playing:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        if self.path is None:
            self.problem.emit("The recording's file is missing.")
            return
        if self._device is None and not self._load(self.path):
            return
        assert self._device is not None
        if self.length and self.position >= self.length - 50:
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
        self._frames.stop()
        if self._device is not None:
            self._device.close()
            self._device = None
        if self.is_playing:
            self.is_playing = False
            self.playing_changed.emit(False)

    def _load(self, path: Path) -> bool:
        try:
            device = self._make(self)
        except KnownError as error:
            self.problem.emit(f"{error.summary} {error.advice}".strip())
            return False
        self._device = device
        device.position_changed.connect(self._went_on)
        device.length_changed.connect(self._has_length)
        device.playing_changed.connect(self._began)
        device.failed.connect(self.problem)
        device.load_file(path)
        if self.position:
            device.seek(self.position)
        return True

    def _has_length(self, length: int) -> None:
        self.length = length or self.length

    def _began(self, is_playing: bool) -> None:
        self.is_playing = is_playing
        self._heard = (self.position, self._clock())
        if is_playing:
            self._frames.start()
        else:
            self._frames.stop()
        self.playing_changed.emit(is_playing)

    def _went_on(self, position: int) -> None:
        self._heard = (position, self._clock())
        self._at(position)

    def _between(self) -> None:
        """The device tells its position a few times a second; between, the clock says how far it is."""
        position, when = self._heard
        self._at(position + min(500, round((self._clock() - when) * 1000 * self.speed)))

    def _at(self, position: int) -> None:
        if self.looped and self.is_playing and position >= self.looped[1]:
            self.seek(self.looped[0])
            return
        self.position = min(position, self.length) if self.length else position
        self.moved.emit(self.position)
