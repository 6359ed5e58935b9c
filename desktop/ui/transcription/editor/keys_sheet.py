"""All keys of the editor on one sheet: its actions, and what keys do in the list, the field and the waveform."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from desktop.ui import dialogs, theme
from desktop.ui.widgets.labels import plain_label

GROUPS = (
    ("Listen", ("play", "back", "forward", "previous", "next", "loop", "faster", "slower")),
    ("Change", ("undo", "redo", "split", "merge", "insert", "delete", "hear-again", "afterwork")),
    (
        "Times",
        ("begin-here", "end-here", "begin-earlier", "begin-later", "end-earlier", "end-later", "shift"),
    ),
    ("Look", ("find", "replace", "read", "original", "zoom-in", "zoom-out", "zoom-segment", "zoom-all", "keys")),
)
IN_PLACES = (
    (
        "In the list",
        (
            ("Tab, Space", "Play or pause"),
            ("Enter, F2", "Edit the words"),
            ("1 to 9", "Give to a speaker"),
            ("0", "Give to nobody"),
            ("Delete", "Delete the segments"),
            ("Ctrl+C", "Copy the words"),
        ),
    ),
    (
        "In the words of a segment",
        (
            ("Tab", "Play or pause"),
            ("Enter", "Edit the next segment"),
            ("Ctrl+Enter", "Split at the cursor"),
            ("Shift+Enter", "A new line"),
            ("Backspace at the start", "Merge with the one before"),
            ("Delete at the end", "Merge with the next one"),
            ("Esc", "End editing"),
        ),
    ),
    (
        "In the waveform",
        (
            ("Tab, Space", "Play or pause"),
            ("Left, Right", "Pan"),
            ("Up, Down", "Zoom"),
            ("Home, End", "To the beginning, to the end"),
            ("0", "Show all of the recording"),
            ("Esc", "Select nothing"),
        ),
    ),
)
Rows = list[tuple[str, list[tuple[str, str]]]]


def listed(actions: Mapping[str, QAction]) -> Rows:
    """Groups of keys with what they do; an action says its own."""
    made: Rows = []
    for title, names in GROUPS:
        made.append((title, [(_keys(actions[name]), _words(name, actions[name])) for name in names]))
    return [*made, *((title, list(rows)) for title, rows in IN_PLACES)]


def _keys(action: QAction) -> str:
    """As keys are called on the rest of the sheet."""
    return ", ".join(each.toString().replace("Return", "Enter") for each in action.shortcuts())


def _words(name: str, action: QAction) -> str:
    """Undo and redo say what they would take back; here they are meant at all times."""
    return name.capitalize() if name in ("undo", "redo") else action.text().rstrip("…")


async def show(parent: QWidget, actions: Mapping[str, QAction]) -> None:
    """Until it is closed."""
    look = theme.current()
    sheet = QDialog(parent.window())
    sheet.setObjectName("editor.keys-sheet")
    sheet.setWindowTitle("Keys of the editor")
    column = QVBoxLayout(sheet)
    column.setContentsMargins(look.gap(24), look.gap(16), look.gap(16), look.gap(16))
    area = QScrollArea(sheet)
    area.setObjectName("editor.keys-list")
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(_groups(listed(actions)))
    column.addWidget(area, 1)
    row = QHBoxLayout()
    row.addStretch(1)
    close = QPushButton("Close", sheet)
    close.setObjectName("editor.keys-close")
    close.setDefault(True)
    close.clicked.connect(sheet.accept)
    row.addWidget(close)
    column.addLayout(row)
    sheet.resize(look.px(800), min(look.px(640), parent.window().height()))
    await dialogs.finished(sheet)


def _groups(groups: Rows) -> QWidget:
    """Two columns of groups."""
    look, sides = theme.current(), QWidget()
    row = QHBoxLayout(sides)
    row.setContentsMargins(0, 0, look.gap(8), 0)
    row.setSpacing(look.gap(32))
    half = len(groups) // 2
    for some in (groups[:half], groups[half:]):
        grid = QGridLayout()
        grid.setHorizontalSpacing(look.gap(16))
        grid.setVerticalSpacing(look.gap(4))
        for title, rows in some:
            at = grid.rowCount()
            grid.addWidget(plain_label(title, "strong", sides), at, 0, 1, 2)
            for number, (keys, told) in enumerate(rows, at + 1):
                grid.addWidget(plain_label(told, "", sides), number, 0)
                grid.addWidget(plain_label(keys, "muted", sides), number, 1)
            grid.setRowMinimumHeight(grid.rowCount(), look.gap(12))
        grid.setRowStretch(grid.rowCount(), 1)
        row.addLayout(grid, 1)
    return sides
