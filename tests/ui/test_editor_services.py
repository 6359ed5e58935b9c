"""The editor over the real services and a real archive: what is kept, heard again, and worked on by a model."""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial

import httpx
import pytest
import sounds
from frame import nameless
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QWidget
from test_editor import FATAL, SAID, FileDevice, transcript
from wire import MODEL, Wire, error

from desktop.api.client import Client
from desktop.core.conversation import Conversation
from desktop.core.profile import Kind, Profile
from desktop.core.secret import Secret
from desktop.core.subtitles.rules import Rules
from desktop.core.transcript import Segment, Speaker, Transcript
from desktop.media.levels import listen
from desktop.services.bundle import Options
from desktop.services.transcription import afterwork, intake
from desktop.store import recordings
from desktop.store.recordings import Peaks, Recording
from desktop.ui.transcription.editor import heard_again
from desktop.ui.transcription.editor.changes_model import Change, ChangesModel
from desktop.ui.transcription.editor.differing import differing
from desktop.ui.transcription.editor.model_form import ModelForm
from desktop.ui.transcription.editor.view import READ_ONLY, EditorView
from desktop.wiring import open_services


def answer(text: str) -> httpx.Response:
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    usage = {"prompt_tokens": 60, "completion_tokens": 5, "total_tokens": 65}
    body = {"id": "c", "object": "chat.completion", "created": 1, "model": MODEL, "choices": [choice], "usage": usage}
    return httpx.Response(200, json=body)


class Desk:
    def __init__(self, qtbot, folder, wire):
        self.qtbot, self.folder, self.wire = qtbot, folder, wire
        self.failures: list[BaseException] = []
        self.said: list[str] = []

    async def open(self) -> EditorView:
        self.path = sounds.write(self.folder / "talk.wav", sounds.talk([("speech", 1.6), ("silence", 0.4)] * 4))
        self.services_connect = partial(Client, transport=self.wire.transport, recorder=None)
        self.services = await open_services(Options(self.folder / "data", offline=False), connect=self.services_connect)
        heard, sha256 = listen(self.path), intake.digest(self.path)
        row = Recording("R1", "C1", sha256, str(self.path), self.path.stat().st_size, 8.0, 1, "audio/wav")
        peaks = recordings.pack_peaks(Peaks(heard.lows.tobytes(), heard.highs.tobytes(), b"", heard.milliseconds))

        def put(db):
            from desktop.store import conversations

            conversations.create(db, Conversation("C1", title="talk.wav", page=recordings.PAGE))
            recordings.add(db, row)
            recordings.put_original(db, "R1", transcript(), 1)
            recordings.put_peaks(db, "R1", peaks)

        await self.services.database.write(put)
        self.view = EditorView(self.failures.append, make_device=FileDevice)
        self.view.notice.connect(lambda kind, text: self.said.append(text))
        self.qtbot.addWidget(self.view)
        self.view.resize(900, 700)
        self.view.setVisible(True)
        self.view.attach(self.services)
        await self.view.show("R1")
        return self.view

    async def kept(self) -> Transcript:
        return (await self.services.transcription.transcript("R1")).transcript

    async def until(self, is_so) -> None:
        async with asyncio.timeout(60):
            while not is_so():
                await asyncio.sleep(0)

    async def with_key(self) -> Profile:
        """The profile whose models the forms offer."""
        profile = await self.services.profiles.add(Kind.OPENAI)
        await self.services.profiles.set_key(profile.id, Secret("sk-test-0123456789abcdef"))
        await self.services.profiles.choose(profile.id)
        await self.services.settings.change(default_model=MODEL)
        return profile

    async def form(self) -> ModelForm:
        """The dialog that was asked for."""
        await self.until(lambda: isinstance(QApplication.activeModalWidget(), ModelForm))
        return QApplication.activeModalWidget()

    async def work_form(self) -> ModelForm:
        """The one of a chat model's work, with its price."""
        await self.with_key()
        self.view.by_model.work_on_it()
        form = await self.form()
        await self.until(lambda: "$" in form.cost.text())
        return form

    async def close(self):
        await self.view.close_down()
        await self.view.tasks.aclose()
        await self.services.aclose()
        assert self.failures == [] and self.wire.problems == []


@pytest.fixture
def desk(qtbot, tmp_path, spec):
    return Desk(qtbot, tmp_path, Wire(spec))


