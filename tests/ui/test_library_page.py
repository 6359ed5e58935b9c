"""The library page for real: real widgets, services and archive; no network at all."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from functools import partial

import httpx
import library_archive
import pytest
from frame import nameless, tab_order
from PySide6.QtCore import QMimeData, QModelIndex, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QPushButton
from wire import MODEL, Wire

from desktop import app
from desktop.api.client import Client
from desktop.core.conversation import Conversation, Message, Role, Text
from desktop.core.profile import Kind
from desktop.core.secret import Secret
from desktop.core.settings import Appearance
from desktop.services.bundle import Options
from desktop.store import conversations
from desktop.ui import theme
from desktop.ui.library import choosing
from desktop.ui.library.page import LibraryPage
from desktop.ui.library.places_model import FOLDER_DRAG, PlacesFilter, PlacesModel, spots
from desktop.ui.library.results_model import CONVERSATIONS, ID, SNIPPET, ResultsModel
from desktop.ui.library.search_line import Choices
from desktop.ui.library.titling import Underway
from desktop.wiring import open_services

FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal


class Held:
    """A page with services of its own, as a test holds it."""

    def __init__(self, qtbot, folder):
        self.qtbot, self.folder, self.failures = qtbot, folder, []
        self.services = self.page = None
        self.undo, self.said = [], []

    async def open(self, count: int = 40, size: tuple[int, int] = (1400, 700), wire: Wire | None = None) -> LibraryPage:
        connect = {"connect": partial(Client, transport=wire.transport, recorder=None)} if wire else {}
        self.services = await open_services(Options(self.folder, offline=wire is None), **connect)
        if count:
            self.ids = await asyncio.to_thread(library_archive.fill, self.services.database, count)
        self.page = page = LibraryPage(self.failures.append)
        page.complete()
        self.qtbot.addWidget(page)
        page.undo_offered.connect(lambda text, undo: self.undo.append((text, undo)))
        page.notice.connect(lambda kind, text: self.said.append(text))
        page.resize(*size)
        page.show()
        page.attach(self.services)
        await page.tasks.settled()
        return page

    async def close(self) -> None:
        if "reading" in self.page.__dict__:
            await self.page.reading.tasks.aclose()
        await self.page.close_down()
        await self.page.tasks.aclose()
        await self.services.aclose()
        assert self.failures == []

    async def until(self, is_so) -> None:
        """What a timer or a task brings about; the loop turns meanwhile."""
        async with asyncio.timeout(60):
            while not is_so():
                await asyncio.sleep(0)
        await self.page.tasks.settled()

    async def write(self, text: str) -> None:
        """Type a search, and wait for its answer."""
        self.page.line.setFocus()
        QTest.keyClicks(self.page.line, text)
        self.page.line.search_now()
        await self.page.tasks.settled()

    async def settled(self) -> None:
        """Also the reading anew that a change has announced."""
        await self.page.tasks.settled()
        await self.until(lambda: not self.page._change_pause.isActive())
        self.page.activateWindow()  # off screen nobody does when a dialog has gone
        await self.until(self.page.isActiveWindow)

    async def take_back(self) -> None:
        self.undo.pop()[1]()
        await self.settled()

    def shown(self) -> list[str]:
        model = self.page.results
        return [model.index(row).data(ID) for row in range(model.rowCount())]

    def pick(self, *rows: int) -> list[str]:
        """Click rows with Ctrl held, as one selects several."""
        view, ids = self.page.view, self.shown()
        view.clearSelection()
        for row in rows:
            place = view.visualRect(self.page.results.index(row)).center()
            held = Qt.KeyboardModifier.ControlModifier
            QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, held, place)
        return [ids[row] for row in rows]

    async def kept(self, identity: str):
        return await self.services.conversations.get(identity)


@pytest.fixture
def held(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return Held(qtbot, tmp_path)


async def dialog():
    """The dialog that opens next."""
    async with asyncio.timeout(60):
        while True:
            for window in QApplication.topLevelWidgets():
                if window.objectName() == "dialog" and window.isVisible():
                    return window
            await asyncio.sleep(0)


async def answer(name: str, text: str | None = None) -> str:
    """Type into the field of the dialog that opens next and press a button; returns what it asked."""
    window = await dialog()
    said = window.label.text()
    if text is not None:
        window.findChild(object, "dialog.text").setText(text)
    window.findChild(QPushButton, f"dialog.{name}").click()
    return said


def drop(view, index: QModelIndex, carried: QMimeData) -> bool:
    """A real drag that enters, moves and is let go over a row; True where it was taken."""
    place = QPointF(view.visualRect(index).center())
    actions, buttons, keys = Qt.DropAction.MoveAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    port = view.viewport()
    enter = QDragEnterEvent(place.toPoint(), actions, carried, buttons, keys)
    QApplication.sendEvent(port, enter)
    move = QDragMoveEvent(place.toPoint(), actions, carried, buttons, keys)
    QApplication.sendEvent(port, move)
    if not (enter.isAccepted() and move.isAccepted()):
        return False
    QApplication.sendEvent(port, QDropEvent(place, actions, carried, buttons, keys))
    return True


def place_index(page: LibraryPage, kind: str, value: str = "") -> QModelIndex:
    return page.places.filter.mapFromSource(page.places.model.find(kind, value))


# --- searching


async def test_typing_finds_and_the_hits_are_marked(held):
    page = await held.open()
    page.line.setFocus()
    QTest.keyClicks(page.line, "heron")
    await held.until(lambda: "found in" in page.bar.told.text())
    snippets = [page.results.index(row).data(SNIPPET) for row in range(page.results.rowCount())]
    assert snippets and all("\ue000" in each and "heron" in each.lower() for each in snippets)
    await held.close()


async def test_the_newest_question_wins(held):
    page = await held.open()
    page.line.set_line("tomatoes")
    page.search()
    page.line.set_line("浅草")
    page.search()
    await page.tasks.settled()
    wanted = await held.services.library.search("浅草", order="relevance")
    assert held.shown() == [entry.conversation.id for entry in wanted.entries]
    await held.close()


async def test_a_filter_is_completed_by_keyboard(held):
    page = await held.open()
    await held.write("ta")
    assert page.line.suggestions.isVisible() and page.line.suggestions.first() == "tag:"
    QTest.keyClick(page.line, Qt.Key.Key_Tab)
    await page.tasks.settled()
    assert page.line.text() == "tag:" and page.line.hasFocus()
    QTest.keyClicks(page.line, "py")
    await page.tasks.settled()
    QTest.keyClick(page.line, Qt.Key.Key_Return)
    assert page.line.text() == "tag:python " and not page.line.suggestions.isVisible()
    page.line.search_now()
    await page.tasks.settled()
    assert held.shown() and all("python" in page.results.at(row).conversation.tags for row in range(2))
    await held.close()


async def test_arrows_move_in_the_suggestions_and_esc_leaves_them(held):
    page = await held.open()
    await held.write("tag:")
    second = page.line.suggestions.choices.index(1).data()
    QTest.keyClick(page.line, Qt.Key.Key_Down)
    assert page.line.suggestions.current() == second
    QTest.keyClick(page.line, Qt.Key.Key_Escape)
    assert not page.line.suggestions.isVisible() and page.line.text() == "tag:"
    await held.close()


async def test_a_word_is_never_taken_for_a_filter_by_enter(held):
    page = await held.open()
    await held.write("in")
    assert page.line.suggestions.isVisible()
    QTest.keyClick(page.line, Qt.Key.Key_Return)
    assert page.line.text() == "in"
    await held.close()


async def test_what_was_not_understood_is_told_under_the_line(held):
    page = await held.open()
    await held.write("heron before:soon ")
    assert page.problems.isVisible() and "date" in page.problems.text()
    assert held.shown(), "all else is searched for"
    page.line.set_line("heron")
    page.search()
    await page.tasks.settled()
    assert not page.problems.isVisible()
    await held.close()


async def test_an_order_is_chosen_and_remembered(held):
    page = await held.open()
    page.bar.order.picked.emit("oldest")
    await page.tasks.settled()
    times = [page.results.at(row).when for row in range(page.results.rowCount())]
    assert times == sorted(times)
    assert (await held.services.remembered("library.orders", {}))["list"] == "oldest"
    await held.close()


# --- empty on purpose


async def test_an_empty_library_offers_a_conversation_and_an_import(held):
    page = await held.open(0)
    wanted = []
    page.conversation_wanted.connect(lambda *which: wanted.append(which))
    assert page.nothing.isVisible()
    page.findChild(QPushButton, "library.offer-start").click()
    assert wanted == [("", "")]
    assert page.findChild(QPushButton, "library.offer-import").isVisible()
    await held.close()


async def test_nothing_is_not_exported_and_what_is_there_is(held):
    page = await held.open(0)
    assert not page.export_all_action.isEnabled()
    assert "nothing to export" in page.export_all_action.toolTip()
    await asyncio.to_thread(library_archive.fill, held.services.database, 1)
    held.services.conversations.changed()
    await held.until(page.export_all_action.isEnabled)
    assert page.export_all_action.toolTip() == "<qt>Export all…</qt>"
    assert page.new_folder_action.isEnabled() and "Ctrl+Shift+D" in page.places.new_button.toolTip()
    await held.close()


async def test_no_folder_is_made_in_an_archive_that_can_only_be_read(held):
    await held.open(1)
    await held.close()
    with closing(sqlite3.connect(held.folder / "archive.db")) as newer:
        newer.execute("PRAGMA user_version = 99")
    page = await held.open(0)
    for part in (page.new_folder_action, page.places.new_button, page.places.inside_action):
        assert not part.isEnabled()
        assert "can only be read" in part.toolTip()
    assert page.export_all_action.isEnabled()
    await held.close()


async def test_no_hit_says_what_was_searched_and_where_it_would_be_found(held):
    page = await held.open()
    trashed = held.ids[16]
    await held.services.library.rename(trashed, "The umbrella stand")
    await held.write("umbrella")
    assert "umbrella" in page.nothing.title.text()
    page.findChild(QPushButton, "library.offer-trash").click()
    await page.tasks.settled()
    assert page.spot.kind == "trash" and held.shown() == [trashed]
    await held.close()


async def test_clearing_the_search_brings_everything_back(held):
    page = await held.open()
    await held.write("zzzz")
    page.findChild(QPushButton, "library.offer-clear").click()
    await page.tasks.settled()
    assert page.line.text() == "" and len(held.shown()) > 20
    await held.close()


async def test_an_empty_trash_says_so(held):
    page = await held.open(3)
    page.places.select("trash")
    await page.tasks.settled()
    assert page.nothing.line.text() == "The trash is empty." and not page.bar.empty_button.isEnabled()
    await held.close()


# --- several at once


async def test_several_are_put_in_a_folder_and_back(held):
    page = await held.open()
    ids = held.pick(2, 4, 5)
    before = [(await held.kept(each)).folder for each in ids]
    page.folder_action.trigger()
    window = await dialog()
    QTest.keyClicks(window.field, "garden")
    QTest.keyClick(window.field, Qt.Key.Key_Return)
    await held.settled()
    assert {(await held.kept(each)).folder for each in ids} == {"F-GARDEN"}
    assert "3 conversations" in held.undo[-1][0]
    await held.take_back()
    assert [(await held.kept(each)).folder for each in ids] == before
    await held.close()


async def test_a_folder_is_made_on_the_way(held):
    page = await held.open()
    ids = held.pick(3)
    page.folder_action.trigger()
    window = await dialog()
    QTest.keyClicks(window.field, "Taxes")
    assert window.chosen().is_new
    QTest.keyClick(window.field, Qt.Key.Key_Return)
    await held.settled()
    made = next(each for each in page.counts.folders if each.name == "Taxes")
    assert (await held.kept(ids[0])).folder == made.id
    await held.close()


async def test_tags_are_set_and_taken_off_and_back(held):
    page = await held.open()
    ids = held.pick(2, 3)
    before = [(await held.kept(each)).tags for each in ids]
    page.tag_action.trigger()
    window = await dialog()
    QTest.keyClicks(window.field, "taxes")
    QTest.keyClick(window.field, Qt.Key.Key_Return)
    assert window.field.text() == "", "Enter has made the tag and waits for the next"
    QTest.keyClick(window.field, Qt.Key.Key_Return)
    await held.settled()
    after = [(await held.kept(each)).tags for each in ids]
    assert all("taxes" in tags and set(had) <= set(tags) for had, tags in zip(before, after, strict=True))
    await held.take_back()
    assert [(await held.kept(each)).tags for each in ids] == before
    await held.close()


async def test_pin_and_archive_turn_over_and_back(held):
    page = await held.open()
    ids = held.pick(3, 4)
    page.pin_action.trigger()
    await held.settled()
    assert all([(await held.kept(each)).is_pinned for each in ids])
    assert set(held.shown()[:4]) >= set(ids), "pinned ones come first"
    assert page.view.selected_count() == 2 and page.pin_action.text() == "Unpin"
    await held.take_back()
    assert not any([(await held.kept(each)).is_pinned for each in ids])
    page.archive_action.trigger()
    await held.settled()
    assert not set(ids) & set(held.shown())
    await held.take_back()
    assert set(ids) <= set(held.shown())
    await held.close()


async def test_delete_moves_to_the_trash_and_undo_brings_back(held):
    page = await held.open()
    ids, before = held.pick(2, 3, 4), held.shown()
    QTest.keyClick(page.view, Qt.Key.Key_Delete)
    await held.settled()
    assert not set(ids) & set(held.shown()) and page.counts.trash >= 3
    await held.take_back()
    assert held.shown() == before
    await held.close()


async def test_the_trash_restores_and_deletes_for_good_after_naming_what_goes(held):
    page = await held.open(80)
    page.places.select("trash")
    await page.tasks.settled()
    assert "for good on" in page.results._state(page.results.at(0))
    first, second = held.shown()[:2]
    assert page.restore_action.isEnabled() is False
    held.pick(0)
    assert page.bar._in_trash[0].isVisible() and not page.bar._usual[0].isVisible()
    page.restore_action.trigger()
    await held.settled()
    assert first not in held.shown()
    held.pick(0)
    title = page.selected()[0].title
    page.purge_action.trigger()
    said = await answer("cancel")
    assert title in said and "Older copies" in said
    await held.settled()
    assert second in held.shown()
    page.purge_action.trigger()
    await answer("confirm")
    await held.settled()
    assert second not in held.shown()
    page.bar.empty_button.click()
    await answer("confirm")
    await held.settled()
    assert held.shown() == [] and page.counts.trash == 0
    await held.close()


async def test_renaming_by_key(held):
    page = await held.open()
    ids = held.pick(3)
    page.view.setFocus()
    QTest.keyClick(page.view, Qt.Key.Key_F2)
    await answer("confirm", "The new title")
    await held.settled()
    assert (await held.kept(ids[0])).title == "The new title" and page.results.at(
        3
    ).conversation.title == "The new title"
    await held.close()


# --- places


async def test_conversations_are_dropped_on_a_folder_a_tag_and_the_trash(held):
    page = await held.open()
    ids = held.pick(2, 3)
    tree, carried = page.places.view, page.results.mimeData(page.view.selectionModel().selectedIndexes())
    assert sorted(json.loads(bytes(carried.data(CONVERSATIONS).data()))) == sorted(ids)
    assert drop(tree, place_index(page, "folder", "F-GARDEN"), carried)
    await held.settled()
    assert {(await held.kept(each)).folder for each in ids} == {"F-GARDEN"}
    assert drop(tree, place_index(page, "tag", "recipe"), carried)
    await held.settled()
    assert all(["recipe" in (await held.kept(each)).tags for each in ids])
    assert not drop(tree, place_index(page, "all"), carried)
    assert drop(tree, place_index(page, "trash"), carried)
    await held.settled()
    assert not set(ids) & set(held.shown())
    await held.take_back()
    assert set(ids) <= set(held.shown())
    await held.close()


async def test_folders_are_dropped_into_folders_but_never_into_themselves(held):
    page = await held.open()
    tree, model = page.places.view, page.places.model
    tree.expandAll()
    carried = page.places.model.mimeData([model.find("folder", "F-GARDEN")])
    assert carried.hasFormat(FOLDER_DRAG)
    assert drop(tree, place_index(page, "folder", "F-WORK"), carried)
    await held.settled()
    assert model.path("F-GARDEN") == "Work › Garden & balcony"
    inward = model.mimeData([model.find("folder", "F-WORK")])
    assert not drop(tree, place_index(page, "folder", "F-REPORTS"), inward)
    assert not drop(tree, place_index(page, "folder", "F-WORK"), inward)
    assert drop(tree, place_index(page, "heading", "folders"), carried)
    await held.settled()
    assert model.path("F-GARDEN") == "Garden & balcony"
    await held.close()


async def test_a_folder_is_made_renamed_and_removed_and_what_was_in_it_stays(held):
    page = await held.open()
    page.places.select("folder", "F-WORK")
    await page.tasks.settled()
    page.new_folder_action.trigger()
    await answer("confirm", "Invoices")
    await held.settled()
    made = next(each for each in page.counts.folders if each.name == "Invoices")
    assert made.parent == "F-WORK" and page.places.model.find("folder", made.id).isValid()
    inside = set(held.shown())
    page.places.view.setFocus()
    QTest.keyClick(page.places.view, Qt.Key.Key_F2)
    await answer("confirm", "Office")
    await held.settled()
    assert page.places.current().title == "Office"
    QTest.keyClick(page.places.view, Qt.Key.Key_Delete)
    await held.settled()
    assert "Office" in held.undo[-1][0] and not page.places.model.find("folder", "F-WORK").isValid()
    assert page.spot.kind == "all" and inside <= set(held.shown())
    await held.take_back()
    assert page.places.model.find("folder", "F-WORK").isValid()
    await held.close()


async def test_a_search_is_saved_comes_back_and_is_forgotten(held):
    page = await held.open()
    await held.write("heron tag:idea ")
    found = held.shown()
    page.save_action.trigger()
    await answer("confirm", "Birds")
    await held.settled()
    assert page.places.current().title == "Birds"
    page.places.select("all")
    page.line.set_line("")
    page.search()
    await page.tasks.settled()
    assert held.shown() != found
    page.places.select("saved", page.counts.saved[0].id)
    await page.tasks.settled()
    assert page.line.text().strip() == "heron tag:idea" and held.shown() == found
    page.places.view.setFocus()
    QTest.keyClick(page.places.view, Qt.Key.Key_Delete)
    await held.settled()
    assert page.counts.saved == ()
    await held.close()


async def test_finding_a_place_chooses_none_before_enter(held):
    page = await held.open()
    before = held.shown()
    QTest.keyClicks(page.places.search, "garden")
    await page.tasks.settled()
    assert not place_index(page, "all").isValid() and place_index(page, "folder", "F-GARDEN").isValid()
    assert page.spot.kind == "all" and held.shown() == before
    QTest.keyClick(page.places.search, Qt.Key.Key_Return)
    await page.tasks.settled()
    assert page.spot.value == "F-GARDEN" and held.shown() != before
    await held.close()


async def test_what_was_folded_stays_so_until_the_next_start(held):
    page = await held.open()
    page.places.view.expand(place_index(page, "folder", "F-WORK"))
    page.places.view.collapse(place_index(page, "heading", "tags"))
    await page.tasks.settled()
    page.places.search.setText("quarter")
    page.places.search.clear()
    other = LibraryPage(held.failures.append)
    other.complete()
    held.qtbot.addWidget(other)
    other.attach(held.services)
    await other.tasks.settled()
    for each in (page, other):
        assert each.places.view.isExpanded(place_index(each, "folder", "F-WORK"))
        assert not each.places.view.isExpanded(place_index(each, "heading", "tags"))
    await other.tasks.aclose()
    await held.close()


async def test_the_counts_are_those_of_the_lists(held):
    page = await held.open()
    for kind in ("all", "pinned", "untagged", "archived", "trash"):
        page.places.select(kind)
        await page.tasks.settled()
        assert page.results.rowCount() == getattr(page.counts, kind), kind
    await held.close()


# --- many rows, and rows that change


async def test_rows_are_read_on_demand_down_to_a_thousand(held):
    page = await held.open(1_200)
    assert page.results.rowCount() == 100
    bar = page.view.verticalScrollBar()
    while page.results.rowCount() < 1_000:
        had = page.results.rowCount()
        bar.setValue(bar.maximum())
        await held.until(lambda had=had: page.results.rowCount() > had)
    assert len(set(held.shown())) == page.results.rowCount()
    page.view.setFocus()
    QTest.keyClick(page.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    await page.tasks.settled()
    assert page.view.selected_count() == page.results.rowCount() == page.counts.all
    await held.close()


async def test_ten_thousand_conversations_cost_a_screen_of_rows(held):
    page = await held.open(10_000)
    asked = []
    page.results.rowsInserted.connect(lambda _, first, last: asked.append(last - first + 1))
    assert page.results.rowCount() == 100
    await held.write("heron")
    assert page.results.rowCount() == 100 and "1" in page.bar.told.text()
    page.places.select("folder", "F-GARDEN")
    await page.tasks.settled()
    assert page.results.rowCount() == 100 and asked == []
    await held.close()


async def test_rows_that_are_read_while_one_types_still_belong_to_those_above(held):
    page = await held.open(300)
    page.line.setText("heron")
    page.line._pause.stop()  # not searched for yet, however slow the machine
    page.results.fetchMore(QModelIndex())
    await page.tasks.settled()
    wanted = await held.services.library.search("", limit=200)
    assert held.shown() == [entry.conversation.id for entry in wanted.entries]
    await held.services.library.trash(held.shown()[:1])
    page.line.searched.emit(page.line.text())
    await held.settled()
    assert all("heron" in page.results.index(row).data(SNIPPET).lower() for row in range(page.results.rowCount()))
    await held.close()


async def test_a_change_elsewhere_moves_neither_selection_nor_view(held):
    page = await held.open(300)
    page.resize(1400, 500)
    chosen = held.shown()[40]
    page.view.select(chosen)
    top = page.view.indexAt(QPoint(1, 1)).data(ID)
    offset = page.view.visualRect(page.view.indexAt(QPoint(1, 1))).top()
    await held.services.library.pin([held.shown()[90]], True)
    await held.services.library.trash([held.shown()[10], held.shown()[60]])
    await held.settled()
    assert page.view.selected() == [chosen]
    at = page.view.indexAt(QPoint(1, 1))
    assert at.data(ID) == top and page.view.visualRect(at).top() == offset
    await held.close()


async def test_a_page_that_is_not_looked_at_is_read_anew_when_it_is(held):
    page = await held.open()
    page.hide()
    await held.services.library.trash([held.shown()[3]])
    gone = held.shown()[3]
    await page.tasks.settled()
    assert gone in held.shown()
    page.show()
    page.activated()
    await page.tasks.settled()
    assert gone not in held.shown()
    await held.close()


# --- reading, in and out


async def test_a_hit_opens_at_its_message_beside_the_list(held):
    page = await held.open()
    await held.write("heron")
    entry = page.results.at(0)
    QTest.keyClick(page.line, Qt.Key.Key_Down)
    QTest.keyClick(page.view, Qt.Key.Key_Return)
    await page.tasks.settled()
    reading = page.reading
    await reading.tasks.settled()
    assert reading.isVisible() and page.view.isVisible() and reading.identity == entry.conversation.id
    assert entry.message and reading.messages.row_of(entry.message) >= 0
    page.view.select(page.results.at(1).conversation.id)
    await held.until(lambda: page.opened == page.results.at(1).conversation.id)
    assert reading.identity == page.opened
    QTest.keyClick(page.view, Qt.Key.Key_Escape)
    assert not reading.isVisible() and page.opened == "" and page.line.text() == "heron"
    await held.close()


async def test_in_a_narrow_window_reading_covers_the_list_and_esc_goes_back(held):
    page = await held.open(size=(800, 600))
    ids = held.pick(1)
    page.open_conversation(ids[0])
    await page.tasks.settled()
    assert page.reading.isVisible() and not page.view.isVisible() and page.bar.back.isVisible()
    page.next_action.trigger()
    await page.tasks.settled()
    assert page.opened == held.shown()[2]
    QTest.keyClick(page.reading, Qt.Key.Key_Escape)
    assert page.view.isVisible() and not page.bar.back.isVisible()
    assert page.view.selected() == [held.shown()[2]]
    await held.close()


async def test_what_is_trashed_while_it_is_read_makes_way_for_the_next(held):
    page = await held.open()
    ids = held.shown()
    page.view.select(ids[2])
    page.open_conversation(ids[2])
    await page.tasks.settled()
    page.trash_action.trigger()
    await held.settled()
    assert page.opened == page.reading.identity == ids[3] and page.view.selected() == [ids[3]]
    await held.close()


async def test_going_on_in_the_chat_reaches_the_window(held):
    page = await held.open()
    wanted = []
    page.conversation_wanted.connect(lambda *which: wanted.append(which))
    ids = held.pick(2)
    page.chat_action.trigger()
    page.open_conversation(ids[0])
    await page.tasks.settled()
    page.reading.continue_wanted.emit(ids[0], f"{ids[0]}-1")
    assert wanted == [(ids[0], ""), (ids[0], f"{ids[0]}-1")]
    await held.close()


async def test_files_from_outside_go_to_the_import_panel(held, tmp_path):
    page = await held.open(3)
    export = tmp_path / "conversations.json"
    export.write_text("[]")
    carried = QMimeData()
    carried.setUrls([QUrl.fromLocalFile(str(export))])
    place, keys = QPointF(400, 300), Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place.toPoint(), Qt.DropAction.CopyAction, carried, Qt.MouseButton.LeftButton, keys)
    QApplication.sendEvent(page, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(page, QDropEvent(place, Qt.DropAction.CopyAction, carried, Qt.MouseButton.LeftButton, keys))
    assert page.stack.currentWidget() is page.import_panel
    page.import_panel.closed.emit()
    assert page.stack.currentWidget() is page.browse
    if tasks := getattr(page.import_panel, "tasks", None):
        await tasks.aclose()
    held.failures.clear()  # what an empty list is worth is the panel's matter
    await held.close()


# --- names, models


async def test_every_control_and_action_has_a_name(held):
    page = await held.open()
    held.pick(1)
    assert nameless(page) == []
    actions = [action for action in page.findChildren(QAction) if not action.isSeparator() and action.shortcuts()]
    assert all(action.objectName() and action.text() for action in actions)
    keys = [key.toString() for action in page.work.actions() for key in action.shortcuts()]
    assert len(keys) == len(set(keys))
    await held.close()


async def test_the_models_are_sound_while_they_change(held):
    page = await held.open(60)
    library = held.services.library
    results, places, choices = ResultsModel(), PlacesModel(), Choices()
    chooser = choosing.ChoicesModel([choosing.Choice("a", "Alpha")], choosing.Choice("", "New “{}”"))
    models = [results, places, PlacesFilter(places), choices, chooser]
    testers = [QAbstractItemModelTester(model, FATAL) for model in models]
    first = await library.search("", limit=20)
    results.show(first.entries, first.next)
    second = await library.search("", limit=20, after=first.next)
    results.append(second.entries, second.next)
    entries = [*first.entries, *second.entries]
    moved = [entries[5], *entries[20:30], entries[0], *entries[8:20], *entries[31:]]
    results.replace(moved, None)
    assert [results.at(row) for row in range(results.rowCount())] == moved
    results.replace(entries, None)
    assert [results.at(row) for row in range(results.rowCount())] == entries
    places.show(spots(page.counts))
    await library.move_folder("F-REPORTS", "")
    await library.make_folder("Attic")
    await library.remove_tag("idea")
    places.show(spots(await library.counts()))
    models[2].search("rep")
    places.show(spots(await library.counts())[:3])
    choices.show(("tag:", "tag:idea"))
    chooser.search("be")
    chooser.toggle(chooser.index(0))
    assert [each.key for each in chooser.all()] == ["be", "a"]
    assert len(testers) == 5
    await held.settled()
    await held.close()


async def test_titles_are_made_by_rule_where_no_model_is_named_and_typed_ones_stay(held):
    page = await held.open()
    ids = held.pick(2, 3, 4)
    typed = [(await held.kept(each)).title for each in ids]
    await held.services.library.rename(ids[0], "What I called it")
    await held.settled()
    page.view.selectAll()
    page.titles_action.trigger()
    await held.settled()
    assert (await held.kept(ids[0])).title == "What I called it" != typed[0]
    assert held.undo or "typed" in held.said[-1]
    assert page.underway.isHidden()
    await held.close()


async def test_what_is_selected_is_exported(held):
    page = await held.open()
    ids = held.pick(2, 3)
    page.export_action.trigger()
    async with asyncio.timeout(60):
        while not (
            found := [w for w in QApplication.topLevelWidgets() if w.objectName() == "export" and w.isVisible()]
        ):
            await asyncio.sleep(0)
    assert found[0]._ids == ids or set(ids) <= set(found[0]._ids or ())
    found[0].reject()
    await page.tasks.settled()
    await held.close()


async def test_a_model_is_asked_for_titles_only_after_its_price_was_read(held, spec):
    wire = Wire(spec)
    page = await held.open(0, wire=wire)
    profile = await held.services.profiles.add(Kind.OPENAI)
    await held.services.profiles.set_key(profile.id, Secret("sk-test-0123456789abcdef"))
    await held.services.settings.change(title_model=MODEL)

    def talk(db) -> None:
        conversations.create(db, Conversation("T1", "What is rain?", profile=profile.id, model=MODEL))
        asked = Message("T1-0", Role.USER, (Text("What is rain?"),), conversation="T1")
        conversations.add_message(db, asked)
        told = Message("T1-1", Role.ASSISTANT, (Text("Water."),), parent="T1-0", conversation="T1")
        conversations.add_message(db, told)

    await held.services.database.write(talk)
    page.search()
    await page.tasks.settled()
    page.view.select("T1")
    assert page.titles_action.text() == "Title by a model…"
    page.titles_action.trigger()
    said = await answer("cancel")
    assert MODEL in said and "$" in said
    await held.settled()
    assert wire.bodies == []
    message = {"role": "assistant", "content": "Rain, briefly", "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    body = {"id": "c", "object": "chat.completion", "created": 1, "model": MODEL, "choices": [choice]}
    wire.answers = [httpx.Response(200, json=body)]
    page.titles_action.trigger()
    await answer("confirm")
    await held.settled()
    assert (await held.kept("T1")).title == "Rain, briefly" and "1 title was made" in held.undo[-1][0]
    await held.take_back()
    assert (await held.kept("T1")).title == "What is rain?"
    assert wire.problems == []
    await held.close()


def test_what_is_under_way_says_how_far_how_fast_and_how_long(qtbot):
    now = [0.0]
    strip = Underway(None, lambda: now[0])
    qtbot.addWidget(strip)
    strip.show_step(0, 100)
    now[0] = 10.0
    strip.show_step(20, 100)
    assert strip.told.text() == "Titles: 20 of 100 · 2.0 a second · about 40 s left"


@pytest.mark.parametrize("percent", [100, 130])
async def test_everything_has_room_in_a_narrow_window(held, percent):
    theme.current().configure(Appearance.LIGHT, percent, False)
    try:
        page = await held.open(size=(960, 640))
        held.pick(2)
        page.open_conversation(held.shown()[2])
        await page.tasks.settled()
        assert (page.width(), page.height()) == (960, 640)
        for part in (*page.bar._usual, page.bar.back, page.line, page.reading):
            inside = page.rect().contains(part.rect().translated(part.mapTo(page, QPoint(0, 0))))
            assert part.isVisible() and inside, part.objectName()
        await held.close()
    finally:
        theme.current().configure(Appearance.LIGHT, 100, False)


async def test_the_window_ends_in_order_while_a_conversation_is_being_read(qtbot, tmp_path):
    """Pictures and details are still being read when the archive is closed."""
    running = app.build(Options(tmp_path / "data", offline=True))
    running.window.show()
    services = await running.opened()
    ids = library_archive.fill(services.database, 60)
    running.window.show_page("library")
    page = running.window.pages["library"]
    await page.tasks.settled()
    page.open_conversation(ids[0])
    await page.tasks.settled()
    page.reading.tasks.start(services.conversations.open(ids[1]), name="still-reading")
    await running.aclose()
    assert not page.reading.tasks.is_running()


async def test_tab_goes_through_it_as_it_is_read(held):
    """Places, then the line above, the bar, the rows; then what is read, and beside it what it holds."""
    page = await held.open(40, (1700, 900))
    assert [each.objectName().removeprefix("library.") for each in tab_order(page)] == [
        "find-place", "new-folder-button", "places", "fold-history-button", "search", "import-files-button",
        "export-all-button", "order", "results",
    ]  # fmt: skip
    page.open_conversation(held.shown()[0])
    await held.settled()
    page.reading._details_pause.stop()
    page.reading._details_pause.timeout.emit()
    await page.reading.tasks.settled()
    page.reading.find()
    order = tab_order(page)
    names = [each.objectName().removeprefix("library.") for each in order]
    read, beside = names.index("results") + 1, names.index("reading.transcript") + 1
    assert names[read:beside] == [
        *(f"reading.{name}-button" for name in ("continue", "find-action", "copy-all", "quote", "export", "options")),
        "reading.find", "reading.hits-close-button", "reading.transcript",
    ]  # fmt: skip
    heights = [each.mapTo(page, QPoint()).y() for each in order[beside:]]
    assert names[beside] == "reading.outline-fold" and "reading.statistics-fold" in names[beside:]
    assert all(page.reading.details.isAncestorOf(each) for each in order[beside:]) and heights == sorted(heights)
    await held.close()
