"""Files dropped on the real window: real drag events, sent to its native window as the system does."""

from __future__ import annotations

import asyncio
import os
import select
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from desktop import app
from desktop.services.bundle import Options
from tests.ui.test_transcription_page import recording

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
COPY = Qt.DropAction.CopyAction


class Seat:
    """Somebody who drags files over the window."""

    def __init__(self, folder):
        self.folder = folder

    async def sit_down(self):
        self.running = app.build(Options(self.folder, offline=True))
        self.window = self.running.window
        self.window.resize(1200, 760)
        self.window.show()
        await self.running.opened()
        await self.settled()
        return self.window

    async def settled(self):
        await self.window.tasks.settled()
        for page in list(self.window.pages.values()):
            await page.tasks.settled()

    async def leave(self):
        self.window.end()
        await self.running.aclose()
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(self.window, QEvent.Type.DeferredDelete)

    def drag(self, *paths, place=(600, 700)):
        """Enter and move: returns whether a drop would be taken."""
        self.mime = QMimeData()
        self.mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        handle = self.window.windowHandle()
        event = QDragEnterEvent(QPoint(*place), COPY, self.mime, LEFT, NONE)
        QApplication.sendEvent(handle, event)
        QApplication.sendEvent(handle, QDragMoveEvent(QPoint(*place), COPY, self.mime, LEFT, NONE))
        return event.isAccepted()

    def drop(self, place=(600, 700)):
        event = QDropEvent(QPointF(*place), COPY, self.mime, LEFT, NONE)
        QApplication.sendEvent(self.window.windowHandle(), event)
        return event.isAccepted()

    def go_away(self):
        QApplication.sendEvent(self.window.windowHandle(), QDragLeaveEvent())


