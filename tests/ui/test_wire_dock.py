"""The wire dock for real: the window, its services and archive over real sockets; only the server is false."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QCoreApplication, QEvent, QItemSelectionModel, QPoint, Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLineEdit, QPushButton
from wire_server import DONE, ScriptedServer, answered, piece, streamed

from desktop import app
from desktop.core.calls import CallRow, Fate
from desktop.core.errors import KnownError
from desktop.core.profile import Kind, origin
from desktop.core.secret import Secret
from desktop.core.wire.difference import Change, Section, Sign
from desktop.core.wire.exchange import Attempt, Exchange
from desktop.core.wire.views import EventLine, View
from desktop.services.bundle import Options
from desktop.ui import actions, theme
from desktop.ui.main_window import MainWindow
from desktop.ui.wire import phases, words
from desktop.ui.wire.call_view import EVENTS, HEADERS, REPLY, REQUEST, TIMELINE
from desktop.ui.wire.calls_model import COLUMNS, CallsModel, FilteredCalls
from desktop.ui.wire.difference_model import DifferenceModel
from desktop.ui.wire.events_model import EventsModel
from desktop.ui.wire.events_view import EventsView
from desktop.ui.wire.json_colours import colours
from desktop.ui.wire.requests_model import RequestsModel
from desktop.ui.wire.strip import WORK
from desktop.ui.wire.text_view import TextView
from desktop.wiring import open_services
from tests.ui.frame import nameless

KEY = "sk-proj-Zq81mVx3TnLw0aBcDeFgHiJkLmNoPq"
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
REPLY_BODY = {"choices": [{"message": {"content": "Hello"}}], "usage": {"prompt_tokens": 1000, "completion_tokens": 5}}
LIMITS = {"x_request_id": "req_7", "x_ratelimit_remaining_requests": "9"}


def said(body: object = REPLY_BODY, **headers: str):
    return answered(200, json.dumps(body).encode(), **{**LIMITS, **headers})


@pytest.fixture
def server():
    with ScriptedServer() as running:
        yield running


class Seat:
    """The window with one paid profile, whose server is scripted."""

    def __init__(self, folder, server) -> None:
        self.folder, self.server = folder, server

    async def open(self) -> MainWindow:
        self.services = await open_services(Options(self.folder))
        profiles = self.services.profiles
        if not any(profile.name == "Mine" for profile in profiles.all):
            made = await profiles.add(Kind.OPENAI)
            await profiles.change(replace(made, name="Mine", base_url=self.server.url))
            await profiles.confirm_host(made.id, origin(self.server.url))
            await profiles.choose(made.id)
        await profiles.set_key(profiles.chosen.id, Secret(KEY))
        self.window = MainWindow()
        self.window.resize(1280, 800)
        self.window.show()
        self.window.attach(self.services)
        self.window.show_page("chat")
        self.dock = self.window.wire
        self.window.toggle_wire()
        await self.settled()
        return self.window

    async def settled(self) -> None:
        await self.dock.tasks.settled()
        await self.window.tasks.settled()
        await self.window.pages["chat"].tasks.settled()

    async def close(self) -> None:
        self.window.end()
        await self.window.close_down()
        await self.services.aclose()
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(self.window, QEvent.Type.DeferredDelete)

    async def ask(self, body: object = CHAT, path: str = "/chat/completions") -> None:
        client = await self.services.connections.client(self.services.profiles.chosen)
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        await client.ask("POST" if content else "GET", path, content=content, model=body["model"] if content else "")

    async def pick(self, row: int, tab: int = TIMELINE) -> None:
        self.dock.table.selectRow(row)
        self.dock.view.set_tab(tab)
        await self.dock.tasks.settled()

    async def until(self, is_so, what: str) -> None:
        async with asyncio.timeout(60):
            while not is_so():
                await asyncio.sleep(0.01)
        assert is_so(), what

    async def dialog(self, name: str = "dialog") -> QDialog:
        def shown():
            return [d for d in self.window.findChildren(QDialog, name) if d.isVisible()]

        await self.until(shown, name)
        return shown()[-1]

    def press(self, dialog: QDialog, name: str) -> None:
        QTest.mouseClick(dialog.findChild(QPushButton, name), Qt.MouseButton.LeftButton)

    def rows(self) -> list[list[str]]:
        shown = self.dock.table.filtered
        return [[shown.index(row, column).data() for column in range(len(COLUMNS))] for row in range(shown.rowCount())]

    def notices(self) -> str:
        return " ".join(self.window.notices.texts())


@pytest.fixture
def desk(qtbot, tmp_path, server, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    theme.install(app.application())  # which does not end with its last window
    return Seat(tmp_path, server)


# --- the list


async def test_calls_appear_as_they_are_made_and_the_selection_stays(desk, server):
    await desk.open()
    server.scripts = [said(), answered(404, b'{"error": {"message": "no"}}'), said()]
    assert desk.dock.left.currentIndex() == 1 and desk.dock.empty.isVisible()
    await desk.ask()
    assert desk.rows()[0][1:5] == ["POST", "/v1/chat/completions", "gpt-4o", "200"]
    desk.dock.table.selectRow(0)
    first = desk.dock.selected()[0].call_id
    with pytest.raises(KnownError):
        await desk.ask()
    assert [row[4] for row in desk.rows()] == ["404", "200"]
    assert [row.call_id for row in desk.dock.selected()] == [first]
    await desk.close()


async def test_calls_of_the_page_or_all(desk, server):
    await desk.open()
    server.scripts = [said()]
    await desk.ask()
    await desk.ask(None, "/models")
    assert [row[2] for row in desk.rows()] == ["/v1/chat/completions"]
    desk.dock.scope.setCurrentIndex(1)
    await desk.settled()
    assert {row[2] for row in desk.rows()} >= {"/v1/chat/completions", "/v1/models"}
    desk.dock.scope.setCurrentIndex(0)
    desk.window.show_page("usage")
    await desk.settled()
    assert desk.rows() == [] and "Usage" in desk.dock.empty.text() and desk.dock.show_all.isVisible()
    await desk.close()


async def test_the_filter_looks_at_path_model_status_and_end(desk, server):
    await desk.open()
    server.scripts = [said(), answered(404, b"{}")]
    await desk.ask()
    with pytest.raises(KnownError):
        await desk.ask({"model": "other", "messages": []})
    for text, count in (("404", 1), ("completions complete", 1), ("other failed", 1), ("embeddings", 0), ("", 2)):
        desk.dock.filter.setText(text)
        desk.dock._filter()
        assert len(desk.rows()) == count, text
    await desk.close()


async def test_calls_of_before_are_read_from_the_archive_when_they_are_scrolled_to(desk, server):
    await desk.open()
    server.scripts = [said()]
    await desk.ask()
    await desk.services.wire.settled()
    await desk.close()
    await desk.open()
    assert [row[4] for row in desk.rows()] == ["200"] and desk.services.calls.records() == []
    await desk.pick(0, REPLY)
    assert '"content": "Hello"' in desk.dock.view.reply.toPlainText()
    await desk.close()


# --- one call


async def test_every_tab_of_a_call(desk, server):
    await desk.open()
    server.scripts = [said()]
    await desk.ask()
    await desk.pick(0)
    view = desk.dock.view
    assert "Connect" in view.overview.legend.accessibleDescription()
    assert view.overview.request_id.text() == "Request id req_7"
    view.overview.copy_id.click()
    assert QGuiApplication.clipboard().text() == "req_7"
    await desk.pick(0, REQUEST)
    assert json.loads(view.request.toPlainText()) == CHAT
    view.raw.click()
    await desk.settled()
    assert view.request.toPlainText() == json.dumps(CHAT, separators=(",", ":"))
    await desk.pick(0, REPLY)
    assert view.reply.toPlainText() == json.dumps(REPLY_BODY)
    await desk.pick(0, HEADERS)
    text = view.headers.toPlainText()
    assert "x-ratelimit-remaining-requests: 9" in text and "Authorization: " in text and KEY not in text
    assert not view.tabs.isTabEnabled(EVENTS)
    await desk.close()


async def test_a_connection_that_was_there_and_a_second_try_are_told(desk, server):
    await desk.open()
    server.scripts = [said(), answered(503, b"{}", retry_after="0"), said()]
    await desk.ask()
    await desk.ask()
    await desk.pick(0)
    overview = desk.dock.view.overview
    assert desk.rows()[0][8] == "1"
    assert "Try 1: sent on a connection that was there already; then a pause of" in overview.tries.text()
    assert overview.timeline.accessibleDescription().count("Try ") == 2
    await desk.close()


async def test_the_events_of_a_stream_and_the_text_they_came_to(desk, server):
    await desk.open()
    server.scripts = [streamed(piece("Hel"), piece("lo"), piece("", "stop"), DONE)]
    await desk.ask(CHAT | {"stream": True})
    await desk.pick(0, EVENTS)
    view = desk.dock.view
    assert view.events.events.rowCount() == 4 and view.events.count.text() == "4 events"
    assert view.events.events.index(0, 0).data().endswith("ms")
    view.events.table.selectRow(1)
    assert '"content": "lo"' in view.events.whole.toPlainText()
    view.events.filter.setText("done")
    view.events._filter()
    assert view.events.events.rowCount() == 1 and view.events.count.text() == "1 of 4 events"
    await desk.pick(0, REPLY)
    assert view.reply.toPlainText() == "Hello" and "events came to" in view.note.text()
    await desk.close()


async def test_a_call_that_runs_is_shown_and_its_end_comes_by_itself(desk, server):
    await desk.open()
    server.scripts = [streamed(piece("Hello"), DONE)]
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(connection):
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(60)
        streamed(piece("Hello"), DONE)(connection)

    server.scripts = [slow]
    asking = asyncio.ensure_future(desk.ask(CHAT | {"stream": True}))
    await desk.until(lambda: desk.rows(), "a row")
    assert desk.rows()[0][4] == "…" and desk.rows()[0][9] == "running"
    desk.dock.table.selectRow(0)
    await desk.until(lambda: desk.dock.view.overview.ending.text() == "It is still running.", "running")
    gate.set()
    await asking
    await desk.until(lambda: desk.dock.view.overview.ending.text() == "", "its end")
    assert desk.rows()[0][9] == "complete"
    await desk.close()


async def test_a_call_that_is_gone_says_so_where_it_would_be(desk, server):
    await desk.open()
    desk.dock.show_call("01NOBODY")
    await desk.settled()
    assert "not kept any more" in desk.dock.lost.text() and desk.dock.lost.isVisible()
    await desk.close()


async def test_a_message_shows_its_call(desk, server):
    window = await desk.open()
    server.scripts = [streamed(piece("Hello", "stop"), DONE)]
    desk.window.wire.hide()
    chat = window.pages["chat"]
    chat.models.pick("gpt-4o")
    chat.composer.set_text("Hi")
    chat.send()
    await chat.tasks.settled()
    message = chat.messages.message(1)
    chat.call_wanted.emit(message.call_id)
    await desk.settled()
    assert desk.dock.isVisible() and desk.dock.view.exchange.call_id == message.call_id
    await desk.close()


async def test_find_marks_hits_and_goes_from_one_to_the_next(desk, server):
    await desk.open()
    server.scripts = [said()]
    await desk.ask()
    await desk.pick(0, REPLY)
    view = desk.dock.view
    view.open_find()
    view.find_line.searched.emit("tokens")
    assert view.find_line.count.text() != "" and view.reply.extraSelections()
    before = view.reply.textCursor().position()
    view.find_line.moved.emit(1)
    assert view.reply.textCursor().position() != before
    view.find_line.leave()
    assert not view.reply.extraSelections()
    await desk.close()


# --- what is done with calls


async def test_a_copied_call_has_the_key_as_a_variable(desk, server):
    await desk.open()
    server.scripts = [said()]
    await desk.ask()
    await desk.pick(0)
    for action, mark in zip(
        desk.dock.doing.copies, ("curl ", "from openai", "import httpx", "import OpenAI"), strict=True
    ):
        action.trigger()
        await desk.settled()
        text = QGuiApplication.clipboard().text()
        assert mark in text and "OPENAI_API_KEY" in text, action.text()
        assert KEY not in text and KEY[8:24] not in text
    await desk.close()


async def test_a_replay_that_costs_asks_and_one_that_does_not_just_goes(desk, server):
    await desk.open()
    server.scripts = [said()]
    await desk.ask()
    await desk.ask(None, "/models")
    await desk.pick(0)
    desk.dock.doing.replay.trigger()
    dialog = await desk.dialog()
    assert "It costs about $" in dialog.label.text()
    desk.press(dialog, "dialog.cancel")
    await desk.settled()
    count = len(server.requests)
    desk.dock.doing.replay.trigger()
    dialog = await desk.dialog()
    desk.press(dialog, "dialog.confirm")
    await desk.settled()
    assert len(server.requests) == count + 1 and server.requests[-1].body == server.requests[0].body
    assert desk.dock.selected()[0].call_id == desk.dock.listed()[0]  # the new call is what is shown
    desk.dock.scope.setCurrentIndex(1)
    await desk.settled()
    models = next(row for row, cells in enumerate(desk.rows()) if cells[2] == "/v1/models")
    await desk.pick(models)
    desk.dock.doing.replay.trigger()
    await desk.settled()
    assert len(server.requests) == count + 2 and server.requests[-1].path == "/v1/models"
    await desk.close()


async def test_a_replay_of_an_unknown_price_says_unpriced(desk, server):
    await desk.open()
    server.scripts = [said({"choices": []})]
    await desk.ask({"model": "nobody-knows-it", "messages": []})
    await desk.pick(0)
    desk.dock.doing.replay.trigger()
    dialog = await desk.dialog()
    assert "unpriced" in dialog.label.text()
    desk.press(dialog, "dialog.cancel")
    await desk.settled()
    await desk.close()


async def test_an_edited_body_is_told_its_error_in_its_place_kept_and_sent(desk, server):
    await desk.open()
    server.scripts = [said()]
    await desk.ask()
    await desk.pick(0)
    desk.dock.doing.edit.trigger()
    dialog = await desk.dialog("wire.edit-dialog")
    dialog.edit.setPlainText('{\n  "model": "gpt-4o",\n  "messages": [}\n')
    desk.press(dialog, "wire.edit-send")
    assert dialog.isVisible() and "line 3, column 16" in dialog.problem.text()
    assert dialog.edit.textCursor().blockNumber() == 2 and dialog.edit.textCursor().positionInBlock() == 15
    desk.press(dialog, "wire.edit-cancel")
    await desk.settled()
    desk.dock.doing.edit.trigger()
    dialog = await desk.dialog("wire.edit-dialog")
    assert '"messages": [}' in dialog.edit.toPlainText()  # what was typed is not lost
    dialog.edit.setPlainText('{"model": "gpt-4o", "messages": [], "seed": 7}')
    desk.press(dialog, "wire.edit-send")
    desk.press(await desk.dialog(), "dialog.confirm")
    await desk.until(lambda: not desk.dock.tasks.is_running(WORK), "sent")
    assert json.loads(server.requests[-1].body)["seed"] == 7
    await desk.close()


async def test_two_calls_are_compared(desk, server):
    await desk.open()
    server.scripts = [said()]
    await desk.ask()
    await desk.ask(CHAT | {"temperature": 0.5})
    desk.dock.table.selectRow(0)
    index = desk.dock.table.filtered.index(1, 0)
    both = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    desk.dock.table.selectionModel().select(index, both)
    assert desk.dock.doing.compare.isEnabled() and not desk.dock.doing.replay.isEnabled()
    desk.dock.doing.compare.trigger()
    await desk.settled()
    model = desk.dock.comparison.changes
    found = {
        model.index(at, 2).data(): [model.index(at, c).data() for c in (1, 3, 4)] for at in range(model.rowCount())
    }
    assert found["temperature"] == ["+", "", "0.5"]
    await desk.close()


async def test_selected_calls_are_exported_as_har_without_a_key(desk, server, tmp_path):
    await desk.open()
    server.scripts = [said()]
    await desk.ask()
    await desk.ask()
    for action, name in ((desk.dock.doing.har, "out.har"), (desk.dock.doing.postman, "out.json")):
        action.trigger()
        await desk.until(lambda: [d for d in desk.window.findChildren(QFileDialog) if d.isVisible()], "a file dialog")
        dialog = next(d for d in desk.window.findChildren(QFileDialog) if d.isVisible())
        dialog.findChild(QLineEdit, "fileNameEdit").setText(str(tmp_path / name))
        dialog.accept()
        await desk.until(lambda name=name: (tmp_path / name).exists(), "the file")
        await desk.settled()
    har = json.loads((tmp_path / "out.har").read_text())
    assert len(har["log"]["entries"]) == 2
    collection = json.loads((tmp_path / "out.json").read_text())
    assert len(collection["item"]) == 2 and KEY not in (tmp_path / "out.har").read_text() + json.dumps(collection)
    assert "2 calls exported to out.har" in desk.notices()
    await desk.close()


async def test_a_collection_is_imported_filled_in_run_removed_and_brought_back(desk, server, tmp_path):
    await desk.open()
    server.scripts = [said()]
    request = {"method": "POST", "url": "{{BASE_URL}}/chat/completions", "header": []}
    request["body"] = {"mode": "raw", "raw": '{"model":"{{MODEL}}","messages":[]}'}
    event = [{"listen": "test", "script": {}}]
    path = tmp_path / "c.json"
    path.write_text(
        json.dumps({"info": {"name": "Mine"}, "item": [{"name": "Ask", "request": request, "event": event}]})
    )
    desk.dock.doing.requests.trigger()
    await desk.settled()
    dialog = await desk.dialog("wire.collections-dialog")
    await dialog.take(path)
    assert "The test script of “Ask” is not run." in dialog.note.text()
    assert list(dialog.form._fields) == ["MODEL"]
    desk.press(dialog, "wire.collection-run")
    await desk.settled()
    assert "The variable MODEL has no value." in dialog.problem.text() and server.requests == []
    dialog.form._fields["MODEL"].setText("gpt-4o")
    desk.press(dialog, "wire.collection-run")
    desk.press(await desk.dialog(), "dialog.confirm")
    await desk.until(lambda: server.requests and not desk.dock.tasks.is_running(WORK), "run")
    assert json.loads(server.requests[0].body)["model"] == "gpt-4o"
    desk.press(dialog, "wire.collection-remove")
    await desk.settled()
    assert dialog.requests.rowCount() == 0 and "was removed" in desk.notices()
    desk.window.notices.banners[0].findChild(QPushButton, "notices.action").click()
    await desk.settled()
    assert dialog.requests.rowCount() == 1
    dialog.close()
    await desk.close()


CURL = f"""curl https://api.openai.com/v1/chat/completions -H "Authorization: Bearer {KEY}x" --proxy http://p \\
  -d '{{"model":"gpt-4o","temperature":0.25,"nonsense":1,"messages":[{{"role":"system","content":"Be short."}},
  {{"role":"user","content":"One"}},{{"role":"assistant","content":"Two"}},{{"role":"user","content":"Three"}}]}}'"""


