"""The system's sound output by QtMultimedia: plays bytes or a file, slower and faster with the pitch kept."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QFile, QIODevice, QObject, QUrl, Signal
from PySide6.QtMultimedia import QAudioOutput, QMediaDevices, QMediaPlayer

from desktop.core.errors import KnownError

READY = (QMediaPlayer.MediaStatus.LoadedMedia, QMediaPlayer.MediaStatus.BufferedMedia)


class NoOutput(KnownError):
    advice_by_default = "Connect headphones or speakers, then press Play again."


def open_device(parent: QObject) -> QtDevice:
    """Raises NoOutput."""
    if not QMediaDevices.audioOutputs():
        raise NoOutput("This computer has no sound output.")
    return QtDevice(parent)


class QtDevice(QObject):
    """See `playback.Device`. Bytes never touch the disk, and no address is ever given to the player.

    Qt forgets a place it is sent to before the sound is read: such a place, and a press of Play, wait for it here.
    """

    position_changed = Signal(int)
    length_changed = Signal(int)
    playing_changed = Signal(bool)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source: QIODevice | None = None
        self._wanted: int | None = None  # the place to begin at, while the sound is being read
        self._is_awaited = False
        self._player = QMediaPlayer(self)
        self._output = QAudioOutput(self)
        self._player.setAudioOutput(self._output)
        self._player.setPitchCompensation(True)
        self._player.positionChanged.connect(lambda position: self.position_changed.emit(int(position)))
        self._player.durationChanged.connect(lambda length: self.length_changed.emit(int(length)))
        self._player.playbackStateChanged.connect(
            lambda state: self.playing_changed.emit(state is QMediaPlayer.PlaybackState.PlayingState)
        )
        self._player.mediaStatusChanged.connect(self._status_changed)
        self._player.errorOccurred.connect(lambda *_: self.failed.emit("This recording cannot be played."))

    def load(self, source: bytes | Path) -> None:
        made: QIODevice
        if isinstance(source, Path):
            made = QFile(str(source), self)
        else:
            made = QBuffer(self)
            made.setData(QByteArray(source))
        if not made.open(QIODevice.OpenModeFlag.ReadOnly):
            self.failed.emit("This recording cannot be opened.")
            return
        self._source, self._wanted = made, 0
        self._player.setSourceDevice(made, QUrl("recording"))

    def play(self) -> None:
        if self._wanted is None:
            self._player.play()
        else:
            self._is_awaited = True

    def pause(self) -> None:
        self._is_awaited = False
        self._player.pause()

    def seek(self, position: int) -> None:
        if self._wanted is None:
            self._player.setPosition(position)
        else:
            self._wanted = position

    def set_speed(self, speed: float) -> None:
        self._player.setPlaybackRate(speed)

    def set_volume(self, volume: float) -> None:
        self._output.setVolume(volume)

    def close(self) -> None:
        self._player.stop()
        self._player.setSource(QUrl())
        if self._source is not None:
            self._source.close()
        self.deleteLater()

    def _status_changed(self, status: QMediaPlayer.MediaStatus) -> None:
        if status not in READY or self._wanted is None:
            return
        position, self._wanted = self._wanted, None
        if position:
            self._player.setPosition(position)
        if self._is_awaited:
            self._is_awaited = False
            self._player.play()
