"""Failures and news: shown once, calmly, without any key."""

from __future__ import annotations

import logging

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QListWidget, QPushButton, QToolButton, QVBoxLayout, QWidget

from desktop.core.errors import Detail, KeyRefused, Overloaded
from desktop.core.secret import Secret
from desktop.ui import theme
from desktop.ui.notices import Notices, Remedy, bug_report

KEY = "sk-proj-4f9Zq81LmN0pXyT7vWb2"


@pytest.fixture
def notices(qtbot):
    made = Notices()
    qtbot.addWidget(made)
    made.redactor.learn(Secret(KEY))
    made.resize(800, 400)
    return made


def shown(notices) -> str:
    return "\n".join(label.text() for banner in notices.banners for label in banner.findChildren(QLabel))


def bug() -> Exception:
    key = KEY
    try:
        raise ValueError(f"broken with {key}")
    except ValueError as error:
        return error


def test_a_known_error_shows_sentence_advice_and_folded_details(notices, qtbot):
    detail = Detail(status=503, request_id="req_7", said="<b>busy</b>")
    notices.report(Overloaded("The server is busy.", detail=detail))
    notices.show()
    banner = notices.banners[0]
    assert "The server is busy." in shown(notices) and "Try again in a minute." in shown(notices)
    assert banner.detail.isHidden()
    qtbot.mouseClick(banner.more, Qt.MouseButton.LeftButton)
    assert banner.detail.isVisible()
    assert "Status: 503" in banner.detail.text() and "<b>busy</b>" in banner.detail.text()


def test_words_of_a_server_are_never_markup(notices):
    notices.report(Overloaded("<img src='x'>", detail=Detail(said="<a href='file:///'>x</a>")))
    formats = {label.textFormat() for label in notices.findChildren(QLabel) if label.text()}
    assert formats == {Qt.TextFormat.PlainText}


def test_a_bug_offers_a_report_without_key_and_is_logged(notices, caplog, qtbot):
    with caplog.at_level(logging.ERROR):
        notices.report(bug())
    button = notices.banners[0].findChild(QPushButton, "notices.action")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    report = QGuiApplication.clipboard().text()
    assert "ValueError" in report and "test_notices.py" in report and "Davenport" in report
    for text in (report, caplog.text, shown(notices)):
        assert not any(KEY[at : at + 12] in text for at in range(len(KEY) - 11))
    assert len(caplog.records) == 1
    caplog.clear()


def test_a_report_holds_no_values_of_variables():
    assert "key = KEY" not in bug_report(bug())


def test_the_key_is_hidden_in_summaries_and_details_of_known_errors(notices):
    notices.report(KeyRefused(f"The key {KEY} was refused.", detail=Detail(said=f"got {KEY}")))
    assert KEY not in shown(notices)


def test_the_same_failure_again_is_counted_in_one_banner(notices):
    for _ in range(3):
        notices.report(Overloaded("The server is busy."))
    assert len(notices.banners) == 1
    assert "3 times" in notices.banners[0].label.text()


def test_many_notices_stay_few_banners_the_newest_first(notices):
    for number in range(9):
        notices.report(Overloaded(f"Failure {number}"))
    visible = [banner.summary for banner in notices.banners if not banner.isHidden()]
    assert visible == ["Failure 8", "Failure 7"] and notices.more.text() == "7 more notices"
    assert notices.texts() == [f"Failure {number}" for number in range(8, -1, -1)]  # no failure is lost for another
    notices.more.click()
    assert not any(banner.isHidden() for banner in notices.banners) and notices.more.text() == "Show fewer"
    notices.more.click()
    for _ in range(7):
        notices.dismiss_newest()
    assert notices.rest.isHidden() and notices.texts() == ["Failure 1", "Failure 0"]
    notices.report(Overloaded("Failure 9"))
    notices.all_gone.click()
    assert notices.texts() == [] and notices.isHidden()


def laid_out():
    """A new height of one part is that of the others in the next turn."""
    for _ in range(3):
        QApplication.processEvents()