async def test_what_is_typed_reaches_the_archive_by_itself_and_is_there_again(desk):
    view = await desk.open()
    assert view.head.title.text() == "talk.wav" and view.path == desk.path
    view.list.edit_text("s0")
    QTest.keyClicks(view.list.field, " kept")
    async with asyncio.timeout(60):
        while not (await desk.kept()).segments[0].text.endswith("kept"):
            await asyncio.sleep(0)
    opened = await desk.services.transcription.transcript("R1")
    assert opened.is_edited and opened.original == transcript()
    QTest.keyClicks(view.list.field, " too")
    await view.show("R1")
    assert view.state.transcript.segments[0].text == f"{SAID[0]} kept too", "opening another one keeps the first"
    view.revert()
    await view.flush()
    assert await desk.kept() == transcript()
    await desk.close()


async def test_an_archive_that_is_open_for_reading_is_read_and_not_written(desk):
    view = await desk.open()
    await view.tasks.aclose()
    await desk.services.aclose()
    (path,) = (desk.folder / "data").rglob("archive.db")
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 9999")
    desk.services = await open_services(Options(desk.folder / "data", offline=False), connect=desk.services_connect)
    assert desk.services.database.read_only
    desk.view = view = EditorView(desk.failures.append, make_device=FileDevice)
    view.notice.connect(lambda kind, text: desk.said.append(text))
    desk.qtbot.addWidget(view)
    view.attach(desk.services)
    await view.show("R1")
    view.list.edit_text("s0")
    view.commands.delete()
    assert view.state.transcript == transcript() and desk.said[0] == READ_ONLY
    await desk.close()


async def test_the_pages_own_head_gives_way_to_the_editors(desk):
    from desktop.ui.transcription.page import TranscriptionPage

    await desk.open()
    page = TranscriptionPage([].append)  # what it asks this wire for is not the matter here
    page.complete()
    desk.qtbot.addWidget(page)
    page.resize(1200, 700)
    page.show()
    page.attach(desk.services)
    await page.tasks.settled()
    assert page.head.isVisible()
    await page.open_conversation("C1")
    editor = page.findChild(EditorView)
    assert editor.isVisible() and not page.head.isVisible()
    fold = editor.head.findChild(QWidget, "editor.fold-history")
    assert fold.isVisible() and page.history.isVisible()
    fold.click()
    assert not page.history.isVisible()
    editor.saving.problem = "The disk is full."
    assert "talk.wav" in page.reason_to_stay()
    editor.saving.problem = ""
    editor.actions_by_name["leave"].trigger()
    assert page.head.isVisible() and page.reason_to_stay() == ""
    await page.close_down()
    await page.tasks.aclose()
    await editor.tasks.aclose()
    await desk.close()


async def test_the_rules_are_remembered(desk):
    view = await desk.open()
    view.check.fields["line"].setValue(37)
    await view.tasks.settled()
    other = EditorView(desk.failures.append, make_device=FileDevice)
    desk.qtbot.addWidget(other)
    other.attach(desk.services)
    await other.tasks.settled()
    assert other.state.rules == Rules(line=37) and other.check.fields["line"].value() == 37
    await other.tasks.aclose()
    await desk.close()


async def test_a_file_that_moved_is_found_by_its_content_only(desk, tmp_path):
    view = await desk.open()
    moved = desk.path.rename(tmp_path / "moved.wav")
    await view.show("R1")
    assert view.missing.isVisible() and not view.actions_by_name["play"].isEnabled()
    await desk.services.transcription.find_source("R1", str(moved))
    await view.show("R1")
    assert not view.missing.isVisible() and view.path == moved
    await desk.close()


