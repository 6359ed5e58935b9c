"""The menu of a message: what can be done with the selection, with what is under the mouse, and with all of it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from desktop.core.conversation import Picture
from desktop.core.text import visible
from desktop.ui.widgets import links
from desktop.ui.widgets.tooltip import no_mnemonic
from desktop.ui.widgets.transcript_actions import ACTIONS, STATE_ACTIONS, names_for
from desktop.ui.widgets.transcript_block import Block
from desktop.ui.widgets.transcript_code import Code
from desktop.ui.widgets.transcript_media import Chip, Kept, PictureBlock, SoundBlock
from desktop.ui.widgets.transcript_rows import Row
from desktop.ui.widgets.transcript_selection import to_clipboard

MOST_IN_MENU = 6
"""Pictures, sounds and files of a message."""

Spot = tuple[Block, float, float]
"""A block and a point in it."""
AddMore = Callable[[QMenu, str], None]
"""Puts further entries into the menu of the message with an id."""


class MessageMenu(QObject):
    part_action = Signal(str, object)  # show, copy or save; the Picture, Audio or Attachment
    link = Signal(object)
    copy_wanted = Signal()  # of the selection
    all_wanted = Signal()

    def __init__(self, over: QWidget, *, is_reading: bool) -> None:
        super().__init__(over)
        self._over, self._is_reading = over, is_reading
        self.add_more: AddMore | None = None
        self.has_media = False

    def made(self, row: Row | None, spot: Spot | None, *, has_selection: bool, act: Callable[[str], None]) -> QMenu:
        """`spot` is what is under the mouse; None where the menu was asked for with a key."""
        menu = QMenu(self._over)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if has_selection:
            menu.addAction("Copy selection").triggered.connect(lambda: self.copy_wanted.emit())
        if spot is not None:
            self._add_spot(menu, spot)
        for kept in self._kept_in(row, spot[0] if spot is not None else None):
            self._add_part(menu, kept)
        menu.addSeparator()
        if row is not None:
            self._add_actions(menu, row, act)
            if self.add_more is not None:
                self.add_more(menu, row.message.id)
        menu.addSeparator()
        menu.addAction("Select all").triggered.connect(lambda: self.all_wanted.emit())
        return menu

    def _add_spot(self, menu: QMenu, spot: Spot) -> None:
        block, x, y = spot
        if found := block.link_at(x, y):
            verdict = links.decide(*found)
            menu.addAction("Open link …").triggered.connect(lambda: self.link.emit(verdict))
            copy = menu.addAction("Copy link address")
            copy.triggered.connect(lambda: QGuiApplication.clipboard().setText(verdict.address))
        if isinstance(block, Code):
            menu.addAction("Copy code").triggered.connect(lambda: to_clipboard(block.text()))

    def _add_actions(self, menu: QMenu, row: Row, act: Callable[[str], None]) -> None:
        own = () if self._is_reading else ("fork", *row.state_line[2])
        for name in [*names_for(row.message, row.branch, is_reading=self._is_reading), *own]:
            if name in ("more", "quote"):
                continue
            words = {"copy": "Copy message"}.get(name) or STATE_ACTIONS.get(name) or ACTIONS[name][1]
            menu.addAction(words).triggered.connect(lambda _=False, name=name: act(name))

    def _kept_in(self, row: Row | None, block: Block | None) -> list[Kept]:
        """The one under the mouse, else all of the message."""
        if not self.has_media:
            return []
        if isinstance(block, PictureBlock | SoundBlock | Chip):
            return [block.kept] if block.kept is not None else []
        found = [each.kept for each in (row.blocks if row is not None and block is None else ())]
        return [kept for kept in found if kept is not None and kept.blob][:MOST_IN_MENU]

    def _add_part(self, menu: QMenu, kept: Kept) -> None:
        name = no_mnemonic(visible(kept.name)[:60])
        offers = [("save", f"Save “{name}” as …" if name else "Save as …")]
        if isinstance(kept, Picture):
            offers = [("show", "Show picture large"), ("copy", "Copy picture"), *offers]
        for action, words in offers:
            entry = menu.addAction(words)
            entry.triggered.connect(lambda _=False, action=action: self.part_action.emit(action, kept))
