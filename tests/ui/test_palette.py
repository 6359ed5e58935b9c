"""The palette finds every action by a few of its letters."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from desktop.ui import actions
from desktop.ui.palette import Palette, rank


@pytest.mark.parametrize(
    ("wanted", "better", "worse"),
    [
        ("set", "Go to Settings", "Show or hide the list of calls"),
        ("lt", "Larger text", "Go to Models at last"),
        ("gt", "Go to Chat", "Larger gadget"),
        ("text", "Larger text", "The extra text"),
    ],
)
def test_beginnings_of_words_and_runs_come_first(wanted, better, worse):
    good, bad = rank(wanted, better), rank(wanted, worse)
    assert good is not None
    assert bad is None or good < bad


def test_letters_must_all_be_there_in_order():
    assert rank("xyz", "Go to Chat") is None
    assert rank("tac", "Chat") is None
    assert rank("CAFE", "Open the café") is not None


@pytest.fixture
def window(qtbot):
    made = QWidget()
    made.resize(900, 600)
    qtbot.addWidget(made)
    made.show()
    made.done = []
    for text in ("Go to Chat", "Go to Settings", "Larger text"):
        actions.make(made, f"window.{text}", text, lambda text=text: made.done.append(text), keys=("Ctrl+9",))
    return made


def test_typing_finds_and_enter_does(window, qtbot, qtmodeltester):
    palette = Palette(window)
    palette.open(actions.offered(None, window))
    assert palette.found.rowCount() == 3
    qtmodeltester.check(palette.found)
    qtbot.keyClicks(palette.field, "sett")
    assert palette.found.rowCount() == 1
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.done == ["Go to Settings"]
    assert not palette.isVisible()


def test_arrows_go_round_and_escape_leaves_all_as_it_was(window, qtbot):
    palette = Palette(window)
    palette.open(actions.offered(None, window))
    qtbot.keyClick(palette.field, Qt.Key.Key_Up)
    assert palette.list.currentIndex().data() == "Larger text"
    with qtbot.waitSignal(palette.left):
        qtbot.keyClick(palette.field, Qt.Key.Key_Escape)
    assert window.done == []


def test_what_cannot_be_done_now_is_not_offered(window):
    window.actions()[0].setEnabled(False)
    assert [action.text() for action in actions.offered(None, window)] == ["Go to Settings", "Larger text"]
