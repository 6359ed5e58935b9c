"""The system's sound output, fed from a file: no address is ever given to the player."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QFile, QIODevice, QObject, QUrl
from PySide6.QtMultimedia import QMediaDevices, QMediaPlayer

from desktop.ui.widgets.sound_device import NoOutput, QtDevice

READY = (QMediaPlayer.MediaStatus.LoadedMedia, QMediaPlayer.MediaStatus.BufferedMedia)


def open_file_device(parent: QObject) -> QtFileDevice:
    """Raises NoOutput."""
    if not QMediaDevices.audioOutputs():
        raise NoOutput("This computer has no sound output.")
    return QtFileDevice(parent)


class QtFileDevice(QtDevice):
    """See `playback.FileDevice`. A place or a press of Play that comes before the file is read waits for it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wanted: int | None = None
        self._is_awaited = False
        self._player.mediaStatusChanged.connect(self._status_changed)

    def load_file(self, path: Path) -> None:
        self._file = QFile(str(path), self)
        if not self._file.open(QIODevice.OpenModeFlag.ReadOnly):
            self.failed.emit("This recording cannot be opened.")
            return
        self._wanted = 0
        self._player.setSourceDevice(self._file, QUrl("recording"))

    def seek(self, position: int) -> None:
        if self._wanted is None:
            super().seek(position)
        else:
            self._wanted = position

    def play(self) -> None:
        if self._wanted is None:
            super().play()
        else:
            self._is_awaited = True

    def pause(self) -> None:
        self._is_awaited = False
        super().pause()

    def _status_changed(self, status: QMediaPlayer.MediaStatus) -> None:
        if status not in READY or self._wanted is None:
            return
        position, self._wanted = self._wanted, None
        if position:
            super().seek(position)
        if self._is_awaited:
            self._is_awaited = False
            super().play()
