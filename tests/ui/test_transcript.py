"""The transcript: lazy rows that never jump, one selection over all of them, streaming, keys, screen readers."""

from __future__ import annotations

import itertools
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import (
    QAccessible,
    QColor,
    QContextMenuEvent,
    QFont,
    QFontMetricsF,
    QGuiApplication,
    QImage,
    QPdfWriter,
    QWheelEvent,
)
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QToolButton
from quickness import quickest_now

from desktop.core.conversation import Branch, Message, Reasoning, Role, State, Text, ToolCall
from desktop.core.hit_marks import Finder
from desktop.core.usage import Usage
from desktop.ui import theme
from desktop.ui.widgets import transcript_accessible
from desktop.ui.widgets.markdown import Kind, Piece
from desktop.ui.widgets.transcript import TranscriptView
from desktop.ui.widgets.transcript_blocks import block_for
from desktop.ui.widgets.transcript_code import Code
from desktop.ui.widgets.transcript_heights import Heights
from desktop.ui.widgets.transcript_ink import Ink
from desktop.ui.widgets.transcript_model import KEPT_MESSAGES, TranscriptModel
from desktop.ui.widgets.transcript_print import Printing, print_pages
from desktop.ui.widgets.transcript_words import wrapped

WORDS = "Reading **line by line** keeps memory flat; each `line` is read when asked for. " * 4


def message(number: int, text: str = "", state: State = State.COMPLETE, **more) -> Message:
    role = more.pop("role", Role.ASSISTANT if number % 2 else Role.USER)
    return Message(id=f"{number:06d}", role=role, parts=(Text(text or f"{number}: {WORDS}"),), state=state, **more)


def turn_loop(times: int = 40) -> None:
    for _ in range(times):
        QApplication.processEvents()


class Shown:
    """A view over a model; rows asked for come from `stock` at once."""

    def __init__(self, qtbot, messages, *, loads=True, width=700, height=500, **model):
        self.stock = {m.id: m for m in messages}
        self.asked: list[list[int]] = []
        self.actions: list[tuple[str, str]] = []
        self.links: list = []
        self.model = TranscriptModel(**model)
        self.view = TranscriptView(theme.current())
        qtbot.addWidget(self.view)
        self.view.resize(width, height)
        self.view.set_model(self.model)
        self.loads = loads
        self.view.needed.connect(self._load)
        self.view.action.connect(lambda *said: self.actions.append(said))
        self.view.link.connect(self.links.append)
        self.view.show()
        self.model.reset(list(self.stock))
        turn_loop()

    def _load(self, rows):
        self.asked.append(rows)
        if self.loads:
            self.model.put([self.stock[self.model.id(row)] for row in rows])

    @property
    def bar(self):
        return self.view.verticalScrollBar()

    def first_seen(self) -> tuple[str, int]:
        """(id, px of its top) of the first message whose top is in the window."""
        for row in range(self.model.rowCount()):
            rect = self.view.row_rect(row)
            y = self.view.viewport().mapFromGlobal(rect.topLeft()).y()
            if y >= 0:
                return self.model.id(row), y
        raise AssertionError("no message begins in the window")

    def find(self, row: int, words: str) -> QPoint:
        """Where some words of a row are drawn, in the viewport."""
        made = self.view.rows.made[row]
        top = self.view.viewport().mapFromGlobal(self.view.row_rect(row).topLeft())
        for at, block in enumerate(made.blocks):
            if hits := block.find(Finder.of_text(words)):
                for y, x in itertools.product(range(0, int(block.height), 4), range(0, int(made.width_of(block)), 3)):
                    if block.hit(x, y) == hits[0][0] and y >= block.top_of(hits[0][0]):
                        return top + QPoint(made.x_of(block) + x, made.tops[at] + y + 4)
        raise AssertionError(f"{words!r} is not shown")


@pytest.fixture
def long(qtbot):
    return Shown(qtbot, [message(n) for n in range(2_000)])


# Rows


def test_the_model_keeps_qts_rules(qtbot):
    model = TranscriptModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.reset(["a", "b"])
    model.append(message(3))
    model.put([message(3, "new")])
    model.show_path(["a", "x", "y"])
    model.show_path(["q"])
    model.refresh("q")
    model.reset()
    assert {bytes(name.data()).decode() for name in model.roleNames().values()} == {
        "id", "message", "role", "state", "text", "meta", "branch",
    }  # fmt: skip


