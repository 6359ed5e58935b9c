"""The buttons under the waveform: play, steps, segments, loop, speed, volume, zoom."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSlider, QToolButton, QWidget

from desktop.ui import icons, theme
from desktop.ui.transcription.editor import words
from desktop.ui.widgets.buttons import action_button
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.playback import Playback
from desktop.ui.widgets.speed_button import SpeedButton

LEAST, ALL_FROM = 380, 600
SPARED = ("zoom-out", "zoom-in", "previous", "next", "zoom-segment")


class Transport(QFrame):
    """A row of buttons over `playback`; those for segments and zoom are the editor's actions, given by `add`."""

    def __init__(self, playback: Playback, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("editor.transport")
        self._playback = playback
        self._play: QAction | None = None
        self._buttons: dict[str, QToolButton] = {}
        self._spared: list[QWidget] = []
        self._has_whole = True
        self._row = QHBoxLayout(self)
        self.time = plain_label("", "", self)
        self.time.setObjectName("editor.time")
        self.time.setAccessibleName("Position in the recording")
        told = "Speed; the pitch stays (Alt+Page Up, Alt+Page Down)"
        self.speed = SpeedButton("editor.speed", told, self)
        self.speed.chosen.connect(self.set_speed)
        self.loudness = QSlider(Qt.Orientation.Horizontal, self)
        self.loudness.setObjectName("editor.volume")
        self.loudness.setAccessibleName("Volume")
        self.loudness.setToolTip("Volume")
        self.loudness.setRange(0, 100)
        self.loudness.setValue(100)
        self.loudness.valueChanged.connect(lambda percent: playback.set_volume(percent / 100))
        playback.moved.connect(self.show_time)
        playback.length_changed.connect(self._fit_time)
        playback.playing_changed.connect(self._show_playing)
        theme.current().changed.connect(self._measure)

    def fill(self, play: QAction, left: list[QAction], right: list[QAction]) -> None:
        """Put the editor's actions in their places."""
        self._play = play
        self._add(play)
        for action in left:
            self._add(action)
        self._row.addWidget(self.time)
        self._row.addStretch(1)
        self._row.addWidget(self.speed)
        self._row.addWidget(self.loudness)
        for action in right:
            self._add(action)
        self._spared = [self.loudness, *(self._buttons[f"editor.{name}"] for name in SPARED)]
        self._measure()
        self.show_time()
        self.set_speed(1.0)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.current().px(LEAST), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What has other ways is left out, from the front of the list, where there is no room for all."""
        super().resizeEvent(event)
        look = theme.current()
        for at, widget in enumerate(self._spared):
            widget.setVisible(self.width() >= look.px(ALL_FROM - 36 * at))
        self._fit_time()

    def _fit_time(self) -> None:
        """The length of all goes where there is no room for it: the ruler tells it too."""
        self._has_whole = True
        self.show_time()
        self._has_whole = self._row.minimumSize().width() <= self.width()
        self.show_time()

    def _add(self, action: QAction) -> None:
        button = self._buttons[action.objectName()] = action_button(self, action)
        button.setAutoRaise(True)
        self._row.addWidget(button)

    def set_speed(self, speed: float) -> None:
        self._playback.set_speed(speed)
        self.speed.show_speed(speed)

    def _measure(self) -> None:
        look = theme.current()
        self._row.setContentsMargins(look.gap(12), look.gap(4), look.gap(12), look.gap(4))
        self._row.setSpacing(look.gap(4))
        self.loudness.setFixedWidth(look.px(72))
        self.time.setFont(look.font("figures"))
        self.time.setContentsMargins(look.gap(8), 0, look.gap(8), 0)

    def show_time(self) -> None:
        whole = words.clock(self._playback.length, 0) if self._playback.length else "–:––"
        at = words.clock(self._playback.position)
        self.time.setText(f"{at} / {whole}" if self._has_whole else at)

    def _show_playing(self, is_playing: bool) -> None:
        if self._play is not None:
            self._play.setText("Pause" if is_playing else "Play")
            icons.put(self._play, "pause" if is_playing else "play", "text")
            self._play.setToolTip("Pause (Tab)" if is_playing else "Play (Tab)")