async def test_a_pasted_curl_fills_the_form_and_nothing_else(desk, server):
    window = await desk.open()
    chat = window.pages["chat"]
    chat.composer.set_text("typed before")
    chat.typed()
    desk.dock.doing.paste.trigger()
    dialog = await desk.dialog("wire.paste-dialog")
    dialog.edit.setPlainText(CURL)
    await desk.until(lambda: dialog.request is not None, "understood")
    assert KEY not in dialog.edit.toPlainText() and "$OPENAI_API_KEY" in dialog.edit.toPlainText()
    dialog.edit.undo()
    assert KEY not in dialog.edit.toPlainText()
    assert "--proxy" in dialog.ignored.text() and "3 messages, a system text" in dialog.facts.text()
    desk.press(dialog, "wire.paste-open")
    await desk.settled()
    assert chat.composer.text() == "Three\n\ntyped before"
    assert chat.open.options.model == "gpt-4o" and chat.system.toPlainText() == "Be short."
    assert chat.open.options.parameters == {"temperature": 0.25}
    assert "2 earlier messages were left out" in desk.notices() and "no place for nonsense" in desk.notices()
    assert server.requests == []
    await desk.close()


async def test_a_pasted_key_goes_to_the_profiles_field_and_nowhere_else(desk, server):
    window = await desk.open()
    desk.dock.doing.paste.trigger()
    dialog = await desk.dialog("wire.paste-dialog")
    dialog.edit.setPlainText(CURL)
    await desk.until(lambda: dialog.key_row.isVisible(), "the key is seen")
    desk.press(dialog, "wire.paste-use-key")
    assert not dialog.key_row.isVisible() and window.current == "settings"
    assert window.pages["settings"].profile_form.key.field.text() == KEY + "x"
    kept = await desk.services.profiles.read_key(desk.services.profiles.chosen.id)
    assert kept == Secret(KEY)
    dialog.reject()
    await desk.settled()
    await window.pages["settings"].tasks.settled()
    await desk.close()