async def test_a_chat_models_changes_are_taken_in_pieces(desk):
    view = await desk.open()
    form = await desk.work_form()
    assert desk.services.profiles.chosen.name in form.cost.text() and desk.wire.bodies == [], "the price comes first"
    desk.wire.answers = [answer(f"1: Good morning!\n2: {SAID[1]}\n3: Where were you born?\n4: In a town.")]
    QTest.mouseClick(form.start, Qt.MouseButton.LeftButton)
    await desk.until(lambda: form.changes.rowCount())
    assert form.changes.rowCount() == 3 and form.take.text() == "Take 3 changes"
    assert nameless(form) == []
    form.resize(form.width(), 330)
    await desk.until(lambda: form.list.verticalScrollBar().maximum() > 0)
    await desk.until(lambda: form.list.width() > form.list.viewport().width())
    form.grab()
    await desk.until(lambda: all(abs(head - column) <= 1 for head, column in _heads_and_columns(form)))
    form.list.setCurrentIndex(form.changes.index(1))
    QTest.keyClick(form.list, Qt.Key.Key_Space)
    assert form.take.text() == "Take 2 changes"
    QTest.mouseClick(form.take, Qt.MouseButton.LeftButton)
    await desk.until(lambda: view.state.history.undo_words)
    assert [each.text for each in view.state.transcript.segments] == ["Good morning!", SAID[1], SAID[2], "In a town."]
    assert view.state.history.undo_words == "Clean up: 2 changes"
    view.undo()
    assert view.state.transcript == transcript()
    await view.tasks.settled()
    await desk.close()


def _heads_and_columns(form):
    left = form.list.viewport().mapTo(form, QPoint()).x()
    columns = form.list.itemDelegate()._columns(form.list.visualRect(form.changes.index(0)))
    return [
        (label.mapTo(form, QPoint()).x() - left, each.left())
        for label, each in zip(form.headings, columns, strict=True)
    ]


async def test_what_was_answered_before_a_failure_is_offered_with_its_reason(desk, monkeypatch):
    monkeypatch.setattr(afterwork, "LINES_CHARACTERS", 24)
    view = await desk.open()
    form = await desk.work_form()
    desk.wire.answers = [answer("1: Good morning!"), error(400, "bad", "no more of this")]
    QTest.mouseClick(form.start, Qt.MouseButton.LeftButton)
    await desk.until(lambda: form.changes.rowCount())
    await desk.until(lambda: not form.bar.isVisible())
    assert form.take.text() == "Take 1 change" and "1 change" in form.state.text()
    assert form.state.property("kind") == "bad"
    form.reject()
    await view.tasks.settled()
    await desk.close()


async def test_a_form_that_is_closed_while_a_model_answers_ends_the_asking(desk):
    view = await desk.open()
    form = await desk.work_form()
    desk.wire.answers = [answer("1: Good morning!")]
    QTest.mouseClick(form.start, Qt.MouseButton.LeftButton)
    assert form.bar.isVisible() or await desk.until(form.bar.isVisible) is None
    form.reject()
    await view.tasks.settled()
    assert desk.failures == [] and view.state.transcript == transcript()
    await desk.close()


async def test_a_stretch_heard_again_is_compared_and_kept_as_it_is(desk):
    view = await desk.open()
    view.list.select("s1")
    view.by_model.hear_again()
    form = await desk.form()
    assert SAID[1] in form.text.toPlainText() and SAID[0] not in form.text.toPlainText()
    assert form.model.count() and not form.take.isVisible() and nameless(form) == []
    form.reject()
    await view.tasks.settled()
    assert view.state.transcript == transcript()
    await desk.close()


def test_what_was_heard_again_stands_in_the_place_of_the_old_with_its_speakers():
    heard = Transcript(
        (Segment("n1", 2000, 2700, "and"), Segment("n2", 2800, 3600, "thanks", "z")), (Speaker("z", "Ben"),)
    )
    made = heard_again.put(transcript(), heard, heard_again.pieces(transcript(), heard, (2000, 3600)))
    assert [(each.text, each.speaker) for each in made.segments] == [
        (SAID[0], "a"), ("and", "b"), ("thanks", "b"), (SAID[2], "a"), (SAID[3], "b"),
    ]  # fmt: skip
    assert len(made.speakers) == 2 and len({each.id for each in made.segments}) == 5


def test_changes_are_rows_with_what_differs(qtbot):
    model = ChangesModel()
    QAbstractItemModelTester(model, FATAL)
    model.show([Change("a", 0, "one two", "one 2"), Change("b", 9, "x", "y")])
    model.toggle(0)
    assert [each.segment for each in model.taken] == ["b"]
    model.take_all(False)
    assert model.taken == []
    model.show([Change("a", 0, "one", ""), Change("b", 9, "x", "y")])
    assert [each.segment for each in model.taken] == ["b"], "to lose words is chosen, not left alone"
    assert differing("one two three", "one 2 three") == ([(4, 7, "find")], [(4, 5, "find")])
