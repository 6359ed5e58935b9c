"""A small player for kept sound: play, position, speed with the pitch kept, volume. The device is handed in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSlider, QToolButton, QVBoxLayout, QWidget

from desktop.core.conversation import Audio
from desktop.core.errors import BadFile, KnownError
from desktop.ui import icons, theme
from desktop.ui.widgets.labels import ElidedLabel, plain_label
from desktop.ui.widgets.playback import STEP_MS, Playback
from desktop.ui.widgets.playback import MakeDevice as MakeDevice
from desktop.ui.widgets.playback import qt_device as qt_device
from desktop.ui.widgets.sound_kinds import is_sound
from desktop.ui.widgets.speed_button import SpeedButton

if TYPE_CHECKING:
    from desktop.ui.tasks import Tasks

PAGE_MS = 30_000


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
        self._playback = Playback(lambda parent: sounds.make_device(parent), self)
        self._playback.length = round(sound.seconds * 1000)
        self._is_wanted = False
        self._build()
        self._playback.moved.connect(self._show_place)
        self._playback.length_changed.connect(self._show_length)
        self._playback.playing_changed.connect(self._show_playing)
        self._playback.problem.connect(self.say)
        theme.current().changed.connect(self._measure)
        self._measure()
        self._show_time()

    @property
    def is_playing(self) -> bool:
        return self._playback.is_playing

    def _build(self) -> None:
        self.setObjectName(f"{self._page}.player")
        self.setAccessibleName(f"Recording {self._sound.name}".strip())
        theme.style_as(self, "card")
        row = self._row = QHBoxLayout(self)
        self.play_button = QToolButton(self)
        self.play_button.setObjectName(f"{self._page}.player.play")
        self.play_button.setAccessibleName("Play")
        self.play_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        icons.put(self.play_button, "play", "text")
        self.play_button.clicked.connect(self.toggle)
        self.time = plain_label("", "caption", self)
        self.time.setObjectName(f"{self._page}.player.time")
        self.speed = SpeedButton(f"{self._page}.player.speed", "Speed; the pitch stays", self)
        self.speed.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.speed.chosen.connect(self.set_speed)
        self.speed.show_speed(self._sounds.speed)
        self.loudness = self._slider("volume", "Volume")
        self.loudness.setRange(0, 100)
        self.loudness.setValue(round(self._sounds.volume * 100))
        self.loudness.setToolTip("Volume")
        self.loudness.valueChanged.connect(self._set_volume)
        row.addWidget(self.play_button)
        row.addLayout(self._middle(), 1)
        for widget in (self.time, self.speed, self.loudness):
            row.addWidget(widget)

    def _middle(self) -> QVBoxLayout:
        """The name over the bar."""
        middle = QVBoxLayout()
        middle.setSpacing(0)
        self.title = ElidedLabel(self._sound.name or "Recording", self)
        theme.style_as(self.title, "caption")
        self.title.setObjectName(f"{self._page}.player.title")
        self.bar = self._slider("position", "Position in the recording")
        self.bar.setSingleStep(STEP_MS)
        self.bar.setPageStep(PAGE_MS)
        self.bar.setRange(0, self._playback.length)
        self.bar.setEnabled(bool(self._playback.length))
        self.bar.valueChanged.connect(self._dragged)
        middle.addWidget(self.title)
        middle.addWidget(self.bar)
        return middle

    def _slider(self, name: str, words: str) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal, self)
        slider.setObjectName(f"{self._page}.player.{name}")
        slider.setAccessibleName(words)
        return slider

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
        elif self._playback.source is not None:
            self._play()
        else:
            self._is_wanted = True
            self._sounds.tasks.start(self._load(), name=f"sound:{id(self)}")

    def pause(self) -> None:
        self._is_wanted = False
        self._playback.pause()

    def seek(self, position: int) -> None:
        """To a place in milliseconds."""
        self._playback.seek(position)

    def set_speed(self, speed: float) -> None:
        self._sounds.speed = speed
        self.speed.show_speed(speed)
        self._playback.set_speed(speed)

    def _set_volume(self, percent: int) -> None:
        self._sounds.volume = percent / 100
        self._playback.set_volume(self._sounds.volume)

    def _dragged(self, value: int) -> None:
        if value != self._playback.position:
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
        except KnownError as error:
            self.say(f"{error.summary} {error.advice}".strip())
            return
        self._playback.open(content, self._playback.length, self._playback.position)
        if self._is_wanted:
            self._play()

    def _play(self) -> None:
        self._sounds.begin(self)
        self.set_speed(self._sounds.speed)
        self.loudness.setValue(round(self._sounds.volume * 100))
        self._playback.set_volume(self._sounds.volume)
        self._playback.play()

    def say(self, sentence: str) -> None:
        """What is wrong, in the place of the name."""
        theme.style_as(self.title, "warn")
        self.title.setText(sentence)
        self.title.setAccessibleName(sentence)

    def _show_playing(self, is_playing: bool) -> None:
        icons.put(self.play_button, "pause" if is_playing else "play", "text")
        self.play_button.setAccessibleName("Pause" if is_playing else "Play")
        if not is_playing:
            self._sounds.forget(self)

    def _show_length(self, length: int) -> None:
        self.bar.setRange(0, length)
        self.bar.setEnabled(length > 0)
        self._show_place()

    def _show_place(self) -> None:
        if not self.bar.isSliderDown():
            self.bar.setValue(self._playback.position)
        self._show_time()

    def _show_time(self) -> None:
        whole = _clock(self._playback.length) if self._playback.length else "–:––"
        self.time.setText(f"{_clock(self._playback.position)} / {whole}")

    def close_down(self) -> None:
        """Silent from now on; nothing of the sound stays in memory."""
        self._sounds.tasks.cancel(f"sound:{id(self)}")
        self._sounds.forget(self)
        self._playback.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space plays and pauses wherever the focus is inside."""
        if event.key() == Qt.Key.Key_Space:
            self.toggle()
        else:
            super().keyPressEvent(event)


def _clock(milliseconds: int) -> str:
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
