"""The system's microphones by QtMultimedia: 16-bit samples, as they come."""

from __future__ import annotations

from PySide6.QtCore import QIODevice, QObject, Signal
from PySide6.QtMultimedia import QAudio, QAudioDevice, QAudioFormat, QAudioSource, QMediaDevices

from desktop.core.errors import KnownError

RATE = 48_000


class NoMicrophone(KnownError):
    advice_by_default = "Connect a microphone, then press Record again."


class Microphone(QObject):
    """See `recording.Source`."""

    samples = Signal(bytes)
    broke = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source: QAudioSource | None = None
        self._device: QIODevice | None = None
        self.rate, self.channels = RATE, 1

    @staticmethod
    def devices() -> list[str]:
        """Their names, the system's own choice first."""
        usual = QMediaDevices.defaultAudioInput()
        found = sorted(QMediaDevices.audioInputs(), key=lambda each: each.id() != usual.id())
        return [each.description() for each in found]

    def start(self, name: str) -> None:
        """Raises NoMicrophone."""
        found = [each for each in QMediaDevices.audioInputs() if each.description() == name]
        device = found[0] if found else QMediaDevices.defaultAudioInput()
        if device.isNull():
            raise NoMicrophone("This computer has no microphone.")
        form = self._form(device)
        self.rate, self.channels = form.sampleRate(), form.channelCount()
        self._source = QAudioSource(device, form, self)
        self._device = self._source.start()
        if self._device is None:
            raise NoMicrophone(f"“{name}” gives no sound.", "Choose another microphone.")
        self._device.readyRead.connect(self._read)
        self._source.stateChanged.connect(self._turned)

    @staticmethod
    def _form(device: QAudioDevice) -> QAudioFormat:
        """Mono at a usual rate where the device has it, else its own; always 16 bits."""
        form = QAudioFormat()
        form.setSampleRate(RATE)
        form.setChannelCount(1)
        form.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        if not device.isFormatSupported(form):
            form = device.preferredFormat()
            form.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        return form

    def _turned(self, state: QAudio.State) -> None:
        """It has stopped by itself: unplugged, or taken by another program."""
        source = self._source
        if source is not None and state is QAudio.State.StoppedState and source.error().name != "NoError":
            self.broke.emit(NoMicrophone("The microphone gives no sound any more.", "What was said is kept."))

    def pause(self) -> None:
        if self._source is not None:
            self._source.suspend()

    def resume(self) -> None:
        if self._source is not None:
            self._source.resume()

    def stop(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            self._read()
            source.stop()
            source.deleteLater()
        self._device = None

    def _read(self) -> None:
        if self._device is not None and (content := self._device.readAll().data()):
            self.samples.emit(bytes(content))
