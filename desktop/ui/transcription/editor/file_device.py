"""The system's sound output, fed from a file: no address is ever given to the player."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QFile, QIODevice, QObject, QUrl
from PySide6.QtMultimedia import QMediaDevices

from desktop.ui.widgets.sound_device import NoOutput, QtDevice


def open_file_device(parent: QObject) -> QtFileDevice:
    """Raises NoOutput."""
    if not QMediaDevices.audioOutputs():
        raise NoOutput("This computer has no sound output.")
    return QtFileDevice(parent)


class QtFileDevice(QtDevice):
    """See `playback.FileDevice`."""

    def load_file(self, path: Path) -> None:
        self._file = QFile(str(path), self)
        if not self._file.open(QIODevice.OpenModeFlag.ReadOnly):
            self.failed.emit("This recording cannot be opened.")
            return
        self._player.setSourceDevice(self._file, QUrl("recording"))
