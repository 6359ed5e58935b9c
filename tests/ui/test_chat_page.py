"""The chat page for real: real widgets, services and archive; only the wire is false."""

from __future__ import annotations

import asyncio

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QColor, QImage, QPdfWriter
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QPushButton, QToolButton
from wire import MODEL, Wire, error, reply, usage_chunk

from desktop.api.client import Client
from desktop.core.conversation import Conversation, Message, Picture, Role, State, Text
from desktop.core.errors import KnownError
from desktop.core.profile import Kind
from desktop.core.secret import Secret
from desktop.core.usage import Usage
from desktop.services.bundle import Options
from desktop.store import conversations
from desktop.ui import dialogs, theme
from desktop.ui.chat import words
from desktop.ui.chat.conversations_model import ConversationsModel
from desktop.ui.chat.meta import meta_line
from desktop.ui.chat.page import ChatPage
from desktop.ui.widgets import links, safe_text
from desktop.wiring import open_services


@pytest.fixture
def wire(spec):
    made = Wire(spec)
    made.gate = asyncio.Event()
    yield made
    assert made.problems == []


class Held:
    """A page with services of its own, as a test holds it."""

    def __init__(self, qtbot, folder, wire):
        self.qtbot, self.folder, self.wire, self.failures = qtbot, folder, wire, []
        self.services = self.page = None

    async def sleep(self, seconds: float) -> None:
        """No test waits for a pause between tries."""
        await asyncio.sleep(0)

    async def open(self) -> ChatPage:
        self.services = await open_services(Options(self.folder), connect=self._connect)
        profiles = self.services.profiles
        if not any(p.kind is Kind.OPENAI for p in profiles.all):
            made = await profiles.add(Kind.OPENAI)
            await profiles.choose(made.id)
        await profiles.set_key(profiles.chosen.id, Secret("sk-test-0123456789abcdef"))
        self.page = ChatPage(self.failures.append)
        self.qtbot.addWidget(self.page)
        self.page.resize(1200, 700)
        self.page.show()
        self.page.attach(self.services)
        await self.page.tasks.settled()
        self.page.models.pick(MODEL)
        await self.page.tasks.settled()
        return self.page

    def _connect(self, profile, key):
        return Client(profile, key, transport=self.wire.transport, recorder=None, sleep=self.sleep)

    async def close(self) -> None:
        if self.page is not None:
            await self.page.close_down()
            await self.page.tasks.aclose()
            await self.services.aclose()
            self.page = None

    def write(self, text: str) -> None:
        self.page.composer.edit.setFocus()
        QTest.keyClicks(self.page.composer.edit, text)

    async def send(self, text: str) -> None:
        self.write(text)
        QTest.keyClick(self.page.composer.edit, Qt.Key.Key_Return)
        await self.page.tasks.settled()

    def texts(self) -> list[str]:
        model = self.page.messages
        return [model.message(row).text for row in range(model.rowCount())]

    def last(self):
        model = self.page.messages
        return model.message(model.rowCount() - 1)


