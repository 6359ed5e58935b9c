"""Words as people write them, in the editor: emoji, other directions, thousands of rows; and what keeps them safe."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from test_editor import CTRL, SAID, SHIFT, Table, _move, recording, table, transcript  # noqa: F401  (fixtures)

from desktop.core.appearance import Appearance
from desktop.core.errors import KnownError
from desktop.core.transcript import Segment, Speaker, Transcript
from desktop.ui import theme
from desktop.ui.transcription.editor import keys_sheet, search_slices, segment_paint
from desktop.ui.transcription.editor.differing import differing
from desktop.ui.transcription.editor.ink import ink
from desktop.ui.transcription.editor.places import from_qt, is_from_right, to_qt
from desktop.ui.transcription.editor.view import READ_ONLY
from desktop.ui.transcription.editor.waveform_paint import mark

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


def of(*texts: str) -> Transcript:
    segments = (Segment(f"s{n}", n * 2000, n * 2000 + 1600, text, "a") for n, text in enumerate(texts))
    return Transcript(tuple(segments), (Speaker("a", "Anna", 0),), len(texts) * 2000, "en")


# Places


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_places_of_qt_and_ours_lead_to_each_other(text):
    assert to_qt(text, len(text)) == len(text.encode("utf-16-le")) // 2
    assert all(from_qt(text, to_qt(text, place)) == place for place in range(len(text) + 1))


async def test_a_segment_is_split_where_the_cursor_is_also_after_emoji(table):  # noqa: F811
    table.transcript = of(f"{FAMILY} we came here", SAID[1])
    view = await table.open()
    view.list.edit_text("s0")
    field = view.list.field
    for _ in range(len("here")):
        QTest.keyClick(field, Qt.Key.Key_Left)
    table.key(Qt.Key.Key_Return, CTRL, field)
    assert table.texts[:2] == [f"{FAMILY} we came", "here"]
    table.key(Qt.Key.Key_Backspace, widget=view.list.field)
    assert table.texts[0] == f"{FAMILY} we came here"
    assert view.list.field.textCursor().position() == to_qt(table.texts[0], len(f"{FAMILY} we came "))
    await table.close()


async def test_a_click_behind_emoji_finds_the_word_that_is_clicked(table):  # noqa: F811
    from desktop.ui.transcription.editor.segment_paint import character_at, laid_out

    table.transcript = of("\U0001f600\U0001f600\U0001f600\U0001f600 one two", SAID[1])
    view = await table.open()
    place = view.list.text_rects(0)[0]
    text = table.texts[0]
    layout, _ = laid_out(text, theme.current().font("reading"), place.width())
    x, _ = layout.lineAt(0).cursorToX(to_qt(text, text.index("two") + 1))
    assert character_at(text, place, place.topLeft() + QPoint(int(x), 8)) == text.index("two") + 1
    await table.close()


async def test_looking_at_words_changes_nothing_and_unbreakable_blanks_stay(table):  # noqa: F811
    table.transcript = of("Ça va\u00a0? Oui\u202f!", "two\nlines", "a\r\nb")
    view = await table.open()
    for id in ("s0", "s1", "s2"):
        view.list.edit_text(id)
        view.list.finish_edit()
    assert view.state.transcript is table.transcript and not view.state.history.undo_words
    view.list.edit_text("s0")
    QTest.keyClicks(view.list.field, "x")
    assert table.texts[0] == "Ça va\u00a0? Oui\u202f!x"
    await table.close()


@pytest.mark.parametrize(("text", "is_so"), [("שלום", True), ("12 مرحبا", True), ("Hi שלום", False), ("", False)])
def test_the_first_letter_says_from_which_side_a_text_is_written(text, is_so):
    assert is_from_right(text) is is_so


async def test_words_from_the_right_stand_in_the_field_where_they_are_drawn(table):  # noqa: F811
    table.transcript = of("שלום וברוכים", SAID[1])
    view = await table.open()
    view.list.edit_text("s0")
    side = view.list.field.document().defaultTextOption().alignment()
    assert side & Qt.AlignmentFlag.AlignRight
    view.list.edit_text("s1")
    assert view.list.field.document().defaultTextOption().alignment() & Qt.AlignmentFlag.AlignLeft
    await table.close()


# Keeping


async def test_times_that_are_moved_less_than_was_asked_say_so(table):  # noqa: F811
    view = await table.open()
    view.commands.shift(200, all_of_them=True)
    assert table.said == []
    view.commands.shift(1500, all_of_them=True)
    assert table.said == ["Moved by +0.200 s only: no segment is moved out of the recording."]
    view.list.select("s0")
    view.commands.shift(-5000, all_of_them=False)
    view.commands.shift(-10, all_of_them=False)
    assert "Moved by -0.400 s only" in table.said[1] and table.said[2].startswith("Nothing was moved")
    assert view.state.transcript.segments[0].begins == 0
    view.undo(), view.undo(), view.undo()
    assert view.state.transcript == transcript()
    await table.close()


def test_the_ruler_tells_times_alike_at_each_zoom():
    marks = [(3_664_000, 2000), (64_560, 10), (64_567, 1), (64_560.5, 0.5), (3 * 0.1, 0.1)]
    assert [mark(*each) for each in marks] == ["1:01:04", "1:04.56", "1:04.567", "1:04.5605", "0:00.0003"]


async def test_in_a_narrow_place_time_and_speaker_stand_above_the_words(table):  # noqa: F811
    view = await table.open()
    view.details.hide()
    view.list.set_columns("second")
    wide, _ = view.list.text_rects(1)
    view.list.setFixedWidth(380)
    view.list.measure()
    (first, second), row = view.list.text_rects(1), view.list.row_rect(1)
    assert wide.left() > 100 > first.left() and min(first.width(), second.width()) > 150
    assert first.top() - row.top() >= 20 and row.height() > 48
    QTest.mouseClick(view.list.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(first.left() + 3, first.top() + 8))
    assert view.playback.position == 2000 and view.list.current == "s1"
    view.list.edit_text("s1")
    assert abs(view.list.field.y() - first.top()) < 4
    view.list.grab()
    await table.close()


async def test_the_time_is_told_in_full_or_short_but_never_cut(table):  # noqa: F811
    view = await table.open()
    transport = view.transport
    try:
        for scale, width, is_whole in ((100, 600, True), (150, 453, False), (150, 900, True)):
            theme.current().configure(Appearance.LIGHT, scale, reduced_motion=True)
            transport.resize(width, 60)
            transport.layout().activate()
            assert ("/" in transport.time.text()) is is_whole
            assert transport.time.width() >= transport.time.sizeHint().width(), (scale, width)
    finally:
        theme.current().configure(Appearance.LIGHT, 100, reduced_motion=True)
    await table.close()


@pytest.mark.parametrize("scale", [100, 125, 200])
async def test_words_do_not_move_when_they_are_edited(table, scale):  # noqa: F811
    theme.current().configure(Appearance.LIGHT, scale, reduced_motion=True)
    try:
        view = await table.open()
        view.resize(500, 600)
        text = "The noise, mostly. You heard it day and night, and 鐘 stood still 🕰 on a Sunday.\nThe quiet woke us up."
        view.commands.type("s1", text, False)
        view.list.edit_text("s1")
        await table.until(lambda: view.list.field is not None)
        field, (place, _) = view.list.field, view.list.text_rects(1)
        drawn, _ = segment_paint.laid_out(text, field.font(), place.width())
        inside = []
        block = field.document().begin()
        while block.isValid():
            top = field.y() + field.document().documentLayout().blockBoundingRect(block).top()
            lines = [block.layout().lineAt(n) for n in range(block.layout().lineCount())]
            inside += [round(top + line.y() + line.ascent(), 1) for line in lines]
            block = block.next()
        lines = [drawn.lineAt(n) for n in range(drawn.lineCount())]
        assert inside == [round(place.top() + line.y() + line.ascent(), 1) for line in lines] and len(inside) > 2
        assert field.font().pixelSize() * 1.4 < inside[1] - inside[0] < field.font().pixelSize() * 1.6
        QTest.keyClick(field, Qt.Key.Key_Return, SHIFT)
        field.insertPlainText("<b>more</b>")
        assert field.text.endswith("<b>more</b>") and "\n" in field.text
        await table.close()
    finally:
        theme.current().configure(Appearance.LIGHT, 100, reduced_motion=True)


async def test_the_steps_are_there_again_after_leaving_and_coming_back(table):  # noqa: F811
    view = await table.open()
    view.list.edit_text("s0")
    QTest.keyClicks(view.list.field, "!")
    await view.flush()
    table.transcript = view.state.transcript
    view.leave()
    await table.open()
    assert view.state.history.undo_words == "Edit text"
    view.undo()
    assert table.texts == list(SAID)
    table.transcript = of("other words now")
    await table.open()
    assert not view.state.history.undo_words, "the transcript is another one than was left: no step leads to it"
    await table.close()


async def test_a_flush_waits_for_what_is_being_written(table):  # noqa: F811
    view = await table.open()
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(recording_id, transcript):
        begun.set()
        await go_on.wait()
        table.saved.append(transcript)

    view.saving.save = slow
    view.commands.delete()
    async with asyncio.timeout(60):
        await begun.wait()
    flushing = asyncio.ensure_future(view.flush())
    await asyncio.sleep(0)
    assert not flushing.done() and table.saved == []
    go_on.set()
    await flushing
    assert table.saved == [view.state.transcript]
    await table.close()


async def test_a_full_disk_is_told_once_and_tried_again_by_itself(table, monkeypatch):  # noqa: F811
    monkeypatch.setattr("desktop.ui.transcription.editor.saving.AGAIN_MS", 20)
    view = await table.open()
    tries = []

    async def full(recording_id, transcript):
        tries.append(transcript)
        if len(tries) < 4:
            raise KnownError("The disk is full.")
        table.saved.append(transcript)

    view.saving.save = full
    view.commands.delete()
    await table.until(lambda: table.saved)
    assert [str(each) for each in table.failures] == ["The disk is full."], "once, not at each try"
    assert table.saved == [view.state.transcript] and view.saving.problem == ""
    table.failures.clear()
    await table.close()


async def test_nothing_can_be_changed_where_nothing_can_be_kept(table):  # noqa: F811
    view = await table.open()
    view.state.fixed_because = READ_ONLY
    view.list.edit_text("s0")
    assert not view.list.is_editing and table.said == [READ_ONLY]
    for work in (view.commands.delete, view.commands.merge, view.revert, view.by_model.work_on_it):
        work()
    table.key(Qt.Key.Key_2, widget=view.list)
    view.speakers.name.setText("Carla")
    view.speakers.add.click()
    assert view.state.transcript is table.transcript and view.speakers.name.text() == "Carla"
    assert set(table.said) == {READ_ONLY} and table.saved == []
    await table.close()


# Find


async def test_the_next_hit_is_shown_after_one_was_replaced(table):  # noqa: F811
    view = await table.open()
    view.open_find(replace=True)
    bar = view.find_bar
    bar.field.setText("you")
    await table.until(lambda: bar.hits)
    bar.by.setText("all")
    bar.replace_one.click()
    await view.tasks.settled()
    assert table.texts[0] == "Good morning to all" and view.list.current == "s1"
    assert bar.count.text() == "1 of 2 hits"
    bar.replace_all.click()
    await view.tasks.settled()
    assert bar.count.text() == "2 hits replaced" and not bar.replace_all.isEnabled()
    view.undo(), view.undo()
    assert table.texts == list(SAID)
    await table.close()


async def test_a_pattern_that_is_slow_in_each_of_many_segments_is_given_up(table, monkeypatch):  # noqa: F811
    monkeypatch.setattr(search_slices, "LONGEST_S", 0.2)
    monkeypatch.setattr("desktop.core.transcript_edits.SEARCH_S", 0.05)
    table.transcript = of(*["a" * 26 + "!"] * 300)
    view = await table.open()
    view.open_find(replace=True)
    bar = view.find_bar
    bar.options["find-pattern"].setChecked(True)
    bar.field.setText("(a|aa)+$")
    await table.until(lambda: bar.problem.isVisible())
    assert "takes too long" in bar.problem.text() and bar.hits == ()
    await view.tasks.settled()
    await table.close()


# Waveform


async def test_esc_gives_up_the_edge_that_is_dragged_and_then_what_is_selected(table):  # noqa: F811
    view = await table.open()
    wave = view.waveform
    wave.zoom_all()
    edge = QPoint(round(wave.time.x_of(5600)), 100)
    QTest.mousePress(wave, Qt.MouseButton.LeftButton, pos=edge)
    _move(wave, edge - QPoint(60, 0))
    table.key(Qt.Key.Key_Escape, widget=wave)
    QTest.mouseRelease(wave, Qt.MouseButton.LeftButton, pos=edge - QPoint(60, 0))
    assert view.state.transcript == table.transcript and wave._segments == table.transcript.segments
    wave.set_selection(100, 900)
    table.key(Qt.Key.Key_Escape, widget=wave)
    assert wave.selection is None
    await table.close()


async def test_edges_show_under_the_pointer(table):  # noqa: F811
    view = await table.open()
    wave = view.waveform
    wave.zoom_all()
    wave.set_current("")
    bare = wave.grab().toImage()
    QTest.mouseMove(wave, QPoint(round(wave.time.x_of(4800)), 100))
    assert wave._hovered == "s2" and wave.grab().toImage() != bare
    QTest.mouseMove(wave, QPoint(round(wave.time.x_of(5800)), 100))
    assert wave._hovered == "" and wave.grab().toImage() == bare
    await table.close()


async def test_the_picture_of_the_wave_stays_while_words_are_typed(table):  # noqa: F811
    view = await table.open()
    view.waveform.grab()
    picture = view.waveform._picture
    view.list.edit_text("s0")
    QTest.keyClicks(view.list.field, "more")
    assert view.waveform._picture is picture and view.waveform._segments[0].text.endswith("more")
    view.commands.assign("b")
    view.waveform.grab()
    assert view.waveform._picture is not picture
    await table.close()


async def test_what_could_not_be_played_is_not_said_any_more_once_it_plays(table):  # noqa: F811
    view = await table.open()
    real = view.playback.make_device

    def nothing(parent):
        raise KnownError("This computer has no sound output.", "Connect headphones, then press Play again.")

    view.playback.make_device = nothing
    view.listening.toggle_play()
    assert view.missing.isVisible() and "headphones" in view.missing.words.text()
    assert not view.missing.button.isVisible()
    view.playback.make_device = real
    view.listening.toggle_play()
    assert view.playback.is_playing and not view.missing.isVisible()
    await table.close()


# Faces, panels, keys


async def test_a_transcript_without_words_says_so_and_begins_with_a_segment(table):  # noqa: F811
    table.transcript = Transcript((), (), 8000, "en")
    view = await table.open()
    face = view.faces.currentWidget()
    assert face.objectName() == "editor.empty" and face.isVisible()
    view.faces.toggle_reading()
    assert view.faces.currentWidget() is face
    view.faces.show_list()
    face.button.click()
    assert view.faces.currentWidget() is view.list and view.list.is_editing
    QTest.keyClicks(view.list.field, "Hello")
    assert table.texts == ["Hello"]
    await table.close()


async def test_a_speaker_is_deleted_and_what_was_said_stays(table):  # noqa: F811
    view = await table.open()
    panel = view.speakers
    assert panel.doing.isVisible() and not panel.delete.isEnabled()
    panel.list.setCurrentIndex(panel.model.index(0))
    panel.delete.click()
    assert [each.name for each in view.state.transcript.speakers] == ["Ben"] and table.texts == list(SAID)
    assert [each.speaker for each in view.state.transcript.segments] == ["", "b", "", "b"]
    view.undo()
    assert view.state.transcript == table.transcript
    panel.name.setText("anna")
    panel.add.click()
    assert table.said == ["anna is there already."]
    table.transcript = Transcript(table.transcript.segments, (), 8000)
    await table.open()
    assert not panel.doing.isVisible() and not panel.list.isVisible() and panel.name.isVisible()
    await table.close()


async def test_text_to_read_has_room_between_its_lines_and_short_lines(table):  # noqa: F811
    table.window.resize(1600, 700)
    table.transcript = of("A great many words stand here so that the line has to be broken at its measure. " * 8)
    view = await table.open()
    view.faces.toggle_reading()
    document = view.reading.page.document()
    block = document.lastBlock()
    assert block.blockFormat().lineHeight() == 150

    def lengths() -> list[int]:
        return [block.layout().lineAt(n).textLength() for n in range(block.layout().lineCount())]

    await table.until(lambda: lengths() and max(lengths()) <= 80 and min(lengths()[:-1]) > 50)
    page = view.reading.page
    port = page.viewport().geometry()
    assert page.width() == view.reading.width(), "its scroll bar stands at the edge"
    assert abs(port.left() - (page.width() - port.right())) <= 16 and port.left() > 100
    assert view.reading.page.textCursor().position() == 0
    await table.close()


async def test_a_long_text_to_read_comes_in_pieces_from_its_beginning(qtbot):
    table = Table(qtbot, None, 400)  # noqa: F811
    view = await table.open()
    view.faces.toggle_reading()
    assert 0 < view.reading._written < 400, "the first screen is there at once"
    await table.until(lambda: view.reading._written == 400)
    assert view.reading.page.verticalScrollBar().value() == 0
    assert view.reading.page.toPlainText().count(SAID[2]) == 100
    await table.close()


async def test_the_words_of_selected_segments_are_copied(table):  # noqa: F811
    view = await table.open()
    view.list.select("s1")
    QTest.keyClick(view.list, Qt.Key.Key_Down, SHIFT)
    QTest.keyClick(view.list, Qt.Key.Key_C, CTRL)
    assert QGuiApplication.clipboard().text() == f"{SAID[1]}\n{SAID[2]}"
    view.list.set_columns("second")
    view.commands.type("s1", "und danke", True)
    QTest.keyClick(view.list, Qt.Key.Key_C, CTRL)
    assert QGuiApplication.clipboard().text() == f"{SAID[1]}\tund danke\n{SAID[2]}"
    await table.close()


def test_what_is_played_and_what_was_found_are_marked_in_different_colours(qtbot):
    marks = [(2 * n, 2 * n + 1, kind) for n, kind in enumerate(("find", "found", "word"))]
    layout, _ = segment_paint.laid_out("a b c", ink().font("reading"), 200, marks)
    assert len({each.format.background().color().name() for each in layout.formats()}) == 3


def test_other_words_are_marked_as_a_whole_and_changed_ones_by_themselves():
    before, after = "And then you left?", "You said your uncle was a clock repairman there."
    assert differing(before, after) == ([(0, len(before), "find")], [(0, len(after), "find")])
    assert differing("He repaired clocks.", "He repaired watches.")[0] == [(12, 18, "find")]


async def test_every_key_of_the_editor_is_on_one_sheet(table):  # noqa: F811
    view = await table.open()
    listed = {told for _, rows in keys_sheet.listed(view.actions_by_name) for _, told in rows}
    with_keys = {name: each for name, each in view.actions_by_name.items() if each.shortcuts()}
    assert {keys_sheet._words(name, each) for name, each in with_keys.items()} <= listed
    view.asking.keys(view.actions_by_name)
    await table.until(lambda: QApplication.activeModalWidget() is not None)
    sheet = QApplication.activeModalWidget()
    assert sheet.objectName() == "editor.keys-sheet"
    sheet.grab()
    sheet.accept()
    await view.tasks.settled()
    await table.close()


async def test_no_key_means_two_things(table):  # noqa: F811
    view = await table.open()
    keys = [each.toString() for action in view.actions_by_name.values() for each in action.shortcuts()]
    assert len(keys) == len(set(keys))
    await table.close()


async def test_the_field_has_its_keys_also_where_another_action_has_them(table):  # noqa: F811
    view = await table.open()
    other = QAction("Other", table.window, shortcut="Ctrl+Return", triggered=lambda: table.said.append("other"))
    table.window.addAction(other)
    view.list.edit_text("s2", 6)
    table.key(Qt.Key.Key_Return, CTRL, view.list.field)
    assert table.texts[2:4] == ["Where", "were you born"] and table.said == []
    await table.close()


async def test_leaving_for_good_ends_also_where_nothing_can_be_kept(table):  # noqa: F811
    view = await table.open()

    async def full(recording_id, transcript):
        raise KnownError("The disk is full.")

    view.saving.save = full
    view.commands.delete()
    await view.close_down()
    assert "The disk is full" in view.reason_to_stay()
    view.saving._soon.stop()
    await view.tasks.aclose()


async def test_that_times_are_approximate_is_said_also_after_saving(table):  # noqa: F811
    from msgspec.structs import replace

    from desktop.core.transcript import Doubt

    about = tuple(replace(each, doubt=int(Doubt.APPROXIMATE)) for each in table.transcript.segments)
    table.transcript = replace(table.transcript, segments=about)
    view = await table.open()
    view.commands.assign("b")
    await view.flush()
    assert view.head.state.text() == "All changes are saved · times approximate"
    await table.close()


async def test_the_pages_folds_stand_in_the_head(table):  # noqa: F811
    view = await table.open()
    folded = []
    actions = [QAction(side, view, triggered=lambda _=False, side=side: folded.append(side)) for side in ("l", "r")]
    view.head.add_folds(*actions)
    row = view.head.layout()
    for at in (0, row.count() - 1):
        row.itemAt(at).widget().click()
    assert folded == ["l", "r"]
    await table.close()


# Out


async def test_the_same_name_is_dragged_out_each_time(table, tmp_path):  # noqa: F811
    view = await table.open()
    view.drag_out.folder = tmp_path / "carried"
    for _ in range(2):
        QTest.mousePress(view.drag_out, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
        await view.tasks.settled()
        assert view.drag_out.carried.name == "Talk.srt" and view.drag_out.carried.exists()
    assert "Subtitles for most players" in view.drag_out.toolTip()
    await table.close()


async def test_an_export_that_fails_keeps_what_was_chosen(table, tmp_path):  # noqa: F811
    (tmp_path / "file").write_text("in the way")
    view = await table.open()
    view.open_export()
    await table.until(lambda: QApplication.activeModalWidget() is not None)
    form = QApplication.activeModalWidget()
    form.set_folder(str(tmp_path / "file"))
    form.forms["vtt"].setChecked(True)
    form.confirm.click()
    await table.until(lambda: form.place.property("kind") == "bad")
    assert form.isVisible() and form.confirm.isEnabled() and form.forms["vtt"].isChecked()
    form.set_folder(str(tmp_path / "out"))
    form.confirm.click()
    await view.tasks.settled()
    assert len(list((tmp_path / "out").iterdir())) == 3 and "3 files" in table.said[-1]
    await table.close()
