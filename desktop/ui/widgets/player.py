"""A small player for kept sound: play, position, speed with the pitch kept, volume. The device is handed in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QSize, Qt, SignalInstance
from PySide6.QtGui import QAction, QActionGroup, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QSlider, QToolButton, QVBoxLayout, QWidget

from desktop.core.conversation import Audio
from desktop.core.errors import BadFile, KnownError
from desktop.ui import icons, theme
from desktop.ui.widgets.labels import ElidedLabel, plain_label

if TYPE_CHECKING:
    from desktop.ui.tasks import Tasks

SPEEDS = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
STEP_MS = 5_000
PAGE_MS = 30_000
SOUNDS = (b"ID3", b"OggS", b"fLaC", b"\x1aE\xdf\xa3")
"""How kinds of sound that are played begin; playlists, which could name files and hosts, are none of them."""


class Device(Protocol):
    """What plays. Times in milliseconds, volume 0 to 1; all signals come on the window's thread."""

    position_changed: SignalInstance  # int
    length_changed: SignalInstance  # int
    playing_changed: SignalInstance  # bool
    failed: SignalInstance  # str, a sentence

    def load(self, content: bytes) -> None: ...
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


class Sounds(QObject):
    """All players of a page: one sounds at a time, and speed and volume are the same in all."""

    def __init__(self, tasks: Tasks, make_device: MakeDevice = qt_device, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tasks, self.make_device = tasks, make_device
        self.read: Callable[[str], Awaitable[bytes]] | None = None
        self.speed, self.volume = 1.0, 1.0
        self._sounding: Player | None = None

    def begin(self, player: Player) -> None:
        """The one that plays now; another one pauses."""
        if self._sounding is not None and self._sounding is not player:
            self._sounding.pause()
        self._sounding = player

    def forget(self, player: Player) -> None:
        if self._sounding is player:
            self._sounding = None


class Player(QFrame):
    """One recording. Nothing of it is read before the first press of Play."""

    def __init__(self, sound: Audio, sounds: Sounds, parent: QWidget, page: str = "chat") -> None:
        super().__init__(parent)
        self._sound, self._sounds, self._page = sound, sounds, page
        self._device: Device | None = None
        self._length = round(sound.seconds * 1000)
        self._position = 0
        self.is_playing = False
        self._is_wanted = False
        self._build()
        theme.current().changed.connect(self._measure)
        self._measure()
        self._show_time()

    def _build(self) -> None:
        self.setObjectName(f"{self._page}.player")
        self.setAccessibleName(f"Recording {self._sound.name}".strip())
        theme.style_as(self, "card")
        row = self._row = QHBoxLayout(self)
        self.play_button = self._button("play", "Play")
        icons.put(self.play_button, "play", "text")
        self.play_button.clicked.connect(self.toggle)
        row.addWidget(self.play_button)
        middle = QVBoxLayout()
        middle.setSpacing(0)
        self.title = ElidedLabel(self._sound.name or "Recording", self)
        theme.style_as(self.title, "caption")
        self.title.setObjectName(f"{self._page}.player.title")
        self.bar = self._slider("position", "Position in the recording")
        self.bar.setSingleStep(STEP_MS)
        self.bar.setPageStep(PAGE_MS)
        self.bar.setRange(0, self._length)
        self.bar.setEnabled(bool(self._length))
        self.bar.valueChanged.connect(self._moved)
        middle.addWidget(self.title)
        middle.addWidget(self.bar)
        row.addLayout(middle, 1)
        self.time = plain_label("", "caption", self)
        self.time.setObjectName(f"{self._page}.player.time")
        row.addWidget(self.time)
        row.addWidget(self._speed_button())
        self.loudness = self._slider("volume", "Volume")
        self.loudness.setRange(0, 100)
        self.loudness.setValue(round(self._sounds.volume * 100))
        self.loudness.setToolTip("Volume")
        self.loudness.valueChanged.connect(self._set_volume)
        row.addWidget(self.loudness)

    def _button(self, name: str, words: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"{self._page}.player.{name}")
        button.setAccessibleName(words)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return button

    def _slider(self, name: str, words: str) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal, self)
        slider.setObjectName(f"{self._page}.player.{name}")
        slider.setAccessibleName(words)
        return slider

    def _speed_button(self) -> QToolButton:
        self.speed = self._button("speed", "Speed")
        self.speed.setToolTip("Speed; the pitch stays")
        self.speed.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu, group = QMenu(self.speed), QActionGroup(self)
        for speed in SPEEDS:
            action = QAction(_times(speed), menu, checkable=True)
            action.setData(speed)
            group.addAction(action)
            menu.addAction(action)
        group.triggered.connect(lambda chosen: self.set_speed(chosen.data()))
        menu.aboutToShow.connect(lambda: self._check_speed(group))
        self.speed.setMenu(menu)
        self.speed.setText(_times(self._sounds.speed))
        return self.speed

    def _check_speed(self, group: QActionGroup) -> None:
        for action in group.actions():
            action.setChecked(action.data() == self._sounds.speed)

    def _measure(self) -> None:
        look = theme.current()
        self._row.setContentsMargins(look.gap(8), look.gap(4), look.gap(12), look.gap(4))
        self._row.setSpacing(look.gap(8))
        self.loudness.setFixedWidth(look.px(64))
        self.play_button.setIconSize(QSize(look.px(20), look.px(20)))
        self.play_button.setFixedSize(look.px(36), look.px(36))
        self.time.setMinimumWidth(look.px(72))
        self.time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    # What the user does

    def toggle(self) -> None:
        """Play or pause."""
        if self.is_playing:
            self.pause()
        elif self._device is not None:
            self._play()
        else:
            self._is_wanted = True
            self._sounds.tasks.start(self._load(), name=f"sound:{id(self)}")

    def pause(self) -> None:
        self._is_wanted = False
        if self._device is not None:
            self._device.pause()

    def seek(self, position: int) -> None:
        """To a place in milliseconds."""
        self._position = max(0, min(position, self._length or position))
        if self._device is not None:
            self._device.seek(self._position)
        self._show_place()

    def set_speed(self, speed: float) -> None:
        self._sounds.speed = speed
        self.speed.setText(_times(speed))
        if self._device is not None:
            self._device.set_speed(speed)

    def _set_volume(self, percent: int) -> None:
        self._sounds.volume = percent / 100
        if self._device is not None:
            self._device.set_volume(self._sounds.volume)

    def _moved(self, value: int) -> None:
        if value != self._position:
            self.seek(value)

    # Sound

    async def _load(self) -> None:
        assert self._sounds.read is not None, "the services are attached before anything is played"
        try:
            content = await self._sounds.read(self._sound.blob)
            if not is_sound(content):
                raise BadFile(
                    "This recording is of a kind that cannot be played here.", "Save it to open it elsewhere."
                )
            device = self._sounds.make_device(self)
        except KnownError as error:
            self.say(f"{error.summary} {error.advice}".strip())
            return
        self._device = device
        device.position_changed.connect(self._went_on)
        device.length_changed.connect(self._has_length)
        device.playing_changed.connect(self._began)
        device.failed.connect(self.say)
        device.load(content)
        if self._position:
            device.seek(self._position)
        if self._is_wanted:
            self._play()

    def _play(self) -> None:
        assert self._device is not None
        if self._length and self._position >= self._length - 50:
            self.seek(0)
        self._sounds.begin(self)
        self.set_speed(self._sounds.speed)
        self.loudness.setValue(round(self._sounds.volume * 100))
        self._device.set_volume(self._sounds.volume)
        self._device.play()

    def say(self, sentence: str) -> None:
        """What is wrong, in the place of the name."""
        theme.style_as(self.title, "warn")
        self.title.setText(sentence)
        self.title.setAccessibleName(sentence)

    def _began(self, is_playing: bool) -> None:
        self.is_playing = is_playing
        icons.put(self.play_button, "pause" if is_playing else "play", "text")
        self.play_button.setAccessibleName("Pause" if is_playing else "Play")
        if not is_playing:
            self._sounds.forget(self)

    def _went_on(self, position: int) -> None:
        self._position = position
        self._show_place()

    def _has_length(self, length: int) -> None:
        self._length = length
        self.bar.setRange(0, length)
        self.bar.setEnabled(length > 0)
        self._show_place()

    def _show_place(self) -> None:
        if not self.bar.isSliderDown():
            self.bar.setValue(self._position)
        self._show_time()

    def _show_time(self) -> None:
        whole = _clock(self._length) if self._length else "–:––"
        self.time.setText(f"{_clock(self._position)} / {whole}")

    def close_down(self) -> None:
        """Silent from now on; nothing of the sound stays in memory."""
        self._sounds.tasks.cancel(f"sound:{id(self)}")
        self._sounds.forget(self)
        if self._device is not None:
            self._device.close()
            self._device = None
        self.is_playing = False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space plays and pauses wherever the focus is inside."""
        if event.key() == Qt.Key.Key_Space:
            self.toggle()
        else:
            super().keyPressEvent(event)


def is_sound(content: bytes) -> bool:
    """Whether bytes begin like a recording, whatever their name says."""
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return True
    is_mpeg = len(content) > 1 and content[0] == 0xFF and content[1] & 0xE0 == 0xE0
    return is_mpeg or content[4:8] == b"ftyp" or content.startswith(SOUNDS)


def _clock(milliseconds: int) -> str:
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _times(speed: float) -> str:
    return f"{speed:g}×"