def test_the_model_keeps_a_bounded_number_of_messages(qtbot):
    model = TranscriptModel()
    model.reset([f"{n:06d}" for n in range(10_000)])
    model.put(message(n) for n in range(10_000))
    assert sum(model.message(row) is not None for row in range(10_000)) <= KEPT_MESSAGES


def test_only_rows_near_the_window_are_made_and_asked_for(long):
    assert len(long.view.rows) == 2_000
    assert len(long.view.rows.made) < 60
    assert sum(len(rows) for rows in long.asked) < 60


def test_rows_not_loaded_are_asked_for_once(qtbot):
    shown = Shown(qtbot, [message(n) for n in range(500)], loads=False)
    asked = list(itertools.chain(*shown.asked))
    assert len(asked) == len(set(asked)) > 3
    shown.bar.setValue(shown.bar.maximum())
    turn_loop()
    asked = list(itertools.chain(*shown.asked))
    assert len(asked) == len(set(asked))


def test_scrolling_up_page_by_page_never_jumps(long):
    for _ in range(60):
        turn_loop(3)
        seen, y = long.first_seen()
        long.bar.setValue(long.bar.value() - 120)
        row = long.model.row_of(seen)
        now = long.view.viewport().mapFromGlobal(long.view.row_rect(row).topLeft()).y()
        assert abs(now - (y + 120)) <= 1, "heights above were corrected under the reader"


