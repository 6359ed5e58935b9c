"""The transcription page for real: real widgets, services, archive and sound files; only the wire is false."""

from __future__ import annotations

import asyncio
import json
import time
import wave
from decimal import Decimal
from pathlib import Path

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from PySide6.QtCore import QMimeData, QObject, QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QBoxLayout, QFileDialog, QLineEdit, QListView, QPushButton, QToolButton

from desktop.api.client import Client
from desktop.core import errors
from desktop.core.catalog import TRANSCRIPTIONS, Card
from desktop.core.errors import BadInput, BudgetReached
from desktop.core.hearing import Hearing
from desktop.core.profile import Budget, Kind
from desktop.core.secret import Secret
from desktop.core.transcript import Segment, Transcript
from desktop.services.bundle import Options
from desktop.services.jobs import JobState
from desktop.services.transcription.values import JobView
from desktop.ui.chat.conversations_model import DETAIL
from desktop.ui.transcription import parameters, rows, words
from desktop.ui.transcription.job_rows import Counts
from desktop.ui.transcription.live import LiveView
from desktop.ui.transcription.page import TranscriptionPage
from desktop.ui.transcription.queue import QueueView
from desktop.ui.transcription.queue_model import ACTIONS, COST, KEY, MIME, TITLE, TONE, WORDS, QueueModel, Row
from desktop.ui.transcription.together import Together
from desktop.ui.widgets.notification import Messages
from desktop.wiring import open_services
from tests.ui.frame import nameless, tab_order

HEARS = "whisper-1"
ALL_GROUPS = [parameters.SAID, parameters.VOICES, parameters.SENT]
SAID = "The garden is quiet this morning."