@pytest.fixture
def seat(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return Seat(tmp_path / "data")


async def test_recordings_over_the_chat_bring_their_page_and_light_it(seat, tmp_path):
    window = await seat.sit_down()
    window.show_page("chat")
    path = recording(tmp_path / "garden.wav")
    assert seat.drag(path)
    await seat.settled()  # the page is built while the file hovers
    page = window.pages["transcription"]
    assert window.current == "transcription" and page.drop.is_lit
    seat.go_away()
    assert window.current == "chat" and not page.drop.is_lit
    assert seat.drag(path) and seat.drop()
    await seat.settled()
    assert window.current == "transcription" and not page.drop.is_lit
    assert [page.rows.at(row).title for row in range(page.rows.rowCount())] == ["garden.wav"]
    assert window.pages["chat"].composer.text() == ""  # the composer swallowed nothing
    await seat.leave()


async def test_a_drop_and_a_leave_before_the_page_is_built(seat, tmp_path):
    window = await seat.sit_down()
    window.show_page("chat")
    path = recording(tmp_path / "garden.wav")
    assert seat.drag(path)
    seat.go_away()
    await seat.settled()
    assert window.current == "chat" and not window.pages["transcription"].drop.is_lit
    assert seat.drag(path) and seat.drop()
    await seat.settled()
    page = window.pages["transcription"]
    assert window.current == "transcription" and not page.drop.is_lit and page.rows.rowCount() == 1
    await seat.leave()


async def test_no_event_of_a_widget_passes_through_python(seat):
    """A filter of the application would cost each of thousands of events a call."""
    window = await seat.sit_down()
    heard = []
    filtered = window.drops.eventFilter
    window.drops.eventFilter = lambda watched, event: heard.append(watched) or filtered(watched, event)
    window.pages["chat"].composer.repaint()
    QApplication.sendEvent(window.pages["chat"], QEvent(QEvent.Type.User))
    assert set(heard) <= {window, window.windowHandle()}
    await seat.leave()


async def test_a_folder_is_known_by_a_look_at_the_disk(seat, tmp_path):
    window = await seat.sit_down()
    window.show_page("chat")
    recording(tmp_path / "tapes" / "one.wav", seed=1)
    recording(tmp_path / "tapes" / "two.wav", seed=2)
    assert seat.drag(tmp_path / "tapes")
    await seat.settled()
    assert window.current == "transcription"
    seat.drop()
    await seat.settled()
    page = window.pages["transcription"]
    assert sorted(page.rows.at(row).title for row in range(page.rows.rowCount())) == ["one.wav", "two.wav"]
    assert "tapes" not in page.head.title.text()
    await seat.leave()


async def test_other_kinds_go_where_they_belong(seat, tmp_path):
    window = await seat.sit_down()
    window.show_page("settings")
    note, export = tmp_path / "note.txt", tmp_path / "export.json"
    note.write_text("something to talk about")
    export.write_text("[]")
    assert seat.drag(note) and seat.drop()
    await seat.settled()
    assert window.current == "chat" and "transcription" not in window.pages
    seat.drag(export)
    seat.drop()
    await seat.settled()
    assert window.current == "library"
    await seat.leave()


async def test_a_mixed_drop_is_parted(seat, tmp_path):
    window = await seat.sit_down()
    note = tmp_path / "note.txt"
    note.write_text("something to talk about")
    seat.drag(note, recording(tmp_path / "garden.wav"))
    seat.drop()
    await seat.settled()
    assert window.current == "transcription"
    assert window.pages["transcription"].rows.rowCount() == 1
    assert window.notices.texts() == ["Opened on pages of their own, since they are no recordings: note.txt"]
    await seat.leave()


async def test_text_and_our_own_rows_are_not_taken(seat):
    window = await seat.sit_down()
    seat.mime = QMimeData()
    seat.mime.setText("only words")
    handle = window.windowHandle()
    event = QDropEvent(QPointF(5, 5), COPY, seat.mime, LEFT, NONE)
    event.ignore()
    assert not window.drops.eventFilter(handle, event)
    await asyncio.sleep(0)
    await seat.leave()


async def test_while_the_queue_is_full_a_frame_lights_over_it(seat, tmp_path):
    window = await seat.sit_down()
    window.show_page("transcription")
    window.pages["transcription"].open_files([recording(tmp_path / "garden.wav")])
    await seat.settled()
    page = window.pages["transcription"]
    seat.drag(recording(tmp_path / "more.wav", seed=2))
    assert page.lit.isVisible() and page.lit.size() == page.work.size()
    seat.drop()
    assert page.lit.isHidden()
    await seat.settled()
    assert page.rows.rowCount() == 2
    await seat.leave()


@pytest.mark.skipif(not (shutil.which("Xvfb") and shutil.which("xdotool")), reason="needs Xvfb and xdotool")
def test_a_true_drag_from_another_program(tmp_path):
    """The pointer takes a file from a stranger's window and lets it go over the chat."""
    read, write = os.pipe()
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1300x1000x24"], pass_fds=[write], stderr=subprocess.DEVNULL
    )
    os.close(write)
    started = [screen]
    try:
        with os.fdopen(read) as said:
            display = f":{said.readline().strip()}"
        root = Path(__file__).resolve().parents[2]
        environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(root)}
        environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
        path = recording(tmp_path / "garden.wav")

        def side(name, given):
            made = subprocess.Popen(
                [sys.executable, str(root / "tests" / "ui" / "true_drag.py"), name, str(given)],
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
            )
            started.append(made)
            assert made.stdout.readline().strip() == "ready"
            return made

        ours, stranger = side("ours", tmp_path / "data"), side("stranger", path)
        steps = ["mousemove", "50", "840", "sleep", "0.3", "mousedown", "1", "sleep", "0.2"]
        for step in range(1, 9):
            steps += ["mousemove", str(50 + 50 * step), str(840 - 20 * step), "sleep", "0.15"]
        pointer = partial(subprocess.run, env=environment, check=True, timeout=120)
        pointer(["xdotool", *steps])
        lit = False
        for step in range(200):  # the button is held until the window has seen what hangs at the pointer
            if lit := bool(select.select([ours.stdout], [], [], 0.2)[0]):
                break
            pointer(["xdotool", "mousemove", str(450 + step % 2), "680"])
        assert lit and ours.stdout.readline() == "lit\n"
        pointer(["xdotool", "sleep", "0.5", "mouseup", "1"])
        assert stranger.communicate(timeout=120)[0].strip() == "drag CopyAction"
        assert ours.communicate(timeout=120)[0].split("\n")[0] == "dropped garden.wav"
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()