def test_heights_are_the_same_after_rows_were_dropped_and_made_again(long):
    long.bar.setValue(long.bar.maximum() // 2)
    turn_loop()
    seen, _ = long.first_seen()
    row = long.model.row_of(seen)
    before = long.view.row_rect(row).height()
    long.bar.setValue(0)
    turn_loop()
    long.view.show_message(seen)
    turn_loop()
    assert long.view.row_rect(row).height() == before


def test_a_conversation_opens_at_its_end(long):
    assert long.bar.value() == long.bar.maximum()
    assert long.view.is_at_end()


def test_a_changed_width_keeps_what_is_read(long):
    long.bar.setValue(long.bar.maximum() // 2)
    turn_loop()
    row = long.view.sight.hold()[0]
    long.view.resize(500, 500)
    turn_loop()
    assert long.view.sight.hold()[0] == row


@pytest.mark.parametrize("heights", [[], [5], [3, 1, 4, 1, 5, 9, 2, 6]])
def test_heights_sum_and_find(heights):
    made = Heights(heights)
    for added in (7, 8):
        made.splice(len(made), 0, [added])
        heights = [*heights, added]
    made.splice(len(made), 0, [4] * 60)  # so many are summed up anew
    heights += [4] * 60
    made.splice(0, 1, [10, 11])
    heights = [10, 11, *heights[1:]]
    made[1] = 2
    heights[1] = 2
    assert [made.top(row) for row in range(len(heights) + 1)] == [sum(heights[:row]) for row in range(len(heights) + 1)]
    for row in range(len(heights)):
        assert made.row_at(made.top(row)) == row
        assert made.row_at(made.top(row) + heights[row] - 1) == row
    assert Heights.uniform(5, 3).total == 15
    assert Heights.uniform(5, 3).row_at(7) == 2


# Streaming


def stream(shown: Shown, number: int) -> str:
    shown.model.append(message(number, " ", State.STREAMING, role=Role.ASSISTANT))
    turn_loop(5)
    return f"{number:06d}"


def test_a_growing_answer_stays_at_its_end(long):
    added = stream(long, 9_001)
    for _ in range(30):
        long.view.extend(added, WORDS + "\n\n")
        long.view.flush()
        assert long.bar.value() == long.bar.maximum()


def test_a_reader_who_scrolled_up_is_left_alone_and_offered_the_way_back(long, qtbot):
    added = stream(long, 9_001)
    long.view.extend(added, "begin\n\n")
    long.view.flush()
    long.bar.setValue(long.bar.value() - 700)
    turn_loop()
    before = long.first_seen()
    for _ in range(20):
        long.view.extend(added, WORDS + "\n\n```python\nx = 1\n```\n\n")
        long.view.flush()
        turn_loop(3)
        assert long.first_seen() == before
    pill = long.view.findChild(QPushButton, "chat.transcript.new")
    assert pill.isVisible()
    qtbot.mouseClick(pill, Qt.MouseButton.LeftButton)
    assert long.bar.value() == long.bar.maximum()
    assert not pill.isVisible()


def test_many_tokens_make_few_frames(qtbot):
    shown = Shown(qtbot, [message(1, " ", State.STREAMING)])
    drawn = []
    shown.view._arrange, original = lambda **more: drawn.append(more) or original(**more), shown.view._arrange
    for _ in range(1_000):
        shown.view.extend("000001", "word ")
    assert drawn == []
    qtbot.waitUntil(lambda: bool(drawn), timeout=60_000)
    assert len(drawn) <= 4


GROWING = (
    f"# Head\n\n{WORDS}\n\nUnder\n---\n\n- a point\n- another `with code`\n  - inside\n\n1. one\n2. two\n\n"
    f"> quoted **words**\n> and more\n>\n> > twice as deep\n\n```python\nx = 1\ny = {'long' * 40!r}\nfor x in y:\n"
    f"    print(x)\n```\n\n| a | b |\n|---|--:|\n| 1 | line |\n| 2 | 3 |\n\n"
    f"*Some* [words](https://a.example/) {WORDS}\n\n"
)


TRICKY = (
    "Some words, *then* more. And ![a picture](https://a.example/x) with www.example.com end __bold words__ here",
    "1986. A great year",
    "[a]: /url title more",
    "[a b](https://a.example/ c d) e f",
    "*open words go on* and **bold ones** too _so_ it_is_ said",
    "`code goes on` ~~gone words~~ &amp; so on; https://a.example/path. Next word",
    "mail me@a.example today, or\nin two lines\\\nthree  \nfour five",
    "中文 字 and emoji 😀 more עברית words",
    "## A heading of *some* words. And more",
    "<b>no tag</b> <https://a.example/> after that 3.5 percent, 1,000 more...",
)


@pytest.mark.parametrize("step", [1, 2, 5])
@pytest.mark.parametrize("text", TRICKY)
def test_a_paragraph_that_grew_by_words_is_as_one_made_at_once(text, step, qtbot):
    ink, grown = Ink(theme.current()), 0
    for kind in (Kind.PROSE, Kind.HEADING):
        block = block_for(Piece(kind, text[:1]), ink)
        for end in range(1, len(text) + 1, step):
            piece = Piece(kind, text[:end].rstrip())
            if block.grow(piece) is None:
                block = block_for(piece, ink)
            else:
                grown += 1
            block.prepare(240)
            fresh = block_for(piece, ink)
            fresh.prepare(240)
            assert block.document().toHtml() == fresh.document().toHtml(), piece.source
            assert math.ceil(block.height) == math.ceil(fresh.height)
    assert grown or text.startswith(("[", "1986"))


def as_it_stands(view) -> QImage:
    """What the window's picture holds, put together by all the paintings so far."""
    inside = view.viewport()
    corner, size = inside.mapTo(view.window(), QPoint(0, 0)), inside.size()
    whole = view.screen().grabWindow(view.winId(), corner.x(), corner.y(), size.width(), size.height())
    return whole.toImage().convertToFormat(QImage.Format.Format_RGB32)


def as_painted_anew(view) -> QImage:
    return view.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


@pytest.mark.parametrize("place", ["at the end", "scrolled up", "a little up", "short"])
@pytest.mark.parametrize("over", ["", "selection", "find"])
def test_what_was_painted_in_pieces_equals_a_fresh_painting(place, over, qtbot):
    shown = Shown(qtbot, [message(n) for n in range(1 if place == "short" else 12)], width=720, height=480)
    added = stream(shown, 9_001)
    view = shown.view
    if over == "find":
        view.find_marks("line by")
    if place in ("scrolled up", "a little up"):
        view.extend(added, GROWING * 2)
        view.flush()
        shown.bar.setValue(shown.bar.value() - (2_000 if place == "scrolled up" else 40))
    turn_loop()
    text = GROWING * (1 if place == "short" else 2)
    for at, start in enumerate(range(0, len(text), 9)):
        view.extend(added, text[start : start + 9])
        if over == "selection" and at == 20:
            view.select_all()
        view.streams.frame.stop()
        view.streams.part_of_frame()
        turn_loop(2)
        if at % 5 == 0 or start + 9 >= len(text):
            turn_loop(4)
            assert as_it_stands(view) == as_painted_anew(view), f"after {text[max(0, start - 20) : start + 9]!r}"


def test_a_finished_answer_looks_as_it_did_while_it_grew(qtbot):
    text = f"# Head\n\n{WORDS}\n\n- a\n- b\n\n```python\nx = 1\n```\n\nEnd."
    shown = Shown(qtbot, [message(1, "", State.STREAMING)])
    shown.model.put([Message(id="000001", role=Role.ASSISTANT, parts=(), state=State.STREAMING)])
    for start in range(0, len(text), 7):
        shown.view.extend("000001", text[start : start + 7])
    shown.view.flush()
    turn_loop()
    height = shown.view.row_rect(0).height()
    said = [block.text() for block in shown.view.rows.made[0].blocks]
    shown.model.put([message(1, text)])
    turn_loop()
    assert [block.text() for block in shown.view.rows.made[0].blocks] == said
    assert shown.view.row_rect(0).height() == height


def test_reasoning_is_one_folded_line_that_opens(qtbot):
    parts = (Reasoning("First **this**.\n\nThen that.", seconds=12.0), Text("Answer."))
    answer = Message(id="1", role=Role.ASSISTANT, parts=parts, usage=Usage(output=900, reasoning=840))
    shown = Shown(qtbot, [answer])
    row = shown.view.rows.made[0]
    assert [block.piece.source for block in row.blocks] == ["Thought for 12 s · 840 tokens", "Answer."]
    height = row.height
    corner = shown.view.viewport().mapFromGlobal(shown.view.row_rect(0).topLeft())
    QTest.mouseClick(
        shown.view.viewport(),
        Qt.MouseButton.LeftButton,
        pos=corner + QPoint(row.x_of(row.blocks[0]) + 40, row.tops[0] + 8),
    )
    turn_loop()
    assert [block.text() for block in shown.view.rows.made[0].blocks[1:]] == ["First this.", "Then that.", "Answer."]
    assert shown.view.rows.made[0].height > height


def test_reasoning_and_text_arrive_apart(qtbot):
    shown = Shown(qtbot, [Message(id="1", role=Role.ASSISTANT, parts=(), state=State.STREAMING)])
    shown.view.extend("1", "hmm", "reasoning")
    shown.view.extend("1", "Hello")
    shown.view.flush()
    turn_loop()
    assert [section.kind for section in shown.view.rows.made[0].sections] == ["reasoning", "text"]
    assert shown.view.rows.made[0].text() == "Hello"


# Selection


def drag(shown: Shown, start: QPoint, end: QPoint) -> None:
    port = shown.view.viewport()
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(port, start + QPoint(8, 0))
    QTest.mouseMove(port, end)
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=end)


def test_a_drag_selects_across_messages(qtbot):
    shown = Shown(
        qtbot, [message(0, "alpha beta gamma"), message(1, "one **two** three\n\nfour five"), message(2, "last words")]
    )
    drag(shown, shown.find(0, "beta"), shown.find(2, "words"))
    assert shown.view.selected_text() == "beta gamma\n\nAssistant:\none **two** three\n\nfour five\n\nlast "


def test_shift_click_extends_the_selection(qtbot):
    shown = Shown(qtbot, [message(1, "one two three\n\nfour five six")])
    port = shown.view.viewport()
    QTest.mouseClick(port, Qt.MouseButton.LeftButton, pos=shown.find(0, "two"))
    QTest.mouseClick(port, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, shown.find(0, "six"))
    assert shown.view.selected_text() == "two three\n\nfour five "


def test_a_double_click_selects_a_word(qtbot):
    shown = Shown(qtbot, [message(1, "one **two** three")])
    QTest.mouseDClick(shown.view.viewport(), Qt.MouseButton.LeftButton, pos=shown.find(0, "two"))
    assert shown.view.selected_text() == "two"


def test_the_selection_survives_rows_that_are_dropped(long):
    long.view.show_message("000101")
    turn_loop()
    start = long.find(101, "Reading")
    QTest.mouseClick(long.view.viewport(), Qt.MouseButton.LeftButton, pos=start)
    long.view.show_message("000201")
    turn_loop()
    end = long.find(201, "memory")
    QTest.mouseClick(long.view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, end)
    for _ in range(3):
        long.bar.setValue(0)
        turn_loop()
    assert long.view.selected_text() is None, "what lies between was never loaded"
    text = long.view.selected_text(long.stock)
    assert text.startswith("Reading line by line")
    assert text.endswith("keeps ")
    assert "\n150: Reading" in text


def test_select_all_copies_also_what_is_not_loaded(qtbot):
    shown = Shown(qtbot, [message(n, f"text {n}") for n in range(300)], loads=False)
    asked = []
    shown.view.copy_needed.connect(asked.append)
    QTest.keyClick(shown.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(shown.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert asked == [list(shown.stock)]
    shown.view.copy_messages(shown.stock[each] for each in asked[0])
    text = QGuiApplication.clipboard().text()
    assert text.startswith("User:\ntext 0\n\nAssistant:\ntext 1")
    assert text.endswith("text 299")


def test_copy_gives_plain_text_first_and_no_address(qtbot):
    shown = Shown(qtbot, [message(1, "see [this](https://example.com/x) ![p](https://example.com/p.png)")])
    drag(shown, shown.find(0, "see"), shown.find(0, "see") + QPoint(500, 30))
    QTest.keyClick(shown.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = QGuiApplication.clipboard().mimeData()
    assert copied.text().startswith("see this")
    assert "<img" not in copied.html()
    assert "https://" not in copied.html()


def test_code_with_emoji_and_hidden_characters_copies_as_it_was(qtbot):
    source = "a = '😀'  # \u202egpj\nb = '\u200b'"
    shown = Shown(qtbot, [message(1, f"```python\n{source}\n```")])
    code = shown.view.rows.made[0].blocks[0]
    assert code._layout(0).text() == "a = '😀'  # ‹U+202E›gpj"
    x, _ = code._layout(0).lineAt(0).cursorToX(code._shown(0, source.index("gpj")))
    assert code.hit(code._pad + x, code.head + 2) == source.index("gpj")
    assert code.text() == source
    shown.view.select_all()
    assert source in shown.view.selected_text()


def test_escape_ends_the_selection(qtbot):
    shown = Shown(qtbot, [message(1)])
    shown.view.select_all()
    QTest.keyClick(shown.view, Qt.Key.Key_Escape)
    assert not shown.view.has_selection()


# Links and pictures


def test_a_clicked_link_gives_its_verdict(qtbot):
    shown = Shown(qtbot, [message(1, "[https://bank.example](https://evil.example/x) and [f](file:///etc/passwd)")])
    QTest.mouseClick(shown.view.viewport(), Qt.MouseButton.LeftButton, pos=shown.find(0, "bank"))
    QTest.mouseClick(shown.view.viewport(), Qt.MouseButton.LeftButton, pos=shown.find(0, "f"))
    assert [(v.may_open, v.host) for v in shown.links][:1] == [(True, "evil.example")]
    assert "bank.example" in shown.links[0].warning


@pytest.mark.parametrize("button", [Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton])
def test_other_mouse_buttons_open_no_link(button, qtbot):
    shown = Shown(qtbot, [message(1, "[words](https://evil.example/x)")])
    QTest.mouseClick(shown.view.viewport(), button, pos=shown.find(0, "words"))
    assert shown.links == []


def test_a_drag_over_a_link_selects_and_opens_nothing(qtbot):
    shown = Shown(qtbot, [message(1, "[many words here](https://evil.example/x)")])
    drag(shown, shown.find(0, "many"), shown.find(0, "here"))
    assert shown.links == []
    assert shown.view.selected_text() == "many words "


def test_the_menu_offers_the_full_address_before_it_is_opened(qtbot):
    shown = Shown(qtbot, [message(1, "[words](https://user@evil.example/x)")])
    at = shown.find(0, "words")
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, shown.view.viewport().mapToGlobal(at))
    shown.view.contextMenuEvent(event)
    menu = shown.view.findChildren(QMenu)[-1]
    entries = {action.text(): action for action in menu.actions()}
    assert {"Open link …", "Copy link address", "Copy message", "Select all"} <= set(entries)
    entries["Copy link address"].trigger()
    assert QGuiApplication.clipboard().text() == "https://user@evil.example/x"
    entries["Open link …"].trigger()
    assert "“@”" in shown.links[0].warning
    menu.close()


def test_a_clicked_picture_names_its_address_and_loads_nothing(qtbot):
    shown = Shown(qtbot, [message(1, "![chart](https://cdn.example.com/a.png)")])
    heard = []
    shown.view.picture.connect(heard.append)
    assert "cdn.example.com" in shown.view.rows.made[0].text()
    QTest.mouseClick(shown.view.viewport(), Qt.MouseButton.LeftButton, pos=shown.find(0, "chart"))
    assert heard == ["https://cdn.example.com/a.png"]


# Actions


def test_actions_appear_under_the_mouse_in_a_fixed_place_and_move_no_text(qtbot):
    shown = Shown(qtbot, [message(0), message(1)], branch=lambda _: Branch(2, 3, "a", "b"))
    heights = [shown.view.row_rect(row).height() for row in (0, 1)]
    QTest.mouseMove(shown.view.viewport(), shown.find(1, "Reading"))
    QTest.mouseMove(shown.view.viewport(), shown.find(1, "memory"))
    bar = shown.view.over.bar
    assert bar.isVisible()
    assert [shown.view.row_rect(row).height() for row in (0, 1)] == heights
    place = bar.pos()
    QTest.mouseMove(shown.view.viewport(), shown.find(1, "asked"))
    assert bar.pos() == place
    assert bar.findChild(QToolButton, "chat.message.branch_before").isVisible()
    QTest.mouseClick(bar.findChild(QToolButton, "chat.message.regenerate"), Qt.MouseButton.LeftButton)
    QTest.mouseClick(bar.findChild(QToolButton, "chat.message.branch_after"), Qt.MouseButton.LeftButton)
    assert shown.actions == [("000001", "regenerate"), ("000001", "branch_after")]


FIGURES = "gpt-4o · 1 204 in (800 cached) · 356 out (120 reasoning) · $0.0056 · 0.1 s to first token · 82 tok/s · stop"


@pytest.mark.parametrize("width", [480, 560, 700, 900])
@pytest.mark.parametrize("branch", [None, Branch(10, 12, "a", "b")])
def test_figures_stand_beside_the_actions_and_none_is_left_out(width, branch, qtbot):
    shown = Shown(qtbot, [message(0), message(1)], width=width, branch=lambda _: branch, meta=lambda _: FIGURES)
    view = shown.view
    QTest.mouseMove(view.viewport(), shown.find(1, "Reading"))
    assert view.over.bar.isVisible()
    row = view.rows.made[1]
    assert " · ".join(row.meta_lines) == FIGURES
    ends = view.sight.left + row.inset + QFontMetricsF(row.ink.caption).horizontalAdvance(max(row.meta_lines, key=len))
    assert ends < view.over.bar.x()
    last = row.height - row.ink.px(32)  # where the actions begin: beside the last line, whatever their number
    assert view.over.bar.y() == view.sight.y_of(1) + last


@given(st.lists(st.text(st.sampled_from("ab 1"), max_size=40), min_size=1, max_size=9), st.integers(-50, 600))
def test_any_pieces_in_any_room_are_wrapped_and_none_is_lost(qapp, pieces, room):
    metrics = QFontMetricsF(QFont())
    said = " · ".join(pieces)
    lines = wrapped(said, metrics, room)
    assert " · ".join(lines) == said
    widest = max(map(metrics.horizontalAdvance, lines))
    assert widest <= max(room, *map(metrics.horizontalAdvance, said.split(" · ")), 0)


def test_figures_that_come_later_make_room_for_themselves(qtbot):
    said = [""]
    shown = Shown(qtbot, [message(0), message(1)], width=480, meta=lambda _: said[0])
    before = shown.view.row_rect(1).height()
    said[0] = FIGURES
    shown.model.refresh("000001")
    row = shown.view.rows.made[1]
    assert len(row.meta_lines) > 1
    assert shown.view.row_rect(1).height() == before + row.ink.px(16) * (len(row.meta_lines) - 1) == row.height


def test_tab_reaches_the_actions_of_the_message_and_escape_leads_back(qtbot):
    shown = Shown(qtbot, [message(0), message(1)])
    shown.view.setFocus()
    QTest.keyClick(shown.view, Qt.Key.Key_Home)
    QTest.keyClick(shown.view, Qt.Key.Key_Tab)
    focused = QApplication.focusWidget()
    assert focused.objectName() == "chat.message.copy"
    QTest.keyClick(focused, Qt.Key.Key_Right)
    assert QApplication.focusWidget().objectName() == "chat.message.edit"
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert shown.actions == [("000000", "edit")]
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert QApplication.focusWidget() is shown.view


@pytest.mark.parametrize(
    ("state", "names"),
    [
        (State.FAILED, ["retry"]),
        (State.CUT, ["continue", "retry"]),
        (State.STOPPED, ["continue"]),
        (State.LENGTH, ["continue"]),
    ],
)
def test_a_message_that_did_not_end_well_says_so_with_its_actions(state, names, qtbot):
    shown = Shown(qtbot, [message(1, "half", state, error="The server is busy.", advice="Wait a little.")])
    buttons = shown.view.findChildren(QPushButton)
    found = [b.objectName().rpartition(".")[2] for b in buttons if b.objectName().startswith("chat.message.")]
    assert found == names
    said, tone, _ = shown.view.rows.made[0].state_line
    assert said
    assert tone in ("bad", "warn", "muted")
    QTest.mouseClick(
        next(b for b in buttons if b.objectName() == f"chat.message.{names[0]}"), Qt.MouseButton.LeftButton
    )
    assert shown.actions == [("000001", names[0])]


def test_the_copy_button_of_code_copies_the_code(qtbot):
    shown = Shown(qtbot, [message(1, "```python\nx = 1\n```")])
    row = shown.view.rows.made[0]
    corner = shown.view.viewport().mapFromGlobal(shown.view.row_rect(0).topLeft())
    QTest.mouseClick(
        shown.view.viewport(), Qt.MouseButton.LeftButton, pos=corner + QPoint(row.width - 30, row.tops[0] + 12)
    )
    assert QGuiApplication.clipboard().text() == "x = 1"


def test_tool_calls_show_their_arguments_whole_with_hidden_characters_as_marks(qtbot):
    call = ToolCall(call_id="1", name="se\u202end", arguments='{"to": "a\u200bb"}' + " " * 3_000 + "end")
    shown = Shown(qtbot, [Message(id="1", role=Role.ASSISTANT, parts=(call,))])
    block = shown.view.rows.made[0].blocks[0]
    assert isinstance(block, Code)
    assert block.label == "call se‹U+202E›nd"
    assert "‹U+200B›" in block._layout(0).text()
    assert block.text().endswith("end")


# Keyboard


def test_keys_move_through_messages_and_pages(long):
    long.view.setFocus()
    QTest.keyClick(long.view, Qt.Key.Key_Home)
    assert long.bar.value() == 0
    assert long.view.current_id() == "000000"
    QTest.keyClick(long.view, Qt.Key.Key_Down)
    assert long.view.current_id() == "000001"
    before = long.bar.value()
    QTest.keyClick(long.view, Qt.Key.Key_PageDown)
    assert long.bar.value() > before
    QTest.keyClick(long.view, Qt.Key.Key_PageUp)
    QTest.keyClick(long.view, Qt.Key.Key_End)
    assert long.bar.value() == long.bar.maximum()
    assert long.view.current_id() == "001999"
    QTest.keyClick(long.view, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert long.view.has_selection()


def test_the_wheel_sideways_scrolls_inside_a_long_line_of_code(qtbot):
    shown = Shown(qtbot, [message(1, "```\n" + "x" * 500 + "\n```")])
    code = shown.view.rows.made[0].blocks[0]
    corner = shown.view.viewport().mapFromGlobal(shown.view.row_rect(0).topLeft())
    at = QPointF(corner + QPoint(80, shown.view.rows.made[0].tops[0] + 50))
    event = QWheelEvent(
        at, at, QPoint(-100, 0), QPoint(-120, 0), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    shown.view.wheelEvent(event)
    assert code._side.offset == 100


# Find


def test_find_marks_every_hit_and_scrolls_to_one(qtbot):
    code = "\n\n```\n" + "line\n" * 80 + "needle\n```"
    texts = [message(n, f"{n}: {WORDS}" + (code if n == 31 else "")) for n in range(60)]
    shown = Shown(qtbot, texts)
    shown.view.find_marks("NEEDLE")
    assert shown.view.show_message("000031")
    turn_loop()
    assert shown.view.hit_count("000031") == 1
    assert shown.view.hit_count("000030") == 0
    at = shown.find(31, "needle")
    assert shown.view.viewport().rect().contains(at)
    find = QColor(theme.current().color("accent"))  # the one that is looked at; others have the colour "find"
    picture = shown.view.viewport().grab(shown.view.viewport().rect()).toImage()
    assert any(picture.pixelColor(x, at.y() + dy) == find for x in range(picture.width()) for dy in (-2, 0, 2, 6))


def test_a_hit_that_is_not_loaded_is_shown_when_it_comes(qtbot):
    shown = Shown(qtbot, [message(n) for n in range(400)], loads=False)
    assert not shown.view.show_message("000200")
    rows = [rows for rows in shown.asked if 200 in rows][-1]
    shown.model.put([shown.stock[shown.model.id(row)] for row in rows])
    turn_loop()
    rect = shown.view.row_rect(200)
    y = shown.view.viewport().mapFromGlobal(rect.topLeft()).y()
    assert 0 <= y < 200


# Branches, theme, printing, accessibility


def test_another_branch_keeps_the_rows_both_have(qtbot):
    shown = Shown(qtbot, [message(n) for n in range(6)])
    kept = shown.view.rows.made[1]
    shown.stock |= {f"{n:06d}": message(n) for n in (21, 22)}
    shown.model.show_path(["000000", "000001", "000021", "000022"])
    turn_loop()
    assert shown.view.rows.made[1] is kept
    assert len(shown.view.rows) == 4


def test_a_new_theme_draws_everything_anew(qtbot):
    shown = Shown(qtbot, [message(n) for n in range(6)])
    before = shown.view.rows.made[5]
    theme.current().changed.emit()
    turn_loop()
    assert shown.view.rows.made[5] is not before


def test_printing_gives_pages(tmp_path, qapp):
    pages = print_pages(QPdfWriter(str(tmp_path / "a.pdf")), [message(n, WORDS * 8) for n in range(30)])
    assert pages > 5
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_nothing_to_print_is_one_empty_page(tmp_path, qapp):
    assert print_pages(QPdfWriter(str(tmp_path / "a.pdf")), []) == 1


def test_a_message_of_a_megabyte_is_printed_in_short_steps(tmp_path, qapp):
    code = "\n".join(f"line {number} = {number * 7}" for number in range(50_000))

    def longest_step() -> float:
        printing = Printing(QPdfWriter(str(tmp_path / "a.pdf")))
        longest, began = 0.0, time.thread_time()
        for steps, _ in enumerate(printing.steps([message(1, f"```py\n{code}\n```")])):
            longest, began = max(longest, time.thread_time() - began), time.thread_time()
            if steps == 40:
                break
        assert steps == 40 and printing.pages > 10
        return longest

    assert quickest_now(longest_step, 0.5) < 0.5


@pytest.mark.parametrize("frame", [True, False])
def test_the_bar_of_lines_that_are_too_wide_covers_none_of_them(qapp, frame):
    ink = Ink(theme.current())
    block = Code(Piece(Kind.CODE, "short\n" + "wide " * 200), ink, frame=frame)
    block.prepare(400)
    last = block.top_of(len(block.piece.source)) + ink.code_line
    assert block.height - ink.px(4) - ink.px(3) >= last, "its upper edge is under the last line"


def test_a_third_click_selects_the_paragraph_and_a_later_one_nothing(qtbot):
    shown = Shown(qtbot, [message(0), message(1, "First words here.\n\nSecond paragraph of two.")])
    viewport, spot = shown.view.viewport(), shown.find(1, "paragraph")
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=spot)
    QTest.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=spot)
    assert shown.view.selected_text() == "paragraph"
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=spot)
    assert shown.view.selected_text() == "Second paragraph of two."
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=spot)
    assert not shown.view.has_selection()


def test_a_screen_reader_hears_where_the_keyboard_goes(qtbot, monkeypatch):
    heard = []

    class Reader(QAccessible):
        @staticmethod
        def isActive():
            return True

        @staticmethod
        def updateAccessibility(event):
            heard.append((event.type(), event.child(), event.object()))

    monkeypatch.setattr(transcript_accessible, "QAccessible", Reader)
    shown = Shown(qtbot, [message(n) for n in range(3)])
    shown.view.setFocus()
    QTest.keyClick(shown.view, Qt.Key.Key_Home)
    QTest.keyClick(shown.view, Qt.Key.Key_Down)
    assert heard == [(QAccessible.Event.Focus, row, shown.view) for row in (0, 1)]


def test_the_whole_as_plain_text(qtbot):
    shown = Shown(qtbot, [message(0, "ask"), message(1, "**answer**")])
    assert shown.view.to_plain() == "User:\nask\n\nAssistant:\n**answer**"


def test_a_screen_reader_hears_each_message(qtbot):
    shown = Shown(qtbot, [message(0, "ask"), message(1, "answer", model="some-model")])
    heard = QAccessible.queryAccessibleInterface(shown.view)
    assert heard.role() is QAccessible.Role.List
    assert heard.childCount() == 2
    answer = heard.child(1)
    assert answer.role() is QAccessible.Role.ListItem
    assert answer.text(QAccessible.Text.Name) == "Assistant · some-model: answer"
    assert answer.rect().height() > 40
    for button in shown.view.findChildren(QToolButton):
        assert button.accessibleName(), button.objectName()
