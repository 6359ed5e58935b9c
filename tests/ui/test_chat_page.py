"""The chat page for real: real widgets, services and archive; only the wire is false."""

from __future__ import annotations

import asyncio

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QAbstractItemModelTester, QTest
from wire import MODEL, Wire, error, reply, usage_chunk

from desktop.api.client import Client
from desktop.core.conversation import Picture, State
from desktop.core.errors import KnownError
from desktop.core.profile import Kind
from desktop.core.secret import Secret
from desktop.services.bundle import Options
from desktop.store import conversations
from desktop.ui.chat.conversations_model import ConversationsModel
from desktop.ui.chat.page import ChatPage
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
        self.page._pick_model(MODEL)
        await self.page.tasks.settled()
        return self.page

    def _connect(self, profile, key):
        return Client(profile, key, transport=self.wire.transport, recorder=None, sleep=lambda s: asyncio.sleep(0))

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
    assert page.composer.send_button.accessibleName() == "Stop"
    QTest.mouseClick(page.composer.send_button, Qt.MouseButton.LeftButton)
    await page.tasks.settled()
    assert (held.last().text, held.last().state) == ("Half", State.STOPPED)
    assert page.composer.send_button.accessibleName() == "Send"
    await held.close()


async def test_regenerate_makes_a_branch_and_the_arrows_switch(held, wire):
    page = await held.open()
    wire.answers = [reply("one"), reply("two")]
    await held.send("Number?")
    page._act(held.last().id, "regenerate")
    await page.tasks.settled()
    assert held.texts() == ["Number?", "two"]
    branch = page.messages.branch(1)
    assert (branch.number, branch.of) == (2, 2)
    page._act(held.last().id, "branch_before")
    await page.tasks.settled()
    assert held.texts() == ["Number?", "one"]
    await held.close()


async def test_edit_branches_from_the_question_before(held, wire):
    page = await held.open()
    wire.answers = [reply("one"), reply("two")]
    await held.send("First try")
    page._act(page.messages.id(0), "edit")
    assert page.composer.text() == "First try"
    page.composer.set_text("")
    await held.send("Second try")
    assert held.texts() == ["Second try", "two"]
    assert (page.messages.branch(0).number, page.messages.branch(0).of) == (2, 2)
    await held.close()


async def test_a_failed_answer_is_tried_again_in_its_place(held, wire):
    page = await held.open()
    wire.answers = [error(500, "server_error"), reply("Now")]
    await held.send("Hello")
    assert held.last().state is State.FAILED and held.last().error
    page._act(held.last().id, "retry")
    await page.tasks.settled()
    assert held.texts() == ["Hello", "Now"]
    await held.close()


async def test_a_cut_answer_goes_on_where_it_broke_off(held, wire):
    page = await held.open()
    wire.answers = [reply("Once upon", finish=None, done=False), reply(" a time.")]
    await held.send("A tale")
    assert held.last().state is State.CUT
    page._act(held.last().id, "continue")
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
    field = page.form._fields["temperature"]
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
    field = page.form._fields["temperature"]
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
    page._estimate_pause.timeout.emit()
    await page.tasks.settled()
    assert page.composer.warning.text().startswith("Too long")
    await held.close()


async def test_invisible_characters_are_counted_before_they_are_sent(held):
    page = await held.open()
    page.composer.set_text("pay\u202eload\u200b")
    page._estimate_pause.timeout.emit()
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


async def test_a_reply_in_another_conversation_goes_on_and_is_there_on_return(held, wire):
    page = await held.open()
    wire.answers = [[*reply("Slow", finish=None, done=False), None, *reply(" and sure")]]
    held.write("Wait for it")
    QTest.keyClick(page.composer.edit, Qt.Key.Key_Return)
    while page.open.identity is None or not any(g._pieces for g in page.live._growing.values()):
        await asyncio.sleep(0)
    first = page.open.identity
    page.new_conversation()
    assert page.messages.rowCount() == 0 and page.composer.send_button.accessibleName() == "Send"
    await page._open(first)
    assert held.texts() == ["Wait for it", "Slow"]
    assert page.composer.send_button.accessibleName() == "Stop"
    wire.gate.set()
    await page.tasks.settled()
    assert held.texts() == ["Wait for it", "Slow and sure"]
    await held.close()


async def test_a_fork_is_a_conversation_of_its_own_with_the_same_past(held, wire):
    page = await held.open()
    wire.answers = [reply("one"), reply("two")]
    await held.send("Start")
    origin = page.open.identity
    page._act(held.last().id, "fork")
    await page.tasks.settled()
    assert page.open.identity != origin and held.texts() == ["Start", "one"]
    await held.send("Go on here")
    await page._open(origin)
    assert held.texts() == ["Start", "one"]
    await held.close()


def test_conversations_model_meets_qts_tester(qtbot):
    model = ConversationsModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    from desktop.core.conversation import Conversation

    a, b, c = (Conversation(id=i, title=i) for i in "abc")
    for rows in ([a, b], [c, a, b], [b, c], [], [a], [Conversation(id="a", title="new")]):
        model.replace(rows)
        assert [model.at(n).id for n in range(model.rowCount())] == [r.id for r in rows]
    assert model.index(0).data() == "new"
    tester.deleteLater()