@pytest.mark.parametrize("scale", [100, 150, 200])
def test_what_is_worked_on_keeps_its_room_whatever_comes(qtbot, scale):
    above = QWidget()
    qtbot.addWidget(above)
    theme.current().set_text_scale(scale)
    column = QVBoxLayout(above)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    made, work = Notices(above), QWidget(above)
    column.addWidget(made)
    column.addWidget(work, 1)
    above.resize(940, 672)  # of a window of 1024 x 700
    above.show()
    for number in range(9):
        made.report(
            Overloaded(f"Failure {number}, of which there is much to be told. " * 3, detail=Detail(said="x " * 900))
        )
        laid_out()
        assert work.height() >= 672 * 0.65
    made.banners[0].more.click()  # details longer than the window
    laid_out()
    assert work.height() >= 672 * 0.65 and made.place.verticalScrollBar().maximum() > 0
    made.more.click()
    laid_out()
    assert work.height() >= 672 * 0.45
    above.resize(940, 480)  # in height alone
    laid_out()
    assert work.height() >= 480 * 0.45
    theme.current().set_text_scale(100)


def test_the_row_that_is_worked_on_stays_in_sight_when_a_notice_comes(qtbot):
    above = QWidget()
    qtbot.addWidget(above)
    column = QVBoxLayout(above)
    made, rows = Notices(above), QListWidget(above)
    rows.addItems([f"row {number}" for number in range(200)])
    column.addWidget(made)
    column.addWidget(rows, 1)
    above.resize(800, 400)
    above.show()
    rows.setFocus()
    laid_out()
    last = rows.indexAt(rows.viewport().rect().bottomLeft() + QPoint(20, -4))
    rows.setCurrentIndex(last)
    for number in range(2):
        for what in ("disk", "archive"):
            made.say("warn", f"The {what} is nearly full {number}.")
        laid_out()
        assert rows.viewport().rect().contains(rows.visualRect(last))
    qtbot.waitUntil(lambda: not made._moves.isActive())
    rows.verticalScrollBar().setValue(150)  # away from it: nobody is taken back
    made.report(Overloaded("The server is busy.", detail=Detail(said="x " * 900)))
    laid_out()
    assert rows.verticalScrollBar().value() == 150


def test_a_remedy_is_a_button_that_does_it_and_closes(notices, qtbot):
    done = []
    notices.remedy_for = lambda error: Remedy("Open the profile", lambda: done.append(error.summary))
    notices.report(KeyRefused("The key was refused."))
    notices.show()
    qtbot.mouseClick(notices.banners[0].act, Qt.MouseButton.LeftButton)
    assert done == ["The key was refused."]
    assert notices.banners == [] and notices.isHidden()


def test_good_news_leaves_by_itself_and_a_warning_stays(notices, qtbot):
    notices.say("good", "12 messages were copied.", lasts_ms=1)
    notices.say("warn", "The data folder is on a network drive.")
    qtbot.waitUntil(lambda: notices.texts() == ["The data folder is on a network drive."], timeout=60_000)


def test_every_button_of_a_banner_has_a_name(notices):
    notices.report(bug())
    assert all(button.accessibleName() for button in notices.findChildren(QToolButton))
    logging.getLogger("desktop.ui.notices")


def test_a_banner_is_dismissed_by_its_cross(notices, qtbot):
    notices.report(Overloaded("The server is busy."))
    notices.show()
    qtbot.mouseClick(notices.findChild(QToolButton, "notices.close"), Qt.MouseButton.LeftButton)
    assert notices.banners == []


@pytest.mark.parametrize("width", [1100, 680, 430])
def test_no_words_are_cut_beside_a_button(notices, qtbot, width):
    text = (
        "This archive was written by a newer version. It can be read and exported, and nothing in it is changed. " * 3
    )
    notices.say("warn", text, Remedy("See what can be saved…", lambda: None))
    notices.say("warn", "Some of it may still be saved.")
    notices.resize(width, 400)
    notices.show()
    QApplication.processEvents()
    for banner in notices.banners:
        assert banner.label.height() >= banner.label.heightForWidth(banner.label.width())
        buttons = [button for button in banner.findChildren(QPushButton) if button.isVisible()]
        assert all(button.geometry().right() < banner.width() for button in buttons)
