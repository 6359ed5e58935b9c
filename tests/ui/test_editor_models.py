"""What models do with a transcript in the editor, from the form to the archive; only the wire is false."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import httpx
import pytest
from frame import nameless
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from test_editor import SAID, transcript
from test_editor_services import Desk, answer
from wire import Wire

from desktop.core.transcript import Segment, Transcript
from desktop.services.transcription import afterwork, plan
from desktop.ui.transcription.editor import heard_again, languages

HEARS = "whisper-1"


HELD = object()


class HearingWire(Wire):
    """Takes recordings too: forms are checked like bodies. What is answered by HELD gets no answer: `is_holding`."""

    is_holding = False

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        if self.answers and self.answers[0] is HELD:
            self.answers.pop(0)
            self.bodies.append({})
            self.is_holding = True
            await asyncio.Event().wait()
        if not request.headers["content-type"].startswith("multipart/"):
            return await super()._handle(request)
        self.bodies.append({"form": await request.aread()})
        self.problems += [str(problem) for problem in self._spec.check_httpx(request)]
        found = self.answers.pop(0)
        return found if isinstance(found, httpx.Response) else found(request)


def heard(*texts: tuple[float, float, str]) -> httpx.Response:
    segments = [
        {
            "id": n, "seek": 0, "start": begins, "end": ends, "text": text, "tokens": [1], "temperature": 0.0,
            "avg_logprob": -0.2, "compression_ratio": 1.1, "no_speech_prob": 0.01,
        }
        for n, (begins, ends, text) in enumerate(texts)
    ]  # fmt: skip
    said = " ".join(text for _, _, text in texts)
    body = {"task": "transcribe", "language": "english", "duration": texts[-1][1], "text": said, "segments": segments}
    return httpx.Response(200, json=body)


@pytest.fixture
def desk(qtbot, tmp_path, spec):
    return Desk(qtbot, tmp_path, HearingWire(spec))


def texts(view) -> list[str]:
    return [each.text for each in view.state.transcript.segments]


# A stretch heard again


async def test_a_stretch_is_heard_again_compared_and_taken_in_pieces(desk):
    view = await desk.open()
    await desk.with_key()
    view.list.select("s1")
    view.waveform.set_selection(2300, 5200)
    view.by_model.hear_again()
    form = await desk.form()
    assert SAID[1] in form.text.toPlainText() and SAID[2] in form.text.toPlainText(), "whole segments"
    assert "$" in form.cost.text() and "Goes to" in form.cost.text() and desk.wire.bodies == []
    form.model.setCurrentText(HEARS)
    form.language.setText("en")
    desk.wire.answers = [heard((0.0, 1.6, "and thanks for coming"), (2.0, 3.5, "Where were you raised"))]
    QTest.mouseClick(form.start, Qt.MouseButton.LeftButton)
    await desk.until(lambda: form.changes.rowCount() or form.state.property("kind") == "bad")
    assert form.state.text() == "2 differences." and form.take.text() == "Take 2 changes"
    (sent,) = desk.wire.bodies
    assert HEARS.encode() in sent["form"] and b'name="language"' in sent["form"]
    assert nameless(form) == []
    form.list.setCurrentIndex(form.changes.index(1))
    QTest.keyClick(form.list, Qt.Key.Key_Space)
    QTest.mouseClick(form.take, Qt.MouseButton.LeftButton)
    await desk.until(lambda: view.state.history.undo_words)
    assert texts(view) == [SAID[0], "and thanks for coming", SAID[2], SAID[3]]
    taken = view.state.transcript.segments[1]
    assert (taken.begins, taken.ends, taken.speaker) == (2000, 3600, "b")
    assert view.state.history.undo_words == "Hear it again: 1 change"
    await view.flush()
    assert (await desk.kept()).segments[1].text == "and thanks for coming"
    view.undo()
    assert view.state.transcript == transcript()
    await view.tasks.settled()
    await desk.close()


async def test_a_stretch_that_cannot_be_heard_says_why_and_can_be_tried_again(desk):
    view = await desk.open()
    await desk.with_key()
    view.list.select("s0")
    view.by_model.hear_again()
    form = await desk.form()
    form.model.setCurrentText(HEARS)
    refusal = {"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": None}}
    desk.wire.answers = [httpx.Response(400, json=refusal), heard((0.0, 1.6, SAID[0]))]
    QTest.mouseClick(form.start, Qt.MouseButton.LeftButton)
    await desk.until(lambda: form.state.property("kind") == "bad")
    assert form.start.isEnabled() and not form.take.isVisible()
    QTest.mouseClick(form.start, Qt.MouseButton.LeftButton)
    await desk.until(lambda: form.state.text() == "The same words were heard.")
    assert form.state.property("kind") == "muted" and not form.take.isVisible()
    form.reject()
    await view.tasks.settled()
    assert view.state.transcript == transcript()
    await desk.close()


def spoken(*times: tuple[int, int, str]) -> Transcript:
    return Transcript(tuple(Segment(f"x{begins}", begins, ends, text) for begins, ends, text in times))


def test_a_stretch_grows_to_the_segments_it_reaches_into():
    now = transcript()
    assert heard_again.whole(now, (2300, 5200)) == (2000, 5600)
    assert heard_again.whole(now, (1900, 3700)) == (1900, 3700), "silence around a segment is taken as it is"
    assert heard_again.whole(now, (1500, 3600)) == (1500, 3600), "a tenth of a second is touched by mistake"


def test_what_was_heard_belongs_to_what_it_shares_its_time_with():
    now = spoken((0, 1000, "a"), (1000, 2000, "b"), (3000, 4000, "c"), (5000, 5500, "d"))
    new = spoken((0, 1100, "A"), (1100, 2000, "B"), (2200, 2800, "new"), (3000, 3400, "C1"), (3400, 4000, "C2"))
    found = heard_again.pieces(now, new, (0, 6000))
    assert [(each.before, each.after) for each in found] == [
        ("a", "A"), ("b", "B"), ("", "new"), ("c", "C1\nC2"), ("d", ""),
    ]  # fmt: skip


cuts = st.lists(st.integers(0, 10_000), min_size=2, max_size=9, unique=True).map(sorted)


@given(cuts, cuts)
def test_each_segment_is_in_one_piece_and_taking_all_gives_what_was_heard(old, new):
    now, other = (
        spoken(*((one, end, f"{name}{one}") for one, end in pairwise(points)))
        for name, points in (("o", old), ("n", new))
    )
    found = heard_again.pieces(now, other, (0, 10_001))
    assert sorted(each.id for piece in found for each in piece.old) == sorted(each.id for each in now.segments)
    assert sorted(each.text for piece in found for each in piece.new) == sorted(each.text for each in other.segments)
    assert heard_again.put(now, other, found).text == other.text
    assert heard_again.put(now, other, []) == now


async def test_what_was_heard_before_a_stop_is_offered_and_there_again(desk, monkeypatch):
    monkeypatch.setattr(plan, "PART_MS", 2200)
    view = await desk.open()
    await desk.with_key()
    view.list.selectAll()
    view.by_model.hear_again()
    form = await desk.form()
    form.model.setCurrentText(HEARS)
    desk.wire.answers = [heard((0.0, 1.6, "Good evening to you")), HELD]
    QTest.mouseClick(form.start, Qt.MouseButton.LeftButton)
    await desk.until(lambda: desk.wire.is_holding or not view.tasks.is_running("redo"))
    assert form.state.text().startswith("Heard parts: 1 of ")
    QTest.mouseClick(form.stop, Qt.MouseButton.LeftButton)
    await desk.until(lambda: form.changes.rowCount())
    assert form.state.text().startswith("1 difference. Heard up to 0:0") and form.take.text() == "Take 1 change"
    form.reject()
    await desk.until(lambda: not view.tasks.is_running("hear-again"))
    view.by_model.hear_again()
    form = await desk.form()
    assert form.take.text() == "Take 1 change" and len(desk.wire.bodies) == 2
    QTest.mouseClick(form.take, Qt.MouseButton.LeftButton)
    await desk.until(lambda: view.state.history.undo_words)
    assert texts(view) == ["Good evening to you", *SAID[1:]], "what was not heard stays"
    await view.tasks.settled()
    await desk.close()


def test_of_a_beginning_whole_segments_are_taken():
    now = spoken((0, 1000, "a"), (1000, 2000, "b c"), (2000, 3000, "d"))
    new = spoken((0, 990, "A"), (1010, 1400, "B"))
    some, span = heard_again.up_to(now, new, (0, 3000), 1500)
    assert (some.text, span) == ("A", (0, 1000))
    assert heard_again.up_to(now, new, (0, 3000), 2050)[1] == (0, 2000)


async def test_enter_in_a_field_of_a_form_presses_nothing(desk):
    view = await desk.open()
    await desk.with_key()
    view.by_model.hear_again()
    form = await desk.form()
    QTest.keyClicks(form.prompt, "Anna")
    QTest.keyClick(form.prompt, Qt.Key.Key_Return)
    assert form.isVisible() and not view.tasks.is_running("redo") and desk.wire.bodies == []
    form.reject()
    await view.tasks.settled()
    await desk.close()


# Work on the words


async def test_a_translation_stands_in_the_second_column_with_its_language(desk):
    view = await desk.open()
    await desk.with_key()
    view.by_model.work_on_it()
    form = await desk.form()
    assert not form.language.isVisible()
    form.work.setCurrentIndex(1)
    assert form.language.isVisible() and form.second_language != "en", "it is not into what is spoken"
    form.language.setCurrentIndex(form.language.findData("de"))
    assert form.prompt.toPlainText() == "Translate into German."
    desk.wire.answers = [answer(f"1: Guten Morgen\n2: und danke\n3: {SAID[2]}\n4: In einer Stadt")]
    QTest.mouseClick(form.start, Qt.MouseButton.LeftButton)
    await desk.until(lambda: form.changes.rowCount())
    assert form.changes.rowCount() == 4, "a line that is the same in both languages stands in the column too"
    QTest.mouseClick(form.take, Qt.MouseButton.LeftButton)
    await desk.until(lambda: view.state.history.undo_words)
    made = view.state.transcript
    assert made.second_language == "de" and [each.text for each in made.segments] == list(SAID)
    assert [each.second for each in made.segments] == ["Guten Morgen", "und danke", SAID[2], "In einer Stadt"]
    assert view.list.columns == "second" and view.list.beside(1) == "und danke"
    await view.flush()
    assert (await desk.kept()) == made
    view.undo()
    assert view.state.transcript.second_language == "" and view.list.columns == "none"
    await view.tasks.settled()
    await desk.close()


async def test_what_was_paid_for_stands_in_the_form_when_it_is_opened_again(desk):
    view = await desk.open()
    await desk.with_key()
    view.by_model.work_on_it()
    form = await desk.form()
    form.work.setCurrentIndex(2)
    desk.wire.answers = [answer("They met and talked.")]
    QTest.mouseClick(form.start, Qt.MouseButton.LeftButton)
    await desk.until(lambda: form.text.toPlainText() == "They met and talked.")
    assert form.copy.isVisible() and not form.take.isVisible()
    form.reject()
    await view.tasks.settled()
    view.by_model.work_on_it()
    form = await desk.form()
    form.work.setCurrentIndex(2)
    assert form.text.toPlainText() == "They met and talked." and len(desk.wire.bodies) == 1
    form.reject()
    await view.tasks.settled()
    view.commands.delete()
    view.by_model.work_on_it()
    form = await desk.form()
    form.work.setCurrentIndex(2)
    assert form.text.toPlainText() == "", "the transcript is another one now"
    form.reject()
    await view.tasks.settled()
    await desk.close()


async def test_what_was_answered_before_a_stop_is_offered_and_only_the_rest_is_asked(desk, monkeypatch):
    monkeypatch.setattr(afterwork, "LINES_CHARACTERS", 80)
    view = await desk.open()
    await desk.with_key()
    view.by_model.work_on_it()
    form = await desk.form()
    form.work.setCurrentIndex(1)
    form.language.setCurrentIndex(form.language.findData("de"))
    desk.wire.answers = [answer("1: Guten Morgen\n2: und danke"), HELD]
    QTest.mouseClick(form.start, Qt.MouseButton.LeftButton)
    await desk.until(lambda: desk.wire.is_holding or not view.tasks.is_running("afterwork"))
    assert form.state.text() == "Answered: 1 of 2"
    QTest.mouseClick(form.stop, Qt.MouseButton.LeftButton)
    await desk.until(lambda: form.changes.rowCount())
    assert form.state.text() == "2 changes. 2 segments got no answer. Stopped before all was answered."
    form.language.setCurrentIndex(form.language.findData("fr"))
    QTest.mouseClick(form.take, Qt.MouseButton.LeftButton)
    await desk.until(lambda: view.state.history.undo_words)
    assert view.state.transcript.second_language == "de", "that of the words, not the one chosen since"
    await desk.until(lambda: not view.tasks.is_running("work-on-it"))
    view.by_model.work_on_it()
    form = await desk.form()
    form.work.setCurrentIndex(1)
    await desk.until(lambda: form.start.text() == "Ask for the rest" and "$" in form.cost.text())
    assert form.language.currentText() == "German" and form.changes.rowCount() == 0
    desk.wire.answers = [answer("3: Wo?\n4: Dort.")]
    QTest.mouseClick(form.start, Qt.MouseButton.LeftButton)
    await desk.until(lambda: form.changes.rowCount())
    assert len(desk.wire.bodies) == 3 and form.state.text() == "2 changes."
    form.prompt.setPlainText("Translate it well.")
    await desk.until(lambda: form.start.text() == "Ask the model")
    QTest.mouseClick(form.take, Qt.MouseButton.LeftButton)
    await desk.until(lambda: all(each.second for each in view.state.transcript.segments))
    await view.tasks.settled()
    await desk.close()


@pytest.mark.parametrize(
    ("spoken_in", "chosen", "users", "into"),
    [("en", "", "de", "de"), ("en", "", "en", "de"), ("de", "", "de", "en"), ("en", "fr", "de", "fr")],
)
def test_the_likely_language_is_not_the_one_that_is_spoken(spoken_in, chosen, users, into):
    assert languages.likely(spoken_in, chosen, users) == into