async def test_a_paste_that_is_nothing_is_told_and_a_body_can_be_sent_as_it_is(desk, server):
    await desk.open()
    server.scripts = [said()]
    desk.dock.doing.paste.trigger()
    dialog = await desk.dialog("wire.paste-dialog")
    dialog.edit.setPlainText("{ no json")
    await desk.until(lambda: dialog.problem.text(), "told")
    assert "line 1" in dialog.problem.text() and not dialog.send.isEnabled()
    dialog.edit.setPlainText(json.dumps(CHAT))
    await desk.until(dialog.send.isEnabled, "understood")
    desk.press(dialog, "wire.paste-send")
    desk.press(await desk.dialog(), "dialog.confirm")
    await desk.until(lambda: server.requests and not desk.dock.tasks.is_running(WORK), "sent")
    assert json.loads(server.requests[0].body) == CHAT
    await desk.close()


async def test_a_call_opens_in_the_chats_form(desk, server):
    window = await desk.open()
    server.scripts = [said()]
    await desk.ask(CHAT | {"temperature": 0.75})
    await desk.pick(0)
    desk.dock.doing.to_page.trigger()
    await desk.settled()
    chat = window.pages["chat"]
    assert chat.composer.text() == "Hi" and chat.open.options.parameters == {"temperature": 0.75}
    await desk.close()


