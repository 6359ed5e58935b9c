"""The system's sound output by QtMultimedia: plays bytes from memory, slower and faster with the pitch kept."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QUrl, Signal
from PySide6.QtMultimedia import QAudioOutput, QMediaDevices, QMediaPlayer

from desktop.core.errors import KnownError


class NoOutput(KnownError):
    advice_by_default = "Connect headphones or speakers, then press Play again."


def open_device(parent: QObject) -> QtDevice:
    """Raises NoOutput."""
    if not QMediaDevices.audioOutputs():
        raise NoOutput("This computer has no sound output.")
    return QtDevice(parent)


class QtDevice(QObject):
    """See `player.Device`. The sound never touches the disk, and no address is ever given to the player."""

    position_changed = Signal(int)
    length_changed = Signal(int)
    playing_changed = Signal(bool)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._buffer = QBuffer(self)
        self._player = QMediaPlayer(self)
        self._output = QAudioOutput(self)
        self._player.setAudioOutput(self._output)
        self._player.setPitchCompensation(True)
        self._player.positionChanged.connect(lambda position: self.position_changed.emit(int(position)))
        self._player.durationChanged.connect(lambda length: self.length_changed.emit(int(length)))
        self._player.playbackStateChanged.connect(
            lambda state: self.playing_changed.emit(state is QMediaPlayer.PlaybackState.PlayingState)
        )
        self._player.errorOccurred.connect(lambda *_: self.failed.emit("This recording cannot be played."))

    def load(self, content: bytes) -> None:
        self._buffer.setData(QByteArray(content))
        self._buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        self._player.setSourceDevice(self._buffer, QUrl("recording"))

    def play(self) -> None:
        self._player.play()

    def pause(self) -> None:
        self._player.pause()

    def seek(self, position: int) -> None:
        self._player.setPosition(position)

    def set_speed(self, speed: float) -> None:
        self._player.setPlaybackRate(speed)

    def set_volume(self, volume: float) -> None:
        self._output.setVolume(volume)

    def close(self) -> None:
        self._player.stop()
        self._player.setSource(QUrl())
        self._buffer.close()
        self.deleteLater()
