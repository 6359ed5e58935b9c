"""The frame held in the hand: pages, keys, folds, focus, closing."""

from __future__ import annotations

import asyncio
import re
import sys
from itertools import groupby
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent, QFontMetrics
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QToolButton

from desktop import app
from desktop.core.errors import KeyRefused
from desktop.core.options import Options
from desktop.core.settings import Appearance
from desktop.ui import actions, theme
from desktop.ui.main_window import MainWindow
from desktop.ui.rail import FOOT, LAB, MAIN, PLACES
from tests.ui.frame import CONTROLS, nameless, tab_order


@pytest.fixture
def window(qtbot):
    theme.install(app.application()).configure(Appearance.LIGHT, 100, False)
    made = MainWindow()
    made.resize(1280, 800)
    made.show_page("chat")
    made.show()
    yield made
    made.end()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(made, QEvent.Type.DeferredDelete)  # else each change of theme redraws all of them
    theme.current().configure(Appearance.LIGHT, 100, False)


@pytest.fixture
def running(qtbot, tmp_path):
    """The whole application on a data folder of its own."""
    made = app.build(Options(tmp_path / "data", offline=True))
    made.window.show()
    return made


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_every_control_of_every_page_has_a_name(window, place):
    window.show_page(place.name)
    window.toggle_wire()
    assert nameless(window) == []


@pytest.mark.parametrize("number", range(1, 9))
def test_control_and_a_digit_select_a_page(window, qtbot, number):
    qtbot.keyClick(window, Qt.Key(ord("0") + number), Qt.KeyboardModifier.ControlModifier)
    assert window.current == MAIN[number - 1].name
    assert window.rail.buttons[window.current].isChecked()
    assert window.stack.currentWidget() is window.pages[window.current]


def test_tab_goes_from_the_rail_through_the_page_and_ends_at_the_foot(window):
    """Also where the page was built after the foot of the window."""
    window.footer.set_rate(0.5, "half")
    for name in ("chat", "usage", "library", "chat"):
        window.show_page(name)
        window.toggle_wire() if name == "library" else None
        order = tab_order(window)
        parts = [
            next(p for p in (window.rail, window.stack, window.wire, window.footer) if p.isAncestorOf(w)) for w in order
        ]
        assert [key for key, _ in groupby(parts, key=lambda part: part.objectName())] == [
            "rail", "window.pages", *(["wire"] if window.wire.isVisible() else []), "footer"
        ]  # fmt: skip
        assert [w.objectName() for w in order[-3:]] == ["footer.profile", "footer.rate", "footer.cost"]


def test_a_page_is_built_when_it_is_first_shown_and_kept(window):
    assert list(window.pages) == ["chat"]
    window.show_page("settings")
    page = window.pages["settings"]
    window.show_page("chat")
    window.show_page("settings")
    assert window.stack.currentWidget() is page


def test_pages_to_come_say_so_in_a_sentence_and_have_no_controls(window):
    to_come = [place for place in (*MAIN, *LAB, *FOOT) if not place.module]
    assert to_come
    for place in to_come:
        window.show_page(place.name)
        page = window.pages[place.name]
        texts = [label.text() for label in page.work.findChildren(QLabel)]
        assert texts[0] == place.title and "later version" in texts[1]
        assert page.parameters.isHidden() and page.history.isHidden()


@pytest.mark.parametrize("percent", [100, 130])
@pytest.mark.parametrize("name", ["chat", "library", "settings", "transcription", "usage"])
def test_everything_is_within_a_window_of_1024_by_700(window, name, percent):
    theme.current().configure(Appearance.LIGHT, percent, False)
    window.show_page(name)
    window.resize(1024, 700)
    QApplication.processEvents()
    assert (window.width(), window.height()) == (1024, 700)
    inside = window.rect()
    for part in (window.rail.buttons["settings"], window.rail.buttons["usage"], window.footer, window.stack):
        box = part.rect().translated(part.mapTo(window, part.rect().topLeft()))
        assert inside.contains(box), part.objectName()


