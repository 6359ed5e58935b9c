"""The import panel for real: real files, services and archive; what is chosen is dropped on it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from frame import nameless
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest

from desktop.services.bundle import Options
from desktop.store import conversations
from desktop.ui.library.import_panel import ImportPanel
from desktop.wiring import open_services

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "services"))
import export_shapes as shapes


class Held:
    def __init__(self, qtbot, folder) -> None:
        self.qtbot, self.folder, self.failures = qtbot, folder, []

    async def open(self) -> ImportPanel:
        self.services = await open_services(Options(self.folder))
        self.panel = ImportPanel(self.failures.append)
        self.qtbot.addWidget(self.panel)
        self.panel.resize(900, 700)
        self.panel.show()
        self.panel.attach(self.services)
        await self.panel.tasks.settled()
        return self.panel

    async def close(self) -> None:
        await self.panel.tasks.aclose()
        await self.services.aclose()
        assert self.failures == []

    async def press(self, button) -> None:
        assert button.isVisible() and button.isEnabled()
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        await self.panel.tasks.settled()

    def titles(self) -> set[str]:
        return {c.title for c in self.services.database.read_now(lambda db: conversations.listing(db))}


@pytest.fixture
def held(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return Held(qtbot, tmp_path / "data")


def drop(panel, *paths) -> None:
    carried = QMimeData()
    carried.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    panel.dropEvent(QDropEvent(QPointF(5, 5), copy, carried, left, Qt.KeyboardModifier.NoModifier))


async def test_a_dropped_export_is_recognised_before_anything_is_written_then_taken_and_undone(held, tmp_path):
    panel = await held.open()
    heard = []
    panel.imported.connect(lambda: heard.append(1))
    drop(panel, shapes.zipped(tmp_path / "export.zip", shapes.old_chatgpt()))
    await panel.tasks.settled()
    row = panel.found_list.lines.at(0)
    assert (row.title, row.detail) == ("export.zip", "ChatGPT export")
    assert panel.start_button.text() == "Import about 10 conversations"
    assert held.titles() == set()
    await held.press(panel.start_button)
    assert panel.report_title.text() == "7 conversations with 31 messages taken"
    assert panel.report_rest.text() == "3 not taken"
    assert [panel.report_list.lines.at(n).title for n in range(3)] == ["A list for a tree", "No messages", "Nothing"]
    assert "Branches" in held.titles() and heard == [1]
    await held.press(panel.undo_button)
    assert panel.undo_note.text() == "7 conversations removed."
    assert held.titles() == set() and heard == [1, 1]
    assert not panel.undo_button.isEnabled()
    await held.close()


async def test_an_import_that_brought_nothing_is_not_offered_to_be_undone_and_the_keyboard_stays(held, tmp_path):
    panel = await held.open()
    path = shapes.zipped(tmp_path / "export.zip", shapes.old_chatgpt())
    for _ in range(2):
        panel.take([str(path)])
        await panel.tasks.settled()
        await held.press(panel.start_button)
    first, second = panel.runs.lines.at(1), panel.runs.lines.at(0)
    assert (first.right, second.right) == ("7 conversations", "nothing new")
    assert first.detail == "ChatGPT export · now"
    assert panel.runs.currentIndex().row() == 1 and panel.undo_button.isVisible()
    panel.runs.setCurrentIndex(panel.runs.lines.index(0))
    assert not panel.undo_button.isVisible() and not panel.undo_action.isEnabled()
    panel.runs.setCurrentIndex(panel.runs.lines.index(1))
    panel.undo_button.setFocus()
    await held.press(panel.undo_button)
    assert panel.window().focusWidget() is panel.runs
    await held.close()


async def test_the_report_can_be_copied_whole(held, tmp_path):
    panel = await held.open()
    panel.take([str(shapes.zipped(tmp_path / "export.zip", shapes.claude()))])
    await panel.tasks.settled()
    await held.press(panel.start_button)
    await held.press(panel.copy_button)
    copied = QGuiApplication.clipboard().text()
    assert "2 conversations with 6 messages taken" in copied
    assert "Not taken: Broken (conversations.json): Its messages are not where they should be." in copied
    await held.close()


async def test_what_cannot_be_imported_is_said_where_it_stands_and_nothing_can_be_started(held, tmp_path):
    panel = await held.open()
    strange = tmp_path / "holiday.zip"
    shapes.zipped(strange, {"photo.png": shapes.png()})
    panel.take([strange])
    await panel.tasks.settled()
    assert panel.found_title.text() == "Nothing here can be imported"
    assert panel.found_list.lines.at(0).detail == "Nothing in it was recognised as conversations."
    assert not panel.start_button.isEnabled()
    await held.close()


async def test_stopping_leaves_nothing_and_the_choice_stays(held, tmp_path):
    panel = await held.open()
    many = [shapes.simple(n, *(f"turn {n} {t} " + "word " * 200 for t in range(10))) for n in range(400)]
    path = tmp_path / "conversations.json"
    path.write_bytes(shapes.as_json(many))
    panel.take([path])
    await panel.tasks.settled()
    QTest.mouseClick(panel.start_button, Qt.MouseButton.LeftButton)
    while "conversations" not in panel.figures.text():
        await asyncio.sleep(0)
    assert panel.stop_button.isVisible() and panel.bar.value() > 0
    await held.press(panel.stop_button)
    assert panel.start_button.isVisible()
    left = held.services.database.read_now(lambda db: db.execute("SELECT count(*) FROM message").fetchone())
    assert left == (0,)
    assert panel.runs.lines.rowCount() == 0 or "stopped" in panel.runs.lines.at(0).detail
    await held.close()


async def test_dropped_before_the_services_are_there_it_waits(held, tmp_path):
    path = shapes.zipped(tmp_path / "export.zip", shapes.claude())
    panel = ImportPanel(held.failures.append)
    held.panel = panel
    held.qtbot.addWidget(panel)
    panel.show()
    panel.take([str(path)])
    held.services = await open_services(Options(held.folder))
    panel.attach(held.services)
    await panel.tasks.settled()
    assert panel.found_list.lines.rowCount() == 1
    await held.close()


async def test_rows_are_a_sound_model_and_every_control_has_a_name(held, tmp_path):
    panel = await held.open()
    mode = QAbstractItemModelTester.FailureReportingMode.Fatal
    testers = [QAbstractItemModelTester(each.lines, mode) for each in (panel.found_list, panel.report_list, panel.runs)]
    panel.take([shapes.zipped(tmp_path / "export.zip", shapes.new_chatgpt()), tmp_path / "gone.json"])
    await panel.tasks.settled()
    assert nameless(panel) == []
    await held.press(panel.start_button)
    assert nameless(panel) == []
    assert testers
    await held.close()