@pytest.fixture
def held(qtbot, tmp_path, wire, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return Held(qtbot, tmp_path, wire)


async def test_enter_sends_and_the_answer_stands_under_the_question(held, wire):
    page = await held.open()
    wire.answers = [reply("Hello", " there", usage=usage_chunk(10, 2))]
    await held.send("Say hello")
    assert held.texts() == ["Say hello", "Hello there"]
    assert page.composer.text() == ""
    assert page.heading.text() == "Say hello"
    assert page.conversations.rowCount() == 1
    meta = page.messages.meta(1)
    assert meta.startswith(f"{MODEL} · 10 in · 2 out · $0.0000") and meta.endswith("stop")
    await held.close()
    assert held.failures == []


async def test_shift_enter_starts_a_line_and_sends_nothing(held, wire):
    page = await held.open()
    held.write("one")
    QTest.keyClick(page.composer.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    held.write("two")
    assert page.composer.text() == "one\ntwo"
    assert wire.bodies == []
    await held.close()


async def test_stop_keeps_what_came_and_send_returns(held, wire):
    page = await held.open()
    wire.answers = [[*reply("Half", finish=None, done=False), None]]
    held.write("Go")
    QTest.keyClick(page.composer.edit, Qt.Key.Key_Return)
    while (
        held.page.messages.rowCount() < 2 or held.last().id not in page.live or not page.live.newest(held.last()).text
    ):
        await asyncio.sleep(0)
    assert page.composer.stop_button.isVisible()
    QTest.mouseClick(page.composer.stop_button, Qt.MouseButton.LeftButton)
    await page.tasks.settled()
    assert (held.last().text, held.last().state) == ("Half", State.STOPPED)
    assert page.composer.send_button.isVisible()
    await held.close()


async def test_regenerate_makes_a_branch_and_the_arrows_switch(held, wire):
    page = await held.open()
    wire.answers = [reply("one"), reply("two")]
    await held.send("Number?")
    page.doing.act(held.last().id, "regenerate")
    await page.tasks.settled()
    assert held.texts() == ["Number?", "two"]
    branch = page.messages.branch(1)
    assert (branch.number, branch.of) == (2, 2)
    page.doing.act(held.last().id, "branch_before")
    await page.tasks.settled()
    assert held.texts() == ["Number?", "one"]
    await held.close()


async def test_edit_branches_from_the_question_before(held, wire):
    page = await held.open()
    wire.answers = [reply("one"), reply("two")]
    await held.send("First try")
    page.doing.act(page.messages.id(0), "edit")
    assert page.composer.text() == "First try"
    page.composer.set_text("")
    await held.send("Second try")
    assert held.texts() == ["Second try", "two"]
    assert (page.messages.branch(0).number, page.messages.branch(0).of) == (2, 2)
    await held.close()


async def test_a_failed_answer_is_tried_again_in_its_place(held, wire):
    page = await held.open()
    wire.answers = [error(400, "model_overloaded"), reply("Now")]
    await held.send("Hello")
    assert held.last().state is State.FAILED and held.last().error
    page.doing.act(held.last().id, "retry")
    await page.tasks.settled()
    assert held.texts() == ["Hello", "Now"]
    await held.close()


async def answer_dialog(name: str) -> str:
    """Press a button of the dialog that opens next; returns what it said."""
    while True:
        for window in QApplication.topLevelWidgets():
            if window.objectName() == "dialog" and window.isVisible():
                said = window.label.text()
                window.findChild(QPushButton, f"dialog.{name}").click()
                return said
        await asyncio.sleep(0)


async def test_what_may_have_run_is_repeated_only_after_asking(held, wire):
    page = await held.open()
    wire.answers = [error(500, "server_error"), reply("Now")]
    await held.send("Hello")
    page.doing.act(held.last().id, "retry")
    assert "charged" in await answer_dialog("cancel")
    await page.tasks.settled()
    assert len(wire.bodies) == 1
    page.doing.act(held.last().id, "retry")
    await answer_dialog("confirm")
    await page.tasks.settled()
    assert held.texts() == ["Hello", "Now"]
    await held.close()


async def test_a_parameter_the_server_refuses_can_be_left_out_with_one_click(held, wire):
    page = await held.open()
    wire.answers = [error(400, "unsupported_value", param="temperature"), reply("Now")]
    QTest.keyClicks(page.form.field("temperature").control, "0.3")
    await held.send("Hello")
    assert page.remedy.isVisible() and page.remedy.text() == "Send again without temperature"
    page.remedy.click()
    await page.tasks.settled()
    assert "temperature" not in wire.bodies[1] and held.texts() == ["Hello", "Now"]
    assert not page.remedy.isVisible()
    await held.close()


async def test_the_rail_hears_of_replies_and_not_of_every_key(held, wire):
    page = await held.open()
    wire.answers = [reply("one")]
    heard = []
    page.working.connect(heard.append)
    held.write("Typed")
    page.estimating.pause.timeout.emit()
    await page.tasks.settled()
    assert heard == []
    await held.send(" and sent")
    assert heard == [True, False]
    await held.close()


async def test_two_quick_enters_send_once(held, wire):
    page = await held.open()
    wire.answers = [reply("one")]
    held.write("First")
    QTest.keyClick(page.composer.edit, Qt.Key.Key_Return)
    held.write("Second")
    QTest.keyClick(page.composer.edit, Qt.Key.Key_Return)
    assert page.composer.stop_button.isVisible()
    await page.tasks.settled()
    assert len(wire.bodies) == 1 and page.composer.text() == "Second"
    await held.close()


async def test_esc_stops_and_a_stop_before_the_send_gives_the_text_back(held, wire):
    page = await held.open()
    held.write("Wait")
    QTest.keyClick(page.composer.edit, Qt.Key.Key_Return)
    QTest.keyClick(page.composer.edit, Qt.Key.Key_Escape)
    await page.tasks.settled()
    assert wire.bodies == [] and page.composer.text() == "Wait"
    assert page.composer.send_button.isVisible() and page.sends._running == []
    await held.close()


async def test_an_edit_does_not_cost_what_was_typed(held, wire):
    page = await held.open()
    wire.answers = [reply("one"), reply("two")]
    await held.send("First try")
    held.write("half a thought")
    page.doing.act(page.messages.id(0), "edit")
    await page.tasks.settled()
    assert page.composer.text() == "First try"
    held.write(" changed")
    page.new_conversation()
    await page.tasks.settled()
    await page.open_now(page.conversations.at(0).id)
    assert page.composer.text() == "half a thought"
    page.doing.act(page.messages.id(0), "edit")
    await page.tasks.settled()
    assert page.composer.text() == "First try changed"
    QTest.keyClick(page.composer.edit, Qt.Key.Key_Escape)
    await page.tasks.settled()
    assert page.composer.text() == "half a thought" and page.open.editing is None
    await held.close()


async def test_options_changed_just_before_switching_stay_with_their_conversation(held, wire):
    page = await held.open()
    wire.answers = [reply("a")]
    await held.send("With a system text")
    first = page.open.identity
    page.system.setPlainText("Be brief")
    page.new_conversation()
    await page.tasks.settled()
    await page.open_now(first)
    assert page.system.toPlainText() == "Be brief"
    await held.close()


async def test_the_example_leaves_what_was_typed(held, wire):
    page = await held.open()
    wire.answers = [reply("a")]
    held.write("mine")
    page.empty.example.click()
    await page.tasks.settled()
    assert page.composer.text() == "mine" and len(wire.bodies) == 1
    await held.close()


async def test_a_link_shows_its_true_address_and_opens_only_after_asking(held, monkeypatch):
    page = await held.open()
    opened = []
    monkeypatch.setattr(safe_text.QDesktopServices, "openUrl", lambda url: opened.append(url.toString()) or True)
    page.transcript.link.emit(links.decide("https://evil.example/x", "bank.example"))
    assert "https://evil.example/x" in await answer_dialog("cancel")
    await page.tasks.settled()
    page.transcript.link.emit(links.decide("https://good.example/x"))
    await answer_dialog("confirm")
    await page.tasks.settled()
    assert opened == ["https://good.example/x"]
    page.transcript.link.emit(links.decide("file:///etc/passwd"))
    await page.tasks.settled()
    assert len(opened) == 1
    await held.close()


async def test_a_selection_over_unloaded_messages_is_copied(held, wire, qapp):
    page = await held.open()
    wire.answers = [reply("Answer")]
    await held.send("Question")
    page.messages._loaded.clear()
    page.transcript.select_all()
    page.transcript.copy()
    await page.tasks.settled()
    assert "Question" in qapp.clipboard().text() and "Answer" in qapp.clipboard().text()
    await held.close()


async def test_a_conversation_in_the_trash_is_read_and_not_gone_on_with(held, wire):
    page = await held.open()
    wire.answers = [reply("x")]
    await held.send("Throw me away")
    identity = page.open.identity
    page.list.trash_action.trigger()
    await page.tasks.settled()
    page.list.trash_button.click()
    await page.tasks.settled()
    page.list.view.clicked.emit(page.conversations.index(0))
    await page.tasks.settled()
    assert held.texts() == ["Throw me away", "x"]
    assert not page.composer.isEnabled() and "trash" in page.status.label.text()
    page.doing.act(held.last().id, "regenerate")
    await page.tasks.settled()
    assert len(wire.bodies) == 1
    page.list.restore_wanted.emit([identity])
    await page.tasks.settled()
    assert page.composer.isEnabled() and not page.status.isVisible()
    await held.close()


async def test_undo_of_trash_opens_again_what_was_open(held, wire):
    page = await held.open()
    wire.answers = [reply("x")]
    await held.send("Throw me away")
    undo = []
    page.undo_offered.connect(lambda text, back: undo.append(back))
    page.list.trash_action.trigger()
    await page.tasks.settled()
    undo[0]()
    await page.tasks.settled()
    assert held.texts() == ["Throw me away", "x"]
    await held.close()


async def test_what_was_typed_in_a_purged_conversation_is_gone_with_it(held, wire):
    page = await held.open()
    wire.answers = [reply("x")]
    await held.send("Secret")
    identity = page.open.identity
    held.write("more secrets")
    page.doing.act(page.messages.id(0), "edit")
    held.write("!")
    page.drafts.flush()
    await page.tasks.settled()
    await page.said.trash([identity])
    await page.said.purge([identity])
    left = held.services.database.read_now(lambda db: db.execute("SELECT count(*) FROM draft").fetchone()[0])
    assert left == 0
    page.new_conversation()
    await held.close()


async def test_a_growing_reply_is_whole_after_a_look_at_another_branch_and_a_change_of_theme(held, wire):
    page = await held.open()
    wire.answers = [reply("one"), [*reply("Slow", finish=None, done=False), None, *reply(" and sure")]]
    await held.send("Number?")
    page.doing.act(held.last().id, "regenerate")
    while not any(g._pieces for g in page.live._growing.values()):
        await asyncio.sleep(0)
    page.doing.act(held.last().id, "branch_before")
    assert held.texts() == ["Number?", "one"]
    page.doing.act(held.last().id, "branch_after")
    page.transcript.flush()
    assert page.transcript.rows.row(1).message.text == "Slow"
    theme.current().changed.emit()
    assert page.transcript.rows.row(1).message.text == "Slow"
    wire.gate.set()
    await page.tasks.settled()
    assert held.texts() == ["Number?", "Slow and sure"]
    await held.close()


async def test_closing_asks_while_a_paid_reply_arrives_whatever_profile_is_chosen_now(held, wire):
    page = await held.open()
    wire.answers = [[*reply("Slow", finish=None, done=False), None]]
    held.write("Go")
    QTest.keyClick(page.composer.edit, Qt.Key.Key_Return)
    profiles = held.services.profiles
    await profiles.choose(next(p.id for p in profiles.all if p.is_local))
    assert "paid" in page.reason_to_stay()
    page.stop()
    await page.tasks.settled()
    assert page.reason_to_stay() == ""
    await held.close()


async def test_fixed_sizes_follow_the_text_scale(held):
    page = await held.open()
    before = (page.system.height(), page.composer.send_button.width(), page.composer.maximumWidth())
    theme.current().set_text_scale(150)
    try:
        assert (page.system.height(), page.composer.send_button.width(), page.composer.maximumWidth()) == tuple(
            round(size * 1.5) for size in before
        )
        edit = page.composer.edit
        assert (
            edit.viewport().font().pixelSize() == edit.font().pixelSize() == theme.current().font("reading").pixelSize()
        )
    finally:
        theme.current().set_text_scale(100)
    await held.close()


@pytest.mark.parametrize("width", [860, 1200, 1900])
async def test_the_composer_stands_exactly_under_the_text(held, wire, width):
    page = await held.open()
    wire.answers = [reply("Hello")]
    await held.send("Say hello")
    page.resize(width, 700)
    QApplication.processEvents()
    sight, viewport = page.transcript.sight, page.transcript.viewport()
    left = viewport.mapTo(page, viewport.rect().topLeft()).x() + sight.left
    composer = page.composer.mapTo(page, page.composer.rect().topLeft()).x()
    assert (composer, page.composer.width()) == (left, sight.column)
    await held.close()


async def test_a_warning_is_read_whole_in_a_narrow_window(held):
    page = await held.open()
    page.resize(560, 600)
    page.composer.set_estimate("≈ 603 038 tokens · $1.51", "Too long for this model: 603 038 of 128 000 tokens")
    QApplication.processEvents()
    warning = page.composer.warning
    assert warning.isVisible()
    needed = warning.fontMetrics().boundingRect(0, 0, warning.width(), 1_000, Qt.TextFlag.TextWordWrap, warning.text())
    assert needed.width() <= warning.width() and needed.height() <= warning.height()
    assert page.composer.rect().contains(warning.geometry())
    page.composer.set_estimate("≈ 3 tokens · $0.00")
    assert not warning.isVisible()
    await held.close()


def test_figures_are_told_where_there_are_any():
    assert meta_line(Message("a", Role.ASSISTANT, (Text("Hi"),), model=MODEL), "") == ""
    counted = Message("a", Role.ASSISTANT, (Text("Hi"),), model=MODEL, usage=Usage(input=1204, output=5))
    assert meta_line(counted, "$0.01") == f"{MODEL} · 1\u202f204 in · 5 out · $0.01"


async def test_tab_goes_through_the_composer_as_it_stands_on_the_screen(held):
    page = await held.open()
    held.write("something to send")
    seen = []
    for _ in range(4):
        seen.append(QApplication.focusWidget().objectName())
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert seen == ["chat.composer", "chat.model", "chat.attach", "chat.send"]
    await page.tasks.settled()
    await held.close()


async def test_a_screen_reader_is_told_the_estimate_and_every_group_has_a_name(held, wire):
    page = await held.open()
    held.write("something to send")
    page.estimating.pause.timeout.emit()
    await page.tasks.settled()
    assert page.composer.estimate.accessibleName() == f"Estimate of the next message: {page.composer.estimate.text()}"
    groups = [button.objectName() for button in page.form.findChildren(QToolButton) if button.isCheckable()]
    assert "chat.sampling-group" in groups and all(name.startswith("chat.") for name in groups)
    await held.close()


def test_what_is_read_out_of_a_reply_is_its_beginning_or_how_it_failed():
    whole = Message("a", Role.ASSISTANT, (Text("It rains." + " so" * 5_000),))
    assert words.ended(whole).startswith("It rains.") and len(words.ended(whole)) <= words.SPOKEN
    failed = Message("b", Role.ASSISTANT, (), state=State.FAILED, error="The server is busy.", advice="Wait.")
    assert words.ended(failed) == "The server is busy. Wait."


async def test_times_in_the_list_are_told_anew_each_minute(held, wire):
    page = await held.open()
    wire.answers = [reply("one")]
    await held.send("Hello")
    changed = []
    page.conversations.dataChanged.connect(lambda first, last, roles: changed.append(roles))
    page._minute.timeout.emit()
    assert len(changed) == 1
    await held.close()


async def test_a_cut_answer_goes_on_where_it_broke_off(held, wire):
    page = await held.open()
    wire.answers = [reply("Once upon", finish=None, done=False), reply(" a time.")]
    await held.send("A tale")
    assert held.last().state is State.CUT
    page.doing.act(held.last().id, "continue")
    await page.tasks.settled()
    assert held.texts() == ["A tale", "Once upon a time."]
    await held.close()


async def test_a_question_that_cannot_be_kept_goes_back_into_the_composer(held, wire, monkeypatch):
    page = await held.open()

    def refuse(*_):
        raise KnownError("There is no room on the disk.")

    monkeypatch.setattr(conversations, "create", refuse)
    await held.send("Precious words")
    assert page.composer.text() == "Precious words"
    assert [str(f) for f in held.failures] == ["There is no room on the disk."]
    assert wire.bodies == []
    await held.close()


async def test_conversation_and_draft_are_there_after_a_restart_without_a_network(held, wire):
    page = await held.open()
    wire.answers = [reply("Kept")]
    await held.send("Keep me")
    held.write("half a thou")
    await held.close()
    page = await held.open()
    assert held.texts() == ["Keep me", "Kept"]
    assert page.composer.text() == "half a thou"
    assert len(wire.bodies) == 1
    await held.close()


async def test_search_finds_text_and_the_hit_opens(held, wire):
    page = await held.open()
    wire.answers = [reply("About marzipan."), reply("About nougat.")]
    await held.send("Sweets")
    page.new_conversation()
    await held.send("Other sweets")
    page.list.search.setText("marzip")
    page.list.search_changed.emit("marzip")
    await page.tasks.settled()
    assert [page.conversations.at(row).title for row in range(page.conversations.rowCount())] == ["Sweets"]
    page.list.view.clicked.emit(page.conversations.index(0))
    await page.tasks.settled()
    assert held.texts() == ["Sweets", "About marzipan."]
    await held.close()


async def test_trash_can_be_undone_and_shows_what_is_in_it(held, wire):
    page = await held.open()
    wire.answers = [reply("x")]
    await held.send("Throw me away")
    undo = []
    page.undo_offered.connect(lambda text, back: undo.append(back))
    page.list.trash_action.trigger()
    await page.tasks.settled()
    assert page.conversations.rowCount() == 0 and page.messages.rowCount() == 0
    page.list.trash_button.click()
    await page.tasks.settled()
    assert page.conversations.rowCount() == 1
    page.list.trash_button.click()
    undo[0]()
    await page.tasks.settled()
    assert page.conversations.at(0).title == "Throw me away"
    await held.close()


async def test_pinned_conversations_come_first(held, wire):
    page = await held.open()
    wire.answers = [reply("a"), reply("b")]
    await held.send("Older")
    older = page.open.identity
    page.new_conversation()
    await held.send("Newer")
    page.list.pin_wanted.emit(older, True)
    await page.tasks.settled()
    assert page.conversations.at(0).id == older
    await held.close()


async def test_find_counts_hits_over_the_whole_conversation(held, wire):
    page = await held.open()
    wire.answers = [reply("a green desk"), reply("a brown DESK")]
    await held.send("Which desk?")
    await held.send("And another?")
    page.find_action.trigger()
    page.find_bar.field.setText("desk")
    page.find_bar.searched.emit("desk")
    await page.tasks.settled()
    assert page.find_bar.count.text() == "3 / 3"
    QTest.keyClick(page.find_bar, Qt.Key.Key_Return)
    assert page.find_bar.count.text() == "1 / 3"
    await held.close()


async def test_parameters_are_sent_kept_and_reset(held, wire):
    page = await held.open()
    wire.answers = [reply("a"), reply("b")]
    field = page.form.field("temperature")
    QTest.keyClicks(field.control, "0.3")
    page.system.setPlainText("Be brief")
    await held.send("With")
    assert wire.bodies[0]["temperature"] == 0.3
    assert wire.bodies[0]["messages"][0] == {"role": "system", "content": "Be brief"}
    field.reset.click()
    await held.send("Without")
    assert "temperature" not in wire.bodies[1]
    await held.close()


async def test_a_parameter_that_cannot_be_read_says_so_at_its_field(held):
    page = await held.open()
    field = page.form.field("temperature")
    QTest.keyClicks(field.control, "7")
    assert "at most 2" in field.problem.text()
    assert "temperature" not in page.open.options.parameters
    await held.close()


async def test_the_model_changes_in_mid_conversation(held, wire):
    page = await held.open()
    wire.answers = [reply("a"), reply("b")]
    await held.send("One")
    page.composer.model.picked.emit("gpt-4o-mini")
    await held.send("Two")
    assert [body["model"] for body in wire.bodies] == [MODEL, "gpt-4o-mini"]
    assert [page.messages.message(row).model for row in (1, 3)] == [MODEL, "gpt-4o-mini"]
    await held.close()


async def test_too_long_a_conversation_is_said_before_the_send(held):
    page = await held.open()
    page.composer.set_text("word " * 140_000)
    page.estimating.pause.timeout.emit()
    await page.tasks.settled()
    assert page.composer.warning.text().startswith("Too long")
    await held.close()


async def test_invisible_characters_are_counted_before_they_are_sent(held):
    page = await held.open()
    page.composer.set_text("pay\u202eload\u200b")
    page.estimating.pause.timeout.emit()
    await page.tasks.settled()
    assert "2 invisible characters" in page.composer.warning.text()
    await held.close()


async def test_a_pasted_picture_is_attached_sent_and_kept_once(held, wire):
    page = await held.open()
    wire.answers = [reply("A square."), reply("The same.")]
    image = QImage(4, 4, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    data = QMimeData()
    data.setImageData(image)
    for _ in range(2):
        page.composer.edit.insertFromMimeData(data)
        await page.tasks.settled()
        assert isinstance(page.composer.parts[0], Picture)
        await held.send("What is it?")
    kinds = [part["type"] for part in wire.bodies[0]["messages"][0]["content"]]
    assert kinds == ["image_url", "text"]
    blobs = held.services.database.read_now(lambda db: db.execute("SELECT count(*) FROM blob").fetchone()[0])
    assert blobs == 1
    await held.close()


async def test_copy_gives_the_whole_conversation_as_plain_text(held, wire, qapp):
    page = await held.open()
    wire.answers = [reply("**bold**")]
    await held.send("Say it")
    page.copy_all_action.trigger()
    await page.tasks.settled()
    assert qapp.clipboard().text() == "User:\nSay it\n\nAssistant:\n**bold**"
    await held.close()


async def test_printing_leaves_the_window_to_the_user_and_esc_ends_it(held, wire, monkeypatch, tmp_path):
    page = await held.open()
    wire.answers = [reply("# Title\n\n" + "Some words of a long answer.\n\n" * 400)]
    await held.send("Tell me all")

    async def writer(_parent):
        return QPdfWriter(str(tmp_path / "out.pdf"))

    monkeypatch.setattr(dialogs, "choose_printer", writer)
    said = []
    monkeypatch.setattr(page.status, "say", said.append)
    page.taking_out.print_all()
    await page.tasks.settled()
    assert sum(text.startswith("Printing: ") for text in said) > 3, "the window had its turn in between"
    assert said[-1] == "" and (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF")
    said.clear()
    page.taking_out.print_all()
    while not said:
        await asyncio.sleep(0)
    QTest.keyClick(page.composer.edit, Qt.Key.Key_Escape)
    await page.tasks.settled()
    assert len(said) < 5 and said[-1] == "" and held.failures == []
    await held.close()


async def test_a_reply_in_another_conversation_goes_on_and_is_there_on_return(held, wire):
    page = await held.open()
    wire.answers = [[*reply("Slow", finish=None, done=False), None, *reply(" and sure")]]
    held.write("Wait for it")
    QTest.keyClick(page.composer.edit, Qt.Key.Key_Return)
    while page.open.identity is None or not any(g._pieces for g in page.live._growing.values()):
        await asyncio.sleep(0)
    first = page.open.identity
    page.new_conversation()
    assert page.messages.rowCount() == 0 and page.composer.send_button.isVisible()
    await page.open_now(first)
    assert held.texts() == ["Wait for it", "Slow"]
    assert page.composer.stop_button.isVisible()
    wire.gate.set()
    await page.tasks.settled()
    assert held.texts() == ["Wait for it", "Slow and sure"]
    await held.close()


async def test_a_fork_is_a_conversation_of_its_own_with_the_same_past(held, wire):
    page = await held.open()
    wire.answers = [reply("one"), reply("two")]
    await held.send("Start")
    origin = page.open.identity
    page.doing.act(held.last().id, "fork")
    await page.tasks.settled()
    assert page.open.identity != origin and held.texts() == ["Start", "one"]
    await held.send("Go on here")
    await page.open_now(origin)
    assert held.texts() == ["Start", "one"]
    await held.close()


def test_conversations_model_meets_qts_tester(qtbot):
    model = ConversationsModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    a, b, c = (Conversation(id=i, title=i) for i in "abc")
    for rows in ([a, b], [c, a, b], [b, c], [], [a], [Conversation(id="a", title="new")]):
        model.replace(rows)
        assert [model.at(n).id for n in range(model.rowCount())] == [r.id for r in rows]
    assert model.index(0).data() == "new"
    tester.deleteLater()


async def test_a_wait_counts_down_and_can_be_cut_short(held, wire):
    held.sleep = asyncio.sleep
    page = await held.open()
    wire.answers = [error(429, "rate_limit_exceeded", **{"retry-after": "90"}), reply("After all")]
    held.write("Hurry")
    QTest.keyClick(page.composer.edit, Qt.Key.Key_Return)
    while not page.status.now.isVisible():
        await asyncio.sleep(0.001)
    assert "90 s" in page.status.label.text()
    page.status.second_passed()
    assert "89 s" in page.status.label.text()
    QTest.mouseClick(page.status.now, Qt.MouseButton.LeftButton)
    await page.tasks.settled()
    assert held.texts() == ["Hurry", "After all"]
    assert not page.status.isVisible()
    await held.close()


async def test_what_is_done_elsewhere_shows_in_the_list_and_the_heading(held, wire):
    """Renamed, brought in and thrown away on another page."""
    page = await held.open()
    wire.answers = [reply("Hello", usage=usage_chunk(10, 2))]
    await held.send("Say hello")
    services, identity = held.services, page.open.identity
    await services.conversations.rename(identity, "Another title")
    await page.tasks.settled()
    assert page.heading.text() == "Another title"
    made = Conversation(id="01ELSEWHERE", title="From elsewhere", created=1)
    await services.database.write(lambda db: conversations.create(db, made))
    services.library.changed()
    await page.tasks.settled()
    assert page.conversations.row_of("01ELSEWHERE") >= 0
    await services.library.trash([identity])
    await page.tasks.settled()
    assert page.open.identity is None and page.conversations.row_of(identity) < 0
    await held.close()
    assert held.failures == []