async def test_a_send_under_way_is_stopped(desk, server):
    await desk.open()
    server.scripts = [said()]
    await desk.ask(None, "/models")
    desk.dock.scope.setCurrentIndex(1)
    await desk.settled()
    await desk.pick(0)
    server.scripts = [said(), lambda connection: connection.until_closed()]
    desk.dock.doing.replay.trigger()
    await desk.until(lambda: len(server.requests) == 2, "sent")
    desk.dock.strip._show_if_busy()
    assert desk.dock.strip.isVisible()
    desk.dock.strip.stop.click()
    await desk.settled()
    assert desk.dock.strip.isHidden() and desk.rows()[0][9] == "stopped"
    await desk.close()


# --- names, models, size


async def test_every_control_has_a_name_and_every_action_is_in_the_palette(desk, server):
    window = await desk.open()
    server.scripts = [streamed(piece("Hello"), DONE)]
    await desk.ask(CHAT | {"stream": True})
    for tab in (TIMELINE, REQUEST, REPLY, EVENTS, HEADERS):
        await desk.pick(0, tab)
        assert nameless(desk.dock) == []
    offered = {action.objectName() for action in actions.offered(window.pages["chat"], window)}
    assert {"wire.replay", "wire.copy-curl", "wire.paste", "wire.collections", "wire.export-har"} <= offered
    window.toggle_wire()
    offered = {action.objectName() for action in actions.offered(window.pages["chat"], window)}
    assert "wire.paste" in offered and "wire.replay" not in offered
    await desk.close()


