"""The reading view for real: real widgets, services and archive, with every kind of part, a fork and branches."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from frame import nameless
from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.core.conversation import (
    Attachment,
    Audio,
    Conversation,
    Message,
    Picture,
    Reasoning,
    Refusal,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from desktop.core.errors import Missing
from desktop.core.hit_marks import Finder
from desktop.core.usage import Usage
from desktop.services.bundle import Options
from desktop.store import blobs, conversations
from desktop.ui import dialogs, theme
from desktop.ui.library.reading import quote
from desktop.ui.library.reading.lists import LinesModel
from desktop.ui.library.reading.options import Options as ReadingOptions
from desktop.ui.library.reading.view import ReadingView
from desktop.ui.widgets.player import Player
from desktop.wiring import open_services

DAY = 1_741_000_000_000_000
DATE = "{0.day} {0:%b} {0.year}".format(datetime.fromtimestamp(DAY / 1_000_000))  # which day it is there and then
ANSWER = (
    "# Reading files\n\nA needle in **hay**: read *line by line*.\n\n```python\nfor line in file:\n    print(line)\n```"
    "\n\n## Encodings\n\n" + "Say the encoding of a file. " * 80 + "\n\nA second needle, and a Needle more."
)


def png(width: int = 300, height: int = 200) -> bytes:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("#2f5d50"))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


class Held:
    """A reading view over an archive of its own."""

    def __init__(self, qtbot, folder):
        self.qtbot, self.folder, self.failures = qtbot, folder, []
        self.services = self.view = None
        self.notices: list[str] = []
        self.count = 0

    async def open(self) -> ReadingView:
        self.services = await open_services(Options(self.folder))
        self.build()
        return self.view

    def build(self) -> None:
        self.view = ReadingView(self.failures.append)
        frame = self.frame = QWidget()  # it must live as long as the view
        row = QHBoxLayout(frame)
        row.addWidget(self.view, 1)
        row.addWidget(self.view.details)
        self.qtbot.addWidget(frame)
        self.view.notice.connect(lambda kind, text: self.notices.append(text))
        self.view.details.setFixedWidth(300)
        self.view.details.setVisible(True)
        frame.resize(1100, 700)
        frame.show()
        frame.activateWindow()
        self.view.attach(self.services)

    async def settle(self) -> None:
        """Until nothing is read, listed or decoded any more."""
        self.view._details_pause.stop()
        self.view._details_pause.timeout.emit()
        await self.view.tasks.settled()
        self.view.grab()
        await self.view.tasks.settled()

    async def show(self, conversation: str, message: str | None = None, line: str = "") -> None:
        await self.view.show(conversation, message, line)
        await self.settle()

    async def press(self, key, modifier=Qt.KeyboardModifier.NoModifier) -> None:
        self.view.transcript.setFocus()
        QTest.keyClick(self.view.transcript, key, modifier)
        await self.settle()

    async def keep(self, title: str, messages: list[Message], **more) -> str:
        identity = messages[0].conversation

        def write(db):
            conversations.create(db, Conversation(identity, title, DAY, DAY, **more))
            for message in messages:
                conversations.add_message(db, message)

        await self.services.database.write(write)
        return identity

    async def blob(self, content: bytes) -> str:
        return await self.services.database.write(lambda db: blobs.put(db, content))

    def shown(self) -> str:
        """The id at the top of the window."""
        return self.view.transcript.place()

    async def close(self) -> None:
        if self.view is not None:
            await self.view.tasks.aclose()
            await self.services.aclose()
            self.view = None
        assert self.failures == []


class Made:
    """Messages of one conversation, each named."""

    def __init__(self, conversation: str):
        self.conversation, self.all, self.named = conversation, [], {}

    def say(self, name: str, role: Role, *parts, after: str | None = None, **more) -> str:
        identity = f"{self.conversation}-{len(self.all):05}"
        parent = self.named.get(after)
        self.all.append(
            Message(
                identity, role, tuple(parts), parent, self.conversation, created=DAY + len(self.all) * 10**6, **more
            )
        )
        self.named[name] = identity
        return identity


PAID = {"model": "gpt-5-mini", "usage": Usage(input=1200, output=350), "cost_pico": 4_100_000_000}


async def every_kind(held: Held) -> Made:
    """Two branches after "weather": the one shown, and one with a needle."""
    picture, sound = await held.blob(png()), await held.blob(b"RIFF\0\0\0\0WAVE")
    paper = await held.blob(b"%PDF-1.7")
    made = Made("C1")
    made.say("ask", Role.USER, Text("How do I read a file?"))
    made.say("answer", Role.ASSISTANT, Reasoning("Iterate.", 3.0), Text(ANSWER), after="ask", **PAID)
    made.say("look", Role.USER, Picture(picture, "image/png", "coast.png"), Text("And this?"), after="answer")
    made.say("no", Role.ASSISTANT, Refusal("I would rather not."), after="look", **{**PAID, "cost_pico": None})
    made.say("hear", Role.USER, Audio(sound, "audio/wav", "memo.wav", "Tell me the weather.", 3.0), after="no")
    made.say("call", Role.ASSISTANT, ToolCall("c", "weather", '{"city": "Bergen"}'), after="hear", **PAID)
    made.say("result", Role.TOOL, ToolResult("c", '{"rain": 4}'), after="call")
    made.say("weather", Role.ASSISTANT, Text("It rains: 卑尔根在下雨。"), after="result", **PAID)
    made.say("other", Role.USER, Attachment("paper.pdf", "application/pdf", paper), Text("A needle"), after="weather")
    made.say("other-end", Role.ASSISTANT, Text("No needle here? One."), after="other", **PAID)
    made.say("last", Role.USER, Text("Thank you"), after="weather")
    made.say("end", Role.ASSISTANT, Text("You are welcome."), after="last", **PAID)
    await held.keep("Files & weather", made.all, model="gpt-5-mini", tags=("python",))
    return made


async def long(held: Held, turns: int, conversation: str = "LONG") -> Made:
    made, before = Made(conversation), None
    for n in range(turns):
        role = Role.ASSISTANT if n % 2 else Role.USER
        text = f"# Part {n}\n\nWords of part {n}. " * 3 if n % 2 else f"Question {n}?"
        before = made.say(str(n), role, Text(text), after=str(n - 1) if before else None) and str(n)
    await held.keep("A long one", made.all)
    return made


@pytest.fixture
def held(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return Held(qtbot, tmp_path)


# What is shown


async def test_a_conversation_opens_at_its_beginning_in_the_branch_that_was_shown(held):
    view = await held.open()
    made = await every_kind(held)
    await held.show("C1")
    assert view.head.title.text() == "Files & weather"
    facts = view.head.facts.text()
    assert "gpt-5-mini" in facts and "Chat" in facts and "#python" in facts and "2025" in facts
    assert view.messages.ids()[-1] == made.named["end"] and held.shown() == made.named["ask"]
    view.setFocus()
    assert view.transcript.hasFocus()
    assert len(view.findChildren(Player)) <= 1
    await held.close()


async def test_opened_at_a_message_it_is_there_marked_and_in_its_branch(held):
    view = await held.open()
    made = await every_kind(held)
    await held.show("C1", made.named["other-end"])
    row = view.messages.row_of(made.named["other-end"])
    assert row >= 0 and view.transcript.picture_of.looked_for == made.named["other-end"]
    port = view.transcript.viewport()
    assert port.rect().contains(port.mapFromGlobal(view.transcript.row_rect(row).topLeft()))
    kept = await held.services.conversations.get("C1")
    assert kept.head == made.named["end"], "reading does not change what the archive shows"
    await held.close()


async def test_branch_arrows_lead_to_the_other_branch_and_nothing_can_be_changed(held):
    view = await held.open()
    made = await every_kind(held)
    await held.show("C1", made.named["last"])
    view._act(made.named["last"], "branch_before")
    await held.settle()
    assert view.messages.row_of(made.named["other"]) >= 0 and view.messages.row_of(made.named["last"]) < 0
    menu = view.transcript.menu_of(view.messages.row_of(made.named["other"]))
    words = [action.text() for action in menu.actions()]
    assert not {"Edit", "Regenerate", "Try again"} & set(words) and "Quote message as Markdown" in words
    await held.close()


async def test_a_fork_shows_the_past_it_shares(held):
    view = await held.open()
    made = await every_kind(held)
    fork = await held.services.conversations.fork("C1", made.named["answer"])
    await held.show(fork.id)
    assert [view.messages.message(row).text[:6] for row in range(2)] == ["How do", "# Read"]
    await held.close()


async def test_what_is_gone_is_told_and_what_was_shown_stays(held):
    view = await held.open()
    await every_kind(held)
    await held.show("C1")
    with pytest.raises(Missing):
        await view.show("NOBODY")
    assert view.identity == "C1"
    view.clear()
    assert view.identity is None and view.messages.rowCount() == 0 and not view.continue_action.isEnabled()
    await held.close()


async def test_the_newest_wish_wins(held):
    view = await held.open()
    await every_kind(held)
    await long(held, 20)
    await asyncio.gather(view.show("C1"), view.show("LONG"))
    await held.settle()
    assert view.identity == "LONG" and view.head.title.text() == "A long one"
    await held.close()


async def test_a_long_conversation_begins_before_the_rest_of_it_is_known(held):
    """What is asked for meanwhile is done with all of it, and the reader stays where they were."""
    view = await held.open()
    made = await long(held, 400)
    wishes: list[tuple[str, str]] = []
    view.continue_wanted.connect(lambda *wish: wishes.append(wish))
    rows: list[int] = []
    view.messages.rowsInserted.connect(lambda *_: rows.append(view.messages.rowCount()))
    view.messages.rowsInserted.connect(lambda *_: bar.setValue(40) if len(rows) == 1 else None)
    bar = view.transcript.verticalScrollBar()
    resets = []
    view.messages.modelReset.connect(lambda: resets.append(view.messages.rowCount()))
    showing = asyncio.create_task(view.show("LONG"))
    while not rows:
        await asyncio.sleep(0)
    assert rows == [24] and held.shown() == made.named["0"] and view.head.title.text() == "A long one"
    view.continue_action.trigger()
    view.copy_action.trigger()
    view.hit_bar.searched.emit("question 398")
    await showing
    assert (rows, resets, bar.value()) == ([24, 400], [1], 40)
    await held.settle()
    assert wishes == [("LONG", made.named["399"])]
    assert "Words of part 399" in QGuiApplication.clipboard().text()
    assert len(view.hits.places) == 1 and view.transcript.current_id() == made.named["398"]
    await held.close()


async def test_a_message_in_the_middle_is_shown_before_the_rest_is_known_and_stays_where_it_is(held):
    view = await held.open()
    made = await long(held, 400)
    wanted = made.named["200"]
    rows: list[int] = []
    view.messages.rowsInserted.connect(lambda *_: rows.append(view.messages.rowCount()))
    resets = []
    view.messages.modelReset.connect(lambda: resets.append(view.messages.rowCount()))
    showing = asyncio.create_task(view.show("LONG", wanted))
    while len(rows) < 2:
        await asyncio.sleep(0)
    assert (rows, resets) == ([13, 37], [1])
    await asyncio.sleep(0)
    transcript = view.transcript

    def place() -> int:
        return transcript.sight.y_of(view.messages.row_of(wanted))

    assert transcript.picture_of.looked_for == wanted and 0 <= place() <= 40
    before, picture = place(), transcript.viewport().grab().toImage()
    await showing
    assert (rows[2:], resets) == ([225, 400], [1])
    assert place() == before and transcript.current_id() == wanted
    assert transcript.viewport().grab().toImage() == picture
    await held.settle()
    assert held.shown() in (wanted, made.named["199"])
    await held.close()


async def test_a_message_on_another_branch_is_shown_with_its_branches(held):
    view = await held.open()
    made = await every_kind(held)
    await held.show("C1", made.named["other-end"])
    assert view.open.path[-1] == made.named["other-end"] and view.messages.ids() == view.open.path
    assert view.messages.branch(view.messages.row_of(made.named["other"])) is not None
    assert view.transcript.current_id() == made.named["other-end"]
    await held.close()


async def test_a_beginning_that_is_not_the_shown_branchs_any_more_gives_way(held):
    """Between the two readings another branch came to be shown, from the very first message."""
    view = await held.open()
    await long(held, 60)
    other = Message("OTHER", Role.USER, (Text("Asked differently"),), None, "LONG", created=DAY)
    kept = view.services.conversations
    beginning = await kept.beginning("LONG")
    await held.services.database.write(lambda db: conversations.add_message(db, other))
    view._show_first(beginning)
    assert view.messages.rowCount() == 24
    await held.show("LONG")
    assert view.messages.ids() == ["OTHER"] and held.shown() == "OTHER"
    await held.close()


async def test_every_control_has_a_name(held):
    view = await held.open()
    await every_kind(held)
    await held.show("C1", None, "needle")
    assert nameless(view) == [] and nameless(view.details) == []
    await held.close()


# Hits


async def test_hits_are_counted_truly_and_walked_across_branches(held):
    view = await held.open()
    made = await every_kind(held)
    await held.show("C1", None, "needle")
    assert view.hit_bar.count.text() == "1 / 5" and view.hits.is_counted
    seen = []
    for _ in range(5):
        seen.append((view.hits.place.message, view.hits.inside))
        await held.press(Qt.Key.Key_F3)
    named = made.named
    assert seen == [
        (named["answer"], 0),
        (named["answer"], 1),
        (named["answer"], 2),
        (named["other"], 0),
        (named["other-end"], 0),
    ]
    assert view.hit_bar.count.text() == "1 / 5", "after the last comes the first"
    await held.press(Qt.Key.Key_F3, Qt.KeyboardModifier.ShiftModifier)
    assert view.hit_bar.count.text() == "5 / 5" and view.messages.row_of(named["other-end"]) >= 0
    await held.press(Qt.Key.Key_F3, Qt.KeyboardModifier.ShiftModifier)
    await held.press(Qt.Key.Key_F3, Qt.KeyboardModifier.ShiftModifier)
    assert view.hits.place.message == named["answer"] and view.hits.inside == 2, (
        "backwards to the last one of a message"
    )
    await held.close()


async def test_the_hit_that_was_clicked_is_the_one_shown(held):
    view = await held.open()
    made = await every_kind(held)
    await held.show("C1", made.named["other"], "needle")
    assert view.hit_bar.count.text() == "4 / 5" and view.hits.place.message == made.named["other"]
    await held.close()


async def test_hits_are_found_as_the_search_finds_them_also_in_chinese(held):
    view = await held.open()
    made = await every_kind(held)
    await held.show("C1", None, "下雨 model:gpt")
    assert view.hits.place.message == made.named["weather"] and view.hit_bar.count.text() == "1 / 1"
    await held.close()


async def test_find_within_and_its_end(held):
    view = await held.open()
    await every_kind(held)
    await held.show("C1")
    await held.press(Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert view.hit_bar.isVisible() and view.hit_bar.field.hasFocus()
    QTest.keyClicks(view.hit_bar.field, "nothing-like-this")
    QTest.keyClick(view.hit_bar.field, Qt.Key.Key_Return)
    await held.settle()
    assert view.hit_bar.count.text() == "No hits" and not view.after_action.isEnabled()
    QTest.keyClick(view.hit_bar.field, Qt.Key.Key_Escape)
    assert view.hit_bar.isHidden() and view.transcript.found.finder is None
    await held.close()


async def test_a_hit_in_a_folded_turn_unfolds_it(held):
    view = await held.open()
    made = await every_kind(held)
    view._use_options(ReadingOptions(folds=frozenset({"assistant", "user"})))
    await held.show("C1", None, "needle")
    row = view.transcript.rows.row(view.messages.row_of(made.named["answer"]))
    assert not row.is_shut and view.hit_bar.count.text() == "1 / 5"
    await held.close()


@pytest.mark.parametrize(
    ("line", "text", "found"),
    [
        ("cafe ", "Café, cafés, cafe\u0301", ["Café", "cafe\u0301"]),
        ("caf", "Café cat", ["Café"]),
        ('"big dog"', "a Big  dog, bigdog", ["Big  dog"]),
        ("日本", "昨日本日本語", ["日本", "日本"]),
        ("needle role:user -hay", "hay needle", ["needle"]),
        ("role:user", "anything", []),
        ("a.c ", "abc a.c", ["a.c"]),
    ],
)
def test_words_are_marked_as_they_are_searched(line, text, found):
    assert [text[start:end] for start, end in Finder.of_line(line).spans(text)] == found


# Folding, width, type


async def test_turns_are_folded_by_role_and_a_click_unfolds_one(held):
    view = await held.open()
    made = await every_kind(held)
    view._use_options(ReadingOptions(folds=frozenset({"user", "tool"})))
    await held.show("C1")
    transcript = view.transcript

    def row(name):
        return transcript.rows.row(view.messages.row_of(made.named[name]))

    assert row("ask").is_shut and row("result").is_shut and not row("answer").is_shut
    assert row("ask").height == theme.current().px(32)
    assert row("ask").blocks[0].piece.source == "How do I read a file?"
    port = transcript.viewport()
    corner = port.mapFromGlobal(transcript.row_rect(0).center())
    QTest.mouseClick(port, Qt.MouseButton.LeftButton, pos=corner)
    assert not row("ask").is_shut and row("result").is_shut
    QTest.keyClick(transcript, Qt.Key.Key_Home)
    QTest.keyClick(transcript, Qt.Key.Key_Space)
    assert row("ask").is_shut
    await held.close()


async def test_how_it_is_read_is_kept_for_the_next_time(held):
    view = await held.open()
    await every_kind(held)
    view.options_menu.menu.actions()[2].trigger()  # wide
    view.options_menu._take(ReadingOptions("wide", "mono", 120, frozenset({"tool"})))
    view.details.parts["code"].toggle.click()
    await held.settle()
    await view.tasks.aclose()
    held.build()
    await held.settle()
    assert held.view.options_menu.options == ReadingOptions("wide", "mono", 120, frozenset({"tool"}))
    assert not held.view.details.parts["code"].is_open() and held.view.details.parts["outline"].is_open()
    usual = theme.current().font("reading").pixelSize()
    assert held.view.transcript.rows.ink.reading.pixelSize() == round(usual * 1.2)
    await held.close()


def test_options_that_are_not_known_are_as_usual():
    assert ReadingOptions.of({"width": "x", "font": 3, "percent": 9000, "folds": ["user", "?"]}) == ReadingOptions(
        percent=200, folds=frozenset({"user"})
    )
    assert ReadingOptions.of(None) == ReadingOptions.of([]) == ReadingOptions()


# Beside it


async def test_the_outline_leads_to_places_and_follows_the_reader(held):
    view = await held.open()
    await long(held, 400)
    await held.show("LONG")
    lines = [line.text for line in view.details.outline.lines]
    assert lines[:3] == ["Question 0?", "Part 1", "Question 2?"] or lines[:2] == ["Question 0?", "Part 1"]
    row = lines.index("Question 300?")
    view.details.outline_view.chosen.emit(row)
    await held.settle()
    assert view.details.outline.current == row and held.shown() == "LONG-00300"
    bar = view.transcript.verticalScrollBar()
    bar.setValue(0)
    await held.settle()
    assert view.details.outline.current == 0
    await held.close()


async def test_a_heading_inside_an_answer_is_gone_to_and_marked(held):
    view = await held.open()
    await every_kind(held)
    await held.show("C1")
    lines = [line.text for line in view.details.outline.lines]
    row = lines.index("Encodings")
    view.details.outline_view.chosen.emit(row)
    await held.settle()
    assert view.transcript.heading().endswith("Encodings") and view.details.outline.current == row
    await held.close()


async def test_code_is_listed_copied_and_saved(held, tmp_path, monkeypatch):
    view = await held.open()
    await every_kind(held)
    await held.show("C1")
    [line] = view.details.code.lines
    assert line.text == "for line in file:" and line.detail == "python · 2 lines"
    view.details.copy_wanted.emit([line.value])
    assert QGuiApplication.clipboard().text() == "for line in file:\n    print(line)"
    target = tmp_path / "saved.py"

    async def chosen(parent, title, name, pattern=""):
        assert name.endswith(".py") and "/" not in name
        return str(target)

    monkeypatch.setattr(dialogs, "choose_new_file", chosen)
    view.details.save_wanted.emit(line.value)
    await held.settle()
    assert target.read_text() == "for line in file:\n    print(line)\n"
    await held.close()


async def test_figures_and_attachments(held):
    view = await held.open()
    made = await every_kind(held)
    await held.show("C1")
    said = " ".join(label.text() for label in view.details.figures.findChildren(type(view.details.empty)))
    assert "$0.02" in said and "1 unpriced" in said and "gpt-5-mini" in said and "Branches 2" in said
    kept = [(line.text, line.detail) for line in view.details.kept.lines]
    assert kept == [("coast.png", "Picture"), ("memo.wav", "Recording")], "of the branch that is shown"
    view._switch(made.named["other"])
    await held.settle()
    assert [line.text for line in view.details.kept.lines][-1] == "paper.pdf"
    await held.close()


def test_the_lists_keep_qts_rules(qtbot):
    model = LinesModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    from desktop.ui.library.reading.lists import Line

    model.replace([Line("a", "one"), Line("b", "two", level=1)])
    model.set_current(1)
    model.set_current(0)
    model.replace(())


# Quoting, going on


async def test_a_message_is_quoted_with_its_source(held):
    view = await held.open()
    made = await every_kind(held)
    await held.show("C1", made.named["weather"])
    view._quote_message(made.named["weather"], quote.as_markdown)
    await held.settle()
    said = QGuiApplication.clipboard().text()
    assert said == f"> It rains: 卑尔根在下雨。\n>\n> — Files & weather, {DATE}, gpt-5-mini\n"
    view.plain_action.trigger()
    await held.settle()
    assert QGuiApplication.clipboard().text().endswith(f"— Files & weather, {DATE}, gpt-5-mini\n")
    await held.close()


async def test_a_selection_is_quoted_also_where_it_is_not_loaded(held):
    view = await held.open()
    await long(held, 300)
    await held.show("LONG")
    view.transcript.select_all()
    view.quote_action.trigger()
    await held.settle()
    said = QGuiApplication.clipboard().text()
    assert "Question 298?" in said and "# Part 299" in said and all(line.startswith(">") for line in said.splitlines())
    await held.close()


def test_a_source_line_is_text_and_no_markup():
    source = quote.Source("[a](b) *c*", DAY, "m_1")
    assert quote.as_markdown("x\n\ny", source) == f"> x\n>\n> y\n>\n> — \\[a\\](b) \\*c\\*, {DATE}, m\\_1\n"
    assert quote.as_plain("x", source) == f"“x”\n— [a](b) *c*, {DATE}, m_1\n"


async def test_going_on_and_exporting_are_wishes_of_the_page(held):
    view = await held.open()
    made = await every_kind(held)
    await held.show("C1")
    went, exported = [], []
    view.continue_wanted.connect(lambda *said: went.append(said))
    view.export_wanted.connect(exported.append)
    await held.press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    view.export_action.trigger()
    assert went == [("C1", made.named["end"])] and exported == ["C1"]
    await held.services.conversations.trash(["C1"])
    await held.show("C1")
    assert not view.continue_action.isEnabled() and "in the trash" in view.head.facts.text()
    await held.close()


async def test_the_whole_branch_is_copied(held):
    view = await held.open()
    await every_kind(held)
    await held.show("C1")
    view.copy_action.trigger()
    await held.settle()
    said = QGuiApplication.clipboard().text()
    assert said.startswith("User:\nHow do I read") and "You are welcome." in said and held.notices[-1].startswith("10 ")
    await held.close()