def test_at_1024_by_700_no_page_of_the_rail_needs_scrolling(window):
    window.resize(1024, 700)
    QApplication.processEvents()
    assert window.rail.area.verticalScrollBar().maximum() == 0


def test_names_on_the_rail_are_not_cut(window):
    metrics = QFontMetrics(theme.current().font("caption"))
    assert all(metrics.horizontalAdvance(place.title) <= window.rail.width() - 4 for place in PLACES)


@pytest.mark.parametrize(("width", "shown"), [(1280, (True, True)), (1060, (True, False)), (840, (False, False))])
def test_parameters_fold_below_1100_and_the_history_below_860(window, width, shown):
    window.resize(width, 700)
    QApplication.processEvents()
    page = window.pages["chat"]
    assert (page.history.isVisible(), page.parameters.isVisible()) == shown


def test_what_was_folded_by_hand_comes_back_by_hand_also_in_a_narrow_window(window, qtbot):
    page = window.pages["chat"]
    window.resize(1000, 700)
    QApplication.processEvents()
    page.fold_parameters.trigger()
    assert page.parameters.isVisible()
    page.fold_parameters.trigger()
    assert not page.parameters.isVisible()
    assert page.folds() == {"history": False, "parameters": True}


def test_the_key_of_the_parameters_works_from_inside_the_page(window, qtbot):
    page = window.pages["chat"]
    page.composer.edit.setFocus()
    qtbot.keyClick(page.composer.edit, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    assert not page.parameters.isVisible()


def test_text_grows_shrinks_and_returns(window, qtbot):
    control = Qt.KeyboardModifier.ControlModifier
    qtbot.keyClick(window, Qt.Key.Key_Plus, control)
    assert theme.current().text_scale == 110
    qtbot.keyClick(window, Qt.Key.Key_Minus, control)
    qtbot.keyClick(window, Qt.Key.Key_Minus, control)
    assert theme.current().text_scale == 90
    qtbot.keyClick(window, Qt.Key.Key_0, control)
    assert theme.current().text_scale == 100


def test_the_palette_goes_to_a_page_and_gives_the_focus_back(window, qtbot):
    window.pages["chat"].composer.edit.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert window.palette_view.isVisible()
    qtbot.keyClick(window.palette_view.field, Qt.Key.Key_Escape)
    assert QApplication.focusWidget() is window.pages["chat"].composer.edit
    window.open_palette()
    qtbot.keyClicks(window.palette_view.field, "go to batches")
    qtbot.keyClick(window.palette_view.field, Qt.Key.Key_Return)
    assert window.current == "batches"


def test_f6_comes_to_every_part_and_round_again(window, qtbot):
    page = window.pages["chat"]
    page.composer.edit.setFocus()
    seen = []
    for _ in range(5):
        qtbot.keyClick(window, Qt.Key.Key_F6)
        focus = QApplication.focusWidget()
        parts = {
            "rail": window.rail,
            "history": page.history,
            "work": page.work,
            "parameters": page.parameters,
            "footer": window.footer,
        }
        seen.append(next(name for name, part in parts.items() if part.isAncestorOf(focus)))
    assert seen == ["parameters", "footer", "rail", "history", "work"]


def test_f6_comes_back_to_where_the_focus_was_in_a_part(window, qtbot):
    page = window.pages["chat"]
    page.composer.edit.setFocus()
    for _ in range(5):
        qtbot.keyClick(window, Qt.Key.Key_F6)
    assert QApplication.focusWidget() is page.composer.edit, "and not on the first button above"


def test_running_work_is_a_dot_on_the_rail_that_is_told_too(window):
    page = window.pages["chat"]
    page.working.emit(True)
    assert window.rail.buttons["chat"].accessibleDescription() == "Work is running"
    page.working.emit(False)
    assert window.rail.buttons["chat"].accessibleDescription() == ""


def test_a_refused_key_offers_the_profile(window):
    window.notices.remedy_for = window._remedy_for
    window.notices.report(KeyRefused("The key was refused."))
    act = window.notices.banners[0].act
    assert not act.isHidden() and act.text() == "Open the profile"
    window.notices.clear()


def test_what_was_deleted_can_be_undone_from_the_notice(window, qtbot):
    undone = []
    window.pages["chat"].undo_offered.emit("The conversation was moved to the trash.", lambda: undone.append(True))
    qtbot.mouseClick(window.notices.banners[0].act, Qt.MouseButton.LeftButton)
    assert undone == [True] and window.notices.banners == []


def test_a_file_for_a_page_to_come_is_not_swallowed_in_silence(window):
    window.open_files(["/somewhere/rows.jsonl"])
    assert window.current == "batches"
    assert "rows.jsonl was not read" in window.notices.texts()[0]


async def test_closing_asks_only_while_a_paid_reply_arrives(window, qtbot):
    page, closed = window.pages["chat"], []
    window.closed.connect(lambda: closed.append(True))
    page.reason_to_stay = lambda: "A reply that is paid for is still arriving."
    for button, ends in (("dialog.cancel", False), ("dialog.confirm", True)):
        window.close()
        await asyncio.sleep(0)
        assert closed == [] and window.isVisible()
        dialog = window.findChild(QDialog, "dialog")
        assert "still arriving" in dialog.label.text() and "Stop and close" in dialog.confirm.text()
        assert dialog.cancel.isDefault()
        qtbot.mouseClick(dialog.findChild(type(dialog.cancel), button), Qt.MouseButton.LeftButton)
        await window.tasks.settled()
        assert bool(closed) is ends


async def test_a_page_is_built_between_other_things_when_it_is_clicked(running):
    window = running.window
    await running.opened()
    await window.tasks.settled()
    window.rail.buttons["usage"].click()
    assert window.rail.buttons["usage"].isChecked() and window.current == "chat"
    others = 0
    while window.current != "usage":
        await asyncio.sleep(0)
        others += 1
    assert others > 4 and window.stack.currentWidget() is window.pages["usage"]
    assert not window._building
    await running.aclose()


async def test_what_is_asked_for_last_is_shown_and_what_was_begun_is_kept(running):
    window = running.window
    await running.opened()
    window.rail.buttons["usage"].click()
    window.show_page("chat")
    await window.tasks.settled()
    assert window.current == "chat" and window.rail.buttons["chat"].isChecked()
    window.rail.buttons["library"].click()
    window.rail.buttons["settings"].click()
    await window.tasks.settled()
    assert window.current == "settings" and window.rail.buttons["settings"].isChecked()
    await running.aclose()


async def test_who_cannot_wait_gets_the_page_that_was_begun_whole(running):
    window = running.window
    await running.opened()
    window.rail.buttons["usage"].click()
    while "usage" not in window._building:
        await asyncio.sleep(0)
    begun, page = window._building["usage"], window.page("usage")
    assert page is begun and page.services is running.services and page.view.isHidden() is False
    await window.tasks.settled()
    assert window.current == "usage" and window.stack.indexOf(page) >= 0
    assert len([each for each in window.stack.children() if type(each) is type(page)]) == 1
    await running.aclose()


async def test_modules_of_a_page_are_read_when_the_pointer_comes_near(running):
    window = running.window
    await running.opened()
    button = window.rail.buttons["usage"]
    at = QPointF(button.rect().center())
    QApplication.sendEvent(button, QEnterEvent(at, at, at))
    assert window.tasks.is_running("import:usage")
    await window.tasks.settled()
    assert "desktop.ui.usage.page" in sys.modules and "usage" not in window.pages
    await running.aclose()


async def test_closing_asks_for_jobs_whose_page_nobody_has_opened(running):
    window = running.window
    await running.opened()
    running.services.transcription.reason_to_stay = lambda: "A recording is being transcribed."
    window.close()
    while window.findChild(QDialog, "dialog") is None:
        await asyncio.sleep(0)
    assert "is being transcribed" in window.findChild(QDialog, "dialog").label.text() and window.isVisible()
    window.findChild(QDialog, "dialog").reject()
    await running.aclose()


def test_closing_does_not_ask_without_a_reason(window):
    closed = []
    window.closed.connect(lambda: closed.append(True))
    window.close()
    assert closed == [True]


def test_every_action_has_its_own_name_and_key(window):
    from desktop.ui import actions

    found = actions.offered(window.pages["chat"], window)
    names = [action.objectName() for action in found]
    keys = [key.toString() for action in found for key in action.shortcuts()]
    assert len(names) == len(set(names))
    assert len(keys) == len(set(keys))


def test_every_control_with_a_name_is_in_the_list_of_names(window):
    documented = (Path(__file__).resolve().parents[2] / "docs" / "object-names.md").read_text(encoding="utf-8")
    known = set(re.findall(r"`([a-z][a-z0-9.-]*)`", documented))
    window.show_page("settings")
    window.open_palette()
    window.toggle_wire()
    window.notices.report(KeyRefused("The key was refused."))
    missing = set()
    for kind in CONTROLS:
        for control in window.findChildren(kind):
            name = control.objectName()
            part = name.partition(".")[0]
            if part in ("rail", "notices", "footer", "palette", "wire", "window") and name not in known:
                missing.add(name)
    assert missing == set()


async def test_a_page_that_is_asked_for_while_it_is_fetched_is_made_once(window):
    coming = asyncio.create_task(window._come_to("usage"))
    await asyncio.sleep(0)  # its modules are being imported
    window.show_page("usage")
    await coming
    assert window._building == {} and window.current == "usage"


async def test_what_one_page_meets_at_the_end_keeps_no_other_from_writing(window, monkeypatch):
    written = []

    async def broken():
        raise ZeroDivisionError

    async def whole():
        written.append("usage")

    window.show_page("usage")
    monkeypatch.setattr(window.pages["chat"], "close_down", broken)
    monkeypatch.setattr(window.pages["usage"], "close_down", whole)
    await window.close_down()
    assert written == ["usage"]


async def test_the_dock_of_calls_is_made_when_it_is_wanted_and_its_commands_are_there_before(running):
    await running.opened()
    window = running.window
    await window.tasks.settled()
    assert "wire" not in window.__dict__
    offered = {action.objectName(): action for action in actions.offered(window.pages["chat"], window)}
    assert {"wire.paste", "wire.collections"} <= offered.keys()
    offered["wire.paste"].trigger()
    while window.findChild(QDialog, "wire.paste-dialog") is None:
        await asyncio.sleep(0)
    assert not window.wire.isVisible()
    names = [action.objectName() for action in window.actions()]
    assert names.count("wire.paste") == names.count("wire.collections") == 1
    window.findChild(QDialog, "wire.paste-dialog").reject()
    await running.aclose()


async def test_the_dock_comes_in_the_size_it_had_with_all_its_icons(running, qtbot):
    await running.opened()
    window = running.window
    await window.tasks.settled()
    window.toggle_wire()
    QApplication.sendPostedEvents()  # the dock is laid out in the next turn
    upper, lower = window.splitter.sizes()
    window.splitter.setSizes([upper - 80, lower + 80])
    sizes = window.splitter.sizes()
    assert sizes != [upper, lower]
    window.toggle_wire()
    await running.aclose()
    again = app.build(running.options)
    again.window.resize(running.window.size())
    again.window.show()
    await again.opened()
    await again.window.tasks.settled()
    again.window.toggle_wire()
    QApplication.sendPostedEvents()
    assert again.window.splitter.sizes() == sizes
    buttons = [button for button in again.window.wire.findChildren(QToolButton) if button.defaultAction()]
    assert buttons and not any(button.icon().isNull() for button in buttons)
    await again.aclose()
