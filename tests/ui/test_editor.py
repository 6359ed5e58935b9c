"""The transcript editor: real view, real transcript, a real recording; only the sound output is the test's own."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest
import sounds
from frame import nameless
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QGuiApplication, QMouseEvent, QWheelEvent
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget
from quickness import quickest
from test_player import Device

from desktop.core.errors import KnownError
from desktop.core.subtitles.rules import Rules
from desktop.core.transcript import Doubt, Segment, Speaker, Transcript, Word
from desktop.media.levels import listen
from desktop.services.transcription.values import Opened
from desktop.store.recordings import Peaks, Recording
from desktop.ui.transcription.editor.segments_model import SegmentsModel
from desktop.ui.transcription.editor.speakers_model import SpeakersModel
from desktop.ui.transcription.editor.state import EditState
from desktop.ui.transcription.editor.view import EditorView

FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal
SAID = ("Good morning to you", "and thank you for coming", "Where were you born", "In a small town by the river")


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    plan = [("speech", 1.6), ("silence", 0.4)] * 4
    return sounds.write(tmp_path_factory.mktemp("sound") / "talk.wav", sounds.talk(plan))


def transcript(count: int = 4) -> Transcript:
    """A segment every two seconds, 1.6 s long, with the times of its words."""
    made = []
    for n in range(count):
        begins, said = n * 2000, SAID[n % 4].split()
        words = tuple(Word(w, begins + 400 * i, begins + 400 * (i + 1)) for i, w in enumerate(said[:4]))
        words = words if len(said) == 4 else ()
        doubt = Doubt.INVENTED if n == 3 else 0
        made.append(Segment(f"s{n}", begins, begins + 1600, " ".join(said), "ab"[n % 2], words=words, doubt=int(doubt)))
    return Transcript(tuple(made), (Speaker("a", "Anna", 0), Speaker("b", "Ben", 1)), count * 2000, "en")


class FileDevice(Device):
    def load(self, source):
        self.path = source
        self.length_changed.emit(8000)


class Table:
    """An editor as a test holds it: in a window beside its details, its saves kept in a list."""

    def __init__(self, qtbot, path: Path | None, count: int = 4, size: tuple[int, int] = (1000, 700)):
        self.failures: list[BaseException] = []
        self.saved: list[Transcript] = []
        self.said: list[str] = []
        self.devices: list[FileDevice] = []
        self.view = EditorView(self.failures.append, make_device=self.make)
        self.view.notice.connect(lambda kind, text: self.said.append(text))
        self.view.saving.save = self.save
        self.window = QWidget()
        row = QHBoxLayout(self.window)
        row.addWidget(self.view, 1)
        row.addWidget(self.view.details)
        qtbot.addWidget(self.window)
        self.window.resize(*size)
        self.window.show()
        self.path = path
        self.transcript = transcript(count)

    def make(self, parent):
        self.devices.append(FileDevice(parent))
        return self.devices[-1]

    async def save(self, recording, transcript):
        self.saved.append(transcript)

    async def open(self) -> EditorView:
        heard = listen(self.path) if self.path else None
        peaks = Peaks(heard.lows.tobytes(), heard.highs.tobytes(), b"", heard.milliseconds) if heard else None
        row = Recording("r", "c", "0" * 64, str(self.path or "/nowhere/talk.wav"), 1, 8.0, 1, "audio/wav")
        path = str(self.path) if self.path else ""
        await self.view.open(Opened(row, self.transcript, self.transcript, False, peaks, path), "Talk.wav")
        self.window.activateWindow()
        self.view.list.setFocus()
        return self.view

    async def close(self):
        await self.view.close_down()
        await self.view.tasks.aclose()
        assert self.failures == []

    @property
    def texts(self) -> list[str]:
        return [each.text for each in self.view.state.transcript.segments]

    @property
    def times(self) -> list[tuple[int, int]]:
        return [(each.begins, each.ends) for each in self.view.state.transcript.segments]

    def key(self, key, modifiers=Qt.KeyboardModifier.NoModifier, widget=None):
        QTest.keyClick(widget or QApplication.focusWidget() or self.view.list, key, modifiers)

    async def until(self, is_so) -> None:
        async with asyncio.timeout(60):
            while not is_so():
                await asyncio.sleep(0)

    def row_point(self, id: str, x: int = 200, y: int = 16) -> QPoint:
        rect = self.view.list.visualRect(self.view.model.index(self.view.model.row_of(id)))
        return QPoint(x, rect.top() + y)


CTRL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


@pytest.fixture
def table(qtbot, recording):
    return Table(qtbot, recording)


# Words


async def test_words_are_edited_in_place_and_each_step_can_be_undone(table):
    view = await table.open()
    QTest.mouseDClick(view.list.viewport(), Qt.MouseButton.LeftButton, pos=table.row_point("s1"))
    field = view.list.field
    assert field is not None and field.hasFocus() and field.toPlainText() == SAID[1]
    field.put_cursor(-1)
    QTest.keyClicks(field, " here")
    assert table.texts[1] == SAID[1] + " here", "kept as it is typed"
    table.key(Qt.Key.Key_Return, widget=field)
    field = view.list.field
    assert view.list.current == "s2" and field.toPlainText() == SAID[2], "Enter goes to the next one"
    QTest.keyClicks(field, "!")
    assert view.state.history.undo_words == "Edit text"
    QTest.keyClick(field, Qt.Key.Key_Z, CTRL)
    assert table.texts[2] == SAID[2] and field.toPlainText() == SAID[2], "also while it is edited"
    QTest.keyClick(field, Qt.Key.Key_Z, CTRL)
    assert table.texts == list(SAID), "the typing in one segment is one step"
    QTest.keyClick(field, Qt.Key.Key_Z, CTRL | SHIFT)
    assert table.texts[1].endswith(" here")
    table.key(Qt.Key.Key_Escape, widget=view.list.field)
    assert not view.list.is_editing and view.list.hasFocus()
    await table.close()


async def test_split_at_the_cursor_and_merged_again_by_backspace(table):
    view = await table.open()
    view.list.edit_text("s2", 6)
    table.key(Qt.Key.Key_Return, CTRL, view.list.field)
    assert table.texts[2:4] == ["Where", "were you born"]
    assert table.times[2:4] == [(4000, 4400), (4400, 5600)], "at the time of the word there"
    assert view.list.field.toPlainText() == "were you born" and view.list.field.textCursor().position() == 0
    table.key(Qt.Key.Key_Backspace, widget=view.list.field)
    assert table.texts == list(SAID) and view.list.field.textCursor().position() == 6
    view.list.field.put_cursor(-1)
    table.key(Qt.Key.Key_Delete, widget=view.list.field)
    assert table.texts[2] == f"{SAID[2]} {SAID[3]}"
    view.undo(), view.undo(), view.undo()
    assert view.state.transcript == table.transcript and not view.state.history.undo_words
    await table.close()


async def test_splitting_where_nothing_is_says_so_and_keeps_the_field(table):
    view = await table.open()
    view.list.edit_text("s0", 0)
    table.key(Qt.Key.Key_Return, CTRL, view.list.field)
    assert table.said and view.list.is_editing and view.state.transcript == table.transcript
    await table.close()


async def test_several_are_merged_deleted_and_brought_back(table):
    view = await table.open()
    view.list.select("s1")
    QTest.keyClick(view.list, Qt.Key.Key_Down, SHIFT)
    assert view.list.selected() == ["s1", "s2"]
    table.key(Qt.Key.Key_J, CTRL)
    assert table.texts == [SAID[0], f"{SAID[1]} {SAID[2]}", SAID[3]] and view.list.selected() == ["s1"]
    table.key(Qt.Key.Key_Delete)
    assert table.texts == [SAID[0], SAID[3]] and view.list.current == "s3"
    view.list.selectAll()
    table.key(Qt.Key.Key_Delete)
    assert table.texts == [] and view.model.rowCount() == 0
    for _ in range(3):
        table.key(Qt.Key.Key_Z, CTRL)
    assert view.state.transcript == table.transcript
    await table.close()


async def test_a_segment_is_inserted_in_the_selected_stretch(table):
    view = await table.open()
    view.waveform.zoom_all()
    wave = view.waveform
    left, right = (QPoint(round(wave.time.x_of(at)), 120) for at in (1650, 1950))
    QTest.mousePress(wave, Qt.MouseButton.LeftButton, pos=left + QPoint(8, 0))
    _move(wave, left + QPoint(20, 0)), _move(wave, right)
    QTest.mouseRelease(wave, Qt.MouseButton.LeftButton, pos=right)
    assert wave.selection is not None
    view.commands.insert()
    QTest.keyClicks(view.list.field, "Yes")
    assert table.texts[1] == "Yes" and wave.selection == table.times[1]
    assert 1600 < table.times[1][0] < table.times[1][1] <= 1960
    await table.close()


# Times


def _move(widget, at: QPoint) -> None:
    move = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(at), QPointF(widget.mapToGlobal(at)), Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(widget, move)


async def test_edges_are_dragged_and_moved_by_keys(table):
    view = await table.open()
    wave = view.waveform
    wave.zoom_all()
    edge = QPoint(round(wave.time.x_of(5600)), 100)
    QTest.mousePress(wave, Qt.MouseButton.LeftButton, pos=edge)
    _move(wave, edge - QPoint(20, 0)), _move(wave, edge - QPoint(60, 0))
    assert table.times[2] == (4000, 5600), "a step is made at the end only"
    QTest.mouseRelease(wave, Qt.MouseButton.LeftButton, pos=edge - QPoint(60, 0))
    assert table.times[2] == (4000, wave.time.moment_of(edge.x() - 60))
    view.undo()
    view.list.select("s2")
    table.key(Qt.Key.Key_Left, ALT | SHIFT)
    table.key(Qt.Key.Key_Up, ALT | SHIFT)
    assert table.times[2] == (3950, 5650)
    view.playback.seek(4500)
    table.key(Qt.Key.Key_B, ALT)
    assert table.times[2] == (4500, 5650)
    view.commands.shift(250, all_of_them=True)
    assert table.times[0] == (250, 1850) and view.state.history.undo_words == "Shift all times"
    for _ in range(4):
        view.undo()
    assert view.state.transcript == table.transcript
    await table.close()


# The waveform


async def test_the_wheel_zooms_at_the_pointer_down_to_single_samples(table):
    view = await table.open()
    wave = view.waveform
    at = QPointF(round(wave.time.x_of(3000)), 100)
    moment = wave.time.moment_of(at.x())
    for _ in range(90):
        QApplication.sendEvent(
            wave,
            QWheelEvent(at, QPointF(wave.mapToGlobal(at)), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
                        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False),
        )  # fmt: skip
    assert abs(wave.time.moment_of(at.x()) - moment) <= 1 and wave.time.scale < 1000 / 16_000 / 20
    await view.tasks.settled()
    piece = wave.piece
    assert piece is not None and piece.holds(wave.time.begins, wave.time.ends)
    real = next(iter(sounds.talk([("speech", 1.6), ("silence", 0.4), ("speech", 1.6)])))  # the first stretch, as made
    view.waveform.show_span(500, 510)
    await view.tasks.settled()
    shown = {round(at * 16): value for at, value in wave.piece.points(500, 505)}
    assert max(abs(value - real[number]) for number, value in shown.items() if number < real.size) < 0.001
    wave.grab()
    view.actions_by_name["zoom-all"].trigger()
    assert wave.time.begins == 0 and wave.time.ends >= wave.time.length - 1
    await table.close()


async def test_a_click_seeks_and_selects_and_the_ruler_pans(table):
    view = await table.open()
    wave = view.waveform
    wave.show_span(2000, 5000)
    QTest.mouseClick(wave, Qt.MouseButton.LeftButton, pos=QPoint(round(wave.time.x_of(4300)), 120))
    assert abs(view.playback.position - 4300) <= wave.time.scale + 1 and view.list.current == "s2"
    before = wave.time.begins
    QTest.mousePress(wave, Qt.MouseButton.LeftButton, pos=QPoint(300, 8))
    _move(wave, QPoint(250, 8))
    QTest.mouseRelease(wave, Qt.MouseButton.LeftButton, pos=QPoint(250, 8))
    assert wave.time.begins == pytest.approx(before + 50 * wave.time.scale)
    view.pane.bar.setValue(0)
    assert wave.time.begins == 0
    table.key(Qt.Key.Key_End, widget=wave)
    assert wave.time.ends == pytest.approx(wave.time.length)
    await table.close()


# Sound


async def test_tab_plays_while_typing_and_the_word_is_followed(table):
    view = await table.open()
    view.list.edit_text("s0")
    table.key(Qt.Key.Key_Tab, widget=view.list.field)
    device = table.devices[0]
    assert device.done[-1] == ("play",) and view.list.field.hasFocus() and device.path == table.path
    view.playback._frames.stop()
    device.position_changed.emit(4900)
    assert (view.list._playing, view.list._word) == ("s2", 2) and view.waveform.playhead == 4900
    assert "4.9" in view.transport.time.text()
    device.position_changed.emit(5700)
    assert view.list._playing == "", "nobody speaks"
    table.key(Qt.Key.Key_Tab, widget=view.list.field)
    assert device.done[-1] == ("pause",)
    view.list.finish_edit()
    table.key(Qt.Key.Key_Space)
    assert device.done[-1] == ("play",)
    view.playback._frames.stop()
    table.key(Qt.Key.Key_Left, ALT)
    assert device.done[-1] == ("seek", 700)
    table.key(Qt.Key.Key_PageUp, ALT)
    assert device.done[-1] == ("speed", 1.25) and view.transport.speed.text() == "1.25×"
    await table.close()


async def test_a_segment_is_played_over_and_over(table):
    view = await table.open()
    view.list.select("s1")
    view.actions_by_name["loop"].trigger()
    assert view.playback.position == 2000 and view.actions_by_name["loop"].isChecked()
    view.listening.toggle_play()
    view.playback._frames.stop()
    table.devices[0].position_changed.emit(3620)
    assert table.devices[0].done[-1] == ("seek", 2000)
    table.key(Qt.Key.Key_Down, ALT)
    assert view.playback.looped == (4000, 5600), "the loop goes along"
    view.actions_by_name["loop"].trigger()
    table.devices[0].position_changed.emit(5700)
    assert view.playback.position == 5700 and not view.actions_by_name["loop"].isChecked()
    await table.close()


async def test_a_click_on_a_word_seeks_it(table):
    view = await table.open()
    where = view.list.text_rects(2)[0]
    QTest.mouseClick(view.list.viewport(), Qt.MouseButton.LeftButton, pos=where.topLeft() + QPoint(60, 8))
    assert view.playback.position == 4400, "“were” is the second of four words"
    QTest.mouseClick(view.list.viewport(), Qt.MouseButton.LeftButton, pos=table.row_point("s3", 20))
    assert view.playback.position == 6000
    await table.close()


async def test_a_missing_recording_is_said_and_all_else_works(qtbot):
    table = Table(qtbot, None)
    view = await table.open()
    assert view.missing.isVisible() and view.missing.button.isVisible()
    assert not view.actions_by_name["play"].isEnabled()
    view.list.edit_text("s0")
    QTest.keyClicks(view.list.field, "?")
    assert table.texts[0].endswith("?")
    view.waveform.grab()
    await table.close()


async def test_a_playlist_is_never_given_to_the_player(qtbot, tmp_path):
    path = tmp_path / "list.mp3"
    path.write_text("#EXTM3U\nhttp://example.com/a.ts\n")
    table = Table(qtbot, None)
    view = table.view
    row = Recording("r", "c", "0" * 64, str(path), 1, 8.0, 1, "audio/mpeg")
    await view.open(Opened(row, table.transcript, table.transcript, False, None, str(path)), "list.mp3")
    assert "cannot be played" in view.missing.words.text() and view.path is None
    view.listening.toggle_play()
    assert table.devices == []
    await table.close()


# Keeping


async def test_all_is_saved_within_a_second_also_while_typing_goes_on(table):
    view = await table.open()

    async def typing() -> float:
        await view.flush()
        table.saved.clear()
        began, n = asyncio.get_running_loop().time(), 0
        view.list.edit_text("s0")
        while not table.saved:
            QTest.keyClicks(view.list.field, "ab"[n % 2])
            n += 1
            await asyncio.sleep(0)
        return asyncio.get_running_loop().time() - began

    assert await quickest(typing, 1) < 1 and table.saved[0].segments[0].text != SAID[0]
    QTest.keyClicks(view.list.field, "z")
    await view.flush()
    assert table.saved[-1] == view.state.transcript and table.texts[0].endswith("z")
    assert view.head.state.text() == "All changes are saved"
    await table.close()


async def test_an_edit_that_cannot_be_saved_is_said_and_tried_again(table):
    view = await table.open()

    async def full(recording, transcript):
        raise KnownError("The disk is full.")

    view.saving.save = full
    view.list.edit_text("s0")
    QTest.keyClicks(view.list.field, "a")
    await table.until(lambda: view.saving.problem)
    assert "The disk is full" in view.head.state.text() and "Talk.wav" in view.reason_to_stay()
    await view.tasks.settled()
    assert [str(each) for each in table.failures] == ["The disk is full."]
    table.failures.clear()
    view.saving.save = table.save
    QTest.keyClicks(view.list.field, "b")
    await table.until(lambda: table.saved)
    await view.flush()
    assert table.saved[-1].segments[0].text.endswith("ab") and view.reason_to_stay() == ""
    await table.close()


async def test_the_original_is_beside_and_going_back_to_it_can_be_undone(table):
    view = await table.open()
    view.list.edit_text("s0")
    QTest.keyClicks(view.list.field, " changed")
    view.list.finish_edit()
    changed = view.state.transcript
    view.actions_by_name["original"].trigger()
    assert view.list.beside(0) == SAID[0] and view.model.at(0).text.endswith("changed")
    row = view.list._drawn(0, view.list.selectionModel())
    assert row.marks == [(len(SAID[0]), len(SAID[0]) + len(" changed"), "find")] and row.beside_marks == []
    assert view.list._drawn(1, view.list.selectionModel()).marks == []
    view.revert()
    assert view.state.transcript == table.transcript
    view.undo()
    assert view.state.transcript == changed
    await table.close()


# Panels


async def test_speakers_are_assigned_by_keys_added_renamed_and_merged(table):
    view = await table.open()
    QAbstractItemModelTester(view.speakers.model, FATAL)
    view.list.selectAll()
    table.key(Qt.Key.Key_2)
    assert {each.speaker for each in view.state.transcript.segments} == {"b"}
    view.undo()
    QTest.keyClicks(view.speakers.name, "Carla Ortiz")
    table.key(Qt.Key.Key_Return, widget=view.speakers.name)
    assert [each.name for each in view.state.transcript.speakers] == ["Anna", "Ben", "Carla Ortiz"]
    model = view.speakers.model
    model.setData(model.index(0), "Anna Berg")
    view.speakers.list.selectAll()
    view.speakers.merge.click()
    assert [each.name for each in view.state.transcript.speakers] == ["Anna Berg"]
    assert {each.speaker for each in view.state.transcript.segments} == {"a"}
    for _ in range(3):
        view.undo()
    assert view.state.transcript == table.transcript
    await table.close()


async def test_find_and_replace_plain_and_by_pattern(table):
    view = await table.open()
    table.key(Qt.Key.Key_H, CTRL)
    bar = view.find_bar
    QTest.keyClicks(bar.field, "you")
    await table.until(lambda: bar.hits)
    assert bar.count.text() == "1 of 3 hits" and view.list.current == "s0"
    table.key(Qt.Key.Key_Return, widget=bar.field)
    assert bar.count.text() == "2 of 3 hits" and view.list.current == "s1"
    bar.field.clear()
    bar.options["find-pattern"].setChecked(True)
    QTest.keyClicks(bar.field, r"\b(were|was) (you)")
    await table.until(lambda: bar.count.text() == "1 of 1 hit")
    bar.by.setText(r"\2 \1")
    bar.replace_all.click()
    await view.tasks.settled()
    assert table.texts[2] == "Where you were born" and view.state.history.undo_words == "Replace 1 hit"
    bar.field.setText("(")
    await table.until(lambda: bar.problem.isVisible())
    assert "cannot be used" in bar.problem.text()
    table.key(Qt.Key.Key_Escape, widget=bar.field)
    assert not bar.isVisible() and view.list.hasFocus()
    await table.close()


async def test_subtitles_are_checked_marked_and_mended(table):
    view = await table.open()
    check = view.check
    QAbstractItemModelTester(check.model, FATAL)
    view.details.tabs.setCurrentIndex(1)
    check.set_rules(Rules(line=12, lines=1, speed=60, shortest=0, gap=0))
    await table.until(lambda: check.model.rowCount())
    assert {each.segment for each in check.model.rows} == {"s0", "s1", "s2", "s3"}
    assert any(icon == "subtitle" for icon, _, _ in view.model.signs(view.model.at(0)))
    check.list.setCurrentIndex(check.model.index(0))
    assert view.list.current == "s0"
    check.fix_one.click()
    await view.tasks.settled()
    assert (
        table.texts[:2] == ["Good morning", "to you"] and check.told.text() == "2 segments changed; undo takes it back."
    )
    check.fix_all.click()
    await view.tasks.settled()
    assert view.list.selected() == [view.list.current], "what a key would mean is to be seen"
    assert max(map(len, table.texts)) <= 12 and check.told.isVisible() and table.said == [], "nothing else moves"
    view.undo(), view.undo()
    check.reflow.click()
    await view.tasks.settled()
    assert max(len(line) for text in table.texts for line in text.splitlines()) <= 12
    view.undo()
    assert view.state.transcript == table.transcript
    await table.close()


async def test_text_to_read_is_clicked_and_copied(table):
    view = await table.open()
    view.faces.toggle_reading()
    page = view.reading.page
    assert "Anna · 0:00" in page.toPlainText() and SAID[1] in page.toPlainText()
    view.reading.times.setChecked(False)
    view.reading.copy.click()
    assert QGuiApplication.clipboard().text().startswith(f"Anna\n{SAID[0]}\n\nBen\n")
    cursor = page.document().find(SAID[2])
    cursor.clearSelection()
    spot = page.cursorRect(cursor).center()
    QTest.mouseClick(page.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert view.playback.position == 4000
    await table.close()


async def test_several_forms_are_written_at_once(table, tmp_path):
    view = await table.open()
    view.open_export()
    await table.until(lambda: QApplication.activeModalWidget() is not None)
    form = QApplication.activeModalWidget()
    form.set_folder(str(tmp_path / "out"))
    form.forms["vtt"].setChecked(True)
    form.pattern.setText("{name}-{nothing}")
    assert not form.confirm.isEnabled() and "nothing" in form.place.text()
    form.pattern.setText("{name}-{language}")
    QTest.mouseClick(form.confirm, Qt.MouseButton.LeftButton)
    await view.tasks.settled()
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == ["Talk-en.srt", "Talk-en.txt", "Talk-en.vtt"]
    assert "3 files" in table.said[-1]
    await table.close()


# Models and many rows


def test_the_rows_of_a_change_are_told_and_no_others(qtbot):
    from desktop.core import transcript_edits as edits

    state = EditState()
    model = SegmentsModel(state)
    QAbstractItemModelTester(model, FATAL)
    SpeakersModel(state)
    state.open("r", transcript(50), Transcript())
    changes: list[tuple] = []
    model.dataChanged.connect(lambda first, last, roles: changes.append(("changed", first.row(), last.row())))
    model.rowsInserted.connect(lambda parent, first, last: changes.append(("in", first, last)))
    model.rowsRemoved.connect(lambda parent, first, last: changes.append(("out", first, last)))
    model.modelReset.connect(lambda: changes.append(("reset",)))
    state.do("Edit", edits.set_text(state.transcript, "s7", "Other words"))
    state.do("Split", edits.split(state.transcript, "s9", 5))
    state.do("Delete", edits.delete(state.transcript, ["s20", "s21"]))
    assert changes == [("changed", 7, 7), ("in", 10, 10), ("changed", 9, 9), ("out", 21, 22)]
    for _ in range(3):
        state.undo()
    assert [model.at(n) for n in range(model.rowCount())] == list(transcript(50).segments)


async def test_five_thousand_segments_open_scroll_and_are_edited_at_once(qtbot):
    import time

    table = Table(qtbot, None, 5000)
    began = time.thread_time()
    view = await table.open()
    view.list.grab()
    opened = time.thread_time() - began
    slowest = 0.0
    for step in range(60):
        began = time.thread_time()
        view.list.verticalScrollBar().setValue(step * 3000)
        view.list.viewport().grab()
        slowest = max(slowest, time.thread_time() - began)
    assert view.list.indexAt(QPoint(20, 20)).row() > 2000
    view.list.edit_text("s2500")
    typed = []
    for letter in "typing goes on":
        began = time.thread_time()
        QTest.keyClicks(view.list.field, letter)
        typed.append(time.thread_time() - began)
    print(f"5,000 segments: open {opened * 1e3:.0f} ms, scroll {slowest * 1e3:.1f} ms, key {max(typed) * 1e3:.1f} ms")
    assert opened < 2 and slowest < 0.2 and max(typed) < 0.2, "far from what it takes; only a collapse is caught"
    await table.close()


async def test_every_control_has_a_name_and_text_is_shown_as_it_is(table):
    table.transcript = Transcript(
        (Segment("x", 0, 900, "<b>no</b> & \u202eside", "p"),), (Speaker("p", "<i>P</i> & Co", 0),), 1000
    )
    view = await table.open()
    view.open_find(replace=True)
    view.details.tabs.setCurrentIndex(1)
    assert nameless(table.window) == []
    view.faces.toggle_reading()
    assert "<b>no</b>" in view.reading.page.toPlainText() and "<i>P</i>" in view.reading.page.toPlainText()
    assert nameless(table.window) == []
    await table.close()


async def test_screen_readers_hear_the_rows(table):
    view = await table.open()
    outer = QAccessible.queryAccessibleInterface(view.list)
    assert outer.role() == QAccessible.Role.List and outer.childCount() == 4
    assert "Good morning" in outer.child(0).text(QAccessible.Text.Name)
    assert "Perhaps invented" in outer.child(3).text(QAccessible.Text.Name)
    await table.close()


async def test_times_that_are_all_approximate_are_told_once(table):
    from msgspec.structs import replace

    about = tuple(replace(each, doubt=int(Doubt.APPROXIMATE)) for each in table.transcript.segments)
    table.transcript = replace(table.transcript, segments=about)
    view = await table.open()
    assert view.model.signs(view.model.at(0)) == [] and "times approximate" in view.head.state.text()
    await table.close()


@pytest.mark.parametrize("seed", range(3))
async def test_any_order_of_edits_with_the_field_open_can_be_undone(qtbot, seed):
    import random

    chance = random.Random(seed)
    table = Table(qtbot, None, 40)
    view = await table.open()
    ids = lambda: [each.id for each in view.state.transcript.segments]  # noqa: E731
    some = lambda: chance.choice(ids())  # noqa: E731
    work = [
        lambda: view.list.edit_text(some(), chance.randrange(8)),
        lambda: QTest.keyClicks(view.list.field or view.list, "x"),
        lambda: view.commands.split_at(some(), chance.randrange(3, 12)),
        lambda: view.commands._merge_with(some(), chance.choice((-1, 1))),
        lambda: view.commands.insert(),
        lambda: view.undo(),
        lambda: view.redo(),
        lambda: (view.list.select(some()), view.commands.delete()),
        lambda: view.commands.shift(chance.randrange(-900, 900), all_of_them=False),
        lambda: view.faces.toggle_original(),
        lambda: view.list.verticalScrollBar().setValue(chance.randrange(2000)),
        lambda: view.commands.assign_number(chance.randrange(3)),
    ]
    for _ in range(120):
        if len(ids()) > 3:
            chance.choice(work)()
        else:
            view.undo()
        if chance.random() < 0.3:
            view.list.viewport().repaint()
            await asyncio.sleep(0)
    view.list.finish_edit()
    assert len(view.list.heights) == view.model.rowCount() == len(ids())
    while view.state.history.undo_words:
        view.undo()
    assert view.state.transcript == table.transcript
    await table.close()


async def test_the_result_is_dragged_out_as_a_file(table, tmp_path):
    view = await table.open()
    view.drag_out.folder = tmp_path / "carried"
    dragged = []
    view.drag_out.drag = lambda: dragged.append(view.drag_out.mime().urls()[0].toLocalFile())
    view.drag_out.choose("vtt")
    QTest.mousePress(view.drag_out, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    await view.tasks.settled()
    _move(view.drag_out, QPoint(60, 60))
    assert Path(dragged[0]).read_text().startswith("WEBVTT") and Path(dragged[0]).name == "Talk.vtt"
    menu = view.drag_out.menu_of_forms()
    assert [each.text() for each in menu.actions() if each.isChecked()] == ["Subtitles for the web (.vtt)"]
    await table.close()


@pytest.mark.parametrize("width", [440, 520, 620, 900])
async def test_nothing_is_cut_off_in_a_narrow_place(table, width):
    view = await table.open()
    view.details.hide()
    table.window.layout().setContentsMargins(0, 0, 0, 0)
    table.window.layout().activate()
    table.window.resize(width, 600)
    assert table.window.width() == width
    for bar in (view.transport, view.head):
        shown = [each for each in bar.findChildren(QWidget) if each.isVisible() and each.parent() is bar]
        assert max(each.geometry().right() for each in shown) < width
        spans = sorted((each.x(), each.geometry().right()) for each in shown if each not in (view.head.title,))
        spans = [span for span in spans if span != (view.head.state.x(), view.head.state.geometry().right())]
        assert all(one[1] < other[0] for one, other in pairwise(spans))
    await table.close()


@pytest.mark.qt_log_ignore(".*")  # the player names each library of the system that is not there
async def test_a_real_file_is_played_from_the_place_that_was_asked_for(qtbot, recording):
    pytest.importorskip("PySide6.QtMultimedia")
    from desktop.ui.widgets.sound_device import QtDevice

    device = QtDevice()
    places: list[int] = []
    ended = asyncio.Event()
    device.position_changed.connect(places.append)
    device.playing_changed.connect(lambda is_playing: None if is_playing else ended.set())
    device.load(recording)
    device.seek(7600)
    device.set_speed(2.0)
    device.play()
    async with asyncio.timeout(60):
        await ended.wait()
    assert min(place for place in places if place) >= 7500 and max(places) >= 7900
    device.close()
