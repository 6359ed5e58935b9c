"""The archive section in the real window: copies, restore, moving, cleaning up, and the end of everything."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest
from frame import nameless
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QPushButton, QWidget

from desktop import app
from desktop.core.conversation import Conversation, Message, Role, Text
from desktop.core.errors import ArchiveNewer
from desktop.core.options import Options
from desktop.store import conversations
from desktop.ui import dialogs

CANARY = "the wombat digs at night"


@pytest.fixture
def options(tmp_path):
    return Options(tmp_path / "data", offline=True)


async def opened(options):
    running = app.build(options)
    running.window.show()
    await running.opened()
    running.window.show_page("settings")
    page = running.window.pages["settings"]
    page.open_group("Archive")
    await page.tasks.settled()
    return running, page.archive


async def write(running, text, identity="c"):
    def work(db):
        conversations.create(db, Conversation(id=identity, title=text, created=5))
        first = Message(id=f"m{identity}", role=Role.USER, parts=(Text(text),), conversation=identity, created=5)
        conversations.add_message(db, first)

    await running.services.database.write(work)


async def titles(running):
    return [found.title for found in await running.services.conversations.listing()]


def press(qtbot, root, name):
    button = root.findChild(QPushButton, name)
    assert button is not None and button.isEnabled(), name
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def text(root, name):
    return root.findChild(QLabel, name).text()


async def answer(qtbot, name="dialog.confirm"):
    """Press a button of the question that is open, once it is."""
    async with asyncio.timeout(60):
        while True:
            for dialog in QApplication.topLevelWidgets():
                if isinstance(dialog, QDialog) and dialog.isVisible():
                    asked = dialog.label.text()
                    qtbot.mouseClick(dialog.findChild(QPushButton, name), Qt.MouseButton.LeftButton)
                    return asked
            await asyncio.sleep(0)
            await asyncio.to_thread(int)


async def test_a_copy_is_made_tested_and_brought_back_and_the_window_opens_anew(qtbot, options):
    running, section = await opened(options)
    await write(running, CANARY)
    press(qtbot, section, "settings.copies-make")
    await running.window.pages["settings"].tasks.settled()
    press(qtbot, section, "settings.copy-test")
    await running.window.pages["settings"].tasks.settled()
    (row,) = section.copies.rows.values()
    assert row.facts.text() == "It opens and is whole: 1 conversation, 1 message."
    await write(running, "written later", "d")
    closed = asyncio.Event()
    running.window.closed.connect(closed.set)
    press(qtbot, section, "settings.copy-restore")
    assert "copied first" in await answer(qtbot)
    await closed.wait()
    assert running.window.findChild(QWidget, "window.cover").isVisible()
    await running.aclose()
    assert running.meanwhile.greeting[0] == "good"

    again, section = await opened(options)
    assert await titles(again) == [CANARY]
    assert [copy.kind for copy in await again.services.copies.listing()] == ["restore", "asked"]
    await again.aclose()


async def test_a_restore_that_fails_is_said_and_the_archive_is_as_it_was(qtbot, options):
    running, _ = await opened(options)
    await write(running, CANARY)
    copy = await running.services.copies.make()
    work = running.services.copies.restoring(copy.name)
    (options.data_dir / "backups" / copy.name / "archive.db").write_bytes(b"SQLite format 3\0" + b"\0" * 4000)
    running.window.reopen_wanted.emit("The copy is being restored", work)
    await running.aclose()
    kind, sentence = running.meanwhile.greeting
    assert kind == "bad" and "cannot be used" in sentence
    again, _ = await opened(options)
    assert await titles(again) == [CANARY]
    await again.aclose()


async def test_the_archive_is_moved_and_opens_in_its_new_place(qtbot, options, tmp_path, monkeypatch):
    running, section = await opened(options)
    await write(running, CANARY)
    target = tmp_path / "large disk"
    target.mkdir()

    async def chosen(*_):
        return str(target)

    monkeypatch.setattr(dialogs, "choose_folder", chosen)  # the system's own dialog cannot be driven off screen
    press(qtbot, section, "settings.archive-move")
    await answer(qtbot)
    await running.window.pages["settings"].tasks.settled()
    await running.aclose()
    again, section = await opened(options)
    assert await titles(again) == [CANARY]
    assert text(section, "settings.archive-folder") == str(target)
    press(qtbot, section, "settings.archive-remove-former")
    await answer(qtbot)
    await again.window.pages["settings"].tasks.settled()
    assert not (options.data_dir / "archive.db").exists() and (target / "archive.db").exists()
    await again.aclose()


async def test_remove_everything_leaves_no_word_of_it_on_the_disk(qtbot, options):
    running, section = await opened(options)
    await write(running, CANARY)
    await running.services.copies.make()
    await running.services.conversations.save_draft("new", CANARY)
    await running.services.settings.change(default_system=CANARY)
    (options.data_dir / "holiday.txt").write_text("not ours")
    press(qtbot, section, "settings.clear-all")
    assert "Nothing of it can be brought back" in await answer(qtbot)
    await running.window.pages["settings"].tasks.settled()
    await running.aclose()
    left = [path for path in options.data_dir.rglob("*") if path.is_file()]
    assert not any(CANARY.encode() in path.read_bytes() for path in left)
    assert (options.data_dir / "holiday.txt").read_text() == "not ours"
    assert {path.name for path in left} <= {"holiday.txt", "instance.lock"}
    again, _ = await opened(options)
    assert await titles(again) == []
    await again.aclose()


async def test_nothing_is_removed_when_the_question_is_answered_with_no(qtbot, options):
    running, section = await opened(options)
    await write(running, CANARY)
    press(qtbot, section, "settings.clear-all")
    await answer(qtbot, "dialog.cancel")
    await running.window.pages["settings"].tasks.settled()
    assert running.meanwhile is None and await titles(running) == [CANARY]
    await running.aclose()


async def test_cleaning_up_empties_the_trash_and_says_what_it_gave_back(qtbot, options):
    running, section = await opened(options)
    await write(running, CANARY + " " * 200_000)
    await running.services.conversations.trash(["c"])
    section.refresh()
    await running.window.pages["settings"].tasks.settled()
    section.storage.trash.box.setChecked(True)
    section.storage.compact.box.setChecked(True)
    press(qtbot, section, "settings.clean")
    await running.window.pages["settings"].tasks.settled()
    assert "given back" in text(section, "settings.clean-state")
    assert await running.services.conversations.listing(trashed=True) == []
    assert not section.storage.trash.box.isEnabled()
    await running.aclose()


async def damaged(options):
    """An archive that is damaged at the next start, with a copy of it that knows less."""
    running, _ = await opened(options)
    await write(running, "known to the copy", "old")
    await running.services.copies.make()
    await write(running, CANARY)
    await running.aclose()
    with (options.data_dir / "archive.db").open("rb+") as file:
        file.write(bytes(16))


async def test_what_a_damaged_archive_still_holds_is_offered_brought_in_and_taken_back(qtbot, options):
    await damaged(options)
    running = app.build(options)
    running.window.show()
    await running.opened()
    window = running.window
    offer = next(banner for banner in window.notices.banners if "may still be saved" in banner.label.text())
    qtbot.mouseClick(offer.act, Qt.MouseButton.LeftButton)
    page = window.pages["settings"]
    await page.tasks.settled()
    (row,) = page.archive.damaged.rows.values()
    assert row.isVisible() and window.current == "settings"
    top = row.mapTo(page._settings_area.viewport(), row.rect().topLeft()).y()
    assert 0 <= top < page._settings_area.viewport().height(), "it is scrolled into sight"
    press(qtbot, row, "settings.damaged-look")
    await page.tasks.settled()
    assert "2 conversations with 2 messages can be read" in row.facts.text()
    assert "1 whole conversation, 1 message in all" in row.facts.text()
    press(qtbot, row, "settings.damaged-take")
    await page.tasks.settled()
    assert sorted(await titles(running)) == ["known to the copy", CANARY]
    press(qtbot, row, "settings.damaged-undo")
    await page.tasks.settled()
    assert await titles(running) == ["known to the copy"]
    press(qtbot, row, "settings.damaged-remove")
    assert "for good" in await answer(qtbot)
    await page.tasks.settled()
    assert not page.archive.damaged.isVisible() and list(options.data_dir.glob("archive.damaged-*")) == []
    await running.aclose()
    again, section = await opened(options)
    assert not any("may still be saved" in banner.label.text() for banner in again.window.notices.banners)
    assert not section.damaged.isVisible()
    await again.aclose()


async def test_reading_a_damaged_archive_can_be_stopped(qtbot, options):
    await damaged(options)
    running, section = await opened(options)
    (row,) = section.damaged.rows.values()
    press(qtbot, row, "settings.damaged-look")
    await asyncio.sleep(0)
    assert row.stop.isVisible() and not row.look.isVisible()
    press(qtbot, row, "settings.damaged-stop")
    await running.window.pages["settings"].tasks.settled()
    assert row.look.isVisible() and not row.stop.isVisible()
    await running.aclose()
    assert [path.name for path in options.data_dir.glob(".archive.db*")] == []


async def test_of_an_archive_that_can_only_be_read_nothing_is_offered_that_would_change_it(qtbot, options):
    running, _ = await opened(options)
    await write(running, CANARY)
    await running.services.copies.make()
    await running.aclose()
    with closing(sqlite3.connect(options.data_dir / "archive.db")) as conn:
        conn.execute("PRAGMA user_version = 99")
    before = {path: path.read_bytes() for path in options.data_dir.rglob("*.db")}
    running, section = await opened(options)
    section.storage.compact.box.setChecked(True)
    (row,) = section.copies.rows.values()
    parts = (section.place.move_away, section.copies.make, section.copies.elsewhere, section.renew, section.clear)
    for part in (*parts, row.restore, section.storage.clean):
        assert not part.isEnabled(), part.objectName()
    assert row.test.isEnabled() and section.export.isEnabled()
    assert "Update Davenport" in text(section, "settings.archive-fixed")
    for page in running.window.pages.values():
        await page.tasks.settled()
    await running.services.upkeep.run()
    work = running.services.copies.restoring(row.copy.name)
    await running.aclose()
    with pytest.raises(ArchiveNewer):
        work()
    assert {path: path.read_bytes() for path in options.data_dir.rglob("*.db")} == before


async def test_every_control_has_a_name(qtbot, options):
    running, section = await opened(options)
    await write(running, CANARY)
    await running.services.copies.make()
    section.refresh()
    await running.window.pages["settings"].tasks.settled()
    assert nameless(section) == []
    await running.aclose()


async def test_a_start_off_line_complains_of_nothing(qtbot, options):
    running, _ = await opened(options)
    for page in running.window.pages.values():
        await page.tasks.settled()
    assert [banner for banner in running.window.notices.banners if banner.isVisible()] == []
    await running.aclose()


async def test_in_a_small_window_with_large_text_nothing_is_cut_at_the_side(qtbot, options):
    await damaged(options)
    running, _ = await opened(options)
    await running.services.settings.change(text_scale=150)
    running.window.resize(800, 600)
    page, local = running.window.pages["settings"], running.services.profiles.chosen
    assert page.jump.isVisible() and not page.sections.isVisible()
    for key, name in [*((f"group:{name}", name) for name in page.form.groups), (f"profile:{local.id}", local.name)]:
        at = page.jump.choice.findData(key)
        page.jump.choice.setCurrentIndex(at)
        page.jump.choice.activated.emit(at)
        await page.tasks.settled()
        QApplication.sendPostedEvents()
        area = page.stack.currentWidget()
        assert area.widget().minimumSizeHint().width() <= area.viewport().width(), name
        assert page.jump.choice.currentText() == name and page.sections.selected == key
    running.window.resize(1400, 800)
    assert page.sections.isVisible() and not page.jump.isVisible()
    await running.aclose()


async def test_a_section_that_is_chosen_already_is_scrolled_to_again(qtbot, options):
    running, _ = await opened(options)
    page = running.window.pages["settings"]
    bar = page._settings_area.verticalScrollBar()
    at = bar.value()
    assert at > 0
    bar.setValue(0)
    page.open_group("Archive")
    assert bar.value() == at
    await running.aclose()


async def test_settings_can_be_changed_once_they_can_be_kept(qtbot, options, tmp_path):
    """Without services, as where a moved archive cannot be reached, a change would be lost without a word."""
    options.data_dir.mkdir()
    (options.data_dir / "settings.json").write_text('{"archive_folder": "/nowhere/at/all"}')
    running = app.build(options)
    running.window.show()
    running.window.tasks.start(running.opened(), name="open")
    await running.window.tasks.settled()
    running.window.show_page("settings")
    page = running.window.pages["settings"]
    assert not page.form.rows["trash_days"].control.isEnabled()
    assert "cannot be reached" in running.window.notices.texts()[0]
    await running.aclose()
    running, _ = await opened(Options(tmp_path / "other", offline=True))
    assert running.window.pages["settings"].form.rows["trash_days"].control.isEnabled()
    await running.aclose()