def row(number: int, **more: object) -> CallRow:
    return CallRow(
        f"{number:05}", 1_700_000_000_000_000 + number, "POST", "/v1/chat/completions", "gpt-4o", 200, 1234.5, 5678,
        "$0.0041", 1, Fate.COMPLETE, page="chat", **more,
    )  # fmt: skip


def test_the_models_hold_what_qt_asks_of_models(qapp):
    calls = CallsModel()
    filtered = FilteredCalls()
    filtered.setSourceModel(calls)
    fatal = QAbstractItemModelTester.FailureReportingMode.Fatal
    testers = [QAbstractItemModelTester(each, fatal) for each in (calls, filtered)]
    calls.begin()
    calls.put(row(7))
    calls.add([row(n) for n in range(9, 4, -1)], is_all=False)
    assert [calls.call(at).call_id for at in range(calls.rowCount())] == ["00009", "00008", "00007", "00006", "00005"]
    wanted = []
    calls.more_wanted.connect(lambda: wanted.append(calls.last.call_id))
    calls.stop_waiting()  # the tester has asked for more already
    assert filtered.canFetchMore(filtered.index(-1, -1))
    filtered.fetchMore(filtered.index(-1, -1))
    assert wanted == ["00005"]
    calls.put(row(1))  # older than what was read
    assert calls.rowCount() == 5
    calls.add([row(4)], is_all=True)
    calls.put(replace(row(8), fate=Fate.CUT))
    filtered.look_for("cut")
    assert filtered.rowCount() == 1
    filtered.look_for("")
    others = [EventsModel(), DifferenceModel(), RequestsModel()]
    testers += [QAbstractItemModelTester(each, fatal) for each in others]
    others[0].show_events([EventLine(1.0, "a", "b", 3)])
    others[0].show_events([EventLine(1.0, "a", "b", 3), EventLine(2.0, "c", "d", 3)])
    others[0].look_for("d")
    others[1].show_changes([Change(Section.REQUEST, Sign.ADDED, "seed", after="7")])
    assert others[0].rowCount() == 1 and others[1].index(0, 1).data() == "+"
    del testers