def recording(path, seconds=2.0, seed=1):
    """A WAV of noise that comes and goes as speech does; each seed has bytes of its own."""
    rate = 8000
    chance = np.random.default_rng(seed)
    samples = chance.normal(0, 3000, int(seconds * rate))
    samples[rate : rate + rate // 2] = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return str(path)


class Wire:
    """A provider that hears the same sentence in everything; `gate` holds replies back, `errors` come first."""

    def __init__(self):
        self.gate, self.errors, self.requests, self.models = asyncio.Event(), [], [], []
        self.gate.set()
        self.transport = httpx.MockTransport(self.answer)

    async def answer(self, request):
        body = await request.aread()
        if not request.url.path.endswith("/audio/transcriptions"):
            listed = [{"id": id, "object": "model", "created": 1, "owned_by": "x"} for id in self.models]
            return httpx.Response(200, json={"object": "list", "data": listed})
        self.requests.append(body)
        await self.gate.wait()
        if self.errors:
            status = self.errors.pop(0)
            kind = "server_error" if status >= 500 else "invalid_request_error"
            return httpx.Response(status, json={"error": {"message": "no", "type": kind}})
        segment = {"id": 0, "start": 0.0, "end": 1.5, "text": f" {SAID}", "avg_logprob": -0.1, "no_speech_prob": 0.0}
        segment |= {"seek": 0, "tokens": [1], "temperature": 0.0, "compression_ratio": 1.0}
        reply = {"task": "transcribe", "language": "english", "duration": 2.0, "text": SAID, "segments": [segment]}
        reply["usage"] = {"type": "duration", "seconds": 2}
        return httpx.Response(200, content=json.dumps(reply), headers={"content-type": "application/json"})


class Held:
    """A page with services of its own, as a test holds it."""

    def __init__(self, qtbot, folder):
        self.qtbot, self.folder, self.wire = qtbot, folder, Wire()
        self.failures, self.notices, self.undone = [], [], []
        self.page = self.services = None

    async def sleep(self, seconds):
        await asyncio.sleep(0)

    async def open(self, model=HEARS):
        self.services = await open_services(Options(self.folder), connect=self._connect)
        profiles = self.services.profiles
        if not any(one.kind is Kind.OPENAI for one in profiles.all):
            await profiles.choose((await profiles.add(Kind.OPENAI)).id)
        await profiles.set_key(profiles.chosen.id, Secret("sk-test-0123456789abcdef"))
        page = self.page = TranscriptionPage(self.failures.append)
        page.complete()
        self.qtbot.addWidget(page)
        page.notice.connect(lambda kind, text: self.notices.append(text))
        page.undo_offered.connect(lambda text, undo: self.undone.append(undo))
        page.resize(1280, 760)
        page.show()
        page.attach(self.services)
        await page.tasks.settled()
        if page.form.model.currentText() != model:
            page.form.model.setCurrentText(model)
            page.form._model_typed()
        return page

    def _connect(self, profile, key):
        return Client(profile, key, transport=self.wire.transport, recorder=None, sleep=self.sleep)

    async def close(self):
        if self.page is not None:
            await self.page.close_down()
            await self.page.tasks.aclose()
            await self.services.aclose()
            self.page = None
        assert self.failures == []

    async def looked_at(self, *paths):
        self.page.open_files(paths)
        await self.page.tasks.settled()

    async def start(self):
        """Press the filled button."""
        QTest.mouseClick(self.page.ready.start, Qt.MouseButton.LeftButton)
        await self.page.tasks.settled()

    async def until(self, is_so):
        async with asyncio.timeout(60):
            while not is_so():
                await asyncio.sleep(0.005)

    async def choose(self, path):
        """Name a file in the dialog that is open, and wait for what follows."""
        found = lambda: [each for each in self.page.findChildren(QFileDialog) if each.isVisible()]  # noqa: E731
        await self.until(found)
        dialog = found()[0]
        field = dialog.findChild(QLineEdit)
        field.setText(str(path))
        dialog.accept()
        await self.until(lambda: not found())
        await self.page.tasks.settled()

    def states(self):
        return [str(job.state) for job in self.services.transcription.jobs()]

    async def over(self):
        """All jobs are over, and shown so."""
        await self.services.transcription.settled()
        await self.shown()

    async def shown(self):
        """All that was told is on the screen."""
        page = self.page
        await self.until(lambda: all(part.is_settled for part in (page.jobs, page.ends, page.reading)))
        await page.tasks.settled()

    def cells(self, role=TITLE):
        rows = self.page.rows
        return [rows.index(row).data(role) for row in range(rows.rowCount())]


@pytest.fixture
def held(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return Held(qtbot, tmp_path / "data")


async def test_files_are_looked_at_priced_transcribed_opened_and_written(held, tmp_path):
    page = await held.open()
    path = recording(tmp_path / "talks" / "garden.wav")
    page.open_files([path])
    assert held.cells(WORDS) == ["Being looked at"]
    await page.tasks.settled()
    assert held.wire.requests == []  # nothing was sent yet
    assert held.cells(WORDS) == ["2 s · mono"]
    assert page.ready.start.text() == "Transcribe 1 file"
    assert page.ready.words.text() == f"2 s · about $0.00020 · {HEARS}"
    await held.start()
    await held.over()
    assert held.cells() == ["garden.wav"] and held.cells(TONE) == ["good"]
    assert len(held.wire.requests) == 1
    assert sorted(each.name for each in (tmp_path / "talks").iterdir()) == ["garden.srt", "garden.txt", "garden.wav"]
    assert SAID in (tmp_path / "talks" / "garden.txt").read_text()
    assert held.notices == ["“garden.wav” is transcribed. 2 files written."]
    assert page.past.model.rowCount() == 1
    page.acts.act("open", [held.cells(KEY)[0]])
    await page.tasks.settled()
    assert page.stack.currentWidget() is page.editor
    page.opening.show_queue()
    await held.close()


async def test_a_folder_keeps_its_structure_and_names_follow_the_pattern(held, tmp_path):
    page = await held.open()
    recording(tmp_path / "tour" / "one.wav", seed=1)
    recording(tmp_path / "tour" / "deep" / "two.wav", seed=2)
    (tmp_path / "tour" / "notes.txt").write_text("no recording")
    page.form.output.set_folder(str(tmp_path / "out"))
    page.form.output.pattern.setText("{name} in {language}")
    await held.looked_at(str(tmp_path / "tour"))
    assert sorted(held.cells()) == ["one.wav", "two.wav"]
    assert held.notices == ["1 file in “tour” is no recording and was passed over."]
    await held.start()
    await held.over()
    written = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.srt"))
    assert written == ["tour/deep/two in english.srt", "tour/one in english.srt"]
    await held.close()


async def test_what_cannot_be_done_is_said_on_its_row_before_anything_is_sent(held, tmp_path):
    page = await held.open()
    broken, empty = tmp_path / "broken.mp3", tmp_path / "empty.wav"
    broken.write_bytes(b"no sound at all" * 50)
    empty.write_bytes(b"")
    good = recording(tmp_path / "good.wav")
    await held.looked_at(str(broken), str(empty), good, str(tmp_path / "gone.wav"))
    said = held.cells(WORDS)
    assert said[0].startswith("This file cannot be read as sound.") and said[1].startswith("This file is empty.")
    assert said[3].startswith("This file is not there.")
    assert held.cells(TONE) == ["bad", "bad", "muted", "bad"]
    assert page.ready.start.text() == "Transcribe 1 file" and page.ready.words.text().endswith(
        "· 3 cannot be transcribed"
    )
    assert held.cells(ACTIONS)[0] == ("choose", "show", "remove") and page.ready.clear.text() == "Remove the 3 left out"
    page.ready.clear.click()
    assert held.cells() == ["good.wav"] and page.ready.clear.text() == "Remove it"
    held.undone[-1]()
    (tmp_path / "none").mkdir()
    await held.looked_at(str(tmp_path / "none"))
    assert held.cells(WORDS)[-1].startswith("There is no recording in this folder.")
    await held.close()


async def test_a_recording_that_is_known_offers_its_transcript_or_to_do_it_again(held, tmp_path):
    page = await held.open()
    path = recording(tmp_path / "garden.wav")
    await held.looked_at(path)
    await held.start()
    await held.over()
    await held.looked_at(recording(tmp_path / "copy.wav"))
    assert held.cells(WORDS)[0] == "Transcribed today"
    assert held.cells(ACTIONS)[0][:2] == ("open", "again")
    assert page.ready.start.isHidden() and page.ready.words.text() == "1 here already"
    key = held.cells(KEY)[0]
    page.acts.act("again", [key])
    assert page.ready.start.isVisible() and page.ready.start.text() == "Transcribe 1 file"
    await held.looked_at(recording(tmp_path / "third.wav"))
    assert "in the list already" in held.cells(WORDS)[1]
    page.acts.act("remove", [key])  # what stays is only a copy: it stands for nothing
    await held.looked_at(path)
    assert held.cells(WORDS)[1] == "Transcribed today" and held.cells(ACTIONS)[1][:2] == ("open", "again")
    await held.close()


async def test_the_estimate_follows_the_model(held, tmp_path):
    page = await held.open()
    await held.looked_at(recording(tmp_path / "garden.wav", 6))
    before = page.ready.words.text()
    page.form.model.setCurrentText("gpt-4o-mini-transcribe")
    page.form._model_typed()
    assert page.ready.words.text() != before and "about $" in page.ready.words.text()
    page.form._set("task", "translate to English")  # kept for models that can; this one is not asked
    assert page.ready.start.isEnabled()
    await held.close()


async def test_what_a_model_has_no_use_for_is_said_before_it_is_asked(held, tmp_path):
    page = await held.open()
    await held.looked_at(recording(tmp_path / "garden.wav"))
    page.form._set("task", "translate to English")
    page.form._set("prompt", "a garden")
    page.form._set("language", "German")
    assert "without" not in page.ready.words.text()
    page.form.model.setCurrentText("gpt-4o-transcribe-diarize")
    page.form._model_typed()
    assert page.ready.words.text().endswith("gpt-4o-transcribe-diarize without the translation and the prompt")
    assert page.form.note.text().endswith("without the translation and the prompt")
    english = Card(id="tiny.en", endpoints=(TRANSCRIPTIONS,), hearing=Hearing(languages=("en",)))
    assert parameters.unused(english, {"language": "de"}) == ["the language"]
    assert parameters.unused(english, {"language": "English"}) == []
    several = Card(id="x", endpoints=(TRANSCRIPTIONS,), hearing=Hearing(takes_language=False, takes_languages=True))
    assert parameters.unused(several, {"language": "German"}) == []
    assert parameters.asked(several, {"language": "German"})["languages"] == ("de",)
    page.form.model.setCurrentText("")
    page.form._model_typed()
    assert page.form.note.text() == "" and page.ready.words.text().startswith("Choose a model that hears")
    await held.close()


async def test_tab_goes_through_the_queue_as_one_reads_it(held, tmp_path):
    page = await held.open()
    await held.looked_at(recording(tmp_path / "garden.wav"))
    names = [each.objectName().removeprefix("transcription.") for each in tab_order(page)]
    expected = ["fold-history-button", "record-button", "choose-folder-button", "choose-button"]
    expected += ["fold-parameters-button", "queue", "clear", "start", "profile", "model", "output-txt"]
    places = [names.index(name) for name in (*expected, "output-pattern", "what-is-said-group", "language", "prompt")]
    assert places == sorted(places)
    page.form.form.set_open_groups(["What is said", "Voices"])
    page.form.model.setCurrentText("gpt-4o-transcribe-diarize")
    page.form._model_typed()
    page.form._set("diarize", "yes")
    await held.until(page.form.speakers.isVisible)  # new fields are shown with the next layout
    names = [each.objectName().removeprefix("transcription.") for each in tab_order(page)]
    order = ("start", "profile", "output-txt", "what-is-said-group", "language", "voices-group", "diarize")
    places = [names.index(name) for name in (*order, "add-speaker", "channel", "how-it-is-sent-group")]
    assert places == sorted(places)
    await held.close()


async def test_words_and_buttons_share_a_line_where_both_have_room(held, tmp_path):
    page = await held.open()
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(b"no sound at all" * 50)
    await held.looked_at(str(broken), recording(tmp_path / "garden.wav"))
    page.form._set("language", "Klingonese of the far north, as it was written down by those who heard it")
    assert page.ready._row.direction() is QBoxLayout.Direction.TopToBottom
    page.form._set("language", None)
    page.form.model.setCurrentText("tts-1")
    page.form._model_typed()
    assert page.ready.start.isHidden() and page.ready._row.direction() is QBoxLayout.Direction.LeftToRight
    await held.close()


async def test_one_job_is_paused_cancelled_and_tried_again_and_says_so(held, tmp_path):
    page = await held.open()
    held.wire.gate.clear()
    await held.looked_at(*(recording(tmp_path / f"{n}.wav", seed=n) for n in range(4)))
    await held.start()
    await held.until(lambda: len(held.wire.requests) == 2)
    await held.shown()
    assert all(held.cells(WORDS)), "a row always says something"
    keys = held.cells(KEY)
    page.acts.act("cancel", [keys[0]])  # how quick that is: test_a_cancel_is_heard_within_a_fifth_of_a_second
    await held.until(lambda: str(held.services.transcription.job(keys[0]).state) == "cancelled")
    page.acts.act("pause", [keys[3]])
    held.wire.gate.set()
    await held.over()
    assert sorted(held.states()) == ["cancelled", "done", "done", "paused"]
    page.acts.act("resume", [keys[3]])
    page.acts.act("retry", [keys[0]])
    await held.over()
    assert held.states() == ["done"] * 4
    await held.close()


async def test_a_failure_is_told_on_the_row_with_advice_and_can_be_tried_again(held, tmp_path):
    page = await held.open()
    held.wire.errors = [400, 400]  # as it is, and encoded anew
    await held.looked_at(recording(tmp_path / "garden.wav"))
    await held.start()
    await held.over()
    assert held.cells(TONE) == ["bad"] and held.cells(ACTIONS) == [("retry", "show", "remove")]
    assert "could not be transcribed" in held.notices[-1]
    page.acts.act("retry", held.cells(KEY))
    await held.over()
    assert held.cells(TONE) == ["good"]
    await held.close()


async def test_the_queue_survives_a_restart_and_goes_on(held, tmp_path):
    page = await held.open()
    held.wire.gate.clear()
    page.form._set("on_doubt", "repeat, may pay twice")
    await held.looked_at(*(recording(tmp_path / f"{n}.wav", seed=n) for n in range(3)))
    await held.start()
    await held.until(lambda: len(held.wire.requests) == 2)
    await held.close()
    held.wire.gate.set()
    page = await held.open()
    assert sorted(held.cells()) == ["0.wav", "1.wav", "2.wav"]
    await held.over()
    assert held.states() == ["done"] * 3
    assert page.middle.currentWidget() is page.queue
    await held.close()


async def test_order_follows_drag_and_keys(held, tmp_path):
    page = await held.open()
    held.wire.gate.clear()
    await held.looked_at(*(recording(tmp_path / f"{n}.wav", seed=n) for n in range(5)))
    await held.start()
    await held.until(lambda: held.states().count("running") == 2)
    keys = held.cells(KEY)
    mime = page.rows.mimeData([page.rows.index(4)])
    assert mime.hasFormat(MIME) and not mime.hasUrls()
    page.rows.dropMimeData(mime, Qt.DropAction.MoveAction, 2, 0, page.rows.index(-1))
    assert held.cells() == ["0.wav", "1.wav", "4.wav", "2.wav", "3.wav"]
    page.queue.setFocus()
    page.queue.setCurrentIndex(page.rows.index(3))
    QTest.keyClick(page.queue, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert held.cells() == ["0.wav", "1.wav", "2.wav", "4.wav", "3.wav"]
    assert page.queue.currentIndex().data(KEY) == keys[2]
    held.wire.gate.set()
    await held.over()
    await held.close()


async def test_pausing_all_and_going_on_with_all(held, tmp_path):
    page = await held.open()
    held.wire.gate.clear()
    page.form._set("on_doubt", "repeat, may pay twice")
    await held.looked_at(*(recording(tmp_path / f"{n}.wav", seed=n) for n in range(3)))
    await held.start()
    await held.until(lambda: len(held.wire.requests) == 2)
    page.head.pause.trigger()
    await held.until(lambda: page.head.title.text() == "3 paused")
    assert not page.head.pause.isEnabled()
    held.wire.gate.set()
    page.head.resume.trigger()
    await held.over()
    assert held.states() == ["done"] * 3
    page.head.clear.trigger()
    await page.tasks.settled()
    await held.until(lambda: page.rows.rowCount() == 0)
    assert page.past.model.rowCount() == 3  # the transcripts stay
    await held.close()


async def test_a_dear_batch_asks_once(held, tmp_path):
    page = await held.open()
    await held.services.settings.change(transcription_ask_above=0)
    await held.looked_at(recording(tmp_path / "garden.wav"))
    QTest.mouseClick(page.ready.start, Qt.MouseButton.LeftButton)
    await held.until(lambda: QApplication.activeModalWidget() is not None)
    dialog = QApplication.activeModalWidget()
    assert "about $0.00020" in dialog.label.text()
    QTest.mouseClick(dialog.cancel, Qt.MouseButton.LeftButton)
    await page.tasks.settled()
    assert held.states() == [] and page.ready.start.isEnabled()
    QTest.mouseClick(page.ready.start, Qt.MouseButton.LeftButton)
    await held.until(lambda: QApplication.activeModalWidget() is not None)
    QTest.mouseClick(QApplication.activeModalWidget().confirm, Qt.MouseButton.LeftButton)
    await page.tasks.settled()
    await held.over()
    assert held.states() == ["done"]
    await held.close()


async def test_looking_can_be_stopped_and_rows_removed_with_a_way_back(held, tmp_path):
    page = await held.open()
    page.open_files([recording(tmp_path / f"{n}.wav", seed=n) for n in range(3)])
    page.ready.stop_wanted.emit()
    await page.tasks.settled()
    assert page.rows.rowCount() == 0 and page.middle.currentWidget() is page.drop
    await held.looked_at(recording(tmp_path / "garden.wav"))
    page.ready.clear.click()
    assert page.rows.rowCount() == 0
    held.undone[-1]()
    assert held.cells() == ["garden.wav"]
    await held.close()


async def test_files_are_pasted(held, tmp_path):
    page = await held.open()
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(recording(tmp_path / "garden.wav"))])
    QGuiApplication.clipboard().setMimeData(mime)
    page.paste_action.trigger()
    await page.tasks.settled()
    assert held.cells() == ["garden.wav"]
    QGuiApplication.clipboard().clear()
    await held.close()


async def test_a_finished_row_is_dragged_out_as_a_file(held, tmp_path):
    page = await held.open()
    page.form.output.show_kept({"forms": []})
    await held.looked_at(recording(tmp_path / "garden.wav"))
    await held.start()
    await held.over()
    place = page.queue.visualRect(page.rows.index(0)).topLeft() + QPoint(60, 10)
    QTest.mouseClick(page.queue.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    await page.tasks.settled()
    urls = page.rows.mimeData([page.rows.index(0)]).urls()
    assert [url.fileName() for url in urls] == ["garden.txt"]
    assert SAID in Path(urls[0].toLocalFile()).read_text()
    assert sorted(each.name for each in tmp_path.glob("*.*")) == ["garden.wav"]  # nothing was put beside it
    await held.close()


async def test_the_form_has_only_what_the_model_has(held):
    page = await held.open()
    page.form.form.set_open_groups(ALL_GROUPS)

    def offered(model):
        page.form.model.setCurrentText(model)
        page.form._model_typed()
        return set(page.form.form._fields)

    whisper, newer, voices = offered("whisper-1"), offered("gpt-transcribe"), offered("gpt-4o-transcribe-diarize")
    assert {"task", "language", "prompt", "temperature", "form"} <= whisper and "diarize" not in whisper
    assert {"languages", "keywords"} <= newer and "language" not in newer and "form" not in newer
    assert "diarize" in voices and "prompt" not in voices and "keywords" not in voices
    assert page.form.speakers.isHidden()
    page.form._set("diarize", "yes")
    assert not page.form.speakers.isHidden()
    assert {"task", "diarize"} - offered("somebody-elses-model") == {"diarize"}
    await held.close()


async def test_the_form_is_kept_with_its_profile(held):
    page = await held.open()
    first = held.services.profiles.chosen.id
    page.form._set("language", "ja")
    page.form.output.boxes["docx"].click()
    page.form._set("keywords", ["Ashgrove"])
    other = await held.services.profiles.add(Kind.OPENROUTER)
    await page.keeping.keep()
    await page.keeping.show_profile(other.id)
    assert page.form.values == {} and not page.form.output.boxes["docx"].isChecked()
    await page.keeping.show_profile(first)
    assert page.form.values == {"language": "ja", "keywords": ["Ashgrove"]}
    assert page.form.output.boxes["docx"].isChecked() and page.form.model.currentText() == HEARS
    fields = page.form.fields()
    assert fields["language"] == "ja" and fields["keywords"] == ("Ashgrove",)
    assert fields["formats_out"] == ("txt", "docx", "srt")
    await held.close()


async def test_names_of_files_have_a_live_example_and_say_what_is_wrong(held):
    page = await held.open()
    output = page.form.output
    QTest.keyClicks(output.pattern, "{name} of {date}")
    assert output.example.text() == "Such as interview of 2026-11-03.txt"
    output.pattern.clear()
    QTest.keyClicks(output.pattern, "{colour}")
    assert "{colour}" in output.wrong.text() and output.problem
    assert output.wrong.isVisible() and output.wrong.wordWrap() and output.example.isHidden()
    assert "name_pattern" not in output.fields()
    await held.close()


class FalseMicrophone(QObject):
    """A source without a device: samples come when the test says so."""

    samples, broke = Signal(bytes), Signal(object)
    rate, channels, names = 8000, 1, ["Desk microphone", "Headset"]

    def __init__(self, parent):
        super().__init__(parent)
        self.is_on = self.is_held = False

    def devices(self):
        return list(self.names)

    def start(self, name):
        self.is_on, self.name = True, name

    def pause(self):
        self.is_held = True

    def resume(self):
        self.is_held = False

    def stop(self):
        self.is_on = False

    def say(self, seconds):
        self.samples.emit(np.full(int(seconds * self.rate), 8000, "<i2").tobytes())


async def test_what_is_recorded_is_a_file_that_goes_with_the_others(held):
    page = await held.open()
    page.recorder.make_source = FalseMicrophone
    page.record_action.trigger()
    assert page.recorder.isVisible() and page.recorder.device.count() == 2
    page.recorder.device.setCurrentText("Headset")
    page.recorder.begin_button.click()
    source = page.recorder._source
    assert source.is_on and source.name == "Headset" and page.reason_to_stay()
    source.say(3)
    assert page.recorder.time.text() == "0:03" and page.recorder.meter.level > 0.7
    page.recorder.pause_button.click()
    assert source.is_held
    source.say(5)  # what a device still had: not meant to be heard
    page.recorder.pause_button.click()
    source.say(1)
    page.recorder.finish_button.click()
    await page.tasks.settled()
    assert not source.is_on and not page.reason_to_stay() and page.recorder.isHidden()
    assert held.cells(WORDS) == ["4 s · mono"] and held.cells()[0].startswith("Recording 20")
    await held.close()


async def test_what_was_recorded_and_not_sent_is_there_after_a_restart(held):
    page = await held.open()
    page.recorder.make_source = FalseMicrophone
    for seconds in (2, 3):
        page.record_action.trigger()
        page.recorder.begin_button.click()
        page.recorder._source.say(seconds)
        if seconds == 2:
            page.recorder.finish_button.click()
            await page.tasks.settled()
    await held.close()  # while the second one is being recorded
    page = await held.open()
    assert held.cells(WORDS) == ["2 s · mono", "3 s · mono"]
    page.acts.act("remove", [held.cells(KEY)[0]])
    assert held.cells(WORDS) == ["3 s · mono"] and len(held.undone) == 1
    await held.start()
    await held.over()
    await held.close()
    page = await held.open()
    assert held.states() == ["done"] and page.rows.rowCount() == 1  # neither comes back
    await held.close()


async def test_a_crash_keeps_what_was_said(held):
    page = await held.open()
    page.recorder.make_source = FalseMicrophone
    page.record_action.trigger()
    page.recorder.begin_button.click()
    page.recorder._source.say(2)
    capture = page.recorder._capture
    await held.until(lambda: capture._pieces.empty())
    capture._pieces.put(None)
    capture._thread.join()  # as far as the disk goes, the process is gone: nobody mended the head
    page.recorder._capture = None
    await held.close()
    left = list((held.folder / "recordings").iterdir())
    assert [path.suffix for path in left] == [".recording"]
    page = await held.open()
    assert held.cells(WORDS) == ["2 s · mono"]
    assert "What was said is kept" in held.notices[-1]
    assert [path.suffix for path in (held.folder / "recordings").iterdir()] == [".wav"]
    await held.close()


async def test_without_a_microphone_it_says_so(held, monkeypatch):
    page = await held.open()
    monkeypatch.setattr(FalseMicrophone, "names", [])
    page.recorder.make_source = FalseMicrophone
    page.record_action.trigger()
    assert page.recorder.words.text().startswith("This computer has no microphone.")
    assert not page.recorder.begin_button.isEnabled()
    await held.close()


async def test_the_watched_folder_takes_each_recording_once_by_content(held, tmp_path):
    page = await held.open()
    folder = tmp_path / "inbox"
    recording(folder / "one.wav", seed=1)
    assert not page.taking.watcher._timer.isActive()  # off until a folder is named
    await held.services.settings.change(watch_folder=str(folder))
    await page.tasks.settled()
    assert held.states() == []  # it may still be growing
    page.taking.watcher.look()
    await page.tasks.settled()
    await held.over()
    assert held.states() == ["done"]
    recording(folder / "same.wav", seed=1)
    for _ in range(3):
        page.taking.watcher.look()
        await page.tasks.settled()
    assert held.states() == ["done"]
    (folder / "broken.mp3").write_bytes(b"no sound at all" * 50)
    for _ in range(3):
        page.taking.watcher.look()
        await page.tasks.settled()
    assert held.notices[-1] == "“broken.mp3” of the watched folder: This file cannot be read as sound."
    assert held.notices.count(held.notices[-1]) == 1
    await held.services.settings.change(watch_folder="")
    assert not page.taking.watcher._timer.isActive()
    await held.close()


async def test_subtitles_are_opened_with_the_recording_beside_them(held, tmp_path):
    page = await held.open()
    recording(tmp_path / "garden.wav")
    path = tmp_path / "garden.srt"
    path.write_text("1\n00:00:00,000 --> 00:00:01,500\nThe garden is quiet.\n")
    await held.looked_at(str(path))
    assert page.stack.currentWidget() is page.editor and held.wire.requests == []
    assert page.right.currentWidget() is page.editor.details
    page.opening.show_queue()
    await held.close()


async def test_the_keys_that_start_the_queue_are_the_editors_own_while_it_is_shown(held, tmp_path):
    page = await held.open()
    recording(tmp_path / "garden.wav")
    path = tmp_path / "garden.srt"
    path.write_text("1\n00:00:00,000 --> 00:00:01,500\nThe garden is quiet.\n")
    await held.looked_at(str(path))
    page.waiting.take([recording(tmp_path / "harbour.wav", seed=2)])
    page.taking.start(page.taking._look(), "look")  # what was dropped before may be looked at behind the editor
    await page.tasks.settled()
    split = page.editor.actions_by_name["split"]
    assert page.waiting.ready and split.shortcut() == page.start_action.shortcut()
    assert split.isEnabled() and not page.start_action.isEnabled()
    page.opening.show_queue()
    assert page.start_action.isEnabled()
    await held.close()


def test_a_finished_row_says_where_nothing_was_heard():
    done = JobView("a", "a", "c", "Talk", "/x/talk.ogg", JobState.DONE, "Done", seconds=95.0, model="hears")
    one = rows.row_of_job(replace(done, nothing_in=((62_000, 71_400),)))
    assert one.words == "Done · nothing was heard from 1:02 to 1:11 · 1 min 35 s · hears" and one.tone == "warn"
    many = rows.row_of_job(replace(done, nothing_in=((0, 9_000), (62_000, 71_000))))
    assert "nothing was heard in 2 places" in many.words
    assert many.details.splitlines() == ["/x/talk.ogg", "Nothing was heard from 0:00 to 0:09, 1:02 to 1:11"]
    assert rows.row_of_job(done).tone == "good" and rows.row_of_job(done).details == "/x/talk.ogg"


async def test_every_control_has_a_name(held, tmp_path):
    page = await held.open()
    await held.looked_at(recording(tmp_path / "garden.wav"))
    assert nameless(page) == []
    await held.close()


def test_three_hundred_rows_change_without_stalling(qtbot):
    model = QueueModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    rows = [Row(f"k{n}", f"recording {n}", "Waits for its turn", is_job=True) for n in range(300)]
    model.replace(rows)
    worst = 0.0
    for step in range(60):
        began = time.thread_time()
        model.change(Row(f"k{step}", f"recording {step}", "Sends", progress=step / 60, is_job=True))
        worst = max(worst, time.thread_time() - began)
    assert worst < 0.016
    began = time.thread_time()
    model.replace(rows[::-1])
    assert time.thread_time() - began < 1.0  # with the tester's checks at each move
    assert [model.at(n).key for n in range(300)] == [row.key for row in rows[::-1]]
    model.replace([*rows[10:20], Row("new", "x", "y"), *rows[30:40]])
    assert [model.at(n).key for n in (0, 10, 11)] == ["k10", "new", "k30"]
    assert model.row_of("new") == 10 and model.row_of("k0") == -1
    model.replace([])
    assert model.rowCount() == 0


@pytest.mark.parametrize(
    ("seconds", "said"), [(7, "7 s"), (95, "1 min 35 s"), (754, "13 min"), (11_520, "3 h 12 min"), (7200, "2 h")]
)
def test_lengths_are_as_exact_as_one_plans_by(seconds, said):
    assert words.length(seconds) == said


def test_endings_are_those_the_service_takes_from_folders():
    from desktop.services.transcription.intake import SUFFIXES
    from desktop.ui.drops import RECORDINGS

    assert SUFFIXES - {"ts"} == RECORDINGS


def test_one_row_that_ends_goes_below_hundreds_without_moving_them(qtbot):
    model, moves = QueueModel(), []
    model.rowsMoved.connect(lambda *where: moves.append(where))
    rows = [Row(f"k{n}", f"recording {n}", "Waits for its turn", is_job=True) for n in range(500)]
    model.replace(rows)
    model.replace([*rows[1:], rows[0]])
    model.replace([rows[0], *rows[1:]])
    model.replace([*rows[:3], rows[400], *rows[3:400], *rows[401:]])
    assert len(moves) == 3


@given(st.lists(st.integers(0, 20), unique=True), st.lists(st.integers(0, 20), unique=True))
def test_any_order_follows_any_other(before, after):
    model = QueueModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for keys in (before, after):
        model.replace([Row(str(key), "title", "words") for key in keys])
        assert [model.at(n).key for n in range(model.rowCount())] == [str(key) for key in keys]
        assert [model.row_of(str(key)) for key in keys] == list(range(len(keys)))


def test_hundreds_of_selected_rows_change_places_at_once(qtbot):
    """As they do when all are cancelled: what is over stands in the other direction."""
    model = QueueModel()
    view = QueueView(model)
    qtbot.addWidget(view)
    view.resize(600, 700)
    view.show()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    made = [Row(str(number), f"{number}.wav", "Waits", is_job=True, is_coming=True) for number in range(366)]
    model.replace(made)
    view.selectAll()
    view.setCurrentIndex(model.index(7))
    view.selectAll()
    began = time.thread_time()
    model.replace([*made[:0:-1], Row("new", "new.wav", "Waits")])
    assert time.thread_time() - began < 1.0
    assert [model.at(row).key for row in range(model.rowCount())] == [*(row.key for row in made[:0:-1]), "new"]
    assert view.keys() == [row.key for row in made[:0:-1]] and view.currentIndex().data(KEY) == "7"


async def test_a_job_is_in_the_list_in_the_moment_its_file_leaves_it(held, tmp_path):
    page = await held.open()
    held.wire.gate.clear()
    await held.looked_at(*(recording(tmp_path / f"{n}.wav", seed=n) for n in range(3)))
    counts = []
    page.rows.rowsRemoved.connect(lambda *_: counts.append(page.middle.currentWidget() is page.queue))
    page.jobs.counted.connect(lambda _: counts.append(page.rows.rowCount() > 0))
    await held.start()
    assert counts and all(counts) and len(held.cells()) == 3
    assert page.queue.currentIndex().row() == 0
    held.wire.gate.set()
    await held.over()
    await held.close()


async def test_the_same_file_and_the_same_folder_again_are_said_not_doubled(held, tmp_path):
    page = await held.open()
    path = recording(tmp_path / "tour" / "one.wav")
    await held.looked_at(path)
    await held.looked_at(path)
    assert held.notices == ["This is in the list already."]
    await held.looked_at(str(tmp_path / "tour"))
    assert held.cells() == ["one.wav"] and page.ready.start.text() == "Transcribe 1 file"
    await held.close()


async def test_a_copy_of_what_is_in_the_list_is_no_alarm(held, tmp_path):
    await held.open()
    await held.looked_at(recording(tmp_path / "one.wav"), recording(tmp_path / "copy.wav"))
    assert held.cells(TONE) == ["muted", "muted"]
    await held.close()


async def test_a_paid_part_ends_before_a_pause_and_a_second_press_does_not_wait(held, tmp_path):
    page = await held.open()
    held.wire.gate.clear()
    await held.looked_at(recording(tmp_path / "garden.wav"))
    await held.start()
    await held.until(lambda: held.wire.requests)
    await held.shown()
    (key,) = held.cells(KEY)
    page.acts.act("pause", [key])
    await held.shown()
    assert held.cells(WORDS)[0].startswith("Pauses after") and "pause-now" in held.cells(ACTIONS)[0]
    assert page.head.pause.text().startswith("Pause all without waiting") and page.head.resume.isEnabled()
    page.acts.act("resume", [key])
    await held.until(lambda: "pause" in held.cells(ACTIONS)[0])
    page.acts.act("pause", [key])
    await held.shown()
    page.acts.act("pause-now", [key])
    await held.until(lambda: held.states() == ["paused"])
    await held.shown()
    assert page.head.title.text() == "1 paused" and held.cells(WORDS) == ["Paused"]
    held.wire.gate.set()
    page.acts.act("resume", [key])
    await held.over()
    assert held.states() == ["done"]
    await held.close()


async def test_at_once_is_a_setting_for_recordings_and_the_jobs_own_for_parts(held, tmp_path):
    page = await held.open()
    page.form.form.set_open_groups(ALL_GROUPS)
    fields = page.form.form._fields
    assert (fields["parallel"].parameter.default, fields["parts_at_once"].parameter.default) == ("2", "3")
    QTest.keyClicks(fields["parallel"].control, "5")
    QTest.keyClicks(fields["parts_at_once"].control, "1")
    await page.tasks.settled()
    assert held.services.settings.value.transcription_jobs == 5 and held.services.jobs.parallel == 5
    assert page.form.fields()["parts_at_once"] == 1 and "parallel" not in page.form.kept()["values"]
    fields["parallel"].reset.click()
    await page.tasks.settled()
    assert held.services.settings.value.transcription_jobs == 2
    await held.services.settings.change(transcription_jobs=7, transcription_parts=6)
    assert fields["parallel"].control.text() == "7" and fields["parts_at_once"].parameter.default == "6"
    await held.close()


async def test_a_language_is_named_in_words_or_letters_and_what_is_neither_is_said(held, tmp_path):
    page = await held.open()
    await held.looked_at(recording(tmp_path / "garden.wav"))
    page.form._set("language", "Japanese")
    assert page.form.fields()["language"] == "ja" and page.ready.start.isEnabled()
    page.form._set("language", "zh-Hans")
    assert page.form.fields()["language"] == "zh-Hans"
    page.form._set("language", "Klingonese")
    assert not page.ready.start.isEnabled() and "“Klingonese” is not known" in page.ready.words.text()
    assert not page.start_action.isEnabled()
    await held.close()


async def test_lists_of_names_are_kept_taken_and_removed_with_a_way_back(held):
    page = await held.open()
    lists = page.form.lists
    assert lists.isHidden()
    page.form._set("keywords", ["Ashgrove", "Lindenau"])
    assert not lists.keep.isHidden() and lists.box.isHidden()
    lists.keep.click()
    await held.until(lambda: QApplication.activeModalWidget() is not None)
    dialog = QApplication.activeModalWidget()
    QTest.keyClicks(dialog.findChild(QLineEdit), "Garden people")
    QTest.mouseClick(dialog.confirm, Qt.MouseButton.LeftButton)
    await page.tasks.settled()
    assert lists.box.currentText() == "Garden people" and lists.keep.isHidden()
    page.form._set("keywords", None)
    lists.box.setCurrentIndex(1)
    lists.box.activated.emit(1)
    assert page.form.fields()["keywords"] == ("Ashgrove", "Lindenau")
    lists.forget.click()
    await page.tasks.settled()
    assert lists.lists == {} and page.form.fields()["keywords"] == ("Ashgrove", "Lindenau")
    held.undone[-1]()
    await page.tasks.settled()
    assert list(lists.lists) == ["Garden people"]
    page.form.model.setCurrentText("gpt-4o-transcribe-diarize")
    page.form._model_typed()  # it takes no words
    assert lists.isHidden()
    await held.close()


async def test_known_speakers_go_along_though_their_group_is_folded(held, tmp_path):
    page = await held.open()
    page.form.model.setCurrentText("gpt-4o-transcribe-diarize")
    page.form._model_typed()
    clip = recording(tmp_path / "Ada.wav", 3)
    page.form._set("diarize", "yes")
    page.form.speakers.take(clip)
    page.form.form.set_open_groups([])
    assert [(each.name, each.clip) for each in page.form.fields()["speakers"]] == [("Ada", clip)]
    assert page.form.fields()["diarize"] is True
    page.form.speakers.findChild(QToolButton, "transcription.speaker-remove").click()
    assert page.form.fields()["speakers"] == ()
    page.form._set("diarize", None)
    assert page.form.speakers.isHidden()
    page.form._set("diarize", "yes")
    assert not page.form.speakers.isVisible()  # as its group is folded
    page.form.form.set_open_groups(ALL_GROUPS)
    await held.until(page.form.speakers.isVisible)
    below = page.form.form._fields["diarize"]
    assert page.form.speakers.y() > below.y() and page.form.speakers.parentWidget() is below.parentWidget()
    await held.close()


async def test_a_clip_of_a_voice_is_listened_to_when_it_is_chosen(held, tmp_path):
    page = await held.open()
    page.form.model.setCurrentText("gpt-4o-transcribe-diarize")
    page.form._model_typed()
    page.form._set("diarize", "yes")
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound at all" * 50)
    for path, said in ((broken, "cannot be read"), (recording(tmp_path / "long.wav", 14), "lasts 14 s")):
        page.form.speakers.add.click()
        await held.choose(path)
        assert said in held.failures.pop().summary and page.form.speakers.kept() == []
    page.form.speakers.add.click()
    await held.choose(recording(tmp_path / "Ada.wav", 3))
    assert page.form.speakers.kept() == [["Ada", str(tmp_path / "Ada.wav")]] and page.form.problem == ""
    field = page.form.speakers.findChild(QLineEdit, "transcription.speaker-name")
    field.clear()
    field.editingFinished.emit()
    assert page.form.problem.startswith("A known speaker has no name.")
    await held.close()


async def test_jobs_that_wait_for_a_budget_offer_to_go_beyond_it_once(held, tmp_path):
    page = await held.open()
    profiles = held.services.profiles
    await profiles.change(replace(profiles.chosen, budget=Budget(day=Decimal("0.0001"))))
    await held.looked_at(*(recording(tmp_path / f"{n}.wav", seed=n) for n in range(3)))
    await held.start()
    await held.until(lambda: held.failures)
    reached = held.failures.pop()
    assert isinstance(reached, BudgetReached) and reached.action == "Go on today"
    assert held.wire.requests == [] and any(said.startswith("Budget reached.") for said in held.cells(WORDS))
    await held.shown()
    assert held.failures == []  # two wait for the same
    await held.services.budgets.allow(profiles.get(reached.profile), reached.period)
    page.go_on()
    await held.over()
    assert held.states() == ["done"] * 3
    await held.close()


def test_rows_that_are_dragged_together_stay_in_their_order():
    model = QueueModel()
    order = list("abcdef")
    model.replace([Row(key, key, "Waits", is_job=True, is_coming=True) for key in order])

    def move(key, before):
        order.remove(key)
        order.insert(order.index(before) if before else len(order), key)

    model.moved.connect(move)
    mime = model.mimeData([model.index(row) for row in (4, 2)])  # as they were selected
    model.dropMimeData(mime, Qt.DropAction.MoveAction, 1, 0, model.index(-1))
    assert order == list("acebdf")
    order[:] = "abcdef"
    mime = model.mimeData([model.index(row) for row in (1, 2, 3)])
    model.dropMimeData(mime, Qt.DropAction.MoveAction, 2, 0, model.index(-1))  # in the midst of themselves
    assert order == list("abcdef")


def test_the_whole_queue_says_how_long_it_still_takes():
    now = 0.0
    together = Together(lambda: now)
    jobs = [("running", 60.0, 0.0), *[("queued", 60.0, 0.0)] * 9]
    assert together.left(jobs, is_at_work=True) is None
    now = 10.0
    jobs[:2] = [("done", 60.0, 1.0), ("running", 60.0, 0.5)]  # 90 of 600 s in ten
    assert together.left(jobs, is_at_work=True) == pytest.approx(510 / 9)
    jobs[-1] = ("paused", 60.0, 0.0)
    assert together.left(jobs, is_at_work=True) == pytest.approx(450 / 9)
    assert together.left(jobs, is_at_work=False) is None
    now = 1000.0  # what it stood still for does not count
    assert together.left(jobs, is_at_work=True) is None
    counts = Counts(running=2, queued=8, failed=1, done=30, left=754.0)
    assert counts.words == "2 running · 8 to come · about 13 min left · 1 failed · 30 done"
    assert Counts(done=30, cleared=30).words == ""
    said = [words.about_left(seconds) for seconds in (1.0, 4.0, 47.0, 131.0, 271.0, 7300.0)]
    assert said == ["", *(f"about {each} left" for each in ("10 s", "50 s", "2 min", "5 min", "2 h 2 min"))]
    assert Counts(running=2, waiting=2, queued=1).words == "2 waiting · 1 to come"


def test_what_waits_can_be_tried_now_and_costs_nothing_that_nobody_knows():
    job = JobView(
        "1", "1", "", "a.wav", "", JobState.WAITING, "Waits for the rate limit, 40 s", cost="$0.00", estimate=""
    )
    assert rows.row_of_job(job).actions[0] == "now"
    assert rows.row_of_job(replace(job, state=JobState.FAILED)).cost == ""
    assert rows.row_of_job(replace(job, state=JobState.FAILED, cost="$0.01")).cost == "$0.01"


def test_what_helps_where_a_job_failed_goes_by_the_kind_of_error():
    kinds = [getattr(errors, name) for name in rows.REMEDIES]
    assert all(issubclass(kind, errors.BadFile) for kind in kinds)
    job = JobView("1", "1", "", "a.wav", "", JobState.FAILED, "It failed.", problem="FileGone")
    assert rows.row_of_job(job).actions[0] == "find"
    assert rows.row_of_job(replace(job, problem="ServerFailed")).actions[0] == "retry"


async def test_the_focus_comes_back_when_files_that_hovered_have_gone(held):
    page = await held.open()
    page.drop.choose.setFocus()
    page.set_lit(True)
    assert page.focusWidget() is page.drop
    page.set_lit(False)
    assert page.focusWidget() is page.drop.choose
    await held.close()


class Told(Messages):
    """A desktop that keeps what it is told."""

    def __init__(self, parent):
        super().__init__(parent)
        self.said = []

    def tell(self, title, text):
        self.said.append((title, text))


async def test_the_desktop_is_told_when_the_queue_runs_dry_or_one_fails_unless_it_is_in_sight(
    held, tmp_path, monkeypatch
):
    page = await held.open()
    told = Told(page)
    page.ends.make_messages = lambda _: told
    monkeypatch.setattr(page, "isActiveWindow", lambda: False)
    held.wire.errors = [400, 400]
    await held.services.settings.change(transcription_jobs=1)
    await held.looked_at(*(recording(tmp_path / f"{n}.wav", seed=n) for n in range(3)))
    held.wire.gate.clear()
    await held.start()
    await held.until(lambda: held.wire.requests)
    held.wire.gate.set()
    await held.until(lambda: not held.wire.errors)
    held.wire.gate.clear()  # the others are still to come when it is told
    await held.until(lambda: told.said)
    held.wire.gate.set()
    await held.over()
    assert told.said[0][0] == "“0.wav” could not be transcribed" and told.said[0][1]
    assert told.said[-1][0] == "2 transcribed, 1 not. The rows say why."
    monkeypatch.setattr(page, "isActiveWindow", lambda: True)
    before = len(told.said)
    page.acts.act("retry", [held.cells(KEY)[0]])
    await held.over()
    assert len(told.said) == before and held.notices[-1].startswith("“0.wav” is transcribed.")
    await held.services.settings.change(notify=False)
    monkeypatch.setattr(page, "isActiveWindow", lambda: False)
    await held.looked_at(recording(tmp_path / "last.wav", seed=9))
    await held.start()
    await held.over()
    assert len(told.said) == before
    await held.close()


async def test_who_has_left_the_transcript_that_is_coming_is_not_taken_back_to_it(held, tmp_path):
    page = await held.open()
    held.wire.gate.clear()
    await held.looked_at(*(recording(tmp_path / f"{n}.wav", seed=n) for n in range(2)))
    await held.start()
    await held.until(lambda: len(held.wire.requests) == 2)
    await held.shown()
    keys = held.cells(KEY)
    page.acts.act("watch", [keys[0]])
    await page.tasks.settled()
    assert page.stack.currentWidget() is page.opening.live and page.opening.live.title.text() == "0.wav"
    QTest.keyClick(page.opening.live, Qt.Key.Key_Escape)
    assert page.stack.currentWidget() is page.queue_side
    held.wire.gate.set()
    await held.over()
    assert page.stack.currentWidget() is page.queue_side  # nobody waits for it any more
    await held.close()


async def test_who_watches_a_transcript_come_sees_it_and_then_the_editor(held, tmp_path):
    page = await held.open()
    held.wire.gate.clear()
    await held.looked_at(recording(tmp_path / "garden.wav"))
    await held.start()
    await held.until(lambda: held.wire.requests)
    await held.shown()
    page.acts.act("watch", held.cells(KEY))
    await page.tasks.settled()
    live = page.opening.live
    live.show_transcript(Transcript(segments=(Segment("a", 0, 900, "One <b>two</b>"), Segment("b", 900, 1800, "x"))))
    assert live.text.toPlainText() == "One <b>two</b>\nx"
    live.show_transcript(Transcript(segments=(Segment("a", 0, 900, "One <b>two</b>"), Segment("b", 900, 1800, "xy"))))
    assert live.text.toPlainText() == "One <b>two</b>\nxy"
    held.wire.gate.set()
    await held.over()
    assert page.stack.currentWidget() is page.editor
    page.opening.show_queue()
    await held.close()


def test_only_what_is_new_of_a_coming_transcript_is_laid_out(qtbot):
    live = LiveView()
    qtbot.addWidget(live)
    live.resize(600, 300)
    live.show()
    segments = tuple(Segment(str(n), n * 1000, n * 1000 + 900, f"sentence number {n}") for n in range(400))
    for count in (1, 2, 200, 400):
        live.show_transcript(Transcript(segments=segments[:count]))
        assert live.text.toPlainText().split("\n") == [segment.text for segment in segments[:count]]
    changes = []
    live.text.document().contentsChange.connect(lambda at, gone, came: changes.append((gone, came)))
    grown = Segment("399", 399_000, 399_900, "sentence number 399 goes on")
    live.show_transcript(Transcript(segments=(*segments[:399], grown)))
    assert max(gone + came for gone, came in changes) < 60
    bar = live.text.verticalScrollBar()
    bar.setValue(40)
    live.show_transcript(Transcript(segments=(*segments[:399], grown, Segment("400", 400_000, 400_900, "more"))))
    assert bar.value() == 40  # a reader who has scrolled up stays
    live.show_transcript(Transcript(segments=segments[:1]))
    assert live.text.toPlainText() == "sentence number 0"


async def test_subtitles_find_their_recordings_among_those_that_came_along(held, tmp_path):
    page = await held.open()
    one, two = recording(tmp_path / "a" / "one.wav", seed=1), recording(tmp_path / "b" / "two.wav", seed=2)
    for name in ("one", "two"):
        (tmp_path / f"{name}.srt").write_text("1\n00:00:00,000 --> 00:00:01,500\nThe garden is quiet.\n")
    alone = recording(tmp_path / "alone.wav", seed=3)
    await held.looked_at(str(tmp_path / "two.srt"), one, alone, two, str(tmp_path / "one.srt"))
    assert held.cells() == ["alone.wav"]  # neither of both: it is looked at
    assert page.stack.currentWidget() is page.editor and page.editor.title.startswith("one")
    await held.until(lambda: page.reading.is_settled)
    await page.tasks.settled()
    assert page.past.model.rowCount() == 2
    page.opening.show_queue()
    await held.close()


async def test_a_file_goes_along_while_somebody_types_in_the_form(held, tmp_path):
    page = await held.open()
    prompt = page.form.form._fields["prompt"].control
    prompt.setFocus()
    await held.looked_at(recording(tmp_path / "garden.wav"))
    assert page.focusWidget() is prompt
    await held.close()


async def test_a_failed_one_that_is_dropped_again_goes_on_and_is_no_second_one(held, tmp_path):
    page = await held.open()
    held.wire.errors = [400, 400]
    path = recording(tmp_path / "garden.wav")
    await held.looked_at(path)
    await held.start()
    await held.over()
    (job,) = held.cells(KEY)
    await held.looked_at(path, recording(tmp_path / "fresh.wav", seed=8))
    assert held.cells(WORDS)[0] == "2 s · mono · tried before" and held.cells(ACTIONS)[0] == ("show", "remove")
    assert page.ready.start.text() == "Transcribe 2 files"
    await held.start()
    await held.over()
    assert sorted(held.cells()) == ["fresh.wav", "garden.wav"] and held.states() == ["done"] * 2
    assert job in held.cells(KEY) and page.past.model.rowCount() == 2
    page.form._set("prompt", "otherwise")  # what was begun with other wishes is begun anew
    await held.looked_at(path)
    assert held.cells(WORDS)[0] == "Transcribed today"
    await held.close()


async def test_many_rows_are_removed_at_once(held, tmp_path):
    page = await held.open()
    await held.looked_at(*(recording(tmp_path / f"{n}.wav", seed=n) for n in range(12)))
    page.queue.setFocus()
    page.queue.selectAll()
    changed = []
    page.waiting.changed.connect(lambda: changed.append(1))
    QTest.keyClick(page.queue, Qt.Key.Key_Delete)
    assert page.rows.rowCount() == 0 and len(changed) == 1
    await held.close()


async def test_what_was_written_is_dragged_out_as_a_copy_and_only_what_is_to_come_changes_places(
    held, tmp_path, monkeypatch
):
    page = await held.open()
    await held.looked_at(recording(tmp_path / "garden.wav"))
    await held.start()
    await held.over()
    key = held.cells(KEY)[0]
    page.queue.file_wanted.emit(key)
    urls = page.rows.mimeData([page.rows.index(0)]).urls()  # at once: a drag does not wait
    assert sorted(url.fileName() for url in urls) == ["garden.srt", "garden.txt"]
    moved = []
    page.rows.moved.connect(lambda *where: moved.append(where))
    mime = page.rows.mimeData([page.rows.index(0)])
    page.rows.dropMimeData(mime, Qt.DropAction.MoveAction, 0, 0, page.rows.index(-1))
    assert moved == []
    started = []
    page.queue.setCurrentIndex(page.rows.index(0))
    monkeypatch.setattr(QListView, "startDrag", lambda self, actions: started.append(actions))
    page.queue.startDrag(Qt.DropAction.MoveAction | Qt.DropAction.CopyAction)
    assert started == [Qt.DropAction.CopyAction]  # a file manager cannot take the file itself away
    await held.close()


async def test_a_microphone_that_is_gone_keeps_what_was_said(held):
    page = await held.open()
    page.recorder.make_source = FalseMicrophone
    page.record_action.trigger()
    page.recorder.begin_button.click()
    page.recorder._source.say(2)
    page.recorder._source.broke.emit(BadInput("The microphone gives no sound any more.", "What was said is kept."))
    await page.tasks.settled()
    assert held.cells(WORDS) == ["2 s · mono"] and not page.recorder.is_recording
    assert [str(each) for each in held.failures] and held.failures.pop()
    await held.close()


async def test_one_filled_button_at_a_time(held):
    page = await held.open()
    page.recorder.make_source = FalseMicrophone

    def filled():
        buttons = page.findChildren(QPushButton)
        return [each.objectName() for each in buttons if each.isVisible() and each.property("kind") == "primary"]

    assert filled() == ["transcription.drop-choose"]
    page.record_action.trigger()
    assert filled() == ["transcription.record-begin"]
    page.recorder.begin_button.click()
    assert filled() == ["transcription.record-finish"]
    page.recorder.finish_button.click()
    await page.tasks.settled()
    page.taking.clear()
    assert filled() == ["transcription.drop-choose"]
    await held.close()


async def test_an_edit_that_is_not_saved_is_a_reason_to_stay(held, tmp_path):
    page = await held.open()
    await held.looked_at(recording(tmp_path / "garden.wav"))
    await held.start()
    await held.over()
    page.acts.act("open", held.cells(KEY))
    await page.tasks.settled()
    assert page.reason_to_stay() == ""
    page.editor.saving.problem = "The disk is full."
    assert "could not be saved" in page.reason_to_stay()
    page.editor.saving.problem = ""
    page.opening.show_queue()
    await held.close()


async def test_a_watched_folder_waits_for_the_button_where_the_form_asks_too_much(held, tmp_path):
    page = await held.open()
    page.form._set("form", "diarized_json")  # this model does not answer so
    recording(tmp_path / "inbox" / "one.wav")
    await held.services.settings.change(watch_folder=str(tmp_path / "inbox"))
    for _ in range(2):
        page.taking.watcher.look()
        await page.tasks.settled()
    assert held.states() == [] and held.cells() == ["one.wav"] and held.cells(TONE) == ["bad"]
    await held.services.settings.change(watch_folder="")
    await held.close()


async def test_reading_only_everything_can_be_looked_at_and_nothing_sent(held, tmp_path, monkeypatch):
    page = await held.open()
    await held.looked_at(recording(tmp_path / "garden.wav"))
    monkeypatch.setattr(type(held.services.database), "read_only", True)
    page.keeping.changed.emit()
    assert not page.ready.start.isEnabled() and "for reading only" in page.ready.words.text()
    page.form._set("language", "ja")
    await page.keeping.keep()  # says nothing and keeps nothing
    monkeypatch.undo()
    await held.close()


async def test_one_that_fails_before_it_was_shown_is_told_and_those_of_an_earlier_run_are_not(held, tmp_path):
    page = await held.open()
    path = recording(tmp_path / "garden.wav")
    await held.looked_at(path)
    Path(path).unlink()
    await held.start()
    await held.over()
    assert held.states() == ["failed"] and "could not be transcribed" in held.notices[-1]
    await held.close()
    held.notices.clear()
    page = await held.open()
    await held.shown()
    assert page.rows.rowCount() == 1 and held.notices == []
    await held.close()


async def test_a_silent_recording_costs_nothing_and_says_so(held, tmp_path):
    page = await held.open()
    path = tmp_path / "quiet.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 8000 * 3))
    await held.looked_at(str(path))
    await held.start()
    await held.over()
    assert held.wire.requests == [] and "silent throughout" in held.cells(WORDS)[0]
    assert page.rows.at(0).tone == "bad"
    key = held.cells(KEY)[0]
    assert held.cells(ACTIONS) == [("choose", "show", "remove")]  # trying again cannot help
    page.acts.act("choose", [key])
    await held.choose(recording(tmp_path / "garden.wav"))
    assert held.cells() == ["garden.wav"] and page.ready.start.text() == "Transcribe 1 file"
    await held.close()


async def test_a_file_that_was_moved_before_its_turn_is_found_again_and_a_changed_one_taken_anew(held, tmp_path):
    page = await held.open()
    held.wire.gate.clear()
    paths = [recording(tmp_path / f"{n}.wav", seed=n) for n in range(4)]
    await held.looked_at(*paths)
    await held.start()
    await held.until(lambda: len(held.wire.requests) == 2)
    Path(paths[2]).rename(tmp_path / "moved.wav")
    recording(tmp_path / "3.wav", 3, seed=9)
    held.wire.gate.set()
    await held.over()
    rows = {
        title: (key, acts) for title, key, acts in zip(*(held.cells(r) for r in (TITLE, KEY, ACTIONS)), strict=True)
    }
    assert rows["2.wav"][1] == ("find", "retry", "remove") and rows["3.wav"][1] == ("anew", "show", "remove")
    page.acts.act("anew", [rows["3.wav"][0]])
    await page.tasks.settled()
    assert held.cells()[0] == "3.wav" and held.cells(WORDS)[0] == "3 s · mono"
    page.acts.act("find", [rows["2.wav"][0]])
    await held.choose(tmp_path / "moved.wav")
    assert "moved.wav" in held.cells()  # nothing of it was kept yet: it is looked at anew
    await held.start()
    await held.over()
    assert held.states() == ["done"] * 4
    await held.close()


async def test_a_job_that_had_begun_goes_on_with_its_file_where_that_is_now(held, tmp_path):
    page = await held.open()
    held.wire.gate.clear()
    page.form._set("on_doubt", "repeat, may pay twice")
    path = recording(tmp_path / "garden.wav")
    await held.looked_at(path)
    await held.start()
    await held.until(lambda: held.wire.requests)
    (key,) = held.cells(KEY)
    page.acts.act("pause", [key])
    page.acts.act("pause-now", [key])
    await held.over()
    Path(path).rename(tmp_path / "elsewhere.wav")
    held.wire.gate.set()
    page.acts.act("resume", [key])
    await held.over()
    assert held.cells(ACTIONS) == [("find", "retry", "remove")] and "not where it was" in held.cells(WORDS)[0]
    page.acts.act("find", [key])
    await held.choose(recording(tmp_path / "another.wav", seed=7))
    assert "is another recording" in held.failures.pop().summary
    page.acts.act("find", [key])
    await held.choose(tmp_path / "elsewhere.wav")
    await held.over()
    assert held.cells(KEY) == [key] and held.states() == ["done"]
    await held.close()


async def test_all_that_failed_are_tried_again_together_where_that_can_help(held, tmp_path):
    page = await held.open()
    held.wire.errors = [401, 401]
    quiet = tmp_path / "quiet.wav"
    with wave.open(str(quiet), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 8000 * 3))
    await held.looked_at(str(quiet), *(recording(tmp_path / f"{n}.wav", seed=n) for n in range(3)))
    await held.start()
    await held.over()
    assert page.head.title.text() == "3 failed" and page.head.retry.isEnabled()
    assert sorted(held.states()) == ["done", "failed", "failed", "failed"]
    assert [cost for cost, tone in zip(held.cells(COST), held.cells(TONE), strict=True) if tone == "bad"] == [""] * 3
    page.head.retry.trigger()
    await held.over()
    assert sorted(held.states()) == ["done", "done", "done", "failed"] and page.head.title.text() == "1 failed"
    assert not page.head.retry.isEnabled()  # the one that is silent stays so
    await held.close()


async def test_a_recording_of_which_nothing_came_leads_to_its_row_and_not_to_an_error(held, tmp_path):
    page = await held.open()
    held.wire.errors = [401]
    await held.looked_at(recording(tmp_path / "garden.wav"))
    await held.start()
    await held.over()
    index = page.past.model.index(0)
    assert index.data(DETAIL).endswith("not transcribed")
    page.past.view.clicked.emit(index)
    await page.tasks.settled()
    assert page.opening.shows_queue and page.queue.currentIndex().row() == 0
    assert held.notices[-1] == "There is no transcript of “garden.wav” yet. Its row says why."
    page.acts.act("retry", held.cells(KEY))
    await held.over()
    assert index.data(DETAIL).endswith(HEARS)
    await held.close()


async def test_rows_of_files_that_are_removed_together_have_a_way_back(held, tmp_path):
    page = await held.open()
    await held.looked_at(*(recording(tmp_path / f"{n}.wav", seed=n) for n in range(3)))
    page.queue.selectAll()
    page.queue.setFocus()
    QTest.keyClick(page.queue, Qt.Key.Key_Delete)
    assert page.rows.rowCount() == 0
    held.undone[-1]()
    assert held.cells() == ["0.wav", "1.wav", "2.wav"]
    await held.close()


async def test_a_list_of_models_that_comes_later_fills_the_form(held):
    held.wire.models = ["whisper-1", "somebody-elses-transcribe", "gpt-4o-mini"]
    page = await held.open()
    names = [page.form.model.itemText(n) for n in range(page.form.model.count())]
    assert "whisper-1" in names and "gpt-4o-mini" not in names
    assert "gpt-4o-transcribe" not in names  # known to us, but not at this server
    await held.close()


async def test_what_was_looked_at_while_the_form_changed_is_judged_by_the_form_as_it_is(held, tmp_path):
    page = await held.open()
    page.form.model.setCurrentText("")
    page.form._model_typed()  # as a page is that was built for this drop a moment ago
    page.open_files([recording(tmp_path / "garden.wav")])
    await held.until(lambda: page.waiting.is_looking)
    page.form.model.setCurrentText(HEARS)
    page.form._model_typed()
    await page.tasks.settled()
    assert held.cells(TONE) == ["muted"] and page.ready.start.isEnabled()
    await held.close()
