"""TRUST.md section 6: showing text opens no file and no connection, and what is too hostile is shown plain."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QImage, QMouseEvent, QPdfWriter, QTextDocument
from PySide6.QtWidgets import QApplication, QTextEdit
from quickness import quickest_now

from desktop.core.conversation import Message, Role, Text
from desktop.ui import theme
from desktop.ui.widgets import safe_text
from desktop.ui.widgets.safe_document import SafeDocument, fragments, hostile
from desktop.ui.widgets.safe_text import SafeText, clipboard_text, open_link, refuse_files
from desktop.ui.widgets.tooltip import LONGEST_TIP, PlainLabel, no_mnemonic, set_tip, tip
from desktop.ui.widgets.transcript import TranscriptView
from desktop.ui.widgets.transcript_model import TranscriptModel
from desktop.ui.widgets.transcript_print import print_pages

sys.path.insert(0, str(Path(__file__).parent))
from canaries import Canary, red_pixels


@pytest.fixture
def canary(tmp_path, qapp, monkeypatch):
    folder = tmp_path / "canary"
    folder.mkdir()
    monkeypatch.chdir(folder)
    made = Canary(folder)
    yield made
    made.close()


def drawn(widget) -> QImage:
    for _ in range(5):
        QApplication.processEvents()
    return widget.grab().toImage()


def show_safe(text, qtbot, how):
    view = SafeText()
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    getattr(view, how)(text)
    view.selectAll()
    view.copy()
    return drawn(view)


def show_transcript(text, qtbot, role):
    view, model = TranscriptView(theme.current()), TranscriptModel()
    qtbot.addWidget(view)
    view.resize(500, 400)
    view.set_model(model)
    view.show()
    model.reset(["1"], [Message(id="1", role=role, parts=(Text(text),))])
    picture = drawn(view)
    view.select_all()
    view.copy()
    return picture


def show_label(text, qtbot, how):
    label = PlainLabel(text)
    qtbot.addWidget(label)
    label.show()
    set_tip(label, text)
    return drawn(label)


SINKS = {
    "safe text, markdown": (show_safe, "show_markdown"),
    "safe text, plain": (show_safe, "show_plain"),
    "transcript, answer": (show_transcript, Role.ASSISTANT),
    "transcript, question": (show_transcript, Role.USER),
    "label": (show_label, ""),
}


@pytest.mark.parametrize("sink", SINKS)
def test_showing_text_makes_no_connection_and_opens_no_file(sink, canary, qtbot):
    show, how = SINKS[sink]
    for name, text in canary.constructs().items():
        picture = show(text, qtbot, how)
        assert canary.opened() == [], f"{name} opened a file"
        assert canary.knocks() == 0, f"{name} made a connection"
        assert red_pixels(picture) == 0, f"{name} showed a local picture"


def test_the_traps_work_a_common_view_falls_into_them(canary, qtbot):
    view = QTextEdit()
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    view.setHtml(f'<img src="{canary.folder / "red.png"}">')
    assert red_pixels(drawn(view)) > 0
    assert "red.png" in canary.opened()


def test_printing_opens_no_file(canary, tmp_path):
    writer = QPdfWriter(str(tmp_path / "out.pdf"))
    text = "\n\n".join(canary.constructs().values())
    assert print_pages(writer, [Message(id="1", role=Role.ASSISTANT, parts=(Text(text),))]) >= 1
    assert canary.opened() == []
    assert canary.knocks() == 0


def test_load_resource_answers_every_kind_itself(qapp):
    document = SafeDocument()
    for kind in QTextDocument.ResourceType:
        for name in ("file:///etc/passwd", "http://example.com/a.png", "data:image/png;base64,AAAA", "//h/s", "a.png"):
            found = document.loadResource(int(kind.value), QUrl(name))
            if kind is QTextDocument.ResourceType.ImageResource:
                assert (found.width(), found.height(), found.pixelColor(0, 0).alpha()) == (1, 1, 0)
            else:
                assert found == ""


def test_markdown_html_is_shown_as_typed_and_never_parsed(qtbot):
    view = SafeText()
    qtbot.addWidget(view)
    view.show_markdown("<b>bold</b> <table><tr><td>x</td></tr></table> <script>alert(1)</script>")
    assert "<b>bold</b>" in view.toPlainText()
    assert "<script>" in view.toPlainText()


def test_link_titles_are_dropped(qtbot):
    view = SafeText()
    qtbot.addWidget(view)
    view.show_markdown('[a](https://example.com "<img src=/etc/passwd>")')
    assert [f.toolTip() for _, _, f in fragments(view.document())] == [""]


def test_a_remote_picture_is_a_frame_with_its_host_in_plain_text(qtbot):
    view = SafeText()
    qtbot.addWidget(view)
    view.show_markdown("![chart](https://cdn.example.com/a.png?track=1) ![](https://other.example/b.png)")
    shown = view.toPlainText().replace("\u00a0", " ")
    assert "chart (picture from cdn.example.com)" in shown
    assert "picture from other.example" in shown
    assert not any(f.isImageFormat() for _, _, f in fragments(view.document()))


def test_svg_is_never_decoded(canary, qtbot):
    text = "![x](data:image/svg+xml;base64,PHN2Zy8+) ![y](red.svg)"
    assert red_pixels(show_safe(text, qtbot, "show_markdown")) == 0
    assert canary.opened() == []


def test_a_document_put_into_another_view_by_paste_brings_no_html(qtbot):
    view = SafeText()
    qtbot.addWidget(view)
    dropped = QMimeData()
    dropped.setHtml('<img src="/etc/passwd">')
    assert view.isReadOnly()
    assert not view.acceptDrops()
    assert not view.canInsertFromMimeData(dropped)


# Links


def click(view, position, button=Qt.MouseButton.LeftButton):
    at = view.cursorRect(view.textCursor()).center() if position is None else position
    for kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease):
        spot = QPointF(at)
        event = QMouseEvent(
            kind, spot, QPointF(view.viewport().mapToGlobal(at)), button, button, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(view.viewport(), event)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "/etc/passwd", "https://example.com/", "javascript:alert(1)"])
@pytest.mark.parametrize("button", [Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton])
def test_a_clicked_link_goes_to_the_one_decision_and_never_replaces_the_page(url, button, qtbot):
    heard = []
    view = SafeText(heard.append)
    qtbot.addWidget(view)
    view.resize(300, 200)
    view.show()
    view.show_markdown(f"[https://shown.example]({url})")
    before = view.toPlainText()
    click(view, QPoint(20, 12), button)
    assert view.toPlainText() == before
    assert len(heard) <= 1
    for verdict in heard:
        assert verdict.may_open == url.startswith("https://")
        assert not verdict.may_open or "shown.example" in verdict.warning
    if button is Qt.MouseButton.LeftButton:
        assert len(heard) == 1


def test_a_link_opened_by_enter_goes_to_the_one_decision(qtbot):
    heard = []
    view = SafeText(heard.append)
    qtbot.addWidget(view)
    view.show()
    view.setFocus()
    view.show_markdown("[x](file:///etc/passwd)")
    qtbot.keyClick(view, Qt.Key.Key_Tab)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert [verdict.may_open for verdict in heard] == [False]
    assert "x" in view.toPlainText()


def test_a_refused_link_is_not_opened(monkeypatch):
    from desktop.ui.widgets.links import decide

    opened = []
    monkeypatch.setattr(safe_text.QDesktopServices, "openUrl", lambda url: opened.append(url.toString()) or True)
    assert not open_link(decide("file:///etc/passwd"))
    assert open_link(decide("https://example.com/"))
    assert opened == ["https://example.com/"]


def test_a_forgotten_file_address_ends_in_a_refusal(qapp):
    heard = []
    refuse_files(heard.append)
    QDesktopServices.openUrl(QUrl("file:///etc/passwd"))
    assert heard == ["file:///etc/passwd"]


# Hostile text


HOSTILE = {
    "800 runs of backticks": " ".join("`" * (i % 40 + 1) for i in range(800)),
    "a word of 200,000 letters": "x" * 200_000,
    "brackets": "[" * 5_000 + "a" + "](b)" * 5_000,
    "nested quotes": ">" * 3_000 + " deep",
    "nested lists": "".join("  " * i + "- x\n" for i in range(400)),
    "emphasis": "*a_ " * 20_000,
    "asterisks": "**" * 20_000,
    "nested tables in html": "<table><tr><td>" * 200,
    "a table of 20,000 cells": "|" + "a|" * 20 + "\n|" + "-|" * 20 + "\n" + ("|" + "b|" * 20 + "\n") * 1_000,
    "definitions": "".join(f"[r{i}]: http://example.com/{i}\n" for i in range(5_000)) + "[r1]",
    "entities": "&amp;" * 30_000,
    "200 kB of lines": "line of words\n" * 15_000,
    "fences": "```\n" * 3_000,
    "fence of one line": "```python\n" + "a='" * 60_000 + "\n```",
    "bidi": "\u202e\u2066" * 20_000,
    "combining": "a" + "\u0301" * 20_000,
    "tildes": "~~a" * 15_000,
    "links": "http://a.b " * 10_000,
    "nul and surrogates": "\x00\ufffe" * 10_000,
    "html comment": "<!--" * 20_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_message_settles_or_is_shown_plain_within_5_s_and_never_holds_the_window(name, qtbot):
    def longest_step() -> float:
        """How long the window is held at most while it settles."""
        view, model = TranscriptView(theme.current()), TranscriptModel()
        qtbot.addWidget(view)
        view.resize(700, 500)
        view.set_model(model)
        view.show()
        worst, began = 0.0, time.thread_time()
        steps = iter(range(5_000))
        model.reset(["1"])
        message = Message(id="1", role=Role.ASSISTANT, parts=(Text(HOSTILE[name]),))
        at = time.thread_time()
        model.put([message])
        worst = time.thread_time() - at
        row = view.rows.made[0]
        while (row.waiting or not row.blocks) and next(steps, None) is not None:
            at = time.thread_time()
            QApplication.processEvents()
            worst = max(worst, time.thread_time() - at)
        at = time.thread_time()
        view.viewport().repaint()
        worst = max(worst, time.thread_time() - at)
        assert not row.waiting
        assert time.thread_time() - began < 5
        return worst

    worst = quickest_now(longest_step, 0.25)
    assert worst < 0.25, f"held the window for {worst * 1e3:.0f} ms"


@pytest.mark.parametrize("name", HOSTILE)
def test_safe_text_shows_a_hostile_text_plain_40_kb_at_a_time(name, qtbot):
    view = SafeText()
    qtbot.addWidget(view)
    view.resize(500, 300)
    view.show()
    began = time.thread_time()
    parsed = view.show_markdown(HOSTILE[name])
    view.grab()
    held = time.thread_time() - began
    assert parsed == (not hostile(HOSTILE[name]))
    assert view.is_plain != parsed
    if not parsed:
        assert len(view.toPlainText()) <= 8 * 41_000
        assert view.lineWrapMode() is QTextEdit.LineWrapMode.NoWrap
    assert held < 1.0


def test_the_bounds_of_what_is_parsed():
    assert hostile("x" * 50_001)
    assert hostile("x" * 4_001)
    assert not hostile("x " * 1_000)
    assert hostile("`a " * 301)
    assert hostile("[" * 501)
    assert hostile(">" * 21 + " a")
    assert not hostile(">" * 5 + " a")
    assert not hostile("plain words\n" * 3_000)


# Marks, labels, tooltips, clipboard


def test_hidden_characters_show_as_marks_in_plain_text_and_labels(qtbot):
    view = SafeText()
    qtbot.addWidget(view)
    view.show_plain("a\u202eb\u200bc\U000e0041d")
    assert view.toPlainText() == "a‹U+202E›b‹U+200B›c‹U+E0041›d"
    label = PlainLabel("report\u202efdp.exe")
    qtbot.addWidget(label)
    assert label.text() == "report‹U+202E›fdp.exe"
    assert label.textFormat() is Qt.TextFormat.PlainText


def test_a_tooltip_shows_exactly_the_text(qtbot):
    assert tip("<b>&amp; 'x'") == "<qt>&lt;b&gt;&amp;amp; &#x27;x&#x27;</qt>"
    document = SafeDocument()
    document.setHtml(tip('<img src="/etc/passwd"> a\nb'))
    assert document.toPlainText() == '<img src="/etc/passwd"> a\nb'
    assert len(tip("x" * 9000)) < LONGEST_TIP + 50
    assert tip("") == ""


def test_an_ampersand_in_a_button_is_no_key():
    assert no_mnemonic("a & b && c") == "a && b &&&& c"


def test_copy_gives_plain_text_first_and_html_without_a_remote_picture(qtbot):
    made = clipboard_text('<img src="http://example.com/x.png"> & words')
    assert made.formats()[0] == "text/plain"
    assert made.text() == '<img src="http://example.com/x.png"> & words'
    assert "<img" not in made.html()
    view = SafeText()
    qtbot.addWidget(view)
    view.show_markdown("**bold** ![x](https://example.com/x.png) [a](https://example.com)")
    view.selectAll()
    copied = view.createMimeDataFromSelection()
    assert copied.formats()[0] == "text/plain"
    assert "http" not in copied.html()
