"""Small widgets that stand over the rows in view: buttons of a message's end, players of its sounds."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from desktop.ui.theme import Theme
from desktop.ui.widgets.transcript_actions import StateButtons
from desktop.ui.widgets.transcript_media import Media, SoundBlock
from desktop.ui.widgets.transcript_rows import Row

Key = tuple[str, int]
"""(id of the message, -1 for its state buttons or the number of the sound in it)"""


class Overlays(QObject):
    """Made where a row comes into view, gone when it leaves; a player that plays stays until it has ended."""

    action = Signal(str, str)

    def __init__(self, theme: Theme, parent: QWidget, name: str, *, has_buttons: bool) -> None:
        super().__init__(parent)
        self._has_buttons = has_buttons
        self._theme, self._over, self._name = theme, parent, name
        self._made: dict[Key, QWidget] = {}
        self.media: Media | None = None

    def __bool__(self) -> bool:
        return bool(self._made)

    def place(self, rows: Iterable[tuple[Row, int]], left: int, column: int) -> None:
        """`rows` are those in view, each with its top in the window."""
        wanted: set[Key] = set()
        for row, y in rows:
            if self._has_buttons and row.width and row.state_line[2]:
                wanted.add((row.message.id, -1))
                self._place_buttons(row, y, left + column - row.ink.px(16))
            if self.media is not None and row.has_sound and row.tops:
                wanted |= self._place_players(row, y, left)
        for key in [key for key in self._made if key not in wanted]:
            self._leave(key)

    def close(self, message_id: str) -> None:
        """The message was made anew: its widgets are too."""
        for key in [key for key in self._made if key == (message_id, -1)]:
            self._close(key)

    def restyle(self) -> None:
        """Buttons are made anew; players follow the theme by themselves and go on."""
        for key in [key for key in self._made if key[1] == -1]:
            self._close(key)

    def close_all(self) -> None:
        for key in list(self._made):
            self._close(key)

    def _place_buttons(self, row: Row, y: int, right: int) -> None:
        key, names = (row.message.id, -1), row.state_line[2]
        made = self._made.get(key)
        if not isinstance(made, StateButtons) or made.names != names:
            self._close(key)
            made = StateButtons(self._theme, names, self._over, self._name)
            made.chosen.connect(lambda name, message_id=row.message.id: self.action.emit(message_id, name))
            self._made[key] = made
        made.adjustSize()
        made.move(right - made.width(), y + row.foot_top + (row.state_height - made.height()) // 2)
        made.show()

    def _place_players(self, row: Row, y: int, left: int) -> set[Key]:
        assert self.media is not None
        placed: set[Key] = set()
        sounds = [(at, block) for at, block in enumerate(row.blocks) if isinstance(block, SoundBlock)]
        for number, (at, block) in enumerate(sounds):
            key = (row.message.id, number)
            placed.add(key)
            made = self._made.get(key)
            if made is None:
                made = self._made[key] = self.media.make_player(block.sound, self._over)
            made.setGeometry(
                left + row.x_of(block), y + row.tops[at], int(row.width_of(block)), int(block.guess(row.width))
            )
            made.show()
        return placed

    def _leave(self, key: Key) -> None:
        """Out of view: what still sounds is only hidden."""
        made = self._made[key]
        if getattr(made, "is_playing", False):
            made.hide()
        else:
            self._close(key)

    def _close(self, key: Key) -> None:
        if (made := self._made.pop(key, None)) is not None:
            made.hide()
            if (end := getattr(made, "close_down", None)) is not None:
                end()
            made.deleteLater()