def test_figures_of_a_row_in_words(qapp):
    calls = CallsModel()
    calls.add([row(1)], is_all=True)
    shown = [calls.index(0, at).data() for at in range(len(COLUMNS))]
    assert shown[1:] == [
        "POST", "/v1/chat/completions", "gpt-4o", "200", "1.23 s", "5.7\u00a0kB", "$0.0041", "1", "complete"
    ]  # fmt: skip
    assert words.status(replace(row(1), fate=Fate.CUT)) == "200 cut"
    assert words.status(CallRow("a", 1, "GET", "/", fate=Fate.FAILED)) == "failed"
    assert [words.duration(ms) for ms in (None, 3.14, 412, 12_345, 125_000)] == [
        "",
        "3.1 ms",
        "412 ms",
        "12.3 s",
        "2 min 05 s",
    ]


class Watched(CallsModel):
    """Knows which rows were looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[int] = set()

    def data(self, index, role=Qt.ItemDataRole.DisplayRole):
        self.asked.add(index.row())
        return super().data(index, role)


def test_two_thousand_calls_and_five_thousand_events_are_drawn_as_they_are_seen(qtbot, desk):
    from desktop.ui.wire.calls_table import CallsTable

    calls = Watched()
    table = CallsTable(calls)
    qtbot.addWidget(table)
    table.resize(600, 200)
    table.show()
    began = time.thread_time()
    calls.add([row(n) for n in range(2000, 0, -1)], is_all=True)
    table.grab()
    assert max(calls.asked) < 20 and time.thread_time() - began < 1.0
    table.verticalScrollBar().setValue(3000)
    before = table.rowAt(0)
    top = table.rowViewportPosition(before)
    calls.put(row(3000))
    assert (table.rowAt(0), table.rowViewportPosition(table.rowAt(0))) == (before + 1, top)  # what is read stays
    view = EventsView()
    qtbot.addWidget(view)
    view.resize(600, 200)
    view.show()
    began = time.thread_time()
    view.show_events([EventLine(float(n), "", '{"choices":[]}', 20) for n in range(5000)])
    view.grab()
    view.table.scrollToBottom()
    view.grab()
    assert time.thread_time() - began < 1.0 and view.events.rowCount() == 5000


def test_a_large_text_comes_in_pieces_and_hidden_characters_are_marks(qtbot):
    view = TextView("wire.reply", "Reply")
    qtbot.addWidget(view)
    view.show()
    text = "\n".join(f'  "line {number}": "\u202e{number}",' for number in range(20_000))
    began = time.thread_time()
    view.show_text(text, is_json=True)
    assert time.thread_time() - began < 0.3 and not view.is_whole
    qtbot.waitUntil(lambda: view.is_whole, timeout=60_000)
    assert view.document().blockCount() == 20_000 and "‹U+202E›" in view.toPlainText()[:100]
    view.show_text("x" * 100_000)
    assert max(len(line) for line in view.toPlainText().split("\n")) == 2000


def test_json_is_coloured_by_lines():
    assert [c[2] for c in colours('  "name": "text", "n": -1.5e3, "b": true')] == [
        "name", "string", "name", "number", "name", "keyword"
    ]  # fmt: skip
    assert list(colours("plain words")) == [] and list(colours('"' + "x" * 5000)) == []


def exchange(**fields: object) -> Exchange:
    return Exchange(call_id="a", started=1, method="POST", url="http://x/v1/chat/completions", **fields)


def test_the_phases_of_each_try():
    first = Attempt(0, 1, 5, 5, 9, 9, 10, 40, 503, 1.0, "busy")
    second = Attempt(1050, None, None, None, None, 1051, 1052, 1100, 200)
    found = phases.tries(exchange(attempts=(first, second), total_ms=1500.0, fate=Fate.COMPLETE, status=200))
    assert [phase.name for phase in found[0].phases] == ["Connect", "TLS", "Send", "Wait", "Reply", "Pause"]
    assert found[0].phases[-1] == phases.Phase("Pause", 50, 1050)
    assert [(phase.name, phase.ms) for phase in found[1].phases] == [("Send", 1), ("Wait", 48), ("Reply", 400)]
    assert found[1].attempt.is_reused


def test_the_phases_of_a_call_that_has_got_nowhere_yet():
    running = exchange(attempts=(Attempt(0, 1, 5, None, None, 6, 7),))
    assert [(p.name, p.end) for p in phases.tries(running, 90.0)[0].phases][-1] == ("Wait", 90.0)
    assert phases.tries(exchange())[0].phases == ()
    failed = exchange(attempts=(Attempt(0, 1),), total_ms=30.0, fate=Fate.FAILED)
    assert phases.tries(failed)[0].phases == (phases.Phase("Connect", 1, 30.0),)


def test_a_view_that_grows_keeps_its_place(qtbot):
    view = TextView("wire.reply", "Reply")
    qtbot.addWidget(view)
    view.resize(300, 100)
    view.show()
    text = "\n".join(map(str, range(200)))
    view.show_text(text)
    view.verticalScrollBar().setValue(50)
    view.show_text(text + "\nmore")
    assert view.verticalScrollBar().value() == 50
    view.show_text(View("another").text)
    assert view.verticalScrollBar().value() == 0


def test_the_dock_is_used_at_its_smallest(qtbot, desk):
    window = MainWindow()
    window.resize(1024, 700)
    window.show_page("chat")
    window.show()
    window.toggle_wire()
    QApplication.processEvents()
    dock = window.wire
    box = dock.rect().translated(dock.mapTo(window, QPoint()))
    assert window.rect().contains(box) and dock.height() >= 120
    assert isinstance(window.findChild(QAction, "wire.paste"), QAction)
    window.end()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(window, QEvent.Type.DeferredDelete)
