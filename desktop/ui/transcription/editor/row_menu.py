"""The menu of segments: what is done with the selected ones, who spoke, and what is done with the whole."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from desktop.core.transcript import Speaker
from desktop.ui.transcription.editor.commands import Commands
from desktop.ui.widgets.tooltip import no_mnemonic

OF_ROWS = (
    ("split", "merge", "insert", "delete"),
    ("begin-here", "end-here", "shift", "zoom-segment", "loop"),
    ("hear-again", "afterwork"),
    ("original", "revert"),
)
OF_ALL = (
    ("undo", "redo"),
    ("find", "replace", "read", "original"),
    ("hear-again", "afterwork"),
    ("shift", "revert"),
    ("keys",),
)


def of_rows(
    parent: QWidget, actions: Mapping[str, QAction], speakers: tuple[Speaker, ...], commands: Commands
) -> QMenu:
    menu = _made(parent, actions, OF_ROWS)
    who = QMenu("Speaker", menu)
    for number, speaker in enumerate(speakers, 1):
        action = who.addAction(no_mnemonic(speaker.name) + (f"\t{number}" if number < 10 else ""))
        action.triggered.connect(lambda _=False, id=speaker.id: commands.assign(id))
    who.addAction("Nobody\t0").triggered.connect(lambda: commands.assign(""))
    menu.insertMenu(actions["begin-here"], who)
    menu.insertSeparator(actions["begin-here"])
    return menu


def of_all(parent: QWidget, actions: Mapping[str, QAction]) -> QMenu:
    return _made(parent, actions, OF_ALL)


def _made(parent: QWidget, actions: Mapping[str, QAction], groups: tuple[tuple[str, ...], ...]) -> QMenu:
    menu = QMenu(parent)
    for number, names in enumerate(groups):
        if number:
            menu.addSeparator()
        for name in names:
            menu.addAction(actions[name])
    menu.aboutToHide.connect(menu.deleteLater)
    return menu
